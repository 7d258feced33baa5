"""The journal and the settings of a run, read as its manifest says they must be.

Owns: :func:`journal_of`, :func:`require_end` and :func:`config_of`. Must never: write.

A journal alone cannot tell a cut from a crash: both end in bytes that prove nothing. The manifest
can: it says ``end`` only after the journal was closed, so a run that ended in order and has no
closed journal has lost records.
"""

from dataclasses import dataclass
from pathlib import Path

from razor import _core
from razor.adapters.files.config_file import ConfigFile, read_config, read_predecessor_config
from razor.domain.errors import Corrupt
from razor.domain.manifest import Manifest

__all__ = ["CONFIG_FORM", "JournalHead", "config_form", "config_of", "journal_of", "require_end"]

# Name of the form of a run's config.toml among the schema versions of its manifest.
CONFIG_FORM = "config"
_OURS = "1"
_PREDECESSORS = "predecessor"
_CLOSED = "closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalHead:
    """What a journal proves: its records, the hash of its last block, how it ends, whose it is."""

    records: int
    block: str
    tail: str
    run_id: str

    @property
    def is_torn(self) -> bool:
        """Whether bytes at its end prove nothing, as after a crash."""
        return self.tail == "torn"


def config_form(config: ConfigFile) -> str:
    """Say by which rule the copy of a settings file is to be read."""
    return _PREDECESSORS if config.is_predecessors else _OURS


def config_of(run_dir: Path, manifest: Manifest) -> ConfigFile:
    """Read the settings a run was made with, by the rule they were read with then.

    Errors: :class:`SettingsError`.
    """
    is_old = manifest.schema_versions.get(CONFIG_FORM) == _PREDECESSORS
    read = read_predecessor_config if is_old else read_config
    return read(run_dir / "config.toml")


def journal_of(run_dir: Path, manifest: Manifest) -> JournalHead:
    """Prove the journal of a run and give its head.

    Errors: as :func:`require_end`, and :class:`JournalError` for damage a crash cannot do.
    """
    records, block, tail, run_id = _core.journal_head(run_dir)
    require_end(run_dir, manifest, tail=tail)
    return JournalHead(records=records, block=block, tail=tail, run_id=run_id)


def require_end(run_dir: Path, manifest: Manifest, *, tail: str) -> None:
    """Refuse a journal that ends as ``tail`` although the run ended in order.

    Errors: :class:`Corrupt`.
    """
    if manifest.end is None or tail == _CLOSED:
        return
    message = f"the journal of {run_dir} is cut: the run ended in order, its journal is {tail}"
    remedy = "restore the files in its journal directory from a copy; the tables still hold"
    raise Corrupt(message, path=str(run_dir / "journal"), remedy=remedy)
