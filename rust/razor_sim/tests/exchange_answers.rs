//! Answers and user frames, letter by letter: keys and forms are those of the venue's samples.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "a test stops at the first surprise"
)]

#[path = "support/exchange.rs"]
mod exchange;

use exchange::{Bench, ONE, START_S, buy, config, hash, no, spec, yes};
use razor_core::ids::MarketIx;
use razor_core::order::OrderHash;
use razor_sim::exchange::{
    Ack, CancelScope, Canceled, MarketSpec, NotCanceled, OrderType, OwnerIx, PlaceOrder, Refusal,
    TradeIx, UserFrames,
};

fn id(number: u64) -> String {
    format!("0x{}{number:016x}", "5a".repeat(24))
}

fn acknowledged(bench: &Bench, answer: Result<Ack, Refusal>) -> String {
    let mut text = String::new();
    bench.exchange.write_ack(&answer, &mut text);
    text
}

/// What keys of this owner see of the last step.
fn frames(bench: &Bench, owner: OwnerIx) -> Vec<String> {
    let mut frames = UserFrames::default();
    frames.push_instant(&bench.exchange, &bench.events);
    let ours = frames.iter().filter(|frame| frame.owner == owner);
    ours.inspect(|frame| assert_eq!(frame.market, MarketIx(0)))
        .map(|frame| frame.text.to_owned())
        .collect()
}

/// The market and token part of every spelling.
fn names(token: usize) -> String {
    let MarketSpec { condition_id, token_ids, .. } = spec(0);
    format!("\"market\":\"{condition_id}\",\"asset_id\":\"{}\"", token_ids[token])
}

#[test]
fn answers_to_orders_have_the_venues_forms() {
    let (mut bench, ann, bob) = Bench::simple();
    let live = bench.place(buy(ann, no(0), 5_200, 10));
    let head = |id: &str, status: &str| {
        format!(
            "{{\"success\":true,\"errorMsg\":\"\",\"orderID\":\"{id}\",\"status\":\"{status}\","
        )
    };
    assert_eq!(
        acknowledged(&bench, live),
        head(&id(1), "live") + "\"makingAmount\":\"\",\"takingAmount\":\"\"}"
    );
    let matched = bench.place(buy(bob, yes(0), 4_800, 6));
    let trade = bench.exchange.trade_id_text(TradeIx(0));
    assert_eq!((trade.len(), trade.matches('-').count(), &trade[14..15]), (36, 4, "4"));
    assert_eq!(
        acknowledged(&bench, matched),
        head(&id(2), "matched")
            + &format!(
                "\"makingAmount\":\"2.88\",\"takingAmount\":\"6\",\"tradeIDs\":[\"{trade}\"]}}"
            )
    );
    let refused =
        bench.place(PlaceOrder { order_type: OrderType::Fok, ..buy(bob, yes(0), 100, 100) });
    assert_eq!(
        acknowledged(&bench, refused),
        "{\"success\":true,\"errorMsg\":\"order couldn't be fully filled. FOK orders are fully \
         filled or killed.\",\"orderID\":\"\",\"status\":\"\",\"makingAmount\":\"\",\
         \"takingAmount\":\"\"}"
    );
}

#[test]
fn answers_to_cancels_name_both_kinds() {
    let (bench, ..) = Bench::simple();
    let mut text = String::new();
    let canceled = Canceled {
        canceled: vec![hash(1), hash(2)],
        not_canceled: vec![(hash(3), NotCanceled::Ended)],
    };
    bench.exchange.write_canceled(&canceled, &mut text);
    bench.exchange.write_canceled(&Canceled::default(), &mut text);
    let (a, b, c) = (id(1), id(2), id(3));
    assert_eq!(
        text,
        format!(
            "{{\"canceled\":[\"{a}\",\"{b}\"],\"not_canceled\":{{\"{c}\":\"already canceled or \
             matched\"}}}}{{\"canceled\":[],\"not_canceled\":{{}}}}"
        )
    );
}

#[test]
fn orders_and_trades_are_listed_with_the_venues_keys() {
    let (mut bench, ann, bob) = Bench::simple();
    let maker = bench.place(buy(ann, no(0), 5_200, 10)).expect("rests");
    bench.place(buy(bob, yes(0), 4_800, 6)).expect("matches");
    bench.pass(1);
    let trade = bench.exchange.trade_id_text(TradeIx(0));
    let address = |trader: exchange::Trader| {
        bench.exchange.account(trader.account).expect("known").address.to_string()
    };
    let (of_ann, of_bob) = (address(ann), address(bob));
    let mut text = String::new();
    bench.exchange.write_order(&bench.order(&maker), &mut text);
    assert_eq!(
        text,
        format!(
            "{{\"id\":\"{}\",\"status\":\"LIVE\",\"owner\":\"key-0\",\
             \"maker_address\":\"{of_ann}\",{},\"side\":\"BUY\",\"original_size\":\"10\",\
             \"size_matched\":\"6\",\"price\":\"0.52\",\"outcome\":\"No\",\"expiration\":\"0\",\
             \"order_type\":\"GTC\",\"associate_trades\":[\"{trade}\"],\"created_at\":{START_S}}}",
            id(1),
            names(1),
        )
    );
    text.clear();
    assert!(bench.exchange.write_trade(TradeIx(0), ann.owner, &mut text));
    let hash = bench.exchange.transaction_text(1);
    assert_eq!(hash.len(), 66);
    assert_eq!(
        text,
        format!(
            "{{\"id\":\"{trade}\",\"taker_order_id\":\"{}\",{},\"side\":\"BUY\",\"size\":\"6\",\
             \"fee_rate_bps\":\"0\",\"price\":\"0.48\",\"status\":\"MINED\",\
             \"match_time\":\"{START_S}\",\"last_update\":\"{}\",\"outcome\":\"Yes\",\
             \"owner\":\"key-1\",\"maker_address\":\"{of_bob}\",\"bucket_index\":0,\
             \"transaction_hash\":\"{hash}\",\"trader_side\":\"MAKER\",\"maker_orders\":[{{\
             \"order_id\":\"{}\",\"owner\":\"key-0\",\"maker_address\":\"{of_ann}\",\
             \"matched_amount\":\"6\",\"price\":\"0.52\",\"fee_rate_bps\":\"0\",\"asset_id\":\"{}\",\
             \"outcome\":\"No\",\"outcome_index\":1,\"side\":\"BUY\"}}]}}",
            id(2),
            names(0),
            START_S + 1,
            id(1),
            spec(0).token_ids[1],
        )
    );
    assert!(!bench.exchange.write_trade(TradeIx(1), ann.owner, &mut text));
}

