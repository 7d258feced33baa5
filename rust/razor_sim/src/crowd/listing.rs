//! Lists the events of a plan on the exchange, and tells what was listed as JSON.
//!
//! The JSON is what a server needs to answer for events and markets; its shape is documented at
//! `open_world` in the Python stub. Names and dates exist here only: the exchange does not know
//! them.

use std::fmt::Write as _;

use razor_core::ids::MarketIx;
use razor_core::market::Fees;
use razor_core::units::{Nanos, Qty, TickSize};

use super::names::{self, Kind};
use super::value::Values;
use super::{Cluster, CrowdPlan, Floor, Listed, PlanFault};
use crate::exchange::{Command, Flags, GroupIx, MarketSpec, Micros, Protocol, Reply};
use crate::rng::Rng;

/// Gamma's ids of a world begin here.
const FIRST_EVENT_ID: usize = 9_000_001;
const FIRST_MARKET_ID: usize = 9_500_001;
const DAY: i64 = 86_400_000_000_000;
/// Events began the day before the world opens, and end a week to a month after.
const LEAST_DAYS: i64 = 7;
const MORE_DAYS: u32 = 24;

/// A world that was just listed.
pub(super) struct Made {
    pub(super) clusters: Vec<Cluster>,
    pub(super) listed: Vec<Listed>,
    pub(super) text: String,
}

/// The role of a market in its event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    /// One of two.
    Plain,
    /// A named outcome of a group.
    Named,
    /// All that is not named.
    Other,
    /// Not named yet; takes no orders.
    Unnamed,
}

/// What an event shares with its markets.
struct Frame {
    number: usize,
    group: Option<(GroupIx, String)>,
    tick: TickSize,
    fees: Fees,
    min_order_qty: Qty,
    start: Nanos,
    end: Nanos,
}

struct Lister<'a, 'b> {
    plan: &'a CrowdPlan,
    floor: &'a mut Floor<'b>,
    rng: &'a mut Rng,
    clusters: Vec<Cluster>,
    listed: Vec<Listed>,
    events: Vec<String>,
    markets: Vec<String>,
}

/// Lists everything the plan asks for.
pub(super) fn list(
    plan: &CrowdPlan,
    floor: &mut Floor<'_>,
    rng: &mut Rng,
) -> Result<Made, PlanFault> {
    let mut lister = Lister {
        plan,
        floor,
        rng,
        clusters: Vec::new(),
        listed: Vec::new(),
        events: Vec::new(),
        markets: Vec::new(),
    };
    for group in 0..plan.groups {
        lister.group(plan.has_augmented && group + 1 == plan.groups)?;
    }
    for _ in 0..plan.binaries {
        lister.binary()?;
    }
    let text = format!(
        "{{\"seed\":{},\"events\":[{}],\"markets\":[{}]}}",
        plan.seed,
        lister.events.join(","),
        lister.markets.join(",")
    );
    Ok(Made { clusters: lister.clusters, listed: lister.listed, text })
}

impl Lister<'_, '_> {
    fn group(&mut self, is_augmented: bool) -> Result<(), PlanFault> {
        let key = names::id(Kind::Group, self.clusters.len(), self.rng);
        let command = Command::AddGroup { key: key.as_str().into(), is_augmented };
        let Reply::Group(group) = self.floor.step(command)? else { return Err(PlanFault::Odd) };
        let frame = self.frame(Some((group, key)));
        let named = usize::try_from(self.plan.group_size).unwrap_or(0);
        let mut cluster = self.cluster(named + usize::from(is_augmented), &frame, is_augmented);
        self.event(&frame, is_augmented);
        for _ in 0..named {
            self.quoted(&mut cluster, &frame, Role::Named)?;
        }
        if is_augmented {
            self.quoted(&mut cluster, &frame, Role::Other)?;
            cluster.unnamed = Some(self.market(&frame, Role::Unnamed, named + 1)?);
        }
        self.clusters.push(cluster);
        Ok(())
    }

    fn binary(&mut self) -> Result<(), PlanFault> {
        let frame = self.frame(None);
        // The second value is that of the other token.
        let mut cluster = self.cluster(2, &frame, false);
        self.event(&frame, false);
        self.quoted(&mut cluster, &frame, Role::Plain)?;
        self.clusters.push(cluster);
        Ok(())
    }

    fn frame(&mut self, group: Option<(GroupIx, String)>) -> Frame {
        let number = self.clusters.len();
        let days = LEAST_DAYS + i64::from(self.rng.below(MORE_DAYS));
        Frame {
            number,
            group,
            tick: dealt(&self.plan.ticks, number, TickSize::CENT),
            fees: dealt(&self.plan.fees, number, Fees::Free),
            min_order_qty: dealt(&self.plan.min_order_qtys, number, Qty(0)),
            start: Nanos(self.floor.now.0.saturating_sub(DAY)),
            end: Nanos(self.floor.now.0.saturating_add(days * DAY)),
        }
    }

    fn cluster(&mut self, outcomes: usize, frame: &Frame, is_augmented: bool) -> Cluster {
        let values = Values::new(outcomes, self.rng);
        Cluster {
            group: frame.group.as_ref().map(|group| group.0),
            is_augmented,
            markets: Vec::new(),
            unnamed: None,
            belief: values.clone(),
            values,
            planting: None,
            end: frame.end,
            is_over: false,
        }
    }

