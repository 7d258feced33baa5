#![expect(clippy::arithmetic_side_effects, reason = "an overflow is a failed test")]

use super::*;

const A: TokenIx = TokenIx(0);
const B: TokenIx = TokenIx(1);

/// A provisional fill of `qty` at `cents`, without a fee.
fn fill(trade: u8, side: Side, qty: u64, cents: u32) -> Fill {
    let order = match side {
        Side::Buy => OrderIx(1),
        Side::Sell => OrderIx(2),
    };
    Fill {
        key: FillKey { order, trade: TradeId([trade; 16]) },
        token: A,
        side,
        qty: Qty(qty),
        price: Price::from_micros(cents * 10_000).expect("price"),
        fee: Usdc::ZERO,
        settle: Settle::Prov,
    }
}

fn buy(trade: u8, qty: u64, cents: u32) -> Fill {
    fill(trade, Side::Buy, qty, cents)
}

fn sell(trade: u8, qty: u64, cents: u32) -> Fill {
    fill(trade, Side::Sell, qty, cents)
}

fn conf(fill: Fill) -> Fill {
    Fill { settle: Settle::Conf, ..fill }
}

fn void(fill: Fill) -> Fill {
    Fill { settle: Settle::Void, ..fill }
}

fn ledger(fills: &[Fill]) -> Ledger {
    let mut ledger = Ledger::default();
    for fill in fills {
        ledger.book(*fill).expect("booked");
    }
    ledger
}

/// Asserts that the call fails so and leaves no trace.
fn refused<T>(
    ledger: &mut Ledger,
    error: LedgerError,
    call: impl Fn(&mut Ledger) -> Result<T, LedgerError>,
) {
    let before = ledger.clone();
    assert_eq!(call(ledger).err(), Some(error));
    assert_eq!(*ledger, before, "half of it was applied");
}

#[test]
fn words_are_those_of_the_tables() {
    let words = [Settle::Prov, Settle::Conf, Settle::Void].map(Settle::word);
    assert_eq!(words, ["PROV", "CONF", "VOID"]);
}

#[test]
fn a_provisional_buy_costs_but_cannot_be_sold() {
    let mut books = ledger(&[Fill { fee: Usdc(7), ..buy(1, 10, 40) }]);
    let position = books.position(A);
    assert_eq!(position, Position { prov_in: Qty(10), cost: Usdc(11), ..Position::default() });
    assert_eq!(books.sellable(A), Qty::ZERO);
    assert_eq!(books.cash_change(), CashChange { conf: Usdc::ZERO, prov: Usdc(-11) });
    let short = LedgerError::Short { token: A, free: Qty::ZERO, asked: Qty(1) };
    refused(&mut books, short, |books| books.book(sell(9, 1, 50)));
    refused(&mut books, short, |books| books.merge(&[A], Qty(1), Usdc(1)));
}

#[test]
fn a_confirmed_buy_moves_shares_cash_and_cost_to_the_other_axis() {
    let first = buy(1, 10_000_000, 40);
    let mut books = ledger(&[first]);
    let moved = Booked::Moved { from: Settle::Prov, to: Settle::Conf, fill: conf(first) };
    assert_eq!(books.book(conf(first)), Ok(moved));
    let cost = Usdc(4_000_000);
    let held = Qty(10_000_000);
    let expected = Position { conf: held, cost, conf_cost: cost, ..Position::default() };
    assert_eq!(books.position(A), expected);
    assert_eq!(books.sellable(A), held);
    assert_eq!(books.cash_change(), CashChange { conf: Usdc(-4_000_000), prov: Usdc::ZERO });
    assert_eq!(books.realised(), Usdc::ZERO);
}

#[test]
fn a_voided_buy_leaves_nothing_but_its_name() {
    let first = buy(1, 10, 40);
    let mut books = ledger(&[first]);
    let moved = Booked::Moved { from: Settle::Prov, to: Settle::Void, fill: void(first) };
    assert_eq!(books.book(void(first)), Ok(moved));
    assert_eq!(books.position(A), Position::default());
    assert_eq!(books.cash_change(), CashChange::default());
    assert_eq!((books.cost(), books.filled(OrderIx(1))), (Ok(Usdc::ZERO), Qty::ZERO));
    assert_eq!(books.positions().count(), 0);
    assert_eq!(books.book(void(first)), Ok(Booked::Repeated));
    assert_eq!(books.book(first), Ok(Booked::Regressed));
}

