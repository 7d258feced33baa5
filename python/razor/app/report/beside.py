"""The sections razor adds to the predecessor's report: markets, reasons, and the venue basis.

Owns: what stands beside the verdict without touching it. Must never: present the venue column as
a second verdict; it says how much of the frozen number the frozen assumptions explain.
"""

from collections.abc import Sequence

from razor.app.report import shown
from razor.app.report.content import Block, Cell, Column, Paragraph, Row, Section, Table
from razor.domain.verdict import BothBases, GroupLine, Numbers, VenueColumn

__all__ = ["by_market", "reasons", "venue"]

_COUNTS = (Column(title="rows", unit="n"), Column(title="share", unit="of rows"))
_SUMS = (
    Column(title="frozen", unit="USDC"),
    Column(title="venue", unit="USDC"),
    Column(title="venue", unit="n"),
)
_MISSES = Column(title="misses", unit="share")
_EMPTY = "No row was counted."
# What an unknown venue result means; the codes are those of docs/FILES.md.
_BLANKS = {
    "FEES_UNKNOWN": "the fee schedule of a leg is unknown",
    "SETTLEMENT_UNPROVEN": "nothing proves that the set pays one dollar",
    "SIDE_UNKNOWN": "prints in the window do not tell who was the taker",
    "TRADES_INCOMPLETE": "the trade feed was incomplete in the window",
    "WAIT_CUT_SHORT": "the run ended before late prints could arrive",
    "OUT_OF_RANGE": "a number left the range of its unit",
}


def by_market(numbers: Numbers) -> Section:
    """List every market (for sets over several conditions: the set) that signalled."""
    day14 = numbers.day14
    table = Table(
        title="Both bases by market",
        sample=f"n = {day14.rows_ok:,} rows",
        columns=(Column(title="market", cell=Cell.ID), *_COUNTS, *_SUMS, _MISSES),
        rows=tuple(
            (*_keyed(line), *_sums(line), shown.share(line.miss_rate)) for line in day14.by_market
        ),
        empty=_EMPTY,
    )
    return Section(key="market", title="By Market", blocks=(table,))


def reasons(numbers: Numbers) -> Section:
    """Count reason codes alone, by bucket, as whole notes, and the worst mixes."""
    day14 = numbers.day14
    note = Paragraph(
        text="A row counts under each code it carries, so the codes sum to more than the rows. OK "
        "is a row without a code. Reasons never change a number."
    )
    tables = (
        _lines("By reason", "reason", day14.by_reason, day14.rows_ok),
        _lines("Reasons by bucket", "reason, bucket", day14.reasons_by_bucket, day14.rows_ok),
        _lines("By notes", "notes", day14.by_notes, day14.rows_ok),
        _lines(
            "Worst 20 groups (strategy, bucket, notes) by frozen sum",
            "group",
            day14.worst_20_groups,
            day14.rows_ok,
        ),
    )
    return Section(key="reasons", title="Reasons", blocks=(note, *tables))


def _lines(title: str, name: str, lines: Sequence[GroupLine], rows: int) -> Table:
    """Give a breakdown by code on both bases; codes are never shortened."""
    return Table(
        title=title,
        sample=f"n = {rows:,} rows",
        columns=(
            Column(title=name, cell=Cell.CODE),
            *_COUNTS,
            Column(title="average", unit="USDC"),
            *_SUMS,
            _MISSES,
        ),
        rows=tuple(
            (
                *_keyed(line),
                shown.usdc(line.avg_total_pnl),
                *_sums(line),
                shown.share(line.miss_rate),
            )
            for line in lines
        ),
        empty=_EMPTY,
    )


def _keyed(line: GroupLine) -> Row:
    # Codes in notes are joined by a bare comma; a blank lets a narrow table break between them.
    key = " ".join(line.key).replace(",", ", ")
    return (key, f"{line.count:,}", shown.share(line.share))


def _sums(line: GroupLine) -> Row:
    return (
        shown.usdc(line.sum_total_pnl),
        shown.usdc(line.venue_total_pnl),
        f"{line.venue_rows:,}",
    )


def venue(numbers: Numbers) -> Section:
    """Show the same signals by the venue's own fees, sides, minimums and settlement."""
    title = "Venue basis"
    found = numbers.venue
    if found is None:
        text = "There is no shadow_sets.csv, so the venue basis of these signals is unknown."
        return Section(key="venue", title=title, blocks=(Paragraph(text=text),))
    return Section(key="venue", title=title, blocks=(*_venue_tables(found), *_liquid(found)))


def _venue_tables(found: VenueColumn) -> tuple[Block, ...]:
    """Compare both bases where both are known, and count why the others are not."""
    both = Table(
        title="Both bases over the rows that have both",
        sample=f"n = {found.rows_total:,} signals",
        columns=(
            Column(title="sets", cell=Cell.WORD),
            Column(title="signals", unit="n"),
            Column(title="with venue", unit="n"),
            Column(title="frozen", unit="USDC"),
            Column(title="venue", unit="USDC"),
            Column(title="fees", unit="USDC"),
        ),
        rows=(
            _both("two or three legs", found.in_frozen_table),
            _both("more legs", found.outside_frozen_table),
        ),
        note="Venue: the market's own fee schedule, only prints whose taker took from the side we "
        "would have bought, venue time, minimum orders, settlement as it is.",
    )
    blank = Table(
        title="Why venue numbers are missing",
        sample=f"n = {found.rows_total:,} signals",
        columns=(
            Column(title="code", cell=Cell.CODE),
            Column(title="signals", unit="n"),
            Column(title="meaning", cell=Cell.TEXT),
        ),
        rows=tuple(
            (code.replace("|", ", "), f"{count:,}", _blank_meaning(code))
            for code, count in found.blank_by_reason.items()
        ),
        empty="None is missing.",
    )
    return (both, blank)


def _blank_meaning(codes: str) -> str:
    """Explain the codes of a blank venue result; unknown ones point to their list."""
    return "; ".join(_BLANKS.get(code, "see docs/FILES.md") for code in codes.split("|"))


def _both(name: str, sums: BothBases) -> Row:
    """Give one kind of sets on both bases, summed over the same rows."""
    return (
        name,
        f"{sums.rows:,}",
        f"{sums.rows_with_venue_numbers:,}",
        shown.usdc(sums.frozen_total_pnl),
        shown.usdc(sums.venue_total_pnl),
        shown.usdc(sums.venue_fees),
    )


def _liquid(found: VenueColumn) -> tuple[Block, ...]:
    """Say how often Liquid was possible at all, and how long capital would be bound."""
    days = (
        f"Capital is bound for {shown.share(found.capital_days_p50, 2)} days in the median and "
        f"{shown.share(found.capital_days_max, 2)} days at most (0 = merged at once)."
        if found.capital_days_p50 is not None
        else "How long capital would be bound is unknown for every signal."
    )
    return (
        Paragraph(
            text=f"Liquid by the tick-based view: "
            f"{shown.of(found.tick_bucket_liquid, found.rows_total, 'signals')}. "
            f"The frozen Liquid bucket is possible at all on "
            f"{shown.of(found.sets_that_could_ever_be_liquid, found.sets_seen, 'sets')} that "
            "signalled: where one tick is more than 20 bps of the price, no spread is narrow "
            "enough."
        ),
        Paragraph(text=days),
    )
