"""What faults do to frames: each code's effect on one frame of the market or the user channel.

Owns: `FrameAt`, `FRAME_EFFECTS` and `CONCERNS` (which frames a code is about at all).

Must never: change what the venue knows; a frame is only told otherwise, late, twice or never.

Texts are changed where they stand, so that everything else of a frame keeps its bytes. A frame may
have been broken by an earlier fault of the plan: what cannot be read any more goes out as it is.

Frames are counted per fault: `nth = 3` is the third one that the fault is about, not of the stream.
"""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, TypeAlias

import msgspec

from razor.adapters.sandbox.fault_stage import Armed, Stage
from razor.adapters.sandbox.streams import Channel, Frame

Document: TypeAlias = dict[str, object]
_LONG: Final = 8 * 1_048_576
_DEEP: Final = 10_000
_OVER: Final = 500
_MINUTE_MS: Final = 60_000


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameAt:
    """One frame under one fault; `text` is what earlier faults made of it."""

    stage: Stage
    armed: Armed
    frame: Frame
    text: bytes

    @property
    def kind(self) -> str:
        """The fault's kind."""
        return self.armed.planned.is_kind


def _silent(at: FrameAt) -> list[bytes]:
    """The connection lives and says nothing."""
    del at
    return []


def _one_token_silent(at: FrameAt) -> list[bytes]:
    """Siblings of the token in the same frame are told."""
    token_id = at.armed.planned.token
    try:
        if at.text.startswith(b"["):
            books = msgspec.json.decode(at.text, type=list[Document])
            left = [one for one in books if one.get("asset_id") != token_id]
            return [msgspec.json.encode(left)] if left else []
        said = msgspec.json.decode(at.text, type=Document)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        # An earlier fault of the plan has broken it already.
        return [at.text]
    if said.get("asset_id") == token_id:
        return []
    if "price_changes" not in said:
        return [at.text]
    changes = msgspec.convert(said["price_changes"], list[Document])
    left = [one for one in changes if one.get("asset_id") != token_id]
    return [msgspec.json.encode(said | {"price_changes": left})] if left else []


def _no_snapshot(at: FrameAt) -> list[bytes]:
    """Deltas alone, as for connections with too many tokens."""
    over = _OVER if at.armed.planned.over is None else at.armed.planned.over
    reader = at.frame.reader
    return [] if reader is not None and len(reader.tokens) > over else [at.text]


def _lossy(at: FrameAt) -> list[bytes]:
    """There are no sequence numbers: nothing says that one is missing."""
    match at.kind:
        case "duplicate":
            return [at.text, at.text]
        case "swap":
            at.stage.held[at.armed.planned] = (at.frame, at.text)
            return []
        case "cut":
            at.stage.hub.cut(at.frame)
            return []
        case _:
            return []


def _first(pattern: bytes, new: Callable[[bytes], bytes], text: bytes) -> bytes:
    """The text with the first value of a pattern changed."""
    return re.sub(pattern, lambda found: new(found.group(1)), text, count=1)