#[test]
fn a_fill_that_comes_as_void_is_remembered_and_moves_nothing() {
    let mut books = Ledger::default();
    assert_eq!(books.book(void(sell(1, 10, 40))), Ok(Booked::New));
    assert_eq!(books.position(A), Position::default());
    assert_eq!(books.book(sell(1, 10, 40)), Ok(Booked::Regressed));
}

#[test]
fn repeats_and_older_words_change_nothing() {
    let first = buy(1, 10, 40);
    let mut books = ledger(&[first]);
    let before = books.clone();
    assert_eq!(books.book(first), Ok(Booked::Repeated));
    assert_eq!(books.book(Fill { fee: Usdc(99), ..first }), Ok(Booked::Repeated));
    assert_eq!(books, before);
    let mut books = ledger(&[conf(first)]);
    let before = books.clone();
    assert_eq!(books.book(first), Ok(Booked::Regressed));
    assert_eq!(books.book(conf(first)), Ok(Booked::Repeated));
    assert_eq!(books, before);
}

#[test]
fn the_fill_that_moves_is_the_one_first_booked() {
    let first = Fill { fee: Usdc(7), ..buy(1, 10, 40) };
    let mut books = ledger(&[first]);
    let other_fee = Fill { fee: Usdc(8), ..conf(first) };
    let moved = Booked::Moved { from: Settle::Prov, to: Settle::Conf, fill: conf(first) };
    assert_eq!(books.book(other_fee), Ok(moved));
    assert_eq!(books.fill(first.key), Some(&conf(first)));
    assert_eq!(books.cash_change().conf, Usdc(-11));
}

#[test]
fn a_final_word_is_not_taken_back() {
    let order = OrderIx(1);
    let (booked, said) = (Settle::Conf, Settle::Void);
    let mut books = ledger(&[conf(buy(1, 10, 40))]);
    let error = LedgerError::Contradicted { order, booked, said };
    refused(&mut books, error, |books| books.book(void(buy(1, 10, 40))));
    let mut books = ledger(&[void(buy(1, 10, 40))]);
    let error = LedgerError::Contradicted { order, booked: said, said: booked };
    refused(&mut books, error, |books| books.book(conf(buy(1, 10, 40))));
}

#[test]
fn the_same_name_with_other_facts_is_refused_by_field() {
    let first = buy(1, 10, 40);
    let mut books = ledger(&[first]);
    let others = [
        ("token", Fill { token: B, ..conf(first) }),
        ("side", Fill { side: Side::Sell, ..conf(first) }),
        ("qty", Fill { qty: Qty(11), ..conf(first) }),
        ("price", Fill { price: Price::ONE, ..conf(first) }),
    ];
    for (field, other) in others {
        let error = LedgerError::Changed { order: OrderIx(1), field };
        refused(&mut books, error, |books| books.book(other));
    }
}

#[test]
fn one_match_of_two_orders_and_two_matches_of_one_are_different_fills() {
    let first = buy(1, 10, 40);
    let other_order = FillKey { order: OrderIx(7), ..first.key };
    let books = ledger(&[first, Fill { key: other_order, ..first }, buy(2, 5, 40)]);
    assert_eq!(books.position(A).prov_in, Qty(25));
    assert_eq!(books.filled(OrderIx(1)), Qty(15));
    assert_eq!(books.filled(OrderIx(7)), Qty(10));
    assert_eq!(books.fills_of(OrderIx(1)).count(), 2);
}

#[test]
fn the_fills_of_an_order_reach_from_the_first_trade_id_to_the_last() {
    let books = ledger(
        &[buy(0, 1, 40), buy(255, 2, 40), fill(0, Side::Sell, 0, 0)]
            .map(|fill| if fill.qty == Qty::ZERO { void(sell(3, 9, 9)) } else { fill }),
    );
    assert_eq!(books.filled(OrderIx(1)), Qty(3));
    assert_eq!(books.filled(OrderIx(2)), Qty::ZERO);
}

