"""Import of recorded quote tables: rows a second on all cores.

The recordings belong to others and are not part of razor: without them the section says so.
"""

from pathlib import Path

from razor.app.bench.control import Control, Sizes
from razor.app.bench.figure import Bound, Figure, Section
from razor.app.bench.weigh import weigh_import

__all__ = ["measure_import"]

_TARGET_M_ROWS = 3
_KIB_PER_MIB = 1_024
_TARGET_MIB = 1_024


def measure_import(
    sizes: Sizes, control: Control, scratch: Path, recordings: Path | None
) -> Section:
    """Import all days of a table, or its first one when a quick look was asked for."""
    title, name = "Import of quote tables", "import"
    table = None if recordings is None else recordings / "us-venue-quotes"
    if table is None or not table.exists():
        return Section(
            name=name,
            title=title,
            workload="Parquet quote tables of a recording, by day.",
            skipped="no recordings; say where they are with --recordings DIR.",
        )
    source = min(table.rglob("*.parquet"), default=table) if sizes.is_one_day else table
    weight = weigh_import(control, source=source, out=scratch / "import.jsonl.zst")
    seconds = weight.took_ns / 1e9
    days = "one day" if sizes.is_one_day else "all days"
    return Section(
        name=name,
        title=title,
        workload=(
            f"{weight.count:,} rows of Parquet quote tables ({days}) "
            f"into one capture on disk, all cores, one pass of {seconds:.1f} s."
        ),
        figures=(
            Figure(
                key="m_rows_per_s",
                what="rows imported",
                value=weight.count / seconds / 1e6,
                unit="M rows/s",
                places=2,
                target=_TARGET_M_ROWS,
                bound=Bound.AT_LEAST,
            ),
            Figure(
                key="peak_mib",
                what="peak memory",
                value=weight.peak_kib / _KIB_PER_MIB,
                unit="MiB",
                target=_TARGET_MIB,
            ),
        ),
    )
