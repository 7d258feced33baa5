"""What the use cases need from outside, as protocols; adapters implement them.

Owns the words between the feed, the engine that keeps journal and books, the clock and the
process. A use case awaits these ports and nothing else, so it runs unchanged on a virtual clock.

Must never name a library of sockets, HTTP or event loops, nor a venue's field names.

Invariants:
* One call per frame, with the raw bytes: `Recorder.feed` is never called per level.
* `Recorder` never blocks on I/O and never drops silently; if it must shed it writes a gap first.
* All times are `recv_ns` of one `Clock`, which never goes back.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from razor.domain.feed import Gap, RecordKind, Selection
from razor.domain.feed_event import FeedEvent
from razor.domain.universe import Universe


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedReport:
    """What the engine found in one frame; all empty for the usual frame.

    `refused` is the decoder's reason, blank if the frame was taken. `resnapshot` names tokens
    whose book went DIRTY and needs a fresh snapshot; `mismatched` tokens whose message named
    another market than the local map; `compare` tokens whose book hashes suddenly stopped
    reproducing, so that their REST books should be read (F-08).
    """

    touched: tuple[str, ...] = ()
    events: int = 0
    refused: str = ""
    resnapshot: tuple[str, ...] = ()
    mismatched: tuple[str, ...] = ()
    compare: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenLiveness:
    """What the engine knows of one token's stream.

    `hydrated`: a snapshot of the current epoch is applied and the book is not DIRTY.
    `last_recv_ns`: receive time of the last message that names the token, 0 = none yet.
    `last_venue_ms`: the venue's time in that message, 0 = none yet.
    """

    hydrated: bool
    last_recv_ns: int
    last_venue_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LivenessView:
    """Liveness of all tokens and, per connection, the time of its last market data."""

    tokens: Mapping[str, TokenLiveness]
    conns: Mapping[str, int]


class Recorder(Protocol):
    """The engine's intake: journal first, then books and everything behind them."""

    def feed(
        self, kind: RecordKind, conn: str, epoch: int, recv_ns: int, payload: bytes
    ) -> FeedReport | None:
        """Take one record. `None` when there is nothing to report."""
        ...

    def gap(self, conn: str, epoch: int, recv_ns: int, gap: Gap) -> None:
        """Take a gap: the books of that connection are not current until a new snapshot."""
        ...

    def flush(self) -> None:
        """Make everything taken so far durable; called once, when the feed has ended."""
        ...


class Liveness(Protocol):
    """Reading side of the engine for the feed's watch."""

    def view(self) -> LivenessView:
        """Current liveness; cost grows with the number of tokens, so about once per second."""
        ...


class FeedLog(Protocol):
    """Audit trail of the feed. Must not block and must bound what it keeps."""

    def write(self, event: FeedEvent) -> None:
        """Keep one event."""
        ...


class Clock(Protocol):
    """Time and sleeping. The only source of both for the feed."""

    def now_ns(self) -> int:
        """Nanoseconds since the epoch on a line that never goes back."""
        ...

    def wall_ns(self) -> int:
        """The wall clock as it stands; may jump. For finding jumps only."""
        ...

    def rebase(self, forward_ns: int) -> None:
        """Move the time line forward after the wall clock did; negative values are ignored."""
        ...

    async def sleep(self, delay_ms: int) -> None:
        """Wait; a cancelled wait ends at once."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedPorts:
    """What every part of a feed is given."""

    recorder: Recorder
    liveness: Liveness
    clock: Clock
    log: FeedLog


class Stop(Protocol):
    """The request to end."""

    async def wait(self) -> None:
        """Return when the end is requested."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """A named thing that runs until it is cancelled or its work is over."""

    name: str
    run: Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """The duty that ended first; `error` is what it died of, `None` after a regular end."""

    name: str
    error: Exception | None


class Supervisor(Protocol):
    """Runs duties side by side; the first to end ends all."""

    async def run(self, duties: Sequence[Duty]) -> Ended:
        """Run all until one ends, cancel and await the rest, within the grace time."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Unresolved:
    """The selection could not be turned into markets; `remedy` is one sentence for the user."""

    remedy: str
    is_fault: bool


class Metadata(Protocol):
    """Reads market definitions."""

    async def resolve(self, selection: Selection) -> Universe | Unresolved:
        """Read the selected markets and the sets over them."""
        ...


class Feed(Protocol):
    """The venue's stream, polls and checks for one universe."""

    def duties(self, universe: Universe) -> Sequence[Duty]:
        """What must run for these markets to be recorded."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordPorts:
    """What the use case `record` is given."""

    metadata: Metadata
    feed: Feed
    recorder: Recorder
    supervisor: Supervisor
    clock: Clock
    stop: Stop
