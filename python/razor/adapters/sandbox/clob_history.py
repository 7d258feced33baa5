"""Prices of a token over time, as the CLOB tells them (PROTOCOL §3.1).

Owns: `GET /prices-history`. Must never: tell a price at which nothing traded.

Stated choices: a point is the last price of its stretch of time, in terms of the token asked for;
stretches without a trade have no point. Only trades that the engine still knows are told of.
"""

from typing import Final

from razor.adapters.sandbox.refusal import Refused
from razor.adapters.sandbox.router import Request, Router
from razor.adapters.sandbox.spelling import decimal_number
from razor.adapters.sandbox.venue import NS_PER_S, Venue

_HOUR_S: Final = 3_600
_DAY_S: Final = 86_400
_INTERVALS: Final = {
    "1h": _HOUR_S,
    "6h": 6 * _HOUR_S,
    "1d": _DAY_S,
    "1w": 7 * _DAY_S,
    "1m": 30 * _DAY_S,
    "max": 0,
    "all": 0,
}
"""How far back a word reaches, in seconds; 0 is everything."""
_MINUTE_S: Final = 60
_ONE: Final = 1_000_000
_MOST: Final = 100_000
_DIGITS: Final = 10


class ClobHistory:
    """The route of past prices; `mount` lists it."""

    def __init__(self, venue: Venue) -> None:
        """Tell of this venue's trades."""
        self._venue = venue

    def mount(self, router: Router) -> None:
        """List the route."""
        router.add("GET", "/prices-history", self._history)

    def _history(self, request: Request) -> object:
        """Points of a token, oldest first; both tokens of a market share their trades."""
        # The parameter is called `market` and means a token, as at the venue.
        found = self._venue.catalogue.token(request.need("market", "Invalid market"))
        if found is None:
            raise Refused(404, "market not found")
        listed, token = found
        since_s, until_s = self._window(request)
        step_s = max(1, _number(request, "fidelity", 1)) * _MINUTE_S
        prints = self._venue.exchange.prints(
            market=listed.index, limit=_MOST, since_ns=since_s * NS_PER_S
        )
        points: dict[int, int] = {}
        # Newest first, so the first one seen of a stretch is its last.
        for row in prints:
            at_s = row.matched_ns // NS_PER_S
            if at_s <= until_s:
                own = row.price_micros if row.token == token else _ONE - row.price_micros
                points.setdefault(at_s - at_s % step_s, own)
        rows = [{"t": at, "p": decimal_number(points[at])} for at in sorted(points)]
        return {"history": rows}

    def _window(self, request: Request) -> tuple[int, int]:
        """From and to, in seconds: a word that ends now, or two times."""
        now_s = self._venue.now_s()
        word = request.query.get("interval", "")
        if word:
            reach_s = _INTERVALS.get(word)
            if reach_s is None:
                raise Refused(400, "Invalid interval")
            return (now_s - reach_s if reach_s else 0), now_s
        if not request.query.get("startTs"):
            raise Refused(400, "startTs is required")
        return _number(request, "startTs", 0), _number(request, "endTs", now_s)


def _number(request: Request, name: str, default: int) -> int:
    """A short decimal of a query; `Refused` 400 for anything else."""
    text = request.query.get(name, "")
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= _DIGITS):
        raise Refused(400, f"Invalid {name}")
    return int(text)
