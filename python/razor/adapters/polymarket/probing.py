"""Live probes: a few markets at a time, each watched for a while by an engine of its own.

Owns: one probe from definition to figures, and how many run together. A group, all outcomes of an
exclusive event, is probed as one set. Must never: record, order, probe a group that is not proven
whole, or let a market that cannot be read hold up the others.

Invariants:

- at most ``concurrency`` probes run at once, each for ``probe_ms``;
- a probe is sampled every second and once at its end; polls follow each other by at least 200 ms,
  those of a group's markets in turn, so that a large group polls no more often than a pair;
- cancelling ends streams and polls at once; what had not finished is not given.
"""

import asyncio
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from razor.adapters.polymarket.backoff import Jitter
from razor.adapters.polymarket.books import BookCheck
from razor.adapters.polymarket.gamma import Gamma
from razor.adapters.polymarket.pool import groups_of, read_pool
from razor.adapters.polymarket.probe_engine import ProbeEngine
from razor.adapters.polymarket.rest import Failed, Http
from razor.adapters.polymarket.shard import first_of
from razor.adapters.polymarket.stream import MarketStream
from razor.adapters.polymarket.trades import TRADES_CONN, TradesPoller
from razor.application.ports import Clock, FeedLog, FeedPorts, Unresolved
from razor.domain.feed import NS_PER_MS, FeedSettings, RecordKind, Selection
from razor.domain.feed_event import MarketSkipped, TradePollFailed
from razor.domain.selection import Candidate, Refused, Score
from razor.domain.universe import Universe

__all__ = ["LiveProbes", "ProbePlan", "ProbeWorld", "SkippedPolls"]

_META_CONN = "meta-0"
_SAMPLE_MS = 1_000
_POLL_MS_LEAST = 200
# Waits between reconnects of a probe (RAZOR_SPEC §25).
_BACKOFF_FIRST_MS, _BACKOFF_MAX_MS = 1_000, 30_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbePlan:
    """How much is probed: markets read, time of each, probes at a time, polls skipped.

    ``skip_every`` answers every so-many-th poll of all probes as a 429 would be; 0 skips none.
    """

    pool_limit: int
    probe_ms: int
    concurrency: int
    skip_every: int = 0


class SkippedPolls:
    """Counts the polls of all probes and says which of them is skipped."""

    def __init__(self, every: int) -> None:
        self._every = every
        self._polls = 0

    def is_next(self) -> bool:
        """Count one poll; true when it is skipped."""
        self._polls += 1
        return self._every > 0 and self._polls % self._every == 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeWorld:
    """What every probe is given."""

    settings: FeedSettings
    http: Http
    clock: Clock
    log: FeedLog
    jitter: Jitter
    engine: Callable[[], ProbeEngine]


