"""The first record of every run, as the engine reads it.

Owns: :func:`params_record`. Must never: hold a host, a path or a wall time, because two runs over
the same input must begin with the same bytes.
"""

import json
from enum import Enum

from razor.domain.mode import OrderPath
from razor.domain.settings import Settings, as_json

__all__ = ["Rules", "params_record"]

# The engine's words; without one there is no order code in it.
_ORDERS = {OrderPath.SIM: "sim", OrderPath.REAL: "live"}


class Rules(Enum):
    """Whose rules the input is judged by; the value is the engine's word."""

    VENUE = "venue"
    PREDECESSOR = "predecessor"


def params_record(
    run_id: str, settings: Settings, *, rules: Rules, orders: OrderPath = OrderPath.NONE
) -> bytes:
    """Give the payload: UTF-8 JSON with sorted keys and no blanks, decimals as text.

    ``run_id`` is what the tables say, which for a replay is ``replay_<source>``. ``orders`` says
    whom orders go to; a dry run's record says nothing of orders.
    """
    payload = {"run_id": run_id, "settings": as_json(settings), "source": rules.value}
    word = _ORDERS.get(orders)
    if word is not None:
        payload["orders"] = word
    return json.dumps(payload, sort_keys=True, separators=(",", ":")).encode("ascii")
