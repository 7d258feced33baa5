"""The Rust scanner is not fooled by what looks like code."""

import pytest

from rust_text import mask, modules_for_tests, scan_rust
from sources import Line

SAMPLE = """//! Module.
//!
//! Two lines.

/// Adds { one }.
pub fn add(left: [u8; 2]) -> [u8; 2] {
    let text = "fn hidden() { \\" }"; // beside
    let raw = r#"{ " fn raw() {"#;
    let byte = b'{';
    let quote = '\\'';
    let open = '{';
    /* fn gone() { /* nested */ { */
    left
}

trait Shape<'a> {
    fn area(&'a self) -> u32;
    fn name(&self) -> &'static str {
        "{"
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn adds() {
        assert!(true);
    }
}
"""


def test_functions_end_at_their_own_brace() -> None:
    source = scan_rust("src/a.rs", SAMPLE)
    found = [(it.name, it.line, it.length, it.is_test) for it in source.functions]
    assert found == [("add", 6, 9, False), ("name", 18, 3, False), ("adds", 26, 3, True)]


def test_every_line_has_one_kind() -> None:
    source = scan_rust("src/a.rs", SAMPLE)
    assert source.count([Line.COMMENT], in_tests=False) == 5
    assert source.count([Line.BLANK], in_tests=False) == 3
    assert source.count([Line.CODE], in_tests=False) == 14
    assert source.count(Line, in_tests=True) == 7


def test_masking_keeps_the_shape_of_the_text() -> None:
    masked = mask(SAMPLE).text
    assert len(masked) == len(SAMPLE)
    assert masked.count("\n") == SAMPLE.count("\n")
    assert "hidden" not in masked
    assert "fn name" in masked


@pytest.mark.parametrize(
    "text",
    [
        '"a\\\\" fn',
        "'a' 'b fn",
        "'\\u{7b}' fn",
        'br##"}"# "## fn',
        'c"{" fn',
        "'\"' fn",
        "/* // */ fn",
        'r"\\" fn',
        "&'static fn",
    ],
)
def test_code_after_a_literal_is_seen(text: str) -> None:
    masked = mask(text).text
    assert masked.endswith("fn")
    assert "{" not in masked
    assert "}" not in masked


def test_an_item_for_tests_only_ends_where_it_ends() -> None:
    text = '#[cfg(test)]\n#[path = "x.rs"]\nuse a::{b, c};\nfn code() {}\n'
    source = scan_rust("src/a.rs", text)
    assert source.test_lines == {1, 2, 3}
    assert not source.functions[0].is_test


def test_a_module_declared_for_tests_makes_its_file_a_test() -> None:
    text = mask("#[cfg(test)]\nmod oracle;\nmod book;\n").text
    assert modules_for_tests("rust/a/src/lib.rs", text) == {"rust/a/src/oracle"}
    assert modules_for_tests("rust/a/src/book.rs", text) == {"rust/a/src/book/oracle"}
    assert scan_rust("rust/a/src/oracle.rs", "fn a() {}\n", is_test=True).test_lines == {1}


@pytest.mark.parametrize(
    "path", ["rust/a/tests/x.rs", "rust/a/src/x/tests.rs", "rust/a/benches/b.rs"]
)
def test_test_files_are_known_by_where_they_lie(path: str) -> None:
    assert scan_rust(path, "fn a() {}\n").test_lines == {1}
