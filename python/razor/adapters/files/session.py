"""A run being written, as the use cases see it.

Owns: :class:`LiveSession` (the feed's recorder and its liveness), :class:`PlayedSession` (a
session paired with the recording it plays) and :class:`OperatedSession` (what an operator sees and
says), all over one ``_core.Session``. Must never: hold
state of its own about books or records; the engine behind the session has it.
"""

from collections.abc import Callable

from razor import _core
from razor.application.ports import FeedReport, LivenessView, TokenLiveness
from razor.domain.control import Standing, decode_standing
from razor.domain.feed import Gap, RecordKind

__all__ = ["LiveSession", "OperatedSession", "PlayedSession"]


class PlayedSession:
    """A session and the recording that it plays; implements ``PlaySession``."""

    def __init__(self, session: _core.Session, source: _core.Source) -> None:
        """Pair them."""
        self._session = session
        self._source = source

    def pump(self, until_ns: int, budget: int) -> tuple[int, int, bool]:
        """Take records up to a receive time."""
        return self._session.pump(self._source, until_ns, budget)

    @property
    def next_ns(self) -> int | None:
        """Receive time of the record that waits."""
        return self._session.next_ns

    @property
    def now_ns(self) -> int:
        """Largest receive time so far."""
        return self._session.now_ns

    def flush(self) -> None:
        """Take what the venue still owes, and hand what is kept back to the system.

        In this order: a replay meets the venue's last words before its own end, and must hand its
        records over at the same place for the same bytes.
        """
        self._session.end_orders()
        self._session.flush()


class LiveSession:
    """The feed's ``Recorder`` and ``Liveness`` over a session."""

    def __init__(self, session: _core.Session) -> None:
        """Take the session of a live run."""
        self._session = session
        self.shed = 0
        self.signals = 0

    def feed(
        self, kind: RecordKind, conn: str, epoch: int, recv_ns: int, payload: bytes
    ) -> FeedReport | None:
        """Take one record; ``None`` when there is nothing to report."""
        facts = self._session.feed(kind.value, conn, epoch, recv_ns, payload)
        if facts is None:
            return None
        self.shed += facts.is_shed
        self.signals += facts.signals
        return FeedReport(
            refused=facts.refused,
            resnapshot=tuple(facts.resnapshot),
            mismatched=tuple(facts.mismatched),
            compare=tuple(facts.compare),
        )

    def gap(self, conn: str, epoch: int, recv_ns: int, gap: Gap) -> None:
        """Take a gap."""
        self._session.feed(RecordKind.GAP.value, conn, epoch, recv_ns, gap.encode())

    def beat(self, now_ns: int) -> None:
        """Let time pass for the engine, and let quiet records reach the disk."""
        self._session.feed("timer", "", 0, now_ns, b"")
        self._session.flush()

    def note_injected(self, code: int) -> None:
        """Write down a fault that was injected into the feed, by its number."""
        self._session.note_injected(code)

    def flush(self) -> None:
        """Make everything taken so far durable."""
        self._session.flush_durable()

    def view(self) -> LivenessView:
        """Current liveness of all tokens and connections."""
        tokens, conns = self._session.liveness()
        return LivenessView(
            tokens={
                token: TokenLiveness(
                    hydrated=hydrated, last_recv_ns=last_ns, last_venue_ms=venue_ms
                )
                for token, hydrated, last_ns, venue_ms in tokens
            },
            conns=dict(conns),
        )


class OperatedSession:
    """A session under an operator; implements ``OperatedRun``."""

    def __init__(self, session: _core.Session, *, wall_ns: Callable[[], int] | None) -> None:
        """Take a session; ``wall_ns`` is its clock where the source is live, else ``None``."""
        self._session = session
        self._wall_ns = wall_ns

    def command(self, payload: bytes) -> None:
        """Take a command at engine time: the next step is the first that it binds."""
        self._session.command(self._session.now_ns, payload)

    def standing(self) -> Standing:
        """Say where the run stands."""
        return decode_standing(self._session.standing_json())

    def clock_ns(self) -> int:
        """Wall time of a live run, recorded time of one that is played."""
        return self._session.now_ns if self._wall_ns is None else self._wall_ns()
