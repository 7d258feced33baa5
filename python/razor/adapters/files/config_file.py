"""Settings files on disk.

Owns: :class:`ConfigFile`, the bytes of a settings file together with what they mean; the bytes
are what a run directory keeps as its copy. Must never: accept a file it could not copy byte for
byte, or wait on a pipe that somebody named as a settings file.
"""

import errno
import os
from dataclasses import dataclass
from pathlib import Path

from razor.adapters.files.disk import read_bounded
from razor.domain.errors import Problem, SettingsError
from razor.domain.settings import (
    Settings,
    decode_text,
    read_predecessor_settings,
    read_settings,
)

__all__ = ["ConfigFile", "read_config", "read_predecessor_config"]

# A settings file with every key and comment has under 20 kB.
_MOST_BYTES = 1_048_576

_REMEDIES = {
    errno.ENOENT: (
        "give the path with --config, or write the defaults: "
        "razor config show --defaults > config.toml"
    ),
    errno.EISDIR: "give the path of a file",
    errno.EINVAL: "give the path of a regular file",
    errno.EFBIG: f"keep it under {_MOST_BYTES} bytes",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigFile:
    """A settings file that was read and checked: where it stands, its bytes, its meaning.

    ``is_predecessors``: it was read by the predecessor's rule, and so must its copies be.
    """

    path: Path
    raw: bytes
    settings: Settings
    is_predecessors: bool = False


def read_config(path: Path) -> ConfigFile:
    """Read one of razor's own settings files.

    Errors: :class:`SettingsError` — missing or unreadable file, not UTF-8, not TOML, or any
    number of wrong keys, all in one message.
    """
    raw = _read(path)
    source = str(path)
    text = decode_text(raw, source=source)
    return ConfigFile(path=path, raw=raw, settings=read_settings(text, source=source))


def read_predecessor_config(path: Path) -> ConfigFile:
    """Read the settings file in a predecessor's run directory; unknown keys are ignored.

    Errors: as :func:`read_config`.
    """
    raw = _read(path)
    source = str(path)
    text = decode_text(raw, source=source)
    settings = read_predecessor_settings(text, source=source)
    return ConfigFile(path=path, raw=raw, settings=settings, is_predecessors=True)


def _read(path: Path) -> bytes:
    try:
        return read_bounded(path, most=_MOST_BYTES, follow=True)
    except (OSError, ValueError) as error:
        # ValueError: a NUL in the path, which the system call cannot even be given.
        code = error.errno if isinstance(error, OSError) else None
        problem = Problem(
            key="",
            found=os.strerror(code).lower() if code else "a path the system cannot open",
            allowed="a readable TOML file",
            remedy=_REMEDIES.get(code or 0, "check path and permissions"),
        )
        raise SettingsError(source=str(path), problems=(problem,)) from None
