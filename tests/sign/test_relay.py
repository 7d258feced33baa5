"""What the relayer is given, through the binding: the official client's vectors, and what is read.

`golden_vectors_relayer.json` says how it was made.
"""

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from razor import _core

VECTORS: dict[str, Any] = json.loads(
    (
        Path(__file__).parents[2] / "rust/razor_sign/tests/golden/golden_vectors_relayer.json"
    ).read_text()
)
KEY = _core.SigningKey.from_hex(VECTORS["private_key_public_test_vector"])
OTHER_KEY = _core.SigningKey.from_hex("0x" + "22" * 32)
CALLS = {name: _core.WalletCall(**call) for name, call in VECTORS["calls"].items()}
CONDITION = "0x" + "c3" * 32
V2_CONDITION = "0x02" + "5a" * 16 + "00" * 8 + "000300000001"
MOST = 2**256 - 1
WALLET = VECTORS["batches"][0]["wallet"]
RECIPIENT = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"

# Kind, contract, key, party, sender, index and amount of every call of the vectors.
ACTS: dict[str, tuple[str, str, str, str | None, str | None, int, int]] = {
    "split": ("split", "adapter", CONDITION, None, None, 0, 100_000_000),
    "split_neg_risk": ("split", "neg_risk_adapter", CONDITION, None, None, 0, 1),
    "merge": ("merge", "adapter", CONDITION, None, None, 0, 100_000_000),
    "merge_neg_risk": ("merge", "neg_risk_adapter", CONDITION, None, None, 0, MOST),
    "redeem": ("redeem", "adapter", CONDITION, None, None, 0, 0),
    "redeem_neg_risk": ("redeem", "neg_risk_adapter", CONDITION, None, None, 0, 0),
    "router_split": ("split", "router", V2_CONDITION, None, None, 0, 5_000_000),
    "router_merge": ("merge", "router", V2_CONDITION, None, None, 0, 5_000_000),
    "router_redeem_yes": ("redeem_part", "router", V2_CONDITION, None, None, 0, 5_000_000),
    "router_redeem_no": ("redeem_part", "router", V2_CONDITION, None, None, 1, 5_000_000),
    "approve": (
        "approve",
        "collateral",
        "",
        _core.contract_address("adapter"),
        None,
        0,
        MOST,
    ),
    "approve_all": (
        "approve_tokens",
        "conditional_tokens",
        "",
        _core.contract_address("exchange"),
        None,
        1,
        0,
    ),
    "approve_all_off": (
        "approve_tokens",
        "position_manager",
        "",
        _core.contract_address("exchange_v3"),
        None,
        0,
        0,
    ),
    "send": ("send", "collateral", "", RECIPIENT, None, 0, 7_000_000),
    "convert": ("convert", "neg_risk_adapter", "0x" + "ab" * 31 + "00", None, None, 5, 9_000_000),
    "module_convert": (
        "convert_one",
        "neg_risk_module",
        "0x02" + "5a" * 16 + "00" * 8 + "00030000",
        WALLET,
        None,
        2,
        9_000_000,
    ),
    "send_token": (
        "send_tokens",
        "conditional_tokens",
        f"0x{2**255 + 7:064x}",
        RECIPIENT,
        WALLET,
        0,
        3_000_000,
    ),
}


@pytest.mark.parametrize("name", VECTORS["calls"])
def test_a_call_of_the_official_client_tells_what_it_asks_for(name: str) -> None:
    call = CALLS[name]
    act = call.act()
    found = (act.kind, act.contract, act.key, act.party, act.sender, act.index, act.amount)
    assert found == ACTS[name]
    assert call.data == VECTORS["calls"][name]["data"]
    assert _core.contract_at(call.target) == act.contract


@pytest.mark.parametrize("case", VECTORS["batches"], ids=lambda case: case["nonce"])
def test_a_batch_is_signed_as_the_official_client_signs_it(case: dict[str, Any]) -> None:
    batch = _core.WalletBatch(
        wallet=case["wallet"],
        nonce=case["nonce"],
        deadline=case["deadline"],
        calls=[CALLS[name] for name in case["calls"]],
    )
    assert batch.sign(KEY) == case["signature"]
    assert batch.sign_as_session(KEY) == case["session_signature"]
    assert batch.signer(case["signature"]) == (KEY.address, False)
    assert batch.signer(case["session_signature"]) == (KEY.address, True)
    assert batch.signer(batch.sign(OTHER_KEY)) == (OTHER_KEY.address, False)
    with pytest.raises(_core.SignatureError, match="malformed"):
        batch.signer("0x" + "ff" * 65)


