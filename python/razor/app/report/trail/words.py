"""What a row of the trail says, as a sentence: which leg, which step, which price, and why.

The table holds what was done; the rules that led to it are those of ARCHITECTURE §5: the worst leg
goes first, a chase has two steps within half the expected edge, a leftover is sold in panic steps.

Owns: :class:`Story`, which tells the rows of one signal in order, since a step is counted by the
rows before it, and :func:`desk_sentence` for rows that name no signal.
"""

from collections import defaultdict
from decimal import Decimal
from typing import assert_never

from razor.app.report.trail.guards import in_words
from razor.domain.trail import Ladder, SignalTrail, TrailRow

__all__ = ["Story", "desk_sentence", "plain"]

# What the words of the table mean to somebody who has not read the order machine.
_OUTCOMES = {
    "SET_DONE": "the set is whole and nothing is left over",
    "NO_FILL": "nothing was bought",
    "FLATTENED": "leftovers were sold, or are too small to sell",
    "EXPIRED": "the signal was too old when its turn came",
    "REJECTED_BY_RISK": "refused before an order was sent",
    "HARDSTOP": "trading stopped on it",
}
_ENDS = {
    "FULL": "filled in full",
    "PARTIAL": "filled in part",
    "NONE": "nothing filled",
    "REJECTED": "refused by the venue, proven not to exist",
    "UNKNOWN": "the venue's answer proves nothing yet",
}
_ACTIONS = {
    "CANCEL": "a cancel was asked for; what came of it is known by evidence alone",
    "HARDSTOP": "trading stops",
    "DEDUP_SIGNAL": "the signal came again and was dropped",
    "END": "the signal ends",
    "FAULT": "a fault was injected",
    "MODE": "the venue changed its mode",
    "CLEAR": "an operator cleared the HardStop",
    "RECOVERY": "recovery after a restart",
}
_WORDS = {
    "ABSENT": "over because the venue does not know it; late fills are watched for",
    "RESIDUAL": "leftovers under the venue's minimum order are kept as a residual",
}


def plain(number: Decimal | int | None) -> str:
    """Give an exact number without exponent or trailing zeros; ``None`` is blank."""
    match number:
        case None:
            return ""
        case int():
            return str(number)
        case Decimal():
            text = f"{number:f}" if number else "0"
            return text.rstrip("0").rstrip(".") if "." in text else text
        case _:
            assert_never(number)


class Story:
    """The rows of one signal as sentences; feed them in order."""

    def __init__(self, signal: SignalTrail, ladder: Ladder) -> None:
        """Begin before the first row."""
        self._signal = signal
        self._ladder = ladder
        self._chases: defaultdict[int | None, list[str]] = defaultdict(list)
        self._sales: defaultdict[int | None, list[str]] = defaultdict(list)

    def tell(self, row: TrailRow) -> str:
        """Give the sentence of the next row."""
        parts = [self._what(row), *self._end(row)]
        if row.action != "STATE":
            parts.extend(_WORDS.get(word, word) for word in row.words)
        if row.guard is not None:
            parts.append(in_words(row.guard))
        return "; ".join(part for part in parts if part)

    def _what(self, row: TrailRow) -> str:
        """Say what was done, by action."""
        match row.action:
            case "FIRE":
                return self._fire(row)
            case "CHASE":
                return self._chase(row)
            case "FLATTEN":
                return self._flatten(row)
            case "SETTLE":
                return f"the chain confirmed {plain(row.filled_qty)} shares"
            case "VOID":
                return f"the chain failed {plain(row.filled_qty)} shares: they are not held"
            case "MERGE":
                return f"{plain(row.req_qty)} whole sets merged into dollars"
            case _:
                return _action(row)

    def _fire(self, row: TrailRow) -> str:
        """Say why this leg goes first; its limit is never above the ask at the signal (S-07)."""
        shadow = self._signal.shadow
        why = f"leg {plain(row.leg)} goes first: it is the worst leg of the signal"
        if shadow is not None and shadow.worst_spread_bps is not None:
            why += f" (spread {shadow.worst_spread_bps} bps of mid"
            ticks = shadow.worst_spread_ticks
            why += ")" if ticks is None else f", {ticks} ticks)"
        return f"{why}; limit {plain(row.limit_price)} = the ask at the signal"

    def _chase(self, row: TrailRow) -> str:
        """Say which step it is and what its budget comes from."""
        if row.budget_bps is None:
            return "no chase order" if row.leg is None else f"no chase order on leg {row.leg}"
        step = _count(self._chases[row.leg], row)
        most = self._most(row.expected_net_bps or 0)
        return (
            f"chase step {step} on leg {plain(row.leg)} for the {plain(row.req_qty)} shares it is "
            f"short of the first leg: best ask + {row.budget_bps} bps, rounded down to the grid, "
            f"gives limit {plain(row.limit_price)}; budget min({plain(row.expected_net_bps)}/2, "
            f"{self._ladder.chase_cap_bps}) = {most} bps"
        )

    def _most(self, net: int) -> int:
        """Give the whole chase budget in bps, as the frozen rule has it."""
        return min(net // 2, self._ladder.chase_cap_bps)

    def _flatten(self, row: TrailRow) -> str:
        """Say which step of the panic ladder it is; a step without a price sends nothing."""
        step = _count(self._sales[row.leg], row)
        levels = self._ladder.flatten_bps
        level = levels[min(step, len(levels)) - 1]
        of = f"flatten step {step} of {len(levels)} on leg {plain(row.leg)}"
        if row.limit_price is None:
            return f"{of} sends nothing"
        return (
            f"{of}: {plain(row.req_qty)} leftover shares at best bid - {level} bps, "
            f"rounded up to the grid, gives limit {plain(row.limit_price)}"
        )

    def _end(self, row: TrailRow) -> tuple[str, ...]:
        """Say what came of an attempt or of the signal."""
        if row.is_terminal:
            return (_OUTCOMES[row.result],)
        if not row.is_attempt or not row.result:
            return ("not sent",) if row.is_attempt and row.limit_price is not None else ()
        if row.result in {"FULL", "PARTIAL"}:
            return (f"{_ENDS[row.result]}: {plain(row.filled_qty)} at {plain(row.avg_price)}",)
        return (_ENDS[row.result],)


def _count(orders: list[str], row: TrailRow) -> int:
    """Number the steps of a leg from 1; rows of one order are one step.

    An order that was kept back before it had a hash leaves its step to the next attempt.
    """
    if row.order_id in orders and row.order_id:
        return orders.index(row.order_id) + 1
    if not row.order_id and row.limit_price is not None:
        return len(orders) + 1
    orders.append(row.order_id)
    return len(orders)


def _action(row: TrailRow) -> str:
    """Say what the actions are that need no more than their row."""
    match row.action:
        case "STATE":
            return f"{row.words[0]} → {row.words[1]}"
        case "OPERATOR":
            return f"{row.words[0]} by {row.words[1]}"
        case "COOLDOWN":
            return "turned away while its market rests" if row.result else "its market rests now"
        case "LATE_ARRIVAL":
            return f"fills came after the order was over: {plain(row.filled_qty)} in all"
        case action:
            return _ACTIONS.get(action, "")


def desk_sentence(row: TrailRow) -> str:
    """Say what a row without a signal says."""
    parts = [_action(row)]
    if row.action not in {"STATE", "OPERATOR"}:
        parts.extend(row.words)
    if row.guard is not None:
        parts.append(in_words(row.guard))
    return "; ".join(part for part in parts if part)
