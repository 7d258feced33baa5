"""F-85 at the control API: what is not this user's own, whole, small request is turned away."""

import json
import logging
import os
import socket
import stat
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from razor.adapters.control.gate import ControlLimits
from razor.domain.control import CommandVerb
from razor.domain.errors import CommandRefused, ControlError
from tests.control.desk import PATIENCE_S, Served, served, taken, until

_HEAD = "Host: razor\r\nContent-Type: application/json\r\n"

_STRANGER = """
import os, socket, sys
os.setuid(65534)
wire = socket.socket(socket.AF_UNIX)
wire.connect(sys.argv[1])
try:
    wire.sendall(b"GET /v1/status HTTP/1.1\\r\\nHost: razor\\r\\n\\r\\n")
    sys.stdout.buffer.write(wire.recv(65536))
except ConnectionError:
    pass
"""


def post(path: str, body: bytes, *, head: str = _HEAD) -> bytes:
    length = f"Content-Length: {len(body)}\r\n\r\n"
    return f"POST {path} HTTP/1.1\r\n{head}{length}".encode() + body


def status_of(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


def is_trading(at: Served) -> bool:
    desk = at.client.status().standing.desk
    assert desk is not None
    return not desk.is_stopped and not desk.is_stopping


@pytest.mark.parametrize(
    ("name", "raw", "status"),
    [
        ("a web page", post("/v1/halt", b"{}", head=_HEAD + "Origin: http://x\r\n"), 403),
        ("a null origin", post("/v1/halt", b"{}", head=_HEAD + "Origin: null\r\n"), 403),
        ("a rebound name", post("/v1/halt", b"{}", head=_HEAD.replace("razor", "x.test")), 403),
        ("two names", post("/v1/halt", b"{}", head="Host: razor\r\n" + _HEAD), 400),
        (
            "a form",
            post("/v1/halt", b"a=1", head="Host: razor\r\nContent-Type: text/plain\r\n"),
            415,
        ),
        ("no type", post("/v1/halt", b"{}", head="Host: razor\r\n"), 415),
        ("an unknown path", post("/v1/fire", b"{}"), 404),
        ("a climbing path", post("/v1/../v1/%2e%2e/halt", b"{}"), 404),
        ("a reading halt", b"GET /v1/halt HTTP/1.1\r\nHost: razor\r\n\r\n", 405),
        ("a writing status", post("/v1/status", b"{}"), 405),
        ("a long body", post("/v1/halt", b'{"reason":"' + b"a" * 5_000 + b'"}'), 413),
        ("no JSON", post("/v1/halt", b"halt"), 400),
        ("another key", post("/v1/halt", b'{"reason":"a","now":true}'), 400),
        ("a number", post("/v1/halt", b'{"reason":1}'), 400),
        ("broken UTF-8", post("/v1/halt", b'{"reason":"\xff"}'), 400),
        ("a lone surrogate", post("/v1/halt", b'{"reason":"\\ud800"}'), 400),
        ("an unprintable reason", post("/v1/halt", b'{"reason":"a\\u001b[2J"}'), 409),
        ("a turned reason", post("/v1/halt", '{"reason":"a\u202eb"}'.encode()), 409),
        ("a clear without reason", post("/v1/clear", b"{}"), 409),
        ("a blank reason", post("/v1/clear", b'{"reason":"  "}'), 409),
        ("a long header", b"GET /v1/status HTTP/1.1\r\nHost: razor\r\nA: " + b"a" * 20_000, 400),
        ("bytes of nothing", b"\x16\x03\x01\x02\x00\x01\r\n\r\n", 400),
    ],
)
def test_abuse_is_denied_counted_and_changes_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, name: str, raw: bytes, status: int
) -> None:
    with served(tmp_path) as at, caplog.at_level(logging.WARNING, "razor.control"):
        answer = at.send(raw)
        assert status_of(answer) == status, (name, answer)
        until(lambda: at.gate.denied)
        assert at.gate.denied == 1, name
        assert is_trading(at)
        assert at.client.status().denied == 1
    (line,) = [record for record in caplog.records if record.name == "razor.control"]
    assert line.getMessage().startswith("denied: ")
    # The log has our words alone, nothing that a client chose.
    assert [record.name for record in caplog.records] == ["razor.control"]
    assert line.getMessage().isascii()
    assert "x.test" not in line.getMessage()


