"""`razor sandbox`: what its verbs say and refuse; what they serve is tested beside the server."""

import socket
import tomllib
from pathlib import Path

from tests.e2e.razor import here, is_one_message


def test_seed_writes_a_world_that_says_everything_of_it(tmp_path: Path) -> None:
    path = tmp_path / "w.toml"
    done = here("sandbox", "seed", "--seed", "9", "--groups", "2", "--out", path)
    assert done.code == 0
    assert str(path) in done.out
    world = tomllib.loads(path.read_text(encoding="utf-8"))["world"]
    assert (world["seed"], world["groups"], world["binaries"]) == (9, 2, 4)
    shown = here("sandbox", "seed", "--seed", "9", "--groups", "2")
    assert tomllib.loads(shown.out)["world"] == world


def test_a_world_that_cannot_be_written_is_a_fault_with_a_remedy(tmp_path: Path) -> None:
    done = here("sandbox", "seed", "--out", tmp_path / "no" / "w.toml")
    assert done.code == 3
    assert is_one_message(done)


def test_a_world_and_quiet_exclude_each_other(tmp_path: Path) -> None:
    path = tmp_path / "w.toml"
    path.write_text("[world]\n", encoding="utf-8")
    done = here("sandbox", "serve", "--world", path, "--quiet")
    assert done.code == 2
    assert is_one_message(done)


def test_a_bad_world_is_refused_before_anything_listens(tmp_path: Path) -> None:
    path = tmp_path / "w.toml"
    path.write_text("[world]\nbinaries = 'many'\n", encoding="utf-8")
    done = here("sandbox", "serve", "--world", path)
    assert done.code == 2
    assert is_one_message(done)
    assert "world.binaries" in done.err


def test_a_port_that_is_taken_is_said_and_nothing_is_served() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = here("sandbox", "serve", "--quiet", "--port", str(min(port, 65_000)))
    if port <= 65_000:
        assert done.code == 2
        assert is_one_message(done)
        assert "--port" in done.err


def test_a_truth_that_cannot_be_written_ends_the_serving_with_a_fault() -> None:
    # The device takes every byte into its buffer and refuses to write any.
    words = ("--port", "0", "--speed", "100x", "--truth", "/dev/full")
    done = here("sandbox", "serve", *words)
    assert done.code == 3
    assert is_one_message(done)
    assert "without --truth" in done.err
    assert "/dev/full (No space left on device)" in done.err
