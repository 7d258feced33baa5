"""Every key that the feed obeys comes from the settings file, under its own name, exactly once."""

from dataclasses import Field, fields, replace

import pytest

from razor.app.live import feed_settings
from razor.domain.feed import EndpointSettings, FeedSettings, TradesApi
from razor.domain.settings import Settings

DEFAULTS = Settings()
# The feed's name for a key, and the key's own where it differs.
RENAMED = {
    "frame_max_bytes": "frame_cap_bytes",
    "spot_check_ms": "rest_check_interval_ms",
    "spot_check_tokens": "rest_check_tokens",
}
# Not a setting: what the venue is told about us is fixed.
FIXED = {"user_agent", "endpoints"}
OF_SHADOW = {"trade_poll_interval_ms", "trade_poll_limit", "trade_poll_taker_only"}
KEYS = [each.name for each in fields(FeedSettings) if each.name not in FIXED]
# Keys of [feed] that the core obeys and not the feed.
OF_THE_CORE = {"hash_check_every", "raw_ws", "raw_ws_rotate_bytes"}


def changed(name: str, value: object) -> Settings:
    """The defaults with the one key that stands behind a name of the feed changed."""
    key = RENAMED.get(name, name)
    if name in OF_SHADOW:
        shadow = replace(DEFAULTS.shadow, **{key: value})  # type: ignore[arg-type]
        return replace(DEFAULTS, shadow=shadow)
    feed = replace(DEFAULTS.feed, **{key: value})  # type: ignore[arg-type]
    return replace(DEFAULTS, feed=feed)


def other(value: object) -> object:
    """A value of the same kind that is not the default."""
    match value:
        case bool():
            return not value
        case TradesApi():
            return "v2"
        case int():
            return value + 7
        case _:
            pytest.fail(f"no other value for {value!r}")


@pytest.mark.parametrize("name", KEYS)
def test_a_changed_key_reaches_the_feed_and_nothing_else_changes(name: str) -> None:
    before = feed_settings(DEFAULTS)
    wanted = other(getattr(before, name))
    after = feed_settings(changed(name, wanted))
    found = getattr(after, name)
    assert (found.value if isinstance(found, TradesApi) else found) == wanted
    assert replace(after, **{name: getattr(before, name)}) == before


@pytest.mark.parametrize("name", [each.name for each in fields(EndpointSettings)])
def test_a_changed_address_or_timeout_reaches_the_feed(name: str) -> None:
    before = feed_settings(DEFAULTS)
    value = getattr(DEFAULTS.polymarket, name)
    wanted = value + 7 if isinstance(value, int) else f"{value}/proxy"
    venue = replace(DEFAULTS.polymarket, **{name: wanted})  # type: ignore[arg-type]
    after = feed_settings(replace(DEFAULTS, polymarket=venue))
    assert getattr(after.endpoints, name) == wanted
    back = replace(after.endpoints, **{name: value})
    assert replace(after, endpoints=back) == before


@pytest.mark.parametrize("name", KEYS)
def test_the_defaults_of_the_feed_are_those_of_the_settings(name: str) -> None:
    assert getattr(feed_settings(DEFAULTS), name) == getattr(FeedSettings(), name)


def test_every_key_of_the_feed_section_is_used() -> None:
    used = {RENAMED.get(name, name) for name in KEYS} - OF_SHADOW
    there = {each.name for each in fields(DEFAULTS.feed)}
    assert there - used == OF_THE_CORE
    assert used <= there


def test_no_key_of_the_feed_is_left_to_a_default_of_its_own() -> None:
    def holder(each: Field[object]) -> object:
        return DEFAULTS.shadow if each.name in OF_SHADOW else DEFAULTS.feed

    for each in fields(FeedSettings):
        if each.name not in FIXED:
            assert hasattr(holder(each), RENAMED.get(each.name, each.name)), each.name
