//! The registry finds what it was given, nothing else, and refuses what would be ambiguous.
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

use razor_core::ids::{MarketIx, Outcome, Registry, RegistryError, TokenIx};
use razor_sim::rng::Rng;

fn digits(rng: &mut Rng, count: usize) -> String {
    (0..count).map(|_| char::from_digit(rng.below(10), 10).expect("digit")).collect()
}

#[test]
fn twenty_thousand_tokens_are_found_by_their_full_text_only() {
    let mut rng = Rng::new(4);
    let mut registry = Registry::default();
    let texts: Vec<[String; 3]> = (0..10_000)
        .map(|_| {
            [format!("0x{}", digits(&mut rng, 64)), digits(&mut rng, 77), digits(&mut rng, 77)]
        })
        .collect();
    for (index, [condition, yes, no]) in texts.iter().enumerate() {
        let market = MarketIx(u32::try_from(index).expect("index"));
        registry.define(market, condition, [yes, no]).expect("define");
    }
    for (index, [condition, yes, no]) in texts.iter().enumerate() {
        let market = MarketIx(u32::try_from(index).expect("index"));
        assert_eq!(registry.market(condition.as_bytes()), Some(market));
        assert_eq!(registry.token(yes.as_bytes()), Some(TokenIx::of(market, Outcome::Yes)));
        assert_eq!(registry.token(no.as_bytes()), Some(TokenIx::of(market, Outcome::No)));
        assert_eq!(registry.token(condition.as_bytes()), None, "conditions are no tokens");
        let mut near = yes.clone().into_bytes();
        near[20] = if near[20] == b'0' { b'1' } else { b'0' };
        assert_eq!(registry.token(&near), None, "a digit the hash may not look at");
        assert_eq!(registry.token_text(TokenIx::of(market, Outcome::No)), Some(no.as_bytes()));
    }
    assert_eq!(registry.market_count(), 10_000);
}

#[test]
fn short_synthetic_names_and_an_unknown_no_token_work() {
    let mut registry = Registry::default();
    assert_eq!(registry.token(b"a"), None);
    for index in 0..500_u32 {
        let name = format!("btc-updown-{index}-15m-1777410900");
        registry.define(MarketIx(index), &name, [&name, ""]).expect("define");
    }
    assert_eq!(registry.token(b"btc-updown-77-15m-1777410900"), Some(TokenIx(154)));
    assert_eq!(registry.token(b""), None);
    assert_eq!(registry.token_text(TokenIx(155)), None);
    assert_eq!(registry.condition_text(MarketIx(500)), None);
}

#[test]
fn ambiguous_definitions_are_refused_and_change_nothing() {
    let mut registry = Registry::default();
    registry.define(MarketIx(0), "c0", ["y0", "n0"]).expect("define");
    let mut refuse = |market, condition, tokens, error| {
        assert_eq!(registry.define(MarketIx(market), condition, tokens), Err(error));
        assert_eq!(registry.market_count(), 1);
        assert_eq!(registry.token(b"fresh"), None);
    };
    let taken = |owner| RegistryError::TokenTaken { owner: TokenIx(owner) };
    refuse(1, "c1", ["fresh", "n0"], taken(1));
    refuse(1, "c1", ["y0", "fresh"], taken(0));
    refuse(1, "c1", ["fresh", "fresh"], taken(2));
    refuse(1, "c0", ["fresh", "n1"], RegistryError::ConditionTaken { owner: MarketIx(0) });
    refuse(1, "", ["fresh", "n1"], RegistryError::Empty);
    refuse(1, "c1", ["", "fresh"], RegistryError::Empty);
    refuse(1, "c1", ["fresh", "n\"1"], RegistryError::NotPlain);
    let order = RegistryError::OutOfOrder { next: MarketIx(1), found: MarketIx(3) };
    refuse(3, "c1", ["fresh", "n1"], order);
}
