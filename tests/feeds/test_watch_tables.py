"""The judge of liveness, case by case: phases of tokens, proofs of silence, moves, canaries."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from razor.adapters.polymarket.books import Sight
from razor.adapters.polymarket.watch import (
    Check,
    Fresh,
    Move,
    Renew,
    ShardView,
    Stale,
    Turned,
    Verdict,
    Watch,
)
from razor.application.ports import LivenessView, TokenLiveness
from razor.domain.feed import FeedSettings
from razor.domain.feed_event import TokenPhase
from razor.domain.universe import MarketMeta

S = 1_000_000_000
SETTINGS = FeedSettings()
PAIR = MarketMeta(
    condition_id="0xc",
    token_ids=("yes", "no"),
    outcomes=("Yes", "No"),
    label="",
    tick_size="0.01",
    min_order_size="5",
    neg_risk=False,
    fees=None,
    end_ms=0,
    event_id="",
    group_id="",
    seconds_delay=0,
)
OWNERS = {"yes": PAIR, "no": PAIR}


def view(**tokens: tuple[int, bool]) -> LivenessView:
    """Tokens as (second of the last event, hydrated)."""
    return LivenessView(
        tokens={
            name: TokenLiveness(hydrated=hydrated, last_recv_ns=at * S, last_venue_ms=0)
            for name, (at, hydrated) in tokens.items()
        },
        conns={},
    )


def shard(
    *tokens: str, conn: str = "a", connected: int = 100, epoch: int = 1
) -> tuple[ShardView, ...]:
    return (ShardView(conn=conn, epoch=epoch, connected_ns=connected * S, tokens=tokens),)


def phases(found: Sequence[Verdict]) -> dict[str, TokenPhase]:
    return {verdict.token_id: verdict.phase for verdict in found if isinstance(verdict, Turned)}


def rest(found: Sequence[Verdict]) -> list[Verdict]:
    return [verdict for verdict in found if not isinstance(verdict, Turned)]


def watch(**changes: object) -> Watch:
    return Watch(settings=replace(SETTINGS, **changes), owners=OWNERS)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("now", "yes", "no", "expected"),
    [
        # Hydrated and in step with its sibling.
        (105, (104, True), (104, True), TokenPhase.HYDRATED),
        # The sibling is ahead by less than, and by exactly, the limit of 10 s.
        (112, (102, True), (111, True), TokenPhase.HYDRATED),
        (112, (102, True), (112, True), TokenPhase.SILENT),
        # An event without snapshot: waiting until the limit of 15 s, then without snapshot.
        (114, (102, False), (114, True), None),
        (115, (102, False), (115, True), TokenPhase.NO_SNAPSHOT),
        # No event at all since the connection.
        (114, (0, False), (114, True), None),
        (115, (0, False), (115, True), TokenPhase.SILENT),
        # An event from before the connection proves nothing about this one.
        (114, (99, True), (114, True), None),
        (115, (99, True), (115, True), TokenPhase.SILENT),
        # An event in the very instant of the connection counts.
        (105, (100, True), (104, True), TokenPhase.HYDRATED),
    ],
)
def test_the_phase_of_a_token_follows_from_its_events(
    now: int, yes: tuple[int, bool], no: tuple[int, bool], expected: TokenPhase | None
) -> None:
    found = watch().step(now * S, shard("yes", "no"), view(yes=yes, no=no))
    found_again = watch().step(now * S, shard("no", "yes"), view(yes=yes, no=no))
    # Waiting is where every token begins, so it is no turn.
    assert phases(found).get("yes") == phases(found_again).get("yes")
    if expected is not TokenPhase.SILENT or now != 112:
        assert phases(found).get("yes") == expected


def test_a_sibling_ahead_is_seen_once_it_was_observed() -> None:
    judge = watch()
    seen = view(yes=(102, True), no=(102, True))
    judge.step(103 * S, shard("yes", "no"), seen)
    found = judge.step(112 * S, shard("yes", "no"), view(yes=(102, True), no=(112, True)))
    assert phases(found) == {"yes": TokenPhase.SILENT}
    assert rest(found) == [Check(tokens=("yes",))]


def test_a_token_without_a_market_has_no_sibling_to_lag_behind() -> None:
    judge = Watch(settings=SETTINGS, owners={})
    judge.step(103 * S, shard("yes", "no"), view(yes=(102, True), no=(102, True)))
    found = judge.step(118 * S, shard("yes", "no"), view(yes=(102, True), no=(118, True)))
    assert found == ()


@pytest.mark.parametrize("asked", [101, 110, 130])
def test_asking_again_starts_the_deadline_anew(asked: int) -> None:
    judge = watch()
    judge.asked(["yes"], asked * S)
    live = view(yes=(0, False), no=(asked + 14, True))
    assert "yes" not in phases(judge.step((asked + 14) * S, shard("yes", "no"), live))
    found = judge.step((asked + 15) * S, shard("yes", "no"), live)
    assert phases(found)["yes"] is TokenPhase.SILENT


def test_a_turn_is_told_once() -> None:
    judge = watch()
    live = view(yes=(101, True), no=(101, True))
    first = judge.step(102 * S, shard("yes", "no"), live)
    assert phases(first) == {"yes": TokenPhase.HYDRATED, "no": TokenPhase.HYDRATED}
    assert judge.step(103 * S, shard("yes", "no"), live) == ()


@pytest.mark.parametrize(
    ("hydrated", "expected"), [(False, {"yes": TokenPhase.NO_BOOK}), (True, {})]
)
def test_a_missing_rest_book_counts_only_against_a_token_without_one(
    *, hydrated: bool, expected: dict[str, TokenPhase]
) -> None:
    judge = watch()
    live = view(yes=(101, hydrated), no=(101, True))
    judge.step(102 * S, shard("yes", "no"), live)
    assert phases(judge.saw(103 * S, {"yes": Sight.MISSING}, live)) == expected


def test_no_book_stands_until_the_stream_says_something_else() -> None:
    judge = watch()
    silent = view(yes=(0, False), no=(116, True))
    judge.step(116 * S, shard("yes", "no"), silent)
    judge.saw(117 * S, {"yes": Sight.MISSING}, silent)
    later = view(yes=(0, False), no=(140, True))
    assert "yes" not in phases(judge.step(140 * S, shard("yes", "no"), later))
    alive = view(yes=(141, True), no=(141, True))
    found = judge.step(142 * S, shard("yes", "no"), alive)
    assert phases(found)["yes"] is TokenPhase.HYDRATED


@pytest.mark.parametrize(
    ("sight", "hydrated", "is_moved"),
    [
        (Sight.MOVED, True, True),
        (Sight.MOVED, False, True),
        (Sight.SAME, True, False),
        (Sight.SAME, False, True),
        (Sight.NEW, True, False),
        (Sight.NEW, False, True),
        (Sight.GHOST, False, False),
        (Sight.MISSING, False, False),
        (Sight.UNKNOWN, False, False),
    ],
)
def test_only_a_book_that_the_stream_lacks_moves_a_late_token(
    sight: Sight, *, hydrated: bool, is_moved: bool
) -> None:
    judge = watch()
    live = view(yes=(101, hydrated), no=(116, True))
    judge.step(116 * S, shard("yes", "no"), live)
    found = judge.saw(117 * S, {"yes": sight}, live)
    assert (Move(tokens=("yes",)) in found) == is_moved


@pytest.mark.parametrize("sight", list(Sight))
def test_a_token_that_is_not_followed_is_left_alone(sight: Sight) -> None:
    judge = watch()
    assert judge.saw(117 * S, {"stranger": sight}, view()) == ()


@pytest.mark.parametrize("most", [0, 1, 3])
def test_a_token_moves_so_many_times_and_no_more(most: int) -> None:
    judge = watch(token_moves=most)
    moves = 0
    for now in range(116, 2_000):
        live = view(yes=(0, False), no=(now, True))
        judge.step(now * S, shard("yes", "no"), live)
        found = judge.saw(now * S, {"yes": Sight.SAME}, live)
        moves += Move(tokens=("yes",)) in found
    assert moves == most


def test_tokens_that_move_together_are_one_verdict() -> None:
    judge = Watch(settings=SETTINGS, owners={})
    live = view(b=(0, False), c=(0, False), a=(116, True))
    judge.step(116 * S, shard("a", "b", "c"), live)
    found = judge.saw(117 * S, {"c": Sight.NEW, "b": Sight.SAME}, live)
    assert rest(found) == [Move(tokens=("c", "b"))]
    assert phases(found) == {"c": TokenPhase.MOVED, "b": TokenPhase.MOVED}


def test_movement_that_the_stream_caught_up_with_proves_nothing_later() -> None:
    judge = Watch(settings=SETTINGS, owners={})
    judge.step(102 * S, shard("x"), view(x=(101, True)))
    assert judge.step(125 * S, shard("x"), view(x=(101, True))) == (Check(tokens=("x",)),)
    # REST is ahead, and a moment later the stream delivers that very movement.
    judge.saw(126 * S, {"x": Sight.MOVED}, view(x=(101, True)))
    judge.step(127 * S, shard("x"), view(x=(127, True)))
    # The market is quiet from here on: silence alone asks REST and is not stale.
    found = [judge.step(now * S, shard("x"), view(x=(127, True))) for now in range(128, 160)]
    assert not any(isinstance(verdict, Stale) for step in found for verdict in step)


def test_a_shard_without_tokens_is_never_judged() -> None:
    judge = watch()
    for now in range(100, 400, 7):
        assert judge.step(now * S, shard(), view()) == ()


@pytest.mark.parametrize("dwell_s", [1, 10, 40, 90])
def test_nothing_is_stale_or_renewed_before_the_dwell_time(dwell_s: int) -> None:
    judge = watch(min_dwell_ms=dwell_s * 1_000)
    for now in range(100, 100 + dwell_s):
        found = judge.step(now * S, shard("x"), view())
        assert not any(isinstance(verdict, Stale | Renew) for verdict in found)
    found = judge.step((100 + max(dwell_s, 15)) * S, shard("x"), view())
    assert Stale(conn="a", last_data_ns=0) in found


@pytest.mark.parametrize("first_s", [1, 5, 15, 60])
def test_a_connection_without_any_event_is_stale_at_its_own_limit(first_s: int) -> None:
    judge = watch(token_first_event_ms=first_s * 1_000, min_dwell_ms=1)
    stale = [
        now
        for now in range(101, 180)
        if Stale(conn="a", last_data_ns=0) in judge.step(now * S, shard("x"), view())
    ]
    assert stale == [100 + first_s]


def test_stale_then_fresh_come_in_pairs() -> None:
    judge = Watch(settings=SETTINGS, owners={})
    told: list[type[Verdict]] = []
    last = 0
    for now in range(100, 700):
        if (now // 60) % 2:
            last = now
        connected = 100 if now < 120 else now - now % 30
        found = judge.step(now * S, shard("x", connected=connected), view(x=(last, True)))
        told += [type(verdict) for verdict in found if isinstance(verdict, Stale | Fresh)]
    assert told
    assert all(told[at] is not told[at + 1] for at in range(len(told) - 1))
    assert told[0] is Stale


@pytest.mark.parametrize("count", [1, 2, 5])
def test_so_many_tokens_of_each_shard_are_canaries(count: int) -> None:
    judge = Watch(settings=replace(SETTINGS, canaries=count), owners={})
    views = (
        *shard("a", "b", "c", conn="one"),
        *shard("d", conn="two"),
        *shard(conn="three"),
    )
    judge.step(102 * S, views, view(b=(101, True), c=(102, True)))
    assert len(judge.canaries()) == min(count, 3) + min(count, 1)
    assert judge.canaries()[0] in {"b", "c"}


def test_a_shard_that_is_gone_is_forgotten() -> None:
    judge = watch()
    judge.step(102 * S, (*shard("a", conn="one"), *shard("b", conn="two")), view())
    judge.step(103 * S, shard("b", conn="two"), view())
    assert judge.canaries() == ("b",)
    assert judge.saw(104 * S, {"a": Sight.UNKNOWN}, view()) == ()


def test_a_new_epoch_may_be_checked_at_once() -> None:
    judge = Watch(settings=SETTINGS, owners={})
    judge.step(102 * S, shard("x"), view(x=(101, True)))
    assert judge.step(121 * S, shard("x"), view(x=(101, True))) == (Check(tokens=("x",)),)
    assert judge.step(122 * S, shard("x"), view(x=(101, True))) == ()
    assert judge.step(123 * S, shard("x", epoch=2), view(x=(101, True))) == (Check(tokens=("x",)),)


looks = st.lists(
    st.tuples(st.integers(0, 40), st.booleans(), st.booleans(), st.sampled_from(list(Sight))),
    min_size=1,
    max_size=60,
)


@given(looks)
@settings(max_examples=60, deadline=None)
def test_any_history_gives_verdicts_only_about_what_is_there(
    history: list[tuple[int, bool, bool, Sight]],
) -> None:
    judge = watch()
    now, last, is_stale = 100, {"yes": 0, "no": 0}, False
    for step, has_yes, has_no, sight in history:
        now += step
        last |= {"yes": now} if has_yes else {}
        last |= {"no": now} if has_no else {}
        live = view(yes=(last["yes"], has_yes), no=(last["no"], has_no))
        found = [*judge.step(now * S, shard("yes", "no"), live)]
        for verdict in found:
            match verdict:
                case Stale():
                    assert not is_stale
                    assert verdict.last_data_ns <= now * S
                    is_stale = True
                case Fresh():
                    assert is_stale
                    is_stale = False
                case Check(tokens=tokens) | Move(tokens=tokens):
                    assert set(tokens) <= {"yes", "no"}
                    assert len(set(tokens)) == len(tokens) > 0
                case Renew() | Turned():
                    assert verdict.conn == "a"
        for verdict in judge.saw(now * S, {"yes": sight}, live):
            assert isinstance(verdict, Move | Turned)
