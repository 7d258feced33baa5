"""Looking into runs and damaging copies of them."""

import csv
import json
import shutil
from pathlib import Path
from typing import cast

from razor import _core
from razor.adapters.files.run_directory import read_manifest
from razor.domain.manifest import Manifest

# docs/JOURNAL.md: a segment's head, and a block's.
SEGMENT_HEAD = 224
BLOCK_HEAD = 104
_STORED_AT = 32


def records(run_dir: Path) -> int:
    """Records that the journal of a run proves; 0 while there is no run."""
    if not (run_dir / "journal").is_dir():
        return 0
    found, _, _, _ = _core.journal_head(run_dir)
    return found


def tail(run_dir: Path) -> str:
    """How the journal of a run ends."""
    _, _, word, _ = _core.journal_head(run_dir)
    return word


def segments(run_dir: Path) -> list[Path]:
    """The segments of a run, oldest first."""
    return sorted((run_dir / "journal").glob("*.rzj"))


def blocks(segment: Path) -> list[int]:
    """Where the blocks of a whole segment begin."""
    raw, found, at = segment.read_bytes(), [], SEGMENT_HEAD
    while at < len(raw):
        found.append(at)
        stored = int.from_bytes(raw[at + _STORED_AT : at + _STORED_AT + 4], "little")
        at += BLOCK_HEAD + stored
    return found


def flip(path: Path, at: int) -> None:
    """Turn one bit of a file over."""
    raw = bytearray(path.read_bytes())
    raw[at] ^= 0x10
    path.write_bytes(raw)


def cut(path: Path, length: int) -> None:
    """Shorten a file."""
    path.write_bytes(path.read_bytes()[:length])


def copy(run_dir: Path, to: Path) -> Path:
    """A copy of a run to damage."""
    shutil.copytree(run_dir, to)
    return to


def manifest(run_dir: Path) -> Manifest:
    return read_manifest(run_dir)


def integrity(run_dir: Path) -> dict[str, int]:
    """The closing row of a run's health file."""
    last = (run_dir / "health.jsonl").read_text(encoding="utf-8").splitlines()[-1]
    row = cast("dict[str, int]", json.loads(last))
    assert cast("dict[str, object]", row)["type"] == "integrity"
    return row


def rows(table: Path) -> list[dict[str, str]]:
    """The rows of a CSV table."""
    with table.open(encoding="utf-8", newline="") as text:
        return list(csv.DictReader(text))
