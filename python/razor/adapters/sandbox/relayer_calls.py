"""Calls of a wallet as moves on the ledger of the local exchange.

Owns: `Move`, `plan`, which contracts may be approved, and `Grants`, approvals of contracts that
the ledger does not know.

Must never: move anything while planning; understand a call that `_core.WalletCall` does not.

The module of protocol V2 converts what was sent to it before: such a pair of calls is one move.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, Literal

import msgspec

from razor import _core
from razor.adapters.sandbox.deeds import Deeds, Part, redeemed_part, redeemed_parts
from razor.adapters.sandbox.refusal import Refused

UNBOUNDED: Final = 2**256 - 1
_LEDGER_UNBOUNDED: Final = 2**64 - 1
"""What the ledger holds for an approval without bound."""
_LEDGER_MAX: Final = 10**15
_SEND: Final = {"send", "send_tokens"}
_CASH: Final = "collateral"
_Spender = Literal[
    "exchange", "neg_risk_exchange", "exchange_v3", "adapter", "neg_risk_adapter", "router"
]
CASH_SPENDERS: Final = (
    "exchange",
    "neg_risk_exchange",
    "adapter",
    "neg_risk_adapter",
    "router",
    "exchange_v3",
    "perps_deposit",
)
TOKEN_OPERATORS: Final = {
    "conditional_tokens": (
        "exchange",
        "neg_risk_exchange",
        "adapter",
        "neg_risk_adapter",
        "auto_redeemer",
        "binary_module",
        "neg_risk_module",
    ),
    "position_manager": ("router", "exchange_v3", "auto_redeemer"),
}
"""What may be approved: the seventeen pairs that the official client sets up."""
_LEDGER_SPENDERS: Final[dict[str, _Spender]] = {
    "exchange": "exchange",
    "neg_risk_exchange": "neg_risk_exchange",
    "adapter": "adapter",
    "neg_risk_adapter": "neg_risk_adapter",
    "router": "router",
    "exchange_v3": "exchange_v3",
}
"""Those whose approvals the ledger keeps."""
_ADAPTERS: Final = {
    "exchange": "adapter",
    "neg_risk_exchange": "neg_risk_adapter",
    "exchange_v3": "router",
}
"""The contract that splits and merges where orders are signed for an exchange."""


class Impossible(Exception):
    """A batch that the chain would revert as things stand; its text is what a node would say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """One step of a batch.

    `send` does it, at a time in ns, and gives the index of the ledger's action, None where it is
    done at once. `ExchangeRefused` where the ledger refuses it.
    """

    send: Callable[[int], int | None]
    is_action: bool


class Grants:
    """What contracts may move of a wallet: the ledger's approvals, and those it has no place for.

    An account that the ledger opened with every approval has the others, too.
    """

    def __init__(self, exchange: _core.Exchange) -> None:
        self._exchange = exchange
        self._given: dict[tuple[int, str, str], int] = {}
        self._opened: dict[int, bool] = {}

    def give(self, account: int, token: str, spender: str, amount: int) -> None:
        """Note an approval by the words of both contracts; tokens have 0 or 1."""
        self._given[account, token, spender] = amount

    def opened(self, account: int) -> bool:
        """Whether an account had every approval when it was first looked at."""
        known = self._opened.get(account)
        if known is None:
            known = self._exchange.approval(account, "exchange") == (_LEDGER_UNBOUNDED, True)
            self._opened[account] = known
        return known

    def allowance(self, account: int, token: str, spender: str) -> int:
        """What a contract may move: micro-dollars, or for tokens 0 or 1; 0 for no pair in use."""
        opened = self.opened(account)
        is_cash = token == _CASH
        if spender not in (CASH_SPENDERS if is_cash else TOKEN_OPERATORS.get(token, ())):
            return 0
        if spender in _LEDGER_SPENDERS:
            pusd, has_tokens = self._exchange.approval(account, _LEDGER_SPENDERS[spender])
            cash = UNBOUNDED if pusd == _LEDGER_UNBOUNDED else pusd
            return cash if is_cash else int(has_tokens)
        usual = UNBOUNDED if is_cash else 1
        return self._given.get((account, token, spender), usual if opened else 0)

    def pairs(self, account: int) -> list[tuple[str, str, int]]:
        """Token, spender and allowance of every pair in use, dollars first."""
        listed = [(_CASH, spender) for spender in CASH_SPENDERS]
        listed += [(token, it) for token, spenders in TOKEN_OPERATORS.items() for it in spenders]
        return [(token, it, self.allowance(account, token, it)) for token, it in listed]


