"""Tables of seeded runs, as the projections of a run would hold them.

The numbers beside them (``inputs/*.numbers.json``) were computed by the core from exactly these
tables; ``python -m tests.report.ledger DIR`` writes the tables so that they can be computed again.
"""

import random
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial
from pathlib import Path

LOG_HEADER = (
    "run_id,schema_version,signal_id,signal_ts_unix_ms,window_start_ms,window_end_ms,market_id,"
    "strategy,bucket,worst_leg_token_id,q_req,legs_n,q_set,"
    "leg0_token_id,leg0_p_limit,leg0_best_bid,leg0_v_mkt,leg0_q_fill,"
    "leg1_token_id,leg1_p_limit,leg1_best_bid,leg1_v_mkt,leg1_q_fill,"
    "leg2_token_id,leg2_p_limit,leg2_best_bid,leg2_v_mkt,leg2_q_fill,"
    "cost_set,proceeds_set,pnl_set,pnl_left_total,total_pnl,q_fill_avg,set_ratio,"
    "fill_share_p25_used,dump_slippage_assumed,notes"
)
SETS_HEADER = (
    "run_id,schema_version,signal_id,signal_ts_unix_ms,market_id,strategy,legs_n,in_frozen_table,"
    "bucket,tick_bucket,worst_spread_bps,worst_spread_ticks,worst_depth3_usdc,could_be_liquid_now,"
    "could_ever_be_liquid,q_req,raw_cost_bps,raw_edge_bps,hard_fees_bps,risk_premium_bps,"
    "expected_net_bps,fill_share_p25_used,window_usable,frozen_q_set,frozen_set_ratio,"
    "frozen_cost_set,frozen_proceeds_set,frozen_pnl_set,frozen_pnl_left_total,frozen_total_pnl,"
    "notes,venue_sum_ask,venue_fee_per_set,venue_edge_per_set,venue_settlement,venue_q_set,"
    "venue_set_ratio,venue_cost,venue_fees,venue_payout,venue_left_proceeds,venue_residual_cost,"
    "venue_total_pnl,venue_capital_days,venue_notes"
)
EXAMPLE_LOG = (
    "run_example,1.3.2a,1,10000,100,1100,0xc0,binary,thin,111,10,2,6,"
    "111,0.49,0.48,30,10,222,0.48,0.47,12,6,,0,0,0,0,"
    "5.9364,5.994,0.0576,-0.21168,-0.15408,8,0.75,0.5,0.05,"
)
EXAMPLE_SETS = (
    "run_example,1.3.2a,1,10000,0xc0,binary,2,1,thin,liquid,207,1,600,0,0,10,9700,300,210,60,30,"
    "0.5,1,6,0.75,5.9364,5.994,0.0576,-0.21168,-0.15408,,"
    "0.97,0.024975,0.005025,merge,6,0.75,7.78,0.19983,6,0,1.96,-1.97983,0,RESIDUAL"
)
HOSTILE = "<img src=x onerror=alert(1)>\u202e](http://evil.example)|`*_\x1b[31m"
DAY_MS = 86_400_000
START_MS = 1_784_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Tables:
    """The text of both tables."""

    log: str
    sets: str


def empty() -> Tables:
    return Tables(log=f"{LOG_HEADER}\n", sets=f"{SETS_HEADER}\n")


def example() -> Tables:
    return Tables(log=f"{LOG_HEADER}\n{EXAMPLE_LOG}\n", sets=f"{SETS_HEADER}\n{EXAMPLE_SETS}\n")


