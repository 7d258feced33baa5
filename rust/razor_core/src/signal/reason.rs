//! The reason codes of the frozen tables (RAZOR_SPEC §11), as a set.

/// A finding about a signal or its window. Reasons never change a number.
///
/// The order of the variants is the ascending byte order of their texts, which is the order of
/// the `notes` column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// Liquid bucket without a worst-leg token.
    BucketLiquidNan,
    /// Thin bucket from degraded inputs.
    BucketThinNan,
    /// The signal id is not above the highest one already written.
    DedupHit,
    /// A leg depth above 10,000,000 USDC.
    DepthUnitSuspect,
    /// The bucket's fill share is zero.
    FillShareP25Zero,
    /// Settlement failed; the row holds zeros.
    InternalError,
    /// A limit at or below zero.
    InvalidPrice,
    /// `q_req` at or below zero.
    InvalidQty,
    /// Leg count other than two or three.
    LegsMismatch,
    /// A leg without a bid at the signal.
    MissingBid,
    /// A leg without bid and ask at the signal.
    MissingBook,
    /// No volume at or under any limit.
    NoTrades,
    /// Settled later than the trade retention.
    SignalTooOld,
    /// The trade feed was incomplete in the window (FAULTS F-11). Not a code of the predecessor.
    TradesIncomplete,
    /// A trade in the window is larger than a configured limit.
    TradeSizeSuspect,
    /// Two neighbouring trades in the window lie further apart than configured.
    WindowDataGap,
    /// No trade of the set in the window at all.
    WindowEmpty,
}

impl Reason {
    /// All codes in column order.
    pub const ALL: [Self; 17] = [
        Self::BucketLiquidNan,
        Self::BucketThinNan,
        Self::DedupHit,
        Self::DepthUnitSuspect,
        Self::FillShareP25Zero,
        Self::InternalError,
        Self::InvalidPrice,
        Self::InvalidQty,
        Self::LegsMismatch,
        Self::MissingBid,
        Self::MissingBook,
        Self::NoTrades,
        Self::SignalTooOld,
        Self::TradesIncomplete,
        Self::TradeSizeSuspect,
        Self::WindowDataGap,
        Self::WindowEmpty,
    ];

    /// The text of the code.
    pub const fn text(self) -> &'static str {
        match self {
            Self::BucketLiquidNan => "BUCKET_LIQUID_NAN",
            Self::BucketThinNan => "BUCKET_THIN_NAN",
            Self::DedupHit => "DEDUP_HIT",
            Self::DepthUnitSuspect => "DEPTH_UNIT_SUSPECT",
            Self::FillShareP25Zero => "FILL_SHARE_P25_ZERO",
            Self::InternalError => "INTERNAL_ERROR",
            Self::InvalidPrice => "INVALID_PRICE",
            Self::InvalidQty => "INVALID_QTY",
            Self::LegsMismatch => "LEGS_MISMATCH",
            Self::MissingBid => "MISSING_BID",
            Self::MissingBook => "MISSING_BOOK",
            Self::NoTrades => "NO_TRADES",
            Self::SignalTooOld => "SIGNAL_TOO_OLD",
            Self::TradesIncomplete => "TRADES_INCOMPLETE",
            Self::TradeSizeSuspect => "TRADE_SIZE_SUSPECT",
            Self::WindowDataGap => "WINDOW_DATA_GAP",
            Self::WindowEmpty => "WINDOW_EMPTY",
        }
    }

    const fn bit(self) -> u32 {
        match self {
            Self::BucketLiquidNan => 1,
            Self::BucketThinNan => 1 << 1,
            Self::DedupHit => 1 << 2,
            Self::DepthUnitSuspect => 1 << 3,
            Self::FillShareP25Zero => 1 << 4,
            Self::InternalError => 1 << 5,
            Self::InvalidPrice => 1 << 6,
            Self::InvalidQty => 1 << 7,
            Self::LegsMismatch => 1 << 8,
            Self::MissingBid => 1 << 9,
            Self::MissingBook => 1 << 10,
            Self::NoTrades => 1 << 11,
            Self::SignalTooOld => 1 << 12,
            Self::TradesIncomplete => 1 << 13,
            Self::TradeSizeSuspect => 1 << 14,
            Self::WindowDataGap => 1 << 15,
            Self::WindowEmpty => 1 << 16,
        }
    }
}

/// A set of reason codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Reasons(u32);

impl Reasons {
    /// No finding.
    pub const NONE: Self = Self(0);

    /// Only this code.
    pub const fn only(reason: Reason) -> Self {
        Self(reason.bit())
    }

    /// Adds a code.
    pub const fn add(&mut self, reason: Reason) {
        self.0 |= reason.bit();
    }

    /// Adds a code when a finding holds.
    pub const fn add_if(&mut self, found: bool, reason: Reason) {
        if found {
            self.add(reason);
        }
    }

    /// Both sets together.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether the code is present.
    pub const fn has(self, reason: Reason) -> bool {
        self.0 & reason.bit() != 0
    }

    /// Codes in column order.
    pub fn iter(self) -> impl Iterator<Item = Reason> {
        Reason::ALL.into_iter().filter(move |reason| self.has(*reason))
    }

    /// The `notes` text: codes in ascending byte order joined by commas, blank for none.
    pub fn notes(self) -> String {
        let mut text = String::new();
        for reason in self.iter() {
            if !text.is_empty() {
                text.push(',');
            }
            text.push_str(reason.text());
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn column_order_is_ascending_byte_order_and_every_code_has_its_own_bit() {
        let texts: Vec<_> = Reason::ALL.iter().map(|reason| reason.text()).collect();
        let mut sorted = texts.clone();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(texts, sorted);
        let mut all = Reasons::NONE;
        for reason in Reason::ALL {
            assert!(!all.has(reason), "{}", reason.text());
            all.add(reason);
        }
        assert_eq!(all.iter().count(), Reason::ALL.len());
    }

    #[test]
    fn notes_are_unique_and_sorted_whatever_the_order_of_finding() {
        let mut reasons = Reasons::only(Reason::WindowEmpty);
        reasons.add(Reason::NoTrades);
        reasons.add(Reason::NoTrades);
        reasons.add_if(false, Reason::DedupHit);
        assert_eq!(reasons.notes(), "NO_TRADES,WINDOW_EMPTY");
        assert_eq!(Reasons::NONE.notes(), "");
    }
}
