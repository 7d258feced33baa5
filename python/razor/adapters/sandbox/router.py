"""Calls in, answers out: which handler a method and a path lead to.

Owns: `Answer`, `Route` and `Router`. Paths are matched as they stand: one that is not listed, with
other letters, doubled or dotted segments or escapes, is not found.

Must never: read a socket or a clock.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeVar

import msgspec

from razor.adapters.sandbox.keys import Call
from razor.adapters.sandbox.refusal import INVALID_PAYLOAD, Refused

MAX_SEGMENT: Final = 128
"""Characters of the variable end of a path: ids of the venue have at most 78."""


Body = TypeVar("Body")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What goes back: status, exact bytes and headers."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    media: str = "application/json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A call with its query (first value of each name) and the variable end of its path."""

    call: Call
    query: Mapping[str, str]
    tail: str
    caller: str
    every: Mapping[str, Sequence[str]] = field(default_factory=dict[str, Sequence[str]])
    """All values of names that came more than once, as lists on Gamma do."""

    def values(self, name: str) -> Sequence[str]:
        """All values of a query parameter, in order; none where it is missing or empty."""
        one = self.query.get(name, "")
        return self.every.get(name) or ([one] if one else [])

    def read(self, kind: type[Body], text: str = INVALID_PAYLOAD) -> Body:
        """The body as a value of `kind`; `Refused` 400 with `text` for anything else."""
        try:
            return msgspec.json.decode(self.call.body, type=kind)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as bad:
            raise Refused(400, text) from bad

    def need(self, name: str, text: str) -> str:
        """The value of a query parameter; `Refused` 400 with `text` where it is missing."""
        value = self.query.get(name, "")
        if not value:
            raise Refused(400, text)
        return value


Handler = Callable[[Request], object]
"""Gives a value to be written as JSON, or an `Answer` as it stands."""


class Router:
    """Handlers by method and path; a path that ends in `/` takes one more segment."""

    def __init__(self) -> None:
        self._handlers: dict[tuple[str, str], Handler] = {}

    def add(self, method: str, path: str, handler: Handler) -> None:
        """List a handler; each method and path once."""
        if (method, path) in self._handlers:
            raise ValueError(f"{method} {path} is listed twice")
        self._handlers[method, path] = handler

    def listed(self) -> list[tuple[str, str]]:
        """Methods and paths in order of listing."""
        return list(self._handlers)

    def route(self, method: str, path: str) -> tuple[str, str, Handler]:
        """Path as listed, variable end, handler; `Refused` 404 or 405 for what is not listed."""
        handler = None if path.endswith("/") else self._handlers.get((method, path))
        if handler is not None:
            return path, "", handler
        base, slash, tail = path.rpartition("/")
        listed = base + slash
        if _is_plain(tail) and (found := self._handlers.get((method, listed))) is not None:
            return listed, tail, found
        if any(other in {path, listed} for _, other in self._handlers):
            raise Refused(405, "method not allowed")
        raise Refused(404, "404 page not found")


def answer_of(value: object) -> Answer:
    """The answer of a handler: JSON unless it is one already."""
    if isinstance(value, Answer):
        return value
    return Answer(status=200, body=msgspec.json.encode(value))


def refusal_answer(refused: Refused) -> Answer:
    """The answer of a refusal: its text under `error`, and what stands beside it."""
    if refused.is_plain:
        text = refused.text.encode()
        return Answer(status=refused.status, body=text, headers=refused.headers, media="text/plain")
    body = msgspec.json.encode({"error": refused.text, **refused.body})
    return Answer(status=refused.status, body=body, headers=refused.headers)


def _is_plain(segment: str) -> bool:
    """Whether a segment is a short word of letters, digits, `-` and `_`: no dots, no escapes."""
    word = segment.replace("-", "").replace("_", "")
    return len(segment) <= MAX_SEGMENT and word.isascii() and word.isalnum()
