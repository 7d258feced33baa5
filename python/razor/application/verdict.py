"""From the core's numbers and the facts of a run to the Day-14 report.

Owns: :func:`make_report`, which also gives the text of ``report.json``, and the reading of the
per-signal columns for the plots (:func:`read_signals`). Must never: read a file or a clock, name a
host or a path, or compute an amount: every number is moved as text, digit by digit.

Invariants: the same numbers and facts give the same bytes, so that ``razor audit verify`` can
derive ``report.json`` again; its first keys are those of the predecessor, in its order.
"""

import csv
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import cast

import msgspec

from razor.domain.errors import DecodeError
from razor.domain.verdict import (
    Report,
    Seal,
    SignalSeries,
    decode_integrity,
    decode_numbers,
)

__all__ = ["ReportFacts", "make_report", "read_signals"]

_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]")
# The keys of the predecessor's report, in its order (RAZOR_SPEC §18), then ours.
_LEADING = (
    "schema_version",
    "run_id",
    "trade_poll_taker_only",
    "period",
    "totals",
    "by_bucket",
    "by_strategy",
    "worst_20",
    "verdict",
    "stress",
)
_BESIDE = ("venue", "evidence")
# A number of the core: six decimals for people, up to twelve for programs.
_NUM_KEYS = frozenset({"e6", "e12"})
# A cell longer than any number of the ledger is no number; reading it would only cost time.
_MOST_DIGITS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportFacts:
    """What the core's numbers do not say.

    ``integrity_row`` is the last line of type ``integrity`` of ``health.jsonl``, ``None`` when
    there is none. ``signals`` feeds the plots. See :class:`~razor.domain.verdict.Report` for the
    others.
    """

    seal: Seal
    integrity_row: bytes | None = None
    signals: SignalSeries = field(default_factory=SignalSeries)
    markers: tuple[str, ...] = ()
    accept_no_verdict: str = ""


def make_report(numbers: str | bytes, facts: ReportFacts) -> Report:
    """Join the core's numbers and the facts of the run.

    Errors: :class:`DecodeError` when either JSON is not what the core writes.
    """
    row = facts.integrity_row
    return Report(
        numbers=decode_numbers(numbers),
        integrity=None if row is None else decode_integrity(row),
        seal=facts.seal,
        signals=facts.signals,
        markers=facts.markers,
        accept_no_verdict=facts.accept_no_verdict.strip(),
        json=_report_json(numbers, facts),
    )


def _report_json(numbers: str | bytes, facts: ReportFacts) -> str:
    """Give the text of ``report.json``: two blanks per level, final line feed, ASCII.

    Escaped, because ``--json`` shows the same bytes on a terminal, which acts on C1 controls and
    turns text round for direction marks; ids from outside may hold both. Amounts are JSON numbers
    with up to twelve exact decimals, whole ones with ``.0`` as the predecessor wrote them.
    """
    found = _object(numbers, "the numbers of the report")
    row = facts.integrity_row
    ordered: dict[str, object] = {key: found.get(key) for key in (*_LEADING, *_BESIDE)}
    ordered["integrity"] = None if row is None else _object(row, "the integrity row")
    ordered["seal"] = msgspec.to_builtins(facts.seal)
    ordered["accept_no_verdict"] = facts.accept_no_verdict.strip()
    ordered["markers"] = list(facts.markers)
    ordered.update((key, value) for key, value in found.items() if key not in ordered)
    encoded = msgspec.json.encode(_with_literals(ordered))
    text = msgspec.json.format(encoded, indent=2).decode() + "\n"
    # Such a character stands inside a string only: JSON has none elsewhere.
    return _BEYOND_ASCII.sub(lambda found: json.dumps(found[0])[1:-1], text)


def read_signals(lines: Iterable[str], *, run_id: str) -> SignalSeries:
    """Read the plot columns of ``shadow_sets.csv``, or of ``shadow_log.csv`` without it.

    ``lines`` include the header. Rows of other runs, and rows whose time or numbers cannot be
    read, are left out; the core counts them. A table without a needed column gives no rows.
    Cost: about 10 µs per row. Errors: :class:`DecodeError` for what is no CSV at all.
    """
    try:
        signals = _signals(csv.reader(lines), run_id)
    except csv.Error as error:
        # A field beyond the reader's bound, or a NUL: nothing that razor wrote.
        message = f"the table of signals cannot be read: {error}"
        raise DecodeError(message, source="shadow_sets.csv or shadow_log.csv") from None
    return SignalSeries(
        signal_id=tuple(signal.signal_id for signal in signals),
        ts_ms=tuple(signal.ts_ms for signal in signals),
        frozen_pnl=tuple(signal.frozen_pnl for signal in signals),
        venue_pnl=tuple(signal.venue_pnl for signal in signals),
        set_ratio=tuple(signal.set_ratio for signal in signals),
        is_frozen=tuple(signal.is_frozen for signal in signals),
    )


