"""The mode and the gates: one combination of all orders for real, the others cannot."""

from dataclasses import replace
from decimal import Decimal
from itertools import product

import pytest

from razor.domain.errors import GateRefused, SettingsError
from razor.domain.mode import (
    Facts,
    Gate,
    GateVector,
    Mode,
    OrderPath,
    admit,
    choose_mode,
    resolve_gates,
)
from razor.domain.settings import Settings
from razor.domain.settings.trading import Risk

SWITCHES = (
    "is_live",
    "is_enabled",
    "is_confirmed",
    "has_caps",
    "has_verdict",
    "has_waiver",
    "has_doctor",
)


def settings_with(*, is_enabled: bool, has_caps: bool, has_waiver: bool) -> Settings:
    default = Settings()
    live = replace(
        default.live,
        enabled=is_enabled,
        accept_no_verdict="the desk wants fills" if has_waiver else "",
    )
    risk = default.risk if has_caps else replace(default.risk, max_exposure_usdc=Decimal(0))
    return replace(default, live=live, risk=risk, oms=replace(default.oms, durable_intents=True))


def vector_of(switches: dict[str, bool]) -> GateVector:
    environment = {"RAZOR_MODE": "live" if switches["is_live"] else "dry_run"}
    if switches["is_confirmed"]:
        environment["RAZOR_LIVE_CONFIRM"] = "1"
    settings = settings_with(
        is_enabled=switches["is_enabled"],
        has_caps=switches["has_caps"],
        has_waiver=switches["has_waiver"],
    )
    facts = Facts(has_sealed_go=switches["has_verdict"], has_doctor_passed=switches["has_doctor"])
    return resolve_gates(None, environment, settings, facts)


SIX = ("is_live", "is_enabled", "is_confirmed", "has_caps", "has_doctor", "has_verdict")
ALL = [dict(zip(SWITCHES, bits, strict=True)) for bits in product((False, True), repeat=7)]


@pytest.mark.parametrize("switches", ALL, ids=lambda s: "".join("01"[v] for v in s.values()))
def test_every_combination_of_gates_ends_where_the_table_says(switches: dict[str, bool]) -> None:
    vector = vector_of(switches)
    others = ("is_confirmed", "has_caps", "has_doctor")
    is_open = all(switches[name] for name in others) and (
        switches["has_verdict"] or switches["has_waiver"]
    )
    match (switches["is_live"], switches["is_enabled"]):
        case (False, _):
            expected = OrderPath.NONE
        case (True, False):
            expected = OrderPath.SIM
        case _:
            expected = OrderPath.REAL if is_open else OrderPath.REFUSED
    assert vector.order_path is expected
    if expected is OrderPath.REFUSED:
        with pytest.raises(GateRefused) as caught:
            admit(vector)
        assert caught.value.shut == tuple(gate.name for gate in vector.shut)
        assert vector.shut
    else:
        assert admit(vector) is expected
        assert not vector.shut


def test_exactly_one_combination_of_the_six_gates_orders_for_real() -> None:
    # Verdict and waiver are one gate with two keys.
    real = {
        (*(switches[name] for name in SIX[:-1]), switches["has_verdict"] or switches["has_waiver"])
        for switches in ALL
        if vector_of(switches).order_path is OrderPath.REAL
    }
    assert real == {(True,) * 6}


@pytest.mark.parametrize(
    "risk",
    [
        replace(Risk(), max_exposure_usdc=Decimal(0)),
        replace(Risk(), max_signal_usdc=Decimal(0)),
        replace(Risk(), max_day_loss_usdc=Decimal(0)),
        replace(Risk(), max_orders_per_min=0),
        replace(Risk(), max_open_orders=0),
        replace(Risk(), max_event_exposure_usdc=Decimal(0)),
        replace(Risk(), max_loss_streak=0),
    ],
)
def test_each_zero_cap_shuts_the_gate(risk: Risk) -> None:
    default = settings_with(is_enabled=True, has_caps=True, has_waiver=True)
    settings = replace(default, risk=risk)
    vector = resolve_gates(
        "live", {"RAZOR_LIVE_CONFIRM": "1"}, settings, Facts(has_doctor_passed=True)
    )
    assert vector.shut == (Gate.CAPS,)


@pytest.mark.parametrize("confirm", ["", "0", "true", "yes", "y", "11", "on", "1;"])
def test_only_the_digit_one_confirms(confirm: str) -> None:
    settings = settings_with(is_enabled=True, has_caps=True, has_waiver=True)
    vector = resolve_gates(
        "live", {"RAZOR_LIVE_CONFIRM": confirm}, settings, Facts(has_doctor_passed=True)
    )
    assert vector.shut == (Gate.CONFIRM,)


