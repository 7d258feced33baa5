"""Settings, options and paths that are wrong: one message with the remedy, and the right code."""

import json
import os
from pathlib import Path

import pytest

from tests.e2e import captures, journals
from tests.e2e.razor import ROOT, Done, here, is_one_message

SETTINGS: dict[str, tuple[bytes, tuple[str, ...]]] = {
    "unknown key": (
        b"[brain]\nmin_edge = 3\n",
        ("line 2", "brain.min_edge", "unknown key"),
    ),
    "unknown section": (b"[brian]\nq_req = 3\n", ("brian", "unknown")),
    "below its range": (
        b"[feed]\nshard_tokens = 0\n",
        ("line 2", "feed.shard_tokens", "found 0", "from 1 to 200"),
    ),
    "above its range": (
        b"[shadow]\n\ntrade_poll_limit = 99999999\n",
        ("line 3", "shadow.trade_poll_limit", "to 1000000"),
    ),
    "word for a number": (
        b'[brain]\nq_req = "ten"\n',
        ("line 2", "brain.q_req", 'the text "ten"', "a number above 0"),
    ),
    "number for a word": (b"[run]\ndata_dir = 7\n", ("line 2", "run.data_dir", "found 7")),
    "truth for a number": (b"[brain]\nq_req = true\n", ("brain.q_req", "true")),
    "not a number": (b"[brain]\nq_req = nan\n", ("line 2", "brain.q_req", "finite number")),
    "too fine": (b"[brain]\nq_req = 0.0000001\n", ("brain.q_req", "at most 6 decimals")),
    "two keys that contradict": (
        b"[shadow]\nwindow_start_ms = 2000\n",
        ("shadow.window_end_ms", "window_start_ms"),
    ),
    "plain address beyond the loopback": (
        b'[polymarket]\nclob_base = "http://example.com"\n',
        ("polymarket.clob_base", "https://"),
    ),
    "another schema": (b'schema_version = "9"\n', ("schema_version", "1.3.2a")),
    "a key twice": (b"[brain]\nq_req = 1\nq_req = 2\n", ("line 3",)),
    "no TOML": (b"<settings/>\n", ("line 1",)),
    "not UTF-8": (b"[run]\ndata_dir = '\xff'\n", ("line 2", "0xff", "save the file as UTF-8")),
    "NUL": (b"[run]\x00\n", ("line 1",)),
    "market ids of another type": (b"[run]\nmarket_ids = [1]\n", ("run.market_ids",)),
    "a market id twice": (b'[run]\nmarket_ids = ["1", "1"]\n', ("run.market_ids",)),
}
ABSENT = ("config.toml", "no such file", "razor config show --defaults > config.toml")


@pytest.fixture(scope="module")
def capture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return captures.world(tmp_path_factory.mktemp("bad") / "world.jsonl.zst", duration_ms=2_000)


def _is(done: Done, code: int, *words: str) -> None:
    assert done.code == code, done
    assert done.out == ""
    assert is_one_message(done)
    for word in words:
        assert word in done.err, done.err


@pytest.mark.parametrize("what", SETTINGS)
def test_settings_that_cannot_be_used_are_told_with_key_line_and_range(
    tmp_path: Path, capture: Path, what: str
) -> None:
    content, words = SETTINGS[what]
    config = tmp_path / "config.toml"
    config.write_bytes(content)
    runs = tmp_path / "runs"
    for verb in (
        ("config", "check"),
        ("run", "--runs-dir", runs),
        ("run", "--source", f"replay:{capture}", "--runs-dir", runs),
        ("record", "--out", runs),
        ("replay", capture, "--runs-dir", runs),
    ):
        _is(here(*verb, "--config", config), 2, str(config), *words)
    assert not runs.exists()


@pytest.mark.parametrize("what", ["nothing", "directory", "too large", "pipe"])
def test_settings_file_that_is_none_is_told_with_a_remedy(tmp_path: Path, what: str) -> None:
    config = tmp_path / "config.toml"
    match what:
        case "directory":
            config.mkdir()
            words: tuple[str, ...] = ("directory",)
        case "too large":
            config.write_bytes(b"#" * 2_000_000)
            words = ("keep it under 1048576 bytes",)
        case "pipe":
            os.mkfifo(config)
            words = ("regular file",)
        case _:
            words = ABSENT
    _is(here("run", "--config", config), 2, str(config), *words)


def test_settings_error_as_json_lists_every_problem(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text("[brain]\nq_req = -1\nfoo = 2\n", encoding="utf-8")
    done = here("run", "--config", config, "--json")
    error = json.loads(done.err)
    assert (done.code, error["exit_code"], error["error"]) == (2, 2, "SettingsError")
    assert [problem["line"] for problem in error["problems"]] == [2, 3]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("run", "--source", "sand"), ("--source", "sandbox:PORT or replay:PATH")),
        (("run", "--duration", "5x"), ("'--duration'", "60s, 15m, 2h or 14d")),
        (("run", "--duration", "-1s"), ("duration",)),
        (("run", "--speed", "2x"), ("'--speed'", "1x", "10x", "max")),
        (("run", "--resume", "maybe"), ("'--resume'", "auto", "never")),
        (("run", "--nonsense"), ("--nonsense", "see razor run --help")),
        (("record",), ("--out", "see razor record --help")),
        (("replay",), ("PATH", "see razor replay --help")),
        (("nonsense",), ("nonsense", "see razor --help")),
        (("capture", "import", "x"), ("--out",)),
        (("report", "day14", "--run", "a", "--input", "b"), ("both --run and --input", "drop one")),
        (
            ("report", "day14", "--run", "a", "--config", "b"),
            ("--config without --input", "a run has its own settings", "drop --config"),
        ),
        (("report", "day14", "--config", "b"), ("--config without --input", "drop --config")),
    ],
)
def test_wrong_option_is_a_usage_error_with_the_way_to_help(
    arguments: tuple[str, ...], words: tuple[str, ...]
) -> None:
    done = (
        here(*arguments, "--config", ROOT / "config.toml")
        if "run" in arguments
        else here(*arguments)
    )
    _is(done, 2, *words)


