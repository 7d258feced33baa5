"""Facts of a market as decoded: exact decimals, every refused shape, and nothing unbounded."""

import asyncio
import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from razor.adapters.polymarket.gamma import (
    Gamma,
    clob_fees,
    gamma_fees,
    token_ids,
    untradable,
)
from razor.adapters.polymarket.wire import (
    ClobFee,
    ClobMarket,
    FeeSchedule,
    GammaEvent,
    GammaMarket,
    MarketPage,
    decode,
)
from razor.application.ports import Unresolved
from razor.domain.feed import Selection
from razor.domain.feed_event import MarketSkipped
from razor.domain.universe import Fees, FreeOfFees, TakerFee, Universe

from .clock import drive
from .venue import Answer, Request, Venue
from .world import world


def resolved(
    venue: Venue, selection: Selection | None = None
) -> tuple[Universe | Unresolved, list[str]]:
    """What the venue's answers give, and why markets were skipped."""

    async def run() -> tuple[Universe | Unresolved, list[str]]:
        async with world(venue) as at:
            gamma = Gamma(http=at.http, clock=at.clock, log=at.log)
            task = asyncio.ensure_future(gamma.resolve(selection or Selection(market_ids=("1",))))
            await drive(at.clock, task.done, step_ms=100)
            return task.result(), [event.reason for event in at.log.of(MarketSkipped)]

    return asyncio.run(run())


def served(changes: dict[str, str]) -> Venue:
    """A venue whose compact market has these fields as raw JSON text."""
    venue = Venue()
    market = venue.markets[0]
    row = {key: json.dumps(value) for key, value in venue.clob_market(market).items()} | changes
    body = "{" + ",".join(f'"{key}":{value}' for key, value in row.items()) + "}"
    venue.handlers["/clob-markets/"] = lambda _: Answer(body=body.encode())
    return venue


@pytest.mark.parametrize(
    ("raw", "tick"),
    [
        ("0.1", "0.1"),
        ("0.01", "0.01"),
        ("0.010", "0.01"),
        ("1e-2", "0.01"),
        ("0.005", "0.005"),
        ("0.0025", "0.0025"),
        ("0.001", "0.001"),
        ("0.0001", "0.0001"),
        ('"0.01"', "0.01"),
        ('"1E-3"', "0.001"),
    ],
)
def test_every_known_tick_is_kept_exactly_in_its_shortest_text(raw: str, tick: str) -> None:
    found, _ = resolved(served({"mts": raw}))
    assert isinstance(found, Universe)
    assert found.markets[0].tick_size == tick


@pytest.mark.parametrize(
    "raw", ["0", "0.02", "0.011", "0.00001", "1", "10", "-0.01", "0.0100000001"]
)
def test_any_other_tick_skips_the_market(raw: str) -> None:
    found, reasons = resolved(served({"mts": raw}))
    assert isinstance(found, Unresolved)
    assert reasons == [f"tick size {Decimal(raw)} is unknown"]


@pytest.mark.parametrize(
    ("raw", "size"),
    [("5", "5"), ("5.0", "5"), ("15", "15"), ("0.5", "0.5"), ("1e2", "100"), ('"2.50"', "2.5")],
)
def test_the_least_order_is_kept_exactly_in_its_shortest_text(raw: str, size: str) -> None:
    found, _ = resolved(served({"mos": raw}))
    assert isinstance(found, Universe)
    assert found.markets[0].min_order_size == size


