"""The feed's recorder and liveness over a real session: what the feed is told, and what is kept."""

import json
from collections.abc import Generator
from io import StringIO
from pathlib import Path

import pytest

from razor.adapters.files.config_file import read_config
from razor.adapters.files.session import LiveSession, PlayedSession
from razor.app.recordings import recording_at
from razor.app.runs import OpenRun, RunPlan, admitted_gates, opened
from razor.application.play import Pace, PlayEnd, PlayPorts, play
from razor.domain.feed import Gap, RecordKind
from razor.domain.manifest import Source
from tests.e2e import captures, journals
from tests.e2e.razor import ROOT, here, process

T0 = captures.START_NS
_MS = 1_000_000


@pytest.fixture
def live(tmp_path: Path) -> Generator[tuple[OpenRun, LiveSession]]:
    config = read_config(ROOT / "config.toml")
    start = process(StringIO(), StringIO())
    plan = RunPlan(
        config=config,
        gates=admitted_gates(start, None, config),
        source=Source(kind="polymarket", is_live=True),
        runs_dir=tmp_path / "runs",
    )
    with opened(start, plan) as run:
        yield run, LiveSession(run.session)
        run.finish(start, cause="finished")
    assert here("audit", "verify", run.directory.path).code == 0


def _book(token: str, *, at_ms: int = 1_800_000_000_000, market: str = "0xaa") -> bytes:
    return json.dumps(
        {
            "event_type": "book",
            "asset_id": token,
            "market": market,
            "timestamp": str(at_ms),
            "hash": "",
            "bids": [{"price": "0.40", "size": "100"}],
            "asks": [{"price": "0.42", "size": "100"}],
        }
    ).encode()


def _define(session: LiveSession) -> None:
    payload = captures.market("0xaa").encode()
    assert session.feed(RecordKind.META, "meta-0", 0, T0, payload) is None


def test_usual_frame_has_nothing_to_report(live: tuple[OpenRun, LiveSession]) -> None:
    _, session = live
    _define(session)
    assert session.feed(RecordKind.WS, "market-0", 1, T0 + _MS, _book("101")) is None
    assert (session.shed, session.signals) == (0, 0)


@pytest.mark.parametrize("frame", [b"{", b"[[[", b'{"event_type":"book"}', b"\x00"])
def test_frame_that_is_refused_is_told_with_its_reason(
    live: tuple[OpenRun, LiveSession], frame: bytes
) -> None:
    run, session = live
    _define(session)
    report = session.feed(RecordKind.WS, "market-0", 1, T0 + _MS, frame)
    assert report is not None
    assert report.refused
    session.flush()
    assert run.session.durable_seq >= 3, "refused or not, it is on record"


def test_market_mixed_up_by_a_frame_is_told(live: tuple[OpenRun, LiveSession]) -> None:
    _, session = live
    _define(session)
    report = session.feed(RecordKind.WS, "market-0", 1, T0 + _MS, _book("101", market="0xbb"))
    assert report is not None
    assert report.refused or report.mismatched or report.resnapshot


def test_liveness_knows_tokens_and_connections(live: tuple[OpenRun, LiveSession]) -> None:
    _, session = live
    _define(session)
    before = session.view()
    assert {token.hydrated for token in before.tokens.values()} == {False}
    session.feed(RecordKind.WS, "market-0", 1, T0 + 5 * _MS, _book("101", at_ms=1_800_000_000_004))
    view = session.view()
    assert view.tokens["101"].hydrated
    assert view.tokens["101"].last_recv_ns == T0 + 5 * _MS
    assert view.conns["market-0"] == T0 + 5 * _MS


def test_gap_makes_books_of_its_connection_unsure_and_is_counted(
    live: tuple[OpenRun, LiveSession],
) -> None:
    run, session = live
    _define(session)
    session.feed(RecordKind.WS, "market-0", 1, T0 + _MS, _book("101"))
    gap = Gap(from_ns=T0 + _MS, to_ns=T0 + 9 * _MS, cause="reconnect", lost=0)
    session.gap("market-0", 1, T0 + 9 * _MS, gap)
    assert json.loads(run.session.counts_json())
    session.flush()


def test_beat_lets_time_pass_and_flush_makes_everything_durable(
    live: tuple[OpenRun, LiveSession],
) -> None:
    run, session = live
    _define(session)
    for number in range(1, 4):
        session.beat(T0 + number * 1_000 * _MS)
    assert run.session.now_ns == T0 + 3_000 * _MS
    before = run.session.durable_seq
    session.flush()
    assert run.session.durable_seq >= max(before, 5)
    assert journals.records(run.directory.path) == run.session.durable_seq


def test_second_holder_of_a_run_is_refused(live: tuple[OpenRun, LiveSession]) -> None:
    run, _ = live
    done = here("audit", "rebuild", run.directory.path)
    assert done.code == 3
    assert "another process is writing into it" in done.err


def test_played_session_pairs_a_run_with_its_recording(tmp_path: Path) -> None:
    capture = captures.world(tmp_path / "world.jsonl.zst", duration_ms=2_000)
    config = read_config(ROOT / "config.toml")
    start = process(StringIO(), StringIO())
    with recording_at(capture, lambda _done, _total: True) as recording:
        plan = RunPlan(
            config=config,
            gates=admitted_gates(start, None, config),
            source=Source(kind=recording.kind, name=recording.name),
            runs_dir=tmp_path / "runs",
            label=recording.label,
        )
        with opened(start, plan) as run:
            session = PlayedSession(run.session, recording.source)
            assert session.pump(-1, 1)[0] <= 1
            waits = session.next_ns
            assert waits is not None
            assert waits >= T0
            ports = PlayPorts(
                session=session,
                source=recording.source,
                wait=lambda _: False,
                monotonic_ns=lambda: 0,
                tick=lambda _: None,
            )
            played = play(ports, pace=Pace.MAX, duration_ms=0)
            run.finish(start, cause=played.end.value)
    assert played.end is PlayEnd.FINISHED
    assert played.last_ns // _MS == journals.integrity(run.directory.path)["last_ms"]
    assert run.label == recording.label


def test_error_inside_leaves_the_run_as_a_crash_would(tmp_path: Path) -> None:
    config = read_config(ROOT / "config.toml")
    start = process(StringIO(), StringIO())
    plan = RunPlan(
        config=config,
        gates=admitted_gates(start, None, config),
        source=Source(kind="polymarket", is_live=True),
        runs_dir=tmp_path / "runs",
    )

    def broken() -> None:
        with opened(start, plan) as run:
            _define(LiveSession(run.session))
            raise OSError(5, "Input/output error")

    with pytest.raises(OSError, match="Input/output"):
        broken()
    run = (tmp_path / "runs" / "run_latest").resolve()
    assert journals.manifest(run).end is None
    assert journals.tail(run) != "closed"
    assert here("audit", "rebuild", run).code == 0
    assert here("audit", "verify", run).code == 0
