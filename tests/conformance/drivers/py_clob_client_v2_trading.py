"""`py-clob-client-v2`: keys, books and their hashes, orders of both exchanges, cancels, heartbeats.

The maker rests a buy of YES, the taker takes it with a buy of NO: neither needs shares first.
Nothing rests at the end.
"""

import time
from typing import Any

from py_clob_client_v2.client import ClobClient  # type: ignore[import-not-found]
from py_clob_client_v2.clob_types import (  # type: ignore[import-not-found]
    AssetType,
    BalanceAllowanceParams,
    BookParams,
    MarketOrderArgs,
    OpenOrderParams,
    OrderArgs,
    OrderMarketCancelParams,
    OrderPayload,
    OrderType,
    PostOrdersV2Args,
    PricesHistoryParams,
    TradeParams,
)
from py_clob_client_v2.config import get_contract_config  # type: ignore[import-not-found]
from py_clob_client_v2.exceptions import PolyApiException  # type: ignore[import-not-found]
from py_clob_client_v2.order_utils import (  # type: ignore[import-not-found]
    ExchangeOrderBuilderV2,
    SignedOrderV2,
)

from tests.conformance.drivers.task import perform

CHAIN = 137
SHARES = 20
INVALID = "0x" + "0" * 63 + "1"


def _client(task: dict[str, Any], number: int) -> ClobClient:
    account = task["accounts"][number]
    client = ClobClient(
        task["clob"],
        CHAIN,
        key=account["key"],
        signature_type=account["signature_type"],
        funder=account["wallet"],
        use_server_time=True,
    )
    client.set_api_creds(client.create_or_derive_api_key(nonce=task["nonce"]))
    return client


def _order_id(client: ClobClient, order: SignedOrderV2, contract: str) -> str:
    """The id that the client itself computes, before the order is sent."""
    builder = ExchangeOrderBuilderV2(contract, CHAIN, client.signer)
    return str(builder.build_order_hash(builder.build_order_typed_data(order)))


def _refused(attempt: Any) -> dict[str, Any]:  # noqa: ANN401 - a call of the client.
    try:
        attempt()
    except PolyApiException as refused:
        return {"status": refused.status_code, "body": refused.error_msg}
    return {"status": 200, "body": None}


def _reads(client: ClobClient, task: dict[str, Any]) -> dict[str, Any]:
    """Public calls; the hash of a book is computed anew from what it holds."""
    condition, (yes, no) = task["plain"]["condition"], task["plain"]["tokens"]
    books = [client.get_order_book(token) for token in (yes, no, *task["neg_risk"]["tokens"])]
    both = [BookParams(token_id=yes, side="BUY"), BookParams(token_id=no, side="SELL")]
    return {
        "ok": client.get_ok(),
        "now": time.time(),
        "time": client.get_server_time(),
        "version": client.get_version(),
        "hashes": [(book["hash"], client.get_order_book_hash(dict(book))) for book in books],
        "books": [book["asset_id"] for book in client.get_order_books(both)],
        "tick": client.get_tick_size(yes),
        "neg_risk": [client.get_neg_risk(each["tokens"][0]) for each in _markets(task)],
        "fee_rate": client.get_fee_rate_bps(yes),
        "info": client.get_clob_market_info(condition)["c"],
        "midpoint": client.get_midpoint(yes),
        "midpoints": sorted(client.get_midpoints(both)),
        "price": client.get_price(yes, "BUY"),
        "prices": sorted(client.get_prices(both)),
        "spread": client.get_spread(yes),
        "spreads": sorted(client.get_spreads(both)),
        "last": client.get_last_trade_price(yes),
        "lasts": len(client.get_last_trades_prices(both)),
        "market": client.get_market(condition)["condition_id"],
        "pages": [
            sorted(page())
            for page in (
                client.get_markets,
                client.get_simplified_markets,
                client.get_sampling_markets,
                client.get_sampling_simplified_markets,
            )
        ],
        "history": _history(client, yes),
    }


def _history(client: ClobClient, token: str) -> dict[str, Any]:
    try:
        return dict(client.get_prices_history(PricesHistoryParams(market=token, interval="1d")))
    except PolyApiException as refused:
        return {"status": refused.status_code}


def _markets(task: dict[str, Any]) -> list[dict[str, Any]]:
    return [task["plain"], task["neg_risk"]]


def _keys(client: ClobClient, nonce: int) -> dict[str, Any]:
    return {
        "derived": client.derive_api_key(nonce).api_key == client.creds.api_key,
        "again": client.create_or_derive_api_key(nonce).api_key == client.creds.api_key,
        "create": _refused(lambda: client.create_api_key(nonce))["status"],
        "listed": client.creds.api_key in client.get_api_keys()["apiKeys"],
        "closed_only": client.get_closed_only_mode()["closed_only"],
    }