@pytest.mark.parametrize(
    ("field", "raw"),
    [
        ("mos", '"NaN"'),
        ("mos", '"sNaN"'),
        ("mos", '"Infinity"'),
        ("mos", "1e999999"),
        ("mos", '"1e999999"'),
        ("mos", "1e-999999"),
        ("mos", "-5"),
        ("mos", "0"),
        ("mos", "true"),
        ("mos", "null"),
        ("mos", "[5]"),
        ("mts", '"NaN"'),
        ("mts", '"sNaN"'),
        ("mts", '"-Infinity"'),
        ("mts", "1e-999999"),
        ("mts", "1e-30"),
        ("mts", "{}"),
        ("ao", "1"),
        ("ao", '"true"'),
        ("nr", '"false"'),
        ("t", "{}"),
        ("t", '[{"t":1,"o":"Yes"}]'),
        ("t", "null"),
        ("c", "1"),
        ("sd", "1.5"),
        ("sd", '"3"'),
        ("fd", "[]"),
        ("fd", '{"r":0.07}'),
        ("fd", '{"r":"x","e":1}'),
        ("fd", '{"r":null,"e":1}'),
        ("fd", '{"r":0.07,"e":1,"to":1}'),
    ],
)
def test_a_fact_of_no_use_skips_its_market_and_never_ends_the_reading(field: str, raw: str) -> None:
    venue = Venue(2)
    good, bad = venue.markets
    row = {key: json.dumps(value) for key, value in venue.clob_market(bad).items()} | {field: raw}
    body = "{" + ",".join(f'"{key}":{value}' for key, value in row.items()) + "}"

    def serve(request: Request) -> Answer:
        if request.path.endswith(bad.condition_id):
            return Answer(body=body.encode())
        return Answer(body=json.dumps(venue.clob_market(good)).encode())

    venue.handlers["/clob-markets/"] = serve
    found, reasons = resolved(venue, Selection(market_ids=("1", "2")))
    assert isinstance(found, Universe)
    assert [market.label for market in found.markets] == ["Question 1?"]
    assert len(reasons) == 1


@pytest.mark.parametrize(
    ("rate", "exponent", "taker_only", "expected"),
    [
        ("0.07", "1", True, TakerFee(rate="0.07", exponent=1)),
        ("0.0700", "1.0", True, TakerFee(rate="0.07", exponent=1)),
        ("7e-2", "2", True, TakerFee(rate="0.07", exponent=2)),
        ("0.999999", "8", True, TakerFee(rate="0.999999", exponent=8)),
        ("0", "1", True, FreeOfFees()),
        ("0.000", "99", False, FreeOfFees()),
        ("-0", "1", True, FreeOfFees()),
        ("0.07", "0", True, None),
        ("0.07", "9", True, None),
        ("0.07", "-1", True, None),
        ("0.07", "1.5", True, None),
        ("0.07", "1", False, None),
        ("1", "1", True, None),
        ("1.5", "1", True, None),
        ("-0.01", "1", True, None),
        ("NaN", "1", True, None),
        ("sNaN", "1", True, None),
        ("Infinity", "1", True, None),
        ("0.07", "NaN", True, None),
        ("0.07", "sNaN", True, None),
        ("0.07", "Infinity", True, None),
        ("1e-999999", "1", True, None),
        ("0.07", "1e999999", True, None),
    ],
)
def test_a_schedule_we_cannot_compute_is_unknown_and_never_a_default(
    rate: str, exponent: str, *, taker_only: bool, expected: Fees
) -> None:
    numbers = Decimal(rate), Decimal(exponent), taker_only
    assert clob_fees(ClobFee(*numbers)) == expected
    market = GammaMarket(id="1", fees_enabled=True, fee_schedule=FeeSchedule(*numbers))
    assert gamma_fees(market) == expected


@pytest.mark.parametrize(
    ("enabled", "schedule", "expected"),
    [
        (False, None, FreeOfFees()),
        (False, ("0.07", "1"), FreeOfFees()),
        (True, ("0.07", "1"), TakerFee(rate="0.07", exponent=1)),
        (None, ("0.07", "1"), TakerFee(rate="0.07", exponent=1)),
        (True, None, None),
        (None, None, None),
    ],
)
def test_gamma_without_a_schedule_is_free_only_when_it_says_so(
    enabled: object, schedule: tuple[str, str] | None, expected: Fees
) -> None:
    fee = None
    if schedule is not None:
        fee = FeeSchedule(rate=Decimal(schedule[0]), exponent=Decimal(schedule[1]))
    flag = None if enabled is None else bool(enabled)
    assert gamma_fees(GammaMarket(id="1", fees_enabled=flag, fee_schedule=fee)) == expected


def test_a_clob_market_without_a_schedule_is_free() -> None:
    assert clob_fees(None) == FreeOfFees()


