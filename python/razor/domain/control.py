"""What an operator can ask of a running process, and what the process answers.

Owns: the verbs, the answer (:class:`Status`), the file that says where a run listens
(:class:`ControlFile`), and their JSON forms. Must never: hold a secret; who may ask is decided by
the kernel, at the socket.

Money is in micro-dollars, times in ns since 1970 unless a name says otherwise.
"""

from dataclasses import dataclass
from enum import Enum

import msgspec

from razor.domain.errors import ControlError, DecodeError

__all__ = [
    "CONTROL_VERSION",
    "REASON_MOST",
    "BookCounts",
    "Command",
    "CommandVerb",
    "Connection",
    "ControlFile",
    "DeskStanding",
    "Operator",
    "RunFacts",
    "Standing",
    "Status",
    "decode_control_file",
    "decode_standing",
    "decode_status",
    "encode_command",
    "is_reason",
]

CONTROL_VERSION = 1
REASON_MOST = 500
_UNKNOWN_SUM = -1


class CommandVerb(Enum):
    """What an operator can say; the value is its word in the journal and on the command line.

    ``STOP`` cancels and finishes the ladder of the set in work, ``HALT`` cancels and sends nothing
    more, ``CLEAR`` lets trading begin again once nothing is unresolved (L-10).
    """

    STOP = "stop"
    HALT = "halt"
    CLEAR = "clear"


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """Who spoke, as the kernel knows them: the user id of the peer and its name."""

    uid: int
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One command. ``reason`` is text from outside; only ``CLEAR`` must have one."""

    verb: CommandVerb
    by: Operator
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BookCounts:
    """Books by state; of two outcomes of one market each counts."""

    live: int
    suspect: int
    dirty: int
    unhydrated: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """A connection of the feed and when its last market data came, 0 = none yet."""

    name: str
    last_data_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskStanding:
    """The order path. ``exposure`` is -1 when the sum does not fit its integer.

    ``unresolved`` counts what keeps a clear out: orders whose end is not proven, a merge under way,
    and 1 where ``is_unbooked``, a ledger that is known to be wrong. ``stopped`` is the guard that
    stopped trading, as ``trade_log.csv`` spells it.
    """

    phase: str
    is_stopping: bool
    stopped: str | None
    venue_mode: str
    open_orders: int
    most_open_orders: int
    unresolved: int
    is_unbooked: bool
    waiting: int
    signals_dropped: int
    exposure: int
    most_exposure: int
    day_net: int
    day_loss: int
    most_day_loss: int
    sends: int
    most_sends: int

    @property
    def is_stopped(self) -> bool:
        """Whether nothing is sent any more."""
        return self.phase == "HARD_STOP"

    @property
    def known_exposure(self) -> int | None:
        """The exposure, ``None`` when it does not fit."""
        return None if self.exposure == _UNKNOWN_SUM else self.exposure


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What the engine and its journal say of a run; ``desk`` is ``None`` without an order path."""

    now_ns: int
    records: int
    durable_seq: int
    gaps: int
    records_lost: int
    records_refused: int
    signals: int
    signals_dropped: int
    trades_dropped: int
    books: BookCounts
    conns: tuple[Connection, ...]
    desk: DeskStanding | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFacts:
    """What a run is, from its start to its end; ``started_ns`` is wall time."""

    run_id: str
    mode: str
    order_path: str
    source: str
    pid: int
    started_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """The whole answer.

    ``now_ns`` is the clock of the run: wall time where the source is live, recorded time where one
    is played. ``denied`` counts requests that the control API turned away.
    """

    run: RunFacts
    now_ns: int
    uptime_ms: int
    standing: Standing
    disk_free_bytes: int
    denied: int
    version: int = CONTROL_VERSION


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlFile:
    """``control.json`` of a run: where its process listens."""

    version: int
    run_id: str
    pid: int
    socket: str


def is_reason(text: str) -> bool:
    """Whether a text can stand as a reason: 1 to 500 printable characters, not only blanks."""
    return 0 < len(text) <= REASON_MOST and text.isprintable() and bool(text.strip())


def encode_command(command: Command, *, wall_ns: int) -> bytes:
    """Give the payload of an ``operator`` record; the wall time stands there and nowhere else."""
    return msgspec.json.encode(
        {
            "verb": command.verb.value,
            "by": command.by.name,
            "uid": command.by.uid,
            "reason": command.reason,
            "wall_ns": wall_ns,
        }
    )


def decode_standing(text: str) -> Standing:
    """Read what the core says. Errors: :class:`DecodeError`, which would be a bug."""
    try:
        return msgspec.json.decode(text, type=Standing)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise DecodeError(f"the core's standing cannot be read: {error}") from None


def decode_status(raw: bytes) -> Status:
    """Read the answer of a running process. Errors: :class:`ControlError` for another version."""
    try:
        return msgspec.json.decode(raw, type=Status)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise ControlError(
            f"the answer of the run cannot be read: {error}",
            cause="VERSION",
            remedy="use the razor that runs there",
        ) from None


def decode_control_file(raw: bytes, *, source: str) -> ControlFile:
    """Read ``control.json``. Errors: :class:`DecodeError`."""
    remedy = "remove it; a running process writes its own"
    try:
        found = msgspec.json.decode(raw, type=ControlFile)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        message = f"{source} is not a control file: {error}"
        raise DecodeError(message, source=source, remedy=remedy) from None
    if found.version != CONTROL_VERSION:
        message = f"{source} is of version {found.version}, not {CONTROL_VERSION}"
        raise DecodeError(message, source=source, remedy="use the razor that runs there")
    return found
