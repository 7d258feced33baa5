# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false
# The peer that reads with the standard library has what that library gives: values of any type.
"""The peers that the feed benchmark runs beside razor's own core.

Two readers as a competent Python author would write them: ``msgspec`` structs over plain dict
books, and ``json`` over dicts whose prices are kept sorted by bisection (what a sorted dict does).
Both decode the same frames, keep one book per market in the view of its YES token (the venue often
states an order from one side only) and the running ask and bid sums of the same sets, so that the
ratio compares equal results. They get every shortcut that leaves the result the same: prices as
doubles, no check of grids, mirrors or hashes, a sum touched only when a best price moved. Nothing
here is used outside the benchmark.
"""

from __future__ import annotations

import json
from bisect import bisect_left, insort
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["JsonPeer", "MsgspecPeer", "Peer", "SetSums"]

_MICROS = 1_000_000
_SCREEN = 0.97
_PLACES = 4
Side: TypeAlias = "list[tuple[int, int]]"
_Row: TypeAlias = "dict[str, str]"
_LEVEL = itemgetter("price", "size")
_CHANGE = itemgetter("asset_id", "price", "size", "side")


class SetSums:
    """Running sums of best asks and bids over sets of tokens; counts what the screen lets through.

    ``asks`` and ``bids`` are sums in dollars by set, over the legs that have the price.
    """

    __slots__ = ("_best", "_missing", "_sets_of", "asks", "bids", "found")

    def __init__(self, sets: Sequence[Sequence[str]]) -> None:
        """Watch sets of token ids; no leg has a price yet."""
        self._sets_of: dict[str, list[int]] = {}
        for index, legs in enumerate(sets):
            for leg in legs:
                self._sets_of.setdefault(leg, []).append(index)
        self._best: dict[str, tuple[float | None, float | None]] = dict.fromkeys(
            self._sets_of, (None, None)
        )
        self._missing = [len(legs) for legs in sets]
        self.asks = [0.0] * len(sets)
        self.bids = [0.0] * len(sets)
        self.found = 0

    def watches(self, token: str) -> bool:
        """Whether a token is a leg of any set."""
        return token in self._sets_of

    def move(self, token: str, bid: float | None, ask: float | None) -> None:
        """Take a token's best prices over; looks at its sets only when one of them moved."""
        best = self._best[token]
        if best == (bid, ask):
            return
        self._best[token] = (bid, ask)
        old_bid, old_ask = best
        bid_by = (bid or 0.0) - (old_bid or 0.0)
        ask_by = (ask or 0.0) - (old_ask or 0.0)
        gone = (ask is None) - (old_ask is None)
        for index in self._sets_of[token]:
            self.bids[index] += bid_by
            self.asks[index] += ask_by
            self._missing[index] += gone
            if not self._missing[index] and self.asks[index] <= _SCREEN:
                self.found += 1


class Peer(Protocol):
    """A reader of frames with books of its own."""

    sums: SetSums
    skipped: int

    def run(self, frames: Iterable[bytes]) -> None:
        """Take frames in order."""
        ...

    def levels(self, yes: str) -> tuple[Side, Side]:
        """Bids and asks of a YES token, best first, in micro-dollars and micro-shares."""
        ...


class _Level(msgspec.Struct, gc=False):
    price: str
    size: str


class _Change(msgspec.Struct, gc=False):
    asset_id: str
    price: str
    size: str
    side: str
    hash: str
    best_bid: str | None = None
    best_ask: str | None = None


class _Book(msgspec.Struct, tag_field="event_type", tag="book", gc=False):
    asset_id: str
    market: str
    bids: list[_Level]
    asks: list[_Level]
    timestamp: str
    hash: str | None = None
    tick_size: str | None = None
    last_trade_price: str | None = None


class _PriceChange(msgspec.Struct, tag_field="event_type", tag="price_change", gc=False):
    market: str
    price_changes: list[_Change]
    timestamp: str


class _Other(msgspec.Struct, gc=False):
    market: str


