"""What wallets had done to their sets beside trading: splits, merges, redemptions.

Owns: `Deed` and `Deeds`, in order of sending. The ledger knows an action by its number alone; who
sent it notes here what it was, so that an index of the chain can tell of it.

Must never: say whether an action came to be; the ledger says that under its number.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

from razor import _core
from razor.adapters.sandbox.listing import ONE

_MINED: Final = {"STATE_MINED", "STATE_CONFIRMED"}
"""Words of the ledger for an action that is in a block."""


class Part(NamedTuple):
    """One row that an action makes. Micro-shares and micro-dollars; `side` is None for a pair."""

    kind: Literal["SPLIT", "MERGE", "REDEEM"]
    market: int
    side: int | None
    qty: int
    cash: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """A part of an action of the ledger, sent at a time in ns."""

    part: Part
    action: int
    at_ns: int


class Deeds:
    """Deeds of every account, oldest first."""

    def __init__(self) -> None:
        self._by_account: dict[int, list[Deed]] = {}

    def note(self, account: int, parts: Sequence[Part], action: int, at_ns: int) -> None:
        """Note what an action of an account does."""
        mine = self._by_account.setdefault(account, [])
        mine += [Deed(part=part, action=action, at_ns=at_ns) for part in parts]

    def of(self, account: int) -> Sequence[Deed]:
        """All of an account; those that failed, and those without a block yet, are among them."""
        return self._by_account.get(account, [])


def in_block(exchange: _core.Exchange, deed: Deed) -> str | None:
    """The hash of a deed's transaction; None while it has no block, and where it failed."""
    found = exchange.action(deed.action)
    return None if found is None or found[0] not in _MINED else found[1]


def redeemed_parts(exchange: _core.Exchange, account: int, market: int) -> list[Part]:
    """What a redemption of a whole market would take now: a row for each outcome that is held."""
    parts: list[Part] = []
    for side in (0, 1):
        held, _, _ = exchange.holding(account, 2 * market + side)
        if held:
            parts.append(redeemed_part(exchange, market, side, held))
    return parts


def redeemed_part(exchange: _core.Exchange, market: int, side: int, qty: int) -> Part:
    """So much of one outcome with what it pays, rounded down; nothing before a resolution."""
    standing = exchange.standing(market)
    payout = None if standing is None else standing[4]
    paid = {"yes": ONE * (1 - side), "no": ONE * side, "half": ONE // 2}.get(payout or "", 0)
    return Part("REDEEM", market, side, qty, qty * paid // ONE)
