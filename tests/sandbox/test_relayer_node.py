"""What a node of the chain tells of wallets of the local exchange."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from razor import _core
from razor.adapters.sandbox.keys import Call
from razor.adapters.sandbox.relayer_node import Node
from razor.adapters.sandbox.router import Request, Router, answer_of
from tests.sandbox.relaying import (
    GROUPED,
    ONE,
    OTHER,
    PLAIN,
    SECOND,
    START_NS,
    UNBOUNDED,
    V2,
    WALLET,
    Desk,
    approve,
    approve_tokens,
    encode,
    router,
    split,
    v2_token,
)

CTF = _core.contract_address("conditional_tokens")
OLD_ADAPTER = "0xd91E80cF2E7be2e162c6513ceD06f1dD0dA35296"
POSITIONS = _core.contract_address("position_manager")
CASH = _core.contract_address("collateral")


def post(desk: Desk, body: bytes) -> Any:  # noqa: ANN401 - JSON
    routes = Router()
    Node(desk.ground, desk.relayer.grants).mount(routes)
    _, tail, handler = routes.route("POST", "/rpc")
    call = Call(method="POST", path="/rpc", body=body, headers={}, now_s=0)
    return json.loads(answer_of(handler(Request(call=call, query={}, tail=tail, caller=""))).body)


def ask(desk: Desk, method: str, *params: object) -> Any:  # noqa: ANN401 - JSON
    body = {"jsonrpc": "2.0", "id": 7, "method": method, "params": list(params)}
    answer = post(desk, json.dumps(body).encode())
    assert (answer["jsonrpc"], answer["id"]) == ("2.0", 7)
    return answer.get("result", answer.get("error"))


def view(desk: Desk, call: _core.WalletCall) -> list[int]:
    """The words that a view answers with."""
    text = ask(desk, "eth_call", {"to": call.target, "data": call.data}, "latest")
    return [int(text[at : at + 64], 16) for at in range(2, len(text), 64)]


def balances(contract: str, *pairs: tuple[str, str]) -> _core.WalletCall:
    owners = [int(owner, 16) for owner, _ in pairs]
    tokens = [int(token) for _, token in pairs]
    return encode(contract, "balanceOfBatch(address[],uint256[])", owners, tokens)


def test_balances_are_those_of_the_ledger() -> None:
    desk = Desk()
    desk.done(split(PLAIN, 40 * ONE))
    desk.done(split(GROUPED[0], 9 * ONE, contract="neg_risk_adapter"), router("split", V2, ONE))
    both = balances(CTF, (WALLET, "71"), (WALLET, "72"))
    assert view(desk, both) == [32, 2, 40 * ONE, 40 * ONE]
    grouped = balances(OLD_ADAPTER, (WALLET, "100"), (OTHER, "101"))
    assert view(desk, grouped) == [32, 2, 9 * ONE, 0]
    one = encode(POSITIONS, "balanceOf(address,uint256)", WALLET, int(v2_token(V2, 1)))
    assert view(desk, one) == [ONE]
    assert view(desk, encode(CASH, "balanceOf(address)", WALLET)) == [950 * ONE]
    assert view(desk, encode(CASH, "balanceOf(address)", "0x" + "77" * 20)) == [0]
    assert view(desk, encode(CTF, "balanceOf(address,uint256)", WALLET, 5)) == [0]


def test_approvals_are_seen_once_they_are_mined() -> None:
    desk = Desk(is_approved=False)
    allowance = "allowance(address,address)"
    adapter = _core.contract_address("adapter")
    redeemer = _core.contract_address("auto_redeemer")
    cash = encode(CASH, allowance, WALLET, adapter)
    tokens = encode(CTF, "isApprovedForAll(address,address)", WALLET, redeemer)
    assert (view(desk, cash), view(desk, tokens)) == ([0], [0])
    calls = [approve("adapter", UNBOUNDED), approve_tokens("conditional_tokens", "auto_redeemer")]
    desk.done(*calls, approve("router", 5))
    assert (view(desk, cash), view(desk, tokens)) == ([UNBOUNDED], [1])
    router_cash = encode(CASH, allowance, WALLET, _core.contract_address("router"))
    assert view(desk, router_cash) == [5]
    assert view(desk, encode(CASH, allowance, WALLET, OTHER)) == [0]
    assert view(desk, encode(CASH, allowance, "0x" + "77" * 20, adapter)) == [0]


def test_the_time_and_the_chain_are_told() -> None:
    desk = Desk()
    desk.wait(11)
    block = ask(desk, "eth_getBlockByNumber", "latest", "false")
    assert int(block["timestamp"], 16) == (START_NS // SECOND + 11) // 2 * 2
    assert ask(desk, "eth_blockNumber") == block["number"]
    assert ask(desk, "eth_chainId") == "0x89"
    factory = _core.contract_address("deposit_factory")
    beacon = ask(desk, "eth_call", {"to": factory, "data": "0x49493a4d"}, "latest")
    assert beacon == "0x" + "0" * 24 + "7a18edfe055488a3128f01f563e5b479d92ffc3a"


def test_several_calls_are_answered_in_order_each_for_itself() -> None:
    desk = Desk()
    asked = [
        {"jsonrpc": "2.0", "id": "a", "method": "eth_chainId", "params": []},
        {"jsonrpc": "2.0", "id": 2, "method": "eth_sendRawTransaction", "params": ["0x"]},
        {"jsonrpc": "2.0", "id": 3, "method": "eth_call", "params": []},
    ]
    answers = post(desk, json.dumps(asked).encode())
    assert [answer["id"] for answer in answers] == ["a", 2, 3]
    assert answers[0]["result"] == "0x89"
    assert [answer["error"]["code"] for answer in answers[1:]] == [-32601, -32602]
    assert post(desk, b"[]")["error"]["code"] == -32602
    assert post(desk, json.dumps(asked[:1] * 101).encode())["error"]["code"] == -32602


@pytest.mark.parametrize(
    "call",
    [
        encode(CTF, "nothing()"),
        encode(OTHER, "balanceOf(address)", WALLET),
        encode(CASH, "balanceOf(address)"),
        encode(CASH, "balanceOf(address)", WALLET, 1),
        encode(CASH, "balanceOf(address)", 2**160),
        encode(CTF, "balanceOfBatch(address[],uint256[])", [1], [1, 2]),
        encode(CTF, "balanceOfBatch(address[],uint256[])", 64, 2**255),
        encode(CTF, "balanceOfBatch(address[],uint256[])", 64, 64, 2**200),
    ],
)
def test_a_view_that_no_contract_has_reverts(call: _core.WalletCall) -> None:
    desk = Desk()
    answer = ask(desk, "eth_call", {"to": call.target, "data": call.data}, "latest")
    assert answer == {"code": 3, "message": "execution reverted"}


@given(st.binary(max_size=200), st.sampled_from([CTF, CASH, OLD_ADAPTER]))
def test_no_call_brings_the_node_down(data: bytes, to: str) -> None:
    desk = Desk()
    assert "error" in post(desk, data)
    for name in ("balanceOfBatch(address[],uint256[])", "isApprovedForAll(address,address)"):
        text = _core.function_selector(name) + data.hex()
        ask(desk, "eth_call", {"to": to, "data": text}, "latest")
