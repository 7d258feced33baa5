"""One desk and its model side by side, input by input."""

from typing import Literal

from razor._core import (
    BasketAction,
    BasketMachine,
    BasketRules,
    RiskCaps,
    SignalLeg,
    SignalPlan,
)
from tests.machine.model import DUST, MICRO, Book, DeskModel, Fill, Lot, Signal

SECOND = 1_000_000_000
EXPOSURE, PER_SIGNAL = 30 * MICRO, 12 * MICRO
"""Tight enough that a few held sets meet the cap."""

Settled = Literal["PROV", "CONF", "VOID"]


class Driver:
    """Does what the desk asks at once, but for the answers of the world."""

    def __init__(self, flatten_attempts: int = 3, exposure: int = EXPOSURE) -> None:
        self.machine = BasketMachine(
            BasketRules(queue=2, flatten_attempts=flatten_attempts),
            RiskCaps(
                max_exposure_micros=exposure,
                max_signal_micros=PER_SIGNAL,
                max_day_loss_micros=1_000 * MICRO,
                max_residual_micros=10 * MICRO,
                max_orders_per_min=1_000,
                loss_streak=1_000,
                revert=(1_000, 4),
                api_error=(1_000, 4),
                signal_ttl_ns=2 * SECOND,
            ),
        )
        self.model = DeskModel(max_exposure=exposure, max_signal=PER_SIGNAL)
        self.now = 0
        self.sent: list[int] = []
        self.trail: list[BasketAction] = []
        self.armed: set[tuple[str, int | None]] = set()
        self.merging: tuple[Signal, int] | None = None
        self.repeats = 0
        self.was_stopped = False
        self.is_venue_false = False

    # What the desk says.

    def take(self, actions: list[BasketAction]) -> None:
        """Judge the actions of one input, and make intents durable."""
        pending: list[int] = []
        for action in actions:
            self.trail.append(action)
            self.model.judge(action)
            self._note(action)
            if action.kind == "PERSIST" and action.order is not None:
                pending.append(action.order)
            if action.kind == "SEND" and action.order is not None:
                assert self.machine.venue_mode == "NORMAL", "no taker send (S-21)"
                assert not self.was_stopped, "nothing is sent in HardStop (S-06)"
                assert self.model.orders[action.order].state == "SENT", "durable first (D-1)"
                assert action.order not in self.sent, "placed once (S-05)"
                self.sent.append(action.order)
        self.was_stopped = self.machine.phase == "HARD_STOP"
        for order in pending:
            self.journal(order)

    def _note(self, action: BasketAction) -> None:
        match action.kind:
            case "ARM" if action.timer is not None:
                self.armed.add((action.timer, action.order))
            case "DISARM" if action.timer is not None:
                self.armed.discard((action.timer, action.order))
            case "DISARM_ORDER":
                self.armed = {armed for armed in self.armed if armed[1] != action.order}
            case "MERGE" if action.qty is not None:
                self._merge(action.qty)
            case _:
                pass

    def _merge(self, qty: int) -> None:
        assert self.merging is None
        signal = self.in_work()
        assert signal is not None
        assert qty == self.model.whole(signal), "whole sets are merged"
        assert all(self.model.spare(token) >= qty for token in signal.tokens), "confirmed (S-22)"
        self.merging = (signal, qty)

    def in_work(self) -> Signal | None:
        """The signal that was fired last and has no terminal row."""
        fired = [a.signal_id for a in self.model.attempts.values() if a.rung == "FIRE"]
        for signal_id in reversed(fired):
            if not self.model.signals[signal_id].ends:
                return self.model.signals[signal_id]
        return None

    # What reaches the desk.

    def journal(self, order: int) -> None:
        """The intent is durable: it is sent, or withdrawn by the check before the wire."""
        machine_order = self.model.orders[order]
        machine_order.step("journaled")
        actions = self.machine.journaled(self.now, order)
        is_sent = any(a.kind == "SEND" and a.order == order for a in actions)
        machine_order.step("released" if is_sent else "withdrawn")
        self.take(actions)

    def book(self, token: int, book: Book) -> None:
        self.model.books[token] = book
        self.machine.set_book(
            token,
            bid_micros=book.bid,
            bid_qty=100 * MICRO,
            ask_micros=book.ask,
            ask_qty=100 * MICRO,
            tick_micros=book.tick,
            is_current=book.is_current,
            changed_ns=self.now,
        )
        self.take(self.machine.books(self.now))

    def signal(self, signal: Signal, set_ix: int) -> None:
        """A signal, or one that was seen before."""
        if signal.signal_id in self.model.signals:
            self.repeats += 1
        else:
            self.model.signals[signal.signal_id] = signal
        legs = [
            SignalLeg(token=token, limit_micros=limit, min_order_qty=signal.min_qty)
            for token, limit in zip(signal.tokens, signal.limits, strict=True)
        ]
        plan = SignalPlan(
            signal_id=signal.signal_id,
            ts_ns=self.now,
            set_ix=set_ix,
            qty=signal.qty,
            expected_net_bps=signal.net_bps,
            worst=signal.worst,
            legs=legs,
            settlement="hold" if set_ix else "merge",
        )
        assert plan.leg_order == signal.order
        self.take(self.machine.signal(self.now, plan))

    def answer(
        self,
        order: int,
        word: Literal["MATCHED", "LIVE", "DELAYED", "REJECTED", "UNKNOWN"],
        matched: int = 0,
    ) -> None:
        kinds = {
            "MATCHED": "claimed",
            "LIVE": "rested",
            "DELAYED": "deferred",
            "REJECTED": "refused",
            "UNKNOWN": "unproven",
        }
        self.model.orders[order].step(kinds[word], matched)
        self.take(self.machine.answer(self.now, order, word, matched))

    def found(
        self, order: int, word: Literal["FINISHED", "OPEN", "ABSENT", "SILENT"], matched: int = 0
    ) -> None:
        self.model.orders[order].step(word.lower(), matched)
        self.take(self.machine.found(self.now, order, word, matched))

    def trade(self, order: int, trade_id: bytes, qty: int, price: int, settle: Settled) -> None:
        """A trade of ours, new, repeated or settled."""
        attempt = self.model.attempts[order]
        signal = self.model.signals[attempt.signal_id]
        known = self.model.account.fills.get((order, trade_id))
        # What was void when it was first seen has never been counted: only a fill that fails ends
        # the buying (F-48).
        is_failing = settle == "VOID" and known is not None and known.settle == "PROV"
        model = self.model.orders[order]
        was_over, was_in_flight = model.state == "TERMINAL", model.in_flight
        is_new = self.model.account.book(
            (order, trade_id), Fill(attempt, qty, price, settle, Lot())
        )
        if is_new:
            model.step("filled", qty)
            # More than could still come: what the venue had proven was false.
            self.is_venue_false = self.is_venue_false or qty > was_in_flight
            if was_over:
                signal.is_late = signal.is_unwinding = True
        if is_failing:
            signal.is_unwinding = True
        actions = self.machine.trade(
            self.now, order, trade_id, qty=qty, price_micros=price, fee_micros=0, settle=settle
        )
        self.take(actions)
        if is_new and model.cum > model.qty + DUST:
            assert self.machine.phase == "HARD_STOP", "overfill (S-12)"

    def elapse(self, timer: str, order: int | None) -> None:
        """An armed deadline passes."""
        self.armed.discard((timer, order))
        if order is not None:
            self.model.orders[order].step("elapsed", timer=timer)
        elif timer == "set" and (signal := self.in_work()) is not None:
            signal.is_unwinding = True
        self.take(self.machine.elapsed(self.now, timer, order))  # type: ignore[arg-type] # armed

    def merged(self, *, is_done: bool) -> None:
        """A merge that was asked for comes to its end."""
        assert self.merging is not None
        (signal, qty), self.merging = self.merging, None
        if is_done:
            self.model.account.merge(signal.tokens, qty)
            signal.merged += qty
        self.take(self.machine.merged(self.now, is_done))

    def operator(self, verb: Literal["stop", "halt", "clear"]) -> None:
        if verb == "stop" and (signal := self.in_work()) is not None:
            signal.is_unwinding = True
        actions = self.machine.operator(self.now, verb)
        if verb == "clear":
            self.was_stopped = self.machine.phase == "HARD_STOP"
        self.take(actions)
        if verb == "halt":
            assert self.machine.phase == "HARD_STOP"
            assert self.machine.hard_stop is not None

    def restart(self) -> None:
        for order in self.model.orders.values():
            if order.state == "PLANNED":
                order.step("withdrawn")
            elif order.state in {"JOURNALED", "SENT"}:
                order.step("unproven")
        if (signal := self.in_work()) is not None:
            signal.is_unwinding = True
        self.take(self.machine.restarted(self.now))

    # What holds after every input.

    def check(self) -> None:
        """Orders, positions and money are those of the model; nobody waits for nothing."""
        model, account = self.model, self.model.account
        found = {o.order: (o.state, o.cum_qty, o.in_flight) for o in self.machine.orders}
        assert found == {
            n: (order.state, order.cum, order.in_flight) for n, order in model.orders.items()
        }
        held = {
            p.token: (p.conf, p.prov_in, p.prov_out, p.cost_micros) for p in self.machine.positions
        }
        for token in account.incoming.keys() | account.free.keys() | held.keys():
            incoming, free, out = (
                pool[token] for pool in (account.incoming, account.free, account.outgoing)
            )
            cost = incoming.cost + free.cost + out.cost
            wanted = (free.qty + out.qty, incoming.qty, out.qty, cost)
            assert held.get(token, (0, 0, 0, 0)) == wanted
        assert self.machine.realised_micros == account.realised
        is_within = model.exposure <= model.max_exposure
        assert is_within or self.is_venue_false, "exposure cap (S-01)"
        assert model.dedups == self.repeats, "one row per repeat (S-17)"
        self._check_progress()

    def _check_progress(self) -> None:
        phase, is_out = self.machine.phase, self.machine.in_flight is not None
        if phase in {"FIRING_LEG1", "LEG1_FILLED", "CHASING"}:
            assert is_out, "a set in work has an order out"
        if phase == "FLATTENING":
            assert is_out or self.machine.is_waiting_for_books
        if phase in {"IDLE", "COOLDOWN"}:
            assert all(o.state == "TERMINAL" for o in self.model.orders.values())

    def end(self) -> None:
        """The run is over: every signal has exactly one terminal row (L-1)."""
        self.take(self.machine.ended(self.now))
        assert [s.signal_id for s in self.model.signals.values() if len(s.ends) != 1] == []
