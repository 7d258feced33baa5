"""An engine in memory for probing: the feed's recorder and liveness, and the samples beside them.

Owns: the words between the feed's ports and ``_core.Prober``. Must never: write anything; a probe
leaves figures, no recording.
"""

from razor import _core
from razor.application.ports import FeedReport, LivenessView, TokenLiveness
from razor.domain.feed import Gap, RecordKind
from razor.domain.probe import ProbeReport, decode_report

__all__ = ["ProbeEngine"]


class ProbeEngine:
    """Implements ``Recorder`` and ``Liveness`` over one prober."""

    def __init__(self, params: bytes) -> None:
        """Begin with the payload of a ``params`` record. Errors: ``SettingsError``."""
        self._prober = _core.Prober(params)

    def feed(
        self, kind: RecordKind, conn: str, epoch: int, recv_ns: int, payload: bytes
    ) -> FeedReport | None:
        """Take one record; ``None`` when there is nothing to report."""
        facts = self._prober.feed(kind.value, conn, epoch, recv_ns, payload)
        if facts is None:
            return None
        return FeedReport(
            refused=facts.refused,
            resnapshot=tuple(facts.resnapshot),
            mismatched=tuple(facts.mismatched),
            compare=tuple(facts.compare),
        )

    def gap(self, conn: str, epoch: int, recv_ns: int, gap: Gap) -> None:
        """Take a gap: the books of that connection are not ready until a new snapshot."""
        self._prober.feed(RecordKind.GAP.value, conn, epoch, recv_ns, gap.encode())

    def flush(self) -> None:
        """Nothing is kept outside memory."""

    def view(self) -> LivenessView:
        """Current liveness of all tokens and connections."""
        tokens, conns = self._prober.liveness()
        return LivenessView(
            tokens={
                token: TokenLiveness(
                    hydrated=hydrated, last_recv_ns=last_ns, last_venue_ms=venue_ms
                )
                for token, hydrated, last_ns, venue_ms in tokens
            },
            conns=dict(conns),
        )

    def sample(self, now_ns: int) -> None:
        """Sample every set whose legs are all ready."""
        self._prober.sample(now_ns)

    def poll(self, now_ns: int, *, is_full: bool) -> None:
        """Take notice of an answered poll for prints."""
        self._prober.poll(now_ns, is_full)

    def report(self) -> ProbeReport:
        """What was seen so far."""
        return decode_report(self._prober.report_json())
