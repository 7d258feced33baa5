"""What anybody may ask the CLOB: books, prices, markets, time (PROTOCOL §3.1 to §3.3).

Owns: the public routes of the CLOB. Must never: change anything.

Stated choices: `BUY` asks for the lowest ask and `SELL` for the highest bid, as the venue answers
now; a market that was resolved or never opened has no book.
"""

from collections.abc import Callable
from typing import Final

import msgspec

from razor.adapters.sandbox.listing import Listed, Standing
from razor.adapters.sandbox.refusal import Refused
from razor.adapters.sandbox.router import Handler, Request, Router
from razor.adapters.sandbox.spelling import decimal_number, decimal_text, iso_time, page_of
from razor.adapters.sandbox.venue import Venue

MAX_TOKENS: Final = 500
MAX_DIGITS: Final = 78
_PAGE: Final = 1_000
_NO_BOOK: Final = "No orderbook exists for the requested token id"
_HALF_MICROS: Final = 500_000
_LEGACY_FEE: Final = 1_000
"""What `base_fee` says where a market has fees: a flag, no rate."""


class TokenQuestion(msgspec.Struct):
    """One entry of the batch reads."""

    token_id: str
    side: str = ""


class _Level(msgspec.Struct):
    """Texts of a level, as they are hashed."""

    price: str
    size: str


class _BookFrame(msgspec.Struct):
    """The engine's `book` frame, in the order in which its hash covers it."""

    market: str
    asset_id: str
    timestamp: str
    hash: str
    bids: list[_Level]
    asks: list[_Level]
    tick_size: str
    last_trade_price: str = ""


class Book(msgspec.Struct):
    """`GET /book`."""

    market: str
    asset_id: str
    timestamp: str
    hash: str
    bids: list[_Level]
    asks: list[_Level]
    min_order_size: str
    tick_size: str
    neg_risk: bool
    last_trade_price: str


_DECODE_FRAME: Final = msgspec.json.Decoder(_BookFrame)


