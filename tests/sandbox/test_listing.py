"""The catalogue: ids lead to the engine's indices and back, and nothing is listed twice."""

import pytest

from razor import _core
from razor.adapters.sandbox.listing import Catalogue, EventListing, MarketListing

NOW_NS = 1_800_000_000_000_000_000


def market(number: int, event_id: str = "", *, is_placeholder: bool = False) -> MarketListing:
    """A market whose ids carry its number."""
    return MarketListing(
        market_id=str(number),
        slug=f"market-{number}",
        question=f"Market {number}?",
        condition_id=f"0xA{number:063x}",
        token_ids=(f"{10**76 + 2 * number}", f"{10**76 + 2 * number + 1}"),
        event_id=event_id,
        is_placeholder=is_placeholder,
    )


def group() -> EventListing:
    """An exclusive event."""
    return EventListing(event_id="7", slug="seven", title="Seven", neg_risk_id="0x" + "ab" * 32)


def test_ids_lead_to_indices_and_back() -> None:
    catalogue, exchange = Catalogue(), _core.Exchange(seed=1)
    first = catalogue.open_market(exchange, NOW_NS, market(1))
    second = catalogue.open_market(exchange, NOW_NS, market(2))
    assert (first.index, second.index) == (0, 1)
    assert catalogue.market(second.market.condition_id.lower()) == second
    assert catalogue.market(second.market.condition_id.upper().replace("X", "x")) == second
    assert catalogue.token(second.market.token_ids[1]) == (second, 3)
    assert exchange.token(second.market.token_ids[1]) == 3
    assert (catalogue.token("9"), catalogue.market("0x9")) == (None, None)
    assert catalogue.at(1) is second


def test_a_market_without_an_event_is_an_event_of_its_own() -> None:
    catalogue, exchange = Catalogue(), _core.Exchange(seed=1)
    listed = catalogue.open_market(exchange, NOW_NS, market(1))
    assert (listed.event.event_id, listed.event.title) == ("1", "Market 1?")
    assert not listed.is_neg_risk
    assert catalogue.markets_of("1") == [listed]


def test_markets_of_an_exclusive_event_share_a_group_and_its_contract() -> None:
    catalogue, exchange = Catalogue(), _core.Exchange(seed=1)
    catalogue.add_event(group())
    assert catalogue.group_of(group().neg_risk_id) is None
    legs = [catalogue.open_market(exchange, NOW_NS, market(number, "7")) for number in (1, 2)]
    assert all(leg.is_neg_risk for leg in legs)
    assert catalogue.group_of(group().neg_risk_id.upper().replace("X", "x")) == 0
    contract = exchange.exchange_of(legs[1].market.token_ids[0])
    assert contract is not None
    assert contract.contract == _core.SigningExchange.neg_risk().contract


def test_an_unnamed_outcome_is_listed_and_not_active() -> None:
    catalogue, exchange = Catalogue(), _core.Exchange(seed=1)
    catalogue.add_event(group())
    listed = catalogue.open_market(exchange, NOW_NS, market(1, "7", is_placeholder=True))
    standing = exchange.standing(listed.index)
    assert standing is not None
    assert standing[1:4] == (False, True, False)


def test_nothing_is_listed_twice_or_out_of_turn() -> None:
    catalogue, exchange = Catalogue(), _core.Exchange(seed=1)
    catalogue.add_event(group())
    with pytest.raises(ValueError, match="listed twice"):
        catalogue.add_event(group())
    catalogue.open_market(exchange, NOW_NS, market(1))
    with pytest.raises(ValueError, match="not the next one"):
        catalogue.know_market(5, market(5))
    with pytest.raises(_core.ExchangeRefused, match="taken"):
        catalogue.open_market(exchange, NOW_NS, market(1))
    assert len(catalogue.markets) == 1
