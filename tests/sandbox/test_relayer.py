"""Split, merge, convert, redeem, approvals and transfers over the relayer, end to end."""

import base64
import hashlib
import hmac
import json
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from razor import _core
from razor.adapters.sandbox.deeds import Part
from razor.adapters.sandbox.refusal import Refused
from razor.adapters.sandbox.relayer import Fate
from tests.sandbox.relaying import (
    EVENT,
    FIRST_WALLET,
    GROUP,
    GROUPED,
    ONE,
    OTHER,
    OWNER,
    PLAIN,
    PROXY,
    SAFE,
    SESSION,
    STRANGER,
    UNBOUNDED,
    V2,
    V2_GROUPED,
    WALLET,
    Desk,
    approve,
    approve_tokens,
    convert,
    encode,
    merge,
    module_convert,
    redeem,
    router,
    send,
    send_tokens,
    split,
    v2_token,
    wire,
)


def test_a_split_makes_sets_and_a_merge_makes_them_cash_again() -> None:
    desk = Desk()
    desk.done(split(PLAIN, 40 * ONE))
    assert (desk.held(), desk.held("71"), desk.held("72")) == (960 * ONE, 40 * ONE, 40 * ONE)
    desk.done(merge(PLAIN, 15 * ONE))
    assert (desk.held(), desk.held("71"), desk.held("72")) == (975 * ONE, 25 * ONE, 25 * ONE)
    assert desk.nonce() == "2"


def test_a_split_in_a_group_goes_through_the_groups_adapter() -> None:
    desk = Desk()
    desk.done(split(GROUPED[1], 40 * ONE, contract="neg_risk_adapter"))
    assert (desk.held("102"), desk.held("103")) == (40 * ONE, 40 * ONE)


@pytest.mark.parametrize(("payout", "paid"), [("yes", 40), ("no", 30), ("half", 35)])
def test_all_of_a_resolved_market_is_redeemed(
    payout: Literal["yes", "no", "half"], paid: int
) -> None:
    desk = Desk()
    desk.done(split(PLAIN, 40 * ONE), send_tokens(OTHER, "72", 10 * ONE))
    desk.exchange.resolve(desk.ground.at_ns, 0, payout)
    desk.done(redeem(PLAIN))
    assert desk.held() == (960 + paid) * ONE
    assert (desk.held("71"), desk.held("72")) == (0, 0)


def test_no_of_several_outcomes_is_converted_into_cash_and_yes_of_the_others() -> None:
    desk = Desk()
    desk.done(*(split(it, 10 * ONE, contract="neg_risk_adapter") for it in GROUPED[:2]))
    desk.done(convert(GROUP, 0b011, 10 * ONE))
    assert desk.held() == (1_000 - 20 + 10) * ONE
    yes_no = [(desk.held(str(100 + 2 * at)), desk.held(str(101 + 2 * at))) for at in range(3)]
    assert yes_no == [(10 * ONE, 0), (10 * ONE, 0), (10 * ONE, 0)]


def test_positions_of_the_second_protocol_go_over_the_router() -> None:
    desk = Desk()
    desk.done(router("split", V2, 9 * ONE))
    desk.done(router("merge", V2, 2 * ONE))
    assert [desk.held(v2_token(V2, side)) for side in (0, 1)] == [7 * ONE, 7 * ONE]
    desk.exchange.resolve(desk.ground.at_ns, 4, "no")
    desk.done(router("redeem", V2, 0, 7 * ONE), router("redeem", V2, 1, 3 * ONE))
    assert [desk.held(v2_token(V2, side)) for side in (0, 1)] == [0, 4 * ONE]
    assert desk.held() == (1_000 - 7 + 3) * ONE
    noted = [deed.part for deed in desk.relayer.deeds.of(desk.ground.accounts[WALLET])]
    assert noted == [
        Part("SPLIT", 4, None, 9 * ONE, 9 * ONE),
        Part("MERGE", 4, None, 2 * ONE, 2 * ONE),
        Part("REDEEM", 4, 0, 7 * ONE, 0),
        Part("REDEEM", 4, 1, 3 * ONE, 3 * ONE),
    ]


