"""Positions of a wallet: what it holds, what that cost, and what became of the rest.

Owns: the bookkeeping of average costs over the prints of an account, and `Position`.

Must never: be what a balance is decided by. The size of a position is that of the ledger; only its
cost comes from the prints.

Stated choices, where the ledger does not keep what the venue's index knows:
- A share costs what its buyer paid before the fee, averaged over all that are held; a sale leaves
  the average as it is. Fees are told apart and are in no result, as the venue's client reads them.
- A split costs half a dollar for a share of each outcome, and a merge brings as much: a pair costs
  and brings a dollar, as it does in truth. A redemption brings the payout.
- Shares that came without a print or a deed of the relayer (by a conversion, a transfer) cost half
  a dollar, too, and those that went without one brought as much, or the payout once there is one.
  What takes more than there was shows that some had come before it; the others are taken to have
  come last.
- The cost of a part is rounded down, so that the last share takes the rest and no cost is lost or
  made; values and averages are rounded down, percentages to hundredths toward zero.
- A trade counts once its block is there, as the balance does; one that the ledger has forgotten
  leaves shares without a print.
- Prints are booked when they matched, deeds when they were sent.
"""

from collections import defaultdict, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from razor import _core
from razor.adapters.sandbox.deeds import Deed, in_block
from razor.adapters.sandbox.listing import ONE, Listed
from razor.adapters.sandbox.quotes import shown_prices
from razor.adapters.sandbox.venue import Venue

SETTLED: Final = {"MINED", "CONFIRMED"}
"""Trades that are on the chain, and so in an index of it; no other one has a transaction."""
_HALF: Final = ONE // 2
_ALL: Final = 2**31
"""Prints asked for at once: every one that is known."""


def value_down(qty: int, price_micros: int) -> int:
    """What so many micro-shares are worth at a price, in micro-dollars, rounded down."""
    return qty * price_micros // ONE


def price_down(cash: int, qty: int) -> int:
    """Price of a share in micro-dollars where so many cost so much, rounded down; 0 of none."""
    return cash * ONE // qty if qty else 0


def percent_toward_zero(gain: int, cost: int) -> int:
    """A gain in millionths of a per cent of its cost, cut to hundredths; 0 where nothing was spent.

    The unit is that of `decimal_number`: 16.66 % is 16_660_000.
    """
    if not cost:
        return 0
    hundredths = abs(gain) * 10_000 // cost
    return (hundredths if gain >= 0 else -hundredths) * 10_000


@dataclass(slots=True)
class Basis:
    """What the shares of one token cost. Micro-shares and micro-dollars."""

    qty: int = 0
    cost: int = 0
    """Of the shares that are held, without fees."""
    fees: int = 0
    """Of the purchases of the shares that are held."""
    entered_qty: int = 0
    entered_cost: int = 0
    """Of all shares that were ever held."""
    realized: int = 0
    first_ns: int | None = None
    last_ns: int | None = None

    def enter(self, qty: int, cost: int, fee: int = 0) -> None:
        """Shares come for a price."""
        self.qty += qty
        self.cost += cost
        self.fees += fee
        self.entered_qty += qty
        self.entered_cost += cost

    def leave(self, qty: int, proceeds: int) -> None:
        """Shares go for a price, at most as many as are held; their cost goes with them."""
        cost = self.cost * qty // self.qty if self.qty else 0
        self.fees -= self.fees * qty // self.qty if self.qty else 0
        self.qty -= qty
        self.cost -= cost
        self.realized += proceeds - cost

    def take(self, row: _core.ExchangePrint) -> None:
        """Book a purchase or a sale; prints come in order of matching."""
        self._date(row.matched_ns)
        if row.is_buy:
            self.enter(row.qty, row.cash, row.fee)
            return
        self._come_unseen(row.qty - self.qty)
        self.leave(row.qty, row.cash)

    def do(self, deed: Deed, side: int) -> None:
        """Book what a deed does to one outcome; the odd micro-dollar of a pair is the first's."""
        self._date(deed.at_ns)
        part = deed.part
        cash = part.cash if part.side is not None else (part.cash + 1 - side) // 2
        if part.kind == "SPLIT":
            self.enter(part.qty, cash)
            return
        self._come_unseen(part.qty - self.qty)
        self.leave(part.qty, cash)

    def settle(self, held: int, gone_micros: int) -> None:
        """Bring the shares to what the ledger has; `gone_micros` is what a missing one brought."""
        self._come_unseen(held - self.qty)
        if held < self.qty:
            gone = self.qty - held
            self.leave(gone, value_down(gone, gone_micros))

    def _date(self, at_ns: int) -> None:
        """Remember when something was booked first and last."""
        self.first_ns = at_ns if self.first_ns is None else self.first_ns
        self.last_ns = at_ns

    def _come_unseen(self, qty: int) -> None:
        """Shares came without a print, if it is so many."""
        if qty > 0:
            self.enter(qty, value_down(qty, _HALF))


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """One token of a wallet, held now or once."""

    listed: Listed
    side: int
    """Outcome: 0 or 1."""
    basis: Basis = field(repr=False)
    price_micros: int
    is_resolved: bool
    has_pair: bool
    """Whether the other outcome is held, too."""

    @property
    def token(self) -> int:
        """Index of the token."""
        return 2 * self.listed.index + self.side

    @property
    def size(self) -> int:
        """Micro-shares held."""
        return self.basis.qty

    @property
    def status(self) -> str:
        """OPEN, REDEEMABLE or CLOSED: the three that a position reports of itself."""
        if not self.size:
            return "CLOSED"
        return "REDEEMABLE" if self.is_resolved else "OPEN"

    @property
    def is_redeemable(self) -> bool:
        """Whether its market is resolved: one that lost can be redeemed, too, for nothing."""
        return self.is_resolved and self.size > 0

    @property
    def is_lost(self) -> bool:
        """Whether it is held and pays nothing."""
        return self.is_redeemable and self.price_micros == 0

    @property
    def is_mergeable(self) -> bool:
        """Whether some of it makes dollars together with the other outcome, before a resolution."""
        return self.has_pair and not self.is_resolved and self.size > 0

    @property
    def value(self) -> int:
        """Worth at the price shown, rounded down."""
        return value_down(self.size, self.price_micros)

    @property
    def average_micros(self) -> int:
        """Cost of a share that is held, rounded down."""
        return price_down(self.basis.cost, self.size)

    @property
    def unrealized(self) -> int:
        """Worth less cost of what is held."""
        return self.value - self.basis.cost

    @property
    def total(self) -> int:
        """Both results together."""
        return self.basis.realized + self.unrealized


