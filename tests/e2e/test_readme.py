"""Every command of README.md does what the README says, on the loopback venue where it needs one.

The fenced `sh` blocks are read; a line that is not known here fails, so that nobody adds a command
to the README without a test.
"""

import contextlib
import io
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from razor.domain.local_venue import SERVICES
from tests.e2e import captures, journals
from tests.e2e.loopback import desk, play
from tests.e2e.razor import ROOT, Done, child, here, outside
from tests.e2e.trader import trader
from tests.feeds.probes import exclusive

_README = (ROOT / "README.md").read_text(encoding="utf-8")
_BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_PROGRAM = ".venv/bin/razor"
_SETTING = "RAZOR_MODE="
_EXPECTED = {
    "git clone <this repository> razor && cd razor",
    "make build",
    "make run",
    "make test",
    "razor markets select --config config.toml --probe-seconds 600",
    "razor run --config config.toml --duration 60s",
    "razor record --config config.toml --out recordings --duration 60s",
    "razor capture import PATH --out day.jsonl.zst",
    "razor capture info day.jsonl.zst",
    "razor run --source replay:day.jsonl.zst",
    "razor replay runs/run_latest --out-dir again",
    "razor report day14 --run runs/run_latest",
    "razor audit verify runs/run_latest",
    "RAZOR_MODE=live razor demo",
    "razor report run --run runs/run_latest",
    "razor sandbox seed --seed 7 --groups 6 --out world.toml",
    "razor sandbox serve --world world.toml",
    "razor run --config config.toml --source sandbox --duration 60s",
    "razor status --watch",
    'razor stop --reason "fees rose"',
    'razor halt --reason "leave it as it is"',
    'razor clear --reason "fees fell"',
}


def _commands() -> list[str]:
    """The commands in reading order, without their comments."""
    lines = [line for block in _BLOCK.findall(_README) for line in block.splitlines()]
    plain = [line.split("  #", maxsplit=1)[0].strip() for line in lines]
    plain = [re.sub(r"\s+#\s.*", "", line) for line in plain]
    return [line.replace(_PROGRAM, "razor") for line in plain if line]


def _trail_rows(run: Path) -> int:
    return len((run / "trade_log.csv").read_text(encoding="utf-8").splitlines()) - 1


def test_every_command_of_the_readme_is_known_to_this_test() -> None:
    assert set(_commands()) == _EXPECTED


