"""A capture played into the local exchange: listing, depth, time, and how it ends."""

import asyncio
import json
from pathlib import Path

import pytest
from websockets.asyncio.client import connect

from razor import _core
from razor.adapters.sandbox.server import serving
from razor.adapters.sandbox.tape import LeapClock, open_tape
from razor.app.sandbox import SandboxPlan
from tests.sandbox.trader import ONE, SECOND, START_NS, Place

LONG_MS = 6_000
RECORDED_NS = 1_700_000_000_000_000_000
QUOTED_AT_NS = 1_700_000_000_000_000_000


@pytest.fixture(name="capture")
def _capture(tmp_path: Path) -> Path:
    path = tmp_path / "world.jsonl.zst"
    _core.world_capture(path, 7, RECORDED_NS, LONG_MS)
    return path


def place_with(path: Path) -> Place:
    """A sandbox that plays a capture."""
    return Place(plan=SandboxPlan(is_limited=False, port=0, tape=path))


def progress_of(place: Place) -> _core.TapeProgress:
    """How far its tape is."""
    played = place.sandbox.venue.exchange.tape_progress()
    assert played is not None
    return played


def defined_by(path: Path) -> list[dict[str, object]]:
    """Market definitions of a capture."""
    lines = [json.loads(line) for line in _core.capture_text(path, 1 << 30).splitlines()]
    metas = [json.loads(line["m"]) for line in lines if line["k"] == "meta"]
    return [market for meta in metas for market in meta["markets"]]


def book(place: Place, market: int) -> dict[str, list[dict[str, str]]]:
    """The book of a market's first token as the CLOB answers."""
    answer = place.ask("GET", "/book", query={"token_id": place.token(market)})
    assert answer.status == 200
    return answer.json  # type: ignore[no-any-return]


