"""The status page: where everything is, how to point clients here, how the markets stand.

Owns: the routes of the status service. Must never: be an interface of the venue; nothing that
trades may depend on it.
"""

from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import Final

from razor.adapters.sandbox.openapi import ROUTES, describe
from razor.adapters.sandbox.refusal import Refused
from razor.adapters.sandbox.residents import Resident
from razor.adapters.sandbox.router import Answer, Request, Router
from razor.adapters.sandbox.spelling import decimal_text, iso_time
from razor.adapters.sandbox.venue import Venue

_SHOWN: Final = 200
"""Markets on the page; the JSON has all."""
_STYLE: Final = (
    "body{font:14px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:70rem;padding:0 1rem}"
    "table{border-collapse:collapse;width:100%}td,th{border-bottom:1px solid #8884;"
    "padding:.2rem .6rem;text-align:left}td.n{text-align:right}pre{background:#8881;padding:.8rem;"
    "overflow-x:auto}:root{color-scheme:light dark}"
)
Facts = Callable[[], Mapping[str, str | int]]


class StatusPage:
    """The routes of the status service; `mount` lists them."""

    def __init__(
        self,
        venue: Venue,
        residents: Sequence[Resident],
        urls: Callable[[], Mapping[str, str]],
        facts: Facts,
    ) -> None:
        """Show this venue; `urls` and `facts` are asked for each page."""
        self._venue = venue
        self._residents = residents
        self._urls = urls
        self._facts = facts

    def mount(self, router: Router) -> None:
        """List every route."""
        router.add("GET", "/status", self._page)
        router.add("GET", "/status.json", self._json)
        router.add("GET", "/openapi/", self._openapi)

    def _openapi(self, request: Request) -> object:
        """The description of one service."""
        service = request.tail
        if service not in ROUTES:
            raise Refused(404, "404 page not found")
        return describe(service, self._urls()[service])

    def _json(self, _request: Request) -> object:
        """The same facts for programs, all markets included."""
        return {
            "time": iso_time(self._venue.now_ns()),
            "urls": dict(self._urls()),
            "facts": dict(self._facts()),
            "accounts": [
                {
                    "address": one.address,
                    "wallet": one.wallet,
                    "signature_type": one.signature_type,
                    "dollars": decimal_text(self._dollars(one)),
                }
                for one in self._residents
            ],
            "markets": self._markets(),
        }

    def _page(self, _request: Request) -> Answer:
        """One page without scripts that asks for itself again every five seconds."""
        urls = self._urls()
        parts = [
            "<!doctype html><html lang=en><meta charset=utf-8><title>razor sandbox</title>",
            f"<meta http-equiv=refresh content=5><style>{_STYLE}</style>",
            "<h1>razor sandbox</h1><p>A local exchange with made-up money. ",
            f"Venue time {escape(iso_time(self._venue.now_ns()))}.</p>",
            _table(("service", "address"), [(name, url) for name, url in urls.items()]),
            "<h2>Point a client here</h2>",
            f"<pre>{escape(hints(urls, self._residents))}</pre>",
            "<h2>Test accounts</h2>",
            _table(
                ("wallet", "signature type", "dollars"),
                [
                    (one.wallet, str(one.signature_type), decimal_text(self._dollars(one)))
                    for one in self._residents
                ],
            ),
            "<h2>Now</h2>",
            _table(("", ""), [(name, str(value)) for name, value in self._facts().items()]),
            "<h2>Markets</h2>",
            _table(
                ("market", "bid", "ask", "last", "state"),
                [
                    (
                        str(row["question"]),
                        str(row["bid"]),
                        str(row["ask"]),
                        str(row["last"]),
                        str(row["state"]),
                    )
                    for row in self._markets()[:_SHOWN]
                ],
            ),
        ]
        return Answer(status=200, body="".join(parts).encode(), media="text/html")

    def _dollars(self, resident: Resident) -> int:
        """Micro-dollars of a resident's wallet."""
        account = self._venue.account_of(resident.wallet)
        return 0 if account is None else self._venue.exchange.holding(account)[0]

    def _markets(self) -> list[dict[str, str]]:
        """Best prices, last trade and state of every market, as texts."""
        rows: list[dict[str, str]] = []
        for listed in self._venue.catalogue.markets:
            bid, ask = self._venue.exchange.top(2 * listed.index)
            last = self._venue.exchange.last_trade(listed.index)
            standing = self._venue.standing(listed)
            state = "open" if standing.accepts_orders and not standing.is_closed else "closed"
            rows.append(
                {
                    "condition_id": listed.market.condition_id,
                    "question": listed.market.question,
                    "bid": "" if bid is None else decimal_text(bid),
                    "ask": "" if ask is None else decimal_text(ask),
                    "last": "" if last is None else last[0],
                    "state": state if standing.payout is None else f"resolved {standing.payout}",
                }
            )
        return rows


def hints(urls: Mapping[str, str], residents: Sequence[Resident]) -> str:
    """Lines to copy: curl, a browser, and the official Python client pointed here."""
    one = residents[0]
    return f"""\
curl {urls["clob"]}/time
curl '{urls["gamma"]}/markets/keyset?limit=5'
browser: {urls["status"]}/status   description: {urls["status"]}/openapi/clob

# polymarket-client 0.14: its environments are made by the SDK; this one line points it here.
from dataclasses import replace
from polymarket._internal.environment import PRODUCTION_CONFIG, create_environment
SANDBOX = create_environment(name="sandbox", config=replace(PRODUCTION_CONFIG,
    clob_url="{urls["clob"]}", gamma_url="{urls["gamma"]}",
    clob_market_ws_url="{urls["ws"]}/ws/market", clob_user_ws_url="{urls["ws"]}/ws/user",
    data_url="{urls.get("data", "")}", relayer_url="{urls.get("relayer", "")}",
    rpc_url="{urls.get("rpc", "")}", relayer_poll_frequency_ms=100))

# py-clob-client-v2 1.2: the address is its first argument.
ClobClient("{urls["clob"]}", 137, key="{one.key}",
    signature_type={one.signature_type}, funder="{one.wallet}")
"""


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table whose every cell is escaped: names come from outside."""
    head = "".join(f"<th>{escape(name)}</th>" for name in columns)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    return f"<table><tr>{head}</tr>{body}</table>"