@pytest.mark.parametrize("target", ["build", "run", "test"])
def test_targets_of_the_readme_exist(target: str) -> None:
    assert f"make {target}" in _commands()
    make = shutil.which("make")
    if make is None:
        pytest.skip("make is not installed")
    clean = {name: text for name, text in os.environ.items() if not name.startswith("MAKE")}
    command = [make, "--no-print-directory", "--dry-run", target]
    done = subprocess.run(command, cwd=ROOT, env=clean, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_make_run_plays_the_demo_as_the_readme_says(tmp_path: Path) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert "$(BIN)/razor demo" in makefile
    done = here("demo", "--runs-dir", tmp_path / "runs")
    assert done.code == 0
    last = done.out.splitlines()[-1]
    assert last == f"report {next((tmp_path / 'runs').glob('run_2*'))}/report.html"


def test_commands_work_in_the_order_of_the_readme(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    async def live() -> None:
        async with desk(tmp_path) as at:
            for verb in (
                "run --config config.toml",
                "record --config config.toml --out recordings",
            ):
                assert f"razor {verb} --duration 60s" in _commands()
                # A minute of the README is a second here.
                done = await at.razor(*verb.split(), "--duration", "1s")
                assert done.code == 0, done.err
            assert (at.latest / "report.html").is_file()
            assert (tmp_path / "recordings" / "run_latest" / "journal").is_dir()

    play(live())
    captures.world(tmp_path / "made.jsonl.zst", duration_ms=2_000)
    checks: dict[str, Callable[[Done], object]] = {
        "capture import PATH --out day.jsonl.zst": lambda _: Path("day.manifest.json").is_file(),
        "capture info day.jsonl.zst": lambda done: "counts.lines" in done.out,
        "run --source replay:day.jsonl.zst": lambda done: "report runs/run_" in done.out,
        "replay runs/run_latest --out-dir again": lambda _: (
            captures.tables(Path("again")) == captures.tables(Path("runs/run_latest").resolve())
        ),
        "report day14 --run runs/run_latest": lambda done: "Day-14 verdict" in done.out,
        "audit verify runs/run_latest": lambda done: "verified:" in done.out,
        "RAZOR_MODE=live razor demo": lambda _: _trail_rows(Path("runs/run_latest")) > 0,
        "report run --run runs/run_latest": lambda done: (
            "Expected vs shadow vs SIM per signal" in done.out and "goes first" in done.out
        ),
    }
    source = tmp_path / "ticks.txt"
    source.write_text(
        '1723161256012345678 {"stream":"x@trade","data":{"p":"1","q":"2"}}\n' * 50,
        encoding="utf-8",
    )
    for command in (line.removeprefix("razor ") for line in _commands()):
        check = checks.pop(command, None)
        if check is None:
            continue
        words = command.replace("PATH", str(source)).split()
        environment = {}
        if words[0].startswith(_SETTING):
            environment = {"RAZOR_MODE": words[0].removeprefix(_SETTING)}
            # The variable, then the program.
            words = words[2:]
        done = here(*words, environment=environment)
        assert done.code == 0, (command, done.err)
        assert check(done), (command, done)
    assert checks == {}


def test_markets_are_selected_as_the_readme_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    verb = "markets select --config config.toml"
    assert f"razor {verb} --probe-seconds 600" in _commands()
    monkeypatch.chdir(tmp_path)

    async def live() -> None:
        async with desk(tmp_path, markets=4) as at:
            exclusive(at.venue, "77", ask="0.30", numbers=(1, 2, 3))
            # Ten minutes of the README are a second here: too few samples for any gate.
            done = await at.razor(*verb.split(), "--probe-seconds", "1")
            assert done.code == 1, done.err
            assert "insufficient data: no markets pass hard gates" in done.out
            assert "5 probed, 0 failed" in done.out
            (made,) = (at.place / "runs" / "market_select").iterdir()
            found = tomllib.loads((made / "suggest.toml").read_text(encoding="utf-8"))
            assert found["run"]["market_ids"] == []
            table = (made / "market_scores.csv").read_text(encoding="utf-8")
            assert table.count(",group,") == 1
            assert table.count(",binary,") == 4

    play(live())


def _free_ports(count: int) -> int:
    """The first of so many ports in a row on which nobody listens."""
    for first in range(18_640, 60_000, count):
        with contextlib.ExitStack() as held, contextlib.suppress(OSError):
            for port in range(first, first + count):
                held.enter_context(socket.create_server(("127.0.0.1", port)))
            return first
    raise AssertionError("no free ports in a row")


def _answers(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


def test_the_local_exchange_is_served_and_recorded_as_the_readme_says(tmp_path: Path) -> None:
    first = next(at for at, line in enumerate(_commands()) if "sandbox seed" in line)
    seed, serve, run = (shlex.split(line)[1:] for line in _commands()[first : first + 3])
    (tmp_path / "config.toml").write_bytes((ROOT / "config.toml").read_bytes())
    port = _free_ports(len(SERVICES))

    async def story() -> None:
        made = await outside(*seed, cwd=tmp_path)
        assert made.code == 0, made.err
        async with child(*serve, "--port", str(port), cwd=tmp_path) as exchange:
            await exchange.until(lambda: _answers(port + SERVICES.index("status")))
            # A minute of the README is some seconds here, and the port one of the test's own.
            words = [
                word.replace("sandbox", f"sandbox:{port}").replace("60s", "3s") for word in run
            ]
            done = await outside(*words, cwd=tmp_path)
            assert done.code == 0, done.err
            exchange.ask(signal.SIGINT)
            ended = await exchange.done()
            assert ended.code == 0, ended.err
            assert "test key" in ended.out
        assert "razor's local exchange" in done.out
        with (tmp_path / "runs" / "run_latest" / "ticks.csv").open(encoding="utf-8") as ticks:
            assert sum(1 for _ in ticks) > 1

    play(story())


def test_a_running_process_is_talked_to_as_the_readme_says(tmp_path: Path) -> None:
    first = _commands().index("razor status --watch")
    status, *commands = (shlex.split(line)[1:] for line in _commands()[first : first + 4])

    async def story() -> None:
        async with trader(tmp_path) as at:
            await at.until_sent()
            assert "exposure" in at.razor(status[0]).out
            for words in commands:
                if words[0] == "clear":
                    await at.until_stopped()
                    await at.verb.until(lambda: at.desk()["unresolved"] == 0)
                done = at.razor(*words)
                assert done.code == 0, (words, done.err)
                assert f"{words[0]} taken: " in done.out
            assert at.desk()["stopped"] is None
            assert (await at.end()).code == 0
            said = [row["reason_codes"] for row in at.rows() if row["action"] == "OPERATOR"]
            assert [text.rpartition(": ")[2] for text in said] == [each[2] for each in commands]

    play(story())


def test_files_of_a_run_that_the_readme_lists_are_there(tmp_path: Path) -> None:
    made = here("demo", "--runs-dir", tmp_path, "--duration", "1s", "--json")
    run = Path(made.text("run_dir"))
    section = _README.split("## Files of a run")[1].split("\n## ")[0]
    listed = set(re.findall(r"`([a-z0-9_]+\.[a-z]+|journal/)`", section))
    assert len(listed) >= 11
    assert {name for name in listed if not (run / name).exists()} == set()
    assert journals.tail(run) == "closed"


def test_documents_that_the_readme_links_exist() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", _README)
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


@pytest.mark.parametrize(
    "verb",
    [
        ("run",),
        ("demo",),
        ("replay",),
        ("record",),
        ("capture", "import"),
        ("capture", "info"),
        ("report", "day14"),
        ("report", "calibration"),
        ("calibrate", "review"),
        ("report", "run"),
        ("audit", "verify"),
        ("audit", "rebuild"),
        ("markets", "select"),
        ("sandbox", "serve"),
        ("sandbox", "seed"),
        ("config", "check"),
        ("config", "show"),
        ("status",),
        ("stop",),
        ("halt",),
        ("clear",),
    ],
)
def test_help_of_every_verb_lists_its_options(verb: tuple[str, ...]) -> None:

    with contextlib.redirect_stdout(io.StringIO()) as shown:
        done = here(*verb, "--help")
    assert done.code == 0
    assert "--debug" in shown.getvalue()
    assert "Usage: razor " in shown.getvalue()
