"""The peers that the feed benchmark runs beside razor's own core.

Two readers as a competent Python author would write them: ``msgspec`` structs over plain dict books
and ``json`` over sorted dicts. Both decode the same frames, keep the same books and check the same
YES + NO ask sums, so that the ratio compares equal work. They hold prices as doubles, as such
programs do; nothing here is used outside the benchmark.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Levels = dict[float, float]


class Level(msgspec.Struct, gc=False):
    """One price level of a ``book`` message; texts as sent."""

    price: str
    size: str


class Change(msgspec.Struct, gc=False):
    """One entry of a ``price_change`` message."""

    asset_id: str
    price: str
    size: str
    side: str


class BookMessage(msgspec.Struct, tag_field="event_type", tag="book", gc=False):
    """A full book of one token."""

    asset_id: str
    bids: list[Level]
    asks: list[Level]


class PriceChangeMessage(msgspec.Struct, tag_field="event_type", tag="price_change", gc=False):
    """New level totals, usually of both tokens of a market."""

    price_changes: list[Change]


class LastTradeMessage(msgspec.Struct, tag_field="event_type", tag="last_trade_price", gc=False):
    """A print; leaves the book alone."""

    asset_id: str


class TickSizeMessage(msgspec.Struct, tag_field="event_type", tag="tick_size_change", gc=False):
    """A new grid; the book waits for its next snapshot."""

    asset_id: str


class BestMessage(msgspec.Struct, tag_field="event_type", tag="best_bid_ask", gc=False):
    """The top of one book; repeats what the levels say."""

    asset_id: str


Message = BookMessage | PriceChangeMessage | LastTradeMessage | TickSizeMessage | BestMessage


@dataclass(slots=True)
class DictBooks:
    """Books of all tokens as plain dicts, with the running check of each market's ask sum."""

    partner: Mapping[str, str]
    bids: dict[str, Levels] = field(default_factory=dict)
    asks: dict[str, Levels] = field(default_factory=dict)
    under_one: int = 0

    def replace(
        self, token: str, bids: Iterable[tuple[str, str]], asks: Iterable[tuple[str, str]]
    ) -> None:
        """Take a snapshot of one token."""
        self.bids[token] = {float(price): float(size) for price, size in bids}
        self.asks[token] = {float(price): float(size) for price, size in asks}

    def change(self, token: str, price: str, size: str, *, bid: bool) -> None:
        """Set the total of one level; ``"0"`` removes it."""
        levels = (self.bids if bid else self.asks).setdefault(token, {})
        total = float(size)
        if total:
            levels[float(price)] = total
        else:
            levels.pop(float(price), None)

    def check(self, token: str) -> None:
        """Count a market whose two best asks sum to less than a dollar."""
        ours = self.asks.get(token)
        theirs = self.asks.get(self.partner.get(token, ""))
        if ours and theirs and min(ours) + min(theirs) < 1.0:
            self.under_one += 1


def run_msgspec(frames: Iterable[bytes], books: DictBooks) -> None:
    """Read all frames with typed ``msgspec`` structs into dict books."""
    decode = msgspec.json.Decoder(Message | list[Message]).decode
    for frame in frames:
        decoded = decode(frame)
        for message in decoded if isinstance(decoded, list) else (decoded,):
            _apply_struct(message, books)


def _apply_struct(message: Message, books: DictBooks) -> None:
    match message:
        case PriceChangeMessage(price_changes=changes):
            for entry in changes:
                bid = entry.side == "BUY"
                books.change(entry.asset_id, entry.price, entry.size, bid=bid)
            if changes:
                books.check(changes[-1].asset_id)
        case BookMessage(asset_id=token, bids=bids, asks=asks):
            books.replace(
                token,
                ((level.price, level.size) for level in bids),
                ((level.price, level.size) for level in asks),
            )
            books.check(token)
        case LastTradeMessage() | TickSizeMessage() | BestMessage():
            pass


def run_json(frames: Iterable[bytes], books: DictBooks) -> None:
    """Read all frames with the standard library into books kept in price order."""
    for frame in frames:
        decoded = json.loads(frame)
        for message in decoded if isinstance(decoded, list) else (decoded,):
            _apply_json(message, books)


def _apply_json(message: dict[str, object], books: DictBooks) -> None:
    match message:
        case {"event_type": "price_change", "price_changes": list(changes)}:
            token = ""
            for entry in changes:
                token = entry["asset_id"]
                bid = entry["side"] == "BUY"
                books.change(token, entry["price"], entry["size"], bid=bid)
                side = books.bids if bid else books.asks
                side[token] = dict(sorted(side[token].items()))
            books.check(token)
        case {"event_type": "book", "asset_id": str(token), "bids": list(bids), "asks": list(asks)}:
            books.replace(
                token,
                sorted((level["price"], level["size"]) for level in bids),
                sorted((level["price"], level["size"]) for level in asks),
            )
            books.check(token)
        case _:
            pass
