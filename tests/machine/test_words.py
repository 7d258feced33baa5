"""Every event, action and typed error of both machines, one by one."""

import inspect
from collections.abc import Callable
from typing import Any, Literal

import pytest

from razor import _core
from razor._core import (
    BasketAction,
    BasketMachine,
    BasketRules,
    OrderEvent,
    OrderMachine,
    OrderRefused,
    RiskCaps,
    SettingsError,
    SignalLeg,
    SignalPlan,
    UnitsError,
)
from razor.domain.mode import OrderPath
from razor.domain.params import Rules, params_record
from razor.domain.settings import Settings

TEN = 10_000_000
MONEY: dict[str, Any] = {
    "max_exposure_micros": 10 * TEN,
    "max_signal_micros": 2 * TEN,
    "max_day_loss_micros": TEN,
    "max_residual_micros": TEN,
}
BARE = ["journaled", "released", "withdrawn", "rested", "deferred", "refused", "unproven"]
FOUND = ["open", "absent", "silent"]
WITH_QTY = ["claimed", "filled", "finished"]
TIMERS: list[Literal["answer", "poll", "resolve", "late"]] = ["answer", "poll", "resolve", "late"]


def events() -> list[OrderEvent]:
    bare = [getattr(OrderEvent, name)() for name in BARE + FOUND]
    shares = [getattr(OrderEvent, name)(3) for name in WITH_QTY]
    return bare + shares + [OrderEvent.elapsed(timer) for timer in TIMERS]


def leg(token: int, **other: int | None) -> SignalLeg:
    facts: dict[str, Any] = {"limit_micros": 300_000, "min_order_qty": 1_000_000, **other}
    return SignalLeg(token=token, **facts)


def plan(signal_id: int = 1, **other: object) -> SignalPlan:
    facts: dict[str, Any] = {
        "ts_ns": 0,
        "set_ix": 0,
        "qty": TEN,
        "expected_net_bps": 400,
        "worst": 1,
        "legs": [leg(0), leg(2)],
        **other,
    }
    return SignalPlan(signal_id=signal_id, **facts)


@pytest.fixture
def machine() -> BasketMachine:
    made = BasketMachine(BasketRules(), RiskCaps(**MONEY))
    for token in (0, 2):
        made.set_book(
            token,
            bid_micros=290_000,
            bid_qty=10 * TEN,
            ask_micros=300_000,
            ask_qty=10 * TEN,
            tick_micros=100,
            changed_ns=0,
        )
    return made


def kinds(actions: list[BasketAction]) -> list[str]:
    return [action.kind for action in actions if action.kind != "ROW"]


def fired(machine: BasketMachine) -> None:
    machine.signal(0, plan())
    assert kinds(machine.journaled(0, 0)) == ["SEND", "ARM"]


def trade(machine: BasketMachine, order: int, price: int = 300_000) -> list[BasketAction]:
    return machine.trade(
        0, order, bytes(16), qty=TEN, price_micros=price, fee_micros=0, settle="CONF"
    )


def test_an_event_knows_its_name_and_its_facts() -> None:
    names = BARE + FOUND + WITH_QTY + ["elapsed"] * 4
    assert [event.kind for event in events()] == names
    assert OrderEvent.filled(3).qty == 3
    assert OrderEvent.elapsed("late").timer == "late"
    assert (OrderEvent.rested().qty, OrderEvent.rested().timer) == (None, None)
    assert repr(OrderEvent.filled(3)) == "OrderEvent.filled(3)"
    assert repr(OrderEvent.elapsed("poll")) == "OrderEvent.elapsed('poll')"
    assert len(set(events())) == len(events())
    assert OrderEvent.filled(3) == OrderEvent.filled(3) != OrderEvent.filled(4)


def test_an_order_lives_from_plan_to_end() -> None:
    order = OrderMachine(TEN)
    assert order.step(OrderEvent.journaled()) == ["CHECK"]
    assert order.step(OrderEvent.released()) == ["SEND", "ARM_ANSWER"]
    assert order.step(OrderEvent.filled(4)) == []
    assert (order.state, order.cum_qty, order.in_flight, order.end) == ("SENT", 4, TEN - 4, None)
    assert order.step(OrderEvent.claimed(4)) == ["DISARM", "ENDED"]
    assert (order.state, order.end, order.in_flight) == ("TERMINAL", "PARTIAL", 0)
    assert order.step(OrderEvent.filled(1)) == ["LATE_ARRIVAL"]


def test_an_order_given_up_by_absence_is_watched() -> None:
    order = OrderMachine(TEN)
    for event in (OrderEvent.journaled(), OrderEvent.released(), OrderEvent.unproven()):
        order.step(event)
    assert order.step(OrderEvent.absent()) == ["ARM_POLL"]
    assert order.step(OrderEvent.elapsed("resolve")) == ["CANCEL", "QUERY", "ARM_RESOLVE"]
    assert order.step(OrderEvent.absent()) == ["DISARM", "ARM_LATE", "ARM_POLL", "ENDED"]
    assert (order.is_watched, order.in_flight, order.end) == (True, TEN, "NONE")


