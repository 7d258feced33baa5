"""What faults do to the venue: its modes, markets, wallets, trades, and other people's orders.

Owns: `House` (an account of the exchange that trades where a fault says so), `VENUE_EFFECTS` and
`decide_fate`.

Must never: book anything past the matching engine; whatever happens here, its audit holds.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Final, Literal, TypeAlias

import msgspec

from razor import _core
from razor.adapters.sandbox.dice import Dice
from razor.adapters.sandbox.fault_plan import PlannedFault, duration_ns
from razor.adapters.sandbox.fault_stage import Stage, posted_of
from razor.adapters.sandbox.keys import ApiKey
from razor.adapters.sandbox.router import Request
from razor.adapters.sandbox.venue import NS_PER_MS

_ONE: Final = 1_000_000
_ADDRESS: Final = "0x" + "f0" * 20
_FUNDS: Final = 10**15
_SPARE: Final = 100 * _ONE
"""Shares that rest and are taken again, since the smallest order is five."""
_OWNERS_MOST: Final = 1_000_000


class _Order(msgspec.Struct):
    """What the engine tells of an order, as far as filling it needs."""

    asset_id: str
    side: str
    price: str
    original_size: str
    size_matched: str
    status: str


class House:
    """An account that nobody else has. It only buys: the other outcome where it would sell."""

    def __init__(self, stage: Stage) -> None:
        """Open nothing before it is needed."""
        self._stage = stage
        self._dice = Dice(stage.seed, "house")
        self._owner: tuple[int, int] | None = None

    def account(self) -> int:
        """Its account."""
        return self._opened()[1]

    def _buy(self, token: int, *, price: int, qty: int) -> str:
        """Place a resting order, micro-dollars a share and micro-shares; its id."""
        venue = self._stage.venue
        owner, account = self._opened()
        order_id = "0x" + self._dice.octets().hex()
        order = _core.ExchangeOrder(
            order_id=order_id,
            owner=owner,
            account=account,
            token=token,
            is_buy=True,
            maker_amount=price * qty // _ONE,
            taker_amount=qty,
            order_type="GTC",
        )
        venue.exchange.place(venue.now_ns(), order)
        return order_id

    def _try(self, act: Callable[[], object]) -> None:
        """Trade; what the venue refuses is told, and the call goes on without it."""
        try:
            act()
        except (_core.ExchangeRefused, ValueError, OverflowError) as refused:
            self._stage.truth.tell("fault", faults=["house"], not_raised=str(refused))

    def clear(self, market: int, spared: ApiKey | None) -> None:
        """Cancel what everybody else has resting in a market."""
        venue = self._stage.venue
        mine = set[int]() if spared is None else set(venue.owners_of(spared))
        for owner in range(_OWNERS_MOST):
            if owner in mine:
                continue
            try:
                venue.exchange.cancel(venue.now_ns(), owner, market=market)
            except _core.ExchangeRefused:
                # Owners are numbered from 0 without gaps: this one does not exist.
                break

    def leave(self, token: int, *, is_taken_by_buy: bool, price: int, qty: int) -> None:
        """Leave exactly `qty` for whoever buys (or sells) a token at a price, in an empty book."""
        other = token ^ 1
        rests, takes = (other, token) if is_taken_by_buy else (token, other)
        rest_price = _ONE - price if is_taken_by_buy else price

        def trade() -> None:
            self._buy(rests, price=rest_price, qty=_SPARE + qty)
            self._buy(takes, price=_ONE - rest_price, qty=_SPARE)

        self._try(trade)

    def fill(self, order_id: str) -> None:
        """Take an open order whole; better ones of others before it are taken as well."""
        venue = self._stage.venue
        try:
            text = venue.exchange.order(order_id)
        except ValueError:
            return
        if text is None:
            return
        order = msgspec.json.decode(text, type=_Order)
        found = venue.catalogue.token(order.asset_id)
        left = int((Decimal(order.original_size) - Decimal(order.size_matched)).scaleb(6))
        if found is None or left <= 0 or order.status != "LIVE":
            return
        listed, token = found
        price = int(Decimal(order.price).scaleb(6))
        if order.side == "BUY":
            token, price = token ^ 1, _ONE - price

        def trade() -> None:
            # Less than the smallest order is taken with one, whose rest is cancelled.
            mine = self._buy(token, price=price, qty=max(left, listed.market.min_order_qty))
            venue.exchange.cancel(venue.now_ns(), self._opened()[0], ids=[mine])

        self._try(trade)

    def _opened(self) -> tuple[int, int]:
        """Its owner and account, opened when they are first needed: a plan without it has none."""
        if self._owner is None:
            venue = self._stage.venue
            account = venue.open_account(_ADDRESS)
            now_ns = venue.now_ns()
            venue.exchange.deposit(now_ns, account, _FUNDS)
            self._owner = (venue.exchange.add_owner(now_ns, "house", account), account)
        return self._owner


class NothingToActOn(Exception):
    """A fault had nothing to act on; its text says what is missing."""


def _enter(
    stage: Stage,
    mode: Literal["post_only", "cancel_only", "disabled", "restarting"],
    ms: int,
    then: Callable[[], None],
) -> None:
    """Put the venue into a mode for a time; a mode that came meanwhile is left alone.

    `then` ends it. Each mode has a serial number, and only the last one may be ended.
    """
    stage.modes += 1
    serial = stage.modes
    stage.venue.exchange.set_mode(stage.venue.now_ns(), mode)

    def leave() -> None:
        if stage.modes == serial:
            then()

    stage.agenda.after(ms, leave)


def _normal(stage: Stage) -> Callable[[], None]:
    """The end of a mode."""

    def end() -> None:
        stage.venue.exchange.set_mode(stage.venue.now_ns(), "normal")
        stage.venue.publish()

    return end


def _length_ms(planned: PlannedFault, usual: int) -> int:
    """How long a mode lasts: as planned, to the end of its window, or as usual."""
    if planned.ms is not None:
        return planned.ms
    if planned.between is not None:
        first, last = (duration_ns(it) for it in planned.between)
        return (last - first) // NS_PER_MS
    return usual


def _restart(stage: Stage, planned: PlannedFault) -> None:
    """Order entry is gone, comes back for makers, then for all."""
    tail_ms = 120_000 if planned.tail_ms is None else planned.tail_ms

    def makers_only() -> None:
        _enter(stage, "post_only", tail_ms, _normal(stage))
        stage.venue.publish()

    _enter(stage, "restarting", _length_ms(planned, 90_000), makers_only)


def _mode(
    mode: Literal["post_only", "cancel_only", "disabled"],
) -> "VenueEffect":
    def effect(stage: Stage, house: House, planned: PlannedFault, request: Request | None) -> None:
        del house, request
        _enter(stage, mode, _length_ms(planned, 120_000), _normal(stage))

    return effect


def _market(stage: Stage, planned: PlannedFault, request: Request | None) -> int:
    """The market that is struck."""
    found = stage.target(planned, request)
    if found is None:
        raise NothingToActOn("name a listed market, or a token, or a call that has one")
    return found.index


def _retick(stage: Stage, house: House, planned: PlannedFault, request: Request | None) -> None:
    """The grid changes under resting orders and computed prices."""
    del house
    market = _market(stage, planned, request)
    stage.venue.exchange.set_tick(stage.venue.now_ns(), market, planned.tick or "0.01")


def _flag(stage: Stage, house: House, planned: PlannedFault, request: Request | None) -> None:
    """A market stops, goes on or ends while somebody is in it."""
    del house
    market, kind = _market(stage, planned, request), planned.is_kind
    exchange, now_ns = stage.venue.exchange, stage.venue.now_ns()
    match kind:
        case "yes" | "no":
            exchange.resolve(now_ns, market, kind)
        case "void":
            exchange.resolve(now_ns, market, "half")
        case _:
            exchange.set_flags(
                now_ns,
                market,
                is_active=kind != "inactive",
                accepts_orders=kind not in {"not_accepting", "closed"},
                is_closed=kind == "closed",
            )


def _resolve(stage: Stage, house: House, planned: PlannedFault, request: Request | None) -> None:
    """A market ends as nobody expected."""
    del house
    market = _market(stage, planned, request)
    stage.venue.exchange.resolve(stage.venue.now_ns(), market, planned.payout)


def _wallet(stage: Stage, planned: PlannedFault, request: Request | None) -> tuple[str, int]:
    """The wallet that is struck, and its account."""
    ordered = "" if request is None else posted_of(request).maker
    wallet = planned.wallet or ordered or stage.last_wallet
    account = stage.venue.account_of(wallet)
    if account is None:
        raise NothingToActOn("name the wallet of an account, or wait until one has ordered")
    return wallet, account


def _disapprove(stage: Stage, house: House, planned: PlannedFault, request: Request | None) -> None:
    """A contract may not move the money any more that it needs."""
    del house
    _, account = _wallet(stage, planned, request)
    now_ns = stage.venue.now_ns()
    stage.venue.exchange.approve(now_ns, account, planned.spender, 0, has_tokens=False)


def _foreign(stage: Stage, house: House, planned: PlannedFault, request: Request | None) -> None:
    """Whoever has the key uses it: an operator, another program, a thief."""
    wallet, account = _wallet(stage, planned, request)
    exchange, now_ns = stage.venue.exchange, stage.venue.now_ns()
    amount = None if planned.amount is None else int(Decimal(planned.amount).scaleb(6))
    match planned.is_kind:
        case "withdraw":
            whole, _, _ = exchange.holding(account)
            exchange.withdraw(now_ns, account, min(whole, whole if amount is None else amount))
        case "deposit":
            exchange.deposit(now_ns, account, 100 * _ONE if amount is None else amount)
        case "tokens":
            found = stage.venue.catalogue.token(planned.token or "")
            if found is None:
                raise NothingToActOn("name the token that leaves")
            whole, _, _ = exchange.holding(account, found[1])
            moved = min(whole, whole if amount is None else amount)
            exchange.transfer(now_ns, account, house.account(), moved, found[1])
        case _:
            _order_by_hand(stage, planned, request, wallet)


def _order_by_hand(
    stage: Stage, planned: PlannedFault, request: Request | None, wallet: str
) -> None:
    """A small order far from the market, by the key that last ordered for the wallet."""
    key, venue = stage.keys.get(wallet.lower()), stage.venue
    if key is None:
        raise NothingToActOn("no key has ordered for the wallet yet")
    account = venue.open_account(wallet)
    order = _core.ExchangeOrder(
        order_id="0x" + Dice(stage.seed, f"by hand {venue.now_ns()}").octets().hex(),
        owner=venue.owner_of(key, wallet),
        account=account,
        token=2 * _market(stage, planned, request),
        is_buy=True,
        maker_amount=_ONE,
        taker_amount=10 * _ONE,
        order_type="GTC",
    )
    venue.exchange.place(venue.now_ns(), order)


def decide_fate(stage: Stage, planned: PlannedFault, trade_id: str) -> None:
    """Decide how a match goes on that has just been made."""
    exchange = stage.venue.exchange
    trade = exchange.trade(trade_id)
    if trade is None:
        raise NothingToActOn("the trade is unknown")
    now_ns = stage.venue.now_ns()
    match planned.code:
        case "F-49":
            exchange.set_fate(now_ns, trade, "retry", planned.copies or 3)
        case "F-52":
            exchange.set_fate(now_ns, trade, "reorg")
        case _:
            exchange.set_fate(now_ns, trade, "fail")


VenueEffect: TypeAlias = Callable[[Stage, House, PlannedFault, Request | None], None]
VENUE_EFFECTS: Final[dict[str, VenueEffect]] = {
    "F-06": _retick,
    "F-10": _flag,
    "F-29": lambda stage, _house, planned, _request: _restart(stage, planned),
    "F-30": _mode("post_only"),
    "F-31": _mode("cancel_only"),
    "F-32": _mode("disabled"),
    "F-37": _disapprove,
    "F-46": _foreign,
    "F-55": _resolve,
    "F-80": _foreign,
}
