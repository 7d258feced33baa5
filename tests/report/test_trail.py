"""The trail of a run: every form byte for byte, sums that agree with rows, text without power."""

import json
import re
from collections import Counter
from dataclasses import replace
from decimal import Decimal
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from razor.app.report import html_text, markdown_text, terminal_text
from razor.app.report.content import Page
from razor.app.report.trail import chosen_signals, trail_facts, trail_page
from razor.app.report.trail.guards import NAMES, in_words
from razor.app.report.trail.plot import signal_figure
from razor.application.trail import optimism
from razor.application.trail_table import FILLS_HEADER, TRADE_LOG_HEADER
from razor.domain.trail import OUTCOMES, Guard, SignalTrail, Trail

from .golden import assert_golden, without_drawings
from .trail_rows import (
    HOSTILE,
    RUN,
    START,
    Account,
    Tables,
    confirmed,
    done_rows,
    fills,
    flattened_rows,
    row,
    stopped_rows,
    tables,
    tops_of,
    trail_of,
    waiting_rows,
)


def page(found: Tables | None = None, wanted: tuple[int, ...] = ()) -> Page:
    found = found or tables()
    trail = trail_of(found)
    chosen = chosen_signals(trail, wanted)
    tops = tops_of(found)
    figures = {one.signal_id: signal_figure(one, tops, "trail.html") for one in chosen}
    return trail_page(trail, chosen, figures)


def signal(trail: Trail, signal_id: int) -> SignalTrail:
    (found,) = (one for one in trail.signals if one.signal_id == signal_id)
    return found


def story(signal_id: int) -> list[str]:
    (section,) = (
        one for one in page(wanted=(signal_id,)).sections if one.key == f"signal-{signal_id}"
    )
    table = section.blocks[-2]
    return [cells[-1] for cells in getattr(table, "rows")]  # noqa: B009 - a block of one kind


def test_terminal_text_is_the_golden_one() -> None:
    assert_golden("trail.txt", terminal_text(page(), width=100))


def test_markdown_is_the_golden_one() -> None:
    assert_golden("trail.md", markdown_text(page()))


def test_html_is_the_golden_one() -> None:
    assert_golden("trail.html", without_drawings(html_text(page())))


def test_json_is_the_golden_one() -> None:
    trail = trail_of(tables())
    assert_golden("trail.json", json.dumps(trail_facts(trail, trail.signals), indent=1) + "\n")


def test_the_same_tables_give_the_same_bytes_twice() -> None:
    first, second = page(), page()
    assert html_text(first) == html_text(second)
    assert html_text(first).count("<svg") == 3
    assert terminal_text(first) == terminal_text(second)


def test_the_story_of_a_whole_set_tells_leg_steps_and_prices() -> None:
    told = story(1)
    assert "leg 1 goes first: it is the worst leg of the signal (spread 646 bps" in told[1]
    assert "chase step 1 on leg 0 for the 10 shares" in told[3]
    assert "best ask + 10 bps" in told[3]
    assert "chase step 2 on leg 0" in told[4]
    assert "limit 0.303; budget min(210/2, 200) = 105 bps; filled in full: 10 at 0.301" in told[4]


def test_the_story_of_a_flattening_tells_guard_and_step() -> None:
    told = story(5)
    assert "highest allowed chase price 0.4 < best ask 0.46" in told[2]
    assert "flatten step 1 of 3 on leg 0" in told[6]
    assert "flatten step 2 of 3 on leg 0" in told[7]
    assert "best bid - 500 bps" in told[7]


def test_a_hard_stop_tells_both_sides() -> None:
    told = story(6)
    assert "flatten step 2 of 3 on leg 0 sends nothing" in told[6]
    assert "flatten step 3 of 3 on leg 0" in told[7]
    assert "10 shares of leg 0 are left > 0 allowed after the last flatten step" in told[8]


def test_a_refusal_tells_both_sides() -> None:
    (told, again) = story(4)
    assert "98.5 USDC at risk + 2 USDC this could cost > 100 USDC allowed" in told
    assert "came again" in again


