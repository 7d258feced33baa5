//! Definitions: all or none of a record, repeats are harmless, indices of all parts stay in step.

use razor_core::engine::meta::{Meta, MetaError};
use razor_core::engine::record::Kind;
use razor_core::ids::{MarketIx, SetIx, TokenIx};
use razor_core::market::{Fees, SetKind, Settlement};
use razor_core::units::{Qty, TickSize};

use super::run::{Run, both, condition, group, market, meta, set, token};

/// What a `meta` record can change.
fn defined(run: &Run) -> (usize, usize, usize) {
    let universe = run.engine.universe().expect("begun");
    let registered = run.engine.books().expect("begun").registry().market_count();
    (universe.markets().len(), universe.sets().len(), registered)
}

fn two(text: &str) -> Vec<String> {
    vec![market("a"), text.to_owned()]
}

/// Records that must be refused whole, each with a good market or set before the bad one.
fn broken() -> Vec<(&'static str, String)> {
    let b = market("b");
    let legs = |seeds: &[&str]| seeds.iter().map(|seed| token(seed, "yes")).collect::<Vec<_>>();
    let sets = |bad: String| meta(&two(&b), &[group("good", &["a", "b"]), bad]);
    let mut many = vec![market("a")];
    many.extend((0..65).map(|number| {
        market("b")
            .replace(&condition("b"), &format!("c{number}"))
            .replace(&token("b", "yes"), &format!("y{number}"))
            .replace(&token("b", "no"), "")
    }));
    let legs65: Vec<String> = (0..65).map(|number| format!("y{number}")).collect();
    vec![
        ("not JSON", "{".into()),
        ("another shape", "7".into()),
        ("an array", "[]".into()),
        ("an array of the fields", "[[],[]]".into()),
        ("markets of another type", "{\"markets\":{}}".into()),
        ("one token", meta(&two(&b.replace(&format!(",\"{}\"", token("b", "no")), "")), &[])),
        ("no tick", meta(&two(&b.replace("tick_size", "other")), &[])),
        ("no minimum", meta(&two(&b.replace("min_order_size", "other")), &[])),
        ("a tick of nobody", meta(&two(&b.replace("0.01", "0.02")), &[])),
        ("a tick that is no number", meta(&two(&b.replace("0.01", "1e-2")), &[])),
        ("a tick beyond 32 bits", meta(&two(&b.replace("0.01", "99999999")), &[])),
        ("a negative minimum", meta(&two(&b.replace("\"5\"", "\"-5\"")), &[])),
        ("a minimum too fine", meta(&two(&b.replace("\"5\"", "\"0.0000001\"")), &[])),
        ("a minimum as a number", meta(&two(&b.replace("\"5\"", "5")), &[])),
        ("an unknown fee word", meta(&two(&b.replace("\"free\"", "\"none\"")), &[])),
        (
            "a rate too fine",
            meta(&two(&b.replace("\"free\"", "{\"rate\":\"0.0000001\",\"exponent\":1}")), &[]),
        ),
        (
            "an exponent beyond 8 bits",
            meta(&two(&b.replace("\"free\"", "{\"rate\":\"0.07\",\"exponent\":256}")), &[]),
        ),
        ("no condition", meta(&two(&b.replace(&condition("b"), "")), &[])),
        ("no YES token", meta(&two(&b.replace(&token("b", "yes"), "")), &[])),
        ("a quote in an id", meta(&two(&b.replace(&token("b", "no"), "2\\\"")), &[])),
        ("a control character in an id", meta(&two(&b.replace(&token("b", "no"), "\\n")), &[])),
        ("the condition of its neighbour", {
            meta(&two(&b.replace(&condition("b"), &condition("a"))), &[])
        }),
        ("a token of its neighbour", {
            meta(&two(&b.replace(&token("b", "no"), &token("a", "yes"))), &[])
        }),
        ("one text for both tokens", {
            meta(&two(&b.replace(&token("b", "no"), &token("b", "yes"))), &[])
        }),
        ("a set over an unknown token", sets(set("k", "group", &legs(&["a", "z"]), "hold"))),
        (
            "a set over an empty token",
            sets(set("k", "group", &[String::new(), String::new()], "hold")),
        ),
        ("a set of one", sets(set("k", "group", &legs(&["a"]), "hold"))),
        ("a set with a token twice", sets(set("k", "group", &legs(&["a", "b", "a"]), "hold"))),
        ("a set of 65", meta(&many, &[set("k", "group", &legs65, "hold")])),
        ("a set of another kind", sets(set("k", "pair", &legs(&["a", "b"]), "hold"))),
        ("a set settled otherwise", sets(set("k", "group", &legs(&["a", "b"]), "cash"))),
    ]
}

