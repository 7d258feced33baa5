"""Plans of the local exchange's faults: what is taken, and how what is wrong is named."""

import json
import re
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from razor.adapters.sandbox.fault_codes import CODES, ELSEWHERE
from razor.adapters.sandbox.fault_files import load_plan, open_truth
from razor.adapters.sandbox.fault_plan import (
    WIRE_KINDS,
    Plan,
    PlannedFault,
    PlannedWire,
    duration_ns,
    read_plan,
)
from razor.app.sandbox import SandboxPlan, build
from razor.domain.errors import SettingsError
from tests.e2e.razor import here
from tests.sandbox.trader import Clock, Place

ROOT = Path(__file__).parents[2]
GOOD = '[[fault]]\ncode = "F-13"\nnth = 3\n'


def problems(text: str) -> list[tuple[str, int | None, str]]:
    """Key, line and remedy of every problem of a plan."""
    with pytest.raises(SettingsError) as caught:
        read_plan(text, source="plan.toml")
    assert str(caught.value).startswith("plan.toml: ")
    return [(it.key, it.line, it.remedy) for it in caught.value.problems]


def test_a_plan_has_faults_and_wires_in_its_order() -> None:
    plan = read_plan(
        GOOD + '[[fault]]\ncode = "F-17"\nkind = "insert"\nbetween = ["10s", "2m"]\ntoken = "7"\n'
        'accepted = false\n[[wire]]\nservice = "clob"\nkind = "latency"\nms = 200\n'
        "jitter_ms = 50\n",
        source="plan.toml",
    )
    assert plan.faults == (
        PlannedFault(code="F-13", nth=3),
        PlannedFault(
            code="F-17",
            kind="insert",
            between=("10s", "2m"),
            token="7",  # noqa: S106 - an outcome token
            accepted=False,
        ),
    )
    assert plan.wires == (PlannedWire(service="clob", kind="latency", ms=200, jitter_ms=50),)
    assert [it.name for it in plan.faults] == ["F-13/held", "F-17/insert"]
    assert read_plan("", source="plan.toml") == Plan()


