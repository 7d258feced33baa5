//! The tables byte for byte.

use super::*;
use crate::ids::MarketIx;
use crate::market::{Fees, MarketDef, SetDef, SetKind};
use crate::shadow::exact::{AttoShares, FillShare, PicoShares};
use crate::shadow::settle::{Ledgering, SettleRules, settle_frozen};
use crate::shadow::store::{Print, TakerSide};
use crate::shadow::venue::{VenueGap, VenueTerms, settle_venue};
use crate::signal::{Brain, BrainOutcome, BrainParams, Depth3, LegQuote, Reasons, SetQuote};
use crate::units::{Nanos, TickSize};

fn universe() -> Universe {
    let mut universe = Universe::default();
    let market = MarketDef {
        condition_id: "0xc0".into(),
        token_ids: ["111".into(), "=2,2".into()],
        label: "q".into(),
        tick: TickSize::CENT,
        min_order_qty: Qty(5_000_000),
        fees: Fees::Taker { rate_ppm: 50_000, exponent: 1 },
        neg_risk: false,
        end_ms: 0,
    };
    let ix = universe.add_market(market).expect("market");
    assert_eq!(ix, MarketIx(0));
    let set = SetDef {
        key: "0xc0".into(),
        kind: SetKind::Binary,
        legs: vec![TokenIx(0), TokenIx(1)],
        settlement: Settlement::Merge,
    };
    universe.add_set(set).expect("set");
    universe
}

fn row() -> SetRow {
    let quote = |token, bid: &[u8], ask: &[u8]| LegQuote {
        token: TokenIx(token),
        best_bid: Price::parse(bid).ok(),
        bid_qty: None,
        best_ask: Price::parse(ask).ok(),
        ask_qty: None,
        ask_depth3: Depth3::Known { pico_usdc: 600_000_000_000_000 },
        recv: Nanos(0),
        proof: Nanos(0),
        tick: TickSize::CENT,
        fees: Fees::Taker { rate_ppm: 50_000, exponent: 1 },
    };
    let params = BrainParams {
        risk_premium: Bps::new(60),
        min_net_edge: Bps::new(10),
        q_req: PicoShares::parse("10").expect("q_req"),
        cooldown_ms: 1_000,
        max_staleness: None,
    };
    let legs = [quote(0, b"0.48", b"0.49"), quote(1, b"0.47", b"0.48")];
    let quote = SetQuote { set: SetIx(0), legs: &legs };
    let outcome = Brain::new(params, 1).expect("brain").step(Nanos(10_000_000_000), &quote);
    let BrainOutcome::Signal(signal) = outcome else { panic!("no signal") };
    let rules = SettleRules {
        window_start_ms: 100,
        window_end_ms: 1_100,
        share_liquid: FillShare::parse("0.3").expect("share"),
        share_thin: FillShare::parse("0.5").expect("share"),
        max_trade_gap_ms: 700,
        size_suspect: AttoShares(0),
        notional_suspect_atto: 0,
    };
    let print = |token, size| Print {
        ingest_ms: 10_500,
        venue_ms: Some(10_500),
        token: TokenIx(token),
        price: Price::parse(b"0.4").expect("price").into(),
        size: AttoShares::parse(size).expect("size"),
        side: Some(TakerSide::Buy),
    };
    let prints = [print(0, "30"), print(1, "12")];
    let terms = VenueTerms::of(&universe(), SetIx(0)).expect("terms");
    let share = rules.share_thin;
    let venue = settle_venue(&signal, &terms, share, (10_100, 11_100), &prints.iter());
    let live = Ledgering::Live;
    let frozen = settle_frozen(*signal, &rules, prints.iter(), live, Reasons::NONE);
    SetRow { frozen, terms, venue }
}

#[test]
fn the_worked_example_is_this_line_of_the_frozen_table() {
    let universe = universe();
    let names = RowNames::of("run_x", &universe, SetIx(0)).expect("names");
    let mut line = String::new();
    shadow_log_line(&row().frozen, &names, &mut line);
    assert_eq!(
        line,
        "run_x,1.3.2a,1,10000,100,1100,0xc0,binary,thin,111,10,2,6,\
111,0.49,0.48,30,10,\"'=2,2\",0.48,0.47,12,6,,0,0,0,0,\
5.9364,5.994,0.0576,-0.21168,-0.15408,8,0.75,0.5,0.05,\n"
    );
}

#[test]
fn both_bases_stand_side_by_side_in_the_sets_table() {
    let universe = universe();
    let names = RowNames::of("run_x", &universe, SetIx(0)).expect("names");
    let mut line = String::new();
    shadow_sets_line(&row(), &names, &mut line);
    assert_eq!(
        line,
        "run_x,1.3.2a,1,10000,0xc0,binary,2,1,thin,liquid,207,1,600,0,0,10,9700,300,210,60,30,0.5,1,\
6,0.75,5.9364,5.994,0.0576,-0.21168,-0.15408,,\
0.97,0.024975,0.005025,merge,6,0.75,7.78,0.19983,6,0,1.96,-1.97983,0,RESIDUAL\n"
    );
    let blank = SetRow { venue: Err(VenueGap::FeesUnknown), ..row() };
    line.clear();
    shadow_sets_line(&blank, &names, &mut line);
    assert!(line.ends_with("0.005025,merge,,,,,,,,,,FEES_UNKNOWN\n"), "{line}");
}

#[test]
fn every_leg_has_its_line() {
    let universe = universe();
    let names = RowNames::of("run_x", &universe, SetIx(0)).expect("names");
    let mut lines = String::new();
    shadow_legs_lines(&row(), &names, &mut lines);
    assert_eq!(
        lines,
        "run_x,1,0,111,0.49,0.48,30,10,4,30,10,4,4.9,0.12495,0,1.96\n\
run_x,1,1,\"'=2,2\",0.48,0.47,12,6,0,12,6,0,2.88,0.07488,0,0\n"
    );
}

#[test]
fn headers_have_as_many_columns_as_their_lines() {
    let universe = universe();
    let names = RowNames::of("run", &universe, SetIx(0)).expect("names");
    let columns = |text: &str| text.split(',').count();
    assert_eq!(columns(SHADOW_LOG_HEADER), 38);
    let mut frozen = String::new();
    let plain = RowNames { tokens: vec!["1", "2"], ..names };
    shadow_log_line(&row().frozen, &plain, &mut frozen);
    assert_eq!(columns(&frozen), 38);
    let mut sets = String::new();
    shadow_sets_line(&row(), &plain, &mut sets);
    assert_eq!(columns(&sets), columns(SHADOW_SETS_HEADER));
    let mut legs = String::new();
    shadow_legs_lines(&row(), &plain, &mut legs);
    assert_eq!(columns(legs.lines().next().expect("line")), columns(SHADOW_LEGS_HEADER));
}

#[test]
fn outside_text_can_neither_act_nor_break_the_line() {
    for (text, cell) in [
        ("=HYPERLINK(1)", "'=HYPERLINK(1)"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@x", "'@x"),
        ("\tx", "'\tx"),
        ("\rx", "' x"),
        ("a\r\nb\u{2028}c", "a  b c"),
        ("a,b", "\"a,b\""),
        ("say \"x\"", "\"say \"\"x\"\"\""),
        ("plain = text", "plain = text"),
    ] {
        assert_eq!(text_cell(text), cell, "{text:?}");
    }
}
