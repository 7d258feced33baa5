//! Actions of wallets on the chain: split, merge, convert, redeem (PROTOCOL §1.4).
//!
//! States, in text:
//!
//! ```text
//! New -> Mined -> Confirmed
//! New -> Failed
//! ```
//!
//! An action is checked for sense when it is sent, and for balance and approval when it is mined:
//! what the wallet spent in between makes it fail. It moves balances that open orders count on; the
//! orders it leaves uncovered are cancelled. One action per wallet is in flight.
//!
//! Redemption pays in whole micro-dollars per token; at half a dollar the odd half micro-dollar
//! stays with the collateral. `negRiskFeeBips` is zero, as in every group seen.

use razor_core::ids::{MarketIx, Outcome, TokenIx};
use razor_core::units::Nanos;

use super::terms::MAX_AMOUNT;
use super::{
    AccountIx, ActionIx, Asset, Due, Event, Exchange, GroupIx, Refusal, SetupFault, Spender, at,
};

/// What a wallet does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Dollars into YES and NO.
    Split(MarketIx, u64),
    /// YES and NO into dollars.
    Merge(MarketIx, u64),
    /// NO of these outcomes of a group, so much of each, into `k − 1` dollars and YES of the
    /// others.
    Convert {
        /// Group.
        group: GroupIx,
        /// Positions of the outcomes whose NO is given, each once.
        outcomes: Vec<u32>,
        /// Micro-shares of each.
        amount: u64,
    },
    /// All of both tokens of a resolved market into what they pay.
    Redeem(MarketIx),
    /// So much of one token of a resolved market (protocol V2).
    RedeemPart(TokenIx, u64),
}

/// Where an action is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ActionStatus {
    /// Sent.
    New,
    /// In a block.
    Mined,
    /// Final.
    Confirmed,
    /// Reverted; nothing moved.
    Failed,
}

impl ActionStatus {
    /// The `state` word of the relayer.
    pub const fn word(self) -> &'static str {
        match self {
            Self::New => "STATE_NEW",
            Self::Mined => "STATE_MINED",
            Self::Confirmed => "STATE_CONFIRMED",
            Self::Failed => "STATE_FAILED",
        }
    }
}

/// An action with its state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActionRecord {
    /// Wallet.
    pub account: AccountIx,
    /// What it does.
    pub action: Action,
    /// Where it is.
    pub status: ActionStatus,
    /// When it was sent.
    pub sent_at: Nanos,
    /// Number behind its transaction hash, 0 while there is none.
    pub transaction: u64,
}

/// What an action takes and gives: (asset, amount) each, and the change of locked collateral.
#[derive(Default)]
struct Flow {
    market: Option<MarketIx>,
    takes: Vec<(Asset, u64)>,
    gives: Vec<(Asset, u64)>,
}

impl Exchange {
    pub(super) fn act(&mut self, account: AccountIx, action: Action) -> Result<ActionIx, Refusal> {
        if self.account_of(account)?.in_flight.is_some() {
            return Err(Refusal::WalletBusy);
        }
        self.check_action(&action)?;
        let ix = ActionIx(u64::try_from(self.actions.len()).unwrap_or(u64::MAX));
        let sent_at = self.now;
        let status = ActionStatus::New;
        self.actions.push(ActionRecord { account, action, status, sent_at, transaction: 0 });
        self.accounts[at(account.0)].in_flight = Some(ix);
        self.out.push(Event::Action { action: ix, status });
        self.schedule_law(self.config.settlement.action, Due::Action(ix));
        Ok(ix)
    }

    fn check_action(&self, action: &Action) -> Result<(), SetupFault> {
        let market = |ix: MarketIx| self.markets.get(at(ix.0)).ok_or(SetupFault::Unknown);
        let is_amount = |amount: u64| (1..=MAX_AMOUNT).contains(&amount);
        let is_good = match action {
            Action::Split(ix, amount) | Action::Merge(ix, amount) => {
                market(*ix)?;
                is_amount(*amount)
            }
            Action::Convert { group, outcomes, amount } => {
                let group = self.groups.get(at(group.0)).ok_or(SetupFault::Unknown)?;
                let mut sorted = outcomes.clone();
                sorted.sort_unstable();
                sorted.dedup();
                let last = sorted.last().copied();
                is_amount(*amount)
                    && sorted.len() == outcomes.len()
                    && last.is_some_and(|ix| at(ix) < group.markets.len())
            }
            Action::Redeem(ix) => market(*ix)?.payout.is_some(),
            Action::RedeemPart(token, amount) => {
                market(token.split().0)?.payout.is_some() && is_amount(*amount)
            }
        };
        if is_good { Ok(()) } else { Err(SetupFault::Action) }
    }

    /// The next step of an action.
    pub(super) fn step_action(&mut self, ix: ActionIx) {
        let Some(record) = self.actions.get(at_wide(ix.0)).cloned() else { return };
        match record.status {
            ActionStatus::New => self.mine_action(ix, &record),
            ActionStatus::Mined => self.set_action(ix, record.account, ActionStatus::Confirmed),
            ActionStatus::Confirmed | ActionStatus::Failed => {}
        }
    }

