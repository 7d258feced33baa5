"""`razor report run` on runs that razor itself made, and on damaged ones."""

import csv
import json
from decimal import Decimal
from pathlib import Path

import pytest

from razor.domain.trail import OUTCOMES
from tests.e2e.razor import Done, here, is_one_message

_SIM = {"RAZOR_MODE": "live"}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of the demo through the order machine."""
    place = tmp_path_factory.mktemp("trail")
    done = here("demo", "--runs-dir", place, "--json", environment=_SIM)
    assert done.code == 0, done.err
    return Path(done.text("run_dir"))


def copied(run: Path, place: Path) -> Path:
    """What the verb reads, to be damaged."""
    target = place / "run"
    target.mkdir()
    for name in (
        "manifest.json",
        "config.toml",
        "trade_log.csv",
        "fills.csv",
        "shadow_sets.csv",
        "shadow_legs.csv",
        "ticks.csv",
    ):
        (target / name).write_bytes((run / name).read_bytes())
    return target


def told(run: Path, *words: str | Path) -> Done:
    done = here("report", "run", "--run", run, *words)
    assert done.code == 0, done.err
    return done


def test_the_trail_of_the_demo_agrees_with_its_table(made: Path) -> None:
    with (made / "trade_log.csv").open(encoding="utf-8", newline="") as table:
        rows = list(csv.DictReader(table))
    facts = json.loads(told(made, "--json").out)
    assert facts["rows"] == len(rows) > 0
    ends = [row["result"] for row in rows if row["result"] in OUTCOMES]
    assert sum(facts["by_outcome"].values()) == len(ends)
    assert all(facts["by_outcome"][word] == ends.count(word) for word in OUTCOMES)
    found = [row for signal in facts["signals"] for row in signal["rows"]] + facts["desk"]
    assert sorted(row["line"] for row in found) == list(range(2, len(rows) + 2))
    assert facts["orders_sent"] > 0
    assert facts["settle_latency_ms"]["count"] > 0


def test_results_are_after_fees_and_the_account_is_their_sum(made: Path) -> None:
    with (made / "fills.csv").open(encoding="utf-8", newline="") as table:
        rows = list(csv.DictReader(table))
    facts = json.loads(told(made, "--json").out)
    final = {row["trade_id"] for row in rows if row["settle_status"] == "CONF"}
    paid = [row for row in rows if row["event"] == "FILL" and row["trade_id"] in final]
    assert Decimal(facts["fees_usdc"]) == sum(Decimal(row["fee"]) for row in paid) > 0
    identity = {name: Decimal(text) for name, text in facts["identity"].items()}
    assert identity["account_cash_usdc"] == sum(Decimal(row["cash"]) for row in rows)
    assert identity["difference_usdc"] == 0
    results = [Decimal(signal["simulated_usdc"]) for signal in facts["signals"]]
    assert sum(results) == Decimal(facts["realised_usdc"]) == identity["signals_usdc"]


def test_the_first_leg_is_the_worst_one_of_the_shadow_ledger(made: Path) -> None:
    with (made / "shadow_log.csv").open(encoding="utf-8", newline="") as table:
        worst = {row["signal_id"]: row["worst_leg_token_id"] for row in csv.DictReader(table)}
    with (made / "trade_log.csv").open(encoding="utf-8", newline="") as table:
        fired = [row for row in csv.DictReader(table) if row["action"] == "FIRE"]
    pairs = [
        (row["token_id"], worst[row["signal_id"]]) for row in fired if row["signal_id"] in worst
    ]
    assert pairs
    assert all(first == last for first, last in pairs)


def test_the_day14_report_of_the_run_stays_as_it_is(made: Path, tmp_path: Path) -> None:
    names = ("report.json", "report.md", "report.html", "trade_log.csv")
    before = [(made / name).read_bytes() for name in names]
    listed = sorted(path.name for path in made.iterdir())
    told(made, "--html", tmp_path / "trail.html", "--markdown", tmp_path / "trail.md")
    assert [(made / name).read_bytes() for name in names] == before
    assert sorted(path.name for path in made.iterdir()) == listed
    assert here("audit", "verify", made).code == 0


def test_pages_have_plots_and_the_same_bytes_twice(made: Path, tmp_path: Path) -> None:
    pages: list[bytes] = []
    for name in ("a", "b"):
        place = tmp_path / name
        place.mkdir()
        told(made, "--html", place / "t.html", "--markdown", place / "t.md")
        pages.append((place / "t.html").read_bytes() + (place / "t.md").read_bytes())
    assert pages[0] == pages[1]
    assert pages[0].count(b"<svg") > 1
    assert b"Timeline of signal 1" in pages[0]


def test_one_signal_is_told_when_it_is_chosen(made: Path) -> None:
    out = told(made, "--signal", "2").out
    assert "Timeline of signal 2 " in out
    assert "Timeline of signal 1 " not in out
    facts = json.loads(told(made, "--signal", "2", "--json").out)
    assert [signal["signal_id"] for signal in facts["signals"]] == [2]


def test_a_dry_run_says_that_it_has_no_order_path(tmp_path: Path) -> None:
    done = here("demo", "--runs-dir", tmp_path, "--duration", "5s", "--json")
    out = told(Path(done.text("run_dir")), "--html", tmp_path / "t.html").out
    assert "order path: NO ORDER PATH" in out
    assert "Expected vs shadow vs SIM per signal (n = 0 signals)" in out
    facts = json.loads(told(Path(done.text("run_dir")), "--json").out)
    assert (facts["rows"], facts["signals"]) == (0, [])


def test_a_signal_that_is_not_there_is_a_usage_error(made: Path) -> None:
    done = here("report", "run", "--run", made, "--signal", "99999")
    assert done.code == 2
    assert "--signal: found 99999; allowed: a signal of trade_log.csv (1 to " in done.err


@pytest.mark.parametrize(
    "name", ["trade_log.csv", "fills.csv", "shadow_sets.csv", "shadow_legs.csv"]
)
def test_a_damaged_table_is_a_fault_that_names_its_place(
    made: Path, tmp_path: Path, name: str
) -> None:
    run = copied(made, tmp_path)
    lines = (run / name).read_bytes().splitlines(keepends=True)
    (run / name).write_bytes(b"".join([*lines[:2], lines[2].replace(b",", b";", 1), *lines[3:]]))
    done = here("report", "run", "--run", run)
    assert done.code == 3
    assert is_one_message(done)
    assert f"{name}, line 3, field" in done.err
    assert "remedy: write the tables anew from the journal: razor audit rebuild" in done.err


@pytest.mark.parametrize("damage", [b"", b"a,b\n", b"\xff\xfe"])
def test_a_table_of_something_else_is_a_fault(made: Path, tmp_path: Path, damage: bytes) -> None:
    run = copied(made, tmp_path)
    (run / "trade_log.csv").write_bytes(damage)
    done = here("report", "run", "--run", run)
    assert done.code == 3
    assert "trade_log.csv, line 1" in done.err


def test_damaged_prices_are_a_fault_of_the_page_alone(made: Path, tmp_path: Path) -> None:
    run = copied(made, tmp_path)
    (run / "ticks.csv").write_bytes(b"ts,what\n\xff")
    assert here("report", "run", "--run", run).code == 0
    done = here("report", "run", "--run", run, "--html", tmp_path / "t.html")
    assert done.code == 3
    assert "ticks.csv" in done.err
    (run / "ticks.csv").unlink()
    assert here("report", "run", "--run", run, "--html", tmp_path / "t.html").code == 0


def test_a_run_that_is_not_there_is_a_fault(tmp_path: Path) -> None:
    done = here("report", "run", "--run", tmp_path / "none")
    assert done.code == 3
    assert is_one_message(done)