def test_realised_results_are_exact_and_after_fees() -> None:
    trail = trail_of(tables())
    # Bought 10 at 0.6 and 10 at 0.301 for fees of 0.075, held whole: 10 dollars less 9.085.
    whole = signal(trail, 1).realised
    assert (whole.cash, whole.held_sets, whole.result) == (
        Decimal("-9.085"),
        Decimal(10),
        Decimal("0.915"),
    )
    assert whole.fees == Decimal("0.075")
    assert signal(trail, 5).realised.result == Decimal("-0.45")
    stopped = signal(trail, 6).realised
    assert (stopped.result, stopped.left_over) == (Decimal("-4.03"), Decimal(10))
    assert (trail.realised, trail.fees) == (Decimal("-3.565"), Decimal("0.155"))
    assert trail.frozen.signals == 6
    assert trail.venue.signals == 5
    assert trail.venue.shadow == Decimal("0.248")
    assert trail.venue.simulated == trail.realised


def test_the_account_is_the_sum_of_its_signals() -> None:
    identity = trail_of(tables()).identity
    assert (identity.cash, identity.payout) == (Decimal("-13.565"), Decimal(10))
    assert (identity.signals, identity.not_final) == (Decimal("-3.565"), Decimal(0))
    assert identity.difference == 0
    assert "(S-33)" in terminal_text(page())


def test_cash_of_a_signal_that_is_not_in_the_trail_is_told() -> None:
    found = replace(tables(), trade_log=f"{TRADE_LOG_HEADER}\n{done_rows()}")
    assert trail_of(found).identity.difference == Decimal("-4.48")
    assert "differ by -4.48 USDC, which S-33 forbids" in re.sub(
        r"\s+", " ", terminal_text(page(found))
    )


def test_a_merge_is_cash_and_leaves_nothing_held() -> None:
    account = fills()
    account.confirm()
    account.add(1, "MERGE", "10", qty="10", settle_status="CONF")
    realised = signal(trail_of(replace(tables(), fills=account.text)), 1).realised
    assert (realised.cash, realised.held_sets, realised.left_over) == (
        Decimal("0.915"),
        Decimal(0),
        Decimal(0),
    )


def test_a_fill_that_the_chain_has_not_confirmed_is_no_result() -> None:
    trail = trail_of(replace(tables(), fills=fills().text))
    realised = signal(trail, 1).realised
    assert (realised.result, realised.not_final) == (Decimal(0), Decimal(20))
    assert realised.not_final_cash == Decimal("-9.085")
    assert (trail.realised, trail.identity.difference) == (Decimal(0), Decimal(0))


def test_a_fill_that_the_chain_failed_gives_its_cash_back() -> None:
    account = Account()
    account.fill(1, (1, 1), "10", "-6.05", fee="0.05")
    row = dict(zip(FILLS_HEADER.split(","), account.text.splitlines()[1].split(","), strict=True))
    again: dict[str, object] = {
        name: row[name] for name in ("order_id", "trade_id", "leg_index", "side", "qty", "fee")
    }
    account.add(1, "SETTLE", "6.05", price="0.5", settle_status="VOID", **again)
    trail = trail_of(replace(tables(), fills=account.text))
    made = signal(trail, 1).realised
    assert (made.result, made.fees, made.not_final) == (Decimal(0), Decimal(0), Decimal(0))
    assert trail.identity.difference == 0


def test_a_whole_set_whose_payout_is_not_proven_is_worth_nothing() -> None:
    text = confirmed().replace(",hold,", ",unproven,")
    made = signal(trail_of(replace(tables(), fills=text)), 1).realised
    assert (made.held_sets, made.payout, made.result) == (
        Decimal(10),
        Decimal(0),
        Decimal("-9.085"),
    )


def test_the_ratio_has_no_value_where_nothing_was_made() -> None:
    assert optimism(Decimal(1), Decimal(0)) is None
    assert optimism(None, Decimal(1)) is None
    assert optimism(Decimal(1), Decimal(3)) == Decimal("0.333333")
    assert optimism(Decimal(-1), Decimal(2)) == Decimal("-0.5")


def test_a_dry_run_is_an_empty_table() -> None:
    found = replace(tables(), trade_log=f"{TRADE_LOG_HEADER}\n")
    shown = terminal_text(page(found))
    assert "order path: NO ORDER PATH" in shown
    assert "The order path wrote no row" in shown
    assert html_text(page(found)).count("<svg") == 0


_PIECES = (done_rows, waiting_rows, flattened_rows, stopped_rows)


