"""Every fault of the catalogue that the local exchange can raise, and where the others are raised.

Owns: `CODES` (what a code does here, its kinds and parameters) and `ELSEWHERE`.

Must never: list a kind or a parameter that no effect reads; a test raises every one of them.

A code is what the catalogue of faults calls a symptom; a kind is one way to bring it about. The
line of a code names its parameters in backquotes and usual values in brackets: it is what the verb
`razor sandbox faults` and docs/SANDBOX_FAULTS.md show. Texts of the venue stand here as they were
seen (PROTOCOL §4.8), since whoever reads answers goes by their words.

What is only a law of the exchange, as F-51, holds from the start: a plan cannot change it midway.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Final


class Seam(Enum):
    """Where a fault takes hold."""

    CALL = "call"
    """Between a call and its handler."""
    MARKET = "market frame"
    """Frames of the market channel, snapshots included."""
    USER = "user frame"
    """Frames of the user channel."""
    VENUE = "venue"
    """The venue itself; at a time, or just before a call that matches is handled."""
    TRADE = "trade"
    """A match of an account with an API key, before its first frame goes out."""
    LAW = "whole run"
    """A law of the exchange from its start to its end; when it strikes is not looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeSpec:
    """One code: where it takes hold, one line of what it does, its kinds (the first is usual)."""

    seam: Seam
    what: str
    """What happens, in one line."""
    kinds: tuple[str, ...] = ()
    """Ways to bring it about; none where there is one."""
    params: tuple[str, ...] = ()
    """Keys of a plan that it reads beside when and where."""
    paths: tuple[tuple[str, str], ...] = ()
    """Methods and paths it is about where the plan names neither; `*` is any method."""
    service: str = ""
    """Service it is about where the plan names none."""
    by_kind: Mapping[str, tuple[tuple[str, str], ...]] = field(
        default_factory=dict[str, tuple[tuple[str, str], ...]]
    )
    """Paths of kinds that have others than their code."""
    needs: tuple[str, ...] = ()
    """Keys that a plan must give, because no usual value makes sense."""


_ORDER: Final = (("POST", "/order"), ("POST", "/orders"))
_CANCEL: Final = (
    ("DELETE", "/order"),
    ("DELETE", "/orders"),
    ("DELETE", "/cancel-all"),
    ("DELETE", "/cancel-market-orders"),
)
_BOOK: Final = (("GET", "/book"), ("POST", "/books"))
_TRADES: Final = (("GET", "/trades"), ("GET", "/data/trades"))
_BALANCE: Final = (("GET", "/balance-allowance"), ("GET", "/balance-allowance/update"))
_BEAT: Final = (("POST", "/v1/heartbeats"), ("POST", "/heartbeats"))
_LOGIN: Final = (
    *_ORDER,
    *_CANCEL,
    *_BALANCE,
    *_BEAT,
    ("GET", "/data/orders"),
    ("GET", "/data/trades"),
)
_AUTH: Final = (("GET", "/auth/derive-api-key"), ("POST", "/auth/api-key"))

