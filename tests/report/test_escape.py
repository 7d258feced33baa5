"""No text from outside keeps a power over the reader's terminal, browser or Markdown viewer."""

import html
import unicodedata
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from razor.app.report.escape import as_code, in_html, in_markdown, shortened

COMMANDS = set("\\`*_[]{}<>|#~$!")


def is_harmless(text: str) -> bool:
    return not any(
        unicodedata.category(letter) in {"Cc", "Cf", "Cs", "Zl", "Zp"} for letter in text
    )


@given(st.text())
def test_html_text_parses_to_what_a_person_should_see(text: str) -> None:
    safe = in_html(text)
    assert is_harmless(safe)
    found = ET.fromstring(f'<p title="{safe}">{safe}</p>')  # noqa: S314
    assert (found.text or "") == html.unescape(safe)
    assert found.get("title") == html.unescape(safe)
    assert not list(found)


@given(st.text())
def test_markdown_commands_are_all_escaped(text: str) -> None:
    safe = in_markdown(text)
    assert is_harmless(safe)
    rest = safe
    for command in COMMANDS:
        rest = rest.replace(f"\\{command}", "")
    for entity in ("&amp;", "&#58;", "&#46;", "&#64;"):
        rest = rest.replace(entity, "")
    assert not COMMANDS.intersection(rest)
    assert "://" not in safe
    assert "@" not in safe


@given(st.text(alphabet="ab`| \n\x1b", max_size=30))
def test_a_code_span_ends_where_it_should(text: str) -> None:
    span = as_code(text)
    assert "|" not in span
    assert is_harmless(span)
    if not span:
        return
    fence = span[: len(span) - len(span.lstrip("`"))]
    inside = span[len(fence) : -len(fence)]
    assert span.endswith(fence)
    assert fence not in inside.split("`" * (len(fence) + 1))[0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<b>", "&lt;b&gt;"),
        ("\"'&", "&quot;&#x27;&amp;"),
        ("a\u202eb", "a\\u202eb"),
        ("a\r\nb", "a\\r\\nb"),
        ("\x1b[2J", "\\x1b[2J"),
        ("naïve €", "naïve €"),
    ],
)
def test_html_by_example(text: str, expected: str) -> None:
    assert in_html(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("NO_TRADES", "NO\\_TRADES"),
        ("[x](https://y.example)", "\\[x\\](https&#58;//y.example)"),
        ("www.y.example", "www&#46;y.example"),
        ("me@y.example", "me&#64;y.example"),
        ("&lt;b&gt;", "&amp;lt;b&amp;gt;"),
        ("a|b", "a\\|b"),
    ],
)
def test_markdown_by_example(text: str, expected: str) -> None:
    assert in_markdown(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("", ""), ("  ", ""), ("0xab", "`0xab`"), ("a`b", "`` a`b ``"), ("a|b", "`a¦b`")],
)
def test_code_by_example(text: str, expected: str) -> None:
    assert as_code(text) == expected


def test_a_name_keeps_both_ends() -> None:
    assert shortened("0x" + "a" * 60 + "beef42", 18) == "0xaaaaaaaaa…beef42"
    assert shortened("0x1234", 18) == "0x1234"
    assert len(shortened("y" * 80, 18)) == 18