def test_the_module_converts_the_no_that_was_sent_to_it_just_before() -> None:
    desk = Desk()
    desk.done(router("split", V2_GROUPED[1], 9 * ONE))
    no = v2_token(V2_GROUPED[1], 1)
    given = send_tokens("neg_risk_module", no, 4 * ONE, contract="position_manager")
    desk.done(given, module_convert(WALLET, EVENT, 1, 4 * ONE))
    assert desk.held(no) == 5 * ONE
    assert [desk.held(v2_token(it, 0)) for it in V2_GROUPED] == [4 * ONE, 9 * ONE, 4 * ONE]
    for calls in (
        [module_convert(WALLET, EVENT, 1, ONE)],
        [given],
        [given, module_convert(OTHER, EVENT, 1, 4 * ONE)],
        [given, module_convert(WALLET, EVENT, 1, 5 * ONE)],
        [given, module_convert(WALLET, EVENT, 0, 4 * ONE)],
        [given, send(OTHER, ONE)],
    ):
        assert desk.settle(desk.submit(*calls)) == "INVALID"
    assert desk.held(no) == 5 * ONE


def test_a_wallet_without_approvals_sets_them_up_and_then_splits() -> None:
    desk = Desk(is_approved=False)
    assert desk.settle(desk.submit(split(PLAIN, ONE))) == "FAILED"
    desk.done(approve("adapter", UNBOUNDED), split(PLAIN, 2 * ONE))
    account = desk.ground.accounts[WALLET]
    assert desk.exchange.approval(account, "adapter") == (2**64 - 1, False)
    assert desk.settle(desk.submit(merge(PLAIN, ONE))) == "FAILED"
    desk.done(approve_tokens("conditional_tokens", "adapter"))
    assert desk.exchange.approval(account, "adapter") == (2**64 - 1, True)
    desk.done(merge(PLAIN, ONE), approve("adapter", 5), approve("adapter", 7))
    assert desk.exchange.approval(account, "adapter") == (7, True)
    desk.done(approve_tokens("conditional_tokens", "adapter", is_on=False))
    assert desk.exchange.approval(account, "adapter") == (7, False)


def test_the_seventeen_approvals_of_the_official_client_are_taken_and_remembered() -> None:
    desk = Desk(is_approved=False)
    account, grants = desk.ground.accounts[WALLET], desk.relayer.grants
    cash = "exchange neg_risk_exchange adapter neg_risk_adapter router exchange_v3 perps_deposit"
    tokens = "exchange neg_risk_exchange adapter neg_risk_adapter auto_redeemer binary_module"
    pairs = [("conditional_tokens", it) for it in [*tokens.split(), "neg_risk_module"]]
    pairs += [("position_manager", it) for it in ("router", "exchange_v3", "auto_redeemer")]
    wanted = [("collateral", it, UNBOUNDED) for it in cash.split()]
    wanted += [(token, it, 1) for token, it in pairs]
    assert len(wanted) == 17
    assert {grants.allowance(account, token, it) for token, it, _ in wanted} == {0}
    calls = [approve(it, UNBOUNDED) for it in cash.split()]
    desk.done(*calls, *(approve_tokens(token, it) for token, it in pairs))
    assert sorted(grants.pairs(account)) == sorted(wanted)
    # What was approved in the name of another token contract is not approved.
    assert grants.allowance(account, "position_manager", "adapter") == 0
    opened = Desk()
    other = opened.ground.accounts[WALLET]
    assert sorted(opened.relayer.grants.pairs(other)) == sorted(wanted)
    opened.done(approve_tokens("position_manager", "auto_redeemer", is_on=False))
    wanted.remove(("position_manager", "auto_redeemer", 1))
    given = [it for it in opened.relayer.grants.pairs(other) if it[2]]
    assert sorted(given) == sorted(wanted)