@pytest.mark.parametrize("case", VECTORS["safe_transactions"], ids=lambda case: case["nonce"])
def test_a_safe_signs_as_the_official_client_does(case: dict[str, Any]) -> None:
    relay = _core.SafeRelay(
        safe=case["safe"],
        call=_core.WalletCall(target=case["to"], data=case["data"]),
        is_delegate=case["operation"] == 1,
        nonce=case["nonce"],
    )
    assert relay.sign(KEY) == case["signature"]
    assert relay.signer(case["signature"]) == KEY.address
    assert [call.data for call in relay.calls()] == [CALLS[name].data for name in case["calls"]]


@pytest.mark.parametrize("case", VECTORS["proxy_transactions"], ids=lambda case: case["nonce"])
def test_a_proxy_wallet_signs_as_the_official_client_does(case: dict[str, Any]) -> None:
    relay = _core.ProxyRelay(
        sender=case["from"],
        call=_core.WalletCall(target=case["to"], data=case["data"]),
        relayer_fee="0",
        gas_price="0",
        gas_limit=case["gas_limit"],
        nonce=case["nonce"],
        relay_hub=case["relay_hub"],
        relay=case["relay"],
    )
    assert relay.sign(KEY) == case["signature"]
    assert relay.signer(case["signature"]) == KEY.address
    assert [call.data for call in relay.calls()] == [CALLS[name].data for name in case["calls"]]


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"target": "0x" + "77" * 20}, "are not permitted"),
        ({"value": "1"}, "sends a value"),
        ({"data": "0x"}, "0 bytes of arguments where 4"),
        ({"data": "0x01020304"}, "adapter has no function 0x01020304"),
        ({"data": CALLS["split"].data + "00"}, "257 bytes of arguments where 256"),
        ({"data": CALLS["convert"].data}, "adapter has no function"),
    ],
)
def test_other_calls_say_what_is_wrong_with_them(changed: dict[str, str], why: str) -> None:
    call = _core.WalletCall(**{**VECTORS["calls"]["split"], **changed})
    with pytest.raises(_core.CallRefused, match=why):
        call.act()


@pytest.mark.parametrize(
    "changed",
    [
        {"target": "adapter"},
        {"value": "0x1"},
        {"value": str(2**256)},
        {"data": "72ce4275"},
        {"data": "0x7"},
    ],
)
def test_texts_that_are_no_call_are_refused(changed: dict[str, str]) -> None:
    with pytest.raises(_core.SignatureError):
        _core.WalletCall(**{**VECTORS["calls"]["split"], **changed})


@pytest.mark.parametrize("changed", [{"wallet": "0x"}, {"nonce": "-1"}, {"deadline": ""}])
def test_texts_that_are_no_batch_are_refused(changed: dict[str, str]) -> None:
    good = {"wallet": WALLET, "nonce": "0", "deadline": "0"}
    with pytest.raises(_core.SignatureError):
        _core.WalletBatch(**{**good, **changed}, calls=[CALLS["split"]])


@given(st.binary(max_size=400), st.sampled_from(sorted(CALLS)))
def test_no_data_brings_the_reader_down(data: bytes, name: str) -> None:
    head = CALLS[name].data[:10]
    for text in (f"0x{data.hex()}", head + data.hex()):
        call = _core.WalletCall(target=CALLS[name].target, data=text)
        with suppress(_core.CallRefused):
            assert call.act().amount <= MOST


def test_contracts_are_known_by_address_and_by_word() -> None:
    for word in ("collateral", "router", "multisend", "relay_hub", "perps_deposit"):
        address = _core.contract_address(word)
        assert address == _core.checksum_address(address)
        assert _core.contract_at(address.lower()) == word
    assert _core.contract_at(RECIPIENT) is None
    with pytest.raises(ValueError, match="no contract is called casino"):
        _core.contract_address("casino")
    with pytest.raises(_core.SignatureError):
        _core.contract_at("casino")


def test_selectors_are_computed() -> None:
    assert _core.function_selector("transfer(address,uint256)") == "0xa9059cbb"
    assert _core.function_selector("approve(address,uint256)") == "0x095ea7b3"
