"""``razor simulate`` in this process, over a few sessions."""

import json

import pytest

from razor import _core
from razor.domain.simulation import decode_simulation

from .programs import Run


def test_properties_counts_and_digest_are_shown() -> None:
    run = Run("simulate", "--seeds", "20")
    assert (run.code, run.err) == (0, "")
    for word in ("S-01", "D-4", "L-1", "digest ", "sessions/s", "every property held"):
        assert word in run.out


def test_the_facts_are_json_too_and_the_same_every_time() -> None:
    runs = [Run("simulate", "--seeds", "20", "--from-seed", "5", "--json") for _ in range(2)]
    first, second = (json.loads(run.out) for run in runs)
    assert (first["sessions"], first["from_seed"], first["failed"]) == (20, 5, 0)
    assert first["digest"] == second["digest"]
    assert first["properties"] == second["properties"]


def test_a_seed_alone_is_a_session_of_its_own() -> None:
    one = json.loads(Run("simulate", "--seeds", "1", "--from-seed", "7", "--json").out)
    other = json.loads(Run("simulate", "--seeds", "1", "--from-seed", "8", "--json").out)
    assert one["sessions"] == 1
    assert one["digest"] != other["digest"]


def test_faults_can_be_none_or_forced() -> None:
    none = json.loads(Run("simulate", "--seeds", "20", "--faults", "none", "--json").out)
    forced = json.loads(Run("simulate", "--seeds", "20", "--faults", "F-13,F-61", "--json").out)
    assert (none["faulty"], forced["faulty"]) == (0, 20)


@pytest.mark.parametrize("words", [("--faults", "F-99"), ("--seeds", "0"), ("--from-seed", "-1")])
def test_what_makes_no_sense_is_a_usage_error(words: tuple[str, str]) -> None:
    run = Run("simulate", *words)
    assert run.code == 2
    assert words[0] in run.err


def test_a_stopped_job_says_what_it_ran() -> None:
    text = _core.simulate(0, 1_000, "", lambda done, _total: done < 64)
    assert decode_simulation(text).sessions == 64


def test_a_violation_is_exit_code_three_with_its_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    failure = {
        "id": "S-05",
        "seed": 9,
        "event": 4,
        "message": "placed twice",
        "plan": ["F-13 when []", "faults end at 1.000 s"],
    }
    found = json.loads(_core.simulate(9, 1, "", lambda _done, _total: True))
    answer = json.dumps({**found, "failed": 1, "failures": [failure]})
    monkeypatch.setattr(_core, "simulate", lambda *_: answer)
    run = Run("simulate", "--seeds", "1", "--from-seed", "9")
    assert run.code == 3
    assert "S-05 in seed 9 at input 4: placed twice" in run.out
    assert "  F-13 when []" in run.out
    assert "razor simulate --from-seed 9 --seeds 1" in run.out
