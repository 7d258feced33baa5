"""The stub and the compiled module say the same, and the module is a release build."""

import subprocess
import sys
import tomllib
from decimal import Decimal
from pathlib import Path

import examples
import pytest

from razor import _core

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.timeout(120)
def test_stub_matches_the_compiled_module() -> None:
    stubtest = [sys.executable, "-m", "mypy.stubtest", "razor._core"]
    done = subprocess.run(stubtest, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_typed_examples_run() -> None:
    assert examples.units_keep_the_form_of_their_argument() == (0.4896, Decimal("0.4896"))
    assert examples.arithmetic_stays_in_the_unit() == _core.Bps(200)
    assert examples.a_refusal_says_why().startswith("above_one: probability above 1")
    assert examples.an_order_refuses_what_cannot_happen() == _core.OrderEvent.released()
    assert examples.a_desk_answers_with_typed_actions() == "guard=S-02 cost=0 r=979200 cap=0"


def test_version_is_that_of_the_workspace() -> None:
    workspace = tomllib.loads((ROOT / "Cargo.toml").read_text(encoding="utf-8"))
    assert _core.__version__ == workspace["workspace"]["package"]["version"]


def test_build_is_optimised() -> None:
    assert _core.BUILD_PROFILE == "release"
