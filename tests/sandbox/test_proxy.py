"""Faults of the wire and of answers, over real sockets of this machine and a clock of our own."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from razor.adapters.sandbox.agenda import Agenda
from razor.adapters.sandbox.server import serving
from razor.app.sandbox import Sandbox, SandboxPlan, build
from tests.sandbox.trader import Clock, Place, Trader

PATIENCE_S = 20.0
TIME = b"GET /time HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
ASK = b"GET /time HTTP/1.1\r\nHost: x\r\n\r\n"


@dataclass(slots=True)
class Served(Place):
    """A venue that listens, under a plan in a file."""

    @property
    def agenda(self) -> Agenda:
        """What is to come."""
        assert self.sandbox.faults is not None
        return self.sandbox.faults.agenda

    async def tick(self, ms: int) -> None:
        """Move the clock and do what became due."""
        self.clock.now_ns += ms * 1_000_000
        self.sandbox.venue.go_on()
        self.sandbox.front.flush()
        await settle()


async def settle() -> None:
    """Let everything happen that needs no time to pass."""
    for _ in range(50):
        await asyncio.sleep(0)


async def until(is_done: Callable[[], bool]) -> None:
    """Wait for what real sockets bring about."""
    while not is_done():
        await asyncio.sleep(0.001)


@asynccontextmanager
async def served(tmp_path: Path, text: str) -> AsyncIterator[Served]:
    path = tmp_path / "plan.toml"
    path.write_text(text, encoding="utf-8")
    plan = SandboxPlan(is_limited=False, port=0, faults=path, truth=tmp_path / "truth.jsonl")
    place = Served(clock=Clock(), plan=plan)
    sandbox: Sandbox = place.sandbox
    with closing(sandbox):
        async with serving(sandbox.front, sandbox.services, sandbox.wires):
            yield place


def play(story: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(story, PATIENCE_S))


def wire(kind: str, **keys: object) -> str:
    members = {"service": "clob", "kind": kind, **keys}
    return "\n".join(["[[wire]]", *(f"{k} = {json.dumps(v)}" for k, v in members.items())]) + "\n"


async def dial(
    place: Served, said: bytes = b""
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", place.service("clob").port)
    writer.write(said)
    return reader, writer


async def everything(reader: asyncio.StreamReader) -> tuple[bytes, str]:
    """What comes until the end, and how it ends."""
    found = b""
    try:
        while piece := await reader.read(65_536):
            found += piece
    except ConnectionResetError:
        return found, "reset"
    return found, "end"


async def asked(place: Served) -> tuple[bytes, str]:
    reader, writer = await dial(place, TIME)
    try:
        return await everything(reader)
    finally:
        writer.close()


def test_without_wires_the_service_listens_itself_and_with_one_nothing_else_changes(
    tmp_path: Path,
) -> None:
    async def story() -> None:
        async with served(tmp_path, "") as place:
            bare = await asked(place)
            assert place.sandbox.wires is not None
            assert not place.sandbox.wires.has("clob")
        text = wire("latency", ms=0, between=["1h", "2h"])
        async with served(tmp_path, text) as place:
            found = await asked(place)
        assert bare[0].startswith(b"HTTP/1.1 200 OK")
        assert found[0].split(b"\r\n")[0] == bare[0].split(b"\r\n")[0]
        assert found[0].endswith(bare[0][-10:])

    play(story())


def test_bytes_come_late_and_in_order(tmp_path: Path) -> None:
    async def story() -> None:
        text = wire("latency", ms=200, jitter_ms=50, direction="down", between=["0s", "10s"])
        async with served(tmp_path, text) as place:
            reader, writer = await dial(place, ASK + ASK)
            await until(lambda: place.service("clob").calls == 2)
            read = asyncio.ensure_future(reader.readexactly(12))
            await place.tick(149)
            assert not read.done()
            await place.tick(101)
            assert await read == b"HTTP/1.1 200"
            writer.close()
            await place.tick(10_000)
            assert (await asked(place))[1] == "end"

    play(story())


def test_bandwidth_holds_the_next_bytes_back(tmp_path: Path) -> None:
    async def story() -> None:
        async with served(tmp_path, wire("bandwidth", rate=100, direction="up")) as place:
            _, writer = await dial(place, TIME)
            await settle()
            await place.tick(10)
            assert place.service("clob").calls == 0
            await until(lambda: bool(place.agenda.due_ns()))
            await place.tick(1_000)
            await until(lambda: place.service("clob").calls == 1)
            writer.close()

    play(story())


def test_slices_come_one_by_one(tmp_path: Path) -> None:
    async def story() -> None:
        text = wire("slice", size=10, ms=50, direction="down")
        async with served(tmp_path, text) as place:
            reader, writer = await dial(place, TIME)
            assert await reader.read(65_536) == b"HTTP/1.1 2"
            more = asyncio.ensure_future(reader.read(65_536))
            await settle()
            assert not more.done()
            await until(lambda: bool(place.agenda.due_ns()))
            await place.tick(50)
            assert len(await more) == 10
            writer.close()

    play(story())


@pytest.mark.parametrize("at_byte", [0, 1, 17, 60])
@pytest.mark.parametrize(("kind", "ends"), [("reset", "reset"), ("truncate", "end")])
def test_a_connection_ends_after_so_many_bytes(
    tmp_path: Path, kind: str, ends: str, at_byte: int
) -> None:
    async def story() -> None:
        text = wire(kind, at_byte=at_byte, direction="down", nth=1)
        async with served(tmp_path, text) as place:
            found, how = await asked(place)
            assert how == ends
            # A reset may overtake bytes that were on their way.
            assert len(found) == at_byte or (kind == "reset" and len(found) < at_byte)
            assert (await asked(place))[0].startswith(b"HTTP/1.1 200 OK")

    play(story())


def test_a_half_open_connection_stays_and_goes_on_after_its_window(tmp_path: Path) -> None:
    async def story() -> None:
        text = wire("half_open", at_byte=8, direction="down", between=["0s", "30s"])
        async with served(tmp_path, text) as place:
            reader, writer = await dial(place, ASK)
            assert await reader.readexactly(8) == b"HTTP/1.1"
            rest = asyncio.ensure_future(reader.readexactly(4))
            await place.tick(29_000)
            assert not rest.done()
            assert not reader.at_eof()
            await place.tick(1_000)
            assert await rest == b" 200"
            writer.close()

    play(story())


def test_a_black_hole_swallows_and_is_over_after_its_window(tmp_path: Path) -> None:
    async def story() -> None:
        text = wire("blackhole", direction="up", between=["0s", "30s"])
        async with served(tmp_path, text) as place:
            reader, writer = await dial(place, TIME)
            answer = asyncio.ensure_future(reader.read(1))
            await settle()
            assert (answer.done(), place.service("clob").calls) == (False, 0)
            await place.tick(30_000)
            assert (await asked(place))[0].startswith(b"HTTP/1.1 200 OK")
            assert not answer.done()
            writer.close()
            answer.cancel()

    play(story())


def test_new_connections_are_refused_in_a_window(tmp_path: Path) -> None:
    async def story() -> None:
        async with served(tmp_path, wire("refuse", between=["0s", "5s"])) as place:
            found, how = b"", "reset"
            with suppress(ConnectionResetError):
                found, how = await asked(place)
            assert (found, how) == (b"", "reset")
            await place.tick(5_000)
            assert (await asked(place))[0].startswith(b"HTTP/1.1 200 OK")

    play(story())


def test_streams_go_through_a_wire(tmp_path: Path) -> None:
    async def story() -> None:
        async with served(tmp_path, wire("slice", size=7, ms=0)) as place:
            url = place.sandbox.urls()["ws"]
            async with connect(f"{url}/ws/market") as books:
                said = {"type": "market", "assets_ids": [place.token(0)]}
                await books.send(json.dumps(said))
                assert json.loads(await books.recv())[0]["event_type"] == "book"
                await books.send("PING")
                assert await books.recv() == "PONG"

    play(story())


# Faults of calls, over sockets.


def order_of(place: Served) -> tuple[Trader, bytes, dict[str, str]]:
    trader = place.trader(0)
    body = json.dumps(trader.order(place.token(0), "BUY", 40, 10)).encode()
    return trader, body, trader.headers("POST", "/order", body)


def resting(trader: Trader) -> int:
    return len(trader.call("GET", "/data/orders").json["data"])


@pytest.mark.parametrize(("code", "is_there"), [("F-13", True), ("F-14", False), ("F-15", False)])
def test_a_client_that_gives_up_does_not_know_what_became_of_its_order(
    tmp_path: Path, code: str, *, is_there: bool
) -> None:
    async def story() -> None:
        text = f"[[fault]]\ncode = '{code}'\nnth = 1\nms = 10000\n"
        async with served(tmp_path, text) as place:
            trader, body, headers = order_of(place)
            async with httpx.AsyncClient(base_url=place.service("clob").url) as client:
                post = client.post("/order", content=body, headers=headers, timeout=0.2)
                with pytest.raises(httpx.ReadTimeout):
                    await post
            assert resting(trader) == is_there
            await place.tick(10_000)
            assert resting(trader) == (code != "F-14")

    play(story())


def test_without_a_fault_the_same_client_is_answered(tmp_path: Path) -> None:
    async def story() -> None:
        async with served(tmp_path, "") as place:
            trader, body, headers = order_of(place)
            async with httpx.AsyncClient(base_url=place.service("clob").url) as client:
                said = await client.post("/order", content=body, headers=headers)
            assert (said.status_code, resting(trader)) == (200, 1)

    play(story())


@pytest.mark.parametrize("kind", ["reset", "truncate"])
def test_an_answer_breaks_off_at_every_byte_and_the_order_rests(tmp_path: Path, kind: str) -> None:
    async def story() -> None:
        cuts = [0, 1, 12, 60, 150]
        text = "".join(
            f"[[fault]]\ncode = 'F-16'\nkind = '{kind}'\nnth = {at}\nat_byte = {cut}\n"
            for at, cut in enumerate(cuts, start=1)
        )
        async with served(tmp_path, text) as place:
            for count, cut in enumerate(cuts, start=1):
                trader, body, headers = order_of(place)
                lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
                head = (
                    f"POST /order HTTP/1.1\r\nHost: x\r\n{lines}Content-Length: {len(body)}\r\n\r\n"
                )
                reader, writer = await dial(place, head.encode() + body)
                found, how = await everything(reader)
                writer.close()
                assert how == ("reset" if kind == "reset" else "end")
                assert (
                    found == b"HTTP/1.1 200 OK\r\nContent-Type: application/json"[: len(found)]
                    or cut > 40
                )
                assert len(found) == cut
                assert resting(trader) == count

    play(story())


def test_a_dropped_connection_has_no_answer_at_all(tmp_path: Path) -> None:
    async def story() -> None:
        text = "[[fault]]\ncode = 'F-13'\nkind = 'cut'\nnth = 1\nms = 0\n"
        async with served(tmp_path, text) as place:
            trader, body, headers = order_of(place)
            async with httpx.AsyncClient(base_url=place.service("clob").url) as client:
                with pytest.raises(httpx.HTTPError):
                    await client.post("/order", content=body, headers=headers)
            assert resting(trader) == 1

    play(story())


def test_streams_are_refused_or_cut(tmp_path: Path) -> None:
    async def story() -> None:
        text = (
            "[[fault]]\ncode = 'F-38'\nnth = 1\npath = '/ws/market'\n"
            "[[fault]]\ncode = 'F-04'\nkind = 'cut'\nnth = 1\n"
        )
        async with served(tmp_path, text) as place:
            url = place.sandbox.urls()["ws"] + "/ws/market"
            with pytest.raises(InvalidStatus, match="403"):
                await connect(url)
            async with connect(url) as books:
                said = {"type": "market", "assets_ids": [place.token(0)]}
                await books.send(json.dumps(said))
                assert json.loads(await books.recv())[0]["event_type"] == "book"
                place.trader(0).post(place.token(0), "BUY", 40, 10)
                with pytest.raises(ConnectionClosed):
                    await books.recv()

    play(story())


def test_time_brings_what_is_planned_without_any_call(tmp_path: Path) -> None:
    async def story() -> None:
        plan = tmp_path / "plan.toml"
        plan.write_text("[[fault]]\ncode = 'F-32'\nat = '10ms'\n", encoding="utf-8")
        began = asyncio.get_running_loop().time()

        def clock() -> int:
            return Clock().now_ns + int((asyncio.get_running_loop().time() - began) * 10**9)

        sandbox = build(SandboxPlan(port=0, faults=plan, truth=tmp_path / "truth.jsonl"), clock)
        with closing(sandbox):
            await _brought(sandbox, tmp_path)

    play(story())


async def _brought(sandbox: Sandbox, tmp_path: Path) -> None:
    async with serving(sandbox.front, sandbox.services, sandbox.wires):
        await until(lambda: b"F-32" in (tmp_path / "truth.jsonl").read_bytes())


@pytest.mark.parametrize(
    "text",
    [
        "[[fault]]\ncode = 'F-14'\nevery = 1\npath = '/time'\nmethod = 'GET'\n",
        wire("half_open", at_byte=3),
        wire("blackhole"),
        wire("latency", ms=3_600_000),
        wire("bandwidth", rate=1),
    ],
)
def test_a_server_that_stops_ends_whoever_still_waits(tmp_path: Path, text: str) -> None:
    async def story() -> None:
        async with served(tmp_path, text) as place:
            reader, writer = await dial(place, TIME)
            answer = asyncio.ensure_future(everything(reader))
            await settle()
            assert not answer.done()
        assert not (await answer)[0].startswith(b"HTTP/1.1 200 OK")
        writer.close()

    play(story())


def test_the_wire_of_one_service_leaves_the_others_alone(tmp_path: Path) -> None:
    async def story() -> None:
        async with served(tmp_path, wire("refuse", service="gamma")) as place:
            assert (await asked(place))[0].startswith(b"HTTP/1.1 200 OK")
            port = place.service("gamma").port
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            assert await everything(reader) == (b"", "reset")
            writer.close()

    play(story())


def test_wires_of_two_services_have_ports_of_their_own(tmp_path: Path) -> None:
    async def story() -> None:
        text = wire("latency") + wire("latency", service="gamma")
        async with served(tmp_path, text) as place:
            clob, gamma = place.service("clob"), place.service("gamma")
            assert clob.port != gamma.port
            async with httpx.AsyncClient() as client:
                assert (await client.get(f"{clob.url}/time")).status_code == 200
                assert (await client.get(f"{gamma.url}/markets/keyset")).status_code == 200
            assert (clob.calls, gamma.calls) == (1, 1)

    play(story())


def test_a_client_that_leaves_takes_nobody_with_it(tmp_path: Path) -> None:
    async def story() -> None:
        async with served(tmp_path, wire("slice", size=1, ms=0)) as place:
            for _ in range(20):
                _, writer = await dial(place, TIME[:20])
                writer.transport.abort()
            _, half = await dial(place, TIME[:20])
            half.write_eof()
            assert (await asked(place))[0].startswith(b"HTTP/1.1 200 OK")
            half.close()

    play(story())


def test_of_two_latencies_the_longer_one_counts(tmp_path: Path) -> None:
    async def story() -> None:
        text = wire("latency", ms=100, direction="down") + wire("latency", ms=300)
        async with served(tmp_path, text) as place:
            reader, writer = await dial(place, TIME)
            read = asyncio.ensure_future(reader.read(1))
            await settle()
            await until(lambda: place.agenda.due_ns() is not None)
            await place.tick(300)
            await until(lambda: place.service("clob").calls == 1)
            await until(lambda: place.agenda.due_ns() is not None)
            await place.tick(299)
            assert not read.done()
            await place.tick(1)
            assert await read == b"H"
            writer.close()

    play(story())
