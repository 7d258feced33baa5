"""The Day-14 report as typed, frozen values.

Owns: the shape of the numbers that the core computes (:class:`Numbers`, one JSON text whose keys
``docs/FILES.md`` lists), what the integrity row of a run says (:class:`Integrity`), what the report
is bound to (:class:`Seal`) and the per-signal columns the plots draw (:class:`SignalSeries`).
Must never: compute a number. Amounts are exact decimal *text* here; no float exists in this module.

Invariants:

- a :class:`Num` holds plain decimals only, so no reader meets an exponent or a NaN;
- every amount on the venue basis is ``None`` when it is unknown, never zero;
- keys that a newer core adds are ignored, keys it lacks are an error.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Annotated, Literal, TypeAlias, TypeVar, cast

import msgspec

from razor.domain.errors import DecodeError

__all__ = [
    "BookCount",
    "BothBases",
    "Capital",
    "Counters",
    "Day14",
    "Emptiness",
    "Evidence",
    "GroupLine",
    "GroupTotals",
    "Integrity",
    "Num",
    "Numbers",
    "Period",
    "Report",
    "Scenario",
    "Seal",
    "SignalSeries",
    "Stress",
    "Thresholds",
    "Totals",
    "VenueColumn",
    "Verdict",
    "WorstRow",
    "WorstShare",
    "decode_integrity",
    "decode_numbers",
]

DecimalText: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"^-?[0-9]+(\.[0-9]+)?\Z")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Num:
    """One number: ``e6`` with exactly six decimals, ``e12`` shortest with at most twelve."""

    e6: DecimalText
    e12: DecimalText


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """First and last counted signal, ms since 1970; 0 without rows."""

    start_unix_ms: int
    end_unix_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """Sums of the frozen table: USDC, share of 1, and rows that could not be counted."""

    signals: int
    total_shadow_pnl: Num
    avg_set_ratio: Num
    bad_rows: int
    rows_total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupTotals:
    """One line of the predecessor's breakdowns."""

    signals: int
    pnl: Num
    avg_set_ratio: Num


