"""The three files of a market selection (RAZOR_SPEC §25).

Owns: ``market_scores.csv`` (31 columns, a row per finished probe, sorted at the end),
``recommendation.json`` and ``suggest.toml``. Must never: write into the files of another selection,
or let text from outside become a formula of a spreadsheet (X-5) or a key of a settings file.

Invariants:

- rows are whole and durable when :meth:`SelectionFiles.append` returns;
- the final files replace the ones before at once: a reader sees the old or the new one.
"""

import csv
import json
import os
from collections.abc import Callable, Sequence
from fractions import Fraction
from io import StringIO
from pathlib import Path

from razor.adapters.files.disk import replace_file, storage, sync_directory
from razor.application.select import Progress
from razor.domain.selection import Insufficient, Refused, Score, Selected, select_groups
from razor.domain.settings import toml_text

__all__ = ["RECOMMENDATION", "SCORES", "SUGGESTION", "SelectionFiles", "selection_id"]

SCORES, RECOMMENDATION, SUGGESTION = "market_scores.csv", "recommendation.json", "suggest.toml"
_SAMPLE_MS = 1_000
_MILLION = 10**6
_LOW_32_BITS = 0xFFFF_FFFF
_NS_PER_MS = 1_000_000
_MS_PER_S = 1_000
# What a degraded set counts as.
_BUCKET_AFTER_DEGRADE = "thin"
# Characters that some reader takes for the end of a line, as the tables of a run have it.
_ONE_LINE = str.maketrans(dict.fromkeys("\r\n\x0b\x0c\x85\u2028\u2029\x00", " "))
_FORMULA = ("=", "+", "-", "@", "\t", "\r")

# The 31 columns in order; numbers that are not whole have six places, no number is NaN.
_COLUMNS: dict[str, Callable[[str, Score], str]] = {
    "run_id": lambda run, _: run,
    "probe_start_unix_ms": lambda _, it: str(it.start_ms),
    "probe_end_unix_ms": lambda _, it: str(it.end_ms),
    "probe_seconds": lambda _, it: _seconds_text(it.probe_ms),
    "gamma_id": lambda _, it: _text(it.candidate.market_id),
    "condition_id": lambda _, it: _text(it.candidate.condition_id),
    "legs_n": lambda _, it: str(it.candidate.legs_n),
    "strategy": lambda _, it: it.candidate.strategy,
    "token0_id": lambda _, it: _token(it, 0),
    "token1_id": lambda _, it: _token(it, 1),
    "token2_id": lambda _, it: _token(it, 2),
    "gamma_volume24hr": lambda _, it: _places(Fraction(it.candidate.volume_24h)),
    "gamma_liquidity": lambda _, it: _places(Fraction(it.candidate.liquidity)),
    "snapshots_total": lambda _, it: str(it.figures.snapshots_total),
    "one_sided_book_rate": lambda _, it: _places(it.one_sided_book_rate),
    "bucket_nan_rate": lambda _, it: _places(it.bucket_nan_rate),
    "depth3_degraded_rate": lambda _, it: _places(it.depth3_degraded_rate),
    "liquid_bucket_rate": lambda _, it: _places(it.liquid_bucket_rate),
    "thin_bucket_rate": lambda _, it: _places(it.thin_bucket_rate),
    "worst_spread_bps_p50": lambda _, it: str(it.figures.worst_spread_bps_p50),
    "worst_depth3_usdc_p50": lambda _, it: it.figures.worst_depth3_usdc_p50 or "NaN",
    "trades_total": lambda _, it: str(it.figures.trades_total),
    "trades_per_min": lambda _, it: _places(it.trades_per_min),
    "trade_poll_hit_limit_count": lambda _, it: str(it.figures.poll_hit_limit),
    "trades_duplicated_count": lambda _, it: str(it.figures.trades_duplicated),
    "snapshots_eval_total": lambda _, it: str(it.figures.snapshots_eval_total),
    "passes_min_net_edge_count": lambda _, it: str(it.figures.passes),
    "passes_min_net_edge_per_hour": lambda _, it: _places(it.passes_per_hour),
    "expected_net_bps_p50": lambda _, it: str(it.figures.expected_net_bps_p50),
    "expected_net_bps_p90": lambda _, it: str(it.figures.expected_net_bps_p90),
    "expected_net_bps_max": lambda _, it: str(it.figures.expected_net_bps_max),
}

