"""The simulated order path as a user starts it: the closed loop, its faults, and what it leaves."""

from collections import Counter
from pathlib import Path

import pytest

from tests.e2e import captures, journals
from tests.e2e.razor import ROOT, Done, here, is_one_message

LIVE = {"RAZOR_MODE": "live"}
CHASE_FAILS = {**LIVE, "RAZOR_SIM_FORCE_CHASE_FAIL": "1"}
TRAIL = "trade_log.csv"
EMPTY_BIDS = '[[fault]]\ncode = "F-10"\n'
REPEATS = '[[fault]]\ncode = "F-60"\nevery = 2\ncount = 2\n'


def demo(runs: Path, *more: str | Path, environment: dict[str, str]) -> Done:
    return here("demo", "--runs-dir", runs, "--json", *more, environment=environment)


def actions(run: Path) -> Counter[str]:
    return Counter(row["action"] for row in journals.rows(run / TRAIL))


def ends(run: Path) -> dict[str, list[str]]:
    """The terminal rows of each signal."""
    found: dict[str, list[str]] = {}
    for row in journals.rows(run / TRAIL):
        if row["result"] and row["action"] in {"END", "HARDSTOP", "COOLDOWN"}:
            found.setdefault(row["signal_id"], []).append(row["result"])
    return found


def plan(place: Path, text: str) -> Path:
    path = place / "plan.toml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo with an order path and a plan that repeats signals."""
    place = tmp_path_factory.mktemp("sim")
    done = demo(place / "runs", "--faults", plan(place, REPEATS), environment=LIVE)
    assert done.code == 0, done.err
    return Path(done.text("run_dir"))


def test_closed_loop_leaves_every_kind_of_row(run: Path) -> None:
    wanted = {"FIRE", "CHASE", "FLATTEN", "COOLDOWN", "DEDUP_SIGNAL", "SETTLE", "STATE", "END"}
    assert wanted <= set(actions(run))


def test_every_signal_has_exactly_one_terminal_row(run: Path) -> None:
    settled = {row["signal_id"] for row in journals.rows(run / "shadow_sets.csv")}
    found = ends(run)
    # A signal whose window was still open at the end has no row in the ledger, but one here.
    assert settled <= set(found) == {str(number) for number in range(1, len(found) + 1)}
    assert all(len(results) == 1 for results in found.values())


def test_injected_faults_stand_in_the_trail_and_in_the_manifest(run: Path) -> None:
    manifest = journals.manifest(run)
    assert [line.code for line in manifest.faults] == ["F-60"]
    assert manifest.injected == {"F-60": actions(run)["FAULT"]}
    assert actions(run)["DEDUP_SIGNAL"] == 2 * actions(run)["FAULT"]


def test_shadow_ledger_is_that_of_the_dry_run(run: Path, tmp_path: Path) -> None:
    dry = demo(tmp_path / "runs", environment={})
    for table in ("shadow_log.csv", "shadow_sets.csv", "ticks.csv", "trades.csv"):
        assert (Path(dry.text("run_dir")) / table).read_bytes() == (run / table).read_bytes()


def test_same_start_gives_the_same_bytes_and_so_does_its_replay(run: Path, tmp_path: Path) -> None:
    faults = plan(tmp_path, REPEATS)
    again = demo(tmp_path / "runs", "--faults", faults, environment=LIVE)
    assert captures.tables(Path(again.text("run_dir"))) == captures.tables(run)
    replayed = tmp_path / "replayed"
    assert here("replay", run, "--out-dir", replayed).code == 0
    assert captures.tables(replayed) == captures.tables(run)


def test_audit_verifies_and_rebuilds_the_trail(run: Path, tmp_path: Path) -> None:
    copy = journals.copy(run, tmp_path / "copy")
    assert here("audit", "verify", copy).code == 0
    whole = (copy / TRAIL).read_bytes()
    (copy / TRAIL).write_bytes(whole.replace(b"FIRE", b"FIRF", 1))
    assert here("audit", "verify", copy).code == 1
    assert here("audit", "rebuild", copy).code == 0
    assert (copy / TRAIL).read_bytes() == whole


