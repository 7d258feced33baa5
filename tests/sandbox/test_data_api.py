"""The Data API: trades by either side, positions through their lives, pages that lose no row."""

import asyncio
import json
from decimal import Decimal

import pytest

from razor.adapters.polymarket.rest import Http
from razor.adapters.polymarket.trades import Page, TradesPoller
from razor.adapters.polymarket.wire import TradeHead, TradePageV2, TradeV2, decode, rows
from razor.adapters.sandbox.server import serving
from razor.application.ports import FeedPorts
from razor.domain.feed import EndpointSettings, FeedSettings, TradesApi
from razor.domain.universe import Universe
from tests.feeds.clock import VirtualClock
from tests.feeds.engine import MemoryEngine, MemoryLog
from tests.sandbox.indexing import GROUP, NO, PLAIN, PRICED, SETTLED_S, YES, Index
from tests.sandbox.relaying import merge, redeem, split
from tests.sandbox.trader import ONE, START_NS

START_S = START_NS // 10**9
NOBODY = "0x" + "ab" * 20


def only(index: Index, path: str, **query: str) -> dict[str, object]:
    """The one row of a page of version 2."""
    page = json.loads(index.ask(path, **query).text, parse_float=Decimal)
    assert page["pagination"] == {"has_more": False, "next_cursor": None}
    (row,) = page["data"]
    return row  # type: ignore[no-any-return]


def test_a_trade_is_told_with_its_block_and_not_before() -> None:
    index = Index()
    maker, taker = index.place.trader(0), index.place.trader(1)
    maker.post(index.place.token(PLAIN, YES), "BUY", 40, 10)
    taker.post(index.place.token(PLAIN, NO), "BUY", 60, 10)
    assert index.ask("/trades").json == []
    assert index.ask("/v2/positions", user=index.wallet(1)).json["data"] == []
    index.place.pass_time(SETTLED_S)
    (row,) = index.ask("/trades").json
    (known,) = taker.call("GET", "/data/trades").json["data"]
    assert row["transactionHash"] == known["transaction_hash"] != ""
    assert row["timestamp"] == START_S


def test_a_failed_trade_is_never_told_of() -> None:
    index = Index()
    index.place.trader(0).post(index.place.token(PLAIN, YES), "BUY", 40, 10)
    index.place.trader(1).post(index.place.token(PLAIN, NO), "BUY", 60, 10)
    index.place.sandbox.venue.exchange.set_fate(index.place.clock.now_ns, 0, "fail")
    index.place.pass_time(SETTLED_S)
    assert index.ask("/trades", takerOnly="false").json == []
    assert index.ask("/v2/positions", user=index.wallet(1)).json["data"] == []


def test_rows_of_version_one_are_the_venues() -> None:
    index = Index()
    index.mint(40, 10)
    (row,) = index.ask("/trades").json
    market = index.place.sandbox.venue.catalogue.at(PLAIN).market
    assert row == {
        "proxyWallet": index.wallet(1),
        "side": "BUY",
        "asset": market.token_ids[NO],
        "conditionId": market.condition_id,
        "size": 10,
        "price": 0.6,
        "timestamp": START_S,
        "title": market.question,
        "slug": market.slug,
        "icon": "",
        "eventSlug": market.slug,
        "outcome": "No",
        "outcomeIndex": 1,
        "name": "",
        "pseudonym": "",
        "bio": "",
        "profileImage": "",
        "profileImageOptimized": "",
        "transactionHash": row["transactionHash"],
    }
    assert len(row["transactionHash"]) == 66


def test_makers_have_rows_of_their_own_token_where_they_are_asked_for() -> None:
    index = Index()
    index.mint(40, 10)
    both = index.ask("/trades", takerOnly="false").json
    told = [(row["proxyWallet"], row["outcome"], row["side"], row["price"]) for row in both]
    assert told == [(index.wallet(1), "No", "BUY", 0.6), (index.wallet(0), "Yes", "BUY", 0.4)]
    assert both[0]["transactionHash"] == both[1]["transactionHash"]
    assert index.ask("/trades", user=index.wallet(0)).json == []
    mine = index.ask("/trades", user=index.wallet(0).upper().replace("X", "x"), takerOnly="false")
    assert mine.json == both[1:]
    assert index.ask("/trades", user=NOBODY, takerOnly="false").json == []