class ClobReads:
    """The public routes; `mount` lists them."""

    def __init__(self, venue: Venue) -> None:
        """Answer from this venue."""
        self._venue = venue

    def mount(self, router: Router) -> None:
        """List every route."""
        reads: tuple[tuple[str, Handler], ...] = (
            ("/ok", lambda _: "OK"),
            ("/time", lambda _: self._venue.now_s()),
            ("/version", lambda _: {"version": 2}),
            ("/book", lambda request: self.book(_token_id(request))),
            ("/price", self._price),
            ("/midpoint", lambda request: {"mid": self._need_mid(_token_id(request))}),
            ("/spread", lambda request: {"spread": self._need_spread(_token_id(request))}),
            ("/last-trade-price", self._last_trade_price),
            ("/tick-size", lambda request: self._tick_size(_token_id(request))),
            ("/tick-size/", lambda request: self._tick_size(request.tail)),
            ("/neg-risk", lambda request: self._neg_risk(_token_id(request))),
            ("/neg-risk/", lambda request: self._neg_risk(request.tail)),
            ("/fee-rate", lambda request: self._fee_rate(_token_id(request))),
            ("/fee-rate/", lambda request: self._fee_rate(request.tail)),
            ("/clob-markets/", lambda request: self._compact(self._need_market(request.tail))),
            ("/markets/", lambda request: self._long(self._need_market(request.tail))),
            ("/markets-by-token/", self._market_by_token),
            ("/markets", self._markets),
            ("/sampling-markets", self._no_rewards),
            ("/simplified-markets", self._simplified),
            ("/sampling-simplified-markets", self._no_rewards),
        )
        batches: tuple[tuple[str, Handler], ...] = (
            ("/books", self._books),
            ("/prices", self._prices),
            ("/midpoints", lambda request: self._map(request, self._mid)),
            ("/spreads", lambda request: self._map(request, self._spread)),
            ("/last-trades-prices", self._last_trades_prices),
        )
        for path, handler in reads:
            router.add("GET", path, handler)
        for path, handler in batches:
            router.add("POST", path, handler)

    def book(self, token_id: str) -> Book:
        """The book of a token; `Refused` 404 where there is none."""
        found = self._find_book(token_id)
        if found is None:
            raise Refused(404, _NO_BOOK)
        return found

    def _find_book(self, token_id: str) -> Book | None:
        """The engine's frame with what only the listing knows; the hash covers both."""
        found = self._open_token(token_id)
        if found is None:
            return None
        listed, token = found
        frame = _DECODE_FRAME.decode(self._venue.exchange.book(token))
        return Book(
            market=frame.market,
            asset_id=frame.asset_id,
            timestamp=frame.timestamp,
            hash=frame.hash,
            bids=frame.bids,
            asks=frame.asks,
            min_order_size=decimal_text(listed.market.min_order_qty),
            tick_size=frame.tick_size,
            neg_risk=listed.is_neg_risk,
            last_trade_price=frame.last_trade_price,
        )

    def _open_token(self, token_id: str) -> tuple[Listed, int] | None:
        """Market and index of a token that has a book."""
        found = self._venue.catalogue.token(token_id)
        if found is None or self._venue.standing(found[0]).is_closed:
            return None
        return found

    def _top(self, token_id: str) -> tuple[int | None, int | None]:
        """Best bid and ask in micro-dollars; None for an empty side."""
        found = self._open_token(token_id)
        if found is None:
            raise Refused(404, _NO_BOOK)
        return self._venue.exchange.top(found[1])

    def _price(self, request: Request) -> object:
        """What one would pay, or get, at the top."""
        bid, ask = self._top(_token_id(request))
        side = request.query.get("side", "").upper()
        if side not in {"BUY", "SELL"}:
            raise Refused(400, "Invalid side")
        price = ask if side == "BUY" else bid
        return {"price": decimal_text(price or 0)}

    def _prices(self, request: Request) -> object:
        """One side where it is asked for, else both; tokens without a book are left out."""
        answer: dict[str, dict[str, str]] = {}
        for question in _questions(request):
            if self._open_token(question.token_id) is None:
                continue
            bid, ask = self._top(question.token_id)
            both = {"BUY": decimal_text(ask or 0), "SELL": decimal_text(bid or 0)}
            side = question.side.upper()
            wanted = {side: both[side]} if side in both else both
            answer[question.token_id] = answer.get(question.token_id, {}) | wanted
        return answer

    def _mid(self, token_id: str) -> str | None:
        """The middle; None while a side is empty."""
        bid, ask = self._top(token_id)
        if bid is None or ask is None:
            return None
        # Grids end at 0.0001, so half of a sum is whole micro-dollars.
        return decimal_text((bid + ask) // 2)

    def _spread(self, token_id: str) -> str | None:
        """Best ask less best bid; None while a side is empty."""
        bid, ask = self._top(token_id)
        return None if bid is None or ask is None else decimal_text(ask - bid)

    def _need_mid(self, token_id: str) -> str:
        """A half where there is no middle: clients refuse an answer without one."""
        return self._mid(token_id) or decimal_text(_HALF_MICROS)

    def _need_spread(self, token_id: str) -> str:
        """Zero where there is none, for the same reason."""
        return self._spread(token_id) or decimal_text(0)

    def _map(self, request: Request, read: "Reading") -> object:
        """One text per token that has a book and a value."""
        tokens = [question.token_id for question in _questions(request)]
        known = [token for token in tokens if self._open_token(token) is not None]
        read_all = {token: read(token) for token in known}
        return {token: text for token, text in read_all.items() if text is not None}

    def _books(self, request: Request) -> object:
        """In the order of the call, which the venue does not promise."""
        books = [self._find_book(question.token_id) for question in _questions(request)]
        return [book for book in books if book is not None]

    def _last_trade_price(self, request: Request) -> object:
        """In terms of the first outcome for both tokens, as measured at the venue."""
        listed, _ = self._need_token(_token_id(request))
        last = self._venue.exchange.last_trade(listed.index)
        if last is None:
            return {"price": decimal_text(_HALF_MICROS), "side": ""}
        return {"price": last[0], "side": _side(is_buy=last[1])}

    def _last_trades_prices(self, request: Request) -> object:
        """Tokens that never traded are left out: clients refuse an empty side."""
        rows: list[dict[str, str]] = []
        for question in _questions(request):
            found = self._venue.catalogue.token(question.token_id)
            last = self._venue.exchange.last_trade(found[0].index) if found else None
            if last is not None:
                side = _side(is_buy=last[1])
                rows.append({"token_id": question.token_id, "price": last[0], "side": side})
        return rows

    def _tick_size(self, token_id: str) -> object:
        """A JSON number, exact."""
        listed, _ = self._need_token(token_id)
        return {"minimum_tick_size": decimal_number(self._venue.standing(listed).tick_micros)}

    def _neg_risk(self, token_id: str) -> object:
        """Which of the two exchanges of protocol V1 settles the token."""
        return {"neg_risk": self._need_token(token_id)[0].is_neg_risk}

    def _fee_rate(self, token_id: str) -> object:
        """On or off. The rate is in the compact market alone."""
        listed, _ = self._need_token(token_id)
        return {"base_fee": _LEGACY_FEE if listed.market.fee_rate_ppm else 0}

    def _market_by_token(self, request: Request) -> object:
        """Both tokens of a market by one of them."""
        listed, _ = self._need_token(request.tail)
        first, second = listed.market.token_ids
        # The venue's own sample names the second outcome first.
        return {
            "condition_id": listed.market.condition_id,
            "primary_token_id": second,
            "secondary_token_id": first,
        }

    def _markets(self, request: Request) -> object:
        """Long forms in pages of a thousand."""
        rows = [self._long(listed) for listed in self._venue.catalogue.markets]
        return page_of(rows, request.query.get("next_cursor", ""), _PAGE)

    def _simplified(self, request: Request) -> object:
        """What changes of a market, and its tokens."""
        rows: list[object] = []
        for listed in self._venue.catalogue.markets:
            standing = self._venue.standing(listed)
            rows.append(
                {
                    "condition_id": listed.market.condition_id,
                    "tokens": self._tokens(listed, standing),
                    "rewards": _no_reward(),
                    "active": standing.is_active,
                    "closed": standing.is_closed,
                    "archived": False,
                    "accepting_orders": standing.accepts_orders,
                }
            )
        return page_of(rows, request.query.get("next_cursor", ""), _PAGE)

    def _no_rewards(self, request: Request) -> object:
        """An empty page: no market here has rewards."""
        # Markets with rewards: there are none here.
        return page_of([], request.query.get("next_cursor", ""), _PAGE)

    def _compact(self, listed: Listed) -> dict[str, object]:
        """The form that clients read before they sign; sizes and grids are exact numbers."""
        market, standing = listed.market, self._venue.standing(listed)
        pairs = zip(market.token_ids, market.outcomes, strict=True)
        compact: dict[str, object] = {
            "c": market.condition_id,
            "t": [{"t": token_id, "o": outcome} for token_id, outcome in pairs],
            "mos": decimal_number(market.min_order_qty),
            "mts": decimal_number(standing.tick_micros),
            "ao": standing.accepts_orders,
            "v": market.version,
        }
        if market.fee_rate_ppm:
            compact["mbf"] = compact["tbf"] = _LEGACY_FEE
            rate = decimal_number(market.fee_rate_ppm)
            compact["fd"] = {"r": rate, "e": market.fee_exponent, "to": True}
        # Members that are false or nothing are absent, as at the venue.
        if listed.is_neg_risk:
            compact["nr"] = True
        if market.clears_book_on_start:
            compact["cbos"] = True
        if market.taker_delay_ns:
            compact["sd"] = decimal_number(market.taker_delay_ns // 1_000)
            compact["itode"] = True
        if market.game_start_ns is not None:
            compact["gst"] = iso_time(market.game_start_ns)
        return compact

    def _long(self, listed: Listed) -> dict[str, object]:
        """The older form, whose `winner` tells of a resolution."""
        market, standing = listed.market, self._venue.standing(listed)
        start = market.game_start_ns
        return {
            "enable_order_book": True,
            "active": standing.is_active,
            "closed": standing.is_closed,
            "archived": False,
            "accepting_orders": standing.accepts_orders,
            "accepting_order_timestamp": None,
            "minimum_order_size": decimal_number(market.min_order_qty),
            "minimum_tick_size": decimal_number(standing.tick_micros),
            "condition_id": market.condition_id,
            "question_id": market.condition_id,
            "question": market.question,
            "description": market.question,
            "market_slug": market.slug,
            "end_date_iso": listed.event.end_date,
            "game_start_time": None if start is None else iso_time(start),
            "seconds_delay": decimal_number(market.taker_delay_ns // 1_000),
            "fpmm": "",
            "maker_base_fee": _LEGACY_FEE if market.fee_rate_ppm else 0,
            "taker_base_fee": _LEGACY_FEE if market.fee_rate_ppm else 0,
            "notifications_enabled": True,
            "neg_risk": listed.is_neg_risk,
            "neg_risk_market_id": listed.event.neg_risk_id,
            "neg_risk_request_id": listed.event.neg_risk_id,
            "icon": "",
            "image": "",
            "rewards": _no_reward(),
            "is_50_50_outcome": standing.payout == "half",
            "tokens": self._tokens(listed, standing),
            "tags": list(listed.event.tags),
        }

    def _tokens(self, listed: Listed, standing: Standing) -> list[object]:
        """Both outcomes with the middle of their books, or a half."""
        rows: list[object] = []
        for side, token_id in enumerate(listed.market.token_ids):
            bid, ask = self._venue.exchange.top(2 * listed.index + side)
            mid = _HALF_MICROS if bid is None or ask is None else (bid + ask) // 2
            rows.append(
                {
                    "token_id": token_id,
                    "outcome": listed.market.outcomes[side],
                    "price": decimal_number(mid),
                    "winner": standing.winner == side,
                }
            )
        return rows

    def _need_token(self, token_id: str) -> tuple[Listed, int]:
        """A listed token, with or without a book."""
        found = self._venue.catalogue.token(token_id)
        if found is None:
            raise Refused(404, "market not found")
        return found

    def _need_market(self, condition_id: str) -> Listed:
        """A listed market by its condition id."""
        listed = self._venue.catalogue.market(condition_id)
        if listed is None:
            raise Refused(404, "market not found")
        return listed


Reading = Callable[[str], str | None]


def _token_id(request: Request) -> str:
    """A decimal of up to 78 digits, which a uint256 has; it is never made a number."""
    token_id = request.query.get("token_id", "")
    if not (0 < len(token_id) <= MAX_DIGITS and token_id.isascii() and token_id.isdigit()):
        raise Refused(400, "Invalid token id")
    return token_id


def _questions(request: Request) -> list[TokenQuestion]:
    """The body of a batch read; 500 tokens at most."""
    questions = request.read(list[TokenQuestion], "Invalid payload")
    if len(questions) > MAX_TOKENS:
        raise Refused(400, "Payload exceeds the limit")
    return questions


def _side(*, is_buy: bool) -> str:
    """The venue's word."""
    return "BUY" if is_buy else "SELL"


def _no_reward() -> dict[str, object]:
    """The rewards of a market that has none."""
    return {"rates": None, "min_size": 0, "max_spread": 0}
