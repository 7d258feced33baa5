"""Faults in a world whose traders know nothing of them."""

from pathlib import Path

import pytest

from razor.adapters.sandbox.world import WorldPlan
from razor.app.sandbox import SandboxPlan
from tests.sandbox.faulty import fault
from tests.sandbox.trader import Place

PLAN = "".join(
    (
        fault("F-32", at="5s", ms=5_000),
        fault("F-30", at="15s", ms=5_000),
        fault("F-29", at="25s", ms=2_000, tail_ms=2_000),
        fault("F-48", every=2),
        fault("F-52", every=3),
    )
)


def live(place: Place, seconds: int) -> None:
    """Let a world live, step by step."""
    venue, end_ns = place.sandbox.venue, place.clock.now_ns + seconds * 1_000_000_000
    while (due_ns := venue.due_ns()) is not None and due_ns <= end_ns:
        place.clock.now_ns = max(place.clock.now_ns, due_ns)
        venue.go_on()
        place.sandbox.front.flush()
    place.clock.now_ns = end_ns
    venue.go_on()


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("text", [PLAN, ""])
def test_a_world_survives_modes_and_fates_and_the_ledger_holds(
    tmp_path: Path, seed: int, text: str
) -> None:
    path, truth = tmp_path / "plan.toml", tmp_path / "truth.jsonl"
    path.write_text(text, encoding="utf-8")
    plan = SandboxPlan(
        port=0,
        seed=seed,
        is_limited=False,
        world=WorldPlan(seed=seed),
        faults=path,
        truth=truth,
    )
    place = Place(plan=plan)
    live(place, 40)
    place.sandbox.close()
    assert place.sandbox.venue.exchange.audit() is None
    assert (b"F-32" in truth.read_bytes()) == bool(text)
    assert place.sandbox.venue.exchange.prints(limit=1)
