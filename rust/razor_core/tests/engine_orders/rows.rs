//! The tables of the order path against the records they came from: cash, ends, ids and samples.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use razor_core::engine::record::Kind;
use razor_core::engine::table::Table;
use razor_core::order::gateway::Intent;
use razor_core::order::{OrderHash, Side};
use razor_core::units::{Price, Qty, notional_ceil, notional_floor};
use serde_json::Value;

use super::play::{FEE, MS, Play, micros};

type Row<'a> = BTreeMap<&'static str, &'a str>;

fn runs() -> Vec<Play> {
    [(21, false), (21, true), (24, true)]
        .into_iter()
        .map(|(seed, merges)| Play::whole(seed, merges, |_| {}))
        .collect()
}

fn unsigned<T: TryFrom<i128>>(cell: &str) -> T {
    T::try_from(micros(cell)).ok().expect(cell)
}

/// What a match moves, by the rule of the ledger: rounded against us, fee included.
fn cash_of(row: &Row<'_>) -> i128 {
    let (price, qty) = (Price::from_micros(unsigned(row["price"])).unwrap(), unsigned(row["qty"]));
    let cash = match row["side"] {
        "BUY" => -notional_ceil(price, Qty(qty)).unwrap().0 - FEE.0,
        "SELL" => notional_floor(price, Qty(qty)).unwrap().0 - FEE.0,
        other => panic!("{other}"),
    };
    i128::from(cash)
}

#[test]
fn the_cash_cells_are_the_ledgers_cash_fill_by_fill_and_merge_by_merge() {
    let mut events: BTreeMap<String, usize> = BTreeMap::new();
    for play in runs() {
        let mut account = 0;
        let mut fills = BTreeSet::new();
        for row in play.table(Table::Fills) {
            let expected = match (row["event"], row["settle_status"]) {
                ("FILL", "PROV") => cash_of(&row),
                ("SETTLE", "CONF") => 0,
                ("SETTLE", "VOID") => -cash_of(&row),
                ("MERGE", "CONF") => micros(row["qty"]),
                other => panic!("{other:?}"),
            };
            assert_eq!(micros(row["cash"]), expected, "{row:?}");
            account += expected;
            assert_eq!(micros(row["account_cash"]), account, "{row:?}");
            if row["event"] == "MERGE" {
                assert_eq!((row["fee"], row["order_id"], row["trade_id"]), ("", "", ""));
            } else {
                assert_eq!(micros(row["fee"]), i128::from(FEE.0));
                let is_new = fills.insert((row["order_id"].to_owned(), row["trade_id"].to_owned()));
                assert_eq!(is_new, row["event"] == "FILL", "a verdict follows its fill");
            }
            let word = format!("{} {} {}", row["event"], row["side"], row["settle_status"]);
            *events.entry(word).or_default() += 1;
        }
        let cash = play.desk().ledger().cash_change();
        assert_eq!(account, i128::from(cash.conf.0) + i128::from(cash.prov.0));
    }
    for word in ["FILL BUY PROV", "FILL SELL PROV", "SETTLE BUY CONF", "SETTLE BUY VOID"] {
        assert!(events.contains_key(word), "the runs have no {word}: {events:?}");
    }
    assert!(events.contains_key("MERGE  CONF"), "{events:?}");
}

#[test]
fn the_past_is_what_the_rows_of_fills_say() {
    for play in runs() {
        let past = play.engine.past();
        let rows = play.table(Table::Fills);
        let void: BTreeSet<&str> = rows
            .iter()
            .filter(|row| row["settle_status"] == "VOID")
            .map(|row| row["trade_id"])
            .collect();
        let kept = rows.iter().filter(|row| row["event"] == "FILL");
        let kept: Vec<&str> =
            kept.filter(|row| !void.contains(row["trade_id"])).map(|row| row["order_id"]).collect();
        let orders: Vec<String> = past.orders.iter().map(|it| hex(it.intent.hash)).collect();
        assert_eq!(orders, kept, "one match an order, in order of planning");
        let merged: Vec<i128> = rows
            .iter()
            .filter(|row| row["event"] == "MERGE")
            .map(|row| micros(row["qty"]))
            .collect();
        let done = past.merges.iter().filter(|merge| merge.is_done);
        assert_eq!(done.map(|merge| i128::from(merge.qty.0)).collect::<Vec<_>>(), merged);
    }
}

