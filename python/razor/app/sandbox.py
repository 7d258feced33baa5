"""The local exchange, wired: one venue, its services, its clock, until somebody stops it.

Owns: :class:`SandboxPlan`, :class:`Sandbox` and :func:`serve`. Must never: be reached by a verb
that trades; what signs and verifies orders stands apart from those (a test walks the imports).
"""

import asyncio
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from razor import _core
from razor.adapters.sandbox.clob_account import ClobAccount
from razor.adapters.sandbox.clob_history import ClobHistory
from razor.adapters.sandbox.clob_orders import ClobOrders
from razor.adapters.sandbox.clob_reads import ClobReads
from razor.adapters.sandbox.data import DataApi
from razor.adapters.sandbox.fault_files import load_plan, open_truth
from razor.adapters.sandbox.faults import Faults
from razor.adapters.sandbox.gamma import Gamma
from razor.adapters.sandbox.listing import EventListing, MarketListing
from razor.adapters.sandbox.proxy import Wires
from razor.adapters.sandbox.relayer import MAX_SUBMITS, Pace, Relayer
from razor.adapters.sandbox.relayer_keys import RelayerKeys
from razor.adapters.sandbox.relayer_node import Node
from razor.adapters.sandbox.residents import Resident, settle_residents
from razor.adapters.sandbox.router import Router
from razor.adapters.sandbox.server import Front, Service, serving
from razor.adapters.sandbox.status import StatusPage
from razor.adapters.sandbox.streams import Hub
from razor.adapters.sandbox.tape import LeapClock, open_tape
from razor.adapters.sandbox.throttle import (
    CALLER_LIMITS,
    CallerLimits,
    Enforcement,
    SignerLimits,
    Tier,
)
from razor.adapters.sandbox.truth import TruthLost
from razor.adapters.sandbox.venue import Admission, Venue
from razor.adapters.sandbox.world import PlantedSets, WorldPlan, open_world
from razor.app.wiring import Process
from razor.domain.errors import StorageError
from razor.domain.local_venue import FIRST_PORT, SERVICES

__all__ = ["Sandbox", "SandboxPlan", "serve"]

