"""Settings of the live feed: how streams are opened, watched and distrusted.

Owns: ``[feed]``. Every queue, deadline and retry of the feed has its bound here. A stream is
judged by its data, not by its PONGs: the venue answers pings while books stand still.
"""

from dataclasses import dataclass

from razor.domain.settings.value import Flag, Whole, Word, key

__all__ = ["Feed"]

# One year: no timer of razor is longer, and as nanoseconds it stays far inside 64 bits.
_MS = Whole(low=1, high=31_536_000_000, unit="ms")
_COUNT_MOST = 1_000_000
_MIB = 1_048_576


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """Limits and deadlines of streams, polls and checks."""

    shard_tokens: int = key(
        200,
        Whole(low=1, high=200, unit="tokens"),
        "Tokens per connection; above 500 the venue sends no first books, 200 is safe practice.",
    )
    max_connections: int = key(
        256, Whole(low=1, high=4096, unit="connections"), "Shards open at a time."
    )
    ping_interval_ms: int = key(
        10_000, Whole(low=1000, high=60_000, unit="ms"), "The venue expects a PING every 10 s."
    )
    pong_timeout_ms: int = key(
        30_000, _MS, "No PONG for so long is a dead link (the venue's own client uses 30 s)."
    )
    frame_cap_bytes: int = key(
        16 * _MIB,
        Whole(low=65_536, high=64 * _MIB, unit="bytes"),
        "First books of 200 deep tokens stay under 8 MiB; a larger frame than this is refused.",
    )
    frame_queue: int = key(
        256,
        Whole(low=1, high=_COUNT_MOST, unit="frames"),
        "Frames read ahead per connection; then the venue waits in TCP.",
    )
    close_timeout_ms: int = key(500, _MS, "A close that takes longer is a cut; an end takes 2 s.")
    backoff_first_ms: int = key(250, _MS, "First wait before a reconnect, with full jitter.")
    backoff_max_ms: int = key(30_000, _MS, "Longest wait before a reconnect.")
    healthy_ms: int = key(
        60_000, _MS, "A connection that lasted so long starts again at the first wait."
    )
    rejects_per_min: int = key(
        20,
        Whole(low=1, high=_COUNT_MOST, unit="frames/min"),
        "More unreadable frames on one connection make its books DIRTY.",
    )
    watch_interval_ms: int = key(1000, _MS, "How often liveness and clocks are looked at.")
    canaries: int = key(
        3, Whole(low=1, high=200, unit="tokens"), "Busiest tokens of a shard that prove it alive."
    )
    shard_silent_ms: int = key(
        20_000, _MS, "A shard that flowed and is so long silent while others flow is stale."
    )
    shard_quiet_ms: int = key(
        120_000, _MS, "A shard without any data for so long gets a new connection in any case."
    )
    min_dwell_ms: int = key(10_000, _MS, "A younger connection is not replaced: no flapping.")
    token_first_event_ms: int = key(
        15_000, _MS, "A subscribed token without any event for so long is late."
    )
    token_lag_ms: int = key(
        10_000, _MS, "A token so far behind its sibling of the same market is late."
    )
    token_check_ms: int = key(15_000, _MS, "A late token's book is read by REST this often.")
    token_moves: int = key(
        5, Whole(low=0, high=100, unit="moves"), "New connections tried for one late token."
    )
    rest_check_interval_ms: int = key(60_000, _MS, "Books are compared with REST this often.")
    rest_check_tokens: int = key(
        500, Whole(low=0, high=20_000, unit="tokens"), "Books compared per check, canaries first."
    )
    hash_check_every: int = key(
        64,
        Whole(low=0, high=_COUNT_MOST, unit="deltas"),
        "Every so-many-th delta has its book hash checked, off the decision path; 0 = none.",
    )
    trade_pages: int = key(
        3,
        Whole(low=1, high=100, unit="pages"),
        "Pages of prints per poll; a hole beyond them is marked, never looped for.",
    )
    trades_api: str = key("v1", Word(choices=("v1", "v2")), "Version of the prints' address.")
    flags_refresh_ms: int = key(
        60_000, _MS, "Market flags are read again this often (answers are cached up to 300 s)."
    )
    http_retries: int = key(
        2, Whole(low=0, high=2, unit="retries"), "Of reads only; an order is never sent twice."
    )
    retry_first_ms: int = key(250, _MS, "First wait before a retry, with full jitter.")
    retry_max_ms: int = key(5000, _MS, "Longest wait before a retry.")
    response_max_bytes: int = key(
        32 * _MIB,
        Whole(low=65_536, high=1024 * _MIB, unit="bytes"),
        "A larger answer is refused after decompression, against bombs.",
    )
    limit_share_pct: int = key(
        50, Whole(low=1, high=100, unit="%"), "Share of the venue's published rate limits used."
    )
    clock_jump_ms: int = key(
        1000, _MS, "A larger step of the wall clock against the monotonic one is recorded."
    )
    pause_ms: int = key(
        5000, _MS, "A process that stood still for so long treats every book as stale."
    )
    raw_ws: bool = key(
        default=False, kind=Flag(), reason="Also write raw_ws.jsonl; the journal has it anyway."
    )
    raw_ws_rotate_bytes: int = key(
        512 * _MIB,
        Whole(low=_MIB, high=_MIB * _MIB, unit="bytes"),
        "raw_ws.jsonl is rotated above this size.",
    )
