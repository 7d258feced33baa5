"""The sections of the predecessor's report, each frozen number beside the venue's.

Owns: totals, stress, bucket, strategy, worst rows, verdict. Must never: show a venue amount
without the number of rows it is summed over, since venue numbers can be missing for some rows.
"""

from collections.abc import Iterable, Mapping

from razor.app.report import shown
from razor.app.report.content import Cell, Column, Paragraph, Row, Section, Table
from razor.domain.verdict import (
    GroupLine,
    GroupTotals,
    Num,
    Numbers,
    Report,
    Scenario,
    Verdict,
    WorstRow,
)

__all__ = ["by_bucket", "by_strategy", "stress", "totals", "verdict", "worst"]

# A cell that has no meaning in its line; unknown ones say so in words.
_NONE = ""


def totals(report: Report) -> Section:
    """Give the sums over the frozen table, and what else the file held."""
    numbers = report.numbers
    table = Table(
        title="Sums on both bases",
        sample=f"n = {numbers.day14.rows_ok:,} rows in the frozen table",
        columns=(
            Column(title="figure", cell=Cell.WORD),
            Column(title="unit", cell=Cell.WORD),
            Column(title="frozen"),
            Column(title="n"),
            Column(title="venue"),
            Column(title="n"),
        ),
        rows=tuple(_totals_rows(numbers)),
        note="Venue sums hold only the rows whose venue numbers are known; 'the same rows' "
        "is the frozen sum over exactly those. A blank cell: that basis has no such figure.",
    )
    return Section(key="totals", title="Totals", blocks=(table, _counts(numbers)))


def _totals_rows(numbers: Numbers) -> Iterable[Row]:
    """Give each sum with the number of rows it is over, on either basis."""
    day14, totals_ = numbers.day14, numbers.totals
    rows = f"{day14.rows_ok:,}"
    inside = None if numbers.venue is None else numbers.venue.in_frozen_table
    known = 0 if inside is None else inside.rows_with_venue_numbers
    venue_n = f"{known:,}"

    def line(name: str, unit: str, frozen: str, n: str, venue: str = _NONE) -> Row:
        return (name, unit, frozen, n, venue, venue_n if venue != _NONE else _NONE)

    venue_pnl = shown.usdc(None if inside is None else inside.venue_total_pnl)
    yield line("total_shadow_pnl", "USDC", shown.usdc(day14.total_pnl_sum), rows, venue_pnl)
    if inside is not None:
        same = shown.usdc(inside.frozen_total_pnl)
        yield line("the same rows", "USDC", same, venue_n, venue_pnl)
        yield line("taker fees", "USDC", _NONE, _NONE, shown.usdc(inside.venue_fees))
    yield line("pnl_set", "USDC", shown.usdc(day14.pnl_set_sum), rows)
    yield line("pnl_left_total", "USDC", shown.usdc(day14.pnl_left_total_sum), rows)
    yield line("avg_set_ratio", "of 1", shown.share(totals_.avg_set_ratio, 6), rows)
    for name, ratio in (
        ("set_ratio_p50", day14.set_ratio_p50),
        ("set_ratio_p25", day14.set_ratio_p25),
        ("set_ratio_p10", day14.set_ratio_p10),
    ):
        yield line(name, "of 1", shown.share(ratio, 6), rows)
    if day14.capital is not None:
        yield line("starting_capital", "USDC", shown.usdc(day14.capital.starting_capital), rows)
        yield line("pnl of capital", "%", shown.share(day14.capital.pnl_pct, 6), rows)


def _counts(numbers: Numbers) -> Paragraph:
    """Say what was in the file and not in the sums."""
    day14, all_rows = numbers.day14, numbers.totals
    outside = numbers.evidence.signals_outside_frozen
    return Paragraph(
        text=f"bad_rows: {all_rows.bad_rows:,} / {all_rows.rows_total:,}; "
        f"rows of other runs: {day14.rows_other_run:,}; "
        f"rows of another schema version: {day14.rows_schema_version_mismatch:,}; "
        f"signals outside the frozen table (more than three legs): {shown.count(outside)}."
    )