#[test]
fn a_sale_takes_the_average_cost_and_what_stays_is_rounded_up() {
    // 3 micro-shares for 2 micro-dollars: one leaves with 0, two stay with 2.
    let mut books = ledger(&[conf(buy(1, 3, 50))]);
    assert_eq!(books.cost(), Ok(Usdc(2)));
    books.book(sell(2, 1, 100)).expect("sale");
    let position = books.position(A);
    assert_eq!((position.conf, position.prov_out), (Qty(3), Qty(1)));
    assert_eq!((position.cost, position.out_cost), (Usdc(2), Usdc::ZERO));
    assert_eq!(books.sellable(A), Qty(2));
    books.book(conf(sell(2, 1, 100))).expect("confirmed");
    assert_eq!((books.cost(), books.realised()), (Ok(Usdc(2)), Usdc(1)));
    books.book(conf(sell(3, 2, 100))).expect("sale");
    assert_eq!((books.cost(), books.realised()), (Ok(Usdc::ZERO), Usdc(1)));
    assert_eq!(books.positions().count(), 0, "the last share takes all of the cost");
}

#[test]
fn a_provisional_sale_gives_up_its_cost_only_when_confirmed() {
    let fills = [conf(buy(1, 1_000_000, 40)), sell(2, 500_000, 90)];
    let mut books = ledger(&fills);
    assert_eq!(books.cost(), Ok(Usdc(400_000)), "a void may not raise exposure");
    assert_eq!(books.realised(), Usdc::ZERO);
    assert_eq!(books.cash_change(), CashChange { conf: Usdc(-400_000), prov: Usdc(450_000) });
    let mut voided = books.clone();
    voided.book(void(sell(2, 500_000, 90))).expect("void");
    assert_eq!(voided.position(A), ledger(&fills[..1]).position(A));
    assert_eq!(voided.cash_change(), CashChange { conf: Usdc(-400_000), prov: Usdc::ZERO });
    books.book(conf(sell(2, 500_000, 90))).expect("confirmed");
    assert_eq!((books.cost(), books.realised()), (Ok(Usdc(200_000)), Usdc(250_000)));
}

#[test]
fn a_voided_sale_comes_back_at_its_own_cost_even_after_a_cheaper_buy() {
    let mut books = ledger(&[conf(buy(1, 100, 90)), sell(2, 100, 50), conf(buy(3, 100, 10))]);
    books.book(void(sell(2, 100, 50))).expect("void");
    assert_eq!(books.position(A).conf_cost, Usdc(100));
    assert_eq!(books.sellable(A), Qty(200));
}

#[test]
fn a_sale_of_one_share_too_many_is_refused_and_of_all_of_them_taken() {
    let mut books = ledger(&[conf(buy(1, 10, 40)), sell(2, 4, 40)]);
    let short = LedgerError::Short { token: A, free: Qty(6), asked: Qty(7) };
    refused(&mut books, short, |books| books.book(sell(3, 7, 40)));
    refused(&mut books, short, |books| books.book(conf(sell(3, 7, 40))));
    refused(&mut books, short, |books| books.redeem(A, Qty(7), Usdc::ZERO));
    assert_eq!(books.book(sell(3, 6, 40)), Ok(Booked::New));
}

#[test]
fn a_merge_takes_all_legs_or_none() {
    let leg = Fill { token: B, ..conf(buy(2, 5, 50)) };
    let mut books = ledger(&[conf(buy(1, 10, 40)), leg]);
    let short = LedgerError::Short { token: B, free: Qty(5), asked: Qty(6) };
    refused(&mut books, short, |books| books.merge(&[A, B], Qty(6), Usdc(6)));
    books.merge(&[A, B], Qty(5), Usdc(5)).expect("merge");
    assert_eq!((books.sellable(A), books.sellable(B)), (Qty(5), Qty::ZERO));
    // Legs of 4 and 3 micro-dollars; half of the first and all of the second left.
    assert_eq!((books.cost(), books.realised()), (Ok(Usdc(2)), Usdc(0)));
    assert_eq!(books.cash_change().conf, Usdc(-2));
}

