"""The peers that the feed benchmark runs beside razor's own core.

Two readers as a competent Python author would write them: ``msgspec`` structs over plain dict
books, and ``json`` over dicts whose prices are kept sorted by bisection (what a sorted dict does).
Both decode the same frames, keep the books of all tokens and keep the running ask sums of the same
sets, so that the ratio compares equal results. They get every shortcut that leaves the result the
same: prices as doubles, no check of grids, mirrors or hashes, a sum touched only when a best ask
moved. Nothing here is used outside the benchmark.
"""

from __future__ import annotations

import json
from bisect import bisect_left, insort
from typing import TYPE_CHECKING, Protocol, TypeAlias

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["JsonPeer", "MsgspecPeer", "Peer", "SetSums"]

_MICROS = 1_000_000
_SCREEN = 0.97
Side: TypeAlias = "list[tuple[int, int]]"


class SetSums:
    """Running sums of best asks over sets of tokens; counts what the screen lets through."""

    __slots__ = ("_asks", "_missing", "_sets_of", "_sums", "found")

    def __init__(self, sets: Sequence[Sequence[str]]) -> None:
        """Watch sets of token ids; no leg has an ask yet."""
        self._sets_of: dict[str, list[int]] = {}
        for index, legs in enumerate(sets):
            for leg in legs:
                self._sets_of.setdefault(leg, []).append(index)
        self._asks: dict[str, float | None] = dict.fromkeys(self._sets_of)
        self._sums = [0.0] * len(sets)
        self._missing = [len(legs) for legs in sets]
        self.found = 0

    def watches(self, token: str) -> bool:
        """Whether a token is a leg of any set."""
        return token in self._sets_of

    def move(self, token: str, ask: float | None) -> None:
        """Take a token's best ask over; looks at its sets only when it is another one."""
        old = self._asks[token]
        if ask == old:
            return
        self._asks[token] = ask
        moved = (ask or 0.0) - (old or 0.0)
        gone = (ask is None) - (old is None)
        for index in self._sets_of[token]:
            self._sums[index] += moved
            self._missing[index] += gone
            if not self._missing[index] and self._sums[index] <= _SCREEN:
                self.found += 1


class Peer(Protocol):
    """A reader of frames with books of its own."""

    sums: SetSums
    skipped: int

    def run(self, frames: Iterable[bytes]) -> None:
        """Take frames in order."""
        ...

    def levels(self, token: str) -> tuple[Side, Side]:
        """Bids and asks of a token, best first, in micro-dollars and micro-shares."""
        ...


class _Level(msgspec.Struct, gc=False):
    price: str
    size: str


class _Change(msgspec.Struct, gc=False):
    asset_id: str
    price: str
    size: str
    side: str


class _Book(msgspec.Struct, tag_field="event_type", tag="book", gc=False):
    asset_id: str
    bids: list[_Level]
    asks: list[_Level]


class _PriceChange(msgspec.Struct, tag_field="event_type", tag="price_change", gc=False):
    price_changes: list[_Change]


class _LastTrade(msgspec.Struct, tag_field="event_type", tag="last_trade_price", gc=False):
    asset_id: str


class _TickSize(msgspec.Struct, tag_field="event_type", tag="tick_size_change", gc=False):
    asset_id: str


class _Best(msgspec.Struct, tag_field="event_type", tag="best_bid_ask", gc=False):
    asset_id: str


class _NewMarket(msgspec.Struct, tag_field="event_type", tag="new_market", gc=False):
    market: str


_Message = _Book | _PriceChange | _LastTrade | _TickSize | _Best | _NewMarket
_Levels: TypeAlias = "dict[float, float]"


