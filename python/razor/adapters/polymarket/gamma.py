"""Market definitions: Gamma for what exists, the CLOB for what counts.

Owns the way from a selection to a `Universe`: reading, checking that the answers are about what
was asked (Gamma ignores parameters it does not know), the tradability rule of PROTOCOL 1.2, the
CLOB's own facts, and the sets.

Must never price from Gamma, fill in a missing fact, or take an answer for a market that was not
asked for.

Invariants: a market in the universe has two different tokens, a known tick and agrees with the
CLOB on id, tokens and neg-risk flag; one that does not is skipped with a reason.
"""

import asyncio
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeVar

from razor.adapters.polymarket.limits import (
    CLOB_MARKET,
    GAMMA_EVENTS,
    GAMMA_MARKETS,
    Endpoint,
)
from razor.adapters.polymarket.rest import Body, Call, Failed, Http
from razor.adapters.polymarket.sets import SetFinding, group_set, open_ended
from razor.adapters.polymarket.wire import (
    ClobFee,
    ClobMarket,
    EventPage,
    FeeSchedule,
    GammaEvent,
    GammaMarket,
    MarketPage,
    decode,
    is_short,
    iso_ms,
    label,
    plain,
    texts,
)
from razor.application.ports import Clock, FeedLog, Unresolved
from razor.domain.feed import Selection
from razor.domain.feed_event import FeesDisagree, HttpOutcome, MarketSkipped, SetUnproven
from razor.domain.universe import (
    Fees,
    FreeOfFees,
    MarketMeta,
    SetKind,
    SetMeta,
    Settlement,
    TakerFee,
    Universe,
)

T = TypeVar("T")

PAGE_MAX = 100
_PARALLEL = 8
_CONDITION = re.compile(r"0x[0-9a-fA-F]{62,64}")
_TOKEN = re.compile(r"[0-9]{1,78}")
_TICKS = frozenset(map(Decimal, ("0.1", "0.01", "0.005", "0.0025", "0.001", "0.0001")))
_EXPONENT_MAX = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """What Gamma holds for a selection, in the order asked for."""

    markets: list[GammaMarket]
    events: list[GammaEvent]


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """An exclusive event as one proven set, with the markets it takes and their Gamma ids."""

    label: str
    item: SetMeta
    markets: tuple[MarketMeta, ...]
    market_ids: tuple[str, ...]


