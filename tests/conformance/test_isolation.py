"""A client that is not pointed at the local exchange reaches nothing at all."""

from pathlib import Path

import pytest

from tests.conformance.clients import Client, Failed

pytestmark = [pytest.mark.conformance, pytest.mark.timeout(600)]


def test_a_client_that_asks_the_venue_is_stopped_here(
    polymarket_client: Client, tmp_path: Path
) -> None:
    with pytest.raises(Failed, match=r"reached for .gamma-api\.polymarket\.com"):
        polymarket_client.run("polymarket_client_unpointed", {}, tmp_path, 60)
