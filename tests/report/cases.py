"""The reports that the tests render: numbers, tables and facts joined as the verb does it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from razor.application.verdict import ReportFacts, make_report, read_signals
from razor.domain.verdict import Report, Seal, SignalSeries

from .ledger import HOSTILE, TABLES, Tables

INPUTS = Path(__file__).parent / "inputs"
SEAL = Seal(
    config="c0" * 32,
    code="razor 0.1.0 release",
    commit="a5" * 20,
    data="d7" * 32,
    schema_version="1.3.2a",
)
BOOKS = {
    "counts": {
        "frames_refused": 0,
        "messages": 2345,
        "mirror_violations": 3,
        "dirtied": 4,
        "dirty_ns": 61_500_000_000,
    },
    "hashes": {
        "rest": {"matched": 414, "mismatched": 0, "unchecked": 2},
        "ws_book": {"matched": 210, "mismatched": 1, "unchecked": 0},
        "ws_change": {"matched": 100, "mismatched": 0, "unchecked": 0},
    },
}


def numbers(name: str) -> str:
    return (INPUTS / f"{name}.numbers.json").read_text(encoding="utf-8")


def integrity_row(*, has_sizes: bool = True, prints: int = 41_234, books: object = BOOKS) -> bytes:
    row = {
        "type": "integrity",
        "ts_ms": 1_784_259_200_000,
        "first_ms": 1_784_000_000_000,
        "last_ms": 1_784_259_200_000,
        "records": 1_234_567,
        "frames_refused": 2,
        "messages_unknown": 17,
        "records_refused": 0,
        "gaps": 5,
        "gap_ns": 93_000_000_000,
        "restarts": 1,
        "records_lost": 40,
        "crossed_book_alarms": 2,
        "windows_unusable": 0,
        "clock_backwards": 1,
        "stream_prints": 0,
        "trade_rows": prints,
        "windows_dropped": 1,
        "signals_outside_frozen": 30,
        "markets": 36,
        "sets": 12,
        "sets_checked": 12,
        "set_checks": 765_432,
        "sets_could_be_liquid": 2,
        "tokens_unknown": 0,
        "has_sizes": has_sizes,
        "books": books,
        "counters": {
            "ticks_processed": 998_877,
            "trades_written": prints,
            "trades_duplicated": prints // 40,
            "signals_emitted": 501,
            "signals_suppressed": 77,
            "last_tick_ingest_ms": 1_784_259_199_000,
        },
    }
    return json.dumps(row).encode()


def signals(tables: Tables, run_id: str) -> SignalSeries:
    return read_signals(tables.sets.splitlines(keepends=True), run_id=run_id)


def report(
    name: str,
    *,
    accept_no_verdict: str = "",
    markers: tuple[str, ...] = (),
    spoil: Callable[[dict[str, Any]], None] | None = None,
) -> Report:
    """Give one of the reports by the name of its tables; ``spoil`` changes its numbers first."""
    value = json.loads(numbers(name))
    if spoil is not None:
        spoil(value)
    text = json.dumps(value)
    run_id = value["run_id"]
    row = (
        integrity_row(has_sizes=False, prints=0, books={})
        if name in {"quotes", "unfilled"}
        else integrity_row()
    )
    facts = ReportFacts(
        seal=SEAL,
        integrity_row=None if name == "example" else row,
        signals=signals(TABLES[name](), run_id),
        markers=markers,
        accept_no_verdict=accept_no_verdict,
    )
    return make_report(text, facts)


def hostile_report() -> Report:
    """Give a report in which every text from outside tries to act on its reader."""
    return report("hostile", accept_no_verdict=HOSTILE, markers=(HOSTILE, "=HYPERLINK(1)"))
