"""Looks at the facts of followed markets again and says when one changed (F-10).

Owns the comparison: per market the CLOB's compact form, per neg-risk group the event's flags and
children. What a changed fact means for a set is decided where sets are traded; here it is
recorded (`ref`: a market as served, a group as the compared facts) and marked by a gap record
MARKET_CHANGED, before anything else.

Must never write a second `meta` record for a known market, nor take a failed read for a change.

Invariants: the first reading is the base; each change is reported once, against the reading
before it; a market that vanished from the CLOB has changed.
"""

import json
from collections.abc import Mapping, Sequence

from razor.adapters.polymarket.gamma import Gamma
from razor.adapters.polymarket.rest import Body, Failed
from razor.adapters.polymarket.wire import ClobMarket, GammaEvent, decode
from razor.application.ports import FeedPorts
from razor.domain.feed import FeedSettings, Gap, RecordKind
from razor.domain.feed_event import HttpOutcome, MarketChanged
from razor.domain.universe import Universe

FACTS_CONN = "facts-0"


class FactsWatch:
    """Reads all facts every `flags_refresh_ms`."""

    def __init__(
        self, *, universe: Universe, gamma: Gamma, ports: FeedPorts, settings: FeedSettings
    ) -> None:
        self._gamma = gamma
        self._recorder = ports.recorder
        self._clock = ports.clock
        self._log = ports.log
        self._every_ms = settings.flags_refresh_ms
        self._markets = tuple(market.condition_id for market in universe.markets)
        groups = (market.event_id for market in universe.markets if market.group_id)
        self._events = tuple(dict.fromkeys(event_id for event_id in groups if event_id))
        self._known: dict[str, Mapping[str, str]] = {}

    async def run(self) -> None:
        """Read until cancelled; the first round is the base."""
        while True:
            for condition_id in self._markets:
                await self._market(condition_id)
            await self._groups()
            await self._clock.sleep(self._every_ms)

    async def _market(self, condition_id: str) -> None:
        answer = await self._gamma.compact(condition_id)
        match answer:
            case Body(content=content):
                facts = _market_facts(content)
            case Failed(outcome=HttpOutcome.NOT_FOUND):
                content, facts = b'{"error":"not found"}', {"listed": "false"}
            case Failed():
                return
        self._compare(condition_id, facts, content)

    async def _groups(self) -> None:
        if not self._events:
            return
        found = await self._gamma.events(self._events)
        if isinstance(found, Sequence):
            for event in found:
                facts = _group_facts(event)
                self._compare(
                    event.neg_risk_market_id or event.id, facts, json.dumps(facts).encode()
                )

    def _compare(self, key: str, facts: Mapping[str, str], content: bytes) -> None:
        before = self._known.get(key)
        self._known[key] = facts
        if before is None or before == facts:
            return
        names = (*before, *facts)
        changed = tuple(n for n in dict.fromkeys(names) if before.get(n) != facts.get(n))
        now_ns = self._clock.now_ns()
        cause = f"MARKET_CHANGED market={key} fields={','.join(changed)}"
        gap = Gap(from_ns=now_ns, to_ns=now_ns, cause=cause)
        self._recorder.gap(FACTS_CONN, 0, now_ns, gap)
        self._recorder.feed(RecordKind.REF, FACTS_CONN, 0, now_ns, content)
        self._log.write(MarketChanged(at_ns=now_ns, condition_id=key, fields=changed))


def _market_facts(content: bytes) -> Mapping[str, str]:
    """The facts whose change voids a set, as text."""
    market = decode(content, ClobMarket)
    if market is None:
        return {}
    return {
        "listed": "true",
        "accepting_orders": str(market.accepting_orders),
        "tick_size": str(market.tick),
        "min_order_size": str(market.min_size),
        "neg_risk": str(market.neg_risk),
        "fees": repr(market.fee),
        "seconds_delay": str(market.seconds_delay),
        "is_delay_enabled": str(market.is_delay_enabled),
        "tokens": " ".join(token.token_id for token in market.tokens),
    }


def _group_facts(event: GammaEvent) -> Mapping[str, str]:
    children = sorted(f"{child.condition_id}:{child.closed}" for child in event.markets)
    return {
        "neg_risk": str(event.neg_risk),
        "augmented": str(event.neg_risk_augmented),
        "children": " ".join(children),
    }
