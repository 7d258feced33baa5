"""API keys of the local exchange: made and found by a login, and checked on every private call.

Owns: `KeyStore`, and the rules of PROTOCOL §4.1 and §4.2.

Must never: hand out a secret for a login that its address did not sign; read a clock (the time of
a call is an argument); draw a random number (keys come from the seed, the address and the nonce).

Invariants:
- one key per address and nonce, the same for the same seed;
- every wrong private call gets the same answer, whatever was wrong with it.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from razor import _core
from razor.adapters.sandbox.refusal import INVALID_L1, KEY_EXISTS, NO_KEY, UNAUTHORIZED, Refused

MAX_SKEW_S = 30
"""Seconds between the time a call names and ours; the venue refuses beyond some tens."""
_NONCE_LIMIT = 2**63
_DIGITS_MAX = 19


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """What a login gives: a name, a secret to sign calls with, and a passphrase."""

    address: str
    nonce: int
    key: str
    secret: str = field(repr=False)
    passphrase: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One HTTP call as its signature covers it.

    `path` is without host and query, `body` the exact bytes, `now_s` our clock in seconds.
    """

    method: str
    path: str
    body: bytes
    headers: Mapping[str, str]
    now_s: int


class KeyStore:
    """All keys handed out; the same seed hands out the same ones."""

    def __init__(self, *, seed: int, max_skew_s: int = MAX_SKEW_S) -> None:
        self._seed = seed.to_bytes(16, "big", signed=True)
        self._max_skew_s = max_skew_s
        self._by_login: dict[tuple[str, int], ApiKey] = {}
        self._by_name: dict[str, tuple[ApiKey, _core.ApiSecret]] = {}

    def create(self, call: Call) -> ApiKey:
        """Make the key of a login; `Refused` if the login is bad or the key exists."""
        login = self._login(call)
        if login in self._by_login:
            raise Refused(400, KEY_EXISTS)
        return self._make(*login)

    def derive(self, call: Call) -> ApiKey:
        """Find the key of a login; `Refused` if the login is bad or the key was never made."""
        found = self._by_login.get(self._login(call))
        if found is None:
            raise Refused(400, NO_KEY)
        return found

    def grant(self, address: str, nonce: int = 0) -> ApiKey:
        """Make or find a key without a login: accounts that the exchange opens itself."""
        login = (_core.checksum_address(address), nonce)
        return self._by_login.get(login) or self._make(*login)

    def keys_of(self, address: str) -> list[ApiKey]:
        """Keys of an address, by nonce."""
        mine = [key for (of, _), key in self._by_login.items() if of == address]
        return sorted(mine, key=lambda key: key.nonce)

    def revoke(self, key: ApiKey) -> None:
        """Forget a key; its address can make it again."""
        self._by_login.pop((key.address, key.nonce), None)
        self._by_name.pop(key.key, None)

    def check(self, call: Call) -> ApiKey:
        """Give the key a private call was signed with; `Refused` 401 for anything else."""
        known = self._by_name.get(call.headers.get("POLY_API_KEY", ""))
        if known is None:
            raise Refused(401, UNAUTHORIZED)
        key, secret = known
        timestamp = call.headers.get("POLY_TIMESTAMP", "")
        is_good = (
            call.headers.get("POLY_ADDRESS", "").lower() == key.address.lower()
            and hmac.compare_digest(
                call.headers.get("POLY_PASSPHRASE", "").encode(), key.passphrase.encode()
            )
            and self._is_now(timestamp, call.now_s)
            and secret.verify(
                timestamp,
                call.method,
                call.path,
                call.body,
                call.headers.get("POLY_SIGNATURE", ""),
            )
        )
        if not is_good:
            raise Refused(401, UNAUTHORIZED)
        return key

    def check_stream(self, *, key: str, secret: str, passphrase: str) -> ApiKey | None:
        """Give the key whose plain credentials a user stream opened with, or None."""
        known = self._by_name.get(key)
        if known is None:
            return None
        mine = known[0]
        given = f"{secret}\0{passphrase}".encode()
        expected = f"{mine.secret}\0{mine.passphrase}".encode()
        return mine if hmac.compare_digest(given, expected) else None

    def _login(self, call: Call) -> tuple[str, int]:
        """Address and nonce of a signed login."""
        headers = call.headers
        nonce_text = headers.get("POLY_NONCE") or "0"
        timestamp = headers.get("POLY_TIMESTAMP", "")
        if not self._is_now(timestamp, call.now_s) or not _is_digits(nonce_text):
            raise Refused(401, INVALID_L1)
        nonce = int(nonce_text)
        if nonce >= _NONCE_LIMIT:
            raise Refused(401, INVALID_L1)
        address = headers.get("POLY_ADDRESS", "")
        try:
            _core.verify_login(address, timestamp, nonce, headers.get("POLY_SIGNATURE", ""))
        except _core.SignatureError as bad:
            raise Refused(401, INVALID_L1) from bad
        return _core.checksum_address(address), nonce

    def _is_now(self, timestamp: str, now_s: int) -> bool:
        return _is_digits(timestamp) and abs(int(timestamp) - now_s) <= self._max_skew_s

    def _make(self, address: str, nonce: int) -> ApiKey:
        def draw(label: str, size: int) -> bytes:
            text = f"{label}/{address}/{nonce}".encode()
            return hmac.digest(self._seed, text, hashlib.sha256)[:size]

        key = ApiKey(
            address=address,
            nonce=nonce,
            key=str(UUID(bytes=draw("key", 16), version=4)),
            secret=base64.urlsafe_b64encode(draw("secret", 32)).decode(),
            passphrase=draw("passphrase", 32).hex(),
        )
        self._by_login[address, nonce] = key
        self._by_name[key.key] = (key, _core.ApiSecret(key.secret))
        return key


def _is_digits(text: str) -> bool:
    """Whether a text is a short decimal of ASCII digits; the header of a call has ten."""
    return len(text) <= _DIGITS_MAX and text.isascii() and text.isdigit()
