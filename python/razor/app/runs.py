"""Opening, closing and reporting runs: what every verb that writes a run does alike.

Owns: :class:`RunPlan`, :func:`opened` (directory, manifest, journal, engine) and the clean end with
its report. Must never: decide what is recorded or judged.

Invariants:

- a run that ended in order has a closed journal, its tables, its report and an end in its manifest;
- a run that raised has none of that, and the next start or ``razor audit rebuild`` takes it from
  there: nothing recorded is lost by an error;
- tables and reports hold no host, no path and no wall time.
"""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from razor import __version__, _core
from razor.adapters.files.config_file import ConfigFile
from razor.adapters.files.run_catalogue import find_run, last_run
from razor.adapters.files.run_directory import (
    RunDirectory,
    create_run,
    create_run_at,
    open_run,
)
from razor.app.evidence import CONFIG_FORM, config_form
from razor.app.identity import BuildIdentity, build_identity
from razor.app.simulated import SIM_SEEDS, injected_faults, sim_markers, sim_venue
from razor.app.wiring import Process
from razor.domain.errors import (
    GateRefused,
    HardStopped,
    Problem,
    SettingsError,
    message_of,
    remedy_of,
)
from razor.domain.fault_plan import FaultLine
from razor.domain.manifest import (
    MANIFEST_VERSION,
    FreshStart,
    InputHash,
    Manifest,
    ResumedStart,
    ResumePolicy,
    RunEnd,
    Session,
    Source,
    decide_start,
    ended,
    resumed,
)
from razor.domain.mode import Facts, GateVector, OrderPath, admit, resolve_gates
from razor.domain.params import Rules, params_record
from razor.domain.settings import SCHEMA_VERSION, settings_hash
from razor.domain.switches import read_switches

__all__ = ["OpenRun", "RunPlan", "admitted_gates", "opened", "require_markets"]

