"""Every way a settings file can be wrong gives one message with place, range and remedy."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from razor.domain.errors import Problem, SettingsError
from razor.domain.settings import (
    Settings,
    decode_text,
    default_file,
    entries,
    read_predecessor_settings,
    read_settings,
    settings_hash,
)
from razor.domain.settings.value import Address, Exact, Flag, Kind, Text, TextList, Whole, Word


def problems_of(text: str) -> tuple[Problem, ...]:
    with pytest.raises(SettingsError) as caught:
        read_settings(text, source="my.toml")
    assert str(caught.value).startswith("my.toml: ")
    return caught.value.problems


def only_problem(text: str) -> Problem:
    problems = problems_of(text)
    assert len(problems) == 1, problems
    return problems[0]


def test_empty_file_gives_the_defaults() -> None:
    assert read_settings("", source="my.toml") == Settings()


def test_decimals_are_the_exact_text_never_a_float() -> None:
    text = "[brain]\nq_req = 0.000003\n[buckets]\nfill_share_liquid_p25 = 0.123456789012\n"
    found = read_settings(text, source="my.toml")
    assert str(found.brain.q_req) == "0.000003"
    assert str(found.buckets.fill_share_liquid_p25) == "0.123456789012"


def test_whole_numbers_are_taken_where_decimals_are_wanted() -> None:
    assert read_settings("[brain]\nq_req = 25", source="a").brain.q_req == Decimal(25)


def test_address_loses_its_final_slash() -> None:
    found = read_settings('[polymarket]\nclob_base = "https://clob.example.org/"', source="a")
    assert found.polymarket.clob_base == "https://clob.example.org"


def test_all_problems_of_a_file_come_in_one_message_in_line_order() -> None:
    text = "[shadow]\nmax_trades = 0\n\n[brain]\nq_req = nan\nrisk_premium = 80\n[rum]\nx = 1\n"
    problems = problems_of(text)
    assert [(p.key, p.line) for p in problems] == [
        ("shadow.max_trades", 2),
        ("brain.q_req", 5),
        ("brain.risk_premium", 6),
        ("rum", 7),
    ]
    message = str(SettingsError(source="f", problems=problems))
    assert message.count("\n  ") == 4
    assert "line 5: brain.q_req: found NaN; allowed: a number above 0 to 1000000" in message


def test_misspelt_key_is_named_with_the_likely_one() -> None:
    problem = only_problem("[brain]\nmin_net_edge_pbs = 10\n")
    assert problem.key == "brain.min_net_edge_pbs"
    assert problem.line == 2
    assert problem.remedy == "did you mean brain.min_net_edge_bps?"


def test_value_of_an_unknown_key_is_never_repeated() -> None:
    secret = "0x" + "ab" * 32
    problem = only_problem(f'[live]\nprivate_key = "{secret}"\n')
    assert secret not in problem.sentence()


def test_key_pasted_into_the_variable_name_is_never_repeated() -> None:
    secret = "0x" + "ab" * 32
    problem = only_problem(f'[live]\nprivate_key_env = "{secret}"\n')
    assert secret not in problem.sentence()
    assert "not shown" in problem.found


def test_credentials_in_an_address_are_refused_and_not_repeated() -> None:
    problem = only_problem('[polymarket]\nclob_base = "https://user:hunter2@clob.example.org"\n')
    assert "hunter2" not in problem.sentence()


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("[brain]\nq_req = 0", "brain.q_req"),
        ("[brain]\nq_req = -1", "brain.q_req"),
        ("[brain]\nq_req = 1000000.1", "brain.q_req"),
        ("[brain]\nq_req = 0.0000001", "brain.q_req"),
        ("[brain]\nq_req = nan", "brain.q_req"),
        ("[brain]\nq_req = inf", "brain.q_req"),
        ("[brain]\nq_req = -inf", "brain.q_req"),
        ("[brain]\nq_req = true", "brain.q_req"),
        ('[brain]\nq_req = "10"', "brain.q_req"),
        ("[brain]\nq_req = 1e999999", "brain.q_req"),
        ("[brain]\nq_req = 1e-999999", "brain.q_req"),
        ("[brain]\nq_req = 1e99999999999999999999", "brain.q_req"),
        ("[brain]\nrisk_premium_bps = 10001", "brain.risk_premium_bps"),
        ("[brain]\nrisk_premium_bps = -1", "brain.risk_premium_bps"),
        ("[brain]\nrisk_premium_bps = 80.0", "brain.risk_premium_bps"),
        ("[brain]\nrisk_premium_bps = false", "brain.risk_premium_bps"),
        ("[brain]\nrisk_premium_bps = 1" + "0" * 70, "brain.risk_premium_bps"),
        ("[brain]\nrisk_premium_bps = 2026-01-01", "brain.risk_premium_bps"),
        ("[brain]\nrisk_premium_bps = []", "brain.risk_premium_bps"),
        ("[brain]\nrisk_premium_bps = {a = 1}", "brain.risk_premium_bps"),
        ("[buckets]\nfill_share_thin_p25 = 1.01", "buckets.fill_share_thin_p25"),
        ("[shadow]\ntrade_poll_taker_only = 1", "shadow.trade_poll_taker_only"),
        ('[shadow]\ntrade_poll_taker_only = "true"', "shadow.trade_poll_taker_only"),
        ("[shadow]\ntrade_poll_interval_ms = 0", "shadow.trade_poll_interval_ms"),
        ("[shadow]\nwindow_end_ms = 100", "shadow.window_end_ms"),
        ("[shadow]\nwindow_end_ms = 99", "shadow.window_end_ms"),
        ("[shadow]\ntrade_retention_ms = 1099", "shadow.trade_retention_ms"),
        ('[market_select]\nprefer_strategy = "square"', "market_select.prefer_strategy"),
        ("[live]\nchain_id = 138", "live.chain_id"),
        ("[live]\nflatten_max_attempts = 4", "live.flatten_max_attempts"),
        ('[live]\naccept_no_verdict = "a\\nb"', "live.accept_no_verdict"),
        ('[live]\naccept_no_verdict = "\\u202Eevil"', "live.accept_no_verdict"),
        ("[calibration]\nquantile = 0.5", "calibration.quantile"),
        ('[calibration]\nsuggest_filename = "../x.toml"', "calibration.suggest_filename"),
        ('[calibration]\nsuggest_filename = "config.toml"', "calibration.suggest_filename"),
        ("[risk]\nmax_exposure_usdc = 0", "risk.max_exposure_usdc"),
        ("[risk]\nmax_signal_usdc = 0", "risk.max_signal_usdc"),
        ("[risk]\nmax_day_loss_usdc = 0.0", "risk.max_day_loss_usdc"),
        ("[risk]\nmax_orders_per_min = 0", "risk.max_orders_per_min"),
        ("[risk]\nmax_open_orders = 0", "risk.max_open_orders"),
        ('[risk]\nmax_exposure_usdc = "100"', "risk.max_exposure_usdc"),
        ("[risk]\nmax_signal_usdc = 100.01", "risk.max_signal_usdc"),
        ("[risk]\nmax_event_exposure_usdc = 0", "risk.max_event_exposure_usdc"),
        ("[risk]\nmax_orders_per_min = 1", "risk.max_orders_per_min"),
        ("[risk]\nexit_reserve_pct = 0", "risk.exit_reserve_pct"),
        ("[risk]\nexit_reserve_pct = 91", "risk.exit_reserve_pct"),
        ("[risk]\nmax_loss_streak = 0", "risk.max_loss_streak"),
        ("[risk]\nmax_revert_permille = 1001", "risk.max_revert_permille"),
        ("[risk]\nrevert_window = 0", "risk.revert_window"),
        ("[risk]\nmax_api_error_permille = -1", "risk.max_api_error_permille"),
        ("[risk]\napi_error_window = 10001", "risk.api_error_window"),
        ("[oms]\nsignal_ttl_ms = 0", "oms.signal_ttl_ms"),
        ("[oms]\ntake_delayed_markets = 1", "oms.take_delayed_markets"),
        ("[feed]\nshard_tokens = 201", "feed.shard_tokens"),
        ("[feed]\npong_timeout_ms = 10000", "feed.pong_timeout_ms"),
        ("[feed]\nretry_max_ms = 249", "feed.retry_max_ms"),
        ("[feed]\nshard_quiet_ms = 19999", "feed.shard_quiet_ms"),
        ("[feed]\nhttp_retries = 3", "feed.http_retries"),
        ("[feed]\nbackoff_max_ms = 249", "feed.backoff_max_ms"),
        ('[run]\nmarket_ids = ["1", "1"]', "run.market_ids"),
        ("[run]\nmarket_ids = [1]", "run.market_ids"),
        ('[run]\nmarket_ids = "1"', "run.market_ids"),
        ('[run]\nmarket_ids = [""]', "run.market_ids"),
        ('[run]\nmarket_ids = ["a b"]', "run.market_ids"),
        ('[run]\ndata_dir = ""', "run.data_dir"),
        ('[run]\ndata_dir = "a\\u0000b"', "run.data_dir"),
        ('[polymarket]\nclob_base = "http://clob.example.org"', "polymarket.clob_base"),
        ('[polymarket]\nclob_base = "https://"', "polymarket.clob_base"),
        ('[polymarket]\nclob_base = "https://a:99999999"', "polymarket.clob_base"),
        ('[polymarket]\nclob_base = "https://a/?q=1"', "polymarket.clob_base"),
        ('[polymarket]\nclob_base = "file:///etc/passwd"', "polymarket.clob_base"),
        ('[polymarket]\nws_base = "https://a"', "polymarket.ws_base"),
        ('schema_version = "1.3.3"', "schema_version"),
        ("brain = 1", "brain"),
        ("schema_version = 1", "schema_version"),
    ],
)
def test_wrong_value_is_refused_with_key_line_range_and_remedy(text: str, key: str) -> None:
    problem = only_problem(text)
    assert problem.key == key
    assert problem.line == len(text.splitlines())
    assert problem.found
    assert problem.allowed
    assert problem.remedy
    assert len(problem.sentence()) < 500


@pytest.mark.parametrize(
    "text",
    [
        "[brain]\nq_req = 0.000001",
        "[brain]\nq_req = 1000000",
        "[brain]\nq_req = 1_000.5",
        "[brain]\nrisk_premium_bps = 0",
        "[brain]\nrisk_premium_bps = 10000",
        "[buckets]\nfill_share_thin_p25 = 0",
        "[buckets]\nfill_share_thin_p25 = 1.0",
        "[shadow]\nwindow_end_ms = 101",
        "[shadow]\ntrade_retention_ms = 1100",
        "[shadow]\nmax_trade_gap_ms = 0",
        "[live]\nchain_id = 80002",
        "[live]\nflatten_max_attempts = 0",
        "[risk]\nmax_residual_usdc = 0",
        "[risk]\nmax_signal_usdc = 100",
        "[risk]\nmax_orders_per_min = 2",
        "[risk]\nmax_orders_per_min = 1_000_000\nexit_reserve_pct = 90",
        "[risk]\nmax_revert_permille = 0",
        "[risk]\nmax_loss_streak = 1",
        "[risk]\nmax_signal_usdc = 0.000001",
        '[polymarket]\nclob_base = "http://127.0.0.1:8080/x"',
        '[polymarket]\nws_base = "ws://[::1]:8080"',
        '[polymarket]\nws_base = "ws://localhost:1"',
    ],
)
def test_values_at_the_edge_are_allowed(text: str) -> None:
    read_settings(text, source="my.toml")


def test_syntax_error_has_line_and_column() -> None:
    problem = only_problem("[brain]\nq_req = = 3\n")
    assert (problem.line, problem.column) == (2, 9)
    assert "not TOML" in problem.found


def test_key_written_twice_is_a_syntax_error() -> None:
    assert only_problem("[brain]\nq_req = 1\nq_req = 2\n").line == 3


def test_unclosed_text_at_the_end_is_a_syntax_error() -> None:
    assert "not TOML" in only_problem('[run]\ndata_dir = "').found


def test_number_of_thousands_of_digits_is_refused() -> None:
    assert "thousands of digits" in only_problem("[brain]\nrisk_premium_bps = 1" + "0" * 9000).found


def test_deep_nesting_is_refused() -> None:
    assert "nested" in only_problem("a = " + "[" * 50_000).found


def test_text_that_is_not_utf8_names_line_and_offset() -> None:
    with pytest.raises(SettingsError) as caught:
        decode_text(b"[run]\ndata_dir = '\xff'\n", source="my.toml")
    problem = caught.value.problems[0]
    assert problem.line == 2
    assert "0xff at offset 18" in problem.found


def test_byte_order_mark_is_named() -> None:
    with pytest.raises(SettingsError, match="byte order mark"):
        decode_text(b"\xef\xbb\xbf[run]\n", source="my.toml")


def test_line_numbers_survive_comments_headers_and_long_texts() -> None:
    text = (
        "# [brain]\n"
        "[ run ] # where\n"
        'data_dir = """\n'
        "q_req = 5\n"
        '"""\n'
        "[brain]\n"
        '"q_req" = -1\n'
        "brain_x.y = 1\n"
    )
    lines = {problem.key: problem.line for problem in problems_of(text)}
    assert lines == {"run.data_dir": 3, "brain.q_req": 7, "brain.brain_x": None}