class MsgspecPeer:
    """Typed structs into plain dicts; the best ask is the least key."""

    def __init__(self, sets: Sequence[Sequence[str]]) -> None:
        """Start with empty books."""
        self.sums = SetSums(sets)
        self.skipped = 0
        self._bids: dict[str, _Levels] = {}
        self._asks: dict[str, _Levels] = {}
        self._decoder = msgspec.json.Decoder(_Message | list[_Message])

    def run(self, frames: Iterable[bytes]) -> None:
        """Take frames in order; what has no known type or is no JSON is skipped."""
        decode = self._decoder.decode
        for frame in frames:
            try:
                decoded = decode(frame)
            except msgspec.MsgspecError:
                self.skipped += 1
                continue
            if isinstance(decoded, _PriceChange):
                self._change(decoded.price_changes)
            elif isinstance(decoded, list):
                for message in decoded:
                    self._take(message)
            else:
                self._take(decoded)

    def _take(self, message: _Message) -> None:
        if isinstance(message, _PriceChange):
            self._change(message.price_changes)
        elif isinstance(message, _Book):
            token = message.asset_id
            self._bids[token] = {float(it.price): float(it.size) for it in message.bids}
            self._asks[token] = {float(it.price): float(it.size) for it in message.asks}
            self._check(token)

    def _change(self, changes: list[_Change]) -> None:
        touched: set[str] = set()
        for entry in changes:
            token = entry.asset_id
            side = self._bids if entry.side == "BUY" else self._asks
            levels = side[token] if token in side else side.setdefault(token, {})
            size = float(entry.size)
            if size:
                levels[float(entry.price)] = size
            else:
                levels.pop(float(entry.price), None)
            touched.add(token)
        for token in touched:
            self._check(token)

    def _check(self, token: str) -> None:
        if self.sums.watches(token):
            self.sums.move(token, min(self._asks.get(token, ()), default=None))

    def levels(self, token: str) -> tuple[Side, Side]:
        """Bids and asks of a token, best first, in micro-dollars and micro-shares."""
        bids = sorted(self._bids.get(token, {}).items(), reverse=True)
        return _micros(bids), _micros(sorted(self._asks.get(token, {}).items()))


class _Sorted:
    """A dict from price to size whose keys are kept in order."""

    __slots__ = ("prices", "sizes")

    def __init__(self, levels: Iterable[dict[str, str]] = ()) -> None:
        self.sizes = {float(level["price"]): float(level["size"]) for level in levels}
        self.prices = sorted(self.sizes)

    def set(self, price: float, size: float) -> None:
        """Set the total of a level; zero removes it."""
        if size:
            if price not in self.sizes:
                insort(self.prices, price)
            self.sizes[price] = size
        elif price in self.sizes:
            del self.sizes[price]
            del self.prices[bisect_left(self.prices, price)]

    def items(self) -> list[tuple[float, float]]:
        """Levels by rising price."""
        return [(price, self.sizes[price]) for price in self.prices]


class JsonPeer:
    """The standard library's decoder into sorted dicts; the best ask is the first key."""

    def __init__(self, sets: Sequence[Sequence[str]]) -> None:
        """Start with empty books."""
        self.sums = SetSums(sets)
        self.skipped = 0
        self._bids: dict[str, _Sorted] = {}
        self._asks: dict[str, _Sorted] = {}

    def run(self, frames: Iterable[bytes]) -> None:
        """Take frames in order; what is no JSON is skipped."""
        loads = json.loads
        for frame in frames:
            try:
                decoded = loads(frame)
            except ValueError:
                self.skipped += 1
                continue
            if isinstance(decoded, list):
                for message in decoded:
                    self._take(message)
            else:
                self._take(decoded)

    def _take(self, message: dict[str, object]) -> None:
        match message:
            case {"event_type": "price_change", "price_changes": list(changes)}:
                self._change(changes)
            case {"event_type": "book", "asset_id": str(token), "bids": bids, "asks": asks}:
                self._bids[token] = _Sorted(_rows(bids))
                self._asks[token] = _Sorted(_rows(asks))
                self._check(token)
            case _:
                pass

    def _change(self, changes: list[dict[str, str]]) -> None:
        touched: set[str] = set()
        for entry in changes:
            token = entry["asset_id"]
            side = self._bids if entry["side"] == "BUY" else self._asks
            levels = side[token] if token in side else side.setdefault(token, _Sorted())
            levels.set(float(entry["price"]), float(entry["size"]))
            touched.add(token)
        for token in touched:
            self._check(token)

    def _check(self, token: str) -> None:
        if self.sums.watches(token):
            asks = self._asks.get(token)
            self.sums.move(token, asks.prices[0] if asks and asks.prices else None)

    def levels(self, token: str) -> tuple[Side, Side]:
        """Bids and asks of a token, best first, in micro-dollars and micro-shares."""
        bids, asks = self._bids.get(token), self._asks.get(token)
        return _micros((bids.items() if bids else [])[::-1]), _micros(asks.items() if asks else [])


def _rows(levels: object) -> list[dict[str, str]]:
    return levels if isinstance(levels, list) else []


def _micros(levels: Iterable[tuple[float, float]]) -> Side:
    return [(round(price * _MICROS), round(size * _MICROS)) for price, size in levels]
