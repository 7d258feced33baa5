"""The frozen gates and orders of market selection, both sides of each limit."""

import itertools
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest

from razor.domain.probe import ProbeFigures
from razor.domain.selection import (
    Insufficient,
    Phase,
    Preference,
    Score,
    Selected,
    Warned,
    market_phase,
    preferred,
    select,
    select_groups,
    sorted_by_volume,
    strategy_of,
)

from .scores import HOUR_MS, START_MS, candidate, group, liquid, score, thin

DAY_MS = 86_400_000
NO_GATE = "no markets pass hard gates"
NO_LIQUID = "no liquid candidates after filters"
NO_THIN = "no thin candidates after filters"


def chosen(*scores: Score, preference: Preference = Preference.ANY) -> tuple[str, str] | str:
    match select(scores, preference):
        case Selected(liquid=first, thin=second):
            return first.candidate.market_id, second.candidate.market_id
        case Insufficient(reason=reason):
            return reason


def test_one_liquid_and_one_thin_market_are_selected() -> None:
    assert chosen(liquid("1"), thin("2")) == ("1", "2")
    assert chosen(thin("2"), liquid("1")) == ("1", "2")


def test_without_a_market_there_is_no_choice() -> None:
    assert chosen() == NO_GATE
    assert chosen(liquid("1")) == NO_THIN
    assert chosen(thin("2")) == NO_LIQUID


@pytest.mark.parametrize(
    ("inside", "outside"),
    [
        ({"snapshots_total": 300, "liquid": 300}, {"snapshots_total": 299, "liquid": 299}),
        ({"trades_total": 10}, {"trades_total": 9}),
        ({"bucket_nan": 200}, {"bucket_nan": 201}),
        ({"passes": 1}, {"passes": 0}),
        ({"legs": 3}, {"legs": 4}),
        ({"legs": 2}, {"legs": 1}),
    ],
)
def test_hard_gate_passes_at_its_limit_and_not_beyond(
    inside: dict[str, int], outside: dict[str, int]
) -> None:
    assert chosen(liquid("1", **inside)) == NO_THIN
    assert chosen(liquid("1", **outside)) == NO_GATE


@pytest.mark.parametrize(
    ("inside", "outside"),
    [
        ({"liquid": 500}, {"liquid": 499}),
        ({"one_sided": 300}, {"one_sided": 301}),
    ],
)
def test_liquid_gate_passes_at_its_limit_and_not_beyond(
    inside: dict[str, int], outside: dict[str, int]
) -> None:
    assert chosen(liquid("1", **inside), thin("2")) == ("1", "2")
    assert chosen(liquid("1", **outside), thin("2")) == NO_LIQUID


@pytest.mark.parametrize(
    ("inside", "outside"),
    [({"thin": 700}, {"thin": 699}), ({"trades_total": 12}, {"trades_total": 11})],
)
def test_thin_gate_passes_at_its_limit_and_not_beyond(
    inside: dict[str, int], outside: dict[str, int]
) -> None:
    assert chosen(liquid("1"), thin("2", **inside)) == ("1", "2")
    assert chosen(liquid("1"), thin("2", **outside)) == NO_THIN


def test_one_sidedness_does_not_matter_for_thin_nor_prints_per_minute_for_liquid() -> None:
    assert chosen(liquid("1", trades_total=10), thin("2", one_sided=1_000)) == ("1", "2")


def test_a_market_that_is_both_is_only_the_liquid_one() -> None:
    both = score("1", liquid=500, thin=700)
    assert chosen(both) == NO_THIN
    assert chosen(both, thin("2", passes=1)) == ("1", "2")


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        ({"passes": 11}, {"passes": 10, "trades_total": 900}),
        ({"liquid": 1_000}, {"liquid": 999, "trades_total": 900}),
        ({"trades_total": 101}, {"trades_total": 100, "volume": "9"}),
        ({"volume": "9.000001"}, {"volume": "9"}),
    ],
)
def test_liquid_order_is_passes_rate_prints_volume(
    better: dict[str, object], worse: dict[str, object]
) -> None:
    first, second = liquid("2", **better), liquid("1", **worse)
    assert chosen(first, second, thin("9")) == ("2", "9")
    assert chosen(second, first, thin("9")) == ("2", "9")


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        ({"passes": 11}, {"passes": 10, "trades_total": 900}),
        ({"thin": 1_000}, {"thin": 999, "trades_total": 900}),
        ({"trades_total": 101}, {"trades_total": 100, "volume": "9"}),
        ({"volume": "9.000001"}, {"volume": "9"}),
    ],
)
def test_thin_order_is_passes_rate_prints_volume(
    better: dict[str, object], worse: dict[str, object]
) -> None:
    first, second = thin("2", **better), thin("1", **worse)
    assert chosen(liquid("0"), first, second) == ("0", "2")
    assert chosen(liquid("0"), second, first) == ("0", "2")