#[test]
fn a_merge_needs_different_legs_shares_and_proceeds() {
    let mut books = ledger(&[conf(buy(1, 10, 40))]);
    let bad = |legs| LedgerError::BadLegs { legs };
    refused(&mut books, bad(0), |books| books.merge(&[], Qty(1), Usdc(1)));
    refused(&mut books, bad(2), |books| books.merge(&[A, A], Qty(1), Usdc(1)));
    refused(&mut books, LedgerError::Empty, |books| books.merge(&[A], Qty::ZERO, Usdc(1)));
    let negative = LedgerError::Negative { amount: Usdc(-1) };
    refused(&mut books, negative, |books| books.merge(&[A], Qty(1), Usdc(-1)));
    refused(&mut books, negative, |books| books.redeem(A, Qty(1), Usdc(-1)));
}

#[test]
fn a_redemption_that_pays_nothing_is_a_loss_of_the_cost() {
    let mut books = ledger(&[conf(buy(1, 10_000_000, 40))]);
    books.redeem(A, Qty(10_000_000), Usdc::ZERO).expect("redeemed");
    assert_eq!((books.cost(), books.realised()), (Ok(Usdc::ZERO), Usdc(-4_000_000)));
}

#[test]
fn fills_without_shares_or_with_a_negative_fee_are_refused() {
    let mut books = Ledger::default();
    refused(&mut books, LedgerError::Empty, |books| books.book(buy(1, 0, 40)));
    let negative = LedgerError::Negative { amount: Usdc(-1) };
    refused(&mut books, negative, |books| books.book(Fill { fee: Usdc(-1), ..buy(1, 1, 40) }));
}

#[test]
fn a_fee_above_the_proceeds_is_still_a_fact() {
    let mut books = ledger(&[conf(buy(1, 1, 1))]);
    books.book(Fill { fee: Usdc(10), ..conf(sell(2, 1, 1)) }).expect("sale");
    assert_eq!((books.cash_change().conf, books.realised()), (Usdc(-11), Usdc(-11)));
}

#[test]
fn sums_beyond_64_bits_are_refused_whole() {
    // At a price of zero only the shares are large, at a dollar the cash is.
    let free = |trade| Fill { qty: Qty(u64::MAX), price: Price::ZERO, ..buy(trade, 1, 1) };
    let dear = |trade| Fill { qty: Qty(9_000_000_000_000_000_000), ..buy(trade, 1, 100) };
    for settled in [conf, |fill| fill] {
        let mut books = ledger(&[settled(free(1))]);
        refused(&mut books, LedgerError::Overflow, |books| books.book(conf(buy(2, 1, 40))));
        refused(&mut books, LedgerError::Overflow, |books| books.book(buy(2, 1, 40)));
        let mut books = ledger(&[settled(dear(1))]);
        refused(&mut books, LedgerError::Overflow, |books| books.book(settled(dear(2))));
    }
    let mut books = Ledger::default();
    let huge = Fill { qty: Qty(u64::MAX), ..buy(1, 1, 100) };
    refused(&mut books, LedgerError::Overflow, |books| books.book(huge));
    let charged = Fill { fee: Usdc(i64::MAX), ..buy(1, 10, 100) };
    refused(&mut books, LedgerError::Overflow, |books| books.book(charged));
}

#[test]
fn costs_of_several_tokens_that_exceed_64_bits_are_said() {
    let dear = |trade, token| Fill { qty: Qty(9 << 59), token, ..buy(trade, 1, 100) };
    let mut books = ledger(&[dear(1, A)]);
    assert!(books.cost().is_ok());
    refused(&mut books, LedgerError::Overflow, |books| books.book(dear(2, B)));
}

#[test]
fn errors_name_the_remedy() {
    let errors = [
        LedgerError::Overflow,
        LedgerError::Changed { order: OrderIx(1), field: "qty" },
        LedgerError::Contradicted { order: OrderIx(1), booked: Settle::Conf, said: Settle::Void },
        LedgerError::Short { token: A, free: Qty(1), asked: Qty(2) },
        LedgerError::Empty,
        LedgerError::Negative { amount: Usdc(-1) },
        LedgerError::BadLegs { legs: 2 },
    ];
    for error in errors {
        assert!(error.to_string().len() > 30, "{error}");
    }
    let said = errors[2].to_string();
    assert!(said.contains("was CONF and is said to be VOID"), "{said}");
}

