"""Faults at their edges: batches, draws, overlaps, what is spared, what cannot be raised."""

import json

import pytest

from razor.adapters.sandbox.fault_calls import page
from razor.adapters.sandbox.fault_codes import CODES, Seam
from razor.adapters.sandbox.fault_frames import FRAME_EFFECTS
from razor.adapters.sandbox.server import wire_bytes
from tests.sandbox.faulty import (
    CUT,
    GROUP,
    OTHER,
    PLAIN,
    TOKEN,
    Faulty,
    closing_places,
    crossed,
    fault,
    open_orders,
    place_of,
    rest,
    rows,
    user,
)
from tests.sandbox.test_streams import events, market
from tests.sandbox.trader import ONE, Said, Trader

__all__ = ["closing_places"]


def batch(trader: Trader, count: int = 3) -> Said:
    """Post some orders at once."""
    token = trader.place.token(PLAIN)
    orders = [trader.order(token, "BUY", 40 + at, 10) for at in range(count)]
    return trader.call("POST", "/orders", orders)


@pytest.mark.parametrize(
    ("plan", "status", "resting"),
    [
        ("", 200, 3),
        (fault("F-13", ms=10), 200, 3),
        (fault("F-13", "cut", ms=10), CUT, 3),
        (fault("F-14", ms=10), CUT, 0),
        (fault("F-17"), 500, 3),
        (fault("F-17", accepted=False), 500, 0),
        (fault("F-18"), 400, 3),
        (fault("F-19", "tick"), 400, 0),
        (fault("F-26"), 400, 0),
        (fault("F-34"), 400, 0),
        (fault("F-16", "reset", at_byte=3), -200, 3),
    ],
)
def test_a_batch_suffers_as_one_call(plan: str, status: int, resting: int) -> None:
    trader = place_of(plan).trader(0)
    assert (batch(trader).status, open_orders(trader)) == (status, resting)


def test_a_batch_that_is_refused_as_a_leg_is_a_list() -> None:
    trader = place_of(fault("F-19", "not_ready", form="leg")).trader(0)
    (leg,) = batch(trader).json
    assert leg["errorMsg"] == "the market is not yet ready to process new orders"
    assert (leg["success"], leg["orderID"]) == (True, "")


def test_a_batch_that_arrives_twice_is_duplicated_leg_by_leg() -> None:
    trader = place_of(fault("F-20")).trader(0)
    said = batch(trader)
    assert all("Duplicated" in leg["errorMsg"] for leg in said.json)
    assert open_orders(trader) == 3


