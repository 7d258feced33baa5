//! The ledger against a naive one that keeps only what was said and adds it up each time.

#![expect(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test stops loudly where the core must not"
)]

use std::collections::BTreeMap;

use proptest::prelude::*;
use razor_core::ids::TokenIx;
use razor_core::ledger::{Booked, Fill, FillKey, Ledger, LedgerError, Settle};
use razor_core::order::{OrderIx, Side, TradeId};
use razor_core::units::{Price, Qty, Usdc, notional_ceil, notional_floor};

const TOKENS: u32 = 3;
const SETTLES: [Settle; 3] = [Settle::Prov, Settle::Conf, Settle::Void];

/// Something said to the ledger.
#[derive(Debug, Clone)]
enum Said {
    Fill(Fill),
    Merge(Vec<TokenIx>, Qty, Usdc),
}

/// What was taken of it, in order; every figure is computed anew from this list.
#[derive(Debug, Default)]
struct Oracle {
    fills: Vec<Fill>,
    log: Vec<Said>,
}

#[derive(Debug, Default, Clone, PartialEq, Eq)]
struct Figures {
    free: i128,
    prov_in: i128,
    prov_out: i128,
    free_cost: i128,
    in_cost: i128,
    out_cost: i128,
}

#[derive(Debug, Default)]
struct Sums {
    tokens: BTreeMap<TokenIx, Figures>,
    cash_conf: i128,
    cash_prov: i128,
    realised: i128,
}

fn cash(fill: &Fill) -> i128 {
    let money = match fill.side {
        Side::Buy => -notional_ceil(fill.price, fill.qty).expect("small").0,
        Side::Sell => notional_floor(fill.price, fill.qty).expect("small").0,
    };
    i128::from(money - fill.fee.0)
}

fn share(cost: i128, qty: i128, of: i128) -> i128 {
    (cost * qty).div_euclid(of)
}

impl Sums {
    fn leave(&mut self, token: TokenIx, qty: i128, cash: i128) {
        let row = self.tokens.entry(token).or_default();
        let cost = share(row.free_cost, qty, row.free);
        row.free -= qty;
        row.free_cost -= cost;
        self.realised -= cost;
        self.realised += cash;
        self.cash_conf += cash;
    }
}

impl Oracle {
    /// Replays everything from the first word on.
    fn sums(&self) -> Sums {
        let mut sums = Sums::default();
        let mut known: BTreeMap<FillKey, (Settle, i128)> = BTreeMap::new();
        for said in &self.log {
            match said {
                Said::Merge(legs, qty, proceeds) => {
                    for leg in legs {
                        sums.leave(*leg, i128::from(qty.0), 0);
                    }
                    sums.cash_conf += i128::from(proceeds.0);
                    sums.realised += i128::from(proceeds.0);
                }
                Said::Fill(fill) => Self::replay(&mut sums, &mut known, fill),
            }
        }
        sums
    }

    fn replay(sums: &mut Sums, known: &mut BTreeMap<FillKey, (Settle, i128)>, fill: &Fill) {
        let (qty, cash) = (i128::from(fill.qty.0), cash(fill));
        let row = sums.tokens.entry(fill.token).or_default();
        let old = known.get(&fill.key).copied();
        let mut cost = -cash;
        // What stood there as provisional goes back first.
        if let Some((Settle::Prov, old_cost)) = old {
            cost = old_cost;
            sums.cash_prov -= cash;
            match fill.side {
                Side::Buy => {
                    row.prov_in -= qty;
                    row.in_cost -= cost;
                }
                Side::Sell => {
                    row.prov_out -= qty;
                    row.out_cost -= cost;
                    row.free += qty;
                    row.free_cost += cost;
                }
            }
        } else if fill.side == Side::Sell && fill.settle != Settle::Void {
            cost = share(row.free_cost, qty, row.free);
        }
        known.insert(fill.key, (fill.settle, cost));
        match (fill.settle, fill.side) {
            (Settle::Void, _) => {}
            (Settle::Prov, Side::Buy) => {
                row.prov_in += qty;
                row.in_cost += cost;
                sums.cash_prov += cash;
            }
            (Settle::Prov, Side::Sell) => {
                row.free -= qty;
                row.free_cost -= cost;
                row.prov_out += qty;
                row.out_cost += cost;
                sums.cash_prov += cash;
            }
            (Settle::Conf, Side::Buy) => {
                row.free += qty;
                row.free_cost += cost;
                sums.cash_conf += cash;
            }
            (Settle::Conf, Side::Sell) => {
                row.free -= qty;
                row.free_cost -= cost;
                sums.cash_conf += cash;
                sums.realised += cash - cost;
            }
        }
    }

