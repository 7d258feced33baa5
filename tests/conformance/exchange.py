"""The local exchange as a client of others meets it: a process of its own, and its URLs."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from select import select
from typing import Any, Final

import httpx

RAZOR: Final = Path(sys.executable).with_name("razor")
SERVE: Final = (RAZOR, "sandbox", "serve", "--json", "--port", "0", "--seed", "7", "--quiet")
_START_S: Final = 30.0
_STOP_S: Final = 15.0


@dataclass(slots=True)
class Exchange:
    """What `razor sandbox serve` printed."""

    printed: dict[str, Any]
    _nonces: Iterator[int] = field(default_factory=lambda: count(1))

    def has(self, service: str) -> bool:
        """Whether it serves that."""
        return service in self.printed

    def funds(self, signature_type: int) -> bool:
        """Whether one of its accounts is of that type."""
        accounts = self.printed["accounts"]
        return any(account["signature_type"] == signature_type for account in accounts)

    def task(self, maker: int, taker: int) -> dict[str, Any]:
        """A task for a program of a client; `maker` and `taker` are signature types.

        Each task has API keys of its own, so that what one arms or cancels is not another's.
        """
        accounts = [self._account(maker)]
        accounts.append(self._account(taker, other_than=accounts[0]["address"]))
        relayer = self.printed.get("relayer")
        return {
            **({"rpc": f"{relayer}/rpc"} if relayer else {}),
            **self.printed,
            "accounts": accounts,
            "nonce": next(self._nonces),
            "plain": self._market(is_neg_risk=False),
            "neg_risk": self._market(is_neg_risk=True),
        }

    def _account(self, signature_type: int, other_than: str = "") -> dict[str, Any]:
        found = [
            account
            for account in self.printed["accounts"]
            if account["signature_type"] == signature_type and account["address"] != other_than
        ]
        assert found, f"no funded account of type {signature_type}"
        return dict(found[0])

    def _market(self, *, is_neg_risk: bool) -> dict[str, Any]:
        """The first open market of that kind with a grid of cents and room inside the spread."""
        page = httpx.get(f"{self.printed['gamma']}/markets/keyset", params={"limit": 100}).json()
        for market in page["markets"]:
            room = market.get("bestAsk", 1) - market.get("bestBid", 0)
            if (
                market["negRisk"] is is_neg_risk
                and market["acceptingOrders"]
                and market["orderPriceMinTickSize"] == 0.01
                and room > 0.015
            ):
                tokens = json.loads(market["clobTokenIds"])
                return {"condition": market["conditionId"], "tokens": tokens, "id": market["id"]}
        raise AssertionError("no market with room inside the spread")


def can_serve() -> bool:
    """Whether this razor has the verb."""
    asked = (*SERVE[:3], "--help")
    return subprocess.run(asked, capture_output=True, timeout=60, check=False).returncode == 0


@contextmanager
def serving(log: Path) -> Iterator[Exchange]:
    """Start the exchange; it ends with the block, in good order."""
    with (
        log.open("w", encoding="utf-8") as errors,
        subprocess.Popen(SERVE, stdout=subprocess.PIPE, stderr=errors, text=True) as process,
    ):
        assert process.stdout is not None
        try:
            ready, _, _ = select([process.stdout], [], [], _START_S)
            line = process.stdout.readline() if ready else ""
            assert line, f"the exchange did not say where it is:\n{log.read_text(encoding='utf-8')}"
            yield Exchange(json.loads(line))
        finally:
            process.terminate()
            code = process.wait(_STOP_S)
    assert code == 0, log.read_text(encoding="utf-8")
