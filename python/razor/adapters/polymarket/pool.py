"""The candidate pool: one page of Gamma's open markets, as candidates for probing (RAZOR_SPEC §25).

Owns: reading and distrusting that page, and which exclusive events its markets belong to. Must
never: page on, sort at the server, or let one odd row spoil the others.

Invariants: a candidate has a plain id, a well-formed condition id and two or three different
decimal token ids; numbers that are absent or absurd count as 0; the order is volume descending,
then id as text.
"""

import re
from collections.abc import Sequence
from decimal import Decimal

import msgspec

from razor.adapters.polymarket.limits import GAMMA_MARKETS
from razor.adapters.polymarket.rest import Call, Failed, Http
from razor.adapters.polymarket.wire import decode, iso_ms, label, rows, texts
from razor.application.ports import Unresolved
from razor.domain.selection import Candidate

__all__ = ["groups_of", "read_pool"]

_ID = re.compile(r"[0-9A-Za-z][0-9A-Za-z_-]{0,127}")
_CONDITION = re.compile(r"0x[0-9a-fA-F]{62,64}")
_TOKEN = re.compile(r"[0-9]{1,78}")
_LEGS = (2, 3)
# No market has traded a trillion dollars a day; finer than 10^-30 is noise of a double.
_DIGITS_MOST = 12
_PLACES_MOST = 30


class _Event(msgspec.Struct, frozen=True):
    """The event of a market, as a row refers to it."""

    id: str


class _Row(msgspec.Struct, frozen=True, rename="camel"):
    """What the pool reads of a Gamma market."""

    id: str
    condition_id: str
    clob_token_ids: str | None = None
    position_ids: list[str] | None = None
    version: str | None = None
    volume24hr: Decimal | None = None
    liquidity_num: Decimal | None = None
    liquidity: Decimal | None = None
    end_date: str | None = None
    question: str | None = None
    slug: str | None = None
    neg_risk: bool | None = None
    events: list[_Event] | None = None


async def read_pool(http: Http, *, limit: int) -> tuple[Candidate, ...] | Unresolved:
    """Read the first ``limit`` open markets in the venue's own order, sorted here."""
    params = (("active", "true"), ("closed", "false"), ("limit", str(limit)))
    answer = await http.fetch(Call(endpoint=GAMMA_MARKETS, path="/markets", params=params))
    if isinstance(answer, Failed):
        return _unreadable(answer.outcome.value)
    found = rows(answer.content)
    if found is None:
        return _unreadable("an answer of unknown shape")
    candidates = [candidate for raw in found[:limit] if (candidate := _candidate(raw))]
    unique = {candidate.market_id: candidate for candidate in reversed(candidates)}
    ordered = sorted(unique.values(), key=lambda it: (-it.volume_24h, it.market_id))
    return tuple(ordered)


def groups_of(pool: Sequence[Candidate]) -> tuple[Candidate, ...]:
    """The exclusive events of a pool's markets as candidates, in the order of their first market.

    Their legs are not known yet: only the event lists all of its markets. Volume and liquidity are
    those of the markets in the pool.
    """
    members: dict[str, list[Candidate]] = {}
    for market in pool:
        if market.event_id:
            members.setdefault(market.event_id, []).append(market)
    return tuple(
        Candidate(
            market_id=event_id,
            condition_id=event_id,
            token_ids=(),
            volume_24h=sum((it.volume_24h for it in found), Decimal(0)),
            liquidity=sum((it.liquidity for it in found), Decimal(0)),
            label=found[0].label,
            event_id=event_id,
            is_group=True,
        )
        for event_id, found in members.items()
    )


def _candidate(raw: bytes) -> Candidate | None:
    """A usable row, ``None`` for any other."""
    row = decode(raw, _Row)
    if row is None or not _ID.fullmatch(row.id) or not _CONDITION.fullmatch(row.condition_id):
        return None
    tokens = _tokens(row)
    if len(tokens) not in _LEGS or len(set(tokens)) != len(tokens):
        return None
    if not all(map(_TOKEN.fullmatch, tokens)):
        return None
    liquidity = row.liquidity if row.liquidity_num is None else row.liquidity_num
    return Candidate(
        market_id=row.id,
        condition_id=row.condition_id,
        token_ids=tuple(tokens),
        volume_24h=_amount(row.volume24hr),
        liquidity=_amount(liquidity),
        # The frozen rule reads only times of day at Greenwich.
        end_ms=iso_ms(row.end_date) if (row.end_date or "").endswith("Z") else 0,
        label=label(row.question, row.slug),
        event_id=_event(row),
    )


def _event(row: _Row) -> str:
    """The exclusive event of a market: of any other no set can be made (PROTOCOL 1.3)."""
    ids = [event.id for event in row.events or () if _ID.fullmatch(event.id)]
    return ids[0] if row.neg_risk and ids else ""


def _tokens(row: _Row) -> Sequence[str]:
    if row.version == "v2":
        return tuple(row.position_ids or ())
    return texts(row.clob_token_ids)


def _amount(number: Decimal | None) -> Decimal:
    if number is None or not number.is_finite() or number <= 0:
        return Decimal(0)
    exponent = number.as_tuple().exponent
    is_sane = number.adjusted() < _DIGITS_MOST and isinstance(exponent, int)
    return number if is_sane and int(exponent) >= -_PLACES_MOST else Decimal(0)


def _unreadable(why: str) -> Unresolved:
    remedy = f"the venue gave no list of markets ({why}); check the network and try again"
    return Unresolved(remedy=remedy, is_fault=True)
