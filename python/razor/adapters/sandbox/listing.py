"""What is listed: events, their markets, and the names by which the venue knows them.

Owns: `EventListing`, `MarketListing` and `Catalogue`, the way from the venue's ids to the indices
of the matching engine and back.

Must never: hold a price, a size or a balance; those are the engine's.

Invariants: a market's index is that of the engine, its tokens are `2 * index` (the first outcome)
and `2 * index + 1`; markets of one neg-risk event share a group.
"""

from dataclasses import dataclass
from typing import Final, Literal

from razor import _core

ONE: Final = 1_000_000
"""Micro units of one dollar or share."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventListing:
    """A question group. `neg_risk_id` is empty unless exactly one of its markets resolves YES."""

    event_id: str
    slug: str
    title: str
    neg_risk_id: str = ""
    is_augmented: bool = False
    end_date: str = "2031-01-01T00:00:00Z"
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketListing:
    """One binary question. Fees in millionths, sizes in micro-shares, delays in ns.

    `is_other`: the catch-all of an augmented event. `is_placeholder`: named later, never active.
    """

    market_id: str
    slug: str
    question: str
    condition_id: str
    token_ids: tuple[str, str]
    outcomes: tuple[str, str] = ("Yes", "No")
    tick: str = "0.01"
    min_order_qty: int = 5 * ONE
    fee_rate_ppm: int = 0
    fee_exponent: int = 1
    event_id: str = ""
    group_title: str = ""
    is_other: bool = False
    is_placeholder: bool = False
    version: Literal["v1", "v2"] = "v1"
    taker_delay_ns: int = 0
    game_start_ns: int | None = None
    clears_book_on_start: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A market with its index at the engine and its event."""

    index: int
    market: MarketListing
    event: EventListing

    @property
    def is_neg_risk(self) -> bool:
        """Whether its orders are signed for the neg-risk exchange."""
        return self.event.neg_risk_id != ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a market stands now; `winner` is 0 or 1 once an outcome won, None before or at a half."""

    tick_micros: int
    is_active: bool
    accepts_orders: bool
    is_closed: bool
    payout: Literal["yes", "no", "half"] | None

    @property
    def winner(self) -> int | None:
        """Side that won."""
        return {"yes": 0, "no": 1}.get(self.payout or "")


class Catalogue:
    """Everything listed, by the venue's ids, in order of listing."""

    def __init__(self) -> None:
        self._events: dict[str, EventListing] = {}
        self._groups: dict[str, int] = {}
        self._markets: list[Listed] = []
        self._by_condition: dict[str, Listed] = {}
        self._by_token: dict[str, tuple[Listed, int]] = {}

    def add_event(self, event: EventListing) -> None:
        """List an event; `ValueError` for an id that is taken."""
        if event.event_id in self._events:
            raise ValueError(f"event {event.event_id} is listed twice")
        self._events[event.event_id] = event

    def open_market(self, exchange: _core.Exchange, now_ns: int, market: MarketListing) -> Listed:
        """List a market here and at the engine; its group opens with its first market."""
        event = self._event_of(market)
        index = exchange.add_market(
            now_ns,
            condition_id=market.condition_id,
            token_ids=market.token_ids,
            outcomes=market.outcomes,
            tick=market.tick,
            min_order_qty=market.min_order_qty,
            fee_rate_ppm=market.fee_rate_ppm,
            fee_exponent=market.fee_exponent,
            group=self._group(exchange, now_ns, event),
            is_v2=market.version == "v2",
            taker_delay_ns=market.taker_delay_ns,
            game_start_ns=market.game_start_ns,
            clears_book_on_start=market.clears_book_on_start,
        )
        listed = self.know_market(index, market)
        if market.is_placeholder:
            exchange.set_flags(now_ns, index, is_active=False, accepts_orders=True, is_closed=False)
        return listed

    def know_market(self, index: int, market: MarketListing) -> Listed:
        """Take a market that the engine lists already, under the next index."""
        if index != len(self._markets):
            raise ValueError(f"market {index} of the engine is not the next one")
        listed = Listed(index=index, market=market, event=self._event_of(market))
        self._markets.append(listed)
        self._by_condition[market.condition_id.lower()] = listed
        for side, token_id in enumerate(market.token_ids):
            self._by_token[token_id] = (listed, 2 * index + side)
        return listed

    def know_group(self, event_id: str, group: int) -> None:
        """Take the engine's group of an event that is listed."""
        self._groups[event_id] = group

    def event(self, event_id: str) -> EventListing | None:
        """An event by its id."""
        return self._events.get(event_id)

    def market(self, condition_id: str) -> Listed | None:
        """A market by its condition id, in any case of letters."""
        return self._by_condition.get(condition_id.lower())

    def token(self, token_id: str) -> tuple[Listed, int] | None:
        """The market and the token index of a token id."""
        return self._by_token.get(token_id)

    def at(self, index: int) -> Listed:
        """A market by its index."""
        return self._markets[index]

    @property
    def markets(self) -> list[Listed]:
        """All markets in order of listing."""
        return self._markets

    @property
    def events(self) -> list[EventListing]:
        """All events in order of listing."""
        return list(self._events.values())

    def markets_of(self, event_id: str) -> list[Listed]:
        """The markets of an event in order of listing."""
        return [listed for listed in self._markets if listed.event.event_id == event_id]

    def group_of(self, neg_risk_id: str) -> int | None:
        """The engine's group of a neg-risk id; None where no market of it is listed."""
        for event_id, group in self._groups.items():
            if self._events[event_id].neg_risk_id.lower() == neg_risk_id.lower():
                return group
        return None

    def _event_of(self, market: MarketListing) -> EventListing:
        event = self._events.get(market.event_id or market.market_id)
        if event is None:
            # The venue has no market without an event: a single question is an event of its own.
            event = EventListing(
                event_id=market.event_id or market.market_id,
                slug=market.slug,
                title=market.question,
            )
            self.add_event(event)
        return event

    def _group(self, exchange: _core.Exchange, now_ns: int, event: EventListing) -> int | None:
        if not event.neg_risk_id:
            return None
        group = self._groups.get(event.event_id)
        if group is None:
            group = exchange.add_group(now_ns, event.neg_risk_id, is_augmented=event.is_augmented)
            self._groups[event.event_id] = group
        return group
