"""The error tree: names, parents, attributes, and the text of a problem."""

from pathlib import Path

import pytest

from razor import _core
from razor.domain.errors import (
    DELIBERATE,
    HARD_STOPS,
    REFUSALS,
    USER_ERRORS,
    Corrupt,
    DecodeError,
    Gap,
    GateRefused,
    HardStopped,
    JournalError,
    OrderRefused,
    Problem,
    RazorError,
    Rejected,
    RiskRefused,
    SettingsError,
    StorageError,
    Throttled,
    Unreachable,
    VenueError,
    facts_of,
    message_of,
    remedy_of,
)

PARENTS: dict[type[RazorError], type[RazorError]] = {
    SettingsError: RazorError,
    DecodeError: RazorError,
    JournalError: RazorError,
    Corrupt: JournalError,
    Gap: JournalError,
    GateRefused: RazorError,
    OrderRefused: RazorError,
    RiskRefused: RazorError,
    HardStopped: RazorError,
    StorageError: RazorError,
    VenueError: RazorError,
    Rejected: VenueError,
    Throttled: VenueError,
    Unreachable: VenueError,
}


@pytest.mark.parametrize("error", PARENTS, ids=lambda error: error.__name__)
def test_every_error_has_its_place_in_the_tree(error: type[RazorError]) -> None:
    parent = PARENTS[error]
    twin = getattr(_core, error.__name__, None)
    assert error.__bases__[0] is parent
    assert error.__bases__[1:] == (() if twin is None else (twin,))
    assert issubclass(error, DELIBERATE)


def test_no_error_belongs_to_two_families() -> None:
    families = (USER_ERRORS, REFUSALS, HARD_STOPS)
    for error in PARENTS:
        assert sum(issubclass(error, family) for family in families) <= 1


def test_facts_carry_class_message_remedy_and_attributes() -> None:
    error = Throttled("slow down", endpoint="GET /book", status=429, retry_after_ms=50, remedy="w")
    assert facts_of(error) == {
        "error": "Throttled",
        "message": "slow down",
        "remedy": "w",
        "endpoint": "GET /book",
        "status": 429,
        "retry_after_ms": 50,
    }
    assert str(error) == "slow down; w"


def test_facts_of_problems_are_nested_plain_values() -> None:
    problem = Problem(key="a.b", found="1", allowed="2", remedy="r", line=3)
    facts = facts_of(SettingsError(source="f", problems=(problem,)))
    assert facts["problems"] == [
        {"key": "a.b", "found": "1", "allowed": "2", "remedy": "r", "line": 3, "column": None}
    ]


def test_storage_error_gives_its_path_as_text() -> None:
    error = StorageError("no", path=Path("/x"), cause="Is a directory", remedy="move it")
    assert (error.path, error.cause) == ("/x", "Is a directory")


def test_foreign_error_is_its_own_text() -> None:
    error = ValueError("plain")
    assert (message_of(error), remedy_of(error)) == ("plain", "")
    assert facts_of(error)["error"] == "ValueError"


@pytest.mark.parametrize(
    ("problem", "sentence"),
    [
        (Problem(key="", found="F", allowed="A", remedy="R"), "found F; allowed: A; R"),
        (Problem(key="k", found="F", allowed="", remedy=""), "k: found F"),
        (
            Problem(key="k", found="F", allowed="A", remedy="R", line=2),
            "line 2: k: found F; allowed: A; R",
        ),
        (
            Problem(key="", found="F", allowed="A", remedy="", line=2, column=9),
            "line 2, column 9: found F; allowed: A",
        ),
    ],
)
def test_problem_is_one_sentence_with_what_is_known(problem: Problem, sentence: str) -> None:
    assert problem.sentence() == sentence


def test_message_counts_problems() -> None:
    one = Problem(key="k", found="F", allowed="A", remedy="R")
    assert str(SettingsError(source="f", problems=(one,))).startswith("f: 1 problem\n")
    assert str(SettingsError(source="f", problems=(one, one))).startswith("f: 2 problems\n")
