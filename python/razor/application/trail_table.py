"""The tables of a run's order path, read strictly: what razor did not write is refused.

A trail is evidence. A reader that skipped what it does not understand would show a shorter story
than the run had, and nobody would see what is missing.

Owns: :func:`read_trade_log`, :func:`read_fills`, :func:`read_shadow_sets`,
:func:`read_shadow_legs`, :func:`read_tops`. Must never: open a file, guess a cell, or skip a row.
Every refusal is a :class:`DecodeError` that names the file, the line, the field, what was found and
what cures it.
"""

import csv
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from razor.domain.errors import DecodeError
from razor.domain.trail import OUTCOMES, FillRow, Guard, ShadowLeg, ShadowSet, TrailRow

__all__ = [
    "FILLS_HEADER",
    "SHADOW_LEGS_HEADER",
    "SHADOW_SETS_HEADER",
    "TICKS_HEADER",
    "TRADE_LOG_HEADER",
    "Top",
    "read_fills",
    "read_shadow_legs",
    "read_shadow_sets",
    "read_tops",
    "read_trade_log",
]

TRADE_LOG_HEADER = (
    "ts_ms,run_id,mode,signal_id,market_id,strategy,bucket,expected_net_bps,action,attempt,"
    "leg_index,token_id,side,limit_price,req_qty,chase_budget_bps,order_id,ack_status,filled_qty,"
    "avg_price,fill_status,settle_status,result,latency_ms,reason_codes"
)
FILLS_HEADER = (
    "ts_ms,run_id,mode,signal_id,market_id,settlement,legs_n,event,order_id,trade_id,leg_index,"
    "token_id,side,qty,price,fee,settle_status,cash,account_cash"
)
SHADOW_SETS_HEADER = (
    "run_id,schema_version,signal_id,signal_ts_unix_ms,market_id,strategy,legs_n,in_frozen_table,"
    "bucket,tick_bucket,worst_spread_bps,worst_spread_ticks,worst_depth3_usdc,could_be_liquid_now,"
    "could_ever_be_liquid,q_req,raw_cost_bps,raw_edge_bps,hard_fees_bps,risk_premium_bps,"
    "expected_net_bps,fill_share_p25_used,window_usable,frozen_q_set,frozen_set_ratio,"
    "frozen_cost_set,frozen_proceeds_set,frozen_pnl_set,frozen_pnl_left_total,frozen_total_pnl,"
    "notes,venue_sum_ask,venue_fee_per_set,venue_edge_per_set,venue_settlement,venue_q_set,"
    "venue_set_ratio,venue_cost,venue_fees,venue_payout,venue_left_proceeds,venue_residual_cost,"
    "venue_total_pnl,venue_capital_days,venue_notes"
)
SHADOW_LEGS_HEADER = (
    "run_id,signal_id,leg_index,token_id,p_limit,best_bid,frozen_v_mkt,frozen_q_fill,frozen_q_left,"
    "venue_v_mkt,venue_q_fill,venue_q_left,venue_cost,venue_fee,venue_left_proceeds,"
    "venue_residual_cost"
)
TICKS_HEADER = "ts_recv_us,market_id,token_id,best_bid,best_ask,ask_depth3_usdc"

