"""Operators and a really running `razor run`: status, stop, halt, clear, and what they leave."""

import json
import signal
import socket
from pathlib import Path

import pytest

from tests.e2e import captures
from tests.e2e.loopback import Desk, desk, play
from tests.e2e.razor import here, is_one_message
from tests.e2e.trader import DESK, LIVE, Trader, control_of, sockets_beside, trader

ENTRIES = {"FIRE", "CHASE"}


def said(rows: list[dict[str, str]]) -> list[str]:
    return [row["reason_codes"] for row in rows if row["action"] == "OPERATOR"]


def after(rows: list[dict[str, str]], action: str) -> list[dict[str, str]]:
    at = next(number for number, row in enumerate(rows) if row["action"] == action)
    return rows[at + 1 :]


def test_stop_ends_the_ladder_and_begins_nothing_and_a_clear_goes_on(tmp_path: Path) -> None:
    async def story() -> None:
        async with trader(tmp_path) as at:
            await at.until_sent()
            stop = at.razor("stop", "--reason", "fees rose")
            assert (stop.code, stop.err) == (0, "")
            assert "stop taken" in stop.out
            stopped = await at.until_stopped()
            assert stopped["stopped"] == "guard=S-26 stop=1"
            again = at.razor("stop")
            assert again.code == 0, "stop is idempotent (F-81)"
            signals = at.standing()["signals"]
            await at.verb.until(lambda: at.standing()["signals"] >= signals + 2)
            assert at.desk()["sends"] == stopped["sends"], "nothing is sent"
            cleared = at.razor("clear", "--reason", "fees fell")
            assert cleared.code == 0, cleared.err
            await at.until_sent(stopped["sends"] + 1)
            done = await at.end()
            assert done.code == 0, done.err
            rows = at.rows()
            who = said(rows)
            assert [text.split("|")[0] for text in who] == ["STOP", "STOP", "CLEAR"]
            assert who[0].endswith(": fees rose")
            assert who[2].endswith(": fees fell")
            late = after(rows, "OPERATOR")
            until_clear = late[: next(n for n, row in enumerate(late) if row["action"] == "CLEAR")]
            sent = {row["order_id"] for row in rows[: len(rows) - len(late)] if row["order_id"]}
            fresh = {
                row["order_id"]
                for row in until_clear
                if row["action"] in ENTRIES and row["latency_ms"]
            }
            # One that was out may end after the stop; its intent stands before it in the journal.
            assert len(fresh - sent) <= 1
            assert any(row["action"] == "FIRE" for row in after(late, "CLEAR"))
            assert not (at.run / "control.json").exists()

    play(story())
    run = (tmp_path / "runs" / "run_latest").resolve()
    assert here("replay", run, "--out-dir", tmp_path / "again").code == 0
    assert captures.tables(tmp_path / "again") == captures.tables(run)
    assert here("audit", "verify", run).code == 0
    told = here("report", "run", "--run", run).out
    assert "STOP by " in told
    assert ": fees rose" in told


def test_halt_sends_nothing_any_more_and_the_recording_goes_on(tmp_path: Path) -> None:
    async def story() -> None:
        async with trader(tmp_path) as at:
            await at.until_sent()
            halt = at.razor("halt", "--json")
            assert halt.code == 0, halt.err
            answer = json.loads(halt.out)
            assert answer["standing"][DESK]["phase"] == "HARD_STOP", "true after the very step"
            sends = answer["standing"][DESK]["sends"]
            records = answer["standing"]["records"]
            await at.verb.until(lambda: at.standing()["records"] >= records + 200)
            assert at.desk()["sends"] == sends
            done = await at.end()
            assert done.code == 4, "trading ended in HARDSTOP"
            late = after(at.rows(), "OPERATOR")
            assert late[0]["action"] in {"CANCEL", "HARDSTOP"}
            halted_ms = int(late[0]["ts_ms"])
            for row in late:
                if row["action"] in {*ENTRIES, "FLATTEN"} and row["latency_ms"]:
                    assert int(row["ts_ms"]) - int(row["latency_ms"]) <= halted_ms, row

    play(story())


