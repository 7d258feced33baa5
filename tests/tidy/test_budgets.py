"""Budgets: limits are inclusive, tests are not code, small trees are not judged."""

import pytest

import budgets
from rust_text import scan_rust
from sources import Language, Source


def rust_function(lines: int) -> str:
    return "fn f() {\n" + "    x();\n" * (lines - 2) + "}\n"


def tree(code: int, *, comments: int = 0, tests: int = 0) -> list[Source]:
    return [
        scan_rust("rust/razor_core/src/a.rs", "// Why.\n" * comments + "a;\n" * code),
        scan_rust("rust/razor_core/tests/a.rs", "a;\n" * tests),
    ]


def figure(sources: list[Source], name: str) -> budgets.Figure:
    (found,) = (it for it in budgets.figures(sources) if it.name == name)
    return found


def test_a_function_of_the_limit_is_kept_and_one_line_more_is_not() -> None:
    assert list(budgets.check_lengths(scan_rust("a.rs", rust_function(70)))) == []
    (finding,) = budgets.check_lengths(scan_rust("a.rs", rust_function(71)))
    assert str(finding) == "a.rs:1: function-length: found 71 lines in f, allowed 70"


def test_a_file_of_the_limit_is_kept_and_one_line_more_is_not() -> None:
    assert list(budgets.check_lengths(scan_rust("a.rs", "a;\n" * 800))) == []
    (finding,) = budgets.check_lengths(scan_rust("a.rs", "a;\n" * 801))
    assert finding.found == "801 lines of code"


def test_tests_beside_the_code_do_not_lengthen_the_file() -> None:
    text = "a;\n" * 700 + "#[cfg(test)]\nmod tests {\n" + "a;\n" * 700 + "}\n"
    assert list(budgets.check_lengths(scan_rust("a.rs", text))) == []


@pytest.mark.parametrize(
    ("comments", "is_kept"), [(528, False), (530, True), (1000, True), (1001, False)]
)
def test_comment_share_has_both_limits(comments: int, *, is_kept: bool) -> None:
    share = figure(tree(3_000, comments=comments), "Rust comment share, %")
    assert share.is_judged
    assert share.is_kept == is_kept


def test_the_core_is_tested_more_than_the_rest() -> None:
    sources = tree(3_000, tests=3_000)
    assert not figure(sources, "test : code, razor_core").is_kept
    assert figure(sources, "test : code, whole").is_kept


def test_benchmarks_are_neither_code_nor_tests() -> None:
    bench = scan_rust("rust/razor_core/benches/a.rs", "a;\n" * 9_000)
    assert not figure([*tree(3_000), bench], "test : code, whole").is_kept


def test_a_share_of_a_small_tree_is_shown_but_not_judged() -> None:
    table = budgets.figures(tree(2_999))
    assert list(budgets.check_figures(table)) == []
    assert "too small to judge" in budgets.render(table)
    judged = [it.rule for it in budgets.check_figures(budgets.figures(tree(3_000)))]
    assert "test : code, whole" in judged


def test_every_language_has_its_comment_share() -> None:
    assert set(budgets.COMMENT_SHARE) == set(Language)


@pytest.mark.parametrize(("count", "expected"), [(0, 0), (1, 1), (19, 19), (20, 19), (100, 95)])
def test_p95_leaves_five_per_cent_above(count: int, expected: int) -> None:
    assert budgets.p95(range(1, count + 1)) == expected