rates = st.integers(1, 10**6 - 1).map(lambda micros: Decimal(micros).scaleb(-6))


@given(rates, st.integers(1, 8), st.integers(0, 4))
def test_a_rate_keeps_every_digit_and_loses_only_trailing_zeros(
    rate: Decimal, exponent: int, zeros: int
) -> None:
    padded = Decimal(f"{rate:f}{'0' * zeros}")
    fee = clob_fees(ClobFee(rate=padded, exponent=Decimal(exponent), taker_only=True))
    assert isinstance(fee, TakerFee)
    assert Decimal(fee.rate) == rate
    assert not fee.rate.endswith("0")
    assert "e" not in fee.rate.lower()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({}, ""),
        ({"active": False}, "not active"),
        ({"closed": True}, "closed"),
        ({"enable_order_book": False}, "no order book"),
        ({"accepting_orders": False}, "not accepting orders"),
        ({"uma_resolution_status": "disputed"}, "resolution is under way"),
        ({"uma_resolution_status": ""}, ""),
        ({"uma_resolution_status": None}, ""),
        ({"active": False, "closed": True, "accepting_orders": False}, "not active"),
        ({"closed": True, "enable_order_book": False}, "closed"),
    ],
)
def test_the_first_reason_against_a_market_is_the_one_given(
    changes: dict[str, object], reason: str
) -> None:
    facts: dict[str, object] = {
        "id": "1",
        "active": True,
        "closed": False,
        "enable_order_book": True,
        "accepting_orders": True,
    }
    assert untradable(GammaMarket(**(facts | changes))) == reason  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        (None, ("1", "2")),
        ("v1", ("1", "2")),
        ("v2", ("8", "9")),
        ("v3", ("1", "2")),
    ],
)
def test_the_version_decides_which_field_names_the_tokens(
    version: str | None, expected: tuple[str, ...]
) -> None:
    assert token_ids(_named(version, ["8", "9"])) == expected


def test_a_v2_market_without_positions_has_no_token() -> None:
    assert token_ids(_named("v2", None)) == ()


def _named(version: str | None, positions: list[str] | None) -> GammaMarket:
    names = '["1","2"]'
    return GammaMarket(id="1", version=version, clob_token_ids=names, position_ids=positions)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"null",
        b"[]",
        b'{"markets":null}',
        b'{"markets":{}}',
        b'{"markets":[[]]}',
        b'{"markets":[{}]}',
        b'{"markets":[{"id":1}]}',
        b'{"markets":[{"id":"1","active":"yes"}]}',
        b'{"markets":[{"id":"1","closed":0}]}',
        b'{"markets":[{"id":"1","outcomes":["Yes","No"]}]}',
        b'{"markets":[{"id":"1","secondsDelay":"3"}]}',
        b'{"markets":[{"id":"1","secondsDelay":2.5}]}',
        b'{"markets":[{"id":"1","feeSchedule":{"rate":"x","exponent":1}}]}',
        b'{"markets":[{"id":"1","events":[{}]}]}',
        b'{"markets":[{"id":"1","orderMinSize":"five"}]}',
        b'{"markets":[{"id":"1"}],"next_cursor":5}',
        b'{"markets":[{"id":"1"}]} trailing',
        b"\xef\xbb\xbf{}",
    ],
)
def test_a_page_with_one_field_of_another_shape_is_no_page(raw: bytes) -> None:
    assert decode(raw, MarketPage) is None


def test_a_page_with_unknown_fields_is_a_page() -> None:
    page = decode(b'{"markets":[{"id":"1","new":{"a":[]}}],"more":1}', MarketPage)
    assert page is not None
    assert (page.markets[0].id, page.next_cursor) == ("1", None)