def test_a_slow_request_is_cut_off_and_the_others_go_on(tmp_path: Path) -> None:
    limits = ControlLimits(read_s=0.2)
    with served(tmp_path, limits=limits) as at:
        for start in (b"", b"POST /v1/halt HT", post("/v1/halt", b"{}")[:-1]):
            before = at.gate.denied
            with socket.socket(socket.AF_UNIX) as wire:
                wire.settimeout(PATIENCE_S)
                wire.connect(str(at.path))
                wire.sendall(start)
                assert is_trading(at), "another client is answered meanwhile"
                assert taken(wire) == b""
            until(partial(lambda found: at.gate.denied > found, before))
        assert is_trading(at)


def test_connections_above_the_cap_are_ended_at_once(tmp_path: Path) -> None:
    limits = ControlLimits(connections=2, read_s=PATIENCE_S)
    with served(tmp_path, limits=limits) as at:
        held = [socket.socket(socket.AF_UNIX) for _ in range(2)]
        for wire in held:
            wire.connect(str(at.path))
        until(lambda: len(at.gate.fronts) == 2)
        assert at.send(b"") == b""
        until(lambda: at.gate.denied == 1)
        for wire in held:
            wire.close()
        until(lambda: not at.gate.fronts)
        assert is_trading(at)


def test_an_owner_who_does_not_answer_is_said_and_the_question_is_taken_back(
    tmp_path: Path,
) -> None:
    with served(tmp_path, limits=ControlLimits(answer_s=0.1), is_answering=False) as at:
        with pytest.raises(ControlError) as silent:
            at.client.command(CommandVerb.HALT, "")
        assert silent.value.cause == "NO_ANSWER"


def test_every_denial_of_a_command_says_why_in_json(tmp_path: Path) -> None:
    with served(tmp_path) as at:
        answer = at.send(post("/v1/clear", b'{"reason":"early"}'))
        facts = json.loads(answer.partition(b"\r\n\r\n")[2])
        assert (status_of(answer), facts["error"]) == (409, "CommandRefused")
        assert facts["reason"] == "NOT_STOPPED"
        with pytest.raises(CommandRefused) as refused:
            at.client.command(CommandVerb.CLEAR, "early")
        assert refused.value.reason == "NOT_STOPPED"


def test_only_the_user_can_reach_the_socket_and_it_is_gone_at_the_end(tmp_path: Path) -> None:
    with served(tmp_path) as at:
        found = at.path.stat()
        assert stat.S_ISSOCK(found.st_mode)
        assert stat.S_IMODE(found.st_mode) == 0o600
        assert stat.S_IMODE(at.path.parent.stat().st_mode) == 0o700
        assert found.st_uid == os.geteuid()
        path = at.path
    assert not path.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another user")
def test_a_peer_of_another_user_is_denied_by_the_kernels_word(tmp_path: Path) -> None:
    with served(tmp_path) as at:
        # Somebody opened what is shut: the name of the peer is the last line, and holds alone.
        at.path.parent.chmod(0o755)
        at.path.chmod(0o666)
        done = subprocess.run(
            [sys.executable, "-I", "-c", _STRANGER, at.path.name],
            cwd=at.path.parent,
            capture_output=True,
            timeout=PATIENCE_S,
            check=False,
        )
        assert (done.returncode, done.stdout) == (0, b""), done.stderr
        until(lambda: at.gate.denied == 1)
        at.path.parent.chmod(0o700)
        assert is_trading(at)
