"""The venue as one thing: its time, whose orders are whose, who hears what, and in which order."""

from dataclasses import dataclass, field

import pytest

from razor import _core
from razor.adapters.sandbox.listing import Listed, MarketListing, Standing
from razor.adapters.sandbox.venue import Venue
from tests.sandbox.trader import ONE, START_NS, Clock, Place

PLAIN, GROUP = 0, 2


@dataclass
class Ears:
    """Notes everything it hears."""

    heard: list[tuple[str, object]] = field(default_factory=list[tuple[str, object]])

    def market_frame(self, market: int, token: int | None, *, is_custom: bool, text: bytes) -> None:
        del is_custom, text
        self.heard.append(("market", (market, token)))

    def user_frame(self, key: str, condition_id: str, text: bytes) -> None:
        del condition_id, text
        self.heard.append(("user", key))

    def resolved(self, listed: Listed, standing: Standing, now_ns: int) -> None:
        del now_ns
        self.heard.append(("resolved", (listed.index, standing.payout)))

    def listed(self, listed: Listed, now_ns: int) -> None:
        del now_ns
        self.heard.append(("listed", listed.index))


@dataclass
class Beside:
    """Something that goes on with the venue's time."""

    due: int | None
    steps: int = 0

    def due_ns(self) -> int | None:
        return self.due

    def step(self) -> None:
        self.steps += 1


def test_its_time_never_runs_backwards_whatever_the_clock_does() -> None:
    clock = Clock()
    venue = Venue(_core.Exchange(seed=1), clock=clock, seed=1)
    first = venue.now_ns()
    clock.now_ns -= 3_600_000_000_000
    assert venue.now_ns() == first
    clock.now_ns = first + 5
    assert (venue.now_ns(), venue.now_s()) == (first + 5, (first + 5) // 1_000_000_000)
    assert venue.now_ms() == START_NS // 1_000_000


def test_what_is_due_next_is_the_earliest_of_engine_and_everything_beside_it() -> None:
    place = Place()
    venue = place.sandbox.venue
    assert venue.due_ns() is None
    early, never = Beside(due=START_NS + 5), Beside(due=None)
    venue.wind(Beside(due=START_NS + 9))
    venue.wind(early)
    venue.wind(never)
    assert venue.due_ns() == START_NS + 5
    venue.go_on()
    # What waits for the engine goes on as well, though it names no time.
    assert (early.steps, never.steps) == (1, 1)


def test_a_key_orders_for_every_wallet_of_its_address_and_each_has_an_account() -> None:
    place = Place()
    venue = place.sandbox.venue
    address = _core.SigningKey.from_hex("0x" + "44" * 32).address
    key = venue.keys.grant(address)
    wallets = _core.wallets_of(address)
    assert [venue.account_of(wallet) for wallet in wallets] == [None] * 5
    owners = venue.owners_of(key)
    accounts = [venue.account_of(wallet) for wallet in wallets]
    assert accounts[:4] == [venue.wallet_of(owner) for owner in owners]
    assert accounts[4] is None, "the older deposit wallet is not opened by itself"
    assert venue.account_of(wallets[0].upper().replace("X", "x")) == accounts[0]
    assert venue.owners_of(key) == owners
    assert venue.active_owners(key) == owners[:1]
    assert venue.wallet_of(10_000) is None


def test_every_audience_hears_frames_first_and_a_resolution_once() -> None:
    place = Place()
    venue = place.sandbox.venue
    ears = Ears()
    venue.hear(ears)
    venue.exchange.watch(PLAIN, is_watched=True)
    trader = place.trader(0)
    trader.post(place.token(PLAIN), "BUY", 40, 10)
    kinds = [kind for kind, _ in ears.heard]
    assert set(kinds[:-1]) == {"market"}
    assert ears.heard[-1] == ("user", trader.credentials["apiKey"])
    ears.heard.clear()
    venue.exchange.resolve(venue.now_ns(), PLAIN, "half")
    venue.publish()
    venue.publish()
    assert [it for it in ears.heard if it[0] == "resolved"] == [("resolved", (PLAIN, "half"))]


def test_a_market_that_is_listed_later_is_told_to_every_audience() -> None:
    place = Place()
    venue = place.sandbox.venue
    ears = Ears()
    venue.hear(ears)
    listing = MarketListing(
        market_id="88",
        slug="later",
        question="Later?",
        condition_id="0x" + "88" * 32,
        token_ids=(f"{8 * 10**76}", f"{8 * 10**76 + 1}"),
    )
    venue.list_market(venue.catalogue.open_market(venue.exchange, venue.now_ns(), listing))
    assert ears.heard == [("listed", 5)]
    assert venue.standing(venue.catalogue.at(5)).tick_micros == 10_000


def test_groups_and_contracts_are_found_by_the_venues_names() -> None:
    place = Place()
    venue = place.sandbox.venue
    group = venue.catalogue.at(GROUP).event.neg_risk_id
    assert venue.group_of(group) == 0
    assert venue.group_of("0x" + "00" * 32) is None
    contract = venue.exchange_of(place.token(GROUP))
    assert contract is not None
    assert contract.contract == _core.SigningExchange.neg_risk().contract
    assert venue.exchange_of("9") is None


def test_a_market_that_is_not_the_engines_is_a_mistake_of_the_caller() -> None:
    place = Place()
    venue = place.sandbox.venue
    stranger = Listed(
        index=99,
        market=venue.catalogue.at(PLAIN).market,
        event=venue.catalogue.at(PLAIN).event,
    )
    with pytest.raises(ValueError, match="99"):
        venue.standing(stranger)
    account = venue.account_of(place.sandbox.residents[0].wallet)
    assert account is not None
    assert venue.exchange.holding(account)[0] == 100_000 * ONE
