"""The `meta` payload: exact, ordered, and nothing in it that the venue did not say."""

import json
from dataclasses import fields, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from razor.domain.feed import Gap, RecordKind, Selection
from razor.domain.universe import (
    MAX_LEGS,
    Fees,
    FreeOfFees,
    MarketMeta,
    SetKind,
    SetMeta,
    Settlement,
    TakerFee,
    Universe,
)

MARKET = MarketMeta(
    condition_id="0xc1",
    token_ids=("11", "12"),
    outcomes=("Yes", "No"),
    label="Question?",
    tick_size="0.01",
    min_order_size="5",
    neg_risk=False,
    fees=None,
    end_ms=0,
    event_id="",
    group_id="",
    seconds_delay=0,
)
KEYS = [
    "condition_id",
    "token_ids",
    "outcomes",
    "label",
    "tick_size",
    "min_order_size",
    "neg_risk",
    "fees",
    "end_ms",
    "event_id",
    "group_id",
    "seconds_delay",
]


def row(market: MarketMeta) -> dict[str, object]:
    body = json.loads(Universe(markets=(market,), sets=()).encode())
    found = body["markets"][0]
    assert isinstance(found, dict)
    return found


def test_the_keys_of_a_market_stand_in_the_agreed_order() -> None:
    assert list(row(MARKET)) == KEYS
    assert [field.name for field in fields(MarketMeta)] == KEYS


@pytest.mark.parametrize(
    ("fees", "encoded"),
    [
        (None, None),
        (FreeOfFees(), "free"),
        (TakerFee(rate="0.07", exponent=1), {"rate": "0.07", "exponent": 1}),
        (TakerFee(rate="0.000001", exponent=8), {"rate": "0.000001", "exponent": 8}),
    ],
)
def test_unknown_free_and_charged_are_three_different_words(fees: Fees, encoded: object) -> None:
    assert row(replace(MARKET, fees=fees))["fees"] == encoded


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("condition_id", "0xc2"),
        ("label", 'with "quotes" and \\'),
        ("tick_size", "0.0025"),
        ("min_order_size", "15"),
        ("neg_risk", True),
        ("end_ms", 1_798_779_540_000),
        ("event_id", "91"),
        ("group_id", "0xgroup"),
        ("seconds_delay", 3),
    ],
)
def test_each_fact_arrives_under_its_own_key_and_changes_no_other(name: str, value: object) -> None:
    changed = row(replace(MARKET, **{name: value}))  # type: ignore[arg-type]
    before = row(MARKET)
    assert changed[name] == value
    assert {key for key in KEYS if changed[key] != before[key]} == {name}


@pytest.mark.parametrize("kind", list(SetKind))
@pytest.mark.parametrize("settlement", list(Settlement))
def test_a_set_is_written_without_its_reason(kind: SetKind, settlement: Settlement) -> None:
    item = SetMeta(key="k", kind=kind, legs=("11", "12"), settlement=settlement, reason="because")
    body = json.loads(Universe(markets=(MARKET,), sets=(item,)).encode())
    assert body["sets"] == [
        {"key": "k", "kind": kind.value, "legs": ["11", "12"], "settlement": settlement.value}
    ]


def test_the_words_of_sets_are_those_of_the_core() -> None:
    assert {kind.value for kind in SetKind} == {"binary", "group"}
    assert {kind.value for kind in Settlement} == {"merge", "hold", "unproven"}
    assert MAX_LEGS == 64


markets_of = st.lists(st.text(max_size=12), min_size=1, max_size=6).map(
    lambda labels: tuple(
        replace(
            MARKET,
            condition_id=f"0x{number}",
            token_ids=(f"{2 * number}", f"{2 * number + 1}"),
            label=label,
        )
        for number, label in enumerate(labels)
    )
)


@given(markets_of)
@settings(deadline=None)
def test_tokens_stand_two_per_market_in_market_order(markets: tuple[MarketMeta, ...]) -> None:
    universe = Universe(markets=markets, sets=())
    tokens = universe.tokens()
    assert tokens == tuple(str(number) for number in range(2 * len(markets)))
    owners = universe.owners()
    assert list(owners) == list(tokens)
    assert all(token in owners[token].token_ids for token in tokens)


@given(markets_of)
@settings(deadline=None)
def test_the_payload_is_one_ascii_line_and_repeats(markets: tuple[MarketMeta, ...]) -> None:
    universe = Universe(markets=markets, sets=())
    raw = universe.encode()
    assert raw.isascii()
    assert b"\n" not in raw
    assert raw == Universe(markets=markets, sets=()).encode()
    assert [market["label"] for market in json.loads(raw)["markets"]] == [
        market.label for market in markets
    ]


def test_an_empty_universe_is_two_empty_lists() -> None:
    assert Universe(markets=(), sets=()).encode() == b'{"markets":[],"sets":[]}'
    assert Universe(markets=(), sets=()).tokens() == ()


@pytest.mark.parametrize(
    ("gap", "raw"),
    [
        (
            Gap(from_ns=1, to_ns=2, cause="X"),
            b'{"from_ns":1,"to_ns":2,"cause":"X","lost":0}',
        ),
        (
            Gap(from_ns=2**62, to_ns=2**62, cause="X y=z", lost=7),
            b'{"from_ns":4611686018427387904,"to_ns":4611686018427387904,"cause":"X y=z","lost":7}',
        ),
        (
            Gap(from_ns=0, to_ns=0, cause='a"b\n'),
            b'{"from_ns":0,"to_ns":0,"cause":"a\\"b\\n","lost":0}',
        ),
    ],
)
def test_a_gap_is_written_in_a_fixed_order(gap: Gap, raw: bytes) -> None:
    assert gap.encode() == raw


@given(
    st.integers(0, 2**63 - 1), st.integers(0, 2**63 - 1), st.text(max_size=40), st.integers(0, 99)
)
def test_any_gap_reads_back(from_ns: int, to_ns: int, cause: str, lost: int) -> None:
    gap = Gap(from_ns=from_ns, to_ns=to_ns, cause=cause, lost=lost)
    assert Gap(**json.loads(gap.encode())) == gap
    assert gap.encode().isascii()


@pytest.mark.parametrize("name", [field.name for field in fields(Selection)])
def test_any_one_part_makes_a_selection(name: str) -> None:
    assert Selection().is_empty()
    assert not Selection(**{name: ("1",)}).is_empty()
    assert Selection(**{name: ()}).is_empty()


def test_record_kinds_are_the_letter_codes_of_the_capture_line() -> None:
    assert [kind.value for kind in RecordKind] == [
        "ws",
        "rest",
        "trade",
        "quote",
        "ref",
        "meta",
        "gap",
    ]