#[test]
fn a_broken_record_defines_nothing_at_all() {
    for (what, text) in broken() {
        let mut run = Run::new();
        run.refused(Kind::Meta, &text);
        assert_eq!(defined(&run), (0, 0, 0), "{what}");
        assert_eq!(run.engine.integrity().records_refused, 1, "{what}");
        assert_eq!((run.engine.integrity().markets, run.engine.integrity().sets), (0, 0));
        let registry = run.engine.books().expect("books").registry();
        assert_eq!(registry.token(token("a", "yes").as_bytes()), None, "{what}");
    }
}

#[test]
fn after_a_broken_record_the_next_sets_are_judged_under_their_own_names() {
    for (what, text) in broken() {
        let mut run = Run::new();
        run.refused(Kind::Meta, &text);
        run.meta(&["a", "b", "c"], &[group("ab", &["a", "b"]), group("bc", &["b", "c"])]);
        for (seed, ms) in [("b", 1), ("c", 2)] {
            run.at(ms).book(seed, 30, 45);
        }
        let signals = &run.tables.signals;
        assert_eq!(signals.len(), 1, "{what}");
        assert_eq!(signals[0].set, SetIx(1), "{what}: b and c are cheap, a is not known");
    }
}

#[test]
fn a_broken_record_leaves_what_was_defined_before_as_it_was() {
    for (what, text) in broken() {
        let mut run = Run::new();
        run.meta(&["x", "y"], &[group("xy", &["x", "y"])]);
        run.at(1).book("x", 30, 45);
        run.at(2).refused(Kind::Meta, &text);
        assert_eq!(defined(&run), (2, 1, 2), "{what}");
        assert_eq!(run.at(3).book("y", 30, 45), 1, "{what}: still judged");
    }
}

#[test]
fn repeated_definitions_change_nothing() {
    let text = meta(&[market("a"), market("b")], &[group("g", &["a", "b"]), both("a")]);
    let mut run = Run::new();
    run.taken(Kind::Meta, &text);
    run.at(1).book("a", 30, 40);
    for _ in 0..3 {
        run.taken(Kind::Meta, &text);
    }
    assert_eq!(defined(&run), (2, 2, 2));
    assert_eq!(run.at(2).book("b", 30, 50), 1, "one set, one signal");
    assert_eq!(run.engine.integrity().records_refused, 0);
}

#[test]
fn a_record_may_mix_what_is_known_with_what_is_new() {
    let mut run = Run::new();
    run.meta(&["a", "b"], &[group("ab", &["a", "b"])]);
    run.meta(&["b", "c", "a"], &[group("ab", &["a", "b"]), group("bc", &["b", "c"])]);
    assert_eq!(defined(&run), (3, 2, 3));
    let universe = run.engine.universe().expect("universe");
    assert_eq!(&*universe.market(MarketIx(2)).expect("third").condition_id, condition("c"));
    assert_eq!(universe.set(SetIx(1)).expect("second").legs, [TokenIx(2), TokenIx(4)]);
}

#[test]
fn a_known_condition_is_not_redefined_by_another_grid_or_other_tokens() {
    let mut run = Run::new();
    run.meta(&["a"], &[]);
    run.taken(Kind::Meta, &meta(&[market("a").replace("0.01", "0.001")], &[]));
    run.taken(Kind::Meta, &meta(&[market("a").replace(&token("a", "no"), "other")], &[]));
    let universe = run.engine.universe().expect("universe");
    assert_eq!(universe.markets().len(), 1);
    assert_eq!(universe.markets()[0].tick, TickSize::CENT);
    assert_eq!(&*universe.markets()[0].token_ids[1], token("a", "no"));
}

#[test]
fn the_same_legs_under_another_key_are_another_set() {
    let mut run = Run::new();
    run.meta(&["a", "b"], &[group("one", &["a", "b"]), group("two", &["a", "b"])]);
    run.meta(&[], &[group("one", &["b", "a"])]);
    assert_eq!(defined(&run).1, 3, "another order of legs is another set, too");
    run.at(1).book("a", 30, 40);
    assert_eq!(run.at(2).book("b", 30, 50), 3, "each judged for itself");
}

