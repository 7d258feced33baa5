"""The process's log: JSON lines for programs, short lines for a person at a terminal.

Owns: the two formats and where they go. A JSON line has ``ts`` (UTC, microseconds), ``level``,
``logger``, ``message``, ``run_id`` and ``trace_id`` (the signal id); a record gets its trace id by
``extra={"trace_id": …}``. Must never: stop the program because a log line cannot be written, let
text from outside become more than one line, or hold key material (callers never pass it).
"""

import json
import logging
from collections.abc import Generator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from typing import TextIO

from razor.adapters.files.disk import storage
from razor.app.visible import visible

__all__ = ["LogFormat", "RunLabel", "logging_to"]

_ROOT = "razor"
_MICROSECONDS = "microseconds"


class LogFormat(Enum):
    """How a log line looks."""

    JSON = "json"
    HUMAN = "human"


class RunLabel:
    """The run id that lines carry from the moment there is a run."""

    def __init__(self) -> None:
        """Start without a run."""
        self.run_id = ""


class _JsonLines(logging.Formatter):
    """One JSON object per line; ASCII, so that nothing in it is ever interpreted."""

    def __init__(self, label: RunLabel) -> None:
        """Read the run id from ``label`` at each line."""
        super().__init__()
        self._label = label

    def format(self, record: logging.LogRecord) -> str:
        """Give one line."""
        line = {
            "ts": _time_of(record).isoformat(timespec=_MICROSECONDS),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "run_id": self._label.run_id,
            "trace_id": _trace_of(record),
        }
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=True)


class _HumanLines(logging.Formatter):
    """Time, level, source, message, and the signal where there is one."""

    def format(self, record: logging.LogRecord) -> str:
        """Give one line; a traceback follows only where the caller asked for one."""
        clock = _time_of(record).strftime("%H:%M:%S")
        name = record.name.removeprefix(f"{_ROOT}.")
        trace = _trace_of(record)
        suffix = f" [signal {visible(trace)}]" if trace else ""
        line = f"{clock} {record.levelname:<7} {name}: {visible(record.getMessage())}{suffix}"
        if record.exc_info:
            line += "\n" + visible(
                self.formatException(record.exc_info), most=100_000, keep_lines=True
            )
        return line


class _LossyHandler(logging.StreamHandler[TextIO]):
    """Writes lines; one that cannot be written is counted, never raised."""

    def __init__(self, stream: TextIO) -> None:
        """Write to ``stream``."""
        super().__init__(stream)
        self.lost = 0

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the library's name
        """Count a line that was lost (disk full, reader gone)."""
        del record
        self.lost += 1


@contextmanager
def logging_to(
    stream: TextIO,
    *,
    file: Path | None = None,
    level: str = "INFO",
    label: RunLabel,
) -> Generator[None]:
    """Send razor's log inside the block to ``file`` (JSON lines, appended) or to ``stream``.

    On a terminal the stream gets the human form, otherwise JSON lines. Errors:
    :class:`StorageError` when the file cannot be opened.
    """
    logger = logging.getLogger(_ROOT)
    opened: TextIO | None = None
    if file is not None:
        with storage(file, "open the log file"):
            opened = file.open("a", encoding="utf-8")
    target = opened or stream
    is_human = opened is None and stream.isatty()
    handler = _LossyHandler(target)
    handler.setFormatter(_HumanLines() if is_human else _JsonLines(label))
    before, propagated = logger.level, logger.propagate
    logger.addHandler(handler)
    logger.setLevel(level)
    logger.propagate = False
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before)
        logger.propagate = propagated
        if opened is not None:
            # Closing writes what is buffered; a full disk was counted line by line already.
            with suppress(OSError):
                opened.close()


def _time_of(record: logging.LogRecord) -> datetime:
    return datetime.fromtimestamp(record.created, tz=UTC)


def _trace_of(record: logging.LogRecord) -> str:
    return str(getattr(record, "trace_id", ""))
