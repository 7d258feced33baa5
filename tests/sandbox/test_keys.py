"""Logins and private calls: who gets a key, and what passes for a call of its owner."""

import pytest

from razor import _core
from razor.adapters.sandbox.keys import MAX_SKEW_S, ApiKey, Call, KeyStore
from razor.adapters.sandbox.refusal import Refused

OWNER = _core.SigningKey.from_hex("0x" + "11" * 32)
STRANGER = _core.SigningKey.from_hex("0x" + "22" * 32)
NOW_S = 1_767_225_600


def login(
    key: _core.SigningKey = OWNER, *, nonce: int = 0, at_s: int = NOW_S, **changed: str
) -> Call:
    headers = {
        "POLY_ADDRESS": key.address,
        "POLY_SIGNATURE": key.sign_login(str(at_s), nonce),
        "POLY_TIMESTAMP": str(at_s),
        "POLY_NONCE": str(nonce),
        **changed,
    }
    return Call(method="POST", path="/auth/api-key", body=b"", headers=headers, now_s=NOW_S)


def private(
    key: ApiKey,
    *,
    method: str = "POST",
    path: str = "/order",
    body: bytes = b'{"a":1}',
    at_s: int = NOW_S,
    **changed: str,
) -> Call:
    secret = _core.ApiSecret(key.secret)
    headers = {
        "POLY_ADDRESS": key.address,
        "POLY_API_KEY": key.key,
        "POLY_PASSPHRASE": key.passphrase,
        "POLY_TIMESTAMP": str(at_s),
        "POLY_SIGNATURE": secret.sign(str(at_s), method, path, body),
        **changed,
    }
    return Call(method=method, path=path, body=body, headers=headers, now_s=NOW_S)


def refusal(store: KeyStore, call: Call) -> tuple[int, str]:
    with pytest.raises(Refused) as caught:
        store.check(call)
    return caught.value.status, caught.value.text


def test_a_login_makes_a_key_once_and_finds_it_ever_after() -> None:
    store = KeyStore(seed=7)
    key = store.create(login())
    assert (key.address, key.nonce) == (OWNER.address, 0)
    assert store.derive(login()) == key
    with pytest.raises(Refused, match="Could not create api key") as caught:
        store.create(login())
    assert caught.value.status == 400
    assert store.create(login(nonce=1)).key != key.key
    assert [it.nonce for it in store.keys_of(OWNER.address)] == [0, 1]


def test_a_key_that_was_never_made_is_not_found() -> None:
    with pytest.raises(Refused, match="Could not derive api key!") as caught:
        KeyStore(seed=7).derive(login())
    assert caught.value.status == 400


def test_a_key_shows_its_name_and_no_secret() -> None:
    key = KeyStore(seed=7).grant(OWNER.address)
    assert key.key in repr(key)
    assert key.secret not in repr(key)
    assert key.passphrase not in repr(key)


def test_one_seed_gives_one_set_of_keys() -> None:
    first, again, other = (KeyStore(seed=seed).create(login()) for seed in (7, 7, 8))
    assert first == again
    assert {first.key, first.secret} & {other.key, other.secret} == set()


@pytest.mark.parametrize(
    "call",
    [
        login(at_s=NOW_S - MAX_SKEW_S - 1),
        login(at_s=NOW_S + MAX_SKEW_S + 1),
        login(POLY_ADDRESS=STRANGER.address),
        login(POLY_NONCE="1"),
        login(POLY_NONCE="-1"),
        login(POLY_NONCE="9" * 19),
        login(POLY_SIGNATURE="0x"),
        login(POLY_TIMESTAMP=""),
        login(POLY_TIMESTAMP="1" * 5_000),
        login(POLY_ADDRESS="0x12"),
    ],
)
def test_a_login_that_its_address_did_not_sign_now_is_refused(call: Call) -> None:
    with pytest.raises(Refused, match="Invalid L1 Request headers") as caught:
        KeyStore(seed=7).create(call)
    assert caught.value.status == 401


def test_a_private_call_of_the_owner_passes() -> None:
    store = KeyStore(seed=7)
    key = store.create(login())
    assert store.check(private(key)) == key
    assert store.check(private(key, method="DELETE", path="/cancel-all", body=b"")) == key
    assert store.check(private(key, POLY_ADDRESS=key.address.lower())) == key


def test_whatever_is_wrong_with_a_private_call_gets_one_answer() -> None:
    store = KeyStore(seed=7)
    key, other = store.create(login()), store.create(login(STRANGER))
    good = private(key)
    wrong = [
        private(key, POLY_API_KEY=other.key),
        private(key, POLY_API_KEY="nobody"),
        private(key, POLY_PASSPHRASE=other.passphrase),
        private(key, POLY_ADDRESS=STRANGER.address),
        private(key, POLY_SIGNATURE="AAAA"),
        private(key, POLY_TIMESTAMP=str(NOW_S + 1)),
        private(key, at_s=NOW_S - MAX_SKEW_S - 1),
        Call(method="GET", path=good.path, body=good.body, headers=good.headers, now_s=NOW_S),
        Call(method="POST", path="/orders", body=good.body, headers=good.headers, now_s=NOW_S),
        Call(method="POST", path=good.path, body=b"{}", headers=good.headers, now_s=NOW_S),
        Call(method="POST", path=good.path, body=good.body, headers={}, now_s=NOW_S),
    ]
    assert {refusal(store, call) for call in wrong} == {(401, "Unauthorized/Invalid api key")}


def test_a_revoked_key_is_dead_and_can_be_made_again() -> None:
    store = KeyStore(seed=7)
    key = store.create(login())
    store.revoke(key)
    assert refusal(store, private(key))[0] == 401
    assert store.create(login()) == key


def test_a_user_stream_opens_with_all_three_credentials_only() -> None:
    store = KeyStore(seed=7)
    key = store.grant(OWNER.address.lower())
    plain = {"key": key.key, "secret": key.secret, "passphrase": key.passphrase}
    assert store.check_stream(**plain) == key
    for name in plain:
        assert store.check_stream(**{**plain, name: "x"}) is None


@pytest.mark.parametrize(
    ("text", "status"),
    [("market not found", 404), ("Unauthorized", 401), ("context canceled", 400), ("other", 500)],
)
def test_the_gateway_rewrites_statuses_by_their_text(text: str, status: int) -> None:
    assert Refused(500, text).status == status
