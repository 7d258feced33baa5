"""The tables of a small simulated run, written by hand: every way a signal can end."""

from dataclasses import dataclass
from decimal import Decimal
from io import StringIO

from razor.application.trail import make_trail
from razor.application.trail_table import (
    FILLS_HEADER,
    SHADOW_LEGS_HEADER,
    SHADOW_SETS_HEADER,
    TICKS_HEADER,
    TRADE_LOG_HEADER,
    Top,
    read_fills,
    read_shadow_legs,
    read_shadow_sets,
    read_tops,
    read_trade_log,
)
from razor.domain.trail import Ladder, Trail

RUN = "run_20260921_141320_000001"
START = 1_800_000_000_000
REMEDY = "write the tables anew"
HOSTILE = "<b onclick=x()>|`$(rm)`\u202e\x1b[2J[l](http://e.example)&amp;"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tables:
    """The texts of the tables that a trail rests on."""

    trade_log: str
    fills: str
    shadow_sets: str
    shadow_legs: str
    ticks: str


def line(header: str, **cells: object) -> str:
    """One record of a table; cells that are not named are blank."""
    names = header.split(",")
    assert set(cells) <= set(names), set(cells) - set(names)
    texts = (str(cells.get(name, "")) for name in names)
    quoted = (
        '"' + text.replace('"', '""') + '"' if set(text) & set(',"') else text for text in texts
    )
    return ",".join(quoted) + "\n"


def row(ms: int, signal: int | None, action: str, **cells: object) -> str:
    """One row of the trail, ``ms`` after the start; a signal has its own facts."""
    facts: dict[str, object] = {"ts_ms": START + ms, "run_id": RUN, "mode": "SIM", "action": action}
    if signal is not None:
        facts |= {
            "signal_id": signal,
            "market_id": f"0xmarket{signal}",
            "strategy": "binary",
            "bucket": "thin",
            "expected_net_bps": 210,
        }
    return line(TRADE_LOG_HEADER, **(facts | cells))


def order(
    ms: int, signal: int, action: str, place: tuple[int, int], px: str, **cells: object
) -> str:
    """The row of an order on a leg, with the number of its attempt; its hash says whose it is."""
    leg, attempt = place
    facts: dict[str, object] = {
        "attempt": attempt,
        "leg_index": leg,
        "token_id": f"70{leg}",
        "side": "SELL" if action == "FLATTEN" else "BUY",
        "limit_price": px,
        "req_qty": "10",
        "order_id": f"0x{signal:032x}{leg:016x}{attempt:016x}",
    }
    return row(ms, signal, action, **(facts | cells))


def full(px: str, qty: str = "10") -> dict[str, object]:
    """The cells of an order filled in full."""
    return {
        "ack_status": "MATCHED",
        "filled_qty": qty,
        "avg_price": px,
        "fill_status": "FULL",
        "result": "FULL",
        "latency_ms": 120,
    }


NOTHING: dict[str, object] = {
    "ack_status": "MATCHED",
    "filled_qty": "0",
    "fill_status": "NONE",
    "result": "NONE",
    "latency_ms": 120,
}


def settle(qty: str, *, side: str = "BUY") -> dict[str, object]:
    """The cells of a confirmation."""
    return {"filled_qty": qty, "settle_status": "CONF", "side": side}


def done_rows() -> str:
    """Signal 1: leg 1 is the worst, leg 0 needs both chase steps, the set is held."""
    return "".join(
        (
            row(0, 1, "STATE", reason_codes="IDLE|FIRING_LEG1"),
            order(120, 1, "FIRE", (1, 1), "0.6", **full("0.6")),
            row(120, 1, "STATE", reason_codes="FIRING_LEG1|CHASING"),
            order(240, 1, "CHASE", (0, 1), "0.3", chase_budget_bps=10, **NOTHING),
            order(360, 1, "CHASE", (0, 2), "0.303", chase_budget_bps=105, **full("0.301")),
            row(360, 1, "STATE", reason_codes="CHASING|SETTLE_PENDING"),
            order(2_360, 1, "SETTLE", (1, 1), "0.6", **settle("10")),
            order(4_360, 1, "SETTLE", (0, 2), "0.303", **settle("4")),
            order(4_361, 1, "SETTLE", (0, 2), "0.303", **settle("6")),
            row(4_361, 1, "END", result="SET_DONE"),
            row(4_361, 1, "COOLDOWN"),
        )
    )


def waiting_rows() -> str:
    """Signals that never came to an order."""
    return "".join(
        (
            row(
                4_361,
                2,
                "END",
                result="EXPIRED",
                reason_codes="guard=S-18 age=2361000000 ttl=1000000000",
            ),
            row(4_361, None, "STATE", reason_codes="SETTLE_PENDING|COOLDOWN"),
            row(
                4_400,
                3,
                "COOLDOWN",
                result="REJECTED_BY_RISK",
                reason_codes="guard=S-28 now=4400000000 cooldown_until=5361000000",
            ),
            row(5_361, None, "STATE", reason_codes="COOLDOWN|IDLE"),
            row(
                6_000,
                4,
                "END",
                result="REJECTED_BY_RISK",
                reason_codes="guard=S-01 e=98500000 r=2000000 cap=100000000",
            ),
            row(6_001, 4, "DEDUP_SIGNAL"),
        )
    )