#[test]
fn an_empty_record_is_no_error() {
    let mut run = Run::new();
    for text in ["{}", "{\"markets\":[]}", "{\"sets\":[]}", "{\"other\":1}"] {
        run.taken(Kind::Meta, text);
    }
    assert_eq!(defined(&run), (0, 0, 0));
}

#[test]
fn every_fact_of_a_market_arrives() {
    let text = market("a")
        .replace("\"0.01\"", "\"0.0025\"")
        .replace("\"5\"", "\"15.25\"")
        .replace("false", "true")
        .replace("\"free\"", "{\"rate\":\"0.0625\",\"exponent\":2}")
        .replace("\"end_ms\":0", "\"end_ms\":-7");
    let mut run = Run::new();
    run.taken(Kind::Meta, &meta(&[text], &[both("a")]));
    let universe = run.engine.universe().expect("universe");
    let market = universe.market(MarketIx(0)).expect("market");
    assert_eq!(market.tick.micros(), 2_500);
    assert_eq!(market.min_order_qty, Qty(15_250_000));
    assert!(market.neg_risk);
    assert_eq!(market.fees, Fees::Taker { rate_ppm: 62_500, exponent: 2 });
    assert_eq!((market.end_ms, &*market.label), (-7, "q-a"));
    let set = universe.set(SetIx(0)).expect("set");
    assert_eq!((set.kind, set.settlement), (SetKind::Binary, Settlement::Merge));
    assert_eq!(set.strategy(), "binary");
}

#[test]
fn the_words_of_a_set_are_these() {
    for (word, settlement) in [
        ("merge", Settlement::Merge),
        ("hold", Settlement::HoldToResolution),
        ("unproven", Settlement::Unproven),
    ] {
        for (kind, known) in [("binary", SetKind::Binary), ("group", SetKind::Group)] {
            let text = meta(&[], &[set("k", kind, &["1".into(), "2".into()], word)]);
            let parsed = Meta::decode(text.as_bytes()).expect("meta");
            assert_eq!((parsed.sets[0].kind(), parsed.sets[0].settlement()), (known, settlement));
        }
    }
    for (legs, strategy) in [(2, "binary"), (3, "triangle"), (4, "basket"), (64, "basket")] {
        let mut run = Run::new();
        let markets: Vec<String> = (0..legs)
            .map(|number| {
                market("a")
                    .replace(&condition("a"), &format!("c{number}"))
                    .replace(&token("a", "yes"), &format!("y{number}"))
                    .replace(&token("a", "no"), "")
            })
            .collect();
        let tokens: Vec<String> = (0..legs).map(|number| format!("y{number}")).collect();
        run.taken(Kind::Meta, &meta(&markets, &[set("k", "group", &tokens, "hold")]));
        let universe = run.engine.universe().expect("universe");
        assert_eq!(universe.sets()[0].strategy(), strategy);
    }
}

#[test]
fn a_broken_payload_names_its_line_and_column() {
    let error = Meta::decode(b"{\"markets\":[\n{}]}").expect_err("broken");
    assert_eq!(error, MetaError::NotMeta { line: 2, column: 2 });
    assert!(error.to_string().contains("line 2, column 2"));
}

#[test]
fn a_set_over_books_that_are_already_live_is_judged_with_the_next_frame_of_any_leg() {
    let mut run = Run::new();
    run.meta(&["a", "b"], &[]);
    run.at(1).book("a", 30, 40);
    run.at(2).book("b", 30, 50);
    run.at(3).meta(&[], &[group("g", &["a", "b"])]);
    assert!(run.tables.signals.is_empty(), "a definition raises no signal by itself");
    let message = run.change("a", "BUY", 31, 5);
    assert_eq!(run.at(4).ws(&[message]), 1);
    assert_eq!(run.tables.signals[0].set, SetIx(0));
}

#[test]
fn markets_may_be_defined_between_frames() {
    let mut run = Run::new();
    run.meta(&["a"], &[]);
    run.at(1).book("a", 30, 40);
    let early = run.pair("b", 30, 50);
    run.at(2).ws(&early);
    let counters = run.engine.books().expect("books").counters();
    assert_eq!(counters.foreign_markets, 2, "nobody's market yet");
    run.at(3).meta(&["b"], &[group("g", &["a", "b"])]);
    assert_eq!(run.at(4).book("b", 30, 50), 1);
}