def test_filters_narrow_what_is_told() -> None:
    index = Index()
    index.mint(40, 10)
    index.mint(30, 20, market=GROUP)
    index.sell(45, 5)

    def prices(path: str = "/v2/trades", **query: str) -> list[float]:
        said = index.ask(path, **query).json
        return [row["price"] for row in (said if path == "/trades" else said["data"])]

    assert prices() == [0.45, 0.7, 0.6]
    assert prices("/trades", side="sell") == prices(side="SELL") == [0.45]
    assert prices(side="BUY") == [0.7, 0.6]
    plain, group = index.place.condition(PLAIN), index.place.condition(GROUP)
    assert prices("/trades", market=plain) == prices(condition_id=plain) == [0.45, 0.6]
    assert prices(condition=f"{group},{plain}") == [0.45, 0.7, 0.6]
    assert prices(condition_id=index.place.condition(PRICED)) == []
    assert prices(condition_id="0x" + "77" * 32) == []
    assert prices("/trades", eventId="9001") == prices(event_id="9001") == [0.7]
    assert prices(filter_type="TOKENS", filter_amount="10") == [0.7, 0.6]
    assert prices("/trades", filterType="CASH", filterAmount="6.000001") == [0.7]
    assert prices(filter_amount="1.4e1") == [0.7]
    first, second = str(START_S), str(START_S + SETTLED_S)
    assert prices(start=second) == [0.45, 0.7]
    assert prices(end=second) == [0.7, 0.6]
    assert prices(start=first, end=first) == [0.6]
    assert prices(start="9999999999") == []
    assert prices(end="9999999999") == [0.45, 0.7, 0.6]


def test_version_one_pages_by_offset() -> None:
    index = Index()
    for cents in (40, 41, 42):
        index.mint(cents, 10)
    first = index.ask("/trades", limit="2").json
    assert [row["price"] for row in first] == [0.58, 0.59]
    rest = index.ask("/trades", limit="2", offset="2").json
    assert [row["price"] for row in rest] == [0.6]
    assert index.ask("/trades", limit="0").json == []
    assert index.ask("/trades", offset="1000").json == []


@pytest.mark.parametrize("limit", [1, 2, 3, 5])
def test_cursors_lose_no_row_and_repeat_none_while_trades_come_in(limit: int) -> None:
    index = Index()
    for cents in (40, 41, 42):
        index.mint(cents, 10)
    query = {"taker_only": "false", "limit": "100"}
    known = index.ask("/v2/trades", **query).json["data"]
    assert len(known) == 6
    query["limit"] = str(limit)
    seen: list[object] = []
    for cents in range(50, 58):
        page = index.ask("/v2/trades", **query).json
        seen += page["data"]
        if not page["pagination"]["has_more"]:
            break
        query["cursor"] = page["pagination"]["next_cursor"]
        # Rows of both sides move down meanwhile: an offset would point into what was shown.
        index.mint(cents, 10)
    assert seen == known
    assert page["pagination"]["next_cursor"] is None


def test_activity_is_what_a_wallet_traded_on_either_side() -> None:
    index = Index()
    index.mint(40, 10)
    index.sell(45, 5)
    told = index.ask("/v2/activity", user=index.wallet(0)).json["data"]
    assert [(row["type"], row["side"], row["usdc_size"], row["size"]) for row in told] == [
        ("TRADE", "SELL", 2.25, 5),
        ("TRADE", "BUY", 4, 10),
    ]
    assert {row["proxy_wallet"] for row in told} == {index.wallet(0)}
    assert index.ask("/v2/activity", user=NOBODY).json["data"] == []


def busy() -> Index:
    """Resident 0 splits, buys, merges, and redeems both outcomes at one half."""
    index = Index()
    condition = index.place.condition(PLAIN)
    index.done(0, split(condition, 8 * ONE))
    index.mint(40, 10)
    index.done(0, merge(condition, 3 * ONE))
    index.resolve("half")
    index.done(0, redeem(condition))
    return index


