"""How `polymarket-client` is pointed at the local exchange: its own object, with other URLs."""

from dataclasses import replace
from typing import Any

from polymarket import RelayerApiKey  # type: ignore[import-not-found]
from polymarket._internal.environment import (  # type: ignore[import-not-found]
    PRODUCTION_CONFIG,
    create_environment,
)
from polymarket.environments import Environment  # type: ignore[import-not-found]


def environment(task: dict[str, Any]) -> Environment:
    """The production environment with the URLs that the exchange printed."""
    nowhere = "http://127.0.0.1:9"
    config = replace(
        PRODUCTION_CONFIG,
        clob_url=task["clob"],
        clob_market_ws_url=f"{task['ws']}/ws/market",
        clob_user_ws_url=f"{task['ws']}/ws/user",
        gamma_url=task["gamma"],
        data_url=task.get("data", nowhere),
        relayer_url=task.get("relayer", nowhere),
        rpc_url=task.get("rpc", nowhere),
        relayer_poll_frequency_ms=100,
        relayer_max_polls=1_000,
    )
    return create_environment(name="sandbox", config=config)


def login(task: dict[str, Any], number: int) -> dict[str, Any]:
    """The arguments that make a secure client of one of the funded accounts."""
    account = task["accounts"][number]
    return {
        "private_key": account["key"],
        "wallet": account["wallet"],
        "environment": environment(task),
        "nonce": task["nonce"],
        "api_key": RelayerApiKey(
            key=account.get("relayer_key", "sandbox"), address=account["address"]
        ),
    }