class _LastTrade(_Other, tag_field="event_type", tag="last_trade_price", gc=False):
    asset_id: str


class _TickSize(_Other, tag_field="event_type", tag="tick_size_change", gc=False):
    asset_id: str


class _Best(_Other, tag_field="event_type", tag="best_bid_ask", gc=False):
    asset_id: str


class _NewMarket(_Other, tag_field="event_type", tag="new_market", gc=False):
    pass


_Message = _Book | _PriceChange | _LastTrade | _TickSize | _Best | _NewMarket
_SINGLE = (_Book, _PriceChange, _LastTrade, _TickSize, _Best, _NewMarket)
_Levels: TypeAlias = "dict[float, float]"


class _DictBook:
    """A market in the view of its YES token."""

    __slots__ = ("asks", "bids", "is_watched", "yes")

    def __init__(self, yes: str, *, is_watched: bool) -> None:
        self.yes = yes
        self.is_watched = is_watched
        self.bids: _Levels = {}
        self.asks: _Levels = {}


class MsgspecPeer:
    """Typed structs into plain dicts; the best prices are the least and the greatest key.

    The structs hold the fields that the venue documents, checked as such a program checks its
    input. Structs with only the fields that books need were measured, too: 1 % quicker.
    """

    def __init__(self, tokens: Sequence[tuple[str, str]], sets: Sequence[Sequence[str]]) -> None:
        """Start with empty books of markets given as (YES, NO) tokens."""
        self.sums = SetSums(sets)
        self.skipped = 0
        self._yes: dict[str, _DictBook] = {}
        self._no: dict[str, _DictBook] = {}
        for yes, no in tokens:
            self._yes[yes] = self._no[no] = _DictBook(yes, is_watched=self.sums.watches(yes))
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
            elif isinstance(decoded, _SINGLE):
                self._take(decoded)
            else:
                for message in decoded:
                    self._take(message)

    def _take(self, message: _Message) -> None:
        """Take one message of any type."""
        if isinstance(message, _PriceChange):
            self._change(message.price_changes)
        elif isinstance(message, _Book):
            self._replace(message)

    def _replace(self, message: _Book) -> None:
        """Replace the book by a snapshot."""
        book = self._yes.get(message.asset_id)
        if book is not None:
            book.bids = {float(it.price): float(it.size) for it in message.bids}
            book.asks = {float(it.price): float(it.size) for it in message.asks}
        else:
            book = self._no[message.asset_id]
            book.asks = {_mirrored(it.price): float(it.size) for it in message.bids}
            book.bids = {_mirrored(it.price): float(it.size) for it in message.asks}
        self._check(book)

    def _change(self, changes: Sequence[_Change]) -> None:
        # A message is about one market.
        """Take the changes of one message."""
        book = None
        for entry in changes:
            size = float(entry.size)
            is_bid = entry.side == "BUY"
            book = self._yes.get(entry.asset_id)
            if book is not None:
                price = float(entry.price)
                levels = book.bids if is_bid else book.asks
            else:
                book = self._no[entry.asset_id]
                price = _mirrored(entry.price)
                levels = book.asks if is_bid else book.bids
            if size:
                levels[price] = size
            else:
                levels.pop(price, None)
        if book is not None:
            self._check(book)

    def _check(self, book: _DictBook) -> None:
        """Look whether the set over this book costs a dollar or less."""
        if book.is_watched:
            best_bid, best_ask = max(book.bids, default=None), min(book.asks, default=None)
            self.sums.move(book.yes, best_bid, best_ask)

    def levels(self, yes: str) -> tuple[Side, Side]:
        """Bids and asks of a YES token, best first, in micro-dollars and micro-shares."""
        book = self._yes[yes]
        bids = sorted(book.bids.items(), reverse=True)
        return _micros(bids), _micros(sorted(book.asks.items()))


def _mirrored(price: str) -> float:
    """Give the price as the other outcome sees it."""
    return round(1.0 - float(price), _PLACES)


