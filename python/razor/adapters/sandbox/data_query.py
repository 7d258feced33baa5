"""What a question to the Data API asks for: whose rows, of which markets, which page of them.

Owns: parameters of both versions of its routes, the cursors of version 2, and the two envelopes.

Must never: take a parameter that it cannot read for one that was not given. A filter that is passed
over silently answers another question than the one that was asked.

Stated choices: parameters that are not known are ignored, as the venue does; what is known but
cannot be read, or is beyond its bound, is a 400. Of the texts only that for a missing user has been
seen at the venue; the others are made like it.
"""

import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from typing import Final

from razor.adapters.sandbox.refusal import Refused
from razor.adapters.sandbox.router import Request
from razor.adapters.sandbox.venue import Venue

DEFAULT_LIMIT: Final = 100
MOST_V1: Final = 500
MOST_V2: Final = 1_000
ROWS_MOST: Final = 999_999_999
"""Rows of one trade that a cursor can tell of: more than there are."""
MOST_CONDITIONS: Final = 20
"""Markets that one question may name."""
NO_USER: Final = "required query param 'user' not provided"
_ADDRESS: Final = re.compile(r"0x[0-9a-fA-F]{40}")
_CONDITION: Final = re.compile(r"0x(?:[0-9a-fA-F]{62}|[0-9a-fA-F]{64})")
_AMOUNT: Final = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,19})?(?:[eE][+-]?[0-9]{1,2})?")
_AMOUNT_MOST: Final = 10**12
_DIGITS: Final = 10
"""Digits of a number of seconds or rows: enough until the year 2286."""
_SECONDS_MOST: Final = 9_000_000_000
"""The engine counts nanoseconds in 64 bits; nothing happens behind this one."""
_KINDS: Final = {
    "TRADE",
    "SPLIT",
    "MERGE",
    "REDEEM",
    "REWARD",
    "CONVERSION",
    "MIGRATION",
    "DEPOSIT",
    "WITHDRAWAL",
    "YIELD",
    "MAKER_REBATE",
    "TAKER_REBATE",
    "REFERRAL_REWARD",
    "TIP",
}
"""Kinds of activity that the venue's client asks for."""
_CURSOR: Final = re.compile(r"([0-9]{1,9})\.([0-9]{0,18})\.([0-9]{1,9})\.([0-9]{0,9})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Spelling:
    """How a version of the API names its parameters, and how many rows it gives at most."""

    markets: tuple[str, ...]
    event: str
    taker_only: str
    filter_type: str
    filter_amount: str
    most: int


V1: Final = Spelling(
    markets=("market",),
    event="eventId",
    taker_only="takerOnly",
    filter_type="filterType",
    filter_amount="filterAmount",
    most=MOST_V1,
)
V2: Final = Spelling(
    markets=("condition_id", "condition"),
    event="event_id",
    taker_only="taker_only",
    filter_type="filter_type",
    filter_amount="filter_amount",
    most=MOST_V2,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Behind:
    """The place behind a row in a list that grows at its head.

    A number of rows would slip with every new trade, and give rows twice. So a place is the trade
    of the row before it and how many rows of that trade lie before, while `offset`, the rows before
    that trade when the place was noted, only says from where it is worth looking: rows are added
    above and never taken away, so the place can only have moved down.
    """

    offset: int = 0
    trade: int | None = None
    rows: int = 0
    deeds: int | None = None
    """Deeds of the wallet before the last one told, where activity is asked for."""

    @property
    def cursor(self) -> str:
        """The place as the venue's callers carry it: opaque."""
        trade, deeds = ("" if it is None else it for it in (self.trade, self.deeds))
        text = f"{self.offset}.{trade}.{self.rows}.{deeds}"
        return base64.urlsafe_b64encode(text.encode()).decode()


def place_of(cursor: str) -> Behind:
    """The place behind which a page begins; `Refused` 400 for no cursor of ours."""
    if not cursor:
        return Behind()
    try:
        text = base64.b64decode(cursor.encode("ascii"), altchars=b"-_", validate=True).decode()
    except (binascii.Error, UnicodeError) as bad:
        raise _invalid("cursor") from bad
    found = _CURSOR.fullmatch(text)
    if found is None:
        raise _invalid("cursor")
    offset, trade, rows, deeds = (int(it) if it else None for it in found.groups())
    return Behind(offset=offset or 0, trade=trade, rows=rows or 0, deeds=deeds)


def envelope(rows: Sequence[object], cursor: str) -> dict[str, object]:
    """A page of version 2; an empty cursor is that of the last page."""
    pagination = {"has_more": bool(cursor), "next_cursor": cursor or None}
    return {"data": rows, "pagination": pagination}


def user_of(request: Request) -> str:
    """The wallet that is asked about, in small letters; `Refused` 400 where it is no address."""
    address = request.need("user", NO_USER)
    if not _ADDRESS.fullmatch(address):
        raise _invalid("user")
    return address.lower()


def markets_of(request: Request, spelling: Spelling, venue: Venue) -> set[int] | None:
    """Indices of the markets that are asked about; None where it is about all of them.

    A market that is not listed here has no rows, as one that never traded: it is no error.
    """
    conditions = [it for name in spelling.markets for it in _words(request, name)]
    events = set(_words(request, spelling.event))
    if len(set(conditions)) > MOST_CONDITIONS:
        raise Refused(400, f"at most {MOST_CONDITIONS} markets can be requested")
    if not all(_CONDITION.fullmatch(condition) for condition in conditions):
        raise _invalid(spelling.markets[0])
    if conditions and events:
        raise Refused(400, f"'{spelling.markets[0]}' and '{spelling.event}' exclude each other")
    if not (conditions or events):
        return None
    listed = (venue.catalogue.market(condition) for condition in conditions)
    chosen = {it.index for it in listed if it is not None}
    return chosen | {it.index for it in venue.catalogue.markets if it.event.event_id in events}


def side_of(request: Request) -> bool | None:
    """Whether only buys (true) or sales (false) are asked for; None for both."""
    match request.query.get("side", "").upper():
        case "":
            return None
        case "BUY":
            return True
        case "SELL":
            return False
        case _:
            raise _invalid("side")


def kinds_of(request: Request) -> set[str] | None:
    """Kinds of activity that are asked for; None for every kind."""
    kinds = {word.upper() for word in _words(request, "type")}
    if not kinds <= _KINDS:
        raise _invalid("type")
    return kinds or None


def flag_of(request: Request, name: str, *, default: bool) -> bool:
    """A yes or no."""
    word = one_of(request, name, ("true", "false"), "true" if default else "false")
    return word == "true"


def one_of(request: Request, name: str, words: tuple[str, ...], default: str) -> str:
    """One of several words, in any case of letters."""
    said = request.query.get(name, "") or default
    found = next((word for word in words if word.lower() == said.lower()), None)
    if found is None:
        raise _invalid(name)
    return found


def whole_of(request: Request, name: str, default: int, *, least: int = 0, most: int) -> int:
    """A whole number within bounds; beyond them is refused and not cut.

    A caller that takes a cut page for a full one would never ask for the rest.
    """
    found = _number(request, name)
    if found is None:
        return default
    if not least <= found <= most:
        raise Refused(400, f"query param '{name}' must be between {least} and {most}")
    return found


def seconds_of(request: Request, name: str) -> int | None:
    """A time in seconds since 1970; None where it is not given."""
    found = _number(request, name)
    return None if found is None else min(found, _SECONDS_MOST)


def micros_of(request: Request, name: str) -> int | None:
    """A decimal in micro units, rounded up: whoever asks for at least so much gets no less."""
    text = request.query.get(name, "")
    if not text:
        return None
    # Clients write small numbers with an exponent.
    amount = Decimal(text) if _AMOUNT.fullmatch(text) else None
    if amount is None or amount > _AMOUNT_MOST:
        raise _invalid(name)
    return int(amount.scaleb(6).to_integral_value(ROUND_CEILING))


def _number(request: Request, name: str) -> int | None:
    text = request.query.get(name, "")
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= _DIGITS):
        raise _invalid(name)
    return int(text)


def _words(request: Request, name: str) -> list[str]:
    """Values of a list, separated by commas or by repeating the name."""
    every = ",".join(request.values(name)).lower()
    return [word for word in every.split(",") if word]


def _invalid(name: str) -> Refused:
    return Refused(400, f"invalid query param '{name}'")
