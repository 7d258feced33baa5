//! The registry: from the venue's texts to razor's integers.
//!
//! Owns: the only copy of token and condition texts behind the decoder, in one arena, and two
//! open-addressing tables over it.
//!
//! Must never: be iterated. The tables exist for lookup by name only, so that no order of any
//! output can depend on a hash.
//!
//! Invariants:
//! - a hit compares the full text, so a hash collision costs time and never a wrong answer;
//! - markets are defined in order, their tokens are `2·market` and `2·market + 1`;
//! - an empty token text means "unknown" and is never found;
//! - a refused definition changes nothing.

use thiserror::Error;

use super::{MarketIx, Outcome, TokenIx};

/// Why a definition was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum RegistryError {
    /// A token text that is already registered.
    #[error("token is already registered as {owner:?}; remove the second definition")]
    TokenTaken {
        /// Who has it.
        owner: TokenIx,
    },
    /// A condition text that is already registered.
    #[error("condition is already registered as {owner:?}; remove the second definition")]
    ConditionTaken {
        /// Who has it.
        owner: MarketIx,
    },
    /// An empty condition or YES token.
    #[error("condition id and YES token need a text; only the NO token may be unknown")]
    Empty,
    /// A text that JSON could not carry without escapes.
    #[error("ids hold no quotes, backslashes or control characters; correct the definition")]
    NotPlain,
    /// A market index that is not the next one.
    #[error("market {found:?} is not the next to define; the next is {next:?}")]
    OutOfOrder {
        /// The index that would be right.
        next: MarketIx,
        /// The index given.
        found: MarketIx,
    },
    /// More text or more names than 32-bit positions can hold.
    #[error("too many names for 32-bit positions; run fewer markets in one process")]
    Full,
}

/// Token and condition texts with their integers. Lookup only.
#[derive(Debug, Clone, Default)]
pub struct Registry {
    arena: Vec<u8>,
    tokens: Table,
    conditions: Table,
    markets: Vec<MarketText>,
}

/// Where a market's three texts lie.
#[derive(Debug, Clone, Copy)]
struct MarketText {
    condition: Place,
    tokens: [Place; 2],
}

impl Registry {
    /// Registers the texts of the next market; `tokens[1]` may be empty (unknown).
    ///
    /// # Errors
    /// [`RegistryError`]; nothing is registered then.
    pub fn define(
        &mut self,
        market: MarketIx,
        condition: &str,
        tokens: [&str; 2],
    ) -> Result<(), RegistryError> {
        self.check(market, condition, tokens)?;
        let places = self.store(condition, tokens)?;
        self.conditions.insert(&self.arena, places.condition, market.0);
        for (place, outcome) in places.tokens.into_iter().zip([Outcome::Yes, Outcome::No]) {
            if place.len > 0 {
                self.tokens.insert(&self.arena, place, TokenIx::of(market, outcome).0);
            }
        }
        self.markets.push(places);
        Ok(())
    }

    fn check(
        &self,
        market: MarketIx,
        condition: &str,
        tokens: [&str; 2],
    ) -> Result<(), RegistryError> {
        let next = u32::try_from(self.markets.len()).map_err(|_| RegistryError::Full)?;
        let last_token = next.checked_mul(2).and_then(|ix| ix.checked_add(1));
        // The value u32::MAX marks a free slot.
        if last_token.is_none_or(|ix| ix == FREE) {
            return Err(RegistryError::Full);
        }
        if market.0 != next {
            return Err(RegistryError::OutOfOrder { next: MarketIx(next), found: market });
        }
        if condition.is_empty() || tokens[0].is_empty() {
            return Err(RegistryError::Empty);
        }
        if ![condition, tokens[0], tokens[1]].into_iter().all(is_plain) {
            return Err(RegistryError::NotPlain);
        }
        if let Some(owner) = self.market(condition.as_bytes()) {
            return Err(RegistryError::ConditionTaken { owner });
        }
        for text in tokens {
            if let Some(owner) = self.token(text.as_bytes()) {
                return Err(RegistryError::TokenTaken { owner });
            }
        }
        if tokens[0] == tokens[1] {
            return Err(RegistryError::TokenTaken { owner: TokenIx::of(market, Outcome::Yes) });
        }
        Ok(())
    }

    fn store(&mut self, condition: &str, tokens: [&str; 2]) -> Result<MarketText, RegistryError> {
        let condition = Place::push(&mut self.arena, condition)?;
        let yes = Place::push(&mut self.arena, tokens[0])?;
        let no = Place::push(&mut self.arena, tokens[1])?;
        Ok(MarketText { condition, tokens: [yes, no] })
    }

    /// The token with this text. Cost: one hash over at most 24 bytes and one comparison.
    pub fn token(&self, text: &[u8]) -> Option<TokenIx> {
        self.tokens.find(&self.arena, text).map(TokenIx)
    }

    /// The market with this condition text. Cost as [`Registry::token`].
    pub fn market(&self, text: &[u8]) -> Option<MarketIx> {
        self.conditions.find(&self.arena, text).map(MarketIx)
    }

    /// The texts of a market's two tokens; an unknown NO token is empty.
    pub fn token_texts(&self, market: MarketIx) -> Option<[&[u8]; 2]> {
        let [yes, no] = self.texts(market)?.tokens;
        Some([yes.of(&self.arena), no.of(&self.arena)])
    }

