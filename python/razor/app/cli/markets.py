"""``razor markets``: choosing markets to record, and looking at what there is.

Owns: what ``select``, ``list`` and ``show`` take and tell. Must never: decide about a market.
"""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from razor.adapters.files.capture_manifest import ListedMarket, Listing, read_listing
from razor.adapters.files.config_file import read_config
from razor.adapters.files.market_selection import (
    RECOMMENDATION,
    SCORES,
    SUGGESTION,
    selection_id,
)
from razor.app.cli import options
from razor.app.cli.failure import ExitCode
from razor.app.cli.following import following
from razor.app.cli.verb import VerbGroup, process
from razor.app.wiring import Process
from razor.application.select import Selection
from razor.domain.errors import JsonValue, Problem, SettingsError
from razor.domain.selection import Insufficient, Preference, Score, Selected, strategy_of
from razor.domain.universe import FreeOfFees, MarketMeta, TakerFee

if TYPE_CHECKING:
    from razor.app.selecting import SelectJob

__all__ = ["market_verbs"]

_LIVE, _REPLAY = "polymarket", "replay:"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SHOWN_SCORES = 20

_probe_seconds = click.option(
    "--probe-seconds",
    "probe_seconds",
    type=click.IntRange(1, 31_536_000),
    metavar="S",
    help="Watch each market for so long; default: market_select.probe_seconds.",
)
_pool_limit = click.option(
    "--pool-limit",
    "pool_limit",
    type=click.IntRange(1, 100_000),
    metavar="N",
    help="Read so many open markets; default: market_select.pool_limit.",
)
_prefer = click.option(
    "--prefer-strategy",
    "preference",
    type=click.Choice([preference.value for preference in Preference]),
    help="Select from one strategy only; default: market_select.prefer_strategy.",
)


@click.group("markets", cls=VerbGroup)
def market_verbs() -> None:
    """Select, list and show markets. Read-only: no account, no order."""


@market_verbs.command("select")
@options.config_file
@_probe_seconds
@_pool_limit
@_prefer
@options.out_dir
@options.source
@options.as_json
@process
def select_markets(
    start: Process,
    config: Path,
    *,
    probe_seconds: int | None,
    pool_limit: int | None,
    preference: str | None,
    out_dir: Path | None,
    source: str,
    as_json: bool,
) -> ExitCode:
    """Probe markets and suggest what to record: one Liquid and one Thin market, and groups.

    A group is an exclusive event of the venue, probed as one set of all its outcomes. Each market
    and group is watched for --probe-seconds; a capture is probed over its own time, without groups
    of its own. Ctrl-C writes what has been found by then. Exit code 1 when nothing is suggested.
    """
    from razor.app.selecting import SelectJob  # noqa: PLC0415 - loads sockets

    settings = read_config(config).settings
    defaults = settings.market_select
    recording = _recording(source)
    run_id = selection_id(started_ns=start.started_ns, pid=start.pid)
    job = SelectJob(
        run_id=run_id,
        out_dir=out_dir or Path(settings.run.data_dir) / "market_select" / run_id,
        settings=settings,
        preference=Preference(preference or defaults.prefer_strategy),
        probe_seconds=probe_seconds or defaults.probe_seconds,
        pool_limit=pool_limit or defaults.pool_limit,
        recording=recording,
    )
    start.console.notice(f"writing into {job.out_dir}; Ctrl-C ends with what is known by then")
    done = _selection(start, job)
    if as_json:
        start.console.json(_facts(job, done))
    else:
        _tell(start, job, done)
    if done.fault is not None:
        # What had finished is written by now.
        raise done.fault
    is_short = isinstance(done.choice, Insufficient) and not done.groups
    return ExitCode.REFUSED if is_short and not done.progress.aborted else ExitCode.DONE


@market_verbs.command("list")
@options.config_file
@_pool_limit
@options.source
@options.as_json
@process
def list_markets(
    start: Process, config: Path, *, pool_limit: int | None, source: str, as_json: bool
) -> None:
    """List the venue's open markets by volume, or the sets of a capture."""
    recording = _recording(source)
    if recording is not None:
        _list_recorded(start, read_listing(recording), is_json=as_json)
        return
    from razor.app.selecting import pool_of  # noqa: PLC0415 - loads sockets

    settings = read_config(config).settings
    limit = pool_limit or settings.market_select.pool_limit
    found = pool_of(settings, limit=limit)
    rows: list[dict[str, str]] = [
        {
            "id": it.market_id,
            "condition_id": it.condition_id,
            "strategy": it.strategy,
            "volume_24h_usdc": f"{it.volume_24h:f}",
            "liquidity_usdc": f"{it.liquidity:f}",
            "end": _day(it.end_ms),
            "question": it.label,
        }
        for it in found
    ]
    _show_rows(start, rows, title=f"open markets (n = {len(rows):,})", is_json=as_json)


