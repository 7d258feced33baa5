"""The price that is shown of an outcome: the middle, the last trade, a half, or what it paid."""

from typing import Literal

import pytest

from razor.adapters.sandbox.quotes import shown_prices
from tests.sandbox.indexing import NO, PLAIN, YES, Index


def shown(index: Index) -> tuple[int, int]:
    """Prices of the first market."""
    venue = index.place.sandbox.venue
    return shown_prices(venue, venue.catalogue.at(PLAIN))


def quote(index: Index, bid: int, ask: int) -> None:
    """A bid for YES, and an ask made by a bid for NO, in cents."""
    maker = index.place.trader(2)
    maker.post(index.place.token(PLAIN, YES), "BUY", bid, 10)
    maker.post(index.place.token(PLAIN, NO), "BUY", 100 - ask, 10)


def test_nothing_known_is_one_half() -> None:
    assert shown(Index()) == (500_000, 500_000)


def test_a_narrow_book_shows_its_middle_whatever_traded_last() -> None:
    index = Index()
    index.mint(20, 10)
    quote(index, 40, 45)
    assert shown(index) == (425_000, 575_000)


def test_a_spread_of_ten_cents_is_narrow_and_a_wider_one_is_not() -> None:
    index = Index()
    index.mint(20, 10)
    quote(index, 40, 50)
    assert shown(index) == (450_000, 550_000)
    wide = Index()
    wide.mint(20, 10)
    quote(wide, 40, 51)
    assert shown(wide) == (200_000, 800_000)


def test_one_side_alone_shows_the_last_trade() -> None:
    index = Index()
    index.mint(7, 10)
    index.place.trader(2).post(index.place.token(PLAIN, YES), "BUY", 40, 10)
    assert shown(index) == (70_000, 930_000)


@pytest.mark.parametrize(
    ("payout", "prices"),
    [("yes", (1_000_000, 0)), ("no", (0, 1_000_000)), ("half", (500_000, 500_000))],
)
def test_a_resolution_shows_what_it_pays(
    payout: Literal["yes", "no", "half"], prices: tuple[int, int]
) -> None:
    index = Index()
    index.mint(20, 10)
    index.resolve(payout)
    assert shown(index) == prices
    market = index.place.sandbox.venue.catalogue.at(PLAIN).market
    query = {"id": market.market_id, "closed": "true"}
    (told,) = index.place.ask("GET", "/markets/keyset", query=query, service="gamma").json[
        "markets"
    ]
    assert told["outcomePrices"].count('"') == 4