class Gamma:
    """Reads definitions. Implements the port `Metadata`."""

    def __init__(self, *, http: Http, clock: Clock, log: FeedLog) -> None:
        self._http = http
        self._clock = clock
        self._log = log

    async def resolve(self, selection: Selection) -> Universe | Unresolved:
        """Turn a selection into markets and sets, or say what to change."""
        found = await self._find(selection)
        if isinstance(found, Unresolved):
            return found
        candidates = {market.condition_id: market for market in found.markets}
        for event in found.events:
            if event.id in selection.event_ids or event.slug in selection.event_slugs:
                candidates |= {m.condition_id: m for m in event.markets if not m.closed}
        groups = {child.condition_id: event for event in found.events for child in event.markets}
        markets = await self._define_all(list(candidates.values()), groups)
        if not markets:
            return Unresolved(
                remedy="none of the selected markets can be traded now; select open markets",
                is_fault=False,
            )
        return Universe(markets=tuple(markets), sets=self._sets(markets, found.events))

    async def group(self, event_id: str) -> Group | str:
        """Read an exclusive event as one set of all its outcomes, or why it is no proven set.

        What Gamma lists is judged first: a group that cannot be whole costs no CLOB reads.
        """
        found = await self.events((event_id,))
        if isinstance(found, Unresolved):
            return found.remedy
        event = found[0]
        listed = [child for child in event.markets if not child.closed]
        reason = _unfit(event, listed)
        if reason:
            return reason
        markets = await self._define_all(listed, dict.fromkeys(_conditions(listed), event))
        finding = group_set(event, {it.condition_id: it.token_ids[0] for it in markets})
        if finding.item is None or finding.reason:
            return finding.reason
        return Group(
            label=label(event.title, event.slug),
            item=finding.item,
            markets=tuple(markets),
            market_ids=tuple(child.id for child in listed),
        )

    async def events(self, ids: Sequence[str]) -> list[GammaEvent] | Unresolved:
        """Events by id, with all their children."""
        return await self._events("id", ids, lambda event: event.id)

    async def compact(self, condition_id: str) -> Body | Failed:
        """The CLOB's compact market as served, decodable as `ClobMarket`."""
        path = f"/clob-markets/{condition_id}"
        answer = await self._http.fetch(Call(endpoint=CLOB_MARKET, path=path))
        if isinstance(answer, Body) and decode(answer.content, ClobMarket) is None:
            return Failed(outcome=HttpOutcome.MALFORMED, attempts=answer.attempts)
        return answer

    async def _find(self, selection: Selection) -> _Found | Unresolved:
        markets: list[GammaMarket] = []
        asked: tuple[tuple[str, Sequence[str], Callable[[GammaMarket], str]], ...] = (
            ("id", selection.market_ids, lambda market: market.id),
            ("condition_ids", selection.condition_ids, lambda market: market.condition_id),
            ("slug", selection.slugs, lambda market: market.slug or ""),
        )
        for name, values, key in asked:
            part = await self._markets(name, values, key)
            if isinstance(part, Unresolved):
                return part
            markets += part
        by_id = await self.events((*selection.event_ids, *_group_events(markets)))
        by_slug = await self._events("slug", selection.event_slugs, lambda event: event.slug)
        if isinstance(by_id, Unresolved):
            return by_id
        if isinstance(by_slug, Unresolved):
            return by_slug
        unique = {event.id: event for event in (*by_id, *by_slug)}
        return _Found(markets=markets, events=list(unique.values()))

    async def _markets(
        self, name: str, values: Sequence[str], key: Callable[[GammaMarket], str]
    ) -> list[GammaMarket] | Unresolved:
        found: dict[str, GammaMarket] = {}
        for chunk in _chunks(values):
            cursor: str | None = ""
            followed: set[str] = set()
            while cursor is not None:
                content = await self._get(GAMMA_MARKETS, "/markets/keyset", name, chunk, cursor)
                page = decode(content, MarketPage) if isinstance(content, bytes) else None
                if page is None:
                    return _unreadable("markets", content)
                found |= {key(market): market for market in page.markets if key(market) in chunk}
                cursor = _next(followed, page.next_cursor, is_empty=not page.markets)
        return _in_order(name, values, found)

    async def _events(
        self, name: str, values: Sequence[str], key: Callable[[GammaEvent], str]
    ) -> list[GammaEvent] | Unresolved:
        found: dict[str, GammaEvent] = {}
        for chunk in _chunks(values):
            cursor: str | None = ""
            followed: set[str] = set()
            while cursor is not None:
                content = await self._get(GAMMA_EVENTS, "/events/keyset", name, chunk, cursor)
                page = decode(content, EventPage) if isinstance(content, bytes) else None
                if page is None:
                    return _unreadable("events", content)
                found |= {key(event): event for event in page.events if key(event) in chunk}
                cursor = _next(followed, page.next_cursor, is_empty=not page.events)
        return _in_order(f"event {name}", values, found)

    async def _get(
        self, endpoint: Endpoint, path: str, name: str, values: Sequence[str], cursor: str
    ) -> bytes | Failed:
        params = [("limit", str(PAGE_MAX)), *((name, value) for value in values)]
        if cursor:
            params.append(("after_cursor", cursor))
        answer = await self._http.fetch(Call(endpoint=endpoint, path=path, params=params))
        return answer.content if isinstance(answer, Body) else answer

    async def _define_all(
        self, candidates: Sequence[GammaMarket], groups: dict[str, GammaEvent]
    ) -> list[MarketMeta]:
        """Definitions in the order of the candidates, a few CLOB reads at a time."""
        gate = asyncio.Semaphore(_PARALLEL)

        async def define(market: GammaMarket) -> MarketMeta | None:
            async with gate:
                outcome = await self._define(market, groups.get(market.condition_id))
            if isinstance(outcome, MarketMeta):
                return outcome
            self._skip(market, outcome)
            return None

        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(define(market)) for market in candidates]
        return [meta for task in tasks if (meta := task.result()) is not None]

    async def _define(self, market: GammaMarket, event: GammaEvent | None) -> MarketMeta | str:
        """The definition, or why the market is skipped."""
        if reason := untradable(market) or _ill_formed(market):
            return reason
        answer = await self.compact(market.condition_id)
        if isinstance(answer, Failed):
            is_unknown = answer.outcome is HttpOutcome.NOT_FOUND
            return "the CLOB does not know it (yet)" if is_unknown else answer.outcome.value
        clob = decode(answer.content, ClobMarket)
        if clob is None:
            return "the CLOB's facts are of unknown shape"
        if reason := _disagreement(market, clob):
            return reason
        fees = clob_fees(clob.fee)
        if gamma_fees(market) not in {None, fees}:
            now_ns = self._clock.now_ns()
            self._log.write(FeesDisagree(at_ns=now_ns, condition_id=market.condition_id))
        return _meta(market, clob, fees, event)

    def _skip(self, market: GammaMarket, reason: str) -> None:
        name = label(market.slug, market.id)
        now_ns = self._clock.now_ns()
        self._log.write(MarketSkipped(at_ns=now_ns, market=name, reason=reason))

    def _sets(
        self, markets: Sequence[MarketMeta], events: Sequence[GammaEvent]
    ) -> tuple[SetMeta, ...]:
        binary = [
            SetMeta(
                key=market.condition_id,
                kind=SetKind.BINARY,
                legs=market.token_ids,
                settlement=Settlement.MERGE,
            )
            for market in markets
        ]
        yes = {market.condition_id: market.token_ids[0] for market in markets}
        findings = [group_set(event, yes) for event in events if event.neg_risk]
        for finding in findings:
            self._report(finding)
        return (*binary, *(finding.item for finding in findings if finding.item is not None))

    def _report(self, finding: SetFinding) -> None:
        if finding.reason:
            now_ns = self._clock.now_ns()
            self._log.write(SetUnproven(at_ns=now_ns, key=finding.key, reason=finding.reason))