@market_verbs.command("show")
@click.argument("market_id", metavar="MARKET")
@options.config_file
@options.source
@options.as_json
@process
def show_market(
    start: Process, market_id: str, config: Path, *, source: str, as_json: bool
) -> None:
    """Show one market: by Gamma id, of a capture by condition id, token id or set key."""
    recording = _recording(source)
    if recording is None:
        from razor.app.selecting import universe_of  # noqa: PLC0415 - loads sockets

        universe = universe_of(read_config(config).settings, market_id)
        facts = [_meta_facts(market) for market in universe.markets]
    else:
        listing = read_listing(recording)
        facts = [_listed_facts(market) for market in _named(listing, market_id)]
    if not facts:
        problem = Problem(
            key="MARKET",
            found=repr(market_id),
            allowed="a condition id, token id or set key of the capture",
            remedy="razor markets list shows them",
        )
        raise SettingsError(source="command line", problems=[problem])
    if as_json:
        start.console.json({"markets": facts})
        return
    for market in facts:
        rows = [(name, str(value)) for name, value in market.items()]
        start.console.table(("fact", "value"), rows, title=f"market {market['condition_id']}")


def _selection(start: Process, job: "SelectJob") -> Selection:
    """Run the selection with its progress shown."""
    from razor.app.selecting import (  # noqa: PLC0415 - loads sockets
        select_live,
        select_recorded,
    )

    if job.recording is None:
        return select_live(start, job)
    with start.console.progress(f"probing {job.recording.name}") as bar:
        return select_recorded(start, job, following(start, bar))


def _recording(source: str) -> Path | None:
    """The path of a replay source, ``None`` for the venue."""
    if source.startswith(_REPLAY):
        return Path(source.removeprefix(_REPLAY))
    if source == _LIVE:
        return None
    problem = Problem(
        key="--source",
        found=repr(source),
        allowed=f"{_LIVE} or {_REPLAY}CAPTURE",
        remedy="give one of them",
    )
    raise SettingsError(source="command line", problems=[problem])


def _facts(job: "SelectJob", done: Selection) -> dict[str, JsonValue]:
    """Give the outcome of a selection to a program."""
    progress, choice = done.progress, done.choice
    pair = choice if isinstance(choice, Selected) else None
    return {
        "run_id": job.run_id,
        "out_dir": str(job.out_dir),
        "candidates": progress.candidates_total,
        "probed": progress.ok,
        "failed": progress.failed,
        "aborted": progress.aborted,
        "insufficient_data": pair is None and not done.groups,
        "reason": choice.reason if isinstance(choice, Insufficient) else None,
        "liquid": pair.liquid.candidate.market_id if pair else None,
        "thin": pair.thin.candidate.market_id if pair else None,
        "groups": [it.candidate.market_id for it in done.groups],
        "groups_refused": [
            {"event_id": it.event_id, "label": it.label, "reason": it.reason}
            for it in progress.refused
        ],
        "files": [SCORES, RECOMMENDATION, SUGGESTION],
    }


def _tell(start: Process, job: "SelectJob", done: Selection) -> None:
    """Tell a person what was chosen, what was refused, and where the tables are."""
    progress, scores = done.progress, done.scores
    shown = scores[:_SHOWN_SCORES]
    more = f", the first {len(shown)} shown" if len(shown) < len(scores) else ""
    title = f"probed markets (n = {len(scores):,} of {progress.candidates_total:,}{more})"
    columns = ("market", "strategy", "samples", "liquid", "thin", "trades/min", "passes/h", "net")
    start.console.table((*columns[:-1], "net p50, bps"), list(map(_score_row, shown)), title=title)
    match done.choice:
        case Selected(liquid=liquid, thin=thin):
            start.console.fact(f"liquid {liquid.candidate.market_id}  {liquid.candidate.label}")
            start.console.fact(f"thin   {thin.candidate.market_id}  {thin.candidate.label}")
        case Insufficient(reason=reason):
            start.console.fact(f"insufficient data: {reason}")
    for score in done.groups:
        group = score.candidate
        start.console.fact(f"group  {group.market_id}  {group.label} ({group.legs_n} outcomes)")
    for refused in progress.refused[:_SHOWN_SCORES]:
        start.console.fact(f"refused group {refused.event_id}  {refused.label}: {refused.reason}")
    if len(progress.refused) > _SHOWN_SCORES:
        start.console.fact(f"refused groups in all: {len(progress.refused):,} (all in the file)")
    ended = "aborted" if progress.aborted else "done"
    start.console.fact(f"{ended}: {progress.ok:,} probed, {progress.failed:,} failed")
    start.console.fact(f"files in {job.out_dir}: {SCORES}, {RECOMMENDATION}, {SUGGESTION}")


