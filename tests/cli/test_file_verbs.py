"""``capture``, ``audit`` and ``report`` over real runs of seeded worlds, in this process."""

import json
import shutil
from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest

from razor import _core
from razor.app.cli.program import build_program, run_program
from razor.app.console import Console
from razor.app.identity import build_identity
from razor.app.logs import RunLabel
from razor.app.stop import StopRequest
from razor.app.verdicts import REPORT_FILES
from razor.app.wiring import Process
from razor.domain.manifest import Host
from tests.app.worlds import START_NS, Place, made, replayed
from tests.report.ledger import LOG_HEADER, TABLES

from .programs import Run

CSV = ("ticks.csv", "trades.csv", "snapshots.csv", "shadow_log.csv", "shadow_sets.csv")


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return made(tmp_path_factory.mktemp("verbs"))


@pytest.fixture
def place(played: Place, tmp_path: Path) -> Place:
    """A copy of the run that a test may change."""
    run_dir = tmp_path / "run"
    shutil.copytree(played.run_dir, run_dir)
    return replace(played, root=tmp_path, run_dir=run_dir)


def forge(path: Path) -> None:
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:1], b"forged,\x1b[31mrow\n", *lines[1:]]))


def test_an_untouched_run_is_verified(played: Place) -> None:
    run = Run("audit", "verify", str(played.run_dir))
    assert (run.code, run.err) == (0, "")
    assert run.out.endswith("verified: chain, checksums, tables and report\n")
    assert "journal closed" in run.out


def test_the_facts_of_a_verification_are_json_too(played: Place) -> None:
    run = Run("audit", "verify", str(played.run_dir), "--json")
    found = json.loads(run.out)
    assert run.code == 0
    assert (found["verified"], found["differences"], found["reports"]) == (True, [], [])
    assert found["records"] == _core.journal_head(played.run_dir)[0]


@pytest.mark.parametrize("table", ["ticks.csv", "shadow_sets.csv"])
def test_a_forged_table_is_refused_shown_escaped_and_rebuilt(place: Place, table: str) -> None:
    before = (place.run_dir / table).read_bytes()
    forge(place.run_dir / table)
    run = Run("audit", "verify", str(place.run_dir))
    assert run.code == 1
    assert f"{table} line 2 is not what the journal says" in run.out
    assert "\x1b" not in run.out
    assert f"razor audit rebuild {place.run_dir}" in run.out
    rebuilt = Run("audit", "rebuild", str(place.run_dir))
    assert (rebuilt.code, rebuilt.err) == (0, "")
    assert (place.run_dir / table).read_bytes() == before
    assert Run("audit", "verify", str(place.run_dir)).code == 0


def of_another_build(run_dir: Path) -> None:
    """Let the manifest say that an earlier build made the run."""
    path = run_dir / "manifest.json"
    manifest = json.loads(path.read_bytes())
    manifest |= {"build": "0.0.9-0123456789abcdef", "commit": "c" * 40}
    path.write_text(json.dumps(manifest), encoding="utf-8")


def test_a_difference_under_another_build_names_both_builds_and_what_to_do(place: Place) -> None:
    of_another_build(place.run_dir)
    for name in REPORT_FILES:
        (place.run_dir / name).unlink()
    (said,) = [
        line
        for line in Run("audit", "verify", str(place.run_dir)).out.splitlines()
        if line.startswith("made by")
    ]
    now = build_identity({}).build
    earlier = "made by build 0.0.9-0123456789abcdef (commit " + "c" * 40 + ")"
    assert said == f"{earlier}, read by build {now}"
    forge(place.run_dir / "ticks.csv")
    run = Run("audit", "verify", str(place.run_dir))
    assert run.code == 1
    assert said in run.out
    assert "verify with build 0.0.9-0123456789abcdef before" in run.out
    assert f"razor audit rebuild {place.run_dir}" in run.out
    found = json.loads(Run("audit", "verify", str(place.run_dir), "--json").out)
    assert (found["made_by"], found["read_by"]) == ("0.0.9-0123456789abcdef", now)