def _unfit(event: GammaEvent, listed: Sequence[GammaMarket]) -> str:
    """Why an event cannot be followed as one set, by what Gamma says of it; blank if it may."""
    if not event.neg_risk:
        return "the venue does not mark the event as exclusive"
    # Before its placeholders, which nobody can trade: they are not what is wrong with the event.
    if reason := open_ended(event):
        return reason
    for child in listed:
        if problem := untradable(child) or _ill_formed(child):
            return f"outcome {label(child.slug, child.id)}: {problem}"
    return group_set(event, {child.condition_id: token_ids(child)[0] for child in listed}).reason


def _conditions(markets: Sequence[GammaMarket]) -> tuple[str, ...]:
    return tuple(market.condition_id for market in markets)


def untradable(market: GammaMarket) -> str:
    """Why a market must not be taken, blank if it may (PROTOCOL 1.2)."""
    checks = (
        (not market.active, "not active"),
        (market.closed, "closed"),
        (not market.enable_order_book, "no order book"),
        (not market.accepting_orders, "not accepting orders"),
        (bool(market.uma_resolution_status), "resolution is under way"),
    )
    return next((reason for is_hit, reason in checks if is_hit), "")


def clob_fees(fee: ClobFee | None) -> Fees:
    """Fees as the CLOB states them: absent means none; a shape we cannot compute is unknown."""
    if fee is None:
        return FreeOfFees()
    return _schedule(fee.rate, fee.exponent, taker_only=fee.taker_only)


def gamma_fees(market: GammaMarket) -> Fees:
    """Fees as Gamma states them; enabled without a schedule is unknown, never a default."""
    match market.fees_enabled, market.fee_schedule:
        case False, _:
            return FreeOfFees()
        case _, FeeSchedule() as fee:
            return _schedule(fee.rate, fee.exponent, taker_only=fee.taker_only)
        case _, _:
            return None


def _schedule(rate: Decimal, exponent: Decimal, *, taker_only: bool) -> Fees:
    if not is_short(rate) or not is_short(exponent):
        return None
    if rate == 0:
        return FreeOfFees()
    is_whole = exponent == exponent.to_integral_value() and 1 <= exponent <= _EXPONENT_MAX
    if not taker_only or not is_whole or not 0 < rate < 1:
        return None
    return TakerFee(rate=plain(rate), exponent=int(exponent))


