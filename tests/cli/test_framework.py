"""Exit codes, error rendering, signals, broken pipes: what every verb gets for nothing."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import click
import pytest

from razor.app.cli.verb import Verb
from razor.domain.errors import (
    Corrupt,
    DecodeError,
    Gap,
    GateRefused,
    HardStopped,
    JournalError,
    OrderRefused,
    Problem,
    RazorError,
    Rejected,
    RiskRefused,
    SettingsError,
    StorageError,
    Throttled,
    Unreachable,
    VenueError,
)
from tests.cli.programs import ROOT, Run, spawn

PROBLEM = Problem(key="a.b", found="1", allowed="2", remedy="write 2", line=7)
ERRORS: list[tuple[BaseException, int]] = [
    (GateRefused("shut", shut=("CONFIRM",), remedy="open it"), 1),
    (OrderRefused("no", reason="DEDUP_SIGNAL"), 1),
    (RiskRefused("no", guard="S-01"), 1),
    (SettingsError(source="f", problems=(PROBLEM,)), 2),
    (click.UsageError("no such thing"), 2),
    (click.BadParameter("not that"), 2),
    (DecodeError("bad frame", source="market-0", offset=3), 3),
    (JournalError("unreadable", path="j"), 3),
    (Corrupt("crc", path="j", offset=9), 3),
    (Gap("hole", prev=1, found=3), 3),
    (StorageError("full", path=Path("x"), cause="No space left", remedy="free space"), 3),
    (VenueError("odd", endpoint="GET /book", status=500), 3),
    (Rejected("no", endpoint="GET /book", status=400), 3),
    (Throttled("slow", endpoint="GET /book", status=429, retry_after_ms=50), 3),
    (Unreachable("silence", endpoint="GET /book"), 3),
    (MemoryError(), 3),
    (ZeroDivisionError("oops"), 3),
    (HardStopped("ladder exhausted", reason="flatten_failed"), 4),
]


def failing(error: BaseException) -> click.Command:
    def fail(*, as_json: bool) -> None:
        del as_json
        raise error

    option = click.Option(["--json", "as_json"], is_flag=True)
    return Verb("fail", callback=fail, params=[option])


@pytest.mark.parametrize(("error", "code"), ERRORS, ids=lambda v: type(v).__name__)
def test_error_gives_its_exit_code_and_one_message(error: BaseException, code: int) -> None:
    run = Run("fail", verbs=(failing(error),))
    assert (run.code, run.out) == (code, "")
    assert run.err.startswith("error: ")
    assert "Traceback" not in run.err


@pytest.mark.parametrize(("error", "code"), ERRORS, ids=lambda v: type(v).__name__)
def test_error_as_json_is_one_object_with_its_attributes(error: BaseException, code: int) -> None:
    run = Run("fail", "--json", verbs=(failing(error),))
    facts = json.loads(run.err)
    assert (facts["error"], facts["exit_code"]) == (type(error).__name__, code)
    assert facts["message"]
    if isinstance(error, RazorError):
        assert set(vars(error)) < set(facts)


def test_remedy_is_shown() -> None:
    assert "remedy: free space" in Run("fail", verbs=(failing(ERRORS[10][0]),)).err


@pytest.mark.parametrize("place", ["before", "after"])
def test_debug_shows_the_traceback_wherever_it_stands(place: str) -> None:
    arguments = ("--debug", "fail") if place == "before" else ("fail", "--debug")
    run = Run(*arguments, verbs=(failing(ERRORS[0][0]),))
    assert run.code == 1
    assert "Traceback (most recent call last)" in run.err
    assert "error: shut" in run.err


def test_words_after_a_double_dash_are_no_options() -> None:
    def take(text: str) -> None:
        raise GateRefused(text, shut=())

    verb = Verb("take", callback=take, params=[click.Argument(["text"])])
    run = Run("take", "--", "--debug", verbs=(verb,))
    assert "Traceback" not in run.err
    assert "error: --debug" in run.err


def test_text_from_outside_is_escaped_in_errors() -> None:
    error = DecodeError("title \x1b[2J\u202egnp.exe\r\x07", source="x")
    err = Run("fail", verbs=(failing(error),)).err
    assert "\\x1b[2J\\u202egnp.exe\\r\\x07" in err
    assert "\x1b" not in err


def test_bug_is_named_with_its_place_but_without_traceback() -> None:
    err = Run("fail", verbs=(failing(ZeroDivisionError("oops")),)).err
    assert "razor has a bug: ZeroDivisionError: oops (line" in err
    assert "--debug" in err


def test_exit_code_of_a_verb_is_passed_on() -> None:
    verb = Verb("refuse", callback=lambda: 1)
    assert Run("refuse", verbs=(verb,)).code == 1


def test_unknown_verb_and_option_name_the_likely_one() -> None:
    run = Run("confog")
    assert run.code == 2
    assert "No such command 'confog'" in run.err
    run = Run("config", "check", "--confg", "x")
    assert run.code == 2
    assert "--config" in run.err


def test_no_verb_shows_the_help_and_is_a_usage_error() -> None:
    run = Run()
    assert run.code == 2
    assert "Check and show settings files." in run.err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_first_signal_lets_the_verb_flush_and_exits_0(number: signal.Signals) -> None:
    child = spawn("wait")
    assert child.stdout is not None
    assert child.stdout.readline() == "ready\n"
    child.send_signal(number)
    out, err = child.communicate(timeout=2)
    assert (child.returncode, out, err) == (0, f"flushed after {number.name}\n", "")


def test_second_signal_breaks_off_and_says_so() -> None:
    child = spawn("hang")
    assert child.stdout is not None
    assert child.stdout.readline() == "ready\n"
    child.send_signal(signal.SIGINT)
    assert child.stdout.readline() == "asked\n"
    child.send_signal(signal.SIGINT)
    _, err = child.communicate(timeout=2)
    assert child.returncode == 3
    assert "broken off by a second SIGINT" in err
    assert "Traceback" not in err


def test_ignored_hangup_stays_ignored() -> None:
    def ignore() -> None:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)

    before = signal.getsignal(signal.SIGHUP)
    ignore()
    try:
        child = spawn("wait")
    finally:
        signal.signal(signal.SIGHUP, before)
    assert child.stdout is not None
    child.stdout.readline()
    child.send_signal(signal.SIGHUP)
    child.send_signal(signal.SIGTERM)
    out, _ = child.communicate(timeout=2)
    assert out == "flushed after SIGTERM\n"


@pytest.mark.parametrize("arguments", [("flood",), ("config", "show"), ("config", "--help")])
def test_reader_that_goes_away_is_no_error(arguments: tuple[str, ...]) -> None:
    child = spawn(*arguments)
    assert child.stdout is not None
    assert child.stderr is not None
    if arguments == ("flood",):
        child.stdout.readline()
    child.stdout.close()
    err = child.stderr.read()
    child.stderr.close()
    assert (child.wait(timeout=20), err) == (0, "")


def test_closed_stderr_does_not_change_the_exit_code() -> None:
    child = spawn("config", "check", "--config", "none.toml")
    assert child.stdout is not None
    assert child.stderr is not None
    child.stderr.close()
    assert child.stdout.read() == ""
    child.stdout.close()
    assert child.wait(timeout=20) == 2


def test_closed_streams_do_not_change_the_exit_code() -> None:
    command = f"exec {sys.executable} -m tests.cli.programs config check >&- 2>&-"
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'python'}:{ROOT}"}
    done = subprocess.run(["sh", "-c", command], cwd=ROOT, env=environment, check=False)
    assert done.returncode == 0


def test_ascii_terminal_gets_escapes_instead_of_a_crash(tmp_path: Path) -> None:
    file = tmp_path / "c.toml"
    file.write_text('[run]\ndata_dir = "l\u00e4ufe"\n', encoding="utf-8")
    child = spawn(
        "config", "show", "--config", str(file), environment={"PYTHONIOENCODING": "ascii"}
    )
    out, err = child.communicate(timeout=20)
    assert (child.returncode, err) == (0, "")
    assert out.isascii()


def test_key_in_the_environment_reaches_no_output(tmp_path: Path) -> None:
    canary = "5ec2e7" * 10 + "abcd"
    log = tmp_path / "log"
    verbs = (("config", "show", "--json"), ("--debug", "config", "check", "--config", "x"))
    for verb in verbs:
        child = spawn("--log-file", str(log), *verb, environment={"POLYGON_PRIVATE_KEY": canary})
        out, err = child.communicate(timeout=20)
        assert canary not in out + err + log.read_text()


def test_log_file_that_cannot_be_opened_is_exit_3(tmp_path: Path) -> None:
    run = Run("--log-file", str(tmp_path / "no" / "log"), "config", "show", "--defaults")
    assert run.code == 3
    assert "open the log file" in run.err


def test_importing_the_program_loads_neither_network_nor_plots() -> None:
    script = (
        "import sys, razor.app.cli\n"
        "slow = {'asyncio', 'websockets', 'httpx', 'aiohttp', 'matplotlib'}\n"
        "print(*sorted(slow & set(sys.modules)))"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "python")}
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        env=environment,
    )
    assert done.stdout.strip() == ""
