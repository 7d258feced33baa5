"""The first record of a run: the same settings and label give the same bytes, anything else not."""

import json
from dataclasses import fields, replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from razor.domain.params import Rules, params_record
from razor.domain.settings import Settings, as_json, settings_hash

DEFAULTS = Settings()


def table(raw: bytes) -> dict[str, object]:
    found = json.loads(raw)
    assert isinstance(found, dict)
    return found


def test_the_record_has_exactly_three_keys_in_alphabetical_order() -> None:
    raw = params_record("run_1", DEFAULTS, rules=Rules.VENUE)
    assert list(table(raw)) == ["run_id", "settings", "source"]
    assert raw.startswith(b'{"run_id":"run_1","settings":{')
    assert raw.endswith(b'"source":"venue"}')


@pytest.mark.parametrize("rules", list(Rules))
def test_the_rules_are_the_engines_own_word(rules: Rules) -> None:
    assert table(params_record("r", DEFAULTS, rules=rules))["source"] == rules.value
    assert rules.value in {"venue", "predecessor"}


def test_no_blank_stands_between_tokens() -> None:
    raw = params_record("r", DEFAULTS, rules=Rules.VENUE)
    assert json.dumps(json.loads(raw), sort_keys=True, separators=(",", ":")).encode() == raw


def test_the_settings_are_those_of_the_settings_hash() -> None:
    found = table(params_record("r", DEFAULTS, rules=Rules.VENUE))["settings"]
    assert found == json.loads(json.dumps(as_json(DEFAULTS)))


def test_every_section_of_the_settings_is_recorded() -> None:
    found = table(params_record("r", DEFAULTS, rules=Rules.VENUE))["settings"]
    assert isinstance(found, dict)
    assert {field.name for field in fields(Settings)} <= set(found) | {"schema_version"}


def test_amounts_are_text_and_never_a_float() -> None:
    found = json.loads(params_record("r", DEFAULTS, rules=Rules.VENUE), parse_float=pytest.fail)
    assert Decimal(found["settings"]["report"]["min_avg_set_ratio"]) == Decimal("0.85")


@given(st.text(max_size=60))
def test_any_label_gives_ascii_that_reads_back(label: str) -> None:
    raw = params_record(label, DEFAULTS, rules=Rules.VENUE)
    assert raw.isascii()
    assert table(raw)["run_id"] == label


@given(st.integers(1, 60_000))
def test_one_changed_setting_changes_record_and_hash(interval_ms: int) -> None:
    run = replace(DEFAULTS.run, snapshot_log_interval_ms=interval_ms)
    changed = replace(DEFAULTS, run=run)
    is_same = interval_ms == DEFAULTS.run.snapshot_log_interval_ms
    raw = params_record("r", changed, rules=Rules.VENUE)
    assert (raw == params_record("r", DEFAULTS, rules=Rules.VENUE)) == is_same
    assert (settings_hash(changed) == settings_hash(DEFAULTS)) == is_same


def test_the_record_repeats_byte_for_byte() -> None:
    first = params_record("r", Settings(), rules=Rules.PREDECESSOR)
    assert params_record("r", Settings(), rules=Rules.PREDECESSOR) == first