def test_activity_has_what_the_relayer_did_between_the_trades() -> None:
    index = busy()
    user, condition = index.wallet(0), index.place.condition(PLAIN)
    told = index.ask("/v2/activity", user=user).json["data"]
    assert [(row["type"], row["size"], row["usdc_size"], row.get("outcome")) for row in told] == [
        ("REDEEM", 5, 2.5, "No"),
        ("REDEEM", 15, 7.5, "Yes"),
        ("MERGE", 3, 3, None),
        ("TRADE", 10, 4, "Yes"),
        ("SPLIT", 8, 8, None),
    ]
    assert told[0]["transaction_hash"] == told[1]["transaction_hash"]
    assert len({row["transaction_hash"] for row in told} - {""}) == 4
    assert {row["condition_id"] for row in told} == {condition}
    assert [row["timestamp"] - START_S for row in told] == [9, 9, 6, 3, 0]

    def kinds(**query: str) -> list[str]:
        found = index.ask("/v2/activity", user=user, **query).json["data"]
        return [row["type"] for row in found]

    assert kinds(type="MERGE,split") == ["MERGE", "SPLIT"]
    assert kinds(type="TRADE") == kinds(side="BUY") == ["TRADE"]
    assert kinds(condition_id=index.place.condition(PRICED)) == []
    assert kinds(start=str(START_S + 3), end=str(START_S + 6)) == ["MERGE", "TRADE"]
    assert kinds(start=str(START_S + 3), end=str(START_S + 5)) == ["TRADE"]
    other = index.ask("/v2/activity", user=index.wallet(1)).json["data"]
    assert [row["type"] for row in other] == ["TRADE"]


@pytest.mark.parametrize("limit", [1, 2, 3, 5])
def test_cursors_of_activity_pass_through_trades_and_deeds(limit: int) -> None:
    index = busy()
    query = {"user": index.wallet(0)}
    known = index.ask("/v2/activity", **query).json["data"]
    seen: list[object] = []
    query["limit"] = str(limit)
    for _ in known:
        page = index.ask("/v2/activity", **query).json
        seen += page["data"]
        if not page["pagination"]["has_more"]:
            break
        query["cursor"] = page["pagination"]["next_cursor"]
        # Something new in either list moves neither of the two places.
        index.done(0, split(index.place.condition(GROUP), ONE, "neg_risk_adapter"))
        index.mint(40, 10, market=PRICED)
    assert seen == known


def test_activity_before_the_first_trade_goes_on_without_later_ones() -> None:
    index = Index()
    for _ in range(2):
        index.done(0, split(index.place.condition(PLAIN), ONE))
    query = {"user": index.wallet(0), "limit": "1"}
    page = index.ask("/v2/activity", **query).json
    index.mint(40, 10)
    rest = index.ask("/v2/activity", cursor=page["pagination"]["next_cursor"], **query).json
    assert [row["type"] for row in page["data"] + rest["data"]] == ["SPLIT", "SPLIT"]
    assert rest["pagination"]["has_more"] is False


def test_what_has_no_block_or_failed_is_no_activity() -> None:
    index = Index()
    user, condition = index.wallet(0), index.place.condition(PLAIN)
    index.send(0, split(condition, 8 * ONE))
    assert index.ask("/v2/activity", user=user).json["data"] == []
    index.place.pass_time(SETTLED_S)
    assert only(index, "/v2/activity", user=user)["type"] == "SPLIT"
    index.done(0, merge(condition, 9 * ONE))
    assert only(index, "/v2/activity", user=user)["type"] == "SPLIT"


