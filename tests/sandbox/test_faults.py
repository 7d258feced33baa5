"""Every fault that the local exchange raises, as its client sees it; and its absence without it."""

import itertools
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from razor.adapters.sandbox.fault_calls import CALL_EFFECTS
from razor.adapters.sandbox.fault_codes import CODES, Seam
from razor.adapters.sandbox.fault_frames import FRAME_EFFECTS, MALFORMED
from razor.adapters.sandbox.fault_venue import VENUE_EFFECTS
from razor.adapters.sandbox.streams import Channel, Subscriber
from tests.sandbox import trader as trader_module
from tests.sandbox.faulty import CUT, Faulty, rows
from tests.sandbox.test_streams import events, joined, market, unframed
from tests.sandbox.trader import ONE, Said, Trader

PLAIN, GROUP = 0, 2
TOKEN, OTHER = "TOKEN", "OTHER"
_OPEN: list[Faulty] = []


@pytest.fixture(autouse=True)
def _close() -> Iterator[None]:
    yield
    for place in _OPEN:
        place.close()
    _OPEN.clear()


def place_of(text: str) -> Faulty:
    """A venue under a plan; `MARKET`, `TOKEN` and `OTHER` are the plain market's."""
    bare = Faulty()
    names = {
        "MARKET": bare.condition(PLAIN),
        "TOKEN": bare.token(PLAIN),
        "OTHER": bare.token(PLAIN, 1),
        "WALLET": bare.sandbox.residents[0].wallet,
    }
    bare.close()
    for name, value in names.items():
        text = text.replace(f'"{name}"', f'"{value}"')
    # Every venue sees the same salts, so that two of them can be compared.
    vars(trader_module)["_SALTS"] = itertools.count(1)
    place = Faulty(text=text)
    _OPEN.append(place)
    return place


def fault(code: str, kind: str = "", **keys: object) -> str:
    """One table of a plan; the first of its kind unless the keys say when."""
    when = {} if {"nth", "every", "at", "between"} & set(keys) else {"nth": 1}
    members = {"code": code, **({"kind": kind} if kind else {}), **when, **keys}
    lines = [f"{name} = {json.dumps(value)}" for name, value in members.items()]
    return "\n".join(["[[fault]]", *lines]) + "\n"


def rest(trader: Trader, cents: int = 40, shares: int = 10, side: str = "BUY") -> Said:
    """Post a resting order."""
    return trader.post(trader.place.token(PLAIN), side, cents, shares)


def crossed(text: str, cents: int = 60, shares: int = 10, kind: str = "FAK") -> tuple[Any, ...]:
    """A maker rests 10 at 0.40; the second resident takes by minting; place, taker, answer.

    Faults that are to strike the taker name it by the other token.
    """
    place = place_of(text)
    maker, taker = place.trader(0), place.trader(1)
    rest(maker)
    said = taker.post(place.token(PLAIN, 1), "BUY", cents, shares, order_type=kind)
    return place, maker, taker, said


def open_orders(trader: Trader) -> int:
    """How many orders of a trader rest."""
    return len(trader.call("GET", "/data/orders").json["data"])


def posted(text: str) -> tuple[int, str, int, int]:
    """Status, text, ms it took and orders that rest, of one order that would rest."""
    place = place_of(text)
    trader = place.trader(0)
    before = place.clock.now_ns
    said = rest(trader)
    took_ms = (place.clock.now_ns - before) // 1_000_000
    return said.status, said.text.decode(errors="replace"), took_ms, open_orders(trader)


def test_without_a_plan_an_order_rests_at_once() -> None:
    status, text, took_ms, resting = posted("")
    assert (status, took_ms, resting) == (200, 0, 1)
    assert json.loads(text)["status"] == "live"


@pytest.mark.parametrize(
    ("plan", "status", "took_ms", "resting"),
    [
        (fault("F-13", ms=4_000), 200, 4_000, 1),
        (fault("F-13"), 200, 5_000, 1),
        (fault("F-13", "cut", ms=100), CUT, 100, 1),
        (fault("F-14", ms=3_000), CUT, 3_000, 0),
        (fault("F-15", ms=12_000), 200, 12_000, 1),
        (fault("F-16", "html"), 200, 0, 1),
        (fault("F-16", "empty"), 200, 0, 1),
        (fault("F-16", "half"), 200, 0, 1),
        (fault("F-16", "reset", at_byte=7), -200, 0, 1),
        (fault("F-16", "truncate", at_byte=9), -200, 0, 1),
        (fault("F-17"), 500, 0, 1),
        (fault("F-17", accepted=False), 500, 0, 0),
        (fault("F-17", "insert"), 500, 0, 1),
        (fault("F-17", "timed_out", accepted=False), 500, 0, 0),
        (fault("F-17", "bad_gateway"), 502, 0, 1),
        (fault("F-17", "gateway_timeout"), 504, 0, 1),
        (fault("F-17", "unavailable", accepted=False), 503, 0, 0),
        (fault("F-18"), 400, 0, 1),
        (fault("F-18", "not_found"), 404, 0, 1),
        (fault("F-18", "unauthorized", accepted=False), 401, 0, 0),
        (fault("F-26"), 400, 0, 0),
        (fault("F-27"), 500, 0, 0),
        (fault("F-27", "discrepancy"), 500, 0, 0),
        (fault("F-27", "min_dollar"), 400, 0, 0),
        (fault("F-27", "accuracy"), 400, 0, 0),
        (fault("F-28", path="/order"), 200, 1_500, 1),
        (fault("F-28", "edge", path="/order"), 429, 0, 0),
        (fault("F-28", "signer", path="/order"), 429, 0, 0),
        (fault("F-22", "fak"), 400, 0, 0),
        (fault("F-22", "fok"), 400, 0, 0),
        (fault("F-22", "none"), 500, 0, 0),
        (fault("F-22", "unmatched"), 200, 0, 0),
        (fault("F-34"), 400, 0, 0),
        (fault("F-38", path="/order"), 403, 0, 0),
        (fault("F-41", ms=700), 200, 700, 1),
        (fault("F-76", path="/order"), 307, 0, 0),
        (fault("F-88", path="/order"), 200, 0, 0),
        (fault("F-88", "keys", path="/order"), 200, 0, 0),
        (fault("F-88", "gzip", path="/order"), 200, 0, 0),
    ],
)
def test_an_order_under_a_fault(plan: str, status: int, took_ms: int, resting: int) -> None:
    seen = posted(plan)
    assert (seen[0], seen[2], seen[3]) == (status, took_ms, resting)
    assert seen != posted("")


