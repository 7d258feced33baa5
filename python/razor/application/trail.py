"""From the rows of a run's order path to its signals and sums.

Owns: :func:`make_trail`, :func:`realised_of`, :func:`optimism`. Amounts are sums and products of
table cells in exact decimals; nothing is rounded but the ratio. Must never: read a file or a clock,
or count a fill that the chain has not confirmed.

The realised result is before fees: ``trade_log.csv`` has none. Prices are the order's average,
which the core rounds against us.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import ROUND_HALF_EVEN, Context, Decimal

from razor.domain.trail import (
    OUTCOMES,
    Ladder,
    Overview,
    Quantiles,
    Realised,
    ShadowLeg,
    ShadowSet,
    SignalTrail,
    Totals,
    Trail,
    TrailRow,
)

__all__ = ["RATIO_PLACES", "make_trail", "optimism", "realised_of"]

RATIO_PLACES = 6
_ZERO = Decimal(0)
# Wide enough that no quotient of ledger sums loses a digit before it is rounded.
_EXACT = Context(prec=80, rounding=ROUND_HALF_EVEN)
_MEDIAN, _TAIL = 0.50, 0.99
# A set pays one dollar only where that is proven.
_PROVEN = frozenset({"merge", "hold"})


def make_trail(  # noqa: PLR0913 - one per table and fact
    *,
    run_id: str,
    mode: str,
    rows: Sequence[TrailRow],
    sets: Mapping[int, ShadowSet],
    legs: Mapping[int, tuple[ShadowLeg, ...]],
    ladder: Ladder,
    markers: tuple[str, ...] = (),
    accept_no_verdict: str = "",
) -> Trail:
    """Group the rows by signal, in order of their first row, and sum them up."""
    grouped: defaultdict[int, list[TrailRow]] = defaultdict(list)
    for row in rows:
        if row.signal_id is not None:
            grouped[row.signal_id].append(row)
    signals = tuple(
        _signal(signal_id, tuple(found), sets.get(signal_id), legs.get(signal_id, ()))
        for signal_id, found in grouped.items()
    )
    return Trail(
        run_id=run_id,
        mode=mode,
        signals=signals,
        desk_rows=tuple(row for row in rows if row.signal_id is None),
        overview=_overview(rows),
        realised=sum((signal.realised.result for signal in signals), _ZERO),
        frozen=_totals(
            (signal.shadow.frozen_pnl, signal.realised.result)
            for signal in signals
            if signal.shadow is not None
        ),
        venue=_totals(
            (signal.shadow.venue_pnl, signal.realised.result)
            for signal in signals
            if signal.shadow is not None and signal.shadow.venue_pnl is not None
        ),
        ladder=ladder,
        markers=markers,
        accept_no_verdict=accept_no_verdict,
    )


def optimism(shadow: Decimal | None, simulated: Decimal) -> Decimal | None:
    """Give shadow over simulated, rounded half to even at six places; ``None`` without meaning."""
    if shadow is None or not simulated:
        return None
    ratio = _EXACT.divide(shadow, simulated)
    return ratio.quantize(Decimal(1).scaleb(-RATIO_PLACES), context=_EXACT)


def _signal(
    signal_id: int,
    rows: tuple[TrailRow, ...],
    shadow: ShadowSet | None,
    legs: tuple[ShadowLeg, ...],
) -> SignalTrail:
    return SignalTrail(
        signal_id=signal_id,
        started_ms=rows[0].ts_ms if shadow is None else shadow.ts_ms,
        rows=rows,
        shadow=shadow,
        legs=legs,
        realised=realised_of(rows, shadow),
    )


def realised_of(rows: Iterable[TrailRow], shadow: ShadowSet | None) -> Realised:
    """Sum up the confirmed fills of one signal; see :class:`Realised`."""
    rows = tuple(rows)
    held: defaultdict[int, Decimal] = defaultdict(Decimal)
    cash, is_bounded = _ZERO, False
    # The row that ends an order may come before or after its first confirmation.
    prices = {row.order_id: row.avg_price for row in rows if row.avg_price is not None}
    for row in rows:
        if row.action == "SETTLE" and row.settle == "CONF" and row.filled_qty is not None:
            price = prices.get(row.order_id)
            is_bounded = is_bounded or price is None
            worth = row.filled_qty * (price or row.limit_price or _ZERO)
            sign = -1 if row.side == "BUY" else 1
            cash += sign * worth
            held[row.leg or 0] -= sign * row.filled_qty
        elif row.action == "MERGE" and row.result == "FULL" and row.filled_qty is not None:
            cash += row.filled_qty
            for leg in held:
                held[leg] -= row.filled_qty
    # A leg without a confirmed fill is missing from `held`: then nothing is whole.
    is_whole = shadow is not None and len(held) == shadow.legs_n
    sets = max(min(held.values()), _ZERO) if is_whole else _ZERO
    is_proven = shadow is not None and shadow.settlement in _PROVEN
    return Realised(
        cash=cash,
        held_sets=sets,
        payout=sets if is_proven else _ZERO,
        left_over=sum((qty - sets for qty in held.values()), _ZERO),
        not_final=_not_final(rows),
        is_bounded=is_bounded,
    )


def _not_final(rows: Sequence[TrailRow]) -> Decimal:
    """Give the shares matched that the chain has said nothing of."""
    matched: dict[str, Decimal] = {}
    final: defaultdict[str, Decimal] = defaultdict(Decimal)
    for row in rows:
        if row.filled_qty is None or not row.order_id:
            continue
        if row.is_attempt or row.action == "LATE_ARRIVAL":
            matched[row.order_id] = max(matched.get(row.order_id, _ZERO), row.filled_qty)
        elif row.settle in {"CONF", "VOID"}:
            final[row.order_id] += row.filled_qty
    open_qty = (qty - final[order] for order, qty in matched.items())
    return sum((max(qty, _ZERO) for qty in open_qty), _ZERO)


def _overview(rows: Sequence[TrailRow]) -> Overview:
    """Count; an order may have several rows on its way, so orders are counted by their hash."""
    outcomes = Counter(row.result for row in rows if row.is_terminal)
    guards = Counter(row.guard.id for row in rows if row.guard is not None)
    attempts = [row for row in rows if row.is_attempt]
    ended = {row.order_id: row.ts_ms for row in attempts if row.is_sent and row.fill}
    return Overview(
        rows=len(rows),
        by_outcome={word: outcomes[word] for word in OUTCOMES},
        by_guard=dict(sorted(guards.items(), key=lambda pair: (-pair[1], pair[0]))),
        orders_sent=len({row.order_id for row in attempts if row.is_sent}),
        orders_filled=len(
            {
                row.order_id
                for row in rows
                if (row.is_attempt or row.action == "LATE_ARRIVAL") and row.filled_qty
            }
        ),
        kept_back=sum(1 for row in attempts if row.guard is not None),
        latency=_quantiles(row.latency_ms for row in attempts if row.latency_ms is not None),
        settling=_quantiles(
            row.ts_ms - ended[row.order_id]
            for row in rows
            if row.action == "SETTLE" and row.order_id in ended
        ),
    )


def _quantiles(times: Iterable[int]) -> Quantiles:
    """Give nearest-rank quantiles: the smallest value that so large a share does not exceed."""
    ordered = sorted(times)
    if not ordered:
        return Quantiles(count=0, p50=None, p99=None)
    median, tail = (ordered[math.ceil(len(ordered) * q) - 1] for q in (_MEDIAN, _TAIL))
    return Quantiles(count=len(ordered), p50=median, p99=tail)


def _totals(pairs: Iterable[tuple[Decimal | None, Decimal]]) -> Totals:
    """Sum both ledgers over the same signals, so that the ratio compares like with like."""
    signals, shadow, simulated = 0, _ZERO, _ZERO
    for paper, made in pairs:
        signals += 1
        shadow += paper or _ZERO
        simulated += made
    return Totals(signals=signals, shadow=shadow, simulated=simulated)
