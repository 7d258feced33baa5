//! What a frame asks of the feed: resnapshots, stopped markets, the reason of a refusal.

use razor_core::engine::Attention;
use razor_core::engine::record::Kind;
use razor_core::ids::MarketIx;
use razor_core::wire::Refusal;

use super::run::{Run, condition, token};

fn asked(run: &Run) -> Attention {
    run.engine.attention().cloned().unwrap_or_default()
}

fn resnapshot(run: &Run) -> Vec<u32> {
    asked(run).resnapshot.iter().map(|market| market.0).collect()
}

#[test]
fn a_usual_frame_asks_for_nothing() {
    let mut run = Run::bare();
    assert_eq!(run.engine.attention(), None);
    run = Run::triangle();
    assert_eq!(run.engine.attention(), None);
    run.book("a", 30, 40);
    let change = run.change("a", "BUY", 31, 5);
    run.ws(&[change]);
    assert_eq!(run.engine.attention(), None);
}

#[test]
fn a_refused_frame_says_why_until_the_next_frame() {
    for (text, refusal) in [
        ("{", Refusal::Syntax { at: 1 }),
        ("{\"event_type\":\"book\"}", Refusal::MissingKey { key: "market" }),
        ("{\"event_type\":7}", Refusal::WrongType { key: "event_type" }),
    ] {
        let mut run = Run::triangle();
        run.refused(Kind::Ws, text);
        let expected = Attention { refusal: Some(refusal), ..Attention::default() };
        assert_eq!(asked(&run), expected, "{text}");
        run.timer();
        assert_eq!(asked(&run), expected, "only a frame is an answer");
        run.ws(&["PONG".into()]);
        assert_eq!(run.engine.attention(), None);
    }
}

#[test]
fn an_overlong_frame_is_refused_unread() {
    let mut run = Run::triangle();
    let long = format!("{{\"event_type\":\"{}\"}}", "x".repeat(65_536));
    run.refused(Kind::Ws, &long);
    let expected = Refusal::TooLong { len: long.len(), cap: 65_536 };
    assert_eq!(asked(&run).refusal, Some(expected));
    let fits = format!("{{\"event_type\":\"{}\"}}", "x".repeat(65_536 - 17));
    assert_eq!(fits.len(), 65_536);
    run.taken(Kind::Ws, &fits);
}

#[test]
fn a_new_grid_asks_for_a_snapshot_of_its_market_once() {
    let mut run = Run::triangle();
    run.book("a", 30, 40);
    run.book("b", 30, 40);
    let tick = |outcome: &str| {
        format!(
            "{{\"event_type\":\"tick_size_change\",\"market\":\"{}\",\"asset_id\":\"{}\",\
             \"timestamp\":\"1791258810641\",\"old_tick_size\":\"0.01\",\"new_tick_size\":\"0.001\"}}",
            condition("b"),
            token("b", outcome)
        )
    };
    run.ws(&[tick("yes"), tick("no")]);
    assert_eq!(resnapshot(&run), [1]);
    run.ws(&[tick("no")]);
    assert_eq!(run.engine.attention(), None, "the grid is known by now");
}

#[test]
fn a_book_that_is_doubted_asks_for_a_snapshot() {
    // (what, messages after the snapshots of `a` and `b`)
    type Make = fn(&Run) -> Vec<String>;
    let cases: [(&str, Make, &[u32]); 5] = [
        ("off the grid", |run| vec![run.change_of("a", "yes", "BUY", "0.305", 5)], &[0]),
        (
            "off the grid in two markets",
            |run| ["b", "a"].map(|seed| run.change_of(seed, "yes", "BUY", "0.305", 5)).to_vec(),
            &[1, 0],
        ),
        ("a crossed snapshot", |run| vec![run.snapshot("b", "yes", 45, 40)], &[1]),
        ("a cross of a moment", |run| vec![run.change("a", "BUY", 45, 5)], &[]),
        (
            "halves that do not mirror",
            |run| vec![run.snapshot("a", "yes", 30, 40), run.snapshot("a", "no", 59, 70)],
            &[0],
        ),
    ];
    for (what, make, markets) in cases {
        let mut run = Run::triangle();
        run.book("a", 30, 40);
        run.book("b", 30, 40);
        let messages = make(&run);
        run.ws(&messages);
        assert_eq!(resnapshot(&run), markets, "{what}");
    }
}

#[test]
fn a_book_known_by_its_no_token_alone_asks_for_a_snapshot_too() {
    let mut run = Run::triangle();
    let half = run.snapshot("a", "no", 60, 70);
    run.ws(&[half]);
    let off = run.change_of("a", "no", "BUY", "0.605", 5);
    run.ws(&[off]);
    assert_eq!(resnapshot(&run), [0], "the doubt is about the market's one book");
}

#[test]
fn a_cross_that_lasts_asks_for_a_snapshot() {
    let mut run = Run::triangle();
    run.book("a", 30, 40);
    let cross = run.change("a", "BUY", 45, 5);
    run.ws(&[cross]);
    assert!(resnapshot(&run).is_empty());
    run.venue_ms += 1;
    let still = run.change("a", "BUY", 44, 5);
    run.ws(&[still]);
    assert_eq!(resnapshot(&run), [0]);
}

#[test]
fn a_message_that_mixes_up_markets_names_both_of_them() {
    let mut run = Run::triangle();
    run.book("a", 30, 40);
    run.book("b", 30, 40);
    let mixed = run.change("a", "BUY", 31, 5).replace(&condition("a"), &condition("b"));
    run.ws(&[mixed.clone(), mixed]);
    let mut found: Vec<u32> = asked(&run).mismatched.iter().map(|market| market.0).collect();
    found.sort_unstable();
    assert_eq!(found, [0, 1], "each once: neither may be traded until somebody looked (F-09)");
    let books = run.engine.books().expect("books");
    assert_eq!((books.mapping_errors(MarketIx(0)), books.mapping_errors(MarketIx(1))), (2, 2));
    assert_eq!(resnapshot(&run), [1, 0], "in the order in which they were touched");
}

#[test]
fn a_message_of_an_unknown_market_with_a_known_token_names_the_tokens_market() {
    let mut run = Run::triangle();
    run.book("a", 30, 40);
    for (from, to) in [(condition("a"), condition("z")), (token("a", "yes"), token("z", "yes"))] {
        let mixed = run.change("a", "BUY", 31, 5).replace(&from, &to);
        run.ws(&[mixed]);
        assert_eq!(asked(&run).mismatched, [MarketIx(0)], "{to}");
    }
    let foreign = run.change("z", "BUY", 31, 5);
    run.ws(&[foreign]);
    assert_eq!(run.engine.attention(), None, "somebody else's market is nobody's mix-up");
}
