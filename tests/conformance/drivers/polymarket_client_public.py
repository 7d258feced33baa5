"""What anybody may read, by the synchronous public client of `polymarket-client`.

An account of its own keeps both sides of a book filled meanwhile.
"""

from itertools import islice
from typing import Any

from polymarket import PublicClient, SecureClient  # type: ignore[import-not-found]
from polymarket.models import PriceRequest  # type: ignore[import-not-found]

from tests.conformance.drivers.sandbox import environment, login
from tests.conformance.drivers.task import perform


def _book(book: Any) -> dict[str, Any]:  # noqa: ANN401 - a model of the client.
    return {
        "condition": book.condition_id,
        "token": book.asset_id,
        "bids": [(level.price, level.size) for level in book.bids],
        "asks": [(level.price, level.size) for level in book.asks],
        "tick": book.tick_size,
        "min_size": book.min_order_size,
        "neg_risk": book.neg_risk,
        "hash": book.hash,
    }


def _market(client: PublicClient, task: dict[str, Any]) -> dict[str, Any]:
    condition = task["plain"]["condition"]
    (market,) = client.list_markets(condition_ids=[condition], page_size=5).first_page().items
    paged = [each.condition_id for each in islice(client.list_markets(page_size=1).iter_items(), 2)]
    event = client.get_event(id=market.events[0].id)
    listed = client.list_events(page_size=100).first_page().items
    return {
        "id": market.id,
        "version": market.version,
        "condition": market.condition_id,
        "tokens": [market.outcomes.yes.token_id, market.outcomes.no.token_id],
        "labels": [market.outcomes.yes.label, market.outcomes.no.label],
        "tick": market.trading.minimum_tick_size,
        "min_size": market.trading.minimum_order_size,
        "accepting": market.state.accepting_orders,
        "neg_risk": market.state.neg_risk,
        "by_id": client.get_market(id=market.id).condition_id,
        "by_slug": client.get_market(slug=market.slug).condition_id,
        "paged": paged,
        "event_markets": [each.condition_id for each in event.markets],
        "events": [each.id for each in listed],
        "event": event.id,
    }


def _prices(client: PublicClient, task: dict[str, Any]) -> dict[str, Any]:
    yes, no = task["plain"]["tokens"]
    both = [PriceRequest(yes, "BUY"), PriceRequest(yes, "SELL")]
    return {
        "book": _book(client.get_order_book(asset_id=yes)),
        "mirror": _book(client.get_order_book(asset_id=no)),
        "books": sorted(
            (_book(each) for each in client.get_order_books(asset_ids=[yes, no])),
            key=lambda book: str(book["token"]),
        ),
        "midpoint": client.get_midpoint(asset_id=yes),
        "midpoints": client.get_midpoints(asset_ids=[yes, no]),
        "spread": client.get_spread(asset_id=yes),
        "spreads": client.get_spreads(asset_ids=[yes, no]),
        "price": client.get_price(asset_id=yes, side="BUY"),
        "prices": client.get_prices(requests=both),
        "last": client.get_last_trade_price(asset_id=yes),
        "lasts": len(client.get_last_trade_prices(asset_ids=[yes, no])),
    }


def _work(task: dict[str, Any]) -> dict[str, Any]:
    with (
        PublicClient(environment=environment(task)) as client,
        SecureClient.create(**login(task, 0)) as owner,
    ):
        # Both sides of the book, as far out as they can be: a bid for NO is an offer of YES.
        for token in task["plain"]["tokens"]:
            tick = owner.get_order_book(asset_id=token).tick_size
            owner.place_limit_order(asset_id=token, price=tick, size=10, side="BUY")
        results = {"market": _market(client, task), "prices": _prices(client, task)}
        return {**results, "quoted": len(owner.cancel_all().canceled)}


if __name__ == "__main__":
    perform(_work)