def test_money_and_tokens_are_sent() -> None:
    desk = Desk()
    desk.done(send(OTHER, 100 * ONE), split(PLAIN, 8 * ONE), send_tokens(OTHER, "71", 3 * ONE))
    assert (desk.held(), desk.held("71")) == (892 * ONE, 5 * ONE)
    assert (desk.held(wallet=OTHER), desk.held("71", OTHER)) == (1_100 * ONE, 3 * ONE)
    # Whoever has no account is outside.
    desk.done(send("0x" + "77" * 20, 92 * ONE))
    assert desk.held() == 800 * ONE
    for call in (
        send_tokens("0x" + "77" * 20, "71", ONE),
        send_tokens(OTHER, "12345", ONE),
        send_tokens(OTHER, "71", ONE, contract="position_manager"),
        send_tokens(WALLET, "71", ONE, sender=OTHER),
        send(OTHER, 0),
    ):
        assert desk.settle(desk.submit(call)) == "INVALID"
    assert desk.settle(desk.submit(send(OTHER, 5_000 * ONE))) == "FAILED"


def test_a_transaction_goes_through_its_states_and_gets_its_hash_when_mined() -> None:
    desk = Desk()
    sent = desk.submit(split(PLAIN, ONE))
    seen: list[tuple[str, bool]] = []
    for _ in range(200):
        look = desk.look(sent)
        state = (str(look["state"]), bool(look["transaction_hash"]))
        if not seen or seen[-1] != state:
            seen.append(state)
        desk.wait(0.25)
    words = ["STATE_NEW", "STATE_EXECUTED", "STATE_MINED", "STATE_CONFIRMED"]
    assert seen == list(zip(words, [False, False, True, True], strict=True))
    look = desk.look(sent)
    assert set(look) == {"transaction_id", "state", "transaction_hash", "error_msg"}
    assert (look["transaction_id"], look["error_msg"]) == (sent, None)
    assert len(str(look["transaction_hash"])) == 66


def test_what_is_done_at_once_takes_its_block_too() -> None:
    desk = Desk()
    sent = desk.submit(send(OTHER, ONE))
    for seconds, state, held in (
        (0.0, "NEW", 1_000),
        (0.5, "EXECUTED", 1_000),
        (1.9, "EXECUTED", 1_000),
        (0.1, "MINED", 999),
        (7.9, "MINED", 999),
        (0.1, "CONFIRMED", 999),
    ):
        desk.wait(seconds)
        assert (desk.state(sent), desk.held()) == (state, held * ONE)


def test_the_relayer_tells_when_it_goes_on_by_itself() -> None:
    desk = Desk()
    assert desk.relayer.due_ns() is None
    sent = desk.submit(send(OTHER, ONE))
    times = []
    while (due_ns := desk.relayer.due_ns()) is not None:
        times.append(due_ns)
        desk.ground.at_ns = due_ns
        desk.relayer.step()
    assert len(times) == 3
    assert desk.state(sent) == "CONFIRMED"


def test_one_batch_of_a_wallet_is_under_way_at_a_time() -> None:
    desk = Desk()
    first = desk.submit(split(PLAIN, ONE))
    again = desk.batch(split(PLAIN, ONE))
    busy = (400, "wallet busy: active action in progress")
    assert desk.refused(again) == busy
    while desk.state(first) != "MINED":
        assert desk.refused(again, f"caller at {desk.ground.at_ns}") == busy
        desk.wait(1)
    assert desk.refused(again) == (400, "wallet has in-flight action")
    assert desk.settle(first) == "CONFIRMED"
    stale = (400, "batch nonce 0 does not match on-chain nonce 1")
    assert desk.refused(desk.batch(split(PLAIN, ONE), nonce="0")) == stale
    ahead = (400, "batch nonce 7 does not match on-chain nonce 1")
    assert desk.refused(desk.batch(split(PLAIN, ONE), nonce="7")) == ahead
    desk.done(split(PLAIN, ONE))


def test_a_wallet_that_is_moved_past_the_relayer_has_its_turn_later() -> None:
    desk = Desk()
    sent = desk.submit(split(PLAIN, ONE))
    desk.exchange.split(desk.ground.at_ns, desk.ground.accounts[WALLET], 0, ONE)
    desk.wait(1)
    assert desk.state(sent) == "EXECUTED"
    assert desk.settle(sent) == "CONFIRMED"
    assert desk.held("71") == 2 * ONE