def test_a_position_has_its_average_cost_and_both_results() -> None:
    index = Index()
    index.mint(40, 10)
    index.mint(46, 5)
    row = only(index, "/v2/positions", user=index.wallet(0))
    # 4 and 2.3 dollars for 15 shares; the last trade was at 0.46.
    assert (row["current_size"], row["entry_cost_usdc"]) == (15, Decimal("6.3"))
    assert (row["avg_price"], row["current_price"]) == (Decimal("0.42"), Decimal("0.46"))
    assert (row["current_value"], row["unrealized_pnl"]) == (Decimal("6.9"), Decimal("0.6"))
    assert (row["realized_pnl"], row["percent_pnl"]) == (0, Decimal("9.52"))
    index.sell(45, 5)
    row = only(index, "/v2/positions", user=index.wallet(0))
    assert (row["current_size"], row["total_size"]) == (10, 15)
    assert (row["avg_price"], row["entry_cost_usdc"]) == (Decimal("0.42"), Decimal("4.2"))
    assert (row["realized_pnl"], row["unrealized_pnl"]) == (Decimal("0.15"), Decimal("0.3"))
    assert (row["total_pnl"], row["percent_realized_pnl"]) == (Decimal("0.45"), Decimal("2.38"))
    assert (row["status"], row["mergeable"], row["redeemable"]) == ("OPEN", False, False)
    assert (row["outcome"], row["opposite_outcome"], row["outcome_index"]) == ("Yes", "No", 0)
    assert row["opposite_token_id"] == index.place.token(PLAIN, NO)
    assert (row["first_entry_at"], row["last_event_at"]) == (START_S, START_S + 2 * SETTLED_S)
    assert row["end_date"] == "2031-01-01"
    (older,) = json.loads(index.ask("/positions", user=index.wallet(0)).text, parse_float=Decimal)
    assert (older["size"], older["avgPrice"], older["initialValue"]) == (
        10,
        Decimal("0.42"),
        Decimal("4.2"),
    )
    assert (older["cashPnl"], older["percentPnl"]) == (Decimal("0.3"), Decimal("7.14"))
    assert (older["realizedPnl"], older["totalBought"]) == (Decimal("0.15"), 15)


def test_a_sale_without_its_block_changes_no_position() -> None:
    index = Index()
    index.mint(40, 10)
    before = only(index, "/v2/positions", user=index.wallet(0))
    index.place.trader(2).post(index.place.token(PLAIN, YES), "BUY", 40, 5)
    index.place.trader(0).post(index.place.token(PLAIN, YES), "SELL", 40, 5)
    assert only(index, "/v2/positions", user=index.wallet(0)) == before
    index.place.pass_time(SETTLED_S)
    after = only(index, "/v2/positions", user=index.wallet(0))
    assert (after["current_size"], after["realized_pnl"], after["entry_cost_usdc"]) == (5, 0, 2)


def test_a_wallet_that_sells_to_itself_sells_what_it_held() -> None:
    index = Index()
    index.mint(40, 10)
    trader, token = index.place.trader(0), index.place.token(PLAIN, YES)
    trader.post(token, "BUY", 50, 10)
    assert trader.post(token, "SELL", 50, 10).json["status"] == "matched"
    index.place.pass_time(SETTLED_S)
    row = only(index, "/v2/positions", user=index.wallet(0))
    # Ten at 0.40 and ten at 0.50 are held at 0.45 on average, and half of them go at 0.50.
    assert (row["current_size"], row["total_size"]) == (10, 20)
    assert (row["avg_price"], row["realized_pnl"]) == (Decimal("0.45"), Decimal("0.5"))
    sides = index.ask("/v2/trades", user=index.wallet(0), taker_only="false").json["data"]
    assert [side["side"] for side in sides] == ["SELL", "BUY", "BUY"]


def test_fees_of_purchases_are_told_apart_from_costs() -> None:
    index = Index()
    index.mint(40, 10, market=PRICED)
    maker = only(index, "/v2/positions", user=index.wallet(0))
    taker = only(index, "/v2/positions", user=index.wallet(1))
    assert (maker["entry_cost_usdc"], maker["entry_fees_usdc"]) == (4, 0)
    # 0.04 of price times its rest, for ten shares.
    assert (taker["entry_cost_usdc"], taker["entry_fees_usdc"]) == (6, Decimal("0.096"))
    assert taker["total_cost_usdc"] == Decimal("6.096")
    assert taker["unrealized_pnl"] == 0


