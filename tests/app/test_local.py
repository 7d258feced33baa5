"""The local exchange as a source: where settings point, and what a wrong port hears."""

import pytest

from razor.app.local import is_local, local_settings
from razor.domain.errors import SettingsError, Unreachable
from razor.domain.local_venue import FIRST_PORT, SERVICES, local_url
from razor.domain.settings import Settings, default_file, read_settings


def settings(market_ids: str) -> Settings:
    """The defaults with these markets."""
    text = default_file().replace("market_ids = []", f"market_ids = {market_ids}")
    return read_settings(text, source="a test")


@pytest.mark.parametrize(
    ("source", "expected"),
    [("sandbox", True), ("sandbox:9000", True), ("sandboxes", False), ("polymarket", False)],
)
def test_its_name_is_known(source: str, expected: bool) -> None:  # noqa: FBT001 - a table
    assert is_local(source) is expected


def test_settings_point_to_this_machine_and_keep_the_markets() -> None:
    pointed = local_settings(settings('["5"]'), "sandbox:9000")
    venue = pointed.polymarket
    assert (venue.clob_base, venue.gamma_base, venue.data_api_base, venue.ws_base) == (
        "http://127.0.0.1:9000",
        "http://127.0.0.1:9001",
        "http://127.0.0.1:9002",
        "ws://127.0.0.1:9000",
    )
    assert pointed.run.market_ids == ("5",)
    usual = local_settings(settings('["5"]'), "sandbox").polymarket
    assert usual.clob_base == f"http://127.0.0.1:{FIRST_PORT}"
    assert len({local_url(service, 1) for service in SERVICES}) == len(SERVICES)


@pytest.mark.parametrize("port", ["0", "-1", "65001", "x", "9000/", "\uff11"])
def test_a_port_that_is_none_is_a_usage_error(port: str) -> None:
    with pytest.raises(SettingsError, match="sandbox:PORT"):
        local_settings(settings('["5"]'), f"sandbox:{port}")


def test_without_markets_the_exchange_is_asked_for_its_list() -> None:
    # Nobody listens on port 1, and nobody may.
    with pytest.raises(Unreachable):
        local_settings(settings("[]"), "sandbox:1")
