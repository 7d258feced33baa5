"""Recording: what a push costs the hot thread, what is lost at a high rate, what is stored.

The recorder is that of a live run on a real directory: group commit, zstd, CRC and hash chain on
the writer thread. At the end the journal is read back and verified.
"""

from pathlib import Path

from razor._core import RecorderBench, clock_cost_ns
from razor.app.bench.control import Control, Sizes
from razor.app.bench.figure import Bound, Figure, Section, middle, per

__all__ = ["measure_recorder"]

_RATE = 500_000
_BURST = 1_000
_SLICES_PER_SECOND = 4
_SECOND_NS = 1_000_000_000


def measure_recorder(sizes: Sizes, control: Control, scratch: Path) -> Section:
    """Push bursts without a clock in between, then a fixed rate with every push timed."""
    alone = _bursts(sizes, control, scratch / "burst")
    total = _RATE * sizes.seconds
    bench = _bench(sizes, scratch / "paced", most=total)
    bench.begin()
    slices = sizes.seconds * _SLICES_PER_SECOND
    for _ in range(slices):
        bench.push_paced(_RATE, total // slices)
        control.step()
    done = bench.finish()
    control.step()
    spread = done.push
    return Section(
        name="recorder",
        title="Recording",
        workload=(
            f"{done.pushed:,} messages of the feed workload at {_RATE:,} a second for "
            f"{sizes.seconds} s into a live journal on disk; bursts of {_BURST:,} without a "
            "clock inside."
        ),
        figures=(
            _ns("push_alone_ns", "push in bursts, no clock inside, mean", alone, 150),
            _ns("push_p50_ns", "push at the fixed rate, median", spread.p50_ns),
            _ns("push_mean_ns", "push at the fixed rate, mean", spread.mean_ns, 150),
            _ns("push_p99_ns", "push at the fixed rate, p99", spread.p99_ns),
            _ns("push_p999_ns", "push at the fixed rate, p99.9", spread.p999_ns),
            Figure(key="lost", what="messages lost", value=done.lost, unit="messages", target=0),
            Figure(
                key="text_ratio",
                what="text beside journal",
                value=done.text_bytes / max(done.stored_bytes, 1),
                unit="times",
                places=2,
                target=5,
                bound=Bound.AT_LEAST,
            ),
            Figure(
                key="reached_rate",
                what="rate reached",
                value=done.pushed * _SECOND_NS / max(done.took_ns, 1),
                unit="messages/s",
            ),
            Figure(
                key="late_ns_max",
                what="generator at most late",
                value=done.late_ns_max / 1_000,
                unit="us",
            ),
            Figure(
                key="sync_ns_max",
                what="longest sync of the disk",
                value=done.sync_ns_max / 1_000_000,
                unit="ms",
            ),
            _ns(
                "read_back_ns", "read back and verified, mean", per(done.read_ns, done.read_records)
            ),
        ),
        notes=(_note(),),
    )


def _note() -> str:
    return (
        "Pushes at the fixed rate are timed one by one and include one reading of the clock "
        f"({clock_cost_ns()} ns here). The generator spins, so it and the writer thread keep two "
        "cores busy; on fewer free cores it comes late, which is stated."
    )


def _ns(key: str, what: str, value: float, target: float | None = None) -> Figure:
    return Figure(key=key, what=what, value=value, unit="ns/message", target=target)


def _bench(sizes: Sizes, run_dir: Path, *, most: int) -> RecorderBench:
    run_dir.mkdir()
    messages = min(sizes.messages, 200_000)
    return RecorderBench(
        run_dir, seed=sizes.seed, markets=sizes.markets, messages=messages, most=most
    )


def _bursts(sizes: Sizes, control: Control, run_dir: Path) -> float:
    """Median over bursts of the mean push; the writer catches up between them."""
    bench = _bench(sizes, run_dir, most=0)
    times: list[float] = []
    burst = min(_BURST, sizes.messages)
    for _ in range(40 * sizes.rounds):
        times.append(per(bench.push_burst(burst), burst))
        control.step()
    bench.finish()
    return middle(times)
