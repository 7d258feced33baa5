//! What the venue's answer to an order proves (INVARIANTS §6.3, table 3).
//!
//! The text decides, not the status: a gateway turns any message with "not found" into 404, with
//! "unauthorized" into 401, with "context canceled" into 400 (F-18). Only the texts of [`RULES`]
//! prove anything, and only as the error of one whole JSON object; cut, foreign and contradicting
//! answers are [`Class::Unknown`], which is also the default. A status alone can say that the venue
//! restarts or throttles, never what became of the order.
//!
//! Owns: [`classify`], [`Class`] and its words. Must never: guess, call an answer a refusal that
//! also claims an order, or believe an amount (F-25: [`Claim`] is a hint until trades prove it).

mod rules;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

pub use rules::{RULES, Rule};

use crate::units::Qty;

/// Version of the rules, for the audit: it grows with every change of [`RULES`] or of this module.
pub const VERSION: u16 = 1;

/// A longer answer to one order is none.
const MAX_BODY: usize = 65_536;

/// What an answer proves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// The order exists.
    Accepted(Acceptance),
    /// The order exists and is matched later (F-21).
    Delayed,
    /// The order does not exist and will not.
    ProvenRefused(Refusal),
    /// Nothing is proven.
    Unknown,
    /// The venue has this very order already (F-20): unknown, and on a first send a second writer.
    Duplicated,
    /// The venue is in a mode without takers (S-21).
    VenueMode(Mode),
    /// The credentials or this host are not accepted (F-35, F-38).
    Auth(Proof),
    /// Too many requests (F-28).
    Rate(Proof),
}

/// How the venue took an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Acceptance {
    /// It was matched, all or in part.
    Matched(Claim),
    /// It rests, which an immediate order must not.
    Live,
}

/// Amounts as the answer has them, where they are plain decimals: micro-shares of one of the two,
/// micro-dollars of the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Claim {
    /// What we gave: dollars of a buy, shares of a sale.
    pub making: Option<Qty>,
    /// What we got: shares of a buy, dollars of a sale.
    pub taking: Option<Qty>,
}

/// Whether the venue's own words say that the order was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Proof {
    /// A text of the list.
    Proven,
    /// The status alone.
    Unproven,
}

/// A mode in which nothing may be taken (S-21).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mode {
    /// The matching engine restarts (F-29); orders sent meanwhile are not proven refused.
    Restarting,
    /// Only post-only orders and cancels (F-30).
    PostOnly,
    /// Only cancels (F-31).
    CancelOnly,
    /// Nothing, cancels included (F-32).
    Disabled,
    /// Another protocol version (F-34).
    VersionMismatch,
}

/// Why the venue refused an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Refusal {
    /// The request is not an order.
    Payload,
    /// Key and owner differ.
    Owner,
    /// Key and signer differ.
    Signer,
    /// The maker may not trade.
    Maker,
    /// The address is banned.
    Banned,
    /// The address may only close.
    ClosedOnly,
    /// It would match and must not.
    PostOnlyCross,
    /// Off the price grid (F-06).
    TickSize,
    /// Under the minimum shares.
    MinSize,
    /// Under the minimum dollars.
    MinNotional,
    /// More decimals than allowed (F-27).
    Amounts,
    /// The match would round (F-27).
    Rounding,
    /// Too far from the worst maker (F-27).
    Discrepancy,
    /// Funds or allowance missing, often for a while only (F-26).
    Balance,
    /// Nonce.
    Nonce,
    /// Expiration.
    Expiration,
    /// Cancelled on the chain.
    CanceledOnChain,
    /// The market is not open yet.
    NotReady,
    /// Killed without a match (F-22).
    Killed,
}

/// What a refusal asks for (F-19, F-22, F-26).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Remedy {
    /// The next rung of the ladder.
    Next,
    /// Wait for settlement.
    Wait,
    /// No more orders in this market.
    Quarantine,
    /// `HardStop`: every order would be refused alike.
    Stop,
}