@pytest.mark.parametrize("name", ["day.jsonl", "day.csv", "day", "day.jsonl.zst.part", ".zst"])
def test_capture_of_another_suffix_is_refused_before_anything_is_read(
    tmp_path: Path, name: str
) -> None:
    out = tmp_path / name
    done = here("capture", "import", tmp_path / "nothing", "--out", out)
    _is(done, 2, "--out", str(out), "a name ending in .jsonl.zst", "rename it")
    assert list(tmp_path.iterdir()) == []


def test_import_of_what_is_no_recording_names_the_formats(tmp_path: Path) -> None:
    empty, text = tmp_path / "empty", tmp_path / "text.txt"
    empty.mkdir()
    text.write_text("hello\n", encoding="utf-8")
    out = tmp_path / "x.jsonl.zst"
    for path in (empty, text):
        _is(here("capture", "import", path, "--out", out), 3, str(path), "f1, f2, f3, f6")
    done = here("capture", "import", tmp_path / "nothing", "--out", out)
    _is(done, 3, "nothing", "No such file or directory", "check the path")
    for form in ("f1", "f2", "f3", "predecessor"):
        _is(here("capture", "import", text, "--format", form, "--out", out), 3, str(text))
    assert not out.exists()


def test_what_is_no_recording_is_not_played(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    (empty / "notes.txt").write_text("nothing", encoding="utf-8")
    config = ("--config", ROOT / "config.toml")
    runs = ("--runs-dir", tmp_path / "runs")
    for path, words in (
        (empty, ("is no capture, no run and no predecessor's run", "razor capture import")),
        (tmp_path / "nothing", ("No such file or directory", "check the path")),
    ):
        _is(here("replay", path, *config, *runs), 3, str(path), *words)
        _is(here("run", "--source", f"replay:{path}", *config, *runs), 3, str(path), *words)
    assert not (tmp_path / "runs").exists()


def test_report_of_nothing_names_what_is_missing(tmp_path: Path) -> None:
    table = tmp_path / "shadow_log.csv"
    table.write_text("a,b\n1,2\n", encoding="utf-8")
    _is(here("report", "day14", "--input", table), 3, "shadow_log.csv", "column run_id is missing")
    _is(here("report", "day14", "--input", tmp_path / "no"), 3, "no", "No such file")
    _is(here("report", "day14", "--run", tmp_path), 3, "manifest.json", "No such file")
    table.write_bytes(b"\xff\xff")
    _is(here("report", "day14", "--input", table), 3, "not UTF-8")


def test_clock_that_goes_backwards_in_a_capture_is_counted_and_everything_is_kept(
    tmp_path: Path,
) -> None:
    book = json.dumps(
        {
            "event_type": "book",
            "asset_id": "101",
            "market": "0xaa",
            "timestamp": "1800000000000",
            "hash": "",
            "bids": [{"price": "0.40", "size": "100"}],
            "asks": [{"price": "0.42", "size": "100"}],
        }
    )
    meta = captures.line(0, "meta", captures.market("0xaa"), conn="meta-0")
    times = (1_000, 500, -100_000, 2_000, 2_000)
    lines = [meta, *(captures.line(at, "ws", book) for at in times)]
    capture = captures.write(tmp_path / "back.jsonl", lines)
    run = tmp_path / "run"
    done = here("replay", capture, "--config", ROOT / "config.toml", "--out-dir", run)
    assert done.code == 0, done.err
    found = journals.integrity(run)
    assert found["clock_backwards"] == 2
    info = here("capture", "info", capture, "--json").facts()
    assert json.loads(json.dumps(info))["counts"]["backwards"] == 2
    assert here("audit", "verify", run).code == 0
    paced = tmp_path / "paced"
    slow = ("--config", ROOT / "config.toml", "--speed", "10x")
    assert here("replay", capture, "--out-dir", paced, *slow).code == 0
    assert captures.tables(paced) == captures.tables(run)


def test_stopped_verbs_end_with_exit_0_and_say_so(tmp_path: Path, capture: Path) -> None:
    source = tmp_path / "ticks.txt"
    line = '1723161256012345678 {"stream":"x@trade","data":{"p":"1","q":"2"}}\n'
    source.write_text(line * 20_000, encoding="utf-8")
    out = tmp_path / "x.jsonl.zst"
    arguments = ("capture", "import", source, "--format", "f6", "--out", out)
    done = here(*arguments, stopped_by="SIGTERM")
    assert done.code == 0, done
    assert "stopped on request; nothing was written" in done.err
    assert not out.exists()
    done = here("capture", "info", capture, stopped_by="SIGTERM")
    assert done.code == 0
    assert "stopped before the end of world.jsonl.zst; nothing is shown" in done.err
    assert done.out == ""
    run = tmp_path / "run"
    config = ("--config", ROOT / "config.toml")
    done = here("replay", capture, *config, "--out-dir", run, stopped_by="SIGTERM")
    assert done.code == 0, done.err
    end = journals.manifest(run).end
    assert end is not None
    assert end.cause == "SIGTERM"
    assert here("audit", "verify", run).code == 0
