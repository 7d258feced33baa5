"""What the stub promises, as code: mypy checks the types, `test_stub.py` runs it.

Each `assert_type` states the type that a reader of `_core.pyi` expects to get.
"""

from decimal import Decimal
from typing import assert_type

from razor._core import Bps, RazorError, UnitsError


def units_keep_the_form_of_their_argument() -> tuple[float, Decimal]:
    fee = Bps.FEE_POLY
    as_float = fee.apply_cost(0.48)
    as_decimal = fee.apply_cost(Decimal("0.48"))
    assert_type(as_float, float)
    assert_type(as_decimal, Decimal)
    return as_float, as_decimal


def arithmetic_stays_in_the_unit() -> Bps:
    total = Bps.FEE_POLY + Bps.FEE_MERGE - Bps(raw=10)
    assert_type(total, Bps)
    return max(total, Bps.ZERO).clamp(min=Bps.ZERO, max=Bps.ONE_HUNDRED_PERCENT)


def a_refusal_says_why() -> str:
    try:
        Bps.from_prob(1.5)
    except UnitsError as refused:
        assert_type(refused.scale, int | None)
        parents: tuple[RazorError, ValueError] = (refused, refused)
        return f"{refused.reason}: {parents[0]}"
    return ""