impl Refusal {
    /// What it asks for.
    pub const fn remedy(self) -> Remedy {
        match self {
            Self::Killed => Remedy::Next,
            Self::Balance => Remedy::Wait,
            Self::Payload
            | Self::PostOnlyCross
            | Self::TickSize
            | Self::MinSize
            | Self::MinNotional
            | Self::Amounts
            | Self::Rounding
            | Self::Discrepancy
            | Self::Nonce
            | Self::Expiration
            | Self::CanceledOnChain
            | Self::NotReady => Remedy::Quarantine,
            Self::Owner | Self::Signer | Self::Maker | Self::Banned | Self::ClosedOnly => {
                Remedy::Stop
            }
        }
    }

    /// The reason code of the audit.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Payload => "REFUSED_PAYLOAD",
            Self::Owner => "REFUSED_OWNER",
            Self::Signer => "REFUSED_SIGNER",
            Self::Maker => "REFUSED_MAKER",
            Self::Banned => "REFUSED_BANNED",
            Self::ClosedOnly => "REFUSED_CLOSED_ONLY",
            Self::PostOnlyCross => "REFUSED_POST_ONLY_CROSS",
            Self::TickSize => "REFUSED_TICK_SIZE",
            Self::MinSize => "REFUSED_MIN_SIZE",
            Self::MinNotional => "REFUSED_MIN_NOTIONAL",
            Self::Amounts => "REFUSED_AMOUNTS",
            Self::Rounding => "REFUSED_ROUNDING",
            Self::Discrepancy => "REFUSED_DISCREPANCY",
            Self::Balance => "REFUSED_BALANCE",
            Self::Nonce => "REFUSED_NONCE",
            Self::Expiration => "REFUSED_EXPIRATION",
            Self::CanceledOnChain => "REFUSED_CANCELED_ON_CHAIN",
            Self::NotReady => "REFUSED_NOT_READY",
            Self::Killed => "KILLED",
        }
    }
}

impl Mode {
    /// The word of S-21.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Restarting => "RESTARTING",
            Self::PostOnly => "POST_ONLY",
            Self::CancelOnly => "CANCEL_ONLY",
            Self::Disabled => "DISABLED",
            Self::VersionMismatch => "VERSION_MISMATCH",
        }
    }
}

impl Class {
    /// The class of table 3.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Accepted(_) => "ACCEPTED",
            Self::Delayed => "DELAYED",
            Self::ProvenRefused(_) => "PROVEN_REFUSED",
            Self::Unknown | Self::Duplicated => "UNKNOWN",
            Self::VenueMode(_) => "VENUE_MODE",
            Self::Auth(_) => "AUTH",
            Self::Rate(_) => "RATE",
        }
    }

    /// Whether the order is proven not to exist; every other answer leaves it in flight (S-03).
    pub const fn proves_refusal(self) -> bool {
        match self {
            Self::ProvenRefused(_)
            | Self::VenueMode(
                Mode::PostOnly | Mode::CancelOnly | Mode::Disabled | Mode::VersionMismatch,
            )
            | Self::Auth(Proof::Proven)
            | Self::Rate(Proof::Proven) => true,
            Self::Accepted(_)
            | Self::Delayed
            | Self::Unknown
            | Self::Duplicated
            | Self::VenueMode(Mode::Restarting)
            | Self::Auth(Proof::Unproven)
            | Self::Rate(Proof::Unproven) => false,
        }
    }
}

/// The answer to one order. Duplicate keys and wrong types make it unreadable.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Reply<'a> {
    success: Option<bool>,
    #[serde(borrow)]
    error: Option<Cow<'a, str>>,
    #[serde(borrow)]
    error_msg: Option<Cow<'a, str>>,
    #[serde(rename = "orderID", borrow)]
    order_id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    status: Option<Cow<'a, str>>,
    #[serde(borrow)]
    code: Option<&'a RawValue>,
    #[serde(borrow)]
    making_amount: Option<&'a RawValue>,
    #[serde(borrow)]
    taking_amount: Option<&'a RawValue>,
}

/// The `status` of an order in an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stated {
    Live,
    Matched,
    Delayed,
    Unmatched,
    Other,
}

