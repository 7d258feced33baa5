"""A guard in words: both sides of its inequality with their units.

Owns: :func:`in_words`. The core writes guards as whole numbers in its own units (micro-dollars,
micro-shares, ns); here they become dollars, shares and milliseconds, exactly. Must never: fail on
a guard it does not know; such a one is shown as it is written, after the name of its line.
"""

from decimal import Decimal

from razor.domain.trail import Guard

__all__ = ["NAMES", "in_words"]

# The lines of INVARIANTS that can block, by their names there.
NAMES = {
    "S-01": "total exposure cap",
    "S-02": "per-signal cap",
    "S-03": "unknown is worst case",
    "S-04": "one attempt in flight per leg",
    "S-05": "at most one placement per attempt",
    "S-06": "HardStop",
    "S-07": "chase bound",
    "S-08": "flatten ladder and its leftovers",
    "S-09": "no naked sale",
    "S-10": "fill conservation",
    "S-11": "fill dedup",
    "S-12": "overfill",
    "S-13": "monotone counters",
    "S-14": "reduce-only",
    "S-15": "leg order",
    "S-16": "equal shares of a valid set",
    "S-17": "signal dedup",
    "S-18": "freshness",
    "S-19": "mode gate",
    "S-20": "bounded retry",
    "S-21": "venue mode",
    "S-22": "provisional is not spendable",
    "S-23": "cash conservation",
    "S-24": "fee certainty",
    "S-25": "exact arithmetic and minimums",
    "S-26": "kill latency",
    "S-27": "single writer",
    "S-28": "cooldown",
    "S-29": "loss and revert breakers",
    "S-30": "rate and open-order caps",
    "S-31": "legal transitions",
    "S-32": "no foreigners",
    "S-33": "P&L identity",
    "D-1": "write-ahead",
    "D-7": "completeness",
    "D-10": "loss of durability",
    "D-11": "time",
    "L-1": "one terminal row per signal",
    "L-2": "every attempt is resolved in time",
    "L-3": "flattening ends",
    "L-6": "no livelock",
    "L-9": "bounded resources",
    "L-10": "only an operator leaves HardStop",
}
_MICRO = 6
_NANO_TO_MS = 6


class _Value(int):
    """A number of a guard; ``:m`` shows millionths, ``:ms`` ns as ms, nothing the number."""

    def __format__(self, spec: str, /) -> str:
        match spec:
            case "m":
                return _plain(int(self), _MICRO)
            case "ms":
                return f"{_plain(int(self), _NANO_TO_MS)} ms"
            case "p":
                # Per mille as per cent.
                return f"{_plain(int(self), 1)} %"
            case _:
                return str(int(self))


def _plain(value: int, places: int) -> str:
    """Give an exact decimal without trailing zeros."""
    text = f"{Decimal(value).scaleb(-places):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


