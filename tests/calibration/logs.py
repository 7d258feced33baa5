"""Logs of order attempts, as the order path appends them, written without any code of razor."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

HEADER = (
    "ts_ms,run_id,mode,signal_id,attempt,action,bucket,market_id,token_id,side,req_qty,filled_qty,"
    "v_mkt,real_share_req,real_share_mkt,ask_size_best,bid_size_best"
)
START_MS = 1_800_000_000_000
_PICO = 10**12


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """One attempt; quantities in micro-shares, ``None`` is unknown."""

    req: int = 10_000_000
    filled: int | None = 0
    volume: int | None = None
    action: str = "FIRE"
    bucket: str = "thin"
    mode: str = "SIM"
    run_id: str = "run_a"


def micro(count: int | None) -> str:
    """Micro-shares as a plain decimal."""
    return "" if count is None else plain(count, 10**6)


def plain(count: int, scale: int) -> str:
    """Give `count / scale` as a plain decimal without trailing zeros."""
    whole, part = divmod(count, scale)
    digits = f"{part:0{len(str(scale)) - 1}d}".rstrip("0")
    return f"{whole}.{digits}" if digits else str(whole)


def share(filled: int | None, whole: int | None) -> str:
    """Filled as a share of the whole, rounded down at twelve places, at most 1."""
    if filled is None or not whole:
        return ""
    return plain(min(int(Fraction(filled, whole) * _PICO), _PICO), _PICO)


def row(index: int, each: Try) -> str:
    cells = (
        START_MS + 250 * index,
        each.run_id,
        each.mode,
        index + 1,
        1,
        each.action,
        each.bucket,
        "0xabc",
        "101",
        "SELL" if each.action == "FLATTEN" else "BUY",
        micro(each.req),
        micro(each.filled),
        micro(each.volume),
        share(each.filled, each.req),
        share(each.filled, each.volume),
        "25",
        "1.25",
    )
    return ",".join(map(str, cells)) + "\n"


def log(tries: Sequence[Try]) -> str:
    return f"{HEADER}\n" + "".join(row(index, each) for index, each in enumerate(tries))


def write(run_dir: Path, tries: Sequence[Try]) -> Path:
    path = run_dir / "calibration_log.csv"
    path.write_text(log(tries), encoding="utf-8")
    return path


def steps(count: int = 40, *, mode: str = "SIM", run_id: str = "run_a") -> list[Try]:
    """The reference of the frozen rules: shares 0.00, 0.01, … of thin sets."""
    return [
        Try(filled=index * 100_000, volume=40_000_000, mode=mode, run_id=run_id)
        for index in range(count)
    ]


def mixed(*, mode: str = "SIM", run_id: str = "run_a") -> list[Try]:
    """All kinds of rows: both buckets, chases, sales, and a fill nobody knows."""
    tries = steps(mode=mode, run_id=run_id)
    for index in range(12):
        tries += (
            Try(filled=10_000_000, bucket="liquid", mode=mode, run_id=run_id),
            Try(filled=500_000 * index, action="CHASE", bucket="liquid", mode=mode, run_id=run_id),
            Try(filled=9_000_000, action="FLATTEN", mode=mode, run_id=run_id),
        )
    return [*tries, Try(filled=None, mode=mode, run_id=run_id)]
