"""What happened to the feed, as values: the audit trail of FAULTS group A.

Owns one class per kind of event. The code in capitals that the trail asks for is `code`; a log
or health file is a rendering of these values and adds nothing.

Must never carry a payload: raw text stays in the recording, an event holds sizes, codes and ids.

Invariants: times are `recv_ns`; texts from outside are shortened before they get in here.
"""

from dataclasses import dataclass
from enum import Enum
from typing import ClassVar


class LostCause(Enum):
    """Why a connection ended."""

    CONNECT_FAILED = "CONNECT_FAILED"
    CLOSED = "CLOSED"
    RESET = "RESET"
    OVERSIZE = "OVERSIZE"
    PONG_TIMEOUT = "PONG_TIMEOUT"
    WRITE_TIMEOUT = "WRITE_TIMEOUT"
    FEED_STALE = "FEED_STALE"
    PARSE_REJECTS = "PARSE_REJECTS"
    PAUSE = "PAUSE"
    STOPPED = "STOPPED"


class TokenPhase(Enum):
    """What is known about one token's book on its connection."""

    WAITING = "WAITING"
    HYDRATED = "HYDRATED"
    NO_SNAPSHOT = "NO_SNAPSHOT"
    SILENT = "SILENT"
    CHECKING = "CHECKING"
    NO_BOOK = "NO_BOOK"
    MOVED = "MOVED"


class HttpOutcome(Enum):
    """How one HTTP attempt ended; everything but `OK` is a failure."""

    OK = "OK"
    TIMEOUT = "TIMEOUT"
    UNREACHABLE = "UNREACHABLE"
    TLS = "TLS"
    THROTTLED = "THROTTLED"
    RESTARTING = "RESTARTING"
    SERVER = "SERVER"
    NOT_FOUND = "NOT_FOUND"
    REFUSED = "REFUSED"
    REDIRECT = "REDIRECT"
    HTML = "HTML"
    TOO_LARGE = "TOO_LARGE"
    MALFORMED = "MALFORMED"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionOpened:
    """A shard is connected and has asked for its tokens."""

    code: ClassVar[str] = "CONNECTED"
    at_ns: int
    conn: str
    epoch: int
    tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionLost:
    """A shard's connection ended or could not be made; `retry_in_ms` is the chosen wait."""

    code: ClassVar[str] = "DISCONNECTED"
    at_ns: int
    conn: str
    epoch: int
    cause: LostCause
    retry_in_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedStale:
    """Data stopped on a shard (`is_open`), or flows again."""

    code: ClassVar[str] = "FEED_STALE"
    at_ns: int
    conn: str
    is_open: bool
    last_data_ns: int
    epoch_before: int
    epoch_after: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenChanged:
    """The hydration state of one token changed."""

    code: ClassVar[str] = "TOKEN_STATE"
    at_ns: int
    token_id: str
    conn: str
    phase: TokenPhase


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameRefused:
    """The decoder refused a frame. `digest` is the SHA-256 of the frame (first 16 hex digits)."""

    code: ClassVar[str] = "PARSE_REJECT"
    at_ns: int
    conn: str
    epoch: int
    reason: str
    length: int
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MappingMismatch:
    """A message named another market than the local map has for its token (F-09)."""

    code: ClassVar[str] = "MARKET_MISMATCH"
    at_ns: int
    conn: str
    token_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class HashesBroke:
    """The hashes of these tokens' book reproduced and suddenly mostly do not (F-08)."""

    code: ClassVar[str] = "HASH_BREAK"
    at_ns: int
    conn: str
    token_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpAttempt:
    """One attempt of one HTTP call; `elapsed_ms` covers connect to last byte."""

    code: ClassVar[str] = "HTTP"
    at_ns: int
    endpoint: str
    attempt: int
    outcome: HttpOutcome
    status: int
    length: int
    elapsed_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BookIgnored:
    """A REST book was recorded as reference only: placeholder or older than the stream (F-07)."""

    code: ClassVar[str] = "GHOST_BOOK"
    at_ns: int
    token_id: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BooksMissing:
    """The venue answered `/books` without these tokens; it drops those it has no book for."""

    code: ClassVar[str] = "BOOKS_MISSING"
    at_ns: int
    token_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TradePollFailed:
    """A trades poll gave no usable answer; the next market follows at once."""

    code: ClassVar[str] = "TRADE_POLL_FAILED"
    at_ns: int
    condition_id: str
    outcome: HttpOutcome


@dataclass(frozen=True, slots=True, kw_only=True)
class TradePollHitLimit:
    """A page came back full. `earliest_ts_ms`, `latest_ts_ms`: venue times of the page, or 0."""

    code: ClassVar[str] = "TRADE_POLL_HIT_LIMIT"
    at_ns: int
    condition_id: str
    returned_count: int
    earliest_ts_ms: int
    latest_ts_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TradesIncomplete:
    """Prints of a market between two times may be missing."""

    code: ClassVar[str] = "TRADES_INCOMPLETE"
    at_ns: int
    condition_id: str
    from_ns: int
    to_ns: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketSkipped:
    """A selected market is not followed."""

    code: ClassVar[str] = "MARKET_SKIPPED"
    at_ns: int
    market: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SetUnproven:
    """A group is not proven exclusive and exhaustive."""

    code: ClassVar[str] = "SET_UNPROVEN"
    at_ns: int
    key: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FeesDisagree:
    """Gamma and the CLOB state different fees; the CLOB is used."""

    code: ClassVar[str] = "FEES_DISAGREE"
    at_ns: int
    condition_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketChanged:
    """Facts of a market changed while it is followed (F-10)."""

    code: ClassVar[str] = "MARKET_CHANGED"
    at_ns: int
    condition_id: str
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockJumped:
    """The wall clock moved against the monotonic one."""

    code: ClassVar[str] = "CLOCK_JUMP"
    at_ns: int
    jump_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Paused:
    """The process did not run for a while; all books count as stale."""

    code: ClassVar[str] = "PAUSE"
    at_ns: int
    length_ns: int


FeedEvent = (
    ConnectionOpened
    | ConnectionLost
    | FeedStale
    | TokenChanged
    | FrameRefused
    | MappingMismatch
    | HashesBroke
    | HttpAttempt
    | BookIgnored
    | BooksMissing
    | TradePollFailed
    | TradePollHitLimit
    | TradesIncomplete
    | MarketSkipped
    | SetUnproven
    | FeesDisagree
    | MarketChanged
    | ClockJumped
    | Paused
)
