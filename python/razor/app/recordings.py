"""Recordings that can be played: captures, runs, a predecessor's runs, and the seeded demo.

Owns: :class:`Recording` and :func:`recording_at`. Must never: change what it opens; a predecessor's
directory is imported into a capture of its own in a temporary place.
"""

import json
import re
import tempfile
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from razor import _core
from razor.adapters.files.config_file import ConfigFile, read_predecessor_config
from razor.adapters.files.disk import read_bounded, storage
from razor.adapters.files.run_directory import read_manifest
from razor.app.evidence import config_of, journal_of
from razor.domain.errors import DecodeError, StorageError
from razor.domain.manifest import InputHash
from razor.domain.mode import OrderPath
from razor.domain.params import Rules

__all__ = ["Recording", "Tick", "demo_recording", "recording_at"]

# Follows a long read: bytes done, bytes in all; false stops it.
Tick = Callable[[int, int], bool]

_DEMO_SEED = 7
# A fixed morning: the demo's bytes must not depend on the day it is played.
_DEMO_START_NS = 1_800_000_000_000_000_000
_NAME_DIGITS = 12
_NAME_MOST = 40
_PLAIN = re.compile(r"[!-~]+")
_SIDE_MOST = 268_435_456
_META_MOST = 1_048_576
_JOURNAL = "journal"
_MANIFEST = "manifest.json"
# Room kept free for the end of a run stands beside them and is no record.
_SEGMENTS = "*.rzj"
_PREDECESSOR_FILES = ("snapshots.csv", "trades.csv", "config.toml")
_TORN = "The journal that was played ends in a torn tail: what its crash cut off is not in here."
_NO_SIZES = "The recording has quotes without sizes: depth is unknown, every set is judged Thin."


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """A recording that is open for playing.

    ``kind`` and ``name`` as in the manifest's source. ``label`` is what the tables call the run
    that plays it. ``config`` are the settings it was recorded with, if it has them.
    """

    kind: str
    name: str
    label: str
    source: _core.Source
    inputs: tuple[InputHash, ...]
    rules: Rules = Rules.VENUE
    config: ConfigFile | None = None
    seeds: tuple[tuple[str, int], ...] = ()
    markers: tuple[str, ...] = ()
    orders: OrderPath = OrderPath.NONE


@contextmanager
def recording_at(path: Path, tick: Tick) -> Generator[Recording]:
    """Open a capture, a run directory or a predecessor's run directory.

    Errors: :class:`StorageError` when it does not exist or cannot be read, :class:`DecodeError`
    when it is none of them.
    """
    with storage(path, "open the recording"):
        path.stat()
    if path.is_file():
        yield _capture(path)
    elif (path / _JOURNAL).is_dir() or (path / _MANIFEST).is_file():
        # A run that lost its journal has a predecessor's files too, but is no predecessor's run.
        yield _run(path)
    elif all((path / name).is_file() for name in _PREDECESSOR_FILES):
        with tempfile.TemporaryDirectory(prefix="razor-") as room:
            yield _predecessor(path, Path(room), tick)
    else:
        message = f"{path} is no capture, no run and no predecessor's run"
        remedy = f"make a capture of it first: razor capture import {path} --out FILE.jsonl.zst"
        raise DecodeError(message, source=str(path), remedy=remedy)


@contextmanager
def demo_recording(*, duration_ms: int) -> Generator[Recording]:
    """Make the seeded demo and open it."""
    with tempfile.TemporaryDirectory(prefix="razor-") as room:
        path = Path(room) / "demo.jsonl.zst"
        _core.venue_world_capture(path, _DEMO_SEED, _DEMO_START_NS, duration_ms)
        digest = _core.file_sha256(path)
        yield Recording(
            kind="demo",
            name=digest[:_NAME_DIGITS],
            label=f"replay_{digest[:_NAME_DIGITS]}",
            source=_core.Source.capture(path),
            inputs=(_input(path, digest),),
            seeds=(("world", _DEMO_SEED),),
            markers=("A seeded demo: its prices and prints were made by razor, not by a venue.",),
        )