def _match(maker: ClobClient, taker: ClobClient, task: dict[str, Any]) -> dict[str, Any]:
    """Rest, take, and read both sides' trades; the answer waits for the transaction."""
    yes, no = task["plain"]["tokens"]
    book = maker.get_order_book(yes)
    bid = float(book["bids"][-1]["price"]) if book["bids"] else 0
    ask = float(book["asks"][-1]["price"]) if book["asks"] else 1
    price = int((bid + ask) * 50) / 100
    signed = maker.create_order(OrderArgs(token_id=yes, price=price, size=SHARES, side="BUY"))
    expected = _order_id(maker, signed, get_contract_config(CHAIN).exchange_v2)
    rested = maker.post_order(signed, OrderType.GTC, post_only=True)
    found = maker.get_order(rested["orderID"])
    listed = maker.get_open_orders(OpenOrderParams(market=task["plain"]["condition"]))
    # Floats of the client: dollars in whole cents, so that it does not sign a share less.
    spent = round(SHARES * (1 - price), 2)
    order = MarketOrderArgs(
        token_id=no, amount=spent, side="BUY", price=round(1 - price, 4), order_type=OrderType.FOK
    )
    matched = taker.create_and_post_market_order(order, order_type=OrderType.FOK)
    trade_id = matched["tradeIDs"][0]
    (taken,) = taker.get_trades(TradeParams(id=trade_id))
    made = maker.get_trades(TradeParams(market=task["plain"]["condition"]))
    return {
        "price": price,
        "expected": expected,
        "rested": rested,
        "found": found,
        "listed": [each["id"] for each in listed],
        "matched": matched,
        "taken": taken,
        "made": [each["trader_side"] for each in made if each["id"] == trade_id],
        "page": sorted(taker.get_trades_paginated()),
    }


def _neg_risk(client: ClobClient, task: dict[str, Any]) -> dict[str, Any]:
    """The other exchange: the id that the client computes for it is the one that comes back."""
    yes = task["neg_risk"]["tokens"][0]
    tick = float(client.get_tick_size(yes))
    signed = client.create_order(OrderArgs(token_id=yes, price=tick, size=10, side="BUY"))
    posted = client.post_order(signed)
    contract = get_contract_config(CHAIN).neg_risk_exchange_v2
    return {
        "expected": _order_id(client, signed, contract),
        "posted": posted,
        "gone": client.cancel_order(OrderPayload(orderID=posted["orderID"])),
    }


def _cancel(client: ClobClient, task: dict[str, Any]) -> dict[str, Any]:
    condition, (yes, _) = task["plain"]["condition"], task["plain"]["tokens"]
    tick = float(client.get_tick_size(yes))
    until = int(time.time()) + 600

    def signed(size: int, expiration: int = 0) -> Any:  # noqa: ANN401 - of the client.
        return client.create_order(
            OrderArgs(token_id=yes, price=tick, size=size, side="BUY", expiration=expiration)
        )

    gtd = client.post_order(signed(10, until), OrderType.GTD)["orderID"]
    batch = [PostOrdersV2Args(order=signed(size)) for size in range(11, 16)]
    ids = [each["orderID"] for each in client.post_orders(batch)]
    one = client.cancel_order(OrderPayload(orderID=gtd))
    two = client.cancel_orders([*ids[:2], INVALID])
    of_token = client.cancel_market_orders(OrderMarketCancelParams(asset_id=yes))
    last = client.post_order(signed(16))["orderID"]
    rest = client.cancel_all()
    return {
        "gtd": gtd,
        "ids": ids,
        "one": one,
        "two": two,
        "of_token": sorted(of_token["canceled"]),
        "last": last,
        "rest": rest,
        "left": client.get_open_orders(OpenOrderParams(market=condition)),
    }


def _kill(client: ClobClient, task: dict[str, Any]) -> dict[str, Any]:
    yes = task["plain"]["tokens"][0]
    tick = float(client.get_tick_size(yes))

    def market_order(order_type: str) -> dict[str, Any]:
        order = MarketOrderArgs(
            token_id=yes, amount=5, side="BUY", price=tick, order_type=order_type
        )
        return _refused(lambda: client.create_and_post_market_order(order, order_type=order_type))

    def limit_order(size: float) -> dict[str, Any]:
        order = OrderArgs(token_id=yes, price=tick, size=size, side="BUY")
        return _refused(lambda: client.create_and_post_order(order))

    return {
        "fok": market_order(OrderType.FOK),
        "fak": market_order(OrderType.FAK),
        "small": limit_order(1),
        "poor": limit_order(1e8),
    }


def _account(client: ClobClient, task: dict[str, Any]) -> dict[str, Any]:
    dollars = BalanceAllowanceParams(asset_type=AssetType.COLLATERAL)
    shares = BalanceAllowanceParams(
        asset_type=AssetType.CONDITIONAL, token_id=task["plain"]["tokens"][0]
    )
    client.update_balance_allowance(dollars)
    return {
        "dollars": client.get_balance_allowance(dollars),
        "shares": client.get_balance_allowance(shares),
        "notifications": client.get_notifications(),
    }


def _beat(client: ClobClient) -> dict[str, Any]:
    first = client.post_heartbeat()
    second = client.post_heartbeat(first["heartbeat_id"])
    return {
        "ids": [first["heartbeat_id"], second["heartbeat_id"]],
        "stale": _refused(lambda: client.post_heartbeat("1")),
    }


def _quote(client: ClobClient, task: dict[str, Any]) -> None:
    """Both sides of the book, as far out as they can be: a bid for NO is an offer of YES."""
    for token in task["plain"]["tokens"]:
        tick = float(client.get_tick_size(token))
        client.post_order(
            client.create_order(OrderArgs(token_id=token, price=tick, size=10, side="BUY"))
        )


def _work(task: dict[str, Any]) -> dict[str, Any]:
    maker, taker = _client(task, 0), _client(task, 1)
    _quote(taker, task)
    return {
        "reads": _reads(maker, task),
        "keys": _keys(maker, task["nonce"]),
        "match": _match(maker, taker, task),
        "neg_risk": _neg_risk(maker, task),
        "cancel": _cancel(maker, task),
        "quoted": len(taker.cancel_all()["canceled"]),
        "kill": _kill(taker, task),
        "account": _account(maker, task),
        "beat": _beat(taker),
    }


if __name__ == "__main__":
    perform(_work)
