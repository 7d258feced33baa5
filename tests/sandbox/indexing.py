"""The Data API over a sandbox whose residents trade with each other."""

from dataclasses import dataclass, field

from razor import _core
from razor.adapters.sandbox.data import DataApi
from razor.adapters.sandbox.deeds import Deeds
from razor.adapters.sandbox.keys import Call
from razor.adapters.sandbox.relayer_calls import Grants, Planner
from razor.adapters.sandbox.router import Request, Router
from razor.adapters.sandbox.server import Service
from tests.sandbox.trader import Place, Said

PLAIN, PRICED, GROUP = 0, 1, 2
YES, NO = 0, 1
SETTLED_S = 3
"""Time in which a trade of the sandbox reaches its last state."""


@dataclass(slots=True)
class Index:
    """A sandbox and its Data API on a router of its own."""

    place: Place = field(default_factory=Place)
    deeds: Deeds = field(default_factory=Deeds)
    service: Service = field(init=False)

    def __post_init__(self) -> None:
        router, venue = Router(), self.place.sandbox.venue
        DataApi(venue, Grants(venue.exchange).pairs, self.deeds.of).mount(router)
        self.service = Service(name="data", router=router)

    def ask(self, path: str, **query: str) -> Said:
        """Ask the Data API."""
        now_s = self.place.sandbox.venue.now_s()
        call = Call(method="GET", path=path, body=b"", headers={}, now_s=now_s)
        request = Request(call=call, query=query, tail="", caller="127.0.0.1")
        answer = self.place.sandbox.front.answer(self.service, request, path)
        return Said(status=answer.status, text=answer.body, headers=dict(answer.headers))

    def wallet(self, number: int) -> str:
        """The wallet of a resident as rows spell it."""
        return self.place.sandbox.residents[number].wallet.lower()

    def account(self, number: int) -> int:
        """The engine's account of a resident."""
        account = self.place.sandbox.venue.account_of(self.wallet(number))
        assert account is not None
        return account

    def mint(self, cents: int, shares: int, *, market: int = PLAIN) -> None:
        """Resident 0 buys YES at a price as maker, 1 buys NO as taker; it settles."""
        token, other = self.place.token(market, YES), self.place.token(market, NO)
        made = self.place.trader(0).post(token, "BUY", cents, shares)
        assert made.json["success"], made.text
        taken = self.place.trader(1).post(other, "BUY", 100 - cents, shares)
        assert taken.json["status"] == "matched", taken.text
        self.place.pass_time(SETTLED_S)

    def send(self, number: int, *calls: _core.WalletCall) -> None:
        """Do calls of a resident's wallet as the relayer does them, without waiting for a block."""
        venue = self.place.sandbox.venue
        planner = Planner(
            venue.exchange,
            Grants(venue.exchange),
            self.deeds,
            account_of=venue.account_of,
            group_of=venue.group_of,
        )
        for move in planner.plan(self.wallet(number), [call.act() for call in calls]):
            move.send(self.place.clock.now_ns)

    def done(self, number: int, *calls: _core.WalletCall) -> None:
        """Do calls of a resident's wallet, and let their blocks come."""
        self.send(number, *calls)
        self.place.pass_time(SETTLED_S)

    def sell(self, cents: int, shares: int) -> None:
        """Resident 0 sells YES as taker, 2 buys it as maker; it settles."""
        token = self.place.token(PLAIN, YES)
        assert self.place.trader(2).post(token, "BUY", cents, shares).json["success"]
        taken = self.place.trader(0).post(token, "SELL", cents, shares)
        assert taken.json["status"] == "matched", taken.text
        self.place.pass_time(SETTLED_S)

    def resolve(self, payout: str, market: int = PLAIN) -> None:
        """Close a market and resolve it."""
        exchange, now_ns = self.place.sandbox.venue.exchange, self.place.clock.now_ns
        exchange.set_flags(now_ns, market, is_active=True, accepts_orders=False, is_closed=True)
        match payout:
            case "yes" | "no" | "half":
                exchange.resolve(now_ns, market, payout)
            case _:
                raise ValueError(payout)
