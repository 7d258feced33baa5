"""The compiled core of razor: exact units, runs being written, file jobs, the exception tree.

Numbers: a `float` argument is read by its shortest text (the digits `repr` shows), an `int` or
`Decimal` as it stands; everything is computed exactly and given back in the form of the argument,
`Decimal` for `Decimal`, else the nearest double. `bool` is refused with `TypeError`.
"""

from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Final, Literal, TypeAlias, final, overload

__all__ = [
    "BUILD_PROFILE",
    "ApiSecret",
    "BasketAction",
    "BasketAttempt",
    "BasketMachine",
    "BasketOrder",
    "BasketPosition",
    "BasketRow",
    "BasketRules",
    "BasketSample",
    "BookSnapshot",
    "Bps",
    "CallRefused",
    "Cancelled",
    "Corrupt",
    "DecodeError",
    "Exchange",
    "ExchangeOrder",
    "ExchangePrint",
    "ExchangeRefused",
    "FeedBench",
    "FeedFacts",
    "Gap",
    "JournalError",
    "MemoryBench",
    "OmsBench",
    "OrderEvent",
    "OrderMachine",
    "OrderRefused",
    "Prober",
    "ProxyRelay",
    "RazorError",
    "Recorded",
    "RecorderBench",
    "Rejected",
    "ReplayBench",
    "RiskCaps",
    "RiskRefused",
    "RunLock",
    "SafeRelay",
    "Session",
    "SettingsError",
    "SignalLeg",
    "SignalNotice",
    "SignalPlan",
    "SignatureError",
    "SignedOrder",
    "SigningExchange",
    "SigningKey",
    "SimFault",
    "SimVenue",
    "Source",
    "Spread",
    "StorageError",
    "TapeProgress",
    "Throttled",
    "UnitsError",
    "Unreachable",
    "VenueError",
    "VenueOrder",
    "WalletAct",
    "WalletBatch",
    "WalletCall",
    "__version__",
    "audit_rebuild",
    "audit_verify",
    "calibration_json",
    "capture_import",
    "capture_info",
    "capture_text",
    "checksum_address",
    "clock_cost_ns",
    "contract_address",
    "contract_at",
    "day14_json",
    "file_sha256",
    "function_selector",
    "journal_head",
    "probe_capture",
    "resettled_json",
    "sha256",
    "simulate",
    "venue_world_capture",
    "verify_login",
    "wallets_of",
    "world_capture",
]