@pytest.mark.parametrize("shape", [MarketPage, ClobMarket, GammaEvent, GammaMarket])
@pytest.mark.parametrize("number", [b"9" * 5_000, b"1e99999999999999999999", b"-" + b"1" * 20_000])
def test_numbers_without_end_are_nothing_or_a_value(shape: type, number: bytes) -> None:
    raw = (
        b'{"id":"1","c":"0x1","t":[],"mos":%s,"mts":%s,"secondsDelay":%s,"sd":%s,"markets":'
        b'[{"id":"1","secondsDelay":%s,"orderMinSize":%s}]}'
    )
    found = decode(raw % ((number,) * 6), shape)
    assert type(found) in {type(None), shape}


@pytest.mark.parametrize("length", [2, 3, 5])
def test_cursors_that_lead_in_a_circle_end(length: int) -> None:
    venue = Venue(2)
    letters = "abcdefgh"[:length]

    def serve(request: Request) -> Answer:
        at = request.param("after_cursor")
        following = letters[(letters.index(at) + 1) % length] if at else letters[0]
        page = {"markets": [venue.gamma_market(venue.markets[0])], "next_cursor": following}
        return Answer(body=json.dumps(page).encode())

    venue.handlers["/markets/keyset"] = serve
    found, _ = resolved(venue)
    assert isinstance(found, Universe)
    assert len(venue.requested("/markets/keyset")) == length + 1


@pytest.mark.parametrize("length", [2, 4])
def test_cursors_of_events_that_lead_in_a_circle_end(length: int) -> None:
    venue = Venue(1)
    letters = "abcdefgh"[:length]
    event = {"id": "77", "slug": "e", "markets": [venue.gamma_market(venue.markets[0])]}

    def serve(request: Request) -> Answer:
        at = request.param("after_cursor")
        following = letters[(letters.index(at) + 1) % length] if at else letters[0]
        return Answer(body=json.dumps({"events": [event], "next_cursor": following}).encode())

    venue.handlers["/events/keyset"] = serve
    found, _ = resolved(venue, Selection(event_ids=("77",)))
    assert isinstance(found, Universe)
    assert len(venue.requested("/events/keyset")) == length + 1


@pytest.mark.parametrize(
    ("selection", "words"),
    [
        (Selection(market_ids=("9",)), "id 9 is not among"),
        (Selection(slugs=("nope",)), "slug nope is not among"),
        (Selection(event_ids=("5",)), "event id 5 is not among"),
        (Selection(event_slugs=("no-event",)), "event slug no-event is not among"),
        (Selection(condition_ids=("0x5",)), "condition_ids 0x5 is not among"),
        (Selection(market_ids=("1", "8", "9", "9")), "id 8, 9 is not among"),
        (Selection(slugs=("\x1b[31m\u202ex",)), "slug [31mx is not among"),
    ],
)
def test_what_the_venue_does_not_have_is_named_and_is_no_fault(
    selection: Selection, words: str
) -> None:
    found, _ = resolved(Venue(), selection)
    assert isinstance(found, Unresolved)
    assert not found.is_fault
    assert words in found.remedy


@pytest.mark.parametrize(("seconds", "expected"), [(0, 1), (3, 3)])
def test_a_delay_that_is_only_flagged_counts_as_a_second(seconds: int, expected: int) -> None:
    venue = Venue()
    venue.markets[0].clob["sd"] = seconds
    venue.markets[0].clob["itode"] = True
    found, _ = resolved(venue)
    assert isinstance(found, Universe)
    assert found.markets[0].seconds_delay == expected


def test_at_most_five_missing_names_are_shown() -> None:
    found, _ = resolved(Venue(), Selection(market_ids=tuple(map(str, range(10, 30)))))
    assert isinstance(found, Unresolved)
    assert "10, 11, 12, 13, 14 is" in found.remedy
    assert "15" not in found.remedy


@pytest.mark.parametrize(
    ("gamma", "clob", "expected"),
    [(None, 0, 0), (3, 0, 3), (0, 5, 5), (3, 5, 5), (5, 3, 5)],
)
def test_the_longer_of_two_stated_delays_counts(
    gamma: int | None, clob: int, expected: int
) -> None:
    venue = Venue()
    venue.markets[0].gamma["secondsDelay"] = gamma
    venue.markets[0].clob["sd"] = clob
    found, _ = resolved(venue)
    assert isinstance(found, Universe)
    assert found.markets[0].seconds_delay == expected
