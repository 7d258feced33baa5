"""Every form of the report of a fixed ledger, byte for byte."""

import pytest

from razor.app.report import html_text, markdown_text, page_of, terminal_text

from .cases import hostile_report, report
from .golden import assert_golden, without_drawings

NAMES = ("quotes", "unfilled", "example", "seeded")


@pytest.mark.parametrize("name", NAMES)
def test_json_is_the_golden_one(name: str) -> None:
    assert_golden(f"{name}.json", report(name).json)


@pytest.mark.parametrize("name", NAMES)
def test_markdown_is_the_golden_one(name: str) -> None:
    assert_golden(f"{name}.md", markdown_text(page_of(report(name))))


@pytest.mark.parametrize("name", NAMES)
def test_terminal_text_is_the_golden_one(name: str) -> None:
    assert_golden(f"{name}.txt", terminal_text(page_of(report(name))))


@pytest.mark.parametrize("name", NAMES)
def test_html_is_the_golden_one(name: str) -> None:
    assert_golden(f"{name}.html", without_drawings(html_text(page_of(report(name)))))


def test_hostile_text_is_golden_in_markdown_and_terminal() -> None:
    page = page_of(hostile_report())
    assert_golden("hostile.md", markdown_text(page))
    assert_golden("hostile.txt", terminal_text(page))
