"""A run as Python drives it: records in, facts out, one thread, and an end in order or none."""

import json
import os
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from razor import _core
from razor.domain.params import Rules, params_record
from razor.domain.settings import Settings, settings_hash
from razor.domain.universe import (
    FreeOfFees,
    MarketMeta,
    SetKind,
    SetMeta,
    Settlement,
    Universe,
)

START_NS = 1_800_000_000_000_000_000
MS = 1_000_000
ALL = 2**63 - 1
MOST = 10**9
TABLES = {
    "calibration_log.csv",
    "fills.csv",
    "health.jsonl",
    "shadow_legs.csv",
    "shadow_log.csv",
    "shadow_sets.csv",
    "snapshots.csv",
    "ticks.csv",
    "trade_log.csv",
    "trades.csv",
}
YES, NO, CID = "11", "12", f"0x{1:064x}"
OTHER = f"0x{2:064x}"
MARKET = MarketMeta(
    condition_id=CID,
    token_ids=(YES, NO),
    outcomes=("Yes", "No"),
    label="Question?",
    tick_size="0.01",
    min_order_size="5",
    neg_risk=False,
    fees=FreeOfFees(),
    end_ms=0,
    event_id="",
    group_id="",
    seconds_delay=0,
)
META = Universe(
    markets=(MARKET,),
    sets=(SetMeta(key=CID, kind=SetKind.BINARY, legs=(YES, NO), settlement=Settlement.MERGE),),
).encode()
# Two markets of which exactly one wins: the first outcomes of both are a complete set.
GROUP = Universe(
    markets=(MARKET, replace(MARKET, condition_id=OTHER, token_ids=("21", "22"))),
    sets=(SetMeta(key="0xg", kind=SetKind.GROUP, legs=(YES, "21"), settlement=Settlement.HOLD),),
).encode()


def opened(
    run_dir: Path,
    *,
    run_id: str = "run_x",
    is_live: bool = False,
    lock: _core.RunLock | None = None,
) -> _core.Session:
    run_dir.mkdir(exist_ok=True)
    return _core.Session.open(
        run_dir,
        run_id=run_id,
        build_id="test-build",
        settings_sha256=bytes.fromhex(settings_hash(Settings())),
        params=params_record(run_id, Settings(), rules=Rules.VENUE),
        is_live=is_live,
        now_ns=START_NS,
        lock=lock,
    )


def book(token: str, ask: str, *, ms: int = 1_800_000_000_000, market: str = CID) -> bytes:
    """A first book with one level on each side."""
    message = {
        "event_type": "book",
        "market": market,
        "asset_id": token,
        "timestamp": str(ms),
        "hash": "0" * 40,
        "bids": [{"price": "0.10", "size": "1000"}],
        "asks": [{"price": ask, "size": "1000"}],
    }
    return json.dumps(message).encode()


@pytest.fixture(scope="module")
def capture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("world") / "world.jsonl.zst"
    _core.world_capture(path, 7, START_NS, 20_000)
    return path


@pytest.fixture
def session(tmp_path: Path) -> Iterator[_core.Session]:
    made = opened(tmp_path / "run")
    yield made
    made.abandon()


def test_a_played_world_ends_with_its_tables_and_a_closed_journal(
    tmp_path: Path, capture: Path
) -> None:
    run_dir = tmp_path / "run"
    session, source = opened(run_dir), _core.Source.capture(capture)
    records, signals, is_over = session.pump(source, ALL, MOST)
    assert (records, is_over) == (4_436, True)
    assert signals > 0
    assert session.next_ns is None
    last = session.close()
    assert last > records
    assert {path.name for path in run_dir.iterdir()} > TABLES
    found, head, tail, label = _core.journal_head(run_dir)
    assert (found, tail, label) == (last, "closed", "run_x")
    assert len(bytes.fromhex(head)) == 32


@pytest.mark.parametrize("budget", [1, 7, 1_000, MOST])
def test_the_budget_bounds_each_step_and_changes_no_byte(
    tmp_path: Path, capture: Path, budget: int
) -> None:
    heads = []
    for name, step in (("whole", MOST), ("steps", budget)):
        session, source = opened(tmp_path / name), _core.Source.capture(capture)
        records, is_over = 0, False
        while not is_over:
            taken, _, is_over = session.pump(source, START_NS + 2_000 * MS, step)
            assert taken <= step
            records += taken
            if session.next_ns is not None:
                break
        session.close()
        tables = [(tmp_path / name / table).read_bytes() for table in sorted(TABLES)]
        heads.append((_core.journal_head(tmp_path / name), records, tables))
    assert heads[0] == heads[1]


