"""The report as text for a terminal: readable without colour and at 80 columns.

Owns: :func:`terminal_text`. Must never: write anywhere, ask the terminal anything, or let a text
from outside through unescaped. Colour only repeats what the words say.
"""

from collections.abc import Iterator
from io import StringIO
from typing import assert_never

from rich import box
from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.rule import Rule
from rich.table import Table as RichTable
from rich.text import Text

from razor.app.report.content import (
    Banner,
    Block,
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
from razor.app.visible import visible

__all__ = ["MIN_WIDTH", "terminal_text"]

# Narrower terminals get lines of this width and wrap them.
MIN_WIDTH = 80
# The worst rows come first in every long table; the rest is in the other forms of the report.
_MOST_ROWS = 20
# As in the other forms: razor writes no sentence of this length.
_MOST_TEXT = 2_000
# A 66-character id in an 80-column table: both ends are enough to find it in the other forms.
_MOST_ID = 18
# A column of words is still readable at this width, folded.
_LEAST_TEXT = 8
_STYLES = {Tone.GOOD: "bold green", Tone.BAD: "bold red", Tone.OPEN: "bold yellow"}


def terminal_text(page: Page, *, width: int = MIN_WIDTH, is_colour: bool = False) -> str:
    """Give the whole report as lines of at most ``width`` (at least 80) columns."""
    target = StringIO()
    console = Console(
        file=target,
        width=max(width, MIN_WIDTH),
        force_terminal=is_colour,
        color_system="standard" if is_colour else None,
        legacy_windows=False,
        # The process's own settings must not change what stands in a report (D-4).
        _environ={},
    )
    for part in _parts(page, console.width):
        console.print(part)
    # Cells are padded to their column; nobody wants blanks at the end of a line in a file.
    return "".join(f"{line.rstrip()}\n" for line in target.getvalue().splitlines())


def _parts(page: Page, width: int) -> Iterator[RenderableType]:
    """Give the parts top to bottom; notices stand at both ends, since a long text scrolls away."""
    yield _text(page.title, "bold")
    for line in page.subtitle:
        yield _text(line)
    yield from _notices(page)
    yield from _banner(page.banner)
    for section in page.sections:
        yield from _section(section, width)
    yield from _notices(page)


def _notices(page: Page) -> Iterator[RenderableType]:
    for notice in page.notices:
        yield Panel(_text(notice, "bold"), box=box.HEAVY, title="NOTICE")


def _banner(banner: Banner) -> Iterator[RenderableType]:
    """Put the cards one under the other: at 80 columns two beside each other cannot be read."""
    for card in (banner.verdict, banner.evidence):
        yield _card(card)


def _card(card: Card) -> RenderableType:
    """Frame a card; its word stands on the line of its label, so that `grep` finds both."""
    body = Text()
    body.append_text(_text(f"{card.label}: "))
    body.append_text(_text(card.word, _STYLES[card.tone]))
    for line in card.lines:
        body.append("\n- ")
        body.append_text(_text(line))
    return Panel(body, box=box.DOUBLE)


def _section(section: Section, width: int) -> Iterator[RenderableType]:
    yield Text("")
    yield Rule(_text(section.title, "bold"), align="left", characters="─")
    for block in section.blocks:
        yield from _block(block, width)


def _block(block: Block, width: int) -> Iterator[RenderableType]:
    match block:
        case Table():
            yield Text("")
            yield from _table(block, width)
        case Paragraph():
            yield _text(block.text)
        case Bullets():
            yield from _bullets(block)
        case Figure():
            # A plot is a picture; its caption carries the facts.
            yield _text(f"{block.title} (plot in {block.place}): {block.caption}")
        case _:
            assert_never(block)


def _bullets(block: Bullets) -> Iterator[RenderableType]:
    """Give a list whose folded lines hang under their first."""
    if block.title:
        yield _text(block.title)
    for item in block.items:
        yield _hanging("- ", item)


def _hanging(mark: str, text: str) -> RenderableType:
    grid = RichTable.grid(padding=0)
    grid.add_column(width=len(mark), no_wrap=True)
    grid.add_column(overflow="fold")
    grid.add_row(Text(mark), _text(text))
    return grid


def _table(table: Table, width: int) -> Iterator[RenderableType]:
    """Give a table with its title, sample size and note; long ones are cut and say so."""
    yield _text(f"{table.title} ({table.sample})", "bold")
    if not table.rows:
        yield _text(table.empty)
        return
    shown = RichTable(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False)
    is_roomy = _is_roomy(table, width)
    for column in table.columns:
        is_number = column.cell is Cell.NUMBER
        heading = f"{column.title}\n{column.unit}" if column.unit else column.title
        shown.add_column(
            Text(heading),
            justify="right" if is_number else "left",
            no_wrap=is_number and is_roomy,
            overflow="fold",
        )
    rows = table.rows if table.is_whole else table.rows[:_MOST_ROWS]
    for row in rows:
        pairs = zip(row, table.columns, strict=True)
        shown.add_row(*(_text(_cell(cell, column)) for cell, column in pairs))
    yield shown
    hidden = len(table.rows) - len(rows)
    if hidden > 0:
        rest = table.rest or "report.html and report.json"
        yield _text(f"… and {hidden:,} more rows in {rest}.")
    if table.note:
        yield Padding(_text(table.note), (0, 0, 0, 0))


def _is_roomy(table: Table, width: int) -> bool:
    """Whether all numbers fit on one line; if not they are folded, since a cut one would lie."""
    needed = 0
    for index, column in enumerate(table.columns):
        is_number = column.cell is Cell.NUMBER
        texts = (column.title, column.unit, *(row[index] for row in table.rows[:_MOST_ROWS]))
        needed += 1 + (max(len(visible(text)) for text in texts) if is_number else _LEAST_TEXT)
    return needed <= width


def _cell(text: str, column: Column) -> str:
    """Shorten ids only; everything else is folded."""
    return shortened(text, _MOST_ID) if column.cell is Cell.ID else text


def _text(text: str, style: str = "") -> Text:
    """Give a text that the console prints as it is: no markup, no control characters."""
    return Text(visible(text, most=_MOST_TEXT), style=style)
