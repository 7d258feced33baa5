"""The compiled core of razor: exact units and the exception tree.

Numbers: a `float` argument is read by its shortest text (the digits `repr` shows), an `int` or
`Decimal` as it stands; everything is computed exactly and given back in the form of the argument,
`Decimal` for `Decimal`, else the nearest double. `bool` is refused with `TypeError`.
"""

from decimal import Decimal
from typing import Final, Literal, final, overload

__all__ = [
    "BUILD_PROFILE",
    "Bps",
    "Corrupt",
    "DecodeError",
    "Gap",
    "JournalError",
    "OrderRefused",
    "RazorError",
    "Rejected",
    "RiskRefused",
    "SettingsError",
    "Throttled",
    "UnitsError",
    "Unreachable",
    "VenueError",
    "__version__",
]

__version__: Final[str]
"""Version of the compiled core, the same as that of the package."""

BUILD_PROFILE: Final[Literal["release", "debug"]]
"""How the core was compiled. Importing a debug build warns, since it is several times slower."""

class RazorError(Exception):
    """Root of every error that razor raises on purpose."""

class UnitsError(RazorError, ValueError):
    """A number was refused by a unit.

    `reason` says which rule refused it; the other attributes hold the facts of the reasons named
    beside them and are None for every other reason.
    """

    reason: Literal[
        "not_decimal",
        "too_fine",
        "overflow",
        "negative",
        "above_one",
        "off_grid",
        "unknown_tick",
        "empty_range",
    ]
    scale: int | None
    """`too_fine`: decimals the unit holds."""
    micros: int | None
    """`off_grid`: the price, `unknown_tick`: the tick size; micro-dollars."""
    tick_micros: int | None
    """`off_grid`: the market's tick size, micro-dollars."""
    min: int | None
    """`empty_range`: lower bound, basis points."""
    max: int | None
    """`empty_range`: upper bound, basis points."""

class SettingsError(RazorError):
    """A setting is unknown, has the wrong type or lies outside its range."""

class DecodeError(RazorError):
    """Bytes from outside are not what their format says."""

class JournalError(RazorError):
    """A journal cannot be read or written as it stands."""

class Corrupt(JournalError):
    """Bytes of a journal fail their checksum, their hash chain or their format."""

class Gap(JournalError):
    """Sequence numbers of a journal do not follow one another."""

class OrderRefused(RazorError):
    """The order machine does not take this event or request in its present state."""

class RiskRefused(RazorError):
    """A risk limit forbids the action."""

class VenueError(RazorError):
    """The venue did not do what was asked."""

class Rejected(VenueError):
    """The venue answered and said no; asking again unchanged is pointless."""

class Throttled(VenueError):
    """The venue asked for fewer requests; wait before the next one."""

class Unreachable(VenueError):
    """No answer from the venue; whether it acted is unknown."""

@final
class Bps:
    """Whole basis points (one is 1/10000), signed 32 bits; an immutable, ordered, hashable value.

    The unit of rates, edges, thresholds and budgets, with the frozen behaviour of schema 1.3.2a.
    What gates or costs is rounded up (`ceil`, `cost`), what is shown or received is rounded down
    (`floor`, `proceeds`); both forgive 1e-9 of a basis point. Prints as `<raw>bps`. Every method
    is O(1) and raises only what it names, or `TypeError` for an argument of another type.
    """

    ZERO: Final[Bps]
    """No basis points."""
    ONE_HUNDRED_PERCENT: Final[Bps]
    """One whole, 10000."""
    FEE_POLY: Final[Bps]
    """The frozen taker fee of a buy, 200; not the venue's fee."""
    FEE_MERGE: Final[Bps]
    """The frozen fee of a merge, 10; the venue takes none."""
    BASIS: Final[float]
    """Basis points in one whole, as a float: 10000.0."""

    def __new__(cls, raw: int) -> Bps:
        """Make a count of basis points.

        Raises UnitsError (`overflow`) outside signed 32 bits.
        """

    @property
    def raw(self) -> int:
        """The count."""

    def to_float(self) -> float:
        """The double nearest to `raw / 10000`."""

    @staticmethod
    def from_ratio_floor(ratio: float | Decimal) -> Bps:
        """Round `ratio · 10000` down: for what is shown or received.

        Raises UnitsError: `not_decimal` for NaN or an infinity, `negative`, `overflow`.
        """

    @staticmethod
    def from_ratio_ceil(ratio: float | Decimal) -> Bps:
        """Round `ratio · 10000` up: for what gates or costs.

        Raises UnitsError: `not_decimal` for NaN or an infinity, `negative`, `overflow`.
        """

    @staticmethod
    def from_proceeds_ratio(ratio: float | Decimal) -> Bps:
        """The same as `from_ratio_floor`."""

    @staticmethod
    def from_cost_ratio(ratio: float | Decimal) -> Bps:
        """The same as `from_ratio_ceil`."""

    @staticmethod
    def from_prob(prob: float | Decimal) -> Bps:
        """Round a probability, 0 to 1, down.

        Raises UnitsError as `from_ratio_floor`, and `above_one`.
        """

    @staticmethod
    def from_price(price: float | Decimal) -> Bps:
        """Round a price in dollars down; it may exceed 1.

        Raises UnitsError as `from_ratio_floor`.
        """

    @staticmethod
    def from_price_cost(price: float | Decimal) -> Bps:
        """Round a price to pay up; NaN, an infinity or a negative price count as 10000.

        Raises UnitsError: `overflow`.
        """

    @staticmethod
    def from_price_proceeds(price: float | Decimal) -> Bps:
        """Round a price to receive down; NaN, an infinity or a negative price count as 0.

        Raises UnitsError: `overflow`.
        """

    @overload
    def apply_cost(self, price: float) -> float:
        """`price · (1 + raw/10000)`, exact; NaN stays NaN, an infinity behaves as among doubles.

        Raises UnitsError: `overflow` for a Decimal of more than about 34 digits.
        """

    @overload
    def apply_cost(self, price: Decimal) -> Decimal: ...
    @overload
    def apply_proceeds(self, price: float) -> float:
        """`price · (1 - raw/10000)`, exact; NaN stays NaN, an infinity behaves as among doubles.

        Raises UnitsError: `overflow` for a Decimal of more than about 34 digits.
        """

    @overload
    def apply_proceeds(self, price: Decimal) -> Decimal: ...
    def clamp(self, min: Bps, max: Bps) -> Bps:
        """Move the value into `min` to `max`.

        Raises UnitsError: `empty_range` when `min` is above `max`.
        """

    def __add__(self, other: Bps, /) -> Bps:
        """Sum. Raises UnitsError: `overflow`."""

    def __sub__(self, other: Bps, /) -> Bps:
        """Difference. Raises UnitsError: `overflow`."""

    # The compiled slots answer reflected calls as well; a Bps mixes with nothing but a Bps.
    def __radd__(self, other: Bps, /) -> Bps: ...
    def __rsub__(self, other: Bps, /) -> Bps: ...
    def __lt__(self, other: Bps, /) -> bool: ...
    def __le__(self, other: Bps, /) -> bool: ...
    def __gt__(self, other: Bps, /) -> bool: ...
    def __ge__(self, other: Bps, /) -> bool: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...
    def __getnewargs__(self) -> tuple[int]: ...
