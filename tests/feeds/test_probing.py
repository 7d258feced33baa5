"""Live probes against the loopback venue: figures, concurrency, failures, stops."""

import asyncio
import json
import os
import signal
import sys
from pathlib import Path

from razor.adapters.files.market_selection import (
    RECOMMENDATION,
    SCORES,
    SUGGESTION,
    SelectionFiles,
)
from razor.adapters.polymarket import (
    EventStop,
    ProbeEngine,
    TaskSupervisor,
)
from razor.adapters.polymarket.probing import SkippedPolls
from razor.application.ports import Unresolved
from razor.application.select import Select, Selection, SelectPorts, SelectRequest
from razor.domain.feed import NS_PER_S, Gap, RecordKind
from razor.domain.feed_event import MarketSkipped, TradePollFailed
from razor.domain.selection import Preference, Score
from razor.domain.settings import default_file
from tests.cli.programs import ROOT

from .clock import drive, drive_for, until
from .probes import PARAMS, SECONDS, exclusive, probing
from .venue import Answer, Request, Venue, token_id
from .world import universe_of


def test_a_market_is_sampled_every_second_and_its_prints_counted_once() -> None:
    async def run() -> None:
        venue = Venue()
        market = venue.markets[0]
        second = 1_800_000_000
        rows = [venue.trade(market, number, second + number) for number in (3, 2, 1)]
        venue.trades[market.condition_id] = [*rows, venue.trade(market, 9, second - 1)]
        async with probing(venue) as rig:
            task = asyncio.ensure_future(rig.run())
            await until(lambda: rig.is_flowing(1) and venue.requested("/trades"))
            await drive(rig.at.clock, task.done)
            (score,) = rig.took
            assert score is not None
            seen = score.figures
            assert (seen.snapshots_total, seen.thin) == (SECONDS, SECONDS)
            assert (seen.one_sided, seen.bucket_nan) == (0, 0)
            # Asks 0.42 and 0.60: a unified book costs more than a dollar.
            assert (seen.expected_net_bps_max, seen.passes) == (10_000 - 10_200 - 290, 0)
            assert (seen.trades_total, seen.trades_before_probe) == (4, 1)
            assert seen.trades_duplicated % 4 == 0
            assert 0 < seen.trades_duplicated <= 4 * (len(venue.requested("/trades")) - 1)
            assert 1_000 <= seen.poll_gap_max_ms <= 2_000
            assert score.end_ms - score.start_ms == SECONDS * 1_000
            assert (score.probe_ms, score.candidate.market_id) == (SECONDS * 1_000, "1")

    asyncio.run(run())


def test_a_market_whose_books_never_come_has_no_samples() -> None:
    async def run() -> None:
        venue = Venue()
        venue.mute |= set(venue.tokens())
        venue.no_book |= set(venue.tokens())
        async with probing(venue) as rig:
            task = asyncio.ensure_future(rig.run())
            await until(lambda: venue.sessions)
            await drive(rig.at.clock, task.done)
            (score,) = rig.took
            assert score is not None
            assert score.figures.snapshots_total == 0
            assert score.bucket_nan_rate is None

    asyncio.run(run())


def test_no_more_probes_than_allowed_run_together() -> None:
    async def run() -> None:
        async with probing(Venue(3), concurrency=2) as rig:
            task = asyncio.ensure_future(rig.run())
            await until(lambda: rig.is_flowing(2))
            await drive_for(rig.at.clock, SECONDS * 1_000 - 500)
            assert (len(rig.engines), rig.took) == (2, [])
            await drive(rig.at.clock, lambda: len(rig.engines) == 3)
            assert rig.took
            await drive(rig.at.clock, task.done)
            assert len(rig.took) == 3

    asyncio.run(run())


def test_zero_probes_at_a_time_count_as_one() -> None:
    async def run() -> None:
        async with probing(Venue(), concurrency=0) as rig:
            task = asyncio.ensure_future(rig.run())
            await drive(rig.at.clock, task.done)
            assert len(rig.took) == 1

    asyncio.run(run())


