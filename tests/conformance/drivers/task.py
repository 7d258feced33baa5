"""What every program of a client does: read its task, stay on this machine, print its results.

Runs in a client's environment, so it imports nothing but the standard library.
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

HERE = frozenset({"127.0.0.1", "localhost", "::1", None, ""})


def perform(work: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """Run `work` on the task named on the command line; it ends with the first call outside."""
    sys.addaudithook(_refuse_other_machines)
    task = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    sys.stdout.write(json.dumps(work(task), default=str))


def _refuse_other_machines(event: str, arguments: tuple[Any, ...]) -> None:
    """Clients pin the hosts of the venue: whatever was not pointed here is an error, not a call."""
    if event == "socket.connect" and isinstance(arguments[1], tuple):
        host = arguments[1][0]
    elif event == "socket.getaddrinfo":
        host = arguments[0]
    else:
        return
    if isinstance(host, bytes):
        host = host.decode()
    if host not in HERE:
        raise PermissionError(f"the client reached for {host!r}, which is not this machine")
