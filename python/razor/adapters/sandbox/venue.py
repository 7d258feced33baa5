"""The venue as one thing: matching engine, keys, limits, listings and accounts behind every server.

Owns: `Venue`. Servers ask it, and tell what follows from a call with `publish`.

Must never: read the machine's clock (the one it is given may be virtual); send anything itself.

Invariants:
- the engine's time never runs backwards, whatever the clock does;
- an account is a wallet's address; a key orders for every wallet that its address may sign for;
- frames leave in the order in which the engine made them, after the call that caused them.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Protocol

from razor import _core
from razor.adapters.sandbox.intake import Intake
from razor.adapters.sandbox.keys import ApiKey, KeyStore
from razor.adapters.sandbox.listing import Catalogue, Listed, Standing
from razor.adapters.sandbox.throttle import CallerLimits, SignerLimits

NS_PER_MS: Final = 1_000_000
NS_PER_S: Final = 1_000_000_000
_WALLETS: Final = 4
"""Wallets of an address that are opened with its key: itself, proxy, Safe, deposit wallet."""


class Clockwork(Protocol):
    """What does something by itself beside the engine."""

    def due_ns(self) -> int | None:
        """When it does something next; None for what waits for the engine or for a call."""
        ...

    def step(self) -> None:
        """Go as far as it can by now."""
        ...


class Audience(Protocol):
    """Who hears what happens: the streams."""

    def market_frame(self, market: int, token: int | None, *, is_custom: bool, text: bytes) -> None:
        """Take a frame of the market channel; without a token it is for both."""
        ...

    def user_frame(self, key: str, condition_id: str, text: bytes) -> None:
        """Take a frame of the user channel."""
        ...

    def resolved(self, listed: Listed, standing: Standing, now_ns: int) -> None:
        """Hear of a resolution."""
        ...

    def listed(self, listed: Listed, now_ns: int) -> None:
        """Hear of a new market."""
        ...


@dataclass(slots=True)
class _Accounts:
    """Addresses and keys of the engine's accounts and owners."""

    by_address: dict[str, int] = field(default_factory=dict[str, int])
    owners: dict[tuple[str, int], int] = field(default_factory=dict[tuple[str, int], int])
    """Engine's owner of a key and an account."""
    keys: dict[int, tuple[str, int]] = field(default_factory=dict[int, tuple[str, int]])
    """Key and account of each owner; those of a crowd are not here."""
    wallets: dict[str, list[int]] = field(default_factory=dict[str, list[int]])
    """Owners of each key, that of its own address first."""
    active: dict[str, list[int]] = field(default_factory=dict[str, list[int]])
    """Those of them that ever ordered."""
    sessions: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])
    """Wallets and the keys that may sign for them beside their owner."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """Who may call how often, and whether signatures of orders are recovered.

    Without `is_verifying` whoever posts an order is taken to have signed it.
    """

    signers: SignerLimits = field(default_factory=SignerLimits)
    callers: CallerLimits = field(default_factory=lambda: CallerLimits({}))
    is_verifying: bool = True


class Venue:
    """One venue of one seed. Belongs to one thread."""

    def __init__(
        self,
        exchange: _core.Exchange,
        *,
        clock: Callable[[], int],
        seed: int,
        admission: Admission | None = None,
    ) -> None:
        """Nothing is listed and nobody has an account yet; `clock` gives ns since the epoch."""
        self.admission = admission or Admission()
        self.exchange = exchange
        self.catalogue = Catalogue()
        self.keys = KeyStore(seed=seed)
        self.seed = seed
        self._clock = clock
        self._now_ns = 0
        self._accounts = _Accounts()
        self._audiences: list[Audience] = []
        self._clockworks: list[Clockwork] = []
        self._resolved: set[int] = set()

    @property
    def is_verifying(self) -> bool:
        """Whether signatures of orders are recovered."""
        return self.admission.is_verifying

    def now_ns(self) -> int:
        """Time of the venue, never before what it was."""
        self._now_ns = max(self._now_ns, self._clock())
        return self._now_ns

    def now_ms(self) -> int:
        """Time of the venue in ms."""
        return self.now_ns() // NS_PER_MS

    def now_s(self) -> int:
        """Time of the venue in s."""
        return self.now_ns() // NS_PER_S

    def hear(self, audience: Audience) -> None:
        """Tell this one, too."""
        self._audiences.append(audience)

    def account_of(self, address: str) -> int | None:
        """The account of a wallet; None when it has none."""
        return self._accounts.by_address.get(address.lower())

    def open_account(self, address: str, *, is_approved: bool = True) -> int:
        """Open the account of a wallet, or find it."""
        known = self.account_of(address)
        if known is None:
            known = self.exchange.open_account(self.now_ns(), address, is_approved=is_approved)
            self._accounts.by_address[address.lower()] = known
        return known

    def open_wallets(self, key: ApiKey) -> None:
        """Open an account for every wallet of a key's address, so that balances can be asked."""
        # Not the deposit wallet of before 2026-06-29: clients would take it for the one in use.
        for wallet in _core.wallets_of(key.address)[:_WALLETS]:
            self.owner_of(key, wallet)

    def owner_of(self, key: ApiKey, wallet: str) -> int:
        """The engine's owner of a key's orders for a wallet; the account opens with it."""
        account = self.open_account(wallet)
        owner = self._accounts.owners.get((key.key, account))
        if owner is None:
            owner = self.exchange.add_owner(self.now_ns(), key.key, account)
            self._accounts.keys[owner] = (key.key, account)
            self._accounts.owners[key.key, account] = owner
            self._accounts.wallets.setdefault(key.key, []).append(owner)
        return owner

    def owners_of(self, key: ApiKey) -> list[int]:
        """All owners of a key; that of its own address is the first."""
        if key.key not in self._accounts.wallets:
            self.open_wallets(key)
        return self._accounts.wallets[key.key]

    def active_owners(self, key: ApiKey) -> list[int]:
        """Owners of a key that ordered; the first one of all while none did."""
        return self._accounts.active.get(key.key) or self.owners_of(key)[:1]

    def wallet_of(self, owner: int) -> int | None:
        """The account of an owner."""
        known = self._accounts.keys.get(owner)
        return None if known is None else known[1]

    def wallets_signed_by(self, signer: str) -> list[str]:
        """Wallets for which this address is a session key."""
        sessions = self._accounts.sessions
        return sorted(wallet for wallet, known in sessions if known == signer.lower())

    def allow_session(self, wallet: str, signer: str) -> None:
        """Let a session key sign for a wallet."""
        self._accounts.sessions.add((wallet.lower(), signer.lower()))

    def group_of(self, key: str) -> int | None:
        """The engine's group of a neg-risk id."""
        return self.catalogue.group_of(key)

    def may_sign(self, *, wallet: str, signer: str, is_session: bool) -> bool:
        """Whether a session key is registered for a wallet; an owner's own key needs none."""
        return is_session and (wallet.lower(), signer.lower()) in self._accounts.sessions

    def exchange_of(self, token_id: str) -> _core.SigningExchange | None:
        """The contract its orders are signed for, None for an unknown token."""
        return self.exchange.exchange_of(token_id)

    def order_of(self, intake: Intake) -> _core.ExchangeOrder:
        """What the engine takes of a verified order; its token is known."""
        found = self.catalogue.token(intake.token_id)
        token = found[1] if found else self.exchange.token(intake.token_id)
        if token is None:
            raise ValueError(f"token {intake.token_id} is not listed")
        owner = self.owner_of(intake.key, intake.maker)
        active = self._accounts.active.setdefault(intake.key.key, [])
        if owner not in active:
            active.append(owner)
        return _core.ExchangeOrder(
            order_id=intake.order_id,
            owner=owner,
            account=self.open_account(intake.maker),
            token=token,
            is_buy=intake.is_buy,
            maker_amount=intake.maker_amount,
            taker_amount=intake.taker_amount,
            order_type=intake.order_type,
            is_post_only=intake.is_post_only,
            expiration_s=intake.expiration_s,
        )

    def standing(self, listed: Listed) -> Standing:
        """How a market stands."""
        found = self.exchange.standing(listed.index)
        if found is None:
            raise ValueError(f"market {listed.index} is not the engine's")
        tick_micros, is_active, accepts_orders, is_closed, payout = found
        return Standing(
            tick_micros=tick_micros,
            is_active=is_active,
            accepts_orders=accepts_orders,
            is_closed=is_closed,
            payout=payout,
        )

    def wind(self, clockwork: Clockwork) -> None:
        """Let this one go on with the venue's time, too."""
        self._clockworks.append(clockwork)

    def due_ns(self) -> int | None:
        """When the engine or something beside it does something by itself next."""
        found = [self.exchange.due_ns(), *(one.due_ns() for one in self._clockworks)]
        return min((due for due in found if due is not None), default=None)

    def go_on(self) -> None:
        """Let everything do what is due by now."""
        self.wake()
        for clockwork in self._clockworks:
            clockwork.step()
        self.publish()

    def wake(self) -> None:
        """Let the engine do what is due by now, and tell of it."""
        self.exchange.wake(self.now_ns())
        self.publish()

    def publish(self) -> None:
        """Hand the frames that the last calls made to every audience."""
        frames = self.exchange.take_market_frames()
        user = self.exchange.take_user_frames()
        changed = self.exchange.take_changes()
        for audience in self._audiences:
            for market, token, is_custom, text in frames:
                audience.market_frame(market, token, is_custom=is_custom, text=text)
            for owner, market, text in user:
                known = self._accounts.keys.get(owner)
                if known is not None:
                    condition_id = self.catalogue.at(market).market.condition_id
                    audience.user_frame(known[0], condition_id, text)
        for index in changed:
            self._tell_change(index)

    def _tell_change(self, index: int) -> None:
        """Tell of a market that is resolved since the last look, once."""
        if index in self._resolved or index >= len(self.catalogue.markets):
            return
        listed = self.catalogue.at(index)
        standing = self.standing(listed)
        if standing.payout is not None:
            self._resolved.add(index)
            for audience in self._audiences:
                audience.resolved(listed, standing, self._now_ns)

    def list_market(self, listed: Listed) -> None:
        """Tell of a market that was listed just now."""
        for audience in self._audiences:
            audience.listed(listed, self._now_ns)