def stress(numbers: Numbers) -> Section:
    """Give the four scenarios of RAZOR_SPEC §19, which never change the verdict."""
    found = numbers.stress
    scenarios: tuple[tuple[str, Scenario], ...] = ()
    if found is not None:
        scenarios = (
            ("baseline", found.baseline),
            ("A: dump_0_10", found.dump_0_10),
            ("B: fill_share_x0_70", found.fill_share_x0_70),
            ("C: both", found.dump_0_10_fill_share_x0_70),
        )
    table = Table(
        title="Four scenarios",
        sample=f"n = {numbers.day14.rows_ok:,} rows",
        columns=(
            Column(title="scenario", cell=Cell.WORD),
            Column(title="rows", unit="ok"),
            Column(title="rows", unit="bad"),
            Column(title="total_pnl", unit="USDC"),
            Column(title="set_ratio", unit="avg of 1"),
            Column(title="legging", unit="share"),
            Column(title="worst 20", unit="USDC"),
        ),
        rows=tuple(_scenario_row(name, scenario) for name, scenario in scenarios),
        note="Frozen formula only, recomputed from the logged cells; A dumps leftovers at 10 % "
        "under the bid, B takes 70 % of the fill share, C does both. There is no venue form. "
        "Stress never changes the verdict.",
        empty="shadow_log.csv is missing, so no scenario could be computed.",
    )
    return Section(key="stress", title="Stress", blocks=(table,))


def _scenario_row(name: str, scenario: Scenario) -> Row:
    return (
        name,
        f"{scenario.rows_ok:,}",
        f"{scenario.rows_bad:,}",
        shown.usdc(scenario.total_pnl_sum),
        shown.share(scenario.set_ratio_avg),
        shown.share(scenario.legging_rate),
        shown.usdc(scenario.worst_20_pnl_sum),
    )


def by_bucket(numbers: Numbers) -> Section:
    """Liquid and Thin."""
    table = _groups("bucket", numbers.by_bucket, numbers.day14.by_bucket, numbers.totals.signals)
    return Section(key="bucket", title="By Bucket", blocks=(table,))


def by_strategy(numbers: Numbers) -> Section:
    """Two legs and three legs."""
    lines = numbers.day14.by_strategy
    table = _groups("strategy", numbers.by_strategy, lines, numbers.totals.signals)
    return Section(key="strategy", title="By Strategy", blocks=(table,))


def _groups(
    name: str, frozen: Mapping[str, GroupTotals], lines: Iterable[GroupLine], signals: int
) -> Table:
    """Put the venue sums of the same rows beside the predecessor's breakdown."""
    by_key = {line.key[0]: line for line in lines if line.key}
    known = tuple(
        _group_row(key, found.signals, found.pnl, found.avg_set_ratio, by_key.get(key))
        for key, found in frozen.items()
    )
    others = tuple(
        _group_row(key, line.count, line.sum_total_pnl, line.avg_set_ratio, line)
        for key, line in by_key.items()
        if key not in frozen
    )
    return Table(
        title=f"Both bases by {name}",
        sample=f"n = {signals:,} signals",
        columns=(
            Column(title=name, cell=Cell.WORD),
            Column(title="signals", unit="n"),
            Column(title="frozen PnL", unit="USDC"),
            Column(title="venue PnL", unit="USDC"),
            Column(title="venue", unit="n"),
            Column(title="set_ratio", unit="avg of 1"),
            Column(title="misses", unit="share"),
        ),
        rows=(*known, *others),
    )


def _group_row(key: str, signals: int, pnl: Num, set_ratio: Num, line: GroupLine | None) -> Row:
    return (
        key,
        f"{signals:,}",
        shown.usdc(pnl),
        shown.usdc(None if line is None else line.venue_total_pnl),
        f"{0 if line is None else line.venue_rows:,}",
        shown.share(set_ratio),
        shown.share(None if line is None else line.miss_rate),
    )


