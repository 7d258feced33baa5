"""Orders: one step, one order from intent to ledger and record, one signal to order bytes.

The machines and the loop of an order run in Rust on a virtual clock. The way from a signal to the
simulated gateway is the call of ``Session.feed`` for the frame that raised it, with a live journal;
beside it stands what it costs when every intent must be on disk before its order leaves.
"""

import json
from collections.abc import Iterator
from pathlib import Path

from razor._core import OmsBench, Session, SimVenue, Spread, clock_cost_ns
from razor.app.bench.control import Control, Sizes
from razor.app.bench.figure import Figure, Section, middle, per
from razor.domain.errors import JsonValue
from razor.domain.settings import Settings, as_json

__all__ = ["made", "measure_oms", "order_params", "sim_session"]

# Sets of one round on a new desk: what an hour may bring.
_SETS = 20
# Sets before those of the second figure of the desk: what weeks without a restart may bring.
_BEHIND = 1_000
# Lives of single orders in all rounds.
_LIVES = 50_000
# Records after which the journal is waited for.
_BREATH = 500
# Recorded time of a seeded world per round.
_SECONDS_PER_ROUND = 300
_START_NS = 1_791_258_810_000_000_000
# Planted sets are small and come every 2.5 s; no cap may end the measurement.
_CHANGED: dict[str, dict[str, JsonValue]] = {
    "brain": {
        "q_req": "10",
        "risk_premium_bps": 80,
        "min_net_edge_bps": 10,
    },
    "live": {"cooldown_ms": 100},
    "risk": {
        "max_exposure_usdc": "1000000",
        "max_signal_usdc": "1000",
        "max_day_loss_usdc": "1000000",
        "max_residual_usdc": "1000000",
        "max_event_exposure_usdc": "1000000",
        "max_orders_per_min": 600,
        "max_loss_streak": 1_000_000,
        "max_revert_permille": 1_000,
        "max_api_error_permille": 1_000,
    },
}


