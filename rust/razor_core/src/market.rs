//! What razor knows about markets and the sets formed over them.
//!
//! Owns: [`MarketDef`] (one binary condition), [`SetDef`] (outcome tokens that together pay one
//! dollar) and [`Universe`], the ordered list of both that the integers of [`crate::ids`] index.
//!
//! Must never: fill in a fact the venue did not give. An unknown fee schedule stays unknown.
//!
//! Invariants: indices are positions in the lists and never move; a set has 2..=64 legs, names each
//! token once and only tokens that are defined.

use std::collections::{BTreeMap, BTreeSet};

use thiserror::Error;

use crate::ids::{MarketIx, Outcome, SetIx, TokenIx};
use crate::units::{Qty, TickSize};

/// The most legs a set may have.
pub const MAX_LEGS: usize = 64;

/// A market's fee schedule as the venue states it (PROTOCOL §2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fees {
    /// The venue has not told; nothing may be computed from it.
    Unknown,
    /// The venue says the market charges nothing.
    Free,
    /// `fee = C · rate · (p·(1−p))^exponent`, takers only.
    Taker {
        /// Rate in millionths (0.07 is 70,000).
        rate_ppm: u32,
        /// Exponent of `p·(1−p)`.
        exponent: u8,
    },
}

/// One binary market: a condition with two outcome tokens and one book.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MarketDef {
    /// Condition id as the wire spells it; the `market` of messages.
    pub condition_id: Box<str>,
    /// Token ids as the wire spells them, `outcomes[0]` first.
    pub token_ids: [Box<str>; 2],
    /// Question or slug, for people. Untrusted text.
    pub label: Box<str>,
    /// Price grid when the definition was read.
    pub tick: TickSize,
    /// Smallest order the venue takes.
    pub min_order_qty: Qty,
    /// Fee schedule.
    pub fees: Fees,
    /// Whether the market belongs to a neg-risk group (changes exchange and book hash).
    pub neg_risk: bool,
    /// Scheduled end in ms since the epoch; 0 when the venue gives none. Not a trading cut-off.
    pub end_ms: i64,
}

/// How a complete set turns into cash on the venue basis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Settlement {
    /// YES and NO of one market merge at once.
    Merge,
    /// All YES of an exclusive and exhaustive group: paid at resolution (v1 neg-risk).
    HoldToResolution,
    /// Nothing is known about how the set pays (imported quotes of unproven groups).
    Unproven,
}

/// What kind of set this is; the strategy name of the frozen tables follows from the leg count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SetKind {
    /// Both outcomes of one market.
    Binary,
    /// One outcome of each of several exclusive markets.
    Group,
}

/// A set of outcome tokens that together pay one dollar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetDef {
    /// What `market_id` says in the tables: condition id, else neg-risk group, else event, else
    /// the key of the imported set (ARCHITECTURE §7).
    pub key: Box<str>,
    /// Kind.
    pub kind: SetKind,
    /// Legs in table order.
    pub legs: Vec<TokenIx>,
    /// How the set pays.
    pub settlement: Settlement,
}

impl SetDef {
    /// Whether it has 2..=[`MAX_LEGS`] different legs.
    ///
    /// # Errors
    /// [`DefinitionError::BadLegs`].
    pub fn check(&self) -> Result<(), DefinitionError> {
        let legs = self.legs.len();
        let mut sorted = self.legs.clone();
        sorted.sort_unstable();
        sorted.dedup();
        let is_good = (2..=MAX_LEGS).contains(&legs) && sorted.len() == legs;
        if is_good { Ok(()) } else { Err(DefinitionError::BadLegs { legs }) }
    }

    /// The strategy word of the tables: `binary`, `triangle`, else `basket`.
    pub fn strategy(&self) -> &'static str {
        match self.legs.len() {
            2 => "binary",
            3 => "triangle",
            _ => "basket",
        }
    }
}

/// Why a definition was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum DefinitionError {
    /// A token id is already defined.
    #[error("token id is already defined by market {owner:?}; remove the second definition")]
    TokenTaken {
        /// The market that has it.
        owner: MarketIx,
    },
    /// A set with too few or too many legs, a repeated or an unknown token.
    #[error("a set needs 2..=64 different, defined tokens; this one has {legs} legs")]
    BadLegs {
        /// Legs given.
        legs: usize,
    },
    /// More definitions than an index can name.
    #[error("too many definitions for 32-bit indices")]
    Full,
}

/// Keys and legs of sets, for asking whether one is there; a feed may repeat thousands at once.
#[derive(Debug, Clone, Default)]
pub struct SetNames {
    legs_of: BTreeMap<Box<str>, BTreeSet<Vec<TokenIx>>>,
}

impl SetNames {
    /// Whether a set of this key and these legs, in this order, is there. Logarithmic.
    pub fn contains(&self, key: &str, legs: &[TokenIx]) -> bool {
        self.legs_of.get(key).is_some_and(|known| known.contains(legs))
    }

    /// Adds the name of a set.
    pub fn insert(&mut self, set: &SetDef) {
        self.legs_of.entry(set.key.clone()).or_default().insert(set.legs.clone());
    }
}

/// All markets and sets of a run, in order of definition.
#[derive(Debug, Clone, Default)]
pub struct Universe {
    markets: Vec<MarketDef>,
    sets: Vec<SetDef>,
    names: SetNames,
}

