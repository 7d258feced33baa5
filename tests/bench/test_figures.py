"""A figure says exactly whether its target is reached, in every form it is shown in."""

from pathlib import Path

import pytest

from razor.app.bench.document import BEGIN, END, NoMarksError, rewritten, write_document
from razor.app.bench.figure import Bound, Figure, Section, middle, per
from razor.app.bench.machine import Machine, this_machine

MACHINE = Machine(
    cpu="a cpu",
    cores=2,
    memory_gib=8,
    system="Linux 6",
    python="3.11",
    razor="0.1.0",
    build="release",
    load_before="0.10",
    load_after="0.90",
)


def figure(value: float, target: float | None, bound: Bound = Bound.AT_MOST) -> Figure:
    return Figure(key="k", what="w", value=value, unit="ns", target=target, bound=bound)


def section(*figures: Figure, skipped: str = "") -> Section:
    return Section(name="n", title="Title", workload="A load.", figures=figures, skipped=skipped)


@pytest.mark.parametrize(
    ("value", "target", "bound", "verdict"),
    [
        (300, 300, Bound.AT_MOST, "reached"),
        (300.4, 300, Bound.AT_MOST, "missed by 0 %"),
        (450, 300, Bound.AT_MOST, "missed by 50 %"),
        (22, 22, Bound.AT_LEAST, "reached"),
        (21.9, 22, Bound.AT_LEAST, "missed by 0 %"),
        (1, 2, Bound.AT_LEAST, "missed by 50 %"),
        (0, 0, Bound.AT_MOST, "reached"),
        (1_234, 0, Bound.AT_MOST, "missed by 1,234"),
    ],
)
def test_a_target_is_judged_on_the_value_and_not_on_its_rounding(
    value: float, target: float, bound: Bound, verdict: str
) -> None:
    judged = figure(value, target, bound)
    assert judged.verdict == verdict
    assert judged.is_reached is (verdict == "reached")


def test_a_figure_without_a_target_is_only_shown() -> None:
    shown = figure(1234.5, None)
    assert (shown.is_reached, shown.verdict, shown.target_text) == (None, "-", "-")
    assert shown.row() == ("w", "1,234", "ns", "-", "-")


def test_json_holds_numbers_as_text() -> None:
    facts = figure(12.3, 15).as_json()
    assert (facts["value"], facts["target"], facts["is_reached"]) == ("12", "<= 15", True)


def test_a_section_is_a_table_or_the_reason_why_there_is_none() -> None:
    text = section(figure(450, 300)).markdown()
    assert "| w | 450 | ns | <= 300 | missed by 50 % |" in text
    assert "Not measured: no data" in section(skipped="no data").markdown()


def test_the_document_keeps_what_people_wrote() -> None:
    text = f"before\n{BEGIN}\nold\n{END}\nafter\n"
    new = rewritten(text, MACHINE, [section(figure(1, 2))])
    assert new.startswith(f"before\n{BEGIN}\n")
    assert new.endswith(f"{END}\nafter\n")
    assert "old" not in new
    assert "load 0.10 before and 0.90 after" in new
    again = rewritten(new, MACHINE, [section(figure(1, 2))])
    assert again == new


@pytest.mark.parametrize("text", ["", BEGIN, END, f"{END}{BEGIN}"])
def test_a_document_without_a_place_for_tables_is_left_alone(tmp_path: Path, text: str) -> None:
    path = tmp_path / "d.md"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(NoMarksError):
        write_document(path, MACHINE, [])
    assert path.read_text(encoding="utf-8") == text


def test_the_projects_own_document_has_a_place_for_tables() -> None:
    path = Path(__file__).resolve().parents[2] / "docs" / "PERFORMANCE.md"
    assert rewritten(path.read_text(encoding="utf-8"), MACHINE, [])


def test_the_machine_is_described_with_its_load() -> None:
    machine = this_machine(load_before="0.50")
    assert machine.cores > 0
    assert machine.load_before == "0.50"
    assert machine.build in machine.sentence()
    assert set(machine.as_json()) == {
        "cpu",
        "cores",
        "memory_gib",
        "system",
        "python",
        "razor",
        "build",
        "load_before",
        "load_after",
    }


def test_the_figure_of_rounds_is_their_median() -> None:
    assert middle([5, 1, 9]) == 5
    assert (per(100, 4), per(100, 0)) == (25, 0)
