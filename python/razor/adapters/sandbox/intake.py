"""Orders as they come over the wire: decoded, their signature checked, ready to be matched.

Owns: `PostOrder` and `Intake`, and the order in which the venue finds faults with one.

Must never: let an order through whose signature was not recovered; say which member of a payload
was malformed (the venue does not).

Amounts are millionths of a dollar or share, as signed.
"""

from dataclasses import dataclass
from typing import Final, Literal, Protocol

import msgspec

from razor import _core
from razor.adapters.sandbox.keys import ApiKey
from razor.adapters.sandbox.refusal import (
    INVALID_PAYLOAD,
    NOT_OWNER,
    NOT_SIGNER,
    Refused,
)

MAX_BATCH: Final = 15
MAX_AMOUNT: Final = 10**15
"""Millionths; a thousand million dollars or shares are no order."""
_SALT_LIMIT: Final = 2**53
_TIME_DIGITS: Final = 16
_INT64_DIGITS: Final = 19
_DEPOSIT_WALLET: Final = 3
_SIGNATURE_TYPES: Final = range(4)


class OrderMembers(msgspec.Struct, rename="camel", frozen=True):
    """The signed struct and its signature, under the venue's names."""

    salt: int
    maker: str
    signer: str
    token_id: str
    maker_amount: str
    taker_amount: str
    side: Literal["BUY", "SELL"]
    signature_type: int
    timestamp: str
    signature: str
    expiration: str = "0"
    metadata: str | None = None
    builder: str | None = None


class PostOrder(msgspec.Struct, rename="camel", frozen=True):
    """One order of `POST /order` or `POST /orders`."""

    order: OrderMembers
    owner: str
    order_type: Literal["GTC", "GTD", "FOK", "FAK"] = "GTC"
    defer_exec: bool = False
    post_only: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """An order whose signature is good; `order_id` is its hash, `maker` whose money it is."""

    order_id: str
    key: ApiKey
    maker: str
    token_id: str
    is_buy: bool
    maker_amount: int
    taker_amount: int
    order_type: Literal["GTC", "GTD", "FOK", "FAK"]
    is_post_only: bool
    expiration_s: int


class Listing(Protocol):
    """Which contract settles a token."""

    def exchange_of(self, token_id: str) -> _core.SigningExchange | None:
        """The contract its orders are signed for, None for an unknown token."""
        ...


class Wallets(Protocol):
    """What stands on the chain and does not follow from addresses."""

    @property
    def is_verifying(self) -> bool:
        """Whether signatures are recovered; where not, whoever posts an order has signed it."""
        ...

    def may_sign(self, *, wallet: str, signer: str, is_session: bool) -> bool:
        """Whether a key may sign for a wallet that is not derived from it."""
        ...


_DECODE_ONE: Final = msgspec.json.Decoder(PostOrder)
_DECODE_MANY: Final = msgspec.json.Decoder(list[PostOrder])


def read_order(body: bytes) -> PostOrder:
    """Decode the body of `POST /order`; `Refused` 400 for anything else."""
    try:
        return _DECODE_ONE.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as bad:
        raise Refused(400, INVALID_PAYLOAD) from bad


def read_orders(body: bytes) -> list[PostOrder]:
    """Decode the body of `POST /orders`: one order at least and 15 at most."""
    try:
        posted = _DECODE_MANY.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as bad:
        raise Refused(400, INVALID_PAYLOAD) from bad
    if len(posted) > MAX_BATCH:
        text = f"Too many orders in payload: {len(posted)}, max allowed: {MAX_BATCH}"
        raise Refused(400, text)
    if not posted:
        raise Refused(400, INVALID_PAYLOAD)
    return posted


def admit(posted: PostOrder, key: ApiKey, listing: Listing, wallets: Wallets) -> Intake:
    """Check who sends an order and who signed it; `Refused` 400 in the venue's words."""
    members = posted.order
    if posted.owner != key.key:
        raise Refused(400, NOT_OWNER)
    maker_amount = _number(members.maker_amount, MAX_AMOUNT)
    taker_amount = _number(members.taker_amount, MAX_AMOUNT)
    expiration_s = _number(members.expiration, 10**_TIME_DIGITS)
    exchange = listing.exchange_of(members.token_id)
    is_known = exchange is not None and members.signature_type in _SIGNATURE_TYPES
    if exchange is None or not is_known or not 0 <= members.salt < _SALT_LIMIT:
        raise Refused(400, INVALID_PAYLOAD)
    order = _order(members, maker_amount, taker_amount)
    maker = _core.checksum_address(members.maker)
    if wallets.is_verifying:
        order_id = _verified(order, members, key, exchange, wallets)
    else:
        order_id = order.order_id(exchange)
    return Intake(
        order_id=order_id,
        key=key,
        maker=maker,
        token_id=members.token_id,
        is_buy=members.side == "BUY",
        maker_amount=maker_amount,
        taker_amount=taker_amount,
        order_type=posted.order_type,
        is_post_only=posted.post_only,
        expiration_s=expiration_s,
    )


def _order(members: OrderMembers, maker_amount: int, taker_amount: int) -> _core.VenueOrder:
    try:
        return _core.VenueOrder(
            salt=members.salt,
            maker=members.maker,
            signer=members.signer,
            token_id=members.token_id,
            maker_amount=maker_amount,
            taker_amount=taker_amount,
            is_buy=members.side == "BUY",
            signature_type=members.signature_type,
            timestamp_ms=_number(members.timestamp, 10**_TIME_DIGITS),
            metadata=members.metadata,
            builder=members.builder,
        )
    except _core.SignatureError as bad:
        raise Refused(400, INVALID_PAYLOAD) from bad


def _verified(
    order: _core.VenueOrder,
    members: OrderMembers,
    key: ApiKey,
    exchange: _core.SigningExchange,
    wallets: Wallets,
) -> str:
    """Recover who signed, and check that it was the key and that it may sign; the order's id."""
    try:
        signed = order.verify(exchange, members.signature)
    except _core.SignatureError as bad:
        if bad.signer is not None and members.signature_type != _DEPOSIT_WALLET:
            # A good signature by another key, or of another order: the venue cannot tell them.
            raise Refused(400, NOT_SIGNER) from bad
        raise Refused(400, INVALID_PAYLOAD) from bad
    # The key belongs to whoever signs: for a deposit wallet that is its owner or session key.
    if signed.signer != key.address:
        raise Refused(400, NOT_SIGNER)
    maker = _core.checksum_address(members.maker)
    if not signed.owns_maker and not wallets.may_sign(
        wallet=maker, signer=signed.signer, is_session=signed.is_session
    ):
        raise Refused(400, NOT_SIGNER)
    return signed.order_id


def _number(text: str, limit: int) -> int:
    """A plain decimal integer below `limit`; `Refused` 400 for anything else."""
    if not (0 < len(text) <= _INT64_DIGITS and text.isascii() and text.isdigit()):
        raise Refused(400, INVALID_PAYLOAD)
    number = int(text)
    if number >= limit:
        raise Refused(400, INVALID_PAYLOAD)
    return number
