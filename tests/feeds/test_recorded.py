"""Frames recorded from the venue pass through the sockets byte by byte."""

import asyncio
import json
import os
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from razor import _core
from razor.adapters.polymarket.wire import BookHead, decode, stamp_ms
from razor.domain.feed import RecordKind

from .clock import until
from .venue import Venue
from .world import running, world

_SESSION = "updown15m-raw-sessions/m9-rtds-natural-20260429T021025Z-fresh"


def _payloads() -> list[str]:
    root = Path(__file__).parents[2].parent / "shared" / "data"
    data = Path(os.environ.get("RAZOR_SHARED_DATA", root)) / _SESSION
    if not data.exists():
        pytest.skip(f"the recorded session {_SESSION} is not here; set RAZOR_SHARED_DATA")
    with TemporaryDirectory() as room:
        capture = Path(room) / "session.jsonl.zst"
        _core.capture_import(data, capture, "f1", lambda _done, _total: True)
        lines = _core.capture_text(capture, 1 << 30).decode().splitlines()
    rows = [json.loads(line) for line in lines]
    return [row["m"] for row in rows if row["k"] in {"ws", "rest"}]


def test_recorded_frames_are_handed_on_unchanged_and_in_order() -> None:
    payloads = [text for text in _payloads() if '"event_type"' in text]
    assert len(payloads) > 50

    async def run() -> None:
        async with world(Venue()) as at, running(at.stream().run()):
            await until(lambda: at.engine.of(RecordKind.WS))
            for text in payloads:
                await at.venue.sessions[0].send(text)
            await until(lambda: len(at.engine.of(RecordKind.WS)) > len(payloads))
            taken = [row.payload.decode() for row in at.engine.of(RecordKind.WS)[1:]]
            assert taken == payloads

    asyncio.run(run())


def test_recorded_rest_books_are_readable() -> None:
    books = [text for text in _payloads() if text.startswith("{") and '"event_type"' not in text]
    assert len(books) == 360
    for text in books:
        head = decode(text.encode(), BookHead)
        assert head is not None
        assert stamp_ms(head.timestamp) > 1_700_000_000_000
