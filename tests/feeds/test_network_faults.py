"""F-74 and F-75 for what only reads: partitions by endpoint and direction, and a grey network.

Every endpoint has a wire of its own (`wires.py`) in front of the venue on the loopback. The whole
feed runs: stream with its book checks, trades poller, fact watch, clock watch.
"""

import asyncio
import itertools
import json
import random
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

import pytest

from razor.adapters.polymarket import Gamma, Http, LiveFeed, TaskSupervisor
from razor.adapters.polymarket.backoff import Jitter
from razor.application.ports import Unresolved
from razor.domain.feed import (
    NS_PER_MS,
    NS_PER_S,
    EndpointSettings,
    FeedSettings,
    RecordKind,
    Selection,
)
from razor.domain.feed_event import (
    BookIgnored,
    ConnectionLost,
    ConnectionOpened,
    FeedStale,
    HttpAttempt,
    HttpOutcome,
    LostCause,
    MarketChanged,
    TokenChanged,
    TokenPhase,
    TradePollFailed,
    TradesIncomplete,
)
from razor.domain.universe import Universe

from .clock import START_NS, drive, drive_for, until
from .venue import Venue
from .wires import Wire
from .world import World, running, universe_of, world

NAMES = ("ws", "clob", "data", "gamma")
COMBINATIONS = tuple(itertools.product((False, True), repeat=len(NAMES)))
EVENT = "91"
_WIDE_MS = 20_000
# Steps of virtual time in which a busy machine, too, gets an exchange done.
_FINE_MS = 20
_BASES = {"ws": "ws_base", "clob": "clob_base", "data": "data_api_base", "gamma": "gamma_base"}


def _at(endpoints: EndpointSettings, name: str, base: str) -> EndpointSettings:
    """The endpoints with one of them at another address."""
    match name:
        case "ws":
            return replace(endpoints, ws_base=base)
        case "clob":
            return replace(endpoints, clob_base=base)
        case "data":
            return replace(endpoints, data_api_base=base)
        case _:
            return replace(endpoints, gamma_base=base)


@dataclass(slots=True, kw_only=True)
class Net:
    """A venue behind wires, and the feed in front of them."""

    at: World
    wires: dict[str, Wire]
    settings: FeedSettings
    universe: Universe
    jitter: Jitter
    trades: int = 0
    moves: int = 0

    @property
    def ws(self) -> Wire:
        return self.wires["ws"]

    async def run(self) -> None:
        """All duties of the feed until cancelled; none of them may end by itself."""
        at = self.at
        async with Http(
            settings=self.settings, clock=at.clock, log=at.log, jitter=lambda _: 0
        ) as http:
            feed = LiveFeed(settings=self.settings, ports=at.ports, http=http, jitter=self.jitter)
            ended = await TaskSupervisor().run(feed.duties(self.universe))
            pytest.fail(f"the duty {ended.name} ended: {ended.error}")

    def is_hydrated(self) -> bool:
        return all(self.at.engine.hydrated(token) for token in self.at.venue.tokens())

    async def move(self) -> None:
        """A level changes and a print is made in the first market."""
        self.moves += 1
        self.trades += 1
        venue, market = self.at.venue, self.at.venue.markets[0]
        row = venue.trade(market, self.trades, 1_800_000_000 + self.trades)
        venue.trades.setdefault(market.condition_id, []).insert(0, row)
        await venue.change(market.tokens[0], size=str(self.moves))

    def is_streamed(self) -> bool:
        """Whether the last move has come by the stream."""
        levels = self.at.engine.levels.get(self.at.venue.tokens()[0], {})
        return str(self.moves) in levels.values()

    def is_printed(self) -> bool:
        """Whether the last print has come by the poller."""
        rows = self.at.engine.of(RecordKind.TRADE)
        return bool(rows) and f"0x{self.trades:064x}".encode() in rows[-1].payload

    def words(self, code: str) -> list[str]:
        """Open or closed, of the gaps of a code in order."""
        return [gap.cause.split()[1] for gap in self.at.engine.gaps(code)]