def test_a_pair_merges_before_and_redeems_after_a_resolution() -> None:
    index = Index()
    exchange, clock = index.place.sandbox.venue.exchange, index.place.clock
    index.mint(40, 10)
    exchange.split(clock.now_ns, index.account(1), PLAIN, 4 * ONE)
    index.place.pass_time(SETTLED_S)
    user = index.wallet(1)
    pair = index.ask("/v2/positions", user=user, status="MERGEABLE").json["data"]
    assert [(row["outcome"], row["current_size"]) for row in pair] == [("Yes", 4), ("No", 14)]
    # What came by a split cost half a dollar a share: ten at 0.60 and four at 0.50.
    assert [row["entry_cost_usdc"] for row in pair] == [2, 8]
    assert index.ask("/v2/positions", user=index.wallet(0), status="MERGEABLE").json["data"] == []
    assert index.ask("/v2/value", user=user).json == {
        "data": {"proxy_wallet": user, "value": 4 * 0.4 + 14 * 0.6}
    }
    index.resolve("yes")
    assert index.ask("/v2/positions", user=user, status="MERGEABLE").json["data"] == []
    told = index.ask("/v2/positions", user=user, status="REDEEMABLE").json["data"]
    assert [(row["current_price"], row["current_value"]) for row in told] == [(1, 4), (0, 0)]
    assert {row["status"] for row in told} == {"REDEEMABLE"}
    lost = only(index, "/v2/positions", user=user, status="REDEEMABLE_LOST")
    assert (lost["outcome"], lost["total_pnl"]) == ("No", -8)
    assert index.ask("/value", user=user).json == [{"user": user, "value": 4}]


def test_a_redeemed_position_is_closed_with_its_payout() -> None:
    index = Index()
    index.mint(40, 10)
    index.sell(45, 5)
    index.resolve("yes")
    user, exchange = index.wallet(0), index.place.sandbox.venue.exchange
    exchange.redeem(index.place.clock.now_ns, index.account(0), PLAIN)
    index.place.pass_time(SETTLED_S)
    assert index.ask("/v2/positions", user=user).json["data"] == []
    assert index.ask("/positions", user=user, sizeThreshold="0").json == []
    row = only(index, "/v2/positions", user=user, status="CLOSED")
    # Five sold at 0.45, five paid out at a dollar, all bought at 0.40.
    assert (row["current_size"], row["realized_pnl"]) == (0, Decimal("3.25"))
    assert (row["avg_price"], row["unrealized_pnl"], row["redeemable"]) == (0, 0, False)


def test_what_was_split_and_redeemed_for_nothing_is_a_loss() -> None:
    index = Index()
    index.done(0, split(index.place.condition(PLAIN), 10 * ONE))
    index.sell(45, 10)
    index.resolve("yes")
    index.done(0, redeem(index.place.condition(PLAIN)))
    rows = index.ask("/v2/positions", user=index.wallet(0), status="CLOSED").json["data"]
    assert [(row["outcome"], row["realized_pnl"]) for row in rows] == [("Yes", -0.5), ("No", -5)]
    assert [row["last_event_at"] - START_S for row in rows] == [SETTLED_S, 2 * SETTLED_S]
    assert {row["first_entry_at"] for row in rows} == {START_S}


def test_shares_that_were_never_bought_can_be_sold() -> None:
    index = Index()
    exchange, clock = index.place.sandbox.venue.exchange, index.place.clock
    exchange.split(clock.now_ns, index.account(0), PLAIN, 10 * ONE)
    index.place.pass_time(SETTLED_S)
    index.sell(45, 10)
    rows = index.ask("/v2/positions", user=index.wallet(0), status="CLOSED").json["data"]
    assert [(row["outcome"], row["realized_pnl"]) for row in rows] == [("Yes", -0.5)]
    kept = only(index, "/v2/positions", user=index.wallet(0))
    assert (kept["outcome"], kept["entry_cost_usdc"], kept["first_entry_at"]) == ("No", 5, None)
    # A split costs a dollar for both: what was lost on one is gained on the other.
    assert kept["unrealized_pnl"] == Decimal("0.5")


