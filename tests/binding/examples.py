"""What the stub promises, as code: mypy checks the types, `test_stub.py` runs it.

Each `assert_type` states the type that a reader of `_core.pyi` expects to get.
"""

from decimal import Decimal
from typing import assert_type

from razor._core import (
    BasketAction,
    BasketMachine,
    BasketRow,
    BasketRules,
    Bps,
    OrderEvent,
    OrderMachine,
    OrderRefused,
    RazorError,
    RiskCaps,
    SignalLeg,
    SignalPlan,
    UnitsError,
)


def units_keep_the_form_of_their_argument() -> tuple[float, Decimal]:
    fee = Bps.FEE_POLY
    as_float = fee.apply_cost(0.48)
    as_decimal = fee.apply_cost(Decimal("0.48"))
    assert_type(as_float, float)
    assert_type(as_decimal, Decimal)
    return as_float, as_decimal


def arithmetic_stays_in_the_unit() -> Bps:
    total = Bps.FEE_POLY + Bps.FEE_MERGE - Bps(raw=10)
    assert_type(total, Bps)
    return max(total, Bps.ZERO).clamp(min=Bps.ZERO, max=Bps.ONE_HUNDRED_PERCENT)


def a_refusal_says_why() -> str:
    try:
        Bps.from_prob(1.5)
    except UnitsError as refused:
        assert_type(refused.scale, int | None)
        parents: tuple[RazorError, ValueError] = (refused, refused)
        return f"{refused.reason}: {parents[0]}"
    return ""


def an_order_refuses_what_cannot_happen() -> OrderEvent:
    order = OrderMachine(1_000_000)
    try:
        order.step(OrderEvent.released())
    except OrderRefused as refused:
        assert_type(refused.event, OrderEvent)
        return refused.event
    return OrderEvent.silent()


def a_desk_answers_with_typed_actions() -> str | None:
    caps = RiskCaps(
        max_exposure_micros=0, max_signal_micros=0, max_day_loss_micros=1, max_residual_micros=0
    )
    desk = BasketMachine(BasketRules(queue=1), caps)
    legs = [SignalLeg(token=token, limit_micros=480_000, min_order_qty=1) for token in (0, 1)]
    plan = SignalPlan(
        signal_id=1, ts_ns=0, set_ix=0, qty=1_000_000, expected_net_bps=400, worst=0, legs=legs
    )
    actions = desk.signal(0, plan)
    assert_type(actions, list[BasketAction])
    row = actions[0].row
    assert_type(row, BasketRow | None)
    return row.guard if row is not None else None
