"""HTTP: every way an answer can fail is a value, retries are bounded, all of it is audited."""

import asyncio
import gzip
import shutil
import ssl
import subprocess
from pathlib import Path

import pytest

from razor.adapters.polymarket.limits import BOOKS, GAMMA_MARKETS
from razor.adapters.polymarket.rest import (
    Body,
    Call,
    Failed,
    Http,
    UnsafeAddressError,
    check_address,
)
from razor.domain.feed import EndpointSettings, FeedSettings
from razor.domain.feed_event import HttpAttempt, HttpOutcome

from .clock import VirtualClock, drive
from .engine import MemoryLog
from .venue import Answer, Venue
from .world import World, world

CALL = Call(endpoint=GAMMA_MARKETS, path="/thing", params=[("limit", "1")])
JSON = (("Content-Type", "application/json"),)


async def _fetch(at: World, call: Call = CALL) -> Body | Failed:
    task = asyncio.ensure_future(at.http.fetch(call))
    await drive(at.clock, task.done, step_ms=100)
    return task.result()


def _answers(*answers: Answer) -> tuple[Body | Failed, list[HttpAttempt], list[dict[str, str]]]:
    async def run() -> tuple[Body | Failed, list[HttpAttempt], list[dict[str, str]]]:
        async with world(Venue()) as at:
            at.venue.queue("/thing", *answers)
            found = await _fetch(at)
            headers = [request.headers for request in at.venue.requested("/thing")]
            return found, at.log.of(HttpAttempt), headers

    return asyncio.run(run())


def test_good_answer_comes_back_as_served_with_our_user_agent() -> None:
    found, attempts, headers = _answers(Answer(body=b'{"a":0.10}'))
    assert isinstance(found, Body)
    assert found.content == b'{"a":0.10}'
    assert [attempt.outcome for attempt in attempts] == [HttpOutcome.OK]
    assert headers[0]["user-agent"] == "razor-test"


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (Answer(status=429), HttpOutcome.THROTTLED),
        (Answer(status=425), HttpOutcome.RESTARTING),
        (Answer(status=500), HttpOutcome.SERVER),
        (Answer(status=503), HttpOutcome.SERVER),
        (Answer(mode="hang"), HttpOutcome.TIMEOUT),
        (Answer(mode="drip"), HttpOutcome.TIMEOUT),
        (Answer(mode="reset", body=b"[1"), HttpOutcome.UNREACHABLE),
        (Answer(mode="short", body=b"[1"), HttpOutcome.UNREACHABLE),
        (
            Answer(body=b"no gzip", headers=(("Content-Encoding", "gzip"),)),
            HttpOutcome.MALFORMED,
        ),
    ],
)
def test_passing_failure_is_tried_three_times_in_all(answer: Answer, outcome: HttpOutcome) -> None:
    found, attempts, _ = _answers(answer, answer, answer, Answer())
    assert isinstance(found, Failed)
    assert found.outcome is outcome
    assert [attempt.attempt for attempt in attempts] == [1, 2, 3]
    assert {attempt.outcome for attempt in attempts} == {outcome}


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (Answer(status=400), HttpOutcome.REFUSED),
        (Answer(status=404), HttpOutcome.NOT_FOUND),
        (Answer(status=307, headers=(("Location", "http://localhost:9"),)), HttpOutcome.REDIRECT),
        (Answer(body=b"<html>", headers=(("Content-Type", "text/html"),)), HttpOutcome.HTML),
        (Answer(body=b"\n <!doctype html>"), HttpOutcome.HTML),
    ],
)
def test_lasting_failure_is_not_tried_again(answer: Answer, outcome: HttpOutcome) -> None:
    found, attempts, _ = _answers(answer, Answer())
    assert isinstance(found, Failed)
    assert found.outcome is outcome
    assert len(attempts) == 1


def test_second_attempt_can_succeed() -> None:
    found, attempts, _ = _answers(Answer(status=502), Answer(body=b"[7]"))
    assert isinstance(found, Body)
    assert (found.content, found.attempts) == (b"[7]", 2)
    assert [attempt.outcome for attempt in attempts] == [HttpOutcome.SERVER, HttpOutcome.OK]


def test_retry_after_is_waited_for() -> None:
    _, attempts, _ = _answers(
        Answer(status=429, headers=(("Retry-After", "3"),)), Answer(body=b"[]")
    )
    waited_ns = attempts[1].at_ns - attempts[0].at_ns
    assert 3_000_000_000 <= waited_ns <= 4_000_000_000


