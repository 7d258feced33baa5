# pyright: reportUnknownMemberType=false
# matplotlib leaves the type of its keyword arguments open, so every call of it is "partly unknown".
"""One SVG element by matplotlib that has the same bytes on every run and machine.

Owns: :func:`draw`. Ids come from a fixed salt and get the plot's key in front, so that five plots
share one page; dates, version and paths stay out; text stays text; colours are names of the page's
style sheet, so that one drawing serves light and dark.
Must never: use matplotlib's global figure list, or the settings file of the user.
"""

import re
from collections.abc import Callable
from io import StringIO
from typing import TypeAlias

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.typing import RcKeyType

__all__ = ["FROZEN", "INK", "LIMIT", "LOSS", "RULE", "VENUE", "Painter", "draw"]

# Stand-ins that no drawing would choose by accident, replaced by the colours of the page.
INK, RULE, FROZEN, VENUE, LOSS, LIMIT = (f"#0102{index:02x}" for index in range(3, 9))
_COLOURS = {
    INK: "var(--soft)",
    RULE: "var(--rule)",
    FROZEN: "var(--frozen)",
    VENUE: "var(--venue)",
    LOSS: "var(--loss)",
    LIMIT: "var(--limit)",
}

Painter: TypeAlias = Callable[[Axes], None]

# Close to the width of a phone: text then keeps its size there, and scales up elsewhere.
_WIDTH_IN, _HEIGHT_IN = 4.9, 3.1
_SETTINGS: dict[RcKeyType, object] = {
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    # Bundled with matplotlib, so text is measured the same everywhere.
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 9.0,
    "timezone": "UTC",
    "axes.formatter.use_locale": False,
    "axes.unicode_minus": True,
    "path.simplify": False,
}
_NO_METADATA: dict[str, str | None] = {
    "Creator": None,
    "Date": None,
    "Format": None,
    "Type": None,
}
_ID = re.compile(r'(\bid="|href="#|url\(#)')
_NAMESPACE = re.compile(r'\s+xmlns(:xlink)?="[^"]*"')
_SIZE = re.compile(r'(<svg\b[^>]*?)\s+width="[^"]*"|(<svg\b[^>]*?)\s+height="[^"]*"')


def draw(key: str, label: str, paint: Painter) -> str:
    """Paint one plot and give it as an SVG element; ``key`` is a plain identifier.

    ``label`` is what a screen reader says; it must be razor's own text.
    """
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update({**_SETTINGS, "svg.hashsalt": f"razor-{key}"})
        figure = Figure(figsize=(_WIDTH_IN, _HEIGHT_IN), layout="constrained")
        axes = figure.add_subplot()
        _dress(axes)
        paint(axes)
        figure.patch.set_visible(False)
        target = StringIO()
        figure.savefig(target, format="svg", metadata=_NO_METADATA)
    return _embedded(target.getvalue(), key, label)


def _dress(axes: Axes) -> None:
    """Leave only the axes and lines that a reader needs to read a value."""
    axes.patch.set_visible(False)
    axes.grid(visible=True, axis="y", color=RULE, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.tick_params(colors=INK, length=3, width=0.6)
    for side, spine in axes.spines.items():
        spine.set_visible(side in {"left", "bottom"})
        spine.set_color(RULE)


def _embedded(document: str, key: str, label: str) -> str:
    """Make an element for an HTML page of a whole SVG file."""
    svg = document[document.index("<svg") :].rstrip()
    svg = _NAMESPACE.sub("", svg).replace("xlink:href", "href")
    svg = _SIZE.sub(lambda found: found.group(1) or found.group(2), svg, count=2)
    svg = _ID.sub(rf"\g<1>{key}-", svg)
    for stand_in, colour in _COLOURS.items():
        svg = svg.replace(stand_in, colour)
    svg = svg.replace("'DejaVu Sans'", "system-ui, 'DejaVu Sans', sans-serif")
    return svg.replace("<svg", f'<svg role="img" aria-label="{label}"', 1)
