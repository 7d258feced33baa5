"""What the page says: both verdicts, the weight of evidence, and nothing that looks like one."""

from collections.abc import Iterator
from typing import Any

import pytest

from razor.app.report import page_of
from razor.app.report.content import (
    Bullets,
    Cell,
    Column,
    Figure,
    Page,
    Paragraph,
    Section,
    Table,
    Tone,
)
from razor.application.verdict import ReportFacts, make_report
from razor.domain.verdict import decode_numbers

from .cases import SEAL, integrity_row, numbers, report
from .ledger import TABLES

ORDER = [
    "totals",
    "stress",
    "bucket",
    "strategy",
    "worst",
    "verdict",
    "plots",
    "market",
    "reasons",
    "venue",
    "integrity",
    "cannot-tell",
    "seal",
]


def section(page: Page, key: str) -> Section:
    return next(part for part in page.sections if part.key == key)


def tables(page: Page, key: str) -> tuple[Table, ...]:
    return tuple(block for block in section(page, key).blocks if isinstance(block, Table))


def words(page: Page, key: str) -> str:
    return " ".join(_words(section(page, key)))


def _words(part: Section) -> Iterator[str]:
    for block in part.blocks:
        match block:
            case Paragraph():
                yield block.text
            case Bullets():
                yield from block.items
            case Table():
                yield from (cell for row in block.rows for cell in row)
                yield block.note
            case Figure():
                yield block.caption


def test_go_with_sufficient_evidence_is_good_news_twice() -> None:
    banner = page_of(report("go")).banner
    assert (banner.verdict.word, banner.verdict.tone) == ("GO", Tone.GOOD)
    assert (banner.evidence.word, banner.evidence.tone) == ("SUFFICIENT", Tone.GOOD)


def test_no_go_shows_its_two_numbers_their_limits_and_the_sample_size() -> None:
    card = page_of(report("seeded")).banner.verdict
    assert (card.word, card.tone) == ("NO GO", Tone.BAD)
    assert card.lines[0] == (
        "total_shadow_pnl = -24.160000 USDC; GO needs more than 0.000000 (n = 470 rows)"
    )
    assert card.lines[1] == (
        "legging_fail_share = 0.060 of rows with set_ratio under 0.85; GO needs at most 0.15 "
        "(n = 470 rows)"
    )


def test_go_without_evidence_is_not_shown_as_good_news() -> None:
    def unproven(value: dict[str, Any]) -> None:
        value["evidence"]["status"] = "insufficient"
        value["evidence"]["reasons"] = ["under 14 days recorded (3.00)"]

    banner = page_of(report("go", spoil=unproven)).banner
    assert (banner.verdict.word, banner.verdict.tone) == ("GO", Tone.OPEN)
    assert banner.verdict.lines[-1] == "Read it with the evidence: this sample cannot carry it."
    assert (banner.evidence.word, banner.evidence.tone) == ("INSUFFICIENT", Tone.BAD)


@pytest.mark.parametrize("name", ["quotes", "unfilled"])
def test_an_empty_ledger_never_looks_like_a_verdict(name: str) -> None:
    banner = page_of(report(name)).banner
    assert (banner.verdict.word, banner.verdict.tone) == ("NO VERDICT", Tone.OPEN)
    assert (
        "mechanical answer is NO GO; it says nothing about the strategy"
        in (banner.verdict.lines[0])
    )
    assert (banner.evidence.word, banner.evidence.tone) == ("INSUFFICIENT", Tone.BAD)


def test_insufficient_evidence_says_what_to_record_next() -> None:
    lines = page_of(report("quotes")).banner.evidence.lines
    assert lines[0].startswith("missing: no trade prints. Next: record prints with the books")
    assert lines[1].startswith("missing: fewer than 30 rows (0). Next: record longer")
    assert lines[2].startswith("missing: under 14 days recorded (1.00). Next: let the recording")
    assert lines[-1] == "The LIVE gate needs GO with sufficient evidence."


