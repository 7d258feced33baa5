"""`py-clob-client-v2` works against the local exchange as it does against the venue."""

from decimal import Decimal
from typing import Any

import pytest

from tests.conformance.clients import Client
from tests.conformance.exchange import Exchange

pytestmark = [pytest.mark.conformance, pytest.mark.timeout(600)]

EOA, SAFE, DEPOSIT_WALLET = 0, 2, 3
Results = dict[str, Any]


@pytest.fixture(
    scope="module",
    params=[(EOA, DEPOSIT_WALLET), (DEPOSIT_WALLET, SAFE)],
    ids=["account and deposit wallet", "deposit wallet and Safe"],
)
def done(
    request: pytest.FixtureRequest,
    py_clob_client: Client,
    sandbox: Exchange,
    tmp_path_factory: pytest.TempPathFactory,
) -> Results:
    task = sandbox.task(*request.param)
    folder = tmp_path_factory.mktemp("done")
    return {"task": task} | py_clob_client.run("py_clob_client_v2_trading", task, folder, 240)


def test_public_calls_answer_what_the_client_reads(done: Results) -> None:
    reads, plain = done["reads"], done["task"]["plain"]
    assert abs(reads["time"] - reads["now"]) < 5
    assert (reads["version"], reads["tick"], reads["neg_risk"]) == (2, "0.01", [False, True])
    assert reads["info"] == reads["market"] == plain["condition"]
    assert sorted(reads["books"]) == sorted(plain["tokens"])
    assert reads["midpoints"] == reads["spreads"] == reads["prices"] == sorted(plain["tokens"])
    page = ["count", "data", "limit", "next_cursor"]
    assert reads["pages"] == [page] * 4


def test_the_history_of_prices_is_a_list_of_points(done: Results) -> None:
    assert isinstance(done["reads"]["history"]["history"], list)


def test_the_hash_of_a_book_is_the_one_the_client_computes(done: Results) -> None:
    hashes = done["reads"]["hashes"]
    assert len({served for served, _ in hashes}) >= 4
    assert [computed for _, computed in hashes] == [served for served, _ in hashes]


def test_a_key_is_made_once_and_found_again(done: Results) -> None:
    assert done["keys"] == {
        "derived": True,
        "again": True,
        "create": 400,
        "listed": True,
        "closed_only": False,
    }


def test_an_order_has_the_id_that_the_client_computed_for_its_exchange(done: Results) -> None:
    match, neg_risk = done["match"], done["neg_risk"]
    assert match["rested"]["orderID"] == match["expected"] == match["found"]["id"]
    assert match["rested"]["status"] == "live"
    assert match["expected"] in match["listed"]
    assert neg_risk["posted"]["orderID"] == neg_risk["expected"]
    assert neg_risk["gone"]["canceled"] == [neg_risk["expected"]]


def test_a_match_carries_the_transactions_the_client_waits_for(done: Results) -> None:
    match = done["match"]
    assert (match["matched"]["status"], match["matched"]["success"]) == ("matched", True)
    assert [len(each) for each in match["matched"]["transactionsHashes"]] == [66]
    taken = match["taken"]
    assert taken["transaction_hash"] == match["matched"]["transactionsHashes"][0]
    assert (taken["trader_side"], match["made"]) == ("TAKER", ["MAKER"])
    assert taken["maker_orders"][0]["order_id"] == match["expected"]
    assert Decimal(taken["price"]) == 1 - Decimal(str(match["price"]))
    assert match["page"] == ["count", "limit", "next_cursor", "trades"]


def test_every_way_to_cancel_cancels_what_it_names(done: Results) -> None:
    cancel = done["cancel"]
    assert cancel["one"] == {"canceled": [cancel["gtd"]], "not_canceled": {}}
    assert sorted(cancel["two"]["canceled"]) == sorted(cancel["ids"][:2])
    assert len(cancel["two"]["not_canceled"]) == 1
    assert cancel["of_token"] == sorted(cancel["ids"][2:])
    assert cancel["rest"] == {"canceled": [cancel["last"]], "not_canceled": {}}
    assert cancel["left"] == []
    assert done["quoted"] == 2


def test_what_must_not_be_accepted_is_refused_in_the_venues_words(done: Results) -> None:
    killed = {name: refusal["body"]["error"] for name, refusal in done["kill"].items()}
    assert "FOK orders are fully filled or killed." in killed["fok"]
    assert "no orders found to match with FAK order." in killed["fak"]
    assert "lower than the minimum: 5" in killed["small"]
    assert "not enough balance / allowance" in killed["poor"]
    assert {refusal["status"] for refusal in done["kill"].values()} == {400}


def test_balances_are_those_of_the_funder(done: Results) -> None:
    account = done["account"]
    assert int(account["dollars"]["balance"]) > 0
    assert int(account["shares"]["balance"]) >= 20_000_000
    assert all(int(each) > 0 for each in account["dollars"]["allowances"].values())
    assert account["notifications"] == []


def test_a_heartbeat_gives_the_id_of_the_next_one(done: Results) -> None:
    first, second = done["beat"]["ids"]
    stale = done["beat"]["stale"]
    assert first != second
    assert stale["status"] == 400
    assert stale["body"] == {"error_msg": "Invalid Heartbeat ID", "heartbeat_id": second}
