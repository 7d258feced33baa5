"""Market definitions: exact numbers, nothing filled in, nothing taken that was not asked for."""

import asyncio
import json

import pytest

from razor.adapters.polymarket.gamma import Gamma
from razor.application.ports import Unresolved
from razor.domain.feed import Selection
from razor.domain.feed_event import FeesDisagree, MarketSkipped, SetUnproven
from razor.domain.universe import FreeOfFees, SetKind, Settlement, TakerFee, Universe

from .clock import drive
from .venue import Answer, Request, Venue
from .world import World, world


async def _resolve(at: World, selection: Selection) -> Universe | Unresolved:
    gamma = Gamma(http=at.http, clock=at.clock, log=at.log)
    task = asyncio.ensure_future(gamma.resolve(selection))
    await drive(at.clock, task.done, step_ms=100)
    return task.result()


def _one(venue: Venue, selection: Selection | None = None) -> tuple[Universe | Unresolved, World]:
    async def run() -> tuple[Universe | Unresolved, World]:
        async with world(venue) as at:
            return await _resolve(at, selection or Selection(market_ids=("1",))), at

    return asyncio.run(run())


def _reason(venue: Venue) -> str:
    found, at = _one(venue)
    assert isinstance(found, Unresolved)
    return at.log.of(MarketSkipped)[0].reason


def _group(venue: Venue, **changes: object) -> dict[str, object]:
    """Make all markets of the venue one neg-risk event."""
    for market in venue.markets:
        market.gamma |= {"negRisk": True, "negRiskMarketID": "0xgroup"}
        market.gamma |= {"events": [{"id": "77", "slug": "event"}]}
        market.clob |= {"nr": True}
    event: dict[str, object] = {
        "id": "77",
        "slug": "event",
        "negRisk": True,
        "negRiskAugmented": False,
        "negRiskMarketID": "0xgroup",
        "markets": [venue.gamma_market(market) for market in venue.markets],
    }
    event |= changes
    venue.events.append(event)
    return event


def test_market_by_id_becomes_an_exact_definition() -> None:
    venue = Venue()
    venue.markets[0].clob |= {"mts": 0.001, "mos": 5.0, "sd": 3}
    found, _ = _one(venue)
    assert isinstance(found, Universe)
    (market,) = found.markets
    assert (market.tick_size, market.min_order_size) == ("0.001", "5")
    assert market.fees == TakerFee(rate="0.07", exponent=1)
    assert market.token_ids == venue.markets[0].tokens
    assert market.end_ms == 1_798_779_540_000
    assert market.seconds_delay == 3
    (item,) = found.sets
    assert (item.kind, item.settlement) == (SetKind.BINARY, Settlement.MERGE)
    assert item.legs == market.token_ids


def test_meta_payload_has_the_agreed_shape() -> None:
    venue = Venue()
    found, _ = _one(venue)
    assert isinstance(found, Universe)
    yes, no = venue.markets[0].tokens
    cid = venue.markets[0].condition_id
    assert json.loads(found.encode()) == {
        "markets": [
            {
                "condition_id": cid,
                "token_ids": [yes, no],
                "outcomes": ["Yes", "No"],
                "label": "Question 1?",
                "tick_size": "0.01",
                "min_order_size": "5",
                "neg_risk": False,
                "fees": {"rate": "0.07", "exponent": 1},
                "end_ms": 1_798_779_540_000,
                "event_id": "91",
                "group_id": "",
                "seconds_delay": 0,
            }
        ],
        "sets": [{"key": cid, "kind": "binary", "legs": [yes, no], "settlement": "merge"}],
    }


@pytest.mark.parametrize(
    "selection",
    [
        Selection(market_ids=("1", "2", "1")),
        Selection(condition_ids=(f"0x{1:064x}", f"0x{2:064x}")),
        Selection(slugs=("market-1", "market-2")),
        Selection(market_ids=("1",), slugs=("market-2",), condition_ids=(f"0x{1:064x}",)),
    ],
)
def test_markets_are_found_by_every_key_once_and_in_the_order_asked(selection: Selection) -> None:
    found, _ = _one(Venue(3), selection)
    assert isinstance(found, Universe)
    assert [market.label for market in found.markets] == ["Question 1?", "Question 2?"]


def test_more_ids_than_a_page_are_asked_for_in_pages_of_100() -> None:
    ids = tuple(str(number) for number in range(1, 231))
    found, at = _one(Venue(230), Selection(market_ids=ids))
    assert isinstance(found, Universe)
    assert len(found.markets) == 230
    assert len(at.venue.requested("/markets/keyset")) == 3
    assert {r.param("limit") for r in at.venue.requested("/markets/keyset")} == {"100"}


