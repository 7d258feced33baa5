"""A relayer over a ledger of one plain market, a group of three and one market of protocol V2.

Calls are encoded here word by word, beside the encoder of the core.
"""

import json
from dataclasses import dataclass, field

from razor import _core
from razor.adapters.sandbox.keys import Call
from razor.adapters.sandbox.refusal import Refused
from razor.adapters.sandbox.relayer import Pace, Relayer
from razor.adapters.sandbox.relayer_keys import RelayerKeys
from razor.adapters.sandbox.router import Request, Router, answer_of

START_NS = 1_800_000_000_000_000_000
SECOND = 1_000_000_000
ONE = 1_000_000
UNBOUNDED = 2**256 - 1

OWNER = _core.SigningKey.from_hex("0x" + "11" * 32)
SESSION = _core.SigningKey.from_hex("0x" + "22" * 32)
STRANGER = _core.SigningKey.from_hex("0x" + "33" * 32)
EOA, PROXY, SAFE, WALLET, FIRST_WALLET = _core.wallets_of(OWNER.address)
OTHER = _core.wallets_of(STRANGER.address)[3]

PLAIN = "0x" + "c1" * 32
GROUP = "0x" + "ee" * 31 + "00"
GROUPED = ["0x" + f"c2{number:02x}" * 16 for number in range(3)]
V2 = "0x01" + "5a" * 16 + "00" * 8 + "0002" + "0000" + "0000"
EVENT = "0x02" + "5b" * 16 + "00" * 8 + "00020000"
V2_GROUPED = [f"{EVENT}{number:04x}" for number in range(3)]


def v2_token(condition: str, outcome: int) -> str:
    return str(int(f"{condition}{outcome:02x}", 16))


@dataclass
class Ground:
    """Accounts, groups and a clock that goes when it is told to."""

    exchange: _core.Exchange
    at_ns: int = START_NS
    accounts: dict[str, int] = field(default_factory=dict[str, int])
    groups: dict[str, int] = field(default_factory=dict[str, int])
    sessions: dict[str, list[str]] = field(default_factory=dict[str, list[str]])

    def now_ns(self) -> int:
        return self.at_ns

    def wake(self) -> None:
        self.exchange.wake(self.at_ns)

    def account_of(self, address: str) -> int | None:
        return self.accounts.get(address)

    def open_account(self, address: str, *, is_approved: bool) -> int:
        account = self.exchange.open_account(self.at_ns, address, is_approved=is_approved)
        self.accounts[address] = account
        return account

    def wallets_signed_by(self, signer: str) -> list[str]:
        return self.sessions.get(signer, [])

    def group_of(self, key: str) -> int | None:
        return self.groups.get(key)


