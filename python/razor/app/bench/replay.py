"""Replay: capture text in memory through the reader and the engine, projections off.

The whole fold is the figure with the target; the reader alone and the decompression alone are
stated apart. Every fold proves that it ended with the generator's books.
"""

from pathlib import Path

from razor._core import ReplayBench, Spread
from razor.app.bench.control import Control, Sizes, default_params
from razor.app.bench.figure import Bound, Figure, Section, middle, per

__all__ = ["measure_replay"]


def measure_replay(sizes: Sizes, control: Control, scratch: Path) -> Section:
    """Fold, read and unpack the same capture in turn."""
    bench = ReplayBench(
        default_params(), seed=sizes.seed, markets=sizes.markets, messages=sizes.messages
    )
    packed = scratch / "replay.jsonl.zst"
    file_bytes = bench.write(packed)
    folds: list[int] = []
    reads: list[int] = []
    unpacks: list[int] = []
    spreads: list[Spread] = []
    for _ in range(sizes.rounds):
        folds.append(bench.fold())
        control.step()
        reads.append(bench.read())
        unpacks.append(bench.unpack(packed))
        spreads.append(bench.fold_timed())
        control.step()
    fold, read, unpack = (per(middle(times), bench.lines) for times in (folds, reads, unpacks))

    def ns(key: str, what: str, value: float) -> Figure:
        return Figure(key=key, what=what, value=value, unit="ns/message")

    return Section(
        name="replay",
        title="Replay of a capture",
        workload=(
            f"{bench.lines:,} capture lines of {bench.text_bytes // bench.lines} B on average "
            f"(the feed workload, escaped as JSON) from text in memory, one core, default "
            f"settings, no tables; {sizes.rounds} rounds, medians; final books equal the "
            "generator's."
        ),
        figures=(
            Figure(
                key="messages_per_s",
                what="reader and engine",
                value=1_000 / fold,
                unit="M messages/s",
                places=2,
                target=2,
                bound=Bound.AT_LEAST,
            ),
            ns("fold_mean_ns", "reader and engine, mean", fold),
            ns("fold_p50_ns", "reader and engine, median", middle([s.p50_ns for s in spreads])),
            ns("fold_p99_ns", "reader and engine, p99", middle([s.p99_ns for s in spreads])),
            ns("read_mean_ns", "reader alone, mean", read),
            ns("unpack_mean_ns", "decompression apart, mean", unpack),
            Figure(
                key="text_ratio",
                what="text beside file",
                value=bench.text_bytes / file_bytes,
                unit="times",
                places=1,
            ),
        ),
    )
