"""The report as one HTML page that needs nothing else: no script, no file, no network.

Owns: :func:`html_text`. Must never: name an address, hold a script, or let a text become markup.
The policy in its head forbids the browser to load anything, whatever stands in the page. It is
well-formed XML as well, so that a program can read it.
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
from razor.app.report.escape import in_html
from razor.app.report.style import STYLE

__all__ = ["html_text"]

# A browser scrolls through so many rows without pain; report.json has all of them.
_MOST_ROWS = 300
_REST = "report.json"
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def html_text(page: Page) -> str:
    """Give the whole report as one HTML document that ends with a line feed."""
    return "".join(f"{line}\n" for line in _lines(page))


def _lines(page: Page) -> Iterator[str]:
    """Give the document line by line; what is not escaped here is razor's own markup."""
    yield "<!DOCTYPE html>"
    yield '<html lang="en">'
    yield from _head(page)
    yield "<body>"
    yield "<header>"
    yield f"<h1>{in_html(page.title)}</h1>"
    yield f'<p class="subtitle">{"<br/>".join(in_html(line) for line in page.subtitle)}</p>'
    yield "</header>"
    yield "<main>"
    yield from _notices(page)
    yield from _banner(page.banner)
    yield from _contents(page)
    for section in page.sections:
        yield from _section(section)
    yield from _notices(page)
    yield "</main>"
    yield from _every_printed_page(page)
    yield "</body>"
    yield "</html>"


def _head(page: Page) -> Iterator[str]:
    """Forbid the browser every load before it reads anything else."""
    yield "<head>"
    yield '<meta charset="utf-8"/>'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1"/>'
    yield f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}"/>'
    yield '<meta name="referrer" content="no-referrer"/>'
    yield '<meta name="color-scheme" content="light dark"/>'
    yield f"<title>{in_html(page.title)}</title>"
    yield f"<style>{STYLE}</style>"
    yield "</head>"


def _notices(page: Page) -> Iterator[str]:
    """Give the notices where they are read first and last."""
    for notice in page.notices:
        yield f'<p class="notice" role="alert"><strong>NOTICE</strong> {in_html(notice)}</p>'


def _every_printed_page(page: Page) -> Iterator[str]:
    """Repeat the notices at the foot of each sheet of paper; a screen does not show this."""
    if page.notices:
        yield f'<p class="every-page">{" · ".join(in_html(notice) for notice in page.notices)}</p>'


def _banner(banner: Banner) -> Iterator[str]:
    """Put both cards side by side in equal size; a phone stacks them."""
    yield '<div class="banner">'
    for card in (banner.verdict, banner.evidence):
        yield from _card(card)
    yield "</div>"


def _card(card: Card) -> Iterator[str]:
    yield f'<section class="card {card.tone.value}">'
    yield f'<p class="label">{in_html(card.label)}</p>'
    yield f'<p class="word">{in_html(card.word)}</p>'
    yield "<ul>"
    yield from (f"<li>{in_html(line)}</li>" for line in card.lines)
    yield "</ul>"
    yield "</section>"


def _contents(page: Page) -> Iterator[str]:
    """Link the sections, so that a page of many screens needs no scrolling."""
    yield '<nav aria-label="Contents">'
    for section in page.sections:
        yield f'<a href="#{in_html(section.key)}">{in_html(section.title)}</a>'
    yield "</nav>"


def _section(section: Section) -> Iterator[str]:
    """Give a section; one of plots alone is a grid that falls into one column on a phone."""
    yield f'<section id="{in_html(section.key)}">'
    yield f"<h2>{in_html(section.title)}</h2>"
    is_gallery = all(isinstance(block, Figure) for block in section.blocks)
    if is_gallery:
        yield '<div class="gallery">'
    for block in section.blocks:
        yield from _block(block)
    if is_gallery:
        yield "</div>"
    yield "</section>"


def _block(block: Block) -> Iterator[str]:
    match block:
        case Table():
            yield from _table(block)
        case Paragraph():
            yield f"<p>{in_html(block.text)}</p>"
        case Bullets():
            yield from _bullets(block)
        case Figure():
            yield from _figure(block)
        case _:
            assert_never(block)


def _bullets(block: Bullets) -> Iterator[str]:
    if block.title:
        yield f"<p>{in_html(block.title)}</p>"
    yield "<ul>"
    yield from (f"<li>{in_html(item)}</li>" for item in block.items)
    yield "</ul>"


def _figure(figure: Figure) -> Iterator[str]:
    """Give a plot, or a visible sign that there is nothing to draw; the caption says why."""
    yield f'<figure id="{in_html(figure.key)}">'
    yield f"<h3>{in_html(figure.title)}</h3>"
    if figure.svg:
        yield figure.svg
    else:
        yield '<p class="nothing">Nothing to draw.</p>'
    yield f"<figcaption>{in_html(figure.caption)}</figcaption>"
    yield "</figure>"


def _table(table: Table) -> Iterator[str]:
    """Give a table that scrolls inside its own frame, never the whole page."""
    yield f'<h3>{in_html(table.title)} <span class="sample">{in_html(table.sample)}</span></h3>'
    if not table.rows:
        yield f'<p class="nothing">{in_html(table.empty)}</p>'
        return
    yield '<div class="scroll"><table>'
    yield f"<thead><tr>{''.join(_heading(column) for column in table.columns)}</tr></thead>"
    yield "<tbody>"
    rows = table.rows if table.is_whole else table.rows[:_MOST_ROWS]
    for row in rows:
        cells = (_cell(cell, of) for cell, of in zip(row, table.columns, strict=True))
        yield f"<tr>{''.join(cells)}</tr>"
    yield "</tbody></table></div>"
    hidden = len(table.rows) - len(rows)
    if hidden > 0:
        rest = in_html(table.rest or _REST)
        yield f'<p class="note">… and {hidden:,} more rows in {rest}.</p>'
    if table.note:
        yield f'<p class="note">{in_html(table.note)}</p>'


def _heading(column: Column) -> str:
    unit = f'<span class="unit">{in_html(column.unit)}</span>' if column.unit else ""
    return f'<th class="{column.cell.value}" scope="col">{in_html(column.title)}{unit}</th>'


def _cell(text: str, column: Column) -> str:
    """Mark losses with colour too; the minus sign already says it."""
    is_loss = column.cell is Cell.NUMBER and text.startswith("-")
    loss = " loss" if is_loss else ""
    return f'<td class="{column.cell.value}{loss}">{in_html(text)}</td>'
