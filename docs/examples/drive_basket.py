"""Drive one set by hand: a fire, a chase that falls short, a sale of what is left, a merge.

Cells as in a notebook: run it whole, or paste it piece by piece. Nothing here reaches a venue: the
desk says what it wants, and this file plays the venue's part. Prices are micro-dollars per share,
quantities micro-shares, times ns.
"""

# %% A desk: the rules have their usual values, the caps have none.
from razor._core import (
    BasketAction,
    BasketMachine,
    BasketRules,
    OrderEvent,
    OrderMachine,
    OrderRefused,
    RiskCaps,
    SignalLeg,
    SignalPlan,
)

DOLLAR = SHARE = 1_000_000
desk = BasketMachine(
    BasketRules(),
    RiskCaps(
        max_exposure_micros=100 * DOLLAR,
        max_signal_micros=20 * DOLLAR,
        max_day_loss_micros=10 * DOLLAR,
        max_residual_micros=5 * DOLLAR,
    ),
)

# %% Books of the two tokens, and a signal on both: leg 1 is the worst and goes first.
for token in (0, 1):
    desk.set_book(
        token,
        bid_micros=470_000,
        bid_qty=100 * SHARE,
        ask_micros=480_000,
        ask_qty=100 * SHARE,
        tick_micros=100,
        changed_ns=0,
    )
legs = [SignalLeg(token=t, limit_micros=480_000, min_order_qty=SHARE) for t in (0, 1)]
plan = SignalPlan(
    signal_id=1, ts_ns=0, set_ix=0, qty=10 * SHARE, expected_net_bps=400, worst=1, legs=legs
)


# %% Say what the desk wants, and make each intent durable at once.
def show(actions: list[BasketAction]) -> None:
    """Print orders, merges and the rows that end something."""
    for action in actions:
        if action.attempt is not None and action.kind == "PERSIST":
            want = action.attempt
            print(
                f"{want.rung:9} leg {want.leg}: {want.side} {want.order_qty} @ {want.limit_micros}"
            )
        elif action.kind == "MERGE":
            print(f"MERGE     {action.qty} sets")
        elif action.row is not None and action.row.action in {"END", "HARDSTOP"}:
            print(f"{action.row.action:9} {action.row.result}")
    for action in actions:
        if action.kind == "PERSIST" and action.order is not None:
            show(desk.journaled(0, action.order))


def match(qty: int) -> None:
    """Match so much of the order that is out, confirm it, and answer it."""
    order = desk.in_flight
    if order is None:
        return
    if qty:
        limit = desk.orders[order].attempt.limit_micros
        trade_id = order.to_bytes(16, "big")
        show(
            desk.trade(0, order, trade_id, qty=qty, price_micros=limit, fee_micros=0, settle="CONF")
        )
    # The venue refuses an order without a match; a claim of nothing would prove nothing.
    show(desk.answer(0, order, "MATCHED" if qty else "REJECTED", qty))


# %% Ten shares are fired, four of them find their other leg; six are sold, four sets merged.
show(desk.signal(0, plan))
match(10 * SHARE)
match(4 * SHARE)
match(0)
match(6 * SHARE)
show(desk.merged(0, is_done=True))
print(desk.phase, desk.realised_micros)

# %% One order alone: what the machine does not take is refused with its facts.
order = OrderMachine(10 * SHARE)
print(order.step(OrderEvent.journaled()), order.step(OrderEvent.released()))
try:
    order.step(OrderEvent.released())
except OrderRefused as refused:
    print(refused.state, refused.event)
