"""Console, progress bars, visible text, stop requests and logs."""

import json
import logging
import os
import pty
from io import StringIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from razor.app.console import Console
from razor.app.logs import RunLabel, logging_to
from razor.app.stop import ForcedStop, StopRequest
from razor.app.visible import visible


class Terminal(StringIO):
    """A stream a person watches."""

    def isatty(self) -> bool:
        return True


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain text äöü 漢字", "plain text äöü 漢字"),
        ("a\nb\r\tc", "a\\nb\\r\\tc"),
        ("\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m"),
        ("\x9b31m", "\\x9b31m"),
        ("abc\u202edcba", "abc\\u202edcba"),
        ("\u2066x\u2069\u200b\ufeff", "\\u2066x\\u2069\\u200b\\ufeff"),
        ("\u2028", "\\u2028"),
        ("\ud800", "\\ud800"),
        ("=HYPERLINK(1)", "=HYPERLINK(1)"),
    ],
)
def test_what_a_terminal_would_obey_is_shown_as_an_escape(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_megabyte_of_text_is_cut() -> None:
    assert len(visible("x" * 1_000_000)) == 501


@given(st.text())
def test_no_text_keeps_a_character_that_is_not_printable(text: str) -> None:
    shown = visible(text)
    assert all(char.isprintable() or char.isspace() for char in shown)
    assert not set(shown) & set("\n\r\t\x1b\x00\x85\u2028\u2029\u202e")
    shown.encode("utf-8")


def test_bar_is_silent_where_no_terminal_is() -> None:
    err, clock = StringIO(), Clock()
    with Console(out=StringIO(), err=err, now=clock).progress("import", total=10) as bar:
        clock.now_s = 60
        bar.advance(5)
    assert err.getvalue() == ""


def test_bar_is_silent_for_two_seconds_and_then_shows_the_count() -> None:
    err, clock = Terminal(), Clock()
    with Console(out=StringIO(), err=err, now=clock).progress("import\x1b", total=9) as bar:
        clock.now_s = 1.9
        bar.advance(3)
        assert err.getvalue() == ""
        clock.now_s = 2.1
        bar.advance(3)
        assert "import\\x1b" in err.getvalue()
        assert "6" in err.getvalue()


def test_table_cells_are_not_markup_and_not_escapes() -> None:
    out = StringIO()
    Console(out=out, err=StringIO()).table(
        ("market",), [("[red]x[/red]\x1b[2J",), ("long " * 40,)], title="markets, n = 2"
    )
    assert "[red]x[/red]\\x1b[2J" in out.getvalue()
    assert "markets, n = 2" in out.getvalue()


def test_json_facts_are_ascii() -> None:
    out = StringIO()
    Console(out=out, err=StringIO()).json({"title": "\x1b\u202eä"})
    assert out.getvalue().isascii()
    assert json.loads(out.getvalue()) == {"title": "\x1b\u202eä"}


def test_stop_calls_each_listener_once_and_late_ones_at_once() -> None:
    stop, calls = StopRequest(), list[str]()
    stop.on_request(lambda: calls.append("early"))
    assert not stop.is_requested
    stop.request("duration")
    stop.request("again")
    stop.on_request(lambda: calls.append("late"))
    assert calls == ["early", "late"]
    assert (stop.is_requested, stop.cause) == (True, "duration")


def test_forced_stop_passes_every_handler_of_errors() -> None:
    assert not issubclass(ForcedStop, Exception)


def test_log_line_is_json_with_run_and_trace_ids() -> None:
    stream, label = StringIO(), RunLabel()
    logger = logging.getLogger("razor.feed")
    with logging_to(stream, label=label):
        logger.info("open %s", "market-0")
        label.run_id = "run_20261121_085000_000001"
        logger.warning("stale\nline\x1b\u202e", extra={"trace_id": 17})
        logger.debug("not shown")
    first, second = (json.loads(line) for line in stream.getvalue().splitlines())
    assert first["message"] == "open market-0"
    assert (first["run_id"], first["trace_id"]) == ("", "")
    assert second["run_id"] == "run_20261121_085000_000001"
    assert (second["trace_id"], second["level"]) == ("17", "WARNING")
    assert stream.getvalue().isascii()


def test_log_on_a_terminal_is_for_people_and_one_line_per_record() -> None:
    stream = Terminal()
    with logging_to(stream, label=RunLabel()):
        logging.getLogger("razor.feed").warning("bad\n\x1b[2J", extra={"trace_id": 17})
    line = stream.getvalue()
    assert line.endswith("WARNING feed: bad\\n\\x1b[2J [signal 17]\n")
    assert line.count("\n") == 1


def test_log_file_is_appended_as_json_even_on_a_terminal(tmp_path: Path) -> None:
    file = tmp_path / "razor.log"
    for message in ("one", "two"):
        with logging_to(Terminal(), file=file, label=RunLabel()):
            logging.getLogger("razor").info(message)
    assert [json.loads(line)["message"] for line in file.read_text().splitlines()] == ["one", "two"]


def test_log_that_cannot_be_written_stops_nothing() -> None:
    with logging_to(StringIO(), file=Path("/dev/full"), label=RunLabel()):
        logging.getLogger("razor").error("lost")
        logging.getLogger("razor").error("lost too")


def test_log_traceback_stays_one_json_line() -> None:
    stream = StringIO()
    with logging_to(stream, label=RunLabel()):
        try:
            raise ValueError("x")  # noqa: TRY301
        except ValueError:
            logging.getLogger("razor").exception("failed")
    assert stream.getvalue().count("\n") == 1
    assert "ValueError: x" in json.loads(stream.getvalue())["trace"]


def test_handlers_are_gone_after_the_block() -> None:
    before = list(logging.getLogger("razor").handlers)
    with logging_to(StringIO(), label=RunLabel()):
        assert logging.getLogger("razor").handlers != before
    assert logging.getLogger("razor").handlers == before


def test_table_on_a_real_terminal_fits_it() -> None:
    leader, follower = pty.openpty()
    with os.fdopen(follower, "w", encoding="utf-8") as stream:
        Console(out=stream, err=stream).table(("a", "b"), [("1", "2")], title="t, n = 1")
        shown = os.read(leader, 4096).decode()
    os.close(leader)
    assert "1" in shown
