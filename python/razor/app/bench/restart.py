"""Restart: from the start of the program's session on a long journal to the first question.

The journal is that of a run with orders that ended as by a crash. Opening it proves every block,
folds every record, writes all tables anew beside the old ones, syncs them and puts them in place.
What stands beside it says where the time goes: the proof alone reads and checks the journal.

Owns: the workload and its figures. Must never: leave an end record, which would make the next start
a new run. Each open is followed by another crash, so that the next one finds the same day and one
more segment.
"""

from collections.abc import Callable
from pathlib import Path

from razor._core import OmsBench, Session, SimVenue, journal_head
from razor.app.bench.control import Control, Sizes
from razor.app.bench.figure import Figure, Section, middle
from razor.app.bench.oms import order_params

__all__ = ["measure_restart"]

# The seeded world is denser than a recorded day, which has 1.8 M records.
_DAY_HOURS = 3
_START_NS = 1_791_258_810_000_000_000
_NS_PER_HOUR = 3_600_000_000_000
_NS_PER_MS = 1_000_000


def measure_restart(sizes: Sizes, control: Control, scratch: Path) -> Section:
    """Write a crashed day, then open it again and again."""
    run_dir = scratch / "restart"
    run_dir.mkdir()
    hours = sizes.seconds if sizes.is_one_day else _DAY_HOURS
    fed, orders = OmsBench(seed=sizes.seed).crashed_day(run_dir, order_params(), hours)
    control.step()
    rounds = min(sizes.rounds, 3)
    proofs = [_timed(control, lambda: journal_head(run_dir)) for _ in range(rounds)]
    opens = [_timed(control, lambda: _opened(run_dir, hours)) for _ in range(rounds)]
    records, _, _, _ = journal_head(run_dir)
    return Section(
        name="restart",
        title="Restart on a journal of a day's size",
        workload=(
            f"{hours} h of a seeded world through a session with orders: {fed:,} inputs, "
            f"{orders:,} orders, {records:,} records, then no end record; {rounds} rounds, medians."
        ),
        figures=(
            Figure(
                key="open_ms",
                what="session open: proof, fold, tables written anew and synced",
                value=middle(opens) / _NS_PER_MS,
                unit="ms",
                target=3_000,
            ),
            Figure(
                key="proof_ms",
                what="  of it the proof of the journal alone",
                value=middle(proofs) / _NS_PER_MS,
                unit="ms",
            ),
            Figure(
                key="open_ns_per_record",
                what="session open, per record",
                value=middle(opens) / max(records, 1),
                unit="ns/record",
            ),
        ),
    )


def _timed(control: Control, work: Callable[[], object]) -> float:
    began = control.now_ns()
    work()
    took = control.now_ns() - began
    control.step()
    return float(took)


def _opened(run_dir: Path, hours: int) -> None:
    """Open as the next start does, and leave as another crash.

    The recovery is labelled with the end of the day, as its start would be; the venue is told what
    the journal says it matched, which is part of the time.
    """
    venue = SimVenue(
        seed=1,
        is_frozen=False,
        share_liquid="0.3",
        share_thin="0.1",
        latency_ms=20,
        quote_depth="0",
        settle_ms=(50, 400),
        latency_spike=(0, 0),
        faults=[],
    )
    session = Session.open(
        run_dir,
        run_id="run_bench",
        build_id="bench",
        settings_sha256=bytes(32),
        params=order_params(),
        is_live=True,
        now_ns=_START_NS + hours * _NS_PER_HOUR,
        sim=venue,
    )
    session.abandon()
