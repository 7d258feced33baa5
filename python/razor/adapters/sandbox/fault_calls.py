"""What faults do to calls: each code's effect on one call and its answer.

Owns: `CallAt` and `CALL_EFFECTS`, one coroutine per code of the seam "call".

Must never: touch the venue but through the call's own handler (`fault_venue` does that).

An effect stands around the effects of later faults of the plan, and around the handler: whoever
does not await `proceed` keeps the call from the venue.

Times are those of the venue's clock: a held answer waits on the agenda, never on a timer, so that a
session on a virtual clock takes no time and comes out the same.
"""

import gzip
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final, TypeAlias

import msgspec

from razor import _core
from razor.adapters.sandbox.fault_codes import ERRORS, KILLS, MASKED, REFUSALS, ROUNDINGS
from razor.adapters.sandbox.fault_stage import Armed, Stage, past_ms, posted_of, query_text
from razor.adapters.sandbox.fault_venue import House
from razor.adapters.sandbox.intake import admit, read_order
from razor.adapters.sandbox.refusal import INVALID_L1, TOO_MANY, UNAUTHORIZED, Refused
from razor.adapters.sandbox.router import Answer, Request, refusal_answer
from razor.adapters.sandbox.server import Broken, wire_bytes

Document: TypeAlias = dict[str, object]
_LAST: Final = "LTE="
_FIRST: Final = "MA=="
_ONE: Final = 1_000_000
_BOMB: Final = 64 * 1_048_576
UNREADABLE: Final = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""What decoding says of an answer that another fault has broken."""
_CHAIN_ID: Final = b'"0x89"'
_OTHER_CHAIN: Final = b'"0x1"'
_EDGE_PAGE: Final = (
    b"<!DOCTYPE html><html><head><title>{}</title></head><body><h1>{}</h1><hr>"
    b"<center>cloudflare</center></body></html>"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CallAt:
    """One call under one fault."""

    stage: Stage
    house: House
    armed: Armed
    request: Request
    proceed: Callable[[Request], Awaitable[Answer | None]]

    async def go(self) -> Answer | None:
        """Let the call through unchanged."""
        return await self.proceed(self.request)

    async def wait(self, usual_ms: int) -> None:
        """Hold the call for the fault's time."""
        await self.stage.agenda.pause(self.armed.wait_ms(usual_ms))

    @property
    def kind(self) -> str:
        """The fault's kind."""
        return self.armed.planned.is_kind

    def order_id(self) -> str | None:
        """The id of the order that is posted; None where it is not good."""
        venue = self.stage.venue
        key = self.stage.key_of(self.request)
        if key is None:
            return None
        try:
            return admit(read_order(self.request.call.body), key, venue, venue).order_id
        except Refused:
            return None


def error(status: int, text: str) -> Answer:
    """A refusal in the venue's form."""
    return refusal_answer(Refused(status, text))


def page(status: int) -> Answer:
    """An answer of the edge, as HTML."""
    body = _EDGE_PAGE.replace(b"{}", str(status).encode())
    return Answer(status=status, body=body, headers={"CF-RAY": "0"}, media="text/html")


def changed(answer: Answer, value: object) -> Answer:
    """The answer with another document."""
    return replace(answer, body=msgspec.json.encode(value))


def document(answer: Answer | None) -> Document | None:
    """The object of a good answer; None for anything else."""
    if answer is None or answer.status != 200:  # noqa: PLR2004 - the status of success
        return None
    try:
        return msgspec.json.decode(answer.body, type=Document)
    except UNREADABLE:
        return None


async def _held(at: CallAt) -> Answer | None:
    """The venue has the order; its sender does not hear of it in time."""
    answer = await at.go()
    await at.wait(5_000)
    return None if at.kind == "cut" else answer


async def _dropped(at: CallAt) -> Answer | None:
    """Nothing arrives, which looks like the answer that was only lost."""
    await at.wait(30_000)
    return None


async def _late(at: CallAt) -> Answer | None:
    """The order arrives when its sender has long asked about it and cancelled it."""
    await at.wait(10_000)
    return await at.go()


