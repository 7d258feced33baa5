"""The adapters between the use cases and a session: each call arrives, each fact comes back."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from razor import _core
from razor.adapters.files.session import LiveSession, PlayedSession
from razor.domain.feed import Gap, RecordKind
from razor.domain.params import Rules, params_record
from razor.domain.settings import Settings

START_NS = 1_800_000_000_000_000_000


@pytest.fixture
def session(tmp_path: Path) -> Iterator[_core.Session]:
    made = _core.Session.open(
        tmp_path,
        run_id="run_x",
        build_id="b",
        settings_sha256=b"0" * 32,
        params=params_record("run_x", Settings(), rules=Rules.VENUE),
        is_live=True,
        now_ns=START_NS,
    )
    yield made
    made.abandon()


@pytest.mark.parametrize("kind", [RecordKind.REF, RecordKind.TRADE, RecordKind.META])
def test_a_record_arrives_under_its_word(session: _core.Session, kind: RecordKind) -> None:
    live = LiveSession(session)
    live.feed(kind, "facts-0", 0, START_NS + 1, b"{}")
    assert session.now_ns == START_NS + 1


def test_an_unreadable_frame_comes_back_as_refused(session: _core.Session) -> None:
    live = LiveSession(session)
    report = live.feed(RecordKind.WS, "market-0", 1, START_NS, b"{")
    assert report is not None
    assert report.refused
    assert (report.resnapshot, report.mismatched) == ((), ())
    assert (live.shed, live.signals) == (0, 0)


def test_a_beat_lets_time_pass(session: _core.Session) -> None:
    live = LiveSession(session)
    for beat in range(1, 4):
        live.beat(START_NS + beat)
        assert session.now_ns == START_NS + beat


def test_a_gap_is_kept_and_a_flush_makes_all_durable(session: _core.Session) -> None:
    live = LiveSession(session)
    gap = Gap(from_ns=START_NS, to_ns=START_NS + 5, cause="X", lost=3)
    live.gap("market-0", 1, START_NS + 5, gap)
    live.flush()
    assert session.durable_seq >= 2
    assert '"gaps":1' in session.counts_json()
    assert '"records_lost":3' in session.counts_json()


def test_without_definitions_nothing_is_alive(session: _core.Session) -> None:
    view = LiveSession(session).view()
    assert dict(view.tokens) == {}


def test_signals_and_liveness_of_a_world_add_up(session: _core.Session, tmp_path: Path) -> None:
    path = tmp_path / "w.jsonl.zst"
    _core.world_capture(path, 7, START_NS, 3_000)
    played = PlayedSession(session, _core.Source.capture(path))
    records, signals, is_over = played.pump(START_NS + 1_000_000_000, 10**9)
    assert not is_over
    assert played.next_ns is not None
    assert played.now_ns <= START_NS + 1_000_000_000 < played.next_ns
    more, later, is_over = played.pump(2**63 - 1, 10**9)
    played.flush()
    assert is_over
    assert (records, more) > (0, 0)
    assert len(session.take_signals()) == signals + later
    view = LiveSession(session).view()
    assert len(view.tokens) == 32
    assert all(token.hydrated for token in view.tokens.values())
    assert max(token.last_recv_ns for token in view.tokens.values()) <= played.now_ns
    assert set(view.conns) >= {"market-0"}