@pytest.mark.parametrize(
    ("text", "key", "line"),
    [
        ("[[fault]]\ncode = 'F-13'\nnth = 1\nnht = 2\n", "fault[1].nht", 4),
        (GOOD + "[[fault]]\nnth = 1\ncode = 'F-99'\n", "fault[2].code", 6),
        ("[[fault]]\nnth = 1\n", "fault[1].code", 1),
        ("[[fault]]\ncode = 13\nnth = 1\n", "fault[1].code", 2),
        ("[[fault]]\ncode = 'F-13'\n", "fault[1].nth", 1),
        ("[[fault]]\ncode = 'F-13'\nnth = 1\nevery = 2\n", "fault[1].every", 4),
        ("[[fault]]\ncode = 'F-13'\nnth = 0\n", "fault[1].nth", 3),
        ("[[fault]]\ncode = 'F-13'\nnth = true\n", "fault[1].nth", 3),
        ("[[fault]]\ncode = 'F-13'\nnth = '1'\n", "fault[1].nth", 3),
        ("[[fault]]\ncode = 'F-13'\nat = '12'\n", "fault[1].at", 3),
        ("[[fault]]\ncode = 'F-13'\nat = 12\n", "fault[1].at", 3),
        ("[[fault]]\ncode = 'F-13'\nbetween = ['2s', '1s']\n", "fault[1].between", 3),
        ("[[fault]]\ncode = 'F-13'\nbetween = ['2s']\n", "fault[1].between", 3),
        ("[[fault]]\ncode = 'F-13'\nnth = 1\nkind = 'gone'\n", "fault[1].kind", 4),
        ("[[fault]]\ncode = 'F-13'\nnth = 1\ntick = '0.1'\n", "fault[1].tick", 4),
        ("[[fault]]\ncode = 'F-13'\nnth = 1\nms = 5\nto_ms = 4\n", "fault[1].to_ms", 5),
        ("[[fault]]\ncode = 'F-13'\nnth = 1\nto_ms = 4\n", "fault[1].to_ms", 4),
        ("[[fault]]\ncode = 'F-06'\nat = '1s'\n", "fault[1].tick", 1),
        ("[[fault]]\ncode = 'F-06'\nat = '1s'\ntick = '0.2'\n", "fault[1].tick", 4),
        ("[[fault]]\ncode = 'F-23'\nnth = 1\nqty = '0'\n", "fault[1].qty", 4),
        ("[[fault]]\ncode = 'F-23'\nnth = 1\nqty = 'NaN'\n", "fault[1].qty", 4),
        ("[[fault]]\ncode = 'F-23'\nnth = 1\nqty = '0.0000001'\n", "fault[1].qty", 4),
        ("[[fault]]\ncode = 'F-23'\nnth = 1\nqty = 1.5\n", "fault[1].qty", 4),
        ("[[fault]]\ncode = 'F-17'\nnth = 1\naccepted = 1\n", "fault[1].accepted", 4),
        ("[[fault]]\ncode = 'F-36'\nnth = 1\nseconds = 1.5\n", "fault[1].seconds", 4),
        ("[[wire]]\nservice = 'clob'\nkind = 'storm'\n", "wire[1].kind", 3),
        ("[[wire]]\nkind = 'refuse'\n", "wire[1].service", 1),
        ("[[wire]]\nservice = 'clob'\nkind = 'slice'\n", "wire[1].size", 1),
        ("[[wire]]\nservice = 'clob'\nkind = 'reset'\nms = 3\n", "wire[1].ms", 4),
        (
            "[[wire]]\nservice = 'clob'\nkind = 'refuse'\ndirection = 'left'\n",
            "wire[1].direction",
            4,
        ),
        ("[fault]\ncode = 'F-13'\n", "(file)", None),
        ("[[faults]]\n", "(file)", None),
        ("fault = 3", "(file)", None),
        ("[[fault]", "(file)", None),
    ],
)
def test_what_is_wrong_is_named_with_its_line_and_a_remedy(
    text: str, key: str, line: int | None
) -> None:
    found = problems(text)
    assert (key, line) in [(it[0], it[1]) for it in found]
    assert all(it[2] for it in found)


def test_all_problems_of_a_file_are_named_at_once() -> None:
    text = "[[fault]]\ncode = 'F-13'\nnth = 0\nkind = 'x'\n[[wire]]\nservice = 1\nkind = 'y'\n"
    assert {it[0] for it in problems(text)} == {
        "fault[1].nth",
        "fault[1].kind",
        "wire[1].service",
        "wire[1].kind",
    }


