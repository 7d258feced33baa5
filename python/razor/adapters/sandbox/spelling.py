"""How the venue spells numbers, times and pages of lists.

Owns: shortest decimals from micro units, times as texts, cursors and pages.

Must never: make a float of a price or a size.
"""

import base64
import binascii
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

import msgspec

from razor.adapters.sandbox.refusal import Refused

FIRST_CURSOR: Final = "MA=="
LAST_CURSOR: Final = "LTE="
_MICRO_DIGITS: Final = 6
_OFFSET_DIGITS: Final = 9


def decimal_text(micros: int) -> str:
    """Micro units as the shortest decimal: 24_500 is `0.0245`."""
    sign = "-" if micros < 0 else ""
    whole, rest = divmod(abs(micros), 10**_MICRO_DIGITS)
    fraction = f"{rest:0{_MICRO_DIGITS}d}".rstrip("0")
    return f"{sign}{whole}.{fraction}" if fraction else f"{sign}{whole}"


def decimal_number(micros: int) -> msgspec.Raw:
    """Micro units as a JSON number, exact."""
    return msgspec.Raw(decimal_text(micros).encode())


def iso_time(at_ns: int) -> str:
    """A time in ns as the venue's metadata spell it, whole seconds in UTC."""
    return datetime.fromtimestamp(at_ns // 1_000_000_000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def offset_of(cursor: str) -> int | None:
    """Where a page begins; None behind the last one. `Refused` 400 for no cursor of ours."""
    if cursor in {"", FIRST_CURSOR}:
        return 0
    if cursor == LAST_CURSOR:
        return None
    try:
        text = base64.b64decode(cursor, validate=True).decode("ascii")
    except (binascii.Error, UnicodeDecodeError, ValueError) as bad:
        raise Refused(400, "Invalid next_cursor") from bad
    if not (text.isdigit() and len(text) <= _OFFSET_DIGITS):
        raise Refused(400, "Invalid next_cursor")
    return int(text)


def page_of(items: Sequence[object], cursor: str, limit: int) -> dict[str, object]:
    """One page of a list in the envelope of the CLOB."""
    offset = offset_of(cursor)
    taken: Sequence[object] = [] if offset is None else items[offset : offset + limit]
    is_last = offset is None or offset + limit >= len(items)
    following = LAST_CURSOR if is_last else _cursor(0 if offset is None else offset + limit)
    return {"limit": limit, "count": len(taken), "next_cursor": following, "data": taken}


def _cursor(offset: int) -> str:
    """The venue's cursors are decimals in base64."""
    return base64.b64encode(str(offset).encode()).decode()