#[test]
fn both_keys_of_a_match_are_told_in_their_own_terms() {
    let (mut bench, ann, bob) = Bench::simple();
    bench.place(buy(ann, no(0), 5_200, 10)).expect("rests");
    let placed = frames(&bench, ann.owner);
    assert_eq!(placed.len(), 1);
    assert!(
        placed[0].starts_with("{\"event_type\":\"order\",\"type\":\"PLACEMENT\",\"id\":\"0x5a")
    );
    assert!(
        placed[0].contains("\"status\":\"LIVE\",\"order_owner\":\"key-0\",\"owner\":\"key-0\"")
    );
    let tail = format!(
        "\"associate_trades\":null,\"created_at\":\"{START_S}\",\"timestamp\":\"{START_S}000\"}}"
    );
    assert!(placed[0].ends_with(&tail), "{}", placed[0]);
    bench.place(buy(bob, yes(0), 4_800, 10)).expect("matches");
    let trade = bench.exchange.trade_id_text(TradeIx(0));
    let maker = frames(&bench, ann.owner);
    assert_eq!(maker.len(), 2);
    assert!(
        maker[0].contains("\"type\":\"UPDATE\"") && maker[0].contains("\"status\":\"MATCHED\"")
    );
    assert!(maker[0].contains(&format!("\"associate_trades\":[\"{trade}\"]")));
    assert!(maker[1].starts_with("{\"event_type\":\"trade\",\"type\":\"TRADE\",\"id\""));
    assert!(maker[1].contains("\"trader_side\":\"MAKER\"") && maker[1].contains("\"MATCHED\""));
    let taker = frames(&bench, bob.owner);
    assert!(taker[0].contains("\"type\":\"PLACEMENT\"") && taker[0].contains("\"MATCHED\""));
    assert!(taker[0].contains("\"size_matched\":\"10\""));
    assert!(taker[1].contains("\"trader_side\":\"TAKER\""));
    let tail = format!(",\"trade_owner\":\"key-1\",\"timestamp\":\"{START_S}000\"}}");
    assert!(taker[1].ends_with(&tail), "{}", taker[1]);
    bench.pass(1);
    assert_eq!(frames(&bench, ann.owner).len(), 1, "one frame per status");
    assert!(frames(&bench, bob.owner)[0].contains("\"status\":\"MINED\""));
}

#[test]
fn ends_and_kills_are_told_with_the_venues_words() {
    let (mut bench, ann, _) = Bench::simple();
    bench.place(buy(ann, yes(0), 4_000, 10)).expect("rests");
    bench.cancel(ann, CancelScope::All);
    let ended = frames(&bench, ann.owner);
    assert!(ended[0].contains("\"type\":\"CANCELLATION\"") && ended[0].contains("\"CANCELED\""));
    let fok = PlaceOrder { order_type: OrderType::Fok, ..buy(ann, yes(0), 6_000, 12) };
    bench.place(fok).expect_err("killed");
    let address = bench.exchange.account(ann.account).expect("known").address;
    let killed = format!(
        "{{\"event_type\":\"order\",\"type\":\"CANCELLATION\",\"id\":\"{}\",\"owner\":\"key-0\",\
         \"order_owner\":\"key-0\",{},\"side\":\"BUY\",\"original_size\":\"12\",\
         \"size_matched\":\"\",\"price\":\"0.6\",\"outcome\":\"\",\"order_type\":\"FOK\",\
         \"status\":\"CANCELED_order couldn't be fully filled. FOK orders are fully filled or \
         killed.\",\"maker_address\":\"{address}\",\"associate_trades\":[],\"created_at\":\"\",\
         \"expiration\":\"0\",\"timestamp\":\"{START_S}000\"}}",
        id(2),
        names(0),
    );
    assert_eq!(frames(&bench, ann.owner), [killed]);
}

#[test]
fn names_that_json_cannot_carry_plainly_are_escaped() {
    let mut bench = Bench::new(config());
    let outcomes = ["a\"b\\c".into(), "line\nend".into()];
    bench.list(MarketSpec { outcomes, ..spec(0) });
    let ann = bench.trader(1_000);
    let ack = bench.place(buy(ann, yes(0), 4_000, 10)).expect("rests");
    let mut text = String::new();
    bench.exchange.write_order(&bench.order(&ack), &mut text);
    assert!(text.contains(r#""outcome":"a\"b\\c","#), "{text}");
    let ack = bench.place(buy(ann, no(0), 4_000, 10)).expect("rests");
    bench.exchange.write_order(&bench.order(&ack), &mut text);
    assert!(text.contains(r#""outcome":"line\u000aend","#), "{text}");
    assert_eq!((ack.hash, ONE), (OrderHash(hash(2).0), 1_000_000));
}
