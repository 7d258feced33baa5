"""Lives of orders and accounts over HTTP: expiry, delays, sessions, standings, accidents."""

import json
from typing import Literal

import pytest

from razor import _core
from razor.adapters.sandbox.listing import MarketListing
from tests.sandbox.trader import ONE, Place, Trader

PLAIN, GROUP = 0, 2
SESSION = _core.SigningKey.from_hex("0x" + "5e" * 32)


def delayed_market(place: Place, seconds: int) -> str:
    """A market whose takers wait; its first token."""
    listing = MarketListing(
        market_id="77",
        slug="late-goal",
        question="Late goal?",
        condition_id="0x" + "dd" * 32,
        token_ids=(f"{5 * 10**76}", f"{5 * 10**76 + 1}"),
        taker_delay_ns=seconds * 1_000_000_000,
    )
    venue = place.sandbox.venue
    venue.catalogue.open_market(venue.exchange, venue.now_ns(), listing)
    return listing.token_ids[0]


def test_a_good_till_date_order_ends_a_minute_before_its_date() -> None:
    place = Place()
    trader = place.trader(0)
    now_s = place.sandbox.venue.now_s()
    token = place.token(PLAIN)
    early = trader.post(token, "BUY", 40, 10, order_type="GTD", expiration=str(now_s + 100))
    assert (early.status, early.json["error"]) == (400, "invalid expiration")
    said = trader.post(token, "BUY", 40, 10, order_type="GTD", expiration=str(now_s + 200))
    assert said.json["status"] == "live"
    place.pass_time(139)
    assert len(trader.call("GET", "/data/orders").json["data"]) == 1
    place.pass_time(2)
    assert trader.call("GET", "/data/orders").json["data"] == []
    ended = trader.call("GET", "/data/orders", query={"id": said.json["orderID"]}).json["data"]
    assert ended[0]["status"] == "CANCELED_EXPIRED_ORDER"


def test_a_taker_of_a_delayed_market_waits_and_cannot_cancel() -> None:
    place = Place()
    token = delayed_market(place, 3)
    maker, taker = place.trader(0), place.trader(1)
    maker.post(token, "BUY", 40, 10)
    other = place.sandbox.venue.catalogue.token(token)
    assert other is not None
    compact = place.ask("GET", f"/clob-markets/{other[0].market.condition_id}").json
    assert (compact["sd"], compact["itode"]) == (3, True)
    said = taker.post(other[0].market.token_ids[1], "BUY", 60, 10, order_type="FAK")
    assert said.json["status"] == "delayed"
    order_id = said.json["orderID"]
    assert taker.call("GET", f"/data/order/{order_id}").json["status"] == "DELAYED"
    kept = taker.call("DELETE", "/order", {"orderID": order_id}).json
    assert list(kept["not_canceled"]) == [order_id]
    place.pass_time(4)
    rows = taker.call("GET", "/data/trades").json["data"]
    assert [(row["size"], row["price"]) for row in rows] == [("10", "0.6")]


@pytest.mark.parametrize(
    ("standing", "text"),
    [("banned", "address banned"), ("closed_only", "address in closed only mode")],
)
def test_a_restricted_account_hears_why(
    standing: Literal["banned", "closed_only"], text: str
) -> None:
    place = Place()
    trader = place.trader(0)
    venue = place.sandbox.venue
    account = venue.account_of(trader.resident.wallet)
    assert account is not None
    venue.exchange.set_standing(venue.now_ns(), account, standing)
    said = trader.post(place.token(PLAIN), "BUY", 40, 10)
    assert said.status == 400
    assert text in said.json["error"]
    assert trader.resident.wallet.lower() in said.json["error"].lower()


