"""Forbidden words, names and calls: each is found, and its innocent neighbour is not."""

import pytest

import words
from python_text import scan_python
from rust_text import scan_rust


def rules_broken(path: str, line: str) -> list[str]:
    return [finding.rule for finding in words.check_written(path, f"fine\n{line}\n")]


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        ("    todo!()", "unfinished"),
        ("    unimplemented!()", "unfinished"),
        ("    raise NotImplementedError", "unfinished"),
        ("// Good enough for now.", "unfinished"),
        ("# A placeholder.", "unfinished"),
        ("# TODO later", "unfinished"),
        ("see https://pypi.org/project/x", "registry"),
        ("https://static.crates.io/x", "registry"),
        ('"https://registry.npmjs.org"', "registry"),
        ("--extra-index-url x", "index-line"),
        ("--find-links wheels", "index-line"),
        ("read /home/someone/x", "machine-path"),
        ('"/mnt/x"', "machine-path"),
        ("x" * 101, "columns"),
    ],
)
def test_a_forbidden_word_is_found(line: str, rule: str) -> None:
    assert rules_broken("python/razor/a.py", line) == [rule]


@pytest.mark.parametrize(
    "line",
    [
        "for nowhere in places:",
        '<input placeholder="0.48">',
        "the mirror of a book; an index of it",
        "~/mnt/x and docs/mnt/x and $HOME/opt/x",
        "--no-emit-index-url",
        "the empty-book placeholder of the venue (F-07)",
        "let registry: Registry = self.registry.token(id);",
        "x" * 100,
        'text = "' + "x" * 100 + '"',
        "# https://" + "x" * 100,
    ],
)
def test_its_innocent_neighbour_is_not(line: str) -> None:
    assert rules_broken("python/razor/a.py", line) == []


def test_a_finding_says_where_what_and_what_instead() -> None:
    (finding,) = words.check_written("a.rs", "fine\n\ntodo!()\n")
    assert str(finding) == (
        "a.rs:3: unfinished: found todo!, allowed finished work, or its absence"
    )


def test_the_lock_of_cargo_may_say_where_crates_come_from() -> None:
    line = 'source = "registry+https://github.com/rust-lang/crates.io-index"'
    assert rules_broken("Cargo.lock", line) == []
    assert rules_broken("Cargo.toml", line) == ["registry"]


@pytest.mark.parametrize("path", ["rust/a/src/utils.rs", "python/razor/common/a.py", "a/types.pyi"])
def test_a_name_that_says_nothing_is_refused(path: str) -> None:
    assert [finding.rule for finding in words.check_name(path)] == ["module-name"]


def test_a_module_is_named_by_its_own_file() -> None:
    assert [it.found for it in words.check_name("rust/a/src/book/mod.rs")] == ["mod.rs"]
    assert list(words.check_name("rust/a/src/book.rs")) == []
    assert list(words.check_name("docs/types.md")) == []


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        ("#[allow(dead_code)]", "allow-attribute"),
        ("fn a(x: f64) {}", "core-float"),
        ("use std::fs::File;", "core-pure"),
        ('println!("x");', "core-pure"),
    ],
)
def test_code_of_the_core_is_pure(line: str, rule: str) -> None:
    def broken(path: str, text: str) -> list[str]:
        return [it.rule for it in words.check_source(scan_rust(path, text), text)]

    core = "rust/razor_core/src/a.rs"
    assert broken(core, line) == [rule]
    assert broken(core, f"// {line}") == []
    assert broken(core, f"#[cfg(test)]\nmod tests {{\n{line}\n}}\n") == []


@pytest.mark.parametrize(
    "line",
    [
        "import time",
        "from time import sleep",
        "x = datetime.now(UTC)",
        "x = datetime.datetime.utcnow()",
        "x = date.today()",
        "import random",
    ],
)
def test_inner_layers_read_no_clock(line: str) -> None:
    def broken(path: str) -> list[str]:
        return [it.rule for it in words.check_source(scan_python(path, line), line)]

    assert broken("python/razor/domain/a.py") == ["clock"]
    assert broken("python/razor/application/a.py") == ["clock"]
    assert broken("python/razor/adapters/files/a.py") == []


def test_a_time_given_as_argument_is_no_clock() -> None:
    text = "def age(now: datetime, clock: Clock) -> timedelta:\n    return clock.now() - now\n"
    source = scan_python("python/razor/domain/a.py", text)
    assert list(words.check_source(source, text)) == []
