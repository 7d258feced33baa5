"""Metadata of events and markets as Gamma serves them (PROTOCOL §1.1, §1.2, §3.5).

Owns: the routes of Gamma. Must never: be a source of executable prices; its quotes are those of
the moment here, where the venue's are old by up to five minutes.

Stated choices: unknown parameters are ignored, `active` among them, as the venue does; only active
markets are in the market lists, while an event has all its markets.
"""

import base64
from typing import Final, TypeVar

import msgspec

from razor.adapters.sandbox.listing import EventListing, Listed
from razor.adapters.sandbox.quotes import shown_prices
from razor.adapters.sandbox.refusal import Refused
from razor.adapters.sandbox.router import Answer, Request, Router
from razor.adapters.sandbox.spelling import decimal_number, decimal_text, iso_time
from razor.adapters.sandbox.venue import Venue

_MOST: Final = 100
_DEFAULT: Final = 20
_OFFSET_MOST: Final = 2_000
_DIGITS: Final = 9
_NOT_FOUND: Final = "not found"
_DEPRECATED: Final = {"Deprecation": "true", "Link": '</markets/keyset>; rel="successor-version"'}
_ORDERS: Final = ("id", "slug", "endDate", "startDate", "volumeNum", "volume24hr", "liquidityNum")

Row = TypeVar("Row")


