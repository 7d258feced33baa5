"""Orders, logins and private calls as `py-clob-client-v2` signs them; no network."""

from typing import Any

from py_clob_client_v2.order_utils import (  # type: ignore[import-not-found]
    ExchangeOrderBuilderV2,
)
from py_clob_client_v2.order_utils.model.order_data_v2 import (  # type: ignore[import-not-found]
    OrderDataV2,
)
from py_clob_client_v2.order_utils.model.side import Side  # type: ignore[import-not-found]
from py_clob_client_v2.signer import Signer  # type: ignore[import-not-found]
from py_clob_client_v2.signing import (  # type: ignore[import-not-found]
    build_hmac_signature,
    sign_clob_auth_message,
)

from tests.conformance.drivers.task import perform


def _sign_order(signer: Signer, given: dict[str, Any]) -> dict[str, str]:
    builder = ExchangeOrderBuilderV2(
        given["contract"],
        signer.get_chain_id(),
        signer,
        generate_salt=lambda: str(given["salt"]),
        domain_version=given["domain_version"],
    )
    order = builder.build_signed_order(
        OrderDataV2(
            maker=given["maker"],
            tokenId=given["token_id"],
            makerAmount=str(given["maker_amount"]),
            takerAmount=str(given["taker_amount"]),
            side=Side[given["side"]],
            signer=given["signer"],
            signatureType=given["signature_type"],
            timestamp=str(given["timestamp_ms"]),
            metadata=given["metadata"],
            builder=given["builder"],
        )
    )
    typed = builder.build_order_typed_data(order)
    return {"order_id": builder.build_order_hash(typed), "signature": order.signature}


def _work(task: dict[str, Any]) -> dict[str, Any]:
    signer = Signer(task["key"], 137)
    return {
        "orders": [_sign_order(signer, order) for order in task["orders"]],
        "logins": [
            sign_clob_auth_message(signer, login["timestamp"], login["nonce"])
            for login in task["logins"]
        ],
        "calls": [
            build_hmac_signature(
                call["secret"], call["timestamp"], call["method"], call["path"], call["body"]
            )
            for call in task["calls"]
        ],
    }


if __name__ == "__main__":
    perform(_work)
