"""A capture as the outside of the local exchange: its markets listed, its clock.

Owns: :func:`open_tape` and :class:`LeapClock`. Must never: read the capture itself; the engine
does, record by record, when time comes to it.
"""

import json
from pathlib import Path
from typing import Any, Final, cast

from razor import _core
from razor.adapters.sandbox.listing import ONE, EventListing, MarketListing
from razor.adapters.sandbox.venue import Venue

QUOTE_DEPTH: Final = 100 * ONE
"""Micro-shares around which quotes without sizes are seeded."""


def open_tape(venue: Venue, path: Path, *, quote_depth: int = QUOTE_DEPTH) -> tuple[str, ...]:
    """Open a capture on an exchange without markets, and list what it defines.

    Gives back what in it is not from the recording, as sentences. Errors: `StorageError`,
    `DecodeError`, a `ValueError` when the capture defines nothing or something impossible.
    """
    exchange = venue.exchange
    raw = exchange.open_tape(venue.now_ns(), path, seed=venue.seed, quote_depth=quote_depth)
    listing = cast("dict[str, list[dict[str, Any]]]", json.loads(raw))
    for event in listing["events"]:
        venue.catalogue.add_event(EventListing(**event))
    for row in listing["markets"]:
        index = cast("int", row.pop("index"))
        for pair in ("token_ids", "outcomes"):
            row[pair] = tuple(row[pair])
        venue.catalogue.know_market(index, MarketListing(**row))
    return tuple(cast("list[str]", listing["markers"]))


class LeapClock:
    """A clock that stands still but for leaps to whatever is due next."""

    def __init__(self, start_ns: int) -> None:
        """Begin at a time, in ns since the epoch."""
        self._now_ns = start_ns
        self._exchange: _core.Exchange | None = None

    def leap_over(self, exchange: _core.Exchange) -> None:
        """Follow this exchange from now on."""
        self._exchange = exchange

    def __call__(self) -> int:
        """Leap, and give the time."""
        due_ns = None if self._exchange is None else self._exchange.due_ns()
        if due_ns is not None:
            self._now_ns = max(self._now_ns, due_ns)
        return self._now_ns