def quoted(path: Path, *quotes: tuple[int, str]) -> Path:
    """A capture of quotes: milliseconds after the first record, text."""
    market = {
        "condition_id": "nyy-bos",
        "token_ids": ["nyy", ""],
        "outcomes": ["Yes", "No"],
        "label": "",
        "tick_size": "0.001",
        "min_order_size": "5",
        "neg_risk": False,
        "fees": None,
        "end_ms": 0,
        "event_id": "",
        "group_id": "",
        "seconds_delay": 0,
    }
    meta = json.dumps({"markets": [market], "sets": []})
    rows = [("meta", 0, meta), *(("quote", at, text) for at, text in quotes)]
    lines = [
        json.dumps({"t": QUOTED_AT_NS + at * 1_000_000, "c": "q", "e": 0, "k": kind, "m": text})
        for kind, at, text in rows
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_what_a_capture_defines_is_what_is_listed(capture: Path) -> None:
    place = place_with(capture)
    defined = defined_by(capture)
    listed = place.sandbox.venue.catalogue.markets
    # Those of a seeded world are no hex, which clients of the venue insist on.
    conditions = {it.market.condition_id for it in listed}
    assert len(conditions) == len(defined)
    assert all(len(it) == 66 and int(it, 16) for it in conditions)
    assert [list(it.market.token_ids) for it in listed] == [it["token_ids"] for it in defined]
    assert [it.is_neg_risk for it in listed] == [it["neg_risk"] for it in defined]
    assert [it.market.question for it in listed] == [it["label"] for it in defined]
    groups = {str(it["group_id"]) for it in defined if it["neg_risk"]}
    events = place.sandbox.venue.catalogue.events
    assert {it.neg_risk_id for it in events if it.neg_risk_id} == groups
    assert len({it.event_id for it in events}) == len(events)
    assert len({it.market.slug for it in listed}) == len(listed)
    answer = place.ask("GET", "/markets", service="gamma", query={"limit": "500"})
    assert len(answer.json) == len(defined)


def test_records_are_due_as_long_after_the_opening_as_they_were_recorded(capture: Path) -> None:
    place = place_with(capture)
    exchange = place.sandbox.venue.exchange
    lines = [json.loads(line) for line in _core.capture_text(capture, 1 << 30).splitlines()]
    assert progress_of(place).records == sum(line["t"] == RECORDED_NS for line in lines)
    half = RECORDED_NS + LONG_MS * 500_000
    place.pass_time(LONG_MS / 2_000)
    assert progress_of(place).records == sum(line["t"] <= half for line in lines)
    following = min(line["t"] for line in lines if line["t"] > half)
    assert exchange.due_ns() == START_NS + following - RECORDED_NS
    place.pass_time(LONG_MS / 1_000)
    played = progress_of(place)
    assert (played.records, played.records_all) == (len(lines), len(lines))
    assert (played.refused, played.levels_refused, played.fault) == (0, 0, None)
    assert played.prints > 0
    assert exchange.due_ns() is None
    assert exchange.audit() is None


def test_depth_that_an_order_took_stays_away_from_the_book(tmp_path: Path) -> None:
    place = place_with(quoted(tmp_path / "q.jsonl", (1, "0,0.4,0.5"), (60_000, "0,0.4,0.5")))
    place.pass_time(1)
    best = book(place, 0)["asks"][-1]
    assert best["price"] == "0.5"
    trader = place.trader(0)
    answer = trader.post(place.token(0), "BUY", 50, 20)
    assert (answer.status, answer.json["status"]) == (200, "matched")
    left = float(best["size"]) - 20
    assert float(book(place, 0)["asks"][-1]["size"]) == pytest.approx(left)
    place.pass_time(90)
    assert progress_of(place).records == 3
    assert float(book(place, 0)["asks"][-1]["size"]) == pytest.approx(left)
    assert trader.balance(place.token(0)) == 20 * ONE
    assert place.sandbox.venue.exchange.audit() is None


def test_seeded_sizes_and_made_up_ids_are_said_where_people_and_programs_look(
    tmp_path: Path,
) -> None:
    place = place_with(quoted(tmp_path / "q.jsonl", (1, "0,0.4,0.5")))
    assert any("seeded around 100 shares" in marker for marker in place.sandbox.markers)
    assert any("fees of 1 markets are unknown" in marker for marker in place.sandbox.markers)
    facts = place.ask("GET", "/status.json", service="status").json["facts"]
    assert "seeded around 100 shares" in facts["tape"]
    assert facts["records of the tape"] == 2
    market = place.sandbox.venue.catalogue.at(0).market
    assert market.question == "Market 0 of the tape (nyy-bos)"
    assert len(market.condition_id) == 66
    assert all(token.isdigit() for token in market.token_ids)


def test_one_capture_gives_the_same_frames_twice(capture: Path) -> None:
    def frames() -> list[tuple[int, int | None, bool, bytes]]:
        exchange = _core.Exchange(seed=3)
        raw = json.loads(exchange.open_tape(START_NS, capture))
        for market in raw["markets"]:
            exchange.watch(market["index"], is_watched=True)
        exchange.wake(START_NS + 60 * SECOND)
        return exchange.take_market_frames()

    first = frames()
    assert len(first) > 1_000
    assert {json.loads(text).get("event_type") for *_, text in first} >= {
        "book",
        "price_change",
        "last_trade_price",
        "best_bid_ask",
    }
    assert first == frames()


def test_a_leaping_clock_plays_everything_without_waiting(capture: Path) -> None:
    clock = LeapClock(START_NS)
    place = Place(
        clock=clock,  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        plan=SandboxPlan(is_limited=False, port=0, tape=capture),
    )
    assert place.sandbox.venue.now_ns() == START_NS
    clock.leap_over(place.sandbox.venue.exchange)
    while place.sandbox.venue.exchange.due_ns() is not None:
        place.sandbox.venue.wake()
    played = progress_of(place)
    assert played.records == played.records_all
    lines = _core.capture_text(capture, 1 << 30).splitlines()
    last_ns = max(json.loads(line)["t"] for line in lines)
    # The last thing due may be the venue's own: a block that settles a trade.
    assert clock() >= START_NS + last_ns - RECORDED_NS
    assert place.sandbox.venue.now_ns() == clock()


def test_a_tape_that_cannot_be_read_on_ends_and_the_venue_goes_on(capture: Path) -> None:
    exchange = _core.Exchange(seed=1)
    exchange.open_tape(START_NS, capture)
    whole = capture.read_bytes()
    # Cut while it plays: what was read ahead is played still.
    with capture.open("r+b") as file:
        file.truncate(len(whole) // 2)
    exchange.wake(START_NS + 60 * SECOND)
    played = exchange.tape_progress()
    assert played is not None
    if played.records < played.records_all:
        assert played.fault is not None
        assert capture.name in played.fault
    assert exchange.due_ns() is None
    assert exchange.audit() is None


def test_a_cut_file_is_refused_before_anything_is_listed(capture: Path) -> None:
    capture.write_bytes(capture.read_bytes()[:-40])
    exchange = _core.Exchange(seed=1)
    with pytest.raises(_core.DecodeError, match="cut off"):
        exchange.open_tape(START_NS, capture)
    assert exchange.standing(0) is None
    assert exchange.tape_progress() is None


def test_a_capture_without_markets_and_a_second_tape_are_refused(
    capture: Path, tmp_path: Path
) -> None:
    empty = tmp_path / "empty.jsonl"
    line = {"t": 1, "c": "a", "e": 0, "k": "ws", "m": "PONG"}
    empty.write_text(json.dumps(line) + "\n", encoding="utf-8")
    exchange = _core.Exchange(seed=1)
    with pytest.raises(ValueError, match="defines no market"):
        exchange.open_tape(START_NS, empty)
    exchange.open_tape(START_NS, capture)
    with pytest.raises(ValueError, match="plays a tape already"):
        exchange.open_tape(START_NS, capture)


def test_a_tape_is_listed_on_an_exchange_without_other_markets(capture: Path) -> None:
    venue = Place().sandbox.venue
    # The engine knows a market now that the catalogue does not.
    venue.exchange.add_market(
        venue.now_ns(),
        condition_id="0x" + "ab" * 32,
        token_ids=("71", "72"),
        outcomes=("Yes", "No"),
        tick="0.01",
        min_order_qty=5 * ONE,
    )
    with pytest.raises(ValueError, match="not the next one"):
        open_tape(venue, capture)


def test_subscribers_of_a_socket_hear_the_recording(capture: Path) -> None:
    async def story() -> list[str]:
        clock = LeapClock(START_NS)
        place = Place(
            clock=clock,  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
            plan=SandboxPlan(is_limited=False, port=0, tape=capture),
        )
        said = {"type": "market", "assets_ids": [place.token(0)], "custom_feature_enabled": True}
        heard: list[str] = []
        async with (
            serving(place.sandbox.front, place.sandbox.services),
            connect(f"{place.sandbox.urls()['ws']}/ws/market") as books,
        ):
            await books.send(json.dumps(said))
            assert json.loads(await books.recv())[0]["bids"] == []
            # Time moves from here on, so that nothing is missed.
            clock.leap_over(place.sandbox.venue.exchange)
            while len(heard) < 40:
                heard.append(json.loads(await books.recv())["event_type"])
        return heard

    heard = asyncio.run(asyncio.wait_for(story(), 20.0))
    assert {"price_change", "best_bid_ask"} <= set(heard)


def test_a_print_of_the_recording_fills_a_better_order_of_ours(tmp_path: Path) -> None:
    path = quoted(tmp_path / "q.jsonl", (1, "0,0.4,0.5"))
    row = {
        "asset": "nyy",
        "conditionId": "nyy-bos",
        "side": "SELL",
        "size": 30,
        "price": 0.4,
        "timestamp": QUOTED_AT_NS // SECOND + 60,
        "transactionHash": "0x1",
    }
    line = {"t": QUOTED_AT_NS + 60 * SECOND, "c": "t", "e": 0, "k": "trade", "m": json.dumps(row)}
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")
    place = place_with(path)
    place.pass_time(1)
    trader = place.trader(0)
    answer = trader.post(place.token(0), "BUY", 45, 20)
    assert answer.json["status"] == "live"
    place.pass_time(90)
    assert progress_of(place).prints == 1
    assert trader.balance(place.token(0)) == 20 * ONE
    bids = {level["price"] for level in book(place, 0)["bids"]}
    assert bids == {"0.4"}
    last = place.ask("GET", "/last-trade-price", query={"token_id": place.token(0)}).json
    assert float(last["price"]) == pytest.approx(0.4)
