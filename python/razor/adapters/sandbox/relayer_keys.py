"""Keys that the relayer takes: a relayer key in plain, or a builder key that signs each call.

Owns: `RelayerKeys`. A relayer key works for the wallets of its address, a builder key for anybody.

Must never: read a clock; say what was wrong with a key.
"""

import hmac
from dataclasses import dataclass
from typing import Final

from razor import _core
from razor.adapters.sandbox.keys import MAX_SKEW_S, Call
from razor.adapters.sandbox.refusal import Refused

INVALID_KEY: Final = "invalid authorization"
_TIME_DIGITS: Final = 19


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Who calls: `name` tells one key from the other, `address` is None for a builder."""

    name: str
    address: str | None


class RelayerKeys:
    """The keys that were granted; without any nobody can submit."""

    def __init__(self) -> None:
        self._plain: set[tuple[str, str]] = set()
        self._builders: dict[str, tuple[_core.ApiSecret, str]] = {}

    def grant_relayer(self, key: str, address: str) -> None:
        """Take a relayer key of an address; several addresses may share one key."""
        self._plain.add((key, _core.checksum_address(address)))

    def grant_builder(self, key: str, secret: str, passphrase: str) -> None:
        """Take a builder key; `SignatureError` for a secret that is not base64."""
        self._builders[key] = (_core.ApiSecret(secret), passphrase)

    def check(self, call: Call) -> Sender:
        """Give who calls; `Refused` 401 for a key that is missing or wrong."""
        headers = call.headers
        name = headers.get("POLY_BUILDER_API_KEY", "")
        if name:
            self._check_builder(name, call)
            return Sender(name=f"builder {name}", address=None)
        key = headers.get("RELAYER_API_KEY", "")
        try:
            address = _core.checksum_address(headers.get("RELAYER_API_KEY_ADDRESS", ""))
        except _core.SignatureError as bad:
            raise Refused(401, INVALID_KEY) from bad
        if (key, address) not in self._plain:
            raise Refused(401, INVALID_KEY)
        return Sender(name=f"relayer {address} {key}", address=address)

    def _check_builder(self, name: str, call: Call) -> None:
        """The same signature as that of private calls, under other names."""
        known = self._builders.get(name)
        if known is None:
            raise Refused(401, INVALID_KEY)
        secret, passphrase = known
        headers = call.headers
        timestamp = headers.get("POLY_BUILDER_TIMESTAMP", "")
        is_number = timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= _TIME_DIGITS
        given = headers.get("POLY_BUILDER_PASSPHRASE", "").encode()
        is_good = (
            is_number
            and abs(int(timestamp) - call.now_s) <= MAX_SKEW_S
            and hmac.compare_digest(given, passphrase.encode())
            and secret.verify(
                timestamp,
                call.method,
                call.path,
                call.body,
                headers.get("POLY_BUILDER_SIGNATURE", ""),
            )
        )
        if not is_good:
            raise Refused(401, INVALID_KEY)