REFUSALS: Final = {
    "payload": "Invalid order payload",
    "owner": "the order owner has to be the owner of the API KEY",
    "signer": "the order signer address has to be the address of the API KEY",
    "banned": "'{wallet}' address banned",
    "closed_only": "'{wallet}' address in closed only mode",
    "tick": "order {id} is invalid. Price (0.123456) breaks minimum tick size rule: 0.01",
    "size": "order {id} is invalid. Size (1) lower than the minimum: 5",
    "expiration": "invalid expiration",
    "nonce": "invalid nonce",
    "canceled": "order canceled in the CTF exchange contract",
    "not_ready": "the market is not yet ready to process new orders",
}
"""Texts that prove that an order was not taken (F-19)."""
KILLS: Final = {
    "fak": "no orders found to match with FAK order. FAK orders are partially filled or killed if no match is found.",  # noqa: E501 - the venue's text
    "fok": "order couldn't be fully filled. FOK orders are fully filled or killed.",
    "none": "there are no matching orders",
}
"""What is said of an order that found nothing to match with (F-22)."""
ERRORS: Final = {
    "execution": (500, "could not run the execution"),
    "insert": (500, "could not insert order"),
    "timed_out": (500, "order timed out"),
    "bad_gateway": (502, ""),
    "gateway_timeout": (504, ""),
    "unavailable": (503, ""),
}
"""5xx answers (F-17); those without a text come from the edge, as HTML."""
MASKED: Final = {
    "canceled": (400, "context canceled"),
    "not_found": (404, "could not insert order: market not found"),
    "unauthorized": (401, "upstream says unauthorized"),
}
"""What the gateway makes of texts that hold certain words, whatever the status was (F-18)."""
ROUNDINGS: Final = {
    "rounding": (500, "the trade contains rounding issues"),
    "discrepancy": (
        500,
        "the price of the taker's order has a discrepancy greater than allowed with the worst maker order",  # noqa: E501 - the venue's text
    ),
    "min_dollar": (400, "invalid amount for a marketable BUY order ($0.5), min size: $1"),
    "accuracy": (
        400,
        "invalid amounts, the market buy orders maker amount supports a max accuracy of 2 decimals, taker amount a max of 4 decimals",  # noqa: E501 - the venue's text
    ),
}
"""Refusals of what a client computed, not of what it wanted (F-27)."""

