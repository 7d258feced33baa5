"""The ten ready plans: what docs/SANDBOX_FAULTS.md says that a client sees is what it sees."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.faulty import (
    CUT,
    PLAIN,
    Faulty,
    closing_places,
    open_orders,
    place_of,
    rest,
    rows,
    user,
)
from tests.sandbox.test_proxy import dial, everything, play, served, settle
from tests.sandbox.test_streams import events, market, unframed
from tests.sandbox.trader import ONE, Said, Trader

__all__ = ["closing_places"]

EXAMPLES = Path(__file__).parents[2] / "docs/examples/faults"


def example(name: str) -> Faulty:
    """A venue under one of the plans."""
    return place_of((EXAMPLES / f"{name}.toml").read_text(encoding="utf-8"))


def take(trader: Trader) -> Said:
    """Take what rests at 0.40 by buying the other outcome."""
    return trader.post(trader.place.token(PLAIN, 1), "BUY", 60, 10, order_type="FAK")


def test_a_lost_answer_leaves_an_order() -> None:
    place = example("01-lost-answer")
    trader = place.trader(0)
    took: list[int] = []
    for _ in range(3):
        before = place.clock.now_ns
        assert rest(trader).status == 200
        took.append((place.clock.now_ns - before) // 1_000_000_000)
    assert took == [0, 10, 0]
    assert open_orders(trader) == 3
    (held,) = [row for row in rows(place) if row.get("faults") == ["F-13/held"]]
    assert held["delivered_ms"] == [held["came_ms"]]


def test_a_late_order_is_not_found_not_cancelled_and_then_rests(tmp_path: Path) -> None:
    text = (EXAMPLES / "02-late-arrival.toml").read_text(encoding="utf-8")

    async def story() -> None:
        async with served(tmp_path, text) as place:
            trader = place.trader(0)
            body = json.dumps(trader.order(place.token(PLAIN), "BUY", 40, 10)).encode()
            headers = trader.headers("POST", "/order", body)
            lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
            head = f"POST /order HTTP/1.1\r\nHost: x\r\n{lines}Content-Length: {len(body)}\r\n\r\n"
            _, writer = await dial(place, head.encode() + body)
            while place.agenda.due_ns() is None:
                await asyncio.sleep(0.001)
            writer.close()
            await settle()
            assert open_orders(trader) == 0
            assert trader.call("DELETE", "/cancel-all").json["canceled"] == []
            await place.tick(19_000)
            assert open_orders(trader) == 0
            await place.tick(1_000)
            assert open_orders(trader) == 1

    play(story())


def test_every_third_answer_is_reset_and_every_order_rests() -> None:
    place = example("03-broken-answers")
    trader = place.trader(0)
    assert [rest(trader).status for _ in range(6)] == [200, 200, -200, 200, 200, -200]
    assert open_orders(trader) == 6
    cuts = [row["sent"] for row in rows(place) if row.get("faults") == ["F-16/reset"]]
    assert len({cut["at_byte"] for cut in cuts if isinstance(cut, dict)}) == 2


def test_four_errors_hide_three_orders() -> None:
    place = example("04-errors-that-lie")
    trader = place.trader(0)
    assert [rest(trader).status for _ in range(5)] == [500, 500, 400, 502, 200]
    assert open_orders(trader) == 4


def test_a_restart_is_425_then_post_only_then_over() -> None:
    place = example("05-restart")
    trader = place.trader(0)
    seen: list[tuple[int, object]] = []
    for _ in range(4):
        said = rest(trader)
        code = said.json.get("code") if said.status == 503 else said.headers.get("Retry-After")
        seen.append((said.status, code))
        place.pass_time(12)
    assert seen == [(200, None), (425, "1"), (503, "post_only_mode"), (200, None)]


def test_one_match_is_a_ghost_and_the_next_one_retries() -> None:
    place = example("06-ghost-fill")
    maker, taker = place.trader(0), place.trader(1)
    reader = user(place, taker)
    found: list[list[str]] = []
    for _ in range(3):
        rest(maker)
        take(taker)
        place.pass_time(120)
        found.append([it["status"] for it in events(reader) if it["event_type"] == "trade"])
    assert (found[0][0], found[0][-1]) == ("MATCHED", "FAILED")
    assert found[1].count("RETRYING") == 2
    assert found[1][-1] == "CONFIRMED"
    assert found[2] == ["MATCHED", "MINED", "CONFIRMED"]
    assert taker.balance(place.token(PLAIN, 1)) == 20 * ONE
    assert place.sandbox.venue.exchange.audit() is None


def test_books_fall_silent_and_come_back_damaged() -> None:
    place = example("07-silent-books")
    trader = place.trader(0)
    reader = market(place, place.token(PLAIN))
    assert len(events(reader)) == 1
    place.pass_time(10)
    rest(trader)
    assert place.sandbox.hub.take(reader, "PING")
    assert unframed(reader.outbox) == ["PONG"]
    place.pass_time(30)
    good = bad = 0
    for cents in range(1, 36):
        trader.post(place.token(PLAIN), "BUY", cents, 10)
        for frame in reader.outbox:
            try:
                told: Any = json.loads(frame[4:])
                good += isinstance(told, dict)
            except ValueError:
                bad += 1
        reader.outbox.clear()
    # Of 35 deltas every fifth is lost.
    assert good < 28
    assert good + bad <= 28


def test_user_events_come_twice_one_late_and_then_never() -> None:
    place = example("08-user-stream")
    trader = place.trader(0)
    reader = user(place, trader)
    for cents in (10, 11, 12, 13):
        trader.post(place.token(PLAIN), "BUY", cents, 10)
    told = [it["price"] for it in events(reader)]
    assert told == ["0.1", "0.1", "0.11", "0.11", "0.13", "0.13"]
    place.pass_time(4)
    assert [it["price"] for it in events(reader)] == ["0.12", "0.12"]
    trader.post(place.token(PLAIN), "BUY", 14, 10)
    assert reader.is_cut


def test_a_grey_network_is_slow_swallows_and_resets(tmp_path: Path) -> None:
    text = (EXAMPLES / "09-grey-network.toml").read_text(encoding="utf-8")
    said = b"GET /time HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"

    async def story() -> None:
        async with served(tmp_path, text) as place:

            async def seen() -> tuple[bytes, str, int]:
                began = place.clock.now_ns
                reader, writer = await dial(place, said)
                answer = asyncio.ensure_future(everything(reader))
                for _ in range(60):
                    await settle()
                    if answer.done():
                        break
                    await asyncio.sleep(0.002)
                    await place.tick(10)
                writer.close()
                if not answer.done():
                    answer.cancel()
                    return b"", "nothing", 0
                return *(await answer), (place.clock.now_ns - began) // 1_000_000

            first = await seen()
            assert first[0].startswith(b"HTTP/1.1 200 OK")
            assert first[2] >= 150
            place.clock.now_ns += 10_000_000_000
            assert (await seen())[1] == "nothing"
            place.clock.now_ns += 10_000_000_000
            assert [(await seen())[1] for _ in range(2)] == ["end", "end"]
            found, how, _ = await seen()
            assert (how, len(found) <= 100) == ("reset", True)

    play(story())


def test_depth_is_thin_balances_are_old_and_money_leaves() -> None:
    place = example("10-thin-and-stale")
    maker, taker = place.trader(0), place.trader(1)
    assert taker.balance() // ONE == 100_000
    rest(maker)
    said = take(taker)
    assert (said.json["status"], said.json["takingAmount"]) == ("matched", "0.5")
    assert taker.balance() == 100_000 * ONE
    place.pass_time(40)
    assert taker.balance() == 100_000 * ONE - 300_000
    place.pass_time(25)
    # The money left five seconds ago; the answer is from before.
    assert taker.balance() == 100_000 * ONE - 300_000
    place.pass_time(31)
    assert taker.balance() == 0
    assert place.sandbox.venue.exchange.audit() is None


@pytest.mark.parametrize("name", sorted(path.stem for path in EXAMPLES.glob("0[1-8]*")))
def test_a_plan_does_nothing_to_gamma_and_the_clock(name: str) -> None:
    place = example(name)
    for path, service in (("/time", "clob"), ("/markets/keyset", "gamma")):
        assert place.ask("GET", path, service=service).status not in {CUT, 500}
