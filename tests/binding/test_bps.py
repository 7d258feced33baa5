"""`Bps` of the built module against the frozen rules and a Decimal oracle."""

import copy
import math
import operator
import pickle
import tracemalloc
from collections.abc import Callable
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal, localcontext

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from razor._core import Bps, UnitsError

I32_MAX = 2**31 - 1
I32_MIN = -(2**31)
EPSILON = Decimal("1e-9")
WHOLE = Decimal(10_000)
WIDE = Context(prec=1_000, Emin=-100_000, Emax=100_000)
"""Room for every digit of a double times a rate: the oracle never rounds on its own."""

raws = st.integers(I32_MIN, I32_MAX)
doubles = st.floats(allow_nan=False, allow_infinity=False)
ratios = st.one_of(
    st.floats(min_value=0, max_value=300_000),
    st.floats(min_value=0, max_value=2),
    st.decimals(min_value=0, max_value=2, places=14),
    # Values just beside a whole basis point, where the epsilon decides.
    st.builds(
        lambda whole, nudge: Decimal(whole) / WHOLE + Decimal(nudge) / 10**15,
        st.integers(1, 20_000),
        st.integers(-2_000, 2_000),
    ),
)

NOT_A_PRICE = [math.nan, math.inf, -math.inf, -0.01, -5e-324, Decimal("NaN"), Decimal("-Infinity")]
FLOORS = [Bps.from_ratio_floor, Bps.from_proceeds_ratio, Bps.from_price, Bps.from_price_proceeds]
CEILS = [Bps.from_ratio_ceil, Bps.from_cost_ratio, Bps.from_price_cost]
STRICT = [*FLOORS[:3], *CEILS[:2], Bps.from_prob]

Conversion = Callable[[float | Decimal], Bps]


def exact(number: float | Decimal) -> Decimal:
    return number if isinstance(number, Decimal) else Decimal(repr(number))


def rounded(number: float | Decimal, epsilon: Decimal, rounding: str) -> int:
    with localcontext(WIDE):
        return int((exact(number) * WHOLE + epsilon).to_integral_value(rounding))


@pytest.mark.parametrize(
    ("ratio", "floor", "ceil"),
    [
        (0.985, 9850, 9850),
        (0.98509, 9850, 9851),
        (1.23456, 12345, 12346),
        (0.99991, 9999, 10000),
        (0, 0, 0),
        (1, 10000, 10000),
        (-0.0, 0, 0),
        (Decimal("0.0000999999999"), 1, 1),
        (Decimal("0.00009999999989"), 0, 1),
        (Decimal("0.0001000000001"), 1, 1),
        (Decimal("0.00010000000011"), 1, 2),
        (214748.3647, I32_MAX, I32_MAX),
    ],
)
def test_reference_values_of_the_frozen_rules(
    ratio: float | Decimal, floor: int, ceil: int
) -> None:
    assert [convert(ratio).raw for convert in FLOORS] == [floor] * len(FLOORS)
    assert [convert(ratio).raw for convert in CEILS] == [ceil] * len(CEILS)


def test_constants_are_the_frozen_ones() -> None:
    constants = (Bps.ZERO, Bps.ONE_HUNDRED_PERCENT, Bps.FEE_POLY, Bps.FEE_MERGE)
    assert [constant.raw for constant in constants] == [0, 10_000, 200, 10]
    assert Bps.BASIS == 10_000.0


def test_fees_on_one_dollar_are_the_reference_values() -> None:
    assert Bps.FEE_POLY.apply_cost(1.0) == 1.02
    assert Bps.FEE_POLY.apply_proceeds(1.0) == 0.98
    assert Bps.FEE_MERGE.apply_proceeds(1.0) == 0.999


@given(ratios)
def test_conversions_agree_with_the_decimal_oracle(ratio: float | Decimal) -> None:
    floor = rounded(ratio, EPSILON, ROUND_FLOOR)
    ceil = rounded(ratio, -EPSILON, ROUND_CEILING)
    assume(ceil <= I32_MAX)
    assert [convert(ratio).raw for convert in FLOORS] == [floor] * len(FLOORS)
    assert [convert(ratio).raw for convert in CEILS] == [ceil] * len(CEILS)
    assert ceil - floor in {-1, 0, 1}


@given(st.floats(0, 1))
def test_a_probability_is_rounded_down(prob: float) -> None:
    assert Bps.from_prob(prob).raw == rounded(prob, EPSILON, ROUND_FLOOR)


@given(raws, doubles)
def test_a_rate_on_a_double_gives_the_nearest_double(raw: int, price: float) -> None:
    with localcontext(WIDE):
        cost = exact(price) * (WHOLE + raw) / WHOLE
        proceeds = exact(price) * (WHOLE - raw) / WHOLE
        assert Bps(raw).apply_cost(price) == float(cost)
        assert Bps(raw).apply_proceeds(price) == float(proceeds)


@given(raws, st.decimals(min_value=-(10**9), max_value=10**9, places=18))
def test_a_rate_on_a_decimal_is_exact(raw: int, price: Decimal) -> None:
    with localcontext(WIDE):
        assert Bps(raw).apply_cost(price) == price * (WHOLE + raw) / WHOLE
        assert Bps(raw).apply_proceeds(price) == price * (WHOLE - raw) / WHOLE


def test_the_answer_has_the_form_of_the_argument() -> None:
    assert type(Bps.FEE_POLY.apply_cost(1)) is float
    assert type(Bps.FEE_POLY.apply_cost(1.0)) is float
    assert type(Bps.FEE_POLY.apply_cost(Decimal(1))) is Decimal
    assert str(Bps.FEE_POLY.apply_cost(Decimal("0.1"))) == "0.10200"


