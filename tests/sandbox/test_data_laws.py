"""Laws of positions and of pages: no cost is lost or made, no row is lost or told twice."""

import base64
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from razor.adapters.sandbox.data_positions import (
    Basis,
    percent_toward_zero,
    positions_of,
    price_down,
    value_down,
)
from razor.adapters.sandbox.data_query import Behind, place_of
from tests.sandbox.indexing import PLAIN, YES, Index
from tests.sandbox.relaying import merge, redeem, split
from tests.sandbox.trader import ONE

QTY = st.integers(min_value=1, max_value=10**12)
PRICE = st.integers(min_value=0, max_value=ONE)
MOVES = st.lists(st.tuples(st.booleans(), QTY, PRICE), max_size=40)


def played(moves: list[tuple[bool, int, int]]) -> tuple[Basis, int]:
    """A basis after purchases and sales of what there is, and what the sales brought."""
    basis, brought = Basis(), 0
    for is_buy, qty, price in moves:
        if is_buy:
            basis.enter(qty, value_down(qty, price), fee=value_down(qty, price) // 25)
        elif basis.qty:
            sold = min(qty, basis.qty)
            brought += value_down(sold, price)
            basis.leave(sold, value_down(sold, price))
    return basis, brought


@given(MOVES)
def test_every_cost_is_either_held_or_in_a_result(moves: list[tuple[bool, int, int]]) -> None:
    basis, brought = played(moves)
    assert basis.realized == brought - (basis.entered_cost - basis.cost)
    assert 0 <= basis.cost <= basis.entered_cost
    assert basis.fees >= 0
    if not basis.qty:
        assert (basis.cost, basis.fees) == (0, 0)


@given(MOVES, QTY, PRICE)
def test_a_sale_leaves_the_average_but_for_a_fraction_of_a_micro_dollar(
    moves: list[tuple[bool, int, int]], qty: int, price: int
) -> None:
    basis, _ = played(moves)
    if basis.qty < 2:
        return
    before = Fraction(basis.cost, basis.qty)
    basis.leave(1 + qty % (basis.qty - 1), price)
    # The part that goes is rounded down, so what stays never costs less a share, and at most
    # one micro-dollar more in all.
    assert before <= Fraction(basis.cost, basis.qty) <= before + Fraction(1, basis.qty)


@given(MOVES, st.integers(min_value=0, max_value=10**13), PRICE)
def test_a_position_has_the_size_of_the_ledger(
    moves: list[tuple[bool, int, int]], held: int, gone: int
) -> None:
    basis, _ = played(moves)
    basis.settle(held, gone)
    assert basis.qty == held
    assert basis.entered_qty >= held


@given(st.integers(-(10**15), 10**15), st.integers(0, 10**15))
def test_a_percentage_is_cut_toward_zero_at_hundredths(gain: int, cost: int) -> None:
    shown = percent_toward_zero(gain, cost)
    assert shown % 10_000 == 0
    if not cost:
        assert shown == 0
        return
    exact = Fraction(gain * 100, cost)
    cut = Fraction(shown, ONE)
    assert abs(cut) <= abs(exact) < abs(cut) + Fraction(1, 100)
    assert cut * exact >= 0


def test_amounts_are_rounded_down_to_micro_dollars() -> None:
    assert value_down(3_333_333, 333_333) == 1_111_109
    assert price_down(6_100_000, 15_000_000) == 406_666
    assert price_down(0, 0) == 0
    assert percent_toward_zero(8_785_000, 52_710_000) == 16_660_000


@given(
    st.integers(0, 10**9 - 1),
    st.none() | st.integers(0, 10**18 - 1),
    st.integers(0, 10**9 - 1),
    st.none() | st.integers(0, 10**9 - 1),
)
def test_a_cursor_leads_back_to_its_place(
    offset: int, trade: int | None, seen: int, deeds: int | None
) -> None:
    behind = Behind(offset=offset, trade=trade, rows=seen, deeds=deeds)
    assert place_of(behind.cursor) == behind


def test_pages_reach_through_more_prints_than_are_looked_at_at_once() -> None:
    index = Index()
    token = index.place.token(PLAIN, YES)
    maker, taker = index.place.trader(0), index.place.trader(1)
    # 700 makers' rows of one price in trades of many makers each, besides the takers' rows.
    for _ in range(700):
        maker.post(token, "BUY", 40, 5)
    for _ in range(7):
        taker.post(index.place.token(PLAIN, 1), "BUY", 60, 500)
    index.place.pass_time(3)
    query = {"taker_only": "false", "side": "BUY", "limit": "1000"}
    known = index.ask("/v2/trades", **query).json["data"]
    assert len(known) > 700
    query["limit"], seen = "97", []
    while True:
        page = index.ask("/v2/trades", **query).json
        seen += page["data"]
        if not page["pagination"]["has_more"]:
            break
        query["cursor"] = page["pagination"]["next_cursor"]
    assert seen == known
    assert sum(row["outcome"] == "Yes" for row in seen) == 700
    (position,) = index.ask("/v2/positions", user=index.wallet(0)).json["data"]
    assert (position["current_size"], position["entry_cost_usdc"]) == (3_500, 1_400)


@st.composite
def stories(draw: st.DrawFn) -> list[tuple[str, int, int]]:
    """What residents do: a word, cents or a resident, and shares."""
    moves = st.one_of(
        st.tuples(st.just("mint"), st.integers(10, 90), st.integers(10, 30)),
        st.tuples(st.just("sell"), st.integers(10, 90), st.integers(10, 30)),
        st.tuples(st.just("split"), st.integers(0, 2), st.integers(1, 30)),
        st.tuples(st.just("merge"), st.integers(0, 2), st.integers(1, 30)),
    )
    return draw(st.lists(moves, max_size=8))


def wealth(index: Index, number: int) -> int:
    """Dollars of a resident and what its positions are worth."""
    venue, account = index.place.sandbox.venue, index.account(number)
    cash, _, _ = venue.exchange.holding(account, None)
    return cash + sum(
        it.value for it in positions_of(venue, account, None, index.deeds.of(account))
    )


def act(index: Index, word: str, number: int, shares: int) -> None:
    """One move; those that the holdings do not allow are left out."""
    exchange, condition = index.place.sandbox.venue.exchange, index.place.condition(PLAIN)
    match word:
        case "mint":
            index.mint(number, shares)
        case "sell":
            if exchange.holding(index.account(0), 2 * PLAIN)[0] >= shares * ONE:
                index.sell(number, shares)
        case "split":
            index.done(number, split(condition, shares * ONE))
        case _:
            index.done(number, merge(condition, shares * ONE))


@settings(max_examples=25, deadline=None)
@given(stories(), st.sampled_from(["", "yes", "no", "half"]), st.sets(st.integers(0, 2)))
def test_the_results_of_all_positions_are_what_became_of_the_money(
    story: list[tuple[str, int, int]], payout: str, redeeming: set[int]
) -> None:
    index = Index()
    before = [wealth(index, number) for number in range(3)]
    for word, number, shares in story:
        act(index, word, number, shares)
    if payout:
        index.resolve(payout)
        for number in redeeming:
            index.done(number, redeem(index.place.condition(PLAIN)))
    venue = index.place.sandbox.venue
    for number in range(3):
        account = index.account(number)
        positions = positions_of(venue, account, None, index.deeds.of(account))
        for it in positions:
            assert it.size == venue.exchange.holding(account, it.token)[0]
        results = sum(it.total for it in positions)
        # Splits, merges and redemptions have no print, and still every dollar is found again: a
        # pair costs and brings a dollar. The market has no fee; whole cents leave nothing to round.
        assert results == wealth(index, number) - before[number]


NAMES = (
    "user market condition condition_id eventId event_id side limit offset cursor start end status "
    "type takerOnly taker_only filterType filterAmount filter_type filter_amount sizeThreshold "
    "redeemable mergeable sort_direction"
)
WORDS = st.one_of(
    st.text(max_size=12),
    st.integers(-2, 10**12).map(str),
    st.sampled_from(["true", "BUY", "OPEN", "TRADE", "CASH", "0x" + "ab" * 20, "0x" + "c0" * 32]),
    st.binary(max_size=12).map(lambda raw: base64.urlsafe_b64encode(raw).decode()),
    st.decimals(allow_nan=True, allow_infinity=True).map(str),
)
PLACE = Index()
PLACE.mint(40, 10)


@given(
    st.sampled_from([path for _, path in PLACE.service.router.listed()]),
    st.dictionaries(st.sampled_from(NAMES.split()), WORDS, max_size=6),
    st.sampled_from([{}, {"user": PLACE.wallet(0)}]),
)
def test_no_question_brings_the_index_down(
    path: str, query: dict[str, str], user: dict[str, str]
) -> None:
    said = PLACE.ask(path, **(query | user))
    assert said.status in {200, 400}
    assert said.status == 200 or said.json["error"]


@given(
    st.integers(0, 10**9 - 1),
    st.none() | st.integers(0, 10**18 - 1),
    st.integers(0, 10**9 - 1),
    st.none() | st.integers(0, 10**9 - 1),
)
def test_a_cursor_that_somebody_made_up_leads_to_rows_that_there_are(
    offset: int, trade: int | None, seen: int, deeds: int | None
) -> None:
    cursor = Behind(offset=offset, trade=trade, rows=seen, deeds=deeds).cursor
    for path in ("/v2/trades", "/v2/activity", "/v2/positions"):
        whole = PLACE.ask(path, user=PLACE.wallet(1)).json["data"]
        rest = PLACE.ask(path, user=PLACE.wallet(1), cursor=cursor).json["data"]
        assert all(row in whole for row in rest)