_GATEWAY = "LIVE_GATEWAY"
HARD_STOP_CODE = 4
_DURABILITY_LOST = "guard=D-10"
_SCHEMAS = {
    "journal": "1",
    "calibration_log": "1",
    "fills": "1",
    "shadow_legs": "1",
    "shadow_log": "v5",
    "shadow_sets": "1",
    "snapshots": "v1",
    "ticks": "v1",
    "trade_log": "1",
    "trades": "v3",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPlan:
    """What a run is about.

    ``label`` is what ``run_id`` says in the tables, ``None`` for the name of the new directory.
    ``told_orders``: the recording tells the story of its own orders, which is told again.
    ``out_dir`` writes there instead of under ``runs_dir``. ``markers`` are remarks that every
    report repeats.
    """

    config: ConfigFile
    gates: GateVector
    source: Source
    runs_dir: Path
    out_dir: Path | None = None
    label: str | None = None
    rules: Rules = Rules.VENUE
    inputs: tuple[InputHash, ...] = ()
    seeds: tuple[tuple[str, int], ...] = ()
    markers: tuple[str, ...] = ()
    resume: ResumePolicy = ResumePolicy.NEVER
    told_orders: OrderPath = OrderPath.NONE
    faults: tuple[FaultLine, ...] = ()

    @property
    def is_simulated(self) -> bool:
        """Whether orders of this run go to a simulated venue of its own."""
        return self.gates.order_path is OrderPath.SIM

    @property
    def orders(self) -> OrderPath:
        """Where orders of this run end, or ended in the run that is played again."""
        return (
            self.told_orders if self.gates.order_path is OrderPath.NONE else self.gates.order_path
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenRun:
    """A run being written: its directory, its session, and what its tables call it."""

    directory: RunDirectory
    session: _core.Session
    label: str
    notice: str

    def finish(self, start: Process, *, cause: str) -> str | None:
        """End in order: everything is durable and the manifest says how it ended.

        Gives back why trading stopped, if it did: the run is whole, and its exit code says so.
        """
        self.session.end_orders()
        stopped = self.session.hard_stop
        self.session.close()
        code = 0 if stopped is None else HARD_STOP_CODE
        end = RunEnd(ended_ns=start.now_ns(), cause=cause, exit_code=code)
        injected = injected_faults(self.directory.path)
        self.directory.write_manifest(ended(self.directory.manifest(), end, injected=injected))
        return stopped


def admitted_gates(start: Process, mode: str | None, config: ConfigFile) -> GateVector:
    """Resolve the gates of a start; a dry run and a simulated one may go on in this version.

    Errors: :class:`GateRefused` that names the shut gate, :class:`SettingsError` for an unknown
    mode.
    """
    gates = resolve_gates(mode, start.environment, config.settings, Facts())
    if admit(gates) is OrderPath.REAL:
        message = (
            f"real orders are refused: shut gate {_GATEWAY}: this version has no way to send them"
        )
        remedy = "set live.enabled = false: the orders then go to the simulated venue"
        raise GateRefused(message, shut=(_GATEWAY,), remedy=remedy)
    return gates


def require_markets(config: ConfigFile) -> None:
    """Refuse settings that select nothing, before a run is opened that could hold nothing.

    Errors: :class:`SettingsError` naming the key.
    """
    if not config.settings.run.market_ids:
        problem = Problem(
            key="run.market_ids",
            found="no market",
            allowed="at least one Gamma market id",
            remedy="name the markets to record",
        )
        raise SettingsError(source=str(config.path), problems=[problem])


@contextmanager
def opened(start: Process, plan: RunPlan) -> Generator[OpenRun]:
    """Open a run for writing; a block that raises leaves it as a crash would.

    Errors: :class:`StorageError`, :class:`JournalError`; :class:`HardStopped` when a run with an
    order path could no longer be written.
    """
    identity = build_identity(start.environment)
    directory, notice, is_resumed = _directory(start, plan, identity)
    with directory:
        start.label.run_id = directory.run_id
        label = plan.label or directory.run_id
        session = _core.Session.open(
            directory.path,
            run_id=label,
            build_id=identity.build,
            settings_sha256=bytes.fromhex(settings_hash(plan.config.settings)),
            params=params_record(label, plan.config.settings, rules=plan.rules, orders=plan.orders),
            is_live=plan.source.is_live,
            now_ns=start.started_ns,
            raw_ws=_raw_ws(plan),
            sim=_sim_venue(start, plan),
            lock=directory.lock,
            durable_intents=plan.is_simulated and plan.config.settings.oms.durable_intents,
        )
        if is_resumed:
            process = Session(started_ns=start.started_ns, pid=start.pid)
            directory.write_manifest(resumed(directory.manifest(), process))
        try:
            yield OpenRun(directory=directory, session=session, label=label, notice=notice)
        except BaseException as error:
            stopped = session.hard_stop
            session.abandon()
            if stopped is not None and stopped.startswith(_DURABILITY_LOST):
                raise _stopped(stopped, error) from error
            raise


def _stopped(guard: str, error: BaseException) -> HardStopped:
    """Say that trading stopped because the disk failed, which the exit code says too (D-10).

    The run itself ends as by a crash: its manifest has no end, because nothing more can be written,
    and the next start goes on with it.
    """
    return HardStopped(
        f"HARDSTOP {guard}: {message_of(error)}",
        reason=guard,
        remedy=remedy_of(error)
        or "nothing was sent after it; cure the disk and start again, which recovers the run",
    )


def _sim_venue(start: Process, plan: RunPlan) -> _core.SimVenue | None:
    """Make the simulated venue of a run whose orders go there; a told story needs none.

    The switches of the environment are read here, where the run begins, and stand in its manifest.
    """
    if not plan.is_simulated:
        return None
    return sim_venue(plan.config.settings, read_switches(start.environment), plan.faults)


def _raw_ws(plan: RunPlan) -> tuple[int, int] | None:
    settings = plan.config.settings
    feed = settings.feed
    return (feed.raw_ws_rotate_bytes, settings.run.raw_ws_rotate_keep) if feed.raw_ws else None


def _directory(
    start: Process, plan: RunPlan, identity: BuildIdentity
) -> tuple[RunDirectory, str, bool]:
    if plan.out_dir is not None:
        run_id = plan.label or plan.source.name
        wanted = _manifest(start, plan, identity, run_id=run_id, continues=None)
        made = create_run_at(
            plan.out_dir, run_id=run_id, config=plan.config.raw, describe=lambda _: wanted
        )
        return made, "", False
    choice = _choice(start, plan, identity)
    if isinstance(choice, ResumedStart):
        path = find_run(plan.runs_dir, choice.run_id)
        return open_run(path), f"goes on with {choice.run_id} after its unclean end", True
    made = create_run(
        plan.runs_dir,
        config=plan.config.raw,
        describe=lambda run_id: _manifest(
            start, plan, identity, run_id=run_id, continues=choice.continues
        ),
        started_ns=start.started_ns,
        pid=start.pid,
    )
    return made, "", False


def _choice(start: Process, plan: RunPlan, identity: BuildIdentity) -> FreshStart | ResumedStart:
    if not plan.source.is_live:
        return FreshStart(continues=None, reason="a recording is played from its beginning")
    wanted = _manifest(start, plan, identity, run_id="", continues=None).identity
    return decide_start(plan.resume, last_run(plan.runs_dir, source_kind=plan.source.kind), wanted)


def _manifest(
    start: Process, plan: RunPlan, identity: BuildIdentity, *, run_id: str, continues: str | None
) -> Manifest:
    return Manifest(
        manifest_version=MANIFEST_VERSION,
        run_id=run_id,
        razor_version=__version__,
        commit=identity.commit,
        build=identity.build,
        settings_hash=settings_hash(plan.config.settings),
        config_path=str(plan.config.path),
        source=plan.source,
        gates=plan.gates,
        sim_switches=read_switches(start.environment),
        seeds={**dict(plan.seeds), **(SIM_SEEDS if plan.is_simulated else {})},
        schema_versions={
            "frozen_rules": SCHEMA_VERSION,
            "rules": plan.rules.value,
            CONFIG_FORM: config_form(plan.config),
            **_SCHEMAS,
        },
        inputs=plan.inputs,
        host=start.host,
        sessions=(Session(started_ns=start.started_ns, pid=start.pid),),
        markers=(*plan.markers, *(sim_markers(plan.config.settings) if plan.is_simulated else ())),
        faults=plan.faults,
        continues=continues,
    )
