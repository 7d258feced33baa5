"""The trail as JSON facts: every row of every signal, amounts as exact text.

Owns: :func:`trail_facts`. Must never: hold a float, or leave a row out.
"""

from collections.abc import Sequence
from decimal import Decimal

from razor.app.report.trail.words import Story, desk_sentence, plain
from razor.application.trail import optimism
from razor.domain.errors import JsonValue
from razor.domain.trail import Quantiles, SignalTrail, Totals, Trail, TrailRow

__all__ = ["trail_facts"]


def trail_facts(trail: Trail, signals: Sequence[SignalTrail]) -> dict[str, JsonValue]:
    """Give the overview of the run and all rows of ``signals``."""
    found = trail.overview
    return {
        "run_id": trail.run_id,
        "mode": trail.mode,
        "rows": found.rows,
        "by_outcome": dict(found.by_outcome),
        "by_guard": dict(found.by_guard),
        "orders_sent": found.orders_sent,
        "orders_filled": found.orders_filled,
        "attempts_kept_back": found.kept_back,
        "latency_ms": _quantiles(found.latency),
        "settle_latency_ms": _quantiles(found.settling),
        "realised_usdc": plain(trail.realised),
        "fees_usdc": plain(trail.fees),
        "identity": {
            "account_cash_usdc": plain(trail.identity.cash),
            "payout_usdc": plain(trail.identity.payout),
            "signals_usdc": plain(trail.identity.signals),
            "not_final_usdc": plain(trail.identity.not_final),
            "difference_usdc": plain(trail.identity.difference),
        },
        "totals": {"frozen": _totals(trail.frozen), "venue": _totals(trail.venue)},
        "markers": list(trail.markers),
        "accept_no_verdict": trail.accept_no_verdict,
        "signals": [_signal(trail, signal) for signal in signals],
        "desk": [_row(row, None, desk_sentence(row)) for row in trail.desk_rows],
    }


def _quantiles(found: Quantiles) -> dict[str, JsonValue]:
    return {"count": found.count, "p50": found.p50, "p99": found.p99}


def _totals(totals: Totals) -> dict[str, JsonValue]:
    """Give both sums of a basis; the ratio is ``null`` where nothing was made."""
    return {
        "signals": totals.signals,
        "shadow_usdc": plain(totals.shadow),
        "simulated_usdc": plain(totals.simulated),
        "paper_optimism": _text(optimism(totals.shadow, totals.simulated)),
    }


def _signal(trail: Trail, signal: SignalTrail) -> dict[str, JsonValue]:
    """Give one signal with all its rows; ``null`` where a ledger does not know a number."""
    shadow, made = signal.shadow, signal.realised
    story = Story(signal, trail.ladder)
    return {
        "signal_id": signal.signal_id,
        "ts_ms": signal.started_ms,
        "market_id": signal.rows[0].market_id,
        "outcome": signal.outcome,
        "expected_net_bps": signal.rows[0].expected_net_bps,
        "expected_usdc": None if shadow is None else plain(shadow.expected),
        "shadow_frozen_usdc": None if shadow is None else plain(shadow.frozen_pnl),
        "shadow_venue_usdc": None if shadow is None else _text(shadow.venue_pnl),
        "shadow_venue_notes": "" if shadow is None else shadow.venue_notes,
        "simulated_usdc": plain(made.result),
        "simulated_cash_usdc": plain(made.cash),
        "simulated_fees_usdc": plain(made.fees),
        "held_sets": plain(made.held_sets),
        "left_over_shares": plain(made.left_over),
        "not_final_shares": plain(made.not_final),
        "not_final_cash_usdc": plain(made.not_final_cash),
        "optimism_frozen": None
        if shadow is None
        else _text(optimism(shadow.frozen_pnl, made.result)),
        "optimism_venue": None
        if shadow is None
        else _text(optimism(shadow.venue_pnl, made.result)),
        "rows": [_row(row, row.ts_ms - signal.started_ms, story.tell(row)) for row in signal.rows],
    }


def _row(row: TrailRow, since_ms: int | None, sentence: str) -> dict[str, JsonValue]:
    """Give a row under the names of its columns, and what it says in words."""
    return {
        "line": row.line,
        "ts_ms": row.ts_ms,
        "since_signal_ms": since_ms,
        "phase": row.phase,
        "action": row.action,
        "attempt": row.attempt,
        "leg": row.leg,
        "token_id": row.token_id,
        "side": row.side,
        "limit_price": _text(row.limit_price),
        "req_qty": _text(row.req_qty),
        "chase_budget_bps": row.budget_bps,
        "order_id": row.order_id,
        "ack": row.ack,
        "filled_qty": _text(row.filled_qty),
        "avg_price": _text(row.avg_price),
        "fill": row.fill,
        "settle": row.settle,
        "result": row.result,
        "latency_ms": row.latency_ms,
        "words": list(row.words),
        "guard": None if row.guard is None else row.guard.text,
        "reason": sentence,
        "is_terminal": row.is_terminal,
    }


def _text(number: Decimal | None) -> str | None:
    return None if number is None else plain(number)
