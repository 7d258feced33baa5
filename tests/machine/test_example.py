"""The notebook of the documents does what its text says."""

import runpy
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).resolve().parents[2] / "docs" / "examples" / "drive_basket.py"


def test_the_notebook_example_drives_a_set_to_its_end(
    capsys: pytest.CaptureFixture[str],
) -> None:
    runpy.run_path(str(EXAMPLE))
    assert capsys.readouterr().out.splitlines() == [
        "FIRE      leg 1: BUY 10000000 @ 480000",
        "CHASE_L1  leg 0: BUY 10000000 @ 480400",
        "CHASE_L2  leg 0: BUY 6000000 @ 489600",
        "FLAT_1    leg 1: SELL 6000000 @ 465300",
        "MERGE     4000000 sets",
        "END       FLATTENED",
        "COOLDOWN 70200",
        "['CHECK'] ['SEND', 'ARM_ANSWER']",
        "SENT OrderEvent.released()",
    ]
