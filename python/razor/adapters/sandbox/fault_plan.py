"""Fault plans of the local exchange: what goes wrong when, as a TOML file says it.

Owns: `PlannedFault`, `PlannedWire`, `Plan` and `read_plan`. The codes are those of `fault_codes`.

Must never: guess. An unknown key, code or word is an error that names file, line, key and remedy.

A plan is a list of tables::

    [[fault]]
    code = "F-13"
    nth = 3  # the third call (or frame) that matches; or exactly one of
    # every = 5        # every fifth, 1 is each
    # at = "12s"       # the first one from then on: time of the venue since its start
    # between = ["1m", "90s"]
    path = "/order"  # what it is about: service, method, path, token, market, body, attempt
    times = 2  # at most so often; 0 or absent is without end (once for nth and at)

    [[wire]]
    service = "clob"
    kind = "latency"
    between = ["10s", "20s"]
    ms = 200
    jitter_ms = 50
    direction = "down"
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from decimal import Decimal, InvalidOperation
from typing import Final, Literal

import msgspec

from razor.adapters.sandbox.fault_codes import CODES, ELSEWHERE, CodeSpec
from razor.domain.errors import Problem, SettingsError

MOST_LINES: Final = 1_000
_MOST: Final = 2**53
_NS: Final = {"ms": 1_000_000, "s": 1_000_000_000, "m": 60_000_000_000, "h": 3_600_000_000_000}
_DURATION: Final = re.compile(r"(\d{1,9})(ms|s|m|h)")
_WHEN: Final = ("nth", "every", "at", "between")
_WHERE: Final = ("service", "method", "path", "token", "market", "body", "attempt")
_TABLE: Final = re.compile(r"^\s*\[\[\s*(fault|wire)\s*\]\]")

Spender = Literal[
    "exchange", "neg_risk_exchange", "exchange_v3", "adapter", "neg_risk_adapter", "router"
]
Direction = Literal["up", "down", "both"]
"""`up` is from the client to the exchange."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedFault:
    """One fault: what, when, about which calls or frames, how hard, how often.

    Exactly one of `nth`, `every`, `at` and `between` is given. Durations are text; times with `ms`
    in their name are whole milliseconds of the venue's clock.
    """

    code: str
    kind: str = ""
    """A kind of the code; empty is the usual one."""
    nth: int | None = None
    """The n-th that matches, from 1."""
    every: int | None = None
    """Every n-th that matches, from 1."""
    at: str | None = None
    """The first one from then on."""
    between: tuple[str, str] | None = None
    """Start and end of a window; the end is outside."""
    service: str | None = None
    """Name of the service; None is the usual one of the code, or any."""
    method: str | None = None
    """HTTP method."""
    path: str | None = None
    """Path as it is asked; one that ends in `/` takes what follows."""
    token: str | None = None
    """Token id, in what is struck; for the venue itself also the one that is meant."""
    market: str | None = None
    """Condition id or one of its tokens, as `token`."""
    body: str | None = None
    """Any text of body, query or path, in any case of letters."""
    attempt: int | None = None
    """Only the n-th copy of the same call, from 1."""
    times: int = 0
    """Strikes at most; 0 is without end, but once for `nth` and `at`."""
    ms: int | None = None
    """How long, or how old; the usual length of the code where it is None."""
    to_ms: int | None = None
    """With `ms` the other end of what is drawn."""
    tail_ms: int | None = None
    """Length of the post-only mode after a restart."""
    at_byte: int | None = None
    """Bytes of the answer, its head included, that still go out."""
    copies: int | None = None
    """Repetitions beside the one there would be, from 1."""
    over: int | None = None
    """Tokens of a connection above which it gets no snapshot."""
    rows: int | None = None
    """Rows that are left of a page, from 1."""
    micros: int | None = None
    """Micro-shares beyond the truth."""
    seconds: int | None = None
    """How far the clock is ahead; negative is behind."""
    accepted: bool = True
    """Whether the order is taken behind the error."""
    form: Literal["error", "false", "leg"] = "error"
    """Of a refusal: 400, 200 with `success` false, or the leg of a batch."""
    tick: str | None = None
    """The new grid."""
    payout: Literal["yes", "no", "half"] = "half"
    """Of a resolution."""
    qty: str | None = None
    """Shares that are left, above 0, at most six places."""
    amount: str | None = None
    """Dollars, or shares of a token, above 0, at most six places; None is all there is."""
    wallet: str | None = None
    """Address of an account; None is the one that ordered last."""
    spender: Spender = "exchange"
    """Contract that loses its approval."""

    @property
    def spec(self) -> CodeSpec:
        """What its code does."""
        return CODES[self.code]

    @property
    def name(self) -> str:
        """Code and kind, as logs say it."""
        kind = self.kind or next(iter(self.spec.kinds), "")
        return f"{self.code}/{kind}" if kind else self.code

    @property
    def is_kind(self) -> str:
        """The kind, the usual one where the plan names none."""
        return self.kind or next(iter(self.spec.kinds), "")