def measure_oms(sizes: Sizes, control: Control, scratch: Path) -> Section:
    """Run scripts of orders, then seeded worlds through sessions, several rounds."""
    bench = OmsBench(seed=sizes.seed)
    machine: list[float] = []
    steps: list[Spread] = []
    orders: list[float] = []
    for _ in range(20 * sizes.rounds):
        count, took = bench.order_steps(_LIVES // 10)
        machine.append(per(took, count))
        steps.append(bench.desk_steps(0, _SETS))
        count, took = bench.orders(0, _SETS)
        orders.append(per(took, count))
        control.step()
    late = bench.desk_steps(_BEHIND, _SETS)
    late_orders = [per(took, count) for count, took in _late(bench, sizes, control)]
    control.step()
    called = _called(bench, sizes, control, scratch / "called", durable_intents=False)
    waited = _called(bench, sizes, control, scratch / "waited", durable_intents=True)
    whole = sizes.rounds * _SECONDS_PER_ROUND
    spread, count = bench.session(made(scratch / "rust"), order_params(), whole, is_durable=False)
    control.step()
    durable, _ = bench.session(made(scratch / "fsync"), order_params(), whole, is_durable=True)
    control.step()
    return Section(
        name="oms",
        title="From signal to order",
        workload=(
            f"Sets of three legs a minute apart on a virtual clock, {_SETS} on a new desk, every "
            f"fourth sold again, {20 * sizes.rounds} rounds, medians of the rounds; then a seeded "
            f"world of {whole:,} s through a session with a live journal on disk: "
            f"{spread.count:,} signals fired at once, {count:,} orders."
        ),
        figures=(
            *_steps(machine, steps, late),
            Figure(
                key="order_mean_us",
                what="intent, fill, ledger and records of one order, mean",
                value=middle(orders) / 1_000,
                unit="us per order",
                places=2,
                target=1.5,
            ),
            Figure(
                key="late_order_mean_us",
                what=f"  with {_BEHIND:,} sets behind it, mean",
                value=middle(late_orders) / 1_000,
                unit="us per order",
                places=2,
                target=1.5,
            ),
            *_signals("called", "signal to gateway through Python", called, 150),
            *_signals("waited", "  with each intent on disk", waited),
            *_signals("rust", "signal to gateway in Rust", (spread.p50_ns, spread.p99_ns), None),
            *_signals(
                "fsync", "  with each intent on disk", (durable.p50_ns, durable.p99_ns), None
            ),
        ),
        notes=(_note(),),
    )


def _late(bench: OmsBench, sizes: Sizes, control: Control) -> Iterator[tuple[int, int]]:
    """Orders and ns of rounds on a desk with a history."""
    for _ in range(3 * sizes.rounds):
        yield bench.orders(_BEHIND, _SETS)
        control.step()


def _note() -> str:
    return (
        "Steps and signals are timed one by one and include one reading of the clock "
        f"({clock_cost_ns()} ns here). A signal is the whole call for the frame that raised it: "
        "what was due before it, journal, books, gates, plan, intent, and the order at the "
        "simulated gateway; through Python also signals that the desk turned away or let wait "
        "before it stopped trading."
    )


def _steps(machine: list[float], steps: list[Spread], late: Spread) -> tuple[Figure, ...]:
    """The figures of the two machines: one order, and the desk with few and many sets behind it."""

    def ns(key: str, what: str, value: float, target: float | None = None) -> Figure:
        return Figure(key=key, what=what, value=value, unit="ns/step", target=target)

    return (
        ns("machine_mean_ns", "one step of one order, no clock inside, mean", middle(machine)),
        ns(
            "desk_p50_ns",
            "one step of the desk, median",
            middle([spread.p50_ns for spread in steps]),
            250,
        ),
        ns("desk_p99_ns", "one step of the desk, p99", middle([spread.p99_ns for spread in steps])),
        ns("late_p50_ns", f"  with {_BEHIND:,} sets behind it, median", late.p50_ns),
        ns("late_p99_ns", f"  with {_BEHIND:,} sets behind it, p99", late.p99_ns),
    )


def _signals(
    key: str, what: str, ns: tuple[float, float], target: float | None = None
) -> tuple[Figure, ...]:
    """Median and p99 of the way from a signal to its order, given in ns."""
    names = (("p50", "median", None), ("p99", "p99", target))
    return tuple(
        Figure(
            key=f"{key}_{short}_us",
            what=f"{what}, {name}",
            value=value / 1_000,
            unit="us/signal",
            places=1,
            target=bound,
        )
        for (short, name, bound), value in zip(names, ns, strict=True)
    )


def made(path: Path) -> Path:
    """A new run directory."""
    path.mkdir()
    return path


def order_params(*, signal_cooldown_ms: int = 1_000) -> bytes:
    """The settings record of a simulated run whose gates the planted sets pass."""
    settings = {**as_json(Settings())}
    brain = {**_CHANGED["brain"], "signal_cooldown_ms": signal_cooldown_ms}
    for group, values in {**_CHANGED, "brain": brain}.items():
        before = settings[group]
        settings[group] = {**before, **values} if isinstance(before, dict) else {**values}
    payload = {"run_id": "bench", "source": "venue", "orders": "sim", "settings": settings}
    return json.dumps(payload, sort_keys=True).encode("ascii")


def _called(
    bench: OmsBench, sizes: Sizes, control: Control, run_dir: Path, *, durable_intents: bool
) -> tuple[float, float]:
    """Median and p99 over the calls from Python whose frame raised a signal."""
    frames = bench.world(sizes.rounds * _SECONDS_PER_ROUND)
    session = sim_session(made(run_dir), sizes.seed, durable_intents=durable_intents)
    times: list[int] = []
    for at, (kind, conn, recv_ns, payload) in enumerate(frames):
        if at % _BREATH == 0:
            # Minutes are fed within a second: the writer of the journal catches up here.
            session.flush_durable()
        before = control.now_ns()
        facts = session.feed(kind, conn, 0, recv_ns, payload)
        took = control.now_ns() - before
        # A desk that has stopped turns signals away, which is cheap and no figure.
        if facts is not None and facts.signals and session.hard_stop is None:
            times.append(took)
        if at % 10_000 == 0:
            control.step()
    session.close()
    times.sort()
    return times[len(times) // 2], times[(len(times) - 1) * 99 // 100]


def sim_session(
    run_dir: Path,
    seed: int,
    *,
    share: str | None = None,
    params: bytes | None = None,
    durable_intents: bool = False,
) -> Session:
    """A session as a simulated run has it, with a venue that answers within the same set.

    ``share`` is what an order gets of the best size, of either bucket. The recorder is that of a
    live run: it syncs by itself and never waits for the disk.
    """
    venue = SimVenue(
        seed=seed,
        is_frozen=False,
        share_liquid=share or "0.3",
        share_thin=share or "0.1",
        latency_ms=20,
        quote_depth="0",
        settle_ms=(50, 400),
        latency_spike=(0, 0),
        faults=[],
    )
    return Session.open(
        run_dir,
        run_id="run_bench",
        build_id="bench",
        settings_sha256=bytes(32),
        params=params or order_params(),
        is_live=True,
        now_ns=_START_NS,
        sim=venue,
        durable_intents=durable_intents,
    )
