"""The manifest of a run: who computed what, from what, under which rules.

Owns: :class:`Manifest`, its JSON form, and :func:`decide_start` (resume the directory of an
unclean end, or open a new one). Must never: hold key material or anything a replay's tables
depend on — host, paths and wall time stand here and nowhere else.

A run has ended cleanly when ``end`` is set. A manifest without it belongs to a run that is
running or was killed; the lock in its directory tells which.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import TypeAlias

import msgspec

from razor.domain.errors import DecodeError
from razor.domain.fault_plan import FaultLine
from razor.domain.mode import GateVector, Mode, OrderPath
from razor.domain.switches import SimSwitches

__all__ = [
    "MANIFEST_VERSION",
    "FreshStart",
    "Host",
    "Identity",
    "InputHash",
    "Manifest",
    "ResumePolicy",
    "ResumedStart",
    "RunEnd",
    "Session",
    "Source",
    "Start",
    "decide_start",
    "decode_manifest",
    "encode_manifest",
    "ended",
    "resumed",
]

# Raised when a reader of the old form would misunderstand the new one.
MANIFEST_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where the input came from: ``polymarket``, ``sandbox``, ``replay`` or ``demo``.

    ``name`` is the replayed run id or the first 12 hexadecimal digits of the capture's SHA-256,
    empty for a live source. ``is_live`` sources can be resumed; the others are played again.
    """

    kind: str
    name: str = ""
    is_live: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class InputHash:
    """One input file: its name, size in bytes and SHA-256 in hexadecimal."""

    name: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """The machine; ``python`` and ``os`` as their own words."""

    name: str
    os: str
    arch: str
    python: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One process that wrote into the run; ``started_ns`` is wall time, ns since 1970."""

    started_ns: int
    pid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RunEnd:
    """A clean end: wall time in ns, the cause in one word, and the exit code."""

    ended_ns: int
    cause: str
    exit_code: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What must be equal for two processes to write into one run (D-12)."""

    settings_hash: str
    build: str
    mode: Mode
    order_path: OrderPath
    source_kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """Everything a reader needs to know about a run besides its records.

    ``seeds`` maps the name of a random stream to its seed; ``schema_versions`` the name of a
    format (``journal``, ``shadow_log`` …) to its version; ``markers`` hold remarks that every
    reader must repeat (for example simulated depth). ``faults`` is the fault plan of a simulated
    run, ``injected`` how often each code of it really struck. ``continues`` is the run id whose
    verified end this run starts from.
    """

    manifest_version: int
    run_id: str
    razor_version: str
    commit: str
    build: str
    settings_hash: str
    config_path: str
    source: Source
    gates: GateVector
    sim_switches: SimSwitches
    seeds: dict[str, int]
    schema_versions: dict[str, str]
    inputs: tuple[InputHash, ...]
    host: Host
    sessions: tuple[Session, ...]
    markers: tuple[str, ...] = ()
    continues: str | None = None
    end: RunEnd | None = None
    faults: tuple[FaultLine, ...] = ()
    injected: dict[str, int] = field(default_factory=dict[str, int])

    @property
    def identity(self) -> Identity:
        """What a process must share with this run to resume it."""
        return Identity(
            settings_hash=self.settings_hash,
            build=self.build,
            mode=self.gates.choice.mode,
            order_path=self.gates.order_path,
            source_kind=self.source.kind,
        )


class ResumePolicy(Enum):
    """What a start does about the run before it."""

    AUTO = "auto"
    NEVER = "never"


@dataclass(frozen=True, slots=True, kw_only=True)
class FreshStart:
    """Open a new run; ``continues`` is the run before it, ``reason`` says why not resumed."""

    continues: str | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumedStart:
    """Go on in the directory of ``run_id``, in a new journal segment."""

    run_id: str


Start: TypeAlias = FreshStart | ResumedStart


def decide_start(policy: ResumePolicy, previous: Manifest | None, wanted: Identity) -> Start:
    """Resume an uncleanly ended run of the same identity, else open a new one that names it.

    ``previous`` is the last run of the same live source that no process holds, if any.
    """
    if previous is None:
        return FreshStart(continues=None, reason="no earlier run of this source")
    if policy is ResumePolicy.NEVER:
        return FreshStart(continues=previous.run_id, reason="asked for by --resume never")
    if previous.end is not None:
        return FreshStart(continues=previous.run_id, reason="the run before ended cleanly")
    found = previous.identity
    different = [
        name for name in Identity.__slots__ if getattr(found, name) != getattr(wanted, name)
    ]
    if different:
        reason = f"the run before ended uncleanly under another {', '.join(different)}"
        return FreshStart(continues=previous.run_id, reason=reason)
    return ResumedStart(run_id=previous.run_id)


def resumed(manifest: Manifest, session: Session) -> Manifest:
    """Add the process that goes on with an uncleanly ended run."""
    return replace(manifest, sessions=(*manifest.sessions, session), end=None)


def ended(
    manifest: Manifest, end: RunEnd, *, injected: Mapping[str, int] | None = None
) -> Manifest:
    """Mark a clean end; ``injected`` counts the faults that really struck, by code."""
    return replace(manifest, end=end, injected=dict(injected or {}))


def encode_manifest(manifest: Manifest) -> bytes:
    """Give the manifest as JSON with two blanks per level and a final newline."""
    return msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n"


def decode_manifest(raw: bytes, *, source: str) -> Manifest:
    """Read a manifest; fields of later versions that this one does not know are ignored.

    Errors: :class:`DecodeError` for anything that is not a manifest of a known version.
    """
    try:
        # The version first: a later form may have any other shape.
        version = msgspec.json.decode(raw, type=_Versioned).manifest_version
        if version <= MANIFEST_VERSION:
            return msgspec.json.decode(raw, type=Manifest)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        message = f"{source} is not a manifest: {error}"
        raise DecodeError(message, source=source, remedy="restore the file") from None
    message = f"{source} has manifest version {version}"
    remedy = f"use a newer razor; this one reads up to {MANIFEST_VERSION}"
    raise DecodeError(message, source=source, remedy=remedy)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Versioned:
    """What every form of a manifest has."""

    manifest_version: int
