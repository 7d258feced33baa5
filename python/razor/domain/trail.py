"""What the tables of a run say about its order path: rows, signals, sums.

Owns: the values between the reader of ``trade_log.csv`` and the pages made of them. Must never:
hold a float; amounts are exact decimals as the table spells them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

__all__ = [
    "OUTCOMES",
    "FillRow",
    "Guard",
    "Identity",
    "Ladder",
    "Overview",
    "Quantiles",
    "Realised",
    "ShadowLeg",
    "ShadowSet",
    "SignalTrail",
    "Totals",
    "Trail",
    "TrailRow",
]

# The words that end a signal (INVARIANTS L-1).
OUTCOMES = ("SET_DONE", "NO_FILL", "FLATTENED", "EXPIRED", "REJECTED_BY_RISK", "HARDSTOP")


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """What blocked: the line of INVARIANTS and both sides of its inequality, as written."""

    id: str
    fields: tuple[tuple[str, int], ...]

    @property
    def text(self) -> str:
        """The guard as the table spells it, without ``guard=``."""
        return " ".join((self.id, *(f"{name}={value}" for name, value in self.fields)))


@dataclass(frozen=True, slots=True, kw_only=True)
class TrailRow:
    """One row of ``trade_log.csv``; ``None`` and blank do not apply.

    ``line`` counts from 1 and is the header's. Prices are USDC per share, quantities shares,
    ``budget_bps`` and ``expected_net_bps`` basis points. ``leg`` is in table order from 0,
    ``attempt`` counts per leg from 1. ``order_id`` is blank where no intent was made. ``words``
    are the reason codes without the guard; of a ``STATE`` row the states before and after.
    ``phase`` is where the desk stood when it wrote the row, from the ``STATE`` rows before it.
    """

    line: int
    ts_ms: int
    signal_id: int | None
    market_id: str
    strategy: str
    bucket: str
    expected_net_bps: int | None
    action: str
    attempt: int | None
    leg: int | None
    token_id: str
    side: str
    limit_price: Decimal | None
    req_qty: Decimal | None
    budget_bps: int | None
    order_id: str
    ack: str
    filled_qty: Decimal | None
    avg_price: Decimal | None
    fill: str
    settle: str
    result: str
    latency_ms: int | None
    words: tuple[str, ...]
    guard: Guard | None
    phase: str

    @property
    def is_terminal(self) -> bool:
        """Whether this row ends its signal."""
        return self.signal_id is not None and self.result in OUTCOMES

    @property
    def is_attempt(self) -> bool:
        """Whether it is about an order, sent or kept back."""
        return self.action in {"FIRE", "CHASE", "FLATTEN"}

    @property
    def is_sent(self) -> bool:
        """Whether it proves that its order left: an answer, a latency, or a doubt about it."""
        left = self.latency_ms is not None or bool(self.ack) or self.result == "UNKNOWN"
        return self.is_attempt and bool(self.order_id) and left


@dataclass(frozen=True, slots=True, kw_only=True)
class ShadowSet:
    """What ``shadow_sets.csv`` says of a signal; ``None`` where a basis does not know it.

    ``ts_ms`` is the signal's engine time; ``q_req`` shares of every leg; both results in USDC.
    ``settlement`` is ``merge``, ``hold`` or ``unproven``: only the first two make a whole set worth
    a dollar. ``venue_notes`` say why ``venue_pnl`` is missing.
    """

    signal_id: int
    ts_ms: int
    legs_n: int
    worst_spread_bps: int | None
    worst_spread_ticks: int | None
    q_req: Decimal
    expected_net_bps: int
    frozen_pnl: Decimal
    settlement: str
    venue_pnl: Decimal | None
    venue_notes: str

    @property
    def expected(self) -> Decimal:
        """The net edge at the signal in USDC: bps of the shares asked for."""
        return self.expected_net_bps * self.q_req / 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ShadowLeg:
    """One leg at the signal: its token and the best prices (1 and 0 for an empty side)."""

    signal_id: int
    leg: int
    token_id: str
    ask: Decimal
    bid: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class FillRow:
    """One row of ``fills.csv``: a fill, what the chain decided of it, or a merge.

    ``cash`` is what the account's cash changed by, fees included, as the ledger booked it;
    ``account_cash`` all of it so far, matched and not final included. ``leg`` is ``None`` and
    ``fill`` blank for a merge; ``settlement`` says how a whole set pays. Amounts in USDC.
    """

    signal_id: int
    settlement: str
    legs_n: int
    event: str
    fill: str
    leg: int | None
    side: str
    qty: Decimal
    fee: Decimal
    settle: str
    cash: Decimal
    account_cash: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Realised:
    """What the order machine made of a signal: confirmed fills only, after fees, exact.

    ``cash`` USDC in less out, ``fees`` the part of it that went to the venue; ``payout`` of whole
    sets still held, one dollar each where that is proven; ``left_over`` confirmed shares outside
    whole sets, valued at 0. Apart stand ``not_final`` shares matched and neither confirmed nor
    void, and the ``not_final_cash`` of them.
    """

    cash: Decimal
    fees: Decimal
    held_sets: Decimal
    payout: Decimal
    left_over: Decimal
    not_final: Decimal
    not_final_cash: Decimal

    @property
    def result(self) -> Decimal:
        """Cash and the payout of what is held whole."""
        return self.cash + self.payout


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Both sides of the identity of S-33, USDC.

    ``cash`` is the account's as the ledger carried it, ``payout`` of all whole sets held;
    ``signals`` the sum of the results of the signals, ``not_final`` the cash of what is not final.
    """

    cash: Decimal
    payout: Decimal
    signals: Decimal
    not_final: Decimal

    @property
    def difference(self) -> Decimal:
        """Zero, or the files do not tell one story."""
        return self.cash + self.payout - self.signals - self.not_final


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalTrail:
    """One signal: its rows in order, what the shadow ledger says, what was realised.

    ``rows`` has at least one; ``legs`` are in table order and may be none, as ``shadow`` may be
    missing: a run that ends before a signal's window is over never settles it.
    ``started_ms`` is the signal's own time, or that of its first row where the ledger has none.
    """

    signal_id: int
    started_ms: int
    rows: tuple[TrailRow, ...]
    shadow: ShadowSet | None
    legs: tuple[ShadowLeg, ...]
    realised: Realised

    @property
    def terminal(self) -> tuple[TrailRow, ...]:
        """The rows that end it; exactly one unless the run ended uncleanly (L-1)."""
        return tuple(row for row in self.rows if row.is_terminal)

    @property
    def is_worked(self) -> bool:
        """Whether an attempt was made, sent or kept back."""
        return any(row.is_attempt for row in self.rows)

    @property
    def outcome(self) -> str:
        """The L-1 word, or blank."""
        return "|".join(row.result for row in self.terminal)


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantiles:
    """Nearest-rank quantiles of ``count`` times in ms; ``None`` of nothing."""

    count: int
    p50: int | None
    p99: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """Counts over all rows of a run.

    ``by_outcome`` has every word of :data:`OUTCOMES`, zeros included; ``by_guard`` counts rows,
    most frequent first. ``orders_sent`` and ``orders_filled`` count order ids; ``kept_back``
    attempts that a guard held back. ``latency`` is from the wire to the proof of the end,
    ``settling`` from there to the confirmation on chain.
    """

    rows: int
    by_outcome: Mapping[str, int]
    by_guard: Mapping[str, int]
    orders_sent: int
    orders_filled: int
    kept_back: int
    latency: Quantiles
    settling: Quantiles


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """Sums over the signals that both ledgers know on one basis; USDC.

    A signal that one of them does not know is in neither sum.
    """

    signals: int
    shadow: Decimal
    simulated: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Ladder:
    """The settings a run's ladders were built with, bps.

    A chase may cost ``min(expected/2, chase_cap)``, its first step ``chase_step``; a leftover is
    sold at most ``len(flatten_bps)`` times, each time so far under the best bid.
    """

    chase_cap_bps: int = 200
    chase_step_bps: int = 10
    flatten_bps: tuple[int, ...] = (100, 500, 1000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trail:
    """The order path of a run.

    ``signals`` stand in order of their first row, ``desk_rows`` name no signal; together they hold
    every row once. ``run_id`` is that of the rows, of the manifest where there are none; ``mode``
    is blank without rows. ``frozen`` and ``venue`` compare the two ledgers on each basis.
    """

    run_id: str
    mode: str
    signals: tuple[SignalTrail, ...]
    desk_rows: tuple[TrailRow, ...]
    overview: Overview
    realised: Decimal
    fees: Decimal
    identity: Identity
    frozen: Totals
    venue: Totals
    ladder: Ladder
    markers: tuple[str, ...] = ()
    accept_no_verdict: str = ""
