"""A day of trading in minutes: the process keeps its size, and every gap is explained.

A seeded world is fed to a session as a simulated run has it: planted sets that recur, orders on,
the journal on disk, every table and the trail written. The clock is that of the records. One minute
of every quarter of an hour is busy; in the others only time passes. Each busy minute begins with a
feed that breaks off and comes back with new books, which the journal explains by a gap record; any
other gap is one that nobody planned.

What a run keeps by design grows with what happens in it (ids of prints, finished orders), so the
slope is that of a day of these rates, which the figures state.

Owns: what is fed, when the process is weighed, and the two bounds of INVARIANTS (24 h soak).

Must never: hold more than one chunk of the feed, or forgive a gap that it did not plan.
"""

import gc
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from razor._core import OmsBench, Session
from razor.app.bench.control import Control
from razor.app.bench.figure import Figure, Section
from razor.app.bench.oms import made, order_params, sim_session
from razor.app.bench.weigh import resident_kib

__all__ = ["DAY", "MINUTES", "Soak", "measure_soak", "slope"]

_KIB_PER_MIB = 1_024
_NS = 1_000_000_000
_START_NS = 1_791_258_810_000_000_000
# A busy minute is made and held at once; the next one comes a quarter of an hour later.
_BUSY_S = 60
_BUSY_EVERY_S = 900
_TIMER_S = 10
# A block of the journal is at most 100 ms of recorded time, and few of them may wait.
_WAIT_S = 100
# No set is signalled twice within a busy minute.
_SIGNAL_COOLDOWN_MS = 60_000
# Records after which the journal is waited for: an hour passes within seconds here.
_BREATH = 500
_MAX_MIB_PER_HOUR = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Soak:
    """How long.

    ``period_s`` lies between two weighings, a multiple of a quarter of an hour; the first ``warm``
    periods are not judged. ``is_evidence``: long enough for the slope to mean anything.
    """

    periods: int
    period_s: int
    warm: int
    is_evidence: bool


DAY = Soak(periods=24, period_s=3_600, warm=2, is_evidence=True)
"""The soak of a release: 24 h of recorded time."""

MINUTES = Soak(periods=6, period_s=900, warm=2, is_evidence=False)
"""The same with six busy minutes; its slope is no evidence."""


class _Counts(msgspec.Struct, frozen=True, kw_only=True):
    """What the engine counted; see docs/FILES.md, health.jsonl."""

    records: int
    trade_rows: int
    gaps: int
    records_lost: int
    restarts: int


class _Row(msgspec.Struct, frozen=True, kw_only=True):
    """A closing row as ``Session.counts_json`` has it."""

    records: int | None = None
    trade_rows: int = 0
    gaps: int = 0
    records_lost: int = 0
    restarts: int = 0


@dataclass(slots=True)
class _Run:
    """What a run came to; ``resident`` is KiB at the end of each period."""

    resident: list[int]
    fed: int = 0
    shed: int = 0
    signals: int = 0
    planned_gaps: int = 0


def slope(hours: Sequence[float], mib: Sequence[float]) -> float:
    """The slope of the least-squares line through the points; 0 of fewer than two."""
    if len(hours) < 2:  # noqa: PLR2004 - a line has two points
        return 0.0
    mean_x, mean_y = sum(hours) / len(hours), sum(mib) / len(mib)
    spread = sum((x - mean_x) ** 2 for x in hours)
    joint = sum((x - mean_x) * (y - mean_y) for x, y in zip(hours, mib, strict=True))
    return joint / spread


def measure_soak(soak: Soak, seed: int, control: Control, scratch: Path) -> Section:
    """Feed the periods one by one, weigh this process after each, and judge both bounds."""
    bench = OmsBench(seed=seed)
    run_dir = made(scratch / "soak")
    params = order_params(signal_cooldown_ms=_SIGNAL_COOLDOWN_MS)
    session = sim_session(run_dir, seed, share="1", params=params)
    run = _Run(resident=[])
    for period in range(soak.periods):
        for offset in range(0, soak.period_s, _BUSY_EVERY_S):
            start_ns = _START_NS + (period * soak.period_s + offset) * _NS
            _break_off(session, run, start_ns)
            _feed(session, run, bench.world(_BUSY_S, start_ns=start_ns))
            _pass_time(session, run, start_ns)
            control.step()
        session.flush_durable()
        gc.collect()
        run.resident.append(resident_kib())
    counts, stop = _counts(session), session.hard_stop
    session.close()
    return _section(soak, run, counts, _trail(run_dir), stop)


