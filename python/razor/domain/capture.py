"""What an import says about the capture it wrote.

Owns: :class:`CaptureSummary`, the part of a capture's manifest that a person reads; the lists that
grow with the markets are counted, not kept.
"""

from dataclasses import dataclass

import msgspec

__all__ = ["CaptureSummary", "decode_summary"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptureSummary:
    """Lines, bytes of text before compression, numbers of markets and sets, flags, defects."""

    lines: int
    text_bytes: int
    markets: int
    sets: int
    gaps: int
    flags: tuple[str, ...]
    defects: dict[str, int]
    text_sha256: str


class _Counts(msgspec.Struct):
    lines: int
    text_bytes: int


class _Manifest(msgspec.Struct):
    counts: _Counts
    markets: list[msgspec.Raw]
    sets: list[msgspec.Raw]
    gaps: list[msgspec.Raw]
    flags: tuple[str, ...]
    defects: dict[str, int]
    text_sha256: str


def decode_summary(manifest: str) -> CaptureSummary:
    """Read the core's manifest text."""
    found = msgspec.json.decode(manifest, type=_Manifest)
    return CaptureSummary(
        lines=found.counts.lines,
        text_bytes=found.counts.text_bytes,
        markets=len(found.markets),
        sets=len(found.sets),
        gaps=len(found.gaps),
        flags=found.flags,
        defects=found.defects,
        text_sha256=found.text_sha256,
    )
