"""Which razor this is: the build that ran, and the source it was made from.

Owns: :func:`build_identity`. Must never: run a program, or fail; what cannot be found is unknown.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from razor import __version__, _core

__all__ = ["BuildIdentity", "build_identity"]

_UNKNOWN = "unknown"
_COMMIT = re.compile(r"[0-9a-f]{40}")
_CODE_DIGITS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildIdentity:
    """The build and its source.

    ``build``: version and the first digits of the compiled core's SHA-256. ``commit``: 40
    hexadecimal digits, or ``unknown``.
    """

    build: str
    commit: str


def build_identity(environment: Mapping[str, str]) -> BuildIdentity:
    """Describe this build; ``GIT_SHA`` overrides what the checkout says."""
    path = _core.__file__ or ""
    code = hashlib.sha256(Path(path).read_bytes()).hexdigest()[:_CODE_DIGITS] if path else _UNKNOWN
    commit = environment.get("GIT_SHA", "").strip() or _commit_of(Path(__file__).parents[3])
    return BuildIdentity(build=f"{__version__}-{code}", commit=commit)


def _commit_of(checkout: Path) -> str:
    """Read the commit of a checkout from its files, as the predecessor did."""
    git = checkout / ".git"
    head = _text(git / "HEAD")
    if not head.startswith("ref: "):
        return head if _COMMIT.fullmatch(head) else _UNKNOWN
    name = head.removeprefix("ref: ")
    loose = _text(git / name)
    if _COMMIT.fullmatch(loose):
        return loose
    packed = (line.split(" ", 1) for line in _text(git / "packed-refs").splitlines())
    return next((parts[0] for parts in packed if parts[1:] == [name]), _UNKNOWN)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return ""