# The words of docs/FILES.md; one that is not listed means another version of the table.
_MODES = ("SIM", "LIVE")
_ACTIONS = (
    *("FIRE", "CHASE", "FLATTEN", "MERGE", "CONVERT", "REDEEM", "CANCEL", "SETTLE", "VOID"),
    *("LATE_ARRIVAL", "STATE", "MODE", "COOLDOWN", "DEDUP_SIGNAL", "HARDSTOP", "CLEAR"),
    *("RECOVERY", "END", "FAULT", "OPERATOR"),
)
_VERBS = ("STOP", "HALT", "CLEAR")
_SIDES = ("BUY", "SELL")
_ACKS = ("MATCHED", "LIVE", "DELAYED", "REJECTED", "UNKNOWN")
_FILLS = ("FULL", "PARTIAL", "NONE")
_SETTLES = ("PROV", "CONF", "VOID")
_RESULTS = ("FULL", "PARTIAL", "NONE", "REJECTED", "UNKNOWN", *OUTCOMES)
_SETTLEMENTS = ("merge", "hold", "unproven")
_EVENTS = ("FILL", "SETTLE", "MERGE")
# Longer digits are no number of a table of razor; reading them would only cost time.
# Only ASCII digits: other scripts have digits too, which no program of the core writes.
_WHOLE = re.compile(r"-?[0-9]{1,19}", re.ASCII)
_PLAIN = re.compile(r"-?[0-9]{1,30}(\.[0-9]{1,30})?", re.ASCII)
_HASH = re.compile(r"(0x[0-9a-f]{64})?", re.ASCII)
_GUARD = re.compile(r"guard=([A-Z]+-[0-9]+)((?: [A-Za-z0-9_]+=-?[0-9]{1,19})*)", re.ASCII)
_WORD = re.compile(r"[A-Z][A-Z0-9_-]*", re.ASCII)
# Where a desk stands before its first change of state.
_FIRST_PHASE = "IDLE"
_US_PER_MS = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Top:
    """The best prices of a token at a time; 0 and 1 when the side was empty."""

    ts_ms: Decimal
    token_id: str
    bid: Decimal
    ask: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    """One record with the place it stands at, which every refusal names."""

    file: str
    number: int
    cells: Mapping[str, str]
    remedy: str

    def refuse(self, field: str, allowed: str) -> DecodeError:
        """Make the error about one cell."""
        found = self.cells[field]
        shown = found if len(found) <= 80 else f"{found[:80]}…"  # noqa: PLR2004 - of a message
        return DecodeError(
            f"{self.file}, line {self.number}, field {field}: found {shown!r}, allowed: {allowed}",
            source=self.file,
            line=self.number,
            remedy=self.remedy,
        )

    def text(self, field: str) -> str:
        """Give a cell as it is."""
        return self.cells[field]

    def word(self, field: str, allowed: Collection[str], *, may_be_blank: bool = True) -> str:
        """Give one of a list of words."""
        found = self.cells[field]
        if found in allowed or (may_be_blank and not found):
            return found
        raise self.refuse(field, ", ".join(allowed))

    def whole_or_none(self, field: str) -> int | None:
        """Give a whole number; blank is ``None``."""
        found = self.cells[field]
        if not found:
            return None
        if _WHOLE.fullmatch(found) is None:
            raise self.refuse(field, "a whole number or blank")
        return int(found)

    def whole(self, field: str) -> int:
        """Give a whole number."""
        found = self.whole_or_none(field)
        if found is None:
            raise self.refuse(field, "a whole number")
        return found

    def decimal_or_none(self, field: str) -> Decimal | None:
        """Give a plain decimal, exactly; blank is ``None``."""
        found = self.cells[field]
        if not found:
            return None
        if _PLAIN.fullmatch(found) is None:
            raise self.refuse(field, "a plain decimal or blank")
        return Decimal(found)

    def decimal(self, field: str) -> Decimal:
        """Give a plain decimal, exactly."""
        found = self.decimal_or_none(field)
        if found is None:
            raise self.refuse(field, "a plain decimal")
        return found


def _lines(file: str, header: str, text: Iterable[str], remedy: str) -> Iterator[_Line]:
    """Give the records under a header that must be exactly this one.

    ``text`` must break lines at line feeds alone and keep them, as ``newline=""`` does.
    """
    names = header.split(",")
    rows = csv.reader(text, strict=True)
    try:
        first = next(rows, None)
        if first != names:
            found = "nothing" if first is None else repr(",".join(first)[:200])
            raise DecodeError(
                f"{file}, line 1, header: found {found}, allowed: {header}",
                source=file,
                line=1,
                remedy=remedy,
            )
        for row in rows:
            number = rows.line_num
            if len(row) != len(names):
                raise DecodeError(
                    f"{file}, line {number}, field {names[min(len(row), len(names) - 1)]}: found "
                    f"{len(row)} cells, allowed: {len(names)}",
                    source=file,
                    line=number,
                    remedy=remedy,
                )
            cells = dict(zip(names, row, strict=True))
            yield _Line(file=file, number=number, cells=cells, remedy=remedy)
    except csv.Error as error:
        message = f"{file}, line {rows.line_num}, field unknown: found no CSV ({error})"
        raise DecodeError(message, source=file, line=rows.line_num, remedy=remedy) from None