def test_an_order_that_nobody_proves_is_unresolved_and_an_overfill_is_said() -> None:
    order = OrderMachine(1)
    for event in (OrderEvent.journaled(), OrderEvent.released(), OrderEvent.unproven()):
        order.step(event)
    order.step(OrderEvent.elapsed("resolve"))
    assert order.step(OrderEvent.elapsed("resolve")) == ["UNRESOLVED", "ARM_POLL"]
    assert order.step(OrderEvent.filled(10_002)) == ["DISARM", "ENDED", "OVERFILLED"]


@pytest.mark.parametrize("event", events(), ids=repr)
def test_a_planned_order_refuses_all_but_its_own_two_events(event: OrderEvent) -> None:
    order = OrderMachine(TEN)
    if event.kind in {"journaled", "withdrawn"}:
        assert order.step(event)
        return
    with pytest.raises(OrderRefused, match="cannot take") as caught:
        order.step(event)
    assert (caught.value.state, caught.value.event, order.state) == ("PLANNED", event, "PLANNED")


def test_fills_beyond_64_bits_are_refused_with_their_facts() -> None:
    order = OrderMachine(2**64 - 1)
    for event in (OrderEvent.journaled(), OrderEvent.released(), OrderEvent.filled(1)):
        order.step(event)
    with pytest.raises(OrderRefused, match="64 bits") as caught:
        order.step(OrderEvent.filled(2**64 - 1))
    assert (caught.value.state, order.cum_qty) == ("SENT", 1)


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        (lambda: OrderMachine(-1), "negative"),
        (lambda: OrderMachine(2**64), "overflow"),
        (lambda: OrderMachine(10**60), "overflow"),
        (lambda: OrderEvent.filled(-1), "negative"),
        (lambda: leg(0, limit_micros=1_000_001), "overflow"),
        (lambda: leg(-1), "negative"),
        (lambda: plan(expected_net_bps=2**31), "overflow"),
        (lambda: plan(ts_ns=2**63), "overflow"),
        (lambda: RiskCaps(**{**MONEY, "max_signal_micros": -1}), "negative"),
        (lambda: RiskCaps(**{**MONEY, "max_signal_micros": 2**63}), "overflow"),
    ],
)
def test_a_number_outside_its_unit_is_a_units_error(
    call: Callable[[], object], reason: str
) -> None:
    with pytest.raises(UnitsError) as caught:
        call()
    assert caught.value.reason == reason


@pytest.mark.parametrize("wrong", [True, 1.0, "1", None], ids=repr)
def test_other_types_are_no_quantity(wrong: object) -> None:
    with pytest.raises(TypeError, match="expected int"):
        OrderMachine(wrong)  # type: ignore[arg-type] # the wrong type is the point


@pytest.mark.parametrize(
    "call",
    [
        lambda _: OrderEvent.elapsed("soon"),  # type: ignore[arg-type]
        lambda machine: machine.answer(0, 0, "PERHAPS"),
        lambda machine: machine.answer(0, 0, "REJECTED", 0, "mood"),
        lambda machine: machine.found(0, 0, "LOST"),
        lambda machine: machine.elapsed(0, "late"),
        lambda machine: machine.elapsed(0, "settle", 0),
        lambda machine: machine.mode(0, "normal"),
        lambda machine: machine.operator(0, "pause"),
        lambda machine: machine.trade(
            0, 0, bytes(16), qty=1, price_micros=1, fee_micros=0, settle="MAYBE"
        ),
        lambda machine: machine.trade(
            0, 0, bytes(15), qty=1, price_micros=1, fee_micros=0, settle="CONF"
        ),
        lambda _: plan(bucket="thick"),
        lambda _: plan(settlement="burn"),
        lambda _: BasketRules(flatten_attempts=4),
        lambda _: RiskCaps(**MONEY, exit_reserve_percent=101),
        lambda _: RiskCaps(**MONEY, revert=(1_001, 1)),
        lambda _: RiskCaps(**MONEY, api_error=(1, 0)),
    ],
)
def test_a_word_that_is_not_listed_is_a_value_error_and_changes_nothing(
    machine: BasketMachine, call: Callable[[BasketMachine], object]
) -> None:
    with pytest.raises(ValueError, match=r"."):
        call(machine)
    assert (machine.phase, machine.orders, machine.hard_stop) == ("IDLE", [], None)


def test_a_tick_that_the_venue_does_not_know_is_a_units_error(machine: BasketMachine) -> None:
    with pytest.raises(UnitsError) as caught:
        machine.set_book(
            0, bid_micros=1, bid_qty=1, ask_micros=2, ask_qty=1, tick_micros=7, changed_ns=0
        )
    assert (caught.value.reason, caught.value.micros) == ("unknown_tick", 7)


