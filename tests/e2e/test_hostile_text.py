"""Text from a venue that wants to run in a spreadsheet, a terminal or a browser."""

import csv
import html.parser
import json
import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e import captures, journals
from tests.e2e.razor import ROOT, Done, here

TEXTS = {
    "formula": "=HYPERLINK(1)",
    "plus": "+1+cmd|' /C calc'!A0",
    "minus": "-2+3",
    "at": "@SUM(1)",
    "tab": "\t=1+1",
    "quoted formula": '=HYPERLINK("http://evil","x")',
    "one byte colours": "\x9b31mred",
    "quotes": 'a","b\r\n=1+1',
    "colours": "\x1b[31mred\x1b]0;owned\x07",
    "script": "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "markdown": "[x](javascript:alert(1)) | ![](http://evil/p.png) `rm`",
    "direction": "\u202eevil\u2066",
    "long": "A" * 400,
}
# Ids with quotes, backslashes or C0 controls are refused whole, and counted.
REFUSED = {"tab", "quoted formula", "quotes", "colours"}
OUTPUTS = {
    "ticks.csv",
    "trade_log.csv",
    "snapshots.csv",
    "trades.csv",
    "shadow_log.csv",
    "shadow_sets.csv",
    "shadow_legs.csv",
    "calibration_log.csv",
    "fills.csv",
    "health.jsonl",
    "report.json",
    "report.md",
    "report.html",
}
_ID_COLUMNS = {"run_id", "market_id", "token_id", "trade_id", "worst_leg_token_id"}


def _meta(text: str) -> str:
    """A set of three hostile markets under a hostile key, recorded as quotes."""
    tokens = [f"{text}{number}" for number in range(3)]
    markets = [
        {
            "condition_id": f"{text}c{number}",
            "token_ids": [token, ""],
            "outcomes": [text, text],
            "label": text,
            "tick_size": "0.01",
            "min_order_size": "5",
            "neg_risk": True,
            "fees": None,
            "end_ms": 1_900_000_000_000,
            "event_id": "",
            "group_id": "",
            "seconds_delay": 0,
        }
        for number, token in enumerate(tokens)
    ]
    sets = [{"key": text, "kind": "group", "legs": tokens, "settlement": "hold"}]
    return json.dumps({"markets": markets, "sets": sets}, ensure_ascii=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """A run that was given a hostile text wherever a venue can put one."""

    name: str
    run: Path
    capture: Path
    done: Done


@pytest.fixture(scope="module", params=TEXTS)
def hostile(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Played:
    name = str(request.param)
    return _played(tmp_path_factory.mktemp("hostile"), name)


def _played(tmp_path: Path, name: str) -> Played:
    text = TEXTS[name]
    trade = {
        "asset": f"{text}0",
        "conditionId": f"{text}c0",
        "side": "BUY",
        "size": "50",
        "price": "0.30",
        "timestamp": "1800000001",
        "transactionHash": text,
    }
    lines = [
        captures.line(0, "meta", _meta(text), conn="meta-0"),
        *(
            captures.line(1_000 * at, "quote", "0,0.30,0.31;1,0.30,0.31;2,0.30,0.31", conn="sweep")
            for at in range(1, 20)
        ),
        captures.line(20_000, "trade", json.dumps(trade, ensure_ascii=False), conn="trades-0"),
        captures.line(21_000, "ws", text),
        captures.line(30_000, "timer-less", text).replace("timer-less", "ref"),
    ]
    capture = captures.write(tmp_path / "hostile.jsonl", lines)
    run = tmp_path / "run"
    done = here("replay", capture, "--config", ROOT / "config.toml", "--out-dir", run)
    assert done.code == 0, done.err
    return Played(name=name, run=run, capture=capture, done=done)


def test_no_table_has_a_cell_that_a_spreadsheet_would_run(hostile: Played) -> None:
    run = hostile.run
    for table in run.glob("*.csv"):
        raw = table.read_bytes()
        assert b"\r" not in raw
        with table.open(encoding="utf-8", newline="") as text:
            rows = list(csv.reader(text))
        header, body = rows[0], rows[1:]
        assert {len(row) for row in body} <= {len(header)}
        assert raw.count(b"\n") == len(rows), "one record is one line"
        for row in body:
            for column, cell in zip(header, row, strict=True):
                if column in _ID_COLUMNS or column.endswith("token_id"):
                    assert not cell.startswith(("=", "+", "-", "@", "\t", "\r")), (table, cell)
    found = journals.integrity(run)
    is_refused = hostile.name in REFUSED
    assert (found["records_refused"] > 0, found["markets"] == 0) == (is_refused, is_refused)
    assert (len(journals.rows(run / "shadow_log.csv")) > 0) != is_refused


def test_nothing_that_is_shown_has_a_control_character(hostile: Played) -> None:
    run, done = hostile.run, hostile.done
    assert {each.name for each in run.iterdir() if each.is_file()} >= OUTPUTS
    as_json = here("report", "day14", "--run", run, "--json")
    assert as_json.out.isascii()
    shown = {"stdout": done.out, "stderr": done.err, "json": as_json.out}
    for file in ("report.md", "report.html", "report.json", "health.jsonl"):
        shown[file] = (run / file).read_text(encoding="utf-8")
    for where, text in shown.items():
        odd = {char for char in text if ord(char) < 0x20 or 0x7F <= ord(char) < 0xA0} - {"\n"}
        assert not odd, (where, odd)
        assert not {"\u202e", "\u2066"} & set(text), where


class _Page(html.parser.HTMLParser):
    """Collects what a browser would act on."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.handlers: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.handlers += [name for name, _ in attrs if name.startswith("on")]
        self.links += [value or "" for name, value in attrs if name in {"href", "src"}]


def test_page_runs_nothing_and_loads_nothing(hostile: Played) -> None:
    run = hostile.run
    page = _Page()
    page.feed((run / "report.html").read_text(encoding="utf-8"))
    assert not page.tags & {"script", "iframe", "object", "embed", "link", "base", "form"}
    assert page.handlers == []
    assert not [link for link in page.links if not link.startswith(("#", "data:image/"))]


def test_markdown_shows_the_text_instead_of_acting_on_it(hostile: Played) -> None:
    run = hostile.run
    text = (run / "report.md").read_text(encoding="utf-8")
    # Inside a code span nothing acts; a span ends with as many ticks as it began with.
    text = re.sub(r"(`+)[^`].*?(?<!`)\1(?!`)", "", text)
    assert "<script" not in text
    assert "<img" not in text
    assert "](javascript:" not in text
    assert "![](http" not in text


def test_hostile_run_verifies_replays_and_is_described(hostile: Played, tmp_path: Path) -> None:
    run = hostile.run
    assert here("audit", "verify", run).code == 0
    again = tmp_path / "again"
    assert here("replay", run, "--out-dir", again).code == 0
    assert captures.tables(again) == captures.tables(run)
    info = here("capture", "info", hostile.capture)
    assert info.code == 0
    assert "\x1b" not in info.out


def test_file_names_are_shown_escaped(tmp_path: Path) -> None:
    place = tmp_path / "\x1b[31mred"
    place.mkdir()
    for arguments in (("replay", place), ("audit", "verify", place), ("capture", "info", place)):
        done = here(*arguments)
        assert done.code == 3
        assert "\x1b" not in done.err + done.out
