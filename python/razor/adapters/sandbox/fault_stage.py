"""What faults act on: the venue with its streams and agenda, and each planned fault as it stands.

Owns: `Armed` (a planned fault, its count and its draws), `Subject` (what a predicate looks at) and
`Stage`. Must never: decide what a fault does.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import msgspec

from razor.adapters.sandbox.agenda import Agenda
from razor.adapters.sandbox.dice import Dice
from razor.adapters.sandbox.fault_plan import PlannedFault, duration_ns
from razor.adapters.sandbox.keys import ApiKey
from razor.adapters.sandbox.listing import Listed
from razor.adapters.sandbox.refusal import Refused
from razor.adapters.sandbox.router import Answer, Request
from razor.adapters.sandbox.streams import Frame, Hub
from razor.adapters.sandbox.truth import Truth
from razor.adapters.sandbox.venue import NS_PER_MS, Venue


class _Members(msgspec.Struct, rename="camel"):
    """Members of a signed order that faults look at."""

    token_id: str = ""
    maker: str = ""
    side: str = ""
    maker_amount: str = "0"
    taker_amount: str = "0"


class _Posted(msgspec.Struct):
    """The body of a call that posts one order."""

    order: _Members = msgspec.field(default_factory=_Members)


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """What a posted order says, unverified; empty where the call is none. Amounts are micros."""

    token_id: str = ""
    maker: str = ""
    is_buy: bool = False
    maker_amount: int = 0
    taker_amount: int = 0

    @property
    def price_micros(self) -> int:
        """Its limit price, 0 where it has none; rounded down."""
        cash, qty = self.maker_amount, self.taker_amount
        if not self.is_buy:
            cash, qty = qty, cash
        return cash * 1_000_000 // qty if qty > 0 else 0


def posted_of(request: Request) -> Posted:
    """The order of a call."""
    try:
        order = msgspec.json.decode(request.call.body, type=_Posted).order
        return Posted(
            token_id=order.token_id,
            maker=order.maker,
            is_buy=order.side == "BUY",
            maker_amount=int(order.maker_amount),
            taker_amount=int(order.taker_amount),
        )
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return Posted()


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A call, a frame or a trade, as predicates see it. `text` holds its body, query and path."""

    text: bytes
    service: str = ""
    method: str = ""
    path: str = ""
    attempt: int = 1


@dataclass(slots=True)
class Armed:
    """A planned fault: how often something matched, how often it struck, and what it remembers."""

    planned: PlannedFault
    dice: Dice
    start_ns: int
    matched: int = 0
    struck: int = 0
    answers: dict[tuple[str, str, str], tuple[int, Answer]] = field(
        default_factory=dict[tuple[str, str, str], tuple[int, Answer]]
    )
    """Answers of the past, with their time: what is stale is one of them."""

    def strikes(self, now_ns: int) -> bool:
        """Count something that matched, and tell whether the fault strikes it."""
        plan, since_ns = self.planned, now_ns - self.start_ns
        if self.is_spent:
            return False
        if plan.between is not None:
            first, last = (duration_ns(it) for it in plan.between)
            is_due = first <= since_ns < last
        elif plan.at is not None:
            is_due = since_ns >= duration_ns(plan.at)
        else:
            self.matched += 1
            every = plan.every or 0
            is_due = self.matched % every == 0 if every else self.matched == plan.nth
        self.struck += is_due
        return is_due

    @property
    def is_spent(self) -> bool:
        """Whether it struck as often as it may."""
        plan = self.planned
        most = plan.times or (0 if plan.every or plan.between else 1)
        return bool(most) and self.struck >= most

    def wait_ms(self, usual: int) -> int:
        """Its time in ms, drawn where the plan gives two ends."""
        least = self.planned.ms if self.planned.ms is not None else usual
        return self.dice.between(least, max(least, self.planned.to_ms or least))


class Stage:
    """One venue with everything that faults act on."""

    def __init__(self, venue: Venue, hub: Hub, agenda: Agenda, truth: Truth, seed: int) -> None:
        """Nothing has happened yet."""
        self.venue: Final = venue
        self.hub: Final = hub
        self.agenda: Final = agenda
        self.truth: Final = truth
        self.seed: Final = seed
        self.start_ns: Final = venue.now_ns()
        self.keys: Final[dict[str, ApiKey]] = {}
        """The key that last ordered for each wallet."""
        self.last_wallet = ""
        self.modes = 0
        """Modes that were entered so far: who ends one looks whether it is still his."""
        self.held: Final[dict[PlannedFault, tuple[Frame, bytes]]] = {}
        """Frames that wait for the next one."""

    def key_of(self, request: Request) -> ApiKey | None:
        """The key of a call; None where its signature is not good."""
        try:
            return self.venue.keys.check(request.call)
        except Refused:
            return None

    def learn(self, request: Request) -> None:
        """Note which key orders for which wallet."""
        wallet = posted_of(request).maker
        key = self.key_of(request) if wallet else None
        if key is not None:
            self.keys[wallet.lower()] = key
            self.last_wallet = wallet

    def target(self, planned: PlannedFault, request: Request | None) -> Listed | None:
        """The market a fault is about: the one it names, else that of the call."""
        catalogue = self.venue.catalogue
        if planned.market is not None:
            return catalogue.market(planned.market)
        token_id = planned.token or ""
        if not token_id and request is not None:
            token_id = posted_of(request).token_id or request.query.get("token_id", "")
        found = catalogue.token(token_id)
        return None if found is None else found[0]

    def is_about(self, planned: PlannedFault, subject: Subject) -> bool:
        """Whether a fault's predicate holds."""
        if planned.attempt is not None and planned.attempt != subject.attempt:
            return False
        # Addresses come in any case of letters.
        if planned.body is not None and planned.body.encode().lower() not in subject.text.lower():
            return False
        if planned.token is not None and planned.token.encode() not in subject.text:
            return False
        if planned.market is None:
            return True
        listed = self.venue.catalogue.market(planned.market)
        names = [planned.market] if listed is None else self._names(listed)
        return any(name.encode() in subject.text for name in names)

    def _names(self, listed: Listed) -> list[str]:
        return [listed.market.condition_id, *listed.market.token_ids]


def is_at_place(planned: PlannedFault, subject: Subject) -> bool:
    """Whether service, method and path of a call are those of a fault."""
    spec = planned.spec
    if (service := planned.service or spec.service) and service != subject.service:
        return False
    if not service and subject.service == "status":
        # The page of the exchange itself; nothing of the venue's.
        return False
    if planned.method is not None and planned.method != subject.method:
        return False
    if planned.path is not None:
        listed = planned.path
        return subject.path == listed or (listed.endswith("/") and subject.path.startswith(listed))
    usual = spec.by_kind.get(planned.is_kind, spec.paths)
    return not usual or (subject.method, subject.path) in usual


def past_ms(at_ns: int, now_ns: int) -> int:
    """Whole milliseconds between two times."""
    return (now_ns - at_ns) // NS_PER_MS


def query_text(query: Mapping[str, str]) -> str:
    """A query in a fixed order, as predicates and memories see it."""
    return "&".join(f"{name}={query[name]}" for name in sorted(query))