    /// The text of a token, if it is known.
    pub fn token_text(&self, token: TokenIx) -> Option<&[u8]> {
        let (market, outcome) = token.split();
        let [yes, no] = self.token_texts(market)?;
        let text = match outcome {
            Outcome::Yes => yes,
            Outcome::No => no,
        };
        (!text.is_empty()).then_some(text)
    }

    /// The text of a market's condition.
    pub fn condition_text(&self, market: MarketIx) -> Option<&[u8]> {
        Some(self.texts(market)?.condition.of(&self.arena))
    }

    /// How many markets are registered.
    pub fn market_count(&self) -> usize {
        self.markets.len()
    }

    fn texts(&self, market: MarketIx) -> Option<&MarketText> {
        self.markets.get(usize::try_from(market.0).ok()?)
    }
}

/// The decoder compares ids byte for byte and takes no escapes in them.
fn is_plain(text: &str) -> bool {
    !text.bytes().any(|byte| byte < 0x20 || byte == b'"' || byte == b'\\')
}

/// A text in the arena.
#[derive(Debug, Clone, Copy)]
struct Place {
    start: u32,
    len: u32,
}

impl Place {
    fn push(arena: &mut Vec<u8>, text: &str) -> Result<Self, RegistryError> {
        let start = u32::try_from(arena.len()).map_err(|_| RegistryError::Full)?;
        let len = u32::try_from(text.len()).map_err(|_| RegistryError::Full)?;
        start.checked_add(len).ok_or(RegistryError::Full)?;
        arena.extend_from_slice(text.as_bytes());
        Ok(Self { start, len })
    }

    fn of(self, arena: &[u8]) -> &[u8] {
        let (Ok(start), Ok(len)) = (usize::try_from(self.start), usize::try_from(self.len)) else {
            return &[];
        };
        arena.get(start..start.saturating_add(len)).unwrap_or_default()
    }
}

/// Value of a free slot; never handed out as an index.
const FREE: u32 = u32::MAX;
const FIRST_SLOTS: usize = 16;

#[derive(Debug, Clone, Copy)]
struct Slot {
    tag: u32,
    value: u32,
    place: Place,
}

const EMPTY: Slot = Slot { tag: 0, value: FREE, place: Place { start: 0, len: 0 } };

/// Open addressing with linear probing; at most half full, so a probe always ends.
#[derive(Debug, Clone, Default)]
struct Table {
    slots: Vec<Slot>,
    used: usize,
}

impl Table {
    fn find(&self, arena: &[u8], text: &[u8]) -> Option<u32> {
        let (home, tag) = split_hash(text);
        let mask = self.slots.len().checked_sub(1)?;
        let mut at = home & mask;
        loop {
            let slot = self.slots.get(at)?;
            if slot.value == FREE {
                return None;
            }
            if slot.tag == tag && slot.place.of(arena) == text {
                return Some(slot.value);
            }
            at = at.wrapping_add(1) & mask;
        }
    }

    fn insert(&mut self, arena: &[u8], place: Place, value: u32) {
        if self.slots.len() <= self.used.saturating_mul(2) {
            self.grow(arena);
        }
        let (home, tag) = split_hash(place.of(arena));
        self.put(home, Slot { tag, value, place });
        self.used = self.used.saturating_add(1);
    }

    fn grow(&mut self, arena: &[u8]) {
        let size = self.slots.len().saturating_mul(2).max(FIRST_SLOTS);
        let old = core::mem::replace(&mut self.slots, vec![EMPTY; size]);
        for slot in old.into_iter().filter(|slot| slot.value != FREE) {
            let (home, _) = split_hash(slot.place.of(arena));
            self.put(home, slot);
        }
    }

    fn put(&mut self, home: usize, slot: Slot) {
        let mask = self.slots.len().saturating_sub(1);
        let mut at = home & mask;
        while let Some(found) = self.slots.get_mut(at) {
            if found.value == FREE {
                *found = slot;
                return;
            }
            at = at.wrapping_add(1) & mask;
        }
    }
}

/// Venue ids (66 hex, 76 to 78 digits) are random in every digit: 24 of them tell them apart.
const LONG_TEXT: usize = 64;
const MIX: u64 = 0x9E37_79B9_7F4A_7C15;

/// Home position and tag of a text.
fn split_hash(text: &[u8]) -> (usize, u32) {
    let hash = if text.len() < LONG_TEXT { hash_all(text) } else { hash_long(text) };
    let low = u32::try_from(hash & u64::from(u32::MAX)).unwrap_or_default();
    let high = u32::try_from(hash >> 32).unwrap_or_default();
    (usize::try_from(low).unwrap_or_default(), high)
}

fn hash_long(text: &[u8]) -> u64 {
    let word = |from: usize| {
        let chunk = text.get(from..).and_then(|tail| tail.first_chunk::<8>());
        u64::from_le_bytes(chunk.copied().unwrap_or_default())
    };
    let tail = text.len().saturating_sub(8);
    let first = mix(word(8) ^ word(32).rotate_left(17));
    mix(first ^ word(tail))
}

fn hash_all(text: &[u8]) -> u64 {
    text.iter().fold(MIX, |hash, byte| mix(hash ^ u64::from(*byte)))
}

fn mix(value: u64) -> u64 {
    let product = value.wrapping_mul(MIX);
    (product ^ (product >> 29)).wrapping_mul(MIX | 1).rotate_left(31)
}
