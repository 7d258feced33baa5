"""Market selection: one Liquid and one Thin market out of probed ones (RAZOR_SPEC §25), and groups.

Owns: the frozen gates and orders [F], the rates they look at, the remarks beside them, and the
choice of groups: exclusive events, probed as one set of all their outcomes. Must never: read a
clock, round before a comparison, or compute money; rates are exact fractions.

Invariants:

- the frozen choice does not see groups, so that they change nothing in it;
- a rate without a denominator is ``None`` (``NaN`` in the files), passes no gate and comes last;
- the same scores give the same choice in any order of arrival: ties end with the market id;
- a market is never both the Liquid and the Thin one.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from fractions import Fraction

from razor.domain.probe import ProbeFigures

__all__ = [
    "Candidate",
    "Insufficient",
    "Phase",
    "Preference",
    "Refused",
    "Score",
    "Selected",
    "Warned",
    "market_phase",
    "preferred",
    "select",
    "select_groups",
    "sorted_by_volume",
    "strategy_of",
]

_LEGS = (2, 3)
_MIN_SNAPSHOTS = 300
_MIN_TRADES = 10
_MIN_PASSES = 1
_MAX_NAN_RATE = Fraction(20, 100)
_MIN_LIQUID_RATE = Fraction(50, 100)
_MAX_ONE_SIDED_RATE = Fraction(30, 100)
_MIN_THIN_RATE = Fraction(70, 100)
_MIN_TRADES_PER_MIN = Fraction(2, 10)
_MINUTE_MS = 60_000
_HOUR_MS = 3_600_000
_DAY_MS = 86_400_000
_COVERED_GAP_MS = 300_000
_BURST_GAP_MS = 30 * _MINUTE_MS

Rate = Fraction | None


class Preference(Enum):
    """Which strategies may be selected."""

    ANY = "any"
    BINARY = "binary"
    TRIANGLE = "triangle"
    GROUP = "group"


class Phase(Enum):
    """How far a market is from its scheduled end when its probe starts."""

    GT_7D = "GT_7D"
    D1_TO_D7 = "D1_TO_D7"
    LT_24H = "LT_24H"
    UNKNOWN = "UNKNOWN"


class Warned(Enum):
    """What a reader of a score should know."""

    DEPTH_UNIT_SUSPECT = "DEPTH_UNIT_SUSPECT"
    BURSTY_PASSES = "BURSTY_PASSES"


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A market (or, in a recording, a set) that may be probed.

    ``market_id`` is the Gamma id, of a set over several markets its key. Volume and liquidity in
    dollars, 0 when unknown; ``end_ms`` 0 when unknown. ``label`` is for people. ``event_id`` is the
    exclusive event of a market or group, blank without. A group is of the live venue;
    ``market_ids`` are the Gamma ids of its markets, empty until it is defined. Texts come from
    outside.
    """

    market_id: str
    condition_id: str
    token_ids: tuple[str, ...]
    volume_24h: Decimal = Decimal(0)
    liquidity: Decimal = Decimal(0)
    end_ms: int = 0
    label: str = ""
    event_id: str = ""
    is_group: bool = False
    market_ids: tuple[str, ...] = ()

    @property
    def legs_n(self) -> int:
        """Number of legs."""
        return len(self.token_ids)

    @property
    def strategy(self) -> str:
        """The strategy word of the tables; it tells groups from markets."""
        return Preference.GROUP.value if self.is_group else strategy_of(self.legs_n)

    @property
    def followed(self) -> tuple[str, ...]:
        """What `run.market_ids` must name for this to be recorded."""
        return self.market_ids if self.is_group else (self.market_id,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """A candidate that was probed from ``start_ms`` to ``end_ms``.

    Rates per time divide by ``probe_ms``: the time asked for, of a recording its span.
    """

    candidate: Candidate
    start_ms: int
    end_ms: int
    probe_ms: int
    trade_poll_limit: int
    figures: ProbeFigures

    @property
    def one_sided_book_rate(self) -> Rate:
        """Share of samples with a leg that lacks a side."""
        return self._share(self.figures.one_sided)

    @property
    def bucket_nan_rate(self) -> Rate:
        """Share of samples without valid bucket inputs."""
        return self._share(self.figures.bucket_nan)

    @property
    def depth3_degraded_rate(self) -> Rate:
        """Share of samples with a degraded depth."""
        return self._share(self.figures.depth3_degraded)

    @property
    def liquid_bucket_rate(self) -> Rate:
        """Share of Liquid samples."""
        return self._share(self.figures.liquid)

    @property
    def thin_bucket_rate(self) -> Rate:
        """Share of Thin samples."""
        return self._share(self.figures.thin)

    @property
    def trades_per_min(self) -> Fraction:
        """Prints per minute of the probe."""
        return self._per(self.figures.trades_total, _MINUTE_MS)

    @property
    def passes_per_hour(self) -> Fraction:
        """Samples at or above the gate per hour of the probe."""
        return self._per(self.figures.passes, _HOUR_MS)

    @property
    def hour_of_day_utc(self) -> int:
        """Hour in which the probe began, 0..23."""
        return self.start_ms % _DAY_MS // _HOUR_MS

    @property
    def phase(self) -> Phase:
        """Distance to the market's end at the start of the probe."""
        return market_phase(end_ms=self.candidate.end_ms, now_ms=self.start_ms)

    @property
    def has_trade_coverage(self) -> bool:
        """Whether prints came in without a hole of more than five minutes."""
        seen = self.figures
        return seen.trades_total > 0 and seen.trade_gap_max_ms <= _COVERED_GAP_MS

    @property
    def estimated_trades_lost(self) -> int:
        """Prints that full pages may have hidden: one page for each."""
        return self.figures.poll_hit_limit * self.trade_poll_limit

    @property
    def warnings(self) -> tuple[Warned, ...]:
        """What a reader of this score should know."""
        is_suspect = self.figures.depth3_degraded > 0
        is_bursty = self.figures.passes_gap_max_ms > _BURST_GAP_MS
        found = ((Warned.DEPTH_UNIT_SUSPECT, is_suspect), (Warned.BURSTY_PASSES, is_bursty))
        return tuple(warned for warned, is_there in found if is_there)

    def _share(self, count: int) -> Rate:
        total = self.figures.snapshots_total
        return Fraction(count, total) if total > 0 else None

    def _per(self, count: int, unit_ms: int) -> Fraction:
        return Fraction(count * unit_ms, self.probe_ms) if self.probe_ms > 0 else Fraction(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A group that was not probed, and why."""

    event_id: str
    label: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Selected:
    """The choice."""

    liquid: Score
    thin: Score


@dataclass(frozen=True, slots=True, kw_only=True)
class Insufficient:
    """No choice, and at which step the candidates ran out."""

    reason: str


def strategy_of(legs_n: int) -> str:
    """The strategy word of a number of legs."""
    return {2: "binary", 3: "triangle"}.get(legs_n, "basket")


def market_phase(*, end_ms: int, now_ms: int) -> Phase:
    """Give the phase; an end that is unknown (0) or past is ``UNKNOWN``."""
    left_ms = end_ms - now_ms
    if end_ms <= 0 or left_ms < 0:
        return Phase.UNKNOWN
    if left_ms >= 7 * _DAY_MS:
        return Phase.GT_7D
    return Phase.D1_TO_D7 if left_ms >= _DAY_MS else Phase.LT_24H


def preferred(candidates: Iterable[Candidate], preference: Preference) -> tuple[Candidate, ...]:
    """Keep what can be selected at all: groups, and markets of two or three legs, as preferred."""
    is_any = preference is Preference.ANY
    return tuple(
        candidate
        for candidate in candidates
        if (candidate.is_group or candidate.legs_n in _LEGS)
        and (is_any or candidate.strategy == preference.value)
    )


def sorted_by_volume(scores: Iterable[Score]) -> tuple[Score, ...]:
    """Order of the final table: volume descending, then market id as text."""
    return tuple(sorted(scores, key=lambda score: _volume_key(score.candidate)))


def select(scores: Sequence[Score], preference: Preference) -> Selected | Insufficient:
    """Choose one Liquid and one Thin market [F]."""
    eligible = [score for score in scores if _passes_gates(score)]
    if not eligible:
        return Insufficient(reason="no markets pass hard gates")
    liquid = min(filter(_may_be_liquid, eligible), key=_liquid_key, default=None)
    if liquid is None:
        return Insufficient(reason="no liquid candidates after filters")
    others = (it for it in eligible if it.candidate.market_id != liquid.candidate.market_id)
    thin = min(filter(_may_be_thin, others), key=_thin_key, default=None)
    if thin is None:
        return Insufficient(reason="no thin candidates after filters")
    first, second = liquid.candidate.strategy, thin.candidate.strategy
    if preference is not Preference.ANY and first != second:
        return Insufficient(
            reason=f"prefer_strategy={preference.value} requires same strategy; "
            f"liquid={first} thin={second}"
        )
    return Selected(liquid=liquid, thin=thin)


def select_groups(scores: Iterable[Score]) -> tuple[Score, ...]:
    """Groups that are worth recording, best first.

    The gates are the frozen ones but for the number of legs; there are no buckets: an exclusive
    event is worth recording when its outcomes together were cheap enough, however thin.
    """
    found = [score for score in scores if score.candidate.is_group and _is_proven(score)]
    return tuple(sorted(found, key=_group_key))


def _passes_gates(score: Score) -> bool:
    candidate = score.candidate
    return not candidate.is_group and candidate.legs_n in _LEGS and _is_proven(score)


def _is_proven(score: Score) -> bool:
    """Enough samples and prints, readable books, and a sample at or above the gate."""
    seen = score.figures
    return (
        seen.snapshots_total >= _MIN_SNAPSHOTS
        and seen.trades_total >= _MIN_TRADES
        and _at_most(score.bucket_nan_rate, _MAX_NAN_RATE)
        and seen.passes >= _MIN_PASSES
    )


def _may_be_liquid(score: Score) -> bool:
    is_liquid = _at_least(score.liquid_bucket_rate, _MIN_LIQUID_RATE)
    return is_liquid and _at_most(score.one_sided_book_rate, _MAX_ONE_SIDED_RATE)


def _may_be_thin(score: Score) -> bool:
    is_thin = _at_least(score.thin_bucket_rate, _MIN_THIN_RATE)
    return is_thin and score.trades_per_min >= _MIN_TRADES_PER_MIN


def _at_least(rate: Rate, limit: Fraction) -> bool:
    return rate is not None and rate >= limit


def _at_most(rate: Rate, limit: Fraction) -> bool:
    return rate is not None and rate <= limit


_Key = tuple[tuple[bool, Fraction], ...]


def _liquid_key(score: Score) -> tuple[_Key, str]:
    return _order(score, lambda it: it.liquid_bucket_rate)


def _thin_key(score: Score) -> tuple[_Key, str]:
    return _order(score, lambda it: it.thin_bucket_rate)


def _order(score: Score, bucket_rate: Callable[[Score], Rate]) -> tuple[_Key, str]:
    """Passes per hour, bucket rate, prints per minute, volume, each descending; then the id."""
    rates = (
        score.passes_per_hour,
        bucket_rate(score),
        score.trades_per_min,
        _exact(score.candidate.volume_24h),
    )
    return tuple(map(_descending, rates)), score.candidate.market_id


def _group_key(score: Score) -> tuple[_Key, str]:
    """Passes per hour, prints per minute, volume, each descending; then the id."""
    volume = _exact(score.candidate.volume_24h)
    rates = (score.passes_per_hour, score.trades_per_min, volume)
    return tuple(map(_descending, rates)), score.candidate.market_id


def _volume_key(candidate: Candidate) -> tuple[tuple[bool, Fraction], str]:
    return _descending(_exact(candidate.volume_24h)), candidate.market_id


def _exact(number: Decimal) -> Rate:
    return Fraction(number) if number.is_finite() else None


def _descending(rate: Rate) -> tuple[bool, Fraction]:
    """A key that puts large rates first and rates that are not numbers last."""
    return (True, Fraction(0)) if rate is None else (False, -rate)