def test_predecessors_file_keeps_its_unknown_keys_to_itself() -> None:
    text = (
        'schema_version = "1.3.2a"\n'
        "[run]\nmarket_ids = ['517310']\ndata_dir = 'data'\nold_key = 1\n"
        "[brain]\nq_req = 12.5\nenable_round_gate = true\n"
        "[live]\nenabled = true\nflatten_max_attempts = 200\n"
        "[unheard_of]\nx = 1\n"
    )
    found = read_predecessor_settings(text, source="config.toml")
    assert found.brain.q_req == Decimal("12.5")
    assert found.run.market_ids == ("517310",)
    assert found.live == Settings().live
    with pytest.raises(SettingsError):
        read_settings(text, source="config.toml")


def test_predecessors_file_is_still_checked_where_the_ledger_depends_on_it() -> None:
    with pytest.raises(SettingsError) as caught:
        read_predecessor_settings("[brain]\nq_req = nan\nold = 1\n", source="config.toml")
    assert [problem.key for problem in caught.value.problems] == ["brain.q_req"]


DEFAULT_ENTRIES = tuple(entries(Settings()))


def wrong_values(kind: Kind) -> st.SearchStrategy[str]:
    """TOML texts that no key of this kind may accept."""
    everywhere = ["nan", "inf", "{}", "2026-01-01T00:00:00Z", "[[]]", "1e400"]
    match kind:
        case Whole(low=low, high=high):
            own = [str(low - 1), str(high + 1), "true", '"1"', "1.5", f'"{low}"', "9" * 60]
        case Exact(low=low, high=high):
            own = [str(low - 1), str(high + 1), "true", '"0.5"', "0.1234567890123456789"]
        case Flag():
            own = ["0", "1", '"true"', '"false"', "[]"]
        case Word():
            own = ['""', '"bogus"', "1", "true"]
        case Text() | Address():
            own = ['"\\u0000"', "1", "true", "[]", f'"{"x" * 600}\\u001b"']
        case TextList():
            own = ['""', "[1]", '["a", "a"]', '["\\n"]', "true"]
    return st.sampled_from([*everywhere, *own])


