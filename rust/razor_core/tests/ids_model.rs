//! The registry and the universe against models: any texts, any order, every kind of collision.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::expect_used,
    clippy::format_collect,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::similar_names,
    clippy::too_many_lines,
    clippy::unwrap_used,
    reason = "a test stops loudly where the core must not"
)]

use std::collections::BTreeMap;

use razor_core::ids::{MarketIx, Outcome, Registry, RegistryError, SetIx, TokenIx};
use razor_core::market::{
    DefinitionError, Fees, MAX_LEGS, MarketDef, SetDef, SetKind, Settlement, Universe,
};
use razor_core::units::{Qty, TickSize};
use razor_sim::rng::Rng;

/// What the registry must know, kept in ordinary maps.
#[derive(Default)]
struct Model {
    conditions: BTreeMap<String, u32>,
    tokens: BTreeMap<String, u32>,
}

impl Model {
    /// The rules of a definition, in the order in which they are asked.
    fn define(
        &mut self,
        market: u32,
        condition: &str,
        tokens: [&str; 2],
    ) -> Result<(), RegistryError> {
        let next = self.conditions.len() as u32;
        if market != next {
            return Err(RegistryError::OutOfOrder {
                next: MarketIx(next),
                found: MarketIx(market),
            });
        }
        if condition.is_empty() || tokens[0].is_empty() {
            return Err(RegistryError::Empty);
        }
        let is_bad = |letter: char| letter < ' ' || letter == '"' || letter == '\\';
        if [condition, tokens[0], tokens[1]].iter().any(|text| text.contains(is_bad)) {
            return Err(RegistryError::NotPlain);
        }
        if let Some(owner) = self.conditions.get(condition) {
            return Err(RegistryError::ConditionTaken { owner: MarketIx(*owner) });
        }
        for text in tokens {
            if let Some(owner) = self.tokens.get(text) {
                return Err(RegistryError::TokenTaken { owner: TokenIx(*owner) });
            }
        }
        if tokens[0] == tokens[1] {
            return Err(RegistryError::TokenTaken { owner: TokenIx(market * 2) });
        }
        self.conditions.insert(condition.to_owned(), market);
        for (text, index) in tokens.into_iter().zip([market * 2, market * 2 + 1]) {
            if !text.is_empty() {
                self.tokens.insert(text.to_owned(), index);
            }
        }
        Ok(())
    }
}

/// Short texts from a small alphabet, so that most definitions collide with something.
fn text(rng: &mut Rng) -> String {
    let letters = ["a", "b", "0x", "7", "é", "\"", "\\", "\n", ""];
    let common = if rng.chance(95) { 5 } else { letters.len() };
    (0..rng.below(5)).map(|_| letters[rng.index(common)]).collect()
}

#[test]
fn any_sequence_of_definitions_answers_like_the_model() {
    let (mut refusals, mut taken) = (BTreeMap::new(), 0);
    for seed in 0..30 {
        let mut rng = Rng::new(seed);
        let (mut registry, mut model) = (Registry::default(), Model::default());
        for _ in 0..400 {
            let next = model.conditions.len() as u32;
            let market = if rng.chance(3) { next + rng.below(3) } else { next };
            let [condition, yes, no] = [0; 3].map(|_| text(&mut rng));
            let expected = model.define(market, &condition, [&yes, &no]);
            assert_eq!(registry.define(MarketIx(market), &condition, [&yes, &no]), expected);
            match expected {
                Ok(()) => taken += 1,
                Err(error) => {
                    *refusals.entry(format!("{error:?}")[..5].to_owned()).or_insert(0) += 1;
                }
            }
            let probe = text(&mut rng);
            assert_eq!(
                registry.token(probe.as_bytes()).map(|token| token.0),
                model.tokens.get(&probe).copied(),
                "{probe}"
            );
            assert_eq!(
                registry.market(probe.as_bytes()).map(|market| market.0),
                model.conditions.get(&probe).copied(),
                "{probe}"
            );
        }
        assert_eq!(registry.market_count(), model.conditions.len());
        for (text, index) in &model.tokens {
            assert_eq!(registry.token_text(TokenIx(*index)), Some(text.as_bytes()));
        }
        for (text, index) in &model.conditions {
            assert_eq!(registry.condition_text(MarketIx(*index)), Some(text.as_bytes()));
        }
    }
    assert!(taken > 300 && refusals.len() == 5, "every refusal was met: {taken} {refusals:?}");
}

/// Texts of the length of the venue's that agree wherever a long text is looked at by the hash:
/// bytes 8..16, 32..40 and the last eight.
fn colliding(number: u32) -> String {
    format!(
        "{number:08}{}{:016}{}{number:022}{}",
        "1".repeat(8),
        number * 7,
        "2".repeat(8),
        "3".repeat(14)
    )
}

#[test]
fn texts_with_one_hash_are_told_apart_by_their_letters() {
    let mut registry = Registry::default();
    for number in 0..600 {
        let name = colliding(number);
        assert_eq!(name.len(), 76);
        let condition = format!("c{number}");
        registry.define(MarketIx(number), &condition, [&name, ""]).expect("define");
    }
    for number in 0..600 {
        let market = MarketIx(number);
        assert_eq!(
            registry.token(colliding(number).as_bytes()),
            Some(TokenIx::of(market, Outcome::Yes))
        );
    }
    assert_eq!(registry.token(colliding(600).as_bytes()), None);
    let taken = registry.define(MarketIx(600), "c600", ["fresh", &colliding(5)]);
    assert_eq!(taken, Err(RegistryError::TokenTaken { owner: TokenIx(10) }));
}

