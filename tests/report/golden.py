"""Golden files: compared byte for byte, rewritten only when RAZOR_GOLDEN=write says so."""

import hashlib
import os
import re
from pathlib import Path

FOLDER = Path(__file__).parent / "golden"
_SVG = re.compile(r"<svg\b.*?</svg>", re.DOTALL)


def assert_golden(name: str, text: str) -> None:
    path = FOLDER / name
    if os.environ.get("RAZOR_GOLDEN") == "write":
        path.write_text(text, encoding="utf-8", newline="")
    assert text == path.read_bytes().decode(), f"{name} differs; review, then RAZOR_GOLDEN=write"


def without_drawings(html: str) -> str:
    """Put size and hash in the place of each drawing, so that a diff can be read."""

    def summary(found: "re.Match[str]") -> str:
        drawing = found.group().encode()
        digest = hashlib.sha256(drawing).hexdigest()
        return f"<svg>{len(drawing)} bytes, sha256 {digest}</svg>"

    return _SVG.sub(summary, html)