@pytest.mark.parametrize(
    ("plan", "said"),
    [
        (fault("F-16", "html"), "<!DOCTYPE html>"),
        (fault("F-16", "reset", at_byte=7), "7 True"),
        (fault("F-16", "truncate", at_byte=9), "9 False"),
        (fault("F-17"), '{"error":"could not run the execution"}'),
        (fault("F-17", "insert"), '{"error":"could not insert order"}'),
        (fault("F-17", "timed_out"), '{"error":"order timed out"}'),
        (fault("F-18"), '{"error":"context canceled"}'),
        (fault("F-26"), '{"error":"not enough balance / allowance'),
        (fault("F-27"), '{"error":"the trade contains rounding issues"}'),
        (fault("F-34"), '{"error":"order_version_mismatch"}'),
        (fault("F-38", path="/order"), "<!DOCTYPE html>"),
        (fault("F-88", path="/order"), "[" * 100_000),
        (fault("F-22", "unmatched"), '{"success":true,"errorMsg":"","orderID":"0x'),
    ],
)
def test_words_of_a_faulty_answer(plan: str, said: str) -> None:
    assert posted(plan)[1].startswith(said)


@pytest.mark.parametrize("kind", CODES["F-19"].kinds)
def test_refusals_come_as_errors_inside_200_and_as_legs_of_a_batch(kind: str) -> None:
    seen = [posted(fault("F-19", kind, form=form)) for form in ("error", "false", "leg")]
    assert [one[0] for one in seen] == [400, 200, 200]
    assert all(one[3] == 0 for one in seen)
    error, false, leg = (json.loads(one[1]) for one in seen)
    assert error["error"] == false["errorMsg"] == leg["errorMsg"] != ""
    assert (false["success"], leg["success"], leg["orderID"]) == (False, True, "")


def test_a_request_that_arrives_twice_is_duplicated_and_rests_once() -> None:
    status, text, _, resting = posted(fault("F-20"))
    assert (status, resting) == (400, 1)
    assert json.loads(text)["error"].endswith("is invalid. Duplicated.")


def test_nth_every_times_attempt_and_predicates_choose_the_calls() -> None:
    def statuses(text: str) -> list[int]:
        place = place_of(text)
        trader = place.trader(0)
        made = [rest(trader).status for _ in range(6)]
        trader.post(place.token(GROUP), "BUY", 40, 10)
        return made

    assert statuses(fault("F-17", nth=3)) == [200, 200, 500, 200, 200, 200]
    assert statuses(fault("F-17", every=2)) == [200, 500, 200, 500, 200, 500]
    assert statuses(fault("F-17", every=2, times=1)) == [200, 500, 200, 200, 200, 200]
    assert statuses(fault("F-17", every=1, token=TOKEN)) == [500] * 6
    assert statuses(fault("F-17", every=1, market="MARKET")) == [500] * 6
    assert statuses(fault("F-17", every=1, token="8" * 77)) == [200] * 6
    assert statuses(fault("F-17", every=1, body='"side":"SELL"')) == [200] * 6
    assert statuses(fault("F-17", every=1, service="gamma")) == [200] * 6
    assert statuses(fault("F-17", every=1, method="GET")) == [200] * 6
    assert statuses(fault("F-17", every=1, path="/orders")) == [200] * 6
    assert statuses(fault("F-17", every=1, attempt=2)) == [200] * 6
    assert statuses(fault("F-17", at="0s")) == [500, 200, 200, 200, 200, 200]
    assert statuses(fault("F-17", at="1s")) == [200] * 6


def test_an_attempt_is_a_call_that_is_the_same_byte_for_byte() -> None:
    place = place_of(fault("F-17", "bad_gateway", every=1, attempt=2))
    trader = place.trader(0)
    order = trader.order(place.token(PLAIN), "BUY", 40, 10)
    assert [trader.call("POST", "/order", order).status for _ in range(3)] == [200, 502, 400]