impl Universe {
    /// Adds a market; its tokens get the indices `2·market` (YES) and `2·market + 1` (NO).
    ///
    /// Uniqueness of token ids is the registry's business ([`crate::ids`]); this only appends.
    ///
    /// # Errors
    /// [`DefinitionError::Full`].
    pub fn add_market(&mut self, market: MarketDef) -> Result<MarketIx, DefinitionError> {
        let index = u32::try_from(self.markets.len()).map_err(|_| DefinitionError::Full)?;
        index.checked_mul(2).and_then(|i| i.checked_add(1)).ok_or(DefinitionError::Full)?;
        self.markets.push(market);
        Ok(MarketIx(index))
    }

    /// Adds a set over defined tokens.
    ///
    /// # Errors
    /// [`DefinitionError::BadLegs`] or [`DefinitionError::Full`].
    pub fn add_set(&mut self, set: SetDef) -> Result<SetIx, DefinitionError> {
        let legs = set.legs.len();
        let tokens = self.markets.len().saturating_mul(2);
        let defined = set.legs.iter().all(|leg| usize::try_from(leg.0).is_ok_and(|ix| ix < tokens));
        set.check()?;
        if !defined {
            return Err(DefinitionError::BadLegs { legs });
        }
        let index = u32::try_from(self.sets.len()).map_err(|_| DefinitionError::Full)?;
        self.names.insert(&set);
        self.sets.push(set);
        Ok(SetIx(index))
    }

    /// A market by index.
    pub fn market(&self, market: MarketIx) -> Option<&MarketDef> {
        self.markets.get(usize::try_from(market.0).ok()?)
    }

    /// A set by index.
    pub fn set(&self, set: SetIx) -> Option<&SetDef> {
        self.sets.get(usize::try_from(set.0).ok()?)
    }

    /// Markets in order of definition.
    pub fn markets(&self) -> &[MarketDef] {
        &self.markets
    }

    /// Sets in order of definition.
    pub fn sets(&self) -> &[SetDef] {
        &self.sets
    }

    /// Keys and legs of the sets.
    pub fn set_names(&self) -> &SetNames {
        &self.names
    }

    /// The wire text of a token.
    pub fn token_id(&self, token: TokenIx) -> Option<&str> {
        let (market, outcome) = token.split();
        let ids = &self.market(market)?.token_ids;
        Some(match outcome {
            Outcome::Yes => &ids[0],
            Outcome::No => &ids[1],
        })
    }
}

impl TokenIx {
    /// The token of a market's outcome.
    pub fn of(market: MarketIx, outcome: Outcome) -> Self {
        let base = market.0.saturating_mul(2);
        match outcome {
            Outcome::Yes => Self(base),
            Outcome::No => Self(base.saturating_add(1)),
        }
    }

    /// The market and outcome of a token.
    pub fn split(self) -> (MarketIx, Outcome) {
        let outcome = if self.0 & 1 == 0 { Outcome::Yes } else { Outcome::No };
        (MarketIx(self.0 >> 1), outcome)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn market(name: &str) -> MarketDef {
        MarketDef {
            condition_id: name.into(),
            token_ids: [format!("{name}-yes").into(), format!("{name}-no").into()],
            label: name.into(),
            tick: TickSize::CENT,
            min_order_qty: Qty(5_000_000),
            fees: Fees::Unknown,
            neg_risk: false,
            end_ms: 0,
        }
    }

    #[test]
    fn tokens_are_two_per_market_in_order() {
        let mut universe = Universe::default();
        let first = universe.add_market(market("a")).expect("market");
        let second = universe.add_market(market("b")).expect("market");
        let token = TokenIx::of(second, Outcome::No);
        assert_eq!(token, TokenIx(3));
        assert_eq!(token.split(), (second, Outcome::No));
        assert_eq!(universe.token_id(TokenIx::of(first, Outcome::Yes)), Some("a-yes"));
        assert_eq!(universe.token_id(TokenIx(4)), None);
    }

    #[test]
    fn a_set_is_found_by_key_and_legs_in_their_order_only() {
        let mut universe = Universe::default();
        universe.add_market(market("a")).expect("market");
        universe.add_market(market("b")).expect("market");
        let set = |key: &str, legs: [u32; 2]| SetDef {
            key: key.into(),
            kind: SetKind::Group,
            legs: legs.map(TokenIx).to_vec(),
            settlement: Settlement::HoldToResolution,
        };
        let all = [("k", [0, 2]), ("k", [2, 0]), ("k", [1, 3]), ("l", [0, 2]), ("", [0, 2])];
        for (number, (key, legs)) in all.into_iter().enumerate() {
            let is_known = |(key, legs): &(&str, [u32; 2])| {
                universe.set_names().contains(key, &legs.map(TokenIx))
            };
            assert!(all[..number].iter().all(is_known));
            assert!(!all[number..].iter().any(is_known));
            universe.add_set(set(key, legs)).expect("set");
        }
        assert!(universe.add_set(set("m", [0, 9])).is_err());
        assert!(!universe.set_names().contains("m", &[TokenIx(0), TokenIx(9)]), "it was refused");
        assert!(!universe.set_names().contains("k", &[TokenIx(0)]));
    }

    #[test]
    fn a_set_names_each_defined_token_once() {
        let mut universe = Universe::default();
        universe.add_market(market("a")).expect("market");
        let set = |legs: Vec<TokenIx>| SetDef {
            key: "k".into(),
            kind: SetKind::Binary,
            legs,
            settlement: Settlement::Merge,
        };
        assert!(universe.add_set(set(vec![TokenIx(0), TokenIx(1)])).is_ok());
        for legs in [vec![TokenIx(0)], vec![TokenIx(0), TokenIx(0)], vec![TokenIx(0), TokenIx(2)]] {
            let count = legs.len();
            assert_eq!(universe.add_set(set(legs)), Err(DefinitionError::BadLegs { legs: count }));
        }
    }
}
