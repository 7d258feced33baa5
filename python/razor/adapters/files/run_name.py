"""Names of runs and of files inside them: a strict grammar, so that no name is ever a path.

Owns: :func:`run_name`, :func:`is_run_name`, :func:`is_file_name`. Must never: accept a
separator, a dot-dot, a control character, or a name the file system reads in its own way (F-86).
"""

import re
from datetime import UTC, datetime

__all__ = ["LATEST", "is_file_name", "is_run_name", "run_name"]

# The relative symlink to the newest run.
LATEST = "run_latest"

_RUN = re.compile(r"run_(?P<stamp>[0-9]{8}_[0-9]{6})_[0-9]{6}")
_FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]+){0,3}")
_FILE_MOST = 100
_STAMP = "%Y%m%d_%H%M%S"
_NS_PER_MS = 1_000_000
_MS_PER_S = 1000
_LOW_32_BITS = 0xFFFF_FFFF
_SIX_DIGITS = 1_000_000


def run_name(*, started_ns: int, pid: int, attempt: int) -> str:
    """Give ``run_YYYYMMDD_HHMMSS_<6 digits>`` in UTC.

    The digits are ((low 32 bits of the start in ms) XOR pid XOR attempt) mod 10^6, the
    predecessor's rule; ``attempt`` counts from 0 while the name is taken.
    """
    started_ms = started_ns // _NS_PER_MS
    digits = ((started_ms & _LOW_32_BITS) ^ pid ^ attempt) % _SIX_DIGITS
    stamp = datetime.fromtimestamp(started_ms // _MS_PER_S, tz=UTC).strftime(_STAMP)
    return f"run_{stamp}_{digits:06d}"


def is_run_name(text: str) -> bool:
    """Tell whether a text is the name of a run: the grammar, with a date that exists."""
    found = _RUN.fullmatch(text)
    if found is None:
        return False
    try:
        datetime.strptime(found["stamp"], _STAMP).replace(tzinfo=UTC)
    except ValueError:
        return False
    return True


def is_file_name(text: str) -> bool:
    """Tell whether a text can name a file inside a run directory."""
    return len(text) <= _FILE_MOST and _FILE.fullmatch(text) is not None