def test_a_difference_under_the_same_build_is_not_put_down_to_the_build(place: Place) -> None:
    forge(place.run_dir / "ticks.csv")
    run = Run("audit", "verify", str(place.run_dir))
    assert run.code == 1
    assert "made by" not in run.out
    assert "builds" not in run.out


@pytest.mark.parametrize("name", REPORT_FILES)
def test_a_forged_report_is_refused_and_rebuilt(place: Place, name: str) -> None:
    before = (place.run_dir / name).read_bytes()
    (place.run_dir / name).write_bytes(before.replace(b"GO", b"NO", 1) + b" ")
    run = Run("audit", "verify", str(place.run_dir), "--json")
    assert run.code == 1
    found = json.loads(run.out)
    assert (found["verified"], found["reports"], found["differences"]) == (False, [name], [])
    assert Run("audit", "rebuild", str(place.run_dir), "--json").code == 0
    assert (place.run_dir / name).read_bytes() == before


def test_a_run_without_a_report_is_verified_by_its_tables(place: Place) -> None:
    for name in REPORT_FILES:
        (place.run_dir / name).unlink()
    assert Run("audit", "verify", str(place.run_dir)).code == 0
    assert Run("audit", "rebuild", str(place.run_dir)).code == 0
    assert all((place.run_dir / name).is_file() for name in REPORT_FILES)


