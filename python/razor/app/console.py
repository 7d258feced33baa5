"""What a person or a program sees: facts on stdout, everything else on stderr.

Owns: :class:`Console`, the only writer to the two streams besides the log handler. stdout holds
the facts asked for (a table, or JSON), stderr notices, errors and progress bars. Must never:
interpret text from outside, show a bar where no terminal is, or fail because a reader went away.
"""

import json
import os
import sys
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from io import StringIO, TextIOWrapper
from pathlib import Path
from typing import TextIO, TypeAlias

import rich.console
from rich.live import Live
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from razor.app.visible import visible
from razor.domain.errors import JsonValue

__all__ = ["Bar", "Console", "ShowTable", "process_console"]

# Shows columns, rows and a title.
ShowTable: TypeAlias = "Callable[[Sequence[str], Sequence[Sequence[str]], str], None]"

# Shorter work needs no bar: it would only flicker.
_BAR_AFTER_S = 2.0
# Width of tables when stdout is no terminal; wide enough that no cell of a report is cut.
_PLAIN_WIDTH = 200


class Bar:
    """Progress of one piece of work; it becomes visible only after two seconds."""

    def __init__(
        self, *, title: str, total: int | None, show: bool, stream: TextIO, now: Callable[[], float]
    ) -> None:
        """Start the clock; ``show`` is false where no terminal is."""
        self._title = visible(title)
        self._total = total
        self._show = show
        self._stream = stream
        self._now = now
        self._started = now()
        self._done = 0
        self._bar: Progress | None = None
        self._task = TaskID(0)

    def advance(self, count: int = 1) -> None:
        """Count ``count`` more units as done. Cost: one clock reading while the bar is hidden."""
        self._done += count
        if self._bar is None:
            if self._show and self._now() - self._started > _BAR_AFTER_S:
                self._open()
            return
        self._bar.update(self._task, completed=self._done)

    def move_to(self, done: int) -> None:
        """Say that ``done`` units are done in all; less than before changes nothing."""
        self.advance(max(0, done - self._done))

    def resize(self, total: int) -> None:
        """Say how much there is in all, where that is known only on the way; 0 is unknown."""
        self._total = total or None
        if self._bar is not None:
            self._bar.update(self._task, total=self._total)

    def close(self) -> None:
        """Take the bar away; the line is then as if it had never been there."""
        bar, self._bar = self._bar, None
        if bar is not None:
            bar.stop()

    def _open(self) -> None:
        console = rich.console.Console(file=self._stream)
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.completed:,.0f}"),
            TimeRemainingColumn(),
        )
        bar = Progress(*columns, console=console, transient=True)
        self._task = bar.add_task(self._title, total=self._total, completed=self._done)
        bar.start()
        self._bar = bar


class Console:
    """The two streams of one process."""

    def __init__(
        self,
        *,
        out: TextIO,
        err: TextIO,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """Write facts to ``out`` and the rest to ``err``; ``now`` is a monotonic clock in s."""
        self._out = out
        self._err = err
        self._now = now

    @property
    def err(self) -> TextIO:
        """The stream for everything that is no fact, where the log goes too."""
        return self._err

    @property
    def is_terminal(self) -> bool:
        """Whether a person watches stderr."""
        return self._err.isatty()

    def fact(self, text: str) -> None:
        """Write one line of facts; characters a terminal might interpret are escaped."""
        self._write(self._out, f"{visible(text)}\n")

    def block(self, text: str) -> None:
        """Write text of several lines that razor made itself, as it is, to stdout."""
        self._write(self._out, text)

    def json(self, value: JsonValue) -> None:
        """Write facts as one JSON document; the text is ASCII, so nothing in it is interpreted."""
        self._write(self._out, json.dumps(value, indent=2, ensure_ascii=True) + "\n")

    def json_line(self, value: JsonValue) -> None:
        """Write facts as one line of JSON, for facts that come again and again."""
        self._write(self._out, json.dumps(value, ensure_ascii=True) + "\n")

    def table(self, columns: Sequence[str], rows: Sequence[Sequence[str]], *, title: str) -> None:
        """Write a table; ``title`` carries units and sample size. Cells are escaped."""
        self._write(self._out, self._rendered(_table(columns, rows, title)))

    @contextmanager
    def live_table(self) -> Generator[ShowTable]:
        """Show one table again and again: in its place on a terminal, one below the other else."""
        if not self._out.isatty():
            yield lambda columns, rows, title: self.table(columns, rows, title=title)
            return
        console = rich.console.Console(file=self._out)
        with Live(console=console, auto_refresh=False) as live:
            yield lambda columns, rows, title: live.update(
                _table(columns, rows, title), refresh=True
            )

    def notice(self, text: str) -> None:
        """Tell a person something on stderr; line breaks are kept, all else is escaped."""
        self._write(self._err, f"{visible(text, most=100_000, keep_lines=True)}\n")

    def error_json(self, value: JsonValue) -> None:
        """Write an error as one line of JSON on stderr."""
        self._write(self._err, json.dumps(value, ensure_ascii=True) + "\n")

    @contextmanager
    def progress(self, title: str, *, total: int | None = None) -> Generator[Bar]:
        """Follow long work: ``advance`` the bar; it shows after 2 s and only on a terminal."""
        bar = Bar(title=title, total=total, show=self.is_terminal, stream=self._err, now=self._now)
        try:
            yield bar
        finally:
            bar.close()

    def abandon(self) -> None:
        """Send what is still buffered for stdout nowhere: its reader has gone away."""
        _silence(self._out)

    def _rendered(self, table: Table) -> str:
        target = StringIO()
        is_terminal = self._out.isatty()
        console = rich.console.Console(
            file=target,
            force_terminal=is_terminal,
            width=None if is_terminal else _PLAIN_WIDTH,
            legacy_windows=False,
        )
        console.print(table)
        return target.getvalue()

    def _write(self, stream: TextIO, text: str) -> None:
        try:
            stream.write(text)
            stream.flush()
        except BrokenPipeError:
            # The reader has seen enough (`| head`). Python would complain once more at exit,
            # when it flushes what is left, so what is left goes nowhere.
            _silence(stream)


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]], title: str) -> Table:
    table = Table(title=Text(visible(title)), title_justify="left")
    for column in columns:
        table.add_column(Text(visible(column)), overflow="fold")
    for row in rows:
        table.add_row(*(Text(visible(cell)) for cell in row))
    return table


def _silence(stream: TextIO) -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def process_console() -> Console:
    """Give the console of this process; characters its encoding lacks are escaped."""
    return Console(out=_tolerant(sys.stdout), err=_tolerant(sys.stderr))


def _tolerant(stream: TextIO | None) -> TextIO:
    if stream is None:
        # The caller closed it (`>&-`): nobody listens, which is no reason to fail.
        return Path(os.devnull).open("w", encoding="utf-8")
    # A replaced stream (tests, notebooks) may be no text wrapper and needs nothing.
    wrapper: object = stream
    if isinstance(wrapper, TextIOWrapper):
        wrapper.reconfigure(errors="backslashreplace")
    return stream
