//! What a world consists of, and within which ranges.

use razor_core::market::Fees;
use razor_core::units::{Nanos, Qty, TickSize};

use crate::exchange::Refusal;

/// Markets of one world.
pub(super) const MAX_MARKETS: u32 = 100_000;
/// Outcomes of one group.
pub(super) const GROUP_SIZES: core::ops::RangeInclusive<u32> = 2..=20;
const SHARE: u64 = 1_000_000;
/// Sizes are whole hundredths of a share.
const LOT: u64 = 10_000;
const MILLI: i64 = 1_000_000;
const DAY: i64 = 86_400_000 * MILLI;

/// Which executable sets are planted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlantPlan {
    /// From one planting to the next, in all groups together.
    pub every: Nanos,
    /// Least and most size, micro-shares per leg; whole hundredths of a share are used.
    pub size: (Qty, Qty),
    /// Least and most lifetime.
    pub life: (Nanos, Nanos),
    /// Least and most profit at the full size, fees included, in millionths of a dollar per set.
    pub edge_ppm: (u32, u32),
    /// Of a hundred sets, how many are rich bids instead of cheap asks.
    pub bids_percent: u32,
    /// Whether rivals take from each set too. Their part comes on top of the size.
    pub has_rivals: bool,
}

/// What a world consists of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CrowdPlan {
    /// The number everything follows from.
    pub seed: u64,
    /// Plain markets.
    pub binaries: u32,
    /// Neg-risk groups.
    pub groups: u32,
    /// Outcomes of each group, 2 to 20.
    pub group_size: u32,
    /// Whether the last group is augmented: an outcome "Other" and a unnamed come on top.
    pub has_augmented: bool,
    /// Grids, dealt to the events in turn.
    pub ticks: Vec<TickSize>,
    /// Fee schedules, dealt to the events in turn.
    pub fees: Vec<Fees>,
    /// Smallest orders, dealt to the events in turn.
    pub min_order_qtys: Vec<Qty>,
    /// Mean time between two ordinary acts in one market.
    pub pace: Nanos,
    /// Planted sets, if any.
    pub plants: Option<PlantPlan>,
    /// From one resolution of an event to the next, if events resolve.
    pub resolve_every: Option<Nanos>,
}

/// Why a world cannot be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PlanFault {
    /// Too few or too many markets.
    #[error("a world has 1 to 100000 markets; change binaries, groups or group_size")]
    Markets,
    /// A group of another size.
    #[error("groups have 2 to 20 outcomes; change group_size")]
    GroupSize,
    /// An empty list, a fee that is not known, or a smallest order of another size.
    #[error(
        "ticks, fees (rate up to 1, exponent up to 2) and smallest orders (1 to 1000 shares, two \
         decimals) are lists of one at least"
    )]
    Terms,
    /// A time outside its range.
    #[error("times lie between a millisecond and a day, the least before the most")]
    Times,
    /// A size outside its range.
    #[error("planted sizes lie between the smallest order and 100000 shares, least before most")]
    Sizes,
    /// An edge outside its range.
    #[error(
        "edges lie in 1..=200000 millionths, least before most, and a share in 0..=100 percent"
    )]
    Edge,
    /// The exchange said no to a definition.
    #[error("the exchange does not take the world: {0}")]
    Refused(Refusal),
    /// The exchange answered a definition by something else: a defect of the exchange.
    #[error("the exchange answered a definition by something else; report it")]
    Odd,
}

impl From<Refusal> for PlanFault {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl PlantPlan {
    /// A set every 2.5 s of 20 to 150 shares that lives for 0.9 to 1.8 s and pays 1.5 to 4 cents;
    /// every sixth is of rich bids; no rivals.
    pub const fn new() -> Self {
        Self {
            every: Nanos(2_500 * MILLI),
            size: (Qty(20 * SHARE), Qty(150 * SHARE)),
            life: (Nanos(900 * MILLI), Nanos(1_800 * MILLI)),
            edge_ppm: (15_000, 40_000),
            bids_percent: 16,
            has_rivals: false,
        }
    }