def test_retry_after_as_a_date_is_waited_for() -> None:
    # The virtual clock starts at 2027-01-15 08:00:00 UTC.
    date = (("Retry-After", "Fri, 15 Jan 2027 08:00:04 GMT"),)
    _, attempts, _ = _answers(Answer(status=503, headers=date), Answer(body=b"[]"))
    assert 3_000_000_000 <= attempts[1].at_ns - attempts[0].at_ns <= 5_000_000_000


def test_long_retry_after_fails_at_once_and_holds_the_endpoint_back() -> None:
    async def run() -> None:
        async with world(Venue()) as at:
            at.venue.queue("/thing", Answer(status=429, headers=(("Retry-After", "60"),)))
            found = await _fetch(at)
            assert isinstance(found, Failed)
            assert found.wait_ms == 60_000
            assert len(at.venue.requested("/thing")) == 1
            before_ns = at.clock.now_ns()
            at.venue.queue("/thing", Answer())
            await _fetch(at)
            assert at.clock.now_ns() - before_ns >= 59_000_000_000

    asyncio.run(run())


def test_post_read_is_never_tried_again() -> None:
    async def run() -> None:
        async with world(Venue()) as at:
            at.venue.queue("/books", Answer(status=500), Answer())
            found = await _fetch(at, Call(endpoint=BOOKS, path="/books", body=b"[]"))
            assert isinstance(found, Failed)
            assert len(at.venue.requested("/books")) == 1

    asyncio.run(run())


def test_answer_above_the_cap_is_dropped_also_when_it_expands_to_it() -> None:
    async def run() -> None:
        bomb = gzip.compress(b" " * 5_000_000)
        assert len(bomb) < 100_000
        async with world(Venue(), response_max_bytes=100_000) as at:
            at.venue.queue(
                "/thing",
                Answer(body=b"x" * 100_001),
                Answer(body=bomb, headers=(("Content-Encoding", "gzip"),)),
                Answer(body=b"x" * 100_000),
            )
            outcomes = [await _fetch(at) for _ in range(3)]
            kinds = [o.outcome if isinstance(o, Failed) else None for o in outcomes]
            assert kinds == [HttpOutcome.TOO_LARGE, HttpOutcome.TOO_LARGE, None]

    asyncio.run(run())


def test_nobody_listening_is_unreachable() -> None:
    async def run() -> None:
        endpoints = EndpointSettings(gamma_base="http://127.0.0.1:1")
        clock, log = VirtualClock(), MemoryLog()
        settings = FeedSettings(endpoints=endpoints, http_retries=0)
        async with Http(settings=settings, clock=clock, log=log, jitter=lambda _: 0) as http:
            found = await http.fetch(CALL)
        assert isinstance(found, Failed)
        assert found.outcome is HttpOutcome.UNREACHABLE

    asyncio.run(run())


def test_f76_self_signed_server_is_refused(tmp_path: Path) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed, so no certificate can be made for this test")
    key, cert = tmp_path / "key.pem", tmp_path / "cert.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1"]
    command += ["-subj", "/CN=localhost", "-keyout", str(key), "-out", str(cert)]
    subprocess.run(command, check=True, capture_output=True)

    async def run() -> None:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(cert, key)
        asked: list[bytes] = []

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            asked.append(await reader.read(1))
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
        port = server.sockets[0].getsockname()[1]
        endpoints = EndpointSettings(gamma_base=f"https://localhost:{port}")
        log = MemoryLog()
        settings = FeedSettings(endpoints=endpoints)
        clock = VirtualClock()
        async with Http(settings=settings, clock=clock, log=log, jitter=lambda _: 0) as http:
            found = await http.fetch(CALL)
        server.close()
        assert isinstance(found, Failed)
        assert found.outcome is HttpOutcome.TLS
        assert len(log.events) == 1, "a wrong certificate is not tried again"
        assert asked == []

    asyncio.run(run())


@pytest.mark.parametrize(
    "address", ["http://example.org", "ws://10.0.0.1", "ftp://x", "", "https://"]
)
def test_plain_text_to_another_machine_is_refused(address: str) -> None:
    with pytest.raises(UnsafeAddressError, match="must begin with https://"):
        check_address(address)


@pytest.mark.parametrize(
    "address", ["https://example.org", "wss://example.org", "http://127.0.0.1:1", "ws://localhost"]
)
def test_encrypted_and_loopback_addresses_are_taken(address: str) -> None:
    assert check_address(address + "/") == address
