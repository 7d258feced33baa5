"""Files of faults: the plan that is read and the truth ledger that is written.

Owns: `load_plan` and `open_truth`. Must never: go on with half a plan.
"""

from pathlib import Path

from razor.adapters.sandbox.fault_plan import Plan, read_plan
from razor.adapters.sandbox.truth import Sink
from razor.domain.errors import Problem, SettingsError


def load_plan(path: Path | None) -> Plan:
    """Read a plan; an empty one where there is none. Errors: `SettingsError`."""
    if path is None:
        return Plan()
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise _unusable(path, error, "a TOML file in UTF-8 that can be read") from error
    return read_plan(text, source=str(path))


def open_truth(path: Path | None) -> Sink | None:
    """Open a ledger anew; None where nobody asks for one. Errors: `SettingsError`."""
    if path is None:
        return None
    try:
        return path.open("wb")
    except OSError as error:
        raise _unusable(path, error, "a file that can be written") from error


def _unusable(path: Path, error: Exception, allowed: str) -> SettingsError:
    said = error.strerror if isinstance(error, OSError) else "text that is not UTF-8"
    problem = Problem(key="(file)", found=str(said), allowed=allowed, remedy="name another file")
    return SettingsError(source=str(path), problems=[problem])