    /// Says what must come of a word, and remembers it if it counts.
    fn hear(&mut self, said: &Said) -> Result<Option<Booked>, &'static str> {
        match said {
            Said::Merge(legs, qty, _) => {
                let sums = self.sums();
                let free = |leg: &TokenIx| sums.tokens.get(leg).map_or(0, |row| row.free);
                let mut apart = legs.clone();
                apart.sort_unstable();
                apart.dedup();
                if qty.0 == 0 || legs.is_empty() || apart.len() != legs.len() {
                    return Err("bad");
                }
                if legs.iter().any(|leg| free(leg) < i128::from(qty.0)) {
                    return Err("short");
                }
                self.log.push(said.clone());
                Ok(None)
            }
            Said::Fill(fill) => self.hear_fill(fill).map(Some),
        }
    }

    fn hear_fill(&mut self, fill: &Fill) -> Result<Booked, &'static str> {
        let sums = self.sums();
        let Some(old) = self.fills.iter_mut().find(|old| old.key == fill.key) else {
            let free = sums.tokens.get(&fill.token).map_or(0, |row| row.free);
            let leaves = fill.side == Side::Sell && fill.settle != Settle::Void;
            if fill.qty.0 == 0 {
                return Err("bad");
            }
            if leaves && i128::from(fill.qty.0) > free {
                return Err("short");
            }
            self.fills.push(*fill);
            self.log.push(Said::Fill(*fill));
            return Ok(Booked::New);
        };
        let facts = |fill: &Fill| (fill.token, fill.side, fill.qty, fill.price);
        if facts(old) != facts(fill) {
            return Err("changed");
        }
        let (from, to) = (old.settle, fill.settle);
        if from == to {
            return Ok(Booked::Repeated);
        }
        if to == Settle::Prov {
            return Ok(Booked::Regressed);
        }
        if from != Settle::Prov {
            return Err("contradicted");
        }
        old.settle = to;
        let fill = *old;
        self.log.push(Said::Fill(fill));
        Ok(Booked::Moved { from, to, fill })
    }
}

fn word(error: LedgerError) -> &'static str {
    match error {
        LedgerError::Changed { .. } => "changed",
        LedgerError::Contradicted { .. } => "contradicted",
        LedgerError::Short { .. } => "short",
        LedgerError::Empty | LedgerError::Negative { .. } | LedgerError::BadLegs { .. } => "bad",
        LedgerError::Overflow => "overflow",
    }
}

fn apply(ledger: &mut Ledger, said: &Said) -> Result<Option<Booked>, LedgerError> {
    match said {
        Said::Fill(fill) => ledger.book(*fill).map(Some),
        Said::Merge(legs, qty, proceeds) => ledger.merge(legs, *qty, *proceeds).map(|()| None),
    }
}

fn is_news(booked: Option<Booked>) -> bool {
    matches!(booked, Some(Booked::New | Booked::Moved { .. }))
}