def _break_off(session: Session, run: _Run, at_ns: int) -> None:
    """The connection is gone for a moment, as the shell would record it."""
    gap = {"from_ns": at_ns - _NS, "to_ns": at_ns, "cause": "DISCONNECTED reason=soak", "lost": 0}
    session.feed("gap", "market-0", 0, at_ns, json.dumps(gap).encode("ascii"))
    run.planned_gaps += 1


def _feed(session: Session, run: _Run, records: list[tuple[str, str, int, bytes]]) -> None:
    for kind, conn, recv_ns, payload in records:
        facts = session.feed(kind, conn, 0, recv_ns, payload)
        run.shed += facts is not None and facts.is_shed
        run.fed += 1
        if run.fed % _BREATH == 0:
            session.flush_durable()
    run.signals += len(session.take_signals())


def _pass_time(session: Session, run: _Run, start_ns: int) -> None:
    """Nothing but the clock until the next busy minute, as the shell tells it."""
    for second in range(_BUSY_S + _TIMER_S, _BUSY_EVERY_S - _TIMER_S, _TIMER_S):
        facts = session.feed("timer", "", 0, start_ns + second * _NS, b"")
        run.shed += facts is not None and facts.is_shed
        if second % _WAIT_S == 0:
            session.flush_durable()


def _counts(session: Session) -> _Counts:
    """The integrity counts so far."""
    rows = msgspec.json.decode(session.counts_json(), type=list[_Row])
    for row in rows:
        if row.records is not None:
            return _Counts(
                records=row.records,
                trade_rows=row.trade_rows,
                gaps=row.gaps,
                records_lost=row.records_lost,
                restarts=row.restarts,
            )
    raise RuntimeError("the engine gives no integrity counts")


@dataclass(frozen=True, slots=True)
class _Trail:
    rows: int
    orders: int
    ends: int


def _trail(run_dir: Path) -> _Trail:
    """Rows of the trail, orders that ended in it, and signals that did."""
    rows = orders = ends = 0
    for row in _rows(run_dir / "trade_log.csv"):
        rows += 1
        orders += bool(row["fill_status"])
        ends += row["action"] == "END"
    return _Trail(rows, orders, ends)


def _rows(path: Path) -> Iterator[dict[str, str]]:
    """Rows by column; no cell that is read here is quoted."""
    with path.open(encoding="utf-8") as lines:
        names = next(lines).rstrip("\n").split(",")
        for line in lines:
            yield dict(zip(names, line.rstrip("\n").split(","), strict=False))


def _section(soak: Soak, run: _Run, counts: _Counts, trail: _Trail, stop: str | None) -> Section:
    mib = [kib / _KIB_PER_MIB for kib in run.resident]
    hours = [(at + 1) * soak.period_s / 3_600 for at in range(soak.periods)]
    unexplained = counts.gaps - run.planned_gaps + counts.records_lost + counts.restarts

    def count(key: str, what: str, value: float, target: float | None = None) -> Figure:
        return Figure(key=key, what=what, value=value, unit=key, target=target)

    recorded = f"{soak.periods * soak.period_s / 3_600:g} h"
    return Section(
        name="soak",
        title="A day in minutes",
        workload=(
            f"{recorded} of recorded time, one minute of every quarter of an hour a busy one of a "
            f"seeded world with planted sets, {counts.records:,} records, through one session with "
            "orders on a simulated venue, the journal on disk and every table written; the feed "
            f"breaks off {run.planned_gaps} times."
        ),
        figures=(
            Figure(
                key="slope_mib_per_hour",
                what=f"resident memory, slope by least squares after {hours[soak.warm - 1]:g} h",
                value=slope(hours[soak.warm :], mib[soak.warm :]),
                unit="MiB/h",
                places=3,
                target=_MAX_MIB_PER_HOUR if soak.is_evidence else None,
            ),
            Figure(
                key="resident_mib", what="resident at the end", value=mib[-1], unit="MiB", places=1
            ),
            count("unexplained", "gap rows that nobody planned", unexplained, 0),
            count("shed", "records shed", run.shed, 0),
            count("stops", "stops of trading", int(stop is not None), 0),
            count("signals", "signals", run.signals),
            count("orders", "orders that ended", trail.orders),
            count("rows", "rows of the trail", trail.rows),
            count("prints", "prints of others", counts.trade_rows),
        ),
        notes=(_note(soak, mib, stop),),
    )


def _note(soak: Soak, mib: Sequence[float], stop: str | None) -> str:
    by_period = " ".join(f"{value:.2f}" for value in mib)
    each = f"{soak.period_s // 60} min"
    stopped = "" if stop is None else f" Trading stopped: {stop}."
    return f"Resident MiB after each {each} of recorded time: {by_period}.{stopped}"
