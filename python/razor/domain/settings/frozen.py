"""Settings of the frozen schema 1.3.2a: signals, buckets, shadow windows, verdict, calibration.

Owns: the keys whose names, units, defaults and ranges are part of the schema; the Day-14 verdict
is defined on them. Must never: gain a key that changes a frozen number — that needs a new schema
version. Decimals here go to the engine as their exact text.
"""

import re
from dataclasses import dataclass
from decimal import Decimal

from razor.domain.settings.value import Exact, Flag, Text, Whole, key

__all__ = ["Brain", "Buckets", "Calibration", "Report", "Shadow"]

_YEAR_MS = 31_536_000_000
_ANY_MS = Whole(low=0, high=_YEAR_MS, unit="ms")
_SOME_MS = Whole(low=1, high=_YEAR_MS, unit="ms")
_BPS = Whole(low=0, high=10_000, unit="bps")
_ONE = Decimal(1)
# Twelve places: the engine keeps fill quantities in 10^-12 shares.
_SHARE = Exact(low=Decimal(0), high=_ONE, decimals=12, unit="share of 1")
_SUSPECT_SHARES = Exact(low=Decimal(0), high=Decimal(10**12), decimals=6, unit="shares")
_SUSPECT_USDC = Exact(low=Decimal(0), high=Decimal(10**12), decimals=6, unit="USDC")
_AMOUNT = Exact(low=Decimal(-(10**9)), high=Decimal(10**9), decimals=6, unit="USDC")
_TOML_NAME = re.compile(r"(?!config\.toml$)[A-Za-z0-9][A-Za-z0-9_-]{0,60}\.toml")


@dataclass(frozen=True, slots=True, kw_only=True)
class Brain:
    """When a set's joint price becomes a signal."""

    risk_premium_bps: int = key(80, _BPS, "Kept back for what the model does not know.")
    min_net_edge_bps: int = key(10, _BPS, "A signal needs expected_net at or above it.")
    q_req: Decimal = key(
        Decimal(10),
        # The bound keeps every frozen product inside a 128-bit integer.
        Exact(
            low=Decimal(0), high=Decimal(10**6), decimals=6, unit="shares per leg", above_low=True
        ),
        "Shares of each leg; small enough for the depth that is usual at the best price.",
    )
    signal_cooldown_ms: int = key(
        1000, _ANY_MS, "The same market, strategy and 2-bps cost cell is silent for so long."
    )
    max_snapshot_staleness_ms: int = key(
        500, _ANY_MS, "A set is not judged on a book whose last proof of life is older."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Buckets:
    """The share of traded volume a resting bidder would have got, per liquidity bucket."""

    fill_share_liquid_p25: Decimal = key(
        Decimal("0.30"), _SHARE, "25th percentile assumed for Liquid sets until calibrated."
    )
    fill_share_thin_p25: Decimal = key(
        Decimal("0.10"), _SHARE, "25th percentile assumed for Thin sets until calibrated."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Shadow:
    """The window in which a signal is judged, and the trade prints it is judged on."""

    window_start_ms: int = key(
        100, _ANY_MS, "Nobody reacts faster: earlier prints do not count as ours."
    )
    window_end_ms: int = key(1100, _ANY_MS, "Later prints do not count; above window_start_ms.")
    trade_poll_interval_ms: int = key(1000, _SOME_MS, "Polling of public prints per market.")
    trade_poll_limit: int = key(
        500, Whole(low=1, high=1_000_000, unit="rows"), "Rows of one page of prints."
    )
    trade_poll_taker_only: bool = key(
        default=True, kind=Flag(), reason="One row per match instead of one per side."
    )
    trade_retention_ms: int = key(
        5000, _ANY_MS, "Prints kept for settlement; at least window_end_ms."
    )
    max_trades: int = key(
        200_000, Whole(low=1, high=100_000_000, unit="prints"), "Bound of the print store."
    )
    max_trade_gap_ms: int = key(
        700, _ANY_MS, "A larger hole between prints marks the row; 0 turns the mark off."
    )
    trade_size_suspect_threshold: Decimal = key(
        Decimal(50_000), _SUSPECT_SHARES, "A print so large marks the row; 0 turns it off."
    )
    trade_notional_suspect_threshold: Decimal = key(
        Decimal(50_000), _SUSPECT_USDC, "A print so dear marks the row; 0 turns it off."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Thresholds and capital of the reports."""

    min_total_shadow_pnl: Decimal = key(
        Decimal(0), _AMOUNT, "GO needs a shadow profit above it; the Day-14 verdict fixes 0."
    )
    min_avg_set_ratio: Decimal = key(
        Decimal("0.85"),
        _SHARE,
        "A row whose set ratio is below counts as a legging failure (per row, despite the name).",
    )
    starting_capital_usdc: Decimal = key(
        Decimal(0),
        Exact(low=Decimal(0), high=Decimal(10**12), decimals=6, unit="USDC"),
        "Shows profit also as a percentage of it; 0 leaves that line out.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """When real fills become a suggestion for a person to review."""

    min_samples_per_bucket: int = key(
        30, Whole(low=0, high=1_000_000, unit="samples"), "Fewer are insufficient; 0 counts as 1."
    )
    suggest_filename: str = key(
        "calibration_suggest.toml",
        Text(pattern=_TOML_NAME, allowed="a plain file name that ends in .toml"),
        "Written into the run directory, never applied by a program.",
    )
    quantile: Decimal = key(
        Decimal("0.25"),
        Exact(low=Decimal("0.25"), high=Decimal("0.25"), decimals=2, unit="quantile"),
        "Frozen: the ledger is defined on the 25th percentile.",
    )