@dataclass(frozen=True, slots=True, kw_only=True)
class WorstRow:
    """One of the worst rows; ``market_id`` and ``notes`` may hold any text of an old file."""

    signal_id: int
    market_id: str
    strategy: str
    bucket: str
    total_pnl: Num
    set_ratio: Num
    notes: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """Limits of the verdict: USDC, per-row set ratio, share of rows."""

    min_total_shadow_pnl: Num
    min_avg_set_ratio: Num
    max_legging_fail_share: Num


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """GO or NO GO with its two numbers."""

    go: bool
    reasons: tuple[str, ...]
    thresholds: Thresholds
    total_shadow_pnl: Num
    legging_fail_share: Num


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One stress scenario."""

    rows_ok: int
    rows_bad: int
    total_pnl_sum: Num
    set_ratio_avg: Num
    legging_rate: Num
    worst_20_pnl_sum: Num


@dataclass(frozen=True, slots=True, kw_only=True)
class Stress:
    """Baseline, dump 0.10 (A), fill share times 0.70 (B), and both (C)."""

    baseline: Scenario
    dump_0_10: Scenario
    fill_share_x0_70: Scenario
    dump_0_10_fill_share_x0_70: Scenario


@dataclass(frozen=True, slots=True, kw_only=True)
class Capital:
    """Starting capital in USDC and the profit as a percentage of it."""

    starting_capital: Num
    pnl_pct: Num


@dataclass(frozen=True, slots=True, kw_only=True)
class WorstShare:
    """The worst hundredth of the rows, at least one; ``threshold`` is the best among them."""

    rows: int
    sum_total_pnl: Num
    threshold_total_pnl: Num


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupLine:
    """One line of a breakdown on both bases; ``key`` is what the rows have in common.

    ``venue_total_pnl`` sums the ``venue_rows`` rows that have venue numbers, ``None`` without any.
    """

    key: tuple[str, ...]
    count: int
    share: Num
    sum_total_pnl: Num
    avg_total_pnl: Num
    avg_set_ratio: Num
    miss_rate: Num
    venue_rows: int
    venue_total_pnl: Num | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Day14:
    """The numbers of the predecessor's ``day14_report``, with its fixed limits."""

    run_id: str
    rows_total: int
    rows_ok: int
    rows_bad: int
    rows_other_run: int
    rows_schema_version_mismatch: int
    signals_by_strategy: Mapping[str, int]
    signals_by_bucket: Mapping[str, int]
    total_pnl_sum: Num
    pnl_set_sum: Num
    pnl_left_total_sum: Num
    set_ratio_avg: Num
    set_ratio_p50: Num
    set_ratio_p25: Num
    set_ratio_p10: Num
    verdict: Verdict
    capital: Capital | None
    by_reason: tuple[GroupLine, ...]
    reasons_by_bucket: tuple[GroupLine, ...]
    by_notes: tuple[GroupLine, ...]
    by_strategy: tuple[GroupLine, ...]
    by_bucket: tuple[GroupLine, ...]
    by_market: tuple[GroupLine, ...]
    worst_20_groups: tuple[GroupLine, ...]
    worst_20_rows: tuple[WorstRow, ...]
    worst_1_percent: WorstShare | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BothBases:
    """Sums over the rows that have numbers on both bases, USDC."""

    rows: int
    rows_with_venue_numbers: int
    frozen_total_pnl: Num
    venue_total_pnl: Num | None
    venue_fees: Num | None


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueColumn:
    """What the venue's own rules say about the same signals; days of bound capital."""

    rows_total: int
    blank_by_reason: Mapping[str, int]
    in_frozen_table: BothBases
    outside_frozen_table: BothBases
    tick_bucket_liquid: int
    sets_seen: int
    sets_that_could_ever_be_liquid: int
    capital_days_p50: Num | None
    capital_days_max: Num | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Whether the sample can carry a verdict, and why not."""

    status: Literal["sufficient", "insufficient"]
    reasons: tuple[str, ...]
    rows: int
    trade_prints: int
    recorded_days: Num
    windows_unusable: int
    signals_outside_frozen: int | None

    @property
    def is_sufficient(self) -> bool:
        """Whether nothing is missing."""
        return self.status == "sufficient"


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbers:
    """All numbers of a report, as the core computed them."""

    schema_version: str
    run_id: str
    trade_poll_taker_only: bool | None
    period: Period
    totals: Totals
    by_bucket: Mapping[str, GroupTotals]
    by_strategy: Mapping[str, GroupTotals]
    worst_20: tuple[WorstRow, ...]
    verdict: Verdict
    stress: Stress | None
    day14: Day14
    venue: VenueColumn | None
    evidence: Evidence


@dataclass(frozen=True, slots=True, kw_only=True)
class Counters:
    """The counters of the run's heartbeat that a report shows."""

    ticks_processed: int = 0
    trades_written: int = 0
    trades_dropped: int = 0
    trades_duplicated: int = 0
    trades_invalid: int = 0
    trade_poll_hit_limit: int = 0
    signals_emitted: int = 0
    signals_suppressed: int = 0
    signals_dropped: int = 0
    snapshots_stale_skipped: int = 0
    shadow_processed: int = 0
    trade_store_evicted: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class BookCount:
    """One count of the book store; ``name`` is its dotted key, ``value`` a count or ns."""

    name: str
    value: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Integrity:
    """The closing row of ``health.jsonl``: what went into the fold and what was kept out.

    Times are ms since 1970, ``gap_ns`` nanoseconds. ``book_counts`` are the counts of the book
    store in the order of the row, nested ones under dotted names.
    """

    first_ms: int
    last_ms: int
    records: int
    frames_refused: int
    messages_unknown: int
    records_refused: int
    gaps: int
    gap_ns: int
    restarts: int
    records_lost: int
    crossed_book_alarms: int
    windows_unusable: int
    clock_backwards: int
    stream_prints: int
    trade_rows: int
    windows_dropped: int
    signals_outside_frozen: int
    markets: int
    sets: int
    sets_checked: int
    set_checks: int
    sets_could_be_liquid: int
    tokens_unknown: int
    has_sizes: bool
    counters: Counters
    book_counts: tuple[BookCount, ...] = ()

    @property
    def trade_prints(self) -> int:
        """Prints from both sources, duplicates among them counted."""
        return self.stream_prints + self.trade_rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Seal:
    """What a report is bound to: anyone with the same three things gets the same report.

    ``config`` is the settings hash, ``code`` names the build, ``commit`` its source, ``data`` the
    head of the journal's hash chain (or the SHA-256 of a table without a journal); all hexadecimal.
    ``schema_version`` is that of the frozen rules. Blank means that the run does not know it.
    """

    config: str
    code: str
    commit: str
    data: str
    schema_version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalSeries:
    """One entry per settled signal, in the order of the table; all columns have equal length.

    ``ts_ms``: ms since 1970. ``frozen_pnl``, ``venue_pnl``: USDC as decimal text, blank where
    unknown. ``set_ratio``: share of 1 as decimal text. ``is_frozen``: in the frozen table.
    """

    signal_id: Sequence[int] = ()
    ts_ms: Sequence[int] = ()
    frozen_pnl: Sequence[str] = ()
    venue_pnl: Sequence[str] = ()
    set_ratio: Sequence[str] = ()
    is_frozen: Sequence[bool] = ()


