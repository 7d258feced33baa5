"""A local exchange under a plan of faults, on a clock that runs ahead while a call is held."""

import asyncio
import io
import itertools
import json
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from razor.adapters.sandbox.fault_plan import read_plan
from razor.adapters.sandbox.faults import Faults
from razor.adapters.sandbox.keys import Call
from razor.adapters.sandbox.router import Answer, Request
from razor.adapters.sandbox.server import Broken, Front
from razor.adapters.sandbox.streams import Channel, Subscriber
from razor.app.sandbox import SandboxPlan
from tests.sandbox import trader as trader_module
from tests.sandbox.test_streams import joined
from tests.sandbox.trader import Place, Said, Trader

CUT = 0
"""Status of a call whose connection was cut."""


@dataclass(slots=True)
class Faulty(Place):
    """A sandbox whose calls go through the faults of a plan; `ledger` is its truth."""

    text: str = ""
    seed: int = 1
    ledger: io.BytesIO = field(default_factory=io.BytesIO)
    faults: Faults = field(init=False)
    loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)

    def __post_init__(self) -> None:
        # Spelt out: a class with slots is made anew, and `super()` would name the old one.
        self.plan = SandboxPlan(is_limited=False, port=0, seed=self.seed)
        Place.__post_init__(self)
        sandbox = self.sandbox
        plan = read_plan(self.text, source="plan.toml")
        self.faults = Faults(sandbox.venue, sandbox.hub, plan, self.ledger)
        sandbox.front = Front(sandbox.venue, sandbox.hub, self.faults)

    def close(self) -> None:
        """End the loop."""
        self.loop.close()

    def ask(  # noqa: PLR0913 - a call has that many parts
        self,
        method: str,
        path: str,
        *,
        query: dict[str, str] | None = None,
        body: bytes = b"",
        headers: dict[str, str] | None = None,
        service: str = "clob",
    ) -> Said:
        """Make a call and let time pass until it is answered."""
        call = Call(
            method=method,
            path=path,
            body=body,
            headers=headers or {},
            now_s=self.sandbox.venue.now_s(),
        )
        request = Request(call=call, query=query or {}, tail="", caller="127.0.0.1")
        of, front = self.service(service), self.sandbox.front
        answered = self.loop.run_until_complete(
            self._patiently(
                self.faults.call(of, request, lambda asked: front.answer(of, asked, path))
            )
        )
        if answered is None:
            return Said(status=CUT, text=b"", headers={})
        if isinstance(answered, Broken):
            text = f"{answered.at_byte} {answered.is_reset}".encode()
            return Said(status=-answered.status, text=text, headers={})
        return Said(status=answered.status, text=answered.body, headers=dict(answered.headers))

    def pass_time(self, seconds: float) -> None:
        """Let time pass in steps of what is due, faults included."""
        end_ns = self.clock.now_ns + int(seconds * 1_000_000_000)
        while (due_ns := self._due_ns()) is not None and due_ns <= end_ns:
            self._go_to(due_ns)
        self._go_to(end_ns)

    def go_on(self) -> None:
        """Do what is due by now."""
        self.sandbox.venue.go_on()
        self.sandbox.front.flush()

    def _due_ns(self) -> int | None:
        return self.sandbox.venue.due_ns()

    def _go_to(self, at_ns: int) -> None:
        self.clock.now_ns = max(self.clock.now_ns, at_ns)
        self.loop.run_until_complete(self._wake())

    async def _wake(self) -> None:
        self.go_on()
        for _ in range(5):
            await asyncio.sleep(0)

    async def _patiently(self, call: Coroutine[Any, Any, Answer | None]) -> Answer | None:
        task = asyncio.ensure_future(call)
        while not task.done():
            for _ in range(5):
                await asyncio.sleep(0)
            due_ns = self._due_ns()
            if not task.done() and due_ns is not None:
                self.clock.now_ns = max(self.clock.now_ns, due_ns)
                self.go_on()
        return await task


def rows(place: Faulty) -> list[dict[str, object]]:
    """The truth ledger."""
    return [json.loads(line) for line in place.ledger.getvalue().splitlines()]


PLAIN, GROUP = 0, 2
TOKEN, OTHER = "TOKEN", "OTHER"
_OPEN: list[Faulty] = []


@pytest.fixture(autouse=True, name="_closing")
def closing_places() -> Iterator[None]:
    """End the loops of the venues of a test."""
    yield
    for place in _OPEN:
        place.close()
    _OPEN.clear()


def place_of(text: str) -> Faulty:
    """A venue under a plan; `MARKET`, `TOKEN` and `OTHER` are the plain market's."""
    bare = Faulty()
    names = {
        "MARKET": bare.condition(PLAIN),
        "TOKEN": bare.token(PLAIN),
        "OTHER": bare.token(PLAIN, 1),
        "WALLET": bare.sandbox.residents[0].wallet,
    }
    bare.close()
    for name, value in names.items():
        text = text.replace(f'"{name}"', f'"{value}"')
    # Every venue sees the same salts, so that two of them can be compared.
    vars(trader_module)["_SALTS"] = itertools.count(1)
    place = Faulty(text=text)
    _OPEN.append(place)
    return place


def fault(code: str, kind: str = "", **keys: object) -> str:
    """One table of a plan; the first of its kind unless the keys say when."""
    when = {} if {"nth", "every", "at", "between"} & set(keys) else {"nth": 1}
    members = {"code": code, **({"kind": kind} if kind else {}), **when, **keys}
    lines = [f"{name} = {json.dumps(value)}" for name, value in members.items()]
    return "\n".join(["[[fault]]", *lines]) + "\n"


def rest(trader: Trader, cents: int = 40, shares: int = 10, side: str = "BUY") -> Said:
    """Post a resting order."""
    return trader.post(trader.place.token(PLAIN), side, cents, shares)


def crossed(text: str, cents: int = 60, shares: int = 10, kind: str = "FAK") -> tuple[Any, ...]:
    """A maker rests 10 at 0.40; the second resident takes by minting; place, taker, answer.

    Faults that are to strike the taker name it by the other token.
    """
    place = place_of(text)
    maker, taker = place.trader(0), place.trader(1)
    rest(maker)
    said = taker.post(place.token(PLAIN, 1), "BUY", cents, shares, order_type=kind)
    return place, maker, taker, said


def open_orders(trader: Trader) -> int:
    """How many orders of a trader rest."""
    return len(trader.call("GET", "/data/orders").json["data"])


def user(place: Faulty, trader: Trader) -> Subscriber:
    """A reader of a trader's user stream."""
    auth = {name: trader.credentials[name] for name in ("apiKey", "secret", "passphrase")}
    return joined(place, Channel.USER, {"type": "user", "auth": auth})
