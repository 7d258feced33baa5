"""Every fault of calls, as the client of the local exchange sees it; and its absence without it."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from razor.adapters.sandbox.fault_calls import CALL_EFFECTS
from razor.adapters.sandbox.fault_codes import CODES, Seam
from razor.adapters.sandbox.fault_frames import FRAME_EFFECTS
from razor.adapters.sandbox.fault_venue import VENUE_EFFECTS
from tests.sandbox.faulty import (
    CUT,
    GROUP,
    PLAIN,
    TOKEN,
    closing_places,
    fault,
    open_orders,
    place_of,
    rest,
    rows,
    user,
)
from tests.sandbox.test_streams import market
from tests.sandbox.trader import ONE, Said, Trader

__all__ = ["closing_places"]


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


# Services that answer lists of positions or take actions.


def test_positions_lag_and_flicker_and_a_relayer_fails() -> None:
    def seen(plan: str, service: str, method: str, path: str) -> list[object]:
        place = place_of(plan)
        count = iter(range(10))

        def rows_now(request: object) -> object:
            del request
            return [{"size": next(count)}]

        made = place.service("gamma")
        place.service("relayer").name = "another"
        made.name = service
        made.router.add(method, path, rows_now)
        said = [place.ask(method, path, service=service) for _ in range(3)]
        return [one.json if one.status == 200 else one.status for one in said]

    data = ("data", "GET", "/positions")
    assert seen("", *data) == [[{"size": 0}], [{"size": 1}], [{"size": 2}]]
    assert seen(fault("F-47", every=1), *data) == [[{"size": 0}]] * 3
    dusty = seen(fault("F-47", "dust", every=1), *data)
    assert [len(one) for one in dusty if isinstance(one, list)] == [2, 1, 2]
    relayer = ("relayer", "POST", "/submit")
    assert seen(fault("F-54"), *relayer) == [502, [{"size": 0}], [{"size": 1}]]
    assert seen(fault("F-54", "accepted"), *relayer)[:2] == [502, [{"size": 1}]]
    assert seen(fault("F-54", "lost"), *relayer)[:2] == [CUT, [{"size": 1}]]
    assert seen(fault("F-54", "drop"), *relayer)[:2] == [CUT, [{"size": 0}]]


def node(plan: str) -> list[object]:
    """Chain id and two heights that a node tells, ten seconds apart; the status where it fails."""
    place = place_of(plan)
    found: list[object] = []
    for number, method in enumerate(("eth_chainId", "eth_blockNumber", "eth_blockNumber")):
        call = {"jsonrpc": "2.0", "id": number, "method": method, "params": list[object]()}
        said = place.ask("POST", "/rpc", body=json.dumps(call).encode(), service="relayer")
        if said.status == 200:
            assert said.json["id"] == number
            found.append(int(said.json["result"], 16))
        else:
            found.append(said.status)
        place.pass_time(10)
    return found


def test_a_node_lags_lies_about_its_chain_or_is_gone() -> None:
    chain, first, second = node("")
    assert (chain, second) == (137, int(str(first)) + 5)
    assert node(fault("F-53", every=1)) == [137, first, first]
    assert node(fault("F-53", nth=3)) == [137, first, first]
    assert node(fault("F-53", every=1, ms=5_000)) == [137, first, second]
    assert node(fault("F-53", "chain")) == [1, first, second]
    assert node(fault("F-53", "limited", nth=2)) == [137, 429, second]
    assert node(fault("F-53", "dead", nth=2)) == [137, CUT, second]


# The whole.


def test_every_code_has_an_effect_where_it_says() -> None:
    effects: dict[Seam, set[str]] = {
        Seam.CALL: set(CALL_EFFECTS),
        Seam.VENUE: set(VENUE_EFFECTS),
        Seam.TRADE: {"F-48", "F-49", "F-50", "F-52"},
        Seam.LAW: {"F-51"},
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
