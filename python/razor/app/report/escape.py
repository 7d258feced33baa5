r"""Any text, made harmless in HTML and in Markdown (INVARIANTS X-5, FAULTS F-87).

Owns: :func:`in_html`, :func:`in_markdown` and :func:`as_code`. All of them first make control
characters, line breaks and bidirectional overrides visible, as ``\xNN`` or ``\uNNNN``, so that a
market title can neither act on a reader nor reorder what stands around it.
Must never: let a text choose its own length (a title of a megabyte is cut and marked).
"""

import html
import re

from razor.app.visible import visible

__all__ = ["as_code", "in_html", "in_markdown", "shortened"]

# Longer texts are cut: razor writes no sentence of this length, so it came from outside.
_MOST = 2_000
# What Markdown may read as a command inside a line or a table cell.
_COMMANDS = re.compile(r"([\\`*_\[\]{}<>|#~$!])")
# Bare addresses become links on their own; an entity in the middle stops that.
_LINKS = (("&", "&amp;"), ("://", "&#58;//"), ("www.", "www&#46;"), ("@", "&#64;"))
_FENCE = re.compile(r"`+")
# A name keeps its head and its tail: both ends tell ids apart.
_TAIL = 6


def in_html(text: str) -> str:
    """Escape a text for HTML content and quoted attributes."""
    return html.escape(visible(text, most=_MOST), quote=True)


def in_markdown(text: str) -> str:
    """Escape a text for a Markdown line or table cell; no links, no markup, no HTML."""
    shown = _COMMANDS.sub(r"\\\1", visible(text, most=_MOST))
    for plain, safe in _LINKS:
        shown = shown.replace(plain, safe)
    return shown


def as_code(text: str) -> str:
    """Give a text as a Markdown code span; blank stays blank."""
    shown = visible(text, most=_MOST)
    if not shown.strip():
        return ""
    # The fence must be longer than any run of backticks inside. A pipe would end the table cell
    # even inside the span.
    longest = max((len(run) for run in _FENCE.findall(shown)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if longest else ""
    return f"{fence}{pad}{shown.replace('|', '¦')}{pad}{fence}"


def shortened(text: str, most: int) -> str:
    """Cut a name in the middle to ``most`` characters (at least 10), keeping both ends."""
    if len(text) <= most:
        return text
    return f"{text[: most - _TAIL - 1]}…{text[-_TAIL:]}"