def test_a_hardstop_is_left_by_a_clear_with_a_reason_alone(tmp_path: Path) -> None:
    plan = tmp_path / "plan.toml"
    plan.write_text('[[fault]]\ncode = "F-10"\n', encoding="utf-8")
    fails = {**LIVE, "RAZOR_SIM_FORCE_CHASE_FAIL": "1"}

    async def story() -> None:
        async with trader(tmp_path, "--faults", plan, environment=fails) as at:
            stopped = await at.until_stopped()
            assert stopped["stopped"].startswith("guard=S-08 ")
            words = at.status()["stopped_words"]
            assert "flatten ladder and its leftovers" in words
            assert "flatten ladder and its leftovers" in at.razor("status").out
            for wrong in ((), ("--reason", ""), ("--reason", "x" * 501), ("--reason", "a\x1bb")):
                refused = at.razor("clear", *wrong)
                assert refused.code == 2, (wrong, refused.err)
                assert is_one_message(refused)
            assert at.desk()["phase"] == "HARD_STOP"
            cleared = at.razor("clear", "--reason", 'bids are back, "really"')
            assert cleared.code == 0, cleared.err
            await at.until_sent(stopped["sends"] + 1)
            early = at.razor("clear", "--reason", "again")
            assert early.code in {0, 1}
            await at.end()
            rows = at.rows()
            assert said(rows)[0].endswith(': bids are back, "really"')
            assert any(row["action"] == "FIRE" for row in after(rows, "CLEAR"))

    play(story())


def test_a_clear_is_refused_while_an_order_is_unresolved(tmp_path: Path) -> None:
    # Answers take so long that the first order is still out when the clear comes.
    slow = {**LIVE, "RAZOR_SIM_LATENCY_SPIKE_MS": "20000", "RAZOR_SIM_LATENCY_SPIKE_EVERY": "1"}

    async def story() -> None:
        async with trader(tmp_path, environment=slow, speed="1x") as at:
            await at.until_sent()
            assert at.razor("halt").code == 0
            before = at.desk()
            assert before["unresolved"] == 1, before
            refused = at.razor("clear", "--reason", "too early", "--json")
            assert refused.code == 1
            facts = json.loads(refused.err)
            assert (facts["reason"], facts["unresolved"]) == ("UNRESOLVED", 1)
            assert "1 unresolved > 0 allowed" in facts["message"]
            assert at.desk()["phase"] == "HARD_STOP"
            await at.end()
            (blocked,) = [row for row in at.rows() if row["action"] == "CLEAR"]
            assert blocked["reason_codes"] == "guard=L-10 unresolved=1"

    play(story())


def test_a_run_without_orders_says_what_a_command_would_not_do(tmp_path: Path) -> None:
    async def story() -> None:
        async with trader(tmp_path, environment={}) as at:
            assert at.desk() is None
            for verb in ("stop", "halt"):
                refused = at.razor(verb)
                assert refused.code == 1
                assert is_one_message(refused)
                assert f"there is nothing to {verb}" in refused.err
                assert "Ctrl-C" in refused.err
            assert at.status()["denied"] == 2
            assert (await at.end()).code == 0
            assert at.rows() == []

    play(story())


def test_a_live_recording_answers_between_its_frames(tmp_path: Path) -> None:
    async def story(at: Desk) -> None:
        async with at.start("run", "--config", "config.toml") as verb:
            await verb.until((at.latest / "control.json").exists)
            await verb.until(at.is_flowing)
            seen = Trader(tmp_path, verb)
            await verb.until(lambda: seen.standing()["books"]["live"] == 4)
            facts = seen.status()
            assert facts["run"]["source"] == "polymarket"
            assert facts["run"]["pid"] == control_of(at.latest)["pid"]
            assert [conn["last_data_ns"] > 0 for conn in facts["standing"]["conns"]].count(True)
            assert facts["disk_free_bytes"] > 0
            assert facts["run"]["run_id"] == at.latest.resolve().name
            verb.ask(signal.SIGINT)
            assert (await verb.done()).code == 0
        gone = seen.razor("status")
        assert gone.code == 3
        assert is_one_message(gone)
        assert "no running process" in gone.err

    async def whole() -> None:
        async with desk(tmp_path) as at:
            await story(at)

    play(whole())


