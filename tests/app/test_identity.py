"""Which build ran and from which source: read from files, never by running a program."""

import hashlib
from pathlib import Path

import pytest

from razor import __version__, _core
from razor.app import identity
from razor.app.identity import build_identity

A, B = "a" * 40, "b" * 40


def commit_of(checkout: Path) -> str:
    return identity._commit_of(checkout)  # noqa: SLF001 - a checkout cannot be passed in


def test_the_build_is_the_version_and_the_digest_of_the_core() -> None:
    path = _core.__file__
    assert path is not None
    digest = hashlib.sha256(Path(path).read_bytes()).hexdigest()
    assert build_identity({}).build == f"{__version__}-{digest[:16]}"
    assert len(build_identity({}).build) <= 48


@pytest.mark.parametrize("value", [A, f"  {A}\n"])
def test_the_environment_overrides_what_the_checkout_says(value: str) -> None:
    assert build_identity({"GIT_SHA": value}).commit == A


@pytest.mark.parametrize("value", ["", "   ", "\n"])
def test_a_blank_override_is_none(value: str) -> None:
    assert build_identity({"GIT_SHA": value}) == build_identity({})


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, "unknown"),
        ({"HEAD": A}, A),
        ({"HEAD": f"{A}\n"}, A),
        ({"HEAD": "a" * 39}, "unknown"),
        ({"HEAD": "A" * 40}, "unknown"),
        ({"HEAD": "\xff"}, "unknown"),
        ({"HEAD": "ref: refs/heads/main", "refs/heads/main": B}, B),
        ({"HEAD": "ref: refs/heads/main\n", "refs/heads/main": f"{B}\n"}, B),
        ({"HEAD": "ref: refs/heads/main"}, "unknown"),
        ({"HEAD": "ref: refs/heads/x/y", "refs/heads/x/y": A}, A),
        ({"HEAD": "ref: refs/heads/main", "packed-refs": f"{B} refs/heads/main\n"}, B),
        (
            {
                "HEAD": "ref: refs/heads/main",
                "packed-refs": f"# pack-refs with: peeled\n{A} refs/heads/other\n"
                f"{B} refs/heads/main\n^{A}\n",
            },
            B,
        ),
        (
            {
                "HEAD": "ref: refs/heads/main",
                "refs/heads/main": A,
                "packed-refs": f"{B} refs/heads/main\n",
            },
            A,
        ),
        ({"HEAD": "ref: refs/heads/main", "packed-refs": "\n\n"}, "unknown"),
        ({"HEAD": "ref: refs/heads/main", "packed-refs": f"{B} refs/heads/main2\n"}, "unknown"),
    ],
)
def test_the_commit_is_read_from_the_files_of_the_checkout(
    tmp_path: Path, files: dict[str, str], expected: str
) -> None:
    for name, text in files.items():
        path = tmp_path / ".git" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode("latin-1"))
    assert commit_of(tmp_path) == expected


def test_a_checkout_that_points_elsewhere_is_unknown(tmp_path: Path) -> None:
    (tmp_path / ".git").write_text("gitdir: /nowhere\n", encoding="utf-8")
    assert commit_of(tmp_path) == "unknown"
