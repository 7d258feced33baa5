"""Random programs against the desk and the order, judged by the model of `model.py`.

`make test` runs a sample; `HYPOTHESIS_PROFILE=nightly` runs 10,000 programs of up to 100 steps.
"""

import os
from typing import Literal

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from razor._core import OrderEvent, OrderMachine, OrderRefused
from tests.machine.driver import SECOND, Driver, Settled
from tests.machine.model import DUST, MICRO, Book, IllegalError, OrderModel, Signal

IS_NIGHTLY = os.environ.get("HYPOTHESIS_PROFILE") == "nightly"
pytestmark = pytest.mark.timeout(7_200 if IS_NIGHTLY else 120)
PROGRAMS = settings(
    max_examples=10_000 if IS_NIGHTLY else 100,
    stateful_step_count=100 if IS_NIGHTLY else 50,
    deadline=None,
    # A shared machine is slow at times; that says nothing about a program.
    suppress_health_check=[HealthCheck.too_slow],
)
TROUBLES = ["none", "none", "stop", "halt", "restart", "mode", "ghost"]
"""What may go wrong in one program beside the orders: all at once would hide the rest."""
WORDS = ["MATCHED", "LIVE", "DELAYED", "REJECTED", "UNKNOWN"]
MODES = ["RESTARTING", "POST_ONLY", "CANCEL_ONLY", "DISABLED"]
SETS = ([0, 1], [2, 3, 4])

