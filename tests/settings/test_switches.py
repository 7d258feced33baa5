"""The fault switches of the environment."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from razor.domain.switches import SimSwitches, is_truthy, read_switches


def test_nothing_set_is_nothing_injected() -> None:
    assert read_switches({"PATH": "/bin"}) == SimSwitches()


def test_all_switches_are_read() -> None:
    environment = {
        "RAZOR_SIM_FORCE_CHASE_FAIL": " YES ",
        "RAZOR_SIM_LATENCY_SPIKE_MS": "250",
        "RAZOR_SIM_LATENCY_SPIKE_EVERY": "3",
        "RAZOR_SIM_DROP_BOOK_PCT": "0.25",
        "RAZOR_SIM_HTTP_429_EVERY": "5",
    }
    assert read_switches(environment) == SimSwitches(
        force_chase_fail=True,
        latency_spike_ms=250,
        latency_spike_every=3,
        drop_book_pct=Decimal("0.25"),
        http_429_every=5,
    )


@pytest.mark.parametrize("text", ["1", "true", "TRUE", "yes", "y", " Y "])
def test_four_words_are_truthy_in_any_case(text: str) -> None:
    assert is_truthy(text)


@pytest.mark.parametrize("text", [None, "", "0", "on", "t", "2", "no", "true!"])
def test_everything_else_is_not_truthy(text: str | None) -> None:
    assert not is_truthy(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [("0", "0"), ("-3", "0"), ("1", "1"), ("7", "1"), (".5", "0.5"), ("1e-2", "0.01"), ("1.", "1")],
)
def test_share_is_clamped_to_nought_and_one(text: str, value: str) -> None:
    found = read_switches({"RAZOR_SIM_DROP_BOOK_PCT": text})
    assert (found.drop_book_pct, found.ignored) == (Decimal(value), ())


@pytest.mark.parametrize("text", ["", "x", "-1", "1.5", "0x10", "1e3", str(2**64), "9" * 30])
def test_unreadable_count_is_unset_and_named(text: str) -> None:
    found = read_switches({"RAZOR_SIM_LATENCY_SPIKE_MS": text})
    assert (found.latency_spike_ms, found.ignored) == (0, ("RAZOR_SIM_LATENCY_SPIKE_MS",))


@pytest.mark.parametrize("text", ["nan", "inf", "1e999", "ten", "1_0", "--1", ""])
def test_unreadable_share_is_unset_and_named(text: str) -> None:
    found = read_switches({"RAZOR_SIM_DROP_BOOK_PCT": text})
    assert (found.drop_book_pct, found.ignored) == (Decimal(0), ("RAZOR_SIM_DROP_BOOK_PCT",))


def test_largest_count_is_the_predecessors() -> None:
    assert read_switches({"RAZOR_SIM_HTTP_429_EVERY": str(2**64 - 1)}).http_429_every == 2**64 - 1


@given(st.text(max_size=40))
def test_any_text_gives_a_share_between_nought_and_one(text: str) -> None:
    assert 0 <= read_switches({"RAZOR_SIM_DROP_BOOK_PCT": text}).drop_book_pct <= 1