@pytest.mark.parametrize("raw", [0, 200, 10_000, 20_000, -10_000, -20_000, I32_MAX, I32_MIN])
@pytest.mark.parametrize("price", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_passes_through_as_among_doubles(raw: int, price: float) -> None:
    cost, proceeds = price * (1 + raw / 10_000), price * (1 - raw / 10_000)
    assert repr(Bps(raw).apply_cost(price)) == repr(cost)
    assert repr(Bps(raw).apply_proceeds(price)) == repr(proceeds)
    assert repr(Bps(raw).apply_cost(Decimal(price))) == repr(Decimal(cost))


@given(raws)
def test_a_count_as_a_float_is_the_nearest_double(raw: int) -> None:
    assert Bps(raw).to_float() == raw / 10_000


@pytest.mark.parametrize("price", NOT_A_PRICE, ids=repr)
def test_what_is_no_price_costs_all_and_brings_nothing(price: float | Decimal) -> None:
    assert Bps.from_price_cost(price) == Bps.ONE_HUNDRED_PERCENT
    assert Bps.from_price_proceeds(price) == Bps.ZERO


@pytest.mark.parametrize("price", NOT_A_PRICE, ids=repr)
@pytest.mark.parametrize("convert", STRICT, ids=lambda convert: convert.__name__)
def test_aborts_of_the_predecessor_are_typed_refusals(
    convert: Conversion, price: float | Decimal
) -> None:
    with pytest.raises(UnitsError) as caught:
        convert(price)
    assert caught.value.reason == ("negative" if math.isfinite(price) else "not_decimal")


@pytest.mark.parametrize("convert", [*FLOORS, *CEILS], ids=lambda convert: convert.__name__)
@pytest.mark.parametrize("ratio", [214748.3648, 1e300, 10**40, Decimal("1e500")], ids=repr)
def test_a_count_outside_32_bits_is_refused(convert: Conversion, ratio: float | Decimal) -> None:
    with pytest.raises(UnitsError) as caught:
        convert(ratio)
    assert caught.value.reason == "overflow"


@pytest.mark.parametrize("prob", [math.nextafter(1, 2), 1.5, Decimal("1.00000000000000001")])
def test_a_probability_above_one_is_refused(prob: float | Decimal) -> None:
    with pytest.raises(UnitsError) as caught:
        Bps.from_prob(prob)
    assert caught.value.reason == "above_one"


@given(raws, raws)
def test_sums_are_exact_or_refused(left: int, right: int) -> None:
    for compute, wanted in ((operator.add, left + right), (operator.sub, left - right)):
        if I32_MIN <= wanted <= I32_MAX:
            assert compute(Bps(left), Bps(right)).raw == wanted
        else:
            with pytest.raises(UnitsError) as caught:
                compute(Bps(left), Bps(right))
            assert caught.value.reason == "overflow"


@given(raws, raws)
def test_order_equality_and_hash_follow_the_count(left: int, right: int) -> None:
    assert (Bps(left) < Bps(right)) == (left < right)
    assert (Bps(left) <= Bps(right)) == (left <= right)
    assert (Bps(left) > Bps(right)) == (left > right)
    assert (Bps(left) >= Bps(right)) == (left >= right)
    assert (Bps(left) == Bps(right)) == (left == right)
    assert (Bps(left) != Bps(right)) == (left != right)
    assert hash(Bps(left)) == hash(Bps(left))


@given(raws, raws, raws)
def test_clamp_moves_into_the_range_or_refuses_an_empty_one(raw: int, low: int, high: int) -> None:
    if low > high:
        with pytest.raises(UnitsError):
            Bps(raw).clamp(Bps(low), Bps(high))
    else:
        assert Bps(raw).clamp(Bps(low), Bps(high)).raw == min(max(raw, low), high)


@given(raws)
def test_a_value_prints_its_count_and_survives_copying(raw: int) -> None:
    value = Bps(raw)
    assert str(value) == repr(value) == f"{raw}bps"
    assert copy.deepcopy(value) == pickle.loads(pickle.dumps(value)) == value


@pytest.mark.parametrize("raw", [I32_MAX + 1, I32_MIN - 1, 10**40])
def test_a_raw_count_outside_32_bits_is_refused(raw: int) -> None:
    with pytest.raises(UnitsError) as caught:
        Bps(raw)
    assert caught.value.reason == "overflow"


@pytest.mark.parametrize("wrong", [True, 1.0, "1", None, Decimal(1)], ids=repr)
def test_other_types_are_no_count(wrong: object) -> None:
    with pytest.raises(TypeError):
        Bps(wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("wrong", [True, "1", None, Bps(1), b"1"], ids=repr)
def test_other_types_are_no_number(wrong: object) -> None:
    with pytest.raises(TypeError, match="expected float, int or Decimal"):
        Bps.from_ratio_floor(wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("wrong", [1, 1.0, Decimal(1)], ids=repr)
def test_other_units_do_not_mix_in(wrong: float | Decimal) -> None:
    assert Bps(1) != wrong
    with pytest.raises(TypeError):
        operator.add(Bps(1), wrong)
    with pytest.raises(TypeError):
        operator.lt(Bps(1), wrong)


def test_a_value_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        Bps(1).raw = 2  # type: ignore[misc]


def test_conversions_do_not_leak() -> None:
    def work() -> None:
        for _ in range(2_000):
            Bps.from_price_cost(0.48).apply_cost(Decimal("0.48"))

    work()
    tracemalloc.start()
    work()
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept < 10_000