_PRICE: Final = rb'"price":"([0-9.]*)"'
_SIZE: Final = rb'"size":"([0-9.]*)"'
MALFORMED: Final[dict[str, Callable[[bytes], bytes]]] = {
    "number": lambda text: _first(_PRICE, lambda px: b'"price":' + px, text),
    "exponent": lambda text: _first(_PRICE, lambda px: b'"price":"' + px + b'e-1"', text),
    "nan": lambda text: _first(_PRICE, lambda _: b'"price":NaN', text),
    "negative": lambda text: _first(_PRICE, lambda px: b'"price":"-' + px + b'"', text),
    "above_one": lambda text: _first(_PRICE, lambda _: b'"price":"1.5"', text),
    "huge": lambda text: _first(_SIZE, lambda _: b'"size":"1' + b"0" * 30 + b'"', text),
    "missing": lambda text: re.sub(rb'"asset_id":"[0-9]+",', b"", text),
    "unknown_event": lambda text: re.sub(
        rb'"event_type":"[a-z_]+"', b'"event_type":"of_tomorrow"', text
    ),
    "duplicate_key": lambda text: text.replace(b"{", b'{"event_type":"book",', 1),
    "nested": lambda text: text.replace(b"{", b'{"deep":' + b"[" * _DEEP + b"]" * _DEEP + b",", 1),
    "invalid_utf8": lambda text: text.replace(b'":"', b'":"\xff\xfe', 1),
    "array": lambda text: b"[[" + text + b"]]",
    "truncated": lambda text: text[: len(text) // 2],
    "long": lambda text: text[:-1] + b',"pad":"' + b"x" * _LONG + b'"' + text[-1:],
}
"""The rules of the grammar: each makes one kind of wrong frame of a right one."""


def _malformed(at: FrameAt) -> list[bytes]:
    """One rule of the grammar is broken; all else is as it was."""
    kind = at.kind
    if kind == "any":
        kind = at.armed.dice.pick([name for name in sorted(MALFORMED) if name != "long"])
    return [MALFORMED[kind](at.text)]


def _other_hash(at: FrameAt) -> list[bytes]:
    """A recipe that nobody published."""

    def other(found: re.Match[bytes]) -> bytes:
        digest = hashlib.sha1(b"another recipe" + found.group(1), usedforsecurity=False)
        return b'"hash":"' + digest.hexdigest().encode() + b'"'

    return [re.sub(rb'"hash":"([0-9a-f]{40})"', other, at.text)]


def _other_market(at: FrameAt) -> list[bytes]:
    """The next market's id: a map of one's own must win."""
    catalogue = at.stage.venue.catalogue

    def other(found: re.Match[bytes]) -> bytes:
        listed = catalogue.market(found.group(1).decode())
        if listed is None:
            return found.group()
        following = catalogue.at((listed.index + 1) % len(catalogue.markets))
        return b'"market":"' + following.market.condition_id.encode() + b'"'

    return [re.sub(rb'"market":"(0x[0-9a-fA-F]+)"', other, at.text)]


def _repeated(usual: int) -> "FrameEffect":
    """The same bytes again."""

    def effect(at: FrameAt) -> list[bytes]:
        return [at.text] * (1 + (at.armed.planned.copies or usual))

    return effect


def _retimed(at: FrameAt) -> list[bytes]:
    """Every timestamp of the frame in another unit, or before its time."""

    def other(found: re.Match[bytes]) -> bytes:
        ms = int(found.group(1))
        spelt = {
            "seconds": f'"{ms // 1000}"',
            "number": f"{ms}",
            "micros": f'"{ms * 1000}"',
            "backwards": f'"{ms - _MINUTE_MS}"',
        }
        return b'"timestamp":' + spelt[at.kind].encode()

    return [re.sub(rb'"timestamp":"(\d+)"', other, at.text)]


def _user_lossy(at: FrameAt) -> list[bytes]:
    """What is missed on this channel is never told again."""
    match at.kind:
        case "late":
            wait_ms = at.armed.wait_ms(5_000)
            at.stage.agenda.after(wait_ms, lambda: at.stage.hub.tell(at.frame, at.text))
        case "cut":
            at.stage.hub.cut(at.frame)
        case _:
            pass
    return []


def _status(at: FrameAt) -> list[bytes]:
    """States of a trade that go back, or that nobody knows."""
    match at.kind:
        case "regress":
            older = at.text.replace(b'"status":"CONFIRMED"', b'"status":"MINED"', 1)
            return [at.text, older]
        case "swap":
            at.stage.held[at.armed.planned] = (at.frame, at.text)
            return []
        case _:
            return [re.sub(rb'"status":"[A-Z_]+"', b'"status":"FOO"', at.text, count=1)]


def _mirrored(at: FrameAt) -> list[bytes]:
    """The record of the other side of a mint or merge."""
    said = msgspec.json.decode(at.text, type=Document)
    if at.kind == "side":
        said["side"] = "SELL" if said.get("side") == "BUY" else "BUY"
    else:
        found = at.stage.venue.catalogue.token(str(said.get("asset_id")))
        if found is not None:
            listed, token = found
            said["asset_id"] = listed.market.token_ids[(token ^ 1) & 1]
            said["outcome"] = listed.market.outcomes[(token ^ 1) & 1]
    return [msgspec.json.encode(said)]


def _mispriced(at: FrameAt) -> list[bytes]:
    """A fill beyond its limit, or a fee that was not agreed."""
    said = msgspec.json.decode(at.text, type=Document)
    if at.kind == "fee":
        said["fee_rate_bps"] = "9999"
        return [msgspec.json.encode(said)]
    found = at.stage.venue.catalogue.token(str(said.get("asset_id")))
    if found is not None:
        tick = Decimal(at.stage.venue.standing(found[0]).tick_micros).scaleb(-6)
        worse = tick if said.get("side") == "BUY" else -tick
        said["price"] = f"{(Decimal(str(said['price'])) + worse).normalize():f}"
    return [msgspec.json.encode(said)]


FrameEffect: TypeAlias = Callable[[FrameAt], list[bytes]]
FRAME_EFFECTS: Final[dict[str, FrameEffect]] = {
    "F-01": _silent,
    "F-02": _one_token_silent,
    "F-03": _no_snapshot,
    "F-04": _lossy,
    "F-05": _malformed,
    "F-08": _other_hash,
    "F-09": _other_market,
    "F-12": _repeated(50),
    "F-40": _user_lossy,
    "F-42": _repeated(1),
    "F-43": _status,
    "F-44": _mirrored,
    "F-45": _mispriced,
    "F-59": _retimed,
}
_TRADE: Final = b'"event_type":"trade"'
CONCERNS: Final = {
    "F-04": b'"event_type":"price_change"',
    "F-08": b'"hash":"',
    "F-43/regress": b'"status":"CONFIRMED"',
    "F-43/unknown": _TRADE,
    "F-44": _TRADE,
    "F-45": _TRADE,
}
"""What a frame must hold to be one that the code (or one kind of it) is about."""


def concerns(armed: Armed, frame: Frame) -> bool:
    """Whether a fault is about this frame; only such are counted."""
    planned = armed.planned
    if planned.code == "F-03" and frame.reader is None:
        return False
    if planned.code == "F-12" and frame.reader is not None:
        return False
    needed = CONCERNS.get(planned.name) or CONCERNS.get(planned.code, b"")
    return needed in frame.text


def is_of_user(frame: Frame) -> bool:
    """Whether a frame is of the user channel."""
    return frame.channel is Channel.USER