def test_full_pages_are_counted() -> None:
    async def run() -> None:
        venue = Venue()
        market = venue.markets[0]
        rows = [venue.trade(market, number, 1_800_000_000) for number in range(3)]
        venue.trades[market.condition_id] = rows
        async with probing(venue, trade_poll_limit=3) as rig:
            task = asyncio.ensure_future(rig.run())
            await until(lambda: venue.requested("/trades"))
            await drive(rig.at.clock, task.done)
            (score,) = rig.took
            assert score is not None
            assert score.figures.poll_hit_limit > 0
            assert score.estimated_trades_lost == 3 * score.figures.poll_hit_limit

    asyncio.run(run())


def test_every_kth_poll_of_all_probes_is_skipped() -> None:
    skipped = SkippedPolls(3)
    assert [skipped.is_next() for _ in range(7)] == [False, False, True] * 2 + [False]
    never = SkippedPolls(0)
    assert not any(never.is_next() for _ in range(9))


def test_skipped_polls_are_not_sent() -> None:
    async def run() -> None:
        venue = Venue()
        async with probing(venue, skip_every=1) as rig:
            task = asyncio.ensure_future(rig.run())
            await drive(rig.at.clock, task.done)
            assert venue.requested("/trades") == []
            (score,) = rig.took
            assert score is not None
            assert score.figures.poll_gap_max_ms == 0

    asyncio.run(run())


def test_polls_follow_each_other_by_at_least_200_ms() -> None:
    async def run() -> None:
        venue = Venue()
        async with probing(venue, trade_poll_interval_ms=1) as rig:
            task = asyncio.ensure_future(rig.run())
            await until(lambda: venue.requested("/trades"))
            await drive(rig.at.clock, task.done, step_ms=50)
            assert 2 <= len(venue.requested("/trades")) <= SECONDS * 5 + 1

    asyncio.run(run())


def test_a_failed_poll_is_named_and_the_probe_goes_on() -> None:
    async def run() -> None:
        venue = Venue()
        venue.handlers["/trades"] = lambda _: Answer(status=400)
        async with probing(venue) as rig:
            task = asyncio.ensure_future(rig.run())
            await until(lambda: rig.is_flowing(1))
            await drive(rig.at.clock, task.done)
            (score,) = rig.took
            assert score is not None
            assert (score.figures.snapshots_total, score.figures.trades_total) == (SECONDS, 0)
            assert rig.at.log.of(TradePollFailed)

    asyncio.run(run())


def test_a_market_that_cannot_be_followed_fails_alone() -> None:
    async def run() -> None:
        venue = Venue(3)
        venue.markets[0].clob["ao"] = False
        other = [token_id(90), token_id(91)]
        listed = {**venue.gamma_market(venue.markets[1]), "clobTokenIds": json.dumps(other)}
        rows = [venue.gamma_market(venue.markets[0]), listed, venue.gamma_market(venue.markets[2])]
        venue.queue("/markets", Answer(body=json.dumps(rows).encode()))
        async with probing(venue) as rig:
            task = asyncio.ensure_future(rig.run())
            await drive(rig.at.clock, task.done)
            assert [score and score.candidate.market_id for score in rig.took].count(None) == 2
            assert {event.market for event in rig.at.log.of(MarketSkipped)} >= {"1", "2"}

    asyncio.run(run())


def test_a_book_out_of_step_dirties_and_is_read_again() -> None:
    async def run() -> None:
        venue = Venue()
        async with probing(venue) as rig:
            task = asyncio.ensure_future(rig.run())
            await until(lambda: rig.is_flowing(1))
            await venue.sessions[0].send("{not json")
            await until(lambda: not rig.is_flowing(1))
            await until(lambda: rig.is_flowing(1))
            await drive(rig.at.clock, task.done)
            (score,) = rig.took
            assert score is not None
            assert score.figures.snapshots_total == SECONDS

    asyncio.run(run())


