"""The three media: well formed, self-contained, the same bytes everywhere, harmless."""

import os
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from razor.app.report import html_text, markdown_text, page_of, terminal_text
from razor.app.report.content import (
    Banner,
    Card,
    Cell,
    Column,
    Page,
    Section,
    Table,
    Tone,
)

from .cases import hostile_report, report
from .ledger import HOSTILE, TABLES

ROOT = Path(__file__).parents[2]
NOTICE = "capped at 20 USDC by the desk"
# Everything a browser could load, run or submit.
ACTIVE = re.compile(r"<(script|link|iframe|object|embed|base|form|img|image|audio|video|foreign)")
TERMINAL_COMMANDS = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def unwrapped(text: str) -> str:
    """Give the words of a terminal text without frames and line ends."""
    return " ".join(text.replace("┃", " ").split())


def parsed(html: str) -> ET.Element:
    # The text is razor's own page; the test proves that it is well formed.
    return ET.fromstring(html.removeprefix("<!DOCTYPE html>\n"))  # noqa: S314


@pytest.mark.parametrize("name", TABLES)
def test_html_is_well_formed_and_its_ids_are_unique(name: str) -> None:
    root = parsed(html_text(page_of(report(name))))
    ids = [found for node in root.iter() if (found := node.get("id"))]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("name", TABLES)
def test_every_link_of_the_page_ends_inside_it(name: str) -> None:
    html = html_text(page_of(report(name)))
    root = parsed(html)
    ids = {node.get("id") for node in root.iter()}
    targets = [node.get("href", "#") for node in root.iter()]
    targets += [f"#{name}" for name in re.findall(r"url\(#([^)]+)\)", html)]
    assert all(target == "#" or target.removeprefix("#") in ids for target in targets)


@pytest.mark.parametrize("name", TABLES)
def test_html_needs_nothing_from_outside_and_runs_nothing(name: str) -> None:
    html = html_text(page_of(report(name)))
    without_text = re.sub(r">[^<]*<", "><", html.replace(HOSTILE, ""))
    assert "://" not in without_text
    assert not ACTIVE.search(html)
    assert not re.search(r"\s(src|srcset|on\w+|action|data)=", without_text)
    assert not re.search(r"@import|@font-face|url\((?!#)", html)
    assert "default-src 'none'" in html


def test_html_of_five_hundred_signals_stays_small() -> None:
    assert len(html_text(page_of(report("seeded"))).encode()) < 300_000


@pytest.mark.parametrize("name", TABLES)
def test_terminal_lines_fit_eighty_columns_and_hold_no_command(name: str) -> None:
    text = terminal_text(page_of(report(name)))
    assert max(len(line) for line in text.splitlines()) <= 80
    assert not TERMINAL_COMMANDS.search(text)


def test_colour_only_repeats_the_words() -> None:
    page = page_of(report("seeded"))
    coloured = terminal_text(page, is_colour=True)
    assert "\x1b[1;31mNO GO" in coloured
    plain = re.sub(r"\x1b\[[0-9;]*m", "", coloured)
    assert [line.rstrip() for line in plain.splitlines()] == terminal_text(page).splitlines()


def test_a_wide_terminal_is_used_and_a_narrow_one_gets_eighty() -> None:
    page = page_of(report("seeded"))
    assert max(len(line) for line in terminal_text(page, width=120).splitlines()) == 120
    assert terminal_text(page, width=20) == terminal_text(page)