def seeded(  # noqa: PLR0913 - each is one knob of the drawing
    *,
    rows: int,
    seed: int,
    days: int,
    edge: str,
    run_id: str = "run_seeded",
    is_filled: bool = True,
) -> Tables:
    """Draw ``rows`` signals over ``days``; ``edge`` (USDC per set) decides who wins."""
    random_ = random.Random(seed)
    log, sets = [LOG_HEADER], [SETS_HEADER]
    for number in range(1, rows + 1):
        drawn = _Signal.drawn(random_, number=number, rows=rows, days=days, edge=Decimal(edge))
        signal = drawn if is_filled else drawn.unfilled
        log += [signal.log_line(run_id)] * signal.is_frozen
        sets.append(signal.sets_line(run_id))
    return Tables(log="\n".join(log) + "\n", sets="\n".join(sets) + "\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Signal:
    number: int
    ts_ms: int
    market: str
    legs: int
    bucket: str
    limit: Decimal
    q_req: Decimal
    fills: tuple[Decimal, ...]
    notes: str
    venue_note: str
    edge: Decimal

    @classmethod
    def drawn(
        cls, random_: random.Random, *, number: int, rows: int, days: int, edge: Decimal
    ) -> "_Signal":
        legs = random_.choices((2, 3, 11), (60, 35, 5))[0]
        q_req = Decimal(10)
        is_whole = random_.random() < 0.9
        fills = tuple(q_req if is_whole else Decimal(random_.randrange(0, 11)) for _ in range(legs))
        notes = random_.choices(
            ("", "NO_TRADES,WINDOW_EMPTY", "WINDOW_DATA_GAP", "BUCKET_THIN_NAN,MISSING_BID"),
            (70, 5, 20, 5),
        )[0]
        if notes.startswith("NO_TRADES"):
            fills = (q_req,) * legs if is_whole else fills
        return cls(
            number=number,
            ts_ms=START_MS + days * DAY_MS * number // rows + random_.randrange(0, 60_000),
            market=f"0x{random_.randrange(0, 12):064x}",
            legs=legs,
            bucket=random_.choices(("thin", "liquid"), (80, 20))[0],
            limit=Decimal(random_.randrange(20, 60)) / 100,
            q_req=q_req,
            fills=fills,
            notes=notes,
            venue_note=random_.choices(("", "FEES_UNKNOWN"), (85, 15))[0],
            edge=edge + Decimal(random_.randrange(-20, 21)) / 1000,
        )

    @property
    def unfilled(self) -> "_Signal":
        return replace(self, fills=(Decimal(0),) * self.legs, notes="NO_TRADES,WINDOW_EMPTY")

    @property
    def is_frozen(self) -> bool:
        return self.legs <= 3

    @property
    def q_set(self) -> Decimal:
        return min(self.fills)

    @property
    def average(self) -> Decimal:
        return sum(self.fills, Decimal(0)) / len(self.fills)

    @property
    def ratio(self) -> str:
        ratio = self.q_set / self.average if self.average else Decimal(0)
        return _plain(round(ratio, 12))

    @property
    def left(self) -> Decimal:
        return (sum(self.fills, Decimal(0)) - self.q_set * len(self.fills)) * self.limit / -10

    @property
    def total(self) -> Decimal:
        return self.q_set * self.edge + self.left

    def log_line(self, run_id: str) -> str:
        legs = [
            (f"t{index}", self.limit, self.limit - Decimal("0.01"), fill * 10, fill)
            for index, fill in enumerate(self.fills)
        ]
        legs += [("", Decimal(0), Decimal(0), Decimal(0), Decimal(0))] * (3 - self.legs)
        cells = [run_id, "1.3.2a", self.number, self.ts_ms, 100, 1100, self.market, self.strategy]
        cells += [self.bucket, "t0", self.q_req, self.legs, self.q_set]
        cells += [cell for leg in legs for cell in leg]
        cells += [Decimal("5.9"), Decimal("5.994"), self.q_set * self.edge, self.left, self.total]
        cells += [round(self.average, 12), self.ratio, Decimal("0.1"), Decimal("0.05")]
        notes = f'"{self.notes}"' if "," in self.notes else self.notes
        return ",".join([*map(_text, cells), notes])

    @property
    def strategy(self) -> str:
        return {2: "binary", 3: "triangle"}.get(self.legs, "basket")

    def sets_line(self, run_id: str) -> str:
        notes = f'"{self.notes}"' if "," in self.notes else self.notes
        head = [run_id, "1.3.2a", self.number, self.ts_ms, self.market, self.strategy, self.legs]
        head += [int(self.is_frozen), self.bucket, "liquid", 207, 1, 600, 0, self.number % 7 == 0]
        head += [self.q_req, 9700, 300, 210, 60, 30, Decimal("0.1"), 1, self.q_set, self.ratio]
        head += [Decimal("5.9"), Decimal("5.994"), self.q_set * self.edge, self.left, self.total]
        head += [notes, Decimal("0.97"), Decimal("0.02"), Decimal("0.01"), "merge"]
        if self.venue_note:
            return ",".join([*map(_text, head), *[""] * 9, self.venue_note])
        venue = round(self.total + self.q_set * Decimal("0.004"), 6)
        head += [self.q_set, self.ratio, Decimal("7.78"), Decimal("0.19983"), self.q_set, 0, 0]
        return ",".join([*map(_text, head), _plain(venue), "0", ""])


def _text(cell: object) -> str:
    match cell:
        case Decimal():
            return _plain(cell)
        case bool():
            return str(int(cell))
        case _:
            return str(cell)


def _plain(number: Decimal) -> str:
    if not number:
        return "0"
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def hostile() -> Tables:
    """One row whose market id tries everything; line ends can not occur inside a cell."""
    name = HOSTILE.replace('"', '""')
    log = EXAMPLE_LOG.replace(",0xc0,", f',"{name}",')
    sets = EXAMPLE_SETS.replace(",0xc0,", f',"{name}",')
    return Tables(log=f"{LOG_HEADER}\n{log}\n", sets=f"{SETS_HEADER}\n{sets}\n")


def without_prints() -> Tables:
    """Signals that passed the gate in a recording without trade prints: all fills are zero."""
    return seeded(rows=120, seed=3, days=1, edge="0", run_id="run_quotes", is_filled=False)


TABLES: dict[str, Callable[[], Tables]] = {
    "unfilled": without_prints,
    "quotes": empty,
    "example": example,
    "hostile": hostile,
    "seeded": partial(seeded, rows=500, seed=7, days=3, edge="-0.003"),
    "go": partial(seeded, rows=400, seed=11, days=15, edge="0.02", run_id="run_go"),
}


def main(folder: Path) -> None:
    for name, make in TABLES.items():
        tables = make()
        (folder / f"{name}.log.csv").write_text(tables.log, encoding="utf-8")
        (folder / f"{name}.sets.csv").write_text(tables.sets, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
