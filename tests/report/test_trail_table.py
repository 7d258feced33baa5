"""The tables of the order path are read strictly: file, line, field and remedy are named."""

import contextlib
from collections.abc import Callable, Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from razor.app.report.trail.words import desk_sentence
from razor.application.trail_table import (
    SHADOW_LEGS_HEADER,
    SHADOW_SETS_HEADER,
    TICKS_HEADER,
    TRADE_LOG_HEADER,
    read_fills,
    read_shadow_legs,
    read_shadow_sets,
    read_tops,
    read_trade_log,
)
from razor.domain.errors import DecodeError

from .trail_rows import HOSTILE, REMEDY, fills, legs, line, lines, row, shadow, tables


def refusal(text: str) -> DecodeError:
    with pytest.raises(DecodeError) as caught:
        read_trade_log(lines(text), REMEDY)
    return caught.value


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("ts_ms", "soon"),
        ("ts_ms", ""),
        ("run_id", ""),
        ("mode", "PAPER"),
        ("mode", ""),
        ("signal_id", "1.5"),
        ("signal_id", "9" * 20),
        ("expected_net_bps", "٣"),
        ("action", "BUY_ALL"),
        ("action", ""),
        ("side", "LONG"),
        ("limit_price", "1e3"),
        ("limit_price", "NaN"),
        ("limit_price", ".5"),
        ("req_qty", " 1"),
        ("order_id", "0xAB"),
        ("ack_status", "OK"),
        ("filled_qty", "--1"),
        ("fill_status", "ALL"),
        ("settle_status", "MAYBE"),
        ("result", "WON"),
        ("latency_ms", "12ms"),
        ("reason_codes", "guard=S-01 e"),
        ("reason_codes", "guard=nothing"),
        ("reason_codes", "lower"),
        ("reason_codes", "guard=S-01 e=1|X"),
    ],
)
def test_a_wrong_cell_is_refused_with_its_place(field: str, value: str) -> None:
    good = row(0, 1, "END", result="NO_FILL")
    cells: dict[str, object] = {field: value}
    bad = (
        row(1, 2, "END", **({"result": "NO_FILL"} | cells))
        if field != "action"
        else row(1, 2, value)
    )
    error = refusal(f"{TRADE_LOG_HEADER}\n{good}{bad}")
    assert f"trade_log.csv, line 3, field {field}: found" in str(error)
    assert (error.source, error.line, error.remedy) == ("trade_log.csv", 3, REMEDY)


@pytest.mark.parametrize(
    "header", ["", "ts_ms", f"{TRADE_LOG_HEADER},more", TRADE_LOG_HEADER.upper()]
)
def test_another_header_is_refused(header: str) -> None:
    error = refusal(f"{header}\n")
    assert "trade_log.csv, line 1, header: found" in str(error)
    assert REMEDY in str(error)


def test_an_empty_file_is_refused() -> None:
    assert "found nothing" in str(refusal(""))


@pytest.mark.parametrize("text", ["1,2\n", "\n", '"open\n', "a\x00b\n"])
def test_a_line_that_is_no_record_is_refused(text: str) -> None:
    assert "trade_log.csv, line 2, field" in str(refusal(f"{TRADE_LOG_HEADER}\n{text}"))


def test_rows_of_two_runs_are_refused() -> None:
    other = row(1, 2, "END", result="NO_FILL", run_id="run_of_another")
    error = refusal(f"{TRADE_LOG_HEADER}\n{row(0, 1, 'DEDUP_SIGNAL')}{other}")
    assert "field run_id: found 'run_of_another'" in str(error)


def test_a_change_of_state_without_both_states_is_refused() -> None:
    error = refusal(f"{TRADE_LOG_HEADER}\n{row(0, 1, 'STATE', reason_codes='IDLE')}")
    assert "field reason_codes" in str(error)


@pytest.mark.parametrize("said", ["", 'ann: no codes, "free" text', HOSTILE, "guard=S-01 e=1|X"])
def test_words_of_an_operator_are_text_whatever_they_look_like(said: str) -> None:
    table = f"{TRADE_LOG_HEADER}\n{row(0, None, 'OPERATOR', reason_codes=f'STOP|{said}')}"
    _, _, (found,) = read_trade_log(lines(table), REMEDY)
    assert (found.words, found.guard) == (("STOP", said), None)
    assert desk_sentence(found) == f"STOP by {said}"


@pytest.mark.parametrize("cell", ["", "STOP", "FIRE|ann: a", "stop|ann: a"])
def test_an_operator_without_a_verb_is_refused(cell: str) -> None:
    error = refusal(f"{TRADE_LOG_HEADER}\n{row(0, None, 'OPERATOR', reason_codes=cell)}")
    assert "field reason_codes" in str(error)


def test_an_end_of_no_signal_is_refused() -> None:
    error = refusal(f"{TRADE_LOG_HEADER}\n{row(0, None, 'END', result='NO_FILL')}")
    assert "field signal_id" in str(error)


_READERS: list[tuple[Callable[[Iterable[str]], object], str, str]] = [
    (
        lambda text: read_shadow_sets(text, REMEDY),
        SHADOW_SETS_HEADER,
        2 * shadow(1, 0, "0", "0"),
    ),
    (lambda text: read_shadow_sets(text, REMEDY), SHADOW_SETS_HEADER, shadow(1, 0, "", "0")),
    (lambda text: read_shadow_legs(text, REMEDY), SHADOW_LEGS_HEADER, 2 * legs(1)),
    (
        lambda text: list(read_tops(text, ("7",), REMEDY)),
        TICKS_HEADER,
        line(TICKS_HEADER, ts_recv_us=1, token_id="7", best_bid="x", best_ask="1"),  # noqa: S106
    ),
]


@pytest.mark.parametrize(("read", "header", "bad"), _READERS)
def test_the_other_tables_are_as_strict(
    read: Callable[[Iterable[str]], object], header: str, bad: str
) -> None:
    with pytest.raises(DecodeError, match=r"\.csv, line [234], field"):
        read(lines(f"{header}\n{bad}"))
    with pytest.raises(DecodeError, match=r"\.csv, line 1, header"):
        read(lines(f"{header}x\n{bad}"))


@given(st.text(max_size=80), st.integers(0, 3_000))
def test_no_damage_is_anything_but_a_typed_error(junk: str, place: int) -> None:
    text = tables().trade_log
    with contextlib.suppress(DecodeError):
        read_trade_log(lines(text[:place] + junk + text[place:]), REMEDY)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("signal_id", ""),
        ("settlement", "soon"),
        ("event", "BUY"),
        ("side", ""),
        ("qty", "ten"),
        ("fee", ""),
        ("settle_status", ""),
        ("cash", "-6.04"),
        ("account_cash", "-6.04"),
    ],
)
def test_a_wrong_cell_of_a_fill_is_refused_with_its_place(field: str, value: str) -> None:
    header, first, *_ = fills().text.splitlines()
    names = header.split(",")
    cells = first.split(",")
    cells[names.index(field)] = value
    text = f"{header}\n{','.join(cells)}\n"
    with pytest.raises(DecodeError) as caught:
        read_fills(lines(text), REMEDY)
    named = "account_cash" if field == "cash" else field
    assert f"fills.csv, line 2, field {named}: found" in str(caught.value)
    assert REMEDY in str(caught.value)


def test_a_missing_row_of_fills_is_noticed() -> None:
    header, first, _, *rest = fills().text.splitlines()
    with pytest.raises(DecodeError, match="the cash of all rows so far"):
        read_fills(lines("\n".join([header, first, *rest]) + "\n"), REMEDY)
