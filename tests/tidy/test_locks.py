"""The locks pin everything by hash and say nothing about where it comes from."""

import re
import tomllib
from itertools import pairwise

import pytest

import crates
from findings import ROOT

LOCKS = ["runtime", "dev"]
PINNED = re.compile(r"^([a-z0-9][a-z0-9._-]*)==([^\s;]+)(?: ; [^\\]+)? \\$")
HASH = re.compile(r"^    --hash=sha256:[0-9a-f]{64}(?: \\)?$")
COMMENT = re.compile(r"^# The following packages are considered to be unsafe")


def lock_lines(name: str) -> list[str]:
    text = (ROOT / "locks" / f"{name}.txt").read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line and not COMMENT.match(line)]


def pins(name: str) -> dict[str, str]:
    matches = (PINNED.match(line) for line in lock_lines(name))
    return {found.group(1): found.group(2) for found in matches if found}


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_holds_pins_and_hashes_only(name: str) -> None:
    lines = lock_lines(name)
    strange = [line for line in lines if not PINNED.match(line) and not HASH.match(line)]
    assert strange == []
    unhashed = [a for a, b in pairwise([*lines, ""]) if PINNED.match(a) and not HASH.match(b)]
    assert unhashed == []


def test_the_locks_agree_and_hold_every_named_package() -> None:
    runtime, development = pins("runtime"), pins("dev")
    shared = runtime.keys() & development.keys()
    assert {name: runtime[name] for name in shared} == {name: development[name] for name in shared}
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    named_runtime, named_development = crates.python_packages(project)
    assert named_runtime <= runtime.keys()
    assert named_development <= development.keys()


def test_websockets_stays_below_the_version_the_client_of_the_venue_refuses() -> None:
    assert int(pins("runtime")["websockets"].split(".")[0]) == 15


def test_every_crate_of_others_is_pinned_by_checksum() -> None:
    lock = tomllib.loads((ROOT / "Cargo.lock").read_text(encoding="utf-8"))
    foreign = [package for package in lock["package"] if "source" in package]
    assert foreign
    assert [it["name"] for it in foreign if "checksum" not in it] == []
    assert len({it["source"] for it in foreign}) == 1
