"""A run with simulated orders in a process of its own, and its operator."""

import json
import signal
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tests.e2e import captures, journals
from tests.e2e.razor import Child, Done, child, here

LIVE = {"RAZOR_MODE": "live"}
TRAIL = "trade_log.csv"
DESK = "desk"


def control_of(run: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((run / "control.json").read_text(encoding="utf-8"))
    return found


def sockets_beside(run: Path) -> list[str]:
    """Sockets in the directory where that of a run stands."""
    return [str(path) for path in Path(control_of(run)["socket"]).parent.glob("*.sock")]


class Trader:
    """A run that plays a recording at its own pace with simulated orders, and its operator."""

    def __init__(self, place: Path, verb: Child) -> None:
        self.place = place
        self.verb = verb

    @property
    def run(self) -> Path:
        return self.place / "runs" / "run_latest"

    def razor(self, *words: str) -> Done:
        """Give a verb in this process, which the run does not know from another."""
        return here(*words, "--runs-dir", self.place / "runs")

    def status(self) -> dict[str, Any]:
        done = self.razor("status", "--json")
        assert done.code == 0, done.err
        facts: dict[str, Any] = json.loads(done.out)
        return facts

    def standing(self) -> dict[str, Any]:
        found: dict[str, Any] = self.status()["standing"]
        return found

    def desk(self) -> dict[str, Any]:
        found: dict[str, Any] = self.standing()[DESK]
        return found

    async def until_stopped(self) -> dict[str, Any]:
        await self.verb.until(lambda: self.desk()["phase"] == "HARD_STOP")
        return self.desk()

    async def until_sent(self, least: int = 1) -> None:
        await self.verb.until(lambda: self.desk()["sends"] >= least)

    async def end(self) -> Done:
        self.verb.ask(signal.SIGTERM)
        return await self.verb.done()

    def rows(self) -> list[dict[str, str]]:
        return [dict(row) for row in journals.rows(self.run / TRAIL)]


@asynccontextmanager
async def trader(
    place: Path,
    *more: str | Path,
    environment: Mapping[str, str] = LIVE,
    speed: str = "10x",
) -> AsyncIterator[Trader]:
    captures.world(place / "w.jsonl.zst", duration_ms=600_000)
    words = ("run", "--source", "replay:w.jsonl.zst", "--speed", speed, *more)
    (place / "config.toml").write_text("", encoding="utf-8")
    async with child(*words, cwd=place, environment=dict(environment)) as verb:
        found = Trader(place, verb)
        await verb.until((found.run / "control.json").exists)
        yield found
