"""What the size and shape checks know about one source file, whatever its language.

Owns: the common form in which the scanners of both languages hand over what they measured.

Must never: judge. Limits stand in `budgets.py`, forbidden words in `words.py`.

Invariants:
- every line of a file is either test or not, and either blank, comment or code;
- line numbers count from 1.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum


class Language(Enum):
    """A language with a scanner."""

    RUST = "Rust"
    PYTHON = "Python"


class Line(Enum):
    """What a line holds; a line with code and a comment beside it is code."""

    BLANK = "blank"
    COMMENT = "comment"
    CODE = "code"


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """One function with a body."""

    name: str
    line: int
    """Where its signature starts."""
    length: int
    """Lines from the signature to the end of the body, its documentation not counted."""
    is_test: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One scanned file."""

    path: str
    language: Language
    lines: tuple[Line, ...]
    test_lines: frozenset[int]
    """Numbers of the lines that only tests compile."""
    functions: tuple[Function, ...]
    string_subscripts: tuple[int, ...]
    """Lines with a subscript by a literal string; none in Rust."""
    masked: str
    """The text with comments and the insides of strings blanked, line breaks kept."""

    def count(self, kinds: Iterable[Line], *, in_tests: bool) -> int:
        """Lines of the given kinds on one side of the border between code and tests."""
        wanted = frozenset(kinds)
        numbered = enumerate(self.lines, start=1)
        return sum(kind in wanted and (n in self.test_lines) == in_tests for n, kind in numbered)


TRIALS = frozenset({"benches", "examples"})
# It plays and checks sessions of the order machine and trades nothing: a test with a verb.
SIMULATOR = "rust/razor_sim/src/simulate"


def is_trial_path(path: str) -> bool:
    """Whether a file is a benchmark or an example: neither product nor test."""
    return not TRIALS.isdisjoint(path.split("/")[:-1])


def is_test_path(path: str) -> bool:
    """Whether a whole file stays out of the product by where it lies: tests and trials."""
    if path.startswith(SIMULATOR):
        return True
    parts = path.split("/")
    stem = parts[-1].rsplit(".", maxsplit=1)[0]
    return is_trial_path(path) or "tests" in parts[:-1] or stem in {"tests", "conftest"}