fn agree(ledger: &Ledger, oracle: &Oracle) -> Result<(), TestCaseError> {
    let sums = oracle.sums();
    let (mut conf_cost, mut cost) = (0, 0);
    for token in (0..TOKENS).map(TokenIx) {
        let row = sums.tokens.get(&token).cloned().unwrap_or_default();
        let position = ledger.position(token);
        prop_assert_eq!(i128::from(position.conf.0), row.free + row.prov_out);
        prop_assert_eq!(i128::from(position.prov_in.0), row.prov_in);
        prop_assert_eq!(i128::from(position.prov_out.0), row.prov_out);
        prop_assert_eq!(i128::from(ledger.sellable(token).0), row.free);
        prop_assert_eq!(i128::from(position.out_cost.0), row.out_cost);
        prop_assert_eq!(i128::from(position.conf_cost.0), row.free_cost + row.out_cost);
        conf_cost += row.free_cost + row.out_cost;
        cost += row.free_cost + row.out_cost + row.in_cost;
    }
    prop_assert_eq!(i128::from(ledger.cost().expect("cost").0), cost);
    prop_assert_eq!(i128::from(ledger.conf_cost().expect("cost").0), conf_cost);
    // S-23 and S-33: cash is the sum of what was said, and with the stock at cost the result.
    let change = ledger.cash_change();
    prop_assert_eq!(i128::from(change.conf.0), sums.cash_conf);
    prop_assert_eq!(i128::from(change.prov.0), sums.cash_prov);
    prop_assert_eq!(i128::from(ledger.realised().0), sums.realised);
    prop_assert_eq!(i128::from(change.conf.0) + conf_cost, sums.realised);
    conserve(ledger, oracle)
}

/// S-10 straight from the fills, without the costs: no path, no order, only sums.
fn conserve(ledger: &Ledger, oracle: &Oracle) -> Result<(), TestCaseError> {
    for order in (0..ORDERS).map(OrderIx) {
        let live = oracle.fills.iter().filter(|fill| fill.settle != Settle::Void);
        let sum: u64 = live.filter(|fill| fill.key.order == order).map(|fill| fill.qty.0).sum();
        prop_assert_eq!(ledger.filled(order), Qty(sum));
    }
    for token in (0..TOKENS).map(TokenIx) {
        let mut conf = 0_i128;
        for fill in oracle.fills.iter().filter(|fill| fill.token == token) {
            let qty = i128::from(fill.qty.0);
            let signed = if fill.side == Side::Buy { qty } else { -qty };
            conf += if fill.settle == Settle::Conf { signed } else { 0 };
        }
        for said in &oracle.log {
            if let Said::Merge(legs, qty, _) = said {
                conf -= if legs.contains(&token) { i128::from(qty.0) } else { 0 };
            }
        }
        prop_assert_eq!(i128::from(ledger.position(token).conf.0), conf);
    }
    Ok(())
}

const ORDERS: u64 = 4;

prop_compose! {
    /// What is true of one fill; its settlement is drawn each time it is said.
    fn facts()(
        token in 0..TOKENS,
        is_buy in prop::bool::weighted(0.6),
        qty in prop_oneof![1_u64..40, 1_u64..50_000_000],
        micros in prop_oneof![(1_u32..100).prop_map(|cents| cents * 10_000), 1_u32..1_000_000],
        fee in 0_i64..20,
    ) -> (TokenIx, Side, Qty, Price, Usdc) {
        let side = if is_buy { Side::Buy } else { Side::Sell };
        let price = Price::from_micros(micros).expect("price");
        (TokenIx(token), side, Qty(qty), price, Usdc(fee))
    }
}

type Facts = (TokenIx, Side, Qty, Price, Usdc);

/// The fill of a number: every fourth is of the same order.
fn fill_of(at: u64, (token, side, qty, price, fee): Facts, settle: Settle) -> Fill {
    let trade = TradeId([u8::try_from(at).expect("few"); 16]);
    let key = FillKey { order: OrderIx(at % ORDERS), trade };
    Fill { key, token, side, qty, price, fee, settle }
}

fn said(facts: Vec<Facts>) -> impl Strategy<Value = Said> {
    let count = facts.len();
    // Mostly true words about few fills, so that repeats, moves and regressions are common.
    let fill = (0..count, 0..SETTLES.len(), 0_u8..40).prop_map(move |(at, settle, twist)| {
        let number = u64::try_from(at).expect("few");
        let fill = fill_of(number, facts[at], SETTLES[settle]);
        Said::Fill(match twist {
            0 => Fill { qty: Qty(fill.qty.0 + 1), ..fill },
            1 => Fill { price: fill.price.complement(), ..fill },
            2 => Fill { token: TokenIx((fill.token.0 + 1) % TOKENS), ..fill },
            3 => Fill { qty: Qty::ZERO, ..fill },
            4 => Fill { fee: Usdc(fill.fee.0 + 1), ..fill },
            _ => fill,
        })
    });
    let legs = prop::collection::vec((0..TOKENS).prop_map(TokenIx), 0..3);
    let qty = prop_oneof![0_u64..20, 0_u64..20_000_000];
    let merge = (legs, qty, 0_i64..1000)
        .prop_map(|(legs, qty, proceeds)| Said::Merge(legs, Qty(qty), Usdc(proceeds)));
    prop_oneof![8 => fill, 1 => merge]
}

