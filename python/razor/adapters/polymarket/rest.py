"""HTTP to the venue, reading only: one call in, one body or one named failure out.

Owns time limits, retries, size caps, the classification of answers and the audit row of every
attempt. Callers get values; nothing here raises for what a server may do.

Must never follow a redirect, contact a host that is not configured, skip the verification of a
certificate, send anything that changes state, or retry a call that is not a GET.

Invariants (FAULTS rule 3):
* One call makes at most `1 + http_retries` attempts, each within `http_timeout_ms` as a whole, so
  a server that trickles bytes is cut off as well.
* The expanded body never exceeds `response_max_bytes`; what exceeds it is dropped unread.
* `Retry-After` is honoured; where it is longer than `retry_max_ms` the call fails at once and the
  endpoint is held back instead.
"""

import asyncio
import contextlib
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from ipaddress import ip_address
from types import TracebackType
from typing import Protocol, Self
from urllib.parse import urlsplit

import httpx

from razor.adapters.polymarket.backoff import Backoff, Jitter
from razor.adapters.polymarket.limits import Endpoint, Host, Limits
from razor.application.ports import Clock, FeedLog
from razor.domain.feed import NS_PER_MS, NS_PER_S, FeedSettings
from razor.domain.feed_event import HttpAttempt, HttpOutcome

