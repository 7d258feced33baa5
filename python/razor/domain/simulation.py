"""What a simulation found.

Owns: :class:`Simulation`, decoded from the core's JSON. Must never: decide whether a violation
matters; there is none that does not.
"""

from dataclasses import dataclass

import msgspec

__all__ = ["CheckedProperty", "Failure", "Simulation", "decode_simulation"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedProperty:
    """One property by its id, how often it was checked and how often it did not hold."""

    id: str
    meaning: str
    checks: int
    violations: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """The first violation of a session: its seed, the input of the desk, and a minimal plan."""

    id: str
    seed: int
    event: int
    message: str
    plan: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulation:
    """Counts over all sessions; ``digest`` is one number over everything they put out.

    ``stops`` counts sessions by the guard that had stopped trading at their end.
    """

    from_seed: int
    sessions: int
    faulty: int
    signals: int
    orders: int
    inputs: int
    digest: str
    failed: int
    properties: tuple[CheckedProperty, ...]
    stops: dict[str, int]
    failures: tuple[Failure, ...]


def decode_simulation(text: str) -> Simulation:
    """Read the core's answer."""
    return msgspec.json.decode(text, type=Simulation)
