"""How often one may call: windows per address of the caller, token buckets per signer.

Owns: the limits of PROTOCOL §6.1 and §6.2 and the headers that tell of them.

Must never: read a clock; the time of a call is an argument. No float: tokens are counted in
thousandths of a token.
"""

from collections import deque
from dataclasses import dataclass
from enum import Enum
from typing import Final

from razor.adapters.sandbox.refusal import TOO_MANY, Refused

_SECOND_MS: Final = 1_000
_WINDOW_MS: Final = 10_000
_MILLI: Final = 1_000
"""Thousandths of a token: one token per second is one thousandth per millisecond."""


class Tier(Enum):
    """Orders per second and burst, cancels per second and burst, by trading volume."""

    STANDARD = (40, 60, 80, 120)
    COPPER = (60, 90, 120, 180)
    BRONZE = (80, 120, 160, 240)
    SILVER = (200, 300, 400, 600)
    GOLD = (400, 600, 800, 1_200)
    PLATINUM = (450, 675, 900, 1_350)
    DIAMOND = (525, 787, 1_050, 1_575)
    ELITE = (600, 900, 1_200, 1_800)
    UNLIMITED = (0, 0, 0, 0)
    """No limit at all: measurements of our own."""


class Enforcement(Enum):
    """Whether a signer over its limit is refused, only warned, or not counted."""

    ON = "on"
    WARNING = "warning"
    OFF = "off"


@dataclass(slots=True)
class _Bucket:
    """Tokens of one kind of one signer, in thousandths, as of `at_ms`."""

    rate: int
    burst: int
    tokens: int
    at_ms: int
    floor: int = 0
    """How far below zero a call may take it."""

    def refill(self, now_ms: int) -> None:
        gained = max(0, now_ms - self.at_ms) * self.rate
        self.tokens = min(self.burst * _MILLI, self.tokens + gained)
        self.at_ms = max(self.at_ms, now_ms)

    def wait_ms(self, cost: int) -> int:
        """Milliseconds until `cost` tokens are there, rounded up; 0 is now."""
        missing = cost * _MILLI - self.tokens
        return max(0, -(-missing // self.rate))


class SignerLimits:
    """Token buckets per signer: one for orders, one for cancels.

    A batch costs its orders and is taken or refused whole. A cancel of more than one can afford is
    taken once the bucket is full and leaves it below zero.
    """

    def __init__(
        self, *, tier: Tier = Tier.STANDARD, enforcement: Enforcement = Enforcement.ON
    ) -> None:
        self._tier = tier
        self._enforcement = enforcement
        self._buckets: dict[tuple[str, bool], _Bucket] = {}

    def take(self, signer: str, *, is_cancel: bool, cost: int, now_ms: int) -> dict[str, str]:
        """Headers of the answer; `Refused` 429 with `Retry-After` where the limit is enforced."""
        if self._tier is Tier.UNLIMITED or self._enforcement is Enforcement.OFF:
            return {}
        bucket = self._bucket(signer, is_cancel=is_cancel, now_ms=now_ms)
        bucket.refill(now_ms)
        affordable = min(cost, bucket.burst) if is_cancel else cost
        wait_ms = bucket.wait_ms(affordable)
        if wait_ms == 0:
            bucket.tokens -= cost * _MILLI
            return self._headers(bucket, now_ms, wait_ms=0)
        if self._enforcement is Enforcement.WARNING:
            return self._headers(bucket, now_ms, wait_ms) | {"Poly-RateLimit-Warning": "true"}
        headers = self._headers(bucket, now_ms, wait_ms)
        headers["Retry-After"] = str(-(-wait_ms // _SECOND_MS))
        raise Refused(429, TOO_MANY, headers=headers)

    @property
    def tier(self) -> Tier:
        """The tier of every signer."""
        return self._tier

    def _bucket(self, signer: str, *, is_cancel: bool, now_ms: int) -> _Bucket:
        found = self._buckets.get((signer, is_cancel))
        if found is None:
            orders, order_burst, cancels, cancel_burst = self._tier.value
            rate, burst = (cancels, cancel_burst) if is_cancel else (orders, order_burst)
            found = _Bucket(rate=rate, burst=burst, tokens=burst * _MILLI, at_ms=now_ms)
            self._buckets[signer, is_cancel] = found
        return found

    def _headers(self, bucket: _Bucket, now_ms: int, wait_ms: int) -> dict[str, str]:
        return {
            "Poly-RateLimit-Remaining": str(bucket.tokens // _MILLI),
            "Poly-RateLimit-Reset": str(-(-(now_ms + wait_ms) // _SECOND_MS)),
            "Poly-RateLimit-Tier": self._tier.name.lower(),
        }


CALLER_LIMITS: Final = {
    "POST /order": 5_000,
    "DELETE /order": 5_000,
    "POST /orders": 2_000,
    "DELETE /orders": 2_000,
    "DELETE /cancel-all": 250,
    "DELETE /cancel-market-orders": 1_500,
    "GET /book": 1_500,
    "GET /price": 1_500,
    "GET /midpoint": 1_500,
    "POST /books": 500,
    "POST /prices": 500,
    "POST /midpoints": 500,
    "GET /tick-size": 200,
    "GET /data/orders": 500,
    "GET /data/trades": 500,
    "GET /balance-allowance": 200,
    "GET /balance-allowance/update": 50,
    "POST /auth/api-key": 100,
    "GET /auth/derive-api-key": 100,
    "GET /ok": 100,
    "GET /markets/keyset": 300,
    "GET /events/keyset": 500,
    "GET /trades": 200,
    "GET /positions": 150,
}
"""Calls of one address per ten seconds (PROTOCOL §6.1)."""


class CallerLimits:
    """Calls of one caller per route in any ten seconds."""

    def __init__(self, limits: dict[str, int]) -> None:
        self._limits = limits
        self._calls: dict[tuple[str, str], deque[int]] = {}

    def take(self, caller: str, route: str, now_ms: int) -> None:
        """Count a call; `Refused` 429 once the route's window is full."""
        limit = self._limits.get(route)
        if limit is None:
            return
        calls = self._calls.setdefault((caller, route), deque())
        while calls and calls[0] <= now_ms - _WINDOW_MS:
            calls.popleft()
        if len(calls) >= limit:
            wait_ms = calls[0] + _WINDOW_MS - now_ms
            raise Refused(429, TOO_MANY, headers={"Retry-After": str(-(-wait_ms // _SECOND_MS))})
        calls.append(now_ms)