def token_ids(market: GammaMarket) -> tuple[str, ...]:
    """The market's tokens; the version decides which field holds them (PROTOCOL 1.5)."""
    if market.version == "v2":
        return tuple(market.position_ids or ())
    return texts(market.clob_token_ids)


def _ill_formed(market: GammaMarket) -> str:
    tokens = token_ids(market)
    is_pair = len(set(tokens)) == 2 and len(tokens) == 2  # noqa: PLR2004 - a pair is two
    checks = (
        (not _CONDITION.fullmatch(market.condition_id), "condition id is malformed"),
        (not is_pair, f"has {len(tokens)} outcome tokens, two are needed"),
        (not all(map(_TOKEN.fullmatch, tokens)), "a token id is no decimal number"),
        (len(texts(market.outcomes)) != len(tokens), "outcomes and tokens differ in number"),
    )
    return next((reason for is_hit, reason in checks if is_hit), "")


def _disagreement(market: GammaMarket, clob: ClobMarket) -> str:
    """Why Gamma's market and the CLOB's are not one and the same, or not usable (F-09)."""
    if not is_short(clob.tick) or not is_short(clob.min_size):
        return "tick size or minimum order size is no usable number"
    checks = (
        (clob.condition_id.lower() != market.condition_id.lower(), "the CLOB has another id"),
        (
            tuple(token.token_id for token in clob.tokens) != token_ids(market),
            "the CLOB has other tokens or another order of them",
        ),
        (clob.neg_risk != market.neg_risk, "neg-risk flags differ"),
        (clob.tick not in _TICKS, f"tick size {clob.tick} is unknown"),
        (clob.min_size <= 0, "minimum order size is not positive"),
        (not clob.accepting_orders, "the CLOB does not accept orders"),
    )
    return next((reason for is_hit, reason in checks if is_hit), "")


def _meta(
    market: GammaMarket, clob: ClobMarket, fees: Fees, event: GammaEvent | None
) -> MarketMeta:
    yes, no = token_ids(market)
    first, second = texts(market.outcomes)
    event_id = event.id if event else next((ref.id for ref in market.events), "")
    return MarketMeta(
        condition_id=market.condition_id,
        token_ids=(yes, no),
        outcomes=(label(first), label(second)),
        label=label(market.question, market.slug),
        tick_size=plain(clob.tick),
        min_order_size=plain(clob.min_size),
        neg_risk=clob.neg_risk,
        fees=fees,
        end_ms=iso_ms(market.end_date),
        event_id=event_id,
        group_id=market.neg_risk_market_id or "",
        seconds_delay=max(
            clob.seconds_delay, market.seconds_delay or 0, int(clob.is_delay_enabled)
        ),
    )


def _group_events(markets: Sequence[GammaMarket]) -> list[str]:
    """Events of neg-risk markets: only the event lists all children of the group."""
    return list(dict.fromkeys(ref.id for m in markets if m.neg_risk for ref in m.events))


def _chunks(values: Sequence[str]) -> list[Sequence[str]]:
    unique = tuple(dict.fromkeys(values))
    return [unique[start : start + PAGE_MAX] for start in range(0, len(unique), PAGE_MAX)]


def _next(followed: set[str], following: str | None, *, is_empty: bool) -> str | None:
    """The next cursor, `None` at the end; one that leads back or on for ever is the end too."""
    if is_empty or not following or following in followed or len(followed) >= PAGE_MAX:
        return None
    followed.add(following)
    return following


def _in_order(name: str, values: Sequence[str], found: dict[str, T]) -> list[T] | Unresolved:
    missing = [label(value) for value in dict.fromkeys(values) if value not in found]
    if missing:
        shown = ", ".join(missing[:5])
        remedy = f"{name} {shown} is not among the venue's open markets; correct or remove it"
        return Unresolved(remedy=remedy, is_fault=False)
    return [found[value] for value in dict.fromkeys(values)]


def _unreadable(what: str, content: bytes | Failed) -> Unresolved:
    why = content.outcome.value if isinstance(content, Failed) else "an answer of unknown shape"
    return Unresolved(
        remedy=f"the venue gave no {what} ({why}); check the network and try again", is_fault=True
    )
