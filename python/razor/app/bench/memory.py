"""Memory: what a process weighs that holds the live books of many tokens."""

from razor.app.bench.control import Control, Sizes
from razor.app.bench.figure import Figure, Section
from razor.app.bench.weigh import Weight, weigh_memory

__all__ = ["measure_memory"]

_KIB_PER_MIB = 1_024
_TARGET_MIB = 400


def measure_memory(sizes: Sizes, control: Control) -> Section:
    """Feed an initial dump to an engine in a fresh process and weigh the process."""
    weight = weigh_memory(control, seed=sizes.seed, markets=sizes.live_markets, levels=sizes.levels)
    tokens = 2 * sizes.live_markets
    if weight.wrong or weight.count != tokens:
        raise RuntimeError(f"{weight.count} of {tokens} books live, {weight.wrong} wrong")
    return Section(
        name="memory",
        title="Memory of live books",
        workload=(
            f"{tokens:,} live tokens, {sizes.levels} levels a side, one set of three legs per "
            "market, default settings, in a fresh process."
        ),
        figures=(
            Figure(
                key="resident_mib",
                what="resident, interpreter included",
                value=weight.resident_kib / _KIB_PER_MIB,
                unit="MiB",
                target=_TARGET_MIB,
            ),
            Figure(
                key="peak_mib",
                what="peak while the dump was generated and read",
                value=weight.peak_kib / _KIB_PER_MIB,
                unit="MiB",
            ),
        ),
        notes=(_note(weight),),
    )


def _note(weight: Weight) -> str:
    mib = weight.input_bytes // _KIB_PER_MIB // _KIB_PER_MIB
    return (
        f"The generated dump ({mib} MiB of text) is in the peak and freed before the process is "
        "weighed."
    )
