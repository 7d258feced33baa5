"""What the local exchange carries: orders in process and over HTTP, frames, memory.

Owns: the workloads, the client that posts orders, the readers of streams, and the table between
two marks of docs/PERFORMANCE.md. Stands outside the package because a client must connect, and
nothing that the package loads beside the exchange may.

Must never: count an answer that is not 200, or a frame that was not read by a socket.

`tools/benches/exchange.py [--quick] [--document FILE]`. One process serves, another one loads; the
time on the processor of the serving one says what a core carries, and stands beside the rate.
"""

import argparse
import asyncio
import gc
import itertools
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

from razor import _core
from razor.adapters.sandbox.keys import Call
from razor.adapters.sandbox.listing import ONE, MarketListing
from razor.adapters.sandbox.residents import Resident
from razor.adapters.sandbox.router import Request
from razor.adapters.sandbox.server import Service, serving
from razor.app.bench.figure import Bound, Figure, Section
from razor.app.bench.machine import load_text, this_machine
from razor.app.sandbox import Sandbox, SandboxPlan, build

BEGIN = "<!-- exchange: written by `make bench`, do not edit -->"
END = "<!-- end of exchange -->"
ROOT = Path(__file__).resolve().parents[2]
_ZERO = "0x" + "0" * 64
_SALTS = itertools.count(1)
_TICKS = os.sysconf("SC_CLK_TCK")
_CONNECTIONS = 8
_LEVELS = 20
_READERS = 20
_HEAD = 4
_MEDIUM = 126
"""Length byte of a frame whose length stands in the next two."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """How much is done."""

    orders: int
    changes: int
    markets: int


FULL = Sizes(orders=10_000, changes=10_000, markets=10_000)
QUICK = Sizes(orders=500, changes=500, markets=200)


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """A resident with its API key; signs orders and calls."""

    key: _core.SigningKey
    resident: Resident
    api_key: str
    secret: _core.ApiSecret
    passphrase: str

    def order(self, token_id: str, cents: int, now_ms: int) -> bytes:
        """The body of a signed bid for five shares."""
        maker, taker, wallet = cents * 5 * ONE // 100, 5 * ONE, self.resident.wallet
        salt = next(_SALTS)
        order = _core.VenueOrder(
            salt=salt,
            maker=wallet,
            signer=wallet,
            token_id=token_id,
            maker_amount=maker,
            taker_amount=taker,
            is_buy=True,
            signature_type=0,
            timestamp_ms=now_ms,
        )
        members = {
            "salt": salt,
            "maker": wallet,
            "signer": wallet,
            "tokenId": token_id,
            "makerAmount": str(maker),
            "takerAmount": str(taker),
            "side": "BUY",
            "expiration": "0",
            "signatureType": 0,
            "timestamp": str(now_ms),
            "metadata": _ZERO,
            "builder": _ZERO,
            "signature": order.sign(_core.SigningExchange.plain(), self.key),
        }
        body = {"order": members, "owner": self.api_key, "orderType": "GTC", "deferExec": False}
        return json.dumps(body, separators=(",", ":")).encode()

    def headers(self, method: str, path: str, body: bytes, now_s: int) -> dict[str, str]:
        """The headers of a private call."""
        return {
            "POLY_ADDRESS": self.resident.address,
            "POLY_API_KEY": self.api_key,
            "POLY_PASSPHRASE": self.passphrase,
            "POLY_TIMESTAMP": str(now_s),
            "POLY_SIGNATURE": self.secret.sign(str(now_s), method, path, body),
        }


def client_of(sandbox: Sandbox) -> Client:
    """The resident that signs for itself, with a key handed out directly."""
    resident = next(one for one in sandbox.residents if one.signature_type == 0)
    granted = sandbox.venue.keys.grant(resident.address)
    return Client(
        key=_core.SigningKey.from_hex(resident.key),
        resident=resident,
        api_key=granted.key,
        secret=_core.ApiSecret(granted.secret),
        passphrase=granted.passphrase,
    )


def sandbox_of(*, is_verifying: bool = True) -> Sandbox:
    """A sandbox without limits on free ports. Its keys follow from its seed in every process."""
    plan = SandboxPlan(port=0, is_limited=False, is_verifying=is_verifying)
    return build(plan, time.time_ns)


def in_process(sizes: Sizes, *, is_verifying: bool) -> float:
    """Orders per second of processor time through the handler of `POST /order`."""
    sandbox = sandbox_of(is_verifying=is_verifying)
    client = client_of(sandbox)
    service = sandbox.services[0]
    now_s = sandbox.venue.now_s()
    requests = [_asked(client, body, now_s) for body in _bodies(sandbox, client, sizes.orders)]
    gc.collect()
    began = time.process_time()
    for request in requests:
        if sandbox.front.answer(service, request, "/order").status != HTTPStatus.OK:
            raise SystemExit("an order was refused")
    return sizes.orders / (time.process_time() - began)


def _bodies(sandbox: Sandbox, client: Client, count: int) -> list[bytes]:
    token_id = sandbox.venue.catalogue.at(0).market.token_ids[0]
    now_ms = sandbox.venue.now_ms()
    return [client.order(token_id, 1 + at % 40, now_ms) for at in range(count)]


def _asked(client: Client, body: bytes, now_s: int) -> Request:
    headers = client.headers("POST", "/order", body, now_s)
    call = Call(method="POST", path="/order", body=body, headers=headers, now_s=now_s)
    return Request(call=call, query={}, tail="", caller="127.0.0.1")


def over_http(sizes: Sizes) -> tuple[float, float]:
    """Orders per second, and per second of the server's processor time."""
    sandbox = sandbox_of()
    client = client_of(sandbox)
    with _serving("orders", sizes) as (pid, port):
        now_s = int(time.time())
        sent = [
            _http(client.headers("POST", "/order", body, now_s), body)
            for body in _bodies(sandbox, client, sizes.orders)
        ]
        burnt, began = _cpu_s(pid), time.perf_counter()
        asyncio.run(_post_all(port, sent))
        wall, burnt = time.perf_counter() - began, _cpu_s(pid) - burnt
    return sizes.orders / wall, sizes.orders / burnt


