"""The sidecar of a capture, as far as its markets and sets are listed.

Owns: :func:`read_listing`. Must never: believe a sidecar of another schema, or read the capture
itself; a capture without a sidecar can be played but not listed.
"""

import errno
import os
from dataclasses import dataclass
from pathlib import Path

import msgspec

from razor.adapters.files.disk import read_bounded
from razor.domain.errors import DecodeError, StorageError

__all__ = ["ListedMarket", "ListedSet", "Listing", "manifest_path", "read_listing"]

_SCHEMA = "razor-capture-1"
# 71 M rows of 30,000 markets have a sidecar of about 20 MB.
_MOST_BYTES = 1_073_741_824


@dataclass(frozen=True, slots=True, kw_only=True)
class TakerFees:
    """Rate as decimal text and exponent of the venue's formula."""

    rate: str
    exponent: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedMarket:
    """One market; numbers are decimal text, texts come from outside. ``end_ms`` 0 = unknown."""

    condition_id: str
    token_ids: tuple[str, str]
    outcomes: tuple[str, ...]
    label: str
    tick_size: str
    min_order_size: str
    neg_risk: bool
    fees: TakerFees | str | None
    end_ms: int
    event_id: str
    group_id: str
    seconds_delay: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedSet:
    """One set; ``kind`` and ``settlement`` are the capture's words."""

    key: str
    kind: str
    legs: tuple[str, ...]
    settlement: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """Markets and sets in order of definition."""

    schema: str
    markets: tuple[ListedMarket, ...]
    sets: tuple[ListedSet, ...]


def manifest_path(capture: Path) -> Path:
    """The sidecar's path: ``X.jsonl.zst`` and ``X.jsonl`` have ``X.manifest.json``."""
    stem = capture.name.removesuffix(".zst").removesuffix(".jsonl")
    return capture.with_name(f"{stem}.manifest.json")


def read_listing(capture: Path) -> Listing:
    """Read the sidecar of a capture.

    Errors: :class:`StorageError` when there is none, :class:`DecodeError` for another shape.
    """
    path = manifest_path(capture)
    try:
        content = read_bounded(path, most=_MOST_BYTES, follow=True)
    except OSError as error:
        cause = os.strerror(error.errno or errno.EIO)
        raise StorageError(
            f"cannot read the capture's manifest: {path}: {cause}",
            path=path,
            cause=cause,
            remedy="name a capture that has its manifest beside it",
        ) from None
    try:
        listing = msgspec.json.decode(content, type=Listing)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise DecodeError(
            f"{path} is no manifest of a capture: {error}", source=str(path)
        ) from None
    if listing.schema != _SCHEMA:
        raise DecodeError(f"{path} has another schema than {_SCHEMA}", source=str(path))
    return listing
