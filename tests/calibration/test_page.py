"""The calibration page in its media: the golden one, well formed, harmless, the same bytes."""

from decimal import Decimal
from xml.etree import ElementTree as ET

import pytest

from razor import _core
from razor.app.report import html_text, markdown_text, terminal_text
from razor.app.report.calibration import calibration_page
from razor.app.report.content import Figure, Table, Tone
from razor.app.report.plots.shares import share_figures
from razor.application.calibrate import Outcome, Review, RunOutcomes, scenarios_of
from razor.domain.calibration import Current, decode_calibration
from razor.domain.verdict import decode_numbers
from tests.report.cases import numbers
from tests.report.golden import without_drawings
from tests.report.ledger import HOSTILE

from .logs import Try, log, mixed, steps
from .test_suggestion import assert_golden

CURRENT = Current(source="config.toml", liquid=Decimal("0.30"), thin=Decimal("0.10"))


def review(
    tries: list[Try], *, current: Current = CURRENT, markers: tuple[str, ...] = ()
) -> Review:
    """A review whose settlements are those of a kept report: the page only shows them."""
    made = decode_calibration(_core.calibration_json([("a log", log(tries).encode())], 30))
    found = decode_numbers(numbers("seeded"))
    outcomes = tuple(
        Outcome(scenario=scenario, numbers=found) for scenario in scenarios_of(made, current)
    )
    return Review(
        calibration=made,
        current=current,
        runs=(RunOutcomes(run="run_a", outcomes=outcomes),),
        markers=markers,
    )


CASES = {
    "sim": mixed(),
    "live": mixed(mode="LIVE"),
    "few": steps(29, mode="LIVE"),
    "none": [],
}


@pytest.mark.parametrize("name", CASES)
def test_terminal_text_is_the_golden_one(name: str) -> None:
    assert_golden(f"{name}.txt", terminal_text(calibration_page(review(CASES[name])), width=100))


@pytest.mark.parametrize("name", CASES)
def test_html_is_the_golden_one_well_formed_and_the_same_twice(name: str) -> None:
    found = review(CASES[name])
    text = html_text(calibration_page(found, share_figures(found)))
    assert_golden(f"{name}.html", without_drawings(text))
    assert text == html_text(calibration_page(found, share_figures(found)))
    root = ET.fromstring(text.removeprefix("<!DOCTYPE html>\n"))  # noqa: S314
    ids = [each for node in root.iter() if (each := node.get("id"))]
    assert len(ids) == len(set(ids))


def test_only_real_fills_are_good_news() -> None:
    tones = {
        name: (page.banner.verdict.tone, page.banner.evidence.tone)
        for name in CASES
        for page in [calibration_page(review(CASES[name]))]
    }
    assert tones == {
        "sim": (Tone.OPEN, Tone.OPEN),
        "live": (Tone.GOOD, Tone.GOOD),
        "few": (Tone.OPEN, Tone.GOOD),
        "none": (Tone.OPEN, Tone.OPEN),
    }


def test_simulated_fills_are_a_notice_on_every_page_and_real_ones_are_none() -> None:
    assert "simulated" in calibration_page(review(CASES["sim"])).notices[0]
    assert calibration_page(review(CASES["live"], markers=("a mark",))).notices == ("a mark",)


@pytest.mark.parametrize("name", CASES)
def test_every_table_says_its_sample_size(name: str) -> None:
    for section in calibration_page(review(CASES[name])).sections:
        assert all(block.sample for block in section.blocks if isinstance(block, Table))


def test_a_plot_says_how_many_samples_it_shows_and_none_is_drawn_of_nothing() -> None:
    liquid, thin = share_figures(review(CASES["few"]))
    assert isinstance(liquid, Figure)
    assert (liquid.svg, "so there is no fill share" in liquid.caption) == ("", True)
    assert "29 samples; too few samples for a p25" in thin.caption
    assert thin.svg.startswith("<svg ")


def test_one_sample_among_thousands_still_has_a_bar() -> None:
    page = calibration_page(review([*[Try(filled=1)] * 3_000, Try(filled=10_000_000)]))
    (histogram,) = (part for part in page.sections if part.key == "histogram")
    (table,) = (block for block in histogram.blocks if isinstance(block, Table))
    assert table.rows[0][4] == "█" * 30
    assert table.rows[9][3:] == ("1", "█")
    assert table.rows[5][3:] == ("0", "")


def test_hostile_text_acts_in_no_medium() -> None:
    tries = [Try(run_id='"' + HOSTILE.replace('"', '""') + '"', filled=5)] * 30
    current = Current(source=HOSTILE, liquid=Decimal(0), thin=Decimal(1))
    found = review(tries, current=current, markers=(HOSTILE,))
    page = calibration_page(found, share_figures(found))
    html = html_text(page)
    ET.fromstring(html.removeprefix("<!DOCTYPE html>\n"))  # noqa: S314
    assert "<img" not in html
    for text in (html, terminal_text(page), markdown_text(page)):
        assert "\x1b" not in text
        assert "\u202e" not in text