    fn check(&self, min_order_qty: Qty) -> Result<(), PlanFault> {
        let times = [self.every, self.life.0, self.life.1];
        if !times.into_iter().all(is_time) || self.life.0 > self.life.1 {
            return Err(PlanFault::Times);
        }
        let (least, most) = self.size;
        if least < min_order_qty || least > most || most.0 > 100_000 * SHARE {
            return Err(PlanFault::Sizes);
        }
        let (least, most) = self.edge_ppm;
        if least == 0 || least > most || most > 200_000 || self.bids_percent > 100 {
            return Err(PlanFault::Edge);
        }
        Ok(())
    }
}

impl Default for PlantPlan {
    fn default() -> Self {
        Self::new()
    }
}

impl CrowdPlan {
    /// Four plain markets and four groups of three, the last of them augmented; cent and fine
    /// grids; free and at four percent; five shares at least; usual sets; nothing resolves.
    pub fn new(seed: u64) -> Self {
        let fine = TickSize::from_micros(1_000).unwrap_or(TickSize::CENT);
        Self {
            seed,
            binaries: 4,
            groups: 4,
            group_size: 3,
            has_augmented: true,
            ticks: vec![TickSize::CENT, TickSize::CENT, fine],
            fees: vec![Fees::Taker { rate_ppm: 40_000, exponent: 1 }, Fees::Free],
            min_order_qtys: vec![Qty(5 * SHARE)],
            pace: Nanos(400 * MILLI),
            plants: Some(PlantPlan::new()),
            resolve_every: None,
        }
    }

    /// The world of the demo: five groups of three, four of them exhaustive, and two plain markets,
    /// all at four percent, livelier than usual; rivals take from every set, and all are of asks.
    pub fn demo(seed: u64) -> Self {
        let plants = PlantPlan { bids_percent: 0, has_rivals: true, ..PlantPlan::new() };
        Self {
            binaries: 2,
            groups: 5,
            fees: vec![Fees::Taker { rate_ppm: 40_000, exponent: 1 }],
            pace: Nanos(90 * MILLI),
            plants: Some(plants),
            ..Self::new(seed)
        }
    }

    pub(super) fn check(&self) -> Result<(), PlanFault> {
        if self.groups > 0 && !GROUP_SIZES.contains(&self.group_size) {
            return Err(PlanFault::GroupSize);
        }
        let markets =
            u64::from(self.groups) * u64::from(self.group_size) + u64::from(self.binaries);
        if markets == 0 || markets > u64::from(MAX_MARKETS) {
            return Err(PlanFault::Markets);
        }
        let sizes = 1..=1_000;
        let is_size =
            |qty: &Qty| qty.0.is_multiple_of(LOT) && sizes.contains(&qty.0.div_ceil(SHARE));
        let most = self.min_order_qtys.iter().max().copied().unwrap_or_default();
        let is_listed = !self.ticks.is_empty()
            && self.fees.iter().copied().all(is_schedule)
            && !self.fees.is_empty()
            && most > Qty(0)
            && self.min_order_qtys.iter().all(is_size);
        if !is_listed {
            return Err(PlanFault::Terms);
        }
        if !is_time(self.pace) || !self.resolve_every.is_none_or(is_time) {
            return Err(PlanFault::Times);
        }
        self.plants.map_or(Ok(()), |plants| plants.check(most))
    }
}

/// What the exchange takes; asked here so that a refused plan leaves nothing behind.
const fn is_schedule(fees: Fees) -> bool {
    match fees {
        Fees::Free => true,
        Fees::Taker { rate_ppm, exponent } => rate_ppm <= 1_000_000 && exponent <= 2,
        Fees::Unknown => false,
    }
}

fn is_time(time: Nanos) -> bool {
    (MILLI..=DAY).contains(&time.0)
}
