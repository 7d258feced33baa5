"""What an outcome is worth to whoever shows prices without trading on them.

Owns: the price that Gamma and the Data API show. Must never: be what an order is matched at.
"""

from typing import Final

from razor.adapters.sandbox.listing import ONE, Listed
from razor.adapters.sandbox.venue import Venue

_HALF: Final = ONE // 2
_WIDE: Final = 100_000
"""A spread above ten cents: the venue shows the last trade then, not the middle."""
_DIGITS: Final = 6


def shown_prices(venue: Venue, listed: Listed) -> tuple[int, int]:
    """Shown prices of both outcomes in micro-dollars, a dollar together.

    After a resolution what it pays; before, the middle of a narrow book, else the last trade, else
    one half. Grids end at 0.0001, so a middle is whole micro-dollars.
    """
    standing = venue.standing(listed)
    if standing.payout is not None:
        first = _HALF if standing.winner is None else ONE * (1 - standing.winner)
        return first, ONE - first
    bid, ask = venue.exchange.top(2 * listed.index)
    last = venue.exchange.last_trade(listed.index)
    shown = _HALF
    if bid is not None and ask is not None and ask - bid <= _WIDE:
        shown = (bid + ask) // 2
    elif last is not None:
        whole, _, fraction = last[0].partition(".")
        shown = int(whole) * ONE + int(f"{fraction:<0{_DIGITS}s}"[:_DIGITS])
    return shown, ONE - shown
