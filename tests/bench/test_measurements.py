"""Each measurement runs at tiny size and says what docs/PERFORMANCE.md promises."""

import time
from dataclasses import replace
from pathlib import Path

import pytest

from razor._core import MemoryBench, RecorderBench, ReplayBench, clock_cost_ns, journal_head
from razor.app.bench.control import FULL, QUICK, Control, Sizes, StoppedError, default_params
from razor.app.bench.feed import measure_feed
from razor.app.bench.figure import Section
from razor.app.bench.importing import measure_import
from razor.app.bench.memory import measure_memory
from razor.app.bench.oms import measure_oms
from razor.app.bench.recorder import measure_recorder
from razor.app.bench.replay import measure_replay
from razor.app.bench.restart import measure_restart

TINY = Sizes(
    markets=6, messages=400, rounds=2, seconds=1, live_markets=4, levels=6, is_one_day=True
)
SECTION_KEYS = {"name", "title", "workload", "figures", "notes", "skipped"}
FIGURE_KEYS = {"key", "what", "value", "unit", "target", "is_reached"}


class Desk:
    """A clock, a counter of steps, and a wish to stop after so many of them."""

    def __init__(self, *, stop_after: int = 1_000_000) -> None:
        self.steps = 0
        self._stop_after = stop_after

    def control(self) -> Control:
        return Control(
            now_ns=time.perf_counter_ns,
            is_stopped=lambda: self.steps >= self._stop_after,
            advance=self._advance,
        )

    def _advance(self) -> None:
        self.steps += 1


def keys_of(section: Section) -> set[str]:
    as_json = section.as_json()
    assert set(as_json) == SECTION_KEYS
    assert all(set(figure.as_json()) == FIGURE_KEYS for figure in section.figures)
    return {figure.key for figure in section.figures}


def test_the_feed_section_has_razor_and_both_peers_with_their_ratios() -> None:
    desk = Desk()
    section = measure_feed(TINY, desk.control())
    assert keys_of(section) == {
        "core_mean_ns",
        "core_p50_ns",
        "core_p99_ns",
        "core_p999_ns",
        "called_mean_ns",
        "called_ratio",
        "msgspec_mean_ns",
        "msgspec_ratio",
        "json_mean_ns",
        "json_ratio",
    }
    values = {figure.key: figure.value for figure in section.figures}
    assert values["msgspec_ratio"] == pytest.approx(
        values["msgspec_mean_ns"] / values["core_mean_ns"]
    )
    assert desk.steps >= 2 * TINY.rounds, "progress is shown"


def test_the_replay_section_states_reader_and_decompression_apart(tmp_path: Path) -> None:
    section = measure_replay(TINY, Desk().control(), tmp_path)
    assert keys_of(section) == {
        "messages_per_s",
        "fold_mean_ns",
        "fold_p50_ns",
        "fold_p99_ns",
        "read_mean_ns",
        "unpack_mean_ns",
        "text_ratio",
    }


def test_the_recorder_section_counts_losses_and_bytes(tmp_path: Path) -> None:
    with_little_to_push = replace(TINY, messages=400)
    section = measure_recorder(with_little_to_push, Desk().control(), tmp_path)
    assert keys_of(section) == {
        "push_alone_ns",
        "push_p50_ns",
        "push_mean_ns",
        "push_p99_ns",
        "push_p999_ns",
        "lost",
        "text_ratio",
        "reached_rate",
        "late_ns_max",
        "sync_ns_max",
        "read_back_ns",
    }


@pytest.mark.timeout(120)
def test_the_section_of_orders_states_steps_orders_and_signals(tmp_path: Path) -> None:
    section = measure_oms(replace(TINY, rounds=1), Desk().control(), tmp_path)
    assert keys_of(section) == {
        "machine_mean_ns",
        "desk_p50_ns",
        "desk_p99_ns",
        "late_p50_ns",
        "late_p99_ns",
        "order_mean_us",
        "late_order_mean_us",
        "called_p50_us",
        "called_p99_us",
        "waited_p50_us",
        "waited_p99_us",
        "rust_p50_us",
        "rust_p99_us",
        "fsync_p50_us",
        "fsync_p99_us",
    }
    assert all(figure.value > 0 for figure in section.figures)


@pytest.mark.timeout(120)
def test_the_section_of_restarts_opens_what_a_crash_left(tmp_path: Path) -> None:
    section = measure_restart(TINY, Desk().control(), tmp_path)
    assert keys_of(section) == {"open_ms", "proof_ms", "open_ns_per_record"}
    assert all(figure.value > 0 for figure in section.figures)
    assert journal_head(tmp_path / "restart")[2] == "open", "it ended as by a crash"


def test_the_memory_section_weighs_a_process_of_its_own() -> None:
    section = measure_memory(TINY, Desk().control())
    assert keys_of(section) == {"resident_mib", "peak_mib"}
    assert all(figure.value > 0 for figure in section.figures)


def test_without_recordings_the_import_says_that_it_is_skipped(tmp_path: Path) -> None:
    for recordings in (None, tmp_path):
        section = measure_import(TINY, Desk().control(), tmp_path, recordings)
        assert keys_of(section) == set()
        assert "--recordings" in section.skipped


def test_a_wish_to_stop_ends_a_measurement_between_two_steps(tmp_path: Path) -> None:
    desk = Desk(stop_after=1)
    with pytest.raises(StoppedError):
        measure_feed(TINY, desk.control())
    with pytest.raises(StoppedError):
        measure_replay(TINY, desk.control(), tmp_path)
    assert desk.steps == 2


def test_the_full_workload_is_the_one_of_the_targets() -> None:
    assert (FULL.messages, 2 * FULL.markets) == (200_000, 500)
    assert (2 * FULL.live_markets, FULL.levels, FULL.seconds) == (20_000, 50, 10)
    assert QUICK.messages < FULL.messages


def test_a_replay_folds_every_line_and_its_file_holds_the_same(tmp_path: Path) -> None:
    bench = ReplayBench(default_params(), seed=2, markets=6, messages=500)
    assert bench.lines > 500
    assert bench.fold() > 0
    assert bench.fold_timed().count == bench.lines
    assert bench.read() > 0
    path = tmp_path / "c.jsonl.zst"
    assert bench.write(path) == path.stat().st_size
    assert ReplayBench.unpack(path) > 0


def test_a_replay_without_settings_is_refused() -> None:
    with pytest.raises(ValueError, match="settings"):
        ReplayBench(b"{}", seed=1, markets=3, messages=1).fold()


def test_a_recording_is_read_back_whole(tmp_path: Path) -> None:
    bench = RecorderBench(tmp_path, seed=1, markets=5, messages=300, most=1_000)
    bench.begin()
    bench.push_paced(1_000_000, 700)
    bench.push_paced(1_000_000, 300)
    done = bench.finish()
    assert (done.pushed, done.lost, done.push.count) == (1_000, 0, 1_000)
    # The name of the connection and the end of the run are records, too.
    assert done.read_records >= done.pushed + 2
    assert done.push.p50_ns <= done.push.p99_ns <= done.push.max_ns
    with pytest.raises(ValueError, match="closed"):
        bench.finish()


def test_live_books_are_true_and_counted() -> None:
    bench = MemoryBench(default_params(), seed=1, markets=7, levels=9)
    assert (bench.live, bench.wrong_books) == (14, 0)
    assert bench.text_bytes > 0


def test_reading_the_clock_costs_something() -> None:
    assert 0 <= clock_cost_ns() < 1_000_000
