"""From the rows of a run's order path to its signals and sums.

Owns: :func:`make_trail`, :func:`realised_of`, :func:`optimism`. Amounts are sums of table cells in
exact decimals; nothing is rounded but the ratio. Must never: read a file or a clock, or count a
fill that the chain has not confirmed.

Cash is that of ``fills.csv``: what the ledger booked, fees included, so the sum over the signals
must be the account's own (S-33).
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import ROUND_HALF_EVEN, Context, Decimal

from razor.domain.trail import (
    OUTCOMES,
    FillRow,
    Identity,
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
    fills: Sequence[FillRow],
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
    filled: defaultdict[int, list[FillRow]] = defaultdict(list)
    for fill in fills:
        filled[fill.signal_id].append(fill)
    signals = tuple(
        SignalTrail(
            signal_id=signal_id,
            started_ms=found[0].ts_ms if signal_id not in sets else sets[signal_id].ts_ms,
            rows=tuple(found),
            shadow=sets.get(signal_id),
            legs=legs.get(signal_id, ()),
            realised=realised_of(filled[signal_id]),
        )
        for signal_id, found in grouped.items()
    )
    return Trail(
        run_id=run_id,
        mode=mode,
        signals=signals,
        desk_rows=tuple(row for row in rows if row.signal_id is None),
        overview=_overview(rows),
        realised=sum((signal.realised.result for signal in signals), _ZERO),
        fees=sum((signal.realised.fees for signal in signals), _ZERO),
        identity=_identity(fills, signals),
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


def realised_of(fills: Iterable[FillRow]) -> Realised:
    """Sum up the rows of one signal; see :class:`Realised`.

    A match counts once the chain has confirmed it; until then it stands apart, and one that failed
    stands nowhere. Shares of a merge leave every leg alike.
    """
    final: list[FillRow] = []
    matched: dict[str, FillRow] = {}
    legs_n, settlement = 0, ""
    for row in fills:
        legs_n, settlement = row.legs_n, row.settlement
        first = matched.pop(row.fill, None)
        if row.settle == "PROV":
            matched[row.fill] = row
        elif row.settle == "CONF":
            # What a confirmation moves has been moved by the match: the row of that has the cash.
            final.append(row if first is None else first)
    held: defaultdict[int, Decimal] = defaultdict(Decimal)
    merged = _ZERO
    for row in final:
        if row.leg is None:
            merged += row.qty
        else:
            held[row.leg] += row.qty if row.side == "BUY" else -row.qty
    for leg in held:
        held[leg] -= merged
    # A leg without a confirmed fill is missing from `held`: then nothing is whole.
    sets = max(min(held.values()), _ZERO) if held and len(held) == legs_n else _ZERO
    return Realised(
        cash=sum((row.cash for row in final), _ZERO),
        fees=sum((row.fee for row in final), _ZERO),
        held_sets=sets,
        payout=sets if settlement in _PROVEN else _ZERO,
        left_over=sum((qty - sets for qty in held.values()), _ZERO),
        not_final=sum((row.qty for row in matched.values()), _ZERO),
        not_final_cash=sum((row.cash for row in matched.values()), _ZERO),
    )


def _identity(fills: Sequence[FillRow], signals: Sequence[SignalTrail]) -> Identity:
    """Set the account's own cash beside what the signals add up to."""
    made = [signal.realised for signal in signals]
    return Identity(
        cash=fills[-1].account_cash if fills else _ZERO,
        payout=sum((one.payout for one in made), _ZERO),
        signals=sum((one.result for one in made), _ZERO),
        not_final=sum((one.not_final_cash for one in made), _ZERO),
    )


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