def _http(headers: dict[str, str], body: bytes) -> bytes:
    named = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    head = f"POST /order HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n{named}\r\n"
    return head.encode() + body


async def _post_all(port: int, sent: Sequence[bytes]) -> None:
    await asyncio.gather(*(_post(port, sent[at::_CONNECTIONS]) for at in range(_CONNECTIONS)))


async def _post(port: int, sent: Sequence[bytes]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for request in sent:
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            raise SystemExit(f"an order was refused: {head!r}")
        length = head.lower().split(b"content-length: ")[1].split(b"\r\n")[0]
        await reader.readexactly(int(length))
    writer.close()


def frames(sizes: Sizes) -> tuple[float, float]:
    """Frames per second read by 20 subscribers of 200 tokens, and per second of the server's."""
    with _serving("frames", sizes) as (pid, port):
        return asyncio.run(_read_all(pid, port, sizes))


async def _read_all(pid: int, port: int, sizes: Sizes) -> tuple[float, float]:
    tokens = [token for number in range(100) for token in _tokens(number)]
    readers = [await _subscribed(port, tokens) for _ in range(_READERS)]
    burnt, began = _cpu_s(pid), time.perf_counter()
    # The server begins when it sees all of them; each gets one frame per change.
    await asyncio.gather(*(_count(reader, sizes.changes) for reader in readers))
    wall, burnt = time.perf_counter() - began, _cpu_s(pid) - burnt
    return _READERS * sizes.changes / wall, _READERS * sizes.changes / burnt


async def _subscribed(port: int, tokens: Sequence[str]) -> asyncio.StreamReader:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 24)
    writer.write(
        b"GET /ws/market HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    )
    await reader.readuntil(b"\r\n\r\n")
    said = json.dumps({"type": "market", "assets_ids": tokens, "initial_dump": False}).encode()
    # A client masks; a mask of zeros leaves the text as it is.
    writer.write(b"\x81\xff" + len(said).to_bytes(8, "big") + bytes(4) + said)
    await writer.drain()
    reader.writer = writer  # type: ignore[attr-defined]  # kept open as long as it is read
    return reader


async def _count(reader: asyncio.StreamReader, wanted: int) -> None:
    """Read that many frames, header by header."""
    held, seen = b"", 0
    while seen < wanted:
        held += await reader.read(1 << 20)
        at = 0
        while len(held) >= at + _HEAD:
            size, start = held[at + 1], at + 2
            if size == _MEDIUM:
                size, start = int.from_bytes(held[at + 2 : at + 4], "big"), at + 4
            if len(held) < start + size:
                break
            at, seen = start + size, seen + 1
        held = held[at:]


@contextmanager
def _serving(role: str, sizes: Sizes) -> Iterator[tuple[int, int]]:
    """A process of this program that serves; its id and its port."""
    word = "quick" if sizes is QUICK else "full"
    command = [sys.executable, __file__, "--serve", role, word]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        try:
            said = child.stdout.readline() if child.stdout else ""
            yield child.pid, int(said)
        finally:
            child.terminate()


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def _tokens(number: int) -> tuple[str, str]:
    first = 60 * 10**75 + 2 * number
    return f"{first}", f"{first + 1}"


def _list_markets(sandbox: Sandbox, count: int) -> list[int]:
    listed: list[int] = []
    for number in range(count):
        market = MarketListing(
            market_id=f"bench-{number}",
            slug=f"bench-{number}",
            question=f"Bench {number}?",
            condition_id=f"0x{'be' * 28}{number:08x}",
            token_ids=_tokens(number),
            tick="0.001",
        )
        catalogue, exchange = sandbox.venue.catalogue, sandbox.venue.exchange
        now_ns = sandbox.venue.now_ns()
        listed.append(catalogue.open_market(exchange, now_ns, market).index)
    return listed


async def _serve(role: str, sizes: Sizes) -> None:
    sandbox = sandbox_of()
    client = client_of(sandbox)
    key = sandbox.venue.keys.grant(client.resident.address)
    owner = sandbox.venue.owner_of(key, client.resident.wallet)
    markets = _list_markets(sandbox, 100) if role == "frames" else []
    services: list[Service] = sandbox.services[:1]
    async with serving(sandbox.front, services):
        print(services[0].port, flush=True)
        if role == "frames":
            await _change(sandbox, owner, markets, sizes.changes)
        await asyncio.Event().wait()


async def _change(sandbox: Sandbox, owner: int, markets: Sequence[int], changes: int) -> None:
    """One order after the other once everybody listens: one `price_change` each."""
    while sandbox.hub.readers() < _READERS:  # noqa: ASYNC110 - sockets tell nobody else
        await asyncio.sleep(0.01)
    venue = sandbox.venue
    account = venue.wallet_of(owner) or 0
    for number in range(changes):
        order = _bid(number, owner, account, 2 * markets[number % len(markets)])
        venue.exchange.place(venue.now_ns(), order)
        venue.publish()
        if number % 16 == 0:
            sandbox.front.flush()
            await asyncio.sleep(0)
    sandbox.front.flush()


def _bid(number: int, owner: int, account: int, token: int) -> _core.ExchangeOrder:
    mills = 1 + number // 100 % 400
    return _core.ExchangeOrder(
        order_id=f"0x{number + 1:064x}",
        owner=owner,
        account=account,
        token=token,
        is_buy=True,
        maker_amount=mills * 5_000,
        taker_amount=5 * ONE,
        order_type="GTC",
    )


def _weigh(sizes: Sizes) -> None:
    """Fill a sandbox with books of 20 levels a side and say what it takes, in MiB."""
    sandbox = sandbox_of()
    client = client_of(sandbox)
    venue = sandbox.venue
    owner = venue.owner_of(venue.keys.grant(client.resident.address), client.resident.wallet)
    account = venue.wallet_of(owner) or 0
    venue.exchange.deposit(venue.now_ns(), account, 10**14)
    numbers = itertools.count(1)
    for market in _list_markets(sandbox, sizes.markets):
        for token, level in itertools.product((2 * market, 2 * market + 1), range(_LEVELS)):
            order = _core.ExchangeOrder(
                order_id=f"0x{next(numbers):064x}",
                owner=owner,
                account=account,
                token=token,
                is_buy=True,
                maker_amount=(400 - level) * 5_000,
                taker_amount=5 * ONE,
                order_type="GTC",
            )
            venue.exchange.place(venue.now_ns(), order)
            venue.publish()
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    resident_kib = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    print(int(resident_kib.split()[1]) / 1024, flush=True)


def memory(sizes: Sizes) -> float:
    """Resident MiB of a process that holds books of so many markets."""
    word = "quick" if sizes is QUICK else "full"
    done = subprocess.run(
        [sys.executable, __file__, "--weigh", word], check=True, stdout=subprocess.PIPE, text=True
    )
    return float(done.stdout)


def measure(sizes: Sizes) -> Section:
    """Everything, in turn."""
    verified = in_process(sizes, is_verifying=True)
    trusted = in_process(sizes, is_verifying=False)
    rate, per_core = over_http(sizes)
    read, read_per_core = frames(sizes)
    resident = memory(sizes)
    least = Bound.AT_LEAST
    rows = (
        ("trusted", "orders in process, signatures not recovered", trusted, "orders/s", 20_000),
        ("verified", "orders in process, signatures recovered", verified, "orders/s", None),
        ("http", "signed orders over HTTP", rate, "orders/s", 2_000),
        ("http_core", "  per second of the server's core", per_core, "orders/s", None),
        ("frames", "frames read by 20 subscribers", read, "frames/s", 50_000),
        ("frames_core", "  per second of the server's core", read_per_core, "frames/s", None),
    )
    figures = [
        Figure(key=key, what=what, value=value, unit=unit, target=target, bound=least)
        for key, what, value, unit, target in rows
    ]
    figures.append(Figure(key="memory", what="resident", value=resident, unit="MiB", target=1_024))
    tokens = 2 * sizes.markets
    return Section(
        name="exchange",
        title="The local exchange",
        workload=(
            f"{sizes.orders:,} signed bids of one key through `POST /order`: decoded, HMAC and "
            f"signature checked, matched, answered; in process by processor time, over HTTP on "
            f"{_CONNECTIONS} connections from another process. {sizes.changes:,} bids that change "
            f"a level each, read by 20 WebSocket connections with 200 tokens. {tokens:,} tokens "
            f"with {_LEVELS} levels a side."
        ),
        figures=tuple(figures),
    )


def main(words: Sequence[str]) -> int:
    """Measure and show, or serve for the one that measures."""
    parser = argparse.ArgumentParser(description="Measure the local exchange.")
    parser.add_argument("--quick", action="store_true", help="small workloads; no evidence")
    parser.add_argument("--document", type=Path, metavar="FILE", help="rewrite its table")
    parser.add_argument("--serve", nargs=2, metavar=("ROLE", "SIZE"), help=argparse.SUPPRESS)
    parser.add_argument("--weigh", metavar="SIZE", help=argparse.SUPPRESS)
    asked = parser.parse_args(words)
    sizes = {"quick": QUICK, "full": FULL}
    if asked.serve:
        asyncio.run(_serve(asked.serve[0], sizes[asked.serve[1]]))
        return 0
    if asked.weigh:
        _weigh(sizes[asked.weigh])
        return 0
    load = load_text()
    section = measure(QUICK if asked.quick else FULL)
    machine = this_machine(load_before=load)
    text = f"Machine: {machine.sentence()}\n\n{section.markdown()}"
    print(text)
    if asked.document:
        _write(asked.document, text)
    return 0


def _write(document: Path, text: str) -> None:
    head, begin, rest = (ROOT / document).read_text(encoding="utf-8").partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not begin or not end:
        raise SystemExit(f"{document} has no place between {BEGIN!r} and {END!r}")
    (ROOT / document).write_text(f"{head}{BEGIN}\n\n{text}\n{END}{tail}", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