def flattened_rows() -> str:
    """Signal 5: no chase is allowed, the leftover is sold at the second flatten step."""
    return "".join(
        (
            row(7_000, 5, "STATE", reason_codes="IDLE|FIRING_LEG1"),
            order(7_120, 5, "FIRE", (0, 1), "0.4", **full("0.4")),
            row(
                7_120,
                5,
                "CHASE",
                leg_index=1,
                req_qty="10",
                reason_codes="guard=S-07 bound=400000 ask=460000",
            ),
            row(7_120, 5, "STATE", reason_codes="FIRING_LEG1|SETTLE_PENDING"),
            order(9_120, 5, "SETTLE", (0, 1), "0.4", **settle("10")),
            row(9_120, 5, "STATE", reason_codes="SETTLE_PENDING|FLATTENING"),
            order(9_240, 5, "FLATTEN", (0, 2), "0.37", **NOTHING),
            order(9_500, 5, "FLATTEN", (0, 3), "0.35", **full("0.36")),
            row(9_500, 5, "STATE", reason_codes="FLATTENING|SETTLE_PENDING"),
            order(11_500, 5, "SETTLE", (0, 3), "0.35", **settle("10", side="SELL")),
            row(11_500, 5, "END", result="FLATTENED"),
            row(11_500, 5, "COOLDOWN"),
            row(11_500, None, "STATE", reason_codes="SETTLE_PENDING|COOLDOWN"),
        )
    )


def stopped_rows() -> str:
    """Signal 6 ends trading on the flatten ladder, 7 waited for it, 8 comes too late."""
    return "".join(
        (
            row(13_000, 6, "STATE", reason_codes="COOLDOWN|FIRING_LEG1"),
            order(13_120, 6, "FIRE", (0, 1), "0.4", **full("0.4")),
            row(13_120, 6, "STATE", reason_codes="FIRING_LEG1|SETTLE_PENDING"),
            order(13_500, 6, "SETTLE", (0, 1), "0.4", **settle("10")),
            row(13_500, 6, "STATE", reason_codes="SETTLE_PENDING|FLATTENING"),
            order(13_620, 6, "FLATTEN", (0, 2), "0.37", **NOTHING),
            row(
                13_900,
                6,
                "FLATTEN",
                leg_index=0,
                req_qty="10",
                result="NONE",
                reason_codes="guard=S-08 bid=0",
            ),
            order(14_020, 6, "FLATTEN", (0, 3), "0.33", **NOTHING),
            row(
                14_020,
                6,
                "HARDSTOP",
                result="HARDSTOP",
                reason_codes="guard=S-08 leg=0 left=10000000",
            ),
            row(14_020, 7, "END", result="HARDSTOP", reason_codes="guard=S-08 leg=0 left=10000000"),
            row(14_020, 6, "STATE", reason_codes="FLATTENING|HARD_STOP"),
            row(15_000, 8, "END", result="REJECTED_BY_RISK", reason_codes="guard=S-06"),
            row(16_000, None, "CLEAR", reason_codes="guard=L-10 unresolved=1"),
        )
    )


@dataclass(slots=True)
class Account:
    """Writes rows of ``fills.csv`` with the account's running cash."""

    cash: Decimal = Decimal(0)
    text: str = f"{FILLS_HEADER}\n"

    def add(self, signal: int, event: str, cash: str, **cells: object) -> None:
        """Add one row."""
        self.cash += Decimal(cash)
        facts: dict[str, object] = {
            "ts_ms": START,
            "run_id": RUN,
            "mode": "SIM",
            "signal_id": signal,
            "market_id": f"0xmarket{signal}",
            "settlement": "hold",
            "legs_n": 2,
            "event": event,
            "cash": cash,
            "account_cash": f"{self.cash.normalize():f}",
        }
        self.text += line(FILLS_HEADER, **(facts | cells))

    def fill(self, signal: int, place: tuple[int, int], qty: str, cash: str, **cells: str) -> None:
        """Add a match; the number of its trade is that of the row."""
        leg, attempt = place
        facts: dict[str, object] = {
            "order_id": f"0x{signal:032x}{leg:016x}{attempt:016x}",
            "trade_id": f"{self.text.count(chr(10)):032x}",
            "leg_index": leg,
            "token_id": f"70{leg}",
            "side": "BUY",
            "qty": qty,
            "price": "0.5",
            "fee": "0",
            "settle_status": "PROV",
        }
        self.add(signal, "FILL", cash, **(facts | cells))

    def confirm(self) -> None:
        """Add a confirmation for every match so far."""
        for row in self.text.splitlines()[1:]:
            cells = dict(zip(FILLS_HEADER.split(","), row.split(","), strict=True))
            told: dict[str, object] = {**cells, "settle_status": "CONF"}
            for name in ("signal_id", "event", "cash", "account_cash"):
                del told[name]
            self.add(int(cells["signal_id"]), "SETTLE", "0", **told)


