"""From an error to an exit code and one message.

Owns: :class:`ExitCode` and the only table from error classes to codes. Must never: show a
traceback unless ``--debug`` was given, or print text from outside unescaped.
"""

import traceback
from dataclasses import dataclass
from enum import IntEnum

import click

from razor.app.console import Console
from razor.app.stop import ForcedStop
from razor.domain.errors import (
    DELIBERATE,
    HARD_STOPS,
    REFUSALS,
    USER_ERRORS,
    JsonValue,
    facts_of,
    message_of,
    remedy_of,
)

__all__ = ["ExitCode", "Style", "exit_code_of", "report"]


class ExitCode(IntEnum):
    """What the caller of razor learns without reading a word."""

    DONE = 0
    REFUSED = 1
    USAGE = 2
    FAULT = 3
    HARD_STOP = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """How errors of this start are shown; read from the arguments before they are parsed."""

    is_json: bool
    is_debug: bool

    @classmethod
    def of(cls, arguments: list[str]) -> "Style":
        """Look for ``--json`` and ``--debug`` before a ``--`` that ends the options."""
        options = arguments[: arguments.index("--")] if "--" in arguments else arguments
        return cls(is_json="--json" in options, is_debug="--debug" in options)


def exit_code_of(error: BaseException) -> ExitCode:
    """Give the exit code of an error; whatever is not listed is a fault."""
    if isinstance(error, REFUSALS):
        return ExitCode.REFUSED
    if isinstance(error, (*USER_ERRORS, click.UsageError)):
        return ExitCode.USAGE
    return ExitCode.HARD_STOP if isinstance(error, HARD_STOPS) else ExitCode.FAULT


def report(error: BaseException, *, console: Console, style: Style) -> ExitCode:
    """Show an error once and give its exit code."""
    code = exit_code_of(error)
    if style.is_debug:
        console.notice("".join(traceback.format_exception(error)).rstrip())
    if style.is_json:
        console.error_json({**_facts(error), "exit_code": int(code)})
    else:
        console.notice(_text(error))
    return code


def _facts(error: BaseException) -> dict[str, JsonValue]:
    if isinstance(error, DELIBERATE):
        return facts_of(error)
    return {"error": type(error).__name__, "message": _message(error), "remedy": _remedy(error)}


def _text(error: BaseException) -> str:
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        return error.format_message()
    remedy = _remedy(error)
    return f"error: {_message(error)}" + (f"\n  remedy: {remedy}" if remedy else "")


def _message(error: BaseException) -> str:
    if isinstance(error, DELIBERATE):
        return message_of(error)
    match error:
        case click.ClickException():
            return error.format_message()
        case ForcedStop():
            return f"broken off by a second {error}: the last records may not be flushed"
        case MemoryError():
            return "out of memory"
        case _:
            return f"razor has a bug: {type(error).__name__}: {error}{_place(error)}"


def _remedy(error: BaseException) -> str:
    if isinstance(error, DELIBERATE):
        return remedy_of(error)
    match error:
        case click.UsageError(ctx=click.Context() as context):
            return f"see {context.command_path} --help"
        case click.ClickException():
            return ""
        case ForcedStop():
            return "the next start recovers what was durable"
        case MemoryError():
            return "give razor more memory or smaller input"
        case _:
            return "start again with --debug and report what it shows"


def _place(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    return f" (line {frames[-1].lineno} of {frames[-1].name})" if frames else ""
