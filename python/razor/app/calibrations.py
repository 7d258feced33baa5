"""Calibration of runs: reading what a suggestion rests on, and writing the suggestion.

Owns: :func:`review_of`, :func:`write_suggestion` and :func:`stale_suggestions`. Must never: write
a settings file, or put runs together that were counted by different rules.
"""

import errno
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from razor import _core
from razor.adapters.files.config_file import ConfigFile
from razor.adapters.files.disk import read_bounded, replace_file, storage
from razor.adapters.files.run_directory import read_manifest
from razor.app.evidence import config_of
from razor.application.calibrate import (
    Outcome,
    Review,
    RunOutcomes,
    Scenario,
    scenarios_of,
    suggestion_toml,
)
from razor.domain.calibration import Calibration, Current, decode_calibration
from razor.domain.errors import DecodeError, Problem, SettingsError, StorageError
from razor.domain.manifest import Manifest
from razor.domain.settings import SCHEMA_VERSION, Settings
from razor.domain.verdict import decode_numbers

__all__ = ["LOG", "review_of", "stale_suggestions", "write_suggestion"]

LOG = "calibration_log.csv"
_LEDGER = "shadow_log.csv"
# Thousands of orders a day for a year are some hundred megabytes.
_TABLE_MOST = 4_294_967_296
# The rules by which samples are counted, among the schema versions of a manifest.
_RULES = ("frozen_rules", "rules", "calibration_log")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    path: Path
    manifest: Manifest
    log: bytes


def review_of(run_dirs: Sequence[Path], config: ConfigFile | None) -> Review:
    """Calibrate from runs and settle their ledgers with what it says.

    The shares in force are those of ``config``, by default those of the last run named.

    Errors: :class:`StorageError` for a missing table, :class:`DecodeError` for one that cannot be
    read, :class:`SettingsError` for runs that do not go together.
    """
    runs = [_run(path) for path in run_dirs]
    _require_same_rules(runs)
    own = config_of(runs[-1].path, runs[-1].manifest)
    calibration = _calibration(runs, own.settings if config is None else config.settings)
    used = own if config is None else config
    current = Current.of(used.settings, source=str(used.path))
    scenarios = scenarios_of(calibration, None if config is None else current)
    markers = dict.fromkeys(marker for run in runs for marker in run.manifest.markers)
    return Review(
        calibration=calibration,
        current=current,
        runs=tuple(_outcomes(run, scenarios) for run in runs),
        markers=tuple(markers),
    )


def write_suggestion(run_dir: Path) -> Path | None:
    """Write a run's suggestion beside its log, replaced in one step.

    ``None`` for a run that sent no order: it has nothing to suggest.

    Errors: as :func:`review_of`.
    """
    found = _suggestion(run_dir)
    if found is None:
        return None
    name, text = found
    replace_file(run_dir, name, text)
    return run_dir / name


def stale_suggestions(run_dir: Path) -> list[str]:
    """Name the suggestion of a run that is not what its log says; a run without one has none.

    Errors: :class:`StorageError`.
    """
    settings = config_of(run_dir, read_manifest(run_dir)).settings
    name = settings.calibration.suggest_filename
    path = run_dir / name
    if not path.is_file():
        return []
    with storage(path, f"read {name}"):
        written = read_bounded(path, most=_TABLE_MOST, follow=False)
    try:
        found = _suggestion(run_dir)
    except _core.DecodeError:
        # A log that cannot be read gives no suggestion: none that is there can be its.
        return [name]
    return [] if found == (name, written) else [name]


def _suggestion(run_dir: Path) -> tuple[str, bytes] | None:
    if not (run_dir / LOG).is_file():
        return None
    run = _run(run_dir)
    own = config_of(run_dir, run.manifest)
    calibration = _calibration([run], own.settings)
    if calibration.mode is None:
        return None
    text = suggestion_toml(calibration, Current.of(own.settings, source=str(own.path)))
    return own.settings.calibration.suggest_filename, text.encode()


def _run(path: Path) -> _Run:
    manifest = read_manifest(path)
    log = path / LOG
    if not os.path.lexists(log):
        message = f"there is no {LOG} in {path}"
        remedy = "name a run that sent orders, simulated or real, with --run"
        raise StorageError(message, path=log, cause=os.strerror(errno.ENOENT), remedy=remedy)
    return _Run(path=path, manifest=manifest, log=_table(log))


def _require_same_rules(runs: Sequence[_Run]) -> None:
    """Refuse runs whose samples do not mean the same.

    Errors: :class:`SettingsError` names both runs and what differs.
    """
    first = runs[0]
    for run in runs[1:]:
        for rule in _RULES:
            wanted, found = (each.manifest.schema_versions.get(rule) for each in (first, run))
            if wanted != found:
                problem = Problem(
                    key="--run",
                    found=f"{first.path} with {rule} {wanted}, {run.path} with {found}",
                    allowed="runs of one schema version",
                    remedy="calibrate them apart",
                )
                raise SettingsError(source="command line", problems=[problem])


def _calibration(runs: Sequence[_Run], settings: Settings) -> Calibration:
    tables = [(str(run.path / LOG), run.log) for run in runs]
    return decode_calibration(
        _core.calibration_json(tables, settings.calibration.min_samples_per_bucket)
    )


def _outcomes(run: _Run, scenarios: Sequence[Scenario]) -> RunOutcomes:
    ledger = _table(run.path / _LEDGER)
    schema = run.manifest.schema_versions.get("frozen_rules", SCHEMA_VERSION)
    facts = json.dumps({"fallback_run_id": run.manifest.run_id, "schema_version": schema})
    try:
        outcomes = tuple(_outcome(ledger, facts, scenario) for scenario in scenarios)
    except _core.DecodeError as error:
        remedy = f"write the tables anew from the journal: razor audit rebuild {run.path}"
        raise DecodeError(f"{run.path}: {error}", source=str(run.path), remedy=remedy) from None
    return RunOutcomes(run=run.manifest.run_id, outcomes=outcomes)


def _outcome(ledger: bytes, facts: str, scenario: Scenario) -> Outcome:
    shares = json.dumps({"liquid": scenario.liquid, "thin": scenario.thin})
    numbers = decode_numbers(_core.resettled_json(ledger, facts, shares))
    return Outcome(scenario=scenario, numbers=numbers)


def _table(path: Path) -> bytes:
    with storage(path, f"read {path.name}"):
        return read_bounded(path, most=_TABLE_MOST, follow=False)