def _capture(path: Path) -> Recording:
    if path.stat().st_size == 0:
        raise _nothing_in(path, remedy="copy the file again, or record again")
    digest = _core.file_sha256(path)
    side = _sidecar(path)
    is_old = side.get("format") == "predecessor"
    flags = side.get("flags")
    has_sizes = not (isinstance(flags, list) and "no_sizes" in flags)
    return Recording(
        kind="replay",
        name=digest[:_NAME_DIGITS],
        label=f"replay_{digest[:_NAME_DIGITS]}",
        source=_core.Source.capture(path),
        inputs=(_input(path, digest),),
        rules=Rules.PREDECESSOR if is_old else Rules.VENUE,
        markers=() if has_sizes else (_NO_SIZES,),
    )


def _run(path: Path) -> Recording:
    manifest = read_manifest(path)
    journal = journal_of(path, manifest)
    if journal.records == 0:
        raise _nothing_in(path, remedy="it ended before its first record; play another")
    name = journal.run_id.removeprefix("replay_")
    is_old = manifest.schema_versions.get("rules") == Rules.PREDECESSOR.value
    size = sum(segment.stat().st_size for segment in (path / _JOURNAL).glob(_SEGMENTS))
    return Recording(
        kind="replay",
        name=name,
        label=f"replay_{name}",
        source=_core.Source.journal(path),
        inputs=(InputHash(name=_JOURNAL, size_bytes=size, sha256=journal.block),),
        rules=Rules.PREDECESSOR if is_old else Rules.VENUE,
        config=config_of(path, manifest),
        orders=manifest.gates.order_path,
        markers=(*manifest.markers, _TORN) if journal.is_torn else manifest.markers,
    )


def _nothing_in(path: Path, *, remedy: str) -> DecodeError:
    return DecodeError(
        f"{path} is empty: there is no record in it", source=str(path), remedy=remedy
    )


def _predecessor(path: Path, room: Path, tick: Tick) -> Recording:
    capture = room / "predecessor.jsonl.zst"
    _core.capture_import(path, capture, "predecessor", tick)
    name = _predecessor_name(path)
    inputs = tuple(
        _input(path / each, _core.file_sha256(path / each)) for each in _PREDECESSOR_FILES
    )
    return Recording(
        kind="replay",
        name=name,
        label=f"replay_{name}",
        source=_core.Source.capture(capture),
        inputs=inputs,
        rules=Rules.PREDECESSOR,
        config=read_predecessor_config(path / "config.toml"),
        markers=("A predecessor's tables: signals between their samples cannot be reproduced.",),
    )


def _predecessor_name(path: Path) -> str:
    """Read the run id of ``run_meta.json``; the predecessor says ``unknown`` without it."""
    try:
        raw = read_bounded(path / "run_meta.json", most=_META_MOST, follow=True)
        name = json.loads(raw)["run_id"]
    except (OSError, StorageError, ValueError, KeyError, TypeError, RecursionError):
        return "unknown"
    is_plain = isinstance(name, str) and _PLAIN.fullmatch(name) is not None
    return name[:_NAME_MOST] if is_plain else "unknown"


def _sidecar(path: Path) -> dict[str, object]:
    """Read what a capture's manifest says of its source; empty without one."""
    stem = path.name.removesuffix(".zst").removesuffix(".jsonl")
    side = path.with_name(f"{stem}.manifest.json")
    if not side.is_file():
        return {}
    try:
        with storage(side, "read the capture's manifest"):
            found = json.loads(read_bounded(side, most=_SIDE_MOST, follow=True))
        return {"format": found["source"]["format"], "flags": found["flags"]}
    except (ValueError, KeyError, TypeError, RecursionError):
        message = f"{side} is not a capture's manifest"
        remedy = "import or record again, or remove it"
        raise DecodeError(message, source=str(side), remedy=remedy) from None


def _input(path: Path, digest: str) -> InputHash:
    return InputHash(name=path.name, size_bytes=path.stat().st_size, sha256=digest)