    fn mine_action(&mut self, ix: ActionIx, record: &ActionRecord) {
        let fails = self.config.settlement.action_fail_ppm > self.rng.below(1_000_000);
        let flow = self.flow(record.account, &record.action);
        if fails || !self.can_flow(record.account, &flow) {
            self.set_action(ix, record.account, ActionStatus::Failed);
            return;
        }
        for (asset, amount) in &flow.takes {
            self.debit(record.account, *asset, *amount);
        }
        for (asset, amount) in &flow.gives {
            self.credit(record.account, *asset, *amount);
        }
        let cash = |moves: &[(Asset, u64)]| -> u64 {
            let cash = moves.iter().filter(|(asset, _)| *asset == Asset::Collateral);
            cash.map(|(_, amount)| *amount).sum()
        };
        let (paid_in, paid_out) = (cash(&flow.takes), cash(&flow.gives));
        if let Some(market) = flow.market {
            let locked = self.locked_mut(market);
            *locked = *locked + paid_in - paid_out;
        }
        self.transactions += 1;
        self.actions[at_wide(ix.0)].transaction = self.transactions;
        self.set_action(ix, record.account, ActionStatus::Mined);
        self.schedule_law(self.config.settlement.confirm, Due::Action(ix));
        for (asset, _) in &flow.takes {
            self.cover(record.account, *asset);
        }
    }

    fn set_action(&mut self, ix: ActionIx, account: AccountIx, status: ActionStatus) {
        self.actions[at_wide(ix.0)].status = status;
        if matches!(status, ActionStatus::Confirmed | ActionStatus::Failed) {
            self.accounts[at(account.0)].in_flight = None;
        }
        self.out.push(Event::Action { action: ix, status });
    }

    fn can_flow(&self, account: AccountIx, flow: &Flow) -> bool {
        let Some(market) = flow.market else { return false };
        let adapter: Spender = self.markets[at(market.0)].spec.adapter();
        let account = &self.accounts[at(account.0)];
        flow.takes.iter().all(|(asset, amount)| {
            account.holding(*asset).balance >= *amount
                && account.allowance(*asset, adapter) >= *amount
        })
    }

    fn flow(&self, account: AccountIx, action: &Action) -> Flow {
        match action {
            Action::Split(market, amount) => {
                Flow { market: Some(*market), takes: cash(*amount), gives: set(*market, *amount) }
            }
            Action::Merge(market, amount) => {
                Flow { market: Some(*market), takes: set(*market, *amount), gives: cash(*amount) }
            }
            Action::Convert { group, outcomes, amount } => {
                self.conversion(*group, outcomes, *amount)
            }
            Action::Redeem(market) => {
                let balance = |outcome| {
                    let asset = Asset::Token(TokenIx::of(*market, outcome));
                    self.accounts[at(account.0)].holding(asset).balance
                };
                self.redemption(*market, [balance(Outcome::Yes), balance(Outcome::No)])
            }
            Action::RedeemPart(token, amount) => match token.split() {
                (market, Outcome::Yes) => self.redemption(market, [*amount, 0]),
                (market, Outcome::No) => self.redemption(market, [0, *amount]),
            },
        }
    }

    fn conversion(&self, group: GroupIx, outcomes: &[u32], amount: u64) -> Flow {
        let markets = &self.groups[at(group.0)].markets;
        let mut flow = Flow { market: markets.first().copied(), ..Flow::default() };
        for (market, position) in markets.iter().zip(0_u32..) {
            if outcomes.contains(&position) {
                let token = TokenIx::of(*market, Outcome::No);
                flow.takes.push((Asset::Token(token), amount));
            } else {
                let token = TokenIx::of(*market, Outcome::Yes);
                flow.gives.push((Asset::Token(token), amount));
            }
        }
        let dollars = u64::try_from(outcomes.len()).unwrap_or(1).saturating_sub(1);
        if dollars > 0 {
            flow.gives.push((Asset::Collateral, dollars * amount));
        }
        flow
    }

    fn redemption(&self, market: MarketIx, amounts: [u64; 2]) -> Flow {
        let mut flow = Flow { market: Some(market), ..Flow::default() };
        let Some(payout) = self.markets[at(market.0)].payout else { return Flow::default() };
        let mut paid = 0;
        for (outcome, amount) in [Outcome::Yes, Outcome::No].into_iter().zip(amounts) {
            if amount > 0 {
                flow.takes.push((Asset::Token(TokenIx::of(market, outcome)), amount));
                paid += amount * payout.halves(outcome) / 2;
            }
        }
        if paid > 0 {
            flow.gives.push((Asset::Collateral, paid));
        }
        flow
    }
}

fn cash(amount: u64) -> Vec<(Asset, u64)> {
    vec![(Asset::Collateral, amount)]
}

fn set(market: MarketIx, amount: u64) -> Vec<(Asset, u64)> {
    [Outcome::Yes, Outcome::No]
        .map(|outcome| (Asset::Token(TokenIx::of(market, outcome)), amount))
        .to_vec()
}

pub(super) fn at_wide(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