    fn quoted(
        &mut self,
        cluster: &mut Cluster,
        frame: &Frame,
        role: Role,
    ) -> Result<(), PlanFault> {
        let leg = cluster.markets.len();
        let ix = self.market(frame, role, leg)?;
        cluster.markets.push(self.listed.len());
        let quotes = Vec::new();
        self.listed.push(Listed { ix, cluster: frame.number, leg, quotes });
        Ok(())
    }

    fn market(&mut self, frame: &Frame, role: Role, leg: usize) -> Result<MarketIx, PlanFault> {
        let number = self.markets.len();
        let condition = names::id(Kind::Condition, number, self.rng);
        let tokens = [2 * number + 1, 2 * number + 2].map(|it| names::token(it, self.rng));
        let question = match &frame.group {
            Some((_, key)) => names::question_in(key, leg),
            None => names::id(Kind::Question, number, self.rng),
        };
        let is_open = role != Role::Unnamed;
        let spec = MarketSpec {
            condition_id: condition.as_str().into(),
            token_ids: tokens.clone().map(String::into_boxed_str),
            outcomes: ["Yes".into(), "No".into()],
            tick: frame.tick,
            min_order_qty: frame.min_order_qty,
            fees: frame.fees,
            group: frame.group.as_ref().map(|group| group.0),
            protocol: Protocol::V1,
            has_dynamic_tick: true,
            taker_delay: Nanos(0),
            game_start: None,
            clears_book_on_start: false,
            flags: Flags { is_active: is_open, accepts_orders: is_open, is_closed: false },
        };
        let added = self.floor.step(Command::AddMarket(Box::new(spec)))?;
        let Reply::Market(ix) = added else { return Err(PlanFault::Odd) };
        self.tell_market(frame, role, leg, ix, [&condition, &question], &tokens);
        Ok(ix)
    }

    fn event(&mut self, frame: &Frame, is_augmented: bool) {
        let number = frame.number + 1;
        let (group, key) = match &frame.group {
            Some((group, key)) => (group.0.to_string(), format!("\"{key}\"")),
            None => ("null".to_owned(), "null".to_owned()),
        };
        let title = match frame.group {
            Some(_) => format!("World event {number}: which outcome?"),
            None => format!("World event {number}: yes or no?"),
        };
        self.events.push(format!(
            "{{\"id\":\"{}\",\"slug\":\"world-event-{number}\",\"title\":\"{title}\",\
             \"neg_risk_market_id\":{key},\"group\":{group},\"is_augmented\":{is_augmented},\
             \"start_ns\":{},\"end_ns\":{}}}",
            FIRST_EVENT_ID + frame.number,
            frame.start.0,
            frame.end.0,
        ));
    }

    fn tell_market(
        &mut self,
        frame: &Frame,
        role: Role,
        leg: usize,
        ix: MarketIx,
        [condition, question_id]: [&str; 2],
        [yes, no]: &[String; 2],
    ) {
        let number = frame.number + 1;
        let (slug, label, question) = match role {
            Role::Plain => (
                format!("world-market-{number}"),
                String::new(),
                format!("World event {number}: will it happen?"),
            ),
            Role::Named => titled(number, &format!("{}", leg + 1), format!("Outcome {}", leg + 1)),
            Role::Other => titled(number, "other", "Other".to_owned()),
            Role::Unnamed => titled(number, "unnamed", "Outcome X".to_owned()),
        };
        let (rate, exponent) = match frame.fees {
            Fees::Taker { rate_ppm, exponent } => (rate_ppm, exponent),
            Fees::Free | Fees::Unknown => (0, 1),
        };
        let group = frame.group.as_ref().map_or("null".to_owned(), |group| group.0.0.to_string());
        let mut text = String::new();
        // Writing to a String cannot fail.
        let _written = write!(
            text,
            "{{\"id\":\"{}\",\"event\":{},\"slug\":\"{slug}\",\"question\":\"{question}\",\
             \"group_item_title\":\"{label}\",\"condition_id\":\"{condition}\",\
             \"question_id\":\"{question_id}\",\"token_ids\":[\"{yes}\",\"{no}\"],\
             \"outcomes\":[\"Yes\",\"No\"],\"tick\":\"{}\",\"min_order_qty_micros\":{},\
             \"fee_rate_ppm\":{rate},\"fee_exponent\":{exponent},\"group\":{group},\"leg\":{leg},\
             \"market\":{},\"is_unnamed\":{},\"is_other\":{},\"start_ns\":{},\"end_ns\":{}}}",
            FIRST_MARKET_ID + self.markets.len(),
            frame.number,
            Micros::from(frame.tick),
            frame.min_order_qty.0,
            ix.0,
            role == Role::Unnamed,
            role == Role::Other,
            frame.start.0,
            frame.end.0,
        );
        self.markets.push(text);
    }
}

/// Slug, label and question of an outcome.
fn titled(number: usize, suffix: &str, label: String) -> (String, String, String) {
    let question = format!("World event {number}: will it be {label}?");
    (format!("world-market-{number}-{suffix}"), label, question)
}

fn dealt<T: Copy>(cards: &[T], number: usize, usual: T) -> T {
    cards.get(number % cards.len().max(1)).copied().unwrap_or(usual)
}