@pytest.mark.parametrize("until_ms", [0, 500, 1_500, 10_000])
def test_no_record_from_beyond_the_given_time_is_taken(
    session: _core.Session, capture: Path, until_ms: int
) -> None:
    source = _core.Source.capture(capture)
    until_ns = START_NS + until_ms * MS
    session.pump(source, until_ns, MOST)
    assert session.now_ns <= until_ns
    assert session.next_ns is not None
    assert session.next_ns > until_ns
    again, _, is_over = session.pump(source, until_ns, MOST)
    assert (again, is_over) == (0, False)


def test_progress_counts_the_bytes_of_the_file(session: _core.Session, capture: Path) -> None:
    source = _core.Source.capture(capture)
    done, total = source.progress()
    assert (done, total) == (0, capture.stat().st_size)
    session.pump(source, ALL, MOST)
    assert source.progress() == (total, total)


def test_the_journal_of_a_run_is_a_source_of_the_same_records(
    tmp_path: Path, capture: Path
) -> None:
    first = opened(tmp_path / "one")
    played = first.pump(_core.Source.capture(capture), ALL, MOST)
    first.close()
    second = opened(tmp_path / "two")
    assert second.pump(_core.Source.journal(tmp_path / "one"), ALL, MOST) == played
    second.close()
    for name in sorted(TABLES):
        one, two = ((tmp_path / run / name).read_bytes() for run in ("one", "two"))
        assert one == two, name


def test_signals_are_handed_out_once_and_counted_from_one(
    session: _core.Session, capture: Path
) -> None:
    _, signals, _ = session.pump(_core.Source.capture(capture), ALL, MOST)
    notices = session.take_signals()
    assert [notice.signal_id for notice in notices] == list(range(1, signals + 1))
    assert session.take_signals() == []
    times = [notice.recv_ns for notice in notices]
    assert times == sorted(times)
    assert all(notice.market_id for notice in notices)
    assert all(type(notice.expected_net_bps) is int for notice in notices)
    least = Settings().brain.min_net_edge_bps
    assert all(notice.expected_net_bps >= least for notice in notices)


def test_facts_and_notices_cannot_be_made_or_changed(session: _core.Session, capture: Path) -> None:
    for kind in (_core.FeedFacts, _core.SignalNotice, _core.Session, _core.Source):
        with pytest.raises(TypeError, match="cannot create"):
            kind()
    session.pump(_core.Source.capture(capture), ALL, MOST)
    notice = session.take_signals()[0]
    with pytest.raises(AttributeError):
        notice.signal_id = 5  # type: ignore[misc]


def test_a_usual_frame_has_nothing_to_say(session: _core.Session) -> None:
    assert session.feed("meta", "meta", 0, START_NS, META) is None
    assert session.feed("ws", "market-0", 1, START_NS + 1, book(YES, "0.60")) is None
    tokens, conns = session.liveness()
    assert {token: hydrated for token, hydrated, _, _ in tokens} == {YES: True, NO: False}
    assert dict(conns)["market-0"] == START_NS + 1


@pytest.mark.parametrize(
    ("second", "signals"), [("0.45", 1), ("0.30", 1), ("0.59", 0), ("0.60", 0), ("0.75", 0)]
)
def test_only_the_frame_that_completes_a_cheap_set_says_that_it_signals(
    session: _core.Session, second: str, signals: int
) -> None:
    session.feed("meta", "meta", 0, START_NS, GROUP)
    assert session.feed("ws", "market-0", 1, START_NS + 1, book(YES, "0.40")) is None
    facts = session.feed("ws", "market-0", 1, START_NS + 2, book("21", second, market=OTHER))
    notices = session.take_signals()
    assert len(notices) == signals
    if not signals:
        assert facts is None
        return
    assert facts is not None
    assert (facts.signals, facts.refused, facts.is_shed) == (1, "", False)
    assert (facts.resnapshot, facts.mismatched) == ([], [])
    (notice,) = notices
    assert (notice.signal_id, notice.market_id, notice.recv_ns) == (1, "0xg", START_NS + 2)