def _score_row(score: Score) -> tuple[str, ...]:
    """Give the cells of one score."""
    seen = score.figures
    return (
        score.candidate.market_id,
        score.candidate.strategy,
        f"{seen.snapshots_total:,}",
        _share(seen.liquid, seen.snapshots_total),
        _share(seen.thin, seen.snapshots_total),
        f"{float(score.trades_per_min):.2f}",
        f"{float(score.passes_per_hour):.2f}",
        str(seen.expected_net_bps_p50) if seen.snapshots_eval_total else "none",
    )


def _share(count: int, total: int) -> str:
    """Write a share with both of its numbers."""
    return f"{100 * count / total:.1f} %" if total else "none"


def _list_recorded(start: Process, listing: Listing, *, is_json: bool) -> None:
    """List what was recorded, largest volume first."""
    owners = {token: market for market in listing.markets for token in market.token_ids}
    rows: list[dict[str, str]] = [
        {
            "key": item.key,
            "strategy": strategy_of(len(item.legs)),
            "legs": str(len(item.legs)),
            "settlement": item.settlement,
            "question": owners[item.legs[0]].label if item.legs[0] in owners else "",
        }
        for item in listing.sets
        if item.legs
    ]
    title = f"sets (n = {len(rows):,}) of {len(listing.markets):,} markets"
    _show_rows(start, rows, title=title, is_json=is_json)


def _show_rows(start: Process, rows: list[dict[str, str]], *, title: str, is_json: bool) -> None:
    """Show rows as a table or as JSON."""
    if is_json:
        start.console.json({"markets": rows})
        return
    columns = tuple(rows[0]) if rows else ("markets",)
    start.console.table(columns, [tuple(row.values()) for row in rows], title=title)


def _named(listing: Listing, name: str) -> list[ListedMarket]:
    """The markets a text names: by condition, by token, or all legs of a set."""
    tokens = {leg for item in listing.sets if item.key == name for leg in item.legs} or {name}
    return [
        market
        for market in listing.markets
        if market.condition_id == name or tokens.intersection(market.token_ids)
    ]


def _meta_facts(market: MarketMeta) -> dict[str, JsonValue]:
    """Give a definition as the capture has it."""
    match market.fees:
        case None:
            fees = "unknown"
        case FreeOfFees():
            fees = "free"
        case TakerFee(rate=rate, exponent=exponent):
            fees = f"taker, rate {rate}, exponent {exponent}"
    return {
        "condition_id": market.condition_id,
        "question": market.label,
        "tokens": ", ".join(market.token_ids),
        "outcomes": ", ".join(market.outcomes),
        "tick_size": market.tick_size,
        "min_order_shares": market.min_order_size,
        "fees": fees,
        "neg_risk": market.neg_risk,
        "end": _day(market.end_ms),
        "event_id": market.event_id,
        "group_id": market.group_id,
        "taker_delay_s": market.seconds_delay,
    }


def _listed_facts(market: ListedMarket) -> dict[str, JsonValue]:
    """Give a listed market as the venue has it."""
    match market.fees:
        case None:
            fees = "unknown"
        case str(word):
            fees = word
        case schedule:
            fees = f"taker, rate {schedule.rate}, exponent {schedule.exponent}"
    return {
        "condition_id": market.condition_id,
        "question": market.label,
        "tokens": ", ".join(token for token in market.token_ids if token),
        "outcomes": ", ".join(market.outcomes),
        "tick_size": market.tick_size,
        "min_order_shares": market.min_order_size,
        "fees": fees,
        "neg_risk": market.neg_risk,
        "end": _day(market.end_ms),
        "event_id": market.event_id,
        "group_id": market.group_id,
        "taker_delay_s": market.seconds_delay,
    }


def _day(end_ms: int) -> str:
    """A time for people; the year 9999 is as far as the calendar goes."""
    if end_ms <= 0:
        return "unknown"
    try:
        moment = _EPOCH + timedelta(milliseconds=end_ms)
    except OverflowError:
        return "unknown"
    return moment.strftime("%Y-%m-%d %H:%M UTC")