# A value of recommendation.json. Rates and dollars are doubles there, as the format says; nothing
# reads them back to compute with.
_Json = bool | int | float | str | list[str] | list["_Json"] | dict[str, "_Json"] | None

# Remarks on a selected market, shown beside its scores and gathered at the top.
_REMARKS: dict[str, Callable[[Score], _Json]] = {
    "probe_hour_of_day_utc": lambda it: it.hour_of_day_utc,
    "probe_market_phase": lambda it: it.phase.value,
    "poll_gap_max_ms": lambda it: it.figures.poll_gap_max_ms,
    "trade_gap_max_ms": lambda it: it.figures.trade_gap_max_ms,
    "trade_time_coverage_ok": lambda it: it.has_trade_coverage,
    "estimated_trades_lost": lambda it: it.estimated_trades_lost,
    "trades_before_probe": lambda it: it.figures.trades_before_probe,
    "passes_gap_p50_ms": lambda it: it.figures.passes_gap_p50_ms,
    "passes_gap_p90_ms": lambda it: it.figures.passes_gap_p90_ms,
    "passes_gap_max_ms": lambda it: it.figures.passes_gap_max_ms,
    "probe_warnings": lambda it: [warned.value for warned in it.warnings],
}


def selection_id(*, started_ns: int, pid: int) -> str:
    """Give ``msel_<ms>_<6 digits>``; the digits are those of a run's name (RAZOR_SPEC §16)."""
    started_ms = started_ns // _NS_PER_MS
    digits = ((started_ms & _LOW_32_BITS) ^ pid) % _MILLION
    return f"msel_{started_ms}_{digits:06d}"


class SelectionFiles:
    """The files of one selection in a directory; implements ``ScoreFiles``."""

    def __init__(self, directory: Path, run_id: str) -> None:
        """Make the directory and begin the table.

        Errors: :class:`StorageError`, also when the directory holds a selection already.
        """
        self._directory = directory
        self._run_id = run_id
        with storage(directory, "create the directory"):
            directory.mkdir(parents=True, exist_ok=True)
        with storage(directory / SCORES, "begin the table of scores"):
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            os.close(os.open(directory / SCORES, flags, 0o644))
        sync_directory(directory)
        self._add(",".join(_COLUMNS) + "\n")

    def append(self, score: Score) -> None:
        """Add a finished probe to the table. Errors: :class:`StorageError`."""
        self._add(_rows(self._run_id, [score]))

    def recommend(self, progress: Progress, choice: Selected | Insufficient | None) -> None:
        """Rewrite the recommendation. Errors: :class:`StorageError`."""
        content = recommendation(self._run_id, progress, choice)
        replace_file(self._directory, RECOMMENDATION, content.encode("ascii"))

    def finish(
        self, scores: Sequence[Score], progress: Progress, choice: Selected | Insufficient
    ) -> None:
        """Write all three files anew. Errors: :class:`StorageError`."""
        table = ",".join(_COLUMNS) + "\n" + _rows(self._run_id, scores)
        groups = select_groups(scores)
        replace_file(self._directory, SCORES, table.encode())
        content = recommendation(self._run_id, progress, choice, groups)
        replace_file(self._directory, RECOMMENDATION, content.encode("ascii"))
        replace_file(self._directory, SUGGESTION, suggestion(choice, groups).encode())

    def _add(self, text: str) -> None:
        with (
            storage(self._directory / SCORES, "add to the table of scores"),
            (self._directory / SCORES).open("ab") as file,
        ):
            file.write(text.encode())
            file.flush()
            os.fsync(file.fileno())


def suggestion(choice: Selected | Insufficient, groups: Sequence[Score] = ()) -> str:
    """Give the text of ``suggest.toml``: keys to copy into a settings file.

    A group names all of its markets: without one of them it is no complete set.
    """
    match choice:
        case Selected(liquid=liquid, thin=thin):
            return _followed((liquid, thin, *groups))
        case Insufficient() if groups:
            return _followed(groups)
        case Insufficient(reason=reason):
            return (
                "[run]\nmarket_ids = []\n\n[market_select]\ninsufficient_data = true\n"
                f"reason = {toml_text(reason)}\n"
            )


def _followed(scores: Sequence[Score]) -> str:
    ids = dict.fromkeys(each for score in scores for each in score.candidate.followed)
    return f"[run]\nmarket_ids = {toml_text(tuple(ids))}\n"


