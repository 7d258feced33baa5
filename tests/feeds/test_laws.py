"""Laws of the small parts: back-off, buckets, texts and times, and the orders of a shard."""

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from razor.adapters.polymarket.backoff import Backoff
from razor.adapters.polymarket.limits import (
    BOOKS,
    CLOB_MARKET,
    DATA_TRADES,
    GAMMA_EVENTS,
    GAMMA_MARKETS,
    Endpoint,
    Host,
    Limits,
    TokenBucket,
)
from razor.adapters.polymarket.shard import Add, Again, Drop, Replace, Shard, ShardWorld
from razor.adapters.polymarket.wire import (
    LABEL_MAX,
    TradeHead,
    TradeV2,
    decode,
    is_short,
    iso_ms,
    label,
    plain,
    rows,
    stamp_ms,
    texts,
)
from razor.application.ports import FeedPorts
from razor.domain.feed import FeedSettings
from razor.domain.feed_event import LostCause

from .clock import VirtualClock
from .engine import MemoryEngine, MemoryLog

S = 1_000_000_000
ENDPOINTS = (BOOKS, CLOB_MARKET, GAMMA_MARKETS, GAMMA_EVENTS, DATA_TRADES)


@given(st.integers(1, 10_000), st.integers(0, 100_000), st.lists(st.booleans(), max_size=30))
def test_a_wait_is_within_its_step_and_the_step_within_its_maximum(
    first_ms: int, more_ms: int, healthy: list[bool]
) -> None:
    most = first_ms + more_ms
    drawn: list[int] = []

    def jitter(step: int) -> int:
        drawn.append(step)
        return step

    backoff = Backoff(first_ms=first_ms, max_ms=most, jitter=jitter)
    expected = first_ms
    for is_healthy in healthy:
        if is_healthy:
            backoff.reset()
            expected = first_ms
        assert backoff.next_ms() == expected
        expected = min(expected * 2, most)
    assert all(first_ms <= step <= most for step in drawn)


@given(st.integers(0, 5_000))
def test_the_drawn_wait_is_given_as_it_was_drawn(drawn: int) -> None:
    backoff = Backoff(first_ms=5_000, max_ms=5_000, jitter=lambda _: drawn)
    assert [backoff.next_ms() for _ in range(3)] == [drawn] * 3


@given(
    st.integers(20, 9_000),
    st.integers(10, 100),
    st.lists(st.integers(0, 2 * S), min_size=1, max_size=80),
)
def test_slots_are_given_in_order_and_never_before_now(
    limit: int, share: int, pauses: list[int]
) -> None:
    bucket = TokenBucket(limit=limit, share_pct=share)
    now, last = 0, 0
    for pause in pauses:
        now += pause
        wait = bucket.reserve(now)
        assert wait >= 0
        assert now + wait >= last
        last = now + wait


