"""Rows of the Data API, member by member.

Owns: how trades, positions and approvals are spelled in both versions: camelCase in the first,
snake_case in the second.

Must never: compute; amounts come as they are and leave as exact JSON decimals.
"""

from typing import Final

from razor import _core
from razor.adapters.sandbox.data_positions import Position, percent_toward_zero
from razor.adapters.sandbox.deeds import Deed
from razor.adapters.sandbox.listing import Listed
from razor.adapters.sandbox.relayer_calls import CASH_SPENDERS, TOKEN_OPERATORS, UNBOUNDED
from razor.adapters.sandbox.spelling import decimal_number
from razor.adapters.sandbox.venue import NS_PER_S

_CASH: Final = "collateral"


def trade_v1(listed: Listed, row: _core.ExchangePrint) -> dict[str, object]:
    """A row of `/trades`."""
    return {
        "proxyWallet": row.address.lower(),
        "side": _side(row),
        "asset": listed.market.token_ids[row.token % 2],
        "conditionId": listed.market.condition_id,
        "size": decimal_number(row.qty),
        "price": decimal_number(row.price_micros),
        "timestamp": row.matched_ns // NS_PER_S,
        "title": listed.market.question,
        "slug": listed.market.slug,
        "icon": "",
        "eventSlug": listed.event.slug,
        "outcome": listed.market.outcomes[row.token % 2],
        "outcomeIndex": row.token % 2,
        # Nobody has a profile here.
        "name": "",
        "pseudonym": "",
        "bio": "",
        "profileImage": "",
        "profileImageOptimized": "",
        "transactionHash": row.transaction,
    }


def trade_v2(listed: Listed, row: _core.ExchangePrint) -> dict[str, object]:
    """A row of `/v2/trades`."""
    return {
        "proxy_wallet": row.address.lower(),
        "token_id": listed.market.token_ids[row.token % 2],
        "condition_id": listed.market.condition_id,
        "side": _side(row),
        "size": decimal_number(row.qty),
        "price": decimal_number(row.price_micros),
        "timestamp": row.matched_ns // NS_PER_S,
        "transaction_hash": row.transaction,
        "title": listed.market.question,
        "slug": listed.market.slug,
        "icon": "",
        "event_slug": listed.event.slug,
        "outcome": listed.market.outcomes[row.token % 2],
        "outcome_index": row.token % 2,
    }


def activity_row(listed: Listed, row: _core.ExchangePrint) -> dict[str, object]:
    """A trade among other kinds of activity: the same, with its dollars before the fee."""
    kind = {"type": "TRADE", "is_combo": False, "usdc_size": decimal_number(row.cash)}
    return trade_v2(listed, row) | kind


def deed_row(listed: Listed, user: str, deed: Deed, transaction: str) -> dict[str, object]:
    """A split, merge or redemption among other kinds of activity; a pair has no outcome."""
    part, market = deed.part, listed.market
    row: dict[str, object] = {
        "type": part.kind,
        "is_combo": False,
        "proxy_wallet": user,
        "condition_id": market.condition_id,
        "size": decimal_number(part.qty),
        "usdc_size": decimal_number(part.cash),
        "timestamp": deed.at_ns // NS_PER_S,
        "transaction_hash": transaction,
        "title": market.question,
        "slug": market.slug,
        "icon": "",
        "event_slug": listed.event.slug,
    }
    if part.side is not None:
        row |= {
            "token_id": market.token_ids[part.side],
            "outcome": market.outcomes[part.side],
            "outcome_index": part.side,
        }
    return row


