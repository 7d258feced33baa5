"""``razor config check`` and ``razor config show``, and ``razor --version``."""

import json
import os
import tomllib
from pathlib import Path

import pytest

from razor import __version__
from razor.domain.settings import Settings, default_file, settings_hash
from tests.cli.programs import ROOT, Run, spawn


def test_version_is_that_of_the_workspace() -> None:
    cargo = tomllib.loads((ROOT / "Cargo.toml").read_text(encoding="utf-8"))
    assert cargo["workspace"]["package"]["version"] == __version__


def test_version_is_printed() -> None:
    child = spawn("--version")
    out, err = child.communicate(timeout=20)
    assert (child.returncode, out, err) == (0, f"razor, version {__version__}\n", "")


def test_check_of_the_shipped_file_says_valid_and_the_hash() -> None:
    run = Run("config", "check", "--config", str(ROOT / "config.toml"))
    assert run.code == 0
    assert "valid" in run.out
    assert settings_hash(Settings()) in run.out
    assert run.err == ""


def test_check_reads_config_toml_of_the_current_directory_by_default() -> None:
    child = spawn("config", "check", "--json")
    out, _ = child.communicate(timeout=20)
    assert child.returncode == 0
    assert json.loads(out)["file"] == "config.toml"


def test_check_lists_every_problem_and_exits_2(tmp_path: Path) -> None:
    file = tmp_path / "bad.toml"
    file.write_text("[brain]\nq_req = -1\nfoo = 2\n[risk]\nmax_exposure_usdc = '5'\n")
    run = Run("config", "check", "--config", str(file))
    assert (run.code, run.out) == (2, "")
    assert f"{file}: 3 problems" in run.err
    assert "line 2: brain.q_req: found -1; allowed: a number above 0 to 1000000" in run.err
    assert "line 3: brain.foo: found an unknown key" in run.err
    assert 'line 5: risk.max_exposure_usdc: found the text "5"' in run.err
    assert "Traceback" not in run.err


def test_check_problems_as_json_are_on_stderr(tmp_path: Path) -> None:
    file = tmp_path / "bad.toml"
    file.write_text("[brain]\nq_req = -1\n")
    run = Run("config", "check", "--json", "--config", str(file))
    assert (run.code, run.out) == (2, "")
    facts = json.loads(run.err)
    assert facts["error"] == "SettingsError"
    assert facts["exit_code"] == 2
    assert facts["source"] == str(file)
    assert facts["problems"][0]["key"] == "brain.q_req"
    assert facts["problems"][0]["line"] == 2


def test_missing_file_says_how_to_get_one(tmp_path: Path) -> None:
    run = Run("config", "check", "--config", str(tmp_path / "none.toml"))
    assert run.code == 2
    assert "no such file" in run.err
    assert "razor config show --defaults > config.toml" in run.err


@pytest.mark.parametrize("kind", ["directory", "binary", "loop", "huge", "pipe"])
def test_files_that_are_no_settings_are_one_message_and_exit_2(tmp_path: Path, kind: str) -> None:
    file = tmp_path / "c.toml"
    match kind:
        case "directory":
            file.mkdir()
        case "binary":
            file.write_bytes(bytes(range(256)))
        case "loop":
            file.symlink_to("c.toml")
        case "huge":
            file.write_bytes(b"#" * 2_000_000)
        case _:
            os.mkfifo(file)
    run = Run("config", "check", "--config", str(file))
    assert run.code == 2
    assert run.err.startswith("error: ")
    assert "Traceback" not in run.err


def test_show_defaults_is_a_file_that_passes_the_check(tmp_path: Path) -> None:
    run = Run("config", "show", "--defaults")
    assert (run.code, run.out) == (0, default_file())
    file = tmp_path / "config.toml"
    file.write_text(run.out)
    assert Run("config", "check", "--config", str(file)).code == 0


def test_show_gives_value_unit_and_default_of_every_key(tmp_path: Path) -> None:
    file = tmp_path / "c.toml"
    file.write_text("[brain]\nq_req = 12.5\n")
    run = Run("config", "show", "--config", str(file))
    assert run.code == 0
    line = next(line for line in run.out.splitlines() if "brain.q_req" in line)
    assert [cell.strip() for cell in line.split("│")[1:-1]] == [
        "brain.q_req",
        "12.5",
        "shares per leg",
        "10",
    ]
    assert "feed.shard_tokens" in run.out


def test_show_json_has_the_settings_in_force_with_decimals_as_text(tmp_path: Path) -> None:
    file = tmp_path / "c.toml"
    file.write_text("[brain]\nq_req = 12.50\n")
    facts = json.loads(Run("config", "show", "--json", "--config", str(file)).out)
    assert facts["settings"]["brain"]["q_req"] == "12.5"
    assert facts["settings"]["live"]["enabled"] is False
    assert len(facts["settings_hash"]) == 64


def test_defaults_as_json_need_no_file() -> None:
    facts = json.loads(Run("config", "show", "--defaults", "--json").out)
    assert facts["settings"]["risk"]["max_exposure_usdc"] == "100"
