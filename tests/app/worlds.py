"""Runs and recordings of seeded worlds, made by the verbs themselves."""

from dataclasses import dataclass
from pathlib import Path

from razor import _core
from razor.domain.settings import default_file
from tests.cli.programs import Run

START_NS = 1_800_000_000_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A directory with a settings file, a capture, and the run that played it."""

    root: Path
    capture: Path
    config: Path
    run_dir: Path


def made(root: Path, *, duration_ms: int = 6_000, seed: int = 7) -> Place:
    """Play a short world into a run."""
    capture, config = root / "world.jsonl.zst", root / "config.toml"
    _core.world_capture(capture, seed, START_NS, duration_ms)
    config.write_text(default_file(), encoding="utf-8")
    run_dir = root / "run"
    played = replayed(capture, config, run_dir)
    assert played.code == 0, played.err
    return Place(root=root, capture=capture, config=config, run_dir=run_dir)


def replayed(source: Path, config: Path | None, out: Path, *more: str) -> Run:
    """Play a recording into a new directory."""
    settings = () if config is None else ("--config", str(config))
    return Run("replay", str(source), *settings, "--out-dir", str(out), *more)
