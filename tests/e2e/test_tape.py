"""``razor sandbox serve --tape`` as a user starts it: what it says, plays and refuses."""

import json
from pathlib import Path
from select import select

import httpx
import pytest

from razor import _core
from tests.cli.programs import spawn
from tests.e2e.razor import here

START_S = 30.0
STOP_S = 15.0
LOOKS = 2_000
RECORDED_NS = 1_700_000_000_000_000_000


@pytest.fixture(name="capture")
def _capture(tmp_path: Path) -> Path:
    path = tmp_path / "world.jsonl.zst"
    _core.world_capture(path, 7, RECORDED_NS, 5_000)
    return path


def test_a_capture_is_served_to_its_end_at_full_speed(capture: Path) -> None:
    verb = ("sandbox", "serve", "--json", "--port", "0", "--unlimited")
    with spawn(*verb, "--tape", str(capture), "--speed", "max") as process:
        assert process.stdout is not None
        try:
            ready, _, _ = select([process.stdout], [], [], START_S)
            line = process.stdout.readline() if ready else ""
            printed = json.loads(line)
            assert printed["tape"][0].startswith("A recording is played")
            with httpx.Client(base_url=printed["status"]) as client:
                facts: dict[str, int] = {}
                for _ in range(LOOKS):
                    facts = client.get("/status.json").json()["facts"]
                    if facts["records played"] == facts["records of the tape"]:
                        break
            assert facts["records played"] == facts["records of the tape"] > 500
            assert facts["prints of the tape"] > 0
            gamma = httpx.get(f"{printed['gamma']}/markets", params={"limit": 500}).json()
            assert len(gamma) == facts["markets"]
            assert any(market.get("bestBid") for market in gamma)
        finally:
            process.terminate()
            code = process.wait(STOP_S)
    assert code == 0


@pytest.mark.parametrize(
    ("text", "words", "code"),
    [
        ("", "defines no market", 2),
        ('{"t":1,"c":"a","e":0,"k":"ws","m":"PONG"}\n', "defines no market", 2),
        ("not a capture\n", "line 1", 3),
        ('{"t":1,"c":"a","e":0,"k":"meta","m":"{}"}\n{"t":1', "line 2", 3),
    ],
)
def test_what_is_no_capture_is_refused_in_a_sentence(
    tmp_path: Path, text: str, words: str, code: int
) -> None:
    path = tmp_path / "odd.jsonl"
    path.write_text(text, encoding="utf-8")
    done = here("sandbox", "serve", "--port", "0", "--tape", path)
    assert done.code == code, done.err
    assert words in done.err
    assert "Traceback" not in done.err


def test_a_tape_that_is_not_there_and_an_unknown_speed_are_named(
    capture: Path, tmp_path: Path
) -> None:
    gone = here("sandbox", "serve", "--port", "0", "--tape", tmp_path / "gone.jsonl")
    assert gone.code == 2
    assert "--tape" in gone.err
    odd = here("sandbox", "serve", "--port", "0", "--tape", capture, "--speed", "2x")
    assert odd.code == 2
    assert all(word in odd.err for word in ("--speed", "10x", "max"))


def test_a_tape_is_not_mixed_with_other_markets(capture: Path) -> None:
    done = here("sandbox", "serve", "--port", "0", "--tape", capture, "--quiet")
    assert done.code == 2
    assert "exclude each other" in done.err
