"""The truth ledger: whole lines, or an end that is noticed."""

import json
from pathlib import Path

import pytest

from razor.adapters.sandbox.fault_files import open_truth
from razor.adapters.sandbox.truth import Truth, TruthLost, shown


def test_lines_are_told_with_their_time_until_it_is_closed(tmp_path: Path) -> None:
    path = tmp_path / "truth.jsonl"
    times = iter((5, 9, 12))
    truth = Truth(path.open("wb"), lambda: next(times))
    truth.tell("call", number=1)
    truth.tell("frame", text="é")
    truth.close()
    truth.tell("call", number=2)
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert lines == [
        {"what": "call", "at_ms": 5, "number": 1},
        {"what": "frame", "at_ms": 9, "text": "é"},
    ]
    assert (truth.due_ns(), truth.fault) == (None, None)
    truth.step()


def test_a_line_that_is_lost_is_raised_at_the_next_step_and_no_other_follows() -> None:
    truth = Truth(open_truth(Path("/dev/full")), lambda: 0)
    truth.tell("call", number=1)
    assert truth.due_ns() == 0
    assert not truth.is_told
    truth.tell("call", number=2)
    with pytest.raises(TruthLost, match="No space left on device"):
        truth.step()


def test_a_login_is_shown_by_its_digest_alone() -> None:
    secret = b'{"secret":"hidden"}'
    assert "hidden" not in shown("/auth/api-key", secret)
    assert shown("/order", secret) == secret.decode()
    assert shown("/order", b"\xff").startswith("sha256:")