_SETTLE_MS: Final = (300, 900)
_CONFIRM_MS: Final = (1_200, 1_200)
RELAYER_KEY: Final = "sandbox"
"""The relayer key of every resident; it opens nothing anywhere else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxPlan:
    """What to serve. `port` is that of the CLOB, the others follow it; 0 takes free ones.

    `speed`: venue seconds per second, 0 leaps from event to event. `is_limited`: whether calls are
    limited as at the venue. `is_verifying`: whether signatures of orders are recovered. `world`:
    traders of its own; `tape`: a capture to play instead; without either there are five markets in
    which nobody trades. `faults`: the plan of what goes wrong. `truth`: where the ledger for
    checkers is written, anew.
    """

    seed: int = 1
    port: int = FIRST_PORT
    speed: int = 1
    tier: Tier = Tier.STANDARD
    is_limited: bool = True
    is_verifying: bool = True
    world: WorldPlan | None = None
    faults: Path | None = None
    truth: Path | None = None
    tape: Path | None = None


@dataclass(slots=True)
class Sandbox:
    """A venue with its services; `residents` are its funded test accounts.

    `markers`: what in a tape is not from its recording.
    """

    venue: Venue
    hub: Hub
    front: Front
    services: list[Service]
    residents: list[Resident] = field(default_factory=list[Resident])
    markers: tuple[str, ...] = ()
    wires: Wires | None = None
    faults: Faults | None = None

    def close(self) -> None:
        """Close what is kept in files."""
        if self.faults is not None:
            self.faults.close()

    def urls(self) -> dict[str, str]:
        """Where each service answers."""
        found = {service.name: service.url for service in self.services}
        return {
            **found,
            "ws": found["clob"].replace("http://", "ws://", 1),
            "rpc": f"{found['relayer']}/rpc",
        }

    def facts(self) -> dict[str, str | int]:
        """What the status page counts."""
        calls = {f"calls of {service.name}": service.calls for service in self.services}
        return {
            "seed": self.venue.seed,
            "markets": len(self.venue.catalogue.markets),
            "stream connections": self.hub.count(),
            **calls,
            **self._tape_facts(),
        }

    def _tape_facts(self) -> dict[str, str | int]:
        played = self.venue.exchange.tape_progress()
        if played is None:
            return {}
        return {
            "records played": played.records,
            "records of the tape": played.records_all,
            "prints of the tape": played.prints,
            "tape": " ".join(self.markers),
            **({} if played.fault is None else {"the tape ended": played.fault}),
        }


def build(plan: SandboxPlan, clock: Callable[[], int]) -> Sandbox:
    """Build a venue over a clock, with its markets and residents; nothing listens yet.

    Errors: ``StorageError`` or ``ValueError`` for a tape that cannot be played.
    """
    planned = load_plan(plan.faults)
    mine_ms = planned.mine_ms or _SETTLE_MS
    exchange = _core.Exchange(
        seed=plan.seed, mine_ms=mine_ms, confirm_ms=_CONFIRM_MS, action_ms=_SETTLE_MS
    )
    limits = Enforcement.ON if plan.is_limited else Enforcement.OFF
    venue = Venue(
        exchange,
        clock=clock,
        seed=plan.seed,
        admission=Admission(
            signers=SignerLimits(tier=plan.tier, enforcement=limits),
            callers=CallerLimits(CALLER_LIMITS if plan.is_limited else {}),
            is_verifying=plan.is_verifying,
        ),
    )
    hub = Hub(venue)
    markers: tuple[str, ...] = ()
    if plan.tape is not None:
        markers = open_tape(venue, plan.tape)
    elif plan.world is not None:
        open_world(venue, plan.world)
    else:
        _list_markets(venue)
    residents = settle_residents(venue)
    routers = {name: Router() for name in ("clob", "gamma", "data", "relayer", "status")}
    ClobReads(venue).mount(routers["clob"])
    ClobOrders(venue).mount(routers["clob"])
    ClobAccount(venue).mount(routers["clob"])
    ClobHistory(venue).mount(routers["clob"])
    Gamma(venue).mount(routers["gamma"])
    relayer = _mount_relayer(venue, residents, routers["relayer"], plan)
    DataApi(venue, relayer.grants.pairs, relayer.deeds.of).mount(routers["data"])
    services = [
        Service(
            name=name,
            router=router,
            port=plan.port + SERVICES.index(name) if plan.port else 0,
            has_streams=name == "clob",
        )
        for name, router in routers.items()
    ]
    faults = None
    if plan.faults is not None or plan.truth is not None:
        faults = Faults(venue, hub, planned, open_truth(plan.truth))
        venue.wind(faults.truth)
    if plan.tape is None and plan.world is not None:
        venue.wind(PlantedSets(venue, None if faults is None else faults.truth.tell))
    sandbox = Sandbox(
        venue=venue,
        hub=hub,
        front=Front(venue, hub, faults),
        services=services,
        residents=residents,
        wires=None if faults is None else Wires(planned.wires, faults.agenda, plan.seed),
        faults=faults,
        markers=markers,
    )
    StatusPage(venue, residents, sandbox.urls, sandbox.facts).mount(routers["status"])
    return sandbox


def _mount_relayer(
    venue: Venue, residents: list[Resident], router: Router, plan: SandboxPlan
) -> Relayer:
    """The relayer with a key for every resident, and the node that its clients ask."""
    keys = RelayerKeys()
    for one in residents:
        keys.grant_relayer(RELAYER_KEY, one.address)
    relayer = Relayer(
        venue,
        keys,
        seed=plan.seed,
        pace=Pace(broadcast_ms=100, block_ms=500, confirm_ms=_CONFIRM_MS[0]),
        max_submits=MAX_SUBMITS if plan.is_limited else None,
    )
    relayer.mount(router)
    Node(venue, relayer.grants).mount(router)
    venue.wind(relayer)
    return relayer


def serve(start: Process, plan: SandboxPlan, said: Callable[[Sandbox], None]) -> None:
    """Serve until the process is asked to stop; ``said`` is told once it listens.

    Errors: ``OSError`` when a port is taken, :class:`StorageError` when the truth cannot be
    written, and those of :func:`build`.
    """
    leap = LeapClock(start.started_ns)
    sandbox = build(plan, _clock(start, plan.speed) if plan.speed else leap)
    leap.leap_over(sandbox.venue.exchange)
    with closing(sandbox):
        try:
            asyncio.run(_serve(start, sandbox, said))
        except TruthLost as lost:
            message = f"the truth can no longer be written to {plan.truth} ({lost}): serving ends"
            raise StorageError(
                message,
                path=plan.truth or Path(),
                cause=str(lost),
                remedy="free space there, or serve without --truth",
            ) from lost


async def _serve(start: Process, sandbox: Sandbox, said: Callable[[Sandbox], None]) -> None:
    """Listen until the stop; the clock of the venue goes on meanwhile."""
    loop, stopped = asyncio.get_running_loop(), asyncio.Event()

    def stop() -> None:
        loop.call_soon_threadsafe(stopped.set)

    start.stop.on_request(stop)
    async with serving(sandbox.front, sandbox.services, sandbox.wires) as driving:
        said(sandbox)
        waiting = asyncio.create_task(stopped.wait(), name="stop")
        await asyncio.wait([waiting, driving], return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        if driving.done():
            # A disk or a bug: an exchange whose time stands still must not go on answering.
            driving.result()


def _clock(start: Process, speed: int) -> Callable[[], int]:
    """The venue's time: that of this machine, or as much faster as asked."""
    began, wall = time.monotonic_ns(), start.started_ns
    return lambda: wall + (time.monotonic_ns() - began) * speed


def _list_markets(venue: Venue) -> None:
    """Two plain questions and a neg-risk event of three."""
    group = EventListing(
        event_id="9001",
        slug="made-up-election",
        title="Made-up election",
        neg_risk_id="0x" + "ee" * 31 + "00",
        tags=("sandbox",),
    )
    venue.catalogue.add_event(group)
    now_ns = venue.now_ns()
    for number, question in enumerate(("Made-up coin: heads?", "Made-up rain tomorrow?")):
        market = _market(number, question, event_id="", fee_rate_ppm=40_000 * number)
        venue.catalogue.open_market(venue.exchange, now_ns, market)
    for number, name in enumerate(("Ann", "Ben", "Cas"), start=2):
        market = _market(
            number, f"Will {name} win the made-up election?", event_id="9001", name=name
        )
        venue.catalogue.open_market(venue.exchange, now_ns, market)


def _market(
    number: int, question: str, *, event_id: str, name: str = "", fee_rate_ppm: int = 0
) -> MarketListing:
    """A made-up market; its ids look like the venue's and cannot be."""
    words = "".join(letter if letter.isalnum() else " " for letter in question.lower())
    return MarketListing(
        market_id=str(900_100 + number),
        slug="-".join(words.split()),
        question=question,
        condition_id=f"0x{'c0' * 30}{number:04x}",
        token_ids=(f"{70 * 10**75 + 2 * number}", f"{70 * 10**75 + 2 * number + 1}"),
        event_id=event_id,
        group_title=name,
        fee_rate_ppm=fee_rate_ppm,
    )
