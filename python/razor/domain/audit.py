"""What an audit of a run found.

Owns: :class:`AuditVerdict`, decoded from the core's JSON, and its own JSON form. Must never: decide
whether a difference matters; there is none that does not.
"""

from dataclasses import dataclass

import msgspec

__all__ = ["AuditVerdict", "Difference", "decode_audit"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """First line of a table that is not what the journal says; ``line`` counts from 1.

    ``found`` is ``None`` where the table ends too early, ``expected`` where it goes on too long.
    """

    table: str
    line: int
    found: str | None
    expected: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditVerdict:
    """The journal's own state, and what differs from it.

    ``tail`` is closed, open, torn or empty; ``evidence`` the torn tails kept in their segments;
    ``head`` the SHA-256 of the last block in hexadecimal.
    """

    records: int
    segments: int
    tail: str
    evidence: tuple[str, ...]
    head: str
    differences: tuple[Difference, ...]


def decode_audit(text: str) -> AuditVerdict:
    """Read the core's answer."""
    return msgspec.json.decode(text, type=AuditVerdict)
