//! What a simulated venue is told of its own past, when the process that held it has died.
//!
//! A real venue outlives the process and settles what it matched. A simulated one is part of it, so
//! a start that goes on with a journal gives it back what the journal says it did: its matches, and
//! the merges that were asked for. An order of which the journal has no match is forgotten, as one
//! that never arrived; the machine finds that out by asking.

use razor_core::ledger::Settle;
use razor_core::order::gateway::{Past, PastOrder, TradeState};
use razor_core::shadow::exact::FillShare;
use razor_core::signal::bucket::Bucket;
use razor_core::units::Nanos;

use super::course::Course;
use super::truth::{Fate, TrueMerge, TrueOrder, TrueTrade};
use super::{Flight, Item, SendNote, SimGateway, after};

impl SimGateway {
    /// Takes the past; what is not final becomes so after the usual delay, counted from now.
    pub(super) fn remember(&mut self, now: Nanos, past: &Past) {
        for order in &past.orders {
            self.remember_order(now, order);
        }
        for merge in &past.merges {
            self.truth.legs.insert(merge.set, self.markets.legs(merge.set).to_vec());
            let place = self.truth.merges.len();
            let ended = merge.is_done.then_some((now, true));
            let (set, qty) = (merge.set, merge.qty);
            self.truth.merges.push(TrueMerge { set, qty, asked: now, ended });
            if ended.is_none() {
                let number = u64::try_from(place).unwrap_or(u64::MAX);
                let at = after(now, self.settle_delay(&[u64::MAX, number]));
                self.push(at, Item::MergeEnd { place, is_failed: false });
            }
        }
    }

    fn remember_order(&mut self, now: Nanos, past: &PastOrder) {
        let order = past.intent.order;
        let mut truth = TrueOrder::sent(past.intent, Bucket::Thin, now, Fate::Finished);
        truth.arrived = Some(now);
        truth.is_accepted = true;
        for (part, fill) in past.fills.iter().enumerate() {
            let state = match fill.settle {
                Settle::Prov => TradeState::Provisional,
                Settle::Conf => TradeState::Confirmed,
                Settle::Void => TradeState::Failed,
            };
            let is_final = fill.settle != Settle::Prov;
            truth.trades.push(TrueTrade {
                id: fill.key.trade,
                qty: fill.qty,
                price: fill.price,
                fee: fill.fee,
                state,
                matched: now,
                settled: is_final.then_some(now),
            });
            if !is_final {
                let number = u64::try_from(part).unwrap_or(u64::MAX);
                let at = after(now, self.settle_delay(&[order.0, number]));
                self.push(at, Item::Settle { order, part });
            }
        }
        let note = SendNote {
            spike: Nanos(0),
            is_book_dropped: false,
            share: FillShare(0),
            is_size_seeded: false,
        };
        self.flights.insert(order, Flight { course: Course::default(), quote: None, note });
        self.by_hash.insert(past.intent.hash, order);
        self.truth.orders.insert(order, truth);
    }
}