@asynccontextmanager
async def _net(
    venue: Venue, jitter: Jitter = lambda step: step // 2, **changes: object
) -> AsyncIterator[Net]:
    async with AsyncExitStack() as stack:
        at = await stack.enter_async_context(world(venue, **changes))
        wires: dict[str, Wire] = {}
        # Limits of real time are wide: it is the virtual clock that passes, also on a busy machine.
        endpoints = replace(
            at.settings.endpoints, ws_connect_timeout_ms=_WIDE_MS, http_timeout_ms=_WIDE_MS
        )
        for name in NAMES:
            parts = urlsplit(getattr(endpoints, _BASES[name]))
            assert parts.port is not None
            wires[name] = await stack.enter_async_context(Wire(parts.port, at.clock))
            base = f"{parts.scheme}://{parts.hostname}:{wires[name].port}"
            endpoints = _at(endpoints, name, base)
        first, *others = universe_of(venue).markets
        # A market of a group, so that the fact watch has something to ask Gamma for.
        grouped = replace(first, event_id=EVENT, group_id="0xg")
        venue.events = [{"id": EVENT, "slug": "e", "negRisk": True, "markets": []}]
        yield Net(
            at=at,
            wires=wires,
            settings=replace(at.settings, endpoints=endpoints),
            universe=Universe(markets=(grouped, *others), sets=()),
            jitter=jitter,
        )


async def _flow(net: Net) -> None:
    """Everything is up and has been seen to work."""
    await until(net.is_hydrated)
    await net.move()
    await until(net.is_streamed)
    await drive(net.at.clock, lambda: net.is_printed() and net.at.venue.requested("/events"))


@pytest.mark.parametrize("down", COMBINATIONS, ids=lambda down: "".join("10"[it] for it in down))
def test_f74_what_is_up_goes_on_and_what_is_down_opens_its_gap_and_no_other(
    down: tuple[bool, ...],
) -> None:
    async def run() -> None:
        async with _net(Venue(2), flags_refresh_ms=5_000, spot_check_ms=5_000) as net:
            at, is_down = net.at, dict(zip(NAMES, down, strict=True))
            async with running(net.run()):
                await _flow(net)
                for name in NAMES:
                    if is_down[name]:
                        net.wires[name].take_down()
                if is_down["ws"]:
                    await until(lambda: at.log.of(ConnectionLost))
                await net.move()
                await drive_for(at.clock, 30_000)
                assert net.is_hydrated() is not is_down["ws"]
                assert net.is_streamed() is not is_down["ws"]
                assert net.is_printed() is not is_down["data"]
                assert net.words("DISCONNECTED") == ["open"] * is_down["ws"]
                assert net.words("TRADES_INCOMPLETE") == ["open", "open"] * is_down["data"]
                assert bool(at.log.of(ConnectionLost)) is is_down["ws"]
                assert bool(at.log.of(TradePollFailed)) is is_down["data"]
                assert at.log.of(MarketChanged) == []
                assert at.log.of(FeedStale) == []
                for wire in net.wires.values():
                    wire.toxics.is_down = False
                await drive(at.clock, net.is_hydrated)
                await net.move()
                await until(net.is_streamed)
                await drive(at.clock, net.is_printed)
                assert net.words("DISCONNECTED") == ["open", "closed"] * is_down["ws"]
                # One gap per market, closed by the market's own next answer.
                expected = ["closed", "closed", "open", "open"] * is_down["data"]
                await drive(at.clock, lambda: sorted(net.words("TRADES_INCOMPLETE")) == expected)
                assert at.log.of(MarketChanged) == []

    asyncio.run(run())


def test_f74_a_change_made_behind_a_partition_is_marked_when_it_heals() -> None:
    async def run() -> None:
        async with _net(Venue(1), flags_refresh_ms=5_000) as net, running(net.run()):
            await _flow(net)
            net.wires["clob"].take_down()
            net.at.venue.markets[0].clob["mos"] = 15
            await drive_for(net.at.clock, 20_000)
            assert net.at.log.of(MarketChanged) == []
            net.wires["clob"].toxics.is_down = False
            await drive(net.at.clock, lambda: net.at.log.of(MarketChanged))
            assert net.at.log.of(MarketChanged)[0].fields == ("min_order_size",)

    asyncio.run(run())