def test_a_batch_of_several_actions_ends_after_all_of_them() -> None:
    desk = Desk()
    desk.done(split(PLAIN, 4 * ONE), merge(PLAIN, ONE), merge(PLAIN, ONE), send(OTHER, ONE))
    assert (desk.held(), desk.held("71")) == (997 * ONE, 2 * ONE)
    assert desk.nonce() == "1"


def test_a_batch_that_reverts_late_says_what_was_done_before() -> None:
    desk = Desk()
    sent = desk.submit(split(PLAIN, 4 * ONE), merge(PLAIN, 9 * ONE))
    assert desk.settle(sent) == "FAILED"
    assert desk.look(sent)["error_msg"] == ("execution reverted; 1 of 2 calls were done before")
    assert (desk.held("71"), desk.nonce()) == (4 * ONE, "1")


def test_a_batch_that_reverts_as_a_whole_can_be_sent_again_as_it_is() -> None:
    desk = Desk()
    body = desk.batch(split(PLAIN, 1_500 * ONE), deadline_s=2_000_000_000)
    first = desk.call("POST", "/submit", body)
    assert desk.settle(str(first["transactionID"])) == "FAILED"
    assert (desk.nonce(), desk.held()) == ("0", 1_000 * ONE)
    desk.exchange.deposit(desk.ground.at_ns, desk.ground.accounts[WALLET], 600 * ONE)
    again = desk.call("POST", "/submit", body)
    assert again["transactionID"] != first["transactionID"]
    assert desk.settle(str(again["transactionID"])) == "CONFIRMED"


@pytest.mark.parametrize(
    "call",
    [
        redeem(PLAIN),
        split("0x" + "99" * 32, ONE),
        split(PLAIN, ONE, contract="neg_risk_adapter"),
        split(GROUPED[0], ONE),
        router("split", V2_GROUPED[0][:-2] + "09", ONE),
        split(PLAIN, 0),
        split(PLAIN, UNBOUNDED),
        convert("0x" + "98" * 32, 1, ONE),
        convert(GROUP, 0, ONE),
        convert(GROUP, 0b1000, ONE),
        convert(GROUP, 2**255, ONE),
        convert(GROUP, 1, 0),
        router("redeem", V2, 1, ONE),
    ],
)
def test_what_no_node_would_send_is_invalid_and_moves_nothing(call: _core.WalletCall) -> None:
    desk = Desk()
    sent = desk.submit(call)
    assert desk.settle(sent) == "INVALID"
    look = desk.look(sent)
    assert str(look["error_msg"]).startswith("execution reverted")
    assert (look["transaction_hash"], desk.nonce(), desk.held()) == ("", "0", 1_000 * ONE)


def test_calls_that_the_relayer_does_not_pass_on_are_blocked_by_their_number() -> None:
    desk = Desk()
    good = split(PLAIN, ONE)
    stranger = "0x" + "77" * 20
    shown = _core.checksum_address(stranger)
    exchange = _core.contract_address("exchange")
    for call, why in (
        (encode(WALLET, "authorizeSessionSigner(address,uint256)", OTHER, 1), f"calls to {WALLET}"),
        (encode(stranger, "transfer(address,uint256)", OTHER, 1), f"calls to {shown}"),
        (encode(exchange, "pause()"), f"calls to {exchange}"),
        (approve(stranger, 1), f"approve spender {shown} is not in the allowed list"),
        (
            approve_tokens("conditional_tokens", "router"),
            f"setApprovalForAll operator {_core.contract_address('router')} is not in the allowed",
        ),
        (encode("adapter", "pause(address)", OTHER), "adapter has no function"),
        (encode("router", "split(bytes31,uint256)", V2, 1, 2), "96 bytes of arguments where 64"),
        (encode("router", "split(bytes31,uint256)", PLAIN, 1), "the condition has a value"),
    ):
        status, text = desk.refused(desk.batch(good, call))
        assert (status, text.startswith(f"call blocked: call[1] blocked: {why}")) == (400, True), (
            text
        )
    assert desk.nonce() == "0"


