"""The locks of the clients pin what is tried by version and hash, and not where it comes from."""

import re

import pytest

import lock
from tests.conformance.clients import NAMES, ROOT

PINNED = re.compile(r"[a-z0-9][a-z0-9._-]*==[^\s;]+ \\")
HASH = re.compile(r"    --hash=sha256:[0-9a-f]{64}(?: \\)?")


def test_every_client_has_a_lock() -> None:
    assert list(lock.CLIENTS) == [f"conformance-{name}" for name in NAMES]


@pytest.mark.parametrize("name", lock.CLIENTS)
def test_a_lock_holds_the_client_at_its_version_and_hashes_only(name: str) -> None:
    lines = (ROOT / "locks" / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if PINNED.fullmatch(line)]
    assert [line for line in lines if line not in pins and not HASH.fullmatch(line)] == []
    assert f"{lock.CLIENTS[name]} \\" in pins
    assert all(HASH.fullmatch(lines[lines.index(pin) + 1]) for pin in pins)