def test_the_variables_of_a_shell_do_not_change_the_text(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    page = page_of(report("seeded"))
    plain = terminal_text(page)
    for name, value in (("COLUMNS", "40"), ("FORCE_COLOR", "1"), ("TTY_INTERACTIVE", "1")):
        monkeypatch.setenv(name, value)
    assert terminal_text(page) == plain


def wide_page(cell: str) -> Page:
    columns = tuple(Column(title=f"sum {index}", unit="USDC") for index in range(6))
    table = Table(title="t", sample="n = 1", columns=columns, rows=((cell,) * 6,))
    card = Card(label="l", word="w", tone=Tone.OPEN, lines=())
    return Page(
        title="t",
        subtitle=(),
        notices=(),
        banner=Banner(verdict=card, evidence=card),
        sections=(Section(key="k", title="s", blocks=(table,)),),
    )


def test_a_number_too_wide_for_its_column_is_folded_and_never_cut() -> None:
    number = "-1,234,567,890.123456"
    text = terminal_text(wide_page(number))
    digits = re.sub(r"[^0-9]", "", text[text.index("USDC") :])
    assert "…" not in text
    assert sorted(digits) == sorted(re.sub(r"[^0-9]", "", number) * 6)


def test_long_tables_are_cut_and_say_so() -> None:
    rows = tuple((str(index),) for index in range(400))
    table = Table(title="t", sample="n = 400", columns=(Column(title="a"),), rows=rows)
    card = Card(label="l", word="w", tone=Tone.OPEN, lines=())
    page = Page(
        title="t",
        subtitle=(),
        notices=(),
        banner=Banner(verdict=card, evidence=card),
        sections=(Section(key="k", title="s", blocks=(table,)),),
    )
    assert "… and 380 more rows" in terminal_text(page)
    assert "… and 300 more rows" in markdown_text(page)
    assert "… and 100 more rows" in html_text(page)


def test_ids_are_shortened_at_a_terminal_and_whole_elsewhere() -> None:
    page = page_of(report("seeded"))
    market = report("seeded").numbers.worst_20[0].market_id
    assert market not in terminal_text(page)
    assert market[-6:] in terminal_text(page)
    assert f"`{market}`" in markdown_text(page)
    assert market in html_text(page)


def test_an_accepted_risk_stands_at_both_ends_of_every_form_and_on_every_sheet() -> None:
    page = page_of(report("go", accept_no_verdict=NOTICE))
    assert unwrapped(terminal_text(page)).count(NOTICE) == 2
    assert markdown_text(page).count(NOTICE) == 2
    html = html_text(page)
    assert html.count(NOTICE) == 3
    assert '<p class="every-page">Real orders were accepted without a verdict. Reason given: ' in (
        html
    )
    assert "position: fixed" in html
    assert 'class="every-page"' not in html_text(page_of(report("go")))


def test_hostile_text_is_inert_in_html() -> None:
    html = html_text(page_of(hostile_report()))
    root = parsed(html)
    assert not ACTIVE.search(html)
    assert not any(node.get("onerror") for node in root.iter())
    assert "\u202e" not in html
    assert "\x1b" not in html
    shown = "<img src=x onerror=alert(1)>\\u202e](http://evil.example)|`*_\\x1b[31m"
    cells = [node.text for node in root.iter("td")]
    assert shown in cells


def test_hostile_text_is_inert_in_markdown() -> None:
    text = markdown_text(page_of(hostile_report()))
    assert "\u202e" not in text
    assert "\x1b" not in text
    outside_code = re.sub(r"(`+).*?\1", "", text)
    assert "<img" not in re.sub(r"\\<", "", outside_code)
    assert "](" not in outside_code.replace("\\]", "")
    assert "://" not in outside_code


def test_hostile_text_keeps_the_shape_of_a_markdown_table() -> None:
    lines = markdown_text(page_of(hostile_report())).splitlines()
    start = next(index for index, line in enumerate(lines) if line.startswith("| signal |"))
    pipes = [line.replace("\\|", "").count("|") for line in lines[start : start + 3]]
    assert pipes == [8, 8, 8]


def test_hostile_text_is_inert_in_the_terminal() -> None:
    text = terminal_text(page_of(hostile_report()))
    assert not TERMINAL_COMMANDS.search(text)
    assert "\\x1b[31m" in text.replace("\n", "")


def test_a_title_of_a_megabyte_is_cut() -> None:
    page = page_of(report("go", accept_no_verdict="x" * 1_000_000))
    assert len(html_text(page)) < 300_000
    assert len(markdown_text(page)) < 100_000
    assert len(terminal_text(page)) < 100_000


SCRIPT = """
import hashlib
from razor.app.report import html_text, markdown_text, page_of, terminal_text
from tests.report.cases import report
for name in ("example", "seeded"):
    found = report(name, accept_no_verdict="agreed")
    page = page_of(found)
    forms = (found.json, html_text(page), markdown_text(page), terminal_text(page))
    print(*(hashlib.sha256(form.encode()).hexdigest() for form in forms))
"""


def hashes(**variables: str) -> str:
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'python'}{os.pathsep}{ROOT}", **variables}
    return subprocess.run(
        [sys.executable, "-c", SCRIPT],
        env=environment,
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout


def test_two_processes_under_different_skies_write_the_same_bytes() -> None:
    first = hashes(PYTHONHASHSEED="1", TZ="Asia/Kolkata", LC_ALL="C", COLUMNS="40")
    second = hashes(PYTHONHASHSEED="2", TZ="America/Lima", LC_ALL="C.UTF-8", FORCE_COLOR="1")
    assert first == second
    assert len(first.split()) == 8


def test_numbers_are_right_aligned_in_every_form() -> None:
    column = Column(title="a", unit="USDC")
    assert column.cell is Cell.NUMBER
    page = wide_page("-1.000000")
    assert "| ---: |" in markdown_text(page)
    assert '<td class="number loss">-1.000000</td>' in html_text(page)
