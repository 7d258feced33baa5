# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false
# The peer that reads with the standard library has what that library gives: values of any type.
"""The peers that the feed benchmark runs beside razor's own core.

Two readers as a competent Python author would write them: ``msgspec`` structs over plain dict
books, and ``json`` over dicts whose prices are kept sorted by bisection (what a sorted dict does).
Both decode the same frames, keep one book per market in the view of its YES token (the venue often
states an order from one side only) and the running ask sums of the same sets, so that the ratio
compares equal results. They get every shortcut that leaves the result the
same: prices as doubles, no check of grids, mirrors or hashes, a sum touched only when a best ask
moved. Nothing here is used outside the benchmark.
"""

from __future__ import annotations

import json
from bisect import bisect_left, insort
from typing import TYPE_CHECKING, Protocol, TypeAlias

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

__all__ = ["JsonPeer", "MsgspecPeer", "Peer", "SetSums"]

_MICROS = 1_000_000
_SCREEN = 0.97
_PLACES = 4
Side: TypeAlias = "list[tuple[int, int]]"
_Row: TypeAlias = "dict[str, str]"


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

    def levels(self, yes: str) -> tuple[Side, Side]:
        """Bids and asks of a YES token, best first, in micro-dollars and micro-shares."""
        ...


class _Level(msgspec.Struct, gc=False):
    price: str
    size: str


class _LeanChange(msgspec.Struct, gc=False):
    asset_id: str
    price: str
    size: str
    side: str


class _LeanBook(msgspec.Struct, tag_field="event_type", tag="book", gc=False):
    asset_id: str
    bids: list[_Level]
    asks: list[_Level]


class _LeanPriceChange(msgspec.Struct, tag_field="event_type", tag="price_change", gc=False):
    price_changes: list[_LeanChange]


class _Change(_LeanChange, gc=False):
    hash: str
    best_bid: str | None = None
    best_ask: str | None = None


class _Book(_LeanBook, tag_field="event_type", tag="book", gc=False):
    market: str
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


_Rare = _LastTrade | _TickSize | _Best | _NewMarket
_Lean = _LeanBook | _LeanPriceChange | _Rare
_Full = _Book | _PriceChange | _Rare
_AnyPriceChange = (_PriceChange, _LeanPriceChange)
_Decoded: TypeAlias = "_Lean | _Full | list[_Lean] | list[_Full]"
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
    """Typed structs into plain dicts; the best ask is the least key.

    The structs hold the fields that the venue documents, checked as such a program checks its
    input. With ``is_lean`` they hold only what the books need, and all else goes by unread.
    """

    def __init__(
        self,
        tokens: Sequence[tuple[str, str]],
        sets: Sequence[Sequence[str]],
        *,
        is_lean: bool = False,
    ) -> None:
        """Start with empty books of markets given as (YES, NO) tokens."""
        self.sums = SetSums(sets)
        self.skipped = 0
        self._yes: dict[str, _DictBook] = {}
        self._no: dict[str, _DictBook] = {}
        for yes, no in tokens:
            self._yes[yes] = self._no[no] = _DictBook(yes, is_watched=self.sums.watches(yes))
        self._decode: Callable[[bytes], _Decoded] = (
            msgspec.json.Decoder(_Lean | list[_Lean]).decode
            if is_lean
            else msgspec.json.Decoder(_Full | list[_Full]).decode
        )

    def run(self, frames: Iterable[bytes]) -> None:
        """Take frames in order; what has no known type or is no JSON is skipped."""
        decode = self._decode
        for frame in frames:
            try:
                decoded = decode(frame)
            except msgspec.MsgspecError:
                self.skipped += 1
                continue
            if isinstance(decoded, _AnyPriceChange):
                self._change(decoded.price_changes)
            elif isinstance(decoded, list):
                for message in decoded:
                    self._take(message)
            else:
                self._take(decoded)

    def _take(self, message: _Lean | _Full) -> None:
        if isinstance(message, _AnyPriceChange):
            self._change(message.price_changes)
        elif isinstance(message, _LeanBook):
            self._replace(message)

    def _replace(self, message: _LeanBook) -> None:
        book = self._yes.get(message.asset_id)
        if book is not None:
            book.bids = {float(it.price): float(it.size) for it in message.bids}
            book.asks = {float(it.price): float(it.size) for it in message.asks}
        else:
            book = self._no[message.asset_id]
            book.asks = {_mirrored(it.price): float(it.size) for it in message.bids}
            book.bids = {_mirrored(it.price): float(it.size) for it in message.asks}
        self._check(book)

    def _change(self, changes: Sequence[_LeanChange]) -> None:
        # A message is about one market.
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
        if book.is_watched:
            self.sums.move(book.yes, min(book.asks, default=None))

    def levels(self, yes: str) -> tuple[Side, Side]:
        """Bids and asks of a YES token, best first, in micro-dollars and micro-shares."""
        book = self._yes[yes]
        bids = sorted(book.bids.items(), reverse=True)
        return _micros(bids), _micros(sorted(book.asks.items()))


def _mirrored(price: str) -> float:
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
    """The standard library's decoder into sorted dicts; the best ask is the first key."""

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
                self._replace(token, _rows(bids), _rows(asks))
            case _:
                pass

    def _replace(self, token: str, bids: list[_Row], asks: list[_Row]) -> None:
        book = self._yes.get(token)
        if book is not None:
            book.bids = _Sorted({float(it["price"]): float(it["size"]) for it in bids})
            book.asks = _Sorted({float(it["price"]): float(it["size"]) for it in asks})
        else:
            book = self._no[token]
            book.asks = _Sorted({_mirrored(it["price"]): float(it["size"]) for it in bids})
            book.bids = _Sorted({_mirrored(it["price"]): float(it["size"]) for it in asks})
        self._check(book)

    def _change(self, changes: list[_Row]) -> None:
        # A message is about one market.
        book = None
        for entry in changes:
            token, is_bid = entry["asset_id"], entry["side"] == "BUY"
            book = self._yes.get(token)
            if book is not None:
                levels = book.bids if is_bid else book.asks
                levels.set(float(entry["price"]), float(entry["size"]))
            else:
                book = self._no[token]
                levels = book.asks if is_bid else book.bids
                levels.set(_mirrored(entry["price"]), float(entry["size"]))
        if book is not None:
            self._check(book)

    def _check(self, book: _SortedBook) -> None:
        if book.is_watched:
            prices = book.asks.prices
            self.sums.move(book.yes, prices[0] if prices else None)

    def levels(self, yes: str) -> tuple[Side, Side]:
        """Bids and asks of a YES token, best first, in micro-dollars and micro-shares."""
        book = self._yes[yes]
        return _micros(book.bids.items()[::-1]), _micros(book.asks.items())


def _rows(levels: object) -> list[_Row]:
    return levels if isinstance(levels, list) else []


def _micros(levels: Iterable[tuple[float, float]]) -> Side:
    return [(round(price * _MICROS), round(size * _MICROS)) for price, size in levels]