def test_a_shortcoming_without_a_known_remedy_is_still_shown() -> None:
    def strange(value: dict[str, Any]) -> None:
        value["evidence"]["reasons"] = ["the moon was full"]

    lines = page_of(report("quotes", spoil=strange)).banner.evidence.lines
    assert lines[0] == "missing: the moon was full"


@pytest.mark.parametrize("name", TABLES)
def test_sections_stand_in_the_predecessors_order_and_ours_behind(name: str) -> None:
    assert [part.key for part in page_of(report(name)).sections] == ORDER


@pytest.mark.parametrize("name", TABLES)
def test_every_table_has_a_sample_size_and_every_money_column_a_unit(name: str) -> None:
    for part in page_of(report(name)).sections:
        for block in part.blocks:
            if isinstance(block, Table):
                assert block.sample
                for column in block.columns:
                    is_number = column.cell is Cell.NUMBER
                    assert not (is_number and "PnL" in column.title) or column.unit == "USDC"


def test_frozen_and_venue_stand_side_by_side() -> None:
    page = page_of(report("seeded"))
    rows = tables(page, "totals")[0].rows
    assert rows[0] == ("total_shadow_pnl", "USDC", "-24.160000", "470", "-4.616000", "392")
    assert rows[1] == ("the same rows", "USDC", "-19.292000", "392", "-4.616000", "392")
    thin = tables(page, "bucket")[0].rows[1]
    assert thin == ("thin", "367", "-15.485000", "-0.810000", "304", "0.969", "0.044")
    worst = tables(page, "worst")[0].rows
    assert len(worst) == 20
    assert worst[0][4:6] == ("-0.915000", "-0.911000")
    assert "n/a" in {row[5] for row in worst}


def test_a_report_without_sets_table_says_that_the_venue_is_unknown() -> None:
    def without_venue(value: dict[str, Any]) -> None:
        value["venue"] = None
        value["evidence"]["signals_outside_frozen"] = None

    page = page_of(report("example", spoil=without_venue))
    assert tables(page, "totals")[0].rows[0][4] == "n/a"
    assert "no shadow_sets.csv" in words(page, "venue")
    assert "The venue basis: there is no shadow_sets.csv." in words(page, "cannot-tell")


def test_groups_of_old_files_outside_the_frozen_words_are_shown() -> None:
    def odd(value: dict[str, Any]) -> None:
        line = dict(value["day14"]["by_bucket"][0])
        line["key"] = ["unknown"]
        value["day14"]["by_bucket"].append(line)

    rows = tables(page_of(report("example", spoil=odd)), "bucket")[0].rows
    assert [row[0] for row in rows] == ["liquid", "thin", "unknown"]


def test_the_worst_hundredth_is_a_sentence_with_its_size() -> None:
    text = words(page_of(report("seeded")), "worst")
    assert "Worst 1 %: 5 of 470 rows lose -3.470000 USDC together" in text


def test_stress_has_four_scenarios_and_none_without_a_file() -> None:
    rows = tables(page_of(report("example")), "stress")[0].rows
    assert [row[0] for row in rows] == [
        "baseline",
        "A: dump_0_10",
        "B: fill_share_x0_70",
        "C: both",
    ]
    assert rows[0][3] == "-0.154080"

    def without_stress(value: dict[str, Any]) -> None:
        value["stress"] = None

    assert tables(page_of(report("example", spoil=without_stress)), "stress")[0].rows == ()


def test_capital_lines_appear_only_with_a_starting_capital() -> None:
    names = [row[0] for row in tables(page_of(report("example")), "totals")[0].rows]
    assert names[-2:] == ["starting_capital", "pnl of capital"]
    names = [row[0] for row in tables(page_of(report("seeded")), "totals")[0].rows]
    assert "starting_capital" not in names


