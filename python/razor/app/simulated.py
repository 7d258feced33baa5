"""The simulated venue of a run: how settings, switches and a fault plan make it.

Owns: the venue's making, what every reader of a simulated run must be told, and the count of faults
that really struck. Must never: invent a size without a marker that says so.
"""

import csv
from collections import Counter
from collections.abc import Mapping
from itertools import chain
from pathlib import Path

from razor import _core
from razor.adapters.files.disk import storage
from razor.domain.errors import Problem, SettingsError
from razor.domain.fault_plan import FaultLine, read_fault_plan
from razor.domain.settings import Settings, decode_text
from razor.domain.switches import SimSwitches

__all__ = ["SIM_SEEDS", "fault_plan_at", "injected_faults", "sim_markers", "sim_venue"]

SIM_SEEDS: Mapping[str, int] = {"sim": 1}
"""A fixed seed: a simulated run over the same input gives the same bytes."""

_SIMULATED = "Orders went to the simulated venue: no fill of this run is a real one."
_SETTLE_MS = (2_000, 8_000)
"""Least and most time from a match to its confirmation, as Polygon shows on ordinary days."""
_TRAIL = "trade_log.csv"
_FAULT = "FAULT"
_PLAN_MOST = 1_048_576


def fault_plan_at(path: Path) -> tuple[FaultLine, ...]:
    """Read a fault plan.

    Errors: :class:`SettingsError` naming every wrong key, :class:`StorageError`.
    """
    source = str(path)
    with storage(path, "read the fault plan"), path.open("rb") as file:
        raw = file.read(_PLAN_MOST)
    text = decode_text(raw, source=source)
    codes = _core.SimFault.codes()
    return read_fault_plan(text, source=source, codes=codes)


def sim_markers(settings: Settings) -> tuple[str, ...]:
    """Give what a reader of a simulated run must never overlook."""
    depth, rate = settings.sim.quote_depth, settings.sim.assumed_fee_rate
    seeded = f"Sizes that the source lacks are seeded around {depth} shares: fills are invented."
    charged = f"Markets that name no fee are charged {rate} x p(1 - p) by assumption."
    return (
        _SIMULATED,
        *((seeded,) if depth > 0 else ()),
        *((charged,) if rate > 0 else ()),
    )


def sim_venue(
    settings: Settings, switches: SimSwitches, faults: tuple[FaultLine, ...]
) -> _core.SimVenue:
    """Make the venue. Errors: :class:`SettingsError` for a number that the venue cannot hold."""
    sim = settings.sim
    try:
        lines = list(chain.from_iterable(map(_sim_faults, faults)))
    except ValueError as error:
        problem = Problem(
            key="--faults", found=str(error), allowed="numbers in range", remedy="correct the plan"
        )
        raise SettingsError(source="command line", problems=[problem]) from None
    return _core.SimVenue(
        seed=SIM_SEEDS["sim"],
        is_frozen=sim.model == "frozen",
        share_liquid=format(sim.sim_fill_share_liquid, "f"),
        share_thin=format(sim.sim_fill_share_thin, "f"),
        latency_ms=sim.sim_network_latency_ms,
        quote_depth=format(sim.quote_depth, "f"),
        settle_ms=_SETTLE_MS,
        force_chase_fail=switches.force_chase_fail,
        latency_spike=(switches.latency_spike_ms, switches.latency_spike_every),
        drop_book_share=format(switches.drop_book_pct, "f"),
        http_429_every=switches.http_429_every,
        faults=lines,
        assumed_fee_rate=format(sim.assumed_fee_rate, "f"),
    )


def _sim_faults(line: FaultLine) -> list[_core.SimFault]:
    """Give the venue's form of a line: one for each rung it is bound to.

    A chase has two rungs and a flatten three; ``times`` counts for each of them.
    """
    is_spanned = line.from_ms is not None and line.to_ms is not None
    between = (line.from_ms or 0, line.to_ms or 0) if is_spanned else None
    return [
        _core.SimFault(
            line.code,
            nth=line.nth,
            every=line.every,
            rung=rung,
            between_ms=between,
            times=line.times,
            delay_ms=line.delay_ms,
            tail_ms=line.tail_ms,
            qty=line.qty,
            share=line.share,
            count=line.count,
            worse_micros=line.worse_micros,
            is_accepted=line.accepted,
            refusal=line.refusal,
        )
        for rung in line.rungs
    ]


def injected_faults(run_dir: Path) -> dict[str, int]:
    """Count the faults that the trail of a run tells of, by code."""
    path = run_dir / _TRAIL
    with storage(path, "read the trail"), path.open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file)
        header = next(rows, list[str]())
        if "action" not in header or "reason_codes" not in header:
            return {}
        action, reasons = header.index("action"), header.index("reason_codes")
        codes = (row[reasons].split("|")[0] for row in rows if row[action] == _FAULT)
        return dict(sorted(Counter[str](codes).items()))
