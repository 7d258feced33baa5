"""From a trail to the page that all media show: overview, comparison, one section per signal.

Owns: :func:`trail_page`. Must never: round an amount; the cells are exact, only the ratio is cut to
three places for the eye. A gallery of sections would hide the rest, so only the first signals that
were worked get a section of their own; any signal gets one by being chosen.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from razor.app.report import shown
from razor.app.report.content import (
    Banner,
    Block,
    Card,
    Cell,
    Column,
    Figure,
    Page,
    Paragraph,
    Row,
    Section,
    Table,
    Tone,
)
from razor.app.report.trail.guards import NAMES
from razor.app.report.trail.words import Story, desk_sentence, plain
from razor.application.trail import optimism
from razor.domain.trail import Quantiles, SignalTrail, Totals, Trail

__all__ = ["MOST_SECTIONS", "chosen_signals", "trail_page"]

# A page with more sections is no longer read; --signal shows any other.
MOST_SECTIONS = 12
_REST = "the output of razor report run --json"
_EMPTY = "The order path wrote no row: the run was a dry run, or ended before its first signal."
_FEES = (
    "Simulated results are the cash of confirmed fills in fills.csv, after fees. Whole sets that "
    "are held count one dollar each where that is proven; leftovers count 0."
)
_COLUMNS = (
    "net: expected at the signal. frozen, venue: what the shadow ledger says on each basis. SIM: "
    f"what the order machine realised. / SIM: paper optimism. {_FEES}"
)
_RATIO = (
    "Shadow over simulated: above 1 paper shows more than was made, of a gain or, where both sums "
    "are negative, of a loss; negative the two disagree on the sign; n/a where nothing was made."
)


def chosen_signals(trail: Trail, wanted: Sequence[int]) -> tuple[SignalTrail, ...]:
    """Give the signals that get a section: those wanted, else the first that were worked."""
    if wanted:
        return tuple(signal for signal in trail.signals if signal.signal_id in wanted)
    return tuple(signal for signal in trail.signals if signal.is_worked)[:MOST_SECTIONS]


def trail_page(
    trail: Trail, chosen: Sequence[SignalTrail], figures: Mapping[int, Figure] | None = None
) -> Page:
    """Compose the page; ``figures`` are the plots of the chosen signals by id."""
    plots = figures or {}
    reason = trail.accept_no_verdict
    accepted = (f"Real orders were accepted without a verdict. Reason given: {reason}",)
    return Page(
        title=f"Order path of {trail.run_id or 'an unnamed run'}",
        subtitle=(
            f"mode: {trail.mode or 'no order path'}",
            f"trade_log.csv: {trail.overview.rows:,} rows, {len(trail.signals):,} signals",
        ),
        notices=(*(accepted if reason else ()), *trail.markers),
        banner=Banner(verdict=_made_card(trail), evidence=_paper_card(trail)),
        sections=(
            _overview(trail),
            _comparison(trail),
            *(_signal(trail, signal, plots.get(signal.signal_id)) for signal in chosen),
            _desk(trail),
        ),
    )


def _made_card(trail: Trail) -> Card:
    """Say in one word what the order path came to."""
    outcomes = trail.overview.by_outcome
    stops = [row for row in trail.desk_rows if row.action == "HARDSTOP"]
    is_stopped = bool(stops) or bool(outcomes["HARDSTOP"])
    word = "HARDSTOP" if is_stopped else "ENDED" if trail.overview.rows else "NO ORDER PATH"
    open_ids = [str(signal.signal_id) for signal in trail.signals if not signal.terminal]
    twice = [str(signal.signal_id) for signal in trail.signals if len(signal.terminal) > 1]
    made = f"realised {plain(trail.realised)} USDC after {plain(trail.fees)} USDC of fees"
    lines = [
        f"{trail.overview.orders_sent:,} orders sent, {trail.overview.orders_filled:,} with fills",
        f"{made} (n = {len(trail.signals):,} signals)",
    ]
    if trail.identity.difference:
        lines.append(
            f"the account and its signals differ by {plain(trail.identity.difference)} USDC, which "
            "S-33 forbids: write the tables anew and verify the run"
        )
    if open_ids:
        lines.append(f"no terminal row (the run did not end in order): {', '.join(open_ids[:20])}")
    if twice:
        lines.append(f"more than one terminal row, which L-1 forbids: {', '.join(twice[:20])}")
    if not trail.overview.rows:
        lines = [_EMPTY]
    is_bad = is_stopped or bool(twice) or bool(trail.identity.difference)
    tone = Tone.BAD if is_bad else Tone.OPEN
    return Card(label="order path", word=word, tone=tone, lines=tuple(lines))


def _paper_card(trail: Trail) -> Card:
    """Set paper against the order machine, both bases."""
    ratio = optimism(trail.venue.shadow, trail.venue.simulated)
    return Card(
        label="paper optimism, venue basis",
        word=_ratio(ratio),
        tone=Tone.OPEN,
        lines=(
            _totals_line("venue basis", trail.venue),
            _totals_line("frozen basis", trail.frozen),
            _RATIO,
        ),
    )


def _totals_line(name: str, totals: Totals) -> str:
    """Give both sums of a basis beside their ratio, which alone would hide their size."""
    ratio = optimism(totals.shadow, totals.simulated)
    return (
        f"{name}: shadow {plain(totals.shadow)} USDC, simulated {plain(totals.simulated)} USDC, "
        f"ratio {_ratio(ratio)} (n = {totals.signals:,} signals that both know)"
    )


def _ratio(ratio: Decimal | None) -> str:
    """Cut the ratio to three places; without a value it says so."""
    return shown.UNKNOWN if ratio is None else f"{ratio:.3f}"


def _overview(trail: Trail) -> Section:
    """Count what came of signals and orders, and which guards held something back."""
    found = trail.overview
    words = Column(title="outcome", cell=Cell.CODE)
    outcomes = Table(
        title="Signals by outcome",
        sample=f"n = {sum(found.by_outcome.values()):,} terminal rows",
        columns=(words, Column(title="signals", unit="n")),
        rows=tuple((word, f"{count:,}") for word, count in found.by_outcome.items()),
        note="Every accepted signal ends in exactly one of these (L-1).",
    )
    guards = Table(
        title="Rows by guard",
        sample=f"n = {sum(found.by_guard.values()):,} rows with a guard",
        columns=(
            Column(title="guard", cell=Cell.CODE),
            Column(title="rows", unit="n"),
            Column(title="name", cell=Cell.TEXT),
        ),
        rows=tuple((g, f"{n:,}", NAMES.get(g, "")) for g, n in found.by_guard.items()),
        empty="No guard blocked anything.",
        is_whole=True,
    )
    orders = Table(
        title="Orders",
        sample=f"n = {found.orders_sent:,} orders sent",
        columns=(
            Column(title="fact", cell=Cell.TEXT),
            Column(title="value"),
            Column(title="unit", cell=Cell.WORD),
        ),
        rows=(
            ("orders sent", f"{found.orders_sent:,}", "n"),
            ("orders with fills", f"{found.orders_filled:,}", "n"),
            ("attempts kept back by a guard", f"{found.kept_back:,}", "n"),
            *_times("order to proof of its end", found.latency),
            *_times("end of an order to its confirmation", found.settling),
            ("realised by confirmed fills, after fees", plain(trail.realised), "USDC"),
            ("fees in it", plain(trail.fees), "USDC"),
        ),
        note=f"{_FEES} Quantiles are nearest-rank.",
    )
    return Section(key="overview", title="Overview", blocks=(outcomes, guards, orders))


def _times(name: str, found: Quantiles) -> tuple[Row, ...]:
    """Give the median and the tail with the number of times behind them."""
    pairs = (("p50", found.p50), ("p99", found.p99))
    return tuple(
        (f"{name}, {which} (n = {found.count:,})", plain(value) or shown.UNKNOWN, "ms")
        for which, value in pairs
    )


def _comparison(trail: Trail) -> Section:
    """Set what was expected beside what paper and the order machine made of it."""
    usdc = "USDC"
    table = Table(
        title="Expected vs shadow vs SIM per signal",
        sample=f"n = {len(trail.signals):,} signals",
        columns=(
            Column(title="signal"),
            Column(title="outcome", cell=Cell.WORD),
            Column(title="net", unit="bps"),
            Column(title="net", unit=usdc),
            Column(title="frozen", unit=usdc),
            Column(title="venue", unit=usdc),
            Column(title="SIM", unit=usdc),
            Column(title="frozen", unit="/ SIM"),
            Column(title="venue", unit="/ SIM"),
        ),
        rows=tuple(_compared(signal) for signal in trail.signals),
        empty=_EMPTY,
        note=_COLUMNS,
        rest=_REST,
    )
    totals = Paragraph(
        text=f"In total: {_totals_line('frozen basis', trail.frozen)}; "
        f"{_totals_line('venue basis', trail.venue)}."
    )
    blocks = (table, totals, Paragraph(text=_identity_line(trail)))
    return Section(key="comparison", title="Expected vs shadow vs SIM", blocks=blocks)


def _identity_line(trail: Trail) -> str:
    """Give both sides of S-33, so that a reader can add them up."""
    found = trail.identity
    word = "they agree" if not found.difference else f"they differ by {plain(found.difference)}"
    return (
        f"P&L identity (S-33): cash of the account {plain(found.cash)} USDC + payout of whole sets "
        f"held {plain(found.payout)} USDC = results of the signals {plain(found.signals)} USDC + "
        f"cash that is not final {plain(found.not_final)} USDC; {word}."
    )


def _compared(signal: SignalTrail) -> Row:
    """Give one signal; without a row in the shadow ledger nothing is put in its place."""
    shadow, made = signal.shadow, signal.realised.result
    head = (str(signal.signal_id), signal.outcome.replace("|", ", ") or "none")
    net = next((row.expected_net_bps for row in signal.rows), None)
    simulated = plain(made)
    if shadow is None:
        unknown = shown.UNKNOWN
        bps = plain(net) or unknown
        return (*head, bps, unknown, unknown, unknown, simulated, unknown, unknown)
    return (
        *head,
        str(shadow.expected_net_bps),
        plain(shadow.expected),
        plain(shadow.frozen_pnl),
        plain(shadow.venue_pnl) or shown.UNKNOWN,
        simulated,
        _ratio(optimism(shadow.frozen_pnl, made)),
        _ratio(optimism(shadow.venue_pnl, made)),
    )


def _signal(trail: Trail, signal: SignalTrail, figure: Figure | None) -> Section:
    """Give one signal: what was known, what was made, what was done in order."""
    blocks: list[Block] = [Paragraph(text=_made_line(signal))]
    if signal.legs:
        blocks.append(_legs(signal))
    blocks.append(_timeline(trail, signal))
    if figure is not None:
        blocks.append(figure)
    return Section(
        key=f"signal-{signal.signal_id}",
        title=f"Signal {signal.signal_id}: {signal.outcome or 'no terminal row'}",
        blocks=tuple(blocks),
    )


def _made_line(signal: SignalTrail) -> str:
    """Say in a few sentences what the signal was and what is known to have come of it."""
    made = signal.realised
    row = signal.rows[0]
    known = (
        f"{row.market_id} ({row.strategy}, {row.bucket}), expected {plain(row.expected_net_bps)} "
        f"bps at {shown.instant(signal.started_ms)}."
    )
    result = (
        f"Confirmed cash {plain(made.cash)} USDC (fees {plain(made.fees)} USDC), whole sets held "
        f"{plain(made.held_sets)} (payout {plain(made.payout)} USDC), result {plain(made.result)} "
        f"USDC after fees; {plain(made.left_over)} shares left over, {plain(made.not_final)} not "
        "final."
    )
    parts = [known, result]
    if signal.shadow is None:
        parts.append("shadow_sets.csv has no row of it, so times count from its first row.")
    return " ".join(parts)


def _legs(signal: SignalTrail) -> Table:
    """Give the legs as the signal saw them; a row of the timeline names only their number."""
    return Table(
        title=f"Legs of signal {signal.signal_id}",
        sample=f"n = {len(signal.legs)} legs",
        columns=(
            Column(title="leg"),
            Column(title="token", cell=Cell.ID),
            Column(title="bid at signal", unit="USDC/share"),
            Column(title="ask at signal", unit="USDC/share"),
        ),
        rows=tuple(
            (str(leg.leg), leg.token_id, plain(leg.bid), plain(leg.ask)) for leg in signal.legs
        ),
        is_whole=True,
    )


def _timeline(trail: Trail, signal: SignalTrail) -> Table:
    """Give every row in the order it was written, with the time since the signal."""
    story = Story(signal, trail.ladder)
    return Table(
        title=f"Timeline of signal {signal.signal_id}",
        sample=f"n = {len(signal.rows)} rows",
        columns=(
            Column(title="since signal", unit="ms"),
            Column(title="phase", cell=Cell.WORD),
            Column(title="action", cell=Cell.WORD),
            Column(title="leg"),
            Column(title="side", cell=Cell.WORD),
            Column(title="limit"),
            Column(title="qty"),
            Column(title="result", cell=Cell.WORD),
            Column(title="reason", cell=Cell.TEXT),
        ),
        rows=tuple(
            (
                str(row.ts_ms - signal.started_ms),
                row.phase,
                row.action,
                plain(row.leg),
                row.side,
                plain(row.limit_price),
                plain(row.req_qty),
                row.result or row.settle,
                story.tell(row),
            )
            for row in signal.rows
        ),
        note="Limit in USDC per share, qty in shares.",
        is_whole=True,
    )


def _desk(trail: Trail) -> Section:
    """Give the rows that belong to no signal: changes of state, stops, restarts."""
    table = Table(
        title="Rows of the desk itself",
        sample=f"n = {len(trail.desk_rows):,} rows",
        columns=(
            Column(title="time", cell=Cell.WORD),
            Column(title="phase", cell=Cell.WORD),
            Column(title="action", cell=Cell.WORD),
            Column(title="reason", cell=Cell.TEXT),
        ),
        rows=tuple(
            (shown.instant(row.ts_ms), row.phase, row.action, desk_sentence(row))
            for row in trail.desk_rows
        ),
        rest=_REST,
    )
    return Section(key="desk", title="The desk", blocks=(table,))