def test_a_batch_that_its_owner_did_not_sign_is_refused() -> None:
    desk = Desk()
    call = split(PLAIN, ONE)
    bad_signature = (400, "invalid signature")
    changed = json.loads(desk.batch(call))
    changed["depositWalletParams"]["calls"].append(wire(send(OTHER, ONE)))
    assert desk.refused(json.dumps(changed).encode()) == bad_signature
    assert desk.refused(desk.batch(call, changed={"signature": "0x" + "00" * 65})) == bad_signature
    assert desk.refused(desk.batch(call, changed={"signature": "0x12"})) == bad_signature
    assert desk.refused(desk.batch(call, changed={"from": STRANGER.address})) == bad_signature
    # A good signature of somebody else, over a wallet that is not his.
    desk.keys.grant_builder("builder", base64.urlsafe_b64encode(b"secret").decode(), "pass")
    foreign = desk.batch(call, key=STRANGER, nonce="0")
    mismatch = f"from {STRANGER.address} does not match auth {OWNER.address}"
    assert desk.refused(foreign) == (400, mismatch)
    desk.headers = builder_headers(desk, foreign)
    status, text = desk.refused(foreign)
    assert (status, "wallet registry validation failed" in text) == (400, True)


def builder_headers(desk: Desk, body: bytes, secret: bytes = b"secret") -> dict[str, str]:
    timestamp = str(desk.ground.at_ns // 1_000_000_000)
    message = f"{timestamp}POST/submit".encode() + body
    digest = hmac.digest(secret, message, hashlib.sha256)
    return {
        "POLY_BUILDER_API_KEY": "builder",
        "POLY_BUILDER_PASSPHRASE": "pass",
        "POLY_BUILDER_SIGNATURE": base64.urlsafe_b64encode(digest).decode(),
        "POLY_BUILDER_TIMESTAMP": timestamp,
    }


def test_a_builder_key_sends_for_anybody_and_signs_every_call() -> None:
    desk = Desk()
    desk.keys.grant_builder("builder", base64.urlsafe_b64encode(b"secret").decode(), "pass")
    body = desk.batch(split(PLAIN, ONE), key=STRANGER, wallet=OTHER, nonce="0")
    good = builder_headers(desk, body)
    denied = (401, "invalid authorization")
    for changed in (
        {"POLY_BUILDER_API_KEY": "other"},
        {"POLY_BUILDER_PASSPHRASE": "other"},
        {"POLY_BUILDER_SIGNATURE": builder_headers(desk, body, b"other")["POLY_BUILDER_SIGNATURE"]},
        {"POLY_BUILDER_TIMESTAMP": "1"},
        {"POLY_BUILDER_TIMESTAMP": "now"},
    ):
        desk.headers = good | changed
        assert desk.refused(body) == denied
    desk.headers = good
    assert desk.refused(body + b" ") == denied
    assert desk.call("POST", "/submit", body)["state"] == "STATE_NEW"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"RELAYER_API_KEY": "relayer-key"},
        {"RELAYER_API_KEY": "other", "RELAYER_API_KEY_ADDRESS": OWNER.address},
        {"RELAYER_API_KEY": "relayer-key", "RELAYER_API_KEY_ADDRESS": STRANGER.address},
        {"RELAYER_API_KEY": "relayer-key", "RELAYER_API_KEY_ADDRESS": "nobody"},
    ],
)
def test_without_a_key_nothing_is_submitted_or_shown(headers: dict[str, str]) -> None:
    desk = Desk()
    body, sent = desk.batch(split(PLAIN, ONE)), desk.submit(split(PLAIN, ONE))
    desk.headers = headers
    denied = (401, "invalid authorization")
    assert desk.refused(body) == denied
    for path in (f"/v1/account/transactions/{sent}", "/v1/account/transactions/params"):
        with pytest.raises(Refused) as caught:
            desk.call("GET", path, address=OWNER.address, type="WALLET")
        assert (caught.value.status, caught.value.text) == denied
    assert desk.call("GET", "/deployed", address=WALLET, type="WALLET") == {"deployed": True}


