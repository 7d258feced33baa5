"""What faults are made of: times to come, draws from a seed, and the ledger."""

import asyncio
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from razor.adapters.sandbox.agenda import Agenda
from razor.adapters.sandbox.dice import Dice
from razor.adapters.sandbox.truth import Truth, shown
from tests.sandbox.trader import Place

MS = 1_000_000


def test_entries_come_in_order_of_time_and_of_making() -> None:
    place, seen = Place(), list[str]()
    agenda = Agenda(place.sandbox.venue)
    assert agenda.due_ns() is None
    for delay_ms, name in ((20, "c"), (10, "a"), (10, "b"), (30, "d")):
        agenda.after(delay_ms, lambda of=name: seen.append(of))  # type: ignore[misc]
    assert agenda.due_ns() == place.clock.now_ns + 10 * MS
    agenda.step()
    assert seen == []
    place.clock.now_ns += 20 * MS
    agenda.step()
    assert seen == ["a", "b", "c"]
    assert agenda.since_ns() == 20 * MS


def test_what_an_entry_makes_due_at_once_is_done_in_the_same_wake() -> None:
    place, seen = Place(), list[int]()
    agenda = Agenda(place.sandbox.venue)

    def act() -> None:
        seen.append(len(seen))
        if len(seen) < 3:
            agenda.after(0, act)

    agenda.after(5, act)
    place.clock.now_ns += 5 * MS
    agenda.step()
    assert seen == [0, 1, 2]


def test_whoever_drives_the_venue_hears_of_every_entry() -> None:
    agenda, heard = Agenda(Place().sandbox.venue), list[int]()
    agenda.on_change = lambda: heard.append(1)
    agenda.after(1, lambda: None)
    agenda.at(0, lambda: None)
    assert len(heard) == 2


def test_a_pause_ends_with_the_venues_time_and_not_before() -> None:
    async def story() -> None:
        place = Place()
        agenda = Agenda(place.sandbox.venue)
        await agenda.pause(0)
        await agenda.pause(-5)
        waiting = asyncio.ensure_future(agenda.pause(10))
        await asyncio.sleep(0)
        place.clock.now_ns += 9 * MS
        agenda.step()
        await asyncio.sleep(0)
        assert not waiting.done()
        place.clock.now_ns += MS
        agenda.step()
        await waiting

    asyncio.run(story())


def test_a_pause_that_was_given_up_disturbs_nobody() -> None:
    async def story() -> None:
        place = Place()
        agenda = Agenda(place.sandbox.venue)
        waiting = asyncio.ensure_future(agenda.pause(10))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        place.clock.now_ns += 10 * MS
        agenda.step()
        assert agenda.due_ns() is None

    asyncio.run(story())


def test_a_call_goes_on_when_nobody_waits_for_it() -> None:
    async def story() -> None:
        place, done = Place(), asyncio.Event()
        agenda = Agenda(place.sandbox.venue)

        async def late() -> None:
            done.set()

        agenda.after_call(10, late)
        await asyncio.sleep(0)
        assert not done.is_set()
        place.clock.now_ns += 10 * MS
        agenda.step()
        await asyncio.wait_for(done.wait(), 5)

    asyncio.run(story())


@given(seed=st.integers(0, 2**63), least=st.integers(0, 1_000), span=st.integers(0, 1_000))
def test_draws_are_in_range_and_the_same_again(seed: int, least: int, span: int) -> None:
    first, again = Dice(seed, "a"), Dice(seed, "a")
    drawn = [first.between(least, least + span) for _ in range(5)]
    assert all(least <= one <= least + span for one in drawn)
    assert drawn == [again.between(least, least + span) for _ in range(5)]


def test_streams_of_one_seed_and_seeds_of_one_name_differ() -> None:
    assert len({Dice(seed, name).octets() for seed in (1, 2) for name in ("a", "b")}) == 4


@given(items=st.lists(st.integers(), min_size=1, max_size=20))
def test_picks_and_shuffles_hold_what_was_given(items: list[int]) -> None:
    dice = Dice(1, "x")
    assert dice.pick(items) in items
    assert sorted(dice.shuffled(items)) == sorted(items)


def test_draws_reach_both_ends() -> None:
    dice = Dice(1, "x")
    assert {dice.between(3, 5) for _ in range(100)} == {3, 4, 5}
    assert dice.below(1) == dice.below(0) == 0


def test_a_ledger_is_lines_of_json_with_their_time() -> None:
    sink, now = io.BytesIO(), [5]
    truth = Truth(sink, lambda: now[0])
    truth.tell("call", number=1)
    now[0] = 7
    truth.tell("fault", faults=["F-01"])
    lines = [json.loads(line) for line in sink.getvalue().splitlines()]
    assert lines == [
        {"what": "call", "at_ms": 5, "number": 1},
        {"what": "fault", "at_ms": 7, "faults": ["F-01"]},
    ]
    assert truth.is_told
    truth.close()
    truth.close()
    truth.tell("call", number=2)
    assert sink.closed
    assert not truth.is_told


def test_a_ledger_shows_no_login_and_no_garbage() -> None:
    assert shown("/order", b'{"a":1}') == '{"a":1}'
    assert shown("/auth/api-key", b'{"secret":"x"}').startswith("sha256:")
    assert "secret" not in shown("/auth/api-key", b'{"secret":"x"}')
    assert shown("/order", b"\xff").startswith("sha256:")