def read_acts(calls: list[_core.WalletCall], *, is_session: bool) -> list[_core.WalletAct]:
    """What calls ask for; `Refused` 400 for one that the relayer does not pass on.

    A session key cannot send anything away.
    """
    acts: list[_core.WalletAct] = []
    for at, call in enumerate(calls):
        try:
            act = call.act()
        except _core.CallRefused as bad:
            raise Refused(400, f"call blocked: call[{at}] blocked: {bad}") from bad
        why = _blocked(act, is_session=is_session)
        if why:
            raise Refused(400, f"call blocked: call[{at}] blocked: {why}")
        acts.append(act)
    return acts


def _blocked(act: _core.WalletAct, *, is_session: bool) -> str:
    """Why an act is not passed on; empty where it is."""
    if is_session and act.kind in _SEND:
        return "a session key cannot transfer"
    if act.party is None:
        return ""
    spender = _core.contract_at(act.party)
    if act.kind == "approve" and spender not in CASH_SPENDERS:
        return f"approve spender {act.party} is not in the allowed list"
    if act.kind == "approve_tokens" and spender not in TOKEN_OPERATORS[act.contract]:
        return f"setApprovalForAll operator {act.party} is not in the allowed list"
    return ""


class Planner:
    """Turns acts into moves of one wallet's account."""

    def __init__(
        self,
        exchange: _core.Exchange,
        grants: Grants,
        deeds: Deeds,
        *,
        account_of: Callable[[str], int | None],
        group_of: Callable[[str], int | None],
    ) -> None:
        self._exchange = exchange
        self._grants = grants
        self._deeds = deeds
        self._account_of = account_of
        self._group_of = group_of

    def plan(self, wallet: str, acts: list[_core.WalletAct]) -> list[Move]:
        """The moves of a batch in order; `Impossible` where one of them has no place."""
        account = self._account_of(wallet)
        if account is None:
            raise Impossible("execution reverted: the wallet does not exist")
        self._grants.opened(account)
        return list(self._moves(wallet, account, acts))

    def _moves(self, wallet: str, account: int, acts: list[_core.WalletAct]) -> Iterator[Move]:
        """Each act as a move, but the pair of the module, which is one."""
        rest = iter(acts)
        for act in rest:
            match act.kind:
                case "approve" | "approve_tokens":
                    yield self._approval(account, act)
                case "send_tokens" if _core.contract_at(act.party or "") == "neg_risk_module":
                    yield self._convert_one(wallet, account, act, next(rest, None))
                case "send" | "send_tokens":
                    yield self._transfer(wallet, account, act)
                case "convert_one":
                    raise Impossible("execution reverted: the module holds no such position")
                case "convert":
                    yield self._convert(account, act.key, _bits(act.index), act.amount)
                case "split" | "merge" | "redeem" | "redeem_part":
                    yield self._market_move(account, act)

    def _market_move(self, account: int, act: _core.WalletAct) -> Move:
        """Split, merge or redeem, at the one contract that does it for this market."""
        exchange, amount = self._exchange, act.amount
        market = exchange.market(act.key)
        if market is None or self._adapter_of(market) != act.contract:
            raise Impossible("execution reverted: the condition is not prepared")
        if act.kind == "redeem":
            return self._told(
                account,
                lambda now_ns: exchange.redeem(now_ns, account, market),
                lambda: redeemed_parts(exchange, account, market),
            )
        _check_amount(amount)
        if act.kind == "split":
            return self._told(
                account,
                lambda now_ns: exchange.split(now_ns, account, market, amount),
                lambda: [Part("SPLIT", market, None, amount, amount)],
            )
        if act.kind == "merge":
            return self._told(
                account,
                lambda now_ns: exchange.merge(now_ns, account, market, amount),
                lambda: [Part("MERGE", market, None, amount, amount)],
            )
        return self._told(
            account,
            lambda now_ns: exchange.redeem_part(now_ns, account, 2 * market + act.index, amount),
            lambda: [redeemed_part(exchange, market, act.index, amount)],
        )

    def _told(
        self, account: int, send: Callable[[int], int], parts: Callable[[], list[Part]]
    ) -> Move:
        """An action that is noted when it is sent; what it takes is looked at before."""

        def do(now_ns: int) -> int:
            taken = parts()
            action = send(now_ns)
            self._deeds.note(account, taken, action, now_ns)
            return action

        return _action(do)

    def _convert(self, account: int, key: str, outcomes: list[int], amount: int) -> Move:
        """NO of these outcomes of a group into YES of the others, and cash for all but one."""
        exchange, group = self._exchange, self._group_of(key)
        if group is None:
            raise Impossible("execution reverted: the group is not prepared")
        _check_amount(amount)
        return _action(lambda now_ns: exchange.convert(now_ns, account, group, outcomes, amount))

    def _convert_one(
        self, wallet: str, account: int, sent: _core.WalletAct, act: _core.WalletAct | None
    ) -> Move:
        """The pair of calls that converts in protocol V2: the NO goes to the module, then YES."""
        if act is None or act.kind != "convert_one":
            raise Impossible("execution reverted: tokens sent to the module are lost")
        is_no = sent.key == f"{act.key}{act.index:04x}01"
        is_own = sent.sender == act.party == wallet
        if not (is_no and is_own and sent.amount == act.amount):
            raise Impossible("execution reverted: the module holds no such position")
        return self._convert(account, act.key, [act.index], act.amount)

    def _approval(self, account: int, act: _core.WalletAct) -> Move:
        """An approval of the ledger keeps its other half, dollars or tokens; others are noted."""
        exchange, grants, kind = self._exchange, self._grants, act.kind
        spender = _core.contract_at(act.party or "") or ""
        known = _LEDGER_SPENDERS.get(spender)
        amount, is_on, contract = act.amount, bool(act.index), act.contract

        def approve(now_ns: int) -> None:
            if known is None:
                grants.give(account, contract, spender, int(is_on) if kind != "approve" else amount)
                return
            pusd, has_tokens = exchange.approval(account, known)
            if kind == "approve":
                pusd = min(amount, _LEDGER_UNBOUNDED)
            else:
                has_tokens = is_on
            exchange.approve(now_ns, account, known, pusd, has_tokens=has_tokens)

        return Move(send=approve, is_action=False)

    def _transfer(self, wallet: str, account: int, act: _core.WalletAct) -> Move:
        """To a wallet here, or outside: dollars can leave, tokens cannot."""
        exchange, amount = self._exchange, act.amount
        _check_amount(amount)
        target = self._account_of(act.party or "")
        if act.kind == "send":

            def send(now_ns: int) -> None:
                if target is None:
                    exchange.withdraw(now_ns, account, amount)
                else:
                    exchange.transfer(now_ns, account, target, amount)

            return Move(send=send, is_action=False)
        token = exchange.token(str(int(act.key, 16)))
        if act.sender != wallet or token is None or target is None:
            raise Impossible("execution reverted: the transfer has no place to go")
        if (self._adapter_of(token // 2) == "router") != (act.contract == "position_manager"):
            raise Impossible("execution reverted: the token is another contract's")

        def send_tokens(now_ns: int) -> None:
            exchange.transfer(now_ns, account, target, amount, token)

        return Move(send=send_tokens, is_action=False)

    def _adapter_of(self, market: int) -> str:
        """The contract that splits and merges a market: known by what its orders are signed for."""
        book = msgspec.json.decode(self._exchange.book(2 * market), type=dict[str, object])
        signed_for = self._exchange.exchange_of(str(book["asset_id"]))
        word = _core.contract_at(signed_for.contract) if signed_for else None
        return _ADAPTERS.get(word or "", "")


def _action(send: Callable[[int], int]) -> Move:
    """A move that the ledger takes some blocks for."""
    return Move(send=send, is_action=True)


def _check_amount(amount: int) -> None:
    """Whether the ledger can count so much; none at all is nothing to do."""
    if not 0 < amount <= _LEDGER_MAX:
        raise Impossible("execution reverted: the amount exceeds every balance")


def _bits(index_set: int) -> list[int]:
    """Positions of the bits that are set, lowest first."""
    return [at for at in range(index_set.bit_length()) if index_set >> at & 1]