/// Everything a small world can say: two buys, two sales, and the treasury.
fn small_world() -> Vec<Said> {
    let fills = [buy(1, 2, 50), buy(2, 1, 50), sell(3, 1, 100), sell(4, 2, 100)];
    let settled = fills.into_iter().flat_map(|fill| [fill, conf(fill), void(fill)]);
    let mut world: Vec<Said> = settled.map(Said::Fill).collect();
    world.push(Said::Redeem);
    world
}

#[derive(Debug, Clone, Copy)]
enum Said {
    Fill(Fill),
    /// One share of the token for a dollar's millionth.
    Redeem,
}

fn hear(books: &Ledger, said: Said) -> (Ledger, Result<(), LedgerError>) {
    let mut next = books.clone();
    let found = match said {
        Said::Fill(fill) => next.book(fill).map(|_| ()),
        Said::Redeem => next.redeem(A, Qty(1), Usdc(1)),
    };
    (next, found)
}

/// Every ledger that real calls reach in the small world, with each call tried in each of them.
fn explore(mut visit: impl FnMut(&Ledger, Said, &Ledger, &Result<(), LedgerError>)) -> usize {
    let mut seen = std::collections::BTreeSet::from([format!("{:?}", Ledger::default())]);
    let mut open = vec![Ledger::default()];
    while let Some(books) = open.pop() {
        for said in small_world() {
            let (next, found) = hear(&books, said);
            visit(&books, said, &next, &found);
            if seen.insert(format!("{next:?}")) {
                open.push(next);
            }
        }
    }
    seen.len()
}

#[test]
fn in_every_reachable_ledger_cash_shares_and_result_agree() {
    explore(|_, said, next, _| {
        let position = next.position(A);
        let identity = next.cash_change().conf.plus(next.conf_cost().expect("cost"));
        assert_eq!(identity, Ok(next.realised()), "{said:?}");
        assert_eq!(next.sellable(A), position.conf.minus(position.prov_out).expect("no debt"));
        assert!(position.cost >= position.conf_cost && position.conf_cost >= position.out_cost);
        let has_shares = position.conf != Qty::ZERO || position.prov_in != Qty::ZERO;
        assert!(has_shares || position.cost == Usdc::ZERO, "cost without shares");
        assert_eq!(next.positions().count(), usize::from(has_shares));
    });
}

#[test]
fn in_every_reachable_ledger_a_refusal_changes_nothing_and_a_repeat_neither() {
    explore(|books, said, next, found| {
        if found.is_err() {
            assert_eq!(books, next, "{said:?}");
        } else if let Said::Fill(_) = said {
            let (again, second) = hear(next, said);
            assert_eq!((&again, second), (next, Ok(())), "{said:?}");
        }
    });
}

#[test]
fn in_every_reachable_ledger_the_chain_can_still_decide_what_is_provisional() {
    explore(|books, said, next, found| {
        let Said::Fill(fill) = said else { return };
        let is_prov = books.fill(fill.key).is_some_and(|fill| fill.settle == Settle::Prov);
        if is_prov {
            assert_eq!(*found, Ok(()), "{fill:?} cannot settle");
            assert_eq!(next.fill(fill.key).map(|fill| fill.settle), Some(fill.settle));
            let (before, after) = (books.cost().expect("cost"), next.cost().expect("cost"));
            assert!(after <= before, "settling raised exposure");
        }
    });
}

#[test]
fn the_small_world_is_not_empty_of_anything() {
    let mut sales = 0_u32;
    let mut voided_sales = 0_u32;
    let mut short = 0_u32;
    let mut redeemed = 0_u32;
    let states = explore(|books, said, _, found| match (said, found) {
        (Said::Fill(fill), Ok(())) if fill.side == Side::Sell => {
            sales += u32::from(fill.settle == Settle::Conf);
            let was_sold = books.fill(fill.key).is_some_and(|old| old.settle == Settle::Prov);
            voided_sales += u32::from(fill.settle == Settle::Void && was_sold);
        }
        (_, Err(LedgerError::Short { .. })) => short += 1,
        (Said::Redeem, Ok(())) => redeemed += 1,
        _ => {}
    });
    assert!(sales > 0 && voided_sales > 0 && short > 0 && redeemed > 0);
    assert_eq!(states, 217);
}