def worst(report: Report) -> Section:
    """List the twenty worst rows and sum the worst hundredth."""
    numbers = report.numbers
    pairs = zip(report.signals.signal_id, report.signals.venue_pnl, strict=True)
    wanted = {row.signal_id for row in numbers.worst_20}
    venue = {signal_id: pnl for signal_id, pnl in pairs if signal_id in wanted}
    table = Table(
        title="Worst 20 rows",
        sample=f"of n = {numbers.totals.signals:,} signals, by frozen total PnL",
        columns=(
            Column(title="signal"),
            Column(title="market", cell=Cell.ID),
            Column(title="strategy", cell=Cell.WORD),
            Column(title="bucket", cell=Cell.WORD),
            Column(title="frozen", unit="USDC"),
            Column(title="venue", unit="USDC"),
            Column(title="set_ratio", unit="of 1"),
        ),
        rows=tuple(_worst_row(row, venue.get(row.signal_id, "")) for row in numbers.worst_20),
        empty="No row was counted, so there is no worst one.",
    )
    return Section(
        key="worst", title="Worst 20 and worst 1 %", blocks=(table, _worst_share(report))
    )


def _worst_row(row: WorstRow, venue_pnl: str) -> Row:
    return (
        str(row.signal_id),
        row.market_id,
        row.strategy,
        row.bucket,
        shown.usdc(row.total_pnl),
        shown.usdc_text(venue_pnl),
        shown.share(row.set_ratio),
    )


def _worst_share(report: Report) -> Paragraph:
    """Say what the worst hundredth costs together: the tail that a mean hides."""
    day14 = report.numbers.day14
    found = day14.worst_1_percent
    if found is None:
        return Paragraph(text="Worst 1 %: no row was counted.")
    return Paragraph(
        text=f"Worst 1 %: {shown.of(found.rows, day14.rows_ok, 'rows')} lose "
        f"{shown.usdc(found.sum_total_pnl)} USDC together on the frozen basis; the best of them "
        f"has {shown.usdc(found.threshold_total_pnl)} USDC."
    )


def verdict(report: Report) -> Section:
    """Give the rule, its limits and its two numbers, as fixed and as configured."""
    numbers = report.numbers
    fixed, configured = numbers.day14.verdict, numbers.verdict
    table = Table(
        title="Rule and limits",
        sample=f"n = {numbers.day14.rows_ok:,} rows",
        columns=(
            Column(title="rule", cell=Cell.WORD),
            Column(title="answer", cell=Cell.WORD),
            Column(title="total PnL", unit="USDC"),
            Column(title="must exceed", unit="USDC"),
            Column(title="legging", unit="share"),
            Column(title="at most", unit="share"),
            Column(title="set_ratio", unit="limit"),
        ),
        rows=(
            _verdict_row("Day-14, fixed", fixed),
            _verdict_row("[report] limits", configured),
        ),
        note="The Day-14 rule decides; the second line is the predecessor's report.json rule with "
        "the limits of the [report] settings. Reasons, stress and venue numbers never change it.",
    )
    word = "GO" if fixed.go else "NO GO"
    empty = " (mechanical, of a ledger without content)" if report.emptiness else ""
    lines = (
        f"VERDICT: {word}{empty}; reasons: {'; '.join(fixed.reasons)}",
        f"evidence: {numbers.evidence.status}"
        + (f"; {'; '.join(numbers.evidence.reasons)}" if numbers.evidence.reasons else ""),
    )
    paragraphs = tuple(Paragraph(text=line) for line in lines)
    return Section(key="verdict", title="Verdict", blocks=(table, *paragraphs))


def _verdict_row(name: str, found: Verdict) -> Row:
    limits = found.thresholds
    return (
        name,
        "GO" if found.go else "NO GO",
        shown.usdc(found.total_shadow_pnl),
        shown.usdc(limits.min_total_shadow_pnl),
        shown.share(found.legging_fail_share),
        shown.share(limits.max_legging_fail_share),
        shown.share(limits.min_avg_set_ratio),
    )
