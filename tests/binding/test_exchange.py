"""The local exchange across the border: answers, frames, refusals, and the same bytes twice."""

import json

import pytest

from razor import _core

START_NS = 1_800_000_000_000_000_000
ONE = 1_000_000


def opened(*, accidents_ppm: int = 0) -> _core.Exchange:
    """An exchange with one watched market and two accounts of 1,000 dollars."""
    exchange = _core.Exchange(seed=7, fail_ppm=accidents_ppm, retry_ppm=accidents_ppm)
    market = exchange.add_market(
        START_NS,
        condition_id="0xc",
        token_ids=("71", "72"),
        outcomes=("Yes", "No"),
        tick="0.01",
        min_order_qty=5 * ONE,
    )
    exchange.watch(market, is_watched=True)
    for number in range(2):
        account = exchange.open_account(START_NS, f"0x{number:040x}", is_approved=True)
        exchange.add_owner(START_NS, f"key-{number}", account)
        exchange.deposit(START_NS, account, 1_000 * ONE)
    return exchange


def order_id(number: int) -> str:
    """The id of a test's order."""
    return f"0x{number:064x}"


def buy(number: int, owner: int, token: int, cents: int, shares: int) -> _core.ExchangeOrder:
    """A GTC buy."""
    return _core.ExchangeOrder(
        order_id=order_id(number),
        owner=owner,
        account=owner,
        token=token,
        is_buy=True,
        maker_amount=cents * shares * ONE // 100,
        taker_amount=shares * ONE,
        order_type="GTC",
    )


def test_a_match_is_answered_told_and_settled() -> None:
    exchange = opened()
    live = json.loads(exchange.place(START_NS, buy(1, 0, 1, 40, 10)))
    assert (live["status"], live["makingAmount"]) == ("live", "")
    matched = json.loads(exchange.place(START_NS, buy(2, 1, 0, 60, 10)))
    assert (matched["status"], matched["makingAmount"]) == ("matched", "6")
    kinds = [
        (market, token, json.loads(text)["event_type"])
        for market, token, is_custom, text in exchange.take_market_frames()
        if not is_custom
    ]
    assert kinds == [
        (0, None, "price_change"),
        (0, 0, "last_trade_price"),
        (0, 0, "book"),
        (0, 1, "book"),
        (0, None, "price_change"),
    ]
    told = [(owner, json.loads(text)["type"]) for owner, _, text in exchange.take_user_frames()]
    assert sorted(told) == [
        (0, "PLACEMENT"),
        (0, "TRADE"),
        (0, "UPDATE"),
        (1, "PLACEMENT"),
        (1, "TRADE"),
    ]
    exchange.wake(START_NS + 60 * 1_000_000_000)
    assert exchange.holding(1) == (994 * ONE, 0, 0)
    assert exchange.holding(1, 0) == (10 * ONE, 0, 0)
    (trade,) = json.loads(exchange.trades(0))
    assert (trade["status"], trade["trader_side"]) == ("CONFIRMED", "MAKER")
    assert exchange.due_ns() is None
    assert exchange.audit() is None


def test_a_refusal_is_the_venues_and_says_its_status() -> None:
    exchange = opened()
    with pytest.raises(_core.ExchangeRefused, match="lower than the minimum: 5") as caught:
        exchange.place(START_NS, buy(1, 0, 0, 50, 4))
    assert (caught.value.status, caught.value.expected_beat) == (400, None)
    exchange.set_mode(START_NS, "restarting")
    with pytest.raises(_core.ExchangeRefused) as caught:
        exchange.cancel(START_NS, 0)
    assert caught.value.status == 425
    first = exchange.beat(START_NS, 0, 0)
    with pytest.raises(_core.ExchangeRefused, match="Invalid Heartbeat ID") as caught:
        exchange.beat(START_NS, 0, first + 5)
    assert caught.value.expected_beat == first
    with pytest.raises(ValueError, match="is none of normal, post_only"):
        exchange.set_mode(START_NS, "asleep")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    for id_ in ("0x1", f"0x{'g' * 64}"):
        with pytest.raises(ValueError, match="an order id"):
            exchange.cancel(START_NS, 0, ids=[id_])
    with pytest.raises(ValueError, match="a time lies outside"):
        exchange.wake(2**63 - 1)
    with pytest.raises(ValueError, match="delays are least and most"):
        _core.Exchange(seed=7, mine_ms=(2, 1))


