"""Every section and every form on the ledgers that break reports: laws over all of them."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from razor.app.report import html_text, markdown_text, page_of, terminal_text
from razor.app.report.content import (
    Banner,
    Bullets,
    Card,
    Cell,
    Column,
    Figure,
    Page,
    Paragraph,
    Section,
    Table,
    Tone,
)
from razor.app.report.escape import shortened
from razor.app.report.plots import figures
from razor.app.report.plots.thinning import hours, ratio_counts, tail
from razor.domain.verdict import Emptiness, SignalSeries

from .cases import hostile_report, report
from .ledger import TABLES

NAMES = sorted(TABLES)
KEYS = ("plot-pnl", "plot-ratio", "plot-hours", "plot-reasons", "plot-tail")


@pytest.fixture(scope="module")
def pages() -> dict[str, Page]:
    return {name: page_of(report(name)) for name in NAMES} | {"foe": page_of(hostile_report())}


def blocks(page: Page) -> Iterator[Table | Paragraph | Bullets | Figure]:
    for section in page.sections:
        yield from section.blocks


@pytest.mark.parametrize("name", [*NAMES, "foe"])
@pytest.mark.parametrize("width", [1, 80, 81, 100, 133, 240])
def test_no_line_of_the_terminal_form_is_wider_than_asked(
    pages: dict[str, Page], name: str, width: int
) -> None:
    lines = terminal_text(pages[name], width=width).splitlines()
    assert max(map(cell_len, lines)) <= max(width, 80)
    assert all(line == line.rstrip() for line in lines)


@pytest.mark.parametrize("name", [*NAMES, "foe"])
def test_every_section_is_in_every_form(pages: dict[str, Page], name: str) -> None:
    page = pages[name]
    forms = terminal_text(page, width=100), markdown_text(page), html_text(page)
    for section in page.sections:
        assert all(section.title in form for form in forms), section.key
    assert len({section.key for section in page.sections}) == len(page.sections)


@pytest.mark.parametrize("name", [*NAMES, "foe"])
def test_every_table_is_whole_and_names_its_sample(pages: dict[str, Page], name: str) -> None:
    for block in blocks(pages[name]):
        if isinstance(block, Table):
            assert block.sample.strip()
            assert block.columns
            assert block.rows or block.empty
            assert all(len(row) == len(block.columns) for row in block.rows)


@pytest.mark.parametrize("name", [*NAMES, "foe"])
def test_a_picture_has_a_caption_and_without_one_a_reason(
    pages: dict[str, Page], name: str
) -> None:
    found = [block for block in blocks(pages[name]) if isinstance(block, Figure)]
    assert tuple(figure.key for figure in found) == KEYS
    for figure in found:
        assert figure.caption.endswith(".")
        assert figure.svg == "" or figure.svg.startswith("<svg")
        if not figure.svg:
            assert figure.caption.startswith("No ")


@pytest.mark.parametrize("name", [*NAMES, "foe"])
def test_a_number_cell_holds_a_number_or_says_that_it_is_unknown(
    pages: dict[str, Page], name: str
) -> None:
    for block in blocks(pages[name]):
        if not isinstance(block, Table) or block.title in {"Input", "Books"}:
            continue
        for row in block.rows:
            for cell, column in zip(row, block.columns, strict=True):
                if column.cell is Cell.NUMBER:
                    plain = cell.replace(",", "").removeprefix("-").replace(".", "", 1)
                    assert cell in {"", "n/a", "yes", "no"} or plain.isdigit(), (block.title, cell)


@pytest.mark.parametrize("name", ["example", "foe"])
def test_all_forms_repeat_byte_for_byte(name: str) -> None:
    made = report(name) if name != "foe" else hostile_report()
    first, second = page_of(made), page_of(made)
    assert first == second
    assert html_text(first) == html_text(second)


def empty_series(count: int = 0, **changes: tuple[object, ...]) -> SignalSeries:
    series = SignalSeries(
        signal_id=tuple(range(count)),
        ts_ms=(1_784_000_000_000,) * count,
        frozen_pnl=("1",) * count,
        venue_pnl=("",) * count,
        set_ratio=("1",) * count,
        is_frozen=(True,) * count,
    )
    return replace(series, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("series", "drawn"),
    [
        (empty_series(), set()),
        (empty_series(1), {"plot-pnl", "plot-ratio", "plot-hours", "plot-tail"}),
        (empty_series(2, is_frozen=(False, False)), {"plot-hours"}),
        (
            empty_series(1, is_frozen=(False,), venue_pnl=("0.5",)),
            {"plot-hours", "plot-pnl"},
        ),
        (
            empty_series(1, frozen_pnl=("",), set_ratio=("",)),
            {"plot-hours"},
        ),
        (
            empty_series(1, frozen_pnl=("-0.000001",)),
            {"plot-pnl", "plot-ratio", "plot-hours", "plot-tail"},
        ),
        (
            empty_series(1, ts_ms=(0,)),
            {"plot-pnl", "plot-ratio", "plot-hours", "plot-tail"},
        ),
    ],
)
def test_only_what_is_known_is_drawn(series: SignalSeries, drawn: set[str]) -> None:
    found = figures(series, (), None)
    assert {figure.key for figure in found if figure.svg} == drawn


def test_a_ledger_without_prints_draws_no_flat_line() -> None:
    found = figures(empty_series(3), (), Emptiness.NO_PRINTS)
    assert {figure.key for figure in found if figure.svg} == {"plot-hours"}


def test_a_caption_counts_what_was_left_out() -> None:
    found = {
        figure.key: figure.caption
        for figure in figures(empty_series(3, venue_pnl=("1", "", "")), (), None)
    }
    assert "Frozen basis: 3 signals" in found["plot-pnl"]
    assert "Venue basis: 1 signals" in found["plot-pnl"]
    assert "venue result of 2 signals is unknown" in found["plot-pnl"]
    assert "0 rows lie left of it" in found["plot-ratio"]
    assert "3 signals in 1 bins" in found["plot-hours"]


@given(st.text(max_size=80), st.integers(10, 60))
def test_a_shortened_name_fits_and_keeps_both_ends(text: str, most: int) -> None:
    found = shortened(text, most)
    assert len(found) <= max(most, 0)
    assert found[:3] == text[:3]
    assert found[-6:] == text[-6:]
    assert (found == text) == (len(text) <= most)


@given(st.lists(st.integers(-100, 200).map(lambda cents: f"{cents / 100:.2f}"), max_size=50))
def test_every_known_ratio_is_in_one_bin(ratios: list[str]) -> None:
    assert sum(ratio_counts([*ratios, ""])) == len(ratios)


@given(st.lists(st.floats(-1e6, 1e6), max_size=50))
def test_a_short_tail_is_the_sorted_whole(values: list[float]) -> None:
    found = tail(values)
    assert list(found.ys) == sorted(values)
    assert not found.is_thinned
    assert list(found.xs) == [float(rank + 1) for rank in range(len(values))]


def test_no_time_is_no_bin() -> None:
    assert hours(()).counts == ()


cells = st.text(max_size=40)


@given(st.lists(st.tuples(cells, cells, cells), max_size=25), cells, cells)
@settings(max_examples=40, deadline=None)
def test_any_text_in_any_place_stays_inside_its_width(
    rows: list[tuple[str, str, str]], title: str, notice: str
) -> None:
    columns = (
        Column(title="id", cell=Cell.ID),
        Column(title="words", cell=Cell.TEXT),
        Column(title="code", cell=Cell.CODE),
    )
    table = Table(title=title, sample="n = 1", columns=columns, rows=tuple(rows), note=notice)
    card = Card(label="l", word="w", tone=Tone.OPEN, lines=(notice,))
    page = Page(
        title=title,
        subtitle=(notice,),
        notices=(notice,),
        banner=Banner(verdict=card, evidence=card),
        sections=(
            Section(key="k", title=title, blocks=(table, Bullets(title="", items=(notice,)))),
        ),
    )
    text = terminal_text(page, width=80)
    assert max(map(cell_len, text.splitlines())) <= 80
    assert not set(text) & set("\x1b\x00\r\u202e\u2028\x85")
    markdown = markdown_text(page)
    assert markdown.endswith("\n")
    assert not set(markdown) & set("\x1b\x00\r\u202e\u2028\x85")
