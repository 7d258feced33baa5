"""The market and the user channel, without a socket: what subscribers say and what they are sent.

Owns: `Subscriber` (one connection), `Hub` (who gets which frame), PROTOCOL §5.1 and §5.2.

Must never: replay what a subscriber missed; hold more than a bounded number of bytes for one that
does not read.

Invariants:
- a frame is encoded once, however many get it;
- frames of market data are made for markets with subscribers alone;
- a repeated subscription gives no second snapshot.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final, Literal, Protocol

import msgspec

from razor.adapters.sandbox.listing import Listed, Standing
from razor.adapters.sandbox.spelling import decimal_number
from razor.adapters.sandbox.venue import NS_PER_MS, Venue

PING: Final = "PING"
MAX_FRAME: Final = 1_048_576
"""Bytes of a frame that is taken from a subscriber."""
_SMALL, _MEDIUM = 126, 65_536
_TEXT_FRAME: Final = 0x81


class Channel(Enum):
    """Which stream a connection opened."""

    MARKET = "market"
    USER = "user"


class _Auth(msgspec.Struct, rename="camel"):
    """Plain credentials of a user stream."""

    api_key: str
    secret: str
    passphrase: str


class _Said(msgspec.Struct):
    """Any frame of a subscriber; each channel reads its own members."""

    type: str = ""
    operation: Literal["", "subscribe", "unsubscribe"] = ""
    assets_ids: list[str] = []
    markets: list[str] = []
    initial_dump: bool = True
    level: int = 2
    custom_feature_enabled: bool | None = None
    auth: _Auth | None = None


_DECODE: Final = msgspec.json.Decoder(_Said)


def text_frame(text: bytes) -> bytes:
    """A WebSocket text frame of a server (RFC 6455 §5.2): not masked, in one piece."""
    size = len(text)
    if size < _SMALL:
        return bytes((_TEXT_FRAME, size)) + text
    if size < _MEDIUM:
        return bytes((_TEXT_FRAME, _SMALL)) + size.to_bytes(2, "big") + text
    return bytes((_TEXT_FRAME, _SMALL + 1)) + size.to_bytes(8, "big") + text


class Subscriber:
    """One connection. `outbox` holds encoded frames until the server sends them."""

    def __init__(self, channel: Channel) -> None:
        """Subscribe to nothing yet."""
        self.channel = channel
        self.outbox: list[bytes] = []
        self.tokens: set[int] = set()
        self.is_custom = False
        self.key = ""
        self.conditions: set[str] = set()
        """Markets of a user stream; empty is all."""
        self.is_cut = False
        """Whether the server ends the connection after what it is owed."""

    @property
    def is_known(self) -> bool:
        """Whether it said who it is or what it wants."""
        return bool(self.key or self.tokens)

    def send(self, text: str) -> None:
        """Queue a text of our own."""
        self.outbox.append(text_frame(text.encode()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """A frame as the venue made it, before any fault, and whose it is.

    Of the market channel: `market` and `token` as of `Hub.market_frame`; without a market it is for
    all. Of the user channel: `key` and `condition_id`. `reader` has a snapshot to itself.
    """

    channel: Channel
    text: bytes
    market: int | None = None
    token: int | None = None
    is_custom: bool = False
    key: str = ""
    condition_id: str = ""
    reader: Subscriber | None = None


class StreamFaults(Protocol):
    """What stands between the frames of a venue and their readers."""

    def told(self, frame: Frame) -> Sequence[bytes]:
        """What goes out instead of a frame, in order; nothing where it is lost."""
        ...


class Hub:
    """All subscribers of a venue; an audience of it. `dirty` are those with frames to send."""

    def __init__(self, venue: Venue) -> None:
        """Hear everything from now on."""
        self._venue = venue
        self._by_token: dict[int, set[Subscriber]] = {}
        self._by_key: dict[str, set[Subscriber]] = {}
        self._all: set[Subscriber] = set()
        self.dirty: set[Subscriber] = set()
        self.faults: StreamFaults | None = None
        venue.hear(self)

    def join(self, subscriber: Subscriber) -> None:
        """Take a new connection."""
        self._all.add(subscriber)

    def leave(self, subscriber: Subscriber) -> None:
        """Forget a connection; markets nobody else reads are no longer watched."""
        self._all.discard(subscriber)
        self.dirty.discard(subscriber)
        self._drop(subscriber, set(subscriber.tokens))
        if subscriber.key:
            self._by_key.get(subscriber.key, set()).discard(subscriber)

    def count(self) -> int:
        """Connections."""
        return len(self._all)

    def readers(self) -> int:
        """Connections that subscribed to a token."""
        return sum(1 for subscriber in self._all if subscriber.tokens)

    def take(self, subscriber: Subscriber, text: str) -> bool:
        """Do what a subscriber says; False where the venue would close the connection."""
        if text == PING:
            self._send(subscriber, "PONG")
            return True
        try:
            said = _DECODE.decode(text)
        except (msgspec.MsgspecError, RecursionError):
            return subscriber.is_known
        match subscriber.channel:
            case Channel.MARKET:
                return self._take_market(subscriber, said)
            case Channel.USER:
                return self._take_user(subscriber, said)

    def market_frame(self, market: int, token: int | None, *, is_custom: bool, text: bytes) -> None:
        """Queue a market frame for those who subscribed to its token, or to either."""
        self._tell_market(text, market=market, token=token, is_custom=is_custom)

    def user_frame(self, key: str, condition_id: str, text: bytes) -> None:
        """Queue a user frame for the streams of a key."""
        self._pass(Frame(channel=Channel.USER, text=text, key=key, condition_id=condition_id))

    def tell(self, frame: Frame, text: bytes) -> None:
        """Queue this text for those who read a frame now."""
        readers = self._readers(frame)
        if not readers:
            return
        encoded = text_frame(text)
        for subscriber in readers:
            subscriber.outbox.append(encoded)
            self.dirty.add(subscriber)

    def cut(self, frame: Frame) -> None:
        """End the connections of those who read a frame now."""
        for subscriber in self._readers(frame):
            subscriber.is_cut = True
            self.dirty.add(subscriber)

    def cut_key(self, key: str) -> None:
        """End all user streams of a key."""
        for subscriber in self._by_key.get(key, ()):
            subscriber.is_cut = True
            self.dirty.add(subscriber)

    def _tell_market(
        self, text: bytes, *, market: int | None, token: int | None = None, is_custom: bool
    ) -> None:
        self._pass(
            Frame(
                channel=Channel.MARKET, text=text, market=market, token=token, is_custom=is_custom
            )
        )

    def _pass(self, frame: Frame) -> None:
        """Tell a frame that somebody reads, or what faults make of it."""
        if self.faults is None:
            self.tell(frame, frame.text)
        elif self._readers(frame):
            for text in self.faults.told(frame):
                self.tell(frame, text)

    def _readers(self, frame: Frame) -> Collection[Subscriber]:
        if frame.reader is not None:
            return [frame.reader] if frame.reader in self._all else []
        if frame.channel is Channel.USER:
            mine = self._by_key.get(frame.key, set[Subscriber]())
            wanted = frame.condition_id
            return [it for it in mine if not it.conditions or wanted in it.conditions]
        if frame.market is None:
            readers = self._all
        elif frame.token is not None:
            readers = self._by_token.get(frame.token, set[Subscriber]())
        else:
            yes = self._by_token.get(2 * frame.market, set[Subscriber]())
            no = self._by_token.get(2 * frame.market + 1, set[Subscriber]())
            readers = yes | no if no - yes else yes
        return [it for it in readers if it.is_custom] if frame.is_custom else readers

    def resolved(self, listed: Listed, standing: Standing, now_ns: int) -> None:
        """Tell of a resolution; a half has no winner to name."""
        market = listed.market
        side = standing.winner
        self._tell_custom(
            {
                "event_type": "market_resolved",
                "id": market.market_id,
                "market": market.condition_id,
                "assets_ids": list(market.token_ids),
                "winning_asset_id": "" if side is None else market.token_ids[side],
                "winning_outcome": "" if side is None else market.outcomes[side],
                "timestamp": str(now_ns // NS_PER_MS),
                "tags": list(listed.event.tags),
            },
            listed.index,
        )

    def listed(self, listed: Listed, now_ns: int) -> None:
        """Tell every subscriber with custom features of a new market."""
        market, event = listed.market, listed.event
        rate = decimal_number(market.fee_rate_ppm)
        schedule = {"rate": rate, "exponent": market.fee_exponent, "takerOnly": True}
        self._tell_custom(
            {
                "event_type": "new_market",
                "id": market.market_id,
                "question": market.question,
                "market": market.condition_id,
                "slug": market.slug,
                "assets_ids": list(market.token_ids),
                "outcomes": list(market.outcomes),
                "condition_id": market.condition_id,
                "clob_token_ids": list(market.token_ids),
                "active": not market.is_placeholder,
                "tags": list(event.tags),
                "event_message": {"id": event.event_id, "slug": event.slug, "title": event.title},
                "order_price_min_tick_size": market.tick,
                "group_item_title": market.group_title,
                "fees_enabled": market.fee_rate_ppm > 0,
                "fee_schedule": schedule if market.fee_rate_ppm else None,
                "timestamp": str(now_ns // NS_PER_MS),
            },
            None,
        )

    def _tell_custom(self, message: dict[str, object], market: int | None) -> None:
        """Queue an event for those with custom features, of this market or of all."""
        self._tell_market(msgspec.json.encode(message), market=market, is_custom=True)

    def _take_market(self, subscriber: Subscriber, said: _Said) -> bool:
        """Subscribe, unsubscribe, and dump the books of what is new."""
        if not said.operation and said.type.lower() != Channel.MARKET.value:
            return subscriber.is_known
        if said.custom_feature_enabled is not None:
            subscriber.is_custom = said.custom_feature_enabled
        found = [self._venue.catalogue.token(token_id) for token_id in said.assets_ids]
        asked = list(dict.fromkeys(token for known in found if known for token in [known[1]]))
        if said.operation == "unsubscribe":
            self._drop(subscriber, set(asked) & subscriber.tokens)
            return True
        new = [token for token in asked if token not in subscriber.tokens]
        for token in new:
            subscriber.tokens.add(token)
            self._by_token.setdefault(token, set()).add(subscriber)
            self._venue.exchange.watch(token // 2, is_watched=True)
        if new and said.initial_dump:
            books = b",".join(self._venue.exchange.book(token) for token in new)
            dump = b"[" + books + b"]"
            self._pass(Frame(channel=Channel.MARKET, text=dump, reader=subscriber))
        elif said.operation and not new:
            self._send(subscriber, "NO NEW ASSETS")
        return True

    def _take_user(self, subscriber: Subscriber, said: _Said) -> bool:
        """Log in, or narrow the stream to markets."""
        if said.operation:
            markets = {self._spelt(condition_id) for condition_id in said.markets}
            if said.operation == "subscribe":
                subscriber.conditions |= markets
            else:
                subscriber.conditions -= markets
            return subscriber.is_known
        if said.auth is None:
            return subscriber.is_known
        auth = said.auth
        key = self._venue.keys.check_stream(
            key=auth.api_key, secret=auth.secret, passphrase=auth.passphrase
        )
        if key is None:
            return False
        subscriber.key = key.key
        subscriber.conditions = {self._spelt(condition_id) for condition_id in said.markets}
        self._by_key.setdefault(key.key, set()).add(subscriber)
        return True

    def _spelt(self, condition_id: str) -> str:
        """A condition id as it is listed."""
        listed = self._venue.catalogue.market(condition_id)
        return condition_id if listed is None else listed.market.condition_id

    def _drop(self, subscriber: Subscriber, tokens: set[int]) -> None:
        """Forget tokens of a subscriber; the last reader of a market ends its frames."""
        for token in tokens:
            subscriber.tokens.discard(token)
            readers = self._by_token.get(token, set())
            readers.discard(subscriber)
            if not readers and not self._by_token.get(token ^ 1):
                self._venue.exchange.watch(token // 2, is_watched=False)

    def _send(self, subscriber: Subscriber, text: str) -> None:
        """Queue a text of our own and have it sent."""
        subscriber.send(text)
        self.dirty.add(subscriber)
