"""Numbers as people read them."""

import pytest

from razor.app.report import shown
from razor.domain.verdict import Num


def num(e6: str, e12: str) -> Num:
    return Num(e6=e6, e12=e12)


def test_an_amount_is_the_cores_rounding_with_separators() -> None:
    assert shown.usdc(num("-1234567.154080", "-1234567.15408")) == "-1,234,567.154080"
    assert shown.usdc(None) == "n/a"


def test_recorded_days_under_a_bound_never_read_as_the_bound() -> None:
    assert shown.days(num("14.000000", "13.999999988426")) == "13.99"
    assert shown.days(num("14.000000", "14")) == "14.00"
    assert shown.days(num("0.000000", "-0.000000011574")) == "-0.01"


def test_a_share_is_rounded_half_to_even() -> None:
    assert shown.share(num("0.062500", "0.0625")) == "0.062"
    assert shown.share(num("0.063500", "0.0635")) == "0.064"
    assert shown.share(num("15.000000", "15"), 2) == "15.00"


def test_zero_has_no_sign() -> None:
    assert shown.usdc(num("-0.000000", "-0")) == "0.000000"
    assert shown.usdc_text("-0.0000001") == "0.000000"


def test_a_blank_cell_is_unknown_and_a_long_one_keeps_its_digits() -> None:
    assert shown.usdc_text("") == "n/a"
    assert shown.usdc_text("123456789012345678901234567890.5") == (
        "123,456,789,012,345,678,901,234,567,890.500000"
    )


@pytest.mark.parametrize(
    ("ms", "text"),
    [
        (0, "0 ms"),
        (999, "999 ms"),
        (1_000, "1.0 s"),
        (59_999, "59.9 s"),
        (60_000, "1 min 0 s"),
        (3_599_999, "59 min 59 s"),
        (3_600_000, "1 h 0 min"),
        (86_399_999, "23 h 59 min"),
        (86_400_000, "1 d 0 h"),
    ],
)
def test_a_duration_is_given_in_the_unit_a_person_would_choose(ms: int, text: str) -> None:
    assert shown.span_ms(ms) == text
    assert shown.span_ns(ms * 1_000_000) == text


def test_a_time_is_utc_and_one_outside_the_calendar_stays_a_number() -> None:
    assert shown.instant(0) == "1970-01-01 00:00:00 UTC"
    assert shown.instant(1_784_000_000_999) == "2026-07-14 03:33:20 UTC"
    assert shown.instant(10**18) == f"{10**18} ms"


def test_counts_and_parts_have_separators() -> None:
    assert shown.count(1_234_567) == "1,234,567"
    assert shown.count(None) == "n/a"
    assert shown.of(1_000, 20_000, "rows") == "1,000 of 20,000 rows"
