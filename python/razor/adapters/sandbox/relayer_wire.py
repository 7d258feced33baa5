"""What `POST /submit` brings: decoded, its signature recovered, its calls laid open.

Owns: `Submission`, its four forms on the wire, and the texts that refuse them.

Must never: let a batch through whose signature was not recovered; look at a nonce, a balance or
a clock (the relayer does).

Texts in use at the venue are those that its users and clients report; where none is known the
text is ours.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal

import msgspec

from razor import _core
from razor.adapters.sandbox.refusal import Refused

MAX_METADATA: Final = 500
INVALID_BODY: Final = "invalid request body"
INVALID_SIGNATURE: Final = "invalid signature"
NOT_FACTORY: Final = "invalid 'to' field: must be deposit wallet factory"
_DEPOSIT_FACTORY: Final = _core.contract_address("deposit_factory")
_ZERO: Final = "0x" + "0" * 40


class Kind(StrEnum):
    """Wallets that have nonces, by the venue's word for their transactions."""

    WALLET = "WALLET"
    SAFE = "SAFE"
    PROXY = "PROXY"


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """A batch whose signature is good. Addresses have their checksum.

    `owner` signed; `is_session` says that it did so as a session key. `nonce` and `deadline_s` are
    any numbers of 256 bits; only deposit wallets have a deadline. `kind` is None where a deposit
    wallet is to be made, which has no calls.
    """

    kind: Kind | None
    owner: str
    wallet: str
    nonce: int
    deadline_s: int | None
    calls: list[_core.WalletCall]
    is_session: bool = False


class _Call(msgspec.Struct, frozen=True):
    """A call of a deposit wallet; `value` in wei."""

    target: str
    data: str
    value: str = "0"


class _DepositWallet(msgspec.Struct, rename="camel", frozen=True):
    """What is signed of a batch beside its nonce."""

    deposit_wallet: str
    deadline: str
    calls: list[_Call]


class _WalletBody(msgspec.Struct, rename="camel", tag="WALLET", frozen=True):
    """Calls of a deposit wallet."""

    from_: str = msgspec.field(name="from")
    to: str
    nonce: str
    signature: str
    deposit_wallet_params: _DepositWallet
    metadata: str = ""


class _CreateBody(msgspec.Struct, tag="WALLET-CREATE", frozen=True):
    """A deposit wallet to be made."""

    from_: str = msgspec.field(name="from")
    to: str
    metadata: str = ""


class _SafeParams(msgspec.Struct, rename="camel", frozen=True):
    """How the Safe runs it: 0 calls, 1 delegates; nobody is paid for gas."""

    operation: Literal["0", "1"]
    gas_price: Literal["0"] = "0"
    base_gas: Literal["0"] = "0"
    safe_txn_gas: Literal["0"] = "0"
    gas_token: str = _ZERO
    refund_receiver: str = _ZERO


class _SafeBody(msgspec.Struct, rename="camel", tag="SAFE", frozen=True):
    """Calls of a Safe."""

    from_: str = msgspec.field(name="from")
    to: str
    proxy_wallet: str
    data: str
    nonce: str
    signature: str
    signature_params: _SafeParams
    value: str = "0"
    metadata: str = ""


class _ProxyParams(msgspec.Struct, rename="camel", frozen=True):
    """What is signed of a message beside its calls and its nonce."""

    gas_limit: str
    gas_price: str
    relay: str
    relay_hub: str
    relayer_fee: str


class _ProxyBody(msgspec.Struct, rename="camel", tag="PROXY", frozen=True):
    """Calls of a proxy wallet."""

    from_: str = msgspec.field(name="from")
    to: str
    proxy_wallet: str
    data: str
    nonce: str
    signature: str
    signature_params: _ProxyParams
    metadata: str = ""


_Body = _WalletBody | _CreateBody | _SafeBody | _ProxyBody
_DECODE: Final = msgspec.json.Decoder(_Body)


def read_submission(body: bytes) -> Submission:
    """Decode the body of `POST /submit` and recover who signed it; `Refused` 400.

    Whether the signer may move the wallet is not said: see `may_move`.
    """
    try:
        read: _Body = _DECODE.decode(body)
        if len(read.metadata) > MAX_METADATA:
            raise Refused(400, f"metadata must be at most {MAX_METADATA} characters")
        match read:
            case _WalletBody():
                return _wallet(read)
            case _CreateBody():
                return _create(read)
            case _SafeBody():
                return _safe(read)
            case _ProxyBody():
                return _proxy(read)
    except (
        msgspec.MsgspecError,
        UnicodeDecodeError,
        RecursionError,
        _core.SignatureError,
    ) as bad:
        raise Refused(400, INVALID_BODY) from bad
    except _core.CallRefused as bad:
        raise Refused(400, f"call blocked: {bad}") from bad


