"""What a report page says, before any medium: sections of tables, paragraphs, lists and plots.

Owns: the values every renderer reads. A text in them is *raw*: it may hold anything a market title
can hold. Must never: hold markup. So each renderer escapes every text it is given, without having
to know which of them came from outside.

Invariants: a table row has as many cells as the table has columns; a number in a cell stands in a
column that names its unit; a table states its sample size.
"""

from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

__all__ = [
    "Banner",
    "Block",
    "Bullets",
    "Card",
    "Cell",
    "Column",
    "Figure",
    "Page",
    "Paragraph",
    "Row",
    "Section",
    "Table",
    "Tone",
]

Row: TypeAlias = tuple[str, ...]


class Cell(Enum):
    """What a column holds, which decides alignment and how a narrow medium shortens it."""

    NUMBER = "number"
    WORD = "word"
    # Ids: set in a fixed-width face, shortened in the middle where space is short.
    ID = "id"
    # Codes and hashes: set in a fixed-width face, never shortened.
    CODE = "code"
    # Sentences: never shortened, folded over several lines.
    TEXT = "text"


class Tone(Enum):
    """How a card wants to be read; a medium without colour has the words."""

    GOOD = "good"
    BAD = "bad"
    OPEN = "open"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A table column: its title, the unit of its numbers (blank for words) and its kind."""

    title: str
    unit: str = ""
    cell: Cell = Cell.NUMBER

    @property
    def heading(self) -> str:
        """Title and unit on one line."""
        return f"{self.title} [{self.unit}]" if self.unit else self.title


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table with its sample size in words; ``note`` stands under it.

    Errors: ``ValueError`` for a row of another width, which is a bug of the composer.
    """

    title: str
    sample: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    note: str = ""
    # What is said where there are no rows.
    empty: str = "No rows."
    # Where the rows are that a medium cuts; blank = the files of the Day-14 report.
    rest: str = ""
    # No medium cuts it: each row follows from the one before.
    is_whole: bool = False

    def __post_init__(self) -> None:
        """Refuse a ragged table."""
        if any(len(row) != len(self.columns) for row in self.rows):
            message = f"table {self.title!r} has a row that does not fit its columns"
            raise ValueError(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Paragraph:
    """One paragraph of prose."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Bullets:
    """A list of short sentences; ``title`` may be blank."""

    title: str
    items: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A plot: an SVG element that razor drew, or none when there is nothing to draw.

    ``svg`` is the only markup in a page; it comes from :mod:`razor.app.report.plots` alone.
    ``caption`` says in words what is drawn, from how many points and how they were binned.
    """

    key: str
    title: str
    svg: str
    caption: str
    # The page that a medium without pictures points to.
    place: str = "report.html"


Block: TypeAlias = Table | Paragraph | Bullets | Figure


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A titled part of the page; ``key`` is a plain identifier for links."""

    key: str
    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One half of the banner: a word that carries the message, and the lines that prove it."""

    label: str
    word: str
    tone: Tone
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Banner:
    """The verdict and, equally loud, what it rests on."""

    verdict: Card
    evidence: Card


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A whole report. ``notices`` are printed on every page of every medium."""

    title: str
    subtitle: tuple[str, ...]
    notices: tuple[str, ...]
    banner: Banner
    sections: tuple[Section, ...]