ticks = st.sampled_from([100, 1_000, 10_000])
shares = st.sampled_from([1, DUST, DUST + 1, MICRO // 2, MICRO, 4 * MICRO, 10 * MICRO])
settles: st.SearchStrategy[Settled] = st.sampled_from(["PROV", "CONF", "PROV", "CONF", "VOID"])


class DeskPrograms(RuleBasedStateMachine):
    """Everything the world can do to a desk, in any order."""

    @initialize(
        attempts=st.sampled_from([3, 3, 1]),
        tick=ticks,
        trouble=st.sampled_from(TROUBLES),
        exposure=st.sampled_from([30 * MICRO, 30 * MICRO, 7 * MICRO]),
    )
    def begin(self, attempts: int, tick: int, trouble: str, exposure: int) -> None:
        self.driver = Driver(attempts, exposure)
        self.trouble = trouble
        for token in (token for tokens in SETS for token in tokens):
            self.driver.book(token, Book(280_000, 300_000, tick, is_current=True))
        self.next_signal = 1
        self.trades = 0

    @property
    def sent(self) -> list[int]:
        return self.driver.sent

    @property
    def is_free(self) -> bool:
        return self.driver.machine.phase in {"IDLE", "COOLDOWN"}

    @property
    def out(self) -> int | None:
        """The order that the venue has now."""
        order = self.driver.machine.in_flight
        return order if order in self.sent else None

    def any_order(self, data: st.DataObject) -> int:
        """Mostly the newest order: what is over for long has little to say."""
        newest = st.just(self.sent[-1])
        return data.draw(st.one_of(newest, newest, newest, st.sampled_from(self.sent)))

    def pass_time(self, ns: int) -> None:
        self.driver.now += ns

    @precondition(lambda self: self.is_free or self.next_signal % 3 == 0)
    @rule(
        which=st.sampled_from([0, 1]),
        qty=st.sampled_from([MICRO, 4 * MICRO, 10 * MICRO]),
        net=st.sampled_from([1, 2, 15, 60, 400, 400, 900]),
        limit=st.sampled_from([290_000, 300_000, 300_000, 300_000, 305_000]),
        data=st.data(),
    )
    def signal(self, which: int, qty: int, net: int, limit: int, data: st.DataObject) -> None:
        least = data.draw(st.sampled_from([1, 1, MICRO]))
        self.pass_time(2 * SECOND)
        tokens = SETS[which]
        worst = data.draw(st.integers(0, len(tokens) - 1))
        limits = [limit] * len(tokens)
        signal = Signal(self.next_signal, net, qty, worst, tokens, limits, least)
        self.next_signal += 1
        self.driver.signal(signal, which)

    @precondition(lambda self: self.next_signal > 1)
    @rule(data=st.data())
    def repeated_signal(self, data: st.DataObject) -> None:
        known = self.driver.model.signals
        signal = known[data.draw(st.sampled_from(sorted(known)))]
        self.driver.signal(signal, 0 if len(signal.tokens) == 2 else 1)

    @rule(
        token=st.integers(0, 4),
        bid=st.sampled_from([None, 100, 250_000, 287_300, 290_000]),
        ask=st.sampled_from([None, 290_000, 300_000, 300_000, 300_000, 301_000, 306_000]),
        tick=ticks,
        is_current=st.sampled_from([True] * 7 + [False]),
    )
    def book(
        self, token: int, bid: int | None, ask: int | None, tick: int, *, is_current: bool
    ) -> None:
        self.pass_time(1)
        snapped = bid and max(bid // tick, 1) * tick
        lifted = ask and min(ask // tick * tick, MICRO - tick)
        self.driver.book(token, Book(snapped, lifted, tick, is_current))

    @rule(ns=st.sampled_from([1, SECOND, 3 * SECOND]))
    def time(self, ns: int) -> None:
        self.pass_time(ns)

    @precondition(lambda self: self.sent)
    @rule(
        word=st.sampled_from(["MATCHED", "LIVE", "DELAYED", "REJECTED", "UNKNOWN"]), data=st.data()
    )
    def answer(self, word: str, data: st.DataObject) -> None:
        order = self.any_order(data)
        matched = data.draw(st.one_of(st.just(self.driver.model.orders[order].cum), shares))
        self.driver.answer(order, word, matched)  # type: ignore[arg-type] # drawn from the words

    @precondition(lambda self: self.sent)
    @rule(data=st.data())
    def honest_end(self, data: st.DataObject) -> None:
        order = self.any_order(data)
        self.driver.answer(order, "MATCHED", self.driver.model.orders[order].cum)

    @precondition(lambda self: self.sent)
    @rule(word=st.sampled_from(["FINISHED", "OPEN", "ABSENT", "ABSENT", "SILENT"]), data=st.data())
    def found(self, word: str, data: st.DataObject) -> None:
        order = self.any_order(data)
        matched = data.draw(st.one_of(st.just(self.driver.model.orders[order].cum), shares))
        self.driver.found(order, word, matched)  # type: ignore[arg-type] # drawn from the words

    @precondition(lambda self: self.sent)
    @rule(settle=settles, is_all=st.booleans(), data=st.data())
    def fill(self, settle: Settled, data: st.DataObject, *, is_all: bool) -> None:
        """A match of what the venue still had of an order, however late."""
        order = self.any_order(data)
        if self.driver.model.orders[order].in_flight > 0 or self.trouble == "ghost":
            self.match(order, settle, None if is_all else data.draw(shares))

    @precondition(lambda self: self.trouble == "ghost" and self.out is not None)
    @rule()
    def overfill(self) -> None:
        """The venue matches more of a buy than was asked for."""
        order = self.out
        assert order is not None
        if self.driver.model.attempts[order].side == "BUY":
            self.trades += 1
            trade_id, model = self.trades.to_bytes(16, "big"), self.driver.model
            qty = model.orders[order].in_flight + DUST + 1
            limit = model.attempts[order].limit_micros
            self.driver.trade(order, trade_id, qty, limit, "CONF")

    @precondition(lambda self: self.out is not None)
    @rule(settle=settles, share=st.sampled_from([1, 1, 1, 2, 0]))
    def honest_match(self, settle: Settled, share: int) -> None:
        """The order that is out is matched, in part or not at all, and answered as it is."""
        order = self.out
        assert order is not None
        if share:
            self.match(order, settle, self.driver.model.orders[order].qty // share)
        self.driver.answer(order, "MATCHED", self.driver.model.orders[order].cum)

    def match(self, order: int, settle: Settled, most: int | None) -> None:
        model, attempt = self.driver.model, self.driver.model.attempts[order]
        leaves = model.orders[order].qty - model.orders[order].cum
        if attempt.side == "SELL":
            leaves = min(leaves, model.account.free[attempt.token].qty)
        qty = leaves if most is None else min(leaves, most)
        if qty > 0:
            self.trades += 1
            trade_id = self.trades.to_bytes(16, "big")
            self.driver.trade(order, trade_id, qty, attempt.limit_micros, settle)

    @precondition(lambda self: self.driver.model.account.fills)
    @rule(settle=settles, data=st.data())
    def news_of_a_trade(self, settle: Settled, data: st.DataObject) -> None:
        """Every trade is told again and again; a final word is never taken back."""
        fills = self.driver.model.account.fills
        key = data.draw(st.sampled_from(sorted(fills)))
        fill = fills[key]
        if {fill.settle, settle} != {"CONF", "VOID"}:
            self.driver.trade(*key, fill.qty, fill.price, settle)

    @precondition(lambda self: self.driver.model.account.fills)
    @rule()
    def the_chain_confirms(self) -> None:
        for key, fill in list(self.driver.model.account.fills.items()):
            if fill.settle == "PROV":
                self.driver.trade(*key, fill.qty, fill.price, "CONF")

    @precondition(lambda self: self.driver.armed)
    @rule(data=st.data())
    def deadline(self, data: st.DataObject) -> None:
        armed = sorted(self.driver.armed, key=lambda it: (it[0], -1 if it[1] is None else it[1]))
        self.driver.elapse(*data.draw(st.sampled_from(armed)))

    @precondition(lambda self: self.driver.merging is not None)
    @rule(is_done=st.booleans())
    def merge_ends(self, *, is_done: bool) -> None:
        self.driver.merged(is_done=is_done)

    @precondition(lambda self: self.trouble == "mode")
    @rule(word=st.sampled_from(["NORMAL", "NORMAL", *MODES]))
    def mode(self, word: str) -> None:
        machine = self.driver.machine
        self.driver.take(machine.mode(self.driver.now, word))  # type: ignore[arg-type] # drawn

    @precondition(lambda self: self.trouble in {"stop", "halt"} and self.sent)
    @rule()
    def operator_stops(self) -> None:
        self.driver.operator("stop" if self.trouble == "stop" else "halt")
        self.trouble = "none"

    @precondition(lambda self: self.driver.machine.phase == "HARD_STOP")
    @rule()
    def operator_clears(self) -> None:
        self.driver.operator("clear")

    @precondition(lambda self: self.trouble == "restart" and self.sent)
    @rule()
    def restart(self) -> None:
        self.driver.restart()
        self.trouble = "none"

    @precondition(lambda self: self.driver.machine.phase == "SAFE_HOLD")
    @rule()
    def reconcile(self) -> None:
        self.driver.take(self.driver.machine.reconciled(self.driver.now))

    @invariant()
    def agrees(self) -> None:
        if hasattr(self, "driver"):
            self.driver.check()

    def teardown(self) -> None:
        if hasattr(self, "driver"):
            self.driver.end()


class OrderPrograms(RuleBasedStateMachine):
    """Every event in every state of one order."""

    @initialize(qty=st.integers(1, 3 * DUST))
    def begin(self, qty: int) -> None:
        self.machine, self.model = OrderMachine(qty), OrderModel(qty)
        self.sends = 0

    def put(self, event: OrderEvent) -> None:
        """Both take the event, or both refuse it and stay as they were."""
        before = self.machine.state
        try:
            self.model.step(event.kind, event.qty or 0, event.timer or "")
        except IllegalError:
            with pytest.raises(OrderRefused) as caught:
                self.machine.step(event)
            assert (caught.value.state, caught.value.event) == (before, event)
        else:
            self.sends += self.machine.step(event).count("SEND")

    @rule(name=st.sampled_from(["journaled", "released", "released", "withdrawn", "unproven"]))
    def own_event(self, name: str) -> None:
        self.put(getattr(OrderEvent, name)())

    @rule(name=st.sampled_from(["rested", "deferred", "refused", "open", "absent", "silent"]))
    def word_of_the_venue(self, name: str) -> None:
        self.put(getattr(OrderEvent, name)())

    @rule(name=st.sampled_from(["claimed", "filled", "finished"]), data=st.data())
    def shares(self, name: str, data: st.DataObject) -> None:
        equal = st.just(self.model.cum)
        self.put(getattr(OrderEvent, name)(data.draw(st.one_of(equal, st.integers(0, 3 * DUST)))))

    @rule(timer=st.sampled_from(["answer", "poll", "resolve", "late"]))
    def deadline(self, timer: Literal["answer", "poll", "resolve", "late"]) -> None:
        self.put(OrderEvent.elapsed(timer))

    @invariant()
    def agrees(self) -> None:
        if hasattr(self, "machine"):
            machine, model = self.machine, self.model
            found = (machine.state, machine.cum_qty, machine.in_flight, machine.is_watched)
            assert found == (model.state, model.cum, model.in_flight, model.is_watched)
            assert self.sends <= 1


TestDesk = DeskPrograms.TestCase
TestDesk.settings = PROGRAMS
TestOrder = OrderPrograms.TestCase
TestOrder.settings = PROGRAMS