def test_integrity_counts_gaps_dirty_time_mirror_hashes_and_dedup() -> None:
    text = words(page_of(report("seeded")), "integrity")
    for fact in (
        "gaps 5 gap records",
        "time inside gaps (overlaps twice) 1 min 33 s",
        "time in DIRTY, all books together 1 min 1 s",
        "violations of the mirror rule (YES and NO out of step) 3",
        "hash check of REST books: reproduced 414",
        "trades seen before (dedup) 1,030",
        "sets that could ever be Liquid on their grid 2",
        "frames and REST books refused 2",
        "clock jumps backwards 1",
        "signals outside the frozen table 30",
    ):
        assert fact in text, fact


def test_a_dirty_time_that_was_not_counted_is_unknown_and_not_zero() -> None:
    row = integrity_row(books={"counts": {"dirtied": 3}})
    found = make_report(numbers("go"), ReportFacts(seal=SEAL, integrity_row=row))
    text = words(page_of(found), "integrity")
    assert "times a book became DIRTY 3" in text
    assert "time in DIRTY, all books together n/a" in text
    assert "time in DIRTY, all books together n/a" not in words(page_of(report("go")), "integrity")


def test_a_missing_integrity_row_is_said_and_no_zero_is_shown() -> None:
    page = page_of(report("example"))
    assert "There is no integrity row" in words(page, "integrity")
    assert tables(page, "integrity") == ()


def test_the_limits_of_a_quote_table_are_named() -> None:
    text = words(page_of(report("unfilled")), "cannot-tell")
    assert "Fills: no trade print was recorded." in text
    assert "Sizes: the source has best prices without sizes." in text
    assert "Queue position" in text


def test_incomplete_windows_are_named() -> None:
    def incomplete(value: dict[str, Any]) -> None:
        value["evidence"]["windows_unusable"] = 40

    text = words(page_of(report("seeded", spoil=incomplete)), "cannot-tell")
    assert "Incomplete windows: 40 of 470 rows" in text


def test_the_seal_names_config_code_data_and_rules() -> None:
    rows = tables(page_of(report("seeded")), "seal")[0].rows
    assert [row[0] for row in rows] == ["config", "code", "commit", "data", "schema"]
    assert rows[3][1] == "d7" * 32


def test_the_configured_limits_are_shown_beside_the_fixed_ones() -> None:
    def stricter(value: dict[str, Any]) -> None:
        value["verdict"]["go"] = False
        value["verdict"]["thresholds"]["min_avg_set_ratio"] = {"e6": "0.990000", "e12": "0.99"}

    rows = tables(page_of(report("go", spoil=stricter)), "verdict")[0].rows
    assert [row[1] for row in rows] == ["GO", "NO GO"]
    assert [row[6] for row in rows] == ["0.850", "0.990"]


def test_an_accepted_risk_and_the_marks_of_a_run_are_notices() -> None:
    page = page_of(report("go", accept_no_verdict=" agreed ", markers=("seeded depth",)))
    assert page.notices == (
        "Real orders were accepted without a verdict. Reason given: agreed",
        "seeded depth",
    )
    assert page_of(report("go")).notices == ()


def test_blank_venue_codes_are_explained() -> None:
    table = tables(page_of(report("seeded")), "venue")[1]
    assert table.rows == (("FEES_UNKNOWN", "80", "the fee schedule of a leg is unknown"),)


def test_a_ragged_table_is_a_bug() -> None:
    with pytest.raises(ValueError, match="does not fit"):
        Table(title="t", sample="n", columns=(Column(title="a"),), rows=(("1", "2"),))


def test_numbers_of_the_page_are_those_of_the_core() -> None:
    core = decode_numbers(numbers("seeded")).day14
    rows = tables(page_of(report("seeded")), "market")[0].rows
    assert len(rows) == len(core.by_market)
    assert rows[0][3] == core.by_market[0].sum_total_pnl.e6