def test_ties_end_with_the_market_id_as_text() -> None:
    assert chosen(liquid("9"), liquid("10"), thin("21"), thin("3")) == ("10", "21")


def test_rates_per_time_are_compared_not_counts() -> None:
    slow = liquid("1", passes=10, probe_ms=HOUR_MS)
    fast = liquid("2", passes=6, probe_ms=HOUR_MS // 2, trades_total=100)
    assert chosen(slow, fast, thin("9")) == ("2", "9")


def test_the_choice_does_not_depend_on_the_order_of_arrival() -> None:
    scores = (liquid("1"), liquid("2", passes=9), thin("3"), thin("4", passes=11), score("5"))
    found = {chosen(*order) for order in itertools.permutations(scores)}
    assert found == {("1", "4")}


def test_a_volume_that_is_no_number_comes_last() -> None:
    unknown = replace(liquid("1"), candidate=replace(candidate("1"), volume_24h=Decimal("NaN")))
    assert chosen(unknown, liquid("2", volume="0"), thin("9")) == ("2", "9")
    ordered = sorted_by_volume([unknown, liquid("2"), liquid("3", volume="1")])
    assert [it.candidate.market_id for it in ordered] == ["3", "2", "1"]


def test_a_preferred_strategy_holds_for_both() -> None:
    pair = (liquid("1", legs=2), thin("2", legs=3))
    assert chosen(*pair) == ("1", "2")
    assert chosen(*pair, preference=Preference.BINARY) == (
        "prefer_strategy=binary requires same strategy; liquid=binary thin=triangle"
    )
    same = (liquid("1", legs=3), thin("2", legs=3))
    assert chosen(*same, preference=Preference.TRIANGLE) == ("1", "2")


def test_only_two_and_three_legs_of_the_preferred_strategy_are_probed() -> None:
    pool = [candidate(str(legs), legs=legs) for legs in (1, 2, 3, 4)]
    kept = {wish: [it.market_id for it in preferred(pool, wish)] for wish in Preference}
    assert kept[Preference.ANY] == ["2", "3"]
    assert kept[Preference.BINARY] == ["2"]
    assert kept[Preference.TRIANGLE] == ["3"]


def test_a_strategy_is_named_by_its_legs() -> None:
    assert [strategy_of(legs) for legs in (2, 3, 5)] == ["binary", "triangle", "basket"]


def test_rates_without_a_sample_are_no_numbers() -> None:
    empty = replace(score("1"), figures=ProbeFigures())
    rates = (
        empty.one_sided_book_rate,
        empty.bucket_nan_rate,
        empty.depth3_degraded_rate,
        empty.liquid_bucket_rate,
        empty.thin_bucket_rate,
    )
    assert rates == (None,) * 5
    assert chosen(empty) == NO_GATE


def test_rates_are_exact() -> None:
    seen = score("1", one_sided=1, snapshots_total=3, trades_total=7, passes=2, probe_ms=90_000)
    assert seen.one_sided_book_rate == Fraction(1, 3)
    assert seen.trades_per_min == Fraction(14, 3)
    assert seen.passes_per_hour == 80
    assert replace(seen, probe_ms=0).passes_per_hour == 0


@pytest.mark.parametrize(
    ("left_ms", "phase"),
    [
        (7 * DAY_MS, Phase.GT_7D),
        (7 * DAY_MS - 1, Phase.D1_TO_D7),
        (DAY_MS, Phase.D1_TO_D7),
        (DAY_MS - 1, Phase.LT_24H),
        (0, Phase.LT_24H),
        (-1, Phase.UNKNOWN),
    ],
)
def test_phase_is_the_distance_to_the_end(left_ms: int, phase: Phase) -> None:
    assert market_phase(end_ms=START_MS + left_ms, now_ms=START_MS) is phase


def test_phase_of_an_unknown_end_is_unknown() -> None:
    assert market_phase(end_ms=0, now_ms=START_MS) is Phase.UNKNOWN
    assert market_phase(end_ms=0, now_ms=0) is Phase.UNKNOWN


def test_hour_is_that_of_the_start_at_greenwich() -> None:
    assert replace(score("1"), start_ms=23 * HOUR_MS + HOUR_MS - 1).hour_of_day_utc == 23
    assert replace(score("1"), start_ms=DAY_MS).hour_of_day_utc == 0


def test_prints_cover_the_probe_up_to_a_gap_of_five_minutes() -> None:
    assert score("1", trade_gap_max_ms=300_000).has_trade_coverage
    assert not score("1", trade_gap_max_ms=300_001).has_trade_coverage
    assert not score("1", trades_total=0).has_trade_coverage
    assert score("1", trades_total=1).has_trade_coverage


def test_every_full_page_may_have_lost_a_page() -> None:
    assert score("1", poll_hit_limit=3).estimated_trades_lost == 1_500


def test_warnings_name_degraded_depth_and_bursts() -> None:
    assert score("1").warnings == ()
    assert score("1", depth3_degraded=1).warnings == (Warned.DEPTH_UNIT_SUSPECT,)
    assert score("1", passes_gap_max_ms=1_800_000).warnings == ()
    both = score("1", depth3_degraded=1, passes_gap_max_ms=1_800_001)
    assert both.warnings == (Warned.DEPTH_UNIT_SUSPECT, Warned.BURSTY_PASSES)


def groups(*scores: Score) -> list[str]:
    return [score.candidate.market_id for score in select_groups(scores)]


def test_groups_change_nothing_in_the_frozen_choice() -> None:
    rivals = [group("0", legs=legs, passes=900, liquid=1_000) for legs in (2, 3, 64)]
    pairs = [liquid("1"), thin("2"), thin("3", passes=0)]
    for count in range(len(pairs) + 1):
        for some in itertools.combinations(pairs, count):
            assert select([*rivals, *some], Preference.ANY) == select(some, Preference.ANY)
    assert chosen(*rivals) == NO_GATE


def test_markets_are_never_chosen_as_groups() -> None:
    assert groups(liquid("1"), thin("2"), score("3", legs=3)) == []


@pytest.mark.parametrize("legs", [2, 3, 4, 64])
def test_a_group_of_any_size_is_chosen_by_the_frozen_gates_but_for_the_legs(legs: int) -> None:
    assert groups(group("1", legs=legs)) == ["1"]


@pytest.mark.parametrize(
    ("inside", "outside"),
    [
        ({"snapshots_total": 300, "thin": 300}, {"snapshots_total": 299, "thin": 299}),
        ({"trades_total": 10}, {"trades_total": 9}),
        ({"bucket_nan": 200}, {"bucket_nan": 201}),
        ({"passes": 1}, {"passes": 0}),
    ],
)
def test_each_gate_of_a_group_has_two_sides(
    inside: dict[str, int], outside: dict[str, int]
) -> None:
    assert groups(group("1", **inside)) == ["1"]
    assert groups(group("1", **outside)) == []


def test_a_group_needs_no_bucket() -> None:
    assert groups(group("1", thin=1, liquid=1)) == ["1"]


def test_groups_are_ordered_by_passes_then_prints_then_volume_then_id() -> None:
    ranked = [
        group("5", passes=11),
        group("4", passes=10, trades_total=101),
        group("3", passes=10, volume="2"),
        group("1", passes=10),
        group("2", passes=10),
    ]
    for order in itertools.permutations(ranked):
        assert groups(*order) == ["5", "4", "3", "1", "2"]


def test_groups_are_probed_unless_another_strategy_is_preferred() -> None:
    pool = [candidate("1"), candidate("3", legs=3), group("9").candidate]
    kept = {wish: [it.market_id for it in preferred(pool, wish)] for wish in Preference}
    assert kept == {
        Preference.ANY: ["1", "3", "9"],
        Preference.BINARY: ["1"],
        Preference.TRIANGLE: ["3"],
        Preference.GROUP: ["9"],
    }


def test_a_group_has_a_strategy_word_of_its_own_and_follows_all_of_its_markets() -> None:
    found = group("9", legs=2).candidate
    assert (found.strategy, found.followed) == ("group", ("9-0", "9-1"))
    assert (candidate("1").strategy, candidate("1").followed) == ("binary", ("1",))