def test_older_positions_are_those_above_a_size_the_largest_first() -> None:
    index = Index()
    index.mint(40, 5)
    index.mint(30, 20, market=GROUP)
    user = index.wallet(1)

    def sizes(**query: str) -> list[float]:
        return [row["size"] for row in index.ask("/positions", user=user, **query).json]

    assert sizes() == [20, 5]
    assert sizes(sizeThreshold="5.000001") == [20]
    assert sizes(limit="1", offset="1") == [5]
    assert sizes(market=index.place.condition(PLAIN)) == [5]
    assert sizes(mergeable="true") == sizes(redeemable="true") == []
    index.resolve("no")
    assert sizes(redeemable="true") == [5]
    assert index.ask("/positions", user=user).json[0]["negativeRisk"] is True
    value = index.ask("/value", user=user, market=index.place.condition(GROUP)).json
    assert value == [{"user": user, "value": 14}]


def test_positions_page_by_cursor_in_order_of_listing() -> None:
    index = Index()
    index.mint(40, 10)
    index.mint(40, 10, market=PRICED)
    index.mint(30, 20, market=GROUP)
    user = index.wallet(1)
    page = index.ask("/v2/positions", user=user, limit="2").json
    assert page["pagination"]["has_more"] is True
    behind = page["pagination"]["next_cursor"]
    rest = index.ask("/v2/positions", user=user, limit="2", cursor=behind).json
    told = [row["condition_id"] for row in page["data"] + rest["data"]]
    assert told == [index.place.condition(market) for market in (PLAIN, PRICED, GROUP)]
    assert rest["pagination"] == {"has_more": False, "next_cursor": None}


def test_approvals_are_the_seventeen_pairs_of_a_wallet() -> None:
    index = Index()
    user = index.wallet(0)
    said = index.ask("/v2/approvals", user=user).json["data"]
    assert (said["address"], said["chain_id"]) == (user, 137)
    pairs = {(row["token"], row["spender"], row["standard"]) for row in said["contracts"]}
    assert len(pairs) == len(said["contracts"]) == 17
    assert [row["standard"] for row in said["contracts"]].count("ERC20") == 7
    assert {(row["approved"], row["amount"]) for row in said["contracts"]} == {(True, "max")}
    exchange, now_ns = index.place.sandbox.venue.exchange, index.place.clock.now_ns
    exchange.approve(now_ns, index.account(0), "exchange", 12, has_tokens=False)
    changed = index.ask("/v2/approvals", user=user).json["data"]["contracts"]
    odd = {
        (it["standard"], it["approved"], it["amount"]) for it in changed if it["amount"] != "max"
    }
    assert odd == {("ERC20", True, "12"), ("ERC1155", False, "0")}
    nobody = index.ask("/v2/approvals", user=NOBODY).json["data"]["contracts"]
    assert {(row["token"], row["spender"], row["standard"]) for row in nobody} == pairs
    assert {(row["approved"], row["amount"]) for row in nobody} == {(False, "0")}


