"""What a key asks about itself: logins, orders, trades, balances, heartbeats (PROTOCOL §3.4, §6.3).

Owns: the private routes that do not move the matching engine, heartbeats, and the making of keys.

Must never: show one key what is another's.

Stated choices: `GET /data/order/{id}` of an order that ended is `null`, as has been seen at the
venue, while `GET /data/orders?id=` still has it; notifications, rewards and rebates are none.
"""

from typing import Final, Literal

import msgspec

from razor import _core
from razor.adapters.sandbox.clob_orders import refused_by
from razor.adapters.sandbox.keys import ApiKey
from razor.adapters.sandbox.refusal import Refused
from razor.adapters.sandbox.router import Answer, Request, Router
from razor.adapters.sandbox.spelling import page_of
from razor.adapters.sandbox.venue import NS_PER_S, Venue

_PAGE: Final = 100
_UNLIMITED: Final = 2**64 - 1
_MAX_UINT256: Final = str(2**256 - 1)
_BEAT: Final = "hb-"
_BEAT_DIGITS: Final = 18
_SECONDS_DIGITS: Final = 10
_DEPOSIT: Final = 3
_ASSETS: Final = ("COLLATERAL", "CONDITIONAL", "CONDITIONAL-V2")
_SPENDERS: Final[
    tuple[tuple[Literal["exchange", "neg_risk_exchange", "exchange_v3"], str], ...]
] = (
    ("exchange", _core.SigningExchange.plain().contract),
    ("neg_risk_exchange", _core.SigningExchange.neg_risk().contract),
    ("exchange_v3", _core.SigningExchange.v3().contract),
)


class _Head(msgspec.Struct):
    """What says whose and which a row is."""

    id: str
    owner: str = ""
    status: str = ""


class _Beat(msgspec.Struct):
    """A heartbeat: empty to begin, then the id of the last answer."""

    heartbeat_id: str | None = ""