CODES: Final = {
    # Market data: what a book is made of is late, lost, wrong or of another market.
    "F-01": CodeSpec(
        seam=Seam.MARKET, what="no market frame at all; PING is still answered with PONG"
    ),
    "F-02": CodeSpec(seam=Seam.MARKET, what="frames of one token are left out", needs=("token",)),
    "F-03": CodeSpec(
        seam=Seam.MARKET,
        what="no initial snapshot for a connection with more than `over` tokens (500)",
        params=("over",),
    ),
    "F-04": CodeSpec(
        seam=Seam.MARKET,
        what="a delta is lost, doubled, swapped with the next one, or its connection is cut",
        kinds=("drop", "duplicate", "swap", "cut"),
    ),
    "F-05": CodeSpec(
        seam=Seam.MARKET,
        what="a frame is malformed: a seeded rule of the grammar, or the one named",
        kinds=(
            *("any", "number", "exponent", "nan", "negative", "above_one", "huge", "missing"),
            *("unknown_event", "duplicate_key", "nested", "invalid_utf8", "array"),
            *("truncated", "long"),
        ),
    ),
    "F-06": CodeSpec(
        seam=Seam.VENUE,
        what="the grid of a market changes to `tick`",
        params=("tick",),
        needs=("tick",),
    ),
    "F-07": CodeSpec(
        seam=Seam.CALL,
        what="/book answers an old book, 0.01 and 0.99 alone, or 404",
        kinds=("stale", "ends", "missing"),
        params=("ms",),
        paths=_BOOK,
    ),
    "F-08": CodeSpec(
        seam=Seam.MARKET, what="book hashes of another recipe, each still 40 hex digits"
    ),
    "F-09": CodeSpec(seam=Seam.MARKET, what="frames name the condition id of another market"),
    "F-10": CodeSpec(
        seam=Seam.VENUE,
        what="a market stops taking orders, closes, goes inactive, opens again or resolves",
        kinds=("not_accepting", "closed", "inactive", "open", "yes", "no", "void"),
    ),
    "F-11": CodeSpec(
        seam=Seam.CALL,
        what="a page of trades is cut to `rows`, repeats its cursor, or changes its order",
        kinds=("cap", "loop", "shuffle"),
        params=("rows",),
        paths=_TRADES,
    ),
    "F-12": CodeSpec(
        seam=Seam.MARKET, what="every frame comes `copies` times more (50)", params=("copies",)
    ),
    # Order entry: what was asked, what was done and what was said are three things.
    "F-13": CodeSpec(
        seam=Seam.CALL,
        what="taken, but the answer is held for `ms` (5000), or cut off after it",
        kinds=("held", "cut"),
        params=("ms", "to_ms"),
        paths=_ORDER,
    ),
    "F-14": CodeSpec(
        seam=Seam.CALL,
        what="never arrives; the connection is cut after `ms` (30000)",
        params=("ms", "to_ms"),
        paths=_ORDER,
    ),
    "F-15": CodeSpec(
        seam=Seam.CALL,
        what="arrives `ms` (10000) late, whether or not the sender still waits",
        params=("ms", "to_ms"),
        paths=_ORDER,
    ),
    "F-16": CodeSpec(
        seam=Seam.CALL,
        what="taken; the answer breaks off after `at_byte`, or is HTML, empty or half a document",
        kinds=("reset", "truncate", "html", "empty", "half"),
        params=("at_byte",),
        paths=_ORDER,
    ),
    "F-17": CodeSpec(
        seam=Seam.CALL,
        what="5xx with a text of the venue or of its edge, taken unless accepted = false",
        kinds=tuple(ERRORS),
        params=("accepted",),
        paths=_ORDER,
    ),
    "F-18": CodeSpec(
        seam=Seam.CALL,
        what="a failure behind the gateway's 400, 404 or 401, taken unless accepted = false",
        kinds=tuple(MASKED),
        params=("accepted",),
        paths=_ORDER,
    ),
    "F-19": CodeSpec(
        seam=Seam.CALL,
        what="refused with a text that proves it; form: error, false (in 200), leg (as of a batch)",
        kinds=tuple(REFUSALS),
        params=("form",),
        paths=_ORDER,
    ),
    "F-20": CodeSpec(
        seam=Seam.CALL,
        what="arrives twice: the answer is that to the second copy",
        paths=_ORDER,
    ),
    "F-21": CodeSpec(
        seam=Seam.CALL,
        what="`delayed`, and matched (or killed) `ms` (3000) later; text: refused yet matched",
        kinds=("fill", "kill", "text"),
        params=("ms", "to_ms"),
        paths=(("POST", "/order"),),
    ),
    "F-22": CodeSpec(
        seam=Seam.CALL,
        what="others withdraw all depth of the market just before, or a kill is answered",
        kinds=("depth", *KILLS, "unmatched"),
        paths=(("POST", "/order"),),
    ),
    "F-23": CodeSpec(
        seam=Seam.CALL,
        what="exactly `qty` shares of depth are left at the limit price just before",
        params=("qty",),
        needs=("qty",),
        paths=(("POST", "/order"),),
    ),
    "F-24": CodeSpec(
        seam=Seam.CALL,
        what="the answer says `micros` (1) micro-shares more than were taken",
        params=("micros",),
        paths=(("POST", "/order"),),
    ),
    "F-25": CodeSpec(
        seam=Seam.CALL,
        what="amounts of the answer are empty, in micro units, numbers or halved; no trade ids",
        kinds=("empty", "micros", "numbers", "half", "no_trades"),
        paths=(("POST", "/order"),),
    ),
    "F-26": CodeSpec(
        seam=Seam.CALL,
        what="refused for balance that is there, or balances are those of `ms` (30000) ago",
        kinds=("refuse", "stale"),
        params=("ms",),
        paths=(*_ORDER, *_BALANCE),
        by_kind={"refuse": _ORDER, "stale": _BALANCE},
    ),
    "F-27": CodeSpec(
        seam=Seam.CALL,
        what="refused for rounding, price discrepancy, one dollar or decimals",
        kinds=tuple(ROUNDINGS),
        paths=_ORDER,
    ),
    "F-28": CodeSpec(
        seam=Seam.CALL,
        what="the slow lane (`ms`, 1500), 429 of the edge or of the signer, or a warning header",
        kinds=("slow", "edge", "signer", "warning"),
        params=("ms", "to_ms"),
    ),
    "F-29": CodeSpec(
        seam=Seam.VENUE,
        what="425 for `ms` (90000), then post-only for `tail_ms` (120000)",
        params=("ms", "tail_ms"),
    ),
    "F-30": CodeSpec(seam=Seam.VENUE, what="post-only mode for `ms` (120000)", params=("ms",)),
    "F-31": CodeSpec(seam=Seam.VENUE, what="cancel-only mode for `ms` (120000)", params=("ms",)),
    "F-32": CodeSpec(seam=Seam.VENUE, what="trading disabled for `ms` (120000)", params=("ms",)),
    "F-33": CodeSpec(
        seam=Seam.CALL,
        what="a cancel: done without an answer, `ms` late, claimed and not done, or after a fill",
        kinds=("lost", "late", "claimed", "filled", "filled_claimed"),
        params=("ms", "to_ms"),
        paths=(("DELETE", "/order"),),
    ),
    # Session and account: the venue, the key or the caller is not what it was.
    "F-34": CodeSpec(
        seam=Seam.CALL,
        what="orders are refused with order_version_mismatch, /version says 3",
        paths=(*_ORDER, ("GET", "/version")),
    ),
    "F-35": CodeSpec(
        seam=Seam.CALL,
        what="401 on private calls, or the caller's key is revoked and its streams are cut",
        kinds=("refuse", "revoke", "login"),
        paths=_LOGIN,
        by_kind={"refuse": _LOGIN, "revoke": _LOGIN, "login": _AUTH},
    ),
    "F-36": CodeSpec(
        seam=Seam.CALL,
        what="the venue's clock is `seconds` (60) ahead, negative is behind",
        params=("seconds",),
        paths=(*_LOGIN, ("GET", "/time")),
    ),
    "F-37": CodeSpec(
        seam=Seam.VENUE,
        what="the approvals of a wallet for `spender` are gone",
        params=("wallet", "spender"),
    ),
    "F-38": CodeSpec(seam=Seam.CALL, what="403 with HTML of the edge; streams are refused, too"),
    "F-39": CodeSpec(
        seam=Seam.CALL,
        what="a beat is swallowed, refused with another id, or its answer lost",
        kinds=("swallow", "wrong", "lost"),
        paths=_BEAT,
    ),
    # User stream and fills: evidence that is missing, doubled, out of order or wrong.
    "F-40": CodeSpec(
        seam=Seam.USER,
        what="user frames are lost, come `ms` (5000) late, or their connection is cut",
        kinds=("silent", "late", "cut"),
        params=("ms", "to_ms"),
    ),
    "F-41": CodeSpec(
        seam=Seam.CALL,
        what="the frames of a match go out `ms` (500) before the answer",
        params=("ms",),
        paths=_ORDER,
    ),
    "F-42": CodeSpec(
        seam=Seam.USER, what="a frame comes `copies` (1) times more", params=("copies",)
    ),
    "F-43": CodeSpec(
        seam=Seam.USER,
        what="a trade's older status again, a status FOO, or a frame after the next one",
        kinds=("regress", "unknown", "swap"),
    ),
    "F-44": CodeSpec(
        seam=Seam.USER,
        what="trade frames name the other side, or the other outcome's token",
        kinds=("side", "asset"),
    ),
    "F-45": CodeSpec(
        seam=Seam.USER,
        what="trade frames with a price one tick worse, or a wrong fee rate",
        kinds=("price", "fee"),
    ),
    "F-46": CodeSpec(
        seam=Seam.VENUE,
        what="somebody else uses the wallet: funds leave or come, tokens leave, an order rests",
        kinds=("withdraw", "deposit", "tokens", "order"),
        params=("wallet", "amount"),
    ),
    "F-47": CodeSpec(
        seam=Seam.CALL,
        what="positions are those of `ms` (60000) ago, or flicker with dust",
        kinds=("lag", "dust"),
        params=("ms",),
        paths=(("GET", "/positions"),),
        service="data",
    ),
    # Settlement: a match is provisional until the chain has it for good.
    "F-48": CodeSpec(seam=Seam.TRADE, what="the match fails on chain: a ghost fill"),
    "F-49": CodeSpec(
        seam=Seam.TRADE,
        what="the match retries `copies` (3) times, then settles",
        params=("copies",),
    ),
    "F-50": CodeSpec(
        seam=Seam.TRADE, what="as F-48 for one counterparty, an address in body", needs=("body",)
    ),
    "F-51": CodeSpec(
        seam=Seam.LAW,
        what="every match takes `ms` to `to_ms` to its block",
        params=("ms", "to_ms"),
        needs=("ms",),
    ),
    "F-52": CodeSpec(
        seam=Seam.TRADE, what="the block of the match is reorganised away, then it settles"
    ),
    "F-53": CodeSpec(
        seam=Seam.CALL,
        what="the node answers what it knew `ms` (60000) ago, another chain id, 429, or not at all",
        kinds=("stale", "chain", "limited", "dead"),
        params=("ms",),
        paths=(("POST", "/rpc"),),
        service="relayer",
    ),
    "F-54": CodeSpec(
        seam=Seam.CALL,
        what="the relayer fails before or after taking an action, or never answers",
        kinds=("error", "accepted", "lost", "drop"),
        params=("ms",),
        paths=(("POST", "/submit"),),
        service="relayer",
    ),
    "F-55": CodeSpec(
        seam=Seam.VENUE,
        what="a market resolves to `payout` (half): yes, no or half",
        params=("payout",),
    ),
    "F-56": CodeSpec(
        seam=Seam.CALL, what="answers name a contract nobody knows instead of the exchange's"
    ),
    # Time and the rest: units, hosts, texts and sizes that nobody promised.
    "F-59": CodeSpec(
        seam=Seam.MARKET,
        what="timestamps in seconds, as numbers, in microseconds, or out of order",
        kinds=("seconds", "number", "micros", "backwards"),
    ),
    "F-76": CodeSpec(seam=Seam.CALL, what="307 to another host", paths=()),
    "F-80": CodeSpec(
        seam=Seam.VENUE,
        what="as F-46: the operator withdraws, deposits, moves tokens or orders by hand",
        kinds=("withdraw", "deposit", "tokens", "order"),
        params=("wallet", "amount"),
    ),
    "F-87": CodeSpec(
        seam=Seam.CALL,
        what="questions and titles are hostile: line ends, escapes, formulas, markup, bidi, 1 MB",
        kinds=("any", "lines", "escapes", "formula", "markup", "bidi", "long"),
        service="gamma",
    ),
    "F-88": CodeSpec(
        seam=Seam.CALL,
        what="answers are bombs: 100,000 levels deep, a million keys, or 64 MiB in 64 kB of gzip",
        kinds=("nested", "keys", "gzip"),
    ),
}
"""What a plan may raise here."""

