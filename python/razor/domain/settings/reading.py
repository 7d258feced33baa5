"""From the text of a settings file to checked settings, or to a list of everything wrong in it.

Owns: :func:`read_settings` (razor's own files: an unknown key is an error) and
:func:`read_predecessor_settings` (the file inside a predecessor's run directory: unknown keys are
ignored, as that program did). Must never: open a file, stop at the first problem, or repeat the
value of an unknown key (it may be a secret that was put in the wrong place).
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from typing import Any, cast

from razor.domain.errors import Problem, SettingsError
from razor.domain.settings.check import convert, describe, judge, show
from razor.domain.settings.location import lines_of_keys
from razor.domain.settings.tree import Settings, contradictions, key_of

__all__ = ["decode_text", "read_predecessor_settings", "read_settings"]

_PLACE = re.compile(
    r"^(?P<what>.*?) \(at (?:line (?P<line>\d+), column (?P<column>\d+)|.*)\)$", re.DOTALL
)
# What the predecessor's replay depends on. Everything else in its file (addresses, timeouts,
# order ladders) cannot change a recorded ledger and keeps razor's defaults.
_PREDECESSOR_SECTIONS = frozenset({"run", "brain", "buckets", "shadow", "report"})
_SHOWN_NAME = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rule:
    """How one kind of file is read."""

    is_strict: bool
    sections: frozenset[str] | None


_OURS = _Rule(is_strict=True, sections=None)
_PREDECESSORS = _Rule(is_strict=False, sections=_PREDECESSOR_SECTIONS)


def decode_text(raw: bytes, *, source: str) -> str:
    """Decode a settings file, which is UTF-8 without a byte order mark.

    Errors: :class:`SettingsError` with the line of the first byte that is not UTF-8.
    """
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise _refused(
            source,
            found=f"byte 0x{raw[error.start]:02x} at offset {error.start}",
            allowed="UTF-8 text",
            remedy="save the file as UTF-8",
            line=line,
        ) from None
    if text.startswith("\ufeff"):
        raise _refused(
            source,
            found="a byte order mark",
            allowed="UTF-8 text without a byte order mark",
            remedy="save the file as plain UTF-8",
            line=1,
        )
    return text


def read_settings(text: str, *, source: str) -> Settings:
    """Read one of razor's own settings files.

    ``source`` names the file in messages. Keys that are left out have their defaults.
    Errors: :class:`SettingsError` that lists every problem of the file, in the order of lines.
    """
    return _read(text, source=source, rule=_OURS)


def read_predecessor_settings(text: str, *, source: str) -> Settings:
    """Read the settings a predecessor's run was recorded under, ignoring unknown keys.

    Errors: :class:`SettingsError` for values the predecessor itself would have refused.
    """
    return _read(text, source=source, rule=_PREDECESSORS)


def _read(text: str, *, source: str, rule: _Rule) -> Settings:
    table = _parse(text, source=source)
    settings, problems = _fill(table, rule)
    if not problems:
        problems = list(contradictions(settings))
    if problems:
        raise SettingsError(source=source, problems=_placed(problems, text))
    return settings


def _parse(text: str, *, source: str) -> dict[str, object]:
    try:
        return tomllib.loads(text, parse_float=_exact)
    except tomllib.TOMLDecodeError as error:
        raise _syntax(error, source=source) from None
    except ValueError:
        # The TOML parser hands whole numbers to int(), which refuses thousands of digits.
        found, remedy = "a whole number of thousands of digits", "shorten it"
    except RecursionError:
        found, remedy = "brackets nested a thousand deep", "flatten the value"
    raise _refused(source, found=found, allowed="plain settings", remedy=remedy)


def _exact(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        # An exponent beyond every machine: no range allows it, like NaN.
        return Decimal("NaN")


def _syntax(error: tomllib.TOMLDecodeError, *, source: str) -> SettingsError:
    place = _PLACE.match(str(error))
    what = place["what"] if place else str(error)
    line = int(place["line"]) if place and place["line"] else None
    column = int(place["column"]) if place and place["column"] else None
    return _refused(
        source,
        found=f"text that is not TOML: {what}",
        allowed="key = value lines under [section] headers",
        remedy="correct the line",
        line=line,
        column=column,
    )


def _refused(  # noqa: PLR0913 - the fields of one Problem
    source: str,
    *,
    found: str,
    allowed: str,
    remedy: str,
    line: int | None = None,
    column: int | None = None,
) -> SettingsError:
    problem = Problem(key="", found=found, allowed=allowed, remedy=remedy, line=line, column=column)
    return SettingsError(source=source, problems=(problem,))


def _fill(table: Mapping[str, object], rule: _Rule) -> tuple[Settings, list[Problem]]:
    defaults = Settings()
    settings, problems = _fill_keys(defaults, table, "", rule)
    for member in fields(defaults):
        raw = table.get(member.name)
        if key_of(member) is not None or raw is None or not _is_read(member.name, rule):
            continue
        section, found = _fill_section(getattr(defaults, member.name), raw, member.name, rule)
        problems += found
        settings = replace(settings, **{member.name: section})
    return settings, problems


def _is_read(section: str, rule: _Rule) -> bool:
    return rule.sections is None or section in rule.sections


def _fill_section(
    defaults: Any,  # noqa: ANN401 - one of the section dataclasses
    raw: object,
    section: str,
    rule: _Rule,
) -> tuple[Any, list[Problem]]:
    if isinstance(raw, dict):
        return _fill_keys(defaults, cast("dict[str, object]", raw), section, rule)
    problem = Problem(
        key=section,
        found=show(raw),
        allowed=f"a section [{section}]",
        remedy="write it as a section header",
    )
    return defaults, [problem]


def _fill_keys(
    defaults: Any,  # noqa: ANN401 - Settings or one of the section dataclasses
    table: Mapping[str, object],
    section: str,
    rule: _Rule,
) -> tuple[Any, list[Problem]]:
    """Replace the defaults by the values of one table; wrong ones are listed instead."""
    members = {member.name: key_of(member) for member in fields(defaults)}
    problems = list(_unknown(table, members, section)) if rule.is_strict else []
    values: dict[str, object] = {}
    for name, declared in members.items():
        if declared is None or name not in table:
            continue
        refusal = judge(declared.kind, table[name])
        if refusal is None:
            values[name] = convert(declared.kind, table[name])
            continue
        problems.append(
            Problem(
                key=_path(section, name),
                found=refusal.found,
                allowed=describe(declared.kind),
                remedy=refusal.remedy,
            )
        )
    return replace(defaults, **values), problems


def _unknown(
    table: Mapping[str, object], members: Mapping[str, object], section: str
) -> Iterator[Problem]:
    for name, raw in table.items():
        if name in members:
            continue
        thing = "section" if isinstance(raw, dict) else "key"
        near = get_close_matches(name, members, n=1)
        yield Problem(
            key=_path(section, name[:_SHOWN_NAME]),
            found=f"an unknown {thing}",
            allowed="",
            remedy=f"did you mean {_path(section, near[0])}?" if near else "remove it",
        )


def _path(section: str, name: str) -> str:
    return f"{section}.{name}" if section else name


def _placed(problems: list[Problem], text: str) -> tuple[Problem, ...]:
    """Give each problem its line, and all of them the order of the file."""
    places = lines_of_keys(text)
    placed = [replace(problem, line=places.get(problem.key)) for problem in problems]
    return tuple(sorted(placed, key=lambda problem: problem.line or 0))