def test_a_damaged_journal_is_a_fault_and_no_refusal(place: Place) -> None:
    (segment,) = (place.run_dir / "journal").glob("*.rzj")
    raw = bytearray(segment.read_bytes())
    raw[len(raw) // 2] ^= 1
    segment.write_bytes(raw)
    for verb in ("verify", "rebuild"):
        run = Run("audit", verb, str(place.run_dir), "--json")
        assert run.code == 3, verb
        assert json.loads(run.err)["exit_code"] == 3


@pytest.mark.parametrize("verb", ["verify", "rebuild"])
def test_an_audit_of_nothing_is_a_fault_that_names_the_path(tmp_path: Path, verb: str) -> None:
    run = Run("audit", verb, str(tmp_path / "missing"))
    assert run.code == 3
    assert "missing" in run.err
    assert run.out == ""


def test_a_replay_into_a_used_directory_is_refused(played: Place) -> None:
    run = replayed(played.capture, played.config, played.run_dir)
    assert run.code == 3
    assert "not empty" in run.err


def test_the_same_capture_gives_the_same_bytes_twice(played: Place, tmp_path: Path) -> None:
    again = replayed(played.capture, played.config, tmp_path / "again", "--json")
    assert again.code == 0
    facts = json.loads(again.out)
    assert facts["cause"] == "finished"
    for name in (*CSV, *REPORT_FILES, "shadow_legs.csv", "health.jsonl"):
        one, two = ((root / name).read_bytes() for root in (played.run_dir, tmp_path / "again"))
        assert one == two, name


def test_a_capture_is_described_as_a_table_and_as_json(played: Place) -> None:
    run = Run("capture", "info", str(played.capture))
    assert run.code == 0
    info = json.loads(Run("capture", "info", str(played.capture), "--json").out)
    assert f"n = {info['counts']['lines']:,} lines" in " ".join(run.out.split())
    assert "counts.kinds.trade" in run.out
    assert f"{info['counts']['text_bytes']:,}" in run.out
    assert "defects.broken" in run.out


def stopped(*arguments: str) -> tuple[int, str, str]:
    """One verb run in a process that somebody already asked to end: code, stdout, stderr."""
    out, err = StringIO(), StringIO()
    start = Process(
        environment={},
        console=Console(out=out, err=err),
        stop=StopRequest(),
        label=RunLabel(),
        host=Host(name="desk", os="Linux", arch="x86_64", python="3.11"),
        pid=1,
        started_ns=0,
    )
    start.stop.request("SIGINT")
    code = run_program(build_program(), arguments, start)
    return int(code), out.getvalue(), err.getvalue()


@pytest.mark.parametrize("more", [(), ("--json",)])
def test_a_description_that_was_stopped_is_not_shown_as_a_whole_one(
    played: Place, more: tuple[str, ...]
) -> None:
    code, out, err = stopped("capture", "info", str(played.capture), *more)
    assert (code, out) == (0, "")
    assert "stopped" in err


@pytest.mark.parametrize("more", [(), ("--json",)])
@pytest.mark.parametrize("verb", ["verify", "rebuild"])
def test_an_audit_that_was_stopped_gives_no_verdict_and_changes_nothing(
    played: Place, verb: str, more: tuple[str, ...]
) -> None:
    before = {path: path.read_bytes() for path in played.run_dir.glob("*.[cjhm]*")}
    code, out, err = stopped("audit", verb, str(played.run_dir), *more)
    assert (code, out) == (0, "")
    assert "stopped before its end" in err
    assert {path: path.read_bytes() for path in before} == before


def test_a_damaged_capture_is_described_with_its_damage(played: Place, tmp_path: Path) -> None:
    cut = tmp_path / "cut.jsonl.zst"
    cut.write_bytes(played.capture.read_bytes()[:-2_000])
    run = Run("capture", "info", str(cut), "--json")
    assert run.code == 0
    assert json.loads(run.out)["defects"]["broken"]


def test_a_missing_capture_is_a_fault(tmp_path: Path) -> None:
    run = Run("capture", "info", str(tmp_path / "missing.jsonl.zst"))
    assert (run.code, run.out) == (3, "")
    assert "missing.jsonl.zst" in run.err


@pytest.mark.parametrize("name", ["x", "x.jsonl", "x.zst", "x.jsonl.zst.gz", "x.csv"])
def test_an_import_writes_captures_under_their_own_suffix_only(tmp_path: Path, name: str) -> None:
    run = Run("capture", "import", str(tmp_path), "--out", str(tmp_path / name))
    assert run.code == 2
    assert "a name ending in .jsonl.zst" in run.err
    assert list(tmp_path.iterdir()) == []


def test_an_import_of_nothing_is_a_fault_and_of_an_unknown_form_too(tmp_path: Path) -> None:
    out = tmp_path / "o.jsonl.zst"
    missing = Run("capture", "import", str(tmp_path / "missing"), "--out", str(out))
    assert missing.code == 3
    assert "cannot open the recording" in missing.err
    (tmp_path / "in").mkdir()
    assert Run("capture", "import", str(tmp_path / "in"), "--out", str(out)).code == 3
    assert not out.exists()


def test_an_import_needs_an_output_and_a_known_format(tmp_path: Path) -> None:
    assert Run("capture", "import", str(tmp_path)).code == 2
    out = str(tmp_path / "o.jsonl.zst")
    run = Run("capture", "import", str(tmp_path), "--out", out, "--format", "f9")
    assert run.code == 2
    assert "predecessor" in run.err


def test_the_report_of_a_run_is_the_one_it_ended_with(played: Place) -> None:
    run = Run("report", "day14", "--run", str(played.run_dir), "--json")
    assert run.code == 0
    assert run.out == (played.run_dir / "report.json").read_text(encoding="utf-8")


def test_the_page_is_written_where_it_is_asked_for(played: Place, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    run = Run("report", "day14", "--run", str(played.run_dir), "--html", str(page))
    assert run.code == 0
    assert page.read_bytes() == (played.run_dir / "report.html").read_bytes()
    assert f"page {page}" in run.err
    assert run.out.startswith("Day-14 report of ")


def test_a_page_in_a_missing_directory_is_a_fault(played: Place, tmp_path: Path) -> None:
    page = tmp_path / "missing" / "page.html"
    run = Run("report", "day14", "--run", str(played.run_dir), "--html", str(page))
    assert run.code == 3
    assert "page.html" in run.err


@pytest.mark.parametrize("name", sorted(TABLES))
def test_a_check_without_sufficient_evidence_is_refused(tmp_path: Path, name: str) -> None:
    table = tmp_path / "shadow_log.csv"
    table.write_text(TABLES[name]().log, encoding="utf-8")
    assert Run("report", "day14", "--input", str(table)).code == 0
    run = Run("report", "day14", "--shadow-log", str(table), "--check", "--json")
    found = json.loads(run.out)
    is_go = found["verdict"]["go"] and found["evidence"]["status"] == "sufficient"
    assert (run.code == 0) == is_go


@pytest.mark.parametrize(("capital", "shown"), [("100", "100.0"), ("12.5", "12.5"), ("0", None)])
def test_a_table_is_reported_with_the_settings_that_are_given(
    played: Place, tmp_path: Path, capital: str, shown: str | None
) -> None:
    table, config = tmp_path / "shadow_log.csv", tmp_path / "config.toml"
    table.write_text(TABLES["example"]().log, encoding="utf-8")
    text = played.config.read_text(encoding="utf-8")
    lines = [
        f"starting_capital_usdc = {capital}" if line.startswith("starting_capital_usdc") else line
        for line in text.splitlines()
    ]
    config.write_text("\n".join(lines) + "\n", encoding="utf-8")
    run = Run("report", "day14", "--input", str(table), "--config", str(config), "--json")
    assert run.code == 0, run.err
    found = json.loads(run.out, parse_float=str)["day14"]["capital"]
    assert (None if found is None else found["starting_capital"]) == shown


def test_run_and_table_together_are_refused(played: Place) -> None:
    table = str(played.run_dir / "shadow_log.csv")
    run = Run("report", "day14", "--run", str(played.run_dir), "--input", table)
    assert run.code == 2
    assert "one of them" in run.err


@pytest.mark.parametrize("content", ["", "a,b\n", "\n", f"{LOG_HEADER[:-6]}\n"])
def test_what_is_no_ledger_is_a_fault(tmp_path: Path, content: str) -> None:
    table = tmp_path / "table.csv"
    table.write_text(content, encoding="utf-8")
    run = Run("report", "day14", "--input", str(table))
    assert run.code == 3
    assert run.out == ""


def test_a_missing_table_is_a_fault_that_names_it(tmp_path: Path) -> None:
    run = Run("report", "day14", "--input", str(tmp_path / "missing.csv"), "--json")
    assert run.code == 3
    assert "missing.csv" in json.loads(run.err)["message"]


@pytest.mark.parametrize("source", ["", "sandboxes", "replay", "Replay:x", "http://x"])
def test_an_unknown_source_lists_the_known_ones(played: Place, source: str) -> None:
    run = Run("run", "--config", str(played.config), "--source", source)
    assert run.code == 2
    assert "polymarket, sandbox, sandbox:PORT or replay:PATH" in run.err


def test_a_run_ends_after_the_asked_time_of_the_recording(played: Place, tmp_path: Path) -> None:
    source = f"replay:{played.capture}"
    run = Run(
        "run", "--config", str(played.config), "--source", source,
        "--runs-dir", str(tmp_path), "--duration", "2s", "--json",
    )  # fmt: skip
    assert run.code == 0, run.err
    facts = json.loads(run.out)
    assert facts["cause"] == "duration"
    assert facts["span_ns"] <= 2_000_000_000
    assert facts["run_id"].startswith("replay_")
    assert (tmp_path / "run_latest").resolve() == Path(facts["run_dir"]).resolve()
    assert START_NS > 0
    assert Run("audit", "verify", facts["run_dir"]).code == 0


@pytest.mark.parametrize("mode", ["live", "LIVE"])
def test_live_mode_without_real_orders_is_simulated(
    played: Place, tmp_path: Path, mode: str
) -> None:
    source = f"replay:{played.capture}"
    run = Run(
        "run", "--config", str(played.config), "--source", source,
        "--runs-dir", str(tmp_path), "--mode", mode,
    )  # fmt: skip
    assert run.code == 0
    trail = (tmp_path / "run_latest" / "trade_log.csv").read_text(encoding="utf-8")
    assert ",SIM," in trail
