"""Where a key stands in a settings file.

Owns: :func:`lines_of_keys`, a line scanner beside the TOML parser (which forgets places). Must
never: decide anything — a key it cannot find simply has no line number in the message.
"""

import re
from collections.abc import Iterator

__all__ = ["lines_of_keys"]

_HEADER = re.compile(r"\s*\[\[?\s*([^\[\]#]+?)\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(r"""\s*((?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[A-Za-z0-9_-]+))*)\s*=""")
_LONG_TEXT = re.compile(r'"""|\'\'\'')


def lines_of_keys(text: str) -> dict[str, int]:
    """Map dotted paths of keys and sections to their line, counted from 1; the first one wins.

    Cost: one pass over the text.
    """
    places: dict[str, int] = {}
    for path, line in _scan(text):
        places.setdefault(path, line)
    return places


def _scan(text: str) -> Iterator[tuple[str, int]]:
    section = ""
    is_inside_text = False
    # Not splitlines(): TOML counts line feeds only, and so do the editors of its users.
    for line, content in enumerate(text.split("\n"), start=1):
        is_open = is_inside_text
        # An odd number of triple quotes opens or closes a text of several lines.
        if len(_LONG_TEXT.findall(content)) % 2:
            is_inside_text = not is_inside_text
        if is_open:
            continue
        if header := _HEADER.match(content):
            section = _dotted(header.group(1))
            yield section, line
        elif found := _KEY.match(content):
            name = _dotted(found.group(1))
            yield f"{section}.{name}" if section else name, line


def _dotted(name: str) -> str:
    return ".".join(part.strip().strip("\"'") for part in name.split("."))
