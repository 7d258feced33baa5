"""The Data API: trades, positions, their worth and approvals (PROTOCOL §3.6).

Owns: the routes of both versions and the rows that they answer with. Must never: tell of a trade
before its block; it is an index of the chain, and nothing to take a risk on.

Version 1 answers bare arrays in camelCase, by offset; version 2 pages in an envelope, by cursor.
Numbers are exact JSON decimals, times whole seconds.

Stated choices:
- A trade is dated when it matched: the ledger does not keep the time of its block. It appears with
  its block and is gone again when that is reorganised.
- Activity is trades, and the splits, merges and redemptions that the relayer sent, dated when they
  were sent. Conversions and transfers are not told of: the ledger knows them by their number alone.
- A wallet that nobody opened here has no rows and nothing approved; it is no error.
- Rows come newest first, and oldest first is refused; positions come in order of listing (version
  2) or the largest first (version 1). Other orders are not known here, and asking for one changes
  nothing.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Final, TypeVar

from razor import _core
from razor.adapters.sandbox.data_positions import SETTLED, Position, positions_of
from razor.adapters.sandbox.data_query import (
    DEFAULT_LIMIT,
    ROWS_MOST,
    V1,
    V2,
    Behind,
    Spelling,
    envelope,
    flag_of,
    kinds_of,
    markets_of,
    micros_of,
    one_of,
    place_of,
    seconds_of,
    side_of,
    user_of,
    whole_of,
)
from razor.adapters.sandbox.data_rows import (
    activity_row,
    approval,
    deed_row,
    no_approvals,
    position_v1,
    position_v2,
    trade_v1,
    trade_v2,
)
from razor.adapters.sandbox.deeds import Deed, in_block
from razor.adapters.sandbox.listing import ONE, Listed
from razor.adapters.sandbox.refusal import Refused
from razor.adapters.sandbox.router import Request, Router
from razor.adapters.sandbox.spelling import decimal_number
from razor.adapters.sandbox.venue import NS_PER_S, Venue

CHAIN_ID: Final = 137
_OFFSET_TRADES: Final = 1_000
_OFFSET_POSITIONS: Final = 10_000
_CHUNK: Final = 512
"""Prints looked at first; every further look takes twice as many, so that a long one stays linear
although the engine walks to the beginning of each look anew."""
_STATUSES: Final = ("OPEN", "REDEEMABLE", "REDEEMABLE_LOST", "MERGEABLE", "CLOSED")

Row = TypeVar("Row")
Approvals = Callable[[int], Sequence[tuple[str, str, int]]]
"""Contract, spender and allowance of every pair that an account may have approved."""
Doings = Callable[[int], Sequence[Deed]]
"""Splits, merges and redemptions of an account, oldest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Choice:
    """Which prints are asked for."""

    account: int | None
    markets: set[int] | None
    takers_only: bool
    is_buy: bool | None = None
    from_ns: int | None = None
    to_ns: int | None = None
    least_cash: int = 0
    least_qty: int = 0

    def takes(self, row: _core.ExchangePrint) -> bool:
        """Whether a print is one of them; that it is on the chain goes without saying."""
        return (
            row.status in SETTLED
            and (self.markets is None or row.token // 2 in self.markets)
            and (self.is_buy is None or row.is_buy == self.is_buy)
            and (self.to_ns is None or row.matched_ns < self.to_ns)
            and row.cash >= self.least_cash
            and row.qty >= self.least_qty
        )


class DataApi:
    """The routes of the Data API; `mount` lists them."""

    def __init__(self, venue: Venue, approvals: Approvals, doings: Doings) -> None:
        """Tell of this venue, of what its wallets approved, and of what they did beside trading."""
        self._venue = venue
        self._approvals = approvals
        self._doings = doings

    def mount(self, router: Router) -> None:
        """List every route."""
        router.add("GET", "/trades", self._trades_v1)
        router.add("GET", "/positions", self._positions_v1)
        router.add("GET", "/value", self._value_v1)
        router.add("GET", "/v2/trades", self._trades_v2)
        router.add("GET", "/v2/positions", self._positions_v2)
        router.add("GET", "/v2/value", self._value_v2)
        router.add("GET", "/v2/activity", self._activity)
        router.add("GET", "/v2/approvals", self._approved)

    def _trades_v1(self, request: Request) -> object:
        """Trades by offset, which is counted from the newest: rows slip down with every new one."""
        limit = whole_of(request, "limit", DEFAULT_LIMIT, most=V1.most)
        offset = whole_of(request, "offset", 0, most=_OFFSET_TRADES)
        rows = self._walk(self._choice(request, V1), Behind())
        taken = islice(rows, offset, offset + limit)
        return [trade_v1(self._listed(row), row) for _, row in taken]

    def _trades_v2(self, request: Request) -> object:
        limit = whole_of(request, "limit", DEFAULT_LIMIT, least=1, most=V2.most)
        first = place_of(request.query.get("cursor", ""))
        rows, cursor = _cut(self._walk(self._choice(request, V2), first), limit)
        return envelope([trade_v2(self._listed(row), row) for row in rows], cursor)

    def _activity(self, request: Request) -> object:
        """What a wallet did: its trades, as taker and as maker, and what the relayer sent."""
        user = user_of(request)
        if one_of(request, "sort_direction", ("DESC", "ASC"), "DESC") == "ASC":
            raise Refused(400, "sort_direction ASC is not supported")
        limit = whole_of(request, "limit", DEFAULT_LIMIT, least=1, most=V2.most)
        choice, kinds = replace(self._choice(request, V2), takers_only=False), kinds_of(request)
        cursor = request.query.get("cursor", "")
        first = place_of(cursor) if cursor else self._now(choice.account)
        done = self._done(user, choice, kinds, first)
        if kinds is not None and "TRADE" not in kinds:
            choice = replace(choice, markets=set[int]())
        rows, cursor = _cut(self._merged(self._walk(choice, first), done, first), limit)
        return envelope(rows, cursor)

    def _now(self, account: int | None) -> Behind:
        """The place before everything that is known by now, in both lists of an account.

        A page may end before it has reached into one of them; what comes to that one afterwards is
        newer than what was told, and belongs to no later page.
        """
        deeds = 0 if account is None else len(self._doings(account))
        newest = self._venue.exchange.prints(limit=1)
        if not newest:
            return Behind(trade=0, rows=ROWS_MOST, deeds=deeds)
        return Behind(trade=newest[0].trade, deeds=deeds)

    def _done(
        self, user: str, choice: _Choice, kinds: set[str] | None, first: Behind
    ) -> list[tuple[int, int, dict[str, object]]]:
        """Deeds that are chosen and in a block, oldest first: number, time and row."""
        found: list[tuple[int, int, dict[str, object]]] = []
        # A side is one of a trade: who asks for it asks for no deeds.
        if choice.account is None or choice.is_buy is not None:
            return found
        for number, deed in enumerate(self._doings(choice.account)[: first.deeds]):
            part, at_ns = deed.part, deed.at_ns
            transaction = in_block(self._venue.exchange, deed)
            if (
                transaction is not None
                and (kinds is None or part.kind in kinds)
                and (choice.markets is None or part.market in choice.markets)
                and (choice.from_ns is None or at_ns >= choice.from_ns)
                and (choice.to_ns is None or at_ns < choice.to_ns)
            ):
                listed = self._venue.catalogue.at(part.market)
                found.append((number, at_ns, deed_row(listed, user, deed, transaction)))
        return found

    def _merged(
        self,
        trades: Iterator[tuple[Behind, _core.ExchangePrint]],
        done: list[tuple[int, int, dict[str, object]]],
        first: Behind,
    ) -> Iterator[tuple[Behind, object]]:
        """Trades and deeds together, newest first, each with the place behind it in both lists."""
        place = first
        for behind, row in trades:
            while done and done[-1][1] >= row.matched_ns:
                number, _, told = done.pop()
                place = replace(place, deeds=number)
                yield place, told
            place = replace(behind, deeds=place.deeds)
            yield place, activity_row(self._listed(row), row)
        while done:
            number, _, told = done.pop()
            place = replace(place, deeds=number)
            yield place, told

    def _positions_v1(self, request: Request) -> object:
        limit = whole_of(request, "limit", DEFAULT_LIMIT, most=V1.most)
        offset = whole_of(request, "offset", 0, most=_OFFSET_POSITIONS)
        least = micros_of(request, "sizeThreshold")
        least = ONE if least is None else least
        only_redeemable = flag_of(request, "redeemable", default=False)
        only_mergeable = flag_of(request, "mergeable", default=False)
        user, found = self._positions(request, V1)
        found = [
            it
            for it in found
            if it.size >= max(1, least)
            and (it.is_redeemable or not only_redeemable)
            and (it.is_mergeable or not only_mergeable)
        ]
        found.sort(key=lambda it: -it.size)
        return [position_v1(user, it) for it in found[offset : offset + limit]]

    def _positions_v2(self, request: Request) -> object:
        limit = whole_of(request, "limit", DEFAULT_LIMIT, least=1, most=V2.most)
        # A position is where its token is listed: those that come and go do not move the others.
        first = place_of(request.query.get("cursor", "")).offset
        status = one_of(request, "status", _STATUSES, "") if request.query.get("status") else ""
        user, found = self._positions(request, V2)
        left = [it for it in found if it.token >= first and _has_status(it, status)]
        rows = [position_v2(user, it) for it in left[:limit]]
        following = left[limit].token if len(left) > limit else None
        cursor = "" if following is None else Behind(offset=following).cursor
        return envelope(rows, cursor)

    def _value_v1(self, request: Request) -> object:
        user, value = self._value(request, V1)
        return [{"user": user, "value": decimal_number(value)}]

    def _value_v2(self, request: Request) -> object:
        user, value = self._value(request, V2)
        return {"data": {"proxy_wallet": user, "value": decimal_number(value)}}

    def _value(self, request: Request, spelling: Spelling) -> tuple[str, int]:
        """A wallet and what its positions are worth, each rounded down; dollars are no position."""
        user, found = self._positions(request, spelling)
        return user, sum(it.value for it in found)

    def _positions(self, request: Request, spelling: Spelling) -> tuple[str, list[Position]]:
        """A wallet and everything it holds or held in the markets that are asked about."""
        user, markets = user_of(request), markets_of(request, spelling, self._venue)
        account = self._venue.account_of(user)
        if account is None:
            return user, []
        return user, positions_of(self._venue, account, markets, self._doings(account))

    def _approved(self, request: Request) -> object:
        user = user_of(request)
        account = self._venue.account_of(user)
        pairs = no_approvals() if account is None else self._approvals(account)
        contracts = [approval(*pair) for pair in pairs]
        return {"data": {"address": user, "chain_id": CHAIN_ID, "contracts": contracts}}

    def _choice(self, request: Request, spelling: Spelling) -> _Choice:
        """What a question about trades asks for; that of a wallet without account chooses none."""
        markets = markets_of(request, spelling, self._venue)
        account = None
        if request.query.get("user"):
            account = self._venue.account_of(user_of(request))
            markets = set[int]() if account is None else markets
        kind = one_of(request, spelling.filter_type, ("CASH", "TOKENS"), "CASH")
        least = micros_of(request, spelling.filter_amount) or 0
        start, end = seconds_of(request, "start"), seconds_of(request, "end")
        return _Choice(
            account=account,
            markets=markets,
            takers_only=flag_of(request, spelling.taker_only, default=True),
            is_buy=side_of(request),
            from_ns=None if start is None else start * NS_PER_S,
            # Times are shown in whole seconds: the last one belongs to the stretch as a whole.
            to_ns=None if end is None else (end + 1) * NS_PER_S,
            least_cash=least if kind == "CASH" else 0,
            least_qty=least if kind == "TOKENS" else 0,
        )

    def _walk(
        self, choice: _Choice, behind: Behind
    ) -> Iterator[tuple[Behind, _core.ExchangePrint]]:
        """Prints that are chosen, newest first, each with the place behind it."""
        if choice.markets is not None and not choice.markets:
            return
        # The engine may trade what has no name here yet.
        listed = len(self._venue.catalogue.markets)
        last, seen, first_of_trade = behind.trade, 0, behind.offset
        for offset, row in self._rows(choice, behind.offset):
            if last is not None and row.trade > last:
                continue
            if row.trade != last:
                last, seen, first_of_trade = row.trade, 0, offset
            seen += 1
            if row.trade == behind.trade and seen <= behind.rows:
                continue
            if choice.takes(row) and row.token // 2 < listed:
                yield Behind(offset=first_of_trade, trade=row.trade, rows=seen), row

    def _rows(self, choice: _Choice, offset: int) -> Iterator[tuple[int, _core.ExchangePrint]]:
        """Prints as the engine lists them, with their number, from a number on."""
        one = choice.markets if choice.markets is not None and len(choice.markets) == 1 else None
        market = None if one is None else next(iter(one))
        chunk = _CHUNK
        while True:
            rows = self._venue.exchange.prints(
                account=choice.account,
                market=market,
                takers_only=choice.takers_only,
                offset=offset,
                limit=chunk,
                since_ns=choice.from_ns,
            )
            yield from enumerate(rows, start=offset)
            if len(rows) < chunk:
                return
            offset += chunk
            chunk *= 2

    def _listed(self, row: _core.ExchangePrint) -> Listed:
        return self._venue.catalogue.at(row.token // 2)


def _cut(rows: Iterator[tuple[Behind, Row]], limit: int) -> tuple[list[Row], str]:
    """A page of rows, and the cursor behind it; empty at the end.

    One more is looked for, so that a last page is known to be the last.
    """
    found = list(islice(rows, limit + 1))
    cursor = found[limit - 1][0].cursor if len(found) > limit else ""
    return [row for _, row in found[:limit]], cursor


def _has_status(position: Position, status: str) -> bool:
    """Whether a position passes a filter; without one, whatever is held does."""
    match status:
        case "REDEEMABLE_LOST":
            return position.is_lost
        case "MERGEABLE":
            return position.is_mergeable
        case "":
            return position.size > 0
        case _:
            return position.status == status
