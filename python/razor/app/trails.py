"""The order path of a run: reading its tables, and rendering them.

Owns: :func:`trail_of_run`, :func:`require_signals`, :func:`tops_of_run` and
:func:`rendered_trail`. Must never: write, or change the Day-14 report of a run. The plotting
library takes half a second to load, so only rendering loads it.
"""

import json
from collections.abc import Collection, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import TextIO

from razor.adapters.files.disk import read_bounded, storage
from razor.adapters.files.run_directory import read_manifest
from razor.app.evidence import config_of
from razor.application.trail import make_trail
from razor.application.trail_table import (
    Top,
    read_fills,
    read_shadow_legs,
    read_shadow_sets,
    read_tops,
    read_trade_log,
)
from razor.domain.errors import DecodeError, Problem, SettingsError
from razor.domain.settings import Settings
from razor.domain.trail import Ladder, SignalTrail, Trail

__all__ = ["RenderedTrail", "rendered_trail", "require_signals", "tops_of_run", "trail_of_run"]

# A trail of 14 busy days has some hundred megabytes.
_TABLE_MOST = 4_294_967_296
_WIDTH = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedTrail:
    """A trail in all its forms."""

    json: str
    terminal: str
    markdown: str
    html: str


def trail_of_run(run_dir: Path) -> Trail:
    """Read the order path of a run from its tables.

    Errors: :class:`StorageError` for a missing file, :class:`DecodeError` for one that razor did
    not write, naming file, line and field.
    """
    manifest = read_manifest(run_dir)
    settings = config_of(run_dir, manifest).settings
    remedy = _remedy(run_dir)
    run_id, mode, rows = read_trade_log(_text(run_dir / "trade_log.csv", remedy), remedy)
    return make_trail(
        run_id=run_id or manifest.run_id,
        mode=mode,
        rows=rows,
        fills=read_fills(_text(run_dir / "fills.csv", remedy), remedy),
        sets=read_shadow_sets(_text(run_dir / "shadow_sets.csv", remedy), remedy),
        legs=read_shadow_legs(_text(run_dir / "shadow_legs.csv", remedy), remedy),
        ladder=_ladder(settings),
        markers=manifest.markers,
        accept_no_verdict=settings.live.accept_no_verdict.strip(),
    )


def require_signals(trail: Trail, wanted: Sequence[int]) -> None:
    """Refuse a signal that has no row. Errors: :class:`SettingsError`."""
    known = {signal.signal_id for signal in trail.signals}
    missing = [signal_id for signal_id in wanted if signal_id not in known]
    if missing:
        allowed = f"{min(known)} to {max(known)}" if known else "none: there is no signal"
        problem = Problem(
            key="--signal",
            found=str(missing[0]),
            allowed=f"a signal of trade_log.csv ({allowed})",
            remedy="leave --signal out to see all signals",
        )
        raise SettingsError(source="command line", problems=[problem])


def tops_of_run(run_dir: Path, tokens: Collection[str]) -> tuple[Top, ...]:
    """Read the best prices of some tokens; a run without ``ticks.csv`` has none.

    Errors: :class:`StorageError`, :class:`DecodeError`. Cost: about 3 µs per row of the table.
    """
    path = run_dir / "ticks.csv"
    if not tokens or not path.exists():
        return ()
    with _opened(path, _remedy(run_dir)) as lines:
        return tuple(read_tops(lines, tokens, _remedy(run_dir)))


def rendered_trail(
    run_dir: Path, trail: Trail, wanted: Sequence[int], page_name: str | None
) -> RenderedTrail:
    """Render a trail in all forms; plots are drawn only for a page, whose name the texts give.

    ``wanted`` are the signals that were asked for, all of them if none. Cost: half a second for
    the plotting library, then a tenth per plot and the reading of ``ticks.csv``.
    Errors: as :func:`tops_of_run`.
    """
    from razor.app.report import html_text, markdown_text, terminal_text  # noqa: PLC0415 - plots
    from razor.app.report.trail import (  # noqa: PLC0415 - loads plots
        chosen_signals,
        trail_facts,
        trail_page,
    )
    from razor.app.report.trail.plot import signal_figure, tokens_of  # noqa: PLC0415 - loads plots

    chosen: tuple[SignalTrail, ...] = chosen_signals(trail, wanted)
    figures = None
    if page_name is not None:
        tokens = {token for signal in chosen for token in tokens_of(signal).values()}
        tops = tops_of_run(run_dir, tokens)
        figures = {signal.signal_id: signal_figure(signal, tops, page_name) for signal in chosen}
    page = trail_page(trail, chosen, figures)
    facts = trail_facts(trail, chosen if wanted else trail.signals)
    return RenderedTrail(
        # ASCII: a terminal acts on C1 controls and direction marks, which ids may hold.
        json=f"{json.dumps(facts, indent=2, ensure_ascii=True)}\n",
        terminal=terminal_text(page, width=_WIDTH, is_colour=False),
        markdown=markdown_text(page),
        html=html_text(page),
    )


def _ladder(settings: Settings) -> Ladder:
    """Take the ladders of the run's own settings; 0 flatten attempts count as 1."""
    live = settings.live
    levels = (live.flatten_lvl1_bps, live.flatten_lvl2_bps, live.flatten_lvl3_bps)
    return Ladder(
        chase_cap_bps=live.chase_cap_bps,
        chase_step_bps=live.ladder_step1_bps,
        flatten_bps=levels[: max(live.flatten_max_attempts, 1)],
    )


def _remedy(run_dir: Path) -> str:
    """Say what cures a table: each is a projection of the journal."""
    return f"write the tables anew from the journal: razor audit rebuild {run_dir}"


def _text(path: Path, remedy: str) -> StringIO:
    """Read a table; its lines end at line feeds alone, whatever a market is called."""
    with storage(path, f"read {path.name}"):
        content = read_bounded(path, most=_TABLE_MOST, follow=False)
    try:
        return StringIO(content.decode(), newline="")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise _not_text(path, line, remedy) from None


def _not_text(path: Path, line: int | None, remedy: str) -> DecodeError:
    place = "" if line is None else f", line {line}"
    message = f"{path.name}{place}, field unknown: found bytes that are no UTF-8"
    return DecodeError(message, source=path.name, line=line, remedy=remedy)


@contextmanager
def _opened(path: Path, remedy: str) -> Generator[TextIO]:
    """Open a table too long to hold, line by line."""
    with storage(path, f"read {path.name}"):
        try:
            with path.open(encoding="utf-8", newline="") as lines:
                yield lines
        except UnicodeDecodeError:
            raise _not_text(path, None, remedy) from None
