"""The local exchange over real sockets of this machine: calls, streams, and what is not HTTP."""

import asyncio
import json
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from razor.adapters.sandbox.server import MAX_BODY, serving
from tests.sandbox.trader import Place, Trader

PLAIN = 0
PATIENCE_S = 20.0


def play(story: Coroutine[Any, Any, None]) -> None:
    """Run a story to its end."""
    asyncio.run(asyncio.wait_for(story, PATIENCE_S))


@asynccontextmanager
async def served() -> AsyncIterator[Place]:
    """A venue that listens on free ports."""
    place = Place()
    async with serving(place.sandbox.front, place.sandbox.services):
        yield place


async def post(place: Place, trader: Trader, *order: Any) -> httpx.Response:  # noqa: ANN401
    """Post a signed order over HTTP."""
    body = json.dumps(trader.order(*order)).encode()
    async with httpx.AsyncClient(base_url=place.service("clob").url) as client:
        headers = trader.headers("POST", "/order", body)
        return await client.post("/order", content=body, headers=headers)


def test_an_order_over_http_is_heard_on_both_streams() -> None:
    async def story() -> None:
        async with served() as place:
            url = place.sandbox.urls()["ws"]
            trader = place.trader(0)
            auth = {name: trader.credentials[name] for name in ("apiKey", "secret", "passphrase")}
            async with connect(f"{url}/ws/market") as books, connect(f"{url}/ws/user") as mine:
                said = {"type": "market", "assets_ids": [place.token(PLAIN)]}
                await books.send(json.dumps(said))
                assert json.loads(await books.recv())[0]["event_type"] == "book"
                await mine.send(json.dumps({"type": "user", "auth": auth}))
                await mine.send("PING")
                assert await mine.recv() == "PONG"
                answer = await post(place, trader, place.token(PLAIN), "BUY", 40, 10)
                assert (answer.status_code, answer.json()["status"]) == (200, "live")
                change = json.loads(await books.recv())
                assert change["price_changes"][0]["price"] == "0.4"
                assert json.loads(await mine.recv())["id"] == answer.json()["orderID"]
            assert place.sandbox.hub.count() <= 2

    play(story())


def test_time_passes_by_itself_and_settles_trades() -> None:
    async def story() -> None:
        async with served() as place:
            maker, taker = place.trader(0), place.trader(1)
            auth = {name: taker.credentials[name] for name in ("apiKey", "secret", "passphrase")}
            async with connect(f"{place.sandbox.urls()['ws']}/ws/user") as mine:
                await mine.send(json.dumps({"type": "user", "auth": auth}))
                await mine.send("PING")
                await mine.recv()
                await post(place, maker, place.token(PLAIN), "BUY", 40, 10)
                await post(place, taker, place.token(PLAIN, 1), "BUY", 60, 10)
                # The venue's clock is the test's; its sockets notice that it moved.
                place.clock.now_ns += 60_000_000_000
                seen = [json.loads(await mine.recv()) for _ in range(4)]
                kinds = [event.get("status") for event in seen if event["event_type"] == "trade"]
                assert kinds == ["MATCHED", "MINED", "CONFIRMED"]

    play(story())


def test_a_user_stream_with_wrong_credentials_is_closed() -> None:
    async def story() -> None:
        async with served() as place:
            auth = {"apiKey": "a", "secret": "b", "passphrase": "c"}
            async with connect(f"{place.sandbox.urls()['ws']}/ws/user") as mine:
                await mine.send(json.dumps({"type": "user", "auth": auth}))
                with pytest.raises(ConnectionClosed):
                    await mine.recv()

    play(story())


def test_bodies_and_frames_beyond_the_limit_end_the_call_and_not_the_server() -> None:
    async def story() -> None:
        async with served() as place:
            url = place.service("clob").url
            async with httpx.AsyncClient(base_url=url) as client:
                large = await client.post("/order", content=b"x" * (MAX_BODY + 1))
                assert large.status_code == 413
                assert large.json() == {"error": "Payload Too Large"}
                long = await client.get("/book", params={"token_id": "1" * 7_000})
                assert long.status_code == 400
            async with connect(f"{place.sandbox.urls()['ws']}/ws/market") as books:
                await books.send("x" * (MAX_BODY + 1))
                with pytest.raises(ConnectionClosed):
                    await books.recv()
            async with httpx.AsyncClient(base_url=url) as client:
                assert (await client.get("/ok")).json() == "OK"

    play(story())


@pytest.mark.parametrize(
    "line",
    [
        b"GET /../etc/passwd HTTP/1.1",
        b"GET /book/..%2f HTTP/1.1",
        b"GET http://elsewhere/ok HTTP/1.1",
        b"GET //ok HTTP/1.1",
        b"OPTIONS * HTTP/1.1",
        b"GET /ok/ HTTP/1.1",
        b"GET /ws/market HTTP/1.1",
        b"BREW /ok HTTP/1.1",
    ],
)
def test_paths_that_are_no_route_are_refused(line: bytes) -> None:
    async def story() -> None:
        async with served() as place:
            port = place.service("clob").port
            status = await raw(port, line + b"\r\nHost: x\r\nConnection: close\r\n\r\n")
            assert status.split(maxsplit=2)[1].startswith(b"4")
            assert await raw(port, b"GET /ok HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")

    play(story())


async def raw(port: int, sent: bytes, *, is_answered: bool = True) -> bytes:
    """Send bytes; read until the server closes, or go away without an answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(sent)
        await writer.drain()
        return await reader.read() if is_answered else b""
    finally:
        writer.close()


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    sent=st.one_of(
        st.binary(max_size=400),
        st.builds(
            lambda verb, path, rest: verb + b" /" + path + b" HTTP/1.1\r\n" + rest,
            st.sampled_from([b"GET", b"POST", b"DELETE", b"X"]),
            st.binary(max_size=60),
            st.binary(max_size=200),
        ),
    )
)
def test_no_bytes_take_the_server_down(sent: bytes) -> None:
    async def story() -> None:
        async with served() as place:
            port = place.service("clob").port
            await raw(port, sent, is_answered=False)
            ok = await raw(port, b"GET /ok HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            assert ok.endswith(b'"OK"')
            assert place.sandbox.venue.exchange.audit() is None

    play(story())


def test_it_listens_on_this_machine_alone() -> None:
    async def story() -> None:
        async with served() as place:
            for service in place.sandbox.services:
                assert service.url.startswith("http://127.0.0.1:")
                with pytest.raises(ConnectionRefusedError):
                    await asyncio.open_connection("127.0.0.2", service.port)

    play(story())


class Stuck:
    """Something beside the engine that has a bug."""

    def due_ns(self) -> int | None:
        return 0

    def step(self) -> None:
        raise RuntimeError("stuck")


def test_whoever_serves_hears_when_the_time_of_the_venue_stops() -> None:
    async def story() -> None:
        place = Place()
        place.sandbox.venue.wind(Stuck())
        async with serving(place.sandbox.front, place.sandbox.services) as driving:
            await asyncio.wait([driving])
            with pytest.raises(RuntimeError, match="stuck"):
                driving.result()

    play(story())
