"""``razor bench`` as a person and as a program meets it."""

import json
from pathlib import Path

import pytest

from tests.cli.programs import Run


@pytest.fixture(autouse=True)
def _no_recordings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RAZOR_SHARED_DATA", raising=False)


def test_one_measurement_in_json_names_machine_and_section(tmp_path: Path) -> None:
    run = Run("bench", "replay", "--quick", "--json", "--scratch", str(tmp_path))
    assert run.code == 0, run.err
    facts = json.loads(run.out)
    assert set(facts) == {"machine", "is_quick", "sections"}
    assert facts["is_quick"] is True
    assert [section["name"] for section in facts["sections"]] == ["replay"]
    assert list(tmp_path.iterdir()) == [], "what was written is removed again"


def test_the_figures_go_into_the_document_that_was_named(tmp_path: Path) -> None:
    own = Path(__file__).resolve().parents[2] / "docs" / "PERFORMANCE.md"
    document = tmp_path / "P.md"
    document.write_text(own.read_text(encoding="utf-8"), encoding="utf-8")
    run = Run("bench", "import", "--quick", "--scratch", str(tmp_path), "--document", str(document))
    assert run.code == 0, run.err
    assert "Not measured" in document.read_text(encoding="utf-8")
    assert "not measured" in run.out


def test_a_document_without_marks_is_a_usage_error(tmp_path: Path) -> None:
    document = tmp_path / "P.md"
    document.write_text("nothing", encoding="utf-8")
    run = Run("bench", "import", "--quick", "--scratch", str(tmp_path), "--document", str(document))
    assert run.code == 2
    assert "needs the lines" in run.err


def test_an_unknown_measurement_is_a_usage_error() -> None:
    run = Run("bench", "weather")
    assert run.code == 2
    assert "feed" in run.err
