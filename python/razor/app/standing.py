"""The standing of a running process as rows for people.

Owns: :func:`status_rows`, and a guard in words (:func:`guard_words`). Amounts become dollars,
exactly. Must never: leave out what stopped.
"""

import re
from collections.abc import Iterator
from decimal import Decimal

from razor.domain.control import DeskStanding, Status
from razor.domain.trail import Guard

__all__ = ["guard_words", "status_rows", "stopped_words"]

_GUARD = re.compile(r"guard=([A-Z]+-[0-9]+)((?: [A-Za-z0-9_]+=-?[0-9]{1,19})*)", re.ASCII)

_MICRO = 6
_NS_PER_MS = 1_000_000
_MS_PER_S = 1_000
_MIB = 1 << 20
_Row = tuple[str, str, str]


def stopped_words(status: Status) -> str:
    """Say for people why trading stopped; blank while it has not."""
    desk = status.standing.desk
    return guard_words(desk.stopped) if desk is not None and desk.stopped else ""


def guard_words(text: str) -> str:
    """Say a guard of the core for people; what is none comes back as it is."""
    # The words stand among the reports, which load what draws them.
    from razor.app.report.trail.guards import in_words  # noqa: PLC0415

    found = _GUARD.fullmatch(text)
    if found is None:
        return text
    pairs = (pair.split("=", 1) for pair in found.group(2).split())
    return in_words(
        Guard(id=found.group(1), fields=tuple((name, int(value)) for name, value in pairs))
    )


def status_rows(status: Status) -> tuple[_Row, ...]:
    """Give every fact with its unit, the order path first."""
    run, found = status.run, status.standing
    return (
        ("mode, orders", f"{run.mode}, {run.order_path}", ""),
        ("source", run.source, ""),
        ("up", f"{status.uptime_ms // _MS_PER_S:,}", "s"),
        *_desk(found.desk, stopped_words(status)),
        ("signals", f"{found.signals:,}", "n"),
        *_conns(status),
        ("books live, suspect", f"{found.books.live:,}, {found.books.suspect:,}", "n"),
        ("books dirty, empty", f"{found.books.dirty:,}, {found.books.unhydrated:,}", "n"),
        ("records taken", f"{found.records:,}", "n"),
        ("journal durable to record", f"{found.durable_seq:,}", "no."),
        ("gaps, records lost in them", f"{found.gaps:,}, {found.records_lost:,}", "n"),
        ("records refused", f"{found.records_refused:,}", "n"),
        ("signals, prints dropped", f"{found.signals_dropped:,}, {found.trades_dropped:,}", "n"),
        ("disk free", f"{status.disk_free_bytes // _MIB:,}", "MiB"),
        ("control requests denied", f"{status.denied:,}", "n"),
    )


def _desk(desk: DeskStanding | None, why: str) -> Iterator[_Row]:
    """Give the order path; a run without one says so in one row."""
    if desk is None:
        yield ("trading", "this run sends no orders", "")
        return
    yield ("trading", f"STOPPED ({desk.phase})" if desk.is_stopped else desk.phase, "")
    if desk.is_stopping:
        yield ("asked to stop", "the set in work finishes its ladder", "")
    if why:
        yield ("stopped by", why, "")
    yield ("venue", desk.venue_mode, "")
    yield ("open orders", f"{desk.open_orders:,} of {desk.most_open_orders:,}", "n")
    yield ("unresolved", f"{desk.unresolved:,}", "n")
    waiting = f"{desk.waiting:,}, {desk.signals_dropped:,}"
    yield ("signals waiting, turned away", waiting, "n")
    exposure = desk.known_exposure
    known = "more than fits" if exposure is None else _dollars(exposure)
    yield ("exposure", f"{known} of {_dollars(desk.most_exposure)}", "USDC")
    yield ("realised today", _dollars(desk.day_net), "USDC")
    yield ("deepest loss of the day", _of(desk.day_loss, desk.most_day_loss), "USDC")
    yield ("orders in 60 s", f"{desk.sends:,} of {desk.most_sends:,}", "n")


def _conns(status: Status) -> Iterator[_Row]:
    """Give each connection and the age of its last market data."""
    for conn in status.standing.conns:
        if conn.last_data_ns == 0:
            yield (f"feed {conn.name}", "no data yet", "")
            continue
        age_ms = max(0, status.now_ns - conn.last_data_ns) // _NS_PER_MS
        yield (f"feed {conn.name}, last data", f"{age_ms:,}", "ms ago")


def _of(value: int, most: int) -> str:
    return f"{_dollars(value)} of {_dollars(most)}"


def _dollars(micros: int) -> str:
    """Give micro-dollars as dollars without trailing zeros."""
    text = f"{Decimal(micros).scaleb(-_MICRO):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
