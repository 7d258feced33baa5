"""Time axes in UTC with round steps and labels that no locale changes.

Owns: :func:`time_ticks`. Written here because month names of a locale must not get into a report
that has to be the same bytes everywhere.
"""

from datetime import UTC, datetime, timedelta

__all__ = ["time_ticks"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND, _MINUTE, _HOUR, _DAY = 1_000, 60_000, 3_600_000, 86_400_000
_STEPS = (
    *(_SECOND * step for step in (1, 2, 5, 10, 15, 30)),
    *(_MINUTE * step for step in (1, 2, 5, 10, 15, 30)),
    *(_HOUR * step for step in (1, 2, 3, 6, 12)),
    *(_DAY * step for step in (1, 2, 5, 10, 30, 90, 365)),
)
# More labels would overlap at the width of a phone.
_MOST_TICKS = 5


def time_ticks(first_ms: int, last_ms: int) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """Positions in ms and their labels between two times, both included."""
    span = max(last_ms - first_ms, 1)
    step = next((step for step in _STEPS if span <= step * _MOST_TICKS), -(-span // _MOST_TICKS))
    ticks = tuple(range(-(-first_ms // step) * step, last_ms + 1, step)) or (first_ms,)
    return ticks, tuple(_label(tick, step) for tick in ticks)


def _label(time_ms: int, step: int) -> str:
    """Give day and month for steps of days, else the clock above the date."""
    try:
        moment = _EPOCH + timedelta(milliseconds=time_ms)
    except OverflowError:
        return str(time_ms)
    if step >= _DAY:
        return moment.strftime("%Y-%m-%d" if step > 30 * _DAY else "%m-%d")
    clock = "%H:%M" if step >= _MINUTE else "%H:%M:%S"
    return moment.strftime(f"{clock}\n%m-%d")