def test_a_transaction_is_shown_to_the_key_that_sent_it() -> None:
    desk = Desk()
    sent = desk.submit(split(PLAIN, ONE))
    desk.keys.grant_relayer("relayer-key", STRANGER.address)
    desk.headers = desk.headers | {"RELAYER_API_KEY_ADDRESS": STRANGER.address}
    for name in (sent, "unknown"):
        with pytest.raises(Refused, match="transaction not found") as caught:
            desk.look(name)
        assert caught.value.status == 404


def test_a_session_key_splits_but_cannot_send_anything_away() -> None:
    desk = Desk()
    call = split(PLAIN, ONE)
    body = desk.batch(call, key=SESSION, is_session=True)
    assert desk.refused(body)[0] == 400
    desk.ground.sessions[SESSION.address] = [WALLET.lower()]
    assert desk.nonce(signer=SESSION.address) == "0"
    sent = desk.call("POST", "/submit", body)
    assert desk.settle(str(sent["transactionID"])) == "CONFIRMED"
    assert desk.nonce(signer=SESSION.address) == "1"
    for away in (send(OTHER, ONE), send_tokens(OTHER, "71", ONE)):
        refused = desk.refused(desk.batch(call, away, key=SESSION, is_session=True))
        assert refused == (400, "call blocked: call[1] blocked: a session key cannot transfer")
    # Outside its wrapper it is a stranger.
    assert desk.refused(desk.batch(call, key=SESSION))[0] == 400


def safe_body(
    desk: Desk, call: _core.WalletCall, *, is_delegate: bool = False, nonce: str | None = None
) -> dict[str, object]:
    nonce = desk.nonce("SAFE") if nonce is None else nonce
    relay = _core.SafeRelay(safe=SAFE, call=call, is_delegate=is_delegate, nonce=nonce)
    zero = "0x" + "0" * 40
    return {
        "type": "SAFE",
        "from": OWNER.address,
        "to": call.target,
        "proxyWallet": SAFE,
        "data": call.data,
        "nonce": nonce,
        "signature": relay.sign(OWNER),
        "metadata": "",
        "signatureParams": {
            "baseGas": "0",
            "gasPrice": "0",
            "gasToken": zero,
            "operation": str(int(is_delegate)),
            "refundReceiver": zero,
            "safeTxnGas": "0",
        },
    }


def multisend(*calls: _core.WalletCall) -> _core.WalletCall:
    packed = b"".join(
        bytes.fromhex(f"00{call.target[2:]}{0:064x}{len(call.data) // 2 - 1:064x}{call.data[2:]}")
        for call in calls
    )
    data = _core.function_selector("multiSend(bytes)") + f"{32:064x}{len(packed):064x}"
    data += packed.hex() + "00" * (-len(packed) % 32)
    return _core.WalletCall(target=_core.contract_address("multisend"), data=data)


def test_a_safe_does_one_call_or_several_through_multisend() -> None:
    desk = Desk()
    one = desk.call("POST", "/submit", json.dumps(safe_body(desk, split(PLAIN, 9 * ONE))).encode())
    assert desk.settle(str(one["transactionID"])) == "CONFIRMED"
    both = multisend(merge(PLAIN, ONE), send(OTHER, ONE))
    body = safe_body(desk, both, is_delegate=True)
    assert body["nonce"] == "1"
    several = desk.call("POST", "/submit", json.dumps(body).encode())
    assert desk.settle(str(several["transactionID"])) == "CONFIRMED"
    assert (desk.held("71", SAFE), desk.held(wallet=SAFE)) == (8 * ONE, 991 * ONE)
    assert desk.held() == 1_000 * ONE
    elsewhere = safe_body(desk, split(PLAIN, ONE), is_delegate=True)
    status, text = desk.refused(json.dumps(elsewhere).encode())
    assert (status, text.startswith("call blocked: calls to 0xAdA1")) == (400, True)
    for changed in ({"nonce": "9"}, {"signature": "0x"}, {"proxyWallet": WALLET}):
        body = safe_body(desk, split(PLAIN, ONE)) | changed
        assert desk.refused(json.dumps(body).encode()) == (400, "invalid signature")


