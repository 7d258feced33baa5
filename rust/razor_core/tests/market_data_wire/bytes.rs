//! Limits, cuts, wounds, samples and reuse.

use super::refusals::{one_book, typed};
use super::spelling::*;
use super::*;

#[test]
fn limits_hold_on_both_sides() {
    for len in [10, 17, 400] {
        let pad = format!("{{\"event_type\":\"x\"}}{}", " ".repeat(len));
        let total = pad.len();
        let at = |cap: usize| {
            read_with(pad.as_bytes(), Kind::Ws, Limits { frame_bytes: cap, depth: 16 }).map(|_| ())
        };
        assert_eq!(at(total), Ok(()));
        assert_eq!(at(total - 1), Err(Refusal::TooLong { len: total, cap: total - 1 }));
    }
    let beyond = Limits { frame_bytes: usize::MAX, depth: 16 };
    assert!(read_with(b"PONG", Kind::Ws, beyond).is_ok(), "no cap is no reason to fail");
    // A book nests four deep: array, message, level array, level.
    let book = format!("[{}]", one_book("{\"price\":\"0.5\",\"size\":\"1\"}", ""));
    for (depth, good) in [(3, false), (4, true), (5, true), (0, false)] {
        let limits = Limits { depth, ..Limits::default() };
        assert_eq!(read_with(book.as_bytes(), Kind::Ws, limits).is_ok(), good, "{depth}");
    }
    for depth in 1..40_u32 {
        let inner = depth as usize - 1;
        let nested = |more: usize| {
            let n = inner + more;
            format!("{{\"event_type\":\"x\",\"x\":{}{}}}", "[".repeat(n), "]".repeat(n))
        };
        let limits = Limits { depth, ..Limits::default() };
        if inner > 0 {
            assert!(read_with(nested(0).as_bytes(), Kind::Ws, limits).is_ok(), "{depth}");
        }
        let refused = read_with(nested(1).as_bytes(), Kind::Ws, limits);
        assert!(matches!(refused, Err(Refusal::TooDeep { cap, .. }) if cap == depth), "{depth}");
    }
}

#[test]
fn every_cut_of_a_frame_is_refused() {
    let mut rng = Rng::new(5);
    for kind in 0..TYPES {
        let (json, _) = message(&mut rng, kind);
        let text = json.spelled(Spelling { blank: "", order: 0, quotes: true, more_keys: true });
        for cut in 0..text.len() {
            let Some(part) = text.get(..cut) else { continue };
            assert!(read(part, Kind::Ws).is_err(), "{part}");
        }
    }
}

#[test]
fn one_changed_byte_never_makes_the_two_paths_differ() {
    let mut rng = Rng::new(6);
    let bytes = b"\"{}[],:0123456789.eE+-tfn \\\n\x00\x7f\x80\xff";
    for _ in 0..20_000 {
        let kind = rng.index(3);
        let (json, _) = message(&mut rng, kind);
        let how =
            Spelling { blank: ["", " "][rng.index(2)], order: 0, quotes: true, more_keys: false };
        let mut frame = json.spelled(how).into_bytes();
        let at = rng.index(frame.len());
        frame[at] = bytes[rng.index(bytes.len())];
        // Agreement is asserted inside.
        let _ = read_with(&frame, Kind::Ws, Limits::default());
    }
}

#[test]
fn texts_of_unregistered_markets_are_kept_as_they_came() {
    let text = typed("best_bid_ask", ",\"best_bid\":\"\",\"best_ask\":\"0.5\"")
        .replace(CONDITION, "0xé")
        .replace(YES, "77");
    let frame = read(&text, Kind::Ws).expect("accepted");
    assert_eq!(shown(&frame, text.as_bytes()), format!("top None=0xé None=77 at {AT} - 5000\n"));
}

#[test]
fn times_are_whole_seconds_or_milliseconds_of_this_era() {
    for (written, ms) in [
        ("1000000000", Some(1_000_000_000_000)),
        ("9999999999", Some(9_999_999_999_000)),
        ("1000000000000", Some(1_000_000_000_000)),
        ("9999999999999", Some(9_999_999_999_999)),
        ("999999999", None),
        ("10000000000", None),
        ("999999999999", None),
        ("10000000000000", None),
        ("1791258810641.0", Some(1_791_258_810_641)),
    ] {
        for text in
            [one_book("", ""), one_book("", "").replace(&format!("\"{AT}\""), &AT.to_string())]
        {
            let text = text.replace(&AT.to_string(), written);
            let found = read(&text, Kind::Ws).ok().map(|frame| match frame.messages[0] {
                Message::Book(book) => book.venue_ts_ms,
                _ => panic!("book"),
            });
            assert_eq!(found, ms, "{written}");
        }
    }
}

