"""What order attempts say about the fill shares, as typed, frozen values.

Owns: the shape of the core's answer (:class:`Calibration`, keys in ``docs/FILES.md``), the settings
it speaks about (:class:`Current`) and their names. Must never: compute a share; shares are exact
decimal *text* here, as the core wrote them.

Invariants:

- a percentile is there exactly when its status is ``ok``;
- keys that a newer core adds are ignored, keys it lacks are an error.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Literal, TypeAlias

import msgspec

from razor.domain.errors import DecodeError
from razor.domain.settings import Settings

__all__ = [
    "BUCKETS",
    "BucketFacts",
    "BucketName",
    "Calibration",
    "Current",
    "Figures",
    "Measured",
    "RunFacts",
    "decode_calibration",
    "setting_of",
]

ShareText: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"^[01](\.[0-9]+)?\Z")]
BucketName: TypeAlias = Literal["liquid", "thin"]
BUCKETS: tuple[BucketName, ...] = ("liquid", "thin")


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """One list of samples: how many, the 25th percentile, its 95 % interval, counts per tenth.

    ``low`` and ``high`` are ``None`` without samples; where no rank of the samples is sure enough
    they are 0 and 1, the bounds of any share.
    """

    samples: int
    status: Literal["ok", "insufficient_samples"]
    p25: ShareText | None
    low: ShareText | None
    high: ShareText | None
    histogram: tuple[int, int, int, int, int, int, int, int, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """Filled as a share of the request (the frozen sample), and of the market's volume."""

    req: Figures
    mkt: Figures


@dataclass(frozen=True, slots=True, kw_only=True)
class BucketFacts:
    """All attempts, those without sales of leftovers, and those sales apart."""

    frozen: Measured
    clean: Measured
    flatten: Measured

    def sets(self) -> Iterator[tuple[str, Measured]]:
        """The three sets by name."""
        yield "frozen", self.frozen
        yield "clean", self.clean
        yield "flatten", self.flatten


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFacts:
    """One table: whose rows they are, how many, how many of them gave no sample, and when."""

    file: str
    run_id: str | None
    mode: Literal["SIM", "LIVE"] | None
    rows: int
    rejected: int
    first_ts_ms: int | None
    last_ts_ms: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """Everything a suggestion is made from; ``mode`` is ``None`` while no table has a row."""

    mode: Literal["SIM", "LIVE"] | None
    min_samples: int
    rows: int
    rejected: int
    runs: tuple[RunFacts, ...]
    liquid: BucketFacts
    thin: BucketFacts

    def bucket(self, name: BucketName) -> BucketFacts:
        """The facts of a bucket."""
        return self.liquid if name == "liquid" else self.thin

    def suggested(self, name: BucketName) -> str | None:
        """The suggested share of a bucket: the frozen percentile, ``None`` from too few samples."""
        return self.bucket(name).frozen.req.p25

    @property
    def is_simulated(self) -> bool:
        """Whether the fills are those of a model."""
        return self.mode == "SIM"

    @property
    def has_suggestion(self) -> bool:
        """Whether any bucket has enough samples."""
        return any(self.suggested(name) is not None for name in BUCKETS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Current:
    """The shares in force, and the settings file that says so."""

    source: str
    liquid: Decimal
    thin: Decimal

    @classmethod
    def of(cls, settings: Settings, *, source: str) -> "Current":
        """Take them from settings."""
        buckets = settings.buckets
        return cls(
            source=source, liquid=buckets.fill_share_liquid_p25, thin=buckets.fill_share_thin_p25
        )

    def share(self, name: BucketName) -> Decimal:
        """The share of a bucket."""
        return self.liquid if name == "liquid" else self.thin


def setting_of(name: BucketName) -> str:
    """Give the key of a bucket's share in the section ``[buckets]``."""
    return f"fill_share_{name}_p25"


def decode_calibration(text: str | bytes) -> Calibration:
    """Read the core's JSON.

    Errors: :class:`DecodeError` names the key that does not fit.
    """
    try:
        return msgspec.json.decode(text, type=Calibration)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        source = "the calibration"
        raise DecodeError(f"{source} cannot be read: {error}", source=source) from None
