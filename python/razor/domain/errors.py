"""Every error razor raises on purpose, and the facts each one carries.

Owns: the tree below :class:`RazorError`. Each class is also a child of its twin in the compiled
core, which raises the twin itself: ``except _core.DecodeError`` (or :data:`DELIBERATE` for all)
catches both worlds. Must never: hold key material, or text that a terminal would interpret (the
place that prints escapes, because it knows its medium).

Three families:

- *the user's turn*: :class:`SettingsError` — correct a file or an option and start again;
- *refused on purpose*: :class:`GateRefused`, :class:`CommandRefused`, :class:`OrderRefused`,
  :class:`RiskRefused`, :class:`HardStopped` — razor protects the account;
- *the world failed*: :class:`ControlError`, :class:`DecodeError`, :class:`JournalError`,
  :class:`StorageError`, :class:`VenueError` — bad data, disk, network.

A bug is none of these: it is an ordinary Python exception and ends the process.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, is_dataclass
from pathlib import PurePath
from typing import Final, TypeAlias, cast

from razor import _core

__all__ = [
    "DELIBERATE",
    "HARD_STOPS",
    "REFUSALS",
    "USER_ERRORS",
    "CommandRefused",
    "ControlError",
    "Corrupt",
    "DecodeError",
    "Gap",
    "GateRefused",
    "HardStopped",
    "JournalError",
    "JsonValue",
    "OrderRefused",
    "Problem",
    "RazorError",
    "Rejected",
    "RiskRefused",
    "SettingsError",
    "StorageError",
    "Throttled",
    "Unreachable",
    "VenueError",
    "facts_of",
    "message_of",
    "remedy_of",
]

# No float on purpose: an amount that leaves razor as JSON is an integer or exact text.
JsonValue: TypeAlias = "bool | int | str | Sequence[JsonValue] | Mapping[str, JsonValue] | None"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing wrong in a settings file, an option or an environment variable.

    ``key`` is the dotted path (empty: the whole source), ``line`` and ``column`` count from 1 and
    are ``None`` where the place is unknown.
    """

    key: str
    found: str
    allowed: str
    remedy: str
    line: int | None = None
    column: int | None = None

    def sentence(self) -> str:
        """Give the problem as one line: place, key, what was found, what is allowed, what to do."""
        place = "" if self.line is None else f"line {self.line}"
        if self.column is not None:
            place += f", column {self.column}"
        subject = ": ".join(part for part in (place, self.key) if part)
        allowed = f"; allowed: {self.allowed}" if self.allowed else ""
        remedy = f"; {self.remedy}" if self.remedy else ""
        return (
            f"{subject}: found {self.found}{allowed}{remedy}"
            if subject
            else (f"found {self.found}{allowed}{remedy}")
        )


class RazorError(_core.RazorError):
    """Root of all errors razor raises on purpose.

    ``message`` says what happened in one sentence, ``remedy`` what the user can do (may be empty).
    """

    def __init__(self, message: str, *, remedy: str = "") -> None:
        """Keep the sentence and the remedy."""
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        """Message and remedy as one text."""
        return f"{self.message}; {self.remedy}" if self.remedy else self.message


class SettingsError(RazorError, _core.SettingsError):
    """A settings file, option or environment variable cannot be used.

    ``source`` names the file (or ``environment``), ``problems`` lists everything found wrong in
    it at once, so that one correction round is enough.
    """

    def __init__(self, *, source: str, problems: Sequence[Problem]) -> None:
        """Build the message from the problems; there is at least one."""
        count = len(problems)
        noun = "problem" if count == 1 else "problems"
        lines = "".join(f"\n  {problem.sentence()}" for problem in problems)
        super().__init__(f"{source}: {count} {noun}{lines}")
        self.source = source
        self.problems = tuple(problems)


class DecodeError(RazorError, _core.DecodeError):
    """A frame, table or capture line cannot be read.

    ``source`` names the file or connection; ``offset`` (bytes) or ``line`` (from 1) where known.
    """

    def __init__(
        self,
        message: str,
        *,
        source: str = "",
        offset: int | None = None,
        line: int | None = None,
        remedy: str = "",
    ) -> None:
        """Keep where the undecodable input stands."""
        super().__init__(message, remedy=remedy)
        self.source = source
        self.offset = offset
        self.line = line


class JournalError(RazorError, _core.JournalError):
    """The journal cannot be read or written; ``path`` names the segment."""

    def __init__(self, message: str, *, path: str = "", remedy: str = "") -> None:
        """Keep the segment's path."""
        super().__init__(message, remedy=remedy)
        self.path = path


class Corrupt(JournalError, _core.Corrupt):
    """A journal record fails its checksum or the chain; ``offset`` in bytes of the segment."""

    def __init__(
        self, message: str, *, path: str = "", offset: int | None = None, remedy: str = ""
    ) -> None:
        """Keep the first bad offset."""
        super().__init__(message, path=path, remedy=remedy)
        self.offset = offset


class Gap(JournalError, _core.Gap):
    """Journal records are missing: after sequence ``prev`` came ``found``."""

    def __init__(
        self, message: str, *, prev: int, found: int, path: str = "", remedy: str = ""
    ) -> None:
        """Keep both sequence numbers."""
        super().__init__(message, path=path, remedy=remedy)
        self.prev = prev
        self.found = found