def test_a_session_key_orders_for_its_wallet_and_sees_its_own_orders_alone() -> None:
    place = Place()
    owner = place.trader(0)
    venue = place.sandbox.venue
    wallet = owner.resident.wallet
    own = owner.post(place.token(PLAIN), "BUY", 30, 10)
    assert own.status == 200
    # A session key is an address of its own with an API key of its own.
    key = venue.keys.grant(SESSION.address)
    session = Trader.__new__(Trader)
    session.place, session.resident, session.key = place, owner.resident, SESSION
    session.credentials = {
        "apiKey": key.key,
        "secret": key.secret,
        "passphrase": key.passphrase,
    }
    body = session.order(place.token(PLAIN), "BUY", 31, 10)
    text = json.dumps(body, separators=(",", ":")).encode()
    headers = session.headers("POST", "/order", text) | {"POLY_ADDRESS": SESSION.address}
    refused = place.ask("POST", "/order", body=text, headers=headers)
    assert (refused.status, "signer" in refused.json["error"]) == (400, True)
    venue.allow_session(wallet, SESSION.address)
    # Without the session's wrapping the signature is that of nobody who may sign.
    again = place.ask("POST", "/order", body=text, headers=headers)
    assert again.status == 400
    assert venue.wallets_signed_by(SESSION.address) == [wallet.lower()]
    assert venue.may_sign(wallet=wallet, signer=SESSION.address, is_session=True)
    assert not venue.may_sign(wallet=wallet, signer=SESSION.address, is_session=False)
    assert len(owner.call("GET", "/data/orders").json["data"]) == 1


def test_a_ghost_fill_is_told_and_gives_the_money_back() -> None:
    place = Place()
    maker, taker = place.trader(0), place.trader(1)
    before = (maker.balance(), taker.balance())
    maker.post(place.token(PLAIN), "BUY", 40, 10)
    said = taker.post(place.token(PLAIN, 1), "BUY", 60, 10)
    exchange = place.sandbox.venue.exchange
    trade = exchange.trade(said.json["tradeIDs"][0])
    assert trade is not None
    exchange.set_fate(place.clock.now_ns, trade, "fail")
    place.pass_time(60)
    (row,) = taker.call("GET", "/data/trades").json["data"]
    assert row["status"] == "FAILED"
    assert (maker.balance(), taker.balance()) == before
    assert taker.balance(place.token(PLAIN, 1)) == 0
    assert exchange.audit() is None


def test_money_that_leaves_ends_the_orders_it_no_longer_covers() -> None:
    place = Place()
    trader = place.trader(2)
    venue = place.sandbox.venue
    ids = [
        trader.post(place.token(PLAIN), "BUY", 40, 100_000).json["orderID"],
        trader.post(place.token(1), "BUY", 40, 100_000).json["orderID"],
    ]
    account = venue.account_of(trader.resident.wallet)
    assert account is not None
    venue.exchange.withdraw(venue.now_ns(), account, 50_000 * ONE)
    open_now = [row["id"] for row in trader.call("GET", "/data/orders").json["data"]]
    assert open_now == ids[:1]
    page = trader.call("GET", "/data/orders", query={"id": ids[1]}).json["data"]
    assert page[0]["status"] == "CANCELED_NOT_ENOUGH_BALANCE"
    assert trader.balance() == 50_000 * ONE


def test_a_market_that_stops_takes_no_order_and_keeps_its_book() -> None:
    place = Place()
    trader = place.trader(0)
    token = place.token(GROUP)
    trader.post(token, "BUY", 40, 10)
    exchange = place.sandbox.venue.exchange
    exchange.set_flags(
        place.clock.now_ns, GROUP, is_active=True, accepts_orders=False, is_closed=False
    )
    said = trader.post(token, "BUY", 41, 10)
    assert said.json["error"] == "the market is not yet ready to process new orders"
    assert place.ask("GET", "/book", query={"token_id": token}).json["bids"] != []
    compact = place.ask("GET", f"/clob-markets/{place.condition(GROUP)}").json
    assert compact["ao"] is False
    assert trader.call("DELETE", "/cancel-all").status == 200


def test_an_outcome_that_wins_is_redeemed_for_a_dollar_a_share() -> None:
    place = Place()
    maker, taker = place.trader(0), place.trader(1)
    maker.post(place.token(GROUP), "BUY", 40, 10)
    taker.post(place.token(GROUP, 1), "BUY", 60, 10)
    place.pass_time(30)
    venue = place.sandbox.venue
    venue.exchange.resolve(venue.now_ns(), GROUP, "yes")
    for trader in (maker, taker):
        account = venue.account_of(trader.resident.wallet)
        assert account is not None
        venue.exchange.redeem(venue.now_ns(), account, GROUP)
    place.pass_time(30)
    assert (maker.balance(), taker.balance()) == (100_006 * ONE, 99_994 * ONE)
    assert venue.exchange.audit() is None