@pytest.mark.parametrize("direction", ["mute_up", "mute_down"])
def test_f74_a_partition_of_one_direction_is_found_by_the_missing_pong(direction: str) -> None:
    async def run() -> None:
        # The closing handshake has a limit of real time, in which the virtual clock would run on.
        async with _net(Venue(1), close_timeout_ms=1) as net, running(net.run()):
            await _flow(net)
            setattr(net.ws.toxics, direction, True)
            began_ns = net.at.clock.now_ns()
            await drive(net.at.clock, lambda: net.at.log.of(ConnectionLost))
            lost = net.at.log.of(ConnectionLost)[0]
            assert lost.cause is LostCause.PONG_TIMEOUT
            limit_ms = net.settings.pong_timeout_ms + net.settings.ping_interval_ms
            assert lost.at_ns - began_ns <= limit_ms * NS_PER_MS
            assert not net.is_hydrated()
            setattr(net.ws.toxics, direction, False)
            await drive(net.at.clock, net.is_hydrated)
            assert net.words("DISCONNECTED") == ["open", "closed"]

    asyncio.run(run())


def test_f74_a_feed_that_starts_behind_a_partition_takes_up_each_part_as_it_comes() -> None:
    async def run() -> None:
        async with _net(Venue(1)) as net:
            for wire in net.wires.values():
                wire.take_down()
            async with running(net.run()):
                await drive(net.at.clock, lambda: net.at.log.of(ConnectionLost))
                await drive(net.at.clock, lambda: net.at.log.of(TradePollFailed))
                assert net.at.engine.of(RecordKind.WS) == []
                net.wires["data"].toxics.is_down = False
                await net.move()
                await drive(net.at.clock, net.is_printed)
                assert not net.is_hydrated()
                net.ws.toxics.is_down = False
                await drive(net.at.clock, net.is_hydrated)

    asyncio.run(run())


def _without_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every name but the loopback's address fails to resolve, as without a DNS server."""
    loop = asyncio.get_running_loop()
    resolve = loop.getaddrinfo

    async def fail(host: object, port: object, **how: int) -> object:
        text = host.decode() if isinstance(host, bytes) else str(host)
        if text == "127.0.0.1":
            return await resolve(text, int(str(port)), **how)
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr(loop, "getaddrinfo", fail)