#[test]
fn published_samples_read_as_documented_or_are_refused_for_their_order() {
    let root = std::env::var_os("RAZOR_SHARED_DATA").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
        PathBuf::from,
    );
    let folder = root.join("venue-message-samples");
    if !folder.is_dir() {
        eprintln!("skipped: no message samples here; set RAZOR_SHARED_DATA to the recordings");
        return;
    }
    let token = "71321045679252212594626385532706912750332728571942532289631379312455583992563";
    let market = "0xdd22472e552920b8438158ea7238bfadfa4f736aa4cee91a6b86c39ead110917";
    let both = format!("None={market} None={token}");
    let cases: [(&str, Kind, Result<String, Refusal>); 12] = [
        ("ws_market_best_bid_ask_msg", Kind::Ws, Ok("top None=0x0005c0d312de0be897668695bae9f32b624b4a1ae8b140c49f08447fcc74f442 None=85354956062430465315924116860125388538595433819574542752031640332592237464430 at 1766789469958 7300 7700\n".into())),
        // Written best first; the venue sends best last, and a book in doubt is not guessed at.
        ("ws_market_book_msg", Kind::Ws, Err(Refusal::Unsorted)),
        ("clob_book_response", Kind::Rest, Err(Refusal::Unsorted)),
        ("ws_book_snapshot", Kind::Rest, Ok(format!("book {both} at 1703875200000 hash - bids 4800x500000000 4900x350000000 5000x200000000 asks 5300x400000000 5200x250000000 5100x150000000 tick None min None neg None last -\n"))),
        ("ws_book_snapshot", Kind::Ws, Err(Refusal::MissingKey { key: "event_type" })),
        ("ws_market_last_trade_msg", Kind::Ws, Ok(format!("trade {both} at 1703875202000 510000 25000000 Buy tx -\n"))),
        ("ws_market_price_change_msg", Kind::Ws, Ok(format!("change None={market} at 1703875201000\n  None={token} 5100 Buy 150000000 hash - bid 5100 ask 5200\n"))),
        ("ws_market_tick_size_msg", Kind::Ws, Ok(format!("tick {both} at 1703875210000 100000 to 10000\n"))),
        ("ws_market_new_market_msg", Kind::Ws, Ok("new None=0x311d0c4b6671ab54af4970c06fcf58662516f5168997bdda209ec3db5aa6b0c1\n".into())),
        ("ws_market_resolved_msg", Kind::Ws, Ok("resolved None=0x311d0c4b6671ab54af4970c06fcf58662516f5168997bdda209ec3db5aa6b0c1 None=76043073756653678226373981964075571318267289248134717369284518995922789326425\n".into())),
        ("ws_user_order_msg", Kind::Ws, Ok("unknown\n".into())),
        ("ws_user_trade_msg", Kind::Ws, Ok("unknown\n".into())),
    ];
    for (name, kind, expected) in cases {
        let text = std::fs::read_to_string(folder.join(format!("{name}.json"))).expect("sample");
        let found = read(&text, kind).map(|frame| shown(&frame, text.as_bytes()));
        assert_eq!(found, expected, "{name}");
    }
}

#[test]
fn a_frame_is_reused_without_a_trace_of_the_one_before() {
    let mut rng = Rng::new(7);
    let registry = registry();
    let mut used = Frame::default();
    for round in 0..2_000 {
        let kind = rng.index(TYPES);
        let (json, _) = message(&mut rng, kind);
        let mut text =
            json.spelled(Spelling { blank: "", order: round, quotes: true, more_keys: false });
        if rng.chance(30) {
            text.truncate(text.len() / 2);
        }
        let mut fresh = Frame::default();
        let again = decode(text.as_bytes(), Kind::Ws, &registry, Limits::default(), &mut used);
        assert_eq!(
            again,
            decode(text.as_bytes(), Kind::Ws, &registry, Limits::default(), &mut fresh)
        );
        assert_eq!(used, fresh);
    }
}