def test_a_drawn_time_lies_between_its_ends_and_differs_from_call_to_call() -> None:
    place = place_of(fault("F-13", every=1, ms=1_000, to_ms=9_000))
    trader = place.trader(0)
    took: list[int] = []
    for _ in range(8):
        before = place.clock.now_ns
        rest(trader)
        took.append((place.clock.now_ns - before) // 1_000_000)
    assert all(1_000 <= one <= 9_000 for one in took)
    assert len(set(took)) > 1


def test_an_answer_may_break_off_at_each_of_its_bytes() -> None:
    whole = len(wire_bytes(page(200)))
    assert whole > 100
    assert wire_bytes(page(403)).startswith(b"HTTP/1.1 403 Forbidden\r\n")
    place = place_of(fault("F-16", "reset", every=1))
    trader = place.trader(0)
    cuts = [int(rest(trader).text.split()[0]) for _ in range(20)]
    assert all(1 <= cut < 400 for cut in cuts)
    assert len(set(cuts)) > 10
    assert open_orders(trader) == 20


def test_a_later_mode_is_not_ended_by_an_earlier_one() -> None:
    place = place_of(fault("F-30", at="5s", ms=10_000) + fault("F-32", at="10s", ms=20_000))
    trader = place.trader(0)
    seen: list[int] = []
    for _ in range(7):
        place.pass_time(5.5)
        seen.append(trader.post(place.token(PLAIN), "BUY", 40, 10, is_post_only=True).status)
    # Post-only from 5 s lets makers in; disabled from 10 s to 30 s lets nobody in.
    assert seen == [200, 503, 503, 503, 503, 200, 200]


def test_depth_that_others_withdraw_is_not_the_callers_own() -> None:
    place = place_of(fault("F-22", body="FAK"))
    maker, taker = place.trader(0), place.trader(1)
    rest(maker)
    rest(taker, cents=20)
    taker.post(place.token(GROUP), "BUY", 20, 10)
    taker.post(place.token(PLAIN, 1), "BUY", 60, 10, order_type="FAK")
    assert (open_orders(maker), open_orders(taker)) == (0, 2)


def test_what_is_left_of_depth_is_for_a_seller_as_for_a_buyer() -> None:
    place = place_of(fault("F-23", qty="2.5", body='"SELL"'))
    maker, taker = place.trader(0), place.trader(1)
    rest(maker)
    taker.post(place.token(PLAIN, 1), "BUY", 60, 10, order_type="FAK")
    place.pass_time(30)
    said = taker.post(place.token(PLAIN, 1), "SELL", 30, 10, order_type="FAK")
    assert (said.json["status"], said.json["makingAmount"]) == ("matched", "2.5")
    assert place.sandbox.venue.exchange.audit() is None


def test_a_partly_filled_order_is_filled_to_its_end_before_its_cancel() -> None:
    place = place_of(fault("F-33", "filled"))
    maker, taker = place.trader(0), place.trader(1)
    order_id = rest(maker).json["orderID"]
    taker.post(place.token(PLAIN, 1), "BUY", 60, 6, order_type="FAK")
    said = maker.call("DELETE", "/order", {"orderID": order_id})
    assert list(said.json["not_canceled"]) == [order_id]
    sizes = [row["size"] for row in maker.call("GET", "/data/trades").json["data"]]
    assert sorted(sizes) == ["4", "6"]


def test_a_cancel_of_nothing_fills_nothing() -> None:
    place = place_of(fault("F-33", "filled", every=1))
    trader = place.trader(0)
    said = trader.call("DELETE", "/order", {"orderID": "0x" + "ab" * 32})
    assert said.status == 200
    assert trader.call("DELETE", "/order", {"orderID": "not an id"}).status == 400


def test_a_delayed_order_that_is_no_good_is_refused_at_once() -> None:
    place = place_of(fault("F-21", every=1))
    trader = place.trader(0)
    assert trader.call("POST", "/order", {"order": 3}).status == 400
    assert place.ask("POST", "/order", body=b"\xff{").status == 401


def test_a_late_delivery_is_a_line_of_its_own() -> None:
    place, _, _, _ = crossed(fault("F-21", "fill", ms=5_000, token=OTHER))
    place.pass_time(6)
    (late,) = [row for row in rows(place) if row["what"] == "late"]
    assert late["at_ms"] == 5_000
    (call,) = [row for row in rows(place) if row.get("number") == late["number"]][:1]
    assert call["delivered_ms"] == []


@pytest.mark.parametrize(
    ("plan", "why"),
    [
        (fault("F-46", "tokens", at="1s", wallet="WALLET"), "name the token"),
        (fault("F-46", "order", at="1s", wallet="WALLET", market="MARKET"), "no key has ordered"),
        (fault("F-06", at="1s", tick="0.1"), "name a listed market"),
        (fault("F-10", at="1s", market="0xabc"), "name a listed market"),
        (fault("F-37", at="1s", wallet="0x" + "9" * 40), "name the wallet"),
    ],
)
def test_what_cannot_be_raised_says_why_and_stops_nothing(plan: str, why: str) -> None:
    place = place_of(plan)
    place.pass_time(2)
    (row,) = [row for row in rows(place) if row["what"] == "fault"]
    assert why in str(row["not_raised"])
    assert rest(place.trader(0)).status == 200


def test_a_market_is_resolved_once_and_the_second_time_says_so() -> None:
    place = place_of(
        fault("F-55", at="1s", market="MARKET", payout="yes")
        + fault("F-55", at="2s", market="MARKET", payout="no")
    )
    place.pass_time(3)
    said = [row["not_raised"] for row in rows(place) if row["what"] == "fault"]
    assert said[0] == ""
    assert said[1] != ""
    standing = place.sandbox.venue.exchange.standing(PLAIN)
    assert standing is not None
    assert standing[4] == "yes"


def test_a_wallet_without_money_keeps_its_orders_no_longer() -> None:
    place = place_of(fault("F-46", "withdraw", nth=2, method="POST", path="/order"))
    trader = place.trader(0)
    assert [rest(trader).status, rest(trader).status] == [200, 400]
    assert (trader.balance(), open_orders(trader)) == (0, 0)


def test_only_those_who_read_a_frame_lose_their_connection() -> None:
    place = place_of(fault("F-04", "cut", nth=1))
    reader, other = market(place, place.token(PLAIN)), market(place, place.token(GROUP))
    rest(place.trader(0))
    assert (reader.is_cut, other.is_cut) == (True, False)
    place = place_of(fault("F-40", "cut", nth=1))
    mine, theirs = user(place, place.trader(0)), user(place, place.trader(1))
    rest(place.trader(0))
    assert (mine.is_cut, theirs.is_cut) == (True, False)


def test_faults_of_one_token_leave_the_books_of_others() -> None:
    place = place_of(fault("F-01", every=1, token=TOKEN))
    reader = market(place, place.token(PLAIN), place.token(GROUP))
    events(reader)
    place.trader(0).post(place.token(GROUP), "BUY", 40, 10)
    rest(place.trader(0))
    assert [one["market"] for one in events(reader)] == [place.condition(GROUP)]


def test_a_held_frame_waits_for_the_next_one_of_its_own_market() -> None:
    place = place_of(fault("F-04", "swap", nth=1))
    reader = market(place, place.token(PLAIN), place.token(GROUP))
    trader = place.trader(0)
    events(reader)
    rest(trader)
    trader.post(place.token(GROUP), "BUY", 40, 10)
    rest(trader, cents=41)
    markets = [(it["market"][-1], it["price_changes"][0]["price"]) for it in events(reader)]
    assert markets == [("2", "0.4"), ("0", "0.41"), ("0", "0.4")]


def test_other_seeds_draw_other_faults() -> None:
    def frames(seed: int) -> list[bytes]:
        place = Faulty(text=fault("F-05", every=1), seed=seed)
        reader = market(place, place.token(PLAIN))
        for cents in range(40, 46):
            place.trader(0).post(place.token(PLAIN), "BUY", cents, 10)
        place.close()
        return [one[:40] for one in reader.outbox]

    assert frames(1) == frames(1)
    assert frames(1) != frames(2)


def test_the_ledger_has_every_user_frame_before_any_fault() -> None:
    plan = fault("F-40", every=1)
    place = place_of(plan)
    trader = place.trader(0)
    reader = user(place, trader)
    rest(trader)
    assert reader.outbox == []
    (told,) = [row for row in rows(place) if row["what"] == "frame"]
    assert json.loads(json.dumps(told["frame"]))["type"] == "PLACEMENT"


def test_balances_of_two_wallets_are_remembered_apart() -> None:
    place = place_of(fault("F-26", "stale", every=1))
    first, second = place.trader(0), place.trader(1)
    account = place.sandbox.venue.account_of(second.resident.wallet)
    assert account is not None
    place.sandbox.venue.exchange.deposit(place.clock.now_ns, account, ONE)
    assert [first.balance() // ONE, second.balance() // ONE] == [100_000, 100_001]


def test_a_frame_that_is_broken_already_goes_out_broken() -> None:
    plan = fault("F-05", "invalid_utf8", every=1) + fault("F-02", every=1, token=TOKEN)
    place = place_of(plan)
    reader = market(place, place.token(PLAIN))
    rest(place.trader(0))
    assert all(b"\xff\xfe" in frame for frame in reader.outbox)
    assert len(reader.outbox) == 2


def test_an_impossible_amount_is_told_and_the_clock_goes_on() -> None:
    plan = fault("F-46", "deposit", at="1s", wallet="WALLET", amount="9007199254.740992")
    place = place_of(plan * 3 + fault("F-32", at="2s"))
    place.pass_time(3)
    assert rest(place.trader(0)).status == 503
    assert len([row for row in rows(place) if row["what"] == "fault"]) == 4


GARBAGE = [
    b"",
    b"null",
    b"[]",
    b"[1,[2]]",
    b"\xff\xfe",
    b'{"order":null}',
    b'{"order":{"tokenId":"1","makerAmount":"x","takerAmount":"-5","side":"BUY"}}',
    b'{"order":{"tokenId":"1","makerAmount":"9","takerAmount":"0","side":"SELL","maker":"0x"}}',
    b'{"orderID":"0x' + b"zz" * 32 + b'"}',
    b'["0x' + b"ab" * 32 + b'"]',
    b'{"id":{"id":1},"method":[]}',
]
CASES = [
    (code, kind)
    for code, spec in CODES.items()
    if spec.seam in {Seam.CALL, Seam.VENUE} and code != "F-88"
    for kind in spec.kinds or ("",)
]


@pytest.mark.parametrize(("code", "kind"), CASES)
def test_no_body_makes_a_fault_fail_itself(code: str, kind: str) -> None:
    """An effect that raises would be answered as a bug of the exchange."""
    needed: dict[str, object] = {"tick": "0.1", "qty": "1", "body": ""}
    more = {key: needed[key] for key in CODES[code].needs}
    # Logins must pass, which are calls, too.
    is_call = CODES[code].seam is Seam.CALL
    more |= {"between": ["5s", "9h"]} if is_call else {"every": 1}
    place = place_of(fault(code, kind, **more))
    trader = place.trader(0)
    place.pass_time(6)
    for method, path in (
        ("POST", "/order"),
        ("POST", "/orders"),
        ("DELETE", "/order"),
        ("POST", "/v1/heartbeats"),
        ("POST", "/books"),
        ("GET", "/data/trades"),
        ("GET", "/book"),
    ):
        for body in GARBAGE:
            headers = trader.headers(method, path, body)
            place.ask(method, path, body=body, headers=headers)
    for body in GARBAGE:
        place.ask("POST", "/rpc", body=body, service="relayer")
        place.ask("POST", "/submit", body=body, service="relayer")
    assert place.sandbox.venue.exchange.audit() is None


@pytest.mark.parametrize("code", sorted(FRAME_EFFECTS))
def test_every_fault_of_frames_bears_what_an_earlier_one_broke(code: str) -> None:
    kinds = CODES[code].kinds or ("",)
    needed = dict.fromkeys(CODES[code].needs, TOKEN)
    later = "".join(fault(code, kind, every=1, **needed) for kind in kinds if kind != "long")
    rules = ("truncated", "invalid_utf8", "array", "missing", "nan", "nested")
    for earlier in (
        *(fault("F-05", rule, every=1) for rule in rules),
        fault("F-43", "unknown", every=1),
    ):
        place = place_of(earlier + later)
        maker, taker = place.trader(0), place.trader(1)
        market(place, place.token(PLAIN), place.token(PLAIN, 1))
        user(place, taker)
        rest(maker)
        said = taker.post(place.token(PLAIN, 1), "BUY", 60, 10, order_type="FAK")
        assert said.json["status"] == "matched"
        place.pass_time(30)


@pytest.mark.parametrize(
    ("code", "kind"),
    [("F-25", "half"), ("F-24", ""), ("F-07", "ends"), ("F-11", "cap"), ("F-47", "dust")],
)
@pytest.mark.parametrize("bomb", ["nested", "keys", "gzip"])
def test_faults_of_answers_bear_a_bomb_within(code: str, kind: str, bomb: str) -> None:
    outer = fault(code, kind, every=1, service="clob", path="/book")
    place = place_of(outer + fault("F-88", bomb, every=1, path="/book"))
    said = place.ask("GET", "/book", query={"token_id": place.token(PLAIN)})
    assert (said.status, len(said.text) > 10_000) == (200, True)


def test_a_clock_that_is_off_bears_an_answer_that_is_no_time() -> None:
    place = place_of(fault("F-36", every=1) + fault("F-38", every=1, path="/time"))
    assert place.ask("GET", "/time").status == 403
