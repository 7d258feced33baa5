"""The use case `play` under a virtual clock: pace, stop, duration, and what it never does."""

from dataclasses import dataclass, field

import pytest

from razor.application.play import Pace, Played, PlayEnd, PlayPorts, play

_MS = 1_000_000
_S = 1_000_000_000
T0 = 1_800_000_000 * _S


@dataclass(slots=True)
class _Room:
    """A session, its source and the clock they are played by, all in memory.

    `taken` holds receive time and virtual time of each record, in ns.
    """

    times: list[int]
    now_ns: int = T0
    clock_ns: int = 0
    stop_after: int = 10**9
    naps: list[float] = field(default_factory=list)
    taken: list[tuple[int, int]] = field(default_factory=list)
    budgets: list[int] = field(default_factory=list)
    shown: list[int] = field(default_factory=list)
    flushed: int = 0
    waiting: bool = False

    @property
    def next_ns(self) -> int | None:
        return self.times[len(self.taken)] if self.waiting else None

    def pump(self, until_ns: int, budget: int) -> tuple[int, int, bool]:
        self.budgets.append(budget)
        count = signals = 0
        while count < budget and len(self.taken) < len(self.times):
            due = self.times[len(self.taken)]
            if due > until_ns:
                self.waiting = True
                return count, signals, False
            self.taken.append((due, self.clock_ns))
            self.now_ns = max(self.now_ns, due)
            self.waiting = False
            count += 1
            signals += due % (2 * _S) == 0
        return count, signals, len(self.taken) == len(self.times)

    def flush(self) -> None:
        self.flushed += 1

    def progress(self) -> tuple[int, int]:
        return len(self.taken), len(self.times)

    def wait(self, seconds: float) -> bool:
        self.naps.append(seconds)
        self.clock_ns += int(seconds * _S)
        return len(self.taken) >= self.stop_after

    def tick(self, done: int) -> None:
        self.shown.append(done)

    def play(self, pace: Pace = Pace.MAX, duration_ms: int = 0) -> Played:
        ports = PlayPorts(
            session=self,
            source=self,
            wait=self.wait,
            monotonic_ns=lambda: self.clock_ns,
            tick=self.tick,
        )
        return play(ports, pace=pace, duration_ms=duration_ms)


def _every(step_ms: int, count: int) -> list[int]:
    return [T0 + n * step_ms * _MS for n in range(count)]


def test_full_speed_takes_everything_in_order_without_a_nap() -> None:
    room = _Room(_every(500, 50_000))
    played = room.play()
    assert [at for at, _ in room.taken] == room.times
    assert played.end is PlayEnd.FINISHED
    assert played.records == 50_000
    assert played.signals == 12_500
    assert (played.first_ns, played.last_ns) == (room.times[0], room.times[-1])
    assert set(room.naps) <= {0.0}
    assert room.clock_ns == 0
    assert room.flushed == 1


@pytest.mark.parametrize("pace", [Pace.REAL, Pace.TENFOLD])
def test_paced_record_is_taken_when_its_time_has_come_and_soon_after(pace: Pace) -> None:
    room = _Room(_every(200, 60))
    played = room.play(pace)
    assert played.end is PlayEnd.FINISHED
    for due, at in room.taken:
        wanted = (due - T0) // pace.factor
        assert wanted <= at <= wanted + 51 * _MS


def test_pace_changes_when_and_never_what() -> None:
    orders = []
    for pace in Pace:
        room = _Room([T0 + at * _MS for at in (0, 10, 5, 700, 700, 2_000, 1_999, 2_500)])
        played = room.play(pace)
        orders.append([at for at, _ in room.taken])
        assert played.records == 8
        assert played.last_ns == T0 + 2_500 * _MS
    assert orders[0] == orders[1] == orders[2]


def test_gap_of_hours_is_waited_for_in_short_naps() -> None:
    room = _Room([T0, T0 + 7_200 * _S])
    room.stop_after = 1
    played = room.play(Pace.REAL)
    assert played.end is PlayEnd.STOPPED
    assert room.naps == [0.05]
    room = _Room([T0, T0 + 30 * _S])
    assert room.play(Pace.TENFOLD).end is PlayEnd.FINISHED
    assert max(room.naps) <= 0.05
    assert min(room.naps) >= 0.001
    assert sum(room.naps) == pytest.approx(3, abs=0.06)


@pytest.mark.parametrize("pace", list(Pace))
def test_stop_is_honoured_within_one_step_and_what_was_taken_is_flushed(pace: Pace) -> None:
    room = _Room(_every(100, 100_000), stop_after=1)
    played = room.play(pace)
    assert played.end is PlayEnd.STOPPED
    assert 1 <= played.records == len(room.taken) <= 20_000
    assert max(room.budgets) <= 20_000
    assert played.last_ns == room.taken[-1][0]
    assert room.flushed == 1


@pytest.mark.parametrize("pace", list(Pace))
def test_duration_is_recorded_time_with_its_last_instant(pace: Pace) -> None:
    room = _Room(_every(500, 20))
    played = room.play(pace, duration_ms=2_000)
    assert played.end is PlayEnd.DURATION
    assert [at for at, _ in room.taken] == _every(500, 5)
    assert (played.first_ns, played.last_ns) == (T0, T0 + 2 * _S)
    assert room.flushed == 1


def test_duration_longer_than_the_recording_ends_with_it() -> None:
    room = _Room(_every(500, 5))
    assert room.play(duration_ms=60_000).end is PlayEnd.FINISHED
    assert len(room.taken) == 5


def test_duration_that_ends_on_the_last_record_is_a_finished_recording() -> None:
    room = _Room(_every(500, 5))
    assert room.play(duration_ms=2_000).end is PlayEnd.FINISHED


def test_empty_recording_is_finished_at_once() -> None:
    room = _Room([])
    played = room.play()
    assert (played.end, played.records, played.first_ns) == (PlayEnd.FINISHED, 0, 0)
    assert room.naps == []


def test_progress_grows_to_the_whole() -> None:
    room = _Room(_every(1, 45_000))
    room.play()
    assert room.shown == sorted(room.shown)
    assert room.shown[-1] == 45_000
    assert len(room.shown) >= 3


@pytest.mark.parametrize("fails_at", [0, 1, 2])
def test_failing_session_ends_the_play_without_a_flush(fails_at: int) -> None:
    class Failing(_Room):
        def pump(self, until_ns: int, budget: int) -> tuple[int, int, bool]:
            if len(self.budgets) == fails_at:
                raise OSError(28, "No space left on device")
            return _Room.pump(self, until_ns, budget)

    room = Failing(_every(1, 60_000))
    with pytest.raises(OSError, match="No space left"):
        room.play()
    assert room.flushed == 0


def test_factor_of_a_pace_is_recorded_per_real_time() -> None:
    assert [pace.factor for pace in Pace] == [0, 1, 10]
