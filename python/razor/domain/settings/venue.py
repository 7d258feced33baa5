"""Settings of the venue and of what is recorded from it.

Owns: ``[polymarket]`` (addresses, call limits), ``[run]`` (where and what) and
``[market_select]`` (probing for markets). Must never: hold a credential; addresses with one are
refused.
"""

import re
from dataclasses import dataclass

from razor.domain.settings.value import Address, Text, TextList, Whole, Word, key

__all__ = ["MarketSelect", "Polymarket", "Run"]

# One year: no timer of razor is longer, and as nanoseconds it stays far inside 64 bits.
_YEAR_MS = 31_536_000_000
_MS = Whole(low=1, high=_YEAR_MS, unit="ms")
_HTTP = Address(secure="https", plain="http")
_WS = Address(secure="wss", plain="ws")
_MARKET_ID = re.compile(r"[!-~]{1,128}")
_DIRECTORY = re.compile(r"[^\x00-\x1f\x7f]{1,500}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Polymarket:
    """Addresses of the venue and the limits of one call to it."""

    gamma_base: str = key(
        "https://gamma-api.polymarket.com", _HTTP, "Market metadata; a final / is dropped."
    )
    ws_base: str = key(
        "wss://ws-subscriptions-clob.polymarket.com", _WS, "Streams; /ws/market is appended."
    )
    data_api_base: str = key(
        "https://data-api.polymarket.com", _HTTP, "Public trade prints and positions."
    )
    clob_base: str = key("https://clob.polymarket.com", _HTTP, "Order books and orders.")
    http_timeout_ms: int = key(
        3000, _MS, "One call, whole; a later answer is worth less than a fresh question."
    )
    http_connect_timeout_ms: int = key(3000, _MS, "Opening the connection of one call.")
    ws_connect_timeout_ms: int = key(10000, _MS, "Opening a stream, TLS included.")
    ws_write_timeout_ms: int = key(3000, _MS, "Sending one frame; longer means a dead link.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Where a run is written and which markets it watches."""

    data_dir: str = key(
        "runs",
        Text(pattern=_DIRECTORY, allowed="a directory, without control characters"),
        "Each run gets a directory of its own under it.",
    )
    market_ids: tuple[str, ...] = key(
        (),
        TextList(pattern=_MARKET_ID, allowed="a Gamma market id", most=20_000),
        "Empty is right where the source names its markets (replay, sandbox).",
    )
    snapshot_log_interval_ms: int = key(
        1000, _MS, "Least time between two rows of snapshots.csv; the journal has everything."
    )
    raw_ws_rotate_keep: int = key(
        8, Whole(low=0, high=1_000_000, unit="files"), "Rotated raw_ws files kept; 0 keeps all."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketSelect:
    """Probing candidates for one Liquid and one Thin market."""

    probe_seconds: int = key(
        3600, Whole(low=1, high=31_536_000, unit="s"), "An hour shows quiet and busy minutes."
    )
    pool_limit: int = key(
        200, Whole(low=1, high=100_000, unit="markets"), "Candidates read from the listing."
    )
    max_concurrency: int = key(
        5, Whole(low=0, high=1000, unit="probes"), "Probes at a time; 0 counts as 1."
    )
    prefer_strategy: str = key(
        "any", Word(choices=("binary", "triangle", "any")), "Restrict the pool to one strategy."
    )
