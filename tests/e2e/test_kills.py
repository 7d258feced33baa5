"""`razor run` with orders, killed as a power cut would, again and again, and gone on with.

The venue on the loopback lives on; the simulated exchange dies with the process and is given back
what the journal says it did. Between the kills nothing is repaired by hand.
"""

import asyncio
import json
import os
import random
import signal
from collections import Counter, defaultdict
from decimal import Decimal
from pathlib import Path

import pytest

from tests.e2e import journals
from tests.e2e.loopback import Desk, desk, moving, play
from tests.e2e.razor import here
from tests.feeds.probes import exclusive

_LIVE = {"RAZOR_MODE": "live"}
# Every order is answered late, so that a kill finds one in work; no cap ends the story.
_SETTINGS = """
[brain]
signal_cooldown_ms = 300
[live]
cooldown_ms = 100
[oms]
signal_ttl_ms = 5000
durable_intents = true
[sim]
sim_network_latency_ms = 150
[risk]
max_exposure_usdc = 1000000
max_event_exposure_usdc = 1000000
max_day_loss_usdc = 1000000
max_residual_usdc = 1000000
max_orders_per_min = 6000
max_loss_streak = 1000
max_api_error_permille = 1000
"""
_KILLS = int(os.environ.get("RAZOR_KILLS", "6"))
# A kill takes a start of the program and up to three seconds of its work.
_SECONDS_PER_KILL = 12


async def _killed(at: Desk, choice: random.Random, moment: str) -> None:
    """Start, and kill at a moment: while it recovers, with orders in work, or on the way out."""
    at.forget()
    lock = at.latest / "lock"
    starts = lock.read_bytes().count(b"\n") if lock.exists() else 0
    fails = {"RAZOR_SIM_FORCE_CHASE_FAIL": "1"} if moment == "flatten" else {}
    async with at.start("run", "--resume", "auto", environment={**_LIVE, **fails}) as child:
        if moment == "recovery" and starts:
            await child.until(lambda: lock.read_bytes().count(b"\n") > starts)
            await asyncio.sleep(choice.random() * 0.2)
        else:
            await child.until(at.is_flowing)
            # A flatten begins when the first leg is confirmed, seconds after its match.
            await asyncio.sleep(choice.random() * (9.0 if moment == "flatten" else 1.5))
        child.ask(signal.SIGKILL)
        assert (await child.done()).code == -signal.SIGKILL


def _sound(run: Path) -> None:
    """What must hold of the files of a run however often it was killed."""
    verdict = here("audit", "verify", run)
    assert (verdict.code, verdict.err) == (0, ""), verdict
    rows = journals.rows(run / "trade_log.csv")
    _each_signal_once(rows)
    _each_order_once(run, rows)
    _quiet(rows)
    facts = json.loads(here("report", "run", "--run", run, "--json").out)
    assert facts["identity"]["difference_usdc"] == "0"


def _each_signal_once(rows: list[dict[str, str]]) -> None:
    """One terminal row per signal, and no signal fired by two orders (L-1, S-17)."""
    ends = Counter(
        row["signal_id"]
        for row in rows
        if row["signal_id"] and row["result"] and row["action"] in {"END", "HARDSTOP", "COOLDOWN"}
    )
    assert set(ends.values()) == {1}, ends
    fired: defaultdict[str, set[str]] = defaultdict(set)
    for row in rows:
        if row["action"] == "FIRE" and row["order_id"]:
            fired[row["signal_id"]].add(row["order_id"])
    assert fired
    assert all(len(orders) == 1 for orders in fired.values())
    assert set(fired) <= set(ends)


def _each_order_once(run: Path, rows: list[dict[str, str]]) -> None:
    """An attempt is one order, and its fills are what the trail says was matched (S-05, S-10)."""
    orders: defaultdict[tuple[str, str, str], set[str]] = defaultdict(set)
    matched: dict[str, Decimal] = {}
    for row in rows:
        if row["action"] in {"FIRE", "CHASE", "FLATTEN"} and row["order_id"]:
            orders[row["signal_id"], row["leg_index"], row["attempt"]].add(row["order_id"])
            if row["fill_status"]:
                assert row["order_id"] not in matched, "an order ends once"
                matched[row["order_id"]] = Decimal(row["filled_qty"])
    assert all(len(found) == 1 for found in orders.values())
    filled: defaultdict[str, Decimal] = defaultdict(Decimal)
    for row in journals.rows(run / "fills.csv"):
        if row["event"] == "FILL":
            filled[row["order_id"]] += Decimal(row["qty"])
    assert {order: qty for order, qty in matched.items() if qty} == dict(filled)


def _quiet(rows: list[dict[str, str]]) -> None:
    """Between a restart and the end of its questions no order went out (D-6)."""
    since: int | None = None
    for row in rows:
        if row["action"] == "RECOVERY":
            is_over = row["reason_codes"] == "RECONCILED"
            since = None if is_over else int(row["ts_ms"])
        elif since is not None and row["latency_ms"] and row["fill_status"]:
            assert int(row["ts_ms"]) - int(row["latency_ms"]) <= since, row


@pytest.mark.timeout(120 + _KILLS * _SECONDS_PER_KILL)
def test_a_run_killed_at_many_moments_sends_nothing_twice_and_recovers_each_time(
    tmp_path: Path,
) -> None:
    moments = ("work", "flatten", "recovery")
    choice = random.Random(_KILLS)

    async def story() -> None:
        async with desk(tmp_path, markets=3) as at:
            exclusive(at.venue, "77", ask="0.30", numbers=(1, 2, 3))
            at.configure(("1", "2", "3"), more=_SETTINGS)
            async with moving(at):
                for number in range(_KILLS):
                    await _killed(at, choice, moments[number % len(moments)])
                at.forget()
                async with at.start(
                    "run", "--resume", "auto", "--duration", "8s", environment=_LIVE
                ) as child:
                    done = await child.done(90.0)
            assert done.code == 0, done
            runs = [each for each in (tmp_path / "runs").iterdir() if not each.is_symlink()]
            assert len(runs) == 1, "each start went on with the same run"
            _sound(runs[0])

    play(story())
