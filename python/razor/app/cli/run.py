"""``razor run``, ``demo``, ``replay`` and ``record``: the verbs that write a run.

Owns: what each of them plays or records, and what it tells at the end. Must never: touch a record.
"""

from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

import click

from razor.adapters.control.mailbox import Mailbox
from razor.adapters.files.config_file import ConfigFile, read_config
from razor.adapters.files.session import LiveSession, PlayedSession
from razor.app.cli import options
from razor.app.cli.failure import ExitCode
from razor.app.cli.following import until_stopped
from razor.app.cli.verb import Verb, process
from razor.app.local import LOCAL, LOCAL_MARKER, is_local, local_settings
from razor.app.operated import operated, served_wait
from razor.app.recordings import Recording, demo_recording, recording_at
from razor.app.runs import OpenRun, RunPlan, admitted_gates, opened, require_markets
from razor.app.simulated import fault_plan_at
from razor.app.verdicts import WrittenReport, report_of_run, write_report
from razor.app.wiring import Process
from razor.application.play import Pace, PlayPorts, play
from razor.domain.errors import JsonValue, Problem, SettingsError
from razor.domain.fault_plan import FaultLine
from razor.domain.manifest import ResumePolicy, Source
from razor.domain.mode import GateVector, OrderPath
from razor.domain.settings import Settings, default_file, read_settings
from razor.domain.switches import read_switches

__all__ = ["demo_verb", "record_verb", "replay_verb", "run_verb"]

_REPLAY = "replay:"
_LIVE = "polymarket"
_DEFAULT_CONFIG = Path("config.toml")
_DEMO_MS = 60_000
_NS_PER_S = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class _Outcome:
    """What there is to tell about a run that was written."""

    run: OpenRun
    cause: str
    records: int
    signals: int
    span_ns: int
    stopped: str | None
    written: WrittenReport | None = None


@click.command("run", cls=Verb)
@options.config_file
@options.mode
@options.source
@options.duration
@options.runs_dir
@options.speed
@options.faults
@options.resume
@options.as_json
@process
def run_verb(
    start: Process,
    config: Path,
    *,
    mode: str | None,
    source: str,
    duration_ms: int,
    runs_dir: Path | None,
    pace: Pace,
    faults: Path | None,
    resume: ResumePolicy,
    as_json: bool,
) -> ExitCode:
    """Record, judge and keep the shadow ledger; ends in a Day-14 report. Places no order.

    --mode live with live.enabled = false sends the signals to a simulated venue as well; no order
    of this version reaches a real one.
    --source polymarket records the venue, read-only, until Ctrl-C or --duration;
    --source sandbox[:PORT] records the local exchange of razor sandbox serve, all of its markets
    where run.market_ids names none;
    --source replay:PATH plays a capture or the journal of a run.
    """
    file = read_config(config)
    gates = admitted_gates(start, mode, file)
    where = runs_dir or Path(file.settings.run.data_dir)
    lines = _fault_lines(faults, gates)
    if source.startswith(_REPLAY):
        path = Path(source.removeprefix(_REPLAY))
        with recording_at(path, until_stopped(start)) as recording:
            plan = replace(_replay_plan(file, gates, recording, where), faults=lines)
            return _play(
                start, plan, recording, pace=pace, duration_ms=duration_ms, is_json=as_json
            )
    if source == _LIVE:
        plan = replace(_live_plan(file, gates, where, resume), faults=lines)
        return _record(start, plan, duration_ms=duration_ms, is_reported=True, is_json=as_json)
    if is_local(source):
        settings = local_settings(file.settings, source)
        plan = replace(_local_plan(file, gates, where), faults=lines)
        return _record(
            start,
            plan,
            duration_ms=duration_ms,
            is_reported=True,
            is_json=as_json,
            settings=settings,
        )
    raise _unknown_source(source)


@click.command("demo", cls=Verb)
@options.mode
@options.runs_dir
@options.duration
@options.faults
@options.as_json
@process
def demo_verb(
    start: Process,
    *,
    mode: str | None,
    runs_dir: Path | None,
    duration_ms: int,
    faults: Path | None,
    as_json: bool,
) -> ExitCode:
    """Play a small seeded recording with planted sets through the dry run, at full speed."""
    file = _built_in_config()
    gates = admitted_gates(start, mode, file)
    where = runs_dir or Path(file.settings.run.data_dir)
    lines = _fault_lines(faults, gates)
    with demo_recording(duration_ms=duration_ms or _DEMO_MS) as recording:
        plan = replace(_replay_plan(file, gates, recording, where), faults=lines)
        return _play(start, plan, recording, pace=Pace.MAX, duration_ms=0, is_json=as_json)