async def _broken(at: CallAt) -> Answer | None:
    """The order is taken whatever is left of the answer."""
    answer = await at.go()
    if answer is None:
        return None
    match at.kind:
        case "html":
            return page(200)
        case "empty":
            return replace(answer, body=b"")
        case "half":
            return replace(answer, body=answer.body[: len(answer.body) // 2])
        case _:
            size = len(wire_bytes(answer))
            drawn = at.armed.dice.between(1, size - 1)
            at_byte = at.armed.planned.at_byte
            return Broken(
                status=answer.status,
                body=answer.body,
                headers=answer.headers,
                media=answer.media,
                at_byte=drawn if at_byte is None else at_byte,
                is_reset=at.kind == "reset",
            )


async def _taken_or_not(at: CallAt) -> None:
    """The same text comes with an order and without one: it proves neither."""
    if at.armed.planned.accepted:
        await at.go()


async def _server_error(at: CallAt) -> Answer | None:
    """An error of the engine, or of the edge before it."""
    await _taken_or_not(at)
    status, text = ERRORS[at.kind]
    return error(status, text) if text else page(status)


async def _masked(at: CallAt) -> Answer | None:
    """A failure whose status the gateway made of its text."""
    await _taken_or_not(at)
    return error(*MASKED[at.kind])


async def _refused(at: CallAt) -> Answer | None:
    """A text that proves that no order is there, in every form it has been seen in."""
    order_id, wallet = at.order_id() or "", posted_of(at.request).maker
    text = REFUSALS[at.kind].format(id=order_id, wallet=wallet)
    form = at.armed.planned.form
    if form == "error":
        return error(400, text)
    said = {
        "success": form == "leg",
        "errorMsg": text,
        "orderID": "",
        "status": "",
        "makingAmount": "",
        "takingAmount": "",
    }
    is_batch = at.request.call.path == "/orders"
    return Answer(status=200, body=msgspec.json.encode([said] if is_batch else said))


async def _twice(at: CallAt) -> Answer | None:
    """What a client that sends again gets: proof of arrival, none of a fill."""
    await at.go()
    return await at.go()


async def _delayed(at: CallAt) -> Answer | None:
    """Pending under its own id, and matched when nobody waits for it any more."""
    order_id = at.order_id()
    if order_id is None:
        return await at.go()
    if at.kind == "text":
        await at.go()
        return error(400, "order match delayed due to market conditions")
    if at.kind == "fill":
        wait_ms = at.armed.wait_ms(3_000)
        at.stage.agenda.after_call(wait_ms, at.go)
    said = {
        "success": True,
        "errorMsg": "",
        "orderID": order_id,
        "status": "delayed",
        "makingAmount": "",
        "takingAmount": "",
    }
    return Answer(status=200, body=msgspec.json.encode(said))


async def _killed(at: CallAt) -> Answer | None:
    """Others were faster, or the venue says so."""
    match at.kind:
        case "depth":
            found = at.stage.target(at.armed.planned, at.request)
            if found is not None:
                at.house.clear(found.index, at.stage.key_of(at.request))
            return await at.go()
        case "unmatched":
            said = {
                "success": True,
                "errorMsg": "",
                "orderID": at.order_id() or "",
                "status": "unmatched",
                "makingAmount": "",
                "takingAmount": "",
            }
            return Answer(status=200, body=msgspec.json.encode(said))
        case kind:
            return error(500 if kind == "none" else 400, KILLS[kind])


async def _thin(at: CallAt) -> Answer | None:
    """Others were faster, but for so much."""
    order = posted_of(at.request)
    found = at.stage.venue.catalogue.token(order.token_id)
    if found is not None:
        listed, token = found
        qty = int(Decimal(at.armed.planned.qty or "0").scaleb(6))
        at.house.clear(listed.index, at.stage.key_of(at.request))
        at.house.leave(token, is_taken_by_buy=order.is_buy, price=order.price_micros, qty=qty)
    return await at.go()


async def _overfilled(at: CallAt) -> Answer | None:
    """More shares than were asked for, in the answer alone."""
    answer = await at.go()
    said = document(answer)
    if answer is None or said is None:
        return answer
    shares = "takingAmount" if posted_of(at.request).is_buy else "makingAmount"
    extra = Decimal(at.armed.planned.micros or 1).scaleb(-6)
    said[shares] = f"{(Decimal(str(said.get(shares) or 0)) + extra).normalize():f}"
    return changed(answer, said)


async def _lied(at: CallAt) -> Answer | None:
    """Amounts in other units, or none; trades go on telling the truth."""
    answer = await at.go()
    said = document(answer)
    if answer is None or said is None:
        return answer
    if at.kind == "no_trades":
        none: list[str] = []
        return changed(answer, said | {"tradeIDs": none, "transactionsHashes": none})
    for name in ("makingAmount", "takingAmount"):
        amount = Decimal(str(said.get(name) or 0))
        lies: dict[str, object] = {
            "empty": "",
            "micros": str(int(amount.scaleb(6))),
            "numbers": int(amount.scaleb(6)),
            "half": f"{(amount / 2).normalize():f}",
        }
        said[name] = lies[at.kind]
    return changed(answer, said)


async def _remembered(at: CallAt, usual_ms: int) -> Answer | None:
    """The answer of the past while it is young enough; else a new one, kept for later."""
    armed, key = at.armed, _question(at.request)
    kept, now_ns = armed.answers.get(key), at.stage.venue.now_ns()
    limit_ms = usual_ms if armed.planned.ms is None else armed.planned.ms
    if kept is not None and past_ms(kept[0], now_ns) < limit_ms:
        return _for(at.request, kept[1])
    return await remember(at)


_CALL_ID: Final = re.compile(rb'"id":\s*("[^"]*"|\d+|null)')


def _question(request: Request) -> tuple[str, str, str]:
    """What makes two calls ask the same; the running number of a call to a node does not."""
    body = _CALL_ID.sub(b"", request.call.body).decode(errors="replace")
    key = request.call.headers.get("POLY_API_KEY", "")
    return request.call.path, query_text(request.query) + body, key


def _for(request: Request, answer: Answer) -> Answer:
    """An answer of the past under the number of the call that asks now."""
    asked = _CALL_ID.search(request.call.body)
    if asked is None:
        return answer
    return replace(answer, body=_CALL_ID.sub(lambda _: asked.group(), answer.body, count=1))


async def remember(at: CallAt) -> Answer | None:
    """Let a call through and keep its answer."""
    answer = await at.go()
    if answer is not None:
        key = _question(at.request)
        at.armed.answers[key] = (at.stage.venue.now_ns(), answer)
    return answer


async def _poor(at: CallAt) -> Answer | None:
    """A balance that is there is not seen, by the order or by whoever asks."""
    if at.kind == "stale":
        return await _remembered(at, 30_000)
    need = posted_of(at.request).maker_amount
    return error(
        400,
        "not enough balance / allowance: the balance is not enough -> "
        f"balance: 0, sum of matched orders: {need}, order amount: {need}",
    )


async def _book(at: CallAt) -> Answer | None:
    """A book that no price may be taken from."""
    if at.kind == "missing":
        return error(404, "No orderbook exists for the requested token id")
    if at.kind == "stale":
        return await _remembered(at, 60_000)
    answer = await at.go()
    if answer is None:
        return None
    ends: Document = {
        "bids": [{"price": "0.01", "size": "100"}],
        "asks": [{"price": "0.99", "size": "100"}],
    }
    if at.request.call.path == "/book":
        book = document(answer)
        return answer if book is None else changed(answer, book | ends)
    found = _rows_of(answer)
    return answer if found is None else changed(answer, [book | ends for book in found[1]])


async def _trades_page(at: CallAt) -> Answer | None:
    """A page that looks whole, or leads back to itself."""
    request = at.request
    asked = request.query.get("next_cursor", "") or _FIRST
    if at.kind == "loop" and "offset" in request.query:
        rest = {name: text for name, text in request.query.items() if name != "offset"}
        request = replace(request, query=rest)
    answer = await at.proceed(request)
    if answer is None:
        return None
    found = _rows_of(answer)
    if found is None:
        return answer
    envelope, rows = found
    if at.kind == "cap":
        rows = rows[: at.armed.planned.rows or 1]
    elif at.kind == "shuffle":
        rows = at.armed.dice.shuffled(rows)
    if envelope is None:
        return changed(answer, rows)
    cursor = asked if at.kind == "loop" else envelope.get("next_cursor", _LAST)
    told: Document = {"data": rows, "count": len(rows), "next_cursor": cursor}
    return changed(answer, envelope | told)


def _rows_of(answer: Answer) -> tuple[Document | None, list[Document]] | None:
    """The envelope of a list, where it has one, and its rows; None for what is no list."""
    try:
        if answer.body.startswith(b"["):
            return None, msgspec.json.decode(answer.body, type=list[Document])
        envelope = msgspec.json.decode(answer.body, type=Document)
        return envelope, msgspec.convert(envelope.get("data"), list[Document])
    except UNREADABLE:
        return None


async def _rounded(at: CallAt) -> Answer | None:
    """Refusals that a client who computes in integers never gets."""
    return error(*ROUNDINGS[at.kind])


async def _limited(at: CallAt) -> Answer | None:
    """The edge is slow before it refuses; the bucket of the signer tells of itself."""
    match at.kind:
        case "slow":
            await at.wait(1_500)
            return await at.go()
        case "warning":
            answer = await at.go()
            told = {"Poly-RateLimit-Warning": "true"}
            return None if answer is None else replace(answer, headers={**answer.headers, **told})
        case kind:
            reset = {"Retry-After": "1"}
            if kind == "signer":
                reset |= {
                    "Poly-RateLimit-Remaining": "-3",
                    "Poly-RateLimit-Reset": str(at.stage.venue.now_s() + 1),
                    "Poly-RateLimit-Tier": at.stage.venue.admission.signers.tier.name.lower(),
                }
            return replace(error(429, TOO_MANY), headers=reset)


async def _raced(at: CallAt) -> Answer | None:
    """A cancel is a request: what is said of it and what was done differ."""
    ids = re.findall(rb"0x[0-9a-fA-F]{64}", at.request.call.body)
    nothing: dict[str, str] = {}
    claim = {"canceled": [it.decode() for it in ids], "not_canceled": nothing}
    match at.kind:
        case "lost":
            await at.go()
            await at.wait(5_000)
            return None
        case "late":
            await at.wait(5_000)
            return await at.go()
        case "filled" | "filled_claimed":
            for order_id in ids:
                at.house.fill(order_id.decode())
            answer = await at.go()
            if at.kind == "filled":
                return answer
            return Answer(status=200, body=msgspec.json.encode(claim))
        case _:
            return Answer(status=200, body=msgspec.json.encode(claim))


async def _version(at: CallAt) -> Answer | None:
    """The venue signs orders for another domain from now on."""
    if at.request.call.path == "/version":
        return Answer(status=200, body=b'{"version":3}')
    return error(400, "order_version_mismatch")


async def _credentials(at: CallAt) -> Answer | None:
    """Keys that were good are good no more."""
    if at.kind == "login":
        return error(401, INVALID_L1)
    key = at.stage.key_of(at.request)
    if at.kind == "refuse" or key is None:
        return error(401, UNAUTHORIZED)
    at.stage.venue.keys.revoke(key)
    at.stage.hub.cut_key(key.key)
    return await at.go()


async def _skewed(at: CallAt) -> Answer | None:
    """The venue's clock is off, which refuses what is signed with a good one."""
    seconds = at.armed.planned.seconds if at.armed.planned.seconds is not None else 60
    call = replace(at.request.call, now_s=at.request.call.now_s + seconds)
    answer = await at.proceed(replace(at.request, call=call))
    if answer is None or at.request.call.path != "/time" or not answer.body.isdigit():
        return answer
    return replace(answer, body=str(int(answer.body) + seconds).encode())


async def _blocked(at: CallAt) -> Answer | None:
    """The edge answers before the venue does."""
    del at
    return page(403)


async def _beats(at: CallAt) -> Answer | None:
    """The chain of beats breaks on the side of the venue; resting orders end with it."""
    match at.kind:
        case "swallow":
            said = re.search(rb"hb-\d+", at.request.call.body)
            beat = "hb-0001" if said is None else said.group().decode()
            return Answer(status=200, body=msgspec.json.encode({"heartbeat_id": beat}))
        case "wrong":
            text = {"error_msg": "Invalid Heartbeat ID", "heartbeat_id": "hb-9999"}
            return Answer(status=400, body=msgspec.json.encode(text))
        case _:
            await at.go()
            return None


async def _frames_first(at: CallAt) -> Answer | None:
    """Frames leave with the match, the answer some time after."""
    answer = await at.go()
    await at.wait(500)
    return answer


async def _positions(at: CallAt) -> Answer | None:
    """A slow witness: old positions, or dust that comes and goes."""
    if at.kind == "lag":
        return await _remembered(at, 60_000)
    answer = await at.go()
    if answer is None or at.armed.struck % 2 == 0:
        return answer
    try:
        rows = msgspec.json.decode(answer.body, type=list[Document])
    except UNREADABLE:
        return answer
    dust = {"size": 0.004}
    return changed(answer, [*rows, (rows[0] if rows else Document()) | dust])


async def _node(at: CallAt) -> Answer | None:
    """A node that lags, answers for another chain, or is gone."""
    match at.kind:
        case "dead":
            return None
        case "limited":
            return replace(error(429, TOO_MANY), headers={"Retry-After": "1"})
        case "stale":
            return await _remembered(at, 60_000)
        case _:
            answer = await at.go()
            return (
                None
                if answer is None
                else replace(answer, body=answer.body.replace(_CHAIN_ID, _OTHER_CHAIN))
            )


async def _relayed(at: CallAt) -> Answer | None:
    """An action of the treasury whose end nobody knows."""
    match at.kind:
        case "drop":
            return await _dropped(at)
        case "error":
            return page(502)
        case "accepted":
            await at.go()
            return page(502)
        case _:
            await at.go()
            return None


_CONTRACTS: Final = tuple(
    exchange.contract
    for exchange in (
        _core.SigningExchange.plain(),
        _core.SigningExchange.neg_risk(),
        _core.SigningExchange.v3(),
    )
)


async def _unknown_contract(at: CallAt) -> Answer | None:
    """A registry of contracts that changed over night."""
    answer = await at.go()
    if answer is None:
        return None
    body = answer.body
    for number, contract in enumerate(_CONTRACTS):
        foreign = f"0x{'de' * 19}{number:02x}"
        body = re.sub(re.escape(contract.encode()), foreign.encode(), body, flags=re.IGNORECASE)
    return replace(answer, body=body)


async def _redirected(at: CallAt) -> Answer | None:
    """A redirect to where no credentials may go."""
    headers = {"Location": f"http://elsewhere.invalid{at.request.call.path}"}
    return Answer(status=307, body=b"", headers=headers, media="text/plain")


HOSTILE: Final = {
    "lines": "first\r\nsecond\nX-Injected: 1",
    "escapes": "\x1b[31mred\x1b[0m\x07",
    "formula": '=HYPERLINK("http://elsewhere.invalid","click")',
    "markup": "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "bidi": "\u202egnp.exe\u2066",
    "long": "M" * 1_048_576,
}


async def _hostile(at: CallAt) -> Answer | None:
    """Texts that break lines, terminals, tables or pages."""
    answer = await at.go()
    if answer is None:
        return None
    kind = at.kind
    text = HOSTILE[at.armed.dice.pick(sorted(HOSTILE)) if kind == "any" else kind]
    told = msgspec.json.encode(text)
    body = re.sub(
        rb'"(question|title|groupItemTitle)":"(?:[^"\\]|\\.)*"',
        lambda found: b'"' + found.group(1) + b'":' + told,
        answer.body,
    )
    return replace(answer, body=body)


async def _bomb(at: CallAt) -> Answer | None:
    """Answers that cost more to read than to send."""
    match at.kind:
        case "nested":
            return Answer(status=200, body=b"[" * 100_000 + b"]" * 100_000)
        case "keys":
            members = b",".join(b'"k%d":0' % number for number in range(1_000_000))
            return Answer(status=200, body=b"{" + members + b"}")
        case _:
            packed = gzip.compress(b"[" + b" " * _BOMB + b"]", mtime=0)
            return Answer(status=200, body=packed, headers={"Content-Encoding": "gzip"})


Effect: TypeAlias = Callable[[CallAt], Awaitable[Answer | None]]
CALL_EFFECTS: Final[dict[str, Effect]] = {
    "F-07": _book,
    "F-11": _trades_page,
    "F-13": _held,
    "F-14": _dropped,
    "F-15": _late,
    "F-16": _broken,
    "F-17": _server_error,
    "F-18": _masked,
    "F-19": _refused,
    "F-20": _twice,
    "F-21": _delayed,
    "F-22": _killed,
    "F-23": _thin,
    "F-24": _overfilled,
    "F-25": _lied,
    "F-26": _poor,
    "F-27": _rounded,
    "F-28": _limited,
    "F-33": _raced,
    "F-34": _version,
    "F-35": _credentials,
    "F-36": _skewed,
    "F-38": _blocked,
    "F-39": _beats,
    "F-41": _frames_first,
    "F-47": _positions,
    "F-53": _node,
    "F-54": _relayed,
    "F-56": _unknown_contract,
    "F-76": _redirected,
    "F-87": _hostile,
    "F-88": _bomb,
}
REMEMBERS: Final = frozenset(("F-07/stale", "F-26/stale", "F-47/lag", "F-53/stale"))
"""Faults that need the answers from before they strike."""