@pytest.mark.parametrize(("yes", "no"), [("0.40", "0.45"), ("0.50", "0.49"), ("0.20", "0.20")])
def test_books_of_one_market_that_cross_are_never_an_opportunity(
    session: _core.Session, yes: str, no: str
) -> None:
    session.feed("meta", "meta", 0, START_NS, META)
    session.feed("ws", "market-0", 1, START_NS + 1, book(YES, yes))
    facts = session.feed("ws", "market-0", 1, START_NS + 2, book(NO, no))
    assert facts is not None
    assert facts.signals == 0
    assert set(facts.resnapshot) == {YES, NO}
    assert session.take_signals() == []


@pytest.mark.parametrize(
    "payload",
    [b"", b"{", b"\xff\xfe", b"null", b"7", b'"text"', b"[" * 200_000, b'{"event_type":"book"}'],
)
def test_an_unreadable_frame_is_refused_with_a_reason_and_kept(
    session: _core.Session, payload: bytes
) -> None:
    session.feed("meta", "meta", 0, START_NS, META)
    before = json.loads(session.counts_json())[1]["records"]
    facts = session.feed("ws", "market-0", 1, START_NS + 1, payload)
    assert facts is not None
    assert facts.refused
    assert json.loads(session.counts_json())[1]["records"] == before + 1


def test_a_message_that_mixes_up_markets_names_their_tokens(session: _core.Session) -> None:
    session.feed("meta", "meta", 0, START_NS, META)
    other = f"0x{2:064x}"
    frame = book(YES, "0.60", market=other)
    facts = session.feed("ws", "market-0", 1, START_NS + 1, frame)
    assert facts is not None
    assert YES in facts.mismatched


def test_a_gap_of_a_connection_doubts_its_books(session: _core.Session) -> None:
    session.feed("meta", "meta", 0, START_NS, META)
    session.feed("ws", "market-0", 1, START_NS + 1, book(YES, "0.60"))
    gap = b'{"from_ns":%d,"to_ns":%d,"cause":"DISCONNECTED open","lost":0}'
    session.feed("gap", "market-0", 1, START_NS + 3, gap % (START_NS + 1, START_NS + 3))
    hydrated = {token: is_live for token, is_live, _, _ in session.liveness()[0]}
    assert hydrated == {YES: False, NO: False}


@pytest.mark.parametrize("payload", [b"", b"{}", b"[]", b'{"markets":1,"sets":[]}', b"\xff"])
def test_definitions_that_cannot_be_read_are_refused_and_the_run_goes_on(
    session: _core.Session, payload: bytes
) -> None:
    facts = session.feed("meta", "meta", 0, START_NS, payload)
    # Without any market there is nothing to refuse.
    if payload not in {b"{}", b"[]"}:
        assert facts is not None
        assert facts.refused == "meta record"
    assert session.feed("meta", "meta", 0, START_NS + 1, META) is None


@pytest.mark.parametrize("kind", ["", "WS", "frame", "end", "params", "wss", "ws "])
def test_an_unknown_kind_of_record_is_a_bug_of_the_caller(
    session: _core.Session, kind: str
) -> None:
    if kind in {"end", "params"}:
        with pytest.raises((ValueError, _core.RazorError)):
            session.feed(kind, "x", 0, START_NS, b"")
        return
    with pytest.raises(ValueError, match="unknown record kind"):
        session.feed(kind, "x", 0, START_NS, b"")


@pytest.mark.parametrize("epoch", [-1, 2**32])
def test_an_epoch_is_32_bits(session: _core.Session, epoch: int) -> None:
    with pytest.raises(OverflowError):
        session.feed("ws", "market-0", epoch, START_NS, b"{}")


@pytest.mark.parametrize("recv_ns", [2**63, -(2**63) - 1])
def test_a_time_is_64_bits(session: _core.Session, recv_ns: int) -> None:
    with pytest.raises(OverflowError):
        session.feed("ws", "market-0", 1, recv_ns, b"{}")