@click.command("replay", cls=Verb)
@click.argument("path", type=click.Path(path_type=Path))
@options.optional_config_file
@options.out_dir
@options.runs_dir
@options.speed
@options.as_json
@process
def replay_verb(
    start: Process,
    path: Path,
    *,
    config: Path | None,
    out_dir: Path | None,
    runs_dir: Path | None,
    pace: Pace,
    as_json: bool,
) -> ExitCode:
    """Play a run, a capture or a predecessor's run again: the same input gives the same bytes.

    Settings come from --config, else from the run that is played, else from config.toml.
    """
    with recording_at(path, until_stopped(start)) as recording:
        own = recording.config if config is None else None
        file = own or read_config(config or _DEFAULT_CONFIG)
        gates = admitted_gates(start, "dry_run", file)
        where = runs_dir or Path(file.settings.run.data_dir)
        plan = _replay_plan(file, gates, recording, where, out_dir=out_dir)
        return _play(
            start, plan, recording, pace=pace, duration_ms=0, is_json=as_json, is_operated=False
        )


@click.command("record", cls=Verb)
@options.config_file
@options.record_dir
@options.duration
@options.as_json
@process
def record_verb(
    start: Process, config: Path, *, out_dir: Path, duration_ms: int, as_json: bool
) -> ExitCode:
    """Record the venue alone, read-only: a run directory with journal and tables, no report."""
    file = read_config(config)
    gates = admitted_gates(start, "dry_run", file)
    plan = _live_plan(file, gates, out_dir, ResumePolicy.AUTO)
    return _record(start, plan, duration_ms=duration_ms, is_reported=False, is_json=as_json)


def _play(
    start: Process,
    plan: RunPlan,
    recording: Recording,
    *,
    pace: Pace,
    duration_ms: int,
    is_json: bool,
    is_operated: bool = True,
) -> ExitCode:
    """Play a recording into a new run, at the pace asked for, and tell what came of it.

    A replay of a run is not operated: its orders are a story that is told again.
    """
    total = recording.source.progress()[1] or None
    with opened(start, plan) as run:
        operators = operated(start, plan, run) if is_operated else nullcontext(Mailbox())
        with operators as mail, start.console.progress("playing", total=total) as bar:
            ports = PlayPorts(
                session=PlayedSession(run.session, recording.source),
                source=recording.source,
                wait=served_wait(mail, start.stop.wait),
                monotonic_ns=start.monotonic_ns,
                tick=bar.move_to,
            )
            played = play(ports, pace=pace, duration_ms=duration_ms)
        cause = start.stop.cause or played.end.value
        stopped = run.finish(start, cause=cause)
        written = write_report(run.directory.path, report_of_run(run.directory.path))
        outcome = _Outcome(
            run=run,
            cause=cause,
            records=played.records,
            signals=played.signals,
            span_ns=played.last_ns - played.first_ns,
            stopped=stopped,
            written=written,
        )
    _tell(start, outcome, is_json=is_json)
    return ExitCode.DONE if stopped is None else ExitCode.HARD_STOP


def _record(
    start: Process,
    plan: RunPlan,
    *,
    duration_ms: int,
    is_reported: bool,
    is_json: bool,
    settings: Settings | None = None,
) -> ExitCode:
    """Record a live venue until a stop or the duration, and tell what came of it.

    ``settings`` say where the venue is when the file does not.
    """
    from razor.app.live import LiveJob, record_live  # noqa: PLC0415 - only live verbs load sockets

    with opened(start, plan) as run:
        start.console.notice(f"recording into {run.directory.path}; Ctrl-C ends it in order")
        live = LiveSession(run.session)
        before = run.session.durable_seq
        switches = read_switches(start.environment)
        with operated(start, plan, run) as mail:
            job = LiveJob(
                settings=settings or plan.config.settings,
                session=live,
                mailbox=mail,
                duration_ms=duration_ms,
                http_429_every=switches.http_429_every if plan.is_simulated else 0,
            )
            summary = record_live(start, job)
        cause = start.stop.cause or summary.end.value
        records = run.session.durable_seq - before
        stopped = run.finish(start, cause=cause)
        path = run.directory.path
        written = write_report(path, report_of_run(path)) if is_reported else None
        outcome = _Outcome(
            run=run,
            cause=cause,
            records=records,
            signals=live.signals,
            span_ns=summary.to_ns - summary.from_ns,
            stopped=stopped,
            written=written,
        )
    _tell(start, outcome, is_json=is_json)
    return ExitCode.DONE if stopped is None else ExitCode.HARD_STOP


