"""A control API over a real session, in a directory of its own."""

import socket
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from razor import _core
from razor.adapters.control.client import ControlClient
from razor.adapters.control.gate import ControlLimits, Gate
from razor.adapters.control.mailbox import Mailbox
from razor.adapters.control.place import socket_directory, socket_path
from razor.adapters.control.server import serving
from razor.adapters.files.session import OperatedSession
from razor.application.operate import Operate, OperatePorts
from razor.domain.control import CONTROL_VERSION, ControlFile, RunFacts, Standing
from razor.domain.mode import OrderPath
from razor.domain.params import Rules, params_record
from razor.domain.settings import read_settings

PATIENCE_S = 10.0
FACTS = RunFacts(
    run_id="run_t", mode="live", order_path="sim", source="demo", pid=4_711, started_ns=5
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A served session; its mailbox is served by a thread of its own, which made the session."""

    path: Path
    gate: Gate

    @property
    def control(self) -> ControlFile:
        return ControlFile(
            version=CONTROL_VERSION, run_id=FACTS.run_id, pid=FACTS.pid, socket=str(self.path)
        )

    @property
    def client(self) -> ControlClient:
        return ControlClient(self.control)

    def send(self, raw: bytes) -> bytes:
        """Send bytes as they are and give everything that comes back until the end."""
        with socket.socket(socket.AF_UNIX) as wire:
            wire.settimeout(PATIENCE_S)
            wire.connect(str(self.path))
            with suppress(BrokenPipeError):
                wire.sendall(raw)
            return taken(wire)


def taken(wire: socket.socket) -> bytes:
    """Everything that comes until the other side ends the connection."""
    parts: list[bytes] = []
    try:
        while part := wire.recv(65_536):
            parts.append(part)
    except ConnectionResetError:
        pass
    return b"".join(parts)


def session_at(run_dir: Path, *, orders: OrderPath) -> _core.Session:
    """A session of a new run without a venue: records of orders are those it is given."""
    settings = read_settings("", source="test")
    return _core.Session.open(
        run_dir,
        run_id="run_t",
        build_id="b",
        settings_sha256=bytes(32),
        params=params_record("run_t", settings, rules=Rules.VENUE, orders=orders),
        is_live=False,
        now_ns=1,
    )


class Held:
    """A session that can be let go of, since it must die in the thread that made it."""

    def __init__(self, session: _core.Session) -> None:
        self._run: OperatedSession | None = OperatedSession(session, wall_ns=None)

    def command(self, payload: bytes) -> None:
        assert self._run is not None
        self._run.command(payload)

    def standing(self) -> Standing:
        assert self._run is not None
        return self._run.standing()

    def clock_ns(self) -> int:
        assert self._run is not None
        return self._run.clock_ns()

    def let_go(self) -> None:
        self._run = None


def operate_on(session: _core.Session, gate: Gate) -> Operate:
    return operate_with(Held(session), gate)


def operate_with(held: Held, gate: Gate) -> Operate:
    ports = OperatePorts(
        run=held,
        wall_ns=lambda: 9,
        monotonic_ns=lambda: 3_000_000,
        disk_free_bytes=lambda: 1 << 30,
        denied=lambda: gate.denied,
    )
    return Operate(ports, FACTS)


@contextmanager
def served(
    place: Path,
    *,
    orders: OrderPath = OrderPath.SIM,
    limits: ControlLimits | None = None,
    is_answering: bool = True,
) -> Generator[Served]:
    """Serve a session; without ``is_answering`` its owner never looks into the mailbox."""
    run_dir = place / "run"
    run_dir.mkdir()
    gate, mailbox, over = Gate(limits or ControlLimits()), Mailbox(), threading.Event()
    made: list[Operate] = []
    ready = threading.Event()

    def own() -> None:
        session = session_at(run_dir, orders=orders)
        held = Held(session)
        made.append(operate_with(held, gate))
        asked = threading.Event()
        mailbox.on_question(asked.set)
        ready.set()
        while not over.is_set():
            asked.wait(0.05)
            asked.clear()
            if is_answering:
                mailbox.serve()
        session.abandon()
        # A refusal keeps the frames it came through, and with them what they hold.
        held.let_go()
        del session

    owner = threading.Thread(target=own)
    owner.start()
    try:
        assert ready.wait(PATIENCE_S)
        path = socket_path(socket_directory({"XDG_RUNTIME_DIR": str(place)}), pid=4_711)
        with serving(made[0], mailbox, path, gate=gate):
            yield Served(path=path, gate=gate)
    finally:
        over.set()
        owner.join(PATIENCE_S)


def until(happened: Callable[[], object]) -> None:
    """Wait for what another thread brings about."""
    tick = threading.Event()
    for _ in range(int(PATIENCE_S / 0.01)):
        if happened():
            return
        tick.wait(0.01)
    raise AssertionError("it did not happen")