@given(st.integers(20, 2_000), st.integers(1, 100), st.integers(0, 100 * S))
def test_a_hold_gives_no_slot_before_its_time_and_never_an_earlier_one(
    limit: int, share: int, until_ns: int
) -> None:
    held, free = (TokenBucket(limit=limit, share_pct=share) for _ in range(2))
    held.hold(until_ns)
    held.hold(until_ns // 2)
    for _ in range(10):
        wait = held.reserve(0)
        assert wait >= until_ns
        assert wait >= free.reserve(0)


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda endpoint: endpoint.name)
def test_each_endpoint_has_a_free_burst_of_a_fifth_of_its_share(endpoint: Endpoint) -> None:
    limits = Limits(share_pct=50)
    allowed = min(endpoint.limit, endpoint.host.value) // 2
    waits = [limits.reserve(endpoint, 0) for _ in range(allowed // 5 + 1)]
    assert waits[:-1] == [0] * (allowed // 5)
    assert waits[-1] > 0


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda endpoint: endpoint.name)
@pytest.mark.parametrize("share", [1, 2, 3, 100])
def test_no_share_of_a_limit_is_too_small_to_be_kept(endpoint: Endpoint, share: int) -> None:
    allowed = endpoint.limit * share // 100
    assert allowed >= 1
    limits = Limits(share_pct=share)
    # Whoever waits as told and asks again at once sends as fast as the bucket lets through.
    now, sent = 0, []
    for _ in range(3 * allowed):
        now += limits.reserve(endpoint, now)
        sent.append(now)
    windows = zip(sent, sent[allowed:], strict=False)
    assert all(later - first >= 10 * S for first, later in windows)


@given(st.integers(1, 30), st.lists(st.integers(0, 4 * S), min_size=1, max_size=60))
def test_a_bucket_of_a_few_calls_keeps_its_allowance_in_every_window(
    allowed: int, pauses: list[int]
) -> None:
    bucket = TokenBucket(limit=allowed, share_pct=100)
    now, sent = 0, []
    for pause in pauses:
        now += pause
        now += bucket.reserve(now)
        sent.append(now)
    windows = zip(sent, sent[allowed:], strict=False)
    assert all(later - first >= 10 * S for first, later in windows)


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda endpoint: endpoint.name)
def test_a_held_endpoint_leaves_other_hosts_alone(endpoint: Endpoint) -> None:
    limits = Limits(share_pct=50)
    limits.hold(endpoint, 60 * S)
    assert limits.reserve(endpoint, 0) == 60 * S
    others = [other for other in ENDPOINTS if other.host is not endpoint.host]
    assert all(limits.reserve(other, 0) == 0 for other in others)


def test_no_endpoint_is_allowed_more_than_its_host() -> None:
    assert all(endpoint.limit <= endpoint.host.value for endpoint in ENDPOINTS)
    assert {endpoint.host for endpoint in ENDPOINTS} == set(Host)


decimals = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**9), max_value=10**9)


@given(decimals)
def test_plain_text_is_the_same_number_without_exponent_or_spare_zeros(number: Decimal) -> None:
    if not is_short(number):
        return
    text = plain(number)
    assert Decimal(text) == number
    assert "e" not in text.lower()
    assert not ("." in text and text.endswith(("0", ".")))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0", True),
        ("1e18", True),
        ("1e19", True),
        ("1e20", False),
        ("1e-19", True),
        ("1e-20", False),
        ("9" * 19, True),
        ("9" * 20, False),
        ("NaN", False),
        ("sNaN", False),
        ("-Infinity", False),
        ("1e999999999", False),
        ("-1e-999999999", False),
    ],
)
def test_a_number_is_short_when_its_plain_text_is(text: str, *, expected: bool) -> None:
    assert is_short(Decimal(text)) is expected


@given(st.text(max_size=600))
def test_a_label_is_short_printable_and_stable(text: str) -> None:
    found = label(text)
    assert len(found) <= LABEL_MAX
    assert label(found) == found
    assert found == found.strip()
    assert not set(found) & set("\x00\n\r\t\x1b\u202e\u200b\ufeff\x85")


@given(st.lists(st.none() | st.text(max_size=5), max_size=4))
def test_the_first_label_that_is_left_wins(candidates: list[str | None]) -> None:
    cleaned = [found for text in candidates if (found := label(text))]
    assert label(*candidates) == (cleaned[0] if cleaned else "")


@given(st.integers(1, 9_999_999_999_999))
def test_seconds_ms_us_and_ns_of_one_instant_are_one_time(ms: int) -> None:
    if ms > 99_999_999_999:
        assert stamp_ms(ms) == stamp_ms(str(ms)) == ms
        assert stamp_ms(ms * 1_000 + 999) == ms
        assert stamp_ms(ms * 1_000_000 + 999_999) == ms
    else:
        assert stamp_ms(ms) == ms * 1_000


@pytest.mark.parametrize(
    "text", ["", " 1", "1 ", "+1", "-1", "1e3", "٣", "²", "0x1", "1_000", "1.0", "9" * 20]
)
def test_a_time_that_is_no_plain_whole_number_is_unknown(text: str) -> None:
    assert stamp_ms(text) == 0


@pytest.mark.parametrize(
    ("text", "ms"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01T00:00:00.001Z", 1),
        ("1970-01-01T00:00:00.0019Z", 1),
        ("2027-01-01T00:00:00+14:00", 1_798_711_200_000),
        ("9999-12-31T23:59:59Z", 253_402_300_799_000),
        ("2027-13-01T00:00:00Z", 0),
        ("2027-02-30T00:00:00Z", 0),
        ("10000-01-01T00:00:00Z", 0),
        ("", 0),
        ("0", 0),
    ],
)
def test_a_date_of_the_calendar_is_exact_and_any_other_absent(text: str, ms: int) -> None:
    assert iso_ms(text) == ms


