"""Fault plans: which fault of FAULTS the simulated venue injects when, as a TOML file says it.

Owns: :class:`FaultLine` and :func:`read_fault_plan`. Must never: guess; an unknown key, code or
word is an error that names the line of the plan and the remedy.

A plan is a list of ``[[fault]]`` tables::

    [[fault]]
    code = "F-13"  # a code of FAULTS that the venue can raise
    every = 5  # or nth = 3; requests of a kind are counted from 1
    rung = "CHASE"  # only orders of this action: FIRE, CHASE or FLATTEN
    times = 2  # at most so often; 0 or absent is without end
"""

import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields

import msgspec

from razor.domain.errors import Problem, SettingsError

__all__ = ["FaultLine", "read_fault_plan"]

_RUNGS = {"FIRE": (0,), "CHASE": (1, 2), "FLATTEN": (3, 4, 5)}
_REFUSALS = ("order", "market", "account")
_FAULT = "fault"
_MOST_LINES = 1_000
_MOST = 2**53


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultLine:
    """One fault: what, when (all conditions given must hold), how hard, how often.

    ``delay_ms``, ``tail_ms``, ``from_ms`` and ``to_ms`` are whole milliseconds, the last two since
    1970. ``qty`` is shares and ``share`` a fraction, as decimal text. ``None`` is the usual value
    of the code.
    """

    code: str
    nth: int | None = None
    every: int | None = None
    rung: str | None = None
    from_ms: int | None = None
    to_ms: int | None = None
    times: int = 0
    delay_ms: int | None = None
    tail_ms: int | None = None
    qty: str | None = None
    share: str | None = None
    count: int | None = None
    worse_micros: int | None = None
    accepted: bool | None = None
    refusal: str | None = None

    @property
    def rungs(self) -> tuple[int | None, ...]:
        """Give the rungs it is bound to; one ``None`` for any."""
        return (None,) if self.rung is None else _RUNGS[self.rung]


_TEXTS = ("code", "rung", "qty", "share", "refusal")
_FLAGS = ("accepted",)


def read_fault_plan(text: str, *, source: str, codes: Collection[str]) -> tuple[FaultLine, ...]:
    """Read a plan.

    Errors: :class:`SettingsError` naming ``fault[n].key`` for every problem there is.
    """
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        problem = Problem(key="(file)", found=str(error), allowed="TOML", remedy="correct the file")
        raise SettingsError(source=source, problems=[problem]) from None
    rows = _rows(tables)
    if rows is None:
        problem = Problem(
            key="(file)",
            found=", ".join(sorted(tables))[:80],
            allowed=f"at most {_MOST_LINES} [[fault]] tables and nothing else",
            remedy="write each fault as a [[fault]] table",
        )
        raise SettingsError(source=source, problems=[problem])
    problems: list[Problem] = []
    lines = [_line(number, row, codes, problems) for number, row in enumerate(rows, start=1)]
    if problems:
        raise SettingsError(source=source, problems=problems)
    return tuple(line for line in lines if line is not None)


def _rows(tables: Mapping[str, object]) -> list[Mapping[str, object]] | None:
    """Give the tables of a plan; ``None`` where the file holds anything else, or too many."""
    if set(tables) - {_FAULT}:
        return None
    try:
        rows = msgspec.convert(tables.get(_FAULT, []), list[dict[str, object]])
    except msgspec.ValidationError:
        return None
    return [*rows] if len(rows) <= _MOST_LINES else None


def _line(
    number: int, row: Mapping[str, object], codes: Collection[str], problems: list[Problem]
) -> FaultLine | None:
    """Read one table; every problem of it is added, and ``None`` given if there is one."""
    before = len(problems)
    known = {field.name for field in fields(FaultLine)}
    for key, value in row.items():
        if key not in known:
            problems.append(_problem(number, key, key, ", ".join(sorted(known))))
        elif not _has_form(key, value):
            problems.append(_problem(number, key, value, _form(key)))
    _check_words(number, row, codes, problems)
    return msgspec.convert(row, FaultLine) if len(problems) == before else None


def _check_words(
    number: int, row: Mapping[str, object], codes: Collection[str], problems: list[Problem]
) -> None:
    """Add a problem for each word that has no meaning, and for half a span."""
    code, rung, refusal = row.get("code"), row.get("rung"), row.get("refusal")
    if code not in codes:
        problems.append(_problem(number, "code", code, ", ".join(sorted(codes))))
    if rung is not None and rung not in _RUNGS:
        problems.append(_problem(number, "rung", rung, ", ".join(_RUNGS)))
    if refusal is not None and refusal not in _REFUSALS:
        problems.append(_problem(number, "refusal", refusal, ", ".join(_REFUSALS)))
    if ("from_ms" in row) != ("to_ms" in row):
        problems.append(_problem(number, "from_ms", "one of from_ms and to_ms", "both or none"))


def _has_form(key: str, value: object) -> bool:
    """Tell whether a value has the form of its key; a truth value is no number here."""
    if key in _TEXTS:
        return isinstance(value, str)
    if key in _FLAGS:
        return isinstance(value, bool)
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MOST


def _form(key: str) -> str:
    """Say the form of a key in words."""
    if key in _TEXTS:
        return "text in quotes"
    return "true or false" if key in _FLAGS else "a whole number from 0"


def _problem(number: int, key: str, found: object, allowed: str) -> Problem:
    """Name the place as ``fault[n].key``, counted from 1 as a reader counts the tables."""
    path = f"{_FAULT}[{number}].{key}" if key else f"{_FAULT}[{number}]"
    return Problem(key=path, found=repr(found)[:80], allowed=allowed, remedy="correct the plan")