#[test]
fn every_signal_has_one_terminal_row_and_every_order_of_the_trail_a_durable_intent() {
    const ENDS: [&str; 6] =
        ["SET_DONE", "NO_FILL", "FLATTENED", "EXPIRED", "REJECTED_BY_RISK", "HARDSTOP"];
    let mut outcomes = BTreeSet::new();
    for play in runs() {
        let rows = play.table(Table::TradeLog);
        let ends = rows.iter().filter(|row| ENDS.contains(&row["result"]));
        let mut ended: Vec<u64> = Vec::new();
        for row in ends {
            outcomes.insert(row["result"].to_owned());
            ended.push(row["signal_id"].parse().expect("a signal"));
        }
        ended.sort_unstable();
        let signals: Vec<u64> = play.seen.signals.iter().map(|it| it.signal_id).collect();
        assert_eq!(ended, signals);

        let durable: BTreeSet<String> = play
            .log
            .iter()
            .filter(|taken| taken.kind == Kind::Intent)
            .filter_map(|taken| Intent::decode(&taken.payload).ok())
            .map(|intent| hex(intent.hash))
            .collect();
        let named: BTreeSet<&str> =
            rows.iter().map(|row| row["order_id"]).filter(|id| !id.is_empty()).collect();
        assert!(named.len() > 5 && named.iter().all(|id| durable.contains(*id)));
        for (_, intent) in &play.sends {
            assert!(named.contains(&*hex(intent.hash)), "an order without a row");
        }
    }
    assert!(outcomes.contains("SET_DONE") && outcomes.contains("FLATTENED"), "{outcomes:?}");
}

fn hex(hash: OrderHash) -> String {
    hash.0.iter().fold(String::from("0x"), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// What traded for an order in its window, from the Data API rows as they came.
fn volume(play: &Play, sent: i64, intent: &Intent) -> i128 {
    let attempt = &intent.attempt;
    let universe = play.engine.universe().expect("a run");
    let token = universe.token_id(attempt.token).expect("a token");
    let window = (sent / MS + 100)..=(sent / MS + 1_100);
    let limit = i128::from(attempt.limit.micros());
    let mut sum = 0;
    for taken in play.log.iter().filter(|taken| taken.kind == Kind::Trade) {
        let row: Value = serde_json::from_slice(&taken.payload).expect("a row");
        let price = micros(&row["price"].to_string());
        let is_taken = if attempt.side() == Side::Buy { price <= limit } else { price >= limit };
        if row["asset"] == token && window.contains(&(taken.at / MS)) && is_taken {
            sum += micros(&row["size"].to_string());
        }
    }
    sum
}

#[test]
fn a_sample_has_the_volume_of_its_window_at_its_limit() {
    let (mut some, mut none) = (0, 0);
    for play in runs() {
        let samples = play.table(Table::CalibrationLog);
        let end_ms = play.engine.now().0 / MS;
        let mut left = play.sends.clone();
        for row in &samples {
            let of = |(_, intent): &(i64, Intent)| {
                let (key, token) = (intent.attempt.key, intent.attempt.token);
                let universe = play.engine.universe().expect("a run");
                row["signal_id"] == key.signal_id.to_string()
                    && row["attempt"] == key.attempt.to_string()
                    && universe.token_id(token) == Some(row["token_id"])
            };
            let at = left.iter().position(of).expect("one sample for one order that left");
            let (sent, intent) = left.remove(at);
            assert_eq!(micros(row["req_qty"]), i128::from(intent.attempt.order_qty.0));
            if sent / MS + 1_100 >= end_ms {
                assert_eq!(row["v_mkt"], "", "the end of the run cut its window short");
                continue;
            }
            let expected = volume(&play, sent, &intent);
            assert_eq!(micros(row["v_mkt"]), expected, "{row:?}");
            assert_eq!(row["real_share_mkt"].is_empty(), expected == 0, "{row:?}");
            some += usize::from(expected > 0);
            none += usize::from(expected == 0);
        }
        let is_open = |(_, intent): &(i64, Intent)| {
            play.desk().order(intent.order).is_none_or(|slot| !slot.order.is_terminal())
        };
        assert!(left.iter().all(is_open), "orders that ended have samples: {left:?}");
    }
    assert!(some > 3 && none > 3, "windows with prints {some}, without {none}");
}

#[test]
fn a_window_in_which_prints_may_be_missing_has_no_volume() {
    let [with_gap, without] = [true, false].map(|has_gap| {
        let mut play = Play::new(21, 20_000, false);
        let intent = play.send_next();
        let sent = play.engine.now().0;
        play.fill(&intent);
        if has_gap {
            let (from, to) = (sent + 200 * MS, sent + 300 * MS);
            let text = format!(
                "{{\"from_ns\":{from},\"to_ns\":{to},\"lost\":0,\
                 \"cause\":\"TRADES_INCOMPLETE closed reason=page_full\"}}"
            );
            play.put(Kind::Gap, text.as_bytes());
        }
        while play.engine.now().0 <= sent + 1_101 * MS {
            assert!(play.feed());
        }
        let samples = play.table(Table::CalibrationLog);
        assert_eq!(samples.len(), 1, "the first order alone is over with its window");
        (samples[0]["v_mkt"].to_owned(), samples[0]["filled_qty"].to_owned())
    });
    assert_eq!(with_gap.0, "");
    assert!(!without.0.is_empty());
    assert_eq!(with_gap.1, without.1, "what was filled is known either way");
}
