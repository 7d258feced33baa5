"""Whether to believe the numbers: integrity of the input, limits of the sample, and the seal.

Owns: the last three sections. Must never: stay silent about something it was not given; a missing
integrity row is said to be missing, and an unknown count is never a zero.
"""

from collections.abc import Iterator

from razor.app.report import shown
from razor.app.report.content import (
    Block,
    Bullets,
    Cell,
    Column,
    Paragraph,
    Row,
    Section,
    Table,
)
from razor.domain.verdict import BookCount, Integrity, Report

__all__ = ["cannot_tell", "integrity", "seal"]

# Plain words for the counts of the book store; others are shown under their own names.
_BOOK_WORDS = {
    "mirror_violations": "violations of the mirror rule (YES and NO out of step)",
    "top_mismatches": "stated best prices that differ from the book",
    "crossed": "books that were crossed",
    "dirtied": "times a book became DIRTY",
    "dirty_ns": "time in DIRTY, all books together",
    "no_snapshot": "changes before the first snapshot, not applied",
    "venue_time_back": "messages older than their predecessor by venue time",
    "quarantined": "messages that mix up markets",
    "updates_refused": "updates their book could not take",
    "foreign_markets": "messages of markets not registered",
    "grid_changes": "tick size changes",
    "rest_equal": "REST books equal to the live book",
    "rest_differs": "REST books that differ from the live book",
    "rest_ahead": "REST books newer than the live book",
    "rest_ghosts": "REST books older than the live book, ignored",
    "rest_placeholders": "REST books that only say 0.01/0.99, never used",
    "matched": "reproduced",
    "mismatched": "not reproduced",
    "unchecked": "could not be recomputed",
}

_BOOK_GROUPS = {
    "counts": "",
    "hashes.rest": "hash check of REST books",
    "hashes.ws_book": "hash check of book messages",
    "hashes.ws_change": "hash check of price changes",
}
_LEFTOVERS = (
    "Leftovers: the frozen rule sells them 5 % under the bid of the signal; whether anybody would "
    "have bought them there is not in the data."
)
_QUEUE = (
    "Queue position and the speed of others: the fill share of the frozen rule stands in for both "
    "and is an assumption until real fills calibrate it."
)
_NEVER_TOLD = (
    _QUEUE,
    "Our own impact: an order of ours would have moved the book and the others.",
    _LEFTOVERS,
    "Settlement: a matched trade can still fail on chain; the ledger counts it as done.",
    "The frozen 2 % and 0.1 % are fees of the model; the venue column has the real ones.",
)


def integrity(report: Report) -> Section:
    """Say what went into the fold, and what was kept out of it."""
    title = "Integrity"
    found = report.integrity
    if found is None:
        text = (
            "There is no integrity row: the tables were not written by a run of razor, or the run "
            "did not end cleanly. Gaps, DIRTY time, mirror violations, hash checks, duplicates "
            "and refused frames are unknown."
        )
        return Section(key="integrity", title=title, blocks=(Paragraph(text=text),))
    blocks: tuple[Block, ...] = (
        _counted("Input", found, tuple(_input_rows(found))),
        _counted("Trades and signals", found, tuple(_flow_rows(found))),
        _counted("Books", found, tuple(_book_rows(found))),
    )
    return Section(key="integrity", title=title, blocks=blocks)


def _counted(title: str, found: Integrity, rows: tuple[Row, ...]) -> Table:
    """Give counts of one kind; every one stands there, also when it is zero."""
    return Table(
        title=title,
        sample=f"n = {found.records:,} records",
        columns=(
            Column(title="what", cell=Cell.TEXT),
            Column(title="count"),
            Column(title="unit", cell=Cell.WORD),
        ),
        rows=rows,
        empty="The book store counted nothing: this source has no books.",
    )


def _input_rows(found: Integrity) -> Iterator[Row]:
    """Say what was received, what was refused, and what was never seen."""
    span = shown.span_ms(max(found.last_ms - found.first_ms, 0)) if found.records else "none"
    yield "recorded span", span, "time"
    yield "gaps", f"{found.gaps:,}", "gap records"
    yield "time inside gaps (overlaps twice)", shown.span_ns(found.gap_ns), "time"
    yield "records known to be lost in gaps", f"{found.records_lost:,}", "records"
    yield "restarts after an unclean end", f"{found.restarts:,}", "restarts"
    yield "unified books under a dollar (alarms)", f"{found.crossed_book_alarms:,}", "alarms"
    yield "frames and REST books refused", f"{found.frames_refused:,}", "frames"
    yield "messages of a type that is not evaluated", f"{found.messages_unknown:,}", "messages"
    yield "definitions, quotes, operator records refused", f"{found.records_refused:,}", "records"
    yield "clock jumps backwards", f"{found.clock_backwards:,}", "records"
    yield "changes for tokens of no market", f"{found.tokens_unknown:,}", "changes"
    yield "markets defined", f"{found.markets:,}", "markets"
    yield "sets defined", f"{found.sets:,}", "sets"
    yield "sets quotable on all legs at least once", f"{found.sets_checked:,}", "sets"
    yield "evaluations of a set", f"{found.set_checks:,}", "checks"
    yield "sets that could ever be Liquid on their grid", f"{found.sets_could_be_liquid:,}", "sets"
    yield "the source carries sizes", "yes" if found.has_sizes else "no", ""


