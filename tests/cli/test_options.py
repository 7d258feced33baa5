"""Options as every verb understands them: durations to the millisecond, words, and no surprises."""

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from razor.app.cli import options
from razor.application.play import Pace
from razor.domain.manifest import ResumePolicy

UNITS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}


def value_of(option: object, *arguments: str) -> object:
    """What a verb gets for an option that stands on its command line."""
    assert callable(option)
    found: list[object] = []

    def verb(**values: object) -> None:
        found.extend(values.values())

    command = click.command("x")(option(verb))
    command.main(list(arguments), standalone_mode=False)
    (value,) = found
    return value


@pytest.mark.parametrize(
    ("text", "ms"),
    [
        ("0", 0),
        ("1", 1_000),
        ("60", 60_000),
        ("60s", 60_000),
        ("15m", 900_000),
        ("2h", 7_200_000),
        ("14d", 1_209_600_000),
        ("250ms", 250),
        ("007s", 7_000),
        ("  5s ", 5_000),
        ("0d", 0),
        ("999999999ms", 999_999_999),
        ("999999999d", 999_999_999 * 86_400_000),
    ],
)
def test_a_duration_is_read_to_the_millisecond(text: str, ms: int) -> None:
    assert value_of(options.duration, "--duration", text) == ms


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "s",
        "-5s",
        "+5s",
        "1.5h",
        "1,5h",
        "5 s",
        "5S",
        "5sec",
        "1h30m",
        "1e3s",
        "٣s",
        "\uff15s",
        "1000000000s",
        "5µs",
        "0x5",
        "5s\n5s",
        "∞",
    ],
)
def test_anything_else_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(click.BadParameter, match="write 60s, 15m, 2h or 14d"):
        value_of(options.duration, "--duration", text)


@given(st.integers(0, 999_999_999), st.sampled_from(sorted(UNITS)))
def test_every_number_with_every_unit_is_their_product(number: int, unit: str) -> None:
    assert value_of(options.duration, f"--duration={number}{unit}") == number * UNITS[unit]


@given(st.integers(0, 10**9 - 1))
def test_no_unit_means_seconds(number: int) -> None:
    assert value_of(options.duration, f"--duration={number}") == number * 1_000


@given(st.text(max_size=12))
def test_any_text_is_a_duration_or_a_usage_error(text: str) -> None:
    try:
        value = value_of(options.duration, f"--duration={text}")
    except click.BadParameter:
        return
    assert isinstance(value, int)
    assert value >= 0


def test_without_a_duration_there_is_no_end() -> None:
    assert value_of(options.duration) == 0


@pytest.mark.parametrize(("word", "pace"), [("max", Pace.MAX), ("1x", Pace.REAL)])
def test_a_speed_is_one_of_three_words(word: str, pace: Pace) -> None:
    assert value_of(options.speed, "--speed", word) is pace
    assert value_of(options.speed) is Pace.MAX
    assert value_of(options.speed, "--speed", "10x") is Pace.TENFOLD


@pytest.mark.parametrize("word", ["", "2x", "MAX", "10", "real"])
def test_any_other_speed_is_refused(word: str) -> None:
    with pytest.raises(click.BadParameter):
        value_of(options.speed, "--speed", word)


@pytest.mark.parametrize("policy", list(ResumePolicy))
def test_resuming_is_one_of_the_known_policies(policy: ResumePolicy) -> None:
    assert value_of(options.resume, "--resume", policy.value) is policy
    assert value_of(options.resume) is ResumePolicy.AUTO


@pytest.mark.parametrize("word", ["", "always", "AUTO", "no"])
def test_any_other_policy_is_refused(word: str) -> None:
    with pytest.raises(click.BadParameter):
        value_of(options.resume, "--resume", word)


@pytest.mark.parametrize(
    ("option", "expected"),
    [
        (options.as_json, False),
        (options.log_file, None),
        (options.log_level, "INFO"),
        (options.mode, None),
        (options.source, "polymarket"),
        (options.runs_dir, None),
        (options.out_dir, None),
        (options.optional_config_file, None),
    ],
)
def test_the_defaults_are_the_safe_ones(option: object, expected: object) -> None:
    assert value_of(option) == expected
