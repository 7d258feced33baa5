"""Scores for tests: a market that passes every gate, to be spoiled one figure at a time."""

from dataclasses import replace
from decimal import Decimal

from razor.domain.probe import ProbeFigures
from razor.domain.selection import Candidate, Score

HOUR_MS = 3_600_000
START_MS = 1_800_000_000_000

GOOD = ProbeFigures(
    snapshots_total=1_000,
    snapshots_eval_total=1_000,
    liquid=1_000,
    passes=10,
    trades_total=100,
    worst_spread_bps_p50=12,
    worst_depth3_usdc_p50="900.500000",
    expected_net_bps_p50=-20,
    expected_net_bps_p90=5,
    expected_net_bps_max=40,
)


def candidate(market_id: str, *, legs: int = 2, volume: str = "0") -> Candidate:
    return Candidate(
        market_id=market_id,
        condition_id=f"0xc{market_id}",
        token_ids=tuple(f"{market_id}{leg}" for leg in range(legs)),
        volume_24h=Decimal(volume),
    )


def score(
    market_id: str, *, legs: int = 2, volume: str = "0", probe_ms: int = HOUR_MS, **figures: object
) -> Score:
    """A market that passes the gates of both buckets unless `figures` say otherwise."""
    return Score(
        candidate=candidate(market_id, legs=legs, volume=volume),
        start_ms=START_MS,
        end_ms=START_MS + probe_ms,
        probe_ms=probe_ms,
        trade_poll_limit=500,
        figures=replace(GOOD, **figures),  # type: ignore[arg-type]
    )


def liquid(market_id: str, **changes: object) -> Score:
    return score(market_id, **changes)  # type: ignore[arg-type]


def thin(market_id: str, **changes: object) -> Score:
    return score(market_id, **{"liquid": 0, "thin": 1_000, **changes})  # type: ignore[arg-type]


def group(market_id: str, *, legs: int = 5, **changes: object) -> Score:
    """A group that passes the gates; its markets are followed by ids of their own."""
    base = score(market_id, legs=legs, **{"liquid": 0, "thin": 1_000, **changes})  # type: ignore[arg-type]
    ids = tuple(f"{market_id}-{leg}" for leg in range(legs))
    event = replace(base.candidate, event_id=market_id, is_group=True, market_ids=ids)
    return replace(base, candidate=event)