class Gamma:
    """The routes of Gamma; `mount` lists them."""

    def __init__(self, venue: Venue) -> None:
        """Tell of this venue."""
        self._venue = venue

    def mount(self, router: Router) -> None:
        """List every route."""
        router.add("GET", "/markets/keyset", self._markets_keyset)
        router.add("GET", "/events/keyset", self._events_keyset)
        router.add("GET", "/markets", self._markets)
        router.add("GET", "/events", self._events)
        router.add("GET", "/markets/slug/", self._market_by_slug)
        router.add("GET", "/events/slug/", self._event_by_slug)
        router.add("GET", "/markets/", self._market_by_id)
        router.add("GET", "/events/", self._event_by_id)
        router.add("GET", "/tags", lambda _: self._tags())

    def _markets_keyset(self, request: Request) -> object:
        """The last page has no `next_cursor` at all."""
        found = self._chosen_markets(request)
        taken, cursor = self._keyset(request, found)
        page: dict[str, object] = {"markets": [self._market(listed) for listed in taken]}
        return page | ({"next_cursor": cursor} if cursor else {})

    def _events_keyset(self, request: Request) -> object:
        """Events with all of their markets, also those that are not active."""
        taken, cursor = self._keyset(request, self._chosen_events(request))
        page: dict[str, object] = {"events": [self._event(event) for event in taken]}
        return page | ({"next_cursor": cursor} if cursor else {})

    def _markets(self, request: Request) -> Answer:
        """The older list, which says in its headers that it is."""
        rows = [self._market(listed) for listed in _window(request, self._chosen_markets(request))]
        return Answer(status=200, body=msgspec.json.encode(rows), headers=_DEPRECATED)

    def _events(self, request: Request) -> Answer:
        """The older list of events."""
        rows = [self._event(event) for event in _window(request, self._chosen_events(request))]
        return Answer(status=200, body=msgspec.json.encode(rows), headers=_DEPRECATED)

    def _market_by_slug(self, request: Request) -> object:
        """The bare object."""
        return self._market(self._one("slug", request.tail))

    def _market_by_id(self, request: Request) -> object:
        """The bare object."""
        return self._market(self._one("id", request.tail))

    def _event_by_slug(self, request: Request) -> object:
        """The bare object with its markets."""
        found = (it for it in self._venue.catalogue.events if it.slug == request.tail)
        return self._need_event(next(found, None))

    def _event_by_id(self, request: Request) -> object:
        """The bare object with its markets."""
        return self._need_event(self._venue.catalogue.event(request.tail))

    def _need_event(self, event: EventListing | None) -> object:
        """404 for what is not listed."""
        if event is None:
            raise Refused(404, _NOT_FOUND)
        return self._event(event)

    def _tags(self) -> object:
        """Numbers follow the order of the alphabet."""
        words = {tag for event in self._venue.catalogue.events for tag in event.tags}
        return [{"id": str(at), "label": word, "slug": word} for at, word in _numbered(words)]

    def _one(self, name: str, value: str) -> Listed:
        """A market by slug or number, open or closed."""
        for listed in self._venue.catalogue.markets:
            market = listed.market
            if value == (market.slug if name == "slug" else market.market_id):
                return listed
        raise Refused(404, _NOT_FOUND)

    def _chosen_markets(self, request: Request) -> list[Listed]:
        """Markets that pass every filter which is understood; the others are ignored."""
        is_closed = _flag(request, "closed")
        ids, slugs = set(request.values("id")), set(request.values("slug"))
        conditions = {word.lower() for word in request.values("condition_ids")}
        tokens = set(request.values("clob_token_ids")) | set(request.values("position_ids"))
        version = request.query.get("version", "")
        chosen: list[Listed] = []
        for listed in self._venue.catalogue.markets:
            market, standing = listed.market, self._venue.standing(listed)
            if (
                standing.is_closed == is_closed
                and standing.is_active
                and (not ids or market.market_id in ids)
                and (not slugs or market.slug in slugs)
                and (not conditions or market.condition_id.lower() in conditions)
                and (not tokens or not tokens.isdisjoint(market.token_ids))
                and version in {"", market.version}
            ):
                chosen.append(listed)
        return chosen

    def _chosen_events(self, request: Request) -> list[EventListing]:
        """Events that pass every filter."""
        is_closed = _flag(request, "closed")
        ids, slugs = set(request.values("id")), set(request.values("slug"))
        return [
            event
            for event in self._venue.catalogue.events
            if self._is_event_closed(event) == is_closed
            and (not ids or event.event_id in ids)
            and (not slugs or event.slug in slugs)
        ]

    def _is_event_closed(self, event: EventListing) -> bool:
        """An event is over with the last of its markets."""
        markets = self._venue.catalogue.markets_of(event.event_id)
        return bool(markets) and all(self._venue.standing(it).is_closed for it in markets)

    def _keyset(self, request: Request, rows: list[Row]) -> tuple[list[Row], str]:
        """A page behind a cursor, and the cursor behind it, empty at the end."""
        if "offset" in request.query:
            raise Refused(422, "offset is not supported by keyset pagination")
        _check_order(request)
        limit = max(1, min(_MOST, _number(request, "limit", _DEFAULT)))
        start = _start_of(request.query.get("after_cursor", ""))
        taken = rows[start : start + limit]
        behind = start + limit
        cursor = _cursor(behind) if behind < len(rows) else ""
        return taken, cursor

    def _event(self, event: EventListing) -> dict[str, object]:
        """An event as Gamma shows it."""
        markets = self._venue.catalogue.markets_of(event.event_id)
        is_closed = self._is_event_closed(event)
        return {
            **_event_head(event),
            "description": event.title,
            "active": True,
            "closed": is_closed,
            "archived": False,
            "endDate": event.end_date,
            "startDate": iso_time(0),
            "negRisk": event.neg_risk_id != "",
            "enableNegRisk": event.neg_risk_id != "",
            "negRiskAugmented": event.is_augmented,
            **({"negRiskMarketID": event.neg_risk_id} if event.neg_risk_id else {}),
            "negRiskFeeBips": 0,
            "tags": [
                {"id": str(at), "label": tag, "slug": tag} for at, tag in _numbered(event.tags)
            ],
            "markets": [self._market(listed, has_event=False) for listed in markets],
        }

    def _market(self, listed: Listed, *, has_event: bool = True) -> dict[str, object]:
        """A market as Gamma shows it: lists are JSON inside of strings, numbers exact."""
        market, event = listed.market, listed.event
        standing = self._venue.standing(listed)
        document: dict[str, object] = {
            "id": market.market_id,
            "question": market.question,
            "conditionId": market.condition_id,
            "questionID": market.condition_id,
            "slug": market.slug,
            "description": market.question,
            "outcomes": _text(list(market.outcomes)),
            "outcomePrices": _text([decimal_text(it) for it in shown_prices(self._venue, listed)]),
            "clobTokenIds": _text(list(market.token_ids)),
            "version": market.version,
            "active": standing.is_active,
            "closed": standing.is_closed,
            "archived": False,
            "enableOrderBook": True,
            "acceptingOrders": standing.accepts_orders,
            "umaResolutionStatus": "resolved" if standing.payout is not None else "",
            "endDate": event.end_date,
            "startDate": iso_time(0),
            "orderPriceMinTickSize": decimal_number(standing.tick_micros),
            "orderMinSize": decimal_number(market.min_order_qty),
            "negRisk": listed.is_neg_risk,
            "negRiskOther": market.is_other,
            "groupItemTitle": market.group_title,
            "secondsDelay": decimal_number(market.taker_delay_ns // 1_000),
            "feesEnabled": market.fee_rate_ppm > 0,
            "restricted": False,
            "volumeNum": 0,
            "liquidityNum": 0,
        }
        if market.version == "v2":
            document["positionIds"] = list(market.token_ids)
        if listed.is_neg_risk:
            document["negRiskMarketID"] = event.neg_risk_id
        if market.fee_rate_ppm:
            document["feeType"] = "general_fees"
            document["feeSchedule"] = {
                "exponent": market.fee_exponent,
                "rate": decimal_number(market.fee_rate_ppm),
                "takerOnly": True,
                "rebateRate": 0,
            }
        if market.game_start_ns is not None:
            document["gameStartTime"] = iso_time(market.game_start_ns)
        document |= self._quote(listed)
        if has_event:
            document["events"] = [_event_head(event)]
        return document

    def _quote(self, listed: Listed) -> dict[str, object]:
        """Best prices and last trade, left out where there are none."""
        bid, ask = self._venue.exchange.top(2 * listed.index)
        last = self._venue.exchange.last_trade(listed.index)
        quote: dict[str, object] = {}
        if bid is not None:
            quote["bestBid"] = decimal_number(bid)
        if ask is not None:
            quote["bestAsk"] = decimal_number(ask)
        if bid is not None and ask is not None:
            quote["spread"] = decimal_number(ask - bid)
        if last is not None:
            quote["lastTradePrice"] = msgspec.Raw(last[0].encode())
        return quote


def _event_head(event: EventListing) -> dict[str, object]:
    """What a market says of its event."""
    return {"id": event.event_id, "slug": event.slug, "title": event.title, "ticker": event.slug}


def _text(value: list[str]) -> str:
    """JSON text inside a JSON string, as Gamma writes lists."""
    return msgspec.json.encode(value).decode()


def _numbered(words: set[str] | tuple[str, ...]) -> list[tuple[int, str]]:
    """Words with numbers that stay the same as long as the words do."""
    return list(enumerate(sorted(words), start=1))


def _flag(request: Request, name: str) -> bool:
    """A word of truth; false where it is missing, as `closed` is."""
    word = request.query.get(name, "false").lower()
    if word not in {"true", "false"}:
        raise Refused(422, f"invalid {name}")
    return word == "true"


def _number(request: Request, name: str, default: int) -> int:
    """A short decimal of a query; `Refused` 422 for anything else."""
    text = request.query.get(name, "")
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= _DIGITS):
        raise Refused(422, f"invalid {name}")
    return int(text)