_OrderTimer: TypeAlias = Literal["answer", "poll", "resolve", "late"]
_DeskTimer: TypeAlias = Literal["flat_wait", "flatten", "settle", "set", "cooldown"]
_OrderState: TypeAlias = Literal[
    "PLANNED", "JOURNALED", "SENT", "LIVE", "DELAYED", "UNKNOWN", "TERMINAL"
]
_OrderAction: TypeAlias = Literal[
    "CHECK",
    "SEND",
    "CANCEL",
    "QUERY",
    "ARM_ANSWER",
    "ARM_POLL",
    "ARM_RESOLVE",
    "ARM_LATE",
    "DISARM",
    "ENDED",
    "LATE_ARRIVAL",
    "OVERFILLED",
    "UNRESOLVED",
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

    state: _OrderState
    """Where the order stands, and stays."""
    event: OrderEvent
    """What came."""

class RiskRefused(RazorError):
    """A risk limit forbids the action."""

class SignatureError(RazorError):
    """A key, an address or a signature is malformed, or by somebody else.

    No text of it holds a secret.
    """

    signer: str | None
    """Who signed instead of the one who had to, where the signature is good but foreign."""

class CallRefused(RazorError):
    """A call of a wallet that is none of those that wallets make; its text says why."""

class ExchangeRefused(RazorError):
    """The local exchange said no, in the venue's words; its text is that of the answer.

    Nothing has changed then, but a killed FOK or FAK is told on the user channel. Refused
    definitions and operations of the sandbox itself come with a text of ours and status 400.
    """

    status: int
    """HTTP status of the answer."""
    expected_beat: int | None
    """The heartbeat id that would have been right, 0 to start a chain; None for other refusals."""

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

class StorageError(RazorError):
    """The disk refuses a file operation; the text names the remedy."""

    path: str | None
    """The file or directory, where the fault names one."""
    holder: int | None
    """Process that holds a run which is locked, 0 when unknown; None where the fault is no lock."""

class Cancelled(RazorError):
    """The caller stopped a long job; nothing was written."""

@final
class FeedFacts:
    """What the engine found in one record that somebody should act on."""

    @property
    def refused(self) -> str:
        """Why the record was refused; blank when it was taken."""

    @property
    def resnapshot(self) -> list[str]:
        """Token ids whose book was dropped or is doubted since this frame."""

    @property
    def mismatched(self) -> list[str]:
        """Token ids of markets that the frame mixed up (FAULTS F-09)."""

    @property
    def compare(self) -> list[str]:
        """Token ids whose hashes suddenly stopped reproducing: compare their REST books (F-08)."""

    @property
    def is_shed(self) -> bool:
        """Whether the recorder had no room: the record is neither journaled nor applied."""

    @property
    def signals(self) -> int:
        """Signals that the record raised."""

@final
class SignalNotice:
    """A signal, for showing; the exact one is in the shadow tables."""

    @property
    def signal_id(self) -> int:
        """Counts signals of the run, from 1."""

    @property
    def market_id(self) -> str:
        """Key of the set, as in the tables. Text from outside."""

    @property
    def recv_ns(self) -> int:
        """Receive time of the record that raised it, ns since the epoch."""

    @property
    def expected_net_bps(self) -> int:
        """Net edge on the frozen basis, basis points."""

@final
class BookSnapshot:
    """One token's book at one moment; the NO book is the mirror of the YES book."""

    @property
    def token_id(self) -> str:
        """Token id as on the wire."""

    @property
    def state(self) -> str:
        """Live, Unhydrated, `Dirty(reason)` or `Suspect(cause)`; only Live may carry a price."""

    @property
    def tick_micros(self) -> int:
        """Price grid in force, micro-dollars per tick."""

    @property
    def bids(self) -> list[tuple[int, int]]:
        """Levels best first: micro-dollars per share, micro-shares."""

    @property
    def asks(self) -> list[tuple[int, int]]:
        """Levels best first: micro-dollars per share, micro-shares."""

    @property
    def venue_ts_ms(self) -> int | None:
        """Venue time of the last content, ms since the epoch."""

    @property
    def proof_recv_ns(self) -> int | None:
        """Receive time of the last proof that the book is current (INVARIANTS S-18)."""

@final
class OrderEvent:
    """What can happen to one order: an immutable, hashable value, made by the function of its name.

    Quantities are micro-shares from 0 to 2**64 - 1. Raises UnitsError (`negative`, `overflow`) for
    another number and ValueError for a deadline that does not exist.
    """

    @staticmethod
    def journaled() -> OrderEvent:
        """The intent is durable."""

    @staticmethod
    def released() -> OrderEvent:
        """The check before the wire passed."""

    @staticmethod
    def withdrawn() -> OrderEvent:
        """The check before the wire failed, or the intent could not be made durable."""

    @staticmethod
    def claimed(matched: int) -> OrderEvent:
        """The venue answered that it is over with this much matched: a hint, no proof."""

    @staticmethod
    def rested() -> OrderEvent:
        """The venue answered that it rests."""

    @staticmethod
    def deferred() -> OrderEvent:
        """The venue answered that it matches later."""

    @staticmethod
    def refused() -> OrderEvent:
        """The venue's answer proves a refusal."""

    @staticmethod
    def unproven() -> OrderEvent:
        """The answer proves nothing, or there is none."""

    @staticmethod
    def filled(last_qty: int) -> OrderEvent:
        """A trade of this order, seen for the first time."""

    @staticmethod
    def finished(matched: int) -> OrderEvent:
        """A question was answered: it is over with this much matched."""

    @staticmethod
    def open() -> OrderEvent:
        """A question was answered: it rests or waits."""

    @staticmethod
    def absent() -> OrderEvent:
        """A question was answered: no order, no trade, no change of balance."""

    @staticmethod
    def silent() -> OrderEvent:
        """A question was not answered, or the witnesses disagree."""

    @staticmethod
    def elapsed(timer: _OrderTimer) -> OrderEvent:
        """A deadline passed."""

    @property
    def kind(self) -> str:
        """The name of the function that made it."""

    @property
    def qty(self) -> int | None:
        """Micro-shares of a claim, a fill or a finish."""

    @property
    def timer(self) -> _OrderTimer | None:
        """The deadline that passed."""

    def __lt__(self, other: object, /) -> bool: ...
    def __le__(self, other: object, /) -> bool: ...
    def __gt__(self, other: object, /) -> bool: ...
    def __ge__(self, other: object, /) -> bool: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class OrderMachine:
    """What is known of one immediate-or-cancel order, driven event by event.

    PLANNED, JOURNALED, SENT, then LIVE, DELAYED or UNKNOWN, then TERMINAL. It sends once, believes
    only trades, and gives an order up by absence only after the fence (INVARIANTS section 1).
    """

    def __new__(cls, order_qty_micros: int) -> OrderMachine:
        """Plan an order of so many micro-shares. Raises UnitsError."""

    def step(self, event: OrderEvent) -> list[_OrderAction]:
        """Take one event and give what the shell must do, in order; O(1).

        Raises OrderRefused with `state` and `event` when the event cannot happen in this state, or
        fills exceed 64 bits; the machine is as it was.
        """

    @property
    def state(self) -> _OrderState:
        """Where it stands."""

    @property
    def order_qty(self) -> int:
        """Asked for, micro-shares."""

    @property
    def cum_qty(self) -> int:
        """Proven by trades, micro-shares; never falls."""

    @property
    def in_flight(self) -> int:
        """What may still be matched at worst, micro-shares."""

    @property
    def end(self) -> Literal["FULL", "PARTIAL", "NONE", "REJECTED"] | None:
        """How it ended, as first proven; None before."""

    @property
    def is_watched(self) -> bool:
        """Whether it ended by absence and the window for late arrivals is open."""

@final
class SignalLeg:
    """One leg of a signal.

    `token`: number of the outcome token, 0 to 2**32 - 1. `limit_micros`: best ask at the signal,
    micro-dollars per share, at most 1000000. `min_order_qty`: smallest order, micro-shares.
    `fee_rate_ppm`: taker rate in millionths; 0 (usual) is free, None is a schedule that nobody
    knows and refuses the set. `fee_exponent`: of `p(1-p)`, usually 1. Raises UnitsError.
    """

    def __new__(
        cls,
        *,
        token: int,
        limit_micros: int,
        min_order_qty: int,
        fee_rate_ppm: int | None = ...,
        fee_exponent: int = ...,
    ) -> SignalLeg: ...
    @property
    def token(self) -> int:
        """Number of the token."""

    @property
    def limit_micros(self) -> int:
        """Best ask at the signal, micro-dollars."""

@final
class SignalPlan:
    """One signal as a desk needs it.

    `signal_id`: number within the run. `ts_ns`: engine time of the signal. `set_ix`: number of the
    set, whose market rests after it. `qty`: micro-shares on every leg. `expected_net_bps`: the
    source of the chase budget. `worst`: leg fired first. `legs`: 2 to 64 in table order; another
    count is refused by the desk (S-16). `event`: its number, usually 0. `settlement`: how whole
    sets turn into cash. `is_delayed`, `is_resolving`: flags of its markets. Raises UnitsError, and
    ValueError for a word that is not listed.
    """

    def __new__(
        cls,
        *,
        signal_id: int,
        ts_ns: int,
        set_ix: int,
        qty: int,
        expected_net_bps: int,
        worst: int,
        legs: Sequence[SignalLeg],
        event: int = ...,
        bucket: Literal["liquid", "thin"] = "thin",
        settlement: Literal["merge", "hold", "unproven"] = "merge",
        is_delayed: bool = False,
        is_resolving: bool = False,
    ) -> SignalPlan: ...
    @property
    def signal_id(self) -> int:
        """Number of the signal."""

    @property
    def leg_order(self) -> list[int]:
        """Legs in the order they are worked: the worst, then by number (S-15)."""

@final
class BasketRules:
    """Ladders and waits of a desk; what is not given has the value of `config.toml`.

    Rates in basis points: chases 200 and 10, flatten steps 100, 500 and 1000. `flatten_attempts`:
    1 to 3, usually 3. `queue`: signals that may wait, 16. Times in ns, usually in seconds: answer
    3.5, poll 1, resolve 15, late 120, flatten_wait 2, flatten 60, settle 180, set 120, cooldown 1.
    Raises UnitsError, ValueError.
    """

    def __new__(
        cls,
        *,
        chase_cap_bps: int = ...,
        chase_step_bps: int = ...,
        flatten_bps: tuple[int, int, int] = ...,
        flatten_attempts: int = ...,
        queue: int = ...,
        answer_ns: int = ...,
        poll_ns: int = ...,
        resolve_ns: int = ...,
        late_ns: int = ...,
        flatten_wait_ns: int = ...,
        flatten_ns: int = ...,
        settle_ns: int = ...,
        set_ns: int = ...,
        cooldown_ns: int = ...,
    ) -> BasketRules: ...

@final
class RiskCaps:
    """Every limit of a desk; a value is a limit, and the caps of money have no usual value.

    Money in micro-dollars, zero or above. `max_event_exposure_micros`: None leaves only the total
    cap. Usually 60 orders per minute, 8 open. `exit_reserve_percent`: part of the sends kept for
    exits, 0 to 100, usually 25. `loss_streak`: failed sets in a row, 5. `revert`, `api_error`: bad
    outcomes allowed per thousand, and over how many; (200, 20) and (500, 20). Times one second.
    Raises UnitsError, ValueError.
    """

    def __new__(
        cls,
        *,
        max_exposure_micros: int,
        max_signal_micros: int,
        max_day_loss_micros: int,
        max_residual_micros: int,
        max_event_exposure_micros: int | None = None,
        max_orders_per_min: int = ...,
        max_open_orders: int = ...,
        exit_reserve_percent: int = ...,
        loss_streak: int = ...,
        revert: tuple[int, int] = ...,
        api_error: tuple[int, int] = ...,
        cooldown_ns: int = ...,
        signal_ttl_ns: int = ...,
        takes_delayed_markets: bool = False,
    ) -> RiskCaps: ...

@final
class BasketAttempt:
    """One order as it was decided."""

    @property
    def signal_id(self) -> int:
        """Signal it belongs to."""

    @property
    def leg(self) -> int:
        """Leg in table order."""

    @property
    def attempt(self) -> int:
        """Counts attempts on this leg of this signal, from 1."""

    @property
    def rung(self) -> Literal["FIRE", "CHASE_L1", "CHASE_L2", "FLAT_1", "FLAT_2", "FLAT_3"]:
        """Rung of the ladders."""

    @property
    def side(self) -> Literal["BUY", "SELL"]:
        """Sets are bought, leftovers sold."""

    @property
    def token(self) -> int:
        """Number of the token."""

    @property
    def limit_micros(self) -> int:
        """Limit on the market's grid, micro-dollars per share."""

    @property
    def order_qty(self) -> int:
        """Asked for, micro-shares."""

    @property
    def budget_bps(self) -> int | None:
        """Basis points a chase may use; None outside a chase."""

@final
class BasketRow:
    """One row of the trail, as `trade_log.csv` has it; None is not applicable."""

    @property
    def ts_ns(self) -> int:
        """Engine time, ns."""

    @property
    def signal_id(self) -> int | None:
        """The signal."""

    @property
    def set_ix(self) -> int | None:
        """Its set."""

    @property
    def bucket(self) -> str | None:
        """Its bucket."""

    @property
    def expected_net_bps(self) -> int | None:
        """Its net edge, basis points."""

    @property
    def action(self) -> str:
        """What was done."""

    @property
    def attempt(self) -> int | None:
        """Attempt on the leg, from 1."""

    @property
    def leg(self) -> int | None:
        """Leg in table order."""

    @property
    def token(self) -> int | None:
        """Number of the token."""

    @property
    def side(self) -> str | None:
        """BUY or SELL."""

    @property
    def limit_micros(self) -> int | None:
        """Limit, micro-dollars per share."""

    @property
    def req_qty(self) -> int | None:
        """Asked for, micro-shares."""

    @property
    def budget_bps(self) -> int | None:
        """Budget of a chase, basis points."""

    @property
    def order(self) -> int | None:
        """Number of the order."""

    @property
    def ack(self) -> str | None:
        """How the venue answered."""

    @property
    def filled_qty(self) -> int | None:
        """Matched, micro-shares."""

    @property
    def avg_px_micros(self) -> int | None:
        """Average price, rounded against us, micro-dollars."""

    @property
    def fill(self) -> str | None:
        """FULL, PARTIAL or NONE."""

    @property
    def settle(self) -> str | None:
        """PROV, CONF or VOID."""

    @property
    def result(self) -> str | None:
        """What came of it; of the one terminal row of a signal an L-1 word."""

    @property
    def latency_ns(self) -> int | None:
        """From the wire to the proof of the end, ns."""

    @property
    def guard(self) -> str | None:
        """The guard that blocked, as `guard=S-01 e=98500000 r=2000000 cap=100000000`."""

    @property
    def fault(self) -> int | None:
        """Number of an injected fault."""

    @property
    def reasons(self) -> list[str]:
        """Codes and words, at most two."""

@final
class BasketSample:
    """One attempt as the calibration sees it; the attempt stands in the action."""

    @property
    def ts_ns(self) -> int:
        """Engine time of its end."""

    @property
    def set_ix(self) -> int:
        """Number of the set."""

    @property
    def bucket(self) -> str:
        """Bucket of the signal."""

    @property
    def filled_qty(self) -> int:
        """Matched, micro-shares."""

    @property
    def ask_qty(self) -> int | None:
        """Size at the best ask when the price was set, micro-shares; None without a book."""

    @property
    def bid_qty(self) -> int | None:
        """Size at the best bid, micro-shares."""

@final
class BasketAction:
    """One thing a desk asks of its shell. `kind` says which of the other attributes are there.

    PERSIST: make the intent `attempt` of `order` durable, then call `journaled`. SEND, CANCEL,
    QUERY, DISARM_ORDER: of `order`. MERGE: `qty` sets of `set_ix`. ARM: start `timer` anew, of
    `order` where it is one's, for `after_ns`. DISARM: forget `timer`. ROW: write `row`. SAMPLE:
    write `sample` of `attempt`.
    """

    @property
    def kind(
        self,
    ) -> Literal[
        "PERSIST",
        "SEND",
        "CANCEL",
        "QUERY",
        "MERGE",
        "ARM",
        "DISARM",
        "DISARM_ORDER",
        "ROW",
        "SAMPLE",
    ]:
        """What is asked."""

    @property
    def order(self) -> int | None:
        """Number of the order."""

    @property
    def attempt(self) -> BasketAttempt | None:
        """What the order is for."""

    @property
    def timer(self) -> _OrderTimer | _DeskTimer | None:
        """Name of the deadline."""

    @property
    def after_ns(self) -> int | None:
        """How long from now, ns."""

    @property
    def set_ix(self) -> int | None:
        """Number of the set."""

    @property
    def qty(self) -> int | None:
        """Sets to merge, micro-shares."""

    @property
    def row(self) -> BasketRow | None:
        """The row."""

    @property
    def sample(self) -> BasketSample | None:
        """The sample."""

@final
class BasketOrder:
    """An order of a desk as it stands."""

    @property
    def order(self) -> int:
        """Its number, from 0, never given twice."""

    @property
    def attempt(self) -> BasketAttempt:
        """What it is for."""

    @property
    def state(self) -> _OrderState:
        """Where it stands."""

    @property
    def cum_qty(self) -> int:
        """Proven by trades, micro-shares; voided ones stay in it."""

    @property
    def in_flight(self) -> int:
        """What may still be matched at worst, micro-shares."""

    @property
    def ack(self) -> str | None:
        """How the venue answered."""

@final
class BasketPosition:
    """What the account has of one token."""

    @property
    def token(self) -> int:
        """Number of the token."""

    @property
    def conf(self) -> int:
        """Confirmed, those in provisional sales included, micro-shares."""

    @property
    def prov_in(self) -> int:
        """Bought, provisional, micro-shares."""

    @property
    def prov_out(self) -> int:
        """Sold, provisional, still in `conf`; micro-shares."""

    @property
    def cost_micros(self) -> int:
        """Cost of all of it, micro-dollars."""

@final
class BasketMachine:
    """The desk of one account: one signal at a time, from its first order to its terminal row.

    The driver sets books, puts inputs in and does what the actions say: nothing happens by itself,
    no clock is read. `now_ns` is the engine's time, signed ns; it should not fall. Every input
    gives the actions in order. An input that is well formed is never an exception, however odd: it
    stops trading (HARD_STOP) and the row says by which guard. A word that is not listed is a
    ValueError, a number outside its unit a UnitsError; then nothing has changed.
    """

    def __new__(cls, rules: BasketRules, caps: RiskCaps) -> BasketMachine:
        """A desk without positions."""

    @staticmethod
    def from_params(payload: bytes) -> BasketMachine:
        """A desk by the rules and caps of a params record (`razor.domain.params`).

        Raises SettingsError for a payload that is none, ValueError for one of a dry run.
        """

    def set_book(
        self,
        token: int,
        *,
        bid_micros: int | None,
        bid_qty: int,
        ask_micros: int | None,
        ask_qty: int,
        tick_micros: int,
        is_current: bool = True,
        age_ns: int = ...,
        changed_ns: int,
    ) -> None:
        """Set what a token's book shows; tell the desk by `books`.

        Prices in micro-dollars, None is an empty side; sizes in micro-shares. `is_current`: it may
        price an order (S-18). `age_ns`: since the last proof. `changed_ns`: engine time of the
        last message; a panic step waits for one later than the answer before it.
        """

    def drop_book(self, token: int) -> None:
        """Forget the book of a token."""

    def signal(self, now_ns: int, plan: SignalPlan) -> list[BasketAction]:
        """The brain raised a signal."""

    def journaled(self, now_ns: int, order: int) -> list[BasketAction]:
        """The intent of an order is durable."""

    def not_durable(self, now_ns: int, order: int) -> list[BasketAction]:
        """The intent could not be made durable (D-10)."""

    def answer(
        self,
        now_ns: int,
        order: int,
        word: Literal["MATCHED", "LIVE", "DELAYED", "REJECTED", "UNKNOWN"],
        matched: int = ...,
        refusal: Literal["order", "market", "account", "rate"] = "order",
    ) -> list[BasketAction]:
        """The venue answered; `matched` micro-shares where it matched, `refusal` where rejected."""

    def trade(
        self,
        now_ns: int,
        order: int,
        trade_id: bytes,
        *,
        qty: int,
        price_micros: int,
        fee_micros: int,
        settle: Literal["PROV", "CONF", "VOID"],
    ) -> list[BasketAction]:
        """A trade of ours, or news of its settlement; `trade_id` is 16 bytes, else ValueError."""

    def found(
        self,
        now_ns: int,
        order: int,
        word: Literal["FINISHED", "OPEN", "ABSENT", "SILENT"],
        matched: int = ...,
    ) -> list[BasketAction]:
        """A question about an order was answered; `matched` micro-shares where finished."""

    def merged(self, now_ns: int, is_done: bool) -> list[BasketAction]:
        """A merge came to its end; one that failed leaves the sets held."""

    def books(self, now_ns: int) -> list[BasketAction]:
        """Books changed."""

    def elapsed(
        self, now_ns: int, timer: _OrderTimer | _DeskTimer, order: int | None = None
    ) -> list[BasketAction]:
        """A deadline passed: one of an order by name and order, one of the desk by name alone."""

    def mode(
        self,
        now_ns: int,
        word: Literal[
            "NORMAL", "RESTARTING", "POST_ONLY", "CANCEL_ONLY", "DISABLED", "VERSION_MISMATCH"
        ],
    ) -> list[BasketAction]:
        """The venue changed its mode."""

    def operator(self, now_ns: int, verb: Literal["stop", "halt", "clear"]) -> list[BasketAction]:
        """An operator spoke."""

    def restarted(self, now_ns: int) -> list[BasketAction]:
        """The process starts again on its journal."""

    def reconciled(self, now_ns: int) -> list[BasketAction]:
        """After a restart everything open was asked about; nothing foreign was found."""

    def foreign(self, now_ns: int) -> list[BasketAction]:
        """Something on the account is not ours (S-32)."""

    def durability_lost(self, now_ns: int) -> list[BasketAction]:
        """The journal can no longer be trusted with what is written (D-10)."""

    def ended(self, now_ns: int) -> list[BasketAction]:
        """The run is over: no input will come any more."""

    @property
    def phase(
        self,
    ) -> Literal[
        "IDLE",
        "FIRING_LEG1",
        "LEG1_FILLED",
        "CHASING",
        "FLATTENING",
        "SETTLE_PENDING",
        "COOLDOWN",
        "SAFE_HOLD",
        "HARD_STOP",
    ]:
        """Where the desk stands."""

    @property
    def hard_stop(self) -> str | None:
        """The guard that stopped trading, both sides of its inequality included; None before."""

    @property
    def venue_mode(self) -> str:
        """What the venue lets us do."""

    @property
    def realised_micros(self) -> int:
        """Result of confirmed sales and merges, micro-dollars, signed."""

    @property
    def day_loss_micros(self) -> int:
        """Deepest net loss of the last UTC day with a result, micro-dollars, zero or above."""

    @property
    def dropped(self) -> int:
        """Signals dropped because the queue was full."""

    @property
    def is_waiting_for_books(self) -> bool:
        """Whether a change of books could let it go on."""

    @property
    def is_ready_to_reconcile(self) -> bool:
        """Whether it waits for `reconciled` and all its orders are proven."""

    @property
    def positions(self) -> list[BasketPosition]:
        """Every token of which there is anything, by number."""

    @property
    def orders(self) -> list[BasketOrder]:
        """All orders in order of planning; O(n)."""

    @property
    def in_flight(self) -> int | None:
        """The order that is out for the set in work."""

@final
class SimFault:
    """One line of a fault plan: a code of FAULTS, when it strikes, and how hard.

    `nth`, `every`: requests of a kind, from 1. `rung`: 0 fire, 1 and 2 chase, 3 to 5 flatten.
    `between_ms`: from and to, ms since 1970. `times`: at most so often, 0 without end. `qty`,
    `share`: decimals as text. `refusal`: `order`, `market` or `account`. What is None has the
    usual value of the code. Errors: `ValueError`.
    """

    def __new__(
        cls,
        code: str,
        *,
        nth: int | None = None,
        every: int | None = None,
        rung: int | None = None,
        between_ms: tuple[int, int] | None = None,
        times: int = 0,
        delay_ms: int | None = None,
        tail_ms: int | None = None,
        qty: str | None = None,
        share: str | None = None,
        count: int | None = None,
        worse_micros: int | None = None,
        is_accepted: bool | None = None,
        refusal: str | None = None,
    ) -> SimFault: ...
    @staticmethod
    def codes() -> list[str]:
        """The codes that a plan may name."""

_Spender: TypeAlias = Literal[
    "exchange", "neg_risk_exchange", "exchange_v3", "adapter", "neg_risk_adapter", "router"
]

@final
class ExchangeOrder:
    """An order whose signature was verified. Amounts are micro units as signed.

    `order_id`: `0x` and 64 hex digits. `owner`, `account`, `token`: indices of the exchange.
    `expiration_s` is 0 unless GTD. `is_by_amount`: a FOK or FAK buy spends its dollars instead of
    stopping at its shares. `signed_for`: the contract whose domain was signed, None for that of the
    token's market. Errors: `ValueError` for an unknown word or a malformed id.
    """

    def __new__(
        cls,
        *,
        order_id: str,
        owner: int,
        account: int,
        token: int,
        is_buy: bool,
        maker_amount: int,
        taker_amount: int,
        order_type: Literal["GTC", "GTD", "FOK", "FAK"],
        is_post_only: bool = False,
        expiration_s: int = 0,
        is_by_amount: bool = False,
        signed_for: _Spender | None = None,
    ) -> ExchangeOrder: ...

@final
class ExchangePrint:
    """One side of a match. Amounts are micro units, `price_micros` that of the side's own token."""

    @property
    def trade(self) -> int:
        """Index of the trade."""

    @property
    def account(self) -> int:
        """Whose it is."""

    @property
    def address(self) -> str:
        """The account's address."""

    @property
    def token(self) -> int:
        """The side's token: the maker's is the other one in a mint or merge."""

    @property
    def is_buy(self) -> bool:
        """Whether the side bought."""

    @property
    def is_taker(self) -> bool:
        """Whether it took."""

    @property
    def price_micros(self) -> int:
        """Price of the side's token."""

    @property
    def qty(self) -> int:
        """Shares."""

    @property
    def cash(self) -> int:
        """Paid or received before the fee."""

    @property
    def fee(self) -> int:
        """Fee; 0 for a maker."""

    @property
    def matched_ns(self) -> int:
        """When it matched."""

    @property
    def status(self) -> Literal["MATCHED", "MINED", "CONFIRMED", "RETRYING", "FAILED"]:
        """Where the trade is."""

    @property
    def transaction(self) -> str:
        """Transaction hash, empty while there is none."""

@final
class TapeProgress:
    """What has been played of a tape.

    `records` of `records_all`, of which `refused` could not be read; `levels` told to the books, of
    which `levels_refused` were not taken; how often a recorded book was found `crossed` and not
    shown; `prints` shown and `prints_left_out`; markets that are `over`. `fault`: why the rest of
    the capture cannot be read, None otherwise.
    """

    records: int
    records_all: int
    refused: int
    levels: int
    levels_refused: int
    crossed: int
    prints: int
    prints_left_out: int
    over: int
    fault: str | None

@final
class Exchange:
    """Matching engine and ledger of the local exchange. Belongs to one thread.

    Every call that moves it takes the time in ns since the epoch, which never runs backwards, and
    first does what became due, instant by instant. Indices are handed out from 0 in order. Amounts
    are micro-dollars or micro-shares. A refusal is `ExchangeRefused`; a malformed argument is a
    `ValueError`. The same calls give the same bytes. A simple order costs some microseconds here.
    """

    def __new__(
        cls,
        *,
        seed: int,
        mine_ms: tuple[int, int] = ...,
        confirm_ms: tuple[int, int] = ...,
        retry_ms: tuple[int, int] = ...,
        action_ms: tuple[int, int] = ...,
        fail_ppm: int = 0,
        retry_ppm: int = 0,
        reorg_ppm: int = 0,
        action_fail_ppm: int = 0,
        max_retries: int = 3,
        min_size_for_resting_only: bool = False,
        kept_orders: int = 1_000_000,
        kept_trades: int = 1_000_000,
    ) -> Exchange:
        """An exchange without markets. Delays are least and most ms; `ppm` are chances per try.

        Delays unless given, in s: to the block 1.5 to 2.5, to finality 8, to the next try 5 to 15,
        of an action 3 to 6. A day at most, else `ValueError`.
        `kept_orders`, `kept_trades`: how many ended ones stay known.
        """

    def add_group(self, now_ns: int, key: str, *, is_augmented: bool) -> int:
        """Open a neg-risk group; its index."""

    def add_market(
        self,
        now_ns: int,
        *,
        condition_id: str,
        token_ids: tuple[str, str],
        outcomes: tuple[str, str],
        tick: str,
        min_order_qty: int,
        fee_rate_ppm: int = 0,
        fee_exponent: int = 1,
        group: int | None = None,
        is_v2: bool = False,
        has_dynamic_tick: bool = True,
        taker_delay_ns: int = 0,
        game_start_ns: int | None = None,
        clears_book_on_start: bool = False,
    ) -> int:
        """List a market; its index. Its tokens are `2 * market` (YES) and `2 * market + 1`."""

    def open_account(self, now_ns: int, address: str, *, is_approved: bool) -> int:
        """Open an account of a `0x` address, with every approval or none; its index."""

    def add_owner(self, now_ns: int, key: str, account: int) -> int:
        """Register an API key of an account; its index."""

    def place(self, now_ns: int, order: ExchangeOrder) -> bytes:
        """Place an order; the body of the answer."""

    def place_batch(self, now_ns: int, orders: list[ExchangeOrder]) -> bytes:
        """Place up to 15 orders, each for itself; the body of the answer."""

    def cancel(
        self,
        now_ns: int,
        owner: int,
        *,
        ids: list[str] | None = None,
        market: int | None = None,
        token: int | None = None,
    ) -> bytes:
        """Cancel a key's orders: by id, else of a market or token, else all; the answer's body.

        A malformed id is a `ValueError`, before anything is cancelled.
        """

    def beat(self, now_ns: int, owner: int, id: int) -> int:
        """Take a heartbeat, 0 to start; the id of the next one."""

    def wake(self, now_ns: int) -> None:
        """Let time pass."""

    def due_ns(self) -> int | None:
        """When something happens by itself next, a world's traders included."""

    def open_world(
        self,
        now_ns: int,
        *,
        seed: int,
        binaries: int = 4,
        groups: int = 4,
        group_size: int = 3,
        has_augmented: bool = True,
        ticks: list[str] | None = None,
        fees: list[tuple[int, int]] | None = None,
        min_order_qtys: list[int] | None = None,
        pace_ms: int = 400,
        plant_every_ms: int | None = ...,
        plant_size: tuple[int, int] = ...,
        plant_life_ms: tuple[int, int] = ...,
        plant_edge_ppm: tuple[int, int] = ...,
        plant_bids_percent: int = 16,
        has_rivals: bool = False,
        resolve_every_ms: int | None = None,
    ) -> bytes:
        """List a seeded world with its traders, who from then on act as time passes; the listing.

        `binaries` plain markets and `groups` neg-risk groups of `group_size` outcomes (2 to 20);
        with `has_augmented` the last group has "Other" and an unnamed outcome on top. `ticks`,
        `fees` (rate in millionths, exponent) and `min_order_qtys` (micro-shares) are dealt to the
        events in turn. `pace_ms`: mean time between two acts in a market. Every `plant_every_ms`
        (None: never; 2,500 unless given) a group's asks, or of a hundred sets
        `plant_bids_percent` times its bids, pay `plant_edge_ppm` millionths a set after fees, for
        `plant_size` micro-shares of each leg during `plant_life_ms`; pairs are least and most:
        15,000 to 40,000, 20 to 150 shares and 900 to 1,800 ms unless given. With `has_rivals` the
        world's own traders take from them too, from a part on top. Every `resolve_every_ms` an
        event resolves.

        The listing is a JSON object with `seed`, `events` and `markets`. An event: `id` (digits),
        `slug`, `title`, `neg_risk_market_id` and `group` (index here; both null for a plain
        market), `is_augmented`, `start_ns`, `end_ns`. A market: `id` (digits), `event` (place in
        `events`), `slug`, `question`, `group_item_title`, `condition_id`, `question_id`,
        `token_ids`, `outcomes`, `tick` (decimal text), `min_order_qty_micros`, `fee_rate_ppm`,
        `fee_exponent`, `group`, `leg` (place in the group), `market` (index here), `is_unnamed`
        (a "Person X" of the venue: listed, not active), `is_other`, `start_ns`, `end_ns`. Every
        hex id begins with 776f726c64 and every token id with 119111114108100, "world".

        Accounts and keys of the world take indices here; no user frames are made for them.
        Errors: `ValueError` for a plan outside its ranges, or when there is a world already.
        """

    def take_truth(self) -> bytes:
        """Planted sets that ended since the last call, JSON lines; for checkers only.

        `key` (negRiskMarketID), `side` (`asks` to buy or `bids` to sell), `legs` (YES token ids),
        `prices_micros` and `sum_micros` of the best prices, `start_ns`, `end_ns` (taken back),
        `over_ns` (the end, or when the first leg was sold out), `size_micros` per leg,
        `profit_micros` of the whole size after fees, `taken_micros` of each leg by others than
        the world's rivals, `rivals_micros` of each leg.
        """

    def open_tape(self, now_ns: int, path: Path, *, seed: int = 1, quote_depth: int = ...) -> bytes:
        """Open a capture as the outside, its first record due now; the listing as JSON.

        `events` and `markets` have the members of `EventListing` and `MarketListing` (and `index`),
        `markers` says what is not from the recording. From then on its records belong to `due_ns`
        and `wake`. `quote_depth`: micro-shares around which quotes without sizes are seeded, 100
        shares unless given. Reads the capture through once. Errors: `StorageError`, `DecodeError`;
        `ValueError` for a second tape and for markets that cannot be listed (the exchange is of no
        use then).
        """

    def tape_progress(self) -> TapeProgress | None:
        """How far the tape has been played; None without one."""

    def deposit(self, now_ns: int, account: int, amount: int) -> None:
        """Collateral comes from outside."""

    def withdraw(self, now_ns: int, account: int, amount: int) -> None:
        """Collateral leaves, whatever orders hold of it."""

    def transfer(
        self, now_ns: int, source: int, target: int, amount: int, token: int | None = None
    ) -> None:
        """Move collateral, or a token, between accounts past the exchange."""

    def approve(
        self, now_ns: int, account: int, spender: _Spender, pusd: int, *, has_tokens: bool
    ) -> None:
        """Let a contract move so many micro-dollars, and tokens or not."""

    def set_standing(
        self, now_ns: int, account: int, standing: Literal["open", "closed_only", "banned"]
    ) -> None:
        """Change what an account may do."""

    def set_flags(
        self,
        now_ns: int,
        market: int,
        *,
        is_active: bool,
        accepts_orders: bool,
        is_closed: bool,
    ) -> None:
        """Change the flags of a market."""

    def set_tick(self, now_ns: int, market: int, tick: str) -> None:
        """Change a grid; resting orders off it are cancelled."""

    def set_mode(
        self,
        now_ns: int,
        mode: Literal["normal", "post_only", "cancel_only", "disabled", "restarting"],
    ) -> None:
        """Change what the venue does."""

    def set_fate(
        self,
        now_ns: int,
        trade: int,
        fate: Literal["settle", "fail", "retry", "reorg"],
        times: int = 1,
    ) -> None:
        """Decide how an unsettled trade goes on; `times` counts retries."""

    def resolve(self, now_ns: int, market: int, payout: Literal["yes", "no", "half"]) -> None:
        """Resolve a market."""

    def split(self, now_ns: int, account: int, market: int, amount: int) -> int:
        """Send a split; the index of the action."""

    def merge(self, now_ns: int, account: int, market: int, amount: int) -> int:
        """Send a merge; the index of the action."""

    def convert(
        self, now_ns: int, account: int, group: int, outcomes: list[int], amount: int
    ) -> int:
        """Send a conversion of NO of these outcomes; the index of the action."""

    def redeem(self, now_ns: int, account: int, market: int) -> int:
        """Send the redemption of all tokens of a market; the index of the action."""

    def redeem_part(self, now_ns: int, account: int, token: int, amount: int) -> int:
        """Send the redemption of so much of one token; the index of the action."""

    def action(self, action: int) -> tuple[str, str] | None:
        """State word of the relayer and transaction hash ("" while there is none)."""

    def watch(self, market: int, *, is_watched: bool) -> None:
        """Whether market frames of a market are made; not at first."""

    def take_market_frames(self) -> list[tuple[int, int | None, bool, bytes]]:
        """Frames since the last call: market, token or None, whether custom, JSON.

        Subscribers of the token get the frame; without one, subscribers of either token.
        """

    def take_user_frames(self) -> list[tuple[int, int, bytes]]:
        """Frames since the last call: key, market, JSON."""

    def book(self, token: int) -> bytes:
        """The `book` frame of a token as of now; empty for an unknown one."""

    def order(self, order_id: str) -> bytes | None:
        """An order by its id, open or ended; None when it is unknown or forgotten."""

    def open_orders(self, owner: int, market: int | None = None, token: int | None = None) -> bytes:
        """A key's open orders, oldest first, as a JSON array."""

    def trades(
        self,
        owner: int,
        market: int | None = None,
        token: int | None = None,
        after_ns: int | None = None,
        before_ns: int | None = None,
    ) -> bytes:
        """A key's trades in order of matching, as a JSON array. Linear in all known trades."""

    def holding(self, account: int, token: int | None = None) -> tuple[int, int, int]:
        """Balance, held by open orders, owed by unsettled trades; of collateral or a token."""

    def approval(self, account: int, spender: _Spender) -> tuple[int, bool]:
        """Micro-dollars a contract may move, and whether tokens."""

    def token(self, token_id: str) -> int | None:
        """Index of a token id."""

    def market(self, condition_id: str) -> int | None:
        """Index of a condition id."""

    def exchange_of(self, token_id: str) -> SigningExchange | None:
        """The contract that orders of a token are signed for, None for an unknown token."""

    def trade(self, trade_id: str) -> int | None:
        """Index of a trade, as `set_fate` takes it, by the id that answers and frames give.

        None when it is unknown or forgotten. Looks from the newest one back.
        """

    def take_changes(self) -> list[int]:
        """Markets listed, flagged, resolved or given another grid since the last call."""

    def standing(
        self, market: int
    ) -> tuple[int, bool, bool, bool, Literal["yes", "no", "half"] | None] | None:
        """Grid in micro-dollars, active, accepts orders, closed, payout; None if unknown."""

    def last_trade(self, market: int) -> tuple[str, bool] | None:
        """Last price in terms of YES and whether the taker bought there; None before a trade."""

    def top(self, token: int) -> tuple[int | None, int | None]:
        """Best bid and ask of a token, micro-dollars."""

    def prints(
        self,
        *,
        account: int | None = None,
        market: int | None = None,
        takers_only: bool = True,
        offset: int = 0,
        limit: int = 100,
        since_ns: int | None = None,
    ) -> list[ExchangePrint]:
        """Sides of known trades, newest first; of an account only its own. Linear in trades."""

    def audit(self) -> str | None:
        """Check every invariant; what is broken, or None. Linear in everything."""

@final
class SimVenue:
    """What a simulated venue is made of: the same values give the same bytes.

    `seed` >= 0. `is_frozen`: the predecessor's fill model instead of one that depletes the book.
    `share_liquid`, `share_thin`, `drop_book_share`: decimals from 0 to 1 as text. `latency_ms`:
    from sending to the match. `quote_depth`: shares at each level of a source without sizes, as
    text; "0" fills nothing. `settle_ms`: least and most time to a final state.
    `latency_spike`: extra ms, and every how many orders (0 = each). `http_429_every`: every
    so-many-th call is refused; 0 is off. `assumed_fee_rate`: decimal text, of markets that name
    no schedule; "0" refuses their orders. Errors: `ValueError` for a text that is no such number.
    """

    def __new__(
        cls,
        *,
        seed: int,
        is_frozen: bool,
        share_liquid: str,
        share_thin: str,
        latency_ms: int,
        quote_depth: str,
        settle_ms: tuple[int, int],
        latency_spike: tuple[int, int],
        faults: list[SimFault],
        force_chase_fail: bool = False,
        drop_book_share: str = "0",
        http_429_every: int = 0,
        assumed_fee_rate: str = "0",
    ) -> SimVenue: ...

@final
class Source:
    """Records in order, from a capture or from the journal of a run. Belongs to one thread."""

    @staticmethod
    def capture(path: Path) -> Source:
        """Open a capture (`.jsonl.zst` or `.jsonl`). Errors: `StorageError`."""

    @staticmethod
    def journal(run_dir: Path) -> Source:
        """Open the journal of a run directory. Errors: `StorageError`, `JournalError`."""

    def progress(self) -> tuple[int, int]:
        """Bytes read and bytes there are; the second is 0 when unknown."""

@final
class RunLock:
    """The exclusive right to write a run; the system takes it back when the process dies."""

    @staticmethod
    def acquire(run_dir: Path) -> RunLock:
        """Take the lock. Errors: `StorageError`, with `holder` when somebody else has it."""

    @staticmethod
    def is_held(run_dir: Path) -> bool:
        """Whether somebody holds the lock. Errors: `StorageError` when that cannot be told."""

    def release(self) -> None:
        """Give the run free, at once or when the session under this lock has ended."""

@final
class Session:
    """A run being written: engine, journal and tables. Belongs to one thread.

    After an exception from any method but `open` the run must end with `abandon`; what was
    durable stays so.
    """

    @staticmethod
    def open(
        run_dir: Path,
        *,
        run_id: str,
        build_id: str,
        settings_sha256: bytes,
        params: bytes,
        is_live: bool,
        now_ns: int,
        raw_ws: tuple[int, int] | None = None,
        sim: SimVenue | None = None,
        lock: RunLock | None = None,
        durable_intents: bool = False,
    ) -> Session:
        """Begin a run in an existing directory, or go on behind an unclean end of the same run.

        `run_id` and `build_id`: at most 48 visible ASCII characters. `settings_sha256`: 32 bytes.
        `params`: payload of the first record. `is_live` sheds rather than waits when the disk is
        slow, and syncs by itself. `now_ns`: label of a recovery, ns since the epoch. `raw_ws`: size
        in bytes at which `raw_ws.jsonl` is put aside, and how many are kept; None writes none.
        `sim`: the simulated venue that orders go to; without one nothing answers them.
        `lock`: the lock of `run_dir`, under which one session writes at a time; None takes it for
        as long as the session lives. `durable_intents` waits for the disk at every intent before
        its order leaves (D-1), which real orders always need.
        Errors: `StorageError` (locked, full, read-only), `Corrupt`, `JournalError`,
        `SettingsError`; `ValueError` for arguments no caller of razor gives.
        """

    @property
    def is_resumed(self) -> bool:
        """Whether an unclean end was found and the run goes on behind it."""

    def feed(
        self, kind: str, conn: str, epoch: int, recv_ns: int, payload: bytes
    ) -> FeedFacts | None:
        """Take one record: journal, engine, tables. `None` when there is nothing to say about it.

        `kind`: a word of docs/CAPTURE.md, or `timer` or `operator`. Cost: about a microsecond for
        the usual frame. Errors: `StorageError`, `JournalError`.
        """

    def pump(self, source: Source, until_ns: int, budget: int) -> tuple[int, int, bool]:
        """Take at most `budget` records of a source, none from beyond `until_ns`.

        Gives records taken, signals raised, and whether the source has ended. Releases the
        interpreter lock. Errors: as `feed`, `DecodeError` with file and line.
        """

    def note_injected(self, code: int) -> None:
        """Write down a fault that was injected outside the simulated venue, by its number.

        28 is F-28. Without a simulated venue nothing is written. Errors: as `feed`.
        """

    def command(self, at_ns: int, payload: bytes) -> None:
        """Take an operator's command, `{"verb":"stop"|"halt"|"clear",…}`, and make it durable.

        What was due before `at_ns`, or before engine time where that is later, comes first; the
        command is never shed. Errors: as `feed`.
        """

    def standing_json(self) -> str:
        """Say where the run stands, as JSON text (`razor.domain.control.Standing`).

        Money in micro-dollars. Cost grows with the number of tokens; ask about once a second.
        """

    def end_orders(self) -> None:
        """Let the venue tell what it still owes, when no further record will move the clock.

        `close` does it, too; called before, it shows in `hard_stop`. Errors: as `feed`.
        """

    @property
    def hard_stop(self) -> str | None:
        """Why trading has stopped, as `guard=S-08 ...`; None while it has not, and in a dry run."""

    @property
    def next_ns(self) -> int | None:
        """Receive time of the record that waits because it lies beyond `until_ns`."""

    @property
    def now_ns(self) -> int:
        """Engine time: the largest receive time so far, ns since the epoch."""

    def flush(self) -> None:
        """Hand what is kept back to the operating system. Errors: as `feed`."""

    def flush_durable(self) -> int:
        """Make everything durable; gives the number of the last durable record."""

    @property
    def durable_seq(self) -> int:
        """Number of the last record known durable; 0 when there is none."""

    def take_signals(self) -> list[SignalNotice]:
        """Signals since the last call, oldest first."""

    def book(self, token_id: str) -> BookSnapshot | None:
        """Give the book of a token as it stands; None for a token that no market defines."""

    def counts_json(self) -> str:
        """JSON array of the counters and of the integrity counts (docs/FILES.md, health.jsonl)."""

    def liveness(self) -> tuple[list[tuple[str, bool, int, int]], list[tuple[str, int]]]:
        """Tokens as (id, hydrated, last receive ns, venue ms), connections as (name, last data ns).

        0 stands for never. Cost grows with the number of tokens; ask about once a second.
        """

    def close(self) -> int:
        """End the run in order; gives the number of its last record. Nothing works afterwards."""

    def abandon(self) -> None:
        """Leave the run as a crash would, without an end record."""

@final
class Prober:
    """An engine in memory that probes sets (RAZOR_SPEC 25); nothing is written. One thread."""

    def __new__(cls, params: bytes) -> Prober:
        """Begin with the payload of a `params` record. Errors: `SettingsError`."""

    def feed(
        self, kind: str, conn: str, epoch: int, recv_ns: int, payload: bytes
    ) -> FeedFacts | None:
        """Take one record as `Session.feed` does, without a journal; takes no sample."""

    def sample(self, now_ns: int) -> None:
        """Sample every set whose legs are all ready. Cost: about a microsecond per set."""

    def poll(self, now_ns: int, is_full: bool) -> None:
        """Take notice of an answered poll for prints; `is_full` may hide further prints."""

    def liveness(self) -> tuple[list[tuple[str, bool, int, int]], list[tuple[str, int]]]:
        """As `Session.liveness`."""

    def report_json(self) -> str:
        """JSON text of the report: from_ms, to_ms, is_complete, sets with figures."""

def probe_capture(path: Path, params: bytes, tick: Callable[[int, int], bool]) -> str:
    """Probe all sets of a capture or a run directory over its own time; JSON text of the report.

    `params`: payload of a `params` record. `tick(done, total)` in bytes is called every 4,096
    records; false stops, and the report covers what was read. Releases the interpreter lock.
    Errors: `StorageError`, `DecodeError` with file and line, `JournalError`, `SettingsError`.
    """

def sha256(content: bytes) -> bytes:
    """SHA-256, 32 bytes."""

def file_sha256(path: Path) -> str:
    """SHA-256 of a file, hexadecimal. Errors: `StorageError`."""

def capture_import(path: Path, out: Path, format: str, tick: Callable[[int, int], bool]) -> str:
    """Import a recording into a capture; gives its manifest as JSON text.

    `format`: auto, f1, f2, f3, f6 or predecessor. `tick(done, total)` is called about 200 times;
    false stops. Errors: `StorageError`, `DecodeError` with file and line, `Cancelled`.
    """

def capture_info(path: Path, tick: Callable[[int, int], bool]) -> str:
    """Read a capture once and describe it as JSON text (docs/CAPTURE.md).

    `tick` as in `capture_import`; damage is part of the answer. Errors: `StorageError`.
    """

def capture_text(path: Path, max_bytes: int) -> bytes:
    """Read the whole text of a capture, at most `max_bytes`.

    Errors: `StorageError`, `DecodeError` when it is cut off, damaged or longer.
    """

def audit_verify(run_dir: Path, tick: Callable[[int, int], bool]) -> str:
    """Prove the journal and compare every table with it; JSON text.

    Keys: records, segments, tail, evidence, head, differences. `tick(done, total)`, in bytes of
    the journal, is called every 4,096 records; false stops. Errors: `Corrupt`, `JournalError`,
    `StorageError`, `Cancelled`.
    """

def audit_rebuild(lock: RunLock, tick: Callable[[int, int], bool]) -> str:
    """Write all tables of a run anew from its journal; JSON text, else as `audit_verify`.

    `StorageError` also while a session writes under the lock. A stopped one leaves the old tables
    as they were.
    """

def journal_head(run_dir: Path) -> tuple[int, str, str, str]:
    """Prove the journal of a run alone.

    Gives its number of records, the SHA-256 of its last block in hexadecimal, how it ends
    (`closed`, `open`, `torn` or `empty`), and what the tables call the run. Errors: as
    `audit_verify`.
    """

def day14_json(shadow_log: bytes | None, shadow_sets: bytes | None, facts_json: str) -> str:
    """Compute the numbers of a report (docs/FILES.md) as JSON text; decimals are text.

    Errors: `DecodeError` for tables that cannot be read, `ValueError` for unknown facts.
    """

def calibration_json(tables: Sequence[tuple[str, bytes]], min_samples: int) -> str:
    """Calibrate from `calibration_log.csv` of one or several runs (docs/FILES.md); JSON text.

    `tables` are the tables, each with the name that messages give it; shares are decimal text.
    `min_samples` of 0 counts as 1. Cost: about 1 µs per row.

    Errors: `DecodeError` names the table, the line, the column and what to do; `SettingsError` for
    tables of SIM and LIVE together, or of one run twice; `OverflowError` for a negative count.
    """

def resettled_json(shadow_log: bytes, facts_json: str, shares_json: str) -> str:
    """Compute what `day14_json` would give, had the signals been settled with other fill shares.

    `shares_json`: an object with `liquid` and `thin`, decimal text in 0 to 1; a bucket that is
    absent or null keeps its rows. There is no venue column.

    Errors: `DecodeError` for a table that cannot be read or a share that is none, `ValueError` for
    unknown facts.
    """

def simulate(from_seed: int, seeds: int, faults: str, tick: Callable[[int, int], bool]) -> str:
    """Run seeded sessions of the order machine against the simulated venue; JSON text.

    `faults` is empty for a mix by seed, `none`, or a comma list of F-codes forced on. `tick(done,
    seeds)` is called every 64 sessions; false ends the job early with what was run so far. Keys:
    from_seed, sessions, faulty, signals, orders, inputs, digest, failed, properties, stops,
    failures. About 0.2 ms a session. Errors: `ValueError` for an unknown code.
    """

def world_capture(path: Path, seed: int, start_ns: int, duration_ms: int) -> str:
    """Write the capture of a seeded world; gives its manifest as JSON text."""

def venue_world_capture(path: Path, seed: int, start_ns: int, duration_ms: int) -> str:
    """Write the capture of a seeded world on the local exchange; its manifest as JSON text.

    Books, matches and fills are the exchange's own, played on virtual time; the plan is the demo's.
    Errors: `StorageError`, `ValueError` for a duration outside 0 to a day.
    """

@final
class Spread:
    """How the times of single calls are spread, ns; exact quantiles of all of them."""

    @property
    def count(self) -> int:
        """Times taken."""

    @property
    def mean_ns(self) -> int:
        """Mean, rounded down."""

    @property
    def p50_ns(self) -> int:
        """Median."""

    @property
    def p90_ns(self) -> int:
        """90 % are at most this."""

    @property
    def p99_ns(self) -> int:
        """99 % are at most this."""

    @property
    def p999_ns(self) -> int:
        """99.9 % are at most this."""

    @property
    def max_ns(self) -> int:
        """Worst; times above four seconds count as that."""

@final
class FeedBench:
    """A seeded market-channel feed and the books it drives; for measurements only.

    Belongs to the thread that made it. One set of three YES legs per market is watched.
    """

    def __new__(cls, *, seed: int, markets: int, messages: int) -> FeedBench:
        """Generate the feed (about 1 us per message) and take its initial dump."""

    def initial(self) -> list[bytes]:
        """Copy the frames of the initial dump."""

    def messages(self) -> list[bytes]:
        """Copy the frames after it, one message each."""

    def tokens(self) -> list[tuple[str, str]]:
        """Token ids of each market, YES first."""

    def sets(self) -> list[list[str]]:
        """Legs of each watched set as token ids."""

    def final_books(self) -> list[tuple[list[tuple[int, int]], list[tuple[int, int]]]]:
        """True YES bids and asks by market at the end: micro-dollars, micro-shares, best first."""

    @property
    def message_bytes(self) -> int:
        """Bytes of the frames after the initial dump."""

    def reset(self) -> None:
        """Begin anew with books that have seen the initial dump."""

    def feed(self, frame: bytes, recv_ns: int) -> int:
        """Take one frame and give the number of findings; under a microsecond."""

    def run(self) -> int:
        """Take all messages in one loop and give the total ns; no clock inside."""

    def run_timed(self) -> Spread:
        """Take all messages, each timed; a time includes one reading of the clock."""

    @property
    def refused(self) -> int:
        """Frames refused since the last reset."""

    @property
    def wrong_books(self) -> int:
        """Markets whose book is not the generator's at the end."""

@final
class ReplayBench:
    """A capture of the seeded feed as text in memory; for measurements only."""

    def __new__(cls, params: bytes, *, seed: int, markets: int, messages: int) -> ReplayBench:
        """Generate the text; `params` is the settings record of a run."""

    @property
    def lines(self) -> int:
        """Lines of the capture."""

    @property
    def text_bytes(self) -> int:
        """Bytes of its text."""

    def fold(self) -> int:
        """Fold the text through reader and engine and give the ns.

        Raises ValueError when the books at the end are not the generator's.
        """

    def fold_timed(self) -> Spread:
        """Fold the text with each line timed; a time includes one reading of the clock."""

    def read(self) -> int:
        """Read the text without the engine and give the ns."""

    def write(self, path: Path) -> int:
        """Write the capture as a file and give its size in bytes. Raises StorageError."""

    @staticmethod
    def unpack(path: Path) -> int:
        """Decompress a capture into memory and give the ns. Raises StorageError, DecodeError."""

@final
class Recorded:
    """What a paced recording came to."""

    @property
    def pushed(self) -> int:
        """Messages pushed at the fixed rate, lost ones included."""

    @property
    def lost(self) -> int:
        """Messages shed."""

    @property
    def text_bytes(self) -> int:
        """Bytes of the messages recorded."""

    @property
    def stored_bytes(self) -> int:
        """Bytes of the journal."""

    @property
    def took_ns(self) -> int:
        """Length of the paced stretch."""

    @property
    def late_ns_max(self) -> int:
        """How late the generator was at most."""

    @property
    def sync_ns_max(self) -> int:
        """Longest sync of the disk."""

    @property
    def push(self) -> Spread:
        """Cost of the pushes at the fixed rate, one reading of the clock included."""

    @property
    def read_records(self) -> int:
        """Records read back and verified."""

    @property
    def read_ns(self) -> int:
        """Time that took."""

@final
class RecorderBench:
    """A live recorder in a run directory of its own and seeded frames for it."""

    def __new__(
        cls, run_dir: Path, *, seed: int, markets: int, messages: int, most: int
    ) -> RecorderBench:
        """Open a journal; `most` is how many paced pushes are timed. Raises StorageError."""

    def begin(self) -> None:
        """Start the clock of the fixed rate."""

    def push_paced(self, rate: int, count: int) -> None:
        """Push `count` further messages at `rate` a second since `begin`. Raises JournalError."""

    def push_burst(self, count: int) -> int:
        """Push at most `count` messages at once and give the ns; then waits for the disk."""

    def finish(self) -> Recorded:
        """End the journal, read it back and verify it. Raises JournalError, StorageError."""

@final
class OmsBench:
    """Scripts of orders on a simulated venue and a virtual clock; for measurements only."""

    def __new__(cls, *, seed: int) -> OmsBench:
        """Keep the seed of the venue and of the worlds."""

    @staticmethod
    def order_steps(lives: int) -> tuple[int, int]:
        """Take `lives` pairs of orders through the order machine; steps taken and total ns."""

    def desk_steps(self, behind: int, sets: int) -> Spread:
        """Work `sets` sets on a new desk, each step timed, after `behind` that are not timed.

        Errors: `ValueError` when a set did not end as its books let it.
        """

    def orders(self, behind: int, sets: int) -> tuple[int, int]:
        """Work `sets` sets without a clock inside; orders sent and total ns.

        The desk has worked `behind` sets before; its simulated venue is new.
        Errors: `ValueError` when a set did not end as its books let it.
        """

    def world(self, seconds: int, *, start_ns: int = ...) -> list[tuple[str, str, int, bytes]]:
        """Records of a seeded world from `start_ns` on: kind, connection, receive ns, payload."""

    def session(
        self, run_dir: Path, params: bytes, seconds: int, is_durable: bool
    ) -> tuple[Spread, int]:
        """Feed that world to a live session in Rust; times of frames, and the orders.

        The times are those of frames whose signal was fired at once. `is_durable` waits
        for the disk at every intent. Errors: `StorageError`, `JournalError`.
        """

    def crashed_day(self, run_dir: Path, params: bytes, hours: int) -> tuple[int, int]:
        """Write a run of many hours that ended as by a crash; inputs fed, and orders made.

        Errors: `StorageError`, `JournalError`.
        """

@final
class MemoryBench:
    """An engine that has taken the initial dump of many markets, to weigh its process."""

    def __new__(cls, params: bytes, *, seed: int, markets: int, levels: int) -> MemoryBench:
        """Generate and take the dump; `levels` a side."""

    @property
    def live(self) -> int:
        """Tokens whose book is LIVE."""

    @property
    def text_bytes(self) -> int:
        """Bytes of the frames taken."""

    @property
    def wrong_books(self) -> int:
        """Markets whose book is not the generator's."""

def clock_cost_ns() -> int:
    """What one reading of the monotonic clock costs here, ns."""

@final
class SigningKey:
    """A private key of an account; zeroed when it goes, shown by its address only.

    Signatures are deterministic (RFC 6979): the same order gives the same bytes.
    """

    @staticmethod
    def from_hex(text: str) -> SigningKey:
        """`0x` and 64 hex digits; `SignatureError` does not repeat them."""

    @property
    def address(self) -> str:
        """The account, with the checksum of EIP-55."""

    def sign_login(self, timestamp: str, nonce: int) -> str:
        """`POLY_SIGNATURE` of the call that makes or finds an API key; time in seconds as text."""

@final
class ApiSecret:
    """The secret of an API key, which signs private calls; zeroed when it goes, never shown."""

    def __new__(cls, text: str) -> ApiSecret:
        """URL-safe base64 with padding; anything else is a `SignatureError`."""

    def sign(self, timestamp: str, method: str, path: str, body: bytes) -> str:
        """`POLY_SIGNATURE` of a call: seconds as text, capitals, path without query, exact body.

        A call without a body signs empty bytes.
        """

    def verify(self, timestamp: str, method: str, path: str, body: bytes, signature: str) -> bool:
        """Whether the signature is that of the call; every wrong one takes the same time."""

@final
class SigningExchange:
    """A contract that settles orders; an order signed for another one has another id."""

    @staticmethod
    def plain() -> SigningExchange:
        """CTF Exchange V2: plain markets."""

    @staticmethod
    def neg_risk() -> SigningExchange:
        """Neg Risk CTF Exchange V2: markets of exclusive groups."""

    @staticmethod
    def v3() -> SigningExchange:
        """Exchange V3: positions of the second protocol."""

    @property
    def contract(self) -> str:
        """Its address."""

@final
class VenueOrder:
    """What is signed of an order; expiry, order type and owner are not.

    Amounts are in millionths of a dollar or share, `token_id` is the decimal text of the venue,
    `signature_type` 0 to 3 (account, proxy, Safe, deposit wallet). `SignatureError` names what is
    malformed.
    """

    def __new__(
        cls,
        *,
        salt: int,
        maker: str,
        signer: str,
        token_id: str,
        maker_amount: int,
        taker_amount: int,
        is_buy: bool,
        signature_type: int,
        timestamp_ms: int,
        metadata: str | None = None,
        builder: str | None = None,
    ) -> VenueOrder: ...
    def order_id(self, exchange: SigningExchange) -> str:
        """The venue's id: the hash of the order under the exchange, known before it is sent."""

    def sign(self, exchange: SigningExchange, key: SigningKey) -> str:
        """The signature of the maker's owner, in the form of the signature type."""

    def verify(self, exchange: SigningExchange, signature: str) -> SignedOrder:
        """Who signed; `SignatureError` if it is not the order's signer or no signature of it.

        Whether the signer owns a proxy, Safe or deposit wallet stands on the chain: ask there.
        """

@final
class SignedOrder:
    """A signature that was found good."""

    @property
    def order_id(self) -> str:
        """The venue's id of the order."""

    @property
    def signer(self) -> str:
        """The key that signed: an owner, or the session key of a deposit wallet."""

    @property
    def is_session(self) -> bool:
        """Whether it came in the wrapper of a session key."""

    @property
    def owns_maker(self) -> bool:
        """Whether the maker's address is the one this kind of wallet of the signer has."""

@final
class WalletCall:
    """One call of a wallet: contract, `0x` data and wei as decimal text.

    `SignatureError` names what is malformed.
    """

    def __new__(cls, *, target: str, data: str, value: str = "0") -> WalletCall: ...
    @property
    def target(self) -> str:
        """The contract that is called."""

    @property
    def data(self) -> str:
        """Selector and arguments, `0x` and lower-case digits."""

    def act(self) -> WalletAct:
        """What it asks for, in the one form that the official client encodes.

        `CallRefused` for another contract, function, length or fixed member.
        """

@final
class WalletAct:
    """A call that is understood."""

    @property
    def kind(
        self,
    ) -> Literal[
        "split",
        "merge",
        "redeem",
        "redeem_part",
        "convert",
        "convert_one",
        "approve",
        "approve_tokens",
        "send",
        "send_tokens",
    ]:
        """What is done. `redeem_part` and `convert_one` are those of the second protocol."""

    @property
    def contract(self) -> str:
        """The contract that is called, by its word (`contract_at`)."""

    @property
    def key(self) -> str:
        """Condition, group, event or token as `0x` hex of its own length; "" where there is none.

        Conditions of the second protocol have 62 digits, its events 58, everything else 64.
        """

    @property
    def party(self) -> str | None:
        """Who is approved, or gets something; None where that is the wallet itself."""

    @property
    def sender(self) -> str | None:
        """Whose tokens are sent."""

    @property
    def index(self) -> int:
        """Set of outcomes (a bit each), condition, outcome, or 1 for an approval given."""

    @property
    def amount(self) -> int:
        """Micro-dollars or micro-shares, up to 2**256 - 1; 0 where the call has none."""

@final
class WalletBatch:
    """Calls of a deposit wallet as they are signed. Nonce and deadline (s) are decimal text."""

    def __new__(
        cls, *, wallet: str, nonce: str, deadline: str, calls: list[WalletCall]
    ) -> WalletBatch: ...
    def sign(self, key: SigningKey) -> str:
        """The signature of the wallet's owner."""

    def sign_as_session(self, key: SigningKey) -> str:
        """The signature of a session key, in its wrapper."""

    def signer(self, signature: str) -> tuple[str, bool]:
        """Who signed, and whether as a session key; `SignatureError` for no signature at all.

        Another batch was signed by an address that nobody knows: compare with who should have.
        """

@final
class SafeRelay:
    """A transaction of a Safe: one call, or several through multisend (`is_delegate`)."""

    def __new__(
        cls, *, safe: str, call: WalletCall, is_delegate: bool, nonce: str
    ) -> SafeRelay: ...
    def sign(self, key: SigningKey) -> str:
        """The signature of the Safe's owner."""

    def signer(self, signature: str) -> str:
        """Who signed, as of a batch; `SignatureError` for no signature at all."""

    def calls(self) -> list[WalletCall]:
        """The calls inside; `CallRefused`."""

@final
class ProxyRelay:
    """A message of the owner of a proxy wallet to its factory, over the relay hub."""

    def __new__(
        cls,
        *,
        sender: str,
        call: WalletCall,
        relayer_fee: str,
        gas_price: str,
        gas_limit: str,
        nonce: str,
        relay_hub: str,
        relay: str,
    ) -> ProxyRelay: ...
    def sign(self, key: SigningKey) -> str:
        """The signature of the owner."""

    def signer(self, signature: str) -> str:
        """Who signed, as of a batch; `SignatureError` for no signature at all."""

    def calls(self) -> list[WalletCall]:
        """The calls inside; `CallRefused`."""

def contract_at(address: str) -> str | None:
    """The word for the contract at an address, None for any other address."""

def contract_address(word: str) -> str:
    """The address of a contract by its word; `ValueError` for no such word."""

def function_selector(signature: str) -> str:
    """The first four bytes of a call of `name(types)`, `0x` and 8 digits."""

def verify_login(address: str, timestamp: str, nonce: int, signature: str) -> None:
    """Take a login signed by `address`, else raise `SignatureError`."""

def wallets_of(owner: str) -> list[str]:
    """The owner, its proxy, its Safe, its deposit wallet, and the one of before 2026-06-29.

    Addresses follow from the owner's by CREATE2; `SignatureError` if the text is no address.
    """

def checksum_address(text: str) -> str:
    """Write an address with the checksum of EIP-55; `SignatureError` if it is none."""
