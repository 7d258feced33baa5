"""Whole-file jobs of the core: what they give, what they raise, and that they can be stopped."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from razor import _core
from razor.domain.params import Rules, params_record
from razor.domain.settings import Settings, settings_hash

START_NS = 1_800_000_000_000_000_000
CUTS = [0, 1, 100, 5_000]


def on(_done: int, _total: int) -> bool:
    return True


@pytest.fixture(scope="module")
def capture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("world") / "world.jsonl.zst"
    _core.world_capture(path, 7, START_NS, 5_000)
    return path


@pytest.fixture
def run_dir(tmp_path: Path, capture: Path) -> Path:
    """A short run that ended in order."""
    session = _core.Session.open(
        tmp_path,
        run_id="run_x",
        build_id="b",
        settings_sha256=bytes.fromhex(settings_hash(Settings())),
        params=params_record("run_x", Settings(), rules=Rules.VENUE),
        is_live=False,
        now_ns=START_NS,
    )
    session.pump(_core.Source.capture(capture), 2**63 - 1, 10**9)
    session.close()
    return tmp_path


@pytest.mark.parametrize("content", [b"", b"abc", bytes(range(256)) * 999])
def test_digests_are_those_of_everybody_else(tmp_path: Path, content: bytes) -> None:
    assert _core.sha256(content) == hashlib.sha256(content).digest()
    path = tmp_path / "file"
    path.write_bytes(content)
    assert _core.file_sha256(path) == hashlib.sha256(content).hexdigest()


def test_a_seeded_world_repeats_byte_for_byte_and_another_seed_differs(tmp_path: Path) -> None:
    digests = []
    for name, seed in (("a", 5), ("b", 5), ("c", 6)):
        path = tmp_path / f"{name}.jsonl.zst"
        _core.world_capture(path, seed, START_NS, 2_000)
        digests.append(_core.file_sha256(path))
    assert digests[0] == digests[1] != digests[2]


def test_a_world_says_in_its_manifest_that_no_venue_was_recorded(tmp_path: Path) -> None:
    path = tmp_path / "w.jsonl.zst"
    manifest = json.loads(_core.world_capture(path, 5, START_NS, 2_000))
    assert manifest["source"]["format"] == "world"
    assert "no venue was recorded" in manifest["source"]["description"]
    assert json.loads((tmp_path / "w.manifest.json").read_text(encoding="utf-8")) == manifest
    assert manifest["file_sha256"] == _core.file_sha256(path)
    assert manifest["file_bytes"] == path.stat().st_size


@pytest.mark.parametrize("duration_ms", [0, -5])
def test_a_world_without_time_has_definitions_only(tmp_path: Path, duration_ms: int) -> None:
    manifest = json.loads(_core.world_capture(tmp_path / "w.jsonl.zst", 5, 0, duration_ms))
    assert manifest["counts"]["kinds"].get("trade", 0) == 0


def test_the_description_of_a_capture_agrees_with_its_manifest(tmp_path: Path) -> None:
    path = tmp_path / "w.jsonl.zst"
    manifest = json.loads(_core.world_capture(path, 5, START_NS, 2_000))
    info = json.loads(_core.capture_info(path, on))
    assert info["counts"] == manifest["counts"]
    assert info["markets"] == len(manifest["markets"])
    assert sum(info["sets"].values()) == len(manifest["sets"])
    assert info["defects"]["undecodable_lines"] == 0


@pytest.mark.parametrize("cut", CUTS)
def test_damage_of_a_capture_is_part_of_its_description(
    tmp_path: Path, capture: Path, cut: int
) -> None:
    whole = capture.read_bytes()
    path = tmp_path / "cut.jsonl.zst"
    path.write_bytes(whole[: len(whole) - cut])
    info = json.loads(_core.capture_info(path, on))
    assert (info["defects"]["broken"] is None) == (cut == 0)


def test_progress_goes_up_to_the_size_of_the_file(capture: Path) -> None:
    seen: list[tuple[int, int]] = []

    def follow(done: int, total: int) -> bool:
        seen.append((done, total))
        return True

    _core.capture_info(capture, follow)
    assert seen
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert {total for _, total in seen} == {capture.stat().st_size}


def rebuilt(run_dir: Path, tick: Callable[[int, int], bool]) -> str:
    """Write the tables anew under a lock of its own, as a verb does."""
    lock = _core.RunLock.acquire(run_dir)
    try:
        return _core.audit_rebuild(lock, tick)
    finally:
        lock.release()


Job = Callable[[Path], object]
MISSING: dict[str, Job] = {
    "source": _core.Source.capture,
    "sha256": _core.file_sha256,
    "info": lambda path: _core.capture_info(path, on),
    "import": lambda path: _core.capture_import(path, path.with_name("o.jsonl.zst"), "auto", on),
    "verify": lambda path: _core.audit_verify(path, on),
    "rebuild": lambda path: rebuilt(path, on),
}


@pytest.mark.parametrize("name", MISSING)
def test_a_missing_file_is_a_storage_error_that_names_it(tmp_path: Path, name: str) -> None:
    with pytest.raises(_core.StorageError, match="missing"):
        MISSING[name](tmp_path / "missing")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("word", ["f9", "", "F1", "csv"])
def test_an_unknown_format_lists_the_known_ones(tmp_path: Path, word: str) -> None:
    with pytest.raises(_core.DecodeError, match="f1, f2, f3, f6, predecessor"):
        _core.capture_import(tmp_path, tmp_path / "o.jsonl.zst", word, on)


def test_a_folder_of_no_known_format_leaves_no_capture_behind(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    with pytest.raises(_core.RazorError):
        _core.capture_import(tmp_path / "in", tmp_path / "o.jsonl.zst", "auto", on)
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


def test_a_run_proves_itself(run_dir: Path) -> None:
    verdict = json.loads(_core.audit_verify(run_dir, on))
    assert set(verdict) == {"records", "segments", "tail", "evidence", "head", "differences"}
    records, head, tail, _ = _core.journal_head(run_dir)
    assert (verdict["records"], verdict["head"], verdict["tail"]) == (records, head, tail)
    assert verdict["differences"] == []


@pytest.mark.parametrize(
    "table", ["ticks.csv", "trades.csv", "snapshots.csv", "shadow_log.csv", "shadow_sets.csv"]
)
def test_a_changed_table_is_named_with_its_first_wrong_line_and_written_anew(
    run_dir: Path, table: str
) -> None:
    path = run_dir / table
    before = path.read_bytes()
    lines = before.splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:1], b"forged\n", *lines[1:]]))
    (difference,) = json.loads(_core.audit_verify(run_dir, on))["differences"]
    assert (difference["table"], difference["line"]) == (table, 2)
    assert difference["found"] == "forged"
    assert json.loads(rebuilt(run_dir, on))["differences"] == []
    assert path.read_bytes() == before


@pytest.mark.parametrize("job", [_core.audit_verify, rebuilt])
def test_a_stopped_audit_says_so_and_leaves_every_file_as_it_was(
    run_dir: Path, job: Callable[[Path, Callable[[int, int], bool]], str]
) -> None:
    (run_dir / "ticks.csv").write_bytes(b"forged\n")
    before = {path.name: path.read_bytes() for path in run_dir.glob("*.*")}
    with pytest.raises(_core.Cancelled, match="stopped before its end"):
        job(run_dir, lambda _done, _total: False)
    assert {path.name: path.read_bytes() for path in run_dir.glob("*.*")} == before


@pytest.mark.parametrize("job", [_core.audit_verify, rebuilt])
def test_an_audit_says_how_much_of_the_journal_it_has_read(
    run_dir: Path, job: Callable[[Path, Callable[[int, int], bool]], str]
) -> None:
    seen: list[tuple[int, int]] = []

    def follow(done: int, total: int) -> bool:
        seen.append((done, total))
        return True

    job(run_dir, follow)
    size = sum(path.stat().st_size for path in (run_dir / "journal").glob("*.rzj"))
    assert {total for _, total in seen} == {size}
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert 0 < seen[-1][0] <= size


@pytest.mark.parametrize("table", ["ticks.csv", "shadow_legs.csv", "health.jsonl"])
def test_a_cut_table_ends_too_early(run_dir: Path, table: str) -> None:
    path = run_dir / table
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:-1]))
    (difference,) = json.loads(_core.audit_verify(run_dir, on))["differences"]
    assert (difference["table"], difference["line"]) == (table, len(lines))
    assert difference["found"] is None
    assert difference["expected"]


@pytest.mark.parametrize("place", [200, 1_000, -500])
def test_a_flipped_bit_of_the_journal_is_corruption(run_dir: Path, place: int) -> None:
    (segment,) = (run_dir / "journal").glob("*.rzj")
    raw = bytearray(segment.read_bytes())
    raw[place] ^= 1
    segment.write_bytes(raw)
    with pytest.raises((_core.Corrupt, _core.JournalError)):
        _core.audit_verify(run_dir, on)
    with pytest.raises((_core.Corrupt, _core.JournalError)):
        _core.journal_head(run_dir)


FACTS = {"run_id": "r", "trade_prints": 5, "recorded_ms": 1_000}


@pytest.mark.parametrize("facts", [{}, FACTS, {"run_id": None}, {"starting_capital": "100.5"}])
def test_a_report_without_tables_has_no_rows(facts: dict[str, object]) -> None:
    found = json.loads(_core.day14_json(None, None, json.dumps(facts)))
    assert found["totals"]["signals"] == 0
    assert found["day14"]["verdict"]["go"] is False
    assert found["venue"] is None


@pytest.mark.parametrize(
    "facts",
    [
        "",
        "[",
        '"x"',
        '{"novel":1}',
        '{"run_id":1}',
        '{"trade_prints":-1}',
        '{"recorded_ms":1.5}',
    ],
)
def test_facts_that_no_caller_gives_are_a_bug_of_the_caller(facts: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        _core.day14_json(None, None, facts)


@pytest.mark.parametrize("log", [b"", b"\n", b"a,b\n", b"run_id\n", b"\xff\xfe\n"])
def test_a_table_without_its_columns_is_named(log: bytes) -> None:
    with pytest.raises(_core.DecodeError, match=r"shadow_log\.csv"):
        _core.day14_json(log, None, "{}")
