"""`razor run` and `razor record` on a venue over real sockets, in processes of their own."""

import json
import signal
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

import pytest

from tests.e2e import journals
from tests.e2e.loopback import Desk, changes, desk, play
from tests.e2e.razor import Done, here, is_one_message
from tests.feeds.venue import Answer

VERBS = {"run": ("run",), "record": ("record", "--out", "runs")}
SOON_S = 2.0
_TRIES = 3
TABLES = {
    "ticks.csv",
    "trade_log.csv",
    "snapshots.csv",
    "trades.csv",
    "shadow_log.csv",
    "shadow_sets.csv",
    "shadow_legs.csv",
    "calibration_log.csv",
    "fills.csv",
    "health.jsonl",
}


@pytest.fixture(autouse=True)
def _in_a_place_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def _verify() -> None:
    done = here("audit", "verify", "runs/run_latest")
    assert (done.code, done.err) == (0, ""), done
    assert "verified: chain, checksums, tables" in done.out


async def _soon(story: Callable[[], Awaitable[Done]]) -> Done:
    """Play a story that must end soon; a busy machine gets more than one try."""
    done = await story()
    for _ in range(_TRIES - 1):
        if done.took_s < SOON_S:
            break
        done = await story()
    assert done.took_s < SOON_S
    return done


@pytest.mark.parametrize("verb", VERBS)
def test_recording_ends_after_its_duration_with_records_and_tables(
    tmp_path: Path, verb: str
) -> None:
    async def story() -> None:
        async with desk(tmp_path) as at:
            async with at.start(*VERBS[verb], "--duration", "1s", "--json") as child:
                await child.until(at.is_flowing)
                await changes(at.venue, 40)
                done = await child.done()
            assert done.code == 0, done.err
            facts = done.facts()
            run = tmp_path / done.text("run_dir")
            assert facts["cause"] == "duration"
            assert int(done.text("span_ns")) >= 1_000_000_000
            # 4 books, 40 changes, 10 prints, the definitions and a beat are on record.
            assert int(done.text("records")) > 40
            assert journals.tail(run) == "closed"
            assert {each.name for each in run.iterdir()} >= TABLES
            assert len(journals.rows(run / "trades.csv")) == 10
            assert journals.integrity(run)["sets"] == 2
            assert (run / "report.html").is_file() == (verb == "run")
            _verify()

    play(story())


def test_report_of_a_live_run_says_that_the_sample_cannot_carry_a_verdict(tmp_path: Path) -> None:
    async def story() -> None:
        async with desk(tmp_path) as at:
            done = await at.razor("run", "--duration", "1s")
            assert done.code == 0
            assert "insufficient" in done.out
            page = at.latest / "report.html"
            assert str(page.parent.resolve().name) in done.out
            report = json.loads((at.latest / "report.json").read_text(encoding="utf-8"))
            assert report["evidence"]["status"] == "insufficient"
            again = here("report", "day14", "--run", "runs/run_latest", "--json")
            assert again.out == (at.latest / "report.json").read_text(encoding="utf-8")

    play(story())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda it: it.name)
@pytest.mark.parametrize("verb", VERBS)
def test_signal_ends_a_recording_within_two_seconds_with_everything_flushed(
    tmp_path: Path, verb: str, number: signal.Signals
) -> None:
    async def story() -> None:
        async with desk(tmp_path) as at:

            async def once() -> Done:
                at.forget()
                async with at.start(*VERBS[verb]) as child:
                    await child.until(at.is_flowing)
                    await changes(at.venue, 20)
                    child.ask(number)
                    return await child.done()

            done = await _soon(once)
            assert done.code == 0, done.err
            assert f"\n{number.name}: " in f"\n{done.out}"
            end = journals.manifest(at.latest).end
            assert end is not None
            assert (end.cause, end.exit_code) == (number.name, 0)
            assert journals.tail(at.latest) == "closed"
            assert int(journals.integrity(at.latest)["records"]) >= 4
            _verify()

    play(story())


def test_signal_while_the_venue_hangs_ends_within_two_seconds(tmp_path: Path) -> None:
    async def story() -> None:
        async with desk(tmp_path) as at:
            at.venue.handlers["/markets"] = lambda _: Answer(mode="hang")

            async def asked() -> Done:
                at.forget()
                async with at.start("run") as child:
                    await child.until(lambda: at.venue.requested("/markets"))
                    child.ask(signal.SIGTERM)
                    return await child.done()

            done = await _soon(asked)
            assert done.code == 0, done.err
            _verify()

    play(story())


