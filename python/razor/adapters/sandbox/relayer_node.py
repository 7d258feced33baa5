"""A node of the chain as far as clients of the relayer ask one: balances, approvals, the time.

Owns: `Node`, its JSON-RPC answers and the few views of the token contracts.

Must never: take a transaction (accounts without a wallet contract cannot move here); move anything.

Tokens of a group are read at the retired adapter of theirs, too, as the official client does.
"""

from collections.abc import Callable
from typing import Final, Protocol

import msgspec

from razor import _core
from razor.adapters.sandbox.relayer_calls import Grants
from razor.adapters.sandbox.router import Answer, Request, Router

MAX_BATCH: Final = 100
"""Calls in one array."""
MAX_BALANCES: Final = 1_000
"""Balances in one call."""
_NEG_RISK_TOKENS: Final = "0xd91E80cF2E7be2e162c6513ceD06f1dD0dA35296"
_WORD: Final = 32
_BLOCK_S: Final = 2
_S_NS: Final = 1_000_000_000
_BEACON: Final = "0x7A18EDfe055488A3128f01F563e5B479D92ffc3a"
_BEACON_SELECTOR: Final = "0x49493a4d"
"""The factory's question for its beacon, known by its bytes only."""
_PARSE_ERROR, _NO_METHOD, _BAD_PARAMS, _REVERTED = -32700, -32601, -32602, 3


class Chain(Protocol):
    """What a node sees."""

    @property
    def exchange(self) -> _core.Exchange:
        """The ledger."""
        ...

    def now_ns(self) -> int:
        """Time in ns since the epoch."""
        ...

    def wake(self) -> None:
        """Let the ledger do what is due by now."""
        ...

    def account_of(self, address: str) -> int | None:
        """The account of a wallet."""
        ...


class _Asked(msgspec.Struct, frozen=True):
    """One call; `id` comes back as it is."""

    method: str
    id: int | str | None = None
    params: list[object] = []


class _ViewCall(msgspec.Struct, frozen=True):
    """What `eth_call` asks; the caller does not matter to a view."""

    to: str
    data: str = "0x"


