"""The report as Markdown: the predecessor's order first, the new sections behind it.

Owns: :func:`markdown_text`. Must never: let a text become markup, a link or HTML. Every heading
and table is made of plain GitHub-flavoured Markdown, readable as text too.
"""

from collections.abc import Iterator
from typing import assert_never

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
)
from razor.app.report.escape import as_code, in_markdown

__all__ = ["markdown_text"]

# A longer table is for a program, and report.json has all of it.
_MOST_ROWS = 100
_REST = "report.json"


def markdown_text(page: Page) -> str:
    """Give the whole report as one Markdown document that ends with a line feed."""
    return "".join(f"{line}\n" for line in _lines(page))


def _lines(page: Page) -> Iterator[str]:
    """Give the document line by line; notices stand at both ends."""
    yield f"# {in_markdown(page.title)}"
    yield ""
    for line in page.subtitle:
        yield f"- {in_markdown(line)}"
    yield ""
    yield from _notices(page)
    yield from _banner(page.banner)
    for section in page.sections:
        yield from _section(section)
    yield from _notices(page)


def _notices(page: Page) -> Iterator[str]:
    for notice in page.notices:
        yield f"> **NOTICE:** {in_markdown(notice)}"
        yield ""


def _banner(banner: Banner) -> Iterator[str]:
    for card in (banner.verdict, banner.evidence):
        yield from _card(card)


def _card(card: Card) -> Iterator[str]:
    """Quote a card, which every viewer sets apart from the text around it."""
    yield f"> **{in_markdown(card.label)}: {in_markdown(card.word)}**"
    yield ">"
    for line in card.lines:
        yield f"> - {in_markdown(line)}"
    yield ""


def _section(section: Section) -> Iterator[str]:
    yield f"## {in_markdown(section.title)}"
    yield ""
    for block in section.blocks:
        yield from _block(block)


def _block(block: Block) -> Iterator[str]:
    match block:
        case Table():
            yield from _table(block)
        case Paragraph():
            yield in_markdown(block.text)
        case Bullets():
            yield from _bullets(block)
        case Figure():
            title, caption = in_markdown(block.title), in_markdown(block.caption)
            yield f"*{title}* (plot in {in_markdown(block.place)}): {caption}"
        case _:
            assert_never(block)
    yield ""


def _bullets(block: Bullets) -> Iterator[str]:
    if block.title:
        yield in_markdown(block.title)
        yield ""
    for item in block.items:
        yield f"- {in_markdown(item)}"


def _table(table: Table) -> Iterator[str]:
    """Give a table of plain pipes; a viewer without tables still shows columns."""
    yield f"### {in_markdown(table.title)} ({in_markdown(table.sample)})"
    yield ""
    if not table.rows:
        yield in_markdown(table.empty)
        return
    yield _line(in_markdown(column.heading) for column in table.columns)
    yield _line("---:" if column.cell is Cell.NUMBER else "---" for column in table.columns)
    rows = table.rows if table.is_whole else table.rows[:_MOST_ROWS]
    for row in rows:
        yield _line(_cell(cell, of) for cell, of in zip(row, table.columns, strict=True))
    hidden = len(table.rows) - len(rows)
    if hidden > 0:
        yield ""
        yield f"… and {hidden:,} more rows in {in_markdown(table.rest or _REST)}."
    if table.note:
        yield ""
        yield in_markdown(table.note)


def _cell(text: str, column: Column) -> str:
    """Set ids and codes as code, where Markdown reads nothing but the end of the span."""
    return as_code(text) if column.cell in {Cell.ID, Cell.CODE} else in_markdown(text)


def _line(cells: Iterator[str]) -> str:
    return f"| {' | '.join(cells)} |"
