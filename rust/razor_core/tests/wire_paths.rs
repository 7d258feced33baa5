//! The predicted path and the strict path give the same result or the same refusal on any bytes.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::similar_names,
    reason = "a test stops loudly where the core must not"
)]

use proptest::prelude::*;
use razor_core::ids::Registry;
use razor_core::wire::{Frame, Kind, Limits, decode, decode_predicted, decode_strict};
use razor_sim::feedgen::{Feed, FeedConfig};
use razor_sim::rng::Rng;

fn registry(feed: &Feed) -> Registry {
    let mut registry = Registry::default();
    for (index, market) in feed.universe.markets().iter().enumerate() {
        let index = razor_core::ids::MarketIx(u32::try_from(index).expect("index"));
        let [yes, no] = &market.token_ids;
        registry.define(index, &market.condition_id, [yes, no]).expect("define");
    }
    registry
}

/// Decodes on both paths, compares, and tells whether the frame was accepted.
fn same_on_both(bytes: &[u8], kind: Kind, registry: &Registry) -> bool {
    let (mut mixed, mut strict) = (Frame::default(), Frame::default());
    let limits = Limits::default();
    let first = decode(bytes, kind, registry, limits, &mut mixed);
    let second = decode_strict(bytes, kind, registry, limits, &mut strict);
    assert_eq!(first, second, "{}", String::from_utf8_lossy(bytes));
    assert_eq!(mixed, strict, "{}", String::from_utf8_lossy(bytes));
    if first.is_err() {
        assert_eq!(mixed, Frame::default(), "a refused frame leaves nothing behind");
    }
    first.is_ok()
}

/// The same messages in the other spacing, and books in the spelling of REST.
fn respelled(frame: &[u8], how: u32) -> (Vec<u8>, Kind) {
    let text = String::from_utf8(frame.to_vec()).expect("text");
    let text = match how {
        0 => return (frame.to_vec(), Kind::Ws),
        1 => text.replace(", ", ","),
        2 => text.replace(",\"", ", \"").replace("},{", "}, {"),
        _ => {
            let rest = text
                .replace("],\"tick_size\"", "],\"min_order_size\":\"5\",\"tick_size\"")
                .replace("\"event_type\":\"book\"", "\"neg_risk\":false");
            return (rest.trim_matches(['[', ']', '\n']).as_bytes().to_vec(), Kind::Rest);
        }
    };
    (text.into_bytes(), Kind::Ws)
}

/// One to three wounds: flips, cuts, doublings, swaps with other parts of the frame.
fn wound(bytes: &mut Vec<u8>, rng: &mut Rng) {
    const SPICE: &[u8] = b"\"\\{}[]:,.0123456789eE-+ \n\x00\xff\xc3tfnBUYSELL";
    for _ in 0..=rng.below(3) {
        let len = u32::try_from(bytes.len()).expect("length");
        let at = rng.below(len.max(1)) as usize;
        let span = rng.below(12) as usize;
        let end = (at + span).min(bytes.len());
        match rng.below(6) {
            0 if at < bytes.len() => bytes[at] = SPICE[rng.below(SPICE.len() as u32) as usize],
            1 => bytes.insert(at, SPICE[rng.below(SPICE.len() as u32) as usize]),
            2 => drop(bytes.drain(at..end)),
            3 => bytes.truncate(at),
            4 => {
                let piece = bytes[at..end].to_vec();
                let to = rng.below(len.max(1)) as usize;
                bytes.splice(to.min(bytes.len())..to.min(bytes.len()), piece);
            }
            _ if at < bytes.len() => bytes[at] = bytes[at].wrapping_add(1),
            _ => {}
        }
    }
}

#[test]
fn generated_frames_are_accepted_alike_in_every_spelling() {
    let feed = Feed::generate(FeedConfig { messages: 3_000, ..FeedConfig::default() });
    let registry = registry(&feed);
    let mut predicted = [0_u32; 4];
    for bytes in feed.messages() {
        for how in 0..4 {
            let (text, kind) = respelled(bytes, how);
            let accepted = same_on_both(&text, kind, &registry);
            assert!(accepted || how == 3, "{}", String::from_utf8_lossy(&text));
            let hit = decode_predicted(&text, kind, &registry, &mut Frame::default());
            predicted[how as usize] += u32::from(hit);
        }
    }
    // Changes and books of the first three spellings, single books of the fourth.
    assert!(predicted[..3].iter().all(|hits| *hits > 2_700), "{predicted:?}");
    assert!(predicted[3] > 80, "{predicted:?}");
}

#[test]
fn wounded_frames_are_refused_or_accepted_alike() {
    let config = FeedConfig { messages: 4_000, markets: 20, levels: 5, ..FeedConfig::default() };
    let feed = Feed::generate(config);
    let registry = registry(&feed);
    let mut rng = Rng::new(99);
    let (mut accepted, mut refused) = (0_u32, 0_u32);
    for bytes in feed.messages() {
        for how in 0..4 {
            for _ in 0..4 {
                let (mut text, kind) = respelled(bytes, how);
                wound(&mut text, &mut rng);
                if same_on_both(&text, kind, &registry) { accepted += 1 } else { refused += 1 }
            }
        }
    }
    assert!(accepted > 1_000 && refused > 30_000, "{accepted} {refused}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn any_bytes_are_taken_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let registry = Registry::default();
        same_on_both(&bytes, Kind::Ws, &registry);
        same_on_both(&bytes, Kind::Rest, &registry);
    }

    #[test]
    fn any_json_like_text_is_taken_without_a_panic(
        text in r#"(\[|\{|\]|\}|,|:|"(market|price|size|bids|asks|event_type|book)"|"[^"]{0,3}"|[0-9.eE+-]{1,4}|true|null| ){0,60}"#
    ) {
        same_on_both(text.as_bytes(), Kind::Ws, &Registry::default());
    }

    #[test]
    fn any_number_in_a_level_is_read_alike(price in "[0-9.eE\"-]{0,8}", size in "[0-9.]{0,20}") {
        let feed = Feed::generate(FeedConfig { messages: 0, markets: 1, levels: 3, ..FeedConfig::default() });
        let registry = registry(&feed);
        let market = &feed.universe.markets()[0];
        let text = format!(
            "[{{\"market\":\"{}\",\"asset_id\":\"{}\",\"timestamp\":\"1791258810641\",\"hash\":\"{}\",\
             \"bids\":[{{\"price\":\"{price}\",\"size\":\"{size}\"}}],\"asks\":[],\"tick_size\":\"0.01\",\
             \"event_type\":\"book\",\"last_trade_price\":\"{price}\"}}]",
            market.condition_id, market.token_ids[0], "a".repeat(40),
        );
        same_on_both(text.as_bytes(), Kind::Ws, &registry);
    }
}

#[test]
fn cost_grows_in_step_with_length() {
    // A million openings, keys or changes must end at once, not explode or overflow the stack.
    let registry = Registry::default();
    for unit in ["[", "{\"a\":", "\"", "{\"price_changes\":[", "9", "\\"] {
        let text = unit.repeat(1 << 20);
        same_on_both(text.as_bytes(), Kind::Ws, &registry);
    }
}