def _signals(rows: Iterator[list[str]], run_id: str) -> "list[_Signal]":
    header = next(rows, None)
    places = None if header is None else _Places.of([cell.strip().lower() for cell in header])
    if places is None:
        return []
    return [signal for row in rows if (signal := places.signal(row, run_id)) is not None]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Signal:
    signal_id: int
    ts_ms: int
    frozen_pnl: str
    venue_pnl: str
    set_ratio: str
    is_frozen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Places:
    """Where the columns stand; ``None`` for those that only one of the two tables has."""

    run_id: int
    signal_id: int
    ts_ms: int
    frozen_pnl: int
    set_ratio: int
    venue_pnl: int | None
    is_frozen: int | None

    @classmethod
    def of(cls, names: Sequence[str]) -> "_Places | None":
        def place(*spellings: str) -> int | None:
            return next((names.index(name) for name in spellings if name in names), None)

        needed = (
            place("run_id"),
            place("signal_id"),
            place("signal_ts_unix_ms"),
            place("frozen_total_pnl", "total_pnl"),
            place("frozen_set_ratio", "set_ratio"),
        )
        if any(where is None for where in needed):
            return None
        run_id, signal_id, ts_ms, frozen_pnl, set_ratio = (where or 0 for where in needed)
        return cls(
            run_id=run_id,
            signal_id=signal_id,
            ts_ms=ts_ms,
            frozen_pnl=frozen_pnl,
            set_ratio=set_ratio,
            venue_pnl=place("venue_total_pnl"),
            is_frozen=place("in_frozen_table"),
        )

    def signal(self, row: Sequence[str], run_id: str) -> _Signal | None:
        """Read one row; ``None`` for one that is not counted."""

        def cell(place: int | None) -> str:
            return row[place].strip() if place is not None and place < len(row) else ""

        signal_id, ts_ms = cell(self.signal_id), cell(self.ts_ms)
        pnl, ratio = cell(self.frozen_pnl), cell(self.set_ratio)
        is_counted = (
            cell(self.run_id) == run_id
            and _is_whole(signal_id)
            and _is_whole(ts_ms)
            and _is_finite(pnl)
            and _is_finite(ratio)
        )
        if not is_counted:
            return None
        venue = cell(self.venue_pnl)
        return _Signal(
            signal_id=int(signal_id),
            ts_ms=int(ts_ms),
            frozen_pnl=pnl,
            venue_pnl=venue if _is_finite(venue) else "",
            set_ratio=ratio,
            is_frozen=self.is_frozen is None or cell(self.is_frozen) == "1",
        )


def _is_whole(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < _MOST_DIGITS


def _is_finite(text: str) -> bool:
    if not 0 < len(text) < _MOST_DIGITS:
        return False
    try:
        number = Decimal(text)
    except InvalidOperation:
        return False
    # Few characters can name a number that nothing can draw or write out: 1e999.
    return number.is_finite() and number.adjusted() < _MOST_DIGITS


def _object(text: str | bytes, source: str) -> dict[str, object]:
    try:
        return msgspec.json.decode(text, type=dict[str, object])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        message = f"{source} is not a JSON object: {error}"
        raise DecodeError(message, source=source) from None


def _with_literals(value: object) -> object:
    """Put a number literal in the place of each pair of decimal texts."""
    match value:
        case dict():
            pairs = cast("dict[str, object]", value)
            if pairs.keys() == _NUM_KEYS:
                return msgspec.Raw(_literal(str(pairs["e12"])))
            return {key: _with_literals(item) for key, item in pairs.items()}
        case list():
            return list(_literals(cast("list[object]", value)))
        case _:
            return value


def _literals(values: Iterable[object]) -> Iterator[object]:
    for value in values:
        yield _with_literals(value)


def _literal(text: str) -> bytes:
    """Give a decimal text as a JSON number that every reader takes for a float."""
    return (text if "." in text else f"{text}.0").encode()