def _flow_rows(found: Integrity) -> Iterator[Row]:
    """Say what became of trades and signals between receipt and ledger."""
    counters = found.counters
    yield "trade rows received", f"{found.trade_rows:,}", "rows"
    yield "prints on the market channel", f"{found.stream_prints:,}", "prints"
    yield "trades written", f"{counters.trades_written:,}", "rows"
    yield "trades seen before (dedup)", f"{counters.trades_duplicated:,}", "rows"
    yield "trades refused for their values", f"{counters.trades_invalid:,}", "rows"
    yield "trades lost in a full channel", f"{counters.trades_dropped:,}", "rows"
    yield "trades pushed out of the store", f"{counters.trade_store_evicted:,}", "rows"
    yield "trade pages that came back full", f"{counters.trade_poll_hit_limit:,}", "polls"
    yield "book updates applied", f"{counters.ticks_processed:,}", "updates"
    yield "signals raised", f"{counters.signals_emitted:,}", "signals"
    yield "signals held back by the cooldown", f"{counters.signals_suppressed:,}", "signals"
    yield "signals lost in a full channel", f"{counters.signals_dropped:,}", "signals"
    yield "evaluations skipped for an old book", f"{counters.snapshots_stale_skipped:,}", "checks"
    yield "rows written to the frozen table", f"{counters.shadow_processed:,}", "rows"
    yield "signals outside the frozen table", f"{found.signals_outside_frozen:,}", "signals"
    yield "windows with an incomplete trade feed", f"{found.windows_unusable:,}", "windows"
    yield "windows still open at the end", f"{found.windows_dropped:,}", "windows"


def _book_rows(found: Integrity) -> Iterator[Row]:
    """Give all counts of the book store; a DIRTY time that was not counted is said to be so."""
    yield from (_book_row(count) for count in found.book_counts)
    if found.book_counts and not any(at.name.endswith("dirty_ns") for at in found.book_counts):
        yield (_BOOK_WORDS["dirty_ns"], shown.UNKNOWN, "time")


def _book_row(count: BookCount) -> Row:
    group, _, last = count.name.rpartition(".")
    words = _BOOK_WORDS.get(last, last.replace("_", " "))
    place = _BOOK_GROUPS.get(group, group)
    what = f"{place}: {words}" if place else words
    if last.endswith("_ns"):
        return (what, shown.span_ns(count.value), "time")
    return (what, f"{count.value:,}", "count")


def cannot_tell(report: Report) -> Section:
    """Say what no number in the report can answer, given this sample."""
    here = Bullets(title="Because of this sample:", items=tuple(_missing_here(report)))
    always = Bullets(title="Because a shadow ledger sends no order:", items=_NEVER_TOLD)
    blocks = (here, always) if here.items else (always,)
    return Section(key="cannot-tell", title="What the sample cannot tell", blocks=blocks)


def _missing_here(report: Report) -> Iterator[str]:
    """Give the limits of this sample, each with the number that shows it."""
    numbers, found = report.numbers, report.integrity
    evidence = numbers.evidence
    if evidence.trade_prints == 0:
        yield (
            "Fills: no trade print was recorded. Fills come from prints only, so no signal can "
            "have one, and profit, set ratio and verdict are empty by construction."
        )
    if found is not None and not found.has_sizes:
        yield (
            "Sizes: the source has best prices without sizes. How many shares stood behind an "
            "opportunity, and every depth figure, is unknown; the bucket falls to Thin."
        )
    if found is not None and found.gaps:
        yield (
            f"Gaps: {shown.span_ns(found.gap_ns)} inside {found.gaps:,} gaps were not seen; "
            "what happened there is in no number."
        )
    if evidence.rows and evidence.reasons:
        yield (
            f"Size of the sample: {evidence.rows:,} rows over "
            f"{shown.days(evidence.recorded_days)} days; other days and regimes are not in it."
        )
    if evidence.windows_unusable:
        yield (
            f"Incomplete windows: {shown.of(evidence.windows_unusable, evidence.rows, 'rows')} "
            "were settled while prints may have been missing; they understate fills."
        )
    if numbers.venue is None:
        yield "The venue basis: there is no shadow_sets.csv."
    elif sum(numbers.venue.blank_by_reason.values()):
        blank = sum(numbers.venue.blank_by_reason.values())
        signals = shown.of(blank, numbers.venue.rows_total, "signals")
        yield f"The venue basis of {signals}: see the codes above."
    if found is None:
        yield "The quality of the input: there is no integrity row."


def seal(report: Report) -> Section:
    """Name the settings, the code and the data that the report is bound to."""
    found = report.seal
    table = Table(
        title="Bound to",
        sample="the same three give the same report, byte for byte",
        columns=(
            Column(title="bound to", cell=Cell.WORD),
            Column(title="hash or version", cell=Cell.CODE),
            Column(title="of", cell=Cell.TEXT),
        ),
        rows=tuple(
            (name, value or "unknown", meaning)
            for name, value, meaning in (
                ("config", found.config, "the settings in force"),
                ("code", found.code, "the build that computed it"),
                ("commit", found.commit, "the source of the build"),
                ("data", found.data, "head of the journal's hash chain"),
                ("schema", found.schema_version, "the frozen rules"),
            )
        ),
        note="razor audit verify RUN derives every table and this report again and compares.",
    )
    return Section(key="seal", title="Seal", blocks=(table,))