WIRE_KINDS: Final = {
    "latency": "bytes come `ms` later, give or take `jitter_ms`, in order",
    "bandwidth": "at most `rate` bytes a second",
    "slice": "in pieces of at most `size` bytes, `ms` apart",
    "reset": "after `at_byte` bytes the connection is reset",
    "truncate": "after `at_byte` bytes the connection is closed, whole segments before it",
    "half_open": "after `at_byte` bytes nothing comes any more and nothing is closed",
    "blackhole": "what is sent is taken and lost; new connections are taken, too",
    "refuse": "new connections are reset at once",
}
"""What the proxy does to bytes, one line each."""
_WIRE_PARAMS: Final = {
    "latency": ("ms", "jitter_ms"),
    "bandwidth": ("rate",),
    "slice": ("size", "ms"),
    "reset": ("at_byte",),
    "truncate": ("at_byte",),
    "half_open": ("at_byte",),
    "blackhole": (),
    "refuse": (),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedWire:
    """One fault of the wire of a service; times are those of the venue's clock."""

    service: str
    kind: str
    """One of `WIRE_KINDS`."""
    direction: Direction = "both"
    """Which way the bytes go that it strikes."""
    between: tuple[str, str] | None = None
    """Window of the venue's time since its start; None is always."""
    nth: int | None = None
    """Only this connection, counted from 1 over all services."""
    ms: int = 0
    """Milliseconds of latency, or between slices."""
    jitter_ms: int = 0
    """Milliseconds that latency varies by, to either side."""
    rate: int = 0
    """Bytes a second, from 1."""
    size: int = 0
    """Bytes of a slice, from 1."""
    at_byte: int = 0
    """Bytes of one connection and direction before it strikes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Everything that a file plans, in its order."""

    faults: tuple[PlannedFault, ...] = ()
    wires: tuple[PlannedWire, ...] = ()

    @property
    def mine_ms(self) -> tuple[int, int] | None:
        """Least and most time from a match to its block; None is as usual (F-51)."""
        for fault in self.faults:
            if fault.code == "F-51" and fault.ms is not None:
                return fault.ms, fault.to_ms or fault.ms
        return None


_WHOLES: Final = frozenset(
    (
        *("nth", "every", "attempt", "times", "ms", "to_ms", "tail_ms", "at_byte", "copies"),
        *("over", "rows", "micros", "jitter_ms", "rate", "size"),
    )
)
_FROM_ONE: Final = frozenset(("nth", "every", "attempt", "copies", "rows", "rate", "size"))
_WORDS: Final = {
    "form": ("error", "false", "leg"),
    "payout": ("yes", "no", "half"),
    "spender": (
        *("exchange", "neg_risk_exchange", "exchange_v3"),
        *("adapter", "neg_risk_adapter", "router"),
    ),
    "direction": ("up", "down", "both"),
    "tick": ("0.1", "0.01", "0.005", "0.0025", "0.001", "0.0001"),
}


def duration_ns(text: str) -> int:
    """Nanoseconds of `12s`, `250ms`, `2m` or `1h`; `ValueError` for anything else."""
    found = _DURATION.fullmatch(text)
    if found is None:
        raise ValueError(text)
    return int(found.group(1)) * _NS[found.group(2)]


def read_plan(text: str, *, source: str) -> Plan:
    """Read a plan.

    Errors: `SettingsError` naming line and `fault[n].key` of every problem there is.
    """
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        problem = Problem(key="(file)", found=str(error), allowed="TOML", remedy="correct the file")
        raise SettingsError(source=source, problems=[problem]) from None
    reading = _Reading(text)
    rows = {name: _rows(tables.get(name, [])) for name in ("fault", "wire")}
    faulty, wiry = rows["fault"], rows["wire"]
    if set(tables) - set(rows) or faulty is None or wiry is None:
        problem = Problem(
            key="(file)",
            found=", ".join(sorted(tables))[:80],
            allowed=f"[[fault]] and [[wire]] tables, at most {MOST_LINES} of each, nothing else",
            remedy="write each fault as a [[fault]] table",
        )
        raise SettingsError(source=source, problems=[problem])
    faults = [reading.fault(number, row) for number, row in enumerate(faulty, start=1)]
    wires = [reading.wire(number, row) for number, row in enumerate(wiry, start=1)]
    if reading.problems:
        raise SettingsError(source=source, problems=reading.problems)
    return Plan(
        faults=tuple(it for it in faults if it is not None),
        wires=tuple(it for it in wires if it is not None),
    )


def _rows(value: object) -> list[Mapping[str, object]] | None:
    """The tables of one name; None where it is anything else, or too many."""
    try:
        rows = msgspec.convert(value, list[dict[str, object]])
    except msgspec.ValidationError:
        return None
    return [*rows] if len(rows) <= MOST_LINES else None


class _Reading:
    """A plan being read: its text, for the lines, and the problems so far."""

    def __init__(self, text: str) -> None:
        self._lines = text.splitlines()
        self.problems: list[Problem] = []

    def fault(self, number: int, row: Mapping[str, object]) -> PlannedFault | None:
        """Read one fault; None where anything is wrong with it."""
        before = len(self.problems)
        self._check_keys("fault", number, row, {field.name for field in fields(PlannedFault)})
        code = row.get("code")
        if not isinstance(code, str) or code not in CODES:
            self._refuse_code(number, code)
            return None
        self._check_when(number, row)
        self._check_params(number, row, CODES[code])
        return msgspec.convert(row, PlannedFault) if len(self.problems) == before else None

    def wire(self, number: int, row: Mapping[str, object]) -> PlannedWire | None:
        """Read one fault of the wire; None where anything is wrong with it."""
        before = len(self.problems)
        self._check_keys("wire", number, row, {field.name for field in fields(PlannedWire)})
        kind = row.get("kind")
        if not isinstance(kind, str) or kind not in WIRE_KINDS:
            self._add("wire", number, "kind", kind, ", ".join(WIRE_KINDS))
            return None
        if "service" not in row:
            self._add("wire", number, "service", "nothing", "clob, gamma or another service")
        params = _WIRE_PARAMS[kind]
        for key in ("ms", "jitter_ms", "rate", "size", "at_byte"):
            if key in row and key not in params:
                self._add("wire", number, key, key, f"for {kind}: {', '.join(params) or 'none'}")
        for key in set(params) & {"rate", "size"} - set(row):
            self._add("wire", number, key, "nothing", f"{key} of {kind}, a whole number from 1")
        return msgspec.convert(row, PlannedWire) if len(self.problems) == before else None

    def _refuse_code(self, number: int, code: object) -> None:
        """Say of a code that another part raises who does, of any other which there are."""
        where = ELSEWHERE.get(code) if isinstance(code, str) else None
        allowed, remedy = ", ".join(CODES), "name a code of FAULTS that the exchange raises"
        if where is not None:
            allowed, remedy = "a code that the local exchange raises", where
        self._add("fault", number, "code", code, allowed, remedy)

    def _check_keys(
        self, table: str, number: int, row: Mapping[str, object], known: set[str]
    ) -> None:
        for key, value in row.items():
            if key not in known:
                self._add(table, number, key, key, ", ".join(sorted(known)))
                continue
            form = _form_of(key)
            if not _has_form(key, value):
                self._add(table, number, key, value, form)

    def _check_when(self, number: int, row: Mapping[str, object]) -> None:
        """Two times would leave open which one counts, none when it comes at all."""
        given = [key for key in _WHEN if key in row]
        if len(given) != 1:
            found = ", ".join(given) or "none"
            key = given[1] if given else "nth"
            self._add("fault", number, key, found, "one of nth, every, at, between")

    def _check_params(self, number: int, row: Mapping[str, object], spec: CodeSpec) -> None:
        """A parameter that the code does not read would do nothing, and nobody would notice."""
        kind = row.get("kind", "")
        if kind and kind not in spec.kinds:
            allowed = ", ".join(spec.kinds) or "no kind for this code"
            self._add("fault", number, "kind", kind, allowed)
        allowed_keys = {"code", "kind", "times", *_WHEN, *_WHERE, *spec.params}
        for key in row:
            if key not in allowed_keys and key in {field.name for field in fields(PlannedFault)}:
                takes = ", ".join(spec.params) or "no parameters"
                self._add("fault", number, key, key, f"for {row['code']}: {takes}")
        for key in spec.needs:
            if key not in row:
                self._add("fault", number, key, "nothing", f"{key}, which {row['code']} needs")
        least, most = row.get("ms"), row.get("to_ms")
        if isinstance(most, int) and not (isinstance(least, int) and least <= most):
            self._add("fault", number, "to_ms", most, "a whole number from ms, beside ms")

    def _add(  # noqa: PLR0913, PLR0917 - what a problem has
        self,
        table: str,
        number: int,
        key: str,
        found: object,
        allowed: str,
        remedy: str = "correct the plan",
    ) -> None:
        self.problems.append(
            Problem(
                key=f"{table}[{number}].{key}",
                found=repr(found)[:80],
                allowed=allowed,
                remedy=remedy,
                line=self._line(table, number, key),
            )
        )

    def _line(self, table: str, number: int, key: str) -> int | None:
        """The line of a key of the n-th table, or of the table where the key does not stand."""
        start, seen = None, 0
        for at, line in enumerate(self._lines, start=1):
            found = _TABLE.match(line)
            if found is not None and start is not None:
                break
            if found is not None and found.group(1) == table:
                seen += 1
                start = at if seen == number else None
            elif start is not None and re.match(rf"\s*{re.escape(key)}\s*=", line):
                return at
        return start


def _has_form(key: str, value: object) -> bool:
    """Whether a value has the form of its key; a truth value is no number here."""
    is_whole = isinstance(value, int) and not isinstance(value, bool) and abs(value) <= _MOST
    if key in _WHOLES:
        return is_whole and isinstance(value, int) and value >= (key in _FROM_ONE)
    if key == "seconds":
        return is_whole
    if key == "accepted":
        return isinstance(value, bool)
    if key == "between":
        return _is_window(value)
    if not isinstance(value, str):
        return False
    if key in _WORDS:
        return value in _WORDS[key]
    if key == "at":
        return _DURATION.fullmatch(value) is not None
    return key not in {"qty", "amount"} or _is_micros(value)


def _is_window(value: object) -> bool:
    """Whether a value is two durations, the first one earlier."""
    try:
        first, last = msgspec.convert(value, tuple[str, str])
        return duration_ns(first) < duration_ns(last)
    except (msgspec.ValidationError, ValueError):
        return False


def _is_micros(text: str) -> bool:
    """Whether a text is an amount above 0 in whole millionths."""
    try:
        value = Decimal(text)
    except InvalidOperation:
        return False
    micros = value.scaleb(6)
    return value.is_finite() and 0 < micros <= _MOST and micros == micros.to_integral_value()


def _form_of(key: str) -> str:
    """The form of a key in words."""
    if key in _WORDS:
        return ", ".join(_WORDS[key])
    if key in _WHOLES:
        return f"a whole number from {int(key in _FROM_ONE)}"
    return {
        "seconds": "a whole number, negative is behind",
        "accepted": "true or false",
        "between": 'two durations, the first one earlier, such as ["10s", "2m"]',
        "at": "a duration such as 250ms, 12s, 2m or 1h",
        "qty": "a decimal above 0 in quotes, at most 6 places",
        "amount": "a decimal above 0 in quotes, at most 6 places",
    }.get(key, "text in quotes")