def test_second_signal_breaks_off_with_exit_3_and_the_next_start_goes_on(tmp_path: Path) -> None:
    async def story() -> None:
        async with desk(tmp_path) as at:
            # A peer that never closes keeps the orderly end busy until the second signal.
            at.venue.on_session = lambda session: session.socket.transport.pause_reading()
            async with at.start("run") as child:
                await child.until(lambda: at.venue.requested("/trades"))
                child.ask(signal.SIGTERM)
                child.ask(signal.SIGINT)
                done = await child.done()
            assert done.code == 3, done
            assert is_one_message(done)
            assert "broken off by a second" in done.err
            assert "the next start recovers what was durable" in done.err
            broken = at.latest.resolve()
            at.venue.on_session = lambda _: None
            at.forget()
            assert (await at.razor("run", "--duration", "1s")).code == 0
            assert at.latest.resolve() == broken
            _verify()

    play(story())


def test_recording_goes_on_behind_a_kill_in_the_same_directory(tmp_path: Path) -> None:
    async def story() -> None:
        async with desk(tmp_path) as at:
            async with at.start(*VERBS["record"]) as child:
                await child.until(at.is_flowing)
                await changes(at.venue, 30)
                # Books, changes and prints reached the disk; the rest is what a kill may cost.
                await child.until(lambda: journals.records(at.latest) > 40)
                child.ask(signal.SIGKILL)
                assert (await child.done()).code == -signal.SIGKILL
            killed = at.latest.resolve()
            before = journals.records(killed)
            assert journals.manifest(killed).end is None
            at.forget()
            async with at.start(*VERBS["record"], "--duration", "1s", "--json") as child:
                await child.until(at.is_flowing)
                await changes(at.venue, 5)
                done = await child.done()
            assert done.code == 0, done.err
            assert at.latest.resolve() == killed
            assert done.facts()["notice"] == f"goes on with {killed.name} after its unclean end"
            assert len(journals.segments(killed)) == 2
            assert journals.records(killed) > before
            # The recovery is a record of its own, and only the new records are counted as new.
            assert int(done.text("records")) < journals.records(killed) - before + 2
            manifest = journals.manifest(killed)
            assert len(manifest.sessions) == 2
            assert manifest.end is not None
            assert journals.integrity(killed)["restarts"] == 1
            _verify()

    play(story())


def _has_more(at: Desk, least: int) -> bool:
    return journals.records(at.latest) > least


def test_run_survives_kills_in_a_row_and_its_replay_gives_its_tables(tmp_path: Path) -> None:
    async def story() -> None:
        async with desk(tmp_path) as at:
            for count in (1, 2):
                at.forget()
                async with at.start("run") as child:
                    await child.until(at.is_flowing)
                    await changes(at.venue, 10)
                    least = journals.records(at.latest) + 5
                    await child.until(partial(_has_more, at, least))
                    child.ask(signal.SIGKILL)
                    await child.done()
                assert len(journals.segments(at.latest)) == count
            at.forget()
            assert (await at.razor("run", "--duration", "1s")).code == 0
            assert journals.integrity(at.latest)["restarts"] == 2
            _verify()
            again = here("replay", "runs/run_latest", "--out-dir", "again")
            assert again.code == 0, again.err
            for name in ("ticks.csv", "snapshots.csv", "trades.csv"):
                assert (tmp_path / "again" / name).read_bytes() == (at.latest / name).read_bytes()

    play(story())


@pytest.mark.parametrize("why", ["never", "changed setting"])
def test_new_run_names_the_unclean_one_it_continues(tmp_path: Path, why: str) -> None:
    async def story() -> None:
        async with desk(tmp_path) as at:
            async with at.start("run") as child:
                await child.until(at.is_flowing)
                await child.until(lambda: journals.records(at.latest) > 4)
                child.ask(signal.SIGKILL)
                await child.done()
            killed = at.latest.resolve()
            tables = {name: (killed / name).read_bytes() for name in TABLES}
            more = ("--resume", "never") if why == "never" else ("--resume", "auto")
            if why == "changed setting":
                at.configure(more="[brain]\nq_req = 11\n")
            at.forget()
            done = await at.razor("run", "--duration", "1s", "--json", *more)
            assert done.code == 0, done.err
            fresh = at.latest.resolve()
            assert fresh != killed
            assert journals.manifest(fresh).continues == killed.name
            assert journals.manifest(killed).end is None
            assert tables == {name: (killed / name).read_bytes() for name in TABLES}
            _verify()

    play(story())


def test_second_recorder_of_one_source_is_refused_and_harms_nothing(tmp_path: Path) -> None:
    async def story() -> None:
        async with desk(tmp_path) as at:
            async with at.start("run") as child:
                await child.until(at.is_flowing)
                name = at.latest.resolve().name
                for more in ((), ("--resume", "never")):
                    second = here("run", "--duration", "1s", *more)
                    assert second.code == 3
                    assert is_one_message(second)
                    assert f"the run {name} of this source is being written" in second.err
                    assert "stop that process, or start with another --runs-dir" in second.err
                rebuild = here("audit", "rebuild", "runs/run_latest")
                assert rebuild.code == 3
                assert "another process is writing into it" in rebuild.err
                assert not child.has_ended
                child.ask(signal.SIGTERM)
                assert (await child.done()).code == 0
            assert len(list((tmp_path / "runs").glob("run_2*"))) == 1
            _verify()

    play(story())


