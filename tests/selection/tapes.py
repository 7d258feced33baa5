"""Recordings for tests: plain captures written line by line."""

import json
from pathlib import Path

from .scores import START_MS

# Per market of a group: bid, ask and dollars on three levels.
TIGHT = ("0.3199", "0.3200", "900")
WIDE = ("0.30", "0.3200", "900")


def _market(number: int, end_ms: int) -> dict[str, object]:
    return {
        "condition_id": f"0xc{number:02}",
        "token_ids": [f"{number:02}1", f"{number:02}2"],
        "outcomes": ["Yes", "No"],
        "label": f"question {number}",
        "tick_size": "0.0001",
        "min_order_size": "5",
        "neg_risk": True,
        "fees": None,
        "end_ms": end_ms,
        "event_id": "",
        "group_id": "",
        "seconds_delay": 0,
    }


class Tape:
    """Groups of three markets that are quoted and traded every five seconds."""

    def __init__(self, *groups: tuple[str, tuple[str, str, str]], seconds: int = 400) -> None:
        self._lines: list[str] = []
        self._groups = groups
        markets = [_market(n, START_MS + 86_400_000) for n in range(3 * len(groups))]
        sets = [
            {
                "key": key,
                "kind": "group",
                "legs": [f"{3 * at + leg:02}1" for leg in range(3)],
                "settlement": "hold",
            }
            for at, (key, _) in enumerate(groups)
        ]
        self.meta = {"markets": markets, "sets": sets}
        self._push(0, "meta", json.dumps(self.meta))
        for second in range(0, seconds, 5):
            self._quote(second)
            self._trade(second)
        self._push(seconds * 1_000, "ref", "end")

    def write(self, directory: Path) -> Path:
        """The capture with as much of a sidecar as a listing reads."""
        path = directory / "tape.jsonl"
        path.write_text("".join(self._lines), encoding="utf-8")
        sidecar = {"schema": "razor-capture-1", **self.meta}
        (directory / "tape.manifest.json").write_text(json.dumps(sidecar), encoding="utf-8")
        return path

    def _quote(self, second: int) -> None:
        entries = [
            ",".join((str(3 * at + leg), *quote))
            for at, (_, quote) in enumerate(self._groups)
            for leg in range(3)
        ]
        self._push(second * 1_000, "quote", ";".join(entries))

    def _trade(self, second: int) -> None:
        for at, _ in enumerate(self._groups):
            row = {
                "asset": f"{3 * at:02}1",
                "conditionId": f"0xc{3 * at:02}",
                "side": "BUY",
                "size": 5,
                "price": 0.32,
                "timestamp": START_MS // 1_000 + second,
                "transactionHash": hex(second),
            }
            self._push(second * 1_000 + 500, "trade", json.dumps(row))

    def _push(self, at_ms: int, kind: str, payload: str) -> None:
        line = {"t": (START_MS + at_ms) * 10**6, "c": "q-0", "e": 0, "k": kind, "m": payload}
        self._lines.append(json.dumps(line) + "\n")
