"""Market and set definitions as the feed read them, and the `meta` record made of them.

Owns the shape of the `meta` payload. Numbers stay decimal text from the venue's answer to the
core; nothing here computes with them.

Must never fill in a fact the venue did not give: an unknown fee schedule is `None`, a group that
is not proven exclusive and exhaustive is `unproven` and says why.

Invariants:
* Markets are numbered in the order of `markets`; a token belongs to exactly one market.
* A set names tokens of markets in the same universe, each once.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

# The largest set the core evaluates.
MAX_LEGS = 64


class SetKind(Enum):
    """What kind of set: both outcomes of one market, or one outcome of each of several."""

    BINARY = "binary"
    GROUP = "group"


class Settlement(Enum):
    """How a complete set turns into cash."""

    MERGE = "merge"
    HOLD = "hold"
    UNPROVEN = "unproven"


@dataclass(frozen=True, slots=True, kw_only=True)
class FreeOfFees:
    """The venue says that the market charges nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TakerFee:
    """Fee = C * rate * (p * (1 - p)) ^ exponent, takers only (PROTOCOL 2.1).

    `rate` is decimal text, `exponent` a whole number.
    """

    rate: str
    exponent: int


Fees = FreeOfFees | TakerFee | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketMeta:
    """One binary market. `token_ids[0]` belongs to `outcomes[0]`, which is "YES" everywhere.

    `tick_size` and `min_order_size` (shares) are decimal text; `end_ms` is the scheduled end, 0
    when the venue gives none (never a trading cut-off); `seconds_delay` the taker
    delay in whole seconds, rounded up: 1 where the venue only says that there is one.
    """

    condition_id: str
    token_ids: tuple[str, str]
    outcomes: tuple[str, str]
    label: str
    tick_size: str
    min_order_size: str
    neg_risk: bool
    fees: Fees
    end_ms: int
    event_id: str
    group_id: str
    seconds_delay: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SetMeta:
    """A set of tokens to evaluate. `reason` says why it is unproven and is blank otherwise."""

    key: str
    kind: SetKind
    legs: tuple[str, ...]
    settlement: Settlement
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Universe:
    """All markets and sets of a recording, in order of definition."""

    markets: tuple[MarketMeta, ...]
    sets: tuple[SetMeta, ...]

    def tokens(self) -> tuple[str, ...]:
        """All token ids, two per market, in market order."""
        return tuple(token for market in self.markets for token in market.token_ids)

    def owners(self) -> Mapping[str, MarketMeta]:
        """The market of each token: the local map that wins over a message's `market` (F-09)."""
        return {token: market for market in self.markets for token in market.token_ids}

    def encode(self) -> bytes:
        """Payload of the `meta` record; equal universes give equal bytes."""
        body = {
            "markets": [_market_row(market) for market in self.markets],
            "sets": [_set_row(item) for item in self.sets],
        }
        return json.dumps(body, separators=(",", ":"), ensure_ascii=True).encode()


def _market_row(market: MarketMeta) -> dict[str, object]:
    return {
        "condition_id": market.condition_id,
        "token_ids": list(market.token_ids),
        "outcomes": list(market.outcomes),
        "label": market.label,
        "tick_size": market.tick_size,
        "min_order_size": market.min_order_size,
        "neg_risk": market.neg_risk,
        "fees": _fees_value(market.fees),
        "end_ms": market.end_ms,
        "event_id": market.event_id,
        "group_id": market.group_id,
        "seconds_delay": market.seconds_delay,
    }


def _fees_value(fees: Fees) -> object:
    match fees:
        case None:
            return None
        case FreeOfFees():
            return "free"
        case TakerFee(rate=rate, exponent=exponent):
            return {"rate": rate, "exponent": exponent}


def _set_row(item: SetMeta) -> dict[str, object]:
    return {
        "key": item.key,
        "kind": item.kind.value,
        "legs": list(item.legs),
        "settlement": item.settlement.value,
    }
