"""The calibration across the border: typed refusals, whole answers, nothing but text and bytes."""

import json
from collections.abc import Sequence

import pytest

from razor import _core

HEADER = (
    "ts_ms,run_id,mode,signal_id,attempt,action,bucket,market_id,token_id,side,req_qty,filled_qty,"
    "v_mkt,real_share_req,real_share_mkt,ask_size_best,bid_size_best\n"
)
ROW = "1,{run},{mode},1,1,FIRE,thin,m,t,BUY,10,1,,0.1,,5,5\n"


def table(run: str = "a", mode: str = "SIM") -> bytes:
    return (HEADER + ROW.format(run=run, mode=mode)).encode()


def test_a_calibration_is_json_with_shares_as_text() -> None:
    found = json.loads(_core.calibration_json([("x", table())], 1))
    assert found["thin"]["frozen"]["req"]["p25"] == "0.1"
    assert found["runs"][0]["file"] == "x"


def test_a_table_that_cannot_be_read_is_a_decode_error_that_names_it() -> None:
    spoilt = table().replace(b"FIRE", b"WAIT")
    with pytest.raises(_core.DecodeError, match=r'^x: line 2, action: found "WAIT", allowed FIRE'):
        _core.calibration_json([("x", spoilt)], 1)


@pytest.mark.parametrize(
    ("second", "message"),
    [
        (table("b", "LIVE"), "x has fills of mode SIM, y of another"),
        (table("a"), "x and y are of one run, a"),
    ],
)
def test_tables_that_do_not_go_together_are_a_settings_error(second: bytes, message: str) -> None:
    with pytest.raises(_core.SettingsError, match=message):
        _core.calibration_json([("x", table()), ("y", second)], 1)


@pytest.mark.parametrize("tables", [[("x", "text")], [b"bytes"], [("x",)]])
def test_what_is_no_table_is_a_type_or_value_error(tables: Sequence[object]) -> None:
    with pytest.raises((TypeError, ValueError)):
        _core.calibration_json(tables, 1)  # type: ignore[arg-type] # the wrong type is the point


def test_a_negative_minimum_is_refused() -> None:
    with pytest.raises(OverflowError):
        _core.calibration_json([], -1)


def test_no_table_at_all_is_a_calibration_of_nothing() -> None:
    found = json.loads(_core.calibration_json([], 0))
    assert (found["mode"], found["rows"], found["runs"], found["min_samples"]) == (None, 0, [], 1)


def test_unknown_facts_and_shares_are_value_errors_and_a_bad_share_a_decode_error() -> None:
    with pytest.raises(ValueError, match="unknown field"):
        _core.resettled_json(b"", '{"odd": 1}', "{}")
    with pytest.raises(ValueError, match="unknown field"):
        _core.resettled_json(b"", "{}", '{"fat": "0.1"}')
    log = b"run_id\n"
    with pytest.raises(_core.DecodeError, match="column schema_version is missing"):
        _core.resettled_json(log, "{}", '{"thin": "0.1"}')