fn history() -> impl Strategy<Value = Vec<Said>> {
    prop::collection::vec(facts(), 1..14)
        .prop_flat_map(|facts| prop::collection::vec(said(facts), 1..50))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    #[test]
    fn any_history_gives_what_its_words_add_up_to(history in history()) {
        let mut ledger = Ledger::default();
        let mut oracle = Oracle::default();
        for said in &history {
            let before = ledger.clone();
            let expected = oracle.hear(said);
            let found = apply(&mut ledger, said);
            prop_assert_eq!(found.map_err(word), expected, "{:?}", said);
            if found.is_err() || matches!(found, Ok(Some(Booked::Repeated | Booked::Regressed))) {
                prop_assert_eq!(&ledger, &before);
            }
            agree(&ledger, &oracle)?;
        }
    }

    /// Each history once more with every word said twice, and all of it again at the end.
    #[test]
    fn saying_it_again_changes_nothing(history in history()) {
        let mut once = Ledger::default();
        let mut twice = Ledger::default();
        let fills = history.iter().filter(|said| matches!(said, Said::Fill(_)));
        for said in fills.clone() {
            let first = apply(&mut once, said);
            prop_assert_eq!(apply(&mut twice, said), first);
            let again = apply(&mut twice, said);
            prop_assert!(!is_news(again.ok().flatten()));
            prop_assert_eq!(&once, &twice);
        }
        for said in fills {
            if let Said::Fill(fill) = said && once.fill(fill.key).is_some() {
                let older = Fill { settle: Settle::Prov, ..*fill };
                let again = once.book(older);
                prop_assert!(!is_news(again.ok()));
            }
        }
        prop_assert_eq!(&once, &twice);
    }

    /// Buys and their fates in any order and number of deliveries: one end.
    #[test]
    fn buys_end_alike_in_any_order(
        facts in prop::collection::vec(facts(), 1..10),
        fates in prop::collection::vec(0_usize..3, 10),
        order in prop::collection::vec(any::<prop::sample::Index>(), 0..40),
    ) {
        let fills: Vec<Fill> = facts
            .iter()
            .zip(&fates)
            .zip(0_u64..)
            .map(|((facts, fate), at)| {
                let buy = (facts.0, Side::Buy, facts.2, facts.3, facts.4);
                fill_of(at, buy, SETTLES[*fate])
            })
            .collect();
        let mut straight = Ledger::default();
        for fill in &fills {
            straight.book(*fill).expect("buys are never short");
        }
        let mut mixed = Ledger::default();
        for (at, index) in order.iter().enumerate() {
            let fill = index.get(&fills);
            let settle = if at % 2 == 0 { Settle::Prov } else { fill.settle };
            mixed.book(Fill { settle, ..*fill }).expect("no word contradicts another");
        }
        for fill in fills.iter().rev() {
            mixed.book(*fill).expect("no word contradicts another");
        }
        prop_assert_eq!(straight, mixed);
    }

    /// A word never raises the first term of exposure but by a buy that is new.
    #[test]
    fn only_a_new_buy_raises_the_cost(history in history()) {
        let mut ledger = Ledger::default();
        for said in &history {
            let before = ledger.cost().expect("cost");
            let booked = apply(&mut ledger, said);
            let after = ledger.cost().expect("cost");
            let is_new_buy = matches!(
                (said, booked),
                (Said::Fill(Fill { side: Side::Buy, .. }), Ok(Some(Booked::New)))
            );
            prop_assert!(after <= before || is_new_buy, "{:?}", said);
        }
    }
}