def test_a_stop_ends_probes_and_keeps_the_finished_one(tmp_path: Path) -> None:
    async def run() -> None:
        venue, stop = Venue(3), EventStop()
        async with probing(venue, concurrency=1) as rig:
            ports = SelectPorts(
                probes=rig.probes,
                files=SelectionFiles(tmp_path, "msel_1_000001"),
                supervisor=TaskSupervisor(),
                clock=rig.at.clock,
                stop=stop,
            )
            request = SelectRequest(preference=Preference.ANY)
            task = asyncio.ensure_future(Select(ports).run(request))
            await drive(rig.at.clock, lambda: rig.is_flowing(2))
            assert (tmp_path / SCORES).read_text().count("\n") == 2
            async with asyncio.timeout(2):
                stop.set()
                done = await task
            assert isinstance(done, Selection)
            assert (done.progress.aborted, done.progress.ok) == (True, 1)
            assert done.progress.candidates_total == 3
            assert done.fault is None
            await until(lambda: not any(session.is_open for session in venue.sessions))

    asyncio.run(run())
    assert (tmp_path / SCORES).read_text().count("\n") == 2
    assert json.loads((tmp_path / RECOMMENDATION).read_text())["aborted"] is True
    assert "insufficient_data = true" in (tmp_path / SUGGESTION).read_text()


def test_candidates_out_of_reach_are_a_fault() -> None:
    async def run() -> None:
        venue = Venue()
        venue.handlers["/markets"] = lambda _: Answer(status=404)
        async with probing(venue) as rig:
            found = await rig.probes.candidates()
            assert isinstance(found, Unresolved)
            assert found.is_fault

    asyncio.run(run())


def test_the_definition_is_asked_for_by_the_listed_id() -> None:
    async def run() -> None:
        venue = Venue(2)
        asked: list[str] = []

        def serve(request: Request) -> Answer:
            asked.append(request.param("id"))
            rows = [venue.gamma_market(m) for m in venue.markets if str(m.number) == asked[-1]]
            return Answer(body=json.dumps({"markets": rows}).encode())

        venue.handlers["/markets/keyset"] = serve
        async with probing(venue, concurrency=1) as rig:
            task = asyncio.ensure_future(rig.run())
            await drive(rig.at.clock, task.done)
            assert asked == ["1", "2"]
            assert all(isinstance(score, Score) for score in rig.took)

    asyncio.run(run())


def test_a_gap_makes_the_books_of_its_connection_unready() -> None:
    engine, venue = ProbeEngine(PARAMS), Venue()
    universe = universe_of(venue)
    start_ns = 1_800_000_000 * NS_PER_S
    assert (dict(engine.view().tokens), engine.report().sets) == ({}, ())
    engine.feed(RecordKind.META, "meta-0", 0, start_ns, universe.encode())
    books = json.dumps([{"event_type": "book", **venue.book(it)} for it in venue.tokens()])
    assert engine.feed(RecordKind.WS, "market-0", 1, start_ns, books.encode()) is None
    assert all(token.hydrated for token in engine.view().tokens.values())
    assert engine.view().conns == {"market-0": start_ns}
    gap = Gap(from_ns=start_ns, to_ns=start_ns + 1, cause="DISCONNECTED open reason=RESET")
    engine.gap("market-0", 1, start_ns + 1, gap)
    assert not any(token.hydrated for token in engine.view().tokens.values())
    refused = engine.feed(RecordKind.WS, "market-0", 1, start_ns + 2, b"{not json")
    assert refused is not None
    assert refused.refused


def _config(venue: Venue, directory: Path) -> Path:
    """The default settings with the addresses of the loopback venue."""
    endpoints = venue.settings().endpoints
    text = default_file()
    for name in ("gamma_base", "clob_base", "data_api_base", "ws_base"):
        before = f'{name} = "{getattr(type(endpoints)(), name)}"'
        assert before in text
        text = text.replace(before, f'{name} = "{getattr(endpoints, name)}"')
    file = directory / "config.toml"
    file.write_text(text, encoding="utf-8")
    return file


async def _razor(*arguments: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, str(ROOT / "tests" / "cli" / "programs.py"), *arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'python'}:{ROOT}"},
    )


def test_ctrl_c_ends_the_verb_within_two_seconds_with_all_three_files(tmp_path: Path) -> None:
    async def run() -> None:
        async with Venue(2) as venue:
            config = _config(venue, tmp_path)
            out = tmp_path / "out"
            child = await _razor(
                *("markets", "select", "--config", str(config), "--out-dir", str(out), "--json")
            )
            async with asyncio.timeout(20):
                await until(lambda: any(session.tokens for session in venue.sessions))
            child.send_signal(signal.SIGINT)
            async with asyncio.timeout(4):
                told, err = await child.communicate()
            assert child.returncode == 0, err.decode()
            assert json.loads(told)["aborted"] is True
            assert {path.name for path in out.iterdir()} == {SCORES, RECOMMENDATION, SUGGESTION}
            assert json.loads((out / RECOMMENDATION).read_text())["candidates_total"] == 2

    asyncio.run(run())