def _check_order(request: Request) -> None:
    """Sorting takes names of JSON members; here everything is listed in order of listing."""
    order = request.query.get("order", "")
    if order and order not in _ORDERS:
        raise Refused(422, f"invalid order: {order[:40]}")


def _window(request: Request, rows: list[Row]) -> list[Row]:
    """A page by offset, as the older lists give."""
    offset, limit = _number(request, "offset", 0), _number(request, "limit", _DEFAULT)
    if offset > _OFFSET_MOST:
        raise Refused(422, f"offset must be at most {_OFFSET_MOST}")
    return rows[offset : offset + min(limit, _MOST)]


def _cursor(at: int) -> str:
    """Where the next page begins; nobody outside may rely on its form."""
    return base64.urlsafe_b64encode(f"keyset:{at}".encode()).decode()


def _start_of(cursor: str) -> int:
    """The place that a cursor names."""
    if not cursor:
        return 0
    try:
        text = base64.urlsafe_b64decode(cursor.encode("ascii", "strict")).decode("ascii")
    except ValueError as bad:
        raise Refused(422, "invalid after_cursor") from bad
    digits = text.removeprefix("keyset:")
    if digits == text or not digits.isdigit() or len(digits) > _DIGITS:
        raise Refused(422, "invalid after_cursor")
    return int(digits)
