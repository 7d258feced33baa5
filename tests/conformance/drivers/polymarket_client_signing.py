"""Orders, logins and private calls as `polymarket-client` signs them; no network."""

from typing import Any

from eth_account import Account  # type: ignore[import-not-found]
from eth_account.messages import encode_typed_data  # type: ignore[import-not-found]
from eth_account.signers.local import LocalAccount  # type: ignore[import-not-found]
from eth_utils.crypto import keccak  # type: ignore[import-not-found]
from polymarket._internal.actions.orders.typed_data import (  # type: ignore[import-not-found]
    build_order_signature,
    build_order_typed_data,
)
from polymarket._internal.actions.orders.types import (  # type: ignore[import-not-found]
    UnsignedOrder,
)
from polymarket._internal.environment import (  # type: ignore[import-not-found]
    PRODUCTION_CONFIG,
)
from polymarket._internal.hmac import build_hmac_signature  # type: ignore[import-not-found]
from polymarket._internal.l1_auth import sign_api_key_auth  # type: ignore[import-not-found]
from polymarket._internal.wallet import (  # type: ignore[import-not-found]
    classify_account,
    derive_beacon_deposit_wallet_address,
    derive_proxy_wallet_address,
    derive_safe_wallet_address,
    derive_uups_deposit_wallet_address,
    signature_type_for,
    wrap_deposit_wallet_signature,
)

from tests.conformance.drivers.task import perform

DERIVATIONS = (
    derive_beacon_deposit_wallet_address,
    derive_uups_deposit_wallet_address,
    derive_safe_wallet_address,
    derive_proxy_wallet_address,
)


def _sign_order(account: LocalAccount, given: dict[str, Any]) -> dict[str, str]:
    order = UnsignedOrder(
        chain_id=PRODUCTION_CONFIG.chain_id,
        builder=given["builder"],
        exchange_address=given["contract"],
        expiration=0,
        maker=given["maker"],
        maker_amount=given["maker_amount"],
        metadata=given["metadata"],
        order_type="GTC",
        salt=given["salt"],
        side=given["side"],
        signature_type=given["signature_type"],
        signer=given["signer"],
        taker_amount=given["taker_amount"],
        timestamp=given["timestamp_ms"],
        token_id=given["token_id"],
        protocol_version=given["domain_version"],
    )
    typed = build_order_typed_data(order)
    signed = account.sign_typed_data(full_message=typed)
    signature = build_order_signature(order, "0x" + signed.signature.hex())
    return {
        "order_id": _order_id(typed),
        "signature": wrap_deposit_wallet_signature(
            signer=account.address, signer_type=given["signer_type"], signature=signature
        ),
    }


def _order_id(typed: dict[str, Any]) -> str:
    """The hash of the order alone: what a deposit wallet signs wraps it."""
    if typed["primaryType"] == "TypedDataSign":
        types = {name: typed["types"][name] for name in ("EIP712Domain", "Order")}
        message = typed["message"]["contents"]
        typed = {**typed, "types": types, "primaryType": "Order", "message": message}
    encoded = encode_typed_data(full_message=typed)
    return "0x" + str(keccak(b"\x19" + encoded.version + encoded.header + encoded.body).hex())


def _wallets(address: str) -> list[dict[str, Any]]:
    derived = [address]
    derived += [derive(address, PRODUCTION_CONFIG.wallet_derivation) for derive in DERIVATIONS]
    types = [
        classify_account(
            signer=address, wallet=wallet, config=PRODUCTION_CONFIG.wallet_derivation
        ).wallet_type
        for wallet in derived
    ]
    return [
        {"wallet": wallet, "signature_type": signature_type_for(wallet_type)}
        for wallet, wallet_type in zip(derived, types, strict=True)
    ]


def _work(task: dict[str, Any]) -> dict[str, Any]:
    account = Account.from_key(task["key"])
    return {
        "orders": [_sign_order(account, order) for order in task["orders"]],
        "logins": [
            sign_api_key_auth(
                account, chain_id=137, timestamp=login["timestamp"], nonce=login["nonce"]
            ).signature
            for login in task["logins"]
        ],
        "calls": [build_hmac_signature(**call) for call in task["calls"]],
        "wallets": _wallets(account.address),
    }


if __name__ == "__main__":
    perform(_work)
