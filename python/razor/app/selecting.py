"""Market selection and listings, wired: the venue or a recording in, a choice or facts out.

Owns: which adapters serve a source, and the log of probes. Must never: decide about a market.
"""

import asyncio
import logging
import random
from dataclasses import asdict, dataclass
from pathlib import Path

from razor.adapters.files.disk import storage
from razor.adapters.files.market_selection import SelectionFiles
from razor.adapters.files.recorded_probes import RecordedProbes, RecordingPlan
from razor.adapters.polymarket import (
    EventStop,
    Gamma,
    Http,
    LiveProbes,
    ProbeEngine,
    ProbePlan,
    ProbeWorld,
    SystemClock,
    TaskSupervisor,
    read_pool,
)
from razor.app.live import feed_settings
from razor.app.recordings import Tick
from razor.app.wiring import Process
from razor.application.ports import Unresolved
from razor.application.select import Probes, Select, Selection, SelectPorts, SelectRequest
from razor.domain.errors import Problem, SettingsError, Unreachable
from razor.domain.feed import Selection as MarketChoice
from razor.domain.feed_event import FeedEvent
from razor.domain.params import Rules, params_record
from razor.domain.selection import Candidate, Preference
from razor.domain.settings import Settings
from razor.domain.switches import read_switches
from razor.domain.universe import Universe

__all__ = ["SelectJob", "pool_of", "select_live", "select_recorded", "universe_of"]

_LOG = logging.getLogger("razor.probe")


@dataclass(frozen=True, slots=True, kw_only=True)
class SelectJob:
    """What a selection is about; ``recording`` is ``None`` for the live venue."""

    run_id: str
    out_dir: Path
    settings: Settings
    preference: Preference
    probe_seconds: int
    pool_limit: int
    recording: Path | None = None


class _ProbeLog:
    """Feed events as log lines."""

    def write(self, event: FeedEvent) -> None:
        """Log one event under its code."""
        name = getattr(type(event), "code", type(event).__name__)
        _LOG.info("%s %s", name, asdict(event))


def select_live(start: Process, job: SelectJob) -> Selection:
    """Probe the venue's markets and choose.

    Errors: :class:`Unreachable` when there is no list of markets, :class:`StorageError`.
    """
    return asyncio.run(_select_live(start, job))


def select_recorded(start: Process, job: SelectJob, tick: Tick) -> Selection:
    """Probe a recording's sets over its own time and choose.

    Errors: as ``_core.probe_capture``, :class:`StorageError`.
    """
    path = job.recording or Path()
    with storage(path, "open the recording"):
        path.stat()
    return asyncio.run(_select_recorded(start, job, path, tick))


def pool_of(settings: Settings, *, limit: int) -> tuple[Candidate, ...]:
    """Read the venue's list of open markets. Errors: :class:`Unreachable`."""

    async def read() -> tuple[Candidate, ...] | Unresolved:
        async with _http(settings) as http:
            return await read_pool(http, limit=limit)

    found = asyncio.run(read())
    if isinstance(found, Unresolved):
        raise _failure(found)
    return found


def universe_of(settings: Settings, market_id: str) -> Universe:
    """Read the definition of one market by its Gamma id.

    Errors: :class:`SettingsError` when the venue has no such market, :class:`Unreachable`.
    """

    async def read() -> Universe | Unresolved:
        async with _http(settings) as http:
            gamma = Gamma(http=http, clock=SystemClock(), log=_ProbeLog())
            return await gamma.resolve(MarketChoice(market_ids=(market_id,)))

    found = asyncio.run(read())
    if isinstance(found, Unresolved):
        raise _failure(found)
    return found


async def _select_live(start: Process, job: SelectJob) -> Selection:
    settings, chosen = job.settings, job.settings.market_select
    async with _http(settings) as http:
        plan = ProbePlan(
            pool_limit=job.pool_limit,
            probe_ms=job.probe_seconds * 1_000,
            concurrency=chosen.max_concurrency,
            skip_every=read_switches(start.environment).http_429_every,
        )
        params = params_record(job.run_id, settings, rules=Rules.VENUE)
        world = ProbeWorld(
            settings=feed_settings(settings),
            http=http,
            clock=SystemClock(),
            log=_ProbeLog(),
            jitter=_jitter,
            engine=lambda: ProbeEngine(params),
        )
        return await _select(start, job, LiveProbes(plan=plan, world=world))


async def _select_recorded(start: Process, job: SelectJob, path: Path, tick: Tick) -> Selection:
    plan = RecordingPlan(
        path=path,
        params=params_record(job.run_id, job.settings, rules=Rules.VENUE),
        trade_poll_limit=job.settings.shadow.trade_poll_limit,
    )
    return await _select(start, job, RecordedProbes(plan, tick))


async def _select(start: Process, job: SelectJob, probes: Probes) -> Selection:
    stop, loop = EventStop(), asyncio.get_running_loop()

    def wake() -> None:
        loop.call_soon_threadsafe(stop.set)

    start.stop.on_request(wake)
    ports = SelectPorts(
        probes=probes,
        files=SelectionFiles(job.out_dir, job.run_id),
        supervisor=TaskSupervisor(),
        clock=SystemClock(),
        stop=stop,
    )
    done = await Select(ports).run(SelectRequest(preference=job.preference))
    if isinstance(done, Unresolved):
        raise _failure(done)
    return done


def _http(settings: Settings) -> Http:
    wired, log = feed_settings(settings), _ProbeLog()
    return Http(settings=wired, clock=SystemClock(), log=log, jitter=_jitter)


def _failure(found: Unresolved) -> SettingsError | Unreachable:
    if found.is_fault:
        return Unreachable(
            "the venue could not be read", endpoint="GET /markets", remedy=found.remedy
        )
    problem = Problem(key="market", found="no usable market", allowed="", remedy=found.remedy)
    return SettingsError(source="command line", problems=[problem])


def _jitter(most: int) -> int:
    """Draw from 0..=most, so that many clients do not come back at once."""
    return random.randint(0, most)  # noqa: S311 - spreads reconnects, protects nothing