@given(st.lists(st.sampled_from(_PIECES), unique=True))
def test_every_terminal_row_appears_once_and_sums_agree_with_rows(
    pieces: list[object],
) -> None:
    text = "".join(piece() for piece in pieces if callable(piece))
    trail = trail_of(replace(tables(), trade_log=f"{TRADE_LOG_HEADER}\n{text}"))
    written = text.splitlines()
    facts = json.loads(json.dumps(trail_facts(trail, trail.signals)))
    rows = [one for found in facts["signals"] for one in found["rows"]] + facts["desk"]
    assert sorted(one["line"] for one in rows) == list(range(2, len(written) + 2))
    ends = Counter(cells[22] for one in written if (cells := one.split(","))[22] in OUTCOMES)
    assert {word: n for word, n in facts["by_outcome"].items() if n} == dict(ends)
    assert sum(one["is_terminal"] for one in rows) == sum(ends.values()) == len(facts["signals"])
    guards = Counter(re.findall(r"guard=([A-Z]+-[0-9]+)", text))
    assert facts["by_guard"] == dict(guards)
    made = sum((Decimal(found["simulated_usdc"]) for found in facts["signals"]), Decimal(0))
    assert Decimal(facts["realised_usdc"]) == made
    sent = {one["order_id"] for one in rows if one["latency_ms"] is not None}
    assert facts["orders_sent"] == len(sent)


@settings(max_examples=20)
@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=40))
def test_hostile_text_has_no_power_in_any_form(text: str) -> None:
    is_safe = re.sub(r'[,"\r\n\x00]', "", text + HOSTILE)
    log = TRADE_LOG_HEADER + "\n" + row(1, 1, "END", result="NO_FILL", market_id=is_safe)
    trail = trail_of(replace(tables(), trade_log=log))
    made = trail_page(trail, chosen_signals(trail, (1,)))
    html = html_text(made)
    document = ET.fromstring(html.removeprefix("<!DOCTYPE html>\n"))  # noqa: S314
    assert {tag.tag for tag in document.iter()}.isdisjoint({"script", "img", "b", "link"})
    for shown in (html, markdown_text(made), terminal_text(made)):
        assert "\x1b" not in shown
        assert "\u202e" not in shown
    assert "://" not in markdown_text(made)
    assert 'href="http' not in html


def test_a_page_names_nothing_outside_itself() -> None:
    html = html_text(page())
    assert not re.search(r"(?:src|href)=\"(?!#)|url\((?!#)|@import|https?:", html)
    assert "default-src 'none'" in html


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("S-18 age=2997272033 ttl=1000000000", "the signal was 2997.272033 ms old > 1000 ms"),
        ("S-29 loss_streak=3 cap=3", "3 failed sets in a row ≥ 3 allowed"),
        ("S-29 revert_permille=125 cap=100 window=50", "12.5 % of the last 50 final fills"),
        ("S-21 POST_ONLY=1", "the venue is POST_ONLY"),
        ("S-07 same_px=340000", "rounds to the price of the first, 0.34"),
        ("S-28 now=5 cooldown_until=1000005", "rests for another 1 ms"),
        ("S-06", "trading is stopped or stopping"),
        ("S-99 a=1 b=-2", "S-99 (not a guard of this version): a = 1, b = -2"),
        ("S-01 odd=7", "S-01 (total exposure cap): odd = 7"),
    ],
)
def test_guards_are_told_in_words(text: str, expected: str) -> None:
    name, *pairs = text.split()
    fields = tuple((key, int(value)) for key, value in (pair.split("=") for pair in pairs))
    assert expected in in_words(Guard(id=name, fields=fields))


@given(
    st.sampled_from(sorted(NAMES)),
    st.lists(
        st.tuples(st.from_regex(r"[a-zA-Z_]{1,9}", fullmatch=True), st.integers()), max_size=4
    ),
)
def test_no_guard_is_too_odd_to_be_told(name: str, fields: list[tuple[str, int]]) -> None:
    assert in_words(Guard(id=name, fields=tuple(fields))).startswith(name)


def test_a_signal_without_end_and_one_with_two_are_named() -> None:
    text = row(0, 1, "STATE", reason_codes="IDLE|FIRING_LEG1") + 2 * row(
        9, 2, "END", result="NO_FILL"
    )
    shown = terminal_text(page(replace(tables(), trade_log=f"{TRADE_LOG_HEADER}\n{text}")))
    assert "no terminal row (the run did not end in order): 1" in shown
    assert "more than one terminal row, which L-1 forbids: 2" in shown


def test_the_time_of_a_signal_is_that_of_the_shadow_ledger() -> None:
    trail = trail_of(tables())
    assert signal(trail, 2).started_ms == START + 2_000
    assert signal(trail, 7).started_ms == START + 14_020
    assert trail.run_id == RUN