class GateRefused(RazorError):
    """A start or a verdict check is refused; ``shut`` names the gates that are shut."""

    def __init__(self, message: str, *, shut: Sequence[str], remedy: str = "") -> None:
        """Keep the names of the shut gates."""
        super().__init__(message, remedy=remedy)
        self.shut = tuple(shut)


class OrderRefused(RazorError, _core.OrderRefused):
    """The order machine refuses an order or an event; ``reason`` is a reason code."""

    def __init__(self, message: str, *, reason: str, remedy: str = "") -> None:
        """Keep the reason code."""
        super().__init__(message, remedy=remedy)
        self.reason = reason


class RiskRefused(RazorError, _core.RiskRefused):
    """A cap stops an action; ``guard`` is the invariant's name, for example ``S-01``."""

    def __init__(self, message: str, *, guard: str, remedy: str = "") -> None:
        """Keep the guard's name."""
        super().__init__(message, remedy=remedy)
        self.guard = guard


class HardStopped(RazorError):
    """Trading ended in HardStop; only an operator with a reason leaves it."""

    def __init__(self, message: str, *, reason: str, remedy: str = "") -> None:
        """Keep the reason of the stop."""
        super().__init__(message, remedy=remedy)
        self.reason = reason


class CommandRefused(RazorError):
    """A running process refuses an operator's command; ``reason`` is a word for programs.

    ``unresolved`` counts what keeps a clear out.
    """

    def __init__(self, message: str, *, reason: str, unresolved: int = 0, remedy: str = "") -> None:
        """Keep the reason code and the count."""
        super().__init__(message, remedy=remedy)
        self.reason = reason
        self.unresolved = unresolved


class ControlError(RazorError):
    """There is no running process to talk to, or it does not answer; ``cause`` is a word.

    ``NO_PROCESS`` nobody listens, ``NO_ANSWER`` it is unknown what a command did, ``FOREIGN`` the
    socket is not this user's, ``VERSION`` the answer is of another razor.
    """

    def __init__(self, message: str, *, cause: str, remedy: str = "") -> None:
        """Keep the cause."""
        super().__init__(message, remedy=remedy)
        self.cause = cause


class VenueError(RazorError, _core.VenueError):
    """The venue answered with an error or not at all; ``endpoint`` is method and path."""

    def __init__(
        self, message: str, *, endpoint: str, status: int | None = None, remedy: str = ""
    ) -> None:
        """Keep the endpoint and the HTTP status, ``None`` when there was no answer."""
        super().__init__(message, remedy=remedy)
        self.endpoint = endpoint
        self.status = status


class Rejected(VenueError, _core.Rejected):
    """The venue understood the call and refused it."""


class Throttled(VenueError, _core.Throttled):
    """The venue asks to slow down; ``retry_after_ms`` is its wish, ``None`` when unstated."""

    def __init__(
        self,
        message: str,
        *,
        endpoint: str,
        status: int | None = None,
        retry_after_ms: int | None = None,
        remedy: str = "",
    ) -> None:
        """Keep the venue's wish for the next call."""
        super().__init__(message, endpoint=endpoint, status=status, remedy=remedy)
        self.retry_after_ms = retry_after_ms


class Unreachable(VenueError, _core.Unreachable):
    """No answer in time: nothing is known about what the call did."""


class StorageError(RazorError, _core.StorageError):
    """The disk refuses a file operation; ``path`` and ``cause`` (the system's words) say which."""

    def __init__(self, message: str, *, path: PurePath, cause: str, remedy: str) -> None:
        """Keep the path and the system's words."""
        super().__init__(message, remedy=remedy)
        self.path = str(path)
        self.cause = cause


# The three families, for whoever turns an error into an exit code. An error of razor that is in
# none of the first three is a fault of the world.
DELIBERATE: Final = (_core.RazorError,)
USER_ERRORS: Final = (_core.SettingsError,)
REFUSALS: Final = (GateRefused, CommandRefused, _core.OrderRefused, _core.RiskRefused)
HARD_STOPS: Final = (HardStopped,)


def facts_of(error: BaseException) -> dict[str, JsonValue]:
    """Give an error's class, message, remedy and all its attributes, ready for JSON."""
    facts: dict[str, JsonValue] = {
        "error": type(error).__name__,
        "message": message_of(error),
        "remedy": remedy_of(error),
    }
    facts.update((name, _plain(value)) for name, value in vars(error).items())
    return facts


def message_of(error: BaseException) -> str:
    """Give the sentence of an error without its remedy; errors of the core have one text."""
    return error.message if isinstance(error, RazorError) else str(error)


def remedy_of(error: BaseException) -> str:
    """Give what the user can do, empty where the error does not say it apart."""
    return error.remedy if isinstance(error, RazorError) else ""


def _plain(value: object) -> JsonValue:
    """Reduce an attribute to what JSON can say."""
    match value:
        case None | bool() | int() | str():
            return value
        case list() | tuple():
            return [_plain(item) for item in cast("Sequence[object]", value)]
        case _ if is_dataclass(value) and not isinstance(value, type):
            return {name: _plain(part) for name, part in asdict(value).items()}
        case _:
            return str(value)