def read_trade_log(
    text: Iterable[str], remedy: str, file: str = "trade_log.csv"
) -> tuple[str, str, tuple[TrailRow, ...]]:
    """Read the trail: run id, mode (both blank without rows) and the rows in order.

    All rows must be of one run and one mode: two runs in one table would be summed as one.
    Errors: :class:`DecodeError`. Cost: about 30 µs per row.
    """
    run_id, mode, phase = "", "", _FIRST_PHASE
    rows: list[TrailRow] = []
    for line in _lines(file, TRADE_LOG_HEADER, text, remedy):
        run_id = run_id or line.text("run_id")
        if not run_id or line.text("run_id") != run_id:
            raise line.refuse("run_id", run_id or "the id of a run")
        mode = line.word("mode", (mode,) if mode else _MODES, may_be_blank=False)
        row = replace(_trail_row(line), phase=phase)
        rows.append(row)
        if row.action == "STATE":
            phase = row.words[1]
    return run_id, mode, tuple(rows)


def _trail_row(line: _Line) -> TrailRow:
    """Read one row of the trail, cell by cell; the phase is known to the caller alone."""
    order_id = line.text("order_id")
    if _HASH.fullmatch(order_id) is None:
        raise line.refuse("order_id", "0x and 64 hexadecimal digits, or blank")
    words, guard = _reasons(line)
    action = line.word("action", _ACTIONS, may_be_blank=False)
    if action == "STATE" and len(words) != 2:  # noqa: PLR2004 - before and after
        raise line.refuse("reason_codes", "the states before and after, joined by |")
    row = TrailRow(
        line=line.number,
        ts_ms=line.whole("ts_ms"),
        signal_id=line.whole_or_none("signal_id"),
        market_id=line.text("market_id"),
        strategy=line.text("strategy"),
        bucket=line.text("bucket"),
        expected_net_bps=line.whole_or_none("expected_net_bps"),
        action=action,
        attempt=line.whole_or_none("attempt"),
        leg=line.whole_or_none("leg_index"),
        token_id=line.text("token_id"),
        side=line.word("side", _SIDES),
        limit_price=line.decimal_or_none("limit_price"),
        req_qty=line.decimal_or_none("req_qty"),
        budget_bps=line.whole_or_none("chase_budget_bps"),
        order_id=order_id,
        ack=line.word("ack_status", _ACKS),
        filled_qty=line.decimal_or_none("filled_qty"),
        avg_price=line.decimal_or_none("avg_price"),
        fill=line.word("fill_status", _FILLS),
        settle=line.word("settle_status", _SETTLES),
        result=line.word("result", _RESULTS),
        latency_ms=line.whole_or_none("latency_ms"),
        words=words,
        guard=guard,
        phase="",
    )
    if row.result in OUTCOMES and row.signal_id is None:
        raise line.refuse("signal_id", "the signal that this row ends")
    return row


def _reasons(line: _Line) -> tuple[tuple[str, ...], Guard | None]:
    """Read the words and, last, the guard."""
    text = line.text("reason_codes")
    if line.text("action") == "OPERATOR":
        # A person's words stand behind the verb: they are no codes, whatever they look like.
        verb, bar, said = text.partition("|")
        if verb not in _VERBS or not bar:
            raise line.refuse("reason_codes", f"{', '.join(_VERBS)}, then | and what was said")
        return (verb, said), None
    parts = text.split("|") if text else []
    guard: Guard | None = None
    if parts and parts[-1].startswith("guard="):
        found = _GUARD.fullmatch(parts.pop())
        if found is None:
            raise line.refuse("reason_codes", "guard=S-01 e=1 r=2 cap=3")
        pairs = (pair.split("=", 1) for pair in found.group(2).split())
        guard = Guard(id=found.group(1), fields=tuple((name, int(text)) for name, text in pairs))
    if any(_WORD.fullmatch(word) is None for word in parts):
        raise line.refuse("reason_codes", "words in capitals joined by |, then a guard")
    return tuple(parts), guard


