"""Settings of trading: the gates to real orders, the order machine, the simulator, the caps.

Owns: ``[live]``, ``[sim]``, ``[oms]``, ``[risk]``. Must never: trade by default (``live.enabled``
is false), know a key (only the *name* of the environment variable that holds it), or give a cap a
value that means "unlimited".
"""

import re
from dataclasses import dataclass
from decimal import Decimal

from razor.domain.settings.value import Exact, Flag, Text, Whole, Word, key

__all__ = ["Live", "Oms", "Risk", "Sim"]

_YEAR_MS = 31_536_000_000
_ANY_MS = Whole(low=0, high=_YEAR_MS, unit="ms")
_SOME_MS = Whole(low=1, high=_YEAR_MS, unit="ms")
_BPS = Whole(low=0, high=10_000, unit="bps")
_SHARE = Exact(low=Decimal(0), high=Decimal(1), decimals=12, unit="share of 1")
_CAP = Exact(
    low=Decimal(0), high=Decimal(10**9), decimals=6, unit="USDC, no value means unlimited",
    above_low=True,
)  # fmt: skip
_COUNT = Whole(low=1, high=1_000_000, unit="orders")
_PER_MILLE = Whole(low=0, high=1000, unit="per thousand")
_VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]{0,59}")
_REASON = re.compile(r"[^\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]{0,200}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """The way to real orders and the ladders that guard them."""

    enabled: bool = key(
        default=False, kind=Flag(), reason="Real orders need this and every other gate open."
    )
    accept_no_verdict: str = key(
        "",
        Text(
            pattern=_REASON, allowed="one line of at most 200 characters; empty = a verdict is due"
        ),
        "A reason given here replaces the sealed GO verdict and is printed on every report page.",
    )
    chain_id: int = key(
        137,
        Whole(low=137, high=80_002, unit="chain", only=(137, 80_002)),
        "137 is Polygon, 80002 its test network Amoy.",
    )
    private_key_env: str = key(
        "POLYGON_PRIVATE_KEY",
        Text(
            pattern=_VARIABLE,
            allowed="the NAME of an environment variable (A-Z, 0-9, _), never a key",
            is_private=True,
        ),
        "The key itself never stands in a file.",
    )
    api_key_nonce: int = key(
        0, Whole(low=0, high=2**63 - 1, unit="nonce"), "Another nonce gives another API key."
    )
    chase_cap_bps: int = key(200, _BPS, "Most a chase may pay above the best ask.")
    ladder_step1_bps: int = key(10, _BPS, "First chase step, never above the chase budget.")
    flatten_lvl1_bps: int = key(100, _BPS, "First flatten step under the best bid.")
    flatten_lvl2_bps: int = key(500, _BPS, "Second flatten step.")
    flatten_lvl3_bps: int = key(1000, _BPS, "Last flatten step; after it comes HardStop.")
    flatten_max_attempts: int = key(
        3, Whole(low=0, high=3, unit="attempts"), "Three steps at most; 0 counts as 1."
    )
    cooldown_ms: int = key(1000, _ANY_MS, "Rest of a market after each set.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sim:
    """The simulated venue."""

    sim_fill_share_liquid: Decimal = key(
        Decimal("0.30"), _SHARE, "Share of the best size an order gets on a Liquid set."
    )
    sim_fill_share_thin: Decimal = key(
        Decimal("0.10"), _SHARE, "Share of the best size an order gets on a Thin set."
    )
    sim_network_latency_ms: int = key(120, _ANY_MS, "Order to answer, on the virtual clock.")
    model: str = key(
        "depleting",
        Word(choices=("depleting", "frozen")),
        "depleting: a size is traded once; frozen: the predecessor's model, for comparison.",
    )
    quote_depth: Decimal = key(
        Decimal(0),
        Exact(low=Decimal(0), high=Decimal(10**9), decimals=6, unit="shares"),
        "Sources without sizes: 0 fills nothing, above 0 gives seeded sizes around it, marked.",
    )
    assumed_fee_rate: Decimal = key(
        Decimal(0),
        Exact(low=Decimal(0), high=Decimal(1), decimals=6, unit="share of p(1 - p)"),
        "Sources without a fee schedule: 0 refuses their sets, above 0 charges it, marked.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Oms:
    """Waits of the order machine, and what it waits for."""

    flatten_wait_ms: int = key(
        2000, _SOME_MS, "A flatten step waits so long for a book newer than the last answer."
    )
    settle_deadline_ms: int = key(
        180_000, _SOME_MS, "Waiting for a fill's confirmation on chain; longer is HardStop."
    )
    signal_ttl_ms: int = key(
        1000, _SOME_MS, "An older signal is let go: its books have moved on since."
    )
    take_delayed_markets: bool = key(
        default=False,
        kind=Flag(),
        reason="Markets that hold takers back give makers time to leave before the set is whole.",
    )
    durable_intents: bool = key(
        default=False,
        kind=Flag(),
        reason="Wait for the disk before each order leaves; real orders are refused without it.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Risk:
    """Hard caps, checked in the last module before the wire."""

    max_exposure_usdc: Decimal = key(
        Decimal(100), _CAP, "Positions at cost plus everything in flight, at every instant."
    )
    max_signal_usdc: Decimal = key(Decimal(20), _CAP, "Cost of one set, chases included.")
    max_day_loss_usdc: Decimal = key(Decimal(10), _CAP, "Realised loss of a UTC day: HardStop.")
    max_orders_per_min: int = key(60, _COUNT, "Sends in any 60 s; a part is kept for exits.")
    max_open_orders: int = key(8, _COUNT, "Orders without a final answer at a time.")
    max_residual_usdc: Decimal = key(
        Decimal(5),
        Exact(low=Decimal(0), high=Decimal(10**9), decimals=6, unit="USDC"),
        "Unsellable leftovers at cost; more is HardStop, 0 allows none.",
    )
    max_event_exposure_usdc: Decimal = key(
        Decimal(50), _CAP, "The part of the exposure that hangs on one event and its resolution."
    )
    exit_reserve_pct: int = key(
        25,
        Whole(low=1, high=90, unit="%"),
        "Part of max_orders_per_min that entries leave to cancels and sales.",
    )
    max_loss_streak: int = key(
        3, Whole(low=1, high=1000, unit="sets"), "So many failed sets in a row are a HardStop."
    )
    max_revert_permille: int = key(
        100, _PER_MILLE, "More voided fills are a HardStop; a quarter reverts in bad hours."
    )
    revert_window: int = key(
        50, Whole(low=1, high=10_000, unit="fills"), "Settled fills the revert rate is taken over."
    )
    max_api_error_permille: int = key(
        200, _PER_MILLE, "More failed calls are a HardStop; an incident fails most of them."
    )
    api_error_window: int = key(
        50, Whole(low=1, high=10_000, unit="calls"), "Order calls the error rate is taken over."
    )