def test_a_proxy_wallet_signs_for_the_relay_it_was_told() -> None:
    desk = Desk()
    told = desk.call("GET", "/relay-payload", address=OWNER.address, type="PROXY")
    assert told == {"address": desk.relayer.relay, "nonce": "0"}
    inner = split(PLAIN, 9 * ONE)
    size = len(inner.data) // 2 - 1
    data = _core.function_selector("proxy((uint8,address,uint256,bytes)[])")
    data += f"{32:064x}{1:064x}{32:064x}{1:064x}{inner.target[2:].lower():0>64}{0:064x}{128:064x}"
    data += f"{size:064x}{inner.data[2:]}" + "00" * (-size % 32)
    factory = _core.contract_address("proxy_factory")
    params = {
        "gasLimit": "200000",
        "gasPrice": "0",
        "relay": desk.relayer.relay,
        "relayHub": _core.contract_address("relay_hub"),
        "relayerFee": "0",
    }
    relay = _core.ProxyRelay(
        sender=OWNER.address,
        call=_core.WalletCall(target=factory, data=data),
        relayer_fee="0",
        gas_price="0",
        gas_limit="200000",
        nonce="0",
        relay_hub=params["relayHub"],
        relay=params["relay"],
    )
    body = {
        "type": "PROXY",
        "from": OWNER.address,
        "to": factory,
        "proxyWallet": PROXY,
        "data": data,
        "nonce": "0",
        "signature": relay.sign(OWNER),
        "metadata": "",
        "signatureParams": params,
    }
    bad = json.dumps(body | {"signatureParams": params | {"gasLimit": "1"}}).encode()
    assert desk.refused(bad) == (400, "invalid signature")
    sent = desk.call("POST", "/submit", json.dumps(body).encode())
    assert desk.settle(str(sent["transactionID"])) == "CONFIRMED"
    assert desk.held("71", PROXY) == 9 * ONE
    assert desk.call("GET", "/nonce", address=OWNER.address, type="PROXY") == {"nonce": "1"}


def test_a_deposit_wallet_is_made_for_who_asks() -> None:
    desk = Desk()
    newcomer = _core.SigningKey.from_hex("0x" + "44" * 32)
    wallet = _core.wallets_of(newcomer.address)[3]
    desk.keys.grant_relayer("relayer-key", newcomer.address)
    desk.headers = desk.headers | {"RELAYER_API_KEY_ADDRESS": newcomer.address}
    missing = desk.batch(split(PLAIN, ONE), key=newcomer, wallet=wallet, nonce="0")
    text = f"wallet registry validation failed: wallet {wallet.lower()} is not registered"
    assert desk.refused(missing) == (400, text)
    assert desk.call("GET", "/deployed", address=wallet, type="WALLET") == {"deployed": False}
    body = {
        "type": "WALLET-CREATE",
        "from": newcomer.address,
        "to": _core.contract_address("deposit_factory"),
        "metadata": "Deploy Deposit Wallet",
    }
    wrong = json.dumps(body | {"to": WALLET}).encode()
    assert desk.refused(wrong) == (400, "invalid 'to' field: must be deposit wallet factory")
    for _ in range(2):
        sent = desk.call("POST", "/submit", json.dumps(body).encode())
        assert desk.settle(str(sent["transactionID"])) == "CONFIRMED"
        assert desk.call("GET", "/deployed", address=wallet) == {"deployed": True}
    account = desk.ground.accounts[wallet]
    assert desk.exchange.approval(account, "adapter") == (0, False)
    assert desk.nonce(signer=newcomer.address) == "0"


def test_the_older_deposit_wallet_has_the_nonce_where_both_are_there() -> None:
    desk = Desk()
    desk.done(split(PLAIN, ONE))
    assert desk.nonce() == "1"
    desk.ground.open_account(FIRST_WALLET, is_approved=True)
    assert desk.nonce() == "0"
    # The client signs anew with the nonce of the refusal.
    stale = desk.refused(desk.batch(split(PLAIN, ONE)))
    assert stale == (400, "batch nonce 0 does not match on-chain nonce 1")


