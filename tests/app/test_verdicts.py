"""Reports of runs and of bare tables: what they rest on, and what a damaged file does."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from razor import _core
from razor.adapters.files.run_directory import read_manifest
from razor.app.verdicts import (
    REPORT_FILES,
    rendered,
    report_of_run,
    report_of_table,
    write_report,
)
from razor.domain.errors import DecodeError, RazorError, StorageError
from razor.domain.settings import Settings, settings_hash
from tests.report.ledger import EXAMPLE_LOG, LOG_HEADER, TABLES

from .worlds import Place, made

SETTINGS = Settings()


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return made(tmp_path_factory.mktemp("verdicts"))


@pytest.fixture
def place(played: Place, tmp_path: Path) -> Place:
    """A copy of the run that a test may change."""
    run_dir = tmp_path / "run"
    shutil.copytree(played.run_dir, run_dir)
    return replace(played, root=tmp_path, run_dir=run_dir)


def test_a_report_of_a_run_is_sealed_by_settings_code_and_journal(place: Place) -> None:
    manifest, seal = read_manifest(place.run_dir), report_of_run(place.run_dir).seal
    assert seal.config == manifest.settings_hash == settings_hash(SETTINGS)
    assert (seal.code, seal.commit) == (manifest.build, manifest.commit)
    assert seal.data == _core.journal_head(place.run_dir)[1]
    assert seal.schema_version == "1.3.2a"


def test_the_written_files_are_those_that_are_derived_again(place: Place) -> None:
    wanted = rendered(report_of_run(place.run_dir)).files
    assert tuple(wanted) == REPORT_FILES
    for name, text in wanted.items():
        assert (place.run_dir / name).read_text(encoding="utf-8") == text, name


def test_writing_a_report_replaces_what_stood_there(place: Place) -> None:
    for name in REPORT_FILES:
        (place.run_dir / name).write_text("old", encoding="utf-8")
    written = write_report(place.run_dir, report_of_run(place.run_dir))
    assert written.html == place.run_dir / "report.html"
    for name, text in written.rendered.files.items():
        assert (place.run_dir / name).read_text(encoding="utf-8") == text


def test_the_integrity_row_is_the_last_line_of_the_health_file(place: Place) -> None:
    found = report_of_run(place.run_dir).integrity
    assert found is not None
    rows = (place.run_dir / "health.jsonl").read_text(encoding="utf-8").splitlines()
    row = json.loads(rows[-1])
    assert (found.records, found.trade_rows) == (row["records"], row["trade_rows"])


@pytest.mark.parametrize("tail", ["", '{"type":"health"}\n', '{"type": "integrity"}\n'])
def test_without_a_closing_row_the_integrity_is_unknown(place: Place, tail: str) -> None:
    (place.run_dir / "health.jsonl").write_text(tail, encoding="utf-8")
    assert report_of_run(place.run_dir).integrity is None


@pytest.mark.parametrize(
    "row",
    [
        '{"type":"integrity"}',
        '{"type":"integrity"',
        '{"type":"integrity","trade_rows":"x"}',
        '{"type":"integrity","trade_rows":1,"last_ms":2}',
        '{"type":"integrity","trade_rows":null,"last_ms":2,"first_ms":1}',
    ],
)
def test_a_damaged_closing_row_is_one_typed_error_with_a_remedy(place: Place, row: str) -> None:
    (place.run_dir / "health.jsonl").write_text(f"{row}\n", encoding="utf-8")
    with pytest.raises(DecodeError, match="integrity row") as caught:
        report_of_run(place.run_dir)
    assert "audit rebuild" in caught.value.remedy


@pytest.mark.parametrize(
    "name", ["manifest.json", "config.toml", "health.jsonl", "shadow_log.csv", "shadow_sets.csv"]
)
def test_a_missing_file_of_a_run_is_named(place: Place, name: str) -> None:
    (place.run_dir / name).unlink()
    with pytest.raises(RazorError, match=name):
        report_of_run(place.run_dir)


@pytest.mark.parametrize("name", ["shadow_log.csv", "shadow_sets.csv", "health.jsonl"])
def test_a_symlink_inside_a_run_is_not_followed(place: Place, name: str) -> None:
    path = place.run_dir / name
    path.rename(place.root / name)
    path.symlink_to(place.root / name)
    with pytest.raises(StorageError, match=name):
        report_of_run(place.run_dir)


@pytest.mark.parametrize("name", sorted(TABLES))
def test_a_bare_table_has_a_report_that_says_what_it_lacks(tmp_path: Path, name: str) -> None:
    path = tmp_path / "shadow_log.csv"
    path.write_text(TABLES[name]().log, encoding="utf-8")
    report = report_of_table(path, SETTINGS)
    assert (report.integrity, report.numbers.venue) == (None, None)
    assert report.seal.data == _core.file_sha256(path)
    assert (report.seal.config, report.seal.code, report.seal.commit) == ("", "", "")
    assert len(report.signals.signal_id) == report.numbers.day14.rows_ok


@pytest.mark.parametrize("odd", ["\u2028", "\u2029", "\x85", "\x0b", "\x0c", "\x1c", "\x1e"])
def test_a_market_name_that_holds_a_strange_line_end_costs_no_row(tmp_path: Path, odd: str) -> None:
    path = tmp_path / "shadow_log.csv"
    row = EXAMPLE_LOG.replace(",0xc0,", f",ma{odd}rket,")
    path.write_bytes(f"{LOG_HEADER}\n{row}\n".encode())
    report = report_of_table(path, SETTINGS)
    assert report.numbers.day14.rows_ok == 1
    assert report.signals.signal_id == (1,)


@pytest.mark.parametrize("amount", ["1e100", "9e999", "-1e100", "1e99999999", "1e400"])
def test_an_amount_beyond_any_ledger_is_no_number_of_a_plot(place: Place, amount: str) -> None:
    path = place.run_dir / "shadow_sets.csv"
    lines = path.read_text(encoding="utf-8").splitlines()
    names = lines[0].split(",")
    cells = lines[1].split(",")
    cells[names.index("venue_total_pnl")] = amount
    path.write_text("\n".join([lines[0], ",".join(cells), *lines[2:]]) + "\n", encoding="utf-8")
    try:
        forms = rendered(report_of_run(place.run_dir))
    except DecodeError:
        return
    assert amount not in forms.terminal


def test_rendering_twice_gives_the_same_bytes(place: Place) -> None:
    report = report_of_run(place.run_dir)
    assert rendered(report) == rendered(report)


def test_the_terminal_form_is_a_hundred_columns_wide(place: Place) -> None:
    lines = rendered(report_of_run(place.run_dir)).terminal.splitlines()
    assert max(map(len, lines)) <= 100