class _Fault(Exception):
    """An error member of an answer."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code


_DECODE: Final = msgspec.json.Decoder(list[_Asked] | _Asked)


class Node:
    """The node beside a relayer, whose `grants` it shows."""

    def __init__(self, chain: Chain, grants: Grants) -> None:
        self._chain = chain
        self._grants = grants
        cash, tokens = _core.contract_address("collateral"), "conditional_tokens"
        views: dict[tuple[str, str], Callable[[bytes], bytes]] = {
            (cash, "balanceOf(address)"): self._cash,
            (cash, "allowance(address,address)"): self._allowance,
        }
        contracts = {
            _core.contract_address(tokens): tokens,
            _NEG_RISK_TOKENS: tokens,
            _core.contract_address("position_manager"): "position_manager",
        }
        for address, word in contracts.items():
            views[address, "balanceOf(address,uint256)"] = self._balance
            views[address, "balanceOfBatch(address[],uint256[])"] = self._balances
            views[address, "isApprovedForAll(address,address)"] = self._approved(word)
        self._views = {
            (address, _core.function_selector(signature)): view
            for (address, signature), view in views.items()
        }
        factory = _core.contract_address("deposit_factory")
        self._views[factory, _BEACON_SELECTOR] = lambda _: bytes.fromhex(f"{_BEACON[2:]:0>64}")
        self._methods: dict[str, Callable[[list[object]], object]] = {
            "eth_chainId": lambda _: "0x89",
            "net_version": lambda _: "137",
            "eth_blockNumber": lambda _: hex(self._block()),
            "eth_estimateGas": lambda _: hex(200_000),
            "eth_gasPrice": lambda _: hex(30_000_000_000),
            "eth_getBlockByNumber": self._block_by_number,
            "eth_call": self._call,
        }

    def mount(self, router: Router) -> None:
        """List the node's one call."""
        router.add("POST", "/rpc", self._answer)

    def _answer(self, request: Request) -> object:
        """One call or an array of them; each answer has the id of its call."""
        try:
            asked: list[_Asked] | _Asked = _DECODE.decode(request.call.body)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return _error(None, _PARSE_ERROR, "parse error")
        self._chain.wake()
        if isinstance(asked, _Asked):
            return self._one(asked)
        if not 0 < len(asked) <= MAX_BATCH:
            return _error(None, _BAD_PARAMS, f"1 to {MAX_BATCH} calls in a batch")
        return Answer(status=200, body=msgspec.json.encode([self._one(each) for each in asked]))

    def _one(self, asked: _Asked) -> dict[str, object]:
        """One call by its method; transactions have none here."""
        method = self._methods.get(asked.method)
        if method is None:
            return _error(asked.id, _NO_METHOD, f"the method {asked.method} does not exist")
        try:
            return {"jsonrpc": "2.0", "id": asked.id, "result": method(asked.params)}
        except _Fault as fault:
            return _error(asked.id, fault.code, str(fault))

    def _block(self) -> int:
        """The number of the block of this time: one every two seconds."""
        return self._chain.now_ns() // _S_NS // _BLOCK_S

    def _block_by_number(self, _params: list[object]) -> object:
        """The latest block, whichever was asked for: clients read its time from it."""
        block = self._block()
        return {
            "number": hex(block),
            "hash": f"0x{block:064x}",
            "timestamp": hex(block * _BLOCK_S),
            "transactions": [],
        }

    def _call(self, params: list[object]) -> str:
        """A view of a contract; any other contract or function reverts."""
        try:
            call = msgspec.convert(params[0] if params else None, _ViewCall)
            to = _core.checksum_address(call.to)
            data = bytes.fromhex(call.data.removeprefix("0x"))
        except (msgspec.ValidationError, _core.SignatureError, ValueError) as bad:
            raise _Fault(_BAD_PARAMS, "the call is malformed") from bad
        view = self._views.get((to, f"0x{data[:4].hex()}"))
        if view is None:
            raise _Fault(_REVERTED, "execution reverted")
        return f"0x{view(data[4:]).hex()}"

    def _cash(self, arguments: bytes) -> bytes:
        """`balanceOf(owner)` of the dollars."""
        (owner,) = _words(arguments, 1)
        return _encode(self._held(owner, None))

    def _balance(self, arguments: bytes) -> bytes:
        """`balanceOf(owner, token)` of a token contract."""
        owner, token = _words(arguments, 2)
        return _encode(self._held(owner, token))

    def _balances(self, arguments: bytes) -> bytes:
        """`balanceOfBatch(owners, tokens)`: one array, its offset and its length before it."""
        owners, tokens = _array(arguments, 0), _array(arguments, 1)
        if len(owners) != len(tokens):
            raise _Fault(_REVERTED, "execution reverted")
        held = [self._held(owner, token) for owner, token in zip(owners, tokens, strict=True)]
        return b"".join(map(_encode, [_WORD, len(held), *held]))

    def _allowance(self, arguments: bytes) -> bytes:
        """`allowance(owner, spender)` of the dollars."""
        owner, spender = _words(arguments, 2)
        return _encode(self._granted(owner, "collateral", spender))

    def _approved(self, token: str) -> Callable[[bytes], bytes]:
        def approved(arguments: bytes) -> bytes:
            owner, operator = _words(arguments, 2)
            return _encode(self._granted(owner, token, operator))

        return approved

    def _granted(self, owner: int, token: str, spender: int) -> int:
        """What a known contract may move of a known wallet; anything else nothing."""
        account = self._chain.account_of(_address(owner))
        contract = _core.contract_at(_address(spender))
        if account is None or contract is None:
            return 0
        return self._grants.allowance(account, token, contract)

    def _held(self, owner: int, token: int | None) -> int:
        """Balance of dollars or of a token; nobody and nothing have none."""
        account = self._chain.account_of(_address(owner))
        if account is None:
            return 0
        index = None if token is None else self._chain.exchange.token(str(token))
        if token is not None and index is None:
            return 0
        return self._chain.exchange.holding(account, index)[0]


def _words(arguments: bytes, count: int) -> list[int]:
    """So many words and nothing behind them; a contract reverts for less or more."""
    if len(arguments) != count * _WORD:
        raise _Fault(_REVERTED, "execution reverted")
    return [int.from_bytes(arguments[at : at + _WORD]) for at in range(0, len(arguments), _WORD)]


def _array(arguments: bytes, at: int) -> list[int]:
    """The array whose offset stands at a word of the head."""
    offset = int.from_bytes(arguments[at * _WORD : (at + 1) * _WORD])
    begin = offset + _WORD
    count = int.from_bytes(arguments[offset:begin])
    if begin > len(arguments) or count > MAX_BALANCES:
        raise _Fault(_REVERTED, "execution reverted")
    return _words(arguments[begin : begin + count * _WORD], count)


def _encode(number: int) -> bytes:
    return number.to_bytes(_WORD)


def _address(word: int) -> str:
    if word >> 160:
        raise _Fault(_REVERTED, "execution reverted")
    return _core.checksum_address(f"0x{word:040x}")


def _error(asked: int | str | None, code: int, text: str) -> dict[str, object]:
    """The answer of a call that failed."""
    return {"jsonrpc": "2.0", "id": asked, "error": {"code": code, "message": text}}
