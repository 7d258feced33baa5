"""The faults of the local exchange at work: what a plan says happens to calls, frames and venue.

Owns: `Faults`, which stands between the sockets and the venue (`Middle`), between the venue and its
streams (`StreamFaults`) and hears of every match, and tells the truth ledger of each.

Must never: draw anything but from the seed; read a clock but the venue's.

Invariants:
- one seed, one plan and the same calls at the same times give the same bytes;
- faults are tried in the order of the plan, and one that strikes does not hide the next.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

import msgspec

from razor import _core
from razor.adapters.sandbox.agenda import Agenda
from razor.adapters.sandbox.dice import Dice
from razor.adapters.sandbox.fault_calls import CALL_EFFECTS, REMEMBERS, CallAt, page, remember
from razor.adapters.sandbox.fault_codes import Seam
from razor.adapters.sandbox.fault_frames import FRAME_EFFECTS, FrameAt, concerns, is_of_user
from razor.adapters.sandbox.fault_plan import Plan, duration_ns
from razor.adapters.sandbox.fault_stage import (
    Armed,
    Stage,
    Subject,
    is_at_place,
    query_text,
)
from razor.adapters.sandbox.fault_venue import (
    VENUE_EFFECTS,
    House,
    NothingToActOn,
    decide_fate,
)
from razor.adapters.sandbox.listing import Listed, Standing
from razor.adapters.sandbox.router import Answer, Request
from razor.adapters.sandbox.server import Broken, Service
from razor.adapters.sandbox.streams import Frame, Hub
from razor.adapters.sandbox.truth import Sink, Truth, shown
from razor.adapters.sandbox.venue import NS_PER_MS, Venue

_REPEATS_MOST = 100_000
"""Calls whose repetitions are counted; then counting starts anew."""


class _Trade(msgspec.Struct):
    """A user frame, as far as it tells of a match."""

    id: str
    event_type: str = ""
    status: str = ""


@dataclass(slots=True)
class _Record:
    """One call for the truth ledger."""

    number: int
    came_ms: int
    faults: list[str] = field(default_factory=list[str])
    delivered_ms: list[int] = field(default_factory=list[int])
    really: Answer | None = None
    is_told: bool = False


class Faults:
    """A plan over a venue and its streams. Belongs to one thread, as the venue does."""

    def __init__(self, venue: Venue, hub: Hub, plan: Plan, truth: Sink | None = None) -> None:
        """Take hold at once; times of the plan count from now."""
        start_ns = venue.now_ns()
        self._agenda = Agenda(venue)
        self._truth = Truth(truth, lambda: self._agenda.since_ns() // NS_PER_MS)
        self._stage = Stage(venue, hub, self._agenda, self._truth, venue.seed)
        self._house = House(self._stage)
        armed = [
            Armed(planned=it, dice=Dice(venue.seed, f"fault {at}"), start_ns=start_ns)
            for at, it in enumerate(plan.faults)
        ]
        self._by_seam = {
            seam: [it for it in armed if it.planned.spec.seam is seam] for seam in Seam
        }
        self._counts_repeats = any(it.planned.attempt for it in armed)
        self._repeats: dict[bytes, int] = {}
        self._calls = 0
        self._matched: set[str] = set()
        hub.faults = self
        venue.hear(self)
        self._plan_times()

    @property
    def agenda(self) -> Agenda:
        """What is to come: the wires use it, too."""
        return self._agenda

    def on_change(self, moved: Callable[[], None]) -> None:
        """Say so when something became due earlier."""
        self._agenda.on_change = moved

    def close(self) -> None:
        """Close the truth ledger."""
        self._truth.close()

    @property
    def truth(self) -> Truth:
        """The truth ledger, for what else a checker must know."""
        return self._truth

    def opens(self, service: Service, path: str) -> Answer | None:
        """Why a stream does not open: the edge refuses the caller (F-38)."""
        subject = Subject(text=path.encode(), service=service.name, method="GET", path=path)
        now_ns = self._stage.venue.now_ns()
        for armed in self._by_seam[Seam.CALL]:
            blocks = armed.planned.code == "F-38" and self._is_about(armed, subject)
            if blocks and armed.strikes(now_ns):
                self._truth.tell("fault", faults=[armed.planned.name], path=path)
                return page(403)
        return None

    async def call(
        self, service: Service, request: Request, answer: Callable[[Request], Answer]
    ) -> Answer | None:
        """Answer a call under every fault that strikes it."""
        self._agenda.step()
        self._calls += 1
        record = _Record(number=self._calls, came_ms=self._truth.now_ms())
        subject = self._subject(service, request)
        self._stage.learn(request)
        self._strike_venue(subject, request, record)
        now_ns = self._stage.venue.now_ns()
        around = [
            (armed, is_struck)
            for armed in self._by_seam[Seam.CALL]
            if self._is_about(armed, subject)
            for is_struck in [armed.strikes(now_ns)]
            if is_struck or armed.planned.name in REMEMBERS
        ]

        # Each fault stands around those after it, the handler is in the middle.
        async def step(at: int, of: Request) -> Answer | None:
            if at == len(around):
                return self._deliver(record, of, answer)
            armed, is_struck = around[at]
            call = CallAt(
                stage=self._stage,
                house=self._house,
                armed=armed,
                request=of,
                proceed=lambda changed: step(at + 1, changed),
            )
            if not is_struck:
                # What is stale one day is what is answered now.
                return await remember(call)
            record.faults.append(armed.planned.name)
            return await CALL_EFFECTS[armed.planned.code](call)

        answered = await step(0, request)
        self._tell_call(record, service, request, answered)
        return answered

    def told(self, frame: Frame) -> Sequence[bytes]:
        """What goes out instead of a frame."""
        seam = Seam.USER if is_of_user(frame) else Seam.MARKET
        texts = [frame.text]
        subject = Subject(text=frame.text, service="clob")
        now_ns = self._stage.venue.now_ns()
        for armed in self._by_seam[seam]:
            held = self._stage.held.get(armed.planned)
            if held is not None and _is_beside(held[0], frame):
                del self._stage.held[armed.planned]
                texts = [*texts, held[1]]
                continue
            if not concerns(armed, frame) or not self._stage.is_about(armed.planned, subject):
                continue
            if armed.strikes(now_ns):
                texts = self._changed(armed, frame, texts)
        return texts

    def market_frame(self, market: int, token: int | None, *, is_custom: bool, text: bytes) -> None:
        """Market frames have no truth of their own: the book is asked for it."""

    def user_frame(self, key: str, condition_id: str, text: bytes) -> None:
        """Tell the ledger, and decide the fate of a match that is new."""
        if self._truth.is_told:
            self._truth.tell("frame", key=key, market=condition_id, frame=msgspec.Raw(text))
        if not self._by_seam[Seam.TRADE]:
            return
        said = msgspec.json.decode(text, type=_Trade)
        # Taker and maker hear of the same match: it has one fate.
        if said.event_type != "trade" or said.status != "MATCHED" or said.id in self._matched:
            return
        self._matched.add(said.id)
        subject = Subject(text=text, service="clob")
        for armed in self._by_seam[Seam.TRADE]:
            is_about = self._stage.is_about(armed.planned, subject)
            if is_about and armed.strikes(self._stage.venue.now_ns()):
                self._raise(armed, partial(decide_fate, self._stage, armed.planned, said.id))

    def resolved(self, listed: Listed, standing: Standing, now_ns: int) -> None:
        """Tell the ledger of a resolution."""
        del now_ns
        market = listed.market.condition_id
        self._truth.tell("resolved", market=market, payout=standing.payout)

    def listed(self, listed: Listed, now_ns: int) -> None:
        """Tell the ledger of a new market."""
        del now_ns
        self._truth.tell("listed", market=listed.market.condition_id)

    def _changed(self, armed: Armed, frame: Frame, texts: list[bytes]) -> list[bytes]:
        """What one fault makes of the texts that are left of a frame."""
        told = [
            text
            for one in texts
            for text in FRAME_EFFECTS[armed.planned.code](
                FrameAt(stage=self._stage, armed=armed, frame=frame, text=one)
            )
        ]
        self._truth.tell(
            "fault",
            faults=[armed.planned.name],
            channel=frame.channel.value,
            frames=[shown("", text) for text in told],
        )
        return told

    def _plan_times(self) -> None:
        """Put the venue faults that come by the clock on the agenda."""
        for armed in self._by_seam[Seam.VENUE]:
            planned = armed.planned
            first = planned.at or (planned.between[0] if planned.between else None)
            if first is not None:
                due_ns = self._stage.start_ns + duration_ns(first)
                self._agenda.at(due_ns, partial(self._raise_timed, armed))

    def _raise_timed(self, armed: Armed) -> None:
        """Raise a venue fault whose time has come."""
        armed.struck += 1
        effect = VENUE_EFFECTS[armed.planned.code]
        self._raise(armed, partial(effect, self._stage, self._house, armed.planned, None))
        self._stage.venue.publish()

    def _strike_venue(self, subject: Subject, request: Request, record: _Record) -> None:
        """Raise the venue faults that come by the count of calls."""
        for armed in self._by_seam[Seam.VENUE]:
            planned = armed.planned
            if planned.at is not None or planned.between is not None:
                continue
            if self._is_about(armed, subject) and armed.strikes(self._stage.venue.now_ns()):
                effect = VENUE_EFFECTS[planned.code]
                record.faults.append(planned.name)
                self._raise(armed, partial(effect, self._stage, self._house, planned, request))

    def _raise(self, armed: Armed, act: Callable[[], None]) -> None:
        """Do something to the venue, and say so; a fault that cannot be says why."""
        try:
            act()
            why = ""
        except NothingToActOn as missing:
            why = str(missing)
        except (_core.ExchangeRefused, ValueError, OverflowError) as refused:
            # What a plan asks for need not be possible; the venue goes on without it.
            why = str(refused)
        self._truth.tell("fault", faults=[armed.planned.name], not_raised=why)

    def _deliver(
        self, record: _Record, request: Request, answer: Callable[[Request], Answer]
    ) -> Answer:
        """Let the venue see a call, and write down when it did and what it said."""
        record.delivered_ms.append(self._truth.now_ms())
        record.really = answer(request)
        if record.is_told:
            # Its sender was answered long ago.
            self._truth.tell(
                "late", number=record.number, really=_spelt(request.call.path, record.really)
            )
        return record.really

    def _tell_call(
        self, record: _Record, service: Service, request: Request, answered: Answer | None
    ) -> None:
        """Write down a call whose sender has been answered, or never will be."""
        record.is_told = True
        if not self._truth.is_told:
            return
        call = request.call
        really = None if record.really is None else _spelt(call.path, record.really)
        sent = None if answered is None else _spelt(call.path, answered)
        self._truth.tell(
            "call",
            number=record.number,
            came_ms=record.came_ms,
            service=service.name,
            method=call.method,
            path=call.path,
            query=query_text(request.query),
            body=shown(call.path, call.body),
            faults=record.faults,
            delivered_ms=record.delivered_ms,
            really=really,
            sent="as it was" if sent == really and sent is not None else sent,
        )

    def _subject(self, service: Service, request: Request) -> Subject:
        """A call as predicates see it, with the number of times it has come."""
        call, query = request.call, query_text(request.query)
        text = b"\n".join((call.path.encode(), query.encode(), call.body))
        attempt = 1
        if self._counts_repeats:
            key = hashlib.sha256(call.method.encode() + b" " + text).digest()
            if len(self._repeats) >= _REPEATS_MOST:
                self._repeats.clear()
            attempt = self._repeats.get(key, 0) + 1
            self._repeats[key] = attempt
        return Subject(
            text=text, service=service.name, method=call.method, path=call.path, attempt=attempt
        )

    def _is_about(self, armed: Armed, subject: Subject) -> bool:
        return is_at_place(armed.planned, subject) and self._stage.is_about(armed.planned, subject)


def _is_beside(held: Frame, frame: Frame) -> bool:
    """Whether two frames go to the same readers."""
    return (held.market, held.token, held.key) == (frame.market, frame.token, frame.key)


def _spelt(path: str, answer: Answer) -> dict[str, object]:
    """An answer as the ledger shows it."""
    told: dict[str, object] = {"status": answer.status, "body": shown(path, answer.body)}
    if isinstance(answer, Broken):
        told |= {"at_byte": answer.at_byte, "is_reset": answer.is_reset}
    return told
