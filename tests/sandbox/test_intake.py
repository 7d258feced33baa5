"""Orders over the wire: which are let in, and what the others hear."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from razor import _core
from razor.adapters.sandbox.intake import Intake, PostOrder, admit, read_order, read_orders
from razor.adapters.sandbox.keys import ApiKey, KeyStore
from razor.adapters.sandbox.refusal import Refused

OWNER = _core.SigningKey.from_hex("0x" + "11" * 32)
STRANGER = _core.SigningKey.from_hex("0x" + "22" * 32)
EOA, PROXY, SAFE, DEPOSIT, FIRST_DEPOSIT = _core.wallets_of(OWNER.address)
TOKEN = "7" * 77
OTHER_TOKEN = "8" * 77
PLAIN, NEG_RISK = _core.SigningExchange.plain(), _core.SigningExchange.neg_risk()
WALLETS = [(0, EOA), (1, PROXY), (2, SAFE), (3, DEPOSIT), (3, FIRST_DEPOSIT)]


class Market:
    """One plain market."""

    def exchange_of(self, token_id: str) -> _core.SigningExchange | None:
        return PLAIN if token_id == TOKEN else None


class Chain:
    """Wallets whose owner or session key does not follow from an address."""

    is_verifying = True

    def __init__(self, *known: tuple[str, str]) -> None:
        self._known = known

    def may_sign(self, *, wallet: str, signer: str, is_session: bool) -> bool:
        del is_session
        return (wallet, signer) in self._known


KEYS = KeyStore(seed=1)
KEY = KEYS.grant(OWNER.address)


def payload(  # noqa: PLR0913 - each says what is unusual about one order
    *,
    kind: int = 3,
    maker: str = DEPOSIT,
    key: _core.SigningKey = OWNER,
    exchange: _core.SigningExchange = PLAIN,
    owner: ApiKey = KEY,
    changed: dict[str, object] | None = None,
) -> dict[str, Any]:
    """A signed order as a client sends it; `changed` members are changed after signing."""
    signer = maker if kind == 3 else key.address
    order = _core.VenueOrder(
        salt=12345,
        maker=maker,
        signer=signer,
        token_id=TOKEN,
        maker_amount=2_500_000,
        taker_amount=100_000_000,
        is_buy=True,
        signature_type=kind,
        timestamp_ms=1_767_225_600_000,
    )
    zero = "0x" + "0" * 64
    members = {
        "salt": 12345,
        "maker": maker,
        "signer": signer,
        "tokenId": TOKEN,
        "makerAmount": "2500000",
        "takerAmount": "100000000",
        "side": "BUY",
        "expiration": "0",
        "signatureType": kind,
        "timestamp": "1767225600000",
        "metadata": zero,
        "builder": zero,
        "signature": order.sign(exchange, key),
        **(changed or {}),
    }
    return {
        "order": members,
        "owner": owner.key,
        "orderType": "FAK",
        "deferExec": False,
        "postOnly": False,
    }


def send(sent: dict[str, Any], chain: Chain | None = None, key: ApiKey = KEY) -> Intake:
    return admit(read_order(msgspec.json.encode(sent)), key, Market(), chain or Chain())


def refusal(act: Callable[[], object]) -> tuple[int, str]:
    with pytest.raises(Refused) as caught:
        act()
    return caught.value.status, caught.value.text


@pytest.mark.parametrize(("kind", "maker"), WALLETS)
def test_every_kind_of_wallet_of_the_key_may_order(kind: int, maker: str) -> None:
    taken = send(payload(kind=kind, maker=maker))
    assert (taken.maker, taken.is_buy, taken.order_type) == (maker, True, "FAK")
    assert (taken.maker_amount, taken.taker_amount) == (2_500_000, 100_000_000)
    assert len(taken.order_id) == 66


def test_the_order_id_is_the_hash_the_sender_knew() -> None:
    sent = payload()
    order = _core.VenueOrder(
        salt=12345,
        maker=DEPOSIT,
        signer=DEPOSIT,
        token_id=TOKEN,
        maker_amount=2_500_000,
        taker_amount=100_000_000,
        is_buy=True,
        signature_type=3,
        timestamp_ms=1_767_225_600_000,
    )
    assert send(sent).order_id == order.order_id(PLAIN)


def test_an_order_of_another_api_key_is_refused() -> None:
    other = KEYS.grant(STRANGER.address)
    words = "the order owner has to be the owner of the API KEY"
    assert refusal(lambda: send(payload(owner=other))) == (400, words)


def test_an_order_signed_by_another_key_is_refused() -> None:
    words = "the order signer address has to be the address of the API KEY"
    assert refusal(lambda: send(payload(kind=0, maker=STRANGER.address, key=STRANGER))) == (
        400,
        words,
    )
    assert refusal(lambda: send(payload(key=STRANGER))) == (400, words)


@pytest.mark.parametrize("kind", [1, 2, 3])
def test_a_wallet_of_somebody_else_needs_the_word_of_the_chain(kind: int) -> None:
    foreign = _core.wallets_of(STRANGER.address)[kind]
    sent = payload(kind=kind, maker=foreign)
    assert refusal(lambda: send(sent))[0] == 400
    assert send(sent, Chain((foreign, OWNER.address))).maker == foreign


@pytest.mark.parametrize(
    "changed",
    [
        {"takerAmount": "100000001"},
        {"side": "SELL"},
        {"tokenId": OTHER_TOKEN},
        {"salt": 2**53},
        {"salt": -1},
        {"salt": "12345"},
        {"makerAmount": "-1"},
        {"makerAmount": "1e6"},
        {"makerAmount": "9" * 30},
        {"makerAmount": 2_500_000},
        {"maker": "0x12"},
        {"signature": "0x"},
        {"signature": "0x" + "0" * 634},
        {"signatureType": 7},
        {"signatureType": -1},
        {"timestamp": ""},
        {"expiration": "soon"},
        {"side": "HOLD"},
        {"metadata": "0x0"},
    ],
)
def test_a_payload_that_is_wrong_or_was_changed_is_refused(changed: dict[str, object]) -> None:
    status, words = refusal(lambda: send(payload(changed=changed)))
    assert (status, words) == (400, "Invalid order payload")


def test_a_signature_for_another_exchange_is_refused() -> None:
    assert refusal(lambda: send(payload(exchange=NEG_RISK))) == (400, "Invalid order payload")
    plain_wallet = payload(kind=2, maker=SAFE, exchange=NEG_RISK)
    assert refusal(lambda: send(plain_wallet))[0] == 400


def test_a_batch_has_one_to_fifteen_orders() -> None:
    def batch(count: int) -> list[PostOrder]:
        return read_orders(msgspec.json.encode([payload()] * count))

    assert len(batch(15)) == 15
    assert refusal(lambda: batch(16)) == (400, "Too many orders in payload: 16, max allowed: 15")
    assert refusal(lambda: batch(0)) == (400, "Invalid order payload")


@given(body=st.binary(max_size=200))
def test_no_bytes_get_past_the_decoders_or_break_them(body: bytes) -> None:
    assert refusal(lambda: read_order(body))[0] == 400
    assert refusal(lambda: read_orders(body))[0] == 400


@given(data=st.data())
def test_no_changed_byte_of_a_good_body_orders_anything_else(data: st.DataObject) -> None:
    body = bytearray(msgspec.json.encode(payload(kind=0, maker=EOA)))
    at = data.draw(st.integers(0, len(body) - 1))
    body[at] = data.draw(st.integers(0, 255))
    good = send(payload(kind=0, maker=EOA))
    try:
        taken = admit(read_order(bytes(body)), KEY, Market(), Chain())
    except Refused:
        return
    # What is not signed may differ: expiry, order type, post-only.
    assert (taken.order_id, taken.maker, taken.token_id) == (good.order_id, good.maker, TOKEN)
    assert (taken.maker_amount, taken.taker_amount) == (good.maker_amount, good.taker_amount)
