"""The live venue, wired: sockets and polls in, records out, until a stop or the duration.

Owns: how settings become the feed's, the feed's log, the beat that lets time pass when the venue is
quiet, and the turn of operators between two frames. Must never: decide about data, or hold
an account's secret; the feed needs none.
"""

import asyncio
import logging
import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from enum import Enum

import msgspec

from razor.adapters.control.mailbox import Mailbox
from razor.adapters.files.session import LiveSession
from razor.adapters.polymarket import (
    Gamma,
    Http,
    LiveFeed,
    PollThrottle,
    SystemClock,
    TaskSupervisor,
)
from razor.app.wiring import Process
from razor.application.ports import Duty, Ended, Feed, FeedPorts, RecordPorts
from razor.application.record import Record, RecordEnd, RecordRequest, RecordSummary
from razor.domain.errors import Problem, SettingsError, Unreachable
from razor.domain.feed import EndpointSettings, FeedSettings, Selection
from razor.domain.feed_event import FeedEvent, HttpAttempt, HttpOutcome
from razor.domain.settings import Settings
from razor.domain.universe import Universe

__all__ = ["LiveJob", "feed_settings", "record_live"]

_BEAT_MS = 1_000
# The rate limit in FAULTS.md.
_F28 = 28
_LOG = logging.getLogger("razor.feed")
# The feed's names for three keys of [feed].
_RENAMED = {
    "frame_max_bytes": "frame_cap_bytes",
    "spot_check_ms": "rest_check_interval_ms",
    "spot_check_tokens": "rest_check_tokens",
}


def feed_settings(settings: Settings) -> FeedSettings:
    """Give the feed its settings under its own names."""
    feed, shadow, venue = settings.feed, settings.shadow, settings.polymarket
    values: dict[str, object] = {}
    for each in fields(FeedSettings):
        source = _RENAMED.get(each.name, each.name)
        holder = shadow if source.startswith("trade_poll_") else feed
        if hasattr(holder, source):
            values[each.name] = getattr(holder, source)
    addresses = (each.name for each in fields(EndpointSettings))
    values["endpoints"] = {name: getattr(venue, name) for name in addresses}
    return msgspec.convert(values, FeedSettings)


class _FeedLog:
    """Feed events as log lines; what the trail needs is in the journal as gaps."""

    def write(self, event: FeedEvent) -> None:
        """Log one event under its code."""
        is_usual = isinstance(event, HttpAttempt) and event.outcome is HttpOutcome.OK
        name = getattr(type(event), "code", type(event).__name__)
        facts = " ".join(f"{key}={_word(value)}" for key, value in asdict(event).items())
        _LOG.log(logging.DEBUG if is_usual else logging.INFO, "%s %s", name, facts)


def _word(value: object) -> str:
    return str(value.value if isinstance(value, Enum) else value)


@dataclass(frozen=True, slots=True, kw_only=True)
class _BeatingFeed:
    """The live feed and, beside it, the beat of the session."""

    feed: Feed
    session: LiveSession
    clock: SystemClock

    def duties(self, universe: Universe) -> Sequence[Duty]:
        """Give the feed's duties and the beat."""
        return (*self.feed.duties(universe), Duty(name="beat", run=self._beat))

    async def _beat(self) -> None:
        while True:
            await self.clock.sleep(_BEAT_MS)
            self.session.beat(self.clock.now_ns())


class _Stop:
    """The process's stop request, awaited."""

    def __init__(self, start: Process) -> None:
        self._event = asyncio.Event()
        loop = asyncio.get_running_loop()

        def wake() -> None:
            loop.call_soon_threadsafe(self._event.set)

        start.stop.on_request(wake)

    async def wait(self) -> None:
        """Return when the end is requested."""
        await self._event.wait()


class _Operated:
    """Runs duties, and answers operators beside them from the first one on."""

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox
        self._supervisor = TaskSupervisor()

    async def run(self, duties: Sequence[Duty]) -> Ended:
        """Run all until one ends."""
        return await self._supervisor.run([*duties, Duty(name="operators", run=self._serve)])

    async def _serve(self) -> None:
        loop, asked = asyncio.get_running_loop(), asyncio.Event()

        def wake() -> None:
            loop.call_soon_threadsafe(asked.set)

        self._mailbox.on_question(wake)
        try:
            while True:
                await asked.wait()
                asked.clear()
                self._mailbox.serve()
        finally:
            self._mailbox.on_question(None)


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveJob:
    """What to record and with whom: the settings, the session, and the operators' mailbox.

    ``duration_ms`` 0 means until stopped. Every ``http_429_every``-th trade poll is turned away, 0
    for none.
    """

    settings: Settings
    session: LiveSession
    mailbox: Mailbox
    duration_ms: int = 0
    http_429_every: int = 0


def record_live(start: Process, job: LiveJob) -> RecordSummary:
    """Record the venue until the end.

    Errors: :class:`SettingsError` when no market is selected or an address is unsafe,
    :class:`Unreachable` when the venue or its feed failed for good; recording is flushed by then.
    """
    summary = asyncio.run(_record(start, job))
    match summary.end:
        case RecordEnd.STOPPED | RecordEnd.DURATION:
            return summary
        case RecordEnd.REFUSED:
            problem = Problem(
                key="run.market_ids", found="no usable market", allowed="", remedy=summary.detail
            )
            raise SettingsError(source="settings", problems=[problem])
        case RecordEnd.FAULT:
            message = f"the live feed ended: {summary.detail}"
            remedy = "check the network and the addresses in [polymarket], then start again"
            raise Unreachable(message, endpoint="feed", remedy=remedy)


async def _record(start: Process, job: LiveJob) -> RecordSummary:
    settings, session = job.settings, job.session
    throttle = None
    if job.http_429_every > 0:
        throttle = PollThrottle(every=job.http_429_every, note=lambda: session.note_injected(_F28))
    clock, log, wired = SystemClock(), _FeedLog(), feed_settings(settings)
    ports = FeedPorts(recorder=session, liveness=session, clock=clock, log=log)
    async with Http(
        settings=wired, clock=clock, log=log, jitter=_jitter, throttle=throttle
    ) as http:
        live = LiveFeed(settings=wired, ports=ports, http=http, jitter=_jitter)
        record = Record(
            RecordPorts(
                metadata=Gamma(http=http, clock=clock, log=log),
                feed=_BeatingFeed(feed=live, session=session, clock=clock),
                recorder=session,
                supervisor=_Operated(job.mailbox),
                clock=clock,
                stop=_Stop(start),
            )
        )
        selection = Selection(market_ids=settings.run.market_ids)
        request = RecordRequest(selection=selection, duration_ms=job.duration_ms)
        return await record.run(request)


def _jitter(most: int) -> int:
    """Draw from 0..=most, so that many clients do not come back at once."""
    return random.randint(0, most)  # noqa: S311 - spreads reconnects, protects nothing