def read_fills(text: Iterable[str], remedy: str) -> tuple[FillRow, ...]:
    """Read every change of the account's cash, in order. Errors: :class:`DecodeError`.

    A row whose ``cash`` does not lead from the account before it to the one it names is refused:
    a row is missing or was changed.
    """
    found: list[FillRow] = []
    account = Decimal(0)
    for line in _lines("fills.csv", FILLS_HEADER, text, remedy):
        row = _fill_row(line)
        account += row.cash
        if row.account_cash != account:
            raise line.refuse("account_cash", f"{account:f}, the cash of all rows so far")
        found.append(row)
    return tuple(found)


def _fill_row(line: _Line) -> FillRow:
    """Read one row, cell by cell; only a merge names no order."""
    event = line.word("event", _EVENTS, may_be_blank=False)
    is_merge = event == "MERGE"
    fill = f"{line.text('order_id')}/{line.text('trade_id')}"
    return FillRow(
        signal_id=line.whole("signal_id"),
        settlement=line.word("settlement", _SETTLEMENTS),
        legs_n=line.whole("legs_n"),
        event=event,
        fill="" if is_merge else fill,
        leg=None if is_merge else line.whole("leg_index"),
        side=line.word("side", _SIDES, may_be_blank=is_merge),
        qty=line.decimal("qty"),
        fee=Decimal(0) if is_merge else line.decimal("fee"),
        settle=line.word("settle_status", _SETTLES, may_be_blank=False),
        cash=line.decimal("cash"),
        account_cash=line.decimal("account_cash"),
    )


def read_shadow_sets(text: Iterable[str], remedy: str) -> dict[int, ShadowSet]:
    """Read what the shadow ledger says, by signal. Errors: :class:`DecodeError`."""
    found: dict[int, ShadowSet] = {}
    for line in _lines("shadow_sets.csv", SHADOW_SETS_HEADER, text, remedy):
        signal_id = line.whole("signal_id")
        if signal_id in found:
            raise line.refuse("signal_id", "a signal that has no row yet")
        found[signal_id] = ShadowSet(
            signal_id=signal_id,
            ts_ms=line.whole("signal_ts_unix_ms"),
            legs_n=line.whole("legs_n"),
            worst_spread_bps=line.whole_or_none("worst_spread_bps"),
            worst_spread_ticks=line.whole_or_none("worst_spread_ticks"),
            q_req=line.decimal("q_req"),
            expected_net_bps=line.whole("expected_net_bps"),
            frozen_pnl=line.decimal("frozen_total_pnl"),
            settlement=line.word("venue_settlement", _SETTLEMENTS),
            venue_pnl=line.decimal_or_none("venue_total_pnl"),
            venue_notes=line.text("venue_notes"),
        )
    return found


def read_shadow_legs(text: Iterable[str], remedy: str) -> dict[int, tuple[ShadowLeg, ...]]:
    """Read the legs at each signal, in leg order. Errors: :class:`DecodeError`."""
    found: dict[int, tuple[ShadowLeg, ...]] = {}
    for line in _lines("shadow_legs.csv", SHADOW_LEGS_HEADER, text, remedy):
        leg = ShadowLeg(
            signal_id=line.whole("signal_id"),
            leg=line.whole("leg_index"),
            token_id=line.text("token_id"),
            ask=line.decimal("p_limit"),
            bid=line.decimal("best_bid"),
        )
        before = found.get(leg.signal_id, ())
        if leg.leg != len(before):
            raise line.refuse("leg_index", f"{len(before)}, the next leg of the signal")
        found[leg.signal_id] = (*before, leg)
    return found


def read_tops(text: Iterable[str], tokens: Collection[str], remedy: str) -> Iterator[Top]:
    """Read the best prices of some tokens, in order of the file; other rows are passed over.

    Errors: :class:`DecodeError`. Cost: about 3 µs per row of the file.
    """
    for line in _lines("ticks.csv", TICKS_HEADER, text, remedy):
        if line.text("token_id") in tokens:
            yield Top(
                ts_ms=Decimal(line.whole("ts_recv_us")) / _US_PER_MS,
                token_id=line.text("token_id"),
                bid=line.decimal("best_bid"),
                ask=line.decimal("best_ask"),
            )