@hypothesis_settings(max_examples=400, deadline=None)
@given(data=st.data())
def test_one_mutated_field_is_refused_with_its_path_and_line(data: st.DataObject) -> None:
    entry = data.draw(st.sampled_from(DEFAULT_ENTRIES))
    wrong = data.draw(wrong_values(entry.declared.kind))
    lines = default_file().splitlines()
    header = lines.index(f"[{entry.section}]") if entry.section else 0
    place = next(
        number
        for number, line in enumerate(lines)
        if number >= header and line.startswith(f"{entry.name} = ")
    )
    lines[place] = f"{entry.name} = {wrong}"
    found = only_problem("\n".join(lines))
    assert (found.key, found.line) == (entry.path, place + 1)


@hypothesis_settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_one_misspelt_key_is_refused_with_its_path(data: st.DataObject) -> None:
    entry = data.draw(st.sampled_from(DEFAULT_ENTRIES))
    place = data.draw(st.integers(0, len(entry.name) - 1))
    letter = data.draw(st.sampled_from("qzx_"))
    name = entry.name[:place] + letter + entry.name[place:]
    known = {other.name for other in DEFAULT_ENTRIES if other.section == entry.section}
    text = f"[{entry.section}]\n{name} = 1\n" if entry.section else f"{name} = 1\n"
    if name not in known:
        assert only_problem(text).key == (f"{entry.section}.{name}" if entry.section else name)


@given(st.binary(max_size=200))
def test_any_bytes_give_settings_or_one_typed_error(raw: bytes) -> None:
    try:
        read_settings(decode_text(raw, source="x"), source="x")
    except SettingsError as error:
        problems = error.problems
    else:
        return
    assert problems


@given(
    st.decimals(
        min_value="0.000001", max_value=1_000_000, places=6, allow_nan=False, allow_infinity=False
    )
)
def test_any_allowed_quantity_survives_the_file_exactly(value: Decimal) -> None:
    found = read_settings(f"[brain]\nq_req = {value:f}\n", source="x")
    assert found.brain.q_req == value
    again = read_settings(f"[brain]\nq_req = {value:f}00\n", source="x")
    assert settings_hash(found) == settings_hash(again)