def test_orders_are_read_listed_and_cancelled() -> None:
    exchange = opened()
    batch = json.loads(exchange.place_batch(START_NS, [buy(1, 0, 0, 40, 10), buy(2, 0, 0, 40, 1)]))
    assert [leg["errorMsg"] == "" for leg in batch] == [True, False]
    assert [order["price"] for order in json.loads(exchange.open_orders(0, market=0))] == ["0.4"]
    book = json.loads(exchange.book(1))
    assert book["asks"] == [{"price": "0.6", "size": "10"}]
    done = json.loads(exchange.cancel(START_NS, 0, ids=[order_id(1), order_id(0)]))
    assert len(done["canceled"]) == len(done["not_canceled"]) == 1
    ended = exchange.order(order_id(1))
    assert ended is not None
    assert json.loads(ended)["status"] == "CANCELED"
    assert exchange.order(order_id(0)) is None
    assert (exchange.token("72"), exchange.market("0xc"), exchange.token("9")) == (1, 0, None)


def test_actions_and_operations_reach_the_ledger() -> None:
    exchange = opened()
    later = START_NS + 60 * 1_000_000_000
    action = exchange.split(START_NS, 0, 0, 50 * ONE)
    assert exchange.action(action) == ("STATE_NEW", "")
    exchange.transfer(later, 0, 1, 20 * ONE, token=1)
    assert exchange.holding(1, 1) == (20 * ONE, 0, 0)
    exchange.merge(later, 0, 0, 30 * ONE)
    exchange.wake(2 * later - START_NS)
    exchange.resolve(2 * later - START_NS, 0, "half")
    exchange.redeem(2 * later - START_NS, 1, 0)
    exchange.withdraw(2 * later - START_NS, 0, ONE)
    exchange.wake(3 * later - 2 * START_NS)
    assert exchange.holding(0)[0] == 979 * ONE
    assert exchange.holding(1)[0] == 1_010 * ONE
    exchange.approve(4 * later - 3 * START_NS, 0, "router", 5, has_tokens=False)
    assert exchange.approval(0, "router") == (5, False)
    assert exchange.audit() is None


def test_orders_are_signed_for_the_contract_of_their_market() -> None:
    exchange = opened()
    group = exchange.add_group(START_NS, "0xg", is_augmented=False)
    exchange.add_market(
        START_NS,
        condition_id="0xd",
        token_ids=("81", "82"),
        outcomes=("Yes", "No"),
        tick="0.01",
        min_order_qty=5 * ONE,
        group=group,
    )
    contracts = [exchange.exchange_of(token) for token in ("72", "82", "9")]
    assert [contract and contract.contract for contract in contracts] == [
        _core.SigningExchange.plain().contract,
        _core.SigningExchange.neg_risk().contract,
        None,
    ]
    assert json.loads(exchange.place(START_NS, buy(1, 0, 2, 40, 10)))["status"] == "live"
    foreign = _core.ExchangeOrder(
        order_id=order_id(2),
        owner=0,
        account=0,
        token=2,
        is_buy=True,
        maker_amount=4 * ONE,
        taker_amount=10 * ONE,
        order_type="GTC",
        signed_for="exchange",
    )
    with pytest.raises(_core.ExchangeRefused, match="order_version_mismatch"):
        exchange.place(START_NS, foreign)


