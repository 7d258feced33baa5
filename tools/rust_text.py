"""A careful reader of Rust text: not a parser, but one that is never fooled by a brace in a string.

Owns: which lines of a Rust file are comment, which belong to tests, and where functions begin and
end.

Must never: guess. Strings, raw strings, characters, lifetimes and nested comments are recognised
character by character; everything else is decided on the text with those blanked.

Invariants:
- the masked text has the length and the line breaks of the original;
- an item under `#[cfg(test)]` is test up to its closing brace or semicolon, and a module declared
  so without a body makes the file it names a test file.
"""

import re
from bisect import bisect_right
from dataclasses import dataclass

from sources import Function, Language, Line, Source, is_test_path

# One alternative per kind of token that can hide a brace; the order matters.
HIDDEN = re.compile(
    r"""
    (?P<comment>//[^\n]*)
    | (?P<block>/\*)
    | (?P<raw>\b(?:b|c)?r(?P<hashes>\#*)"(?s:.*?)"(?P=hashes))
    | (?P<string>\b[bc]"(?:[^"\\]|\\(?s:.))*"|"(?:[^"\\]|\\(?s:.))*")
    | (?P<char>\bb'(?:[^'\\\n]|\\[^\n][^'\n]*)'|'(?:[^'\\\n]|\\[^\n][^'\n]*)')
    """,
    re.VERBOSE,
)
BLOCK_EDGE = re.compile(r"/\*|\*/")
TEST_ATTRIBUTE = re.compile(r"#\[cfg\((?:test\b|all\(\s*test\b)[^\]]*\]")
ATTRIBUTE = re.compile(r"\s*#\[")
FUNCTION = re.compile(r"\bfn\s+([A-Za-z_]\w*)")
TEST_MODULE = re.compile(r"\s*(?:pub(?:\([^)]*\))?\s+)?mod\s+([A-Za-z_]\w*)\s*;")
OPENING, CLOSING = "([{", ")]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Masked:
    """Text without what can mislead, and where its comments were."""

    text: str
    comments: tuple[tuple[int, int], ...]
    """Half-open ranges of character positions."""


def mask(text: str) -> Masked:
    """Blank comments and the insides of strings and characters."""
    pieces: list[str] = []
    comments: list[tuple[int, int]] = []
    position = 0
    while found := HIDDEN.search(text, position):
        start, end = found.span()
        if found.lastgroup == "block":
            end = _block_end(text, end)
        if found.lastgroup in {"block", "comment"}:
            comments.append((start, end))
            hidden = _blank(text[start:end])
        else:
            # The quotes stay, so that a string is still seen to be code.
            hidden = '"' + _blank(text[start + 1 : end - 1]) + '"'
        pieces += [text[position:start], hidden]
        position = end
    return Masked(text="".join(pieces) + text[position:], comments=tuple(comments))


def _block_end(text: str, position: int) -> int:
    """Where the block comment ends whose opening ends at `position`; comments nest."""
    depth = 1
    while depth and (edge := BLOCK_EDGE.search(text, position)):
        depth += 1 if edge.group() == "/*" else -1
        position = edge.end()
    return position if depth == 0 else len(text)


def _blank(text: str) -> str:
    return re.sub(r"[^\n]", " ", text)


class Lines:
    """Turns character positions into line numbers."""

    def __init__(self, text: str) -> None:
        self._starts = [0, *(found.end() for found in re.finditer("\n", text))]

    def of(self, position: int) -> int:
        """The number of the line that holds the character at `position`."""
        return bisect_right(self._starts, position)


def body_end(text: str, position: int) -> tuple[int, int] | None:
    """The body of the item at `position`: positions of its braces, or None if it ends in `;`."""
    depth = 0
    for index in range(position, len(text)):
        character = text[index]
        if character == "{" and depth == 0:
            return index, _closing(text, index)
        if character == ";" and depth == 0:
            return None
        depth += (character in OPENING) - (character in CLOSING)
    return None


def _closing(text: str, position: int) -> int:
    """Where the bracket at `position` is closed; the end of the text if it never is."""
    depth = 0
    for index in range(position, len(text)):
        depth += (text[index] in OPENING) - (text[index] in CLOSING)
        if depth == 0:
            return index
    return len(text) - 1


def _after_attributes(text: str, position: int) -> int:
    while found := ATTRIBUTE.match(text, position):
        position = _closing(text, found.end() - 1) + 1
    return position


def ranges_for_tests(text: str) -> list[tuple[int, int]]:
    """Half-open character ranges of the items under `#[cfg(test)]` in masked `text`."""
    ranges: list[tuple[int, int]] = []
    for found in TEST_ATTRIBUTE.finditer(text):
        start = _after_attributes(text, found.end())
        body = body_end(text, start)
        end = body[1] + 1 if body else text.find(";", start) + 1
        ranges.append((found.start(), end or len(text)))
    return ranges


def modules_for_tests(path: str, text: str) -> set[str]:
    """Paths without `.rs` of the modules that `path` declares for tests only (masked `text`)."""
    folder, _, name = path.rpartition("/")
    stem = name.removesuffix(".rs")
    own = folder if stem in {"lib", "main"} else f"{folder}/{stem}"
    starts = (_after_attributes(text, found.end()) for found in TEST_ATTRIBUTE.finditer(text))
    declared = (TEST_MODULE.match(text, start) for start in starts)
    return {f"{own}/{found.group(1)}" for found in declared if found}


def _functions(text: str, lines: Lines, test_lines: frozenset[int]) -> tuple[Function, ...]:
    functions: list[Function] = []
    for found in FUNCTION.finditer(text):
        body = body_end(text, found.end())
        if body is None:
            continue
        first, last = lines.of(found.start()), lines.of(body[1])
        functions.append(
            Function(
                name=found.group(1),
                line=first,
                length=last - first + 1,
                is_test=first in test_lines,
            )
        )
    return tuple(functions)


def _line_kinds(text: str, masked: Masked, lines: Lines) -> tuple[Line, ...]:
    commented: set[int] = set()
    for start, end in masked.comments:
        commented.update(range(lines.of(start), lines.of(end - 1) + 1))

    def kind(number: int, original: str, visible: str) -> Line:
        if visible.strip():
            return Line.CODE
        if original.strip():
            return Line.COMMENT if number in commented else Line.CODE
        return Line.BLANK

    pairs = zip(text.splitlines(), masked.text.splitlines(), strict=True)
    return tuple(kind(number, *pair) for number, pair in enumerate(pairs, start=1))


def scan_rust(path: str, text: str, *, is_test: bool = False) -> Source:
    """Measure one file; `is_test` when the module that declares it is for tests only."""
    masked = mask(text)
    lines = Lines(text)
    kinds = _line_kinds(text, masked, lines)
    tested: set[int] = set()
    for start, end in ranges_for_tests(masked.text):
        tested.update(range(lines.of(start), lines.of(end - 1) + 1))
    if is_test or is_test_path(path):
        tested = set(range(1, len(kinds) + 1))
    test_lines = frozenset(tested)
    return Source(
        path=path,
        language=Language.RUST,
        lines=kinds,
        test_lines=test_lines,
        functions=_functions(masked.text, lines, test_lines),
        string_subscripts=(),
        masked=masked.text,
    )