def test_the_venues_markets_are_listed_shown_and_selected_from(tmp_path: Path) -> None:
    async def run() -> None:
        async with Venue(2) as venue:
            venue.markets[0].gamma["question"] = "\x1b[2J=Will\u202e it?"
            config = ("--config", str(_config(venue, tmp_path)))
            listed = await _razor("markets", "list", *config, "--json")
            out, _ = await listed.communicate()
            rows = json.loads(out)["markets"]
            assert [row["id"] for row in rows] == ["1", "2"]
            assert rows[0]["question"] == "[2J=Will it?"
            shown = await _razor("markets", "show", "2", *config, "--json")
            out, _ = await shown.communicate()
            (market,) = json.loads(out)["markets"]
            assert market["fees"] == "taker, rate 0.07, exponent 1"
            missing = await _razor("markets", "show", "77", *config)
            await missing.communicate()
            assert missing.returncode == 2
            chosen = await _razor(
                *("markets", "select", *config, "--probe-seconds", "1"),
                *("--out-dir", str(tmp_path / "out")),
            )
            out, err = await chosen.communicate()
            assert chosen.returncode == 1, err.decode()
            assert b"insufficient data: no markets pass hard gates" in out

    asyncio.run(run())


def test_groups_are_told_with_the_reasons_of_those_refused(tmp_path: Path) -> None:
    async def run() -> None:
        async with Venue(5) as venue:
            exclusive(venue, "77", ask="0.30", numbers=(1, 2))
            exclusive(venue, "78", ask="0.30", numbers=(3, 4), negRiskAugmented=True)
            verb = ("markets", "select", "--config", str(_config(venue, tmp_path)))
            options = ("--probe-seconds", "1", "--prefer-strategy", "group")
            told = await _razor(*verb, *options, "--out-dir", str(tmp_path / "1"))
            out, err = await told.communicate()
            assert told.returncode == 1, err.decode()
            reason = "augmented group: an unnamed outcome may win"
            assert f"refused group 78  Question 3?: {reason}" in out.decode()
            assert "1 probed, 1 failed" in out.decode()
            facts = await _razor(*verb, *options, "--out-dir", str(tmp_path / "2"), "--json")
            out, _ = await facts.communicate()
            found = json.loads(out)
            assert (found["candidates"], found["probed"], found["groups"]) == (2, 1, [])
            assert found["groups_refused"] == [
                {"event_id": "78", "label": "Question 3?", "reason": reason}
            ]

    asyncio.run(run())


def test_an_unreachable_venue_is_a_fault(tmp_path: Path) -> None:
    async def run() -> None:
        async with Venue() as venue:
            venue.handlers["/markets"] = lambda _: Answer(status=404)
            config = ("--config", str(_config(venue, tmp_path)))
            for verb in (("list",), ("select", "--out-dir", str(tmp_path / "out"))):
                child = await _razor("markets", *verb, *config)
                _, err = await child.communicate()
                assert child.returncode == 3
                assert b"check the network" in err

    asyncio.run(run())


def test_a_candidate_of_three_tokens_cannot_be_followed() -> None:
    async def run() -> None:
        venue = Venue()
        row = {**venue.gamma_market(venue.markets[0])}
        tokens = [*venue.markets[0].tokens, token_id(77)]
        venue.queue(
            "/markets",
            Answer(body=json.dumps([row | {"clobTokenIds": json.dumps(tokens)}]).encode()),
        )
        async with probing(venue) as rig:
            task = asyncio.ensure_future(rig.run())
            await drive(rig.at.clock, task.done)
            assert rig.took == [None]

    asyncio.run(run())


def test_candidates_are_what_the_pool_lists() -> None:
    async def run() -> None:
        async with probing(Venue(2)) as rig:
            found = await rig.probes.candidates()
            assert not isinstance(found, Unresolved)
            assert [it.token_ids for it in found] == [it.tokens for it in rig.at.venue.markets]
            assert (rig.probes.probe_ms, rig.probes.is_complete) == (SECONDS * 1_000, True)

    asyncio.run(run())
