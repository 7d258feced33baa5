"""The use case `record`: definitions, then the stream, until stop, duration or fault.

Owns the order of things: markets are read, their definitions are the first record, only then the
feed starts, and whatever happens the recorder is flushed last.

Must never do I/O, nor decide about data: what is recorded is the feed's bytes.

Invariants:
* No frame is recorded before the `meta` record that defines its tokens.
* `Recorder.flush` is called exactly once, on every way out, also on cancellation.
* A duty that ends on its own is a fault: nothing in a feed ends by itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from razor.application.ports import Duty, RecordPorts, Unresolved
from razor.domain.feed import RecordKind, Selection
from razor.domain.universe import Universe

META_CONN = "meta-0"
_STOP = "stop"
_TIMER = "duration"
_RESOLVE = "definitions"


class RecordEnd(Enum):
    """Why a recording ended."""

    STOPPED = "stopped"
    DURATION = "duration"
    REFUSED = "refused"
    FAULT = "fault"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordRequest:
    """What to record; `duration_ms` 0 means until stopped."""

    selection: Selection
    duration_ms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordSummary:
    """How a recording went. `detail` is for people: a remedy, or the fault."""

    end: RecordEnd
    markets: int
    sets: int
    from_ns: int
    to_ns: int
    detail: str = ""


class Record:
    """The use case with its ports; one instance records once."""

    def __init__(self, ports: RecordPorts) -> None:
        self._metadata = ports.metadata
        self._feed = ports.feed
        self._recorder = ports.recorder
        self._supervisor = ports.supervisor
        self._clock = ports.clock
        self._stop = ports.stop
        self._resolved: Universe | Unresolved | None = None

    async def run(self, request: RecordRequest) -> RecordSummary:
        """Record until the end; the answer says why it ended."""
        from_ns = self._clock.now_ns()
        try:
            end, detail = await self._run(request)
        finally:
            self._recorder.flush()
        universe = self._resolved if isinstance(self._resolved, Universe) else None
        return RecordSummary(
            end=end,
            markets=len(universe.markets) if universe else 0,
            sets=len(universe.sets) if universe else 0,
            from_ns=from_ns,
            to_ns=self._clock.now_ns(),
            detail=detail,
        )

    async def _run(self, request: RecordRequest) -> tuple[RecordEnd, str]:
        if request.selection.is_empty():
            return RecordEnd.REFUSED, "no market is selected; name markets in run.market_ids"
        first = await self._beside_stop([self._definitions(request.selection)], duration_ms=0)
        if first is not None:
            return first
        match self._resolved:
            case Universe() as universe:
                return await self._record(universe, request.duration_ms)
            case Unresolved(remedy=remedy, is_fault=is_fault):
                return RecordEnd.FAULT if is_fault else RecordEnd.REFUSED, remedy
            case None:
                return RecordEnd.FAULT, "the market definitions ended without an answer"

    async def _record(self, universe: Universe, duration_ms: int) -> tuple[RecordEnd, str]:
        now_ns = self._clock.now_ns()
        self._recorder.feed(RecordKind.META, META_CONN, 0, now_ns, universe.encode())
        ended = await self._beside_stop(self._feed.duties(universe), duration_ms=duration_ms)
        if ended is None:
            return RecordEnd.FAULT, "the feed ended by itself"
        return ended

    async def _beside_stop(
        self, duties: Sequence[Duty], *, duration_ms: int
    ) -> tuple[RecordEnd, str] | None:
        """Run duties beside the stop request; `None` when one of them ended regularly."""
        watchers = [Duty(name=_STOP, run=self._stop.wait)]
        if duration_ms > 0:
            watchers.append(Duty(name=_TIMER, run=lambda: self._clock.sleep(duration_ms)))
        ended = await self._supervisor.run([*watchers, *duties])
        if ended.error is not None:
            return RecordEnd.FAULT, f"{ended.name}: {ended.error}"
        if ended.name == _STOP:
            return RecordEnd.STOPPED, ""
        if ended.name == _TIMER:
            return RecordEnd.DURATION, ""
        return None

    def _definitions(self, selection: Selection) -> Duty:
        async def resolve() -> None:
            self._resolved = await self._metadata.resolve(selection)

        return Duty(name=_RESOLVE, run=resolve)
