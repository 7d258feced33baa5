"""A client each, and the local exchange that they are pointed at."""

import pytest

from tests.conformance.clients import Client, Unavailable, installed


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
