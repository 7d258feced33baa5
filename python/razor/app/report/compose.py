"""From a report to the page that all media show: banner, notices and the order of the sections.

Owns: :func:`page_of`. The order is the predecessor's (totals, stress, bucket, strategy, worst rows,
verdict), then what razor adds. Must never: let an empty ledger look like a verdict, or show GO in
a good tone while the evidence cannot carry it.
"""

from typing import assert_never

from razor.app.report import beside, frozen, shown, trust
from razor.app.report.content import Banner, Card, Page, Section, Tone
from razor.app.report.plots import figures
from razor.domain.verdict import Emptiness, Evidence, Numbers, Report

__all__ = ["page_of"]

# What cures a shortcoming; found by how the core's sentence begins.
_PRINTS = (
    "record prints with the books: razor run --source polymarket polls them; quote tables and "
    "book captures have none"
)
_FULL_PAGES = (
    "poll prints more often or in smaller groups of markets, so that no page comes back full"
)
_REMEDIES = (
    ("no trade prints", _PRINTS),
    ("fewer than", "record longer, or more sets with run.market_ids"),
    ("under", "let the recording run on; it resumes after a restart"),
    ("more than", _FULL_PAGES),
)


def page_of(report: Report) -> Page:
    """Compose the page. Cost: dominated by the plots, about a second for 100,000 signals."""
    numbers = report.numbers
    plots = figures(report.signals, numbers.day14.by_reason, report.emptiness)
    sections: tuple[Section, ...] = (
        frozen.totals(report),
        frozen.stress(numbers),
        frozen.by_bucket(numbers),
        frozen.by_strategy(numbers),
        frozen.worst(report),
        frozen.verdict(report),
        Section(key="plots", title="Plots", blocks=plots),
        beside.by_market(numbers),
        beside.reasons(numbers),
        beside.venue(numbers),
        trust.integrity(report),
        trust.cannot_tell(report),
        trust.seal(report),
    )
    return Page(
        title=f"Day-14 report of {numbers.run_id or 'an unnamed run'}",
        subtitle=_subtitle(numbers),
        notices=_notices(report),
        banner=Banner(verdict=_verdict_card(report), evidence=_evidence_card(numbers.evidence)),
        sections=sections,
    )


def _subtitle(numbers: Numbers) -> tuple[str, ...]:
    """Give the identity lines in the predecessor's order."""
    taker = {True: "true", False: "false", None: "unknown"}[numbers.trade_poll_taker_only]
    period = numbers.period
    span = (
        f"period: {shown.instant(period.start_unix_ms)} to {shown.instant(period.end_unix_ms)}"
        if numbers.totals.signals
        else "period: no signal"
    )
    return (
        f"schema_version: {numbers.schema_version}",
        f"run_id: {numbers.run_id or 'unnamed'}",
        f"trade_poll_taker_only: {taker}",
        span,
    )


def _notices(report: Report) -> tuple[str, ...]:
    """Give what every page must repeat: an accepted risk, and the marks of the run."""
    reason = report.accept_no_verdict
    accepted = (f"Real orders were accepted without a verdict. Reason given: {reason}",)
    return (*(accepted if reason else ()), *report.markers)


def _verdict_card(report: Report) -> Card:
    """Give the verdict in a tone that the evidence allows."""
    numbers = report.numbers
    verdict = numbers.day14.verdict
    label = "Day-14 verdict, frozen rule"
    if report.emptiness is not None:
        return Card(
            label=label,
            word="NO VERDICT",
            tone=Tone.OPEN,
            lines=(_void_line(report.emptiness, numbers), *_verdict_lines(numbers)),
        )
    is_sound = numbers.evidence.is_sufficient
    tone = (Tone.GOOD if is_sound else Tone.OPEN) if verdict.go else Tone.BAD
    warning = () if is_sound else ("Read it with the evidence: this sample cannot carry it.",)
    return Card(
        label=label,
        word="GO" if verdict.go else "NO GO",
        tone=tone,
        lines=(*_verdict_lines(numbers), *warning),
    )


def _void_line(emptiness: Emptiness, numbers: Numbers) -> str:
    """Say why the rule's answer is not a verdict here."""
    word = "GO" if numbers.day14.verdict.go else "NO GO"
    meaning = f"The rule's mechanical answer is {word}; it says nothing about the strategy."
    match emptiness:
        case Emptiness.NO_ROWS:
            return f"No row was counted (n = 0). {meaning}"
        case Emptiness.NO_PRINTS:
            rows = numbers.day14.rows_ok
            return (
                f"{rows:,} signals passed the gate, but without trade prints none of them can "
                f"have a fill: every profit is 0. {meaning}"
            )
        case _:
            assert_never(emptiness)


def _verdict_lines(numbers: Numbers) -> tuple[str, ...]:
    """Give both numbers of the rule with their limits and sample size."""
    day14 = numbers.day14
    verdict, limits = day14.verdict, day14.verdict.thresholds
    sample = f"(n = {day14.rows_ok:,} rows)"
    profit = (
        f"total_shadow_pnl = {shown.usdc(verdict.total_shadow_pnl)} USDC; GO needs more than "
        f"{shown.usdc(limits.min_total_shadow_pnl)} {sample}"
    )
    legging = (
        f"legging_fail_share = {shown.share(verdict.legging_fail_share)} of rows with set_ratio "
        f"under {shown.share(limits.min_avg_set_ratio, 2)}; GO needs at most "
        f"{shown.share(limits.max_legging_fail_share, 2)} {sample}"
    )
    return profit, legging


def _evidence_card(evidence: Evidence) -> Card:
    """Say what is missing and what to record next, before the counts."""
    facts = (
        f"{evidence.rows:,} rows, {evidence.trade_prints:,} trade prints, "
        f"{shown.days(evidence.recorded_days)} days recorded, "
        f"{evidence.windows_unusable:,} windows unusable"
    )
    missing = tuple(f"missing: {_with_remedy(reason)}" for reason in evidence.reasons)
    gate = "The LIVE gate needs GO with sufficient evidence."
    return Card(
        label="evidence",
        word=evidence.status.upper(),
        tone=Tone.GOOD if evidence.is_sufficient else Tone.BAD,
        lines=(*missing, facts, *(() if evidence.is_sufficient else (gate,))),
    )


def _with_remedy(reason: str) -> str:
    remedy = next((cure for start, cure in _REMEDIES if reason.startswith(start)), "")
    return f"{reason}. Next: {remedy}" if remedy else reason