def recommendation(
    run_id: str,
    progress: Progress,
    choice: Selected | Insufficient | None,
    groups: Sequence[Score] = (),
) -> str:
    """Give the text of ``recommendation.json``; ``choice`` is ``None`` while probes run."""
    pair = choice if isinstance(choice, Selected) else None
    value: dict[str, _Json] = {
        "run_id": run_id,
        "probe_seconds": _seconds(progress.probe_ms),
        "snapshot_sample_interval_ms": _SAMPLE_MS,
        "aborted": progress.aborted,
        "candidates_total": progress.candidates_total,
        "probes_completed_ok": progress.ok,
        "probes_completed_failed": progress.failed,
        "selection_error": choice.reason if isinstance(choice, Insufficient) else None,
        "progress": _progress(progress),
        **{name: _of_both(pair, remark) for name, remark in _REMARKS.items()},
        "bucket_after_degrade": _BUCKET_AFTER_DEGRADE,
        "selected": _of_both(pair, _selected),
        "groups": [_group(score) for score in groups],
        "groups_refused": [_refused(refused) for refused in progress.refused],
    }
    return json.dumps(value, indent=2, ensure_ascii=True, allow_nan=False) + "\n"


def _progress(progress: Progress) -> dict[str, _Json]:
    return {
        "started_at_unix_ms": progress.started_ms,
        "updated_at_unix_ms": progress.updated_ms,
        "elapsed_seconds": (progress.updated_ms - progress.started_ms) // _MS_PER_S,
        "markets_total": progress.candidates_total,
        "markets_done": progress.ok + progress.failed,
        "markets_failed": progress.failed,
        "last_ok_gamma_id": progress.last_ok,
    }


def _of_both(pair: Selected | None, fact: Callable[[Score], _Json]) -> _Json:
    return None if pair is None else {"liquid": fact(pair.liquid), "thin": fact(pair.thin)}


def _selected(score: Score) -> dict[str, _Json]:
    candidate = score.candidate
    return {
        "gamma_id": candidate.market_id,
        "condition_id": candidate.condition_id,
        "legs_n": candidate.legs_n,
        "strategy": candidate.strategy,
        "token_ids": list(candidate.token_ids),
        "market_scores": _market_scores(score),
        **{name: remark(score) for name, remark in _REMARKS.items()},
    }


def _group(score: Score) -> _Json:
    """A selected group: what a selected market shows, and what its recording must follow."""
    candidate, shown = score.candidate, _selected(score)
    follow: dict[str, _Json] = {
        "event_id": candidate.event_id,
        "label": candidate.label,
        "market_ids": list(candidate.market_ids),
    }
    return follow | shown


def _refused(group: Refused) -> _Json:
    return {"event_id": group.event_id, "label": group.label, "reason": group.reason}


def _market_scores(score: Score) -> _Json:
    """The columns from the volume on, as numbers."""
    names = list(_COLUMNS)
    return {
        name: _number(_COLUMNS[name]("", score))
        for name in names[names.index("gamma_volume24hr") :]
    }


def _number(cell: str) -> int | float | None:
    if cell == "NaN":
        return None
    return float(cell) if "." in cell else int(cell)


def _rows(run_id: str, scores: Sequence[Score]) -> str:
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    for score in scores:
        writer.writerow(cell(run_id, score) for cell in _COLUMNS.values())
    return text.getvalue()


def _token(score: Score, leg: int) -> str:
    tokens = score.candidate.token_ids
    return _text(tokens[leg]) if leg < len(tokens) else ""


def _text(text: str) -> str:
    """Text from outside on one line, never a formula."""
    line = text.translate(_ONE_LINE)
    return f"'{line}" if text.startswith(_FORMULA) else line


def _places(value: Fraction | None) -> str:
    """Six places, half to even; ``NaN`` for no number."""
    if value is None:
        return "NaN"
    whole, part = divmod(abs(round(value * _MILLION)), _MILLION)
    return f"{'-' if value < 0 else ''}{whole}.{part:06d}"


def _seconds(milliseconds: int) -> int | float:
    whole, rest = divmod(milliseconds, _MS_PER_S)
    return whole if rest == 0 else milliseconds / _MS_PER_S


def _seconds_text(milliseconds: int) -> str:
    return str(_seconds(milliseconds))
