"""`polymarket-client` works against the local exchange as it does against the venue."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.clients import Client
from tests.conformance.exchange import Exchange

pytestmark = [pytest.mark.conformance, pytest.mark.timeout(600)]

EOA, PROXY, SAFE, DEPOSIT_WALLET = range(4)
NAMES = ["EOA", "POLY_PROXY", "GNOSIS_SAFE", "DEPOSIT_WALLET"]
Results = dict[str, Any]


@pytest.fixture(scope="module")
def public(
    polymarket_client: Client, sandbox: Exchange, tmp_path_factory: pytest.TempPathFactory
) -> Results:
    task = sandbox.task(EOA, DEPOSIT_WALLET)
    folder = tmp_path_factory.mktemp("public")
    return {"task": task} | polymarket_client.run("polymarket_client_public", task, folder, 120)


@pytest.fixture(
    scope="module",
    params=[(DEPOSIT_WALLET, EOA), (SAFE, DEPOSIT_WALLET), (PROXY, DEPOSIT_WALLET)],
    ids=["deposit wallet and account", "Safe and deposit wallet", "proxy and deposit wallet"],
)
def traded(
    request: pytest.FixtureRequest,
    polymarket_client: Client,
    sandbox: Exchange,
    tmp_path_factory: pytest.TempPathFactory,
) -> Results:
    if not sandbox.has("relayer"):
        pytest.skip("the exchange serves no relayer, which the client asks about every wallet")
    maker, taker = request.param
    if not sandbox.funds(maker):
        pytest.skip(f"the exchange has no funded account of type {maker}")
    task = sandbox.task(maker, taker)
    folder: Path = tmp_path_factory.mktemp("traded")
    found = polymarket_client.run("polymarket_client_trading", task, folder, 240)
    return {"task": task, "types": [maker, taker]} | found


def test_a_market_is_listed_and_found_by_every_name(public: Results) -> None:
    market, plain = public["market"], public["task"]["plain"]
    assert market["condition"] == market["by_id"] == market["by_slug"] == plain["condition"]
    assert market["tokens"] == plain["tokens"]
    assert (market["version"], market["tick"], market["min_size"]) == ("v1", "0.01", "5")
    assert (market["accepting"], market["neg_risk"]) == (True, False)
    assert len(set(market["paged"])) == 2
    assert plain["condition"] in market["event_markets"]
    assert market["event"] in market["events"]


def test_books_are_mirrored_and_prices_are_those_of_the_book(public: Results) -> None:
    prices = public["prices"]
    book, mirror = prices["book"], prices["mirror"]
    assert [book["token"], mirror["token"]] == public["task"]["plain"]["tokens"]
    turned = [[str(1 - Decimal(price)), size] for price, size in book["bids"]]
    assert mirror["asks"] == turned
    assert len({each["token"] for each in prices["books"]}) == 2
    bid, ask = Decimal(book["bids"][-1][0]), Decimal(book["asks"][-1][0])
    assert Decimal(prices["price"]) == ask
    assert Decimal(prices["spread"]) == ask - bid
    assert Decimal(prices["midpoint"]) == (ask + bid) / 2
    both = set(public["task"]["plain"]["tokens"])
    assert set(prices["midpoints"]) == set(prices["spreads"]) == both
    (quoted,) = prices["prices"].values()
    assert {side: Decimal(price) for side, price in quoted.items()} == {"BUY": ask, "SELL": bid}
    assert public["quoted"] == 2


def test_a_login_finds_its_key_and_its_kind_of_wallet(traded: Results) -> None:
    keys = traded["keys"]
    assert keys["is_same"]
    assert keys["is_listed"]
    assert keys["closed_only"] is False
    assert keys["wallets"] == [NAMES[each] for each in traded["types"]]
    if traded["types"][0] == DEPOSIT_WALLET:
        wallet = traded["task"]["accounts"][0]["wallet"]
        assert keys["usual"] == [wallet, "DEPOSIT_WALLET"]


def test_what_is_left_of_the_limit_comes_with_every_order_and_cancel(traded: Results) -> None:
    limits = traded["limits"]
    assert len(limits) >= 12
    assert all(remaining >= 0 and tier and not warning for remaining, tier, warning in limits)


def test_an_order_that_rests_is_seen_by_everybody_it_concerns(traded: Results) -> None:
    rest, account = traded["rest"], traded["task"]["accounts"][0]
    assert rest["status"] == "live"
    order_id, price, size, matched, status = rest["found"]
    assert (order_id, status) == (rest["id"], "LIVE")
    assert [Decimal(each) for each in (price, size, matched)] == [Decimal(rest["price"]), 20, 0]
    assert rest["maker_address"].lower() == account["wallet"].lower()
    assert (rest["order_type"], rest["listed"]) == ("GTC", [rest["id"]])
    assert Decimal(rest["best_bid"]) == Decimal(rest["price"])
    assert ["order", "PLACEMENT", rest["id"]] in rest["told"]
    assert {"book", "price_change"} <= set(rest["public"])


def test_a_match_is_answered_told_to_both_and_settled(traded: Results) -> None:
    match, rest = traded["match"], traded["rest"]
    price = Decimal(rest["price"])
    assert (match["status"], len(match["trades"])) == ("matched", 1)
    assert Decimal(match["taking"]) == 20
    assert Decimal(match["making"]) == 20 * (1 - price)
    assert [len(each) for each in match["hashes"]] == [66]
    for name, side in (("maker", "MAKER"), ("taker", "TAKER")):
        heard = [each for each in match[f"{name}_heard"] if each[0] == "trade"]
        states = [each[1] for each in heard if each[3] == match["id"]]
        assert (states[0], states[-1]) == ("MATCHED", "CONFIRMED")
        assert {each[2] for each in heard} == {side}
    assert ["CONFIRMED", "MAKER"] in match["maker_trades"]
    ((status, side, size, at),) = match["taker_trade"]
    assert (status, side) == ("CONFIRMED", "TAKER")
    assert [Decimal(size), Decimal(at)] == [Decimal(20), 1 - price]
    ((filled, shares, at),) = match["maker_fills"]
    assert (filled, [Decimal(shares), Decimal(at)]) == (rest["id"], [20, price])
    assert "last_trade_price" in match["public"]


def test_what_must_not_be_accepted_is_refused_in_the_venues_words(traded: Results) -> None:
    killed = traded["kill"]
    assert "FOK orders are fully filled or killed." in killed["fok"]["text"]
    assert "no orders found to match with FAK order." in killed["fak"]["text"]
    assert "lower than the minimum: 5" in killed["small"]["text"]
    assert "not enough balance / allowance" in killed["poor"]["text"]
    # The client knows the grid from the market and does not send what is off it.
    assert killed["off_tick"]["status"] is None
    assert [killed[name]["status"] for name in ("fok", "fak", "small", "poor")] == [400] * 4


def test_every_way_to_cancel_cancels_what_it_names(traded: Results) -> None:
    cancel = traded["cancel"]
    assert (cancel["order_type"], cancel["expires_at"]) == ("GTD", cancel["expiration"])
    assert cancel["one"] == [cancel["gtd"]]
    assert list(cancel["again"]) == [cancel["gtd"]]
    assert len(set(cancel["batch"])) == 6
    assert cancel["two"] == sorted(cancel["batch"][:2])
    assert cancel["of_market"] == sorted(cancel["batch"][2:])
    assert (cancel["rest"], cancel["left"]) == ([cancel["last"]], 0)
    gone = {each[2] for each in cancel["told"]}
    assert {cancel["gtd"], *cancel["batch"], cancel["last"]} <= gone


@pytest.mark.parametrize("which", ["sets_plain", "sets_neg_risk"])
def test_sets_are_split_and_merged_over_the_relayer(traded: Results, which: str) -> None:
    sets = traded[which]
    dollars, yes, no = sets["before"]
    assert sets["between"] == [dollars - 12_000_000, yes + 12_000_000, no + 12_000_000]
    assert sets["after"] == [dollars - 7_000_000, yes + 7_000_000, no + 7_000_000]
    first, second = sets["hashes"]
    assert first != second


def test_sets_of_several_markets_are_merged_in_one_transaction(traded: Results) -> None:
    before, after = traded["merge_all"]["before"], traded["merge_all"]["after"]
    sets = [min(yes, no) for _, yes, no in before]
    assert all(each >= 7_000_000 for each in sets)
    held = [[yes - each, no - each] for (_, yes, no), each in zip(before, sets, strict=True)]
    assert [[yes, no] for _, yes, no in after] == held
    assert after[0][0] == before[0][0] + sum(sets)


def test_everything_that_trading_needs_is_approved(traded: Results) -> None:
    assert traded["approvals"] == {"sent": None}


def test_an_order_of_a_negative_risk_market_is_taken_for_its_own_contract(traded: Results) -> None:
    assert traded["neg_risk"] == {"neg_risk": True, "status": "live", "gone": 1}


def test_positions_and_trades_are_those_of_the_wallet(traded: Results) -> None:
    if "accounts" not in traded:
        pytest.skip("the exchange serves no Data API")
    accounts, (yes, no) = traded["accounts"], traded["task"]["plain"]["tokens"]
    _, held_yes, held_no = traded["sets_plain"]["after"]
    size, side, mergeable = accounts["positions"][yes]
    assert (Decimal(size) * 1_000_000, side, mergeable) == (held_yes, 0, True)
    assert Decimal(accounts["positions"][no][0]) * 1_000_000 == held_no
    trades = [(side, Decimal(shares), Decimal(at)) for side, shares, at in accounts["trades"]]
    assert ("BUY", Decimal(20), Decimal(traded["rest"]["price"])) in trades
    assert Decimal(accounts["value"]) > 0
    assert {"MERGE", "SPLIT", "TRADE"} <= set(accounts["activity"])


def test_a_heartbeat_gives_the_id_of_the_next_one(traded: Results) -> None:
    first, second = traded["beat"]["ids"]
    assert first != second
    assert traded["beat"]["expected"] == second