class LiveProbes:
    """Implements the port ``Probes`` for Polymarket."""

    def __init__(self, *, plan: ProbePlan, world: ProbeWorld) -> None:
        feed = replace(
            world.settings,
            backoff_first_ms=_BACKOFF_FIRST_MS,
            backoff_max_ms=_BACKOFF_MAX_MS,
            trade_poll_interval_ms=max(_POLL_MS_LEAST, world.settings.trade_poll_interval_ms),
        )
        self._plan = plan
        self._world = replace(world, settings=feed)
        self._gamma = Gamma(http=world.http, clock=world.clock, log=world.log)
        self._skipped = SkippedPolls(plan.skip_every)

    @property
    def probe_ms(self) -> int:
        """Time of each probe, ms."""
        return self._plan.probe_ms

    @property
    def is_complete(self) -> bool:
        """Always: a live probe that is cut short is not given at all."""
        return True

    async def candidates(self) -> Sequence[Candidate] | Unresolved:
        """Read the pool. Groups come first: they are few, and where the edge is."""
        pool = await read_pool(self._world.http, limit=self._plan.pool_limit)
        return pool if isinstance(pool, Unresolved) else (*groups_of(pool), *pool)

    async def run(
        self, candidates: Sequence[Candidate], took: Callable[[Score | Refused | None], None]
    ) -> None:
        """Probe all; each is given as it finishes.

        ``None`` stands for a market that could not be probed, a refusal for such a group.
        """
        gate = asyncio.Semaphore(max(1, self._plan.concurrency))

        async def one(candidate: Candidate) -> None:
            async with gate:
                took(await (self._group(candidate) if candidate.is_group else self._one(candidate)))

        async with asyncio.TaskGroup() as group:
            for candidate in candidates:
                group.create_task(one(candidate), name=f"probe-{candidate.market_id}")

    async def _one(self, candidate: Candidate) -> Score | None:
        universe = await self._define(candidate)
        return None if universe is None else await self._probe(candidate, universe)

    async def _group(self, candidate: Candidate) -> Score | Refused:
        """Define the group by its event and probe it; the legs are known from here on."""
        found = await self._gamma.group(candidate.event_id)
        if isinstance(found, str):
            self._skip(candidate, found)
            return Refused(event_id=candidate.event_id, label=candidate.label, reason=found)
        defined = replace(
            candidate,
            market_id=found.item.key,
            condition_id=found.item.key,
            token_ids=found.item.legs,
            end_ms=min((it.end_ms for it in found.markets if it.end_ms > 0), default=0),
            label=found.label or candidate.label,
            market_ids=found.market_ids,
        )
        return await self._probe(defined, Universe(markets=found.markets, sets=(found.item,)))

    async def _define(self, candidate: Candidate) -> Universe | None:
        """The market alone with the set of its outcomes; ``None`` and a log line if it has none."""
        found = await self._gamma.resolve(Selection(market_ids=(candidate.market_id,)))
        if isinstance(found, Unresolved):
            self._skip(candidate, found.remedy)
            return None
        own = tuple(item for item in found.sets if item.legs == candidate.token_ids)
        if not own:
            self._skip(candidate, "the definition has other tokens than the listing")
            return None
        return Universe(markets=found.markets, sets=own)

    async def _probe(self, candidate: Candidate, universe: Universe) -> Score:
        world, plan = self._world, self._plan
        engine = world.engine()
        ports = FeedPorts(recorder=engine, liveness=engine, clock=world.clock, log=world.log)
        start_ns = world.clock.now_ns()
        engine.feed(RecordKind.META, _META_CONN, 0, start_ns, universe.encode())
        stream = MarketStream(
            universe=universe,
            settings=world.settings,
            ports=ports,
            books=BookCheck(http=world.http, ports=ports),
            jitter=world.jitter,
        )
        pages = TradesPoller(
            universe=universe, http=world.http, ports=ports, settings=world.settings
        )
        await first_of(
            stream.run(),
            self._poll(universe, engine, pages),
            self._sample(engine, start_ns, start_ns + plan.probe_ms * NS_PER_MS),
        )
        return Score(
            candidate=candidate,
            start_ms=start_ns // NS_PER_MS,
            end_ms=world.clock.now_ns() // NS_PER_MS,
            probe_ms=plan.probe_ms,
            trade_poll_limit=world.settings.trade_poll_limit,
            figures=engine.report().sets[0].figures,
        )

    async def _sample(self, engine: ProbeEngine, start_ns: int, end_ns: int) -> None:
        """Sample at whole seconds of the probe and at its end, then return."""
        clock, due_ns = self._world.clock, start_ns
        while due_ns < end_ns:
            due_ns = min(due_ns + _SAMPLE_MS * NS_PER_MS, end_ns)
            left_ns = due_ns - clock.now_ns()
            await clock.sleep(-(-max(0, left_ns) // NS_PER_MS))
            engine.sample(clock.now_ns())

    async def _poll(self, universe: Universe, engine: ProbeEngine, pages: TradesPoller) -> None:
        """Poll the newest page of prints until cancelled; every row goes to the engine.

        Rows that an earlier page held count as duplicates there, which shows how often a page
        repeats itself.
        """
        settings, clock = self._world.settings, self._world.clock
        for market in itertools.cycle(universe.markets):
            if not self._skipped.is_next():
                page = await pages.page(market.condition_id, "")
                if isinstance(page, Failed):
                    self._world.log.write(
                        TradePollFailed(
                            at_ns=clock.now_ns(),
                            condition_id=market.condition_id,
                            outcome=page.outcome,
                        )
                    )
                else:
                    for row in reversed(page.rows):
                        engine.feed(RecordKind.TRADE, TRADES_CONN, 0, page.recv_ns, row)
                    is_full = len(page.rows) >= settings.trade_poll_limit
                    engine.poll(page.recv_ns, is_full=is_full)
            await clock.sleep(settings.trade_poll_interval_ms)

    def _skip(self, candidate: Candidate, reason: str) -> None:
        now_ns = self._world.clock.now_ns()
        self._world.log.write(
            MarketSkipped(at_ns=now_ns, market=candidate.market_id, reason=reason)
        )
