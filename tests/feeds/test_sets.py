"""Which groups are complete sets: every rule of the proof, on both of its sides, as a table."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from razor.adapters.polymarket.sets import SetFinding, group_set
from razor.adapters.polymarket.wire import GammaEvent, GammaMarket
from razor.domain.universe import MAX_LEGS, SetKind, SetMeta, Settlement

NO = '["0", "1"]'
YES = '["1", "0"]'
AUGMENTED = "augmented group: an unnamed outcome may win"
OTHER = "group with a catch-all outcome"
NOT_FOLLOWED = "an open outcome of the group is not followed"
NOT_PROVEN = "a closed outcome of the group is not proven NO"
TWO_GROUPS = "the event holds more than one group"


def child(
    number: int,
    *,
    closed: bool = False,
    prices: str | None = None,
    group: str | None = "0xg",
    other: bool = False,
) -> GammaMarket:
    return GammaMarket(
        id=str(number),
        condition_id=f"0x{number}",
        closed=closed,
        outcome_prices=prices,
        neg_risk=True,
        neg_risk_market_id=group,
        neg_risk_other=other,
    )


def event(
    *markets: GammaMarket, augmented: bool = False, group: str | None = "0xg", name: str = "77"
) -> GammaEvent:
    return GammaEvent(
        id=name,
        neg_risk=True,
        neg_risk_augmented=augmented,
        neg_risk_market_id=group,
        markets=list(markets),
    )


def followed(*numbers: int) -> dict[str, str]:
    return {f"0x{number}": f"t{number}" for number in numbers}


def test_a_group_whose_children_are_all_followed_is_held_to_resolution() -> None:
    found = group_set(event(child(1), child(2), child(3)), followed(1, 2, 3))
    assert found == SetFinding(
        key="0xg",
        item=SetMeta(
            key="0xg",
            kind=SetKind.GROUP,
            legs=("t1", "t2", "t3"),
            settlement=Settlement.HOLD,
        ),
        reason="",
    )


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        (group_set(event(child(1), child(2)), followed(1)), NOT_FOLLOWED),
        (group_set(event(child(1), child(2), child(3)), followed(1, 3)), NOT_FOLLOWED),
        (
            group_set(event(child(1), child(2), child(3, closed=True)), followed(1, 2)),
            NOT_PROVEN,
        ),
        (
            group_set(event(child(1), child(2), child(3, closed=True, prices=YES)), followed(1, 2)),
            NOT_PROVEN,
        ),
        (
            group_set(
                event(child(1), child(2), child(3, closed=True, prices='["0.5", "0.5"]')),
                followed(1, 2),
            ),
            NOT_PROVEN,
        ),
        (
            group_set(
                event(child(1), child(2), child(3, closed=True, prices='["0", "1", "0"]')),
                followed(1, 2),
            ),
            NOT_PROVEN,
        ),
        (
            group_set(
                event(child(1), child(2), child(3, closed=True, prices="[0, 1]")), followed(1, 2)
            ),
            NOT_PROVEN,
        ),
        (
            group_set(
                event(child(1), child(2), child(3, closed=True, prices='["0.0", "1.0"]')),
                followed(1, 2),
            ),
            NOT_PROVEN,
        ),
        (group_set(event(child(1), child(2, group="0xh")), followed(1, 2)), TWO_GROUPS),
        (group_set(event(child(1), child(2, group=None)), followed(1, 2)), TWO_GROUPS),
        (group_set(event(child(1)), followed(1)), "1 legs"),
        (group_set(event(child(1), child(2, closed=True, prices=NO)), followed(1)), "1 legs"),
        (group_set(event(child(1), child(2)), followed()), NOT_FOLLOWED),
    ],
)
def test_an_incomplete_group_is_no_set_and_says_why(found: SetFinding, reason: str) -> None:
    assert (found.item, found.reason) == (None, reason)


@pytest.mark.parametrize("twice", [(1, 1), (1, 2, 2), (1, 2, 3, 1)])
def test_an_outcome_listed_twice_never_counts_as_two_legs(twice: tuple[int, ...]) -> None:
    found = group_set(event(*map(child, twice)), followed(*twice))
    assert found.item is None
    assert found.reason == "an outcome of the group is listed twice"


@pytest.mark.parametrize("lost", [1, 2, 5])
def test_children_that_are_proven_lost_need_no_leg(lost: int) -> None:
    gone = [child(number, closed=True, prices=NO) for number in range(10, 10 + lost)]
    found = group_set(event(child(1), *gone, child(2)), followed(1, 2))
    assert found.item is not None
    assert found.item.legs == ("t1", "t2")
    assert found.item.settlement is Settlement.HOLD


@pytest.mark.parametrize(
    ("group", "reason"),
    [
        (event(child(1), child(2), augmented=True), AUGMENTED),
        (event(child(1), child(2, other=True)), OTHER),
        (event(child(1), child(2, other=True), augmented=True), AUGMENTED),
        (event(child(1), child(2, other=True), child(3)), OTHER),
        (event(child(1), child(2), child(3), augmented=True), AUGMENTED),
    ],
)
def test_a_group_that_an_unnamed_outcome_may_win_is_listed_as_unproven(
    group: GammaEvent, reason: str
) -> None:
    found = group_set(group, followed(1, 2))
    assert found.item is not None
    assert (found.item.settlement, found.item.reason) == (Settlement.UNPROVEN, reason)
    assert found.item.legs == ("t1", "t2")
    assert found.reason == reason


@pytest.mark.parametrize(
    ("legs", "is_listed"), [(1, False), (2, True), (MAX_LEGS, True), (MAX_LEGS + 1, False)]
)
@pytest.mark.parametrize("augmented", [False, True])
def test_the_leg_limit_holds_for_proven_and_unproven_groups(
    legs: int, *, is_listed: bool, augmented: bool
) -> None:
    children = [child(number) for number in range(legs)]
    found = group_set(event(*children, augmented=augmented), followed(*range(legs)))
    assert (found.item is not None) == is_listed
    assert found.reason == (AUGMENTED if augmented else ("" if is_listed else f"{legs} legs"))


@pytest.mark.parametrize(
    ("group", "name", "key"), [("0xg", "77", "0xg"), (None, "77", "77"), ("", "77", "77")]
)
def test_a_group_is_named_by_its_group_id_or_else_its_event(
    group: str | None, name: str, key: str
) -> None:
    children = (child(1, group=group), child(2, group=group))
    assert group_set(event(*children, group=group, name=name), followed(1, 2)).key == key


@given(
    st.lists(
        st.tuples(st.booleans(), st.booleans(), st.sampled_from((None, NO, YES))),
        max_size=8,
    ),
    st.booleans(),
)
def test_hold_means_that_every_child_is_followed_or_lost(
    drawn: list[tuple[bool, bool, str | None]], augmented: object
) -> None:
    children = [
        child(number, closed=closed, prices=prices)
        for number, (_, closed, prices) in enumerate(drawn)
    ]
    yes = followed(*(number for number, (has, _, _) in enumerate(drawn) if has))
    found = group_set(event(*children, augmented=bool(augmented)), yes)
    is_covered = all(has or (closed and prices == NO) for has, closed, prices in drawn)
    is_hold = found.item is not None and found.item.settlement is Settlement.HOLD
    assert is_hold == (is_covered and not augmented and len(yes) >= 2)
    if found.item is not None:
        assert len(set(found.item.legs)) == len(found.item.legs)
        assert set(found.item.legs) == set(yes.values())