def test_a_desk_reads_the_params_record_of_a_run() -> None:
    record = params_record("r", Settings(), rules=Rules.VENUE, orders=OrderPath.SIM)
    assert BasketMachine.from_params(record).phase == "IDLE"
    with pytest.raises(ValueError, match="nothing of orders"):
        BasketMachine.from_params(params_record("r", Settings(), rules=Rules.VENUE))
    with pytest.raises(SettingsError):
        BasketMachine.from_params(b'{"orders": "sim"}')


def test_actions_carry_typed_facts(machine: BasketMachine) -> None:
    first = machine.signal(0, plan())
    persist = next(action for action in first if action.kind == "PERSIST")
    assert persist.attempt is not None
    assert (persist.order, persist.attempt.rung, persist.attempt.side) == (0, "FIRE", "BUY")
    assert (persist.attempt.token, persist.attempt.limit_micros) == (2, 300_000)
    armed = next(action for action in first if action.kind == "ARM")
    assert (armed.timer, armed.after_ns, armed.order) == ("set", 120_000_000_000, None)
    machine.journaled(0, 0)
    ended = trade(machine, 0)
    sample = next(action for action in ended if action.kind == "SAMPLE")
    assert sample.sample is not None
    assert (sample.sample.filled_qty, sample.sample.ask_qty) == (TEN, 10 * TEN)
    row = next(a.row for a in ended if a.row is not None and a.row.result == "FULL")
    assert (row.action, row.fill, row.avg_px_micros, row.guard) == ("FIRE", "FULL", 300_000, None)
    assert machine.positions[0].cost_micros == 3_000_000
    assert machine.in_flight == 1
    assert [order.state for order in machine.orders] == ["TERMINAL", "PLANNED"]
    assert any("CHASE_L1" in repr(action) for action in ended)


STOPS: list[tuple[Callable[[BasketMachine], list[BasketAction]], str]] = [
    (lambda machine: machine.foreign(0), "guard=S-32"),
    (lambda machine: machine.durability_lost(0), "guard=D-10"),
    (lambda machine: machine.not_durable(0, 0), "guard=D-10"),
    (lambda machine: machine.mode(0, "VERSION_MISMATCH"), "guard=S-21"),
    (lambda machine: machine.operator(0, "halt"), "guard=S-06"),
    (lambda machine: machine.merged(0, is_done=True), "guard=S-32"),
    (lambda machine: machine.journaled(0, 0), "guard=S-31"),
    (lambda machine: machine.answer(0, 7, "LIVE"), "guard=S-32"),
    (lambda machine: machine.answer(0, 0, "REJECTED", 0, "account"), "guard=S-19"),
    (lambda machine: trade(machine, 0, 300_001), "guard=S-24"),
]


@pytest.mark.parametrize(("stop", "guard"), STOPS)
def test_odd_inputs_stop_trading_and_say_why(
    machine: BasketMachine, stop: Callable[[BasketMachine], list[BasketAction]], guard: str
) -> None:
    fired(machine)
    rows = [action.row for action in stop(machine) if action.row is not None]
    assert machine.phase == "HARD_STOP"
    assert str(machine.hard_stop).startswith(guard)
    assert "HARDSTOP" in {row.result for row in rows}


def test_a_market_without_a_known_fee_is_refused_with_its_guard(machine: BasketMachine) -> None:
    rows = machine.signal(0, plan(legs=[leg(0), leg(2, fee_rate_ppm=None)]))
    assert [action.kind for action in rows] == ["ROW"]
    row = rows[0].row
    assert row is not None
    assert (row.result, row.guard) == ("REJECTED_BY_RISK", "guard=S-24 token=2")


def test_a_token_without_a_book_is_not_bought(machine: BasketMachine) -> None:
    machine.drop_book(2)
    row = machine.signal(0, plan())[0].row
    assert row is not None
    assert row.guard == "guard=S-18 leg=1 age_ns=-1"


def test_the_same_inputs_give_the_same_actions(machine: BasketMachine) -> None:
    def play() -> str:
        desk = BasketMachine(BasketRules(), RiskCaps(**MONEY))
        out = [desk.signal(0, plan()), desk.signal(0, plan()), desk.operator(0, "stop")]
        return repr(out)

    assert play() == play()
    assert machine.venue_mode == "NORMAL"


def test_values_cannot_be_changed_or_made_by_hand() -> None:
    for frozen in (BasketAction, _core.BasketRow, _core.BasketOrder, OrderEvent):
        with pytest.raises(TypeError):
            frozen()
        assert inspect.isclass(frozen)
    with pytest.raises(AttributeError):
        OrderEvent.rested().kind = "x"  # type: ignore[misc]