def test_a_window_opens_and_closes_by_the_venues_time() -> None:
    place = place_of(fault("F-17", between=["10s", "20s"]))
    trader = place.trader(0)
    seen: list[int] = []
    for _ in range(3):
        seen.append(rest(trader).status)
        place.pass_time(10)
    assert seen == [200, 500, 200]


def test_two_faults_strike_one_call_in_the_order_of_the_plan() -> None:
    place = place_of(fault("F-13", ms=1_000) + fault("F-17"))
    before = place.clock.now_ns
    assert rest(place.trader(0)).status == 500
    assert place.clock.now_ns - before == 1_000_000_000
    (row,) = [row for row in rows(place) if row.get("path") == "/order"]
    assert row["faults"] == ["F-13/held", "F-17/execution"]


# Matches.


def balances(place: Any, taker: Trader) -> int:  # noqa: ANN401
    place.pass_time(30)
    return taker.balance(place.token(PLAIN, 1))


def test_without_a_plan_a_match_settles() -> None:
    place, _, taker, said = crossed("")
    assert (said.json["status"], said.json["takingAmount"]) == ("matched", "10")
    assert balances(place, taker) == 10 * ONE


def test_depth_that_is_withdrawn_kills_the_order_that_was_to_take_it() -> None:
    place, maker, _, said = crossed(fault("F-22", token=OTHER))
    assert said.status == 400
    assert "no orders found to match with FAK order" in said.json["error"]
    assert open_orders(maker) == 0
    assert place.sandbox.venue.exchange.audit() is None


@pytest.mark.parametrize(("qty", "side"), [("0.01", 1), ("3.5", 1), ("9.99", 1), ("2.25", 0)])
def test_exactly_what_the_plan_leaves_is_filled(qty: str, side: int) -> None:
    place = place_of(fault("F-23", qty=qty, body="FAK"))
    place.trader(0)
    taker = place.trader(1)
    said = taker.post(place.token(PLAIN, side), "BUY", 60, 10, order_type="FAK")
    assert (said.json["status"], said.json["takingAmount"]) == ("matched", qty)
    assert place.sandbox.venue.exchange.audit() is None


def test_an_answer_says_more_than_was_filled_and_trades_say_the_truth() -> None:
    place, _, taker, said = crossed(fault("F-24", micros=10_000, token=OTHER))
    assert said.json["takingAmount"] == "10.01"
    (trade,) = taker.call("GET", "/data/trades").json["data"]
    assert trade["size"] == "10"
    assert balances(place, taker) == 10 * ONE


@pytest.mark.parametrize(
    ("kind", "taking"),
    [("empty", ""), ("micros", "10000000"), ("numbers", 10_000_000), ("half", "5")],
)
def test_amounts_of_an_answer_lie(kind: str, taking: object) -> None:
    _, _, _, said = crossed(fault("F-25", kind, token=OTHER))
    assert (said.json["status"], said.json["takingAmount"]) == ("matched", taking)


def test_trade_ids_are_left_out() -> None:
    assert crossed("")[3].json["tradeIDs"] != []
    assert crossed(fault("F-25", "no_trades", token=OTHER))[3].json["tradeIDs"] == []


def test_a_delayed_order_fills_later_or_never() -> None:
    def seen(kind: str) -> tuple[str, int, int]:
        place, _, taker, said = crossed(fault("F-21", kind, ms=5_000, token=OTHER))
        status = said.json.get("status") or said.json["error"]
        at_once = len(taker.call("GET", "/data/trades").json["data"])
        place.pass_time(6)
        return status, at_once, len(taker.call("GET", "/data/trades").json["data"])

    assert seen("fill") == ("delayed", 0, 1)
    assert seen("kill") == ("delayed", 0, 0)
    assert seen("text") == ("order match delayed due to market conditions", 1, 1)


@pytest.mark.parametrize(
    ("plan", "last", "tokens"),
    [
        ("", "CONFIRMED", 10),
        (fault("F-48"), "FAILED", 0),
        (fault("F-50", body="WALLET"), "FAILED", 0),
        (fault("F-50", body="0xnobody"), "CONFIRMED", 10),
        (fault("F-48", nth=2), "CONFIRMED", 10),
        (fault("F-52"), "CONFIRMED", 10),
        (fault("F-49", copies=2), "CONFIRMED", 10),
    ],
)
def test_a_match_has_the_fate_of_its_fault(plan: str, last: str, tokens: int) -> None:
    place, _, taker, _ = crossed(plan)
    place.pass_time(120)
    (trade,) = taker.call("GET", "/data/trades").json["data"]
    assert (trade["status"], taker.balance(place.token(PLAIN, 1))) == (last, tokens * ONE)


def test_a_retried_and_a_reorganised_match_retry_before_they_settle() -> None:
    def words(plan: str) -> list[str]:
        place = place_of(plan)
        maker, taker = place.trader(0), place.trader(1)
        reader = user(place, taker)
        rest(maker)
        taker.post(place.token(PLAIN, 1), "BUY", 60, 10, order_type="FAK")
        place.pass_time(120)
        trades = [one for one in events(reader) if one["event_type"] == "trade"]
        return [one["status"] for one in trades]

    assert words("") == ["MATCHED", "MINED", "CONFIRMED"]
    assert words(fault("F-49", copies=2)).count("RETRYING") == 2
    reorganised = words(fault("F-52"))
    assert reorganised.count("MINED") == 2
    assert reorganised[-1] == "CONFIRMED"