def test_f74_without_dns_everything_is_tried_again_and_nothing_is_said_of_markets(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def run() -> None:
        _without_names(monkeypatch)
        async with _net(Venue(1)) as net:
            endpoints = replace(
                net.settings.endpoints,
                ws_base="wss://feed.invalid",
                clob_base="https://clob.invalid",
                data_api_base="https://data.invalid",
                gamma_base="https://gamma.invalid",
            )
            net.settings = replace(net.settings, endpoints=endpoints)
            async with running(net.run()):
                await drive_for(net.at.clock, 60_000)
            lost = net.at.log.of(ConnectionLost)
            assert {event.cause for event in lost} == {LostCause.CONNECT_FAILED}
            assert 5 <= len(lost) <= 12
            attempts = net.at.log.of(HttpAttempt)
            assert {attempt.outcome for attempt in attempts} == {HttpOutcome.UNREACHABLE}
            assert net.at.log.of(TradesIncomplete)[0].reason
            assert net.at.log.of(MarketChanged) == []
            assert net.at.engine.of(RecordKind.WS) == []
            http = Http(
                settings=net.settings, clock=net.at.clock, log=net.at.log, jitter=lambda _: 0
            )
            async with http:
                gamma = Gamma(http=http, clock=net.at.clock, log=net.at.log)
                asked = asyncio.ensure_future(gamma.resolve(Selection(market_ids=("1",))))
                await drive(net.at.clock, asked.done)
                found = asked.result()
            assert isinstance(found, Unresolved)
            assert found.is_fault
            assert "check the network" in found.remedy

    asyncio.run(run())


class _Draws:
    """Jitter that remembers what it was asked for and what it gave."""

    def __init__(self) -> None:
        self.drawn: list[tuple[int, int]] = []
        self._random = random.Random(7)

    def __call__(self, step: int) -> int:
        self.drawn.append((step, self._random.randint(0, step)))
        return self.drawn[-1][1]


def test_f75_periodic_resets_give_bounded_reconnects_with_jitter() -> None:
    async def run() -> None:
        draws = _Draws()
        async with _net(Venue(1), draws) as net, running(net.run()):
            await _flow(net)
            minutes = 10
            for _ in range(minutes * 12):
                await drive_for(net.at.clock, 5_000)
                net.ws.cut()
            await drive(net.at.clock, net.is_hydrated, step_ms=_FINE_MS)
            steps = [step for step, _ in draws.drawn]
            # 250 ms doubled up to 30 s: no connection lived long enough to start anew.
            expected = [min(30_000, 250 << number) for number in range(len(steps))]
            assert steps == expected
            assert len({wait for _, wait in draws.drawn}) > len(draws.drawn) // 2
            waits = [event.retry_in_ms for event in net.at.log.of(ConnectionLost)]
            assert waits == [wait for _, wait in draws.drawn]
            # Fixed waits of a second would have made one per reset; half of 30 s on average.
            assert minutes * 2 <= len(net.ws.accepted_ns) <= minutes * 6
            assert set(net.words("DISCONNECTED")) == {"open", "closed"}

    asyncio.run(run())


def test_f75_a_slow_network_is_not_an_outage() -> None:
    async def run() -> None:
        async with _net(Venue(20)) as net, running(net.run()):
            net.ws.toxics.latency_ms = 2_900
            net.ws.toxics.bytes_per_s = 10_000
            await drive(net.at.clock, net.is_hydrated, step_ms=100)
            (opened,) = net.at.log.of(ConnectionOpened)
            took_ms = (net.at.clock.now_ns() - opened.at_ns) // NS_PER_MS
            # 40 books of some 400 bytes at 10 kB/s, behind 2.9 s in each direction.
            assert 2 * 2_900 <= took_ms <= 30_000
            for _ in range(60):
                await net.move()
                await drive_for(net.at.clock, 2_000)
            await drive(net.at.clock, net.is_streamed)
            assert net.at.log.of(ConnectionLost) == []
            assert net.at.log.of(FeedStale) == []
            assert len(net.ws.accepted_ns) == 1

    asyncio.run(run())


@pytest.mark.parametrize("seed", range(4))
def test_f75_a_lossy_network_changes_its_mode_seldom_and_is_current_afterwards(seed: int) -> None:
    async def run() -> None:
        async with _net(Venue(2), shard_tokens=2) as net, running(net.run()):
            await _flow(net)
            net.ws.toxics.loss_pct = 30
            moves, generator = 60, random.Random(seed)
            for _ in range(moves):
                await net.move()
                await net.at.venue.change(net.at.venue.tokens()[2], size=str(net.moves))
                await drive_for(net.at.clock, 3_000 + generator.randrange(4) * 1_000)
            net.ws.toxics.loss_pct = 0
            await drive_for(net.at.clock, 20_000)
            await drive(net.at.clock, net.is_hydrated, step_ms=_FINE_MS)
            await net.move()
            await until(net.is_streamed)
            # A stream that is later than REST may be given up, but seldom, and by rule.
            minutes = (net.at.clock.now_ns() - START_NS) // (60 * NS_PER_S)
            lost = net.at.log.of(ConnectionLost)
            assert {event.cause for event in lost} <= {LostCause.FEED_STALE}
            assert len(lost) <= minutes
            assert len(net.at.log.of(FeedStale)) <= minutes
            _assert_dwells(net)
            moved = [it for it in net.at.log.of(TokenChanged) if it.phase is TokenPhase.MOVED]
            assert len(moved) <= net.settings.token_moves * len(net.at.venue.tokens())
            assert not net.at.log.of(TradePollFailed)

    asyncio.run(run())


def _assert_dwells(net: Net) -> None:
    """No connection is given up by our own choice before its dwell time is over."""
    dwell_ns = net.settings.min_dwell_ms * NS_PER_MS
    opened = {(it.conn, it.epoch): it.at_ns for it in net.at.log.of(ConnectionOpened)}
    for lost in net.at.log.of(ConnectionLost):
        if lost.cause is LostCause.FEED_STALE:
            assert lost.at_ns - opened[lost.conn, lost.epoch] >= dwell_ns


def test_f75_a_network_that_stalls_again_and_again_does_not_flap() -> None:
    async def run() -> None:
        # Silence is noticed faster than a connection may be replaced: the dwell time decides.
        async with (
            _net(Venue(2), shard_tokens=2, shard_silent_ms=2_000) as net,
            running(net.run()),
        ):
            await _flow(net)
            minutes, mute = 5, net.at.venue.mute
            first, _, second, _ = net.at.venue.tokens()
            for second_of in range(minutes * 60):
                # One shard hears nothing for three of every six seconds, the other flows.
                mute.clear()
                mute |= {first} if second_of % 6 >= 3 else set()
                await net.move()
                await net.at.venue.change(second, size=str(net.moves))
                await drive_for(net.at.clock, 1_000, step_ms=500)
            edges = [edge.at_ns for edge in net.at.log.of(FeedStale) if edge.is_open]
            assert len(edges) > minutes
            apart = [later - earlier for earlier, later in itertools.pairwise(edges)]
            assert min(apart) >= net.settings.min_dwell_ms * NS_PER_MS
            _assert_dwells(net)
            opened = [it for it in net.at.log.of(ConnectionOpened) if it.conn == "market-0"]
            assert len(opened) <= 6 * minutes
            mute.clear()
            await drive(net.at.clock, net.is_hydrated, step_ms=_FINE_MS)

    asyncio.run(run())


def test_f75_resets_of_rest_cost_three_attempts_a_call_and_are_spread() -> None:
    async def run() -> None:
        async with _net(Venue(1)) as net:
            draws = _Draws()
            net.wires["data"].take_down()
            clock, log = net.at.clock, net.at.log
            async with Http(settings=net.settings, clock=clock, log=log, jitter=draws) as http:
                feed = LiveFeed(
                    settings=net.settings, ports=net.at.ports, http=http, jitter=net.jitter
                )
                duties = {duty.name: duty for duty in feed.duties(net.universe)}
                poller = asyncio.ensure_future(duties["trades-poller"].run())
                await drive_for(clock, 60_000, step_ms=50)
                poller.cancel()
                await asyncio.gather(poller, return_exceptions=True)
            attempts = [it for it in log.of(HttpAttempt) if it.endpoint == "data/trades"]
            calls = [it for it in attempts if it.attempt == 1]
            assert max(it.attempt for it in attempts) == 1 + net.settings.http_retries
            assert len(calls) <= 61
            assert len(attempts) <= 3 * len(calls)
            assert {step for step, _ in draws.drawn} == {250, 500}
            assert len(net.wires["data"].accepted_ns) == len(attempts)

    asyncio.run(run())


def test_f75_a_rest_answer_cut_short_is_never_half_used() -> None:
    async def run() -> None:
        async with _net(Venue(2), spot_check_ms=1_000) as net, running(net.run()):
            await _flow(net)
            clob = net.wires["clob"]
            # Bytes dribble, and every few seconds the wire is reset in the middle of an answer.
            clob.toxics.bytes_per_s = 600
            for _ in range(20):
                await drive_for(net.at.clock, 1_250)
                clob.cut()
            books = net.at.engine.of(RecordKind.REST)
            assert all(json.loads(row.payload)["asks"] for row in books)
            assert net.is_hydrated()
            assert net.at.log.of(BookIgnored) == []
            failed = [it for it in net.at.log.of(HttpAttempt) if it.outcome is not HttpOutcome.OK]
            assert failed
            assert {it.outcome for it in failed} <= {HttpOutcome.UNREACHABLE, HttpOutcome.TIMEOUT}

    asyncio.run(run())
