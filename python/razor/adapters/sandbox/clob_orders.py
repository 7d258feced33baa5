"""Orders and cancels over HTTP (PROTOCOL §3.4, §4.5, §4.8, §6.2 to §6.4).

Owns: the routes that move the matching engine, and how its refusals are told.

Must never: let an order through that `intake` did not verify, or charge a limit twice for a call.

A call is checked in this order: the key's signature, the signer's limit, the payload, the engine.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from razor import _core
from razor.adapters.sandbox.intake import Intake, PostOrder, admit, read_order, read_orders
from razor.adapters.sandbox.keys import ApiKey
from razor.adapters.sandbox.refusal import Refused
from razor.adapters.sandbox.router import Answer, Request, Router
from razor.adapters.sandbox.venue import Venue

_ID: Final = "Invalid orderID"
_RESTARTING: Final = 425
_UNAVAILABLE: Final = 503
_POST_ONLY: Final = "post-only mode"
_POST_ONLY_S: Final = 120
"""After a restart the venue takes nothing but makers for two minutes."""


class _CancelOne(msgspec.Struct, rename={"order_id": "orderID"}):
    """The body of `DELETE /order`."""

    order_id: str


class _CancelMarket(msgspec.Struct):
    """The body of `DELETE /cancel-market-orders`: one of them at least."""

    market: str = ""
    asset_id: str = ""


class _Canceled(msgspec.Struct):
    """The answer to a cancel."""

    canceled: list[str]
    not_canceled: dict[str, str]


class _Leg(msgspec.Struct, rename={"error": "errorMsg", "order_id": "orderID"}):
    """An order of a batch that was refused before it came to the engine."""

    error: str
    success: bool = True
    order_id: str = ""
    status: str = ""
    makingAmount: str = ""  # noqa: N815 - the venue's spelling
    takingAmount: str = ""  # noqa: N815 - the venue's spelling


def refused_by(error: _core.ExchangeRefused) -> Refused:
    """What the gateway makes of a refusal of the engine."""
    text = str(error)
    if error.expected_beat is not None:
        # Its body has another shape; the handler of beats knows.
        return Refused(error.status, text)
    if error.status == _RESTARTING:
        return Refused(error.status, text, headers={"Retry-After": "1"}, is_plain=True)
    if error.status == _UNAVAILABLE and text.startswith(_POST_ONLY):
        extra: dict[str, str | int] = {
            "code": "post_only_mode",
            "retry_after_seconds": _POST_ONLY_S,
        }
        return Refused(error.status, text, body=extra, headers={"Retry-After": str(_POST_ONLY_S)})
    return Refused(error.status, text)


class ClobOrders:
    """The routes of orders; `mount` lists them."""

    def __init__(self, venue: Venue) -> None:
        """Order at this venue."""
        self._venue = venue

    def mount(self, router: Router) -> None:
        """List every route."""
        router.add("POST", "/order", self._place)
        router.add("POST", "/orders", self._place_batch)
        router.add("DELETE", "/order", self._cancel_one)
        router.add("DELETE", "/orders", self._cancel_many)
        router.add("DELETE", "/cancel-all", self._cancel_all)
        router.add("DELETE", "/cancel-market-orders", self._cancel_market)

    def _place(self, request: Request) -> Answer:
        """One order; what the engine refuses is an HTTP error."""
        key, headers = self._admitted(request, is_cancel=False, cost=1)
        intake = self._intake(read_order(request.call.body), key)
        order = self._venue.order_of(intake)
        try:
            body = self._venue.exchange.place(self._venue.now_ns(), order)
        except _core.ExchangeRefused as error:
            raise _with(refused_by(error), headers) from error
        return Answer(status=200, body=body, headers=headers)

    def _place_batch(self, request: Request) -> Answer:
        """Up to fifteen; what is refused stands in its place inside a 200."""
        key = self._venue.keys.check(request.call)
        posted = read_orders(request.call.body)
        headers = self._charge(key, is_cancel=False, cost=len(posted))
        legs: list[_core.ExchangeOrder | str] = []
        for one in posted:
            try:
                legs.append(self._venue.order_of(self._intake(one, key)))
            except Refused as refused:
                legs.append(refused.text)
        orders = [leg for leg in legs if not isinstance(leg, str)]
        try:
            body = self._venue.exchange.place_batch(self._venue.now_ns(), orders)
        except _core.ExchangeRefused as error:
            raise _with(refused_by(error), headers) from error
        if len(orders) < len(legs):
            body = _interleaved(legs, body)
        return Answer(status=200, body=body, headers=headers)

    def _intake(self, posted: PostOrder, key: ApiKey) -> Intake:
        """Owner, amounts, signature and wallet, in the order in which the venue looks."""
        return admit(posted, key, self._venue, self._venue)

    def _cancel_one(self, request: Request) -> Answer:
        """One id; what was over already is named in the answer, not an error."""
        key, headers = self._admitted(request, is_cancel=True, cost=1)
        asked = request.read(_CancelOne)
        return self._canceled(headers, key, ids=[asked.order_id])

    def _cancel_many(self, request: Request) -> Answer:
        """Each id costs one of the signer's cancels."""
        key = self._venue.keys.check(request.call)
        ids = request.read(list[str])
        headers = self._charge(key, is_cancel=True, cost=max(1, len(ids)))
        return self._canceled(headers, key, ids=ids)

    def _cancel_all(self, request: Request) -> Answer:
        """Costs one and one per order that rests: a full book may cost more than is there."""
        key = self._venue.keys.check(request.call)
        headers = self._charge(key, is_cancel=True, cost=1 + self._open_orders(key))
        return self._canceled(headers, key)

    def _cancel_market(self, request: Request) -> Answer:
        """Of a market, of a token, or of both; ids that are not listed are an error."""
        key = self._venue.keys.check(request.call)
        asked = request.read(_CancelMarket)
        listed = self._venue.catalogue.market(asked.market) if asked.market else None
        found = self._venue.catalogue.token(asked.asset_id) if asked.asset_id else None
        if (listed is None and found is None) or (asked.market and listed is None):
            raise Refused(400, "Invalid market")
        market = None if listed is None else listed.index
        token = None if found is None else found[1]
        if asked.asset_id and token is None:
            raise Refused(400, "Invalid market")
        count = self._open_orders(key, market, token)
        headers = self._charge(key, is_cancel=True, cost=1 + count)
        return self._canceled(headers, key, market=market, token=token)

    def _canceled(
        self,
        headers: dict[str, str],
        key: ApiKey,
        *,
        ids: list[str] | None = None,
        market: int | None = None,
        token: int | None = None,
    ) -> Answer:
        """Cancel for every wallet of the key, and put the answers together."""
        done = _Canceled(canceled=[], not_canceled={})
        for owner in self._venue.active_owners(key):
            now_ns = self._venue.now_ns()
            try:
                body = self._venue.exchange.cancel(
                    now_ns, owner, ids=ids, market=market, token=token
                )
            except _core.ExchangeRefused as error:
                raise _with(refused_by(error), headers) from error
            except ValueError as bad:
                raise Refused(400, _ID) from bad
            one = msgspec.json.decode(body, type=_Canceled)
            done.canceled += one.canceled
            done.not_canceled |= one.not_canceled
        for order_id in done.canceled:
            done.not_canceled.pop(order_id, None)
        return Answer(status=200, body=msgspec.json.encode(done), headers=headers)

    def _open_orders(self, key: ApiKey, market: int | None = None, token: int | None = None) -> int:
        """How many orders a cancel would end, which is what it costs."""
        exchange = self._venue.exchange
        texts = [
            exchange.open_orders(owner, market=market, token=token)
            for owner in self._venue.active_owners(key)
        ]
        return sum(len(msgspec.json.decode(text, type=list[msgspec.Raw])) for text in texts)

    def _admitted(
        self, request: Request, *, is_cancel: bool, cost: int
    ) -> tuple[ApiKey, dict[str, str]]:
        """The key of a call, and the headers of its charged limit."""
        key = self._venue.keys.check(request.call)
        return key, self._charge(key, is_cancel=is_cancel, cost=cost)

    def _charge(self, key: ApiKey, *, is_cancel: bool, cost: int) -> dict[str, str]:
        """Take the cost from the signer's bucket; `Refused` 429 leaves it as it was."""
        now_ms = self._venue.now_ms()
        return self._venue.admission.signers.take(
            key.address, is_cancel=is_cancel, cost=cost, now_ms=now_ms
        )


def _interleaved(legs: Sequence[_core.ExchangeOrder | str], body: bytes) -> bytes:
    """The engine's answers with the refusals between them, in the order of the call."""
    answers = iter(msgspec.json.decode(body, type=list[msgspec.Raw]))
    rows: list[msgspec.Raw | _Leg] = [
        _Leg(error=leg) if isinstance(leg, str) else next(answers) for leg in legs
    ]
    return msgspec.json.encode(rows)


def _with(refused: Refused, headers: dict[str, str]) -> Refused:
    """A refusal that also tells of the limit."""
    refused.headers = headers | refused.headers
    return refused
