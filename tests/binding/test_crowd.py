"""Worlds across the border: the listing, the frames, the truth, and the same bytes twice."""

import json
from pathlib import Path
from typing import Any

import pytest

from razor import _core

START_NS = 1_800_000_000_000_000_000
SECOND = 1_000_000_000
ONE = 1_000_000


def opened(
    seed: int = 7, plan: dict[str, Any] | None = None
) -> tuple[_core.Exchange, dict[str, Any]]:
    """An exchange with a world, and the world's listing."""
    exchange = _core.Exchange(seed=1, kept_orders=2_000, kept_trades=500)
    listing = json.loads(exchange.open_world(START_NS, seed=seed, **(plan or {})))
    return exchange, listing


def truth_of(exchange: _core.Exchange) -> list[dict[str, Any]]:
    """What the checkers are told."""
    return [json.loads(line) for line in exchange.take_truth().splitlines()]


def test_the_listing_names_what_the_exchange_lists() -> None:
    exchange, listing = opened()
    markets = listing["markets"]
    assert exchange.take_changes() == list(range(len(markets)))
    assert (len(listing["events"]), len(markets)) == (8, 4 * 3 + 2 + 4)
    assert [market["market"] for market in markets] == list(range(len(markets)))
    for market in markets:
        event = listing["events"][market["event"]]
        assert exchange.market(market["condition_id"]) == market["market"]
        for side, token in enumerate(market["token_ids"]):
            assert exchange.token(token) == 2 * market["market"] + side
            assert len(token) == 77
            assert int(token) < 2**256
        assert len(market["condition_id"]) == 66
        assert market["condition_id"].startswith("0x776f726c64")
        assert (event["group"], event["end_ns"]) == (market["group"], market["end_ns"])
        assert market["id"].isdecimal()
        assert event["id"].isdecimal()
    odd = [market for market in markets if market["is_unnamed"] or market["is_other"]]
    assert [market["leg"] for market in odd] == [3, 4]
    assert {market["group"] for market in odd} == {3}
    assert json.loads(exchange.book(2 * odd[1]["market"]))["bids"] == []


def course(seed: int) -> tuple[list[tuple[int, int | None, bool, bytes]], bytes]:
    """Frames of one market and the truth of twenty seconds."""
    exchange, _ = opened(seed)
    exchange.watch(0, is_watched=True)
    exchange.wake(START_NS + 20 * SECOND)
    assert exchange.audit() is None
    return exchange.take_market_frames(), exchange.take_truth()


def test_a_world_moves_with_time_alone_and_the_same_seed_moves_it_alike() -> None:
    frames, truth = course(7)
    assert (frames, truth) == course(7)
    assert course(8)[0] != frames
    assert {market for market, *_ in frames} == {0}
    kinds = {json.loads(text)["event_type"] for _, _, _, text in frames}
    assert {"price_change", "last_trade_price", "book", "best_bid_ask"} <= kinds


def test_one_long_sleep_and_many_short_ones_lead_to_the_same_world() -> None:
    slow, _ = opened()
    slow.wake(START_NS + 10 * SECOND)
    quick, _ = opened()
    while (due := quick.due_ns()) is not None and due <= START_NS + 10 * SECOND:
        quick.wake(due)
    assert quick.take_truth() == slow.take_truth()
    assert [quick.book(token) for token in range(8)] == [slow.book(token) for token in range(8)]


def test_a_planted_set_is_taken_with_profit_and_the_truth_says_so() -> None:
    first, _ = opened(plan={"plant_bids_percent": 0})
    first.wake(START_NS + 10 * SECOND)
    planted = truth_of(first)[0]
    exchange, _ = opened(plan={"plant_bids_percent": 0})
    now = planted["start_ns"] + SECOND // 2
    account = exchange.open_account(now, "0x" + "ab" * 20, is_approved=True)
    owner = exchange.add_owner(now, "ours", account)
    exchange.deposit(now, account, 1_000 * ONE)
    for leg, price in zip(planted["legs"], planted["prices_micros"], strict=True):
        token = exchange.token(leg)
        assert token is not None
        order = _core.ExchangeOrder(
            order_id=f"0x{token + 1:064x}",
            owner=owner,
            account=account,
            token=token,
            is_buy=True,
            maker_amount=20 * price,
            taker_amount=20 * ONE,
            order_type="GTC",
        )
        assert json.loads(exchange.place(now, order))["status"] == "matched"
    spent = 1_000 * ONE - exchange.holding(account)[0] + exchange.holding(account)[2]
    assert 0 < spent < 20 * ONE
    told = {owner for owner, _, _ in exchange.take_user_frames()}
    assert told == {owner}, "nobody hears of the crowd's own orders"
    exchange.wake(planted["end_ns"])
    (taken, *_) = truth_of(exchange)
    assert taken["taken_micros"] == [20 * ONE] * 3
    assert {**taken, "taken_micros": planted["taken_micros"]} == planted
    assert exchange.audit() is None


def test_events_resolve_in_the_world() -> None:
    plan = {"binaries": 2, "groups": 1, "has_augmented": False, "resolve_every_ms": 1_000}
    exchange, listing = opened(plan=plan)
    exchange.wake(START_NS + 30 * SECOND)
    books = [json.loads(exchange.book(2 * it["market"])) for it in listing["markets"]]
    assert all(book["bids"] == book["asks"] == [] for book in books)


@pytest.mark.parametrize(
    "plan",
    [
        {"binaries": 0, "groups": 0},
        {"group_size": 21},
        {"ticks": ["0.03"]},
        {"ticks": []},
        {"fees": [(40_000, 3)]},
        {"min_order_qtys": [1]},
        {"pace_ms": 0},
        {"plant_life_ms": (5, 4)},
        {"plant_size": (ONE, ONE)},
        {"plant_edge_ppm": (0, 1)},
        {"resolve_every_ms": 2**62},
    ],
)
def test_plans_outside_their_ranges_are_refused(plan: dict[str, Any]) -> None:
    with pytest.raises((ValueError, _core.RazorError)):
        opened(plan=plan)


def test_an_exchange_has_one_world() -> None:
    exchange, _ = opened()
    with pytest.raises(ValueError, match="its world already"):
        exchange.open_world(START_NS, seed=8)


def test_a_recording_of_a_world_is_the_same_twice_and_names_its_seed(tmp_path: Path) -> None:
    paths = [tmp_path / f"{name}.jsonl.zst" for name in ("first", "second", "other")]
    for path, seed in zip(paths, (5, 5, 6), strict=True):
        manifest = json.loads(_core.venue_world_capture(path, seed, START_NS, 3_000))
    assert manifest["source"]["description"].startswith("seeded world 6 ")
    assert set(manifest["counts"]["messages"]) == {"book", "price_change", "last_trade_price"}
    first, second, other = (_core.file_sha256(path) for path in paths)
    assert first == second != other


@pytest.mark.parametrize("duration_ms", [-1, 2**62])
def test_a_recording_without_a_length_is_refused(tmp_path: Path, duration_ms: int) -> None:
    with pytest.raises((ValueError, _core.RazorError)):
        _core.venue_world_capture(tmp_path / "w.jsonl.zst", 5, START_NS, duration_ms)