def test_unreachable_venue_is_one_message_and_exit_3(tmp_path: Path) -> None:
    async def story() -> None:
        async with desk(tmp_path):
            pass

    play(story())
    # Nobody listens at those addresses any more.
    for verb in VERBS.values():
        done = here(*verb, "--config", "config.toml")
        assert done.code == 3
        assert is_one_message(done)
        assert "the venue gave no markets (UNREACHABLE)" in done.err
        assert "check the network and the addresses in [polymarket]" in done.err
    error = json.loads(here("run", "--json").messages()[-1])
    assert (error["error"], error["exit_code"]) == ("Unreachable", 3)


def test_start_without_a_market_is_refused_before_there_is_a_run(tmp_path: Path) -> None:
    async def story() -> None:
        async with desk(tmp_path) as at:
            at.configure(())
            for verb in VERBS.values():
                done = here(*verb)
                assert done.code == 2
                assert is_one_message(done)
                assert "run.market_ids: found no market" in done.err
                assert "config.toml" in done.err
            assert not (tmp_path / "runs").exists()
            assert at.venue.requests == []

    play(story())


def test_unknown_market_is_a_settings_error_that_names_it(tmp_path: Path) -> None:
    async def story() -> None:
        async with desk(tmp_path) as at:
            at.configure(("404",))
            done = await at.razor("run")
            assert done.code == 2
            assert is_one_message(done)
            assert "run.market_ids" in done.err
            assert "id 404 is not among the venue's open markets" in done.err

    play(story())


GARBAGE = [
    "hello",
    "{",
    "[]",
    "[[[",
    "null",
    '"x"',
    "\x00",
    '{"event_type":"book"}',
    '{"event_type":"price_change","price_changes":[{"asset_id":"=1+1"}]}',
    '{"event_type":"book","asset_id":"1","bids":[{"price":"NaN","size":"-1"}],"asks":7}',
    '{"event_type":"nobody knows"}',
    "x" * 100_000,
    "[" * 50_000,
]


def test_garbage_from_the_venue_is_recorded_counted_and_outlived(tmp_path: Path) -> None:
    async def story() -> None:
        async with desk(tmp_path) as at:
            async with at.start("run") as child:
                await child.until(at.is_flowing)
                (session,) = at.venue.home(at.venue.tokens()[0])
                for text in GARBAGE:
                    await session.send(text)
                await changes(at.venue, 8)
                known = len(GARBAGE) + 8
                await child.until(lambda: journals.records(at.latest) > known)
                child.ask(signal.SIGTERM)
                done = await child.done()
            assert done.code == 0, done.err
            assert "Traceback" not in done.err
            found = journals.integrity(at.latest)
            assert found["frames_refused"] + found["gaps"] > 0
            assert found["records"] > known
            _verify()

    play(story())


def test_lost_socket_is_found_again_within_one_run(tmp_path: Path) -> None:
    async def story() -> None:
        async with desk(tmp_path) as at:
            async with at.start("run") as child:
                await child.until(at.is_flowing)
                at.venue.sessions[0].socket.transport.abort()
                await child.until(lambda: len(at.venue.sessions) == 2 and at.is_flowing())
                await changes(at.venue, 8)
                child.ask(signal.SIGTERM)
                done = await child.done()
            assert done.code == 0, done.err
            assert journals.integrity(at.latest)["gaps"] >= 1
            _verify()

    play(story())


def test_every_trade_poll_that_a_switch_turns_away_stands_in_trail_and_manifest(
    tmp_path: Path,
) -> None:
    async def story() -> None:
        async with desk(tmp_path) as at:
            every = {"RAZOR_MODE": "live", "RAZOR_SIM_HTTP_429_EVERY": "3"}
            async with at.start("run", "--duration", "3s", environment=every) as child:
                done = await child.done()
            assert done.code == 0, done.err
            rows = journals.rows(at.latest / "trade_log.csv")
            struck = [row for row in rows if row["reason_codes"] == "F-28"]
            assert len(struck) >= 2
            assert all(row["action"] == "FAULT" and not row["order_id"] for row in struck)
            manifest = journals.manifest(at.latest)
            assert manifest.injected == {"F-28": len(struck)}
            assert manifest.sim_switches.http_429_every == 3
            # A poll is tried again, so that no print of the venue is missing.
            assert len(journals.rows(at.latest / "trades.csv")) == 10
            _verify()

    play(story())
