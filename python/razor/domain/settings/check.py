"""Whether a raw TOML value is allowed, and what razor keeps of it.

Owns: :func:`judge` and :func:`convert`, pure functions over the kinds of ``value``. Must never:
guess or round. A boolean is not a number, text is not a number, NaN is nothing, and a decimal is
read from its own text — no binary float exists between the file and the engine.
"""

from dataclasses import dataclass
from decimal import Decimal
from ipaddress import ip_address
from json import dumps
from typing import assert_never, cast
from urllib.parse import urlsplit

from razor.domain.settings.value import (
    Address,
    Exact,
    Flag,
    Kind,
    SettingValue,
    Text,
    TextList,
    Whole,
    Word,
)

__all__ = ["Refusal", "convert", "describe", "judge", "plain_decimal", "show"]

# Longest piece of foreign text that a message repeats.
_SHOWN = 60
# Places beyond this are refused before any formatting: `1e-999999` must not become a megabyte.
_MAX_PLACES = 60
_MAX_ADDRESS = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A raw value that is not allowed: what was found and what to do about it."""

    found: str
    remedy: str


def judge(kind: Kind, raw: object) -> Refusal | None:
    """Say why ``raw`` is not allowed, or ``None`` when it is."""
    match kind:
        case Whole():
            return _judge_whole(kind, raw)
        case Exact():
            return _judge_exact(kind, raw)
        case Flag():
            return None if isinstance(raw, bool) else _wrong_type(raw, "true or false")
        case Word():
            return _judge_word(kind, raw)
        case Text():
            return _judge_text(kind, raw)
        case Address():
            return _judge_address(kind, raw)
        case TextList():
            return _judge_list(kind, raw)
        case _:
            assert_never(kind)


def convert(kind: Kind, raw: object) -> SettingValue:
    """Give the value razor keeps for a ``raw`` that :func:`judge` found allowed."""
    match raw:
        case bool():
            return raw
        case int() if isinstance(kind, Exact):
            return Decimal(raw)
        case str() if isinstance(kind, Address):
            return raw.rstrip("/")
        case int() | str() | Decimal():
            return raw
        case list() | tuple():
            return tuple(str(item) for item in cast("list[object]", raw))
        case _:
            message = f"convert() was given a value that judge() refuses: {type(raw).__name__}"
            raise TypeError(message)


def describe(kind: Kind) -> str:
    """Say in words what a kind allows, with the unit."""
    match kind:
        case Whole(only=only) if only:
            return " or ".join(str(choice) for choice in only)
        case Whole(low=low, high=high, unit=unit):
            return f"a whole number from {low} to {high} ({unit})"
        case Exact():
            floor = "above" if kind.above_low else "from"
            return (
                f"a number {floor} {plain_decimal(kind.low)} to {plain_decimal(kind.high)}"
                f" with at most {kind.decimals} decimals ({kind.unit})"
            )
        case Flag():
            return "true or false"
        case Word(choices=choices):
            return " or ".join(f'"{choice}"' for choice in choices)
        case Text(allowed=allowed):
            return allowed
        case Address(secure=secure, plain=plain):
            return f"an address {secure}://host[:port][/path], {plain}:// on loopback only"
        case TextList(allowed=allowed, most=most):
            return f"a list of at most {most} different texts, each {allowed}"
        case _:
            assert_never(kind)


def plain_decimal(value: Decimal) -> str:
    """Give the shortest plain text of a finite decimal: no exponent, no trailing zeros, no -0."""
    if value == 0:
        return "0"
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def show(raw: object) -> str:
    """Name a raw value in a message: short, escaped, with its type where that is the point."""
    match raw:
        case bool():
            return "true" if raw else "false"
        case int():
            return str(raw) if abs(raw) < 10**_SHOWN else "a whole number of more than 60 digits"
        case Decimal():
            return _cut(str(raw))
        case str():
            return f"the text {dumps(_cut(raw))}"
        case list() | tuple():
            return f"a list of {len(cast('list[object]', raw))}"
        case dict():
            return "a table"
        case _:
            return f"a {type(raw).__name__}"


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _wrong_type(raw: object, wanted: str) -> Refusal:
    remedy = f"write {wanted}"
    if isinstance(raw, str) and not wanted.startswith("text"):
        remedy += ", without quotes"
    return Refusal(found=show(raw), remedy=remedy)


def _judge_whole(kind: Whole, raw: object) -> Refusal | None:
    # bool is a subclass of int in Python, but never a number in a settings file.
    if isinstance(raw, bool) or not isinstance(raw, int):
        return _wrong_type(raw, "a whole number")
    if kind.low <= raw <= kind.high and (not kind.only or raw in kind.only):
        return None
    return Refusal(found=show(raw), remedy=f"the unit is {kind.unit}")


def _judge_exact(kind: Exact, raw: object) -> Refusal | None:
    if isinstance(raw, bool) or not isinstance(raw, int | Decimal):
        return _wrong_type(raw, "a number")
    value = Decimal(raw)
    if not value.is_finite():
        return Refusal(found=show(raw), remedy="write a finite number in plain digits")
    is_low = value <= kind.low if kind.above_low else value < kind.low
    if is_low or value > kind.high:
        return Refusal(found=show(raw), remedy=f"the unit is {kind.unit}")
    if _places(value) > kind.decimals:
        return Refusal(found=show(raw), remedy=f"write at most {kind.decimals} decimals")
    return None


def _places(value: Decimal) -> int:
    """Count the decimals that are needed, trailing zeros left out."""
    exponent = value.as_tuple().exponent
    if value == 0 or not isinstance(exponent, int) or exponent >= 0:
        return 0
    # A tiny number is refused before it is written out; the digits themselves stand in the file.
    if value.adjusted() < -_MAX_PLACES:
        return _MAX_PLACES
    _, _, decimals = plain_decimal(value).partition(".")
    return len(decimals)


def _judge_word(kind: Word, raw: object) -> Refusal | None:
    if not isinstance(raw, str):
        return _wrong_type(raw, "text in quotes")
    if raw in kind.choices:
        return None
    return Refusal(found=show(raw), remedy="choose one of the allowed words")


def _judge_text(kind: Text, raw: object) -> Refusal | None:
    if not isinstance(raw, str):
        return _wrong_type(raw, "text in quotes")
    if kind.pattern.fullmatch(raw):
        return None
    # The text itself could be a key that was pasted into the wrong place.
    found = f"a text of {len(raw)} characters (not shown)" if kind.is_private else show(raw)
    return Refusal(found=found, remedy="correct the text")


def _judge_address(kind: Address, raw: object) -> Refusal | None:
    if not isinstance(raw, str):
        return _wrong_type(raw, "text in quotes")
    if len(raw) > _MAX_ADDRESS or not raw.isascii() or not raw.isprintable() or " " in raw:
        return Refusal(found=show(raw), remedy="write one short address without blanks")
    try:
        parts = urlsplit(raw)
        host, _port = parts.hostname, parts.port
    except ValueError:
        return Refusal(found=show(raw), remedy="correct host and port")
    if parts.username is not None or parts.password is not None:
        return Refusal(
            found="an address with credentials (not shown)",
            remedy="remove what stands before the @: keys never stand in a settings file",
        )
    if not host or parts.query or parts.fragment:
        return Refusal(found=show(raw), remedy="write scheme, host and path only")
    if parts.scheme == kind.secure or (parts.scheme == kind.plain and _is_loopback(host)):
        return None
    return Refusal(found=show(raw), remedy=f"use {kind.secure}://")


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _judge_list(kind: TextList, raw: object) -> Refusal | None:
    if not isinstance(raw, list | tuple):
        return _wrong_type(raw, 'a list of texts: ["…", "…"]')
    items = cast("list[object]", raw)
    if len(items) > kind.most:
        return Refusal(found=show(items), remedy=f"keep at most {kind.most}")
    seen: set[str] = set()
    for place, item in enumerate(items, start=1):
        if not isinstance(item, str) or not kind.pattern.fullmatch(item):
            return Refusal(found=f"{show(item)} at place {place}", remedy="correct that entry")
        if item in seen:
            return Refusal(found=f"{show(item)} twice", remedy="remove the repeated entry")
        seen.add(item)
    return None