class Emptiness(Enum):
    """Why a ledger holds nothing that a verdict could be about."""

    # Nothing passed the gate, or nothing could be counted.
    NO_ROWS = "no_rows"
    # There are signals, but fills come from trade prints only and none was recorded.
    NO_PRINTS = "no_prints"


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Everything a renderer needs; ``json`` is the exact text of ``report.json``.

    ``integrity`` is ``None`` for tables without a run behind them. ``markers`` are remarks of the
    run that every reader must repeat. ``accept_no_verdict`` is the reason a person gave for
    trading without a verdict, blank when there is none.
    """

    numbers: Numbers
    integrity: Integrity | None
    seal: Seal
    signals: SignalSeries
    markers: tuple[str, ...]
    accept_no_verdict: str
    json: str

    @property
    def emptiness(self) -> Emptiness | None:
        """Why the rule's answer says nothing about the strategy, ``None`` when it does."""
        day14, evidence = self.numbers.day14, self.numbers.evidence
        if not day14.rows_ok:
            return Emptiness.NO_ROWS
        without = sum(line.count for line in day14.by_reason if line.key == ("NO_TRADES",))
        if not evidence.trade_prints and without == day14.rows_ok:
            return Emptiness.NO_PRINTS
        return None


def decode_numbers(text: str | bytes) -> Numbers:
    """Read the core's JSON.

    Errors: :class:`DecodeError` names the key that does not fit.
    """
    return _decoded(text, Numbers, "the numbers of the report")


def decode_integrity(line: str | bytes) -> Integrity:
    """Read the integrity row of ``health.jsonl``.

    Errors: :class:`DecodeError` names the key that does not fit.
    """
    source = "the integrity row of health.jsonl"
    row = _decoded(line, Integrity, source)
    books = _decoded(line, _BooksOfRow, source).books
    return replace(row, book_counts=tuple(_flat("", books)))


@dataclass(frozen=True, slots=True, kw_only=True)
class _BooksOfRow:
    """The part of the row whose keys belong to the book store."""

    books: Mapping[str, object]


def _flat(prefix: str, counts: Mapping[str, object]) -> Iterator[BookCount]:
    """Give nested counts under dotted names; what is no whole number is no count."""
    for key, value in counts.items():
        match value:
            case bool():
                yield BookCount(name=f"{prefix}{key}", value=int(value))
            case int():
                yield BookCount(name=f"{prefix}{key}", value=value)
            case dict():
                yield from _flat(f"{prefix}{key}.", cast("dict[str, object]", value))
            case _:
                continue


_Wanted = TypeVar("_Wanted")


def _decoded(text: str | bytes, wanted: type[_Wanted], source: str) -> _Wanted:
    try:
        return msgspec.json.decode(text, type=wanted)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        message = f"{source} cannot be read: {error}"
        remedy = "write the tables anew with `razor audit rebuild`"
        raise DecodeError(message, source=source, remedy=remedy) from None