def test_engine_time_never_goes_back(session: _core.Session) -> None:
    session.feed("timer", "", 0, START_NS + 5, b"")
    session.feed("timer", "", 0, START_NS + 3, b"")
    assert session.now_ns == START_NS + 5
    assert json.loads(session.counts_json())[1]["clock_backwards"] == 1


def test_flushing_durably_gives_the_number_of_the_last_record(session: _core.Session) -> None:
    for number in range(1, 6):
        session.feed("timer", "", 0, START_NS + number, b"")
    durable = session.flush_durable()
    assert durable == session.durable_seq > 5
    session.flush()
    assert session.flush_durable() == durable


CALLS = {
    "feed": lambda session: session.feed("timer", "", 0, START_NS, b""),
    "flush": lambda session: session.flush(),
    "flush_durable": lambda session: session.flush_durable(),
    "take_signals": lambda session: session.take_signals(),
    "counts_json": lambda session: session.counts_json(),
    "liveness": lambda session: session.liveness(),
    "close": lambda session: session.close(),
    "next_ns": lambda session: session.next_ns,
    "now_ns": lambda session: session.now_ns,
    "durable_seq": lambda session: session.durable_seq,
    "is_resumed": lambda session: session.is_resumed,
}


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("end", ["close", "abandon"])
def test_nothing_works_after_the_end(tmp_path: Path, name: str, end: str) -> None:
    session = opened(tmp_path / "run")
    getattr(session, end)()
    with pytest.raises(ValueError, match="has been closed"):
        CALLS[name](session)


def test_leaving_twice_is_harmless(tmp_path: Path) -> None:
    session = opened(tmp_path / "run")
    session.abandon()
    session.abandon()
    other = opened(tmp_path / "other")
    other.close()
    other.abandon()


def test_an_abandoned_run_is_open_and_goes_on_behind_its_unclean_end(tmp_path: Path) -> None:
    run_dir = tmp_path / "run"
    first = opened(run_dir)
    assert not first.is_resumed
    first.feed("meta", "meta", 0, START_NS, META)
    first.feed("ws", "market-0", 1, START_NS + 1, book(YES, "0.60"))
    kept = first.flush_durable()
    first.abandon()
    records, _, tail, _ = _core.journal_head(run_dir)
    assert tail in {"open", "torn"}
    assert records >= kept
    again = opened(run_dir)
    assert again.is_resumed
    assert not any(hydrated for _, hydrated, _, _ in again.liveness()[0])
    again.close()
    assert _core.journal_head(run_dir)[2] == "closed"
    assert json.loads(_core.audit_verify(run_dir, lambda _done, _total: True))["differences"] == []


def test_a_closed_run_is_not_opened_again(tmp_path: Path) -> None:
    opened(tmp_path / "run").close()
    with pytest.raises(_core.JournalError, match="closed; open a new run"):
        opened(tmp_path / "run")


def test_a_run_that_is_being_written_is_locked(tmp_path: Path) -> None:
    session = opened(tmp_path / "run")
    with pytest.raises(_core.StorageError, match="lock") as caught:
        opened(tmp_path / "run")
    assert caught.value.path is not None
    assert caught.value.holder == os.getpid()
    session.abandon()
    opened(tmp_path / "run").abandon()


def test_one_lock_admits_one_session_at_a_time_and_outlives_it(tmp_path: Path) -> None:
    lock = _core.RunLock.acquire(tmp_path)
    session = opened(tmp_path, lock=lock)
    with pytest.raises(_core.StorageError, match="in use") as caught:
        opened(tmp_path, lock=lock)
    assert caught.value.holder == os.getpid()
    session.close()
    assert _core.RunLock.is_held(tmp_path)
    lock.release()
    lock.release()
    assert not _core.RunLock.is_held(tmp_path)
    with pytest.raises(ValueError, match="closed"):
        opened(tmp_path, lock=lock)


def test_a_lock_given_free_under_a_session_ends_with_it(tmp_path: Path) -> None:
    lock = _core.RunLock.acquire(tmp_path)
    session = opened(tmp_path, lock=lock)
    lock.release()
    assert _core.RunLock.is_held(tmp_path)
    session.abandon()
    assert not _core.RunLock.is_held(tmp_path)