# Cancels, sessions, limits.


def canceled(plan: str) -> tuple[int, bool, int]:
    """Status of a cancel, whether it says so, and orders that rest afterwards."""
    place = place_of(plan)
    trader = place.trader(0)
    order_id = rest(trader).json["orderID"]
    said = trader.call("DELETE", "/order", {"orderID": order_id})
    is_said = order_id.encode() in said.text.partition(b'"not_canceled"')[0]
    return said.status, is_said, open_orders(trader)


@pytest.mark.parametrize(
    ("plan", "seen"),
    [
        ("", (200, True, 0)),
        (fault("F-33"), (CUT, False, 0)),
        (fault("F-33", "late"), (200, True, 0)),
        (fault("F-33", "claimed"), (200, True, 1)),
        (fault("F-33", "filled"), (200, False, 0)),
        (fault("F-33", "filled_claimed"), (200, True, 0)),
    ],
)
def test_races_of_a_cancel(plan: str, seen: tuple[int, bool, int]) -> None:
    assert canceled(plan) == seen


def test_a_late_cancel_takes_its_time() -> None:
    place = place_of(fault("F-33", "late", ms=9_000))
    trader = place.trader(0)
    order_id = rest(trader).json["orderID"]
    before = place.clock.now_ns
    trader.call("DELETE", "/order", {"orderID": order_id})
    assert place.clock.now_ns - before == 9_000_000_000


def modes(plan: str, seconds: list[float]) -> list[tuple[int, int, int]]:
    """Statuses of a taker, of a maker and of a cancel, after each span of time."""
    place = place_of(plan)
    trader = place.trader(0)
    seen: list[tuple[int, int, int]] = []
    for span in seconds:
        place.pass_time(span)
        token = place.token(PLAIN)
        seen.append(
            (
                trader.post(token, "BUY", 40, 10).status,
                trader.post(token, "BUY", 40, 10, is_post_only=True).status,
                trader.call("DELETE", "/cancel-all").status,
            )
        )
    return seen


OPEN = (200, 200, 200)


@pytest.mark.parametrize(
    ("plan", "seen"),
    [
        ("", [OPEN, OPEN, OPEN]),
        (fault("F-30", at="5s", ms=10_000), [OPEN, (503, 200, 200), OPEN]),
        (fault("F-31", at="5s", ms=10_000), [OPEN, (503, 503, 200), OPEN]),
        (fault("F-32", at="5s", ms=10_000), [OPEN, (503, 503, 503), OPEN]),
        (fault("F-32", between=["5s", "15s"]), [OPEN, (503, 503, 503), OPEN]),
        (
            fault("F-29", at="5s", ms=10_000, tail_ms=20_000),
            [OPEN, (425, 425, 425), (503, 200, 200)],
        ),
        (fault("F-29", at="5s", ms=3_000, tail_ms=6_000), [OPEN, (503, 200, 200), OPEN]),
    ],
)
def test_modes_begin_and_end(plan: str, seen: list[tuple[int, int, int]]) -> None:
    assert modes(plan, [0, 10, 10]) == seen


def test_a_mode_may_begin_with_the_nth_order() -> None:
    place = place_of(fault("F-30", nth=2, method="POST", path="/order"))
    trader = place.trader(0)
    assert [rest(trader).status for _ in range(3)] == [200, 503, 503]


def test_beats_are_swallowed_refused_or_unanswered() -> None:
    def resting_after(plan: str) -> tuple[int, int]:
        place = place_of(plan)
        trader = place.trader(0)
        rest(trader)
        said, beat = Said(status=0, text=b"", headers={}), ""
        for _ in range(5):
            said = trader.call("POST", "/v1/heartbeats", {"heartbeat_id": beat})
            beat = said.json["heartbeat_id"] if said.status == 200 else beat
            place.pass_time(5)
        return said.status, open_orders(trader)

    assert resting_after("") == (200, 1)
    assert resting_after(fault("F-39", "swallow", every=1)) == (200, 1)
    assert resting_after(fault("F-39", "swallow", between=["1s", "1h"])) == (200, 0)
    assert resting_after(fault("F-39", "wrong", every=1))[0] == 400
    place = place_of(fault("F-39", "lost"))
    assert place.trader(0).call("POST", "/v1/heartbeats", {"heartbeat_id": ""}).status == CUT


def test_version_changes_for_reads_and_orders() -> None:
    place = place_of(fault("F-34", every=1))
    assert place.ask("GET", "/version").json == {"version": 3}
    assert place_of("").ask("GET", "/version").json == {"version": 2}


def test_credentials_are_refused_or_revoked() -> None:
    refused = place_of(fault("F-35"))
    trader = refused.trader(0)
    said = [rest(trader), rest(trader)]
    assert [one.status for one in said] == [401, 200]
    assert said[0].json["error"] == "Unauthorized/Invalid api key"
    revoked = place_of(fault("F-35", "revoke", path="/order"))
    trader = revoked.trader(0)
    reader = user(revoked, trader)
    assert [rest(trader).status, rest(trader).status, reader.is_cut] == [401, 401, True]
    login = place_of(fault("F-35", "login", nth=2))
    assert login.trader(0).credentials["apiKey"]
    said_to_login = login.ask("POST", "/auth/api-key", headers=login.trader(0).login())
    assert said_to_login.json["error"] in {"Invalid L1 Request headers", "Could not create api key"}


