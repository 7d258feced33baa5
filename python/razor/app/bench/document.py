"""The tables of docs/PERFORMANCE.md, written by the program that measured them.

Owns: the stretch between two marks of the document; what stands outside is written by people and
kept to the byte.
"""

from collections.abc import Sequence
from pathlib import Path

from razor.app.bench.figure import Section
from razor.app.bench.machine import Machine

__all__ = ["BEGIN", "END", "NoMarksError", "rewritten", "write_document"]

BEGIN = "<!-- figures: written by `make bench`, do not edit -->"
END = "<!-- end of figures -->"


class NoMarksError(ValueError):
    """The document has no place for the tables."""


def rewritten(text: str, machine: Machine, sections: Sequence[Section]) -> str:
    """The document with new tables; raises NoMarksError without both marks in order."""
    head, begin, rest = text.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not begin or not end:
        raise NoMarksError
    tables = "\n".join(section.markdown() for section in sections)
    return f"{head}{BEGIN}\n\nMachine: {machine.sentence()}\n\n{tables}\n{END}{tail}"


def write_document(path: Path, machine: Machine, sections: Sequence[Section]) -> None:
    """Replace the tables of a document; nothing is written when it cannot be."""
    text = rewritten(path.read_text(encoding="utf-8"), machine, sections)
    path.write_text(text, encoding="utf-8")
