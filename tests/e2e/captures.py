"""Captures that tests write: hand-made lines, and the seeded world once per test run."""

import json
from collections.abc import Sequence
from pathlib import Path

from razor import _core

START_NS = 1_800_000_000_000_000_000
SEED = 11
_MS = 1_000_000


def world(path: Path, *, duration_ms: int = 5_000, seed: int = SEED) -> Path:
    """The capture of a seeded world at `path`."""
    _core.world_capture(path, seed, START_NS, duration_ms)
    return path


def line(at_ms: int, kind: str, text: str, *, conn: str = "market-0", epoch: int = 1) -> str:
    """One line of a capture, `at_ms` after the start."""
    row = {"t": START_NS + at_ms * _MS, "c": conn, "e": epoch, "k": kind, "m": text}
    return json.dumps(row, separators=(",", ":"), ensure_ascii=False) + "\n"


def write(path: Path, lines: Sequence[str]) -> Path:
    """A plain capture of these lines."""
    path.write_text("".join(lines), encoding="utf-8")
    return path


def market(key: str, *, label: str = "a market", yes: str = "101", no: str = "102") -> str:
    """The payload that defines one binary market and its set."""
    meta = {
        "markets": [
            {
                "condition_id": key,
                "token_ids": [yes, no],
                "outcomes": ["Yes", "No"],
                "label": label,
                "tick_size": "0.01",
                "min_order_size": "5",
                "neg_risk": False,
                "fees": "free",
                "end_ms": 1_900_000_000_000,
                "event_id": "",
                "group_id": "",
                "seconds_delay": 0,
            }
        ],
        "sets": [{"key": key, "kind": "binary", "legs": [yes, no], "settlement": "merge"}],
    }
    return json.dumps(meta, ensure_ascii=False)


def tables(run_dir: Path) -> dict[str, bytes]:
    """Everything of a run that the journal determines, and the journal itself."""
    names = sorted(each.name for each in run_dir.iterdir() if each.is_file())
    own = {"manifest.json", "config.toml", "lock"}
    found = {name: (run_dir / name).read_bytes() for name in names if name not in own}
    for segment in sorted((run_dir / "journal").iterdir()):
        found[f"journal/{segment.name}"] = segment.read_bytes()
    return found
