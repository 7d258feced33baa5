"""The use case over a real session: what is journaled, what is refused, and what is true after."""

from pathlib import Path

import pytest

from razor.adapters.control.gate import ControlLimits, Gate
from razor.app.standing import guard_words, status_rows, stopped_words
from razor.application.operate import Operate
from razor.domain.control import (
    REASON_MOST,
    Command,
    CommandVerb,
    Operator,
    Status,
    decode_standing,
    is_reason,
)
from razor.domain.errors import CommandRefused, DecodeError
from razor.domain.mode import OrderPath
from tests.control.desk import FACTS, operate_on, session_at
from tests.e2e import journals

ANN = Operator(uid=7, name="ann")


def command(verb: CommandVerb, reason: str = "because") -> Command:
    return Command(verb=verb, by=ANN, reason=reason)


def operate(place: Path, orders: OrderPath = OrderPath.SIM) -> Operate:
    return operate_on(session_at(place, orders=orders), Gate(ControlLimits()))


def phase(status: Status) -> str:
    assert status.standing.desk is not None
    return status.standing.desk.phase


def facts(status: Status) -> dict[str, str]:
    return {name: value for name, value, _ in status_rows(status)}


def test_each_command_answers_with_what_is_true_after_it(tmp_path: Path) -> None:
    desk = operate(tmp_path)
    assert phase(desk.status()) == "IDLE"
    stopped = desk.command(command(CommandVerb.STOP))
    assert phase(stopped) == "HARD_STOP", "nothing was in work: the ladder is over at once"
    assert facts(stopped)["stopped by"] == stopped_words(stopped)
    assert facts(stopped)["trading"] == "STOPPED (HARD_STOP)"
    assert phase(desk.command(command(CommandVerb.CLEAR))) == "IDLE"
    assert phase(desk.command(command(CommandVerb.HALT))) == "HARD_STOP"
    assert phase(desk.command(command(CommandVerb.HALT))) == "HARD_STOP", "twice changes nothing"
    assert phase(desk.command(command(CommandVerb.CLEAR))) == "IDLE"


def test_a_clear_of_what_is_not_stopped_is_refused_and_in_the_trail(tmp_path: Path) -> None:
    session = session_at(tmp_path, orders=OrderPath.SIM)
    desk = operate_on(session, Gate(ControlLimits()))
    with pytest.raises(CommandRefused, match="nothing to clear: trading is not stopped") as refused:
        desk.command(command(CommandVerb.CLEAR, "just in case"))
    assert refused.value.reason == "NOT_STOPPED"
    session.close()
    rows = journals.rows(tmp_path / "trade_log.csv")
    assert [(row["action"], row["reason_codes"]) for row in rows[:2]] == [
        ("OPERATOR", "CLEAR|ann: just in case"),
        ("CLEAR", "guard=L-10 unresolved=0"),
    ]


@pytest.mark.parametrize("verb", list(CommandVerb))
def test_without_an_order_path_nothing_is_journaled(tmp_path: Path, verb: CommandVerb) -> None:
    session = session_at(tmp_path, orders=OrderPath.NONE)
    desk = operate_on(session, Gate(ControlLimits()))
    before = desk.status().standing.records
    with pytest.raises(CommandRefused, match=f"nothing to {verb.value}") as refused:
        desk.command(command(verb))
    assert refused.value.reason == "NO_ORDERS"
    assert str(FACTS.pid) in refused.value.remedy
    status = desk.status()
    assert (status.standing.records, status.standing.desk) == (before, None)
    assert facts(status)["trading"] == "this run sends no orders"


def test_a_status_carries_every_fact_with_its_unit(tmp_path: Path) -> None:
    rows = status_rows(operate(tmp_path).status())
    assert len({name for name, _, _ in rows}) == len(rows)
    found = {name: (value, unit) for name, value, unit in rows}
    assert found["exposure"] == ("0 of 100", "USDC")
    assert found["deepest loss of the day"] == ("0 of 10", "USDC")
    assert found["disk free"] == ("1,024", "MiB")
    assert found["up"] == ("0", "s")


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("why not", True),
        ("é, 漢字", True),
        ("x" * REASON_MOST, True),
        ("x" * (REASON_MOST + 1), False),
        ("", False),
        ("   ", False),
        ("a\nb", False),
        ("a\tb", False),
        ("\x1b[2J", False),
        ("a\u202eb", False),
        ("a\u2028b", False),
        ("\ud800", False),
        ("a\x00", False),
    ],
)
def test_a_reason_is_printable_and_bounded(text: str, is_one: bool) -> None:  # noqa: FBT001
    assert is_reason(text) is is_one


@pytest.mark.parametrize("text", ["guard=S-06 halt=1", "guard=X-99 a=1", "nothing", "guard=S-06 x"])
def test_words_of_a_guard_never_fail(text: str) -> None:
    assert guard_words(text)


def test_a_standing_of_another_core_is_refused() -> None:
    with pytest.raises(DecodeError):
        decode_standing('{"now_ns":1}')