/// What the venue's answer to a placed order proves. Total: every status and every byte string has
/// a class; linear in the body.
pub fn classify(status: u16, body: &[u8]) -> Class {
    match Reply::read(body) {
        Some(reply) => reply.class(status),
        // A page of the edge: this host is blocked (F-38).
        None if status == 403 => Class::Auth(Proof::Unproven),
        None => of_status(status),
    }
}

/// What a status says by itself: about the venue, never about the order.
const fn of_status(status: u16) -> Class {
    match status {
        425 => Class::VenueMode(Mode::Restarting),
        429 => Class::Rate(Proof::Unproven),
        _ => Class::Unknown,
    }
}

/// Only answers of the venue prove anything, not redirects or informational ones.
const fn is_answer(status: u16) -> bool {
    matches!(status, 200..=299 | 400..=599)
}

impl<'a> Reply<'a> {
    fn read(body: &'a [u8]) -> Option<Self> {
        // An array would be read as the fields in order.
        let is_object = body.trim_ascii_start().first() == Some(&b'{');
        let is_short = body.len() <= MAX_BODY;
        (is_object && is_short).then(|| serde_json::from_slice(body).ok()).flatten()
    }

    fn class(&self, status: u16) -> Class {
        if !is_answer(status) {
            return of_status(status);
        }
        match self.text() {
            Ok("") => self.class_of_state(status),
            Ok(text) => self.class_of_text(status, text),
            Err(Contradiction) => Class::Unknown,
        }
    }

    /// The error, wherever it stands; two different ones contradict each other.
    fn text(&self) -> Result<&str, Contradiction> {
        let error = self.error.as_deref().unwrap_or_default().trim();
        let message = self.error_msg.as_deref().unwrap_or_default().trim();
        if error.is_empty() || error == message {
            Ok(message)
        } else if message.is_empty() {
            Ok(error)
        } else {
            Err(Contradiction)
        }
    }

    fn class_of_text(&self, status: u16, text: &str) -> Class {
        match rules::class_of(text) {
            Some(class) if class.proves_refusal() && self.claims_order() => Class::Unknown,
            Some(class) => class,
            None => of_status(status),
        }
    }

    fn class_of_state(&self, status: u16) -> Class {
        if self.code.is_some_and(|code| code.get() == "\"post_only_mode\"") {
            return self.class_of_mode();
        }
        let is_taken = self.success == Some(true) && matches!(status, 200..=299);
        if !is_taken || self.id().is_empty() {
            return of_status(status);
        }
        match self.stated() {
            Stated::Live => Class::Accepted(Acceptance::Live),
            Stated::Matched => Class::Accepted(Acceptance::Matched(self.claim())),
            Stated::Delayed => Class::Delayed,
            // F-22: an immediate order that found nothing is killed.
            Stated::Unmatched => Class::ProvenRefused(Refusal::Killed),
            Stated::Other => Class::Unknown,
        }
    }

    fn class_of_mode(&self) -> Class {
        if self.claims_order() { Class::Unknown } else { Class::VenueMode(Mode::PostOnly) }
    }

    fn claims_order(&self) -> bool {
        let is_named = self.success == Some(true) && !self.id().is_empty();
        match self.stated() {
            Stated::Live | Stated::Matched | Stated::Delayed => true,
            Stated::Unmatched | Stated::Other => is_named,
        }
    }

    fn id(&self) -> &str {
        self.order_id.as_deref().unwrap_or_default().trim()
    }

    fn stated(&self) -> Stated {
        let word = self.status.as_deref().unwrap_or_default();
        let known = [
            ("live", Stated::Live),
            ("matched", Stated::Matched),
            ("delayed", Stated::Delayed),
            ("unmatched", Stated::Unmatched),
        ];
        let found = known.into_iter().find(|(name, _)| word.eq_ignore_ascii_case(name));
        found.map_or(Stated::Other, |(_, state)| state)
    }

    fn claim(&self) -> Claim {
        Claim { making: amount(self.making_amount), taking: amount(self.taking_amount) }
    }
}

/// Two errors in one answer.
struct Contradiction;

/// A decimal as text or number; anything else is no hint.
fn amount(raw: Option<&RawValue>) -> Option<Qty> {
    Qty::parse(raw?.get().trim_matches('"').as_bytes()).ok()
}