def test_a_deadline_that_has_passed_is_refused_or_makes_the_batch_invalid() -> None:
    desk = Desk()
    now_s = desk.ground.at_ns // 1_000_000_000
    past = desk.batch(split(PLAIN, ONE), deadline_s=now_s - 1)
    assert desk.refused(past) == (400, "batch deadline has passed")
    body = desk.batch(split(PLAIN, ONE), deadline_s=now_s)
    sent = desk.call("POST", "/submit", body)
    desk.wait(2)
    assert desk.state(str(sent["transactionID"])) == "INVALID"


def test_more_than_25_batches_of_a_caller_in_a_minute_wait() -> None:
    desk = Desk()
    for _ in range(25):
        assert desk.refused(b"{}")[0] == 400
    with pytest.raises(Refused) as caught:
        desk.call("POST", "/submit", b"{}")
    assert (caught.value.status, caught.value.headers) == (429, {"Retry-After": "60"})
    assert desk.refused(b"{}", caller="other")[0] == 400
    desk.wait(60)
    assert desk.refused(b"{}")[0] == 400
    free = Desk(max_submits=None)
    assert {free.refused(b"{}")[0] for _ in range(40)} == {400}


def test_what_befalls_a_batch_can_be_decided_before() -> None:
    desk = Desk()
    for fate, state in ((Fate.REVERTED, "FAILED"), (Fate.INVALID, "INVALID")):
        desk.relayer.doom(fate)
        assert desk.settle(desk.submit(split(PLAIN, ONE))) == state
        assert (desk.held("71"), desk.nonce()) == (0, "0")
    desk.relayer.doom(Fate.STUCK)
    sent = desk.submit(split(PLAIN, ONE))
    desk.wait(600)
    assert desk.state(sent) == "EXECUTED"
    assert desk.refused(desk.batch(split(PLAIN, ONE)))[1].startswith("wallet busy")
    desk.relayer.release(sent)
    assert desk.settle(sent) == "CONFIRMED"
    assert (desk.held("71"), desk.nonce()) == (ONE, "1")


@pytest.mark.parametrize(
    "changed",
    [
        {"type": "SAFE-CREATE"},
        {"type": None},
        {"nonce": "x"},
        {"nonce": 0},
        {"from": "0x12"},
        {"to": "nowhere"},
        {"metadata": "m" * 501},
        {"depositWalletParams": {}},
        {"depositWalletParams": {"depositWallet": WALLET, "deadline": "1", "calls": []}},
    ],
)
def test_a_malformed_batch_is_refused(changed: dict[str, object]) -> None:
    desk = Desk()
    body = json.loads(desk.batch(split(PLAIN, ONE))) | changed
    assert desk.refused(json.dumps(body).encode())[0] == 400


@given(st.one_of(st.binary(max_size=200), st.text(max_size=100).map(str.encode)))
def test_no_body_brings_the_relayer_down(body: bytes) -> None:
    desk = Desk(max_submits=None)
    assert desk.refused(body) == (400, "invalid request body")


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/deployed", {}),
        ("/deployed", {"address": "me"}),
        ("/deployed", {"address": WALLET, "type": "EOA"}),
        ("/nonce", {"address": WALLET}),
        ("/relay-payload", {"address": "0x", "type": "PROXY"}),
        ("/v1/account/transactions/params", {"address": WALLET, "type": "WALLET-CREATE"}),
    ],
)
def test_a_question_about_nobody_is_refused(path: str, query: dict[str, str]) -> None:
    with pytest.raises(Refused) as caught:
        Desk().ask(path, query)
    assert caught.value.status == 400


def test_the_same_calls_give_the_same_answers() -> None:
    def play() -> list[object]:
        desk = Desk()
        told: list[object] = []
        for call in (split(PLAIN, 9 * ONE), send(OTHER, ONE), merge(PLAIN, 20 * ONE)):
            sent = desk.submit(call)
            desk.settle(sent)
            told.append(desk.look(sent))
        return [*told, desk.relayer.relay, desk.ground.at_ns]

    assert play() == play()
