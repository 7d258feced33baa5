"""The venue's per-address request limits as local buckets (PROTOCOL 6.1).

Owns the table of limits and the arithmetic that keeps us under them. Time is an argument.

Must never let more than the configured share of a limit through in any window of ten seconds:
the venue delays what is above and blocks what stays above, for every program at this address.

Invariants: integers only; a reservation once given is kept; a hold (`Retry-After`) moves the
next slot of its endpoint back, never forward.
"""

from dataclasses import dataclass
from enum import Enum

from razor.domain.feed import NS_PER_S

_WINDOW_NS = 10 * NS_PER_S


class Host(Enum):
    """A server of the venue; each has a general limit per 10 s."""

    CLOB = 9_000
    GAMMA = 4_000
    DATA = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """A group of calls with one limit, in requests per 10 s."""

    name: str
    host: Host
    limit: int


BOOKS = Endpoint(name="clob/books", host=Host.CLOB, limit=500)
CLOB_MARKET = Endpoint(name="clob/clob-markets", host=Host.CLOB, limit=9_000)
GAMMA_MARKETS = Endpoint(name="gamma/markets", host=Host.GAMMA, limit=300)
GAMMA_EVENTS = Endpoint(name="gamma/events", host=Host.GAMMA, limit=500)
DATA_TRADES = Endpoint(name="data/trades", host=Host.DATA, limit=200)


class TokenBucket:
    """Leaky bucket kept as the time its next slot is due: one integer, no drift.

    Four fifths of the allowance are its rate and one fifth its burst, so that burst and rate
    together stay within the allowance in any ten seconds. An allowance of one is a slot every ten
    seconds; less cannot come from settings, which end at 1 % of limits of 200 and more.
    """

    def __init__(self, *, limit: int, share_pct: int) -> None:
        allowed = max(1, limit * share_pct // 100)
        self._burst = max(1, allowed // 5)
        self._spacing_ns = _WINDOW_NS // max(1, allowed - self._burst)
        self._due_ns = 0

    def reserve(self, now_ns: int) -> int:
        """Take the next slot; the time to wait for it in ns, 0 = at once."""
        slack_ns = self._spacing_ns * (self._burst - 1)
        start_ns = max(self._due_ns, now_ns)
        self._due_ns = start_ns + self._spacing_ns
        return max(0, start_ns - slack_ns - now_ns)

    def hold(self, until_ns: int) -> None:
        """Give no slot before `until_ns`, and no burst right after it."""
        slack_ns = self._spacing_ns * (self._burst - 1)
        self._due_ns = max(self._due_ns, until_ns + slack_ns)


class Limits:
    """Buckets of all hosts and endpoints; a call needs a slot in both of its buckets."""

    def __init__(self, *, share_pct: int) -> None:
        self._share_pct = share_pct
        self._hosts = {host: TokenBucket(limit=host.value, share_pct=share_pct) for host in Host}
        self._endpoints: dict[Endpoint, TokenBucket] = {}

    def reserve(self, endpoint: Endpoint, now_ns: int) -> int:
        """Take a slot; the time to wait for it in ns."""
        own = self._endpoints.setdefault(endpoint, self._bucket(endpoint))
        return max(own.reserve(now_ns), self._hosts[endpoint.host].reserve(now_ns))

    def hold(self, endpoint: Endpoint, until_ns: int) -> None:
        """The venue asked this endpoint to wait until `until_ns`."""
        self._endpoints.setdefault(endpoint, self._bucket(endpoint)).hold(until_ns)

    def _bucket(self, endpoint: Endpoint) -> TokenBucket:
        return TokenBucket(limit=endpoint.limit, share_pct=self._share_pct)