def test_orders_that_no_disk_remembers_are_refused_where_they_are_real() -> None:
    durable = settings_with(is_enabled=True, has_caps=True, has_waiver=True)
    settings = replace(durable, oms=replace(durable.oms, durable_intents=False))
    confirmed, facts = {"RAZOR_LIVE_CONFIRM": "1"}, Facts(has_doctor_passed=True)
    vector = resolve_gates("live", confirmed, settings, facts)
    assert (vector.order_path, vector.shut) == (OrderPath.REFUSED, (Gate.DURABLE,))
    with pytest.raises(GateRefused, match="DURABLE"):
        admit(vector)
    simulated = replace(settings, live=replace(settings.live, enabled=False))
    assert resolve_gates("live", {}, simulated, facts).order_path is OrderPath.SIM


def test_refusal_names_every_shut_gate_and_how_to_open_it() -> None:
    settings = settings_with(is_enabled=True, has_caps=True, has_waiver=False)
    vector = resolve_gates("live", {}, settings, Facts())
    with pytest.raises(GateRefused) as caught:
        admit(vector)
    assert caught.value.shut == ("CONFIRM", "VERDICT", "DOCTOR")
    assert "RAZOR_LIVE_CONFIRM=1" in caught.value.remedy
    assert "razor doctor" in caught.value.remedy
    assert "accept_no_verdict" in caught.value.remedy


def test_word_that_asks_for_simulation_never_orders_for_real() -> None:
    settings = settings_with(is_enabled=True, has_caps=True, has_waiver=True)
    facts = Facts(has_sealed_go=True, has_doctor_passed=True)
    vector = resolve_gates("live_sim", {"RAZOR_LIVE_CONFIRM": "1"}, settings, facts)
    assert vector.shut == (Gate.MODE_WORD,)


def test_blank_reason_is_no_waiver() -> None:
    default = settings_with(is_enabled=True, has_caps=True, has_waiver=False)
    settings = replace(default, live=replace(default.live, accept_no_verdict="   "))
    vector = resolve_gates(
        "live", {"RAZOR_LIVE_CONFIRM": "1"}, settings, Facts(has_doctor_passed=True)
    )
    assert vector.shut == (Gate.VERDICT,)


@pytest.mark.parametrize(
    ("word", "mode"),
    [
        ("dry_run", Mode.DRY_RUN),
        ("dryrun", Mode.DRY_RUN),
        (" DRY_RUN\n", Mode.DRY_RUN),
        ("live", Mode.LIVE),
        ("Live_Sim", Mode.LIVE),
        ("livesim", Mode.LIVE),
    ],
)
def test_mode_words_are_trimmed_and_read_in_any_case(word: str, mode: Mode) -> None:
    assert choose_mode(None, {"RAZOR_MODE": word}).mode is mode
    assert choose_mode(word, {}).mode is mode


def test_unset_mode_is_dry_run() -> None:
    choice = choose_mode(None, {})
    assert (choice.mode, choice.chosen_by) == (Mode.DRY_RUN, "default")


def test_option_wins_over_the_environment() -> None:
    choice = choose_mode("dry_run", {"RAZOR_MODE": "live"})
    assert (choice.mode, choice.chosen_by) == (Mode.DRY_RUN, "--mode")
    assert choose_mode("live", {"RAZOR_MODE": "nonsense"}).mode is Mode.LIVE


@pytest.mark.parametrize("word", ["", " ", "LIVE!", "real", "dry-run", "1", "live enabled"])
def test_unknown_mode_refuses_to_start_and_names_the_gate(word: str) -> None:
    with pytest.raises(SettingsError) as caught:
        choose_mode(None, {"RAZOR_MODE": word})
    assert caught.value.problems[0].key == "RAZOR_MODE"
    with pytest.raises(SettingsError) as caught:
        choose_mode(word, {})
    assert caught.value.problems[0].key == "--mode"


def test_environment_cannot_enable_what_the_settings_do_not() -> None:
    environment = {"RAZOR_MODE": "live", "RAZOR_LIVE_CONFIRM": "1", "LIVE_ENABLED": "true"}
    facts = Facts(has_sealed_go=True, has_doctor_passed=True)
    assert resolve_gates(None, environment, Settings(), facts).order_path is OrderPath.SIM
