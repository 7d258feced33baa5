"""Local rate limits and back-off: laws over seeded sequences, edges by name."""

from random import Random

import pytest

from razor.adapters.polymarket.backoff import Backoff
from razor.adapters.polymarket.limits import (
    BOOKS,
    CLOB_MARKET,
    DATA_TRADES,
    GAMMA_MARKETS,
    Limits,
    TokenBucket,
)

_S = 1_000_000_000


@pytest.mark.parametrize("seed", range(20))
def test_no_window_of_ten_seconds_exceeds_the_allowance(seed: int) -> None:
    random = Random(seed)
    limit, share = random.choice([200, 300, 500, 1_500]), random.choice([10, 50, 100])
    bucket = TokenBucket(limit=limit, share_pct=share)
    now, sent = 0, []
    for _ in range(3 * limit):
        now += random.choice([0, 0, 0, 1_000, _S // 50, _S])
        now += bucket.reserve(now)
        sent.append(now)
    allowed = limit * share // 100
    for index, start in enumerate(sent):
        inside = sum(1 for at in sent[index : index + allowed + 1] if at < start + 10 * _S)
        assert inside <= allowed


def test_burst_is_free_and_then_slots_are_spaced() -> None:
    bucket = TokenBucket(limit=100, share_pct=100)
    waits = [bucket.reserve(0) for _ in range(22)]
    assert waits[:20] == [0] * 20
    assert waits[20:] == [_S // 8, _S // 4]


def test_hold_keeps_the_endpoint_back_until_its_time_and_gives_no_burst() -> None:
    limits = Limits(share_pct=50)
    limits.hold(GAMMA_MARKETS, 60 * _S)
    assert limits.reserve(GAMMA_MARKETS, 0) == 60 * _S
    assert limits.reserve(GAMMA_MARKETS, 0) > 60 * _S
    assert limits.reserve(BOOKS, 0) == 0


def test_endpoints_of_one_host_share_its_general_limit() -> None:
    limits = Limits(share_pct=1)
    waits = [limits.reserve(CLOB_MARKET, 0) for _ in range(18)]
    assert waits == [0] * 18
    assert limits.reserve(BOOKS, 0) > 0
    assert limits.reserve(DATA_TRADES, 0) == 0


def test_backoff_doubles_to_its_maximum_and_starts_again() -> None:
    backoff = Backoff(first_ms=250, max_ms=30_000, jitter=lambda step: step)
    waits = [backoff.next_ms() for _ in range(9)]
    assert waits == [250, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]
    backoff.reset()
    assert backoff.next_ms() == 250


def test_backoff_jitter_is_full() -> None:
    random = Random(7)
    backoff = Backoff(first_ms=1_000, max_ms=1_000, jitter=lambda step: random.randint(0, step))
    waits = [backoff.next_ms() for _ in range(2_000)]
    assert min(waits) < 20
    assert max(waits) > 980
    assert 450 < sum(waits) / len(waits) < 550
