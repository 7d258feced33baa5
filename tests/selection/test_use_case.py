"""The use case: checkpoints, stops, failures, and what is written at each end."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import pytest

from razor.adapters.polymarket import EventStop, TaskSupervisor
from razor.application.ports import Unresolved
from razor.application.select import (
    NO_CANDIDATES,
    Progress,
    Select,
    Selection,
    SelectPorts,
    SelectRequest,
    Took,
)
from razor.domain.selection import (
    Candidate,
    Insufficient,
    Preference,
    Refused,
    Score,
    Selected,
)
from tests.feeds.clock import VirtualClock

from .scores import candidate, group, liquid, thin

Script = Callable[[Took], Awaitable[None]]
ANY = SelectRequest(preference=Preference.ANY)


class Scripted:
    """Probes that do what the test says."""

    def __init__(
        self, script: Script, pool: Sequence[Candidate] | Unresolved, *, is_complete: bool = True
    ) -> None:
        self._script, self._pool = script, pool
        self.asked: list[str] = []
        self.probe_ms = 7_000
        self.is_complete = is_complete

    async def candidates(self) -> Sequence[Candidate] | Unresolved:
        return self._pool

    async def run(self, candidates: Sequence[Candidate], took: Took) -> None:
        self.asked = [it.market_id for it in candidates]
        await self._script(took)


class Written:
    """Files in memory: every call in order."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.progress: list[Progress] = []
        self.scores: list[str] = []
        self.choice: Selected | Insufficient | None = None

    def append(self, score: Score) -> None:
        self.calls.append(f"append {score.candidate.market_id}")

    def recommend(self, progress: Progress, choice: Selected | Insufficient | None) -> None:
        assert choice is None
        self.calls.append("recommend")
        self.progress.append(progress)

    def finish(
        self, scores: Sequence[Score], progress: Progress, choice: Selected | Insufficient
    ) -> None:
        self.calls.append("finish")
        self.progress.append(progress)
        self.scores = [it.candidate.market_id for it in scores]
        self.choice = choice


class Bench:
    """A use case with everything a test looks at."""

    def __init__(
        self,
        script: Script,
        *,
        pool: Sequence[Candidate] | Unresolved | None = None,
        is_complete: bool = True,
    ) -> None:
        self.clock, self.stop, self.files = VirtualClock(), EventStop(), Written()
        given = [candidate("1"), candidate("2")] if pool is None else pool
        self.probes = Scripted(script, given, is_complete=is_complete)

    async def run(self, request: SelectRequest = ANY) -> Selection | Unresolved:
        ports = SelectPorts(
            probes=self.probes,
            files=self.files,
            supervisor=TaskSupervisor(),
            clock=self.clock,
            stop=self.stop,
        )
        return await Select(ports).run(request)

    def done(self, request: SelectRequest = ANY) -> Selection:
        found = asyncio.run(self.run(request))
        assert isinstance(found, Selection)
        return found


async def _both(took: Took) -> None:
    took(thin("2"))
    took(liquid("1", volume="5"))


async def _nothing(_took: Took) -> None:
    return


def test_every_finished_probe_is_in_the_table_before_the_next_one() -> None:
    bench = Bench(_both)
    done = bench.done()
    assert bench.files.calls == ["append 2", "append 1", "finish"]
    assert bench.files.scores == ["1", "2"]
    assert isinstance(done.choice, Selected)
    assert done.progress.last_ok == "1"
    assert (done.progress.candidates_total, done.progress.ok, done.progress.failed) == (2, 2, 0)
    assert (done.progress.probe_ms, done.progress.aborted, done.fault) == (7_000, False, None)


def test_the_recommendation_is_rewritten_at_most_every_two_seconds() -> None:
    bench: Bench

    async def script(took: Took) -> None:
        for wait_ms in (1_999, 1, 1_999, 1, 5_000):
            bench.clock.advance(wait_ms)
            took(liquid("1"))

    bench = Bench(script)
    bench.done()
    appended = "append 1"
    assert bench.files.calls == [
        *(appended, appended, "recommend"),
        *(appended, appended, "recommend"),
        *(appended, "recommend", "finish"),
    ]
    assert [it.ok for it in bench.files.progress] == [2, 4, 5, 5]


def test_a_failed_probe_is_counted_and_the_others_count() -> None:
    async def script(took: Took) -> None:
        took(None)
        await _both(took)

    done = Bench(script).done()
    assert (done.progress.ok, done.progress.failed) == (2, 1)
    assert isinstance(done.choice, Selected)


def test_a_stop_keeps_what_had_finished_and_chooses_from_it() -> None:
    async def script(took: Took) -> None:
        await _both(took)
        bench.stop.set()
        await asyncio.Event().wait()

    bench = Bench(script)
    done = bench.done()
    assert done.progress.aborted
    assert bench.files.calls[-1] == "finish"
    assert bench.files.progress[-1].aborted
    assert isinstance(bench.files.choice, Selected)


def test_a_stop_before_the_first_probe_still_writes_all_files() -> None:
    async def script(_: Took) -> None:
        bench.stop.set()
        await asyncio.Event().wait()

    bench = Bench(script)
    done = bench.done()
    assert done.progress.aborted
    assert bench.files.calls == ["finish"]
    assert done.choice == Insufficient(reason="no markets pass hard gates")


def test_probes_that_were_cut_short_but_given_are_an_abort() -> None:
    done = Bench(_both, is_complete=False).done()
    assert done.progress.aborted
    assert isinstance(done.choice, Selected)


def test_a_fault_of_the_probes_is_reported_after_the_files() -> None:
    async def script(took: Took) -> None:
        took(liquid("1"))
        raise OSError(28, "No space left on device")

    bench = Bench(script)
    done = bench.done()
    assert isinstance(done.fault, OSError)
    assert bench.files.calls == ["append 1", "finish"]


def test_without_a_pool_nothing_is_written() -> None:
    bench = Bench(_nothing, pool=Unresolved(remedy="try again", is_fault=True))
    assert asyncio.run(bench.run()) == Unresolved(remedy="try again", is_fault=True)
    assert bench.files.calls == []


@pytest.mark.parametrize("pool", [[], [candidate("5", legs=5)]])
def test_without_candidates_the_choice_says_so(pool: list[Candidate]) -> None:
    bench = Bench(_nothing, pool=pool)
    done = bench.done()
    assert done.choice == Insufficient(reason=NO_CANDIDATES)
    assert not done.progress.aborted
    assert bench.files.calls == ["finish"]


def test_only_the_preferred_strategy_is_probed() -> None:
    bench = Bench(_nothing, pool=[candidate("1"), candidate("2", legs=3)])
    bench.done(SelectRequest(preference=Preference.TRIANGLE))
    assert bench.probes.asked == ["2"]


def test_a_refused_group_is_counted_and_kept_with_its_reason() -> None:
    refusals = [Refused(event_id=each, label="Who?", reason="closed") for each in ("77", "78")]

    async def script(took: Took) -> None:
        for refused in refusals:
            took(refused)
        await _both(took)

    bench = Bench(script)
    done = bench.done()
    assert (done.progress.ok, done.progress.failed) == (2, 2)
    assert done.progress.refused == tuple(refusals)
    assert bench.files.calls == ["append 2", "append 1", "finish"]


def test_groups_stand_beside_the_frozen_choice() -> None:
    async def script(took: Took) -> None:
        took(group("77"))
        took(group("78", passes=0))
        await _both(took)

    done = Bench(script).done()
    assert isinstance(done.choice, Selected)
    assert [score.candidate.market_id for score in done.groups] == ["77"]
