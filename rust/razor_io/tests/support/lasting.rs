//! A simulated venue that lives on when the session that trades on it dies, and how tests read the
//! rows of the order path.
#![allow(dead_code, unreachable_pub, reason = "each test program uses a part of it")]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};

use razor_core::engine::table::Table;
use razor_core::ids::SetIx;
use razor_core::market::Universe;
use razor_core::order::gateway::{Gateway, Intent, Tops, VenueEvent};
use razor_core::order::{Attempt, OrderHash, OrderIx};
use razor_core::signal::bucket::Bucket;
use razor_core::units::{Nanos, Qty};
use razor_io::orders::Venue;
use razor_io::session::Plan;
use razor_sim::gateway::{SimConfig, SimGateway, SimMarkets};

use super::seeded::{order_params, plan, table};

/// A venue that outlives the process that trades on it.
#[derive(Clone)]
pub struct Lasting(pub Arc<Mutex<SimGateway>>);

impl Lasting {
    pub fn new(config: SimConfig) -> Self {
        Self(Arc::new(Mutex::new(SimGateway::new(config, SimMarkets::default()))))
    }

    pub fn venue(&self) -> Option<Venue> {
        Some(Box::new(self.clone()))
    }
}

impl Gateway for Lasting {
    fn define(&mut self, universe: &Universe) {
        self.0.lock().unwrap().define(universe);
    }
    fn hash(&mut self, order: OrderIx, attempt: &Attempt) -> OrderHash {
        self.0.lock().unwrap().hash(order, attempt)
    }
    fn send(&mut self, now: Nanos, intent: &Intent, bucket: Bucket, tops: &dyn Tops) {
        self.0.lock().unwrap().send(now, intent, bucket, tops);
    }
    fn cancel(&mut self, now: Nanos, order: OrderIx, hash: OrderHash) {
        self.0.lock().unwrap().cancel(now, order, hash);
    }
    fn query(&mut self, now: Nanos, order: OrderIx, hash: OrderHash) {
        self.0.lock().unwrap().query(now, order, hash);
    }
    fn merge(&mut self, now: Nanos, set: SetIx, qty: Qty) {
        self.0.lock().unwrap().merge(now, set, qty);
    }
    fn reconcile(&mut self, now: Nanos) {
        self.0.lock().unwrap().reconcile(now);
    }
    fn next_due(&self) -> Option<Nanos> {
        self.0.lock().unwrap().next_due()
    }
    fn poll(&mut self, now: Nanos, tops: &dyn Tops) -> Option<(Nanos, VenueEvent)> {
        self.0.lock().unwrap().poll(now, tops)
    }
}

/// A plan with an order path.
pub fn order_plan(dir: &Path, now_ns: i64) -> Plan {
    Plan { params: order_params(), ..plan(dir, now_ns) }
}

/// Rows of a table as cells by name.
pub fn rows(dir: &Path, of: Table) -> Vec<BTreeMap<String, String>> {
    let text = table(dir, of);
    let mut lines = text.lines();
    let names: Vec<&str> = lines.next().unwrap().split(',').collect();
    let row = |line: &str| {
        names.iter().zip(line.split(',')).map(|(n, c)| ((*n).to_owned(), c.to_owned())).collect()
    };
    lines.map(row).collect()
}

/// Rows of the trail.
pub fn trail(dir: &Path) -> Vec<BTreeMap<String, String>> {
    rows(dir, Table::TradeLog)
}