@pytest.mark.parametrize("code", sorted(ELSEWHERE))
def test_a_code_that_is_raised_elsewhere_says_where(code: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read_plan(f"[[fault]]\ncode = '{code}'\nnth = 1\n", source="plan.toml")
    assert ELSEWHERE[code] in str(caught.value)


def test_every_code_of_the_catalogue_is_raised_here_or_elsewhere() -> None:
    assert set(CODES) | set(ELSEWHERE) == {f"F-{number:02d}" for number in range(1, 94)}
    assert not set(CODES) & set(ELSEWHERE)
    assert all(spec.what for spec in CODES.values())


@pytest.mark.parametrize(
    ("text", "ns"),
    [("250ms", 250_000_000), ("12s", 12 * 10**9), ("2m", 120 * 10**9), ("1h", 36 * 10**11)],
)
def test_durations(text: str, ns: int) -> None:
    assert duration_ns(text) == ns


@given(text=st.text(max_size=12))
def test_no_other_text_is_a_duration(text: str) -> None:
    if re.fullmatch(r"\d{1,9}(ms|s|m|h)", text):
        return
    with pytest.raises(ValueError, match=re.escape(text) or "^$"):
        duration_ns(text)


@given(text=st.text(alphabet='[fault]wire=\n "codeF-13nthkindms5', max_size=80))
def test_any_text_is_a_plan_or_a_named_error(text: str) -> None:
    try:
        assert isinstance(read_plan(text, source="plan.toml"), Plan)
    except SettingsError as error:
        assert error.problems  # noqa: PT017 - either outcome is one


def test_a_file_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    missing = tmp_path / "none.toml"
    with pytest.raises(SettingsError, match=r"none\.toml(?s:.)*No such file"):
        load_plan(missing)
    (tmp_path / "latin.toml").write_bytes(b"\xff")
    with pytest.raises(SettingsError, match="UTF-8"):
        load_plan(tmp_path / "latin.toml")
    with pytest.raises(SettingsError, match="written"):
        open_truth(tmp_path / "none" / "truth.jsonl")
    assert load_plan(None) == Plan()
    assert open_truth(None) is None


def test_a_sandbox_takes_a_plan_and_writes_its_ledger(tmp_path: Path) -> None:
    plan, truth = tmp_path / "plan.toml", tmp_path / "truth.jsonl"
    plan.write_text("[[fault]]\ncode = 'F-46'\nat = '1s'\n", encoding="utf-8")
    clock = Clock()
    sandbox = build(SandboxPlan(port=0, faults=plan, truth=truth), clock)
    clock.now_ns += 2_000_000_000
    with closing(sandbox):
        sandbox.venue.go_on()
    assert b'"faults":["F-46/withdraw"]' in truth.read_bytes()
    bare = build(SandboxPlan(port=0), Clock())
    assert bare.wires is None
    assert bare.hub.faults is None


@pytest.mark.parametrize(
    ("text", "status"),
    [("", "CONFIRMED"), ("[[fault]]\ncode = 'F-51'\nevery = 1\nms = 60000\n", "MATCHED")],
)
def test_a_plan_makes_settlement_slow_from_the_start(
    tmp_path: Path, text: str, status: str
) -> None:
    path = tmp_path / "plan.toml"
    path.write_text(text, encoding="utf-8")
    place = Place(plan=SandboxPlan(port=0, is_limited=False, faults=path))
    place.trader(0).post(place.token(0), "BUY", 40, 10)
    taker = place.trader(1)
    taker.post(place.token(0, 1), "BUY", 60, 10, order_type="FAK")
    place.pass_time(30)
    assert taker.call("GET", "/data/trades").json["data"][0]["status"] == status


EXAMPLES = sorted((ROOT / "docs/examples/faults").glob("*.toml"))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_every_example_is_a_plan_and_says_what_it_shows(path: Path) -> None:
    plan = load_plan(path)
    assert plan.faults or plan.wires
    assert path.read_text(encoding="utf-8").startswith("# ")
    document = (ROOT / "docs/SANDBOX_FAULTS.md").read_text(encoding="utf-8")
    assert path.name in document


def test_there_are_ten_examples_and_the_document_lists_every_code_and_kind() -> None:
    assert len(EXAMPLES) == 10
    document = (ROOT / "docs/SANDBOX_FAULTS.md").read_text(encoding="utf-8")
    for code, spec in CODES.items():
        (row,) = [line for line in document.splitlines() if line.startswith(f"| {code} |")]
        assert spec.what in row
        assert all(f"`{kind}`" in row for kind in spec.kinds)
        assert all(f"`{key}`" in row for key in (*spec.params, *spec.needs))
    for code, where in ELSEWHERE.items():
        assert f"| {code} | {where} |" in document
    for kind, what in WIRE_KINDS.items():
        assert f"| `{kind}` | {what}" in document


def test_the_verb_lists_every_code_and_refuses_a_bad_plan(tmp_path: Path) -> None:
    listed = here("sandbox", "faults", "--json")
    codes = [json.loads(line)["code"] for line in listed.out.splitlines()]
    assert codes == list(CODES)
    assert "F-13" in here("sandbox", "faults").out
    bad = tmp_path / "bad.toml"
    bad.write_text("[[fault]]\ncode = 'F-13'\nnht = 1\n", encoding="utf-8")
    done = here("sandbox", "serve", "--port", "0", "--faults", bad)
    assert done.code == 2
    assert "line 3: fault[1].nht" in done.err