def test_failed_chases_are_flattened_until_the_loss_streak_stops_trading(tmp_path: Path) -> None:
    done = demo(tmp_path / "runs", environment=CHASE_FAILS)
    made = Path(done.text("run_dir"))
    assert (done.code, done.text("hard_stop")) == (4, "guard=S-29 loss_streak=3 cap=3")
    rows = journals.rows(made / TRAIL)
    # A thin bid takes a leg in several orders: the signals are what counts.
    assert len({row["signal_id"] for row in rows if row["action"] == "FLATTEN"}) == 3
    assert all(len(results) == 1 for results in ends(made).values())


def test_empty_bids_end_in_hardstop_and_the_recording_goes_on(tmp_path: Path) -> None:
    faults = plan(tmp_path, EMPTY_BIDS)
    done = demo(tmp_path / "runs", "--faults", faults, environment=CHASE_FAILS)
    made = Path(done.text("run_dir"))
    assert done.code == 4
    assert done.text("hard_stop").startswith("guard=S-08 ")
    struck = [row for row in journals.rows(made / TRAIL) if row["action"] == "FAULT"]
    assert {row["reason_codes"] for row in struck} == {"F-10"}
    assert all(row["side"] == "SELL" and row["order_id"] for row in struck)
    assert journals.manifest(made).injected == {"F-10": len(struck)}
    rows = journals.rows(made / TRAIL)
    stopped = next(int(row["ts_ms"]) for row in rows if row["action"] == "HARDSTOP")
    sent = [row for row in rows if row["action"] in {"FIRE", "CHASE", "FLATTEN"}]
    assert all(int(row["ts_ms"]) <= stopped for row in sent)
    last_tick = int(journals.rows(made / "ticks.csv")[-1]["ts_recv_us"]) // 1_000
    assert last_tick > stopped + 30_000
    assert len(journals.rows(made / "shadow_sets.csv")) > 40
    assert journals.manifest(made).end is not None


def test_dry_run_has_no_order_in_its_trail(tmp_path: Path) -> None:
    done = demo(tmp_path / "runs", "--duration", "5s", environment={})
    assert journals.rows(Path(done.text("run_dir")) / TRAIL) == []


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ('[[fault]]\ncode = "F-99"\n', "fault[1].code"),
        ('[[fault]]\ncode = "F-13"\nevry = 3\n', "fault[1].evry"),
        ('[[fault]]\ncode = "F-13"\nnth = -1\n', "fault[1].nth"),
        ('[[fault]]\ncode = "F-13"\nnth = true\n', "fault[1].nth"),
        ('[[fault]]\ncode = "F-19"\nrefusal = "me"\n', "fault[1].refusal"),
        ('[[fault]]\ncode = "F-13"\nfrom_ms = 1\n', "fault[1].from_ms"),
        ('[[fault]]\ncode = "F-23"\nshare = "half"\n', "--faults"),
        ('[fault]\ncode = "F-13"\n', "(file)"),
        ("x = ", "(file)"),
    ],
)
def test_wrong_plan_is_refused_with_the_place(tmp_path: Path, text: str, named: str) -> None:
    done = here(
        "demo", "--runs-dir", tmp_path / "runs", "--faults", plan(tmp_path, text),
        environment=LIVE,
    )  # fmt: skip
    assert done.code == 2
    assert named in done.err
    assert "Traceback" not in done.err


def test_faults_without_a_simulated_venue_are_refused(tmp_path: Path) -> None:
    faults = plan(tmp_path, REPEATS)
    done = here("demo", "--runs-dir", tmp_path / "runs", "--faults", faults)
    assert done.code == 2
    assert is_one_message(done)
    assert "--mode live" in done.err


def test_missing_plan_is_a_fault_that_names_the_file(tmp_path: Path) -> None:
    done = demo(tmp_path / "runs", "--faults", tmp_path / "none.toml", environment=LIVE)
    assert done.code == 3
    assert "none.toml" in done.err


def test_examples_of_the_documentation_work(tmp_path: Path) -> None:
    examples = ROOT / "docs" / "examples"
    done = demo(tmp_path / "runs", "--faults", examples / "faults.toml", environment=LIVE)
    assert done.code == 0
    settings = examples / "sim_quotes.toml"
    assert here("config", "check", "--config", settings).code == 0
