"""``razor sandbox``: a local exchange that speaks the venue's protocol."""

from pathlib import Path

import click

from razor.adapters.files.disk import storage
from razor.adapters.sandbox.fault_codes import CODES
from razor.adapters.sandbox.fault_plan import WIRE_KINDS
from razor.adapters.sandbox.status import hints
from razor.adapters.sandbox.world import WorldPlan, read_world, write_world
from razor.app.cli import options
from razor.app.cli.verb import VerbGroup, process
from razor.app.sandbox import RELAYER_KEY, Sandbox, SandboxPlan, serve
from razor.app.wiring import Process
from razor.domain.errors import JsonValue
from razor.domain.local_venue import FIRST_PORT

__all__ = ["sandbox_verbs"]

_PORT_MOST = 65_000
_SPEEDS = {"1x": 1, "10x": 10, "100x": 100, "1000x": 1_000, "max": 0}


@click.group("sandbox", cls=VerbGroup)
def sandbox_verbs() -> None:
    """A local exchange with made-up money that clients of the venue work against unmodified."""


@sandbox_verbs.command("serve")
@click.option(
    "--port",
    type=click.IntRange(0, _PORT_MOST),
    default=FIRST_PORT,
    show_default=True,
    metavar="N",
    help="Port of the CLOB on this machine; the other services follow it. 0 takes free ones.",
)
@click.option(
    "--seed",
    type=click.IntRange(0, 2**63 - 1),
    default=1,
    show_default=True,
    metavar="S",
    help="Everything that is random follows from it.",
)
@click.option(
    "--unlimited", is_flag=True, help="No rate limits: for measuring and for test suites."
)
@click.option(
    "--world",
    "world",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="FILE",
    help="Markets and traders of this file; razor sandbox seed writes one.",
)
@click.option(
    "--quiet", "is_quiet", is_flag=True, help="Five markets in which nobody trades by himself."
)
@click.option(
    "--faults",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Plan of what goes wrong when, a TOML file; razor sandbox faults lists the codes.",
)
@click.option(
    "--truth",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Where to write what really arrived and what was sent, for checkers alone.",
)
@click.option(
    "--tape",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="CAPTURE",
    help="Play this capture as everybody else's orders, instead of the made-up markets.",
)
@click.option(
    "--speed",
    type=click.Choice(list(_SPEEDS)),
    default="1x",
    show_default=True,
    help="How fast the venue's time passes; max leaps from one event to the next.",
)
@options.as_json
@process
def serve_verb(
    start: Process,
    *,
    port: int,
    seed: int,
    unlimited: bool,
    world: Path | None,
    is_quiet: bool,
    faults: Path | None,
    truth: Path | None,
    tape: Path | None,
    speed: str,
    as_json: bool,
) -> None:
    """Serve until Ctrl-C. Listens on this machine alone; nothing is kept.

    Without --world, --tape and --quiet a small world of the seed is served.
    """
    if [is_quiet, world is not None, tape is not None].count(True) > 1:
        raise click.UsageError("--world, --tape and --quiet exclude each other")
    peopled = read_world(world) if world is not None else WorldPlan()
    plan = SandboxPlan(
        seed=seed,
        port=port,
        is_limited=not unlimited,
        world=None if is_quiet or tape is not None else peopled,
        faults=faults,
        truth=truth,
        speed=_SPEEDS[speed],
        tape=tape,
    )
    try:
        serve(start, plan, lambda sandbox: _say(start, sandbox, as_json=as_json))
    except OSError as taken:
        message = f"somebody else listens on a port from {port} on: {taken.strerror}"
        raise click.BadParameter(message, param_hint="--port") from taken
    except ValueError as odd:
        raise click.BadParameter(str(odd), param_hint="--tape") from odd


@sandbox_verbs.command("faults")
@options.as_json
@process
def faults_verb(start: Process, *, as_json: bool) -> None:
    """List every fault that a plan for serve --faults may name."""
    if as_json:
        for code, spec in CODES.items():
            kinds: JsonValue = list(spec.kinds)
            start.console.json_line({"code": code, "what": spec.what, "kinds": kinds})
        return
    start.console.table(
        ("code", "what happens", "kinds"),
        [(code, spec.what, ", ".join(spec.kinds)) for code, spec in CODES.items()],
        title="Faults of the local exchange",
    )
    start.console.table(("wire", "what happens"), list(WIRE_KINDS.items()), title="And of its wire")


@sandbox_verbs.command("seed")
@click.option("--seed", type=click.IntRange(0, 2**63 - 1), default=1, show_default=True)
@click.option("--binaries", type=click.IntRange(0, 20_000), default=4, show_default=True)
@click.option("--groups", type=click.IntRange(0, 20_000), default=4, show_default=True)
@click.option("--group-size", type=click.IntRange(2, 20), default=3, show_default=True)
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Where the world is written; on the terminal without it.",
)
@process
def seed_verb(
    start: Process, *, seed: int, binaries: int, groups: int, group_size: int, out: Path | None
) -> None:
    """Write the file of a world: so many plain markets and exclusive events, with traders.

    The same file gives the same markets, orders and planted sets each time it is served.
    """
    plan = WorldPlan(seed=seed, binaries=binaries, groups=groups, group_size=group_size)
    text = write_world(plan)
    if out is None:
        start.console.block(text.rstrip())
        return
    with storage(out, "write the world"):
        out.write_text(text, encoding="utf-8")
    start.console.fact(f"world {out}; serve it with razor sandbox serve --world {out}")


def _say(start: Process, sandbox: Sandbox, *, as_json: bool) -> None:
    urls = sandbox.urls()
    accounts: list[JsonValue] = [
        {
            "key": one.key,
            "address": one.address,
            "wallet": one.wallet,
            "signature_type": one.signature_type,
            "relayer_key": RELAYER_KEY,
        }
        for one in sandbox.residents
    ]
    if as_json:
        markers: list[JsonValue] = list(sandbox.markers)
        tape: dict[str, JsonValue] = {"tape": markers} if markers else {}
        start.console.json_line({**urls, "chain_id": 137, "accounts": accounts, **tape})
        return
    for marker in sandbox.markers:
        start.console.fact(marker)
    start.console.table(
        ("service", "address"), [(name, url) for name, url in urls.items()], title="Serving"
    )
    start.console.table(
        ("test key", "wallet", "signature type"),
        [(one.key, one.wallet, str(one.signature_type)) for one in sandbox.residents],
        title="Funded test accounts; their keys are public and worth nothing",
    )
    start.console.block(hints(urls, sandbox.residents))
