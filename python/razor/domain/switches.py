"""The fault switches of the simulator that come from the environment.

Owns: :class:`SimSwitches` and how ``RAZOR_SIM_*`` texts become one. The values in force are
recorded in the manifest, because they change what a SIM run does. Must never: stop a start — a
number that cannot be read counts as unset (the predecessor's rule) and is named in ``ignored``,
so that the caller can say so.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

__all__ = ["SimSwitches", "is_truthy", "read_switches"]

_TRUTHY = frozenset({"1", "true", "yes", "y"})
_COUNT = re.compile(r"\+?[0-9]{1,20}")
_SHARE = re.compile(r"[+-]?([0-9]{1,40}\.?[0-9]{0,40}|\.[0-9]{1,40})([eE][+-]?[0-9]{1,2})?")
_COUNT_MAX = 2**64 - 1

_FORCE_CHASE_FAIL = "RAZOR_SIM_FORCE_CHASE_FAIL"
_LATENCY_SPIKE_MS = "RAZOR_SIM_LATENCY_SPIKE_MS"
_LATENCY_SPIKE_EVERY = "RAZOR_SIM_LATENCY_SPIKE_EVERY"
_DROP_BOOK_PCT = "RAZOR_SIM_DROP_BOOK_PCT"
_HTTP_429_EVERY = "RAZOR_SIM_HTTP_429_EVERY"


@dataclass(frozen=True, slots=True, kw_only=True)
class SimSwitches:
    """Faults the simulated venue injects.

    ``latency_spike_ms`` 0 is off; ``latency_spike_every`` 0 means every request;
    ``drop_book_pct`` is a share from 0 to 1 (the name is the predecessor's); ``http_429_every``
    0 is off. ``ignored`` names variables whose text could not be read.
    """

    force_chase_fail: bool = False
    latency_spike_ms: int = 0
    latency_spike_every: int = 0
    drop_book_pct: Decimal = Decimal(0)
    http_429_every: int = 0
    ignored: tuple[str, ...] = ()


def is_truthy(text: str | None) -> bool:
    """Tell whether a switch is on: ``1``, ``true``, ``yes`` or ``y``, trimmed, in any case."""
    return text is not None and text.strip().lower() in _TRUTHY


def read_switches(environment: Mapping[str, str]) -> SimSwitches:
    """Read the fault switches; an unreadable number counts as unset and is named."""
    spike_ms = _count(environment.get(_LATENCY_SPIKE_MS))
    spike_every = _count(environment.get(_LATENCY_SPIKE_EVERY))
    drop = _share(environment.get(_DROP_BOOK_PCT))
    http_429 = _count(environment.get(_HTTP_429_EVERY))
    readings = {
        _LATENCY_SPIKE_MS: spike_ms,
        _LATENCY_SPIKE_EVERY: spike_every,
        _DROP_BOOK_PCT: drop,
        _HTTP_429_EVERY: http_429,
    }
    return SimSwitches(
        force_chase_fail=is_truthy(environment.get(_FORCE_CHASE_FAIL)),
        latency_spike_ms=spike_ms or 0,
        latency_spike_every=spike_every or 0,
        drop_book_pct=drop or Decimal(0),
        http_429_every=http_429 or 0,
        ignored=tuple(
            name for name, value in readings.items() if value is None and name in environment
        ),
    )


def _count(text: str | None) -> int | None:
    trimmed = (text or "").strip()
    if not _COUNT.fullmatch(trimmed):
        return None
    value = int(trimmed)
    return value if value <= _COUNT_MAX else None


def _share(text: str | None) -> Decimal | None:
    trimmed = (text or "").strip()
    if not _SHARE.fullmatch(trimmed):
        return None
    return min(max(Decimal(trimmed), Decimal(0)), Decimal(1))
