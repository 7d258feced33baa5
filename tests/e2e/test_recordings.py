"""What can be opened for playing, what it is called, and that opening changes nothing."""

import json
import shutil
from pathlib import Path

import pytest

from razor import _core
from razor.app.recordings import Recording, demo_recording, recording_at
from razor.domain.errors import Corrupt, DecodeError, StorageError
from razor.domain.params import Rules
from tests.e2e import captures, journals
from tests.e2e.razor import ROOT, here


def _go_on(_done: int, _total: int) -> bool:
    return True


def _opened(path: Path) -> Recording:
    with recording_at(path, _go_on) as recording:
        return recording


@pytest.fixture(scope="module")
def capture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return captures.world(tmp_path_factory.mktemp("rec") / "world.jsonl.zst", duration_ms=2_000)


@pytest.fixture(scope="module")
def run(capture: Path) -> Path:
    made = capture.parent / "run"
    config = ("--config", ROOT / "config.toml")
    assert here("replay", capture, *config, "--out-dir", made).code == 0
    return made


def test_capture_is_named_by_its_digest(capture: Path) -> None:
    found = _opened(capture)
    digest = _core.file_sha256(capture)
    assert (found.kind, found.name) == ("replay", digest[:12])
    assert found.label == f"replay_{digest[:12]}"
    assert [each.sha256 for each in found.inputs] == [digest]
    assert [each.size_bytes for each in found.inputs] == [capture.stat().st_size]
    assert (found.rules, found.config, found.markers) == (Rules.VENUE, None, ())


def test_run_is_named_by_what_its_tables_say_and_brings_its_settings(run: Path) -> None:
    found = _opened(run)
    _, block, _, run_id = _core.journal_head(run)
    assert found.label == run_id
    assert found.name == run_id.removeprefix("replay_")
    assert found.inputs[0].sha256 == block
    assert found.inputs[0].size_bytes == sum(each.stat().st_size for each in journals.segments(run))
    assert found.config is not None
    assert found.config.raw == (run / "config.toml").read_bytes()


def test_replay_of_a_replay_keeps_one_prefix(run: Path, tmp_path: Path) -> None:
    again = tmp_path / "again"
    assert here("replay", run, "--out-dir", again).code == 0
    assert _opened(again).label == _opened(run).label
    assert _opened(run).label.count("replay_") == 1


@pytest.mark.parametrize(
    ("side", "expected"),
    [
        ({"flags": [], "source": {"format": "world"}}, (Rules.VENUE, False)),
        ({"flags": ["no_sizes"], "source": {"format": "f3"}}, (Rules.VENUE, True)),
        ({"flags": [], "source": {"format": "predecessor"}}, (Rules.PREDECESSOR, False)),
    ],
)
def test_sidecar_says_by_which_rules_a_capture_is_played(
    capture: Path, tmp_path: Path, side: dict[str, object], expected: tuple[Rules, bool]
) -> None:
    copy = tmp_path / "day.jsonl.zst"
    shutil.copy(capture, copy)
    (tmp_path / "day.manifest.json").write_text(json.dumps(side), encoding="utf-8")
    found = _opened(copy)
    assert (found.rules, bool(found.markers)) == expected


def test_capture_needs_no_sidecar(capture: Path, tmp_path: Path) -> None:
    copy = tmp_path / "day.jsonl.zst"
    shutil.copy(capture, copy)
    assert _opened(copy).markers == ()


def test_opening_changes_nothing(capture: Path, run: Path) -> None:
    before = captures.tables(run), capture.read_bytes()
    names = sorted(each.name for each in capture.parent.iterdir())
    _opened(run)
    _opened(capture)
    assert before == (captures.tables(run), capture.read_bytes())
    assert names == sorted(each.name for each in capture.parent.iterdir())


def test_what_is_missing_is_a_fault_of_storage(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="No such file"):
        _opened(tmp_path / "nothing")


def test_what_is_nothing_is_refused_with_the_way_to_a_capture(tmp_path: Path) -> None:
    with pytest.raises(DecodeError, match="no capture, no run and no predecessor's run") as caught:
        _opened(tmp_path)
    assert "razor capture import" in caught.value.remedy


def test_empty_file_is_no_capture(tmp_path: Path) -> None:
    empty = tmp_path / "empty.jsonl.zst"
    empty.touch()
    with pytest.raises(DecodeError, match="is empty"):
        _opened(empty)


def test_run_that_lost_its_journal_is_corrupt(run: Path, tmp_path: Path) -> None:
    damaged = journals.copy(run, tmp_path / "run")
    shutil.rmtree(damaged / "journal")
    with pytest.raises(Corrupt, match="its journal is empty"):
        _opened(damaged)


def test_demo_is_seeded_marked_and_gone_afterwards() -> None:
    digests = []
    for _ in range(2):
        with demo_recording(duration_ms=1_000) as found:
            assert found.kind == "demo"
            assert found.seeds == (("world", 7),)
            assert "seeded demo" in found.markers[0]
            digests.append(found.inputs[0].sha256)
    assert digests[0] == digests[1]
    with demo_recording(duration_ms=2_000) as longer:
        assert longer.inputs[0].sha256 != digests[0]


def test_stopped_import_of_a_predecessor_is_cancelled_and_leaves_no_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, room = tmp_path / "old", tmp_path / "room"
    old.mkdir()
    room.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(room))
    legs = ",".join(
        f"leg{leg}_{name}"
        for leg in range(3)
        for name in ("token_id", "best_bid", "best_ask", "depth3_usdc")
    )
    row = "1,m,2,a,0.1,0.2,5,b,0.1,0.2,5,,,,\n"
    (old / "snapshots.csv").write_text(f"ts_ms,market_id,legs_n,{legs}\n{row}", encoding="utf-8")
    head = "ts_ms,market_id,token_id,price,size,trade_id,ingest_ts_ms,exchange_ts_ms\n"
    (old / "trades.csv").write_text(head, encoding="utf-8")
    (old / "config.toml").write_text("[run]\nmarket_ids = []\n", encoding="utf-8")
    with (
        pytest.raises(_core.Cancelled, match="nothing was written"),
        recording_at(old, lambda _done, _total: False),
    ):
        pass
    assert list(room.iterdir()) == []
    with recording_at(old, _go_on) as found:
        assert found.rules is Rules.PREDECESSOR
        assert found.name == "unknown"
        assert len(found.inputs) == 3
        assert [each.name.startswith("razor-") for each in room.iterdir()] == [True]
    assert list(room.iterdir()) == []