#[test]
fn texts_of_every_length_are_found_whole_and_not_by_their_parts() {
    let mut registry = Registry::default();
    let base: String = (0..200_u8).map(|index| char::from(b'a' + index % 26)).collect();
    for len in 1..=200_usize {
        let market = MarketIx(len as u32 - 1);
        registry.define(market, &base[..len], [&base[200 - len..], ""]).expect("define");
    }
    for len in 1..=200_usize {
        let market = MarketIx(len as u32 - 1);
        assert_eq!(registry.market(&base.as_bytes()[..len]), Some(market));
        assert_eq!(
            registry.token(&base.as_bytes()[200 - len..]),
            Some(TokenIx::of(market, Outcome::Yes))
        );
    }
    assert_eq!(registry.market(b""), None);
    assert_eq!(registry.market(format!("{base}a").as_bytes()), None);
}

#[test]
fn growth_loses_nothing_at_any_size() {
    let mut registry = Registry::default();
    for number in 0..5_000_u32 {
        let names = [format!("y{number}"), format!("n{number}")];
        registry
            .define(MarketIx(number), &format!("c{number}"), [&names[0], &names[1]])
            .expect("define");
        if number.is_power_of_two() || number % 997 == 0 {
            for known in 0..=number {
                let yes = registry.token(format!("y{known}").as_bytes());
                assert_eq!(yes, Some(TokenIx(known * 2)), "{number}");
                let no = registry.token(format!("n{known}").as_bytes());
                assert_eq!(no, Some(TokenIx(known * 2 + 1)), "{number}");
            }
        }
    }
    assert_eq!(registry.token_texts(MarketIx(4_999)), Some([&b"y4999"[..], b"n4999"]));
    assert_eq!(registry.token_texts(MarketIx(5_000)), None);
}

// --- the universe --------------------------------------------------------------------------------

fn market(name: u32) -> MarketDef {
    MarketDef {
        condition_id: format!("c{name}").into(),
        token_ids: [format!("y{name}").into(), format!("n{name}").into()],
        label: "".into(),
        tick: TickSize::CENT,
        min_order_qty: Qty(5_000_000),
        fees: Fees::Unknown,
        neg_risk: false,
        end_ms: 0,
    }
}

fn set(legs: &[u32]) -> SetDef {
    SetDef {
        key: "k".into(),
        kind: SetKind::Group,
        legs: legs.iter().map(|leg| TokenIx(*leg)).collect(),
        settlement: Settlement::Unproven,
    }
}

#[test]
fn tokens_and_markets_are_each_others_index() {
    for number in [0, 1, 2, 77, 1 << 20, (1 << 31) - 1] {
        for outcome in [Outcome::Yes, Outcome::No] {
            let token = TokenIx::of(MarketIx(number), outcome);
            assert_eq!(token.split(), (MarketIx(number), outcome), "{number}");
        }
    }
}

#[test]
fn a_set_has_from_2_to_64_different_defined_tokens() {
    let mut universe = Universe::default();
    for name in 0..40 {
        assert_eq!(universe.add_market(market(name)), Ok(MarketIx(name)));
    }
    let all: Vec<u32> = (0..80).collect();
    let mut next = 0;
    for count in 0..=80_usize {
        let result = universe.add_set(set(&all[..count]));
        if (2..=MAX_LEGS).contains(&count) {
            assert_eq!(result, Ok(SetIx(next)));
            next += 1;
        } else {
            assert_eq!(result, Err(DefinitionError::BadLegs { legs: count }));
        }
    }
    for legs in [&[0, 80][..], &[0, u32::MAX], &[3, 3], &[1, 2, 1], &[79, 80]] {
        let error = DefinitionError::BadLegs { legs: legs.len() };
        assert_eq!(universe.add_set(set(legs)), Err(error), "{legs:?}");
    }
    assert_eq!(universe.sets().len(), next as usize, "what was refused is not there");
    assert_eq!(universe.add_set(set(&[79, 0])), Ok(SetIx(next)), "the order of legs is free");
    assert_eq!(universe.set(SetIx(next)).map(|set| set.legs[0]), Some(TokenIx(79)));
    assert_eq!(universe.set(SetIx(next + 1)), None);
}

#[test]
fn the_strategy_word_follows_from_the_number_of_legs() {
    for count in 2..=MAX_LEGS as u32 {
        let word = match count {
            2 => "binary",
            3 => "triangle",
            _ => "basket",
        };
        assert_eq!(set(&(0..count).collect::<Vec<_>>()).strategy(), word);
    }
}

#[test]
fn a_set_is_checked_alone_like_in_the_universe() {
    for (legs, good) in
        [(&[][..], false), (&[1], false), (&[1, 2], true), (&[2, 2], false), (&[9, 1, 5], true)]
    {
        assert_eq!(set(legs).check().is_ok(), good, "{legs:?}");
    }
}

#[test]
fn every_refusal_says_the_remedy() {
    for (error, word) in [
        (RegistryError::TokenTaken { owner: TokenIx(1) }.to_string(), "remove"),
        (RegistryError::ConditionTaken { owner: MarketIx(1) }.to_string(), "remove"),
        (RegistryError::Empty.to_string(), "need a text"),
        (RegistryError::NotPlain.to_string(), "correct"),
        (RegistryError::OutOfOrder { next: MarketIx(1), found: MarketIx(3) }.to_string(), "next"),
        (RegistryError::Full.to_string(), "fewer"),
        (DefinitionError::BadLegs { legs: 1 }.to_string(), "2..=64"),
        (DefinitionError::TokenTaken { owner: MarketIx(1) }.to_string(), "remove"),
    ] {
        assert!(error.contains(word), "{error}");
    }
}
