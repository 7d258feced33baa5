"""Bytes to set check: razor's core in Rust and from Python, beside its peers.

All take the same frames in the same process, in turn, several rounds; a round begins with
fresh books that have seen the initial dump. The figure is the median over the rounds. At the end
every reader's books are compared with the generator's.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from razor._core import FeedBench, Spread, clock_cost_ns
from razor.app.bench.control import Control, Sizes
from razor.app.bench.figure import Bound, Figure, Section, middle, per
from razor.app.bench.peers import JsonPeer, MsgspecPeer, Peer

__all__ = ["measure_feed", "wrong_books"]

# A slice of frames takes well under a second with every reader, so a wish to stop is heard.
_SLICE = 10_000


@dataclass(slots=True, kw_only=True)
class _Rounds:
    core: list[float] = field(default_factory=list[float])
    called: list[float] = field(default_factory=list[float])
    msgspec: list[float] = field(default_factory=list[float])
    json: list[float] = field(default_factory=list[float])
    spreads: list[Spread] = field(default_factory=list[Spread])


def measure_feed(sizes: Sizes, control: Control) -> Section:
    """Run all readers in turn and compare them; raises RuntimeError on a wrong book."""
    bench = FeedBench(seed=sizes.seed, markets=sizes.markets, messages=sizes.messages)
    frames, initial = bench.messages(), bench.initial()
    tokens, sets = bench.tokens(), bench.sets()
    rounds = _Rounds()
    peers: list[Peer] = []
    for _ in range(sizes.rounds):
        peers = [
            MsgspecPeer(tokens, sets),
            JsonPeer(tokens, sets),
        ]
        bench.reset()
        rounds.core.append(bench.run())
        control.step()
        bench.reset()
        rounds.spreads.append(bench.run_timed())
        control.step()
        bench.reset()
        rounds.called.append(_called(bench, frames, control))
        rounds.msgspec.append(_read(peers[0], initial, frames, control))
        rounds.json.append(_read(peers[1], initial, frames, control))
    _require_true_books(bench, peers)
    mean_bytes = bench.message_bytes // max(len(frames), 1)
    return Section(
        name="feed",
        title="From bytes to set check",
        workload=(
            f"{len(frames):,} seeded market-channel messages over {2 * sizes.markets:,} tokens, "
            f"mean {mean_bytes} B, one set of three legs per market; {sizes.rounds} rounds in "
            "turn, medians; final books of all readers equal the generator's."
        ),
        figures=_figures(rounds, len(frames)),
        notes=(_note(),),
    )


def _note() -> str:
    return (
        "Quantiles are of single messages and include one reading of the clock "
        f"({clock_cost_ns()} ns here). Allocation after warm-up is excluded by a test "
        "(`rust/razor_core/tests/feed_allocations.rs`), not measured here."
    )


def _read(peer: Peer, initial: Sequence[bytes], frames: Sequence[bytes], control: Control) -> float:
    """One peer over all frames, the initial dump not counted."""
    peer.run(initial)
    return _sliced(peer.run, frames, control)


def _called(bench: FeedBench, frames: Sequence[bytes], control: Control) -> float:
    """One call from Python per frame."""

    def run(part: Sequence[bytes]) -> None:
        feed = bench.feed
        for recv_ns, frame in enumerate(part):
            feed(frame, recv_ns)

    return _sliced(run, frames, control)


def _sliced(
    run: Callable[[Sequence[bytes]], None], frames: Sequence[bytes], control: Control
) -> float:
    """Total ns of a reader over all frames; the slices are cut outside the timed stretches."""
    total = 0
    for first in range(0, len(frames), _SLICE):
        part = frames[first : first + _SLICE]
        before = control.now_ns()
        run(part)
        total += control.now_ns() - before
        control.step()
    return total


def _figures(rounds: _Rounds, count: int) -> tuple[Figure, ...]:
    core, called = per(middle(rounds.core), count), per(middle(rounds.called), count)
    msgspec, json = per(middle(rounds.msgspec), count), per(middle(rounds.json), count)
    p50 = middle([spread.p50_ns for spread in rounds.spreads])
    p99 = middle([spread.p99_ns for spread in rounds.spreads])
    p999 = middle([spread.p999_ns for spread in rounds.spreads])

    def ns(key: str, what: str, value: float, target: float | None = None) -> Figure:
        return Figure(key=key, what=what, value=value, unit="ns/message", places=0, target=target)

    def times(key: str, what: str, value: float, target: float, bound: Bound) -> Figure:
        return Figure(
            key=key, what=what, value=value, unit="times", places=1, target=target, bound=bound
        )

    return (
        ns("core_mean_ns", "razor in Rust, mean", core, 300),
        ns("core_p50_ns", "razor in Rust, median", p50),
        ns("core_p99_ns", "razor in Rust, p99", p99, 1_500),
        ns("core_p999_ns", "razor in Rust, p99.9", p999),
        ns("called_mean_ns", "razor from Python, one call per frame, mean", called),
        times("called_ratio", "  beside Rust", called / core, 2, Bound.AT_MOST),
        ns("msgspec_mean_ns", "msgspec structs, dict books, mean", msgspec),
        times("msgspec_ratio", "  beside razor in Rust", msgspec / core, 22, Bound.AT_LEAST),
        ns("json_mean_ns", "json, sorted dict, mean", json),
        times("json_ratio", "  beside razor in Rust", json / core, 35, Bound.AT_LEAST),
    )


def _require_true_books(bench: FeedBench, peers: Sequence[Peer]) -> None:
    wrong = [bench.wrong_books + bench.refused, *(wrong_books(bench, peer) for peer in peers)]
    if any(wrong):
        raise RuntimeError(f"readers ended with wrong books (razor, msgspec, json): {wrong}")


def wrong_books(bench: FeedBench, peer: Peer) -> int:
    """Count the markets of which a peer holds another book than the generator says."""
    books = zip(bench.tokens(), bench.final_books(), strict=True)
    return sum(peer.levels(yes) != book for (yes, _), book in books)