def test_another_run_does_not_go_on_in_this_directory(tmp_path: Path) -> None:
    opened(tmp_path / "run").abandon()
    with pytest.raises(_core.RazorError):
        opened(tmp_path / "run", run_id="run_y")


def test_a_session_belongs_to_the_thread_that_made_it(tmp_path: Path, capture: Path) -> None:
    session, source = opened(tmp_path / "run"), _core.Source.capture(capture)
    caught: list[BaseException] = []

    def elsewhere() -> None:
        for touch in (session.flush, source.progress):
            try:
                touch()
            # What it raises is the extension's own panic, which is no Exception.
            except BaseException as error:  # noqa: BLE001
                caught.append(error)

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert len(caught) == 2
    assert all("unsendable" in str(error) for error in caught)
    session.flush()
    session.close()


def test_the_interpreter_goes_on_while_a_long_step_runs(tmp_path: Path) -> None:
    path = tmp_path / "long.jsonl.zst"
    _core.world_capture(path, 3, START_NS, 120_000)
    turns, stop = [0], threading.Event()

    def count() -> None:
        while not stop.is_set():
            turns[0] += 1

    session = opened(tmp_path / "run")
    source = _core.Source.capture(path)
    thread = threading.Thread(target=count)
    thread.start()
    before = turns[0]
    session.pump(source, ALL, MOST)
    passed = turns[0] - before
    stop.set()
    thread.join()
    session.abandon()
    assert passed > 100


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"run_id": ""}, ValueError),
        ({"run_id": "x" * 49}, ValueError),
        ({"run_id": "a b"}, ValueError),
        ({"run_id": "ä"}, ValueError),
        ({"build_id": ""}, ValueError),
        ({"build_id": "a\n"}, ValueError),
        ({"settings_sha256": b"short"}, ValueError),
        ({"settings_sha256": b"x" * 33}, ValueError),
        ({"params": b""}, _core.SettingsError),
        ({"params": b"{}"}, _core.SettingsError),
        ({"params": b"\xff"}, _core.SettingsError),
        ({"params": b"[]"}, _core.SettingsError),
        ({"now_ns": 2**63}, OverflowError),
        ({"raw_ws": (-1, 0)}, OverflowError),
        ({"is_live": None}, TypeError),
    ],
)
def test_a_run_is_not_begun_with_arguments_out_of_range(
    tmp_path: Path, changes: dict[str, object], kind: type[Exception]
) -> None:
    arguments: dict[str, object] = {
        "run_id": "x" * 48,
        "build_id": "b" * 48,
        "settings_sha256": b"0" * 32,
        "params": params_record("x", Settings(), rules=Rules.VENUE),
        "is_live": False,
        "now_ns": START_NS,
    }
    run_dir = tmp_path / "run"
    run_dir.mkdir()
    with pytest.raises(kind):
        _core.Session.open(run_dir, **(arguments | changes))  # type: ignore[arg-type]
    # The refusal leaves nothing behind that a later start would stumble over.
    _core.Session.open(run_dir, **arguments).close()  # type: ignore[arg-type]


def test_a_missing_directory_is_a_storage_error_with_its_path(tmp_path: Path) -> None:
    missing = tmp_path / "missing"
    with pytest.raises(_core.StorageError, match="does not exist") as caught:
        _core.Session.open(
            missing,
            run_id="x",
            build_id="b",
            settings_sha256=b"0" * 32,
            params=b"{}",
            is_live=False,
            now_ns=0,
        )
    assert caught.value.path == str(missing / "lock")


@pytest.mark.parametrize("is_live", [False, True])
def test_frames_are_also_kept_raw_where_that_is_asked_for(tmp_path: Path, *, is_live: bool) -> None:
    session = _core.Session.open(
        tmp_path,
        run_id="x",
        build_id="b",
        settings_sha256=b"0" * 32,
        params=params_record("x", Settings(), rules=Rules.VENUE),
        is_live=is_live,
        now_ns=START_NS,
        raw_ws=(1_048_576, 2),
    )
    session.feed("meta", "meta", 0, START_NS, META)
    frame = book(YES, "0.60")
    session.feed("ws", "market-0", 1, START_NS + 1, frame)
    session.close()
    lines = (tmp_path / "raw_ws.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 1
    assert frame.decode() in json.loads(lines[0]).values() or YES in lines[0]
