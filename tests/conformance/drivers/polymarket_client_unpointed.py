"""`polymarket-client` as it is without a word about the local exchange: it asks the venue."""

from typing import Any

from polymarket import PublicClient  # type: ignore[import-not-found]

from tests.conformance.drivers.task import perform


def _work(_: dict[str, Any]) -> dict[str, Any]:
    with PublicClient() as client:
        return {"markets": len(client.list_markets(page_size=1).first_page().items)}


if __name__ == "__main__":
    perform(_work)