class Desk:
    """A relayer with its ledger, called as over the wire."""

    def __init__(self, *, is_approved: bool = True, max_submits: int | None = 25) -> None:
        self.exchange = _core.Exchange(seed=3)
        self.ground = Ground(self.exchange)
        self._list_markets()
        for wallet in (WALLET, SAFE, PROXY, OTHER):
            account = self.ground.open_account(wallet, is_approved=is_approved)
            self.exchange.deposit(START_NS, account, 1_000 * ONE)
        self.keys = RelayerKeys()
        self.keys.grant_relayer("relayer-key", OWNER.address)
        self.relayer = Relayer(self.ground, self.keys, seed=5, pace=Pace(), max_submits=max_submits)
        self.router = Router()
        self.relayer.mount(self.router)
        self.headers = {"RELAYER_API_KEY": "relayer-key", "RELAYER_API_KEY_ADDRESS": OWNER.address}

    def _list_markets(self) -> None:
        group = self.exchange.add_group(START_NS, GROUP, is_augmented=False)
        event = self.exchange.add_group(START_NS, EVENT, is_augmented=False)
        self.ground.groups = {GROUP: group, EVENT: event}
        listed: list[tuple[str, tuple[str, str], int | None, bool]] = [
            (PLAIN, ("71", "72"), None, False),
            *(
                (condition, (str(100 + 2 * at), str(101 + 2 * at)), group, False)
                for at, condition in enumerate(GROUPED)
            ),
            (V2, (v2_token(V2, 0), v2_token(V2, 1)), None, True),
            *((it, (v2_token(it, 0), v2_token(it, 1)), event, True) for it in V2_GROUPED),
        ]
        for condition, token_ids, of_group, is_v2 in listed:
            self.exchange.add_market(
                START_NS,
                condition_id=condition,
                token_ids=token_ids,
                outcomes=("Yes", "No"),
                tick="0.01",
                min_order_qty=5 * ONE,
                group=of_group,
                is_v2=is_v2,
            )

    def call(
        self, method: str, path: str, body: bytes = b"", caller: str = "me", **query: str
    ) -> dict[str, object]:
        """The body of an answer; `Refused` as the server would see it."""
        return self._call(method, path, body, caller, query)

    def ask(self, path: str, query: dict[str, str]) -> dict[str, object]:
        """A call without a body and with a query as it stands."""
        return self._call("GET", path, b"", "me", query)

    def _call(
        self, method: str, path: str, body: bytes, caller: str, query: dict[str, str]
    ) -> dict[str, object]:
        listed, tail, handler = self.router.route(method, path)
        del listed
        call = Call(
            method=method,
            path=path,
            body=body,
            headers=self.headers,
            now_s=self.ground.at_ns // SECOND,
        )
        request = Request(call=call, query=query, tail=tail, caller=caller)
        answer: dict[str, object] = json.loads(answer_of(handler(request)).body)
        return answer

    def nonce(self, kind: str = "WALLET", signer: str = OWNER.address) -> str:
        answer = self.call("GET", "/v1/account/transactions/params", address=signer, type=kind)
        assert answer["address"] == signer
        return str(answer["nonce"])

    def submit(self, *calls: _core.WalletCall) -> str:
        """Send a batch of the deposit wallet; the id of the transaction."""
        answer = self.call("POST", "/submit", self.batch(*calls))
        assert answer["state"] == "STATE_NEW"
        return str(answer["transactionID"])

    def batch(  # noqa: PLR0913 - each says what is unusual about one batch
        self,
        *calls: _core.WalletCall,
        key: _core.SigningKey = OWNER,
        wallet: str = WALLET,
        nonce: str | None = None,
        deadline_s: int | None = None,
        is_session: bool = False,
        changed: dict[str, object] | None = None,
    ) -> bytes:
        """The body of a batch; `changed` members are changed after signing."""
        nonce = self.nonce() if nonce is None else nonce
        deadline = str(self.ground.at_ns // SECOND + 600 if deadline_s is None else deadline_s)
        batch = _core.WalletBatch(wallet=wallet, nonce=nonce, deadline=deadline, calls=list(calls))
        signature = batch.sign_as_session(key) if is_session else batch.sign(key)
        body = {
            "type": "WALLET",
            "from": key.address,
            "to": _core.contract_address("deposit_factory"),
            "nonce": nonce,
            "signature": signature,
            "metadata": "test",
            "depositWalletParams": {
                "depositWallet": wallet,
                "deadline": deadline,
                "calls": [wire(call) for call in calls],
            },
        }
        return json.dumps({**body, **(changed or {})}).encode()

    def look(self, transaction_id: str) -> dict[str, object]:
        return self.call("GET", f"/v1/account/transactions/{transaction_id}")

    def state(self, transaction_id: str) -> str:
        return str(self.look(transaction_id)["state"]).removeprefix("STATE_")

    def wait(self, seconds: float) -> None:
        self.ground.at_ns += int(seconds * SECOND)

    def settle(self, transaction_id: str) -> str:
        """Let time pass until a transaction has ended; its last state."""
        for _ in range(200):
            state = self.state(transaction_id)
            if state in {"CONFIRMED", "FAILED", "INVALID"}:
                assert self.exchange.audit() is None
                return state
            self.wait(1)
        raise AssertionError(f"{transaction_id} never ends: {self.look(transaction_id)}")

    def done(self, *calls: _core.WalletCall) -> None:
        assert self.settle(self.submit(*calls)) == "CONFIRMED"

    def held(self, token: str | None = None, wallet: str = WALLET) -> int:
        """Micro units that a wallet holds of dollars or a token."""
        index = None if token is None else self.exchange.token(token)
        assert token is None or index is not None
        return self.exchange.holding(self.ground.accounts[wallet], index)[0]

    def refused(self, body: bytes, caller: str = "me") -> tuple[int, str]:
        """Status and text of what refuses a submission."""
        try:
            answer = self.call("POST", "/submit", body, caller)
        except Refused as refused:
            return refused.status, refused.text
        raise AssertionError(f"taken: {answer}")


def encode(contract: str, signature: str, *words: int | str | list[int]) -> _core.WalletCall:
    """A call: static words first, arrays behind them; a short hex text is padded on the right."""
    head, tail = "", ""
    for word in words:
        match word:
            case int():
                head += f"{word:064x}"
            case str():
                digits = word[2:].lower()
                head += digits.rjust(64, "0") if len(digits) == 40 else digits.ljust(64, "0")
            case list():
                head += f"{32 * len(words) + len(tail) // 2:064x}"
                tail += f"{len(word):064x}" + "".join(f"{item:064x}" for item in word)
    data = _core.function_selector(signature) + head + tail
    address = contract if contract.startswith("0x") else _core.contract_address(contract)
    return _core.WalletCall(target=address, data=data)


def wire(call: _core.WalletCall) -> dict[str, str]:
    return {"target": call.target, "value": "0", "data": call.data}


def on_condition(name: str, condition: str, *amount: int, contract: str) -> _core.WalletCall:
    types = "address,bytes32,bytes32,uint256[]" + ",uint256" * len(amount)
    pusd = _core.contract_address("collateral")
    return encode(contract, f"{name}({types})", pusd, 0, condition, [1, 2], *amount)


def split(condition: str, amount: int, contract: str = "adapter") -> _core.WalletCall:
    return on_condition("splitPosition", condition, amount, contract=contract)


def merge(condition: str, amount: int, contract: str = "adapter") -> _core.WalletCall:
    return on_condition("mergePositions", condition, amount, contract=contract)


def redeem(condition: str, contract: str = "adapter") -> _core.WalletCall:
    return on_condition("redeemPositions", condition, contract=contract)


def convert(group: str, index_set: int, amount: int) -> _core.WalletCall:
    signature = "convertPositions(bytes32,uint256,uint256)"
    return encode("neg_risk_adapter", signature, group, index_set, amount)


def router(name: str, condition: str, *numbers: int) -> _core.WalletCall:
    return encode("router", f"{name}(bytes31{',uint256' * len(numbers)})", condition, *numbers)


def approve(spender: str, amount: int) -> _core.WalletCall:
    return encode("collateral", "approve(address,uint256)", _address(spender), amount)


def approve_tokens(contract: str, operator: str, *, is_on: bool = True) -> _core.WalletCall:
    signature = "setApprovalForAll(address,bool)"
    return encode(contract, signature, _address(operator), int(is_on))


def send(to: str, amount: int) -> _core.WalletCall:
    return encode("collateral", "transfer(address,uint256)", to, amount)


def send_tokens(
    to: str, token: str, amount: int, contract: str = "conditional_tokens", sender: str = WALLET
) -> _core.WalletCall:
    signature = "safeTransferFrom(address,address,uint256,uint256,bytes)"
    return encode(contract, signature, sender, _address(to), int(token), amount, [])


def module_convert(to: str, event: str, index: int, amount: int) -> _core.WalletCall:
    signature = "convert(address,bytes29,uint256,uint256)"
    return encode("neg_risk_module", signature, to, event, index, amount)


def _address(name: str) -> str:
    return name if name.startswith("0x") else _core.contract_address(name)