def test_keyset_cursor_is_followed_and_a_loop_ends() -> None:
    venue = Venue(2)

    def serve(request: Request) -> Answer:
        number = 1 if request.param("after_cursor") == "b" else 0
        page = {"markets": [venue.gamma_market(venue.markets[number])], "next_cursor": "b"}
        return Answer(body=json.dumps(page).encode())

    venue.handlers["/markets/keyset"] = serve
    found, at = _one(venue, Selection(market_ids=("1", "2")))
    assert isinstance(found, Universe)
    assert len(found.markets) == 2
    assert len(at.venue.requested("/markets/keyset")) == 2


def test_answer_about_another_market_is_not_taken() -> None:
    venue = Venue(2)
    page = json.dumps({"markets": [venue.gamma_market(venue.markets[1])]}).encode()
    venue.handlers["/markets/keyset"] = lambda _: Answer(body=page)
    found, _ = _one(venue)
    assert isinstance(found, Unresolved)
    assert not found.is_fault
    assert "id 1 is not among" in found.remedy


@pytest.mark.parametrize(
    "body",
    [b"[]", b"{}", b'{"markets":[{"id":7}]}', b'{"markets":' + b"[" * 99_999, b"\xff", b"<html>"],
)
def test_unreadable_definitions_are_a_fault_with_a_remedy(body: bytes) -> None:
    venue = Venue()
    venue.handlers["/markets/keyset"] = lambda _: Answer(body=body)
    found, _ = _one(venue)
    assert isinstance(found, Unresolved)
    assert found.is_fault
    assert "check the network" in found.remedy


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("active", False, "not active"),
        ("closed", True, "closed"),
        ("enableOrderBook", False, "no order book"),
        ("acceptingOrders", False, "not accepting orders"),
        ("umaResolutionStatus", "proposed", "resolution is under way"),
        ("clobTokenIds", '["1"]', "has 1 outcome tokens, two are needed"),
        ("clobTokenIds", '["1","2","3"]', "has 3 outcome tokens, two are needed"),
        ("clobTokenIds", '["1","1"]', "has 2 outcome tokens, two are needed"),
        ("clobTokenIds", "not json", "has 0 outcome tokens, two are needed"),
        ("clobTokenIds", '["1","-2"]', "a token id is no decimal number"),
        ("outcomes", '["Yes"]', "outcomes and tokens differ in number"),
    ],
)
def test_untradable_or_ill_formed_market_is_skipped_with_its_reason(
    field: str, value: object, reason: str
) -> None:
    venue = Venue()
    venue.markets[0].gamma[field] = value
    assert _reason(venue) == reason


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("c", "0x1", "the CLOB has another id"),
        ("nr", True, "neg-risk flags differ"),
        ("mts", 0.02, "tick size 0.02 is unknown"),
        ("mos", 0, "minimum order size is not positive"),
        ("ao", None, "the CLOB does not accept orders"),
    ],
)
def test_f09_market_that_disagrees_with_the_clob_is_skipped(
    field: str, value: object, reason: str
) -> None:
    venue = Venue()
    venue.markets[0].clob[field] = value
    assert _reason(venue) == reason


def test_f09_tokens_in_another_order_are_not_swapped_silently() -> None:
    venue = Venue()
    yes, no = venue.markets[0].tokens
    venue.markets[0].clob["t"] = [{"t": no, "o": "No"}, {"t": yes, "o": "Yes"}]
    assert "other tokens" in _reason(venue)


def test_market_unknown_to_the_clob_is_skipped_and_the_others_stay() -> None:
    venue = Venue(2)
    venue.queue(f"/clob-markets/{venue.markets[0].condition_id}", Answer(status=404))
    found, at = _one(venue, Selection(market_ids=("1", "2")))
    assert isinstance(found, Universe)
    assert [market.label for market in found.markets] == ["Question 2?"]
    assert at.log.of(MarketSkipped)[0].reason == "the CLOB does not know it (yet)"


@pytest.mark.parametrize(
    ("fd", "expected"),
    [
        (None, FreeOfFees()),
        ({"r": 0, "e": 1, "to": True}, FreeOfFees()),
        ({"r": 0.04, "e": 1, "to": True}, TakerFee(rate="0.04", exponent=1)),
        ({"r": "0.050", "e": 2, "to": True}, TakerFee(rate="0.05", exponent=2)),
        ({"r": 0.04, "e": 1}, None),
        ({"r": 0.04, "e": 1.5, "to": True}, None),
        ({"r": -0.04, "e": 1, "to": True}, None),
        ({"r": 1, "e": 1, "to": True}, None),
    ],
)
def test_fees_are_the_clobs_and_unknown_stays_unknown(fd: object, expected: object) -> None:
    venue = Venue()
    venue.markets[0].clob["fd"] = fd
    found, _ = _one(venue)
    assert isinstance(found, Universe)
    assert found.markets[0].fees == expected


