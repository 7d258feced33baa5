"""The commented default file, the canonical record and its hash."""

import json
import tomllib
from decimal import Decimal
from hashlib import sha256
from pathlib import Path

from razor.domain.settings import (
    Settings,
    canonical_json,
    default_file,
    describe,
    entries,
    read_settings,
    settings_hash,
)

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = (ROOT / "config.toml").read_text(encoding="utf-8")


def test_shipped_file_parses_to_exactly_the_defaults() -> None:
    assert read_settings(SHIPPED, source="config.toml") == Settings()


def test_shipped_file_has_every_key() -> None:
    table = tomllib.loads(SHIPPED)
    written = {name for name, value in table.items() if not isinstance(value, dict)}
    for section, keys in table.items():
        if isinstance(keys, dict):
            written |= {f"{section}.{name}" for name in keys}
    assert written == {entry.path for entry in entries(Settings())}


def test_shipped_file_is_what_the_program_prints() -> None:
    assert default_file() == SHIPPED


def test_every_key_states_reason_range_and_unit() -> None:
    for entry in entries(Settings()):
        assert len(entry.declared.reason) > 10, entry.path
        assert describe(entry.declared.kind), entry.path
        assert entry.declared.kind.unit, entry.path


def test_frozen_defaults_are_those_of_the_schema() -> None:
    expected = {
        "schema_version": "1.3.2a",
        "run.data_dir": "runs",
        "run.market_ids": (),
        "run.snapshot_log_interval_ms": 1000,
        "run.raw_ws_rotate_keep": 8,
        "polymarket.gamma_base": "https://gamma-api.polymarket.com",
        "polymarket.ws_base": "wss://ws-subscriptions-clob.polymarket.com",
        "polymarket.data_api_base": "https://data-api.polymarket.com",
        "polymarket.clob_base": "https://clob.polymarket.com",
        "polymarket.http_timeout_ms": 3000,
        "polymarket.http_connect_timeout_ms": 3000,
        "polymarket.ws_connect_timeout_ms": 10000,
        "polymarket.ws_write_timeout_ms": 3000,
        "brain.risk_premium_bps": 80,
        "brain.min_net_edge_bps": 10,
        "brain.q_req": Decimal(10),
        "brain.signal_cooldown_ms": 1000,
        "brain.max_snapshot_staleness_ms": 500,
        "buckets.fill_share_liquid_p25": Decimal("0.3"),
        "buckets.fill_share_thin_p25": Decimal("0.1"),
        "shadow.window_start_ms": 100,
        "shadow.window_end_ms": 1100,
        "shadow.trade_poll_interval_ms": 1000,
        "shadow.trade_poll_limit": 500,
        "shadow.trade_poll_taker_only": True,
        "shadow.trade_retention_ms": 5000,
        "shadow.max_trades": 200000,
        "shadow.max_trade_gap_ms": 700,
        "shadow.trade_size_suspect_threshold": Decimal(50000),
        "shadow.trade_notional_suspect_threshold": Decimal(50000),
        "report.min_total_shadow_pnl": Decimal(0),
        "report.min_avg_set_ratio": Decimal("0.85"),
        "market_select.probe_seconds": 3600,
        "market_select.pool_limit": 200,
        "market_select.max_concurrency": 5,
        "market_select.prefer_strategy": "any",
        "live.enabled": False,
        "live.chain_id": 137,
        "live.private_key_env": "POLYGON_PRIVATE_KEY",
        "live.api_key_nonce": 0,
        "live.chase_cap_bps": 200,
        "live.ladder_step1_bps": 10,
        "live.flatten_lvl1_bps": 100,
        "live.flatten_lvl2_bps": 500,
        "live.flatten_lvl3_bps": 1000,
        "live.flatten_max_attempts": 3,
        "live.cooldown_ms": 1000,
        "live.accept_no_verdict": "",
        "calibration.min_samples_per_bucket": 30,
        "calibration.suggest_filename": "calibration_suggest.toml",
        "calibration.quantile": Decimal("0.25"),
        "sim.sim_fill_share_liquid": Decimal("0.3"),
        "sim.sim_fill_share_thin": Decimal("0.1"),
        "sim.sim_network_latency_ms": 120,
        "sim.quote_depth": Decimal(0),
        "oms.flatten_wait_ms": 2000,
        "oms.settle_deadline_ms": 180000,
        "oms.signal_ttl_ms": 1000,
        "oms.take_delayed_markets": False,
        "oms.durable_intents": False,
        "risk.max_event_exposure_usdc": Decimal(50),
        "risk.exit_reserve_pct": 25,
        "risk.max_loss_streak": 3,
        "risk.max_revert_permille": 100,
        "risk.revert_window": 50,
        "risk.max_api_error_permille": 200,
        "risk.api_error_window": 50,
    }
    found = {entry.path: entry.value for entry in entries(Settings())}
    assert {path: found.get(path) for path in expected} == expected


def test_canonical_record_is_sorted_ascii_with_decimals_as_text() -> None:
    raw = canonical_json(Settings())
    table = json.loads(raw)
    assert raw == json.dumps(table, sort_keys=True, separators=(",", ":")).encode("ascii")
    assert table["brain"]["q_req"] == "10"
    assert table["buckets"]["fill_share_liquid_p25"] == "0.3"
    assert table["run"]["market_ids"] == []
    assert settings_hash(Settings()) == sha256(raw).hexdigest()


def test_hash_follows_meaning_not_spelling() -> None:
    one = read_settings("[brain]\nq_req = 1e1\n[buckets]\nfill_share_thin_p25 = 0.100", source="a")
    two = read_settings("buckets.fill_share_thin_p25 = 0.1\nbrain.q_req = 10", source="b")
    assert settings_hash(one) == settings_hash(two) == settings_hash(Settings())


def test_any_changed_value_changes_the_hash() -> None:
    other = read_settings("[brain]\nq_req = 10.000001", source="a")
    assert settings_hash(other) != settings_hash(Settings())


def test_canonical_record_is_the_one_recorded_earlier() -> None:
    # The hash decides whether a run may be resumed: it must not drift between versions unseen.
    golden = Path(__file__).with_name("default_settings.json").read_bytes()
    assert canonical_json(Settings()) + b"\n" == golden