def fills() -> Account:
    """The matches of the signals that had any: cash is notional and fee, as the core rounds it."""
    account = Account()
    account.fill(1, (1, 1), "10", "-6.05", price="0.6", fee="0.05")
    account.fill(1, (0, 2), "4", "-1.214", price="0.301", fee="0.01")
    account.fill(1, (0, 2), "6", "-1.821", price="0.301", fee="0.015")
    account.fill(5, (0, 1), "10", "-4.03", price="0.4", fee="0.03")
    account.fill(5, (0, 3), "10", "3.58", price="0.36", fee="0.02", side="SELL")
    account.fill(6, (0, 1), "10", "-4.03", price="0.4", fee="0.03")
    return account


def confirmed() -> str:
    """The table of those matches, each confirmed."""
    account = fills()
    account.confirm()
    return account.text


def shadow(signal: int, ms: int, frozen: str, venue: str) -> str:
    """One row of the shadow ledger."""
    return line(
        SHADOW_SETS_HEADER,
        run_id=RUN,
        schema_version="1.3.2a",
        signal_id=signal,
        signal_ts_unix_ms=START + ms,
        market_id=f"0xmarket{signal}",
        strategy="binary",
        legs_n=2,
        worst_spread_bps=646,
        worst_spread_ticks=2,
        q_req="10",
        expected_net_bps=210,
        frozen_total_pnl=frozen,
        notes="A,B",
        venue_settlement="hold",
        venue_total_pnl=venue,
        venue_notes="" if venue else "FEES_UNKNOWN",
    )


def legs(signal: int) -> str:
    """Both legs of a signal."""
    return "".join(
        line(
            SHADOW_LEGS_HEADER,
            run_id=RUN,
            signal_id=signal,
            leg_index=leg,
            token_id=f"70{leg}",
            p_limit=ask,
            best_bid=bid,
        )
        for leg, (bid, ask) in enumerate((("0.28", "0.3"), ("0.57", "0.6")))
    )


def tables() -> Tables:
    """The run; signals 7 and 8 have no row in the shadow ledger."""
    facts = (
        (1, 0, "0.3", "0.198"),
        (2, 2_000, "-0.1", ""),
        (3, 4_400, "0.02", "0"),
        (4, 6_000, "0", "0"),
        (5, 7_000, "0.12", "-0.05"),
        (6, 13_000, "0.3", "0.1"),
    )
    ticks = (
        (-900, "700", "0.28", "0.3"),
        (-900, "701", "0.57", "0.6"),
        (500, "700", "0.29", "0.301"),
        (1_500, "701", "0", "1"),
        (2_500, "799", "0.1", "0.2"),
        (9_000, "700", "0.37", "0.39"),
    )
    return Tables(
        trade_log=TRADE_LOG_HEADER
        + "\n"
        + done_rows()
        + waiting_rows()
        + flattened_rows()
        + stopped_rows(),
        fills=confirmed(),
        shadow_sets=SHADOW_SETS_HEADER + "\n" + "".join(shadow(*fact) for fact in facts),
        shadow_legs=SHADOW_LEGS_HEADER + "\n" + "".join(legs(fact[0]) for fact in facts),
        ticks=TICKS_HEADER
        + "\n"
        + "".join(
            line(
                TICKS_HEADER,
                ts_recv_us=(START + ms) * 1_000,
                market_id="0xm",
                token_id=token,
                best_bid=bid,
                best_ask=ask,
                ask_depth3_usdc="NaN",
            )
            for ms, token, bid, ask in ticks
        ),
    )


def trail_of(found: Tables) -> Trail:
    """What the verb makes of the tables."""
    run_id, mode, rows = read_trade_log(lines(found.trade_log), REMEDY)
    return make_trail(
        run_id=run_id,
        mode=mode,
        rows=rows,
        fills=read_fills(lines(found.fills), REMEDY),
        sets=read_shadow_sets(lines(found.shadow_sets), REMEDY),
        legs=read_shadow_legs(lines(found.shadow_legs), REMEDY),
        ladder=Ladder(),
        markers=("Orders went to the simulated venue.",),
    )


def tops_of(found: Tables) -> tuple[Top, ...]:
    """The prices that the plots draw."""
    return tuple(read_tops(lines(found.ticks), ("700", "701"), REMEDY))


def lines(text: str) -> StringIO:
    """A table as the verb opens it."""
    return StringIO(text, newline="")
