"""Which neg-risk groups are complete sets, and why others are not (PROTOCOL 1.3).

Owns the proof that buying every leg pays exactly one dollar: the venue marks the group as neg-risk,
it is not augmented, and every child is either followed or closed with the result NO.

Must never list an incomplete group as a set: its asks sum below one without being an arbitrage.

Invariants: `hold` means proven; an augmented group is listed as `unproven`, since its winner may
be an unnamed outcome; anything else incomplete is not listed at all. Each comes with its reason.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from razor.adapters.polymarket.wire import GammaEvent, GammaMarket, texts
from razor.domain.universe import MAX_LEGS, SetKind, SetMeta, Settlement

_RESULT_NO = ("0", "1")
_LEGS_MIN = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class SetFinding:
    """A set, or none, and the reason why it is not proven (blank if it is)."""

    key: str
    item: SetMeta | None
    reason: str


def group_set(event: GammaEvent, yes: Mapping[str, str]) -> SetFinding:
    """Judge one neg-risk event; `yes` maps followed condition ids to their YES tokens."""
    key = event.neg_risk_market_id or event.id
    legs = tuple(yes[child.condition_id] for child in event.markets if child.condition_id in yes)
    open_reason = open_ended(event)
    reason = open_reason or _incomplete(event, yes)
    # Twice the same outcome would look like two legs of a complete set.
    if len(set(legs)) < len(legs):
        return SetFinding(key=key, item=None, reason="an outcome of the group is listed twice")
    if not _LEGS_MIN <= len(legs) <= MAX_LEGS:
        return SetFinding(key=key, item=None, reason=reason or f"{len(legs)} legs")
    if reason and not open_reason:
        return SetFinding(key=key, item=None, reason=reason)
    settlement = Settlement.UNPROVEN if reason else Settlement.HOLD
    item = SetMeta(key=key, kind=SetKind.GROUP, legs=legs, settlement=settlement, reason=reason)
    return SetFinding(key=key, item=item, reason=reason)


def open_ended(event: GammaEvent) -> str:
    """Why an outcome that is not named may win, blank if none may."""
    if event.neg_risk_augmented:
        return "augmented group: an unnamed outcome may win"
    if any(child.neg_risk_other for child in event.markets):
        return "group with a catch-all outcome"
    return ""


def _incomplete(event: GammaEvent, yes: Mapping[str, str]) -> str:
    """Why the followed children are not all that can win, blank if they are."""
    others = [child for child in event.markets if child.condition_id not in yes]
    if any(not child.closed for child in others):
        return "an open outcome of the group is not followed"
    if not all(map(_lost, others)):
        return "a closed outcome of the group is not proven NO"
    groups = {child.neg_risk_market_id for child in event.markets}
    return "" if len(groups) == 1 else "the event holds more than one group"


def _lost(child: GammaMarket) -> bool:
    return child.closed and texts(child.outcome_prices) == _RESULT_NO
