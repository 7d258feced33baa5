"""Truncated and corrupt captures and journals: one message, exit 3, and what was good stays."""

import json
import re
import shutil
from io import StringIO
from pathlib import Path

import pytest

from razor import _core
from razor.adapters.files.config_file import ConfigFile, read_config
from razor.app.runs import OpenRun, RunPlan, admitted_gates, opened
from razor.domain.manifest import ResumePolicy, Source
from tests.e2e import captures, journals
from tests.e2e.razor import ROOT, Done, here, is_one_message, process

SIXTEENTHS = range(16)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A capture of 20 s, about 0.3 MB."""
    return captures.world(tmp_path_factory.mktemp("whole") / "world.jsonl.zst", duration_ms=20_000)


@pytest.fixture(scope="module")
def run(whole: Path) -> Path:
    """A run that played it and ended in order."""
    made = whole.parent / "run"
    done = here("replay", whole, "--config", ROOT / "config.toml", "--out-dir", made)
    assert done.code == 0, done.err
    return made


def _replay(path: Path, to: Path) -> Done:
    return here("replay", path, "--config", ROOT / "config.toml", "--out-dir", to)


def _is_fault(done: Done, *words: str) -> None:
    assert done.code == 3, done
    assert is_one_message(done)
    for word in words:
        assert word in done.err


def _cured(run: Path) -> None:
    """What a fault left behind is whole after a rebuild."""
    assert here("audit", "rebuild", run).code == 0
    verdict = here("audit", "verify", run)
    assert verdict.code == 0, verdict


@pytest.mark.parametrize("part", SIXTEENTHS)
def test_truncated_capture_is_named_and_the_lines_before_the_cut_are_kept(
    whole: Path, tmp_path: Path, part: int
) -> None:
    raw = whole.read_bytes()
    damaged = tmp_path / "cut.jsonl.zst"
    damaged.write_bytes(raw[: len(raw) * part // 16])
    out = tmp_path / "out"
    done = _replay(damaged, out)
    if part == 0:
        _is_fault(done, str(damaged), "is empty: there is no record in it")
        assert not out.exists()
        return
    _is_fault(done, str(damaged), "cut off after line", "copy the file again")
    found = re.search(r"after line ([0-9]+)", done.err)
    assert found is not None
    assert journals.records(out) >= int(found.group(1))
    _cured(out)


@pytest.mark.parametrize("part", SIXTEENTHS)
def test_corrupt_capture_is_named_and_never_played_to_an_orderly_end(
    whole: Path, tmp_path: Path, part: int
) -> None:
    damaged = tmp_path / "bad.jsonl.zst"
    shutil.copy(whole, damaged)
    journals.flip(damaged, whole.stat().st_size * part // 16 + 7)
    out = tmp_path / "out"
    done = _replay(damaged, out)
    _is_fault(done, str(damaged))
    assert re.search(r"line [0-9]+", done.err)
    if out.exists():
        assert journals.manifest(out).end is None
        assert not (out / "report.html").exists()


def test_capture_info_shows_damage_instead_of_failing(whole: Path, tmp_path: Path) -> None:
    damaged = tmp_path / "cut.jsonl.zst"
    damaged.write_bytes(whole.read_bytes()[:100_000])
    done = here("capture", "info", damaged, "--json")
    assert done.code == 0
    defects = json.loads(done.out)["defects"]
    assert "cut off after line" in defects["broken"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"hello\n", ("line 1", 'expected {"t":ns,"c":name,"e":epoch,"k":kind,"m":text}')),
        (b"\x00" * 300, ("line 1",)),
        (b"\xef\xbb\xbf{}\n", ("line 1",)),
        (b'{"t":1,"c":"a","e":1,"k":"ws","m":"\xff\xfe"}\n', ("line 1", "not UTF-8")),
        (b'{"t":1,"c":"a","e":1,"k":"ws","m":"x"}\n{"t":2,', ("line 2",)),
        (b'{"t":1,"c":"a","e":1,"k":"nothing","m":"x"}\n', ("line 1",)),
        (b'{"t":99999999999999999999,"c":"a","e":1,"k":"ws","m":""}\n', ("line 1",)),
        (b'{"t":1,"c":"a b","e":1,"k":"ws","m":""}\n', ("line 1",)),
        (b'{"t":1,"c":"a","e":-1,"k":"ws","m":""}\n', ("line 1",)),
    ],
)
def test_line_that_is_no_record_is_named_by_file_and_line(
    tmp_path: Path, text: bytes, words: tuple[str, ...]
) -> None:
    capture = tmp_path / "bad.jsonl"
    capture.write_bytes(text)
    _is_fault(_replay(capture, tmp_path / "out"), str(capture), *words)


def test_damaged_manifest_of_a_capture_is_named_before_anything_is_played(
    whole: Path, tmp_path: Path
) -> None:
    capture = tmp_path / "world.jsonl.zst"
    shutil.copy(whole, capture)
    for content in (b"{", b"[]", b'{"source":7}', b"\xff"):
        (tmp_path / "world.manifest.json").write_bytes(content)
        done = _replay(capture, tmp_path / "out")
        _is_fault(done, "world.manifest.json is not a capture's manifest", "or remove it")
        assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("part", SIXTEENTHS)
def test_bit_flip_in_a_closed_journal_stops_verify_replay_and_report(
    run: Path, tmp_path: Path, part: int
) -> None:
    damaged = journals.copy(run, tmp_path / "damaged")
    (segment,) = journals.segments(damaged)
    journals.flip(segment, segment.stat().st_size * part // 16 + 3)
    for done in (
        here("audit", "verify", damaged),
        here("audit", "rebuild", damaged),
        _replay(damaged, tmp_path / "out"),
        here("report", "day14", "--run", damaged),
    ):
        _is_fault(done, "journal", "segment 000001", "keep the files as evidence")
    assert not (tmp_path / "out").exists()
    for name in ("ticks.csv", "shadow_log.csv", "report.json"):
        assert (damaged / name).read_bytes() == (run / name).read_bytes()


@pytest.mark.parametrize("part", SIXTEENTHS)
def test_cut_journal_of_a_run_that_ended_in_order_is_refused_and_its_tables_stay(
    run: Path, tmp_path: Path, part: int
) -> None:
    damaged = journals.copy(run, tmp_path / "damaged")
    (segment,) = journals.segments(damaged)
    journals.cut(segment, segment.stat().st_size * part // 16)
    for done in (
        here("audit", "verify", damaged),
        here("audit", "rebuild", damaged),
        _replay(damaged, tmp_path / "out"),
        here("report", "day14", "--run", damaged),
    ):
        _is_fault(done, "is cut: the run ended in order", "restore the files in its journal")
    for name in ("ticks.csv", "shadow_log.csv", "report.json"):
        assert (damaged / name).read_bytes() == (run / name).read_bytes()


def test_journal_without_its_last_block_is_cut_although_every_byte_of_it_is_good(
    run: Path, tmp_path: Path
) -> None:
    damaged = journals.copy(run, tmp_path / "damaged")
    (segment,) = journals.segments(damaged)
    journals.cut(segment, journals.blocks(segment)[-1])
    assert journals.tail(damaged) == "open"
    _is_fault(here("audit", "verify", damaged), "its journal is open")


def test_run_without_its_journal_is_no_predecessors_run(run: Path, tmp_path: Path) -> None:
    damaged = journals.copy(run, tmp_path / "damaged")
    shutil.rmtree(damaged / "journal")
    _is_fault(_replay(damaged, tmp_path / "out"), "is cut", "its journal is empty")


class _CrashError(Exception):
    """Stands for the end of the process."""


def _plan(place: Path, config: ConfigFile) -> RunPlan:
    start = process(StringIO(), StringIO())
    return RunPlan(
        config=config,
        gates=admitted_gates(start, None, config),
        source=Source(kind="polymarket", is_live=True),
        runs_dir=place,
        resume=ResumePolicy.AUTO,
    )


def _feed(run: OpenRun, number: int) -> None:
    at = captures.START_NS + number * 1_000_000_000
    run.session.feed("meta", "meta-0", 0, at, captures.market(f"0x{number}").encode())
    for beat in range(20):
        run.session.feed("timer", "", 0, at + beat * 1_000_000, b"")
    run.session.flush_durable()


def _crash(plan: RunPlan, number: int) -> None:
    """Write a run and end as a crash does."""
    with opened(process(StringIO(), StringIO()), plan) as run:
        _feed(run, number)
        raise _CrashError


def _crashed_twice(place: Path) -> Path:
    """A run of three segments: two ended in a crash, the last one in order."""
    plan = _plan(place, read_config(ROOT / "config.toml"))
    start = process(StringIO(), StringIO())
    for number in (1, 2):
        with pytest.raises(_CrashError):
            _crash(plan, number)
    with opened(start, plan) as run:
        _feed(run, 3)
        run.finish(start, cause="finished")
    return run.directory.path


def test_crashed_run_goes_on_in_a_new_segment_and_verifies(tmp_path: Path) -> None:
    run = _crashed_twice(tmp_path / "runs")
    assert len(journals.segments(run)) == 3
    assert len(journals.manifest(run).sessions) == 3
    assert journals.integrity(run)["restarts"] == 2
    assert here("audit", "verify", run).code == 0


@pytest.mark.parametrize("number", [1, 2, 3])
def test_removed_segment_is_missed(tmp_path: Path, number: int) -> None:
    run = _crashed_twice(tmp_path / "runs")
    (run / "journal" / f"{number:06}.rzj").unlink()
    for done in (here("audit", "verify", run), _replay(run, tmp_path / "out")):
        _is_fault(done, "is cut" if number == 3 else f"segment {number:06} is missing")


@pytest.mark.parametrize("number", [1, 2])
def test_cut_segment_under_a_later_one_is_corruption(tmp_path: Path, number: int) -> None:
    run = _crashed_twice(tmp_path / "runs")
    segment = journals.segments(run)[number - 1]
    journals.cut(segment, journals.blocks(segment)[-1] + 10)
    _is_fault(here("audit", "verify", run), "journal is corrupt")


def test_torn_tail_of_a_crashed_run_is_stepped_over_kept_and_told(tmp_path: Path) -> None:
    plan = _plan(tmp_path / "runs", read_config(ROOT / "config.toml"))
    with pytest.raises(_CrashError):
        _crash(plan, 1)
    place = (tmp_path / "runs" / "run_latest").resolve()
    (segment,) = journals.segments(place)
    good = journals.records(place)
    segment.write_bytes(segment.read_bytes() + b"\x00" * 4096)
    torn = segment.read_bytes()
    assert journals.tail(place) == "torn"
    replayed = _replay(place, tmp_path / "out")
    assert replayed.code == 0
    assert "torn tail" in replayed.out
    start = process(StringIO(), StringIO())
    with opened(start, plan) as run:
        _feed(run, 2)
        run.finish(start, cause="finished")
    assert segment.read_bytes() == torn
    assert journals.records(place) > good
    done = here("audit", "verify", place)
    assert done.code == 0, done
    assert "torn tail kept as evidence" in done.out


@pytest.mark.parametrize(
    "name", ["shadow_log.csv", "shadow_sets.csv", "ticks.csv", "trades.csv", "health.jsonl"]
)
def test_changed_table_is_found_with_its_line_and_rebuilt(
    run: Path, tmp_path: Path, name: str
) -> None:
    damaged = journals.copy(run, tmp_path / "damaged")
    table = damaged / name
    lines = table.read_text(encoding="utf-8").splitlines(keepends=True)
    lines[1] = lines[1].replace("0", "1", 1)
    table.write_text("".join(lines), encoding="utf-8")
    done = here("audit", "verify", damaged)
    assert done.code == 1
    assert f"{name} line 2 is not what the journal says" in done.out
    assert f"razor audit rebuild {damaged}" in done.out
    facts = here("audit", "verify", damaged, "--json").facts()
    assert facts["verified"] is False
    _cured(damaged)
    assert table.read_bytes() == (run / name).read_bytes()


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\n", b"x\n"])
def test_table_that_is_none_is_a_difference_and_no_fault(
    run: Path, tmp_path: Path, content: bytes
) -> None:
    damaged = journals.copy(run, tmp_path / "damaged")
    (damaged / "shadow_log.csv").write_bytes(content)
    done = here("audit", "verify", damaged)
    assert done.code == 1, done
    assert "shadow_log.csv line" in done.out
    report = here("report", "day14", "--run", damaged)
    _is_fault(report, "shadow_log.csv", f"razor audit rebuild {damaged}")
    _cured(damaged)


@pytest.mark.parametrize("name", ["report.json", "report.md", "report.html"])
def test_changed_report_is_found(run: Path, tmp_path: Path, name: str) -> None:
    damaged = journals.copy(run, tmp_path / "damaged")
    text = (damaged / name).read_text(encoding="utf-8")
    (damaged / name).write_text(text.replace("NO GO", "GO"), encoding="utf-8")
    changed = (damaged / name).read_bytes() != (run / name).read_bytes()
    done = here("audit", "verify", damaged)
    assert done.code == (1 if changed else 0)
    assert (f"{name} is not what the tables say" in done.out) == changed


@pytest.mark.parametrize("verb", [("verify",), ("rebuild",)])
def test_audit_of_what_is_no_run_is_a_fault_that_writes_nothing(
    tmp_path: Path, verb: tuple[str, ...]
) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    for place in (empty, tmp_path / "nothing"):
        _is_fault(here("audit", *verb, place), str(place))
    assert list(empty.iterdir()) == []


def test_head_of_a_journal_is_the_seal_of_its_report(run: Path) -> None:
    _, block, _, _ = _core.journal_head(run)
    report = json.loads((run / "report.json").read_text(encoding="utf-8"))
    assert block in json.dumps(report)
