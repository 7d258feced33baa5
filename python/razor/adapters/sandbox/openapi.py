"""A description of the local exchange's HTTP routes in OpenAPI 3.1.

Owns: one line for every route, and the document made of them. Must never: list a route that is not
served, or leave one out that is (a test compares).
"""

from collections.abc import Mapping, Sequence
from typing import Final

_L1, _L2 = "l1", "l2"
_OPEN: Final = ""

ROUTES: Final[Mapping[str, Mapping[str, tuple[str, str]]]] = {
    "clob": {
        "GET /ok": (_OPEN, "Whether the service answers."),
        "GET /time": (_OPEN, "Time of the venue in seconds since 1970."),
        "GET /version": (_OPEN, "Version of the exchange contracts that orders are signed for."),
        "GET /book": (_OPEN, "Order book of a token, best level last, with its hash."),
        "POST /books": (_OPEN, "Order books of up to 500 tokens; tokens without one are left out."),
        "GET /price": (_OPEN, "Lowest ask for BUY, highest bid for SELL."),
        "POST /prices": (_OPEN, "Prices of up to 500 tokens."),
        "GET /midpoint": (_OPEN, "Middle of best bid and ask."),
        "POST /midpoints": (_OPEN, "Middles of up to 500 tokens."),
        "GET /spread": (_OPEN, "Best ask less best bid."),
        "POST /spreads": (_OPEN, "Spreads of up to 500 tokens."),
        "GET /last-trade-price": (_OPEN, "Last price of the market in terms of its first outcome."),
        "POST /last-trades-prices": (_OPEN, "Last prices of up to 500 tokens that ever traded."),
        "GET /tick-size": (_OPEN, "Price grid of a token."),
        "GET /tick-size/{id}": (_OPEN, "Price grid of a token."),
        "GET /neg-risk": (_OPEN, "Whether a token's orders are signed for the neg-risk exchange."),
        "GET /neg-risk/{id}": (_OPEN, "Whether a token's orders are signed for that exchange."),
        "GET /fee-rate": (_OPEN, "Legacy flag: whether the market has fees; no rate."),
        "GET /fee-rate/{id}": (_OPEN, "Legacy flag: whether the market has fees; no rate."),
        "GET /clob-markets/{id}": (_OPEN, "A market in its compact form, with its fee schedule."),
        "GET /markets/{id}": (_OPEN, "A market in its long form."),
        "GET /markets-by-token/{id}": (_OPEN, "The market of a token."),
        "GET /markets": (_OPEN, "All markets in pages."),
        "GET /prices-history": (_OPEN, "Prices at which a token traded, by time."),
        "GET /simplified-markets": (_OPEN, "All markets in pages, few members each."),
        "GET /sampling-markets": (_OPEN, "Markets with rewards: none here."),
        "GET /sampling-simplified-markets": (_OPEN, "Markets with rewards: none here."),
        "POST /auth/api-key": (_L1, "Make the API key of an address and a nonce."),
        "GET /auth/derive-api-key": (_L1, "Find the API key of an address and a nonce."),
        "GET /auth/api-keys": (_L2, "API keys of the address."),
        "DELETE /auth/api-key": (_L2, "Forget the API key of this call."),
        "GET /auth/ban-status/closed-only": (_L2, "Whether the account may only close."),
        "POST /order": (_L2, "Place a signed order."),
        "POST /orders": (_L2, "Place 1 to 15 signed orders, each for itself."),
        "DELETE /order": (_L2, "Cancel an order."),
        "DELETE /orders": (_L2, "Cancel orders by id."),
        "DELETE /cancel-all": (_L2, "Cancel every order of the key."),
        "DELETE /cancel-market-orders": (_L2, "Cancel the key's orders of a market or token."),
        "GET /data/orders": (_L2, "Open orders in pages; with an id also one that ended."),
        "GET /data/order/{id}": (_L2, "An open order; null once it ended."),
        "GET /data/trades": (_L2, "Trades of the key in pages, newest first."),
        "GET /balance-allowance": (_L2, "Balance and allowances of a wallet, in base units."),
        "GET /balance-allowance/update": (_L2, "Read balance and allowances from the chain."),
        "POST /v1/heartbeats": (_L2, "Keep orders alive; no beat for 10 s cancels them all."),
        "POST /heartbeats": (_L2, "The same under its older path."),
        "GET /v1/user/rate-limit-tier": (_L2, "Tier of the signer's limits."),
        "GET /notifications": (_L2, "Notifications: none here."),
        "DELETE /notifications": (_L2, "Forget notifications."),
        "GET /order-scoring": (_L2, "Whether an order earns rewards: never here."),
        "POST /orders-scoring": (_L2, "Whether orders earn rewards: never here."),
    },
    "gamma": {
        "GET /markets/keyset": (_OPEN, "Active markets by cursor, up to 100 a page."),
        "GET /events/keyset": (_OPEN, "Events with their markets by cursor, up to 100 a page."),
        "GET /markets": (_OPEN, "Active markets by offset; deprecated."),
        "GET /events": (_OPEN, "Events by offset; deprecated."),
        "GET /markets/slug/{id}": (_OPEN, "A market by its slug."),
        "GET /events/slug/{id}": (_OPEN, "An event by its slug."),
        "GET /markets/{id}": (_OPEN, "A market by its number."),
        "GET /events/{id}": (_OPEN, "An event by its number."),
        "GET /tags": (_OPEN, "Tags of all events."),
    },
    "data": {
        "GET /trades": (_OPEN, "Trades by offset, newest first, up to 500 a page."),
        "GET /positions": (_OPEN, "What a wallet holds, by offset, the largest first."),
        "GET /value": (_OPEN, "Worth of a wallet's positions."),
        "GET /v2/trades": (_OPEN, "Trades by cursor, newest first, up to 1,000 a page."),
        "GET /v2/positions": (_OPEN, "What a wallet holds or held, by cursor."),
        "GET /v2/value": (_OPEN, "Worth of a wallet's positions."),
        "GET /v2/activity": (_OPEN, "Trades of a wallet as taker and maker, by cursor."),
        "GET /v2/approvals": (_OPEN, "What contracts may move of a wallet."),
    },
    "relayer": {
        "GET /deployed": (_OPEN, "Whether a wallet exists on the chain."),
        "GET /nonce": (_OPEN, "Nonce of a wallet's next batch."),
        "GET /relay-payload": (_OPEN, "Nonce and relay that a proxy wallet signs."),
        "GET /v1/account/transactions/params": (_OPEN, "Address and nonce that a batch signs."),
        "GET /v1/account/transactions/{id}": (_OPEN, "State of a transaction."),
        "POST /submit": (_OPEN, "Take a signed batch of a wallet, with a relayer or builder key."),
        "POST /rpc": (_OPEN, "JSON-RPC of a node: balances, approvals, blocks."),
    },
}
"""Every route by service: who may call it, and what it answers."""

