"""A client each, and the local exchange that they are pointed at."""

from collections.abc import Iterator

import pytest

from tests.conformance.clients import Client, Unavailable, installed
from tests.conformance.exchange import Exchange, can_serve, serving


def _client(name: str) -> Client:
    try:
        return installed(name)
    except Unavailable as absent:
        pytest.skip(str(absent))


@pytest.fixture(scope="session")
def polymarket_client() -> Client:
    return _client("polymarket-client")


@pytest.fixture(scope="session")
def py_clob_client() -> Client:
    return _client("py-clob-client-v2")


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exchange]:
    if not can_serve():
        pytest.skip("this razor has no `razor sandbox serve`")
    with serving(tmp_path_factory.mktemp("sandbox") / "stderr.txt") as exchange:
        yield exchange