_MS_PER_S = 1000
_NAMED_STATUS = {
    int(HTTPStatus.TOO_MANY_REQUESTS): HttpOutcome.THROTTLED,
    int(HTTPStatus.NOT_FOUND): HttpOutcome.NOT_FOUND,
    # 425: the venue's gateway says so while the matching engine restarts (PROTOCOL 6.4).
    int(HTTPStatus.TOO_EARLY): HttpOutcome.RESTARTING,
}
_WORTH_RETRYING = frozenset(
    {
        HttpOutcome.TIMEOUT,
        HttpOutcome.UNREACHABLE,
        HttpOutcome.THROTTLED,
        HttpOutcome.RESTARTING,
        HttpOutcome.SERVER,
        HttpOutcome.MALFORMED,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A reading call. `body` makes it a POST (the venue's batch reads), which is never retried."""

    endpoint: Endpoint
    path: str
    params: Sequence[tuple[str, str]] = ()
    body: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """The answer: bytes as expanded, the time its last byte arrived, attempts made."""

    content: bytes
    recv_ns: int
    attempts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """No usable answer. `status` is 0 without one, `wait_ms` what the venue asked for."""

    outcome: HttpOutcome
    status: int = 0
    attempts: int = 1
    wait_ms: int = 0


class Throttle(Protocol):
    """Says which attempts are answered as by a rate limit, without the venue: an injected fault."""

    def strikes(self, endpoint: Endpoint) -> bool:
        """Count an attempt, and tell whether it is turned away."""
        ...


class UnsafeAddressError(Exception):
    """An address is not https/wss and not loopback."""

    def __init__(self, address: str) -> None:
        self.address = address
        super().__init__(f"{address!r} must begin with https:// or wss:// (only loopback may not)")


def check_address(address: str) -> str:
    """The address without trailing slash, if it is encrypted or on this machine.

    Raises:
        UnsafeAddressError: plain text to another machine, or no host at all.
    """
    parts = urlsplit(address)
    is_plain = parts.scheme not in {"https", "wss"}
    if not parts.hostname or (is_plain and not _is_loopback(parts.hostname)):
        raise UnsafeAddressError(address)
    return address.rstrip("/")


class Http:
    """The client. Use as an asynchronous context; closing it ends open calls."""

    def __init__(
        self,
        *,
        settings: FeedSettings,
        clock: Clock,
        log: FeedLog,
        jitter: Jitter,
        throttle: Throttle | None = None,
    ) -> None:
        endpoints = settings.endpoints
        self._bases: Mapping[Host, str] = {
            Host.CLOB: check_address(endpoints.clob_base),
            Host.GAMMA: check_address(endpoints.gamma_base),
            Host.DATA: check_address(endpoints.data_api_base),
        }
        self._timeout_s = endpoints.http_timeout_ms / _MS_PER_S
        self._settings = settings
        self._clock = clock
        self._log = log
        self._jitter = jitter
        self._throttle = throttle
        self._limits = Limits(share_pct=settings.limit_share_pct)
        connect_s = endpoints.http_connect_timeout_ms / _MS_PER_S
        self._client = httpx.AsyncClient(
            follow_redirects=False,
            # Neither proxies nor certificates from the environment: hosts and trust are ours.
            trust_env=False,
            headers={"User-Agent": settings.user_agent, "Accept": "application/json"},
            timeout=httpx.Timeout(self._timeout_s, connect=connect_s),
            limits=httpx.Limits(max_connections=16, max_keepalive_connections=8),
        )

    async def __aenter__(self) -> Self:
        """Open."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close all connections."""
        await self._client.aclose()

    async def fetch(self, call: Call) -> Body | Failed:
        """Make the call with its retries; waits for a slot of the local limits first."""
        backoff = Backoff(
            first_ms=self._settings.retry_first_ms,
            max_ms=self._settings.retry_max_ms,
            jitter=self._jitter,
        )
        allowed = 1 if call.body is not None else 1 + self._settings.http_retries
        attempt = 1
        while True:
            answer = await self._audited(call, attempt)
            if isinstance(answer, Body) or attempt >= allowed or not self._may_retry(answer):
                return answer
            # A longer wish of the venue is in the endpoint's hold, which the next slot obeys.
            await self._clock.sleep(backoff.next_ms())
            attempt += 1

    def _may_retry(self, failed: Failed) -> bool:
        is_soon = failed.wait_ms <= self._settings.retry_max_ms
        return failed.outcome in _WORTH_RETRYING and is_soon

    async def _audited(self, call: Call, attempt: int) -> Body | Failed:
        """One attempt: slot, exchange, audit row, hold."""
        wait_ns = self._limits.reserve(call.endpoint, self._clock.now_ns())
        if wait_ns > 0:
            await self._clock.sleep(wait_ns // NS_PER_MS + 1)
        sent_ns = self._clock.now_ns()
        answer = await self._attempt(call, attempt)
        done_ns = self._clock.now_ns()
        elapsed_ms = (done_ns - sent_ns) // NS_PER_MS
        self._log.write(_audit_row(call, attempt, answer, done_ns, elapsed_ms))
        if isinstance(answer, Failed) and answer.wait_ms > 0:
            self._limits.hold(call.endpoint, done_ns + answer.wait_ms * NS_PER_MS)
        return answer

    async def _attempt(self, call: Call, attempt: int) -> Body | Failed:
        """One exchange; every way a network can fail becomes a value."""
        if self._throttle is not None and self._throttle.strikes(call.endpoint):
            status = int(HTTPStatus.TOO_MANY_REQUESTS)
            return Failed(outcome=HttpOutcome.THROTTLED, status=status, attempts=attempt)
        try:
            async with asyncio.timeout(self._timeout_s):
                return await self._exchange(call, attempt)
        except (TimeoutError, httpx.TimeoutException):
            return Failed(outcome=HttpOutcome.TIMEOUT, attempts=attempt)
        except httpx.ConnectError as error:
            outcome = HttpOutcome.TLS if _is_tls(error) else HttpOutcome.UNREACHABLE
            return Failed(outcome=outcome, attempts=attempt)
        except httpx.DecodingError:
            return Failed(outcome=HttpOutcome.MALFORMED, attempts=attempt)
        except (httpx.TransportError, OSError):
            return Failed(outcome=HttpOutcome.UNREACHABLE, attempts=attempt)

    async def _exchange(self, call: Call, attempt: int) -> Body | Failed:
        request = self._client.build_request(
            "GET" if call.body is None else "POST",
            self._bases[call.endpoint.host] + call.path,
            params=tuple(call.params) or None,
            content=call.body,
            headers=None if call.body is None else {"Content-Type": "application/json"},
        )
        response = await self._client.send(request, stream=True)
        try:
            outcome = _classify(response)
            if outcome is not HttpOutcome.OK:
                return self._failed(response, outcome, attempt)
            content = await self._read(response)
        finally:
            await response.aclose()
        if content is None:
            return self._failed(response, HttpOutcome.TOO_LARGE, attempt)
        if content.lstrip()[:1] == b"<":
            return self._failed(response, HttpOutcome.HTML, attempt)
        return Body(content=content, recv_ns=self._clock.now_ns(), attempts=attempt)

    async def _read(self, response: httpx.Response) -> bytes | None:
        """The expanded body, `None` as soon as it exceeds the cap."""
        parts = bytearray()
        async for part in response.aiter_bytes():
            parts += part
            if len(parts) > self._settings.response_max_bytes:
                return None
        return bytes(parts)

    def _failed(self, response: httpx.Response, outcome: HttpOutcome, attempt: int) -> Failed:
        wait_ms = _retry_after_ms(response.headers.get("Retry-After", ""), self._clock.wall_ns())
        return Failed(
            outcome=outcome, status=response.status_code, attempts=attempt, wait_ms=wait_ms
        )


def _audit_row(
    call: Call, attempt: int, answer: Body | Failed, at_ns: int, elapsed_ms: int
) -> HttpAttempt:
    match answer:
        case Body(content=content):
            outcome, status, length = HttpOutcome.OK, int(HTTPStatus.OK), len(content)
        case Failed():
            outcome, status, length = answer.outcome, answer.status, 0
    return HttpAttempt(
        at_ns=at_ns,
        endpoint=call.endpoint.name,
        attempt=attempt,
        outcome=outcome,
        status=status,
        length=length,
        elapsed_ms=elapsed_ms,
    )


def _classify(response: httpx.Response) -> HttpOutcome:
    """What the head of an answer means; the body is not looked at yet."""
    status = response.status_code
    if status == HTTPStatus.OK:
        # Cloudflare answers HTML, also with status 200 (F-38).
        is_html = "text/html" in response.headers.get("Content-Type", "")
        return HttpOutcome.HTML if is_html else HttpOutcome.OK
    if named := _NAMED_STATUS.get(status):
        return named
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return HttpOutcome.SERVER
    is_redirect = HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST
    return HttpOutcome.REDIRECT if is_redirect else HttpOutcome.REFUSED


def _retry_after_ms(text: str, wall_ns: int) -> int:
    """The venue's wish in ms: seconds or an HTTP date; 0 when absent or unreadable."""
    if text.isascii() and text.isdigit():
        return min(int(text[:9]), 86_400) * _MS_PER_S
    with contextlib.suppress(ValueError, TypeError, IndexError):
        until = parsedate_to_datetime(text)
        now = datetime.fromtimestamp(wall_ns // NS_PER_S, tz=UTC)
        return max(0, int((until - now).total_seconds())) * _MS_PER_S
    return 0


def _is_tls(error: BaseException) -> bool:
    """Whether a failed connection failed on its certificate."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            return True
        cause = cause.__cause__ or cause.__context__
    return False


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
