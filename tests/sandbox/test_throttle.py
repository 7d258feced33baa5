"""Limits of calls: what is taken, what is refused, what the headers say."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from razor.adapters.sandbox.refusal import Refused
from razor.adapters.sandbox.throttle import CallerLimits, Enforcement, SignerLimits, Tier

NOW_MS = 1_767_225_600_000


def take(limits: SignerLimits, cost: int, at_ms: int, *, is_cancel: bool = False) -> int | None:
    """Tokens left, or None for a refusal."""
    try:
        headers = limits.take("0xa", is_cancel=is_cancel, cost=cost, now_ms=at_ms)
    except Refused as refused:
        is_told = refused.status == 429 and int(refused.headers["Retry-After"]) >= 1
        return None if is_told else -(10**6)
    return int(headers["Poly-RateLimit-Remaining"])


def test_a_burst_is_taken_and_then_the_rate() -> None:
    limits = SignerLimits()
    assert take(limits, 60, NOW_MS) == 0
    assert take(limits, 1, NOW_MS) is None
    assert take(limits, 1, NOW_MS + 24) is None
    assert take(limits, 1, NOW_MS + 25) == 0
    assert take(limits, 40, NOW_MS + 1_025) == 0


def test_a_batch_is_taken_whole_or_not_at_all() -> None:
    limits = SignerLimits()
    assert take(limits, 50, NOW_MS) == 10
    assert take(limits, 15, NOW_MS) is None
    assert take(limits, 10, NOW_MS) == 0


def test_orders_above_the_burst_can_never_succeed() -> None:
    limits = SignerLimits()
    assert take(limits, 61, NOW_MS) is None
    assert take(limits, 61, NOW_MS + 3_600_000) is None


def test_a_large_cancel_waits_for_a_full_bucket_and_leaves_it_below_zero() -> None:
    limits = SignerLimits()
    assert take(limits, 200, NOW_MS, is_cancel=True) == -80
    assert take(limits, 1, NOW_MS + 1_000, is_cancel=True) is None
    assert take(limits, 1, NOW_MS + 1_013, is_cancel=True) == 0


def test_orders_and_cancels_and_signers_do_not_share() -> None:
    limits = SignerLimits()
    assert take(limits, 60, NOW_MS) == 0
    assert take(limits, 1, NOW_MS, is_cancel=True) == 119
    headers = limits.take("0xb", is_cancel=False, cost=1, now_ms=NOW_MS)
    assert headers["Poly-RateLimit-Remaining"] == "59"
    assert headers["Poly-RateLimit-Tier"] == "standard"


def test_warning_mode_lets_pass_and_says_so() -> None:
    limits = SignerLimits(enforcement=Enforcement.WARNING)
    limits.take("0xa", is_cancel=False, cost=60, now_ms=NOW_MS)
    headers = limits.take("0xa", is_cancel=False, cost=1, now_ms=NOW_MS)
    assert headers["Poly-RateLimit-Warning"] == "true"


@pytest.mark.parametrize(
    "limits", [SignerLimits(tier=Tier.UNLIMITED), SignerLimits(enforcement=Enforcement.OFF)]
)
def test_where_nothing_is_limited_there_are_no_headers(limits: SignerLimits) -> None:
    assert limits.take("0xa", is_cancel=False, cost=10_000, now_ms=NOW_MS) == {}


@given(
    calls=st.lists(st.tuples(st.integers(0, 2_000), st.integers(1, 15)), min_size=1, max_size=60)
)
def test_no_signer_gets_more_than_burst_and_rate_allow(calls: list[tuple[int, int]]) -> None:
    limits = SignerLimits()
    at_ms, taken = NOW_MS, 0
    for wait_ms, cost in calls:
        at_ms += wait_ms
        taken += cost if take(limits, cost, at_ms) is not None else 0
        assert taken * 1_000 <= 60_000 + 40 * (at_ms - NOW_MS)


def test_a_caller_has_so_many_calls_in_any_ten_seconds() -> None:
    limits = CallerLimits({"/book": 3})
    for at_ms in (0, 4_000, 9_000):
        limits.take("127.0.0.1", "/book", NOW_MS + at_ms)
    with pytest.raises(Refused) as caught:
        limits.take("127.0.0.1", "/book", NOW_MS + 9_999)
    assert (caught.value.status, caught.value.headers) == (429, {"Retry-After": "1"})
    limits.take("127.0.0.1", "/book", NOW_MS + 10_000)
    limits.take("127.0.0.2", "/book", NOW_MS + 9_999)
    limits.take("127.0.0.1", "/time", NOW_MS + 9_999)