# By guard and the names of its fields: one guard may block on several inequalities. ``WORD`` stands
# for a single field that is named after a state, such as ``POST_ONLY=1``.
_BY_FIELDS: dict[tuple[str, str], str] = {
    ("S-01", "e r cap"): "{e:m} USDC at risk + {r:m} USDC this could cost > {cap:m} USDC allowed "
    "in total (risk.max_exposure_usdc)",
    ("S-01", "event_e r cap"): "{event_e:m} USDC at risk in the event + {r:m} USDC this could cost "
    "> {cap:m} USDC allowed per event",
    ("S-02", "cost r cap"): "{cost:m} USDC spent on the signal + {r:m} USDC this could cost > "
    "{cap:m} USDC allowed per signal (risk.max_signal_usdc)",
    ("S-06", ""): "trading is stopped or stopping: no new set begins",
    ("S-06", "halt"): "an operator gave the order to halt",
    ("S-06", "WORD"): "the desk stands in {word}: nothing but cancels may go out",
    ("S-07", "ask bound"): "best ask {ask:m} > {bound:m}, the ask at the signal: the first order "
    "never pays more",
    ("S-07", "bound ask"): "highest allowed chase price {bound:m} < best ask {ask:m}: an order at "
    "it could not fill",
    ("S-07", "net_bps least"): "expected net edge {net_bps} bps < {least} bps, the least that "
    "leaves a chase budget",
    ("S-07", "net_bps"): "expected net edge {net_bps} bps leaves no chase budget (2 bps needed)",
    ("S-07", "short steps"): "{short:m} shares are still missing after {steps} chase steps, and "
    "there are no more",
    ("S-07", "same_px"): "the second chase step rounds to the price of the first, {same_px:m}: it "
    "would only repeat it",
    ("S-08", "ask"): "the book has no ask to buy at (ask {ask:m})",
    ("S-08", "bid"): "the book has no bid to sell at (bid {bid:m})",
    ("S-08", "leg left"): "{left:m} shares of leg {leg} are left > 0 allowed after the last "
    "flatten step",
    ("S-08", "residual cap"): "{residual:m} USDC of unsellable leftovers > {cap:m} USDC allowed "
    "(risk.max_residual_usdc)",
    ("S-09", "q conf"): "{q:m} shares to sell > {conf:m} confirmed and free",
    ("S-10", "order"): "shares came for order no. {order}, which the venue had proven over",
    ("S-10", "merge"): "the merge does not fit the positions",
    ("S-12", "order"): "order no. {order} was filled beyond what was asked for",
    ("S-16", "legs"): "{legs} legs with their worst do not form a set of 2 to 64",
    ("S-16", "under_resolution allowed"): "a market of the set is being resolved "
    "({under_resolution} > {allowed} allowed)",
    ("S-16", "delayed allowed"): "the venue delays takers here ({delayed} > {allowed} allowed)",
    ("S-18", "age ttl"): "the signal was {age:ms} old > {ttl:ms} allowed when its turn came",
    ("S-18", "leg age_ns"): "the book of leg {leg} was last proven {age_ns:ms} ago, which is too "
    "old to price an order (-1 ns = it has no book)",
    ("S-18", "leg"): "leg {leg} has no book to price an order",
    ("S-19", "account"): "the venue refused the account",
    ("S-21", "WORD"): "the venue is {word}: it takes no orders of ours",
    ("S-22", "settle"): "the chain did not settle in oms.settle_deadline_ms",
    ("S-24", "token"): "the fee schedule of token no. {token} is unknown, so the cost is",
    ("S-24", "px limit"): "filled at {px:m}, worse than the limit {limit:m}",
    ("S-25", "q min"): "{q:m} shares < {min:m}, the smallest order the venue takes here",
    ("S-25", "overflow"): "an amount does not fit its integers",
    ("S-25", "price"): "no price of the grid fits the order",
    ("S-26", ""): "an operator asked to stop: no further buy",
    ("S-26", "stop"): "an operator asked to stop: signals that waited are not begun",
    ("S-28", "now cooldown_until"): "the market rests for another {rest:ms} (now {now} ns < "
    "{cooldown_until} ns)",
    ("S-29", "day_loss cap"): "day loss {day_loss:m} USDC ≥ {cap:m} USDC allowed "
    "(risk.max_day_loss_usdc)",
    ("S-29", "loss_streak cap"): "{loss_streak} failed sets in a row ≥ {cap} allowed",
    ("S-29", "revert_permille cap window"): "{revert_permille:p} of the last {window} final fills "
    "failed on chain > {cap:p} allowed",
    ("S-29", "api_error_permille cap window"): "{api_error_permille:p} of the last {window} calls "
    "had no answer > {cap:p} allowed",
    ("S-30", "open cap"): "{open} open orders ≥ {cap} allowed (risk.max_open_orders)",
    ("S-30", "sends cap"): "{sends} orders sent in a minute ≥ {cap} allowed for this kind "
    "(risk.max_orders_per_min)",
    ("S-31", "WORD"): "an order in state {word} was told something that its table does not allow",
    ("S-31", "open"): "{open} orders are open where the desk's state allows fewer",
    ("S-32", ""): "the account shows something that razor did not do",
    ("S-32", "order"): "the venue spoke of order no. {order}, which razor does not know",
    ("S-32", "merge"): "the venue spoke of a merge that razor did not ask for",
    ("D-10", ""): "the journal cannot be made durable",
    ("D-10", "order"): "the intent of order no. {order} could not be made durable, so it was not "
    "sent",
    ("L-1", "run_ended"): "the run ended while the signal was in work or waiting; what it holds is "
    "in the ledger",
    ("L-2", "order"): "the outcome of order no. {order} could not be proven in time",
    ("L-3", "flatten"): "leftovers were not sold in the time that flattening may take",
    ("L-9", "queue"): "{queue} signals wait already, which is all that may",
    ("L-10", "unresolved"): "clearing was refused: {unresolved} orders unresolved > 0 allowed",
}


def in_words(guard: Guard) -> str:
    """Say what blocked: the id, its name, and both sides with units."""
    name = NAMES.get(guard.id, "not a guard of this version")
    head = f"{guard.id} ({name})"
    names = " ".join(field for field, _ in guard.fields)
    word = ""
    if len(guard.fields) == 1 and names.isupper():
        names, word = "WORD", names
    template = _BY_FIELDS.get((guard.id, names))
    if template is None:
        sides = ", ".join(f"{field} = {value}" for field, value in guard.fields)
        return f"{head}: {sides}" if sides else head
    values = {field: _Value(value) for field, value in guard.fields}
    rest = values.get("cooldown_until", 0) - values.get("now", 0)
    return f"{head}: {template.format(**values, word=word, rest=_Value(rest))}"
