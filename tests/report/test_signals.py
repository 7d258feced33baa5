"""The columns of the plots come from either table, and only from rows that count."""

import pytest

from razor.application.verdict import read_signals
from razor.domain.errors import DecodeError
from razor.domain.verdict import SignalSeries

from .ledger import EXAMPLE_LOG, EXAMPLE_SETS, LOG_HEADER, SETS_HEADER, seeded

RUN = "run_example"


def lines(*rows: str) -> list[str]:
    return [f"{row}\n" for row in rows]


def test_a_row_of_the_sets_table_has_both_bases() -> None:
    found = read_signals(lines(SETS_HEADER, EXAMPLE_SETS), run_id=RUN)
    assert found == SignalSeries(
        signal_id=(1,),
        ts_ms=(10_000,),
        frozen_pnl=("-0.15408",),
        venue_pnl=("-1.97983",),
        set_ratio=("0.75",),
        is_frozen=(True,),
    )


def test_a_row_of_the_frozen_table_has_no_venue_result() -> None:
    found = read_signals(lines(LOG_HEADER, EXAMPLE_LOG), run_id=RUN)
    assert found.frozen_pnl == ("-0.15408",)
    assert found.venue_pnl == ("",)
    assert found.is_frozen == (True,)


def test_a_blank_venue_cell_is_unknown() -> None:
    row = EXAMPLE_SETS.replace(",-1.97983,0,RESIDUAL", ",,,FEES_UNKNOWN")
    assert read_signals(lines(SETS_HEADER, row), run_id=RUN).venue_pnl == ("",)


def test_rows_of_other_runs_are_left_out() -> None:
    other = EXAMPLE_SETS.replace("run_example", "run_other")
    assert read_signals(lines(SETS_HEADER, other, EXAMPLE_SETS), run_id=RUN).ts_ms == (10_000,)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (",1,10000,", ",x,10000,"),
        (",1,10000,", ",1,,"),
        (",1,10000,", ",1,-5,"),
        (",1,10000,", ",1,1e4,"),
        (",-0.15408,", ",NaN,"),
        (",-0.15408,", ",,"),
        (",-0.15408,", ",inf,"),
        (",6,0.75,5", ",6,zero,5"),
    ],
)
def test_rows_that_do_not_count_are_left_out(old: str, new: str) -> None:
    row = EXAMPLE_SETS.replace(old, new, 1)
    assert row != EXAMPLE_SETS
    assert read_signals(lines(SETS_HEADER, row), run_id=RUN) == SignalSeries()


def test_columns_are_found_by_name_whatever_their_case_and_blanks() -> None:
    header = " SET_RATIO , Total_PnL,signal_ts_unix_ms,signal_id,RUN_ID"
    found = read_signals(lines(header, "0.9, 1.5 ,7,3,r"), run_id="r")
    assert (found.set_ratio, found.frozen_pnl, found.ts_ms) == (("0.9",), ("1.5",), (7,))


def test_a_ragged_row_is_left_out() -> None:
    assert read_signals(lines(SETS_HEADER, "run_example,1.3.2a"), run_id=RUN) == SignalSeries()


@pytest.mark.parametrize("text", ["", "a,b,c"])
def test_a_table_without_the_columns_has_no_signals(text: str) -> None:
    assert read_signals([text] if text else [], run_id=RUN) == SignalSeries()


def test_a_cell_beyond_all_bounds_is_an_error_and_no_crash() -> None:
    with pytest.raises(DecodeError, match="cannot be read"):
        read_signals(lines(SETS_HEADER, "x" * 200_000), run_id=RUN)


def test_signals_of_many_legs_are_outside_the_frozen_table() -> None:
    tables = seeded(rows=200, seed=5, days=1, edge="0")
    found = read_signals(tables.sets.splitlines(keepends=True), run_id="run_seeded")
    in_log = read_signals(tables.log.splitlines(keepends=True), run_id="run_seeded")
    assert len(found.ts_ms) == 200
    assert 0 < sum(found.is_frozen) == len(in_log.ts_ms) < 200
