"""Text from outside, made harmless for a terminal or a line of a log (X-5).

Owns: :func:`visible`. Market titles, file names and venue answers may hold escape sequences,
line breaks or characters that reverse what follows; a person must see them, never obey them.
"""

import unicodedata

__all__ = ["visible"]

# Cc control (ESC, CR, LF, C1), Cf format (bidi overrides, zero width), Cs lone surrogates,
# Zl and Zp line and paragraph separators, Co and Cn what no font shows.
_UNSAFE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp", "Co", "Cn"})


def visible(text: str, *, most: int = 500, keep_lines: bool = False) -> str:
    r"""Escape every character a terminal might interpret, as ``\xNN`` or ``\uNNNN``.

    Longer texts than ``most`` characters are cut with an ellipsis; ``keep_lines`` lets line
    feeds through, for messages of several lines that razor wrote itself.
    """
    shown = text if len(text) <= most else f"{text[:most]}…"
    return "".join(_escape(char, keep_lines=keep_lines) for char in shown)


def _escape(char: str, *, keep_lines: bool) -> str:
    if unicodedata.category(char) not in _UNSAFE or (keep_lines and char == "\n"):
        return char
    return char.encode("unicode_escape", "backslashreplace").decode("ascii")