@pytest.mark.parametrize(("seconds", "status"), [(10, 200), (60, 401), (-60, 401), (600, 401)])
def test_a_clock_that_is_off_refuses_beyond_its_bound(seconds: int, status: int) -> None:
    place = place_of(fault("F-36", every=1, seconds=seconds))
    trader = place.trader(0)
    assert place.ask("GET", "/time").json == place.sandbox.venue.now_s() + seconds
    assert rest(trader).status == status


def test_the_slow_lane_the_edge_and_the_signers_bucket_look_different() -> None:
    place = place_of(
        fault("F-28", "edge", path="/order")
        + fault("F-28", "signer", nth=2, path="/order")
        + fault("F-28", "warning", nth=3, path="/order")
    )
    trader = place.trader(0)
    edge, signer, warned = rest(trader), rest(trader), rest(trader)
    assert "Poly-RateLimit-Remaining" not in edge.headers
    assert signer.headers["Poly-RateLimit-Remaining"] == "-3"
    assert (warned.status, warned.headers["Poly-RateLimit-Warning"]) == (200, "true")
    assert {edge.headers["Retry-After"], signer.headers["Retry-After"]} == {"1"}


def test_a_balance_is_that_of_the_past_for_as_long_as_planned() -> None:
    def seen(plan: str) -> list[int]:
        place = place_of(plan)
        trader = place.trader(0)
        found = [trader.balance()]
        account = place.sandbox.venue.account_of(trader.resident.wallet)
        assert account is not None
        place.sandbox.venue.exchange.deposit(place.clock.now_ns, account, ONE)
        found.append(trader.balance())
        place.pass_time(40)
        return [one // ONE for one in [*found, trader.balance()]]

    assert seen("") == [100_000, 100_001, 100_001]
    assert seen(fault("F-26", "stale", every=1, ms=30_000)) == [100_000, 100_000, 100_001]
    # What is stale when it strikes is what was answered before it did.
    assert seen(fault("F-26", "stale", nth=2, ms=30_000)) == [100_000, 100_000, 100_001]


def test_a_geoblocked_caller_gets_html_and_no_stream() -> None:
    place = place_of(fault("F-38", every=1))
    said = place.ask("GET", "/time")
    assert (said.status, said.text[:9]) == (403, b"<!DOCTYPE")
    refused = place.faults.opens(place.service("clob"), "/ws/market")
    assert refused is not None
    assert refused.status == 403
    free = place_of("")
    assert free.faults.opens(free.service("clob"), "/ws/market") is None


# Reads.


def test_books_are_stale_bare_or_missing() -> None:
    def best_bids(plan: str) -> list[object]:
        place = place_of(plan)
        trader = place.trader(0)
        found: list[object] = []
        for cents in (40, 41):
            trader.post(place.token(PLAIN), "BUY", cents, 10)
            said = place.ask("GET", "/book", query={"token_id": place.token(PLAIN)})
            bids = said.json.get("bids", [])
            found.append(bids[-1]["price"] if bids else said.status)
        return found

    assert best_bids("") == ["0.4", "0.41"]
    assert best_bids(fault("F-07", "stale", every=1)) == ["0.4", "0.4"]
    assert best_bids(fault("F-07", "ends", nth=2)) == ["0.4", "0.01"]
    assert best_bids(fault("F-07", "missing", nth=2)) == ["0.4", 404]


def trade_ids(plan: str) -> list[Any]:
    """Ids of a page of four trades and its cursor."""
    place = place_of(plan)
    maker, taker = place.trader(0), place.trader(1)
    for _ in range(4):
        rest(maker)
        taker.post(place.token(PLAIN, 1), "BUY", 60, 10, order_type="FAK")
    page = taker.call("GET", "/data/trades").json
    return [[row["id"] for row in page["data"]], page["next_cursor"]]


def test_pages_of_trades_are_cut_looped_or_shuffled() -> None:
    ids, cursor = trade_ids("")
    assert (len(ids), cursor) == (4, "LTE=")
    assert trade_ids(fault("F-11", rows=2)) == [ids[:2], "LTE="]
    assert trade_ids(fault("F-11", "loop"))[1] == "MA=="
    shuffled, _ = trade_ids(fault("F-11", "shuffle"))
    assert sorted(shuffled) == sorted(ids)


def test_unknown_contracts_are_named_instead_of_the_exchanges() -> None:
    def contracts(plan: str) -> set[str]:
        trader = place_of(plan).trader(0)
        said = trader.call("GET", "/balance-allowance", query={"asset_type": "COLLATERAL"})
        return set(said.json["allowances"])

    assert not any(one.startswith("0xdede") for one in contracts(""))
    assert all(
        one.startswith("0xdede") for one in contracts(fault("F-56", path="/balance-allowance"))
    )


@pytest.mark.parametrize("kind", CODES["F-87"].kinds)
def test_hostile_questions_come_from_gamma_as_good_json(kind: str) -> None:
    def questions(plan: str) -> list[str]:
        said = place_of(plan).ask("GET", "/markets/keyset", service="gamma")
        return [row["question"] for row in said.json["markets"]]

    usual, hostile = questions(""), questions(fault("F-87", kind))
    assert usual[0] == "Made-up coin: heads?"
    assert len(hostile) == len(usual)
    assert set(hostile).isdisjoint(usual)


# The venue moves.


def test_a_grid_changes_and_old_prices_are_refused() -> None:
    def seen(plan: str) -> tuple[int, list[str]]:
        place = place_of(plan)
        reader = market(place, place.token(PLAIN))
        place.pass_time(6)
        said = place.trader(0).post(place.token(PLAIN), "BUY", 45, 10)
        return said.status, [one["event_type"] for one in events(reader)]

    assert "tick_size_change" not in seen("")[1]
    status, words = seen(fault("F-06", at="5s", market="MARKET", tick="0.1"))
    assert (status, "tick_size_change" in words) == (400, True)


@pytest.mark.parametrize("kind", ["not_accepting", "closed", "yes", "no", "void"])
def test_a_market_that_stops_takes_no_order(kind: str) -> None:
    place = place_of(fault("F-10", kind, at="5s", market="MARKET"))
    trader = place.trader(0)
    assert rest(trader).status == 200
    place.pass_time(6)
    assert rest(trader).status != 200
    assert trader.post(place.token(GROUP), "BUY", 40, 10).status == 200


def test_a_market_is_inactive_and_opens_again() -> None:
    place = place_of(
        fault("F-10", "inactive", at="5s", market="MARKET")
        + fault("F-10", "open", at="10s", token=TOKEN)
    )
    found: list[bool] = []
    for _ in range(3):
        standing = place.sandbox.venue.exchange.standing(PLAIN)
        assert standing is not None
        found.append(standing[1])
        place.pass_time(6)
    assert found == [True, False, True]


@pytest.mark.parametrize("payout", ["yes", "no", "half"])
def test_a_market_resolves_as_planned(payout: str) -> None:
    place = place_of(fault("F-55", at="5s", market="MARKET", payout=payout))
    reader = market(place, place.token(PLAIN), custom_feature_enabled=True)
    place.pass_time(4)
    assert [one["event_type"] for one in events(reader)] == ["book"]
    place.pass_time(2)
    (told,) = [one for one in events(reader) if one["event_type"] == "market_resolved"]
    winners = {"yes": place.token(PLAIN), "no": place.token(PLAIN, 1), "half": ""}
    assert told["winning_asset_id"] == winners[payout]


@pytest.mark.parametrize("code", ["F-46", "F-80"])
def test_somebody_else_uses_the_wallet(code: str) -> None:
    place = place_of(
        fault(code, "withdraw", at="5s", wallet="WALLET", amount="1000")
        + fault(code, "deposit", at="6s", wallet="WALLET", amount="1")
        + fault(code, "order", at="7s", market="MARKET")
    )
    trader = place.trader(0)
    rest(trader)
    assert (trader.balance() // ONE, open_orders(trader)) == (100_000, 1)
    place.pass_time(5.5)
    assert trader.balance() // ONE == 99_000
    place.pass_time(2)
    assert (trader.balance() // ONE, open_orders(trader)) == (99_001, 2)
    assert place.sandbox.venue.exchange.audit() is None


def test_tokens_leave_a_wallet() -> None:
    place, maker, _, _ = crossed(
        fault("F-46", "tokens", at="60s", wallet="WALLET", token=TOKEN, amount="4")
    )
    place.pass_time(30)
    assert maker.balance(place.token(PLAIN)) == 10 * ONE
    place.pass_time(31)
    assert maker.balance(place.token(PLAIN)) == 6 * ONE


def test_approvals_vanish() -> None:
    place = place_of(fault("F-37", at="5s", wallet="WALLET"))
    trader = place.trader(0)
    assert rest(trader).status == 200
    place.pass_time(6)
    said = rest(trader)
    assert said.status == 400
    assert "allowance" in said.json["error"]


def test_a_fault_without_anything_to_act_on_says_so_in_the_ledger() -> None:
    place = place_of(fault("F-46", "withdraw", at="1s"))
    place.pass_time(2)
    (row,) = rows(place)
    assert "name the wallet" in str(row["not_raised"])


# Streams.


def user(place: Faulty, trader: Trader) -> Subscriber:
    """A reader of a trader's user stream."""
    auth = {name: trader.credentials[name] for name in ("apiKey", "secret", "passphrase")}
    return joined(place, Channel.USER, {"type": "user", "auth": auth})


def heard(plan: str, orders: int = 3, **said: object) -> tuple[list[str], Subscriber]:
    """Texts that a reader of the plain YES token gets: the snapshot, then a delta per order."""
    place = place_of(plan)
    trader = place.trader(0)
    reader = market(place, place.token(PLAIN), **said)
    for cents in range(40, 40 + orders):
        trader.post(place.token(PLAIN), "BUY", cents, 10)
    return unframed_raw(reader), reader


def unframed_raw(reader: Subscriber) -> list[str]:
    """Texts of frames, also of those that are no UTF-8."""
    texts: list[str] = []
    for frame in reader.outbox:
        start = {126: 4, 127: 10}.get(frame[1], 2)
        texts.append(frame[start:].decode(errors="backslashreplace"))
    reader.outbox.clear()
    return texts


def test_a_frozen_stream_still_answers_pings() -> None:
    texts, reader = heard(fault("F-01", every=1))
    assert texts == []
    place = place_of(fault("F-01", every=1))
    other = market(place, place.token(PLAIN))
    assert place.sandbox.hub.take(other, "PING")
    assert unframed(other.outbox) == ["PONG"]
    assert len(heard("")[0]) == 4
    assert not reader.is_cut


def test_one_token_is_silent_and_its_sibling_flows() -> None:
    def assets(plan: str) -> list[str]:
        place = place_of(plan)
        reader = market(place, place.token(PLAIN), place.token(PLAIN, 1))
        rest(place.trader(0))
        return [
            entry["asset_id"][-1]
            for one in events(reader)
            for entry in one.get("price_changes", [one])
        ]

    assert assets("") == ["0", "1", "0", "1"]
    assert assets(fault("F-02", every=1, token=TOKEN)) == ["1", "1"]


def test_snapshots_are_missing_for_connections_with_many_tokens() -> None:
    def snapshots(plan: str, count: int) -> int:
        place = place_of(plan)
        reader = market(place, *(place.token(at) for at in range(count)))
        return len(events(reader))

    assert snapshots("", 3) == 3
    assert snapshots(fault("F-03", every=1, over=2), 3) == 0
    assert snapshots(fault("F-03", every=1, over=2), 2) == 2
    assert snapshots(fault("F-03", every=1), 3) == 3


def test_deltas_are_lost_doubled_swapped_or_cut() -> None:
    whole = heard("")[0]
    book, first, second, third = whole
    assert heard(fault("F-04", "drop", nth=2))[0] == [book, first, third]
    assert heard(fault("F-04", "duplicate", nth=2))[0] == [book, first, second, second, third]
    assert heard(fault("F-04", "swap", nth=2))[0] == [book, first, third, second]
    texts, reader = heard(fault("F-04", "cut", nth=2))
    assert (texts, reader.is_cut) == ([book, first, third], True)


@pytest.mark.parametrize("kind", sorted(MALFORMED))
def test_every_rule_of_the_grammar_makes_another_frame(kind: str) -> None:
    whole, broken = heard("")[0], heard(fault("F-05", kind, nth=2))[0]
    assert broken[0] == whole[0]
    assert broken[1] != whole[1]
    assert broken[2:] == whole[2:]
    markers = {
        "number": '"price":0.4,',
        "exponent": '"0.4e-1"',
        "nan": ":NaN",
        "negative": '"-0.4"',
        "above_one": '"1.5"',
        "huge": "1" + "0" * 30,
        "unknown_event": "of_tomorrow",
        "duplicate_key": '{"event_type":"book",',
        "nested": "[" * 10_000,
        "invalid_utf8": "\\xff\\xfe",
        "array": "[[{",
        "long": "x" * 1_000_000,
    }
    assert markers.get(kind, "") in broken[1]


def test_a_seeded_rule_is_the_same_for_the_same_seed() -> None:
    first, again = (heard(fault("F-05", every=1))[0] for _ in range(2))
    assert first == again
    assert first != heard("")[0]


def test_hashes_markets_and_times_are_other_ones() -> None:
    whole = [json.loads(text) for text in heard("")[0]]
    other = [json.loads(text) for text in heard(fault("F-08", every=2))[0]]
    assert whole[0] == other[0]
    assert whole[1]["price_changes"][0]["hash"] != other[1]["price_changes"][0]["hash"]
    wrong = [json.loads(text) for text in heard(fault("F-09", nth=2))[0]]
    assert (wrong[1]["market"], whole[1]["market"]) == (
        f"0x{'c0' * 30}0001",
        f"0x{'c0' * 30}0000",
    )
    ms = int(whole[1]["timestamp"])
    for kind, told in {
        "seconds": str(ms // 1000),
        "number": ms,
        "micros": str(ms * 1000),
        "backwards": str(ms - 60_000),
    }.items():
        assert json.loads(heard(fault("F-59", kind, nth=2))[0][1])["timestamp"] == told


def test_a_burst_repeats_every_delta() -> None:
    assert len(heard(fault("F-12", every=1, copies=9))[0]) == 1 + 3 * 10


def mine(plan: str) -> tuple[list[Any], Subscriber, Faulty]:
    """Events of a taker's user stream through a whole match."""
    place = place_of(plan)
    maker, taker = place.trader(0), place.trader(1)
    reader = user(place, taker)
    rest(maker)
    taker.post(place.token(PLAIN, 1), "BUY", 60, 10, order_type="FAK")
    place.pass_time(30)
    return events(reader), reader, place


def test_user_frames_are_lost_late_cut_or_repeated() -> None:
    whole = mine("")[0]
    assert mine(fault("F-40", every=1))[0] == []
    assert mine(fault("F-40", nth=1))[0] == whole[1:]
    assert mine(fault("F-40", "late", nth=1, ms=20_000))[0] == [*whole[1:], whole[0]]
    assert mine(fault("F-40", "cut", nth=1))[1].is_cut
    assert not mine("")[1].is_cut
    doubled = mine(fault("F-42", every=1))[0]
    assert doubled == [one for one in whole for _ in range(2)]
    assert len(mine(fault("F-42", nth=1, copies=5))[0]) == len(whole) + 5


def test_trades_tell_an_older_unknown_or_swapped_status() -> None:
    def words(plan: str) -> list[str]:
        return [one["status"] for one in mine(plan)[0] if one["event_type"] == "trade"]

    assert words("") == ["MATCHED", "MINED", "CONFIRMED"]
    assert words(fault("F-43")) == ["MATCHED", "MINED", "CONFIRMED", "MINED"]
    assert words(fault("F-43", "unknown")) == ["FOO", "MINED", "CONFIRMED"]
    assert words(fault("F-43", "swap", body='"status":"MINED"')) == [
        "MATCHED",
        "CONFIRMED",
        "MINED",
    ]


def test_trades_tell_another_side_asset_price_or_fee() -> None:
    def first(plan: str) -> Any:  # noqa: ANN401
        return next(one for one in mine(plan)[0] if one["event_type"] == "trade")

    whole = first("")
    assert (whole["side"], whole["price"]) == ("BUY", "0.6")
    assert first(fault("F-44"))["side"] == "SELL"
    assert first(fault("F-44", "asset"))["asset_id"] != whole["asset_id"]
    assert first(fault("F-45"))["price"] == "0.61"
    assert first(fault("F-45", "fee"))["fee_rate_bps"] == "9999"


# Services that answer lists of positions or take actions.


def test_positions_lag_and_flicker_and_a_relayer_fails() -> None:
    def seen(plan: str, service: str, method: str, path: str) -> list[object]:
        place = place_of(plan)
        count = iter(range(10))

        def rows_now(request: object) -> object:
            del request
            return [{"size": next(count)}]

        made = place.service("gamma")
        made.name = service
        made.router.add(method, path, rows_now)
        said = [place.ask(method, path, service=service) for _ in range(3)]
        return [one.json if one.status == 200 else one.status for one in said]

    data = ("data", "GET", "/positions")
    assert seen("", *data) == [[{"size": 0}], [{"size": 1}], [{"size": 2}]]
    assert seen(fault("F-47", every=1), *data) == [[{"size": 0}]] * 3
    dusty = seen(fault("F-47", "dust", every=1), *data)
    assert [len(one) for one in dusty if isinstance(one, list)] == [2, 1, 2]
    relayer = ("relayer", "POST", "/made-up")
    assert seen(fault("F-54"), *relayer) == [502, [{"size": 0}], [{"size": 1}]]
    assert seen(fault("F-54", "accepted"), *relayer)[:2] == [502, [{"size": 1}]]
    assert seen(fault("F-54", "lost"), *relayer)[:2] == [CUT, [{"size": 1}]]
    assert seen(fault("F-54", "drop"), *relayer)[:2] == [CUT, [{"size": 0}]]


# The whole.


def test_every_code_has_an_effect_where_it_says() -> None:
    effects: dict[Seam, set[str]] = {
        Seam.CALL: set(CALL_EFFECTS),
        Seam.VENUE: set(VENUE_EFFECTS),
        Seam.TRADE: {"F-48", "F-49", "F-50", "F-52"},
    }
    frames = {code for code, spec in CODES.items() if spec.seam in {Seam.MARKET, Seam.USER}}
    assert frames == set(FRAME_EFFECTS)
    for seam, codes in effects.items():
        assert {code for code, spec in CODES.items() if spec.seam is seam} == codes


def storm(act: Callable[[Trader], Said]) -> tuple[bytes, list[bytes]]:
    """A session under many faults: the ledger and everything its client was sent."""
    plan = "".join(
        (
            fault("F-13", every=3, ms=100, to_ms=9_000),
            fault("F-16", "reset", every=4),
            fault("F-05", every=2),
            fault("F-40", "late", every=3, ms=10, to_ms=5_000),
            fault("F-42", every=5),
            fault("F-30", at="20s", ms=5_000),
            fault("F-48", every=2),
        )
    )
    place = place_of(plan)
    maker, taker = place.trader(0), place.trader(1)
    books, own = market(place, place.token(PLAIN)), user(place, taker)
    sent: list[bytes] = []
    for _ in range(8):
        sent += [act(maker).text, act(taker).text]
        place.pass_time(3)
    return place.ledger.getvalue(), [*sent, *books.outbox, *own.outbox]


def test_one_seed_one_plan_and_the_same_calls_give_the_same_bytes() -> None:
    def run(prices: tuple[int, int]) -> tuple[bytes, list[bytes]]:
        def act(trader: Trader) -> Said:
            side = 0 if trader.resident is trader.place.sandbox.residents[0] else 1
            return trader.post(trader.place.token(PLAIN, side), "BUY", prices[side], 10)

        return storm(act)

    first, again, other = run((40, 60)), run((40, 60)), run((41, 60))
    assert first == again
    assert first != other
    assert b"F-13/held" in first[0]
    assert b"F-48" in first[0]


def test_the_ledger_tells_what_arrived_and_no_secret() -> None:
    place = place_of(fault("F-14", ms=10) + fault("F-17", nth=2))
    trader = place.trader(0)
    rest(trader)
    rest(trader)
    calls = [row for row in rows(place) if row["what"] == "call" and row["path"] == "/order"]
    assert [row["delivered_ms"] for row in calls] == [[], [10]]
    assert calls[0]["sent"] is None
    assert calls[1]["really"]["status"] == 200  # type: ignore[index]
    assert calls[1]["sent"]["status"] == 500  # type: ignore[index]
    text = place.ledger.getvalue().decode()
    assert trader.credentials["secret"] not in text
    assert trader.credentials["passphrase"] not in text