def test_a_killed_run_leaves_a_file_that_the_verbs_name_and_the_next_start_replaces(
    tmp_path: Path,
) -> None:
    async def whole() -> None:
        async with desk(tmp_path) as at:
            async with at.start("run", "--config", "config.toml") as verb:
                await verb.until((at.latest / "control.json").exists)
                await verb.until(at.is_flowing)
                killed = control_of(at.latest)
                verb.ask(signal.SIGKILL)
                await verb.done()
            dead = Trader(tmp_path, verb)
            for words in (("status",), ("stop",), ("clear", "--reason", "a")):
                gone = dead.razor(*words)
                assert gone.code == 3, (words, gone)
                assert is_one_message(gone)
                assert "no running process" in gone.err
                assert f"process {killed['pid']}" in gone.err
            at.forget()
            async with at.start("run", "--config", "config.toml") as verb:
                await verb.until(lambda: control_of(at.latest)["pid"] != killed["pid"])
                assert dead.razor("status").code == 0
                assert killed["socket"] not in sockets_beside(at.latest), "it is taken away"
                verb.ask(signal.SIGTERM)
                assert (await verb.done()).code == 0

    play(whole())


def test_watching_gives_a_line_each_second_until_the_run_ends(tmp_path: Path) -> None:
    async def story() -> None:
        # Forty seconds of the recording are four of ours.
        async with trader(tmp_path, "--duration", "40s") as at:
            seen = at.razor("status", "--watch", "--json")
            assert seen.code == 0, seen.err
            assert "is no longer running" in seen.err
            lines = [json.loads(line) for line in seen.out.splitlines()]
            taken = [line["standing"]["records"] for line in lines]
            assert len(taken) >= 2
            assert taken == sorted(set(taken)), "each line is a later one"
            assert (await at.verb.done()).code == 0

    play(story())


@pytest.mark.parametrize(
    ("content", "code", "named"),
    [
        (b"", 3, "control.json is not a control file"),
        (b"{}", 3, "control.json is not a control file"),
        (b"\xff", 3, "control.json is not a control file"),
        (b'{"version":9,"run_id":"r","pid":1,"socket":"/x"}', 3, "of version 9"),
        (b'{"version":1,"run_id":"r","pid":1,"socket":"/x/y.sock"}', 3, "no running process"),
        (b'{"version":1,"run_id":"r","pid":1,"socket":"/x/y\\u0000"}', 3, "no running process"),
        (None, 3, "no running process"),
    ],
)
def test_a_file_that_leads_nowhere_is_a_fault_in_one_message(
    tmp_path: Path, content: bytes | None, code: int, named: str
) -> None:
    if content is not None:
        (tmp_path / "control.json").write_bytes(content)
    done = here("status", tmp_path)
    assert done.code == code
    assert is_one_message(done)
    assert named in done.err


def test_a_socket_in_a_directory_of_everybody_is_not_talked_to(tmp_path: Path) -> None:
    place = tmp_path / "open"
    place.mkdir()
    place.chmod(0o755)
    path = place / "1-00.sock"
    with socket.socket(socket.AF_UNIX) as wire:
        wire.bind(str(path))
        wire.listen(1)
        facts = {"version": 1, "run_id": "r", "pid": 1, "socket": str(path)}
        (tmp_path / "control.json").write_text(json.dumps(facts), encoding="utf-8")
        done = here("halt", tmp_path)
        assert done.code == 3
        assert "others may enter it" in done.err


def test_a_run_does_not_begin_without_its_brake(tmp_path: Path) -> None:
    (tmp_path / "razor").symlink_to(tmp_path)
    done = here(
        "demo", "--runs-dir", tmp_path / "runs", "--duration", "1s",
        environment={"XDG_RUNTIME_DIR": str(tmp_path)},
    )  # fmt: skip
    assert done.code == 3
    assert is_one_message(done)
    assert "it is a symlink" in done.err