def _fault_lines(path: Path | None, gates: GateVector) -> tuple[FaultLine, ...]:
    """Read the fault plan of a start; faults are for the simulated venue alone."""
    if path is None:
        return ()
    if gates.order_path is not OrderPath.SIM:
        problem = Problem(
            key="--faults",
            found=f"a fault plan in mode {gates.choice.mode.value}",
            allowed="a fault plan where orders go to the simulated venue",
            remedy="start with --mode live and live.enabled = false",
        )
        raise SettingsError(source="command line", problems=[problem])
    return fault_plan_at(path)


def _replay_plan(
    file: ConfigFile,
    gates: GateVector,
    recording: Recording,
    runs_dir: Path,
    *,
    out_dir: Path | None = None,
) -> RunPlan:
    """Plan a run whose input is a recording: its label and rules are those of the source."""
    return RunPlan(
        config=file,
        gates=gates,
        source=Source(kind=recording.kind, name=recording.name),
        runs_dir=runs_dir,
        out_dir=out_dir,
        label=recording.label,
        rules=recording.rules,
        inputs=recording.inputs,
        seeds=recording.seeds,
        markers=recording.markers,
        told_orders=recording.orders,
    )


def _live_plan(
    file: ConfigFile, gates: GateVector, runs_dir: Path, resume: ResumePolicy
) -> RunPlan:
    """Plan a run on the live venue; settings that select nothing are refused here."""
    require_markets(file)
    return RunPlan(
        config=file,
        gates=gates,
        source=Source(kind=_LIVE, is_live=True),
        runs_dir=runs_dir,
        resume=resume,
    )


def _local_plan(file: ConfigFile, gates: GateVector, runs_dir: Path) -> RunPlan:
    """Plan a run on the local exchange; it is never resumed, for that venue forgets everything."""
    return RunPlan(
        config=file,
        gates=gates,
        source=Source(kind=LOCAL, is_live=True),
        runs_dir=runs_dir,
        resume=ResumePolicy.NEVER,
        markers=(LOCAL_MARKER,),
    )


def _tell(start: Process, outcome: _Outcome, *, is_json: bool) -> None:
    """Tell a person: the report first, then what happened, where it is, and why trading stopped."""
    run, written = outcome.run, outcome.written
    if is_json:
        start.console.json(_facts(outcome))
        return
    if written is not None:
        start.console.block(written.rendered.terminal)
    span_s = outcome.span_ns / _NS_PER_S
    start.console.fact(
        f"{outcome.cause}: {outcome.records:,} records over {span_s:,.1f} s, "
        f"{outcome.signals:,} signals"
    )
    if outcome.stopped is not None:
        start.console.fact(
            f"HARDSTOP {outcome.stopped}: nothing was sent after it; see trade_log.csv"
        )
    start.console.fact(f"run {run.directory.path}" + (f", {run.notice}" if run.notice else ""))
    if written is not None:
        start.console.fact(f"report {written.html}")


def _facts(outcome: _Outcome) -> dict[str, JsonValue]:
    """Give the same to a program."""
    run, written = outcome.run, outcome.written
    facts: dict[str, JsonValue] = {
        "run_dir": str(run.directory.path),
        "run_id": run.label,
        "cause": outcome.cause,
        "records": outcome.records,
        "signals": outcome.signals,
        "span_ns": outcome.span_ns,
        "notice": run.notice,
        "hard_stop": outcome.stopped,
    }
    if written is not None:
        numbers = written.rendered.report.numbers
        facts["report"] = str(written.html)
        facts["go"] = numbers.day14.verdict.go
        facts["evidence_sufficient"] = numbers.evidence.is_sufficient
    return facts


def _built_in_config() -> ConfigFile:
    """Give the settings of the demo, which needs no file."""
    text = default_file()
    settings = read_settings(text, source="the built-in defaults")
    return ConfigFile(path=_DEFAULT_CONFIG, raw=text.encode(), settings=settings)


def _unknown_source(source: str) -> SettingsError:
    """Say which sources there are."""
    problem = Problem(
        key="--source",
        found=repr(source),
        allowed=f"{_LIVE}, {LOCAL}, {LOCAL}:PORT or {_REPLAY}PATH",
        remedy="give one of them",
    )
    return SettingsError(source="command line", problems=[problem])
