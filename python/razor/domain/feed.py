"""What a live feed is told, and the records it hands on.

Owns the settings of the feed (plain values, already validated by the settings reader), the names
of record kinds and the two records the feed writes itself: a gap and the market definitions'
envelope lives in `razor.domain.universe`.

Must never read the environment or a file, and never hold a secret: the feed is read-only and
works without an account.

Invariants:
* Times are `int` nanoseconds on one time line (`recv_ns`), settings are `int` milliseconds.
* A gap is a closed interval, `from_ns <= to_ns`; an open end is written as the time it was seen.
"""

import json
from dataclasses import dataclass, field
from enum import Enum

NS_PER_MS = 1_000_000
NS_PER_S = 1_000_000_000


class RecordKind(Enum):
    """Kind of a record; the value is the letter code of the capture line."""

    WS = "ws"
    REST = "rest"
    TRADE = "trade"
    QUOTE = "quote"
    REF = "ref"
    META = "meta"
    GAP = "gap"


class TradesApi(Enum):
    """Which Data API answers the trades poll (PROTOCOL 3.6)."""

    V1 = "v1"
    V2 = "v2"


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointSettings:
    """Where the venue answers and how long one call may take.

    Only the hosts of these four addresses are ever contacted. Anything but `https`/`wss` is
    refused unless the host is the loopback.
    """

    gamma_base: str = "https://gamma-api.polymarket.com"
    ws_base: str = "wss://ws-subscriptions-clob.polymarket.com"
    data_api_base: str = "https://data-api.polymarket.com"
    clob_base: str = "https://clob.polymarket.com"
    http_timeout_ms: int = 3_000
    http_connect_timeout_ms: int = 3_000
    ws_connect_timeout_ms: int = 10_000
    ws_write_timeout_ms: int = 3_000


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedSettings:
    """Limits and deadlines of the feed; every queue and every retry has one here."""

    endpoints: EndpointSettings = field(default_factory=EndpointSettings)
    # One connection. Above 500 assets the initial dumps stop arriving (PROTOCOL 5.1).
    shard_tokens: int = 200
    max_connections: int = 256
    ping_interval_ms: int = 10_000
    pong_timeout_ms: int = 30_000
    frame_max_bytes: int = 16 * 1024 * 1024
    frame_queue: int = 256
    close_timeout_ms: int = 500
    # Reconnecting: full jitter between 0 and the current step, doubled up to the maximum.
    backoff_first_ms: int = 250
    backoff_max_ms: int = 30_000
    healthy_ms: int = 60_000
    rejects_per_min: int = 20
    # Data liveness.
    watch_interval_ms: int = 1_000
    canaries: int = 3
    shard_silent_ms: int = 20_000
    shard_quiet_ms: int = 120_000
    min_dwell_ms: int = 10_000
    token_first_event_ms: int = 15_000
    token_lag_ms: int = 10_000
    token_check_ms: int = 15_000
    token_moves: int = 5
    # REST book check.
    spot_check_ms: int = 60_000
    spot_check_tokens: int = 500
    # Trades poller, names and defaults of RAZOR_SPEC 3.
    trade_poll_interval_ms: int = 1_000
    trade_poll_limit: int = 500
    trade_poll_taker_only: bool = True
    trade_pages: int = 3
    trades_api: TradesApi = TradesApi.V1
    # Market flags are read again this often (the CDN keeps Gamma answers up to 300 s).
    flags_refresh_ms: int = 60_000
    # HTTP.
    http_retries: int = 2
    retry_first_ms: int = 250
    retry_max_ms: int = 5_000
    response_max_bytes: int = 32 * 1024 * 1024
    limit_share_pct: int = 50
    user_agent: str = "razor/0.1 (read-only market data)"
    # Clock watch.
    clock_jump_ms: int = 1_000
    pause_ms: int = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which markets to follow; the parts add up. An event brings all its tradable children."""

    market_ids: tuple[str, ...] = ()
    condition_ids: tuple[str, ...] = ()
    slugs: tuple[str, ...] = ()
    event_ids: tuple[str, ...] = ()
    event_slugs: tuple[str, ...] = ()

    def is_empty(self) -> bool:
        """Tell whether nothing at all is selected."""
        parts = (self.market_ids, self.condition_ids, self.slugs, self.event_ids, self.event_slugs)
        return not any(parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A stretch of time in which the recording is not complete.

    `cause` is a code in capitals followed by `key=value` words; `lost` is the number of records
    known to be missing, 0 when nobody can know.
    """

    from_ns: int
    to_ns: int
    cause: str
    lost: int = 0

    def encode(self) -> bytes:
        """Payload of the `gap` record, JSON with keys in fixed order."""
        row = {
            "from_ns": self.from_ns,
            "to_ns": self.to_ns,
            "cause": self.cause,
            "lost": self.lost,
        }
        return json.dumps(row, separators=(",", ":")).encode()
