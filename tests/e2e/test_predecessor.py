"""A run directory of the predecessor is taken as it is and gives its shadow ledger."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.e2e import captures, journals
from tests.e2e.razor import here, is_one_message

SNAPSHOT_HEAD = "ts_ms,market_id,legs_n," + ",".join(
    f"leg{leg}_{name}"
    for leg in range(3)
    for name in ("token_id", "best_bid", "best_ask", "depth3_usdc")
)
TRADE_HEAD = "ts_ms,market_id,token_id,price,size,trade_id,ingest_ts_ms,exchange_ts_ms"
RUN_ID = "run_20260103_101112_123456"
T0 = 1_767_435_000_000
_CONFIG = """\
schema_version = "1.3.2a"
an_unknown_key = "the predecessor ignored these"

[run]
data_dir = "data"
market_ids = ["1", "2"]

[brain]
q_req = 10.0
min_net_edge_bps = 10
"""


def _snapshot(at_ms: int, market: str, asks: Sequence[str], bid: str = "0.30") -> str:
    """A row of snapshots.csv with deep, wide books."""
    legs = [f"{market}-t{n},{bid},{ask},900.000000" for n, ask in enumerate(asks)]
    legs += [",,,"] * (3 - len(asks))
    return f"{T0 + at_ms},{market},{len(asks)},{','.join(legs)}"


def _trade(at_ms: int, leg: int, price: str, size: str) -> str:
    """A print on a leg of mA."""
    at = T0 + at_ms
    return f"{at},mA,mA-t{leg},{price},{size},weak:{at}:{leg}:{size},{at},{at - 40}"


def _write(place: Path, snapshots: Sequence[str], trades: Sequence[str]) -> Path:
    place.mkdir()
    (place / "config.toml").write_text(_CONFIG, encoding="utf-8")
    (place / "snapshots.csv").write_text(
        "".join(f"{row}\n" for row in (SNAPSHOT_HEAD, *snapshots)), encoding="utf-8"
    )
    (place / "trades.csv").write_text(
        "".join(f"{row}\n" for row in (TRADE_HEAD, *trades)), encoding="utf-8"
    )
    meta = {"run_id": RUN_ID, "schema_version": "1.3.2a", "trade_poll_taker_only": True}
    (place / "run_meta.json").write_text(json.dumps(meta), encoding="utf-8")
    return place


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """Two signals: one filled on both legs, one of three legs that stays empty."""
    snapshots = [
        _snapshot(0, "mA", ["0.450000", "0.450000"]),
        _snapshot(200, "mA", ["0.600000", "0.600000"]),
        _snapshot(5_000, "mB", ["0.300000", "0.300000", "0.310000"], "0.290000"),
        _snapshot(9_000, "mA", ["0.600000", "0.600000"]),
    ]
    trades = [
        # Before the window, in it, at its end, above the limit, and behind it.
        _trade(50, 0, "0.45", "1000"),
        _trade(300, 0, "0.45", "30"),
        _trade(400, 1, "0.44", "20"),
        _trade(1_100, 0, "0.40", "20"),
        _trade(1_100, 1, "0.45", "30"),
        _trade(500, 0, "0.46", "1000"),
        _trade(1_101, 1, "0.40", "1000"),
    ]
    return _write(tmp_path / "old", snapshots, sorted(trades, key=lambda row: int(row[:13])))


def test_ledger_of_a_predecessors_run_is_derived_by_the_frozen_rules(
    old: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    done = here("replay", old, "--out-dir", out)
    assert done.code == 0, done.err
    first, second = journals.rows(out / "shadow_log.csv")
    assert {first["run_id"], second["run_id"]} == {f"replay_{RUN_ID}"}
    assert (first["market_id"], first["strategy"], first["bucket"]) == ("mA", "binary", "thin")
    assert (first["signal_id"], first["signal_ts_unix_ms"]) == ("1", str(T0))
    # 50 shares traded on each leg; a tenth of it would have been ours, on both legs alike.
    assert (first["leg0_v_mkt"], first["leg1_v_mkt"]) == ("50", "50")
    assert (first["leg0_q_fill"], first["leg1_q_fill"], first["q_set"]) == ("5", "5", "5")
    # 5 · 0.9 · 1.02 = 4.59 paid, 5 · 0.999 = 4.995 merged.
    assert (first["cost_set"], first["proceeds_set"]) == ("4.59", "4.995")
    assert (first["pnl_left_total"], first["total_pnl"]) == ("0", "0.405")
    assert first["set_ratio"] == "1"
    assert (second["market_id"], second["strategy"]) == ("mB", "triangle")
    assert (second["q_set"], second["total_pnl"]) == ("0", "0")
    assert "NO_TRADES" in second["notes"] or "WINDOW_EMPTY" in second["notes"]


def test_report_of_a_predecessors_run_says_what_it_cannot_tell(old: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = here("replay", old, "--out-dir", out)
    assert done.code == 0, done.err
    assert "signals between their samples cannot be reproduced" in done.out.replace("\n", " ") or (
        "predecessor" in done.out
    )
    report = json.loads((out / "report.json").read_text(encoding="utf-8"))
    assert report["run_id"] == f"replay_{RUN_ID}"
    assert report["totals"]["signals"] == 2
    assert report["evidence"]["status"] == "insufficient"


def test_predecessors_run_is_not_changed_and_replays_to_the_same_bytes(
    old: Path, tmp_path: Path
) -> None:
    before = {each.name: each.read_bytes() for each in old.iterdir()}
    for name in ("first", "second"):
        assert here("replay", old, "--out-dir", tmp_path / name).code == 0
    assert before == {each.name: each.read_bytes() for each in old.iterdir()}
    first = captures.tables(tmp_path / "first")
    assert first == captures.tables(tmp_path / "second")
    assert here("audit", "verify", tmp_path / "first").code == 0
    third = tmp_path / "third"
    assert here("replay", tmp_path / "first", "--out-dir", third).code == 0
    assert captures.tables(third) == first


def test_imported_capture_of_it_replays_to_the_same_ledger(old: Path, tmp_path: Path) -> None:
    capture = tmp_path / "old.jsonl.zst"
    assert here("capture", "import", old, "--out", capture).code == 0
    config = ("--config", old / "config.toml")
    # The settings are the predecessor's: its unknown key is an error in a file of ours.
    refused = here("replay", capture, *config, "--out-dir", tmp_path / "no")
    assert refused.code == 2
    assert "an_unknown_key" in refused.err
    ours = tmp_path / "config.toml"
    ours.write_text("[brain]\nq_req = 10\n", encoding="utf-8")
    out = tmp_path / "out"
    assert here("replay", capture, "--config", ours, "--out-dir", out).code == 0
    direct = tmp_path / "direct"
    assert here("replay", old, "--out-dir", direct).code == 0
    found = [row["total_pnl"] for row in journals.rows(out / "shadow_log.csv")]
    assert found == [row["total_pnl"] for row in journals.rows(direct / "shadow_log.csv")]


def test_duplicated_trades_of_a_predecessor_are_taken_as_they_are(tmp_path: Path) -> None:
    snapshots = [
        _snapshot(0, "mA", ["0.450000", "0.450000"]),
        _snapshot(9_000, "mA", ["0.600000", "0.600000"]),
    ]
    trades = [_trade(300, leg, "0.45", "20") for leg in (0, 1)]
    old = _write(tmp_path / "old", snapshots, [*trades, *trades])
    out = tmp_path / "out"
    assert here("replay", old, "--out-dir", out).code == 0
    (row,) = journals.rows(out / "shadow_log.csv")
    assert (row["leg0_v_mkt"], row["leg1_v_mkt"]) == ("40", "40")


def test_run_without_its_meta_is_replayed_as_unknown(old: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    for content in (b"", b"[]", b'{"run_id": 7}', b'{"run_id": "a b"}', b"\xff"):
        (old / "run_meta.json").write_bytes(content)
        place = out / str(len(content))
        assert here("replay", old, "--out-dir", place).code == 0
        assert journals.rows(place / "shadow_log.csv")[0]["run_id"] == "replay_unknown"


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("snapshots.csv", "a,b\n1,2\n", ("snapshots.csv",)),
        ("trades.csv", "a,b\n1,2\n", ("trades.csv",)),
        ("trades.csv", f"{TRADE_HEAD}\nsoon,m,t,0.4,1,w,1,1\n", ("trades.csv", "line 2")),
        ("trades.csv", f"{TRADE_HEAD}\n1,m,t,cheap,1,w,1,1\n", ("trades.csv", "line 2")),
        ("config.toml", "[brain]\nq_req = -1\n", ("config.toml", "brain.q_req")),
        ("config.toml", "<", ("config.toml", "line 1")),
    ],
)
def test_damaged_file_of_a_predecessor_is_named(
    old: Path, tmp_path: Path, name: str, text: str, words: tuple[str, ...]
) -> None:
    (old / name).write_text(text, encoding="utf-8")
    out = tmp_path / "out"
    done = here("replay", old, "--out-dir", out)
    assert done.code == (2 if name == "config.toml" else 3), done
    assert is_one_message(done)
    for word in words:
        assert word in done.err, done.err
    assert not out.exists()


def test_directory_with_only_some_of_its_files_is_no_predecessors_run(
    old: Path, tmp_path: Path
) -> None:
    (old / "trades.csv").unlink()
    done = here("replay", old, "--out-dir", tmp_path / "out")
    assert done.code == 3
    assert "is no capture, no run and no predecessor's run" in done.err
