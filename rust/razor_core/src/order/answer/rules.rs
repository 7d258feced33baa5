//! The error texts that prove something, with their dates in PROTOCOL §4.8 and FAULTS B and C.
//!
//! Owns: [`RULES`]. Must never: hold a text that the venue also says of an order it took; those of
//! F-17 (`could not run the execution`, `order timed out`, …) are missing on purpose.

use super::{Class, Mode, Proof, Refusal};

/// A text and what it proves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// The whole text in small letters; `*` stands for any run of characters.
    pub pattern: &'static str,
    /// What it proves.
    pub class: Class,
}

/// Ids, addresses and numbers make a text no longer than this.
const MAX_TEXT: usize = 512;

const fn refused(pattern: &'static str, refusal: Refusal) -> Rule {
    Rule { pattern, class: Class::ProvenRefused(refusal) }
}

const fn mode(pattern: &'static str, mode: Mode) -> Rule {
    Rule { pattern, class: Class::VenueMode(mode) }
}

/// Every text, the first that fits decides; no two fit one text.
pub const RULES: &[Rule] = &[
    // Taken, or taken before.
    Rule { pattern: "order match delayed due to market conditions", class: Class::Delayed },
    Rule { pattern: "order * is invalid. duplicated.", class: Class::Duplicated },
    // Refused for who we are (F-19): every order would be.
    refused("the order owner has to be the owner of the api key", Refusal::Owner),
    refused("the order signer address has to be the address of the api key", Refusal::Signer),
    refused("maker address not allowed", Refusal::Maker),
    refused("'*' address banned", Refusal::Banned),
    refused("'*' address in closed only mode", Refusal::ClosedOnly),
    // Refused for what it says (F-06, F-19, F-27): a defect of ours or of our metadata.
    refused("invalid order payload", Refusal::Payload),
    refused("too many orders in payload: *, max allowed: *", Refusal::Payload),
    refused("invalid post-only order: order crosses book", Refusal::PostOnlyCross),
    refused("order * crosses the book", Refusal::PostOnlyCross),
    refused("order * is invalid. price (*) breaks minimum tick size rule: *", Refusal::TickSize),
    refused("order * is invalid. size (*) lower than the minimum: *", Refusal::MinSize),
    refused("invalid amount for a marketable buy order (*), min size: *", Refusal::MinNotional),
    refused("invalid amounts*", Refusal::Amounts),
    refused("the trade contains rounding issues", Refusal::Rounding),
    refused(
        "the price of the taker's order has a discrepancy greater than allowed with the worst \
         maker order",
        Refusal::Discrepancy,
    ),
    refused("invalid nonce", Refusal::Nonce),
    refused("invalid expiration", Refusal::Expiration),
    refused("order canceled in the ctf exchange contract", Refusal::CanceledOnChain),
    refused("the market is not yet ready to process new orders", Refusal::NotReady),
    // Refused for the moment (F-26).
    refused("not enough balance / allowance*", Refusal::Balance),
    // Killed (F-22).
    refused(
        "no orders found to match with fak order. fak orders are partially filled or killed if \
         no match is found.",
        Refusal::Killed,
    ),
    refused(
        "order couldn't be fully filled. fok orders are fully filled or killed.",
        Refusal::Killed,
    ),
    refused("fok orders are filled or killed", Refusal::Killed),
    refused("there are no matching orders", Refusal::Killed),
    // The venue's mode (F-30, F-31, F-32, F-34).
    mode("post-only mode: only post-only orders and cancels are allowed", Mode::PostOnly),
    mode(
        "trading is currently cancel-only. new orders are not accepted, but cancels are allowed.",
        Mode::CancelOnly,
    ),
    mode("trading is currently disabled. check polymarket.com for updates", Mode::Disabled),
    mode("order_version_mismatch", Mode::VersionMismatch),
    // Who asks, and how often (F-28, F-35).
    Rule { pattern: "unauthorized/invalid api key", class: Class::Auth(Proof::Proven) },
    Rule { pattern: "invalid l1 request headers", class: Class::Auth(Proof::Proven) },
    Rule { pattern: "too many requests", class: Class::Rate(Proof::Proven) },
];

/// What a text proves, if it is on the list.
pub(super) fn class_of(text: &str) -> Option<Class> {
    if text.len() > MAX_TEXT {
        return None;
    }
    let text = text.to_ascii_lowercase();
    RULES.iter().find(|rule| fits(rule.pattern, &text)).map(|rule| rule.class)
}

/// Whether the whole text fits the pattern; the middle pieces are taken where they come first.
pub(super) fn fits(pattern: &str, text: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else { return pattern == text };
    let (middle, last) = rest.rsplit_once('*').map_or((None, rest), |(mid, end)| (Some(mid), end));
    let inner = text.strip_prefix(first).and_then(|text| text.strip_suffix(last));
    let Some(inner) = inner else { return false };
    let mut pieces = middle.iter().flat_map(|middle| middle.split('*'));
    pieces.try_fold(inner, |text, piece| text.split_once(piece).map(|(_, after)| after)).is_some()
}