def test_a_trade_named_by_its_id_becomes_a_ghost_fill() -> None:
    exchange = opened()
    exchange.place(START_NS, buy(1, 0, 1, 40, 10))
    exchange.place(START_NS, buy(2, 1, 0, 60, 10))
    (told,) = json.loads(exchange.trades(1))
    trade = exchange.trade(told["id"])
    assert trade == 0
    exchange.set_fate(START_NS, trade, "fail")
    exchange.wake(START_NS + 60 * 1_000_000_000)
    (told,) = json.loads(exchange.trades(1))
    assert told["status"] == "FAILED"
    assert exchange.holding(1) == (1_000 * ONE, 0, 0)
    assert exchange.trade("0") is None


def test_the_same_calls_give_the_same_bytes() -> None:
    def played() -> list[bytes]:
        exchange = opened(accidents_ppm=300_000)
        answers: list[bytes] = []
        for number in range(1, 60):
            now_ns = START_NS + number * 700_000_000
            order = buy(number, number % 2, number % 3 % 2, 40 + number % 20, 5 + number % 7)
            answers.append(exchange.place(now_ns, order))
        frames = [text for *_, text in exchange.take_market_frames()]
        return answers + frames + [text for *_, text in exchange.take_user_frames()]

    assert played() == played()


def test_a_market_says_how_it_stands_and_that_it_changed() -> None:
    exchange = opened()
    assert exchange.take_changes() == [0]
    assert exchange.take_changes() == []
    assert exchange.standing(0) == (10_000, True, True, False, None)
    exchange.set_tick(START_NS, 0, "0.001")
    exchange.set_flags(START_NS, 0, is_active=True, accepts_orders=False, is_closed=False)
    assert exchange.take_changes() == [0, 0]
    assert exchange.standing(0) == (1_000, True, False, False, None)
    exchange.resolve(START_NS, 0, "half")
    standing = exchange.standing(0)
    assert standing is not None
    assert standing[3:] == (True, "half")
    assert exchange.standing(1) is None


def test_tops_and_last_trades_are_those_of_the_unified_book() -> None:
    exchange = opened()
    assert (exchange.top(0), exchange.last_trade(0)) == ((None, None), None)
    exchange.place(START_NS, buy(1, 0, 1, 40, 10))
    assert exchange.top(1) == (400_000, None)
    assert exchange.top(0) == (None, 600_000)
    exchange.place(START_NS, buy(2, 1, 0, 60, 5))
    assert exchange.last_trade(0) == ("0.6", True)
    assert exchange.top(9) == (None, None)


def test_prints_are_newest_first_and_an_account_sees_its_own_side() -> None:
    exchange = opened()
    for number, shares in ((1, 10), (3, 20)):
        exchange.place(START_NS + number, buy(number, 0, 1, 40, shares))
        exchange.place(START_NS + number, buy(number + 1, 1, 0, 60, shares))
    taken = exchange.prints()
    assert [(row.qty, row.is_taker, row.token, row.price_micros) for row in taken] == [
        (20 * ONE, True, 0, 600_000),
        (10 * ONE, True, 0, 600_000),
    ]
    made = exchange.prints(account=0, takers_only=False)
    assert [(row.qty, row.is_taker, row.token, row.price_micros) for row in made] == [
        (20 * ONE, False, 1, 400_000),
        (10 * ONE, False, 1, 400_000),
    ]
    assert {row.address for row in made} == {f"0x{0:040x}"}
    assert [row.cash for row in made] == [8 * ONE, 4 * ONE]
    assert exchange.prints(account=0) == []
    (older,) = exchange.prints(offset=1, limit=1)
    assert (older.qty, older.status, older.transaction) == (10 * ONE, "MATCHED", "")
    assert len(exchange.prints(since_ns=START_NS + 2)) == 1
    assert exchange.prints(market=1) == []
    exchange.wake(START_NS + 60 * 1_000_000_000)
    settled = exchange.prints(limit=1)[0]
    assert settled.status == "CONFIRMED"
    assert settled.transaction.startswith("0x")
