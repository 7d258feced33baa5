"""Laws of the relayer: whatever wallets ask for, in whatever order."""

from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from razor import _core
from razor.adapters.sandbox.refusal import Refused
from razor.adapters.sandbox.relayer import Fate
from tests.sandbox.relaying import (
    GROUP,
    GROUPED,
    ONE,
    OTHER,
    PLAIN,
    PROXY,
    SAFE,
    V2,
    WALLET,
    Desk,
    approve,
    convert,
    merge,
    redeem,
    router,
    send,
    send_tokens,
    split,
    v2_token,
)

ORDER = ["NEW", "EXECUTED", "MINED", "CONFIRMED"]
ENDED = {"CONFIRMED", "FAILED", "INVALID"}
AMOUNTS = st.integers(1, 400).map(lambda shares: shares * ONE)
GROUP_TOKENS = [str(100 + number) for number in range(6)]


@dataclass(frozen=True)
class Wanted:
    """A batch as a test asks for it: what its calls are of, and how much time passes after it."""

    calls: tuple[tuple[str, int, int], ...]
    seconds: int
    fate: Fate | None


def call(name: str, amount: int, at: int) -> _core.WalletCall:
    """One call of a few kinds; `at` chooses market or outcome set."""
    grouped = GROUPED[at % 3]
    made = {
        "split": lambda: split(PLAIN, amount),
        "merge": lambda: merge(PLAIN, amount),
        "split in a group": lambda: split(grouped, amount, contract="neg_risk_adapter"),
        "merge in a group": lambda: merge(grouped, amount, contract="neg_risk_adapter"),
        "convert": lambda: convert(GROUP, at % 8, amount),
        "split of v2": lambda: router("split", V2, amount),
        "redeem of v2": lambda: router("redeem", V2, at % 2, amount),
        "redeem": lambda: redeem(PLAIN),
        "send": lambda: send(OTHER, amount),
        "send tokens": lambda: send_tokens(OTHER, GROUP_TOKENS[at % 6], amount),
        "approve": lambda: approve("adapter", amount),
    }
    return made[name]()


NAMES = [
    "split",
    "merge",
    "split in a group",
    "merge in a group",
    "convert",
    "split of v2",
    "redeem of v2",
    "redeem",
    "send",
    "send tokens",
    "approve",
]
CALLS = st.tuples(st.sampled_from(NAMES), AMOUNTS, st.integers(0, 23))
BATCHES = st.builds(
    Wanted,
    calls=st.lists(CALLS, min_size=1, max_size=3).map(tuple),
    seconds=st.sampled_from([0, 1, 3, 20, 60]),
    fate=st.sampled_from([None, None, None, Fate.REVERTED, Fate.INVALID]),
)


def total(desk: Desk) -> int:
    """Dollars of all wallets and what complete sets of theirs are worth, before a resolution.

    A set of the group of three is worth a dollar, so is YES and NO of one market: all NO of a
    group are worth two.
    """
    wallets = (WALLET, OTHER, SAFE, PROXY)

    def held(token: str | None) -> int:
        return sum(desk.held(token, wallet) for wallet in wallets)

    plain = {held("71"), held("72")}
    v2 = {held(v2_token(V2, 0)), held(v2_token(V2, 1))}
    assert len(plain) == len(v2) == 1
    # Whichever outcome of the group wins, all that is there pays the same.
    worths = {
        sum(held(GROUP_TOKENS[2 * at + (at != winner)]) for at in range(3)) for winner in range(3)
    }
    assert len(worths) == 1
    return held(None) + plain.pop() + v2.pop() + worths.pop()


def play(desk: Desk, batches: list[Wanted]) -> list[str]:
    """Submit every batch, as far as it is taken; ids of those that were."""
    sent: list[str] = []
    refusals: list[tuple[int, str]] = []
    for wanted in batches:
        if wanted.fate is not None:
            desk.relayer.doom(wanted.fate)
        try:
            sent.append(desk.submit(*(call(*each) for each in wanted.calls)))
        except Refused as refused:
            refusals.append((refused.status, refused.text.split()[0]))
        desk.wait(wanted.seconds)
    assert set(refusals) <= {(400, "wallet")}
    return sent


@settings(max_examples=60, deadline=None)
@given(st.lists(BATCHES, max_size=8))
def test_no_dollar_is_made_or_lost_and_every_transaction_ends(batches: list[Wanted]) -> None:
    desk = Desk(max_submits=None)
    before = total(desk)
    sent = play(desk, batches)
    ends = [desk.settle(each) for each in sent]
    assert set(ends) <= ENDED
    assert total(desk) == before
    assert desk.exchange.audit() is None
    assert desk.relayer.due_ns() is None
    # A nonce for each that was mined, even where a later call of it reverted.
    late = sum("were done before" in str(desk.look(each)["error_msg"]) for each in sent)
    assert int(desk.nonce()) == ends.count("CONFIRMED") + late
    assert len(set(sent)) == len(sent)


@settings(max_examples=40, deadline=None)
@given(st.lists(BATCHES, min_size=1, max_size=4), st.integers(1, 40))
def test_states_only_go_forward_and_hashes_stay(batches: list[Wanted], eighths: int) -> None:
    desk = Desk(max_submits=None)
    seen: dict[str, tuple[str, object]] = {}
    sent: list[str] = []
    for wanted in [*batches, *batches]:
        sent += play(desk, [wanted])
        for _ in range(8):
            for each in sent:
                look = desk.look(each)
                state, found = desk.state(each), look["transaction_hash"]
                was, known = seen.get(each, ("NEW", ""))
                assert state == was or was not in ENDED
                if state in ORDER and was in ORDER:
                    assert ORDER.index(state) >= ORDER.index(was)
                assert known in {"", found}
                assert (found != "") == (state in {"MINED", "CONFIRMED"})
                seen[each] = (state, found)
            desk.wait(eighths / 8)


@settings(max_examples=15, deadline=None)
@given(st.lists(BATCHES, min_size=1, max_size=5))
def test_looking_often_or_once_changes_nothing_that_a_wallet_has(batches: list[Wanted]) -> None:
    def end(looks: int) -> list[object]:
        desk = Desk(max_submits=None)
        states: list[object] = []
        for wanted in batches:
            sent = desk.submit(*(call(*each) for each in wanted.calls))
            for _ in range(200 * looks):
                desk.wait(0.5 / looks)
                desk.relayer.step()
            states.append(desk.state(sent))
        tokens = [None, "71", "72", *GROUP_TOKENS, v2_token(V2, 0), v2_token(V2, 1)]
        return [*states, *(desk.held(token) for token in tokens)]

    assert end(1) == end(2)