class ClobAccount:
    """The routes of accounts; `mount` lists them."""

    def __init__(self, venue: Venue) -> None:
        """Tell of the accounts of this venue."""
        self._venue = venue
        self._beats: dict[int, int] = {}

    def mount(self, router: Router) -> None:
        """List every route."""
        router.add("POST", "/auth/api-key", self._create_key)
        router.add("GET", "/auth/derive-api-key", self._derive_key)
        router.add("GET", "/auth/api-keys", self._keys)
        router.add("DELETE", "/auth/api-key", self._revoke)
        router.add("GET", "/auth/ban-status/closed-only", self._closed_only)
        router.add("GET", "/data/orders", self._orders)
        router.add("GET", "/data/order/", self._order)
        router.add("GET", "/data/trades", self._trades)
        router.add("GET", "/balance-allowance", self._balance)
        router.add("GET", "/balance-allowance/update", self._balance)
        router.add("POST", "/v1/heartbeats", self._beat)
        router.add("POST", "/heartbeats", self._beat)
        router.add("GET", "/v1/user/rate-limit-tier", self._tier)
        router.add("GET", "/notifications", self._nothing)
        router.add("DELETE", "/notifications", self._said_ok)
        router.add("GET", "/order-scoring", self._scoring)
        router.add("POST", "/orders-scoring", self._scorings)

    def _create_key(self, request: Request) -> object:
        """400 where the key exists: the official client derives it then."""
        return self._shown(self._venue.keys.create(request.call))

    def _derive_key(self, request: Request) -> object:
        """The same three texts as long as nobody revoked the key."""
        return self._shown(self._venue.keys.derive(request.call))

    def _shown(self, key: ApiKey) -> object:
        """A key as it is handed out; its wallets have accounts from then on."""
        self._venue.open_wallets(key)
        return {"apiKey": key.key, "secret": key.secret, "passphrase": key.passphrase}

    def _keys(self, request: Request) -> object:
        """Names of the address's keys, no secrets."""
        mine = self._venue.keys.keys_of(self._check(request).address)
        return {"apiKeys": [key.key for key in mine]}

    def _revoke(self, request: Request) -> object:
        """The answer is the JSON text `"OK"`: the official client compares it."""
        self._venue.keys.revoke(self._check(request))
        return "OK"

    def _closed_only(self, request: Request) -> object:
        """Accounts are restricted at the engine, whose refusal says so."""
        self._check(request)
        return {"closed_only": False}

    def _tier(self, request: Request) -> object:
        """One tier for all here; the venue's follows the volume of 30 days."""
        self._check(request)
        return {"tier": self._venue.admission.signers.tier.name.lower()}

    def _nothing(self, request: Request) -> object:
        """An empty list for whoever is logged in."""
        self._check(request)
        return []

    def _said_ok(self, request: Request) -> object:
        """Nothing was there to forget."""
        self._check(request)
        return "OK"

    def _scoring(self, request: Request) -> object:
        """No order earns rewards here."""
        self._check(request)
        request.need("order_id", "Invalid orderID")
        return {"scoring": False}

    def _scorings(self, request: Request) -> object:
        """The same for many."""
        self._check(request)
        ids = request.read(list[str], "Invalid payload")
        return dict.fromkeys(ids, False)

    def _orders(self, request: Request) -> object:
        """Open orders of all wallets of the key; with an id also one that ended."""
        key = self._check(request)
        order_id = request.query.get("id", "")
        if order_id:
            found = self._own_order(order_id, key)
            rows = [] if found is None else [found]
        else:
            market, token = self._narrowed(request)
            rows = [
                row
                for owner in self._venue.active_owners(key)
                for row in _rows(
                    self._venue.exchange.open_orders(owner, market=market, token=token)
                )
            ]
        return page_of(rows, request.query.get("next_cursor", ""), _PAGE)

    def _order(self, request: Request) -> object:
        """The body is the order itself; null once it is over."""
        key = self._check(request)
        found = self._own_order(request.tail, key)
        if found is None or msgspec.json.decode(found, type=_Head).status not in {
            "LIVE",
            "DELAYED",
        }:
            return None
        return found

    def _own_order(self, order_id: str, key: ApiKey) -> msgspec.Raw | None:
        """An order by its id, as it stands at the engine; None where it is not this key's."""
        try:
            text = self._venue.exchange.order(order_id)
        except ValueError as bad:
            raise Refused(400, "Invalid orderID") from bad
        if text is None or msgspec.json.decode(text, type=_Head).owner != key.key:
            return None
        return msgspec.Raw(text)

    def _trades(self, request: Request) -> object:
        """Trades of all wallets of the key, or of the one that `maker_address` names."""
        key = self._check(request)
        market, token = self._narrowed(request)
        wanted, maker = request.query.get("id", ""), request.query.get("maker_address", "")
        owners = self._venue.active_owners(key)
        if maker:
            account = self._venue.account_of(maker)
            owners = [owner for owner in owners if self._venue.wallet_of(owner) == account]
        rows: list[msgspec.Raw] = []
        for owner in owners:
            text = self._venue.exchange.trades(
                owner,
                market=market,
                token=token,
                after_ns=_seconds(request, "after"),
                before_ns=_seconds(request, "before"),
            )
            rows += _rows(text)
        if wanted:
            rows = [row for row in rows if msgspec.json.decode(row, type=_Head).id == wanted]
        # Newest first, as the venue lists them.
        return page_of(rows[::-1], request.query.get("next_cursor", ""), _PAGE)

    def _narrowed(self, request: Request) -> tuple[int | None, int | None]:
        """Market and token that a list is limited to."""
        condition_id, token_id = request.query.get("market", ""), request.query.get("asset_id", "")
        listed = self._venue.catalogue.market(condition_id) if condition_id else None
        found = self._venue.catalogue.token(token_id) if token_id else None
        if (condition_id and listed is None) or (token_id and found is None):
            raise Refused(400, "Invalid market")
        return (None if listed is None else listed.index), (None if found is None else found[1])

    def _balance(self, request: Request) -> object:
        """Base units as texts. What orders hold is in the balance, as at the venue."""
        key = self._check(request)
        kind = request.query.get("asset_type", "")
        if kind not in _ASSETS:
            raise Refused(400, "Invalid asset type")
        account = self._wallet(key, request.query.get("signature_type", "0"))
        exchange = self._venue.exchange
        if kind == _ASSETS[0]:
            balance, _, _ = exchange.holding(account)
        else:
            found = self._venue.catalogue.token(request.query.get("token_id", ""))
            if found is None:
                raise Refused(400, "Invalid token id")
            balance, _, _ = exchange.holding(account, found[1])
        allowances: dict[str, str] = {}
        for spender, contract in _SPENDERS:
            dollars, has_tokens = exchange.approval(account, spender)
            amount = dollars if kind == _ASSETS[0] else _UNLIMITED * has_tokens
            allowances[contract] = _MAX_UINT256 if amount == _UNLIMITED else str(amount)
        return {"balance": str(balance), "allowances": allowances}

    def _wallet(self, key: ApiKey, signature_type: str) -> int:
        """The account that a kind of signature spends from."""
        if signature_type not in {"0", "1", "2", "3"}:
            raise Refused(400, "Invalid signature_type")
        wallets = _core.wallets_of(key.address)
        kind = int(signature_type)
        if kind != _DEPOSIT:
            return self._venue.open_account(wallets[kind])
        # Both generations of deposit wallets, and those that this key is a session key of: the
        # client does not say which, so the first that holds anything is meant.
        candidates = [*wallets[_DEPOSIT:], *self._venue.wallets_signed_by(key.address)]
        accounts = [self._venue.open_account(wallet) for wallet in candidates]
        funded = (it for it in accounts if self._venue.exchange.holding(it)[0])
        return next(funded, accounts[0])

    def _beat(self, request: Request) -> object:
        """One chain for all wallets of a key; the ids shown are those of its first."""
        key = self._check(request)
        said = request.read(_Beat, "Invalid payload").heartbeat_id or ""
        first, *others = self._venue.owners_of(key)
        try:
            chain = self._venue.exchange.beat(self._venue.now_ns(), first, _beat_number(said))
        except _core.ExchangeRefused as error:
            if error.expected_beat is None:
                raise refused_by(error) from error
            expected = f"{_BEAT}{error.expected_beat:04d}" if error.expected_beat else ""
            text = {"error_msg": str(error), "heartbeat_id": expected}
            return Answer(status=error.status, body=msgspec.json.encode(text))
        for owner in others:
            self._beat_beside(owner)
        return {"heartbeat_id": f"{_BEAT}{chain:04d}"}

    def _beat_beside(self, owner: int) -> None:
        """Keep the chain of another wallet of the same key alive: the key has one for all."""
        now_ns = self._venue.now_ns()
        try:
            self._beats[owner] = self._venue.exchange.beat(now_ns, owner, self._beats.get(owner, 0))
        except _core.ExchangeRefused:
            # Its chain ended with the last one; a new one begins with the key's.
            self._beats[owner] = self._venue.exchange.beat(now_ns, owner, 0)

    def _check(self, request: Request) -> ApiKey:
        """Whose call this is; 401 for anything that is wrong with it."""
        return self._venue.keys.check(request.call)


def _rows(text: bytes) -> list[msgspec.Raw]:
    """A JSON array of the engine, its rows left as they stand."""
    return msgspec.json.decode(text, type=list[msgspec.Raw])


def _seconds(request: Request, name: str) -> int | None:
    """A query parameter in seconds as ns; None where it is missing."""
    text = request.query.get(name, "")
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= _SECONDS_DIGITS):
        raise Refused(400, f"Invalid {name}")
    return int(text) * NS_PER_S


def _beat_number(text: str) -> int:
    """The number of a beat's id; one that nobody was given for anything else."""
    if not text:
        return 0
    digits = text.removeprefix(_BEAT)
    is_ours = digits != text and digits.isascii() and digits.isdigit()
    return int(digits) if is_ours and len(digits) <= _BEAT_DIGITS else 10**_BEAT_DIGITS
