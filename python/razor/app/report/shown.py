"""Numbers as people read them: decimal text cut to places, counts with separators, times in UTC.

Owns: the spelling of numbers in the terminal, Markdown and HTML forms. ``report.json`` keeps the
exact text. Must never: compute with money, only round it for the eye, half to even as the cells of
the ledger are; what stands beside a bound it must reach is rounded down.
"""

from datetime import UTC, datetime, timedelta
from decimal import ROUND_FLOOR, ROUND_HALF_EVEN, Context, Decimal

from razor.domain.verdict import Num

__all__ = [
    "UNKNOWN",
    "count",
    "days",
    "instant",
    "of",
    "share",
    "span_ms",
    "span_ns",
    "usdc",
    "usdc_text",
]

# What stands for a number that is not known; never a zero.
UNKNOWN = "n/a"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS_PER_S = 1_000
_NS_PER_MS = 1_000_000
_S_PER_MINUTE = 60
_S_PER_HOUR = 3_600
_S_PER_DAY = 86_400
# Wide enough that no ledger cell loses a digit before it is rounded to its places.
_EXACT = Context(prec=80, rounding=ROUND_HALF_EVEN)


def usdc(number: Num | None) -> str:
    """Give an amount with six decimals, as the core rounded it; ``None`` is unknown."""
    return UNKNOWN if number is None else _rounded(number.e6, 6)


def usdc_text(text: str) -> str:
    """Give an amount of a table cell with six decimals; blank is unknown."""
    return _rounded(text, 6) if text else UNKNOWN


def share(number: Num | None, places: int = 3) -> str:
    """Give a ratio or a share with ``places`` decimals."""
    return UNKNOWN if number is None else _rounded(number.e12, places)


def days(number: Num) -> str:
    """Give recorded days with two decimals, rounded down: less than a bound never reads as it."""
    rounded = Decimal(number.e12).quantize(Decimal("0.01"), rounding=ROUND_FLOOR, context=_EXACT)
    return f"{rounded:,f}"


def _rounded(text: str, places: int) -> str:
    rounded = Decimal(text).quantize(Decimal(1).scaleb(-places), context=_EXACT)
    # A sum without terms may carry a sign in old files; a person reads zero.
    return f"{abs(rounded) if rounded.is_zero() else rounded:,f}"


def count(number: int | None) -> str:
    """Give a whole number with thousands separators."""
    return UNKNOWN if number is None else f"{number:,}"


def of(part: int, whole: int, noun: str) -> str:
    """Give a part of a whole: ``3 of 120 windows``."""
    return f"{part:,} of {whole:,} {noun}"


def instant(ms: int) -> str:
    """Give a time in ms since 1970 as UTC; outside the calendar it stays a number."""
    try:
        moment = _EPOCH + timedelta(milliseconds=ms)
    except OverflowError:
        return f"{ms} ms"
    return moment.strftime("%Y-%m-%d %H:%M:%S UTC")


def span_ms(ms: int) -> str:
    """Give a duration in the unit a person would choose."""
    seconds = ms // _MS_PER_S
    if ms < _MS_PER_S:
        return f"{ms} ms"
    if seconds < _S_PER_MINUTE:
        return f"{seconds}.{ms % _MS_PER_S // 100} s"
    if seconds < _S_PER_HOUR:
        return f"{seconds // _S_PER_MINUTE} min {seconds % _S_PER_MINUTE} s"
    if seconds < _S_PER_DAY:
        return f"{seconds // _S_PER_HOUR} h {seconds % _S_PER_HOUR // _S_PER_MINUTE} min"
    return f"{seconds // _S_PER_DAY} d {seconds % _S_PER_DAY // _S_PER_HOUR} h"


def span_ns(ns: int) -> str:
    """Give a duration in ns in the unit a person would choose."""
    return span_ms(ns // _NS_PER_MS)