def position_v1(user: str, position: Position) -> dict[str, object]:
    """A row of `/positions`."""
    market, basis = position.listed.market, position.basis
    other = 1 - position.side
    spent = basis.entered_cost
    return {
        "proxyWallet": user,
        "asset": market.token_ids[position.side],
        "conditionId": market.condition_id,
        "size": decimal_number(position.size),
        "avgPrice": decimal_number(position.average_micros),
        "initialValue": decimal_number(basis.cost),
        "currentValue": decimal_number(position.value),
        "cashPnl": decimal_number(position.unrealized),
        "percentPnl": decimal_number(percent_toward_zero(position.unrealized, basis.cost)),
        "totalBought": decimal_number(basis.entered_qty),
        "realizedPnl": decimal_number(basis.realized),
        "percentRealizedPnl": decimal_number(percent_toward_zero(basis.realized, spent)),
        "curPrice": decimal_number(position.price_micros),
        "redeemable": position.is_redeemable,
        "mergeable": position.is_mergeable,
        "title": market.question,
        "slug": market.slug,
        "icon": "",
        "eventId": position.listed.event.event_id,
        "eventSlug": position.listed.event.slug,
        "outcome": market.outcomes[position.side],
        "outcomeIndex": position.side,
        "oppositeOutcome": market.outcomes[other],
        "oppositeAsset": market.token_ids[other],
        "endDate": _day(position.listed),
        "negativeRisk": position.listed.is_neg_risk,
    }


def position_v2(user: str, position: Position) -> dict[str, object]:
    """A row of `/v2/positions`."""
    market, basis = position.listed.market, position.basis
    other = 1 - position.side
    spent = basis.entered_cost
    return {
        "proxy_wallet": user,
        "token_id": market.token_ids[position.side],
        "opposite_token_id": market.token_ids[other],
        "condition_id": market.condition_id,
        "current_size": decimal_number(position.size),
        "total_size": decimal_number(basis.entered_qty),
        "avg_price": decimal_number(position.average_micros),
        "entry_cost_usdc": decimal_number(basis.cost),
        "entry_fees_usdc": decimal_number(basis.fees),
        "total_cost_usdc": decimal_number(basis.cost + basis.fees),
        "current_price": decimal_number(position.price_micros),
        "current_value": decimal_number(position.value),
        "realized_pnl": decimal_number(basis.realized),
        "unrealized_pnl": decimal_number(position.unrealized),
        "total_pnl": decimal_number(position.total),
        "percent_pnl": decimal_number(percent_toward_zero(position.total, spent)),
        "percent_realized_pnl": decimal_number(percent_toward_zero(basis.realized, spent)),
        "status": position.status,
        "redeemable": position.is_redeemable,
        "mergeable": position.is_mergeable,
        "negative_risk": position.listed.is_neg_risk,
        "archived": False,
        "verified": False,
        "title": market.question,
        "slug": market.slug,
        "event_slug": position.listed.event.slug,
        "outcome": market.outcomes[position.side],
        "opposite_outcome": market.outcomes[other],
        "outcome_index": position.side,
        "event_id": position.listed.event.event_id,
        "end_date": _day(position.listed),
        "last_event_at": _seconds(basis.last_ns),
        "first_entry_at": _seconds(basis.first_ns),
    }


def approval(token: str, spender: str, allowance: int) -> dict[str, object]:
    """One pair of the approvals: dollars by amount, tokens all or none of them."""
    is_cash = token == _CASH
    is_whole = allowance == UNBOUNDED if is_cash else allowance > 0
    return {
        "token": _core.contract_address(token),
        "spender": _core.contract_address(spender),
        "standard": "ERC20" if is_cash else "ERC1155",
        "approved": allowance > 0,
        "amount": "max" if is_whole else str(allowance),
    }


def no_approvals() -> list[tuple[str, str, int]]:
    """Every pair of a wallet that has no account, and so approved nothing."""
    listed = [(_CASH, spender) for spender in CASH_SPENDERS]
    listed += [(token, it) for token, spenders in TOKEN_OPERATORS.items() for it in spenders]
    return [(token, spender, 0) for token, spender in listed]


def _side(row: _core.ExchangePrint) -> str:
    return "BUY" if row.is_buy else "SELL"


def _day(listed: Listed) -> str:
    """The day of an event's end: a calendar date without a time."""
    return listed.event.end_date.partition("T")[0]


def _seconds(at_ns: int | None) -> int | None:
    return None if at_ns is None else at_ns // NS_PER_S
