"""What a probe saw of a set, as the core counted it.

Owns: :class:`ProbeFigures` and :func:`decode_report`. Must never: compute; shares and rates of
these counts are the business of :mod:`razor.domain.selection`.

Invariants: counts of samples never exceed ``snapshots_total``; texts come from outside.
"""

from dataclasses import dataclass

import msgspec

from razor.domain.errors import DecodeError

__all__ = ["NO_EDGE", "NO_SPREAD", "ProbeFigures", "ProbeReport", "ProbedSet", "decode_report"]

# The predecessor's words for "no sample": the ends of a 32-bit integer.
NO_SPREAD = 2**31 - 1
NO_EDGE = -(2**31)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeFigures:
    """Counts, quantiles (index floor((n-1)q)) and gaps of one probe.

    Spreads and edges in bps, gaps in ms (0 with fewer than two events), depth as decimal text of
    dollars, ``None`` without a finite sample. ``trades_before_probe`` are among ``trades_total``.
    """

    snapshots_total: int = 0
    one_sided: int = 0
    bucket_nan: int = 0
    depth3_degraded: int = 0
    liquid: int = 0
    thin: int = 0
    snapshots_eval_total: int = 0
    passes: int = 0
    trades_total: int = 0
    trades_duplicated: int = 0
    trades_before_probe: int = 0
    poll_hit_limit: int = 0
    samples_dropped: int = 0
    worst_spread_bps_p50: int = NO_SPREAD
    worst_depth3_usdc_p50: str | None = None
    expected_net_bps_p50: int = NO_EDGE
    expected_net_bps_p90: int = NO_EDGE
    expected_net_bps_max: int = NO_EDGE
    passes_gap_p50_ms: int = 0
    passes_gap_p90_ms: int = 0
    passes_gap_max_ms: int = 0
    trade_gap_max_ms: int = 0
    poll_gap_max_ms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbedSet:
    """One set: its key in the tables, its legs' tokens and conditions, and what was seen.

    ``end_ms`` is the earliest scheduled end of its markets, 0 when unknown.
    """

    key: str
    legs: tuple[str, ...]
    conditions: tuple[str, ...]
    label: str
    end_ms: int
    figures: ProbeFigures


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeReport:
    """All sets of one prober; ``is_complete`` is false when a recording was not read to its end."""

    from_ms: int
    to_ms: int
    is_complete: bool
    sets: tuple[ProbedSet, ...]


def decode_report(text: str) -> ProbeReport:
    """Read the core's JSON. Errors: :class:`DecodeError` for any other shape."""
    try:
        return msgspec.json.decode(text, type=ProbeReport)
    except msgspec.DecodeError as error:
        raise DecodeError(f"the probe's report is not readable: {error}") from error