@pytest.mark.parametrize(
    ("path", "query", "text"),
    [
        ("/positions", {}, "required query param 'user' not provided"),
        ("/v2/positions", {}, "required query param 'user' not provided"),
        ("/value", {}, "required query param 'user' not provided"),
        ("/v2/value", {"user": ""}, "required query param 'user' not provided"),
        ("/v2/activity", {}, "required query param 'user' not provided"),
        ("/v2/approvals", {"user": "0x12"}, "invalid query param 'user'"),
        ("/trades", {"user": "me"}, "invalid query param 'user'"),
        ("/trades", {"limit": "501"}, "query param 'limit' must be between 0 and 500"),
        ("/trades", {"offset": "1001"}, "query param 'offset' must be between 0 and 1000"),
        ("/trades", {"limit": "-1"}, "invalid query param 'limit'"),
        ("/trades", {"takerOnly": "yes"}, "invalid query param 'takerOnly'"),
        ("/trades", {"side": "HOLD"}, "invalid query param 'side'"),
        ("/trades", {"market": "0x12"}, "invalid query param 'market'"),
        ("/trades", {"filterAmount": "1e99"}, "invalid query param 'filterAmount'"),
        ("/trades", {"filterAmount": "nan"}, "invalid query param 'filterAmount'"),
        ("/v2/trades", {"filter_type": "GOLD"}, "invalid query param 'filter_type'"),
        ("/v2/trades", {"limit": "0"}, "query param 'limit' must be between 1 and 1000"),
        ("/v2/trades", {"limit": "1001"}, "query param 'limit' must be between 1 and 1000"),
        ("/v2/trades", {"cursor": "MA=="}, "invalid query param 'cursor'"),
        ("/v2/trades", {"cursor": "é"}, "invalid query param 'cursor'"),
        ("/v2/trades", {"cursor": "/w=="}, "invalid query param 'cursor'"),
        ("/v2/trades", {"start": "yesterday"}, "invalid query param 'start'"),
        ("/v2/trades", {"condition_id": "C", "event_id": "1"}, "exclude each other"),
        ("/v2/trades", {"condition_id": "MANY"}, "at most 20 markets"),
        ("/v2/positions", {"user": NOBODY, "status": "LOST"}, "invalid query param 'status'"),
        ("/v2/activity", {"user": NOBODY, "type": "GIFT"}, "invalid query param 'type'"),
        ("/v2/activity", {"user": NOBODY, "sort_direction": "ASC"}, "is not supported"),
        ("/positions", {"user": NOBODY, "offset": "10001"}, "between 0 and 10000"),
    ],
)
def test_wrong_parameters_are_refused(path: str, query: dict[str, str], text: str) -> None:
    many = ",".join(f"0x{number:064x}" for number in range(21))
    known = {"C": Index().place.condition(PLAIN), "MANY": many}
    said = Index().ask(path, **{name: known.get(word, word) for name, word in query.items()})
    assert said.status == 400
    assert text in said.json["error"]


def test_the_rows_decode_as_razor_decodes_the_venues() -> None:
    index = Index()
    index.mint(40, 10)
    older = rows(index.ask("/trades").text)
    assert older is not None
    assert [decode(row, TradeHead) for row in older] == [TradeHead(timestamp=START_S)]
    page = decode(index.ask("/v2/trades").text, TradePageV2)
    assert page is not None
    (row,) = (decode(bytes(raw), TradeV2) for raw in page.data)
    assert row is not None
    assert (row.token_id, row.side) == (index.place.token(PLAIN, NO), "BUY")
    assert (bytes(row.size), bytes(row.price)) == (b"10", b"0.6")


@pytest.mark.parametrize("api", list(TradesApi))
def test_razors_own_reader_pages_through_the_trades(api: TradesApi) -> None:
    index = Index()
    for cents in (40, 41, 42):
        index.mint(cents, 10)
    condition_id = index.place.condition(PLAIN)

    async def read() -> list[dict[str, object]]:
        clock, log, engine = VirtualClock(), MemoryLog(), MemoryEngine({})
        endpoints = EndpointSettings(data_api_base=index.service.url)
        settings = FeedSettings(endpoints=endpoints, trade_poll_limit=2, trades_api=api)
        http = Http(settings=settings, clock=clock, log=log, jitter=lambda _: 0)
        ports = FeedPorts(recorder=engine, liveness=engine, clock=clock, log=log)
        universe = Universe(markets=(), sets=())
        poller = TradesPoller(universe=universe, http=http, ports=ports, settings=settings)
        async with http:
            first = await poller.page(condition_id, "")
            assert isinstance(first, Page)
            rest = await poller.page(condition_id, first.cursor)
            assert isinstance(rest, Page)
        return [json.loads(row) for row in (*first.rows, *rest.rows)]

    async def story() -> list[dict[str, object]]:
        async with serving(index.place.sandbox.front, [index.service]):
            return await asyncio.wait_for(read(), 20)

    told = asyncio.run(story())
    assert [row["price"] for row in told] == [0.58, 0.59, 0.6]
    assert {(row["conditionId"], row["side"], row["size"]) for row in told} == {
        (condition_id, "BUY", 10)
    }