def positions_of(
    venue: Venue, account: int, markets: set[int] | None, deeds: Sequence[Deed]
) -> list[Position]:
    """Every token that an account holds, or ever had, in order of listing.

    `markets`: only those of these; None for all. `deeds`: what the account did beside trading,
    oldest first. Linear in the known trades, the deeds and the markets.
    """
    exchange = venue.exchange
    mined = [deed for deed in deeds if in_block(exchange, deed) is not None]
    bases = _bases(exchange.prints(account=account, takers_only=False, limit=_ALL), mined)
    found: list[Position] = []
    for listed in venue.catalogue.markets:
        if markets is None or listed.index in markets:
            found += _of_market(venue, account, listed, bases)
    return found


def _bases(newest_first: list[_core.ExchangePrint], deeds: list[Deed]) -> dict[int, Basis]:
    """Costs by token, from all prints and deeds of one account."""
    bases: defaultdict[int, Basis] = defaultdict(Basis)
    left = deque(deeds)
    for row in _in_order(newest_first):
        if row.status not in SETTLED:
            continue
        while left and left[0].at_ns <= row.matched_ns:
            _do(bases, left.popleft())
        bases[row.token].take(row)
    for deed in left:
        _do(bases, deed)
    return dict(bases)


def _do(bases: defaultdict[int, Basis], deed: Deed) -> None:
    """Book a deed for the outcome it is about, or for both."""
    side = deed.part.side
    for each in (0, 1) if side is None else (side,):
        bases[2 * deed.part.market + each].do(deed, each)


def _in_order(newest_first: list[_core.ExchangePrint]) -> Iterable[_core.ExchangePrint]:
    """Prints in order of matching.

    Purchases of a trade come before its sales: who trades with itself sells what it just bought
    rather than shares that nobody has seen.
    """
    return sorted(newest_first, key=lambda row: (row.trade, not row.is_buy))


def _of_market(
    venue: Venue, account: int, listed: Listed, bases: dict[int, Basis]
) -> list[Position]:
    tokens = (2 * listed.index, 2 * listed.index + 1)
    held = [venue.exchange.holding(account, token)[0] for token in tokens]
    if not any(held) and bases.keys().isdisjoint(tokens):
        return []
    is_resolved = venue.standing(listed).payout is not None
    prices = shown_prices(venue, listed)
    found: list[Position] = []
    for side, token in enumerate(tokens):
        basis = bases.get(token)
        if basis is None and not held[side]:
            continue
        basis = basis or Basis()
        basis.settle(held[side], prices[side] if is_resolved else _HALF)
        position = Position(
            listed=listed,
            side=side,
            basis=basis,
            price_micros=prices[side],
            is_resolved=is_resolved,
            has_pair=held[1 - side] > 0,
        )
        found.append(position)
    return found
