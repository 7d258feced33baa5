"""The first record of every run, as the engine reads it.

Owns: :func:`params_record`. Must never: hold a host, a path or a wall time, because two runs over
the same input must begin with the same bytes.
"""

import json
from enum import Enum

from razor.domain.settings import Settings, as_json

__all__ = ["Rules", "params_record"]


class Rules(Enum):
    """Whose rules the input is judged by; the value is the engine's word."""

    VENUE = "venue"
    PREDECESSOR = "predecessor"


def params_record(run_id: str, settings: Settings, *, rules: Rules) -> bytes:
    """Give the payload: UTF-8 JSON with sorted keys and no blanks, decimals as text.

    ``run_id`` is what the tables say, which for a replay is ``replay_<source>``.
    """
    payload = {"run_id": run_id, "settings": as_json(settings), "source": rules.value}
    return json.dumps(payload, sort_keys=True, separators=(",", ":")).encode("ascii")
