"""A client of the local exchange that signs as the venue's clients do, without a socket."""

import itertools
import json
from dataclasses import dataclass, field
from typing import Any, cast

from razor import _core
from razor.adapters.sandbox.keys import Call
from razor.adapters.sandbox.residents import Resident
from razor.adapters.sandbox.router import Request
from razor.adapters.sandbox.server import Service
from razor.app.sandbox import Sandbox, SandboxPlan, build

START_NS = 1_800_000_000_000_000_000
ONE = 1_000_000
SECOND = 1_000_000_000
_ZERO = "0x" + "0" * 64
_SALTS = itertools.count(1)


@dataclass(slots=True)
class Clock:
    """A time that a test moves."""

    now_ns: int = START_NS

    def __call__(self) -> int:
        return self.now_ns


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """An answer."""

    status: int
    text: bytes
    headers: dict[str, str]

    @property
    def json(self) -> Any:  # noqa: ANN401 - a document of the venue
        """The body as JSON."""
        return json.loads(self.text)


@dataclass(slots=True)
class Place:
    """A sandbox on a clock of its own."""

    clock: Clock = field(default_factory=Clock)
    plan: SandboxPlan = field(default_factory=lambda: SandboxPlan(is_limited=False, port=0))
    sandbox: Sandbox = field(init=False)

    def __post_init__(self) -> None:
        self.sandbox = build(self.plan, self.clock)

    def service(self, name: str) -> Service:
        """A service by its name."""
        return next(it for it in self.sandbox.services if it.name == name)

    def ask(  # noqa: PLR0913 - a call has that many parts
        self,
        method: str,
        path: str,
        *,
        query: dict[str, str] | None = None,
        body: bytes = b"",
        headers: dict[str, str] | None = None,
        service: str = "clob",
    ) -> Said:
        """Make a call."""
        call = Call(
            method=method,
            path=path,
            body=body,
            headers=headers or {},
            now_s=self.sandbox.venue.now_s(),
        )
        request = Request(call=call, query=query or {}, tail="", caller="127.0.0.1")
        answer = self.sandbox.front.answer(self.service(service), request, path)
        return Said(status=answer.status, text=answer.body, headers=dict(answer.headers))

    def pass_time(self, seconds: float) -> None:
        """Let time pass and do what became due."""
        self.clock.now_ns += int(seconds * SECOND)
        self.sandbox.venue.wake()
        self.sandbox.front.flush()

    def trader(self, number: int) -> "Trader":
        """A logged-in resident."""
        return Trader(place=self, resident=self.sandbox.residents[number])

    def token(self, market: int, side: int = 0) -> str:
        """A token id."""
        return self.sandbox.venue.catalogue.at(market).market.token_ids[side]

    def condition(self, market: int) -> str:
        """A condition id."""
        return self.sandbox.venue.catalogue.at(market).market.condition_id


@dataclass(slots=True)
class Trader:
    """A resident with an API key."""

    place: Place
    resident: Resident
    key: _core.SigningKey = field(init=False)
    credentials: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self.key = _core.SigningKey.from_hex(self.resident.key)
        made = self.place.ask("POST", "/auth/api-key", headers=self.login())
        if made.status != 200:
            made = self.place.ask("GET", "/auth/derive-api-key", headers=self.login())
        self.credentials = cast("dict[str, str]", made.json)

    def login(self) -> dict[str, str]:
        """Headers of a login."""
        now = str(self.place.sandbox.venue.now_s())
        return {
            "POLY_ADDRESS": self.resident.address,
            "POLY_SIGNATURE": self.key.sign_login(now, 0),
            "POLY_TIMESTAMP": now,
            "POLY_NONCE": "0",
        }

    def headers(self, method: str, path: str, body: bytes) -> dict[str, str]:
        """Headers of a private call."""
        now = str(self.place.sandbox.venue.now_s())
        secret = _core.ApiSecret(self.credentials["secret"])
        return {
            "POLY_ADDRESS": self.resident.address,
            "POLY_API_KEY": self.credentials["apiKey"],
            "POLY_PASSPHRASE": self.credentials["passphrase"],
            "POLY_TIMESTAMP": now,
            "POLY_SIGNATURE": secret.sign(now, method, path, body),
        }

    def call(
        self, method: str, path: str, body: object = None, query: dict[str, str] | None = None
    ) -> Said:
        """Make a private call."""
        text = b"" if body is None else json.dumps(body, separators=(",", ":")).encode()
        headers = self.headers(method, path, text)
        return self.place.ask(method, path, body=text, headers=headers, query=query)

    def order(  # noqa: PLR0913 - an order has that many parts
        self,
        token_id: str,
        side: str,
        cents: int,
        shares: int,
        *,
        order_type: str = "GTC",
        is_post_only: bool = False,
        expiration: str = "0",
    ) -> dict[str, object]:
        """A signed limit order as it is posted."""
        cash, qty = cents * shares * ONE // 100, shares * ONE
        maker, taker = (cash, qty) if side == "BUY" else (qty, cash)
        kind, wallet = self.resident.signature_type, self.resident.wallet
        signer = wallet if kind == 3 else self.resident.address
        salt, now_ms = next(_SALTS), self.place.sandbox.venue.now_ms()
        order = _core.VenueOrder(
            salt=salt,
            maker=wallet,
            signer=signer,
            token_id=token_id,
            maker_amount=maker,
            taker_amount=taker,
            is_buy=side == "BUY",
            signature_type=kind,
            timestamp_ms=now_ms,
        )
        contract = self.place.sandbox.venue.exchange_of(token_id)
        assert contract is not None
        return {
            "order": {
                "salt": salt,
                "maker": wallet,
                "signer": signer,
                "tokenId": token_id,
                "makerAmount": str(maker),
                "takerAmount": str(taker),
                "side": side,
                "expiration": expiration,
                "signatureType": kind,
                "timestamp": str(now_ms),
                "metadata": _ZERO,
                "builder": _ZERO,
                "signature": order.sign(contract, self.key),
            },
            "owner": self.credentials["apiKey"],
            "orderType": order_type,
            "deferExec": False,
            "postOnly": is_post_only,
        }

    def post(self, *said: object, **asked: object) -> Said:
        """Sign and post one order; arguments as of :meth:`order`."""
        return self.call("POST", "/order", self.order(*said, **asked))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]

    def balance(self, token_id: str = "") -> int:
        """Micro-dollars or micro-shares of the wallet."""
        query = {"asset_type": "CONDITIONAL" if token_id else "COLLATERAL"}
        query |= {"signature_type": str(self.resident.signature_type)}
        query |= {"token_id": token_id} if token_id else {}
        return int(self.call("GET", "/balance-allowance", query=query).json["balance"])
