"""Shapes of the venue's HTTP answers, as far as the feed reads them, and their strict decoding.

Owns the venue's field names outside the engine. Numbers become `Decimal` from their exact text or
stay raw text; no float is ever made.

Must never coerce: a value of the wrong shape makes the whole answer undecodable, and an answer
that nests too deep or is not JSON is just that.

Invariants: `decode` returns a value or `None`, for every byte string (X-6); texts from outside
are shortened and stripped of control characters before they leave (F-87).
"""

import unicodedata
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TypeVar

import msgspec

T = TypeVar("T")

LABEL_MAX = 256
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Largest values of a timestamp read as s, ms and us (RAZOR_SPEC 6); larger ones are ns.
_MAX_S = 99_999_999_999
_MAX_MS = 99_999_999_999_999
_MAX_US = 99_999_999_999_999_999
# The digits of a time in ns until the year 2286.
_DIGITS_MAX = 19


class FeeSchedule(msgspec.Struct, frozen=True, rename="camel"):
    """Gamma's `feeSchedule`."""

    rate: Decimal
    exponent: Decimal
    taker_only: bool = True


class EventRef(msgspec.Struct, frozen=True):
    """The event a Gamma market names."""

    id: str
    slug: str = ""


class GammaMarket(msgspec.Struct, frozen=True, rename="camel"):
    """A market of Gamma. `outcomes`, `clob_token_ids`, `outcome_prices` are JSON inside text."""

    id: str
    condition_id: str = ""
    question: str | None = None
    slug: str | None = None
    outcomes: str = "[]"
    outcome_prices: str | None = None
    clob_token_ids: str | None = None
    position_ids: list[str] | None = None
    version: str | None = None
    active: bool = False
    closed: bool = False
    enable_order_book: bool = False
    accepting_orders: bool = False
    uma_resolution_status: str | None = None
    end_date: str | None = None
    order_price_min_tick_size: Decimal | None = None
    order_min_size: Decimal | None = None
    neg_risk: bool = False
    neg_risk_market_id: str | None = msgspec.field(name="negRiskMarketID", default=None)
    neg_risk_other: bool = False
    seconds_delay: int | None = None
    fees_enabled: bool | None = None
    fee_schedule: FeeSchedule | None = None
    events: list[EventRef] = []


class GammaEvent(msgspec.Struct, frozen=True, rename="camel"):
    """An event of Gamma with all its children, closed and unnamed markets included."""

    id: str
    slug: str = ""
    title: str | None = None
    neg_risk: bool = False
    neg_risk_augmented: bool = False
    neg_risk_market_id: str | None = msgspec.field(name="negRiskMarketID", default=None)
    markets: list[GammaMarket] = []


class MarketPage(msgspec.Struct, frozen=True):
    """A page of `/markets/keyset`."""

    markets: list[GammaMarket]
    next_cursor: str | None = None


class EventPage(msgspec.Struct, frozen=True):
    """A page of `/events/keyset`."""

    events: list[GammaEvent]
    next_cursor: str | None = None


class ClobFee(msgspec.Struct, frozen=True):
    """`fd` of a compact market."""

    rate: Decimal = msgspec.field(name="r")
    exponent: Decimal = msgspec.field(name="e")
    taker_only: bool = msgspec.field(name="to", default=False)


class ClobToken(msgspec.Struct, frozen=True):
    """An outcome of a compact market."""

    token_id: str = msgspec.field(name="t")
    outcome: str = msgspec.field(name="o")


class ClobMarket(msgspec.Struct, frozen=True):
    """`/clob-markets/{cid}`; an absent flag is false, absent `fd` means no fee (PROTOCOL 3.3)."""

    condition_id: str = msgspec.field(name="c")
    tokens: list[ClobToken] = msgspec.field(name="t")
    tick: Decimal = msgspec.field(name="mts")
    min_size: Decimal = msgspec.field(name="mos")
    accepting_orders: bool = msgspec.field(name="ao", default=False)
    neg_risk: bool = msgspec.field(name="nr", default=False)
    fee: ClobFee | None = msgspec.field(name="fd", default=None)
    seconds_delay: int = msgspec.field(name="sd", default=0)
    is_delay_enabled: bool = msgspec.field(name="itode", default=False)


class BookLevel(msgspec.Struct, frozen=True):
    """One level of a REST book, texts as served."""

    price: str
    size: str


class BookHead(msgspec.Struct, frozen=True):
    """What the feed reads of a REST book: bids ascend, asks descend, the best level is last."""

    asset_id: str
    market: str
    timestamp: str
    bids: list[BookLevel]
    asks: list[BookLevel]


class TradeHead(msgspec.Struct, frozen=True):
    """What the poller reads of a v1 trade row."""

    timestamp: int | str


class TradeV2(msgspec.Struct, frozen=True):
    """A row of `/v2/trades`; numbers stay as served."""

    token_id: str
    side: str
    size: msgspec.Raw
    price: msgspec.Raw
    timestamp: msgspec.Raw
    transaction_hash: str = ""
    condition_id: str = ""


class Pagination(msgspec.Struct, frozen=True):
    """Cursor of a v2 page."""

    has_more: bool = False
    next_cursor: str | None = None


class TradePageV2(msgspec.Struct, frozen=True):
    """A page of `/v2/trades`."""

    data: list[msgspec.Raw]
    pagination: Pagination = Pagination()


def decode(content: bytes, shape: type[T]) -> T | None:
    """Decode JSON into a shape; `None` if it is anything else. Time O(n)."""
    try:
        return msgspec.json.decode(content, type=shape)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return None


def rows(content: bytes) -> list[bytes] | None:
    """The elements of a JSON array, each exactly as served."""
    parts = decode(content, list[msgspec.Raw])
    return None if parts is None else [bytes(part) for part in parts]


def texts(inner: str | None) -> tuple[str, ...]:
    """A JSON array of texts inside a text; empty if it is anything else."""
    found = decode((inner or "").encode(), list[str])
    return tuple(found or ())


def is_short(number: Decimal) -> bool:
    """Whether a number is finite and its plain text short: `1e999999` would be a megabyte."""
    is_near = number.is_finite() and abs(number.adjusted()) <= _DIGITS_MAX
    return is_near and len(number.as_tuple().digits) <= _DIGITS_MAX


def plain(number: Decimal) -> str:
    """Decimal text without exponent and without trailing zeros: `0.010` gives `0.01`."""
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def label(*candidates: str | None) -> str:
    """The first non-blank text, without control and bidi characters, shortened."""
    for candidate in candidates:
        # Cut first: a megabyte of title must not be walked.
        kept = [char for char in (candidate or "")[:LABEL_MAX] if _is_printable(char)]
        if cleaned := "".join(kept).strip():
            return cleaned
    return ""


def _is_printable(char: str) -> bool:
    # Cc, Cf, Cs, Co, Cn: control, format (bidi marks), surrogates, private, unassigned.
    return not unicodedata.category(char).startswith("C")


def iso_ms(text: str | None) -> int:
    """ISO-8601 time in ms since the epoch; 0 if absent, without offset or unreadable."""
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        return 0
    if moment.tzinfo is None:
        return 0
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def stamp_ms(value: int | str) -> int:
    """A venue time in ms, its unit told by magnitude (F-59); 0 if it is not a whole number."""
    text = str(value)
    if not (text.isascii() and text.isdigit() and len(text) <= _DIGITS_MAX):
        return 0
    number = int(text)
    if number <= _MAX_S:
        return number * 1000
    if number <= _MAX_MS:
        return number
    return number // 1000 if number <= _MAX_US else number // 1_000_000