def test_fees_that_gamma_states_differently_are_reported() -> None:
    venue = Venue()
    venue.markets[0].gamma["feeSchedule"] = {"rate": 0.05, "exponent": 1, "takerOnly": True}
    found, at = _one(venue)
    assert isinstance(found, Universe)
    assert found.markets[0].fees == TakerFee(rate="0.07", exponent=1)
    assert len(at.log.of(FeesDisagree)) == 1


def test_v2_market_takes_its_position_ids() -> None:
    venue = Venue()
    positions = ["11", "12"]
    venue.markets[0].gamma |= {"version": "v2", "positionIds": positions}
    venue.markets[0].clob["t"] = [{"t": "11", "o": "Yes"}, {"t": "12", "o": "No"}]
    found, _ = _one(venue)
    assert isinstance(found, Universe)
    assert found.markets[0].token_ids == ("11", "12")


@pytest.mark.parametrize("by", ["id", "slug"])
def test_neg_risk_event_becomes_a_group_held_to_resolution(by: str) -> None:
    venue = Venue(3)
    _group(venue)
    selection = Selection(event_ids=("77",)) if by == "id" else Selection(event_slugs=("event",))
    found, _ = _one(venue, selection)
    assert isinstance(found, Universe)
    group = found.sets[-1]
    assert len(found.sets) == 4
    assert (group.key, group.kind, group.settlement) == (
        "0xgroup",
        SetKind.GROUP,
        Settlement.HOLD,
    )
    assert group.legs == tuple(market.tokens[0] for market in venue.markets)
    assert {(market.event_id, market.group_id) for market in found.markets} == {("77", "0xgroup")}


def test_markets_chosen_one_by_one_form_the_group_when_all_are_chosen() -> None:
    venue = Venue(3)
    _group(venue)
    found, _ = _one(venue, Selection(market_ids=("1", "2", "3")))
    assert isinstance(found, Universe)
    assert found.sets[-1].settlement is Settlement.HOLD


def test_incomplete_group_is_no_set_at_all() -> None:
    venue = Venue(3)
    _group(venue)
    found, at = _one(venue, Selection(market_ids=("1", "2")))
    assert isinstance(found, Universe)
    assert {item.kind for item in found.sets} == {SetKind.BINARY}
    assert at.log.of(SetUnproven)[0].reason == "an open outcome of the group is not followed"


def test_augmented_group_is_listed_as_unproven_with_its_reason() -> None:
    venue = Venue(3)
    _group(venue, negRiskAugmented=True)
    found, at = _one(venue, Selection(event_ids=("77",)))
    assert isinstance(found, Universe)
    assert found.sets[-1].settlement is Settlement.UNPROVEN
    assert found.sets[-1].reason == at.log.of(SetUnproven)[0].reason
    assert "augmented" in found.sets[-1].reason


@pytest.mark.parametrize(
    ("prices", "is_set"), [('["0", "1"]', True), ('["1", "0"]', False), ("[]", False)]
)
def test_closed_outcome_must_be_proven_no(prices: str, is_set: object) -> None:
    venue = Venue(3)
    venue.markets[2].gamma |= {"closed": True, "outcomePrices": prices}
    _group(venue)
    found, _ = _one(venue, Selection(event_ids=("77",)))
    assert isinstance(found, Universe)
    kinds = {item.kind for item in found.sets}
    assert (SetKind.GROUP in kinds) == is_set


def test_group_above_the_leg_limit_is_no_set() -> None:
    venue = Venue(65)
    _group(venue)
    found, at = _one(venue, Selection(event_ids=("77",)))
    assert isinstance(found, Universe)
    assert len(found.markets) == 65
    assert {item.kind for item in found.sets} == {SetKind.BINARY}
    assert at.log.of(SetUnproven)[0].reason == "65 legs"


def test_event_that_is_not_neg_risk_gives_no_group() -> None:
    venue = Venue(3)
    _group(venue, negRisk=False)
    found, _ = _one(venue, Selection(event_ids=("77",)))
    assert isinstance(found, Universe)
    assert {item.kind for item in found.sets} == {SetKind.BINARY}


def test_f87_hostile_question_becomes_one_clean_short_line() -> None:
    venue = Venue()
    venue.markets[0].gamma["question"] = "\x1b[31mA\r\n\u202eB\x00" + "x" * 1_000_000
    found, _ = _one(venue)
    assert isinstance(found, Universe)
    text = found.markets[0].label
    assert text.startswith("[31mABx")
    assert len(text) <= 256
    assert b"\n" not in found.encode()
