"""razor and the clients of others sign the same bytes, and derive the same wallets."""

import random
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from razor import _core
from tests.conformance.clients import Client

pytestmark = [pytest.mark.conformance, pytest.mark.timeout(600)]

# A published key of a test chain; nobody keeps anything there.
KEY = "0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d"
ADDRESS = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"
DEPOSIT_WALLET = "0x4Fe2CC4925607a473264FA89e7138075695A5F8e"
OLD_DEPOSIT_WALLET = "0x5F4f45aBd6e86C60B3Df2a4aF103f85256A2Ce6d"
SAFE = "0x8ac5D4Bd2752AFc9F5CA531f19D617647216B893"
PROXY = "0xd9d24e482c11F586cd9A1a53dC3eEc6dE3883862"
SOMEBODYS_WALLET = "0x75E17433e195EcbD64B080387a840E8CEcC37657"
FUNDS = {0: ADDRESS, 1: PROXY, 2: SAFE, 3: DEPOSIT_WALLET}
EXCHANGES = [
    (_core.SigningExchange.plain(), "2"),
    (_core.SigningExchange.neg_risk(), "2"),
    (_core.SigningExchange.v3(), "3"),
]
ZERO = "0x" + "0" * 64
SHARED = "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LTEyMzQ="
LOGINS = [{"timestamp": 1_767_225_600, "nonce": 0}, {"timestamp": 1_795_000_000, "nonce": 7}]
CALLS = [
    {"secret": SHARED, "timestamp": 1_767_225_600, "method": method, "path": path, "body": body}
    for method, path, body in [
        ("GET", "/data/orders", None),
        ("POST", "/order", '{"order":{"salt":1},"owner":"é"}'),
        ("DELETE", "/orders", '["0x01"]'),
    ]
]


def _orders() -> list[dict[str, Any]]:
    """Two orders per exchange and signature type, the second with every member set."""
    dice = random.Random(20_261_121)
    return [
        {
            "contract": exchange.contract,
            "domain_version": version,
            "signature_type": signature_type,
            "signer_type": "OWNER",
            "salt": dice.getrandbits(53),
            "maker": FUNDS[signature_type],
            "signer": DEPOSIT_WALLET if signature_type == 3 else ADDRESS,
            "token_id": str(dice.getrandbits(256)),
            "maker_amount": dice.randrange(1, 10**12),
            "taker_amount": dice.randrange(1, 10**12),
            "side": dice.choice(["BUY", "SELL"]),
            "timestamp_ms": dice.randrange(1_767_225_600_000, 1_800_000_000_000),
            "metadata": f"0x{dice.getrandbits(256):064x}" if is_full else ZERO,
            "builder": f"0x{dice.getrandbits(256):064x}" if is_full else ZERO,
        }
        for (exchange, version), signature_type, is_full in product(
            EXCHANGES, range(4), [False, True]
        )
    ]


def _ours(order: dict[str, Any]) -> tuple[_core.VenueOrder, _core.SigningExchange]:
    names = ("salt", "maker", "signer", "token_id", "maker_amount", "taker_amount")
    more = ("signature_type", "timestamp_ms", "metadata", "builder")
    members = {name: order[name] for name in (*names, *more)}
    exchange = next(each for each, _ in EXCHANGES if each.contract == order["contract"])
    return _core.VenueOrder(**members, is_buy=order["side"] == "BUY"), exchange


def _is_signed_alike(orders: list[dict[str, Any]], answer: dict[str, Any]) -> None:
    key = _core.SigningKey.from_hex(KEY)
    for given, theirs in zip(orders, answer["orders"], strict=True):
        order, exchange = _ours(given)
        ours = {"order_id": order.order_id(exchange), "signature": order.sign(exchange, key)}
        assert theirs == ours, given
        signed = order.verify(exchange, theirs["signature"])
        assert (signed.order_id, signed.signer) == (theirs["order_id"], ADDRESS)
        assert not signed.is_session
    logins = [key.sign_login(str(login["timestamp"]), int(login["nonce"])) for login in LOGINS]
    assert answer["logins"] == logins
    secret = _core.ApiSecret(SHARED)
    assert answer["calls"] == [
        secret.sign(
            str(call["timestamp"]),
            str(call["method"]),
            str(call["path"]),
            str(call["body"] or "").encode(),
        )
        for call in CALLS
    ]


def test_the_unified_client_signs_what_razor_signs(
    polymarket_client: Client, tmp_path: Path
) -> None:
    orders = _orders()
    task = {"key": KEY, "orders": orders, "logins": LOGINS, "calls": CALLS}
    answer = polymarket_client.run("polymarket_client_signing", task, tmp_path, 60)
    _is_signed_alike(orders, answer)
    assert [(each["wallet"], each["signature_type"]) for each in answer["wallets"]] == [
        (ADDRESS, 0),
        (DEPOSIT_WALLET, 3),
        (OLD_DEPOSIT_WALLET, 3),
        (SAFE, 2),
        (PROXY, 1),
    ]


def test_a_session_key_of_the_unified_client_is_recovered_as_one(
    polymarket_client: Client, tmp_path: Path
) -> None:
    """The key trades for a wallet that is not its own; razor finds the key and says so."""
    orders = [
        {**order, "maker": SOMEBODYS_WALLET, "signer": SOMEBODYS_WALLET, "signer_type": "SESSION"}
        for order in _orders()
        if order["signature_type"] == 3
    ]
    task = {"key": KEY, "orders": orders, "logins": [], "calls": []}
    answer = polymarket_client.run("polymarket_client_signing", task, tmp_path, 60)
    for given, theirs in zip(orders, answer["orders"], strict=True):
        order, exchange = _ours(given)
        signed = order.verify(exchange, theirs["signature"])
        assert (signed.order_id, signed.signer) == (theirs["order_id"], ADDRESS)
        assert signed.is_session


def test_the_older_client_signs_what_razor_signs(py_clob_client: Client, tmp_path: Path) -> None:
    orders = _orders()
    task = {"key": KEY, "orders": orders, "logins": LOGINS, "calls": CALLS}
    _is_signed_alike(orders, py_clob_client.run("py_clob_client_v2_signing", task, tmp_path, 60))
