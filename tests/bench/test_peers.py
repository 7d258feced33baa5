"""The peers read what the venue sends, as razor does: otherwise the ratio compares nothing."""

import json

import pytest

from razor._core import FeedBench
from razor.app.bench.feed import wrong_books
from razor.app.bench.peers import JsonPeer, MsgspecPeer, SetSums

TOKENS = [("yes-0", "no-0"), ("yes-1", "no-1")]
SETS = [["yes-0", "yes-1"]]
PEERS: list[type[MsgspecPeer | JsonPeer]] = [MsgspecPeer, JsonPeer]


def book(token: str, bids: dict[str, str], asks: dict[str, str]) -> bytes:
    def levels(side: dict[str, str]) -> list[dict[str, str]]:
        return [{"price": price, "size": size} for price, size in side.items()]

    message = {
        "event_type": "book",
        "market": "0x1",
        "timestamp": "1",
        "asset_id": token,
        "bids": levels(bids),
        "asks": levels(asks),
    }
    return json.dumps([message]).encode()


def change(token: str, price: str, size: str, side: str) -> bytes:
    entry = {"asset_id": token, "price": price, "size": size, "side": side}
    message = {
        "event_type": "price_change",
        "market": "0x1",
        "price_changes": [{**entry, "hash": "00"}],
        "timestamp": "1",
    }
    return json.dumps(message).encode()


@pytest.mark.parametrize("peer_type", PEERS)
def test_a_peer_keeps_levels_in_order_and_removes_those_of_size_zero(
    peer_type: type[MsgspecPeer | JsonPeer],
) -> None:
    peer = peer_type(TOKENS, SETS)
    peer.run(
        [
            book("yes-0", {"0.4": "5", "0.41": "6"}, {"0.6": "7", "0.5": "8"}),
            change("yes-0", "0.45", "9.25", "BUY"),
            change("yes-0", "0.41", "0", "BUY"),
            change("yes-0", "0.5", "1.5", "SELL"),
            change("yes-0", "0.99", "0", "SELL"),
        ]
    )
    bids, asks = peer.levels("yes-0")
    assert bids == [(450_000, 9_250_000), (400_000, 5_000_000)]
    assert asks == [(500_000, 1_500_000), (600_000, 7_000_000)]


@pytest.mark.parametrize("peer_type", PEERS)
def test_a_peer_books_an_order_that_is_stated_from_the_no_side_only(
    peer_type: type[MsgspecPeer | JsonPeer],
) -> None:
    peer = peer_type(TOKENS, SETS)
    peer.run(
        [
            book("no-0", {"0.3": "5"}, {"0.45": "2", "0.37": "3"}),
            change("no-0", "0.31", "4", "BUY"),
            change("no-0", "0.45", "0", "SELL"),
        ]
    )
    bids, asks = peer.levels("yes-0")
    assert bids == [(630_000, 3_000_000)]
    assert asks == [(690_000, 4_000_000), (700_000, 5_000_000)]


@pytest.mark.parametrize("peer_type", PEERS)
def test_a_peer_skips_what_it_cannot_read_and_goes_on(
    peer_type: type[MsgspecPeer | JsonPeer],
) -> None:
    peer = peer_type(TOKENS, SETS)
    peer.run(
        [
            b"PONG",
            b'{"event_type":"new_market","market":"0x2","id":"7"}',
            b'{"event_type":"last_trade_price","market":"0x1","asset_id":"yes-0"}',
            change("yes-0", "0.3", "1", "SELL"),
        ]
    )
    assert peer.skipped == 1
    assert peer.levels("yes-0") == ([], [(300_000, 1_000_000)])


@pytest.mark.parametrize("peer_type", PEERS)
def test_a_peer_finds_a_set_when_its_asks_sum_low_enough(
    peer_type: type[MsgspecPeer | JsonPeer],
) -> None:
    peer = peer_type(TOKENS, SETS)
    peer.run([change("yes-0", "0.5", "1", "SELL"), change("yes-1", "0.48", "1", "SELL")])
    assert peer.sums.found == 0
    peer.run([change("yes-1", "0.46", "1", "SELL")])
    assert peer.sums.found == 1
    peer.run([change("yes-1", "0.47", "1", "SELL")])
    assert peer.sums.found == 1, "the best ask did not move"


def test_sums_follow_prices_that_come_and_go() -> None:
    sums = SetSums([["a", "b"], ["b", "c"]])
    sums.move("a", 0.3, 0.4)
    sums.move("b", 0.4, 0.5)
    assert sums.found == 1
    sums.move("b", None, None)
    sums.move("c", None, 0.1)
    assert sums.found == 1
    sums.move("b", 0.5, 0.6)
    assert sums.found == 2, "only b and c are low enough"
    assert sums.asks == pytest.approx([1.0, 0.7])
    assert sums.bids == pytest.approx([0.8, 0.5])
    assert not sums.watches("d")


def test_peers_and_razor_end_with_the_generators_books() -> None:
    bench = FeedBench(seed=3, markets=12, messages=3_000)
    for peer in (
        MsgspecPeer(bench.tokens(), bench.sets()),
        JsonPeer(bench.tokens(), bench.sets()),
    ):
        peer.run(bench.initial())
        assert wrong_books(bench, peer) > 0, "the messages change the books"
        peer.run(bench.messages())
        assert wrong_books(bench, peer) == 0
        tops = {
            yes: books for (yes, _), books in zip(bench.tokens(), bench.final_books(), strict=True)
        }
        for legs, asks, bids in zip(bench.sets(), peer.sums.asks, peer.sums.bids, strict=True):
            assert asks * 1e6 == pytest.approx(sum(tops[leg][1][0][0] for leg in legs))
            assert bids * 1e6 == pytest.approx(sum(tops[leg][0][0][0] for leg in legs))
    bench.run()
    assert (bench.wrong_books, bench.refused) == (0, 0)


def test_driven_frame_by_frame_from_python_the_books_are_the_same() -> None:
    bench = FeedBench(seed=4, markets=5, messages=800)
    assert bench.wrong_books > 0
    for at, frame in enumerate(bench.messages()):
        assert bench.feed(frame, at) == 0, "the workload holds no set worth buying"
    assert (bench.wrong_books, bench.refused) == (0, 0)
    bench.reset()
    assert bench.wrong_books > 0
    assert bench.feed(b"{", 0) == 0
    assert bench.refused == 1


def test_the_same_seed_gives_the_same_frames() -> None:
    first, second, other = (FeedBench(seed=seed, markets=4, messages=100) for seed in (9, 9, 10))
    assert first.messages() == second.messages()
    assert first.final_books() == second.final_books()
    assert first.messages() != other.messages()
    assert first.message_bytes == sum(map(len, first.messages()))