_WIRE: Final = "write a [[wire]] table for it: the proxy in front of a port does that"
_CLIENT: Final = "it is a fault of the machine or program under test; raise it there"
_DISK: Final = (
    "it is a fault of the disk under the journal: the shim in the journal writer raises it"
)
_PROCESS: Final = "it is a fault of the process: kill or stop the program under test"
_KEYS: Final = "it is about keys and code, which no answer of a venue causes"
ELSEWHERE: Final = {
    "F-57": _CLIENT + "; F-36 moves the clock of the venue",
    "F-58": _PROCESS,
    "F-60": "the channel of signals is inside the program: razor run --faults raises it",
    **dict.fromkeys((f"F-{code}" for code in range(61, 68)), _PROCESS),
    **dict.fromkeys((f"F-{code}" for code in range(68, 74)), _DISK),
    "F-74": _WIRE,
    "F-75": _WIRE,
    "F-77": "it is a fault of a settings file",
    "F-78": "it is a fault of a settings file",
    "F-79": "it is a fault of a settings file",
    "F-81": "it is what an operator does to the program",
    "F-82": "it is a fault of the program that decides",
    "F-83": _KEYS,
    "F-84": _KEYS,
    "F-85": "it is an attack on the control interface of the program",
    "F-86": "it is an attack on the control interface of the program",
    "F-89": _KEYS,
    "F-90": _KEYS,
    "F-91": _CLIENT,
    "F-92": _CLIENT,
    "F-93": _CLIENT,
}
"""Codes that no local exchange can raise, and where they are raised instead."""