_SCHEMES: Final = {
    _L1: ("POLY_ADDRESS", "POLY_SIGNATURE", "POLY_TIMESTAMP", "POLY_NONCE"),
    _L2: ("POLY_ADDRESS", "POLY_API_KEY", "POLY_PASSPHRASE", "POLY_TIMESTAMP", "POLY_SIGNATURE"),
}


def written(method: str, path: str) -> str:
    """A route of a router as it is named here."""
    return f"{method} {path}{{id}}" if path.endswith("/") else f"{method} {path}"


def describe(service: str, url: str) -> dict[str, object]:
    """The document of a service."""
    paths: dict[str, dict[str, object]] = {}
    for route, (scheme, summary) in ROUTES[service].items():
        method, _, path = route.partition(" ")
        paths.setdefault(path, {})[method.lower()] = _operation(path, scheme, summary)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": f"razor sandbox: {service}",
            "version": "1",
            "description": "A local exchange with made-up money that speaks the venue's protocol.",
        },
        "servers": [{"url": url}],
        "paths": paths,
        "components": {
            "securitySchemes": {
                f"{scheme}_{name}": {"type": "apiKey", "in": "header", "name": name}
                for scheme, names in _SCHEMES.items()
                for name in names
            }
        },
    }


def _operation(path: str, scheme: str, summary: str) -> dict[str, object]:
    operation: dict[str, object] = {
        "summary": summary,
        "responses": {
            "200": {"description": "As the venue answers.", "content": _json()},
            "4XX": {"description": "A refusal in the venue's words.", "content": _json()},
        },
    }
    if path.endswith("{id}"):
        operation["parameters"] = [
            {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
        ]
    if scheme:
        names: Sequence[str] = _SCHEMES[scheme]
        operation["security"] = [{f"{scheme}_{name}": [] for name in names}]
    return operation


def _json() -> dict[str, object]:
    return {"application/json": {"schema": {}}}
