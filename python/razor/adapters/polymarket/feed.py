"""The live feed as the use case sees it: a universe in, the duties that record it out.

Owns the assembly of stream, poller, fact watch and clock watch; nothing else.

Must never start anything itself: duties run under the supervisor of the use case.

Invariants: one `LiveFeed` serves one universe; all its parts share one clock and one HTTP client,
so that limits and times are common.
"""

from collections.abc import Sequence

from razor.adapters.polymarket.backoff import Jitter
from razor.adapters.polymarket.books import BookCheck
from razor.adapters.polymarket.clock import ClockWatch
from razor.adapters.polymarket.facts import FactsWatch
from razor.adapters.polymarket.gamma import Gamma
from razor.adapters.polymarket.rest import Http, check_address
from razor.adapters.polymarket.stream import MarketStream
from razor.adapters.polymarket.trades import TradesPoller
from razor.application.ports import Duty, FeedPorts
from razor.domain.feed import FeedSettings
from razor.domain.feed_event import LostCause
from razor.domain.universe import Universe


class LiveFeed:
    """Implements the port `Feed` for Polymarket."""

    def __init__(
        self, *, settings: FeedSettings, ports: FeedPorts, http: Http, jitter: Jitter
    ) -> None:
        check_address(settings.endpoints.ws_base)
        self._settings = settings
        self._ports = ports
        self._http = http
        self._jitter = jitter

    def duties(self, universe: Universe) -> Sequence[Duty]:
        """Stream with its checks, trades poller, fact watch, clock watch."""
        settings, ports, http = self._settings, self._ports, self._http
        stream = MarketStream(
            universe=universe,
            settings=settings,
            ports=ports,
            books=BookCheck(http=http, ports=ports),
            jitter=self._jitter,
        )
        trades = TradesPoller(universe=universe, http=http, ports=ports, settings=settings)
        gamma = Gamma(http=http, clock=ports.clock, log=ports.log)
        facts = FactsWatch(universe=universe, gamma=gamma, ports=ports, settings=settings)
        clock = ClockWatch(
            clock=ports.clock,
            log=ports.log,
            settings=settings,
            on_pause=lambda _: stream.replace_all(LostCause.PAUSE),
        )
        return (
            Duty(name="market-stream", run=stream.run),
            Duty(name="trades-poller", run=trades.run),
            Duty(name="market-facts", run=facts.run),
            Duty(name="clock-watch", run=clock.run),
        )