@given(st.lists(st.text(max_size=8), max_size=5))
def test_texts_inside_a_text_are_read_back(values: list[str]) -> None:
    assert texts(json.dumps(values)) == tuple(values)


@given(st.lists(st.integers() | st.text(max_size=6) | st.none(), max_size=6))
def test_rows_of_an_array_are_cut_out_exactly(values: list[object]) -> None:
    parts = [json.dumps(value).encode() for value in values]
    assert rows(b" [ " + b" , ".join(parts) + b" ] ") == parts


@given(st.binary(max_size=60))
def test_any_bytes_are_rows_or_nothing(raw: bytes) -> None:
    found = rows(raw)
    assert found is None or all(json.loads(row) is not ... for row in found)


@pytest.mark.parametrize(
    "raw", [b"{}", b'{"timestamp":null}', b'{"timestamp":1.5}', b'{"timestamp":true}', b"[]"]
)
def test_a_row_without_a_time_is_no_head(raw: bytes) -> None:
    assert decode(raw, TradeHead) is None


@pytest.mark.parametrize("name", ["token_id", "side", "size", "price", "timestamp"])
def test_a_v2_row_without_one_of_its_parts_is_no_row(name: str) -> None:
    row = {"token_id": "1", "side": "BUY", "size": 1, "price": 0.5, "timestamp": 1}
    assert decode(json.dumps(row | {"transaction_hash": "0x"}).encode(), TradeV2) is not None
    del row[name]
    assert decode(json.dumps(row | {"transaction_hash": "0x"}).encode(), TradeV2) is None


def shard_of(*tokens: str) -> Shard:
    clock, engine = VirtualClock(), MemoryEngine()
    return Shard(
        conn="market-0",
        tokens=tokens,
        world=ShardWorld(
            settings=FeedSettings(),
            ports=FeedPorts(recorder=engine, liveness=engine, clock=clock, log=MemoryLog()),
            compare=lambda _: None,
        ),
        backoff=Backoff(first_ms=1, max_ms=1, jitter=lambda step: step),
    )


@given(
    st.lists(
        st.tuples(st.sampled_from((Add, Drop, Again)), st.lists(st.sampled_from("abcdef")))
        | st.just((None, [])),
        max_size=40,
    )
)
def test_a_shard_follows_what_was_added_and_not_dropped(
    orders: list[tuple[type[Add | Drop | Again] | None, list[str]]],
) -> None:
    shard, wanted = shard_of("a", "b"), {"a", "b"}
    for kind, tokens in orders:
        if kind is None:
            assert shard.order(Replace(cause=LostCause.STOPPED))
            continue
        assert shard.order(kind(tokens=tuple(tokens)))
        wanted |= set(tokens) if kind is Add else set()
        wanted -= set(tokens) if kind is Drop else set()
    found = shard.view().tokens
    assert set(found) == wanted
    assert len(found) == len(wanted)


def test_orders_beyond_the_bound_change_nothing_but_a_new_connection_always_fits() -> None:
    shard = shard_of("a")
    while shard.order(Again(tokens=("a",))):
        pass
    assert not shard.order(Add(tokens=("b",)))
    assert not shard.order(Drop(tokens=("a",)))
    assert shard.view().tokens == ("a",)
    assert shard.order(Replace(cause=LostCause.STOPPED))
    assert shard.order(Add(tokens=("b",)))
    assert shard.view().tokens == ("a", "b")


def test_a_forced_drop_makes_its_own_room() -> None:
    shard = shard_of("a", "b")
    while shard.order(Again(tokens=("a",))):
        pass
    shard.force_drop(["a", "unknown"])
    assert shard.view().tokens == ("b",)
    assert shard.order(Add(tokens=("c",)))


def test_a_new_shard_is_not_connected_and_in_no_epoch() -> None:
    view = shard_of("b", "a", "b").view()
    assert (view.conn, view.epoch, view.connected_ns) == ("market-0", 0, 0)
    assert view.tokens == ("b", "a")
    assert shard_of().lag_ns_max == 0
