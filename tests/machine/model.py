"""What one order, one account and one desk may do, in plain integers.

Written from INVARIANTS and ARCHITECTURE section 5, not from the machine. It does not predict every
step: it judges every order that the desk decides, every row that ends a signal, and every number of
the account, each from the facts alone.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass, field

from razor._core import BasketAction, BasketAttempt, BasketRow

DUST = 10_000
MICRO = 1_000_000
ENDS = {"SET_DONE", "NO_FILL", "FLATTENED", "EXPIRED", "REJECTED_BY_RISK", "HARDSTOP"}
FLAT_BPS = (100, 500, 1_000)


class IllegalError(Exception):
    """The event cannot happen in this state."""


@dataclass
class OrderModel:
    """O(a) of INVARIANTS section 1; only trades are proof, absence counts after the fence."""

    qty: int
    state: str = "PLANNED"
    cum: int = 0
    claim: int | None = None
    is_fenced: bool = False
    is_watched: bool = False

    @property
    def in_flight(self) -> int:
        """R(a) in shares: all that is not matched, unless it is over and not watched."""
        is_over = self.state == "TERMINAL" and not self.is_watched
        return 0 if is_over else max(self.qty - self.cum, 0)

    def step(self, kind: str, qty: int = 0, timer: str = "") -> None:
        """Take one event; `IllegalError` leaves everything as it was."""
        if self.state in {"PLANNED", "JOURNALED"}:
            self._before_the_wire(kind)
        elif kind in {"journaled", "released", "withdrawn"}:
            raise IllegalError(self.state, kind)
        elif kind == "filled":
            self._filled(qty)
        elif self.state == "TERMINAL":
            self.is_watched = self.is_watched and timer != "late"
        elif kind in {"claimed", "finished"}:
            self._claimed(kind, qty)
        else:
            self._told(kind, timer)

    def _before_the_wire(self, kind: str) -> None:
        table = {
            ("PLANNED", "journaled"): "JOURNALED",
            ("PLANNED", "withdrawn"): "TERMINAL",
            ("JOURNALED", "released"): "SENT",
            ("JOURNALED", "withdrawn"): "TERMINAL",
            ("JOURNALED", "unproven"): "UNKNOWN",
        }
        if (self.state, kind) not in table:
            raise IllegalError(self.state, kind)
        self.state = table[self.state, kind]

    def _filled(self, qty: int) -> None:
        self.cum += qty
        if self.cum >= self.qty or (self.state == "UNKNOWN" and self.claim == self.cum):
            self.state = "TERMINAL"

    def _claimed(self, kind: str, qty: int) -> None:
        if kind == "claimed" and qty == 0:
            # Nothing could contradict it in time: no proof (F-25).
            self.state = "UNKNOWN"
        elif qty == self.cum:
            self.state = "TERMINAL"
        else:
            self.state, self.claim = "UNKNOWN", qty

    def _told(self, kind: str, timer: str) -> None:
        is_sent, is_unknown = self.state == "SENT", self.state == "UNKNOWN"
        if kind == "refused" and (is_sent or is_unknown):
            is_believed = self.cum == 0 and self.claim is None
            self.state = "TERMINAL" if is_believed else "UNKNOWN"
        elif is_sent and kind in {"rested", "deferred"}:
            self.state = {"rested": "LIVE", "deferred": "DELAYED"}[kind]
        elif is_sent and (kind == "unproven" or timer == "answer"):
            self.state = "UNKNOWN"
        elif timer == "resolve" and not is_sent:
            self.state, self.is_fenced = "UNKNOWN", True
        elif kind == "absent" and is_unknown and self.is_fenced and self.claim in {None, self.cum}:
            self.state, self.is_watched = "TERMINAL", True


@dataclass
class Lot:
    """Shares and their cost."""

    qty: int = 0
    cost: int = 0

    def add(self, other: "Lot") -> None:
        self.qty, self.cost = self.qty + other.qty, self.cost + other.cost

    def take(self, qty: int) -> "Lot":
        """A part at average cost, rounded down."""
        part = Lot(qty, self.cost * qty // self.qty)
        self.add(Lot(-part.qty, -part.cost))
        return part


@dataclass
class Fill:
    """One trade of one of our orders, and the lot it moves."""

    attempt: BasketAttempt
    qty: int
    price: int
    settle: str
    lot: Lot


@dataclass
class Account:
    """Matched times settled: N_prov, N_conf, cash and what was realised (S-10, S-11, S-22)."""

    fills: dict[tuple[int, bytes], Fill] = field(default_factory=dict)
    incoming: defaultdict[int, Lot] = field(default_factory=lambda: defaultdict(Lot))
    free: defaultdict[int, Lot] = field(default_factory=lambda: defaultdict(Lot))
    outgoing: defaultdict[int, Lot] = field(default_factory=lambda: defaultdict(Lot))
    realised: int = 0

    @property
    def cost(self) -> int:
        """Cost of everything held, the first term of exposure."""
        pools = (self.incoming, self.free, self.outgoing)
        return sum(lot.cost for pool in pools for lot in pool.values())

    def book(self, key: tuple[int, bytes], fill: Fill) -> bool:
        """Apply a fill or its news once; whether it was new."""
        known = self.fills.get(key)
        if known is None:
            self.fills[key] = fill
            self._open(fill)
            if fill.settle != "PROV":
                self._close(fill)
            return True
        if known.settle == "PROV" and fill.settle != "PROV":
            known.settle = fill.settle
            self._close(known)
        return False

    def _open(self, fill: Fill) -> None:
        token = fill.attempt.token
        if fill.attempt.side == "BUY":
            fill.lot = Lot(fill.qty, -(-fill.price * fill.qty // MICRO))
            self.incoming[token].add(fill.lot)
        elif fill.settle != "VOID":
            fill.lot = self.free[token].take(fill.qty)
            self.outgoing[token].add(fill.lot)

    def _close(self, fill: Fill) -> None:
        token, lot = fill.attempt.token, fill.lot
        is_buy, is_void = fill.attempt.side == "BUY", fill.settle == "VOID"
        (self.incoming if is_buy else self.outgoing)[token].add(Lot(-lot.qty, -lot.cost))
        if is_buy != is_void:
            self.free[token].add(lot)
        if not is_buy and not is_void:
            self.realised += fill.price * fill.qty // MICRO - lot.cost

    def merge(self, tokens: list[int], qty: int) -> None:
        self.realised += qty - sum(self.free[token].take(qty).cost for token in tokens)


@dataclass
class Signal:
    """A signal and what the desk may still do for it."""

    signal_id: int
    net_bps: int
    qty: int
    worst: int
    tokens: list[int]
    limits: list[int]
    min_qty: int
    is_unwinding: bool = False
    is_late: bool = False
    merged: int = 0
    chases: Counter[int] = field(default_factory=Counter)
    chased_at: dict[int, int] = field(default_factory=dict)
    steps: Counter[int] = field(default_factory=Counter)
    taken: Counter[int] = field(default_factory=Counter)
    ends: list[str] = field(default_factory=list)

    @property
    def order(self) -> list[int]:
        """S-15: the worst leg, then by number."""
        return [self.worst, *(leg for leg in range(len(self.tokens)) if leg != self.worst)]


@dataclass
class Book:
    bid: int | None
    ask: int | None
    tick: int
    is_current: bool


@dataclass
class DeskModel:
    """Judges what the desk decides."""

    max_exposure: int
    max_signal: int
    account: Account = field(default_factory=Account)
    books: dict[int, Book] = field(default_factory=dict)
    orders: dict[int, OrderModel] = field(default_factory=dict)
    attempts: dict[int, BasketAttempt] = field(default_factory=dict)
    signals: dict[int, Signal] = field(default_factory=dict)
    residuals: Counter[tuple[int, int]] = field(default_factory=Counter)
    dedups: int = 0

    def reserved(self, order: int) -> int:
        """R(a): what a buy can still cost; the markets of the test are free of fees."""
        attempt = self.attempts[order]
        shares = self.orders[order].in_flight if attempt.side == "BUY" else 0
        return -(-attempt.limit_micros * shares // MICRO)

    @property
    def exposure(self) -> int:
        """E of INVARIANTS section 1."""
        return self.account.cost + sum(map(self.reserved, self.orders))

    def net(self, signal: Signal, leg: int) -> int:
        """Shares of a leg that this signal is answerable for, provisional ones included."""
        sign = {"BUY": 1, "SELL": -1}
        fills = (
            fill.qty * sign[fill.attempt.side]
            for fill in self.account.fills.values()
            if fill.settle != "VOID" and self._is_of(fill.attempt, signal, leg)
        )
        return sum(fills) - signal.merged + signal.taken[leg]

    @staticmethod
    def _is_of(attempt: BasketAttempt, signal: Signal, leg: int) -> bool:
        return (attempt.signal_id, attempt.leg) == (signal.signal_id, leg)

    def whole(self, signal: Signal) -> int:
        return min(self.net(signal, leg) for leg in signal.order)

    def leftover(self, signal: Signal, leg: int) -> int:
        """Shares that belong to no whole set; dust counts as none."""
        left = self.net(signal, leg) - self.whole(signal)
        return left if left > DUST else 0

    def spare(self, token: int) -> int:
        """S-09: confirmed and in no sale that may still take them."""
        sells = (o for o, a in self.attempts.items() if a.token == token and a.side == "SELL")
        return self.account.free[token].qty - sum(self.orders[o].in_flight for o in sells)

    def judge(self, action: BasketAction) -> None:
        """Every order, merge and row that the desk decides."""
        if action.kind == "PERSIST":
            assert action.order is not None
            assert action.attempt is not None
            self._judge_order(action.order, action.attempt)
        elif action.row is not None:
            self._judge_row(action.row)

    def _judge_order(self, order: int, attempt: BasketAttempt) -> None:
        signal, book = self.signals[attempt.signal_id], self.books[attempt.token]
        assert order == len(self.orders), "a number is given once (S-13)"
        assert all(o.state == "TERMINAL" for o in self.orders.values()), "one in flight (S-04)"
        assert attempt.token == signal.tokens[attempt.leg]
        earlier = [a for a in self.attempts.values() if self._is_of(a, signal, attempt.leg)]
        assert attempt.attempt == len(earlier) + 1
        # Only the check before the wire needs a current book where a set is fired.
        assert book.is_current, "freshness (S-18)"
        if attempt.rung == "FIRE":
            self._judge_fire(signal, attempt, book)
        elif attempt.side == "BUY":
            self._judge_chase(signal, attempt, book)
        else:
            self._judge_sale(signal, attempt, book)
        before = self.exposure
        spent = self._spent(signal)
        self.orders[order], self.attempts[order] = OrderModel(attempt.order_qty), attempt
        if attempt.side == "BUY":
            assert before + self.reserved(order) <= self.max_exposure, "exposure cap (S-01)"
            assert spent + self.reserved(order) <= self.max_signal, "signal cap (S-02)"

    def _spent(self, signal: Signal) -> int:
        ours = [o for o, a in self.attempts.items() if a.signal_id == signal.signal_id]
        fills = self.account.fills.items()
        bought = (f for (o, _), f in fills if o in ours and f.attempt.side == "BUY")
        paid = sum(fill.lot.cost for fill in bought if fill.settle != "VOID")
        return paid + sum(map(self.reserved, ours))

    @staticmethod
    def _judge_fire(signal: Signal, attempt: BasketAttempt, book: Book) -> None:
        assert (attempt.leg, attempt.attempt) == (signal.worst, 1), "worst leg first (S-15)"
        assert not signal.ends, "a signal leaves Idle once (S-17)"
        assert attempt.order_qty == signal.qty
        bound = min(signal.limits[signal.worst] // book.tick * book.tick, MICRO - book.tick)
        assert book.ask is not None
        assert book.ask <= attempt.limit_micros == bound

    def _judge_chase(self, signal: Signal, attempt: BasketAttempt, book: Book) -> None:
        assert not signal.is_unwinding, "nothing more is bought once a set is unwound (S-14)"
        assert not signal.ends
        target = self.net(signal, signal.worst)
        short = {leg: target - self.net(signal, leg) for leg in signal.order}
        wanted = next(leg for leg in signal.order if short[leg] > DUST)
        assert (attempt.leg, attempt.order_qty) == (wanted, short[wanted]), "equal shares (S-16)"
        signal.chases[wanted] += 1
        most = min(signal.net_bps // 2, 200)
        step = min(10, most) if signal.chases[wanted] == 1 else most
        assert attempt.rung == f"CHASE_L{signal.chases[wanted]}"
        assert most > 0, "a chase needs two basis points (S-07)"
        assert attempt.budget_bps == step
        assert book.ask is not None
        raised = (book.ask * (10_000 + step), signal.limits[wanted] * (10_000 + most))
        bounds = [min(price // 10_000, MICRO) // book.tick * book.tick for price in raised]
        assert attempt.limit_micros == min(*bounds, MICRO - book.tick) >= book.ask
        assert signal.chased_at.get(wanted) != attempt.limit_micros, "one price is sent once"
        signal.chased_at[wanted] = attempt.limit_micros

    def _judge_sale(self, signal: Signal, attempt: BasketAttempt, book: Book) -> None:
        leg, token = attempt.leg, attempt.token
        assert signal.is_late or not signal.ends, "sold for a set in work or a late arrival"
        signal.is_unwinding = True
        extra = attempt.order_qty - self.leftover(signal, leg)
        if extra:
            kept = [key for key in self.residuals if key[0] == token]
            assert extra == sum(self.residuals.pop(key) for key in kept), "leftovers only (S-14)"
            signal.taken[leg] += extra
        assert attempt.order_qty <= self.spare(token), "no naked sale (S-09, S-22)"
        signal.steps[leg] += 1
        assert attempt.rung == f"FLAT_{signal.steps[leg]}"
        assert book.bid is not None
        least = -(-book.bid * (10_000 - FLAT_BPS[signal.steps[leg] - 1]) // 10_000)
        assert attempt.limit_micros == max(-(-least // book.tick) * book.tick, book.tick)

    def _judge_row(self, row: BasketRow) -> None:
        if row.action == "DEDUP_SIGNAL":
            self.dedups += 1
        if row.guard is not None and row.guard.startswith("guard=S-01 e="):
            values = dict(part.split("=") for part in row.guard.split()[1:])
            assert int(values["e"]) == self.exposure, "a guard shows both sides (D-7)"
            assert int(values["e"]) + int(values["r"]) > int(values["cap"]) == self.max_exposure
        if row.signal_id is None:
            return
        signal = self.signals[row.signal_id]
        if row.action == "FLATTEN" and row.order is None and row.leg is not None:
            signal.steps[row.leg] += 1
        if row.result in ENDS and row.action in {"END", "HARDSTOP", "COOLDOWN"}:
            signal.ends.append(row.result)
            self._judge_end(signal, row)

    def _judge_end(self, signal: Signal, row: BasketRow) -> None:
        assert len(signal.ends) == 1, "exactly one terminal row (L-1)"
        if row.action != "END" or row.result == "HARDSTOP":
            return
        left = {leg: self.leftover(signal, leg) for leg in signal.order}
        assert all(qty < signal.min_qty for qty in left.values()), "a leftover was not sold"
        is_bought = signal.merged > 0 or self.whole(signal) > DUST
        is_flattened = bool(signal.steps) or any(left.values())
        if is_flattened or is_bought:
            assert row.result == ("FLATTENED" if is_flattened else "SET_DONE")
        else:
            assert row.result in {"NO_FILL", "EXPIRED", "REJECTED_BY_RISK"}