def may_move(submission: Submission, sessions: list[str]) -> bool:
    """Whether the signer may move the wallet: it is its owner's, or one of its `sessions`."""
    if submission.is_session:
        return submission.wallet.lower() in {wallet.lower() for wallet in sessions}
    return submission.wallet in wallets_of_kind(submission.owner, submission.kind)


def wallets_of_kind(owner: str, kind: Kind | None) -> list[str]:
    """The wallets that an owner can have of a kind, the older deposit wallet first."""
    _, proxy, safe, deposit, first_deposit = _core.wallets_of(owner)
    match kind:
        case Kind.WALLET:
            return [first_deposit, deposit]
        case None:
            return [deposit]
        case Kind.SAFE:
            return [safe]
        case Kind.PROXY:
            return [proxy]


def _wallet(body: _WalletBody) -> Submission:
    """The owner or a session key signed the batch under the wallet's domain."""
    _check_factory(body.to)
    params = body.deposit_wallet_params
    calls = [
        _core.WalletCall(target=call.target, data=call.data, value=call.value)
        for call in params.calls
    ]
    if not calls:
        raise Refused(400, INVALID_BODY)
    batch = _core.WalletBatch(
        wallet=params.deposit_wallet, nonce=body.nonce, deadline=params.deadline, calls=calls
    )
    try:
        owner, is_session = batch.signer(body.signature)
    except _core.SignatureError as bad:
        raise Refused(400, INVALID_SIGNATURE) from bad
    return Submission(
        kind=Kind.WALLET,
        owner=_same(owner, body.from_),
        wallet=_core.checksum_address(params.deposit_wallet),
        nonce=int(body.nonce),
        deadline_s=int(params.deadline),
        calls=calls,
        is_session=is_session,
    )


def _create(body: _CreateBody) -> Submission:
    """No signature: whoever asks pays for nothing and gets the wallet of that owner."""
    _check_factory(body.to)
    owner = _core.checksum_address(body.from_)
    (wallet,) = wallets_of_kind(owner, None)
    return Submission(kind=None, owner=owner, wallet=wallet, nonce=0, deadline_s=None, calls=[])


def _safe(body: _SafeBody) -> Submission:
    """The owner signed the Safe's hash; refunds in a token are not ours to pay."""
    if body.signature_params.gas_token != _ZERO or body.signature_params.refund_receiver != _ZERO:
        raise Refused(400, INVALID_BODY)
    relay = _core.SafeRelay(
        safe=body.proxy_wallet,
        call=_core.WalletCall(target=body.to, data=body.data, value=body.value),
        is_delegate=body.signature_params.operation == "1",
        nonce=body.nonce,
    )
    try:
        owner = relay.signer(body.signature)
    except _core.SignatureError as bad:
        raise Refused(400, INVALID_SIGNATURE) from bad
    return _legacy(Kind.SAFE, _same(owner, body.from_), body, relay.calls())


def _proxy(body: _ProxyBody) -> Submission:
    """The owner signed a message for the hub, with the relay that would send it."""
    params = body.signature_params
    relay = _core.ProxyRelay(
        sender=body.from_,
        call=_core.WalletCall(target=body.to, data=body.data),
        relayer_fee=params.relayer_fee,
        gas_price=params.gas_price,
        gas_limit=params.gas_limit,
        nonce=body.nonce,
        relay_hub=params.relay_hub,
        relay=params.relay,
    )
    try:
        owner = relay.signer(body.signature)
    except _core.SignatureError as bad:
        raise Refused(400, INVALID_SIGNATURE) from bad
    return _legacy(Kind.PROXY, _same(owner, body.from_), body, relay.calls())


def _legacy(
    kind: Kind, owner: str, body: _SafeBody | _ProxyBody, calls: list[_core.WalletCall]
) -> Submission:
    """Both older kinds name their wallet beside what was signed and have no deadline."""
    if not calls:
        raise Refused(400, INVALID_BODY)
    return Submission(
        kind=kind,
        owner=owner,
        wallet=_core.checksum_address(body.proxy_wallet),
        nonce=int(body.nonce),
        deadline_s=None,
        calls=calls,
    )


def _check_factory(address: str) -> None:
    """Batches of deposit wallets are addressed to their factory, whoever is called inside."""
    if _core.checksum_address(address) != _DEPOSIT_FACTORY:
        raise Refused(400, NOT_FACTORY)


def _same(signer: str, named: str) -> str:
    """The signer; a batch of another content was signed by an address that nobody knows."""
    if signer != _core.checksum_address(named):
        raise Refused(400, INVALID_SIGNATURE)
    return signer
