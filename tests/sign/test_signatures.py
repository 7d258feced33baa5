"""Signatures through the binding: the official clients' vectors, and what is refused."""

import json
from pathlib import Path
from typing import Any

import pytest

from razor import _core

VECTORS: dict[str, Any] = json.loads(
    (
        Path(__file__).parents[2] / "rust/razor_sign/tests/golden/golden_vectors_signing.json"
    ).read_text()
)
EXCHANGES = {
    "ctf_exchange_v2": _core.SigningExchange.plain(),
    "neg_risk_exchange_v2": _core.SigningExchange.neg_risk(),
    "exchange_v3": _core.SigningExchange.v3(),
}
ORDERS = VECTORS["orders"]
KEY = _core.SigningKey.from_hex(VECTORS["private_key_public_test_vector"])


def order_of(case: dict[str, Any], **changed: object) -> _core.VenueOrder:
    fields = case["order"]["order"]
    arguments: dict[str, Any] = {
        "salt": fields["salt"],
        "maker": fields["maker"],
        "signer": fields["signer"],
        "token_id": fields["tokenId"],
        "maker_amount": int(fields["makerAmount"]),
        "taker_amount": int(fields["takerAmount"]),
        "is_buy": fields["side"] == "BUY",
        "signature_type": fields["signatureType"],
        "timestamp_ms": int(fields["timestamp"]),
        "metadata": fields["metadata"],
        "builder": fields["builder"],
        **changed,
    }
    return _core.VenueOrder(**arguments)


@pytest.mark.parametrize("case", ORDERS, ids=lambda case: case["order_hash_eip712"][:10])
def test_an_order_has_the_id_and_signature_of_the_official_clients(case: dict[str, Any]) -> None:
    exchange = EXCHANGES[case["exchange"]]
    assert exchange.contract == case["verifyingContract"]
    order = order_of(case)
    signature = case["order"]["order"]["signature"]
    assert order.order_id(exchange) == case["order_hash_eip712"]
    assert order.sign(exchange, KEY) == signature
    signed = order.verify(exchange, signature)
    assert (signed.order_id, signed.signer) == (case["order_hash_eip712"], VECTORS["address"])
    assert not signed.is_session


def test_a_changed_order_names_the_stranger_who_would_have_signed_it() -> None:
    case = ORDERS[0]
    changed = order_of(case, taker_amount=1)
    with pytest.raises(_core.SignatureError, match="sign with the owner's key") as caught:
        changed.verify(EXCHANGES[case["exchange"]], case["order"]["order"]["signature"])
    assert caught.value.signer not in {None, VECTORS["address"]}


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"maker": "0x12"}, "an address must be 0x and 40 hex digits"),
        ({"token_id": "-1"}, "a token id must be a decimal integer below 2"),
        ({"metadata": "zero"}, "metadata must be 0x and 64 hex digits"),
        ({"signature_type": 4}, "signature type 4 is not one of 0, 1, 2, 3"),
    ],
)
def test_a_malformed_member_is_named(changed: dict[str, object], words: str) -> None:
    with pytest.raises(_core.SignatureError, match=words) as caught:
        order_of(ORDERS[0], **changed)
    assert caught.value.signer is None


def test_the_login_is_taken_from_its_address_only() -> None:
    login = VECTORS["l1_clob_auth"]
    timestamp, nonce = login["timestamp"], login["nonce"]
    signature = KEY.sign_login(timestamp, nonce)
    assert signature == login["signature"]
    _core.verify_login(KEY.address, timestamp, nonce, signature)
    with pytest.raises(_core.SignatureError):
        _core.verify_login(KEY.address, timestamp, nonce + 1, signature)


@pytest.mark.parametrize("call", VECTORS["l2_hmac"], ids=lambda call: call["method"])
def test_a_private_call_has_the_header_of_the_official_clients(call: dict[str, Any]) -> None:
    secret = _core.ApiSecret(call["secret_b64"])
    body = (call["body"] or "").encode()
    arguments = (call["timestamp"], call["method"], call["path"], body)
    assert secret.sign(*arguments) == call["signature"]
    assert secret.verify(*arguments, call["signature"])
    assert not secret.verify(*arguments[:3], body + b" ", call["signature"])


def test_secrets_are_not_shown() -> None:
    text = VECTORS["private_key_public_test_vector"]
    with pytest.raises(_core.SignatureError) as caught:
        _core.SigningKey.from_hex(text[:-1])
    shown = f"{KEY!r} {KEY} {caught.value}"
    assert text[2:12] not in shown
    assert VECTORS["address"] in shown


def test_an_address_is_written_with_its_checksum() -> None:
    assert _core.checksum_address(VECTORS["address"].lower()) == VECTORS["address"]
    with pytest.raises(_core.SignatureError):
        _core.checksum_address("0x")
