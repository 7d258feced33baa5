"""Licence expressions: a way through the list must remain, and silence is no licence."""

import pytest

import licences


@pytest.mark.parametrize(
    "expression",
    [
        "MIT",
        "MIT OR GPL-3.0-only",
        "GPL-3.0-only OR Apache-2.0",
        "MIT/Apache-2.0",
        "(MIT OR Apache-2.0) AND Unicode-3.0",
        "Apache-2.0 WITH LLVM-exception",
        "MIT AND (GPL-2.0-only OR ISC)",
        "BSD-3-Clause AND 0BSD AND MIT AND Zlib AND CC0-1.0",
    ],
)
def test_an_allowed_choice_is_found(expression: str) -> None:
    assert licences.is_allowed(expression)


@pytest.mark.parametrize(
    "expression",
    [
        "",
        "nothing",
        "GPL-3.0-only",
        "MIT AND GPL-3.0-only",
        "MIT OR",
        "(MIT",
        "MIT) OR (MIT",
        "(MIT OR Apache-2.0) AND GPL-2.0-only",
        "GPL-2.0-only WITH LLVM-exception",
        "MIT License",
        "MIT MIT",
    ],
)
def test_what_leaves_no_choice_or_cannot_be_read_is_refused(expression: str) -> None:
    assert not licences.is_allowed(expression)
    (finding,) = licences.check({"package 1.0": expression})
    assert finding.path == "package 1.0"


def test_the_clearest_statement_counts() -> None:
    classifier = "License :: OSI Approved :: MIT License"
    assert licences.stated_licence(["ISC"], [classifier], ["long text"]) == "ISC"
    assert licences.stated_licence([], ["Topic :: X", classifier], ["long\ntext"]) == "MIT"
    assert licences.stated_licence([], [], ["Zlib\nmore"]) == "Zlib"
    assert licences.stated_licence([], [], [""]) == "nothing"


def test_crates_without_a_licence_are_refused() -> None:
    metadata = '{"packages": [{"name": "a", "version": "1.0.0", "license": null}]}'
    found = licences.crate_licences(metadata)
    assert found == {"a 1.0.0": "nothing"}
    assert len(list(licences.check(found))) == 1