class _Sorted:
    """A dict from price to size whose keys are kept in order."""

    __slots__ = ("prices", "sizes")

    def __init__(self, sizes: dict[float, float]) -> None:
        self.sizes = sizes
        self.prices = sorted(sizes)

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


class _SortedBook:
    """A market in the view of its YES token."""

    __slots__ = ("asks", "bids", "is_watched", "yes")

    def __init__(self, yes: str, *, is_watched: bool) -> None:
        self.yes = yes
        self.is_watched = is_watched
        self.bids = _Sorted({})
        self.asks = _Sorted({})


class JsonPeer:
    """The standard library's decoder into sorted dicts; the best prices stand at the ends."""

    def __init__(self, tokens: Sequence[tuple[str, str]], sets: Sequence[Sequence[str]]) -> None:
        """Start with empty books of markets given as (YES, NO) tokens."""
        self.sums = SetSums(sets)
        self.skipped = 0
        self._yes: dict[str, _SortedBook] = {}
        self._no: dict[str, _SortedBook] = {}
        for yes, no in tokens:
            self._yes[yes] = self._no[no] = _SortedBook(yes, is_watched=self.sums.watches(yes))

    def run(self, frames: Iterable[bytes]) -> None:
        """Take frames in order; what is no JSON is skipped."""
        loads = json.loads
        for frame in frames:
            try:
                decoded: dict[str, Any] | list[dict[str, Any]] = loads(frame)
            except ValueError:
                self.skipped += 1
                continue
            if isinstance(decoded, list):
                for message in decoded:
                    self._take(message)
            else:
                self._take(decoded)

    def _take(self, message: dict[str, Any]) -> None:
        """Take one message of any type."""
        match message:
            case {"event_type": "price_change", "price_changes": changes}:
                self._change(changes)
            case {"event_type": "book", "asset_id": token, "bids": bids, "asks": asks}:
                self._replace(token, bids, asks)
            case _:
                pass

    def _replace(self, token: str, bids: list[_Row], asks: list[_Row]) -> None:
        """Replace the book by a snapshot."""
        book = self._yes.get(token)
        if book is not None:
            book.bids = _Sorted(_sizes(bids))
            book.asks = _Sorted(_sizes(asks))
        else:
            book = self._no[token]
            book.asks = _Sorted(_mirrored_sizes(bids))
            book.bids = _Sorted(_mirrored_sizes(asks))
        self._check(book)

    def _change(self, changes: list[_Row]) -> None:
        # A message is about one market.
        """Take the changes of one message."""
        book = None
        for entry in changes:
            token, price, size, side = _CHANGE(entry)
            is_bid = side == "BUY"
            book = self._yes.get(token)
            if book is not None:
                levels = book.bids if is_bid else book.asks
                levels.set(float(price), float(size))
            else:
                book = self._no[token]
                levels = book.asks if is_bid else book.bids
                levels.set(_mirrored(price), float(size))
        if book is not None:
            self._check(book)

    def _check(self, book: _SortedBook) -> None:
        """Look whether the set over this book costs a dollar or less."""
        if book.is_watched:
            bids, asks = book.bids.prices, book.asks.prices
            best_bid, best_ask = bids[-1] if bids else None, asks[0] if asks else None
            self.sums.move(book.yes, best_bid, best_ask)

    def levels(self, yes: str) -> tuple[Side, Side]:
        """Bids and asks of a YES token, best first, in micro-dollars and micro-shares."""
        book = self._yes[yes]
        return _micros(book.bids.items()[::-1]), _micros(book.asks.items())


def _sizes(levels: list[_Row]) -> dict[float, float]:
    """Give sizes by price."""
    return {float(price): float(size) for price, size in map(_LEVEL, levels)}


def _mirrored_sizes(levels: list[_Row]) -> dict[float, float]:
    """Give sizes by price as the other outcome sees them."""
    return {_mirrored(price): float(size) for price, size in map(_LEVEL, levels)}


def _micros(levels: Iterable[tuple[float, float]]) -> Side:
    return [(round(price * _MICROS), round(size * _MICROS)) for price, size in levels]
