"""Two accounts of `polymarket-client` trade with each other, and one of them splits and merges.

The maker is a deposit wallet. The two meet by a mint: one buys YES, the other NO, so that neither
needs shares first. Nothing rests at the end.
"""

import asyncio
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from polymarket import (  # type: ignore[import-not-found]
    AsyncSecureClient,
    OrderHeartbeatMismatchError,
    RequestRejectedError,
    UserInputError,
)
from polymarket.models.clob.order_response import (  # type: ignore[import-not-found]
    AcceptedOrder,
)
from polymarket.streams import MarketSpec, UserSpec  # type: ignore[import-not-found]

from tests.conformance.drivers.sandbox import login
from tests.conformance.drivers.task import perform

SHARES = Decimal(20)
SPLIT = 12_000_000
MERGED = 5_000_000
PATIENCE_S = 30.0


@dataclass(slots=True)
class Heard:
    """What a subscription delivered so far."""

    events: list[Any] = field(default_factory=list)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    async def listen(self, handle: Any) -> None:  # noqa: ANN401 - of the client.
        async for event in handle:
            self.events.append(event)
            self.arrived.set()

    async def until(self, wanted: set[tuple[str, ...]]) -> list[tuple[str, ...]]:
        """Words of all events, as soon as those that are wanted are among them, or time is up."""
        deadline = time.monotonic() + PATIENCE_S
        while not wanted <= set(self.words()) and time.monotonic() < deadline:
            self.arrived.clear()
            try:
                await asyncio.wait_for(self.arrived.wait(), deadline - time.monotonic())
            except TimeoutError:
                break
        return self.words()

    def words(self) -> list[tuple[str, ...]]:
        return [_words(event) for event in self.events]


def _words(event: Any) -> tuple[str, ...]:  # noqa: ANN401 - a model of the client.
    payload = event.payload
    if event.type == "order":
        return ("order", payload.order_event_type, payload.id)
    if event.type == "trade":
        return ("trade", payload.status, payload.trader_side, payload.taker_order_id)
    return (event.type,)


@dataclass(slots=True)
class Desk:
    """The two accounts and the market they meet in."""

    task: dict[str, Any]
    maker: AsyncSecureClient
    taker: AsyncSecureClient
    heard_maker: Heard
    heard_taker: Heard
    heard_market: Heard

    @property
    def condition(self) -> str:
        return str(self.task["plain"]["condition"])

    @property
    def tokens(self) -> list[str]:
        return list(self.task["plain"]["tokens"])

    async def inside(self) -> Decimal:
        """The grid's price in the middle between bid and ask of YES: nobody else is there."""
        book = await self.maker.get_order_book(asset_id=self.tokens[0])
        bid = book.bids[-1].price if book.bids else Decimal(0)
        ask = book.asks[-1].price if book.asks else Decimal(1)
        tick: Decimal = book.tick_size
        return (bid + ask) / 2 // tick * tick


async def _refused(attempt: Any) -> dict[str, Any]:  # noqa: ANN401 - of the client.
    """What became of an order that must not be accepted."""
    try:
        answer = await attempt
    except RequestRejectedError as refused:
        return {"status": refused.status, "text": str(refused)}
    except UserInputError as refused:
        return {"status": None, "text": str(refused)}
    return {"status": 200, "text": "" if isinstance(answer, AcceptedOrder) else answer.message}


async def _keys(desk: Desk) -> dict[str, Any]:
    """A second login finds the same key; without a wallet the client asks for the usual one."""
    usual = {**login(desk.task, 0), "wallet": None}
    async with (
        await AsyncSecureClient.create(**login(desk.task, 0)) as again,
        await AsyncSecureClient.create(**usual) as own,
    ):
        return {
            "usual": [own.wallet, own.wallet_type],
            "is_same": again.credentials.key == desk.maker.credentials.key,
            "is_listed": desk.maker.credentials.key in await desk.maker.fetch_api_keys(),
            "closed_only": await desk.maker.get_closed_only_mode(),
            "wallets": [desk.maker.wallet_type, desk.taker.wallet_type],
        }


async def _rest(desk: Desk) -> dict[str, Any]:
    """An order that rests, seen by its id, in the list, in the book and by both streams."""
    price = await desk.inside()
    yes = desk.tokens[0]
    order = await desk.maker.place_limit_order(
        asset_id=yes, price=price, size=SHARES, side="BUY", post_only=True
    )
    found = await desk.maker.get_order(order_id=order.order_id)
    listed = await desk.maker.list_open_orders(market=desk.condition).first_page()
    book = await desk.taker.get_order_book(asset_id=yes)
    told = await desk.heard_maker.until({("order", "PLACEMENT", order.order_id)})
    public = await desk.heard_market.until({("price_change",)})
    return {
        "id": order.order_id,
        "price": price,
        "status": order.status,
        "found": [found.id, found.price, found.original_size, found.size_matched, found.status],
        "maker_address": found.maker_address,
        "order_type": found.order_type,
        "listed": [each.id for each in listed.items],
        "best_bid": book.bids[-1].price,
        "told": told,
        "public": sorted({words[0] for words in public}),
    }


async def _match(desk: Desk, price: Decimal) -> dict[str, Any]:
    """The other side of it as a market order; both hear of it until it is on the chain."""
    no = desk.tokens[1]
    spent = SHARES * (1 - price)
    order = await desk.taker.place_market_order(
        asset_id=no, side="BUY", amount=spent, max_price=1 - price, order_type="FAK"
    )
    hashes = await desk.taker.wait_for_order_fill_settlement(order)
    final = ("trade", "CONFIRMED")
    sides = {"maker": (desk.heard_maker, "MAKER"), "taker": (desk.heard_taker, "TAKER")}
    heard = {
        name: await each.until({(*final, side, order.order_id)})
        for name, (each, side) in sides.items()
    }
    mine = await desk.maker.list_account_trades(market=desk.condition).first_page()
    theirs = await desk.taker.list_account_trades(id=order.trade_ids[0]).first_page()
    public = await desk.heard_market.until({("last_trade_price",)})
    return {
        "id": order.order_id,
        "status": order.status,
        "making": order.making_amount,
        "taking": order.taking_amount,
        "trades": list(order.trade_ids),
        "hashes": list(hashes),
        "maker_heard": heard["maker"],
        "taker_heard": heard["taker"],
        "maker_trades": [(each.status, each.trader_side) for each in mine.items],
        "taker_trade": [
            (each.status, each.trader_side, each.size, each.price) for each in theirs.items
        ],
        "maker_fills": [
            (each.order_id, each.matched_amount, each.price)
            for trade in theirs.items
            for each in trade.maker_orders
        ],
        "public": sorted({words[0] for words in public}),
    }


async def _kill(desk: Desk) -> dict[str, Any]:
    """Orders that must not be accepted, each for its own reason."""
    taker, yes = desk.taker, desk.tokens[0]
    tick = (await taker.get_order_book(asset_id=yes)).tick_size

    def at_a_tick(order_type: str) -> Any:  # noqa: ANN401 - of the client.
        return taker.place_market_order(
            asset_id=yes, side="BUY", amount="5", max_price=tick, order_type=order_type
        )

    return {
        "fok": await _refused(at_a_tick("FOK")),
        "fak": await _refused(at_a_tick("FAK")),
        "small": await _refused(
            taker.place_limit_order(asset_id=yes, price=tick, size="1", side="BUY")
        ),
        "off_tick": await _refused(
            taker.place_limit_order(asset_id=yes, price=tick * 3 / 2, size="10", side="BUY")
        ),
        "poor": await _refused(
            taker.place_limit_order(asset_id=yes, price=tick, size="100000000", side="BUY")
        ),
    }


async def _cancel(desk: Desk) -> dict[str, Any]:
    """GTD and GTC orders, one by one and in a batch, and every way to cancel them."""
    maker, yes, until = desk.maker, desk.tokens[0], int(time.time()) + 600
    tick = (await maker.get_order_book(asset_id=yes)).tick_size
    gtd = await maker.place_limit_order(
        asset_id=yes, price=tick, size="10", side="BUY", expiration=until
    )
    dated = await maker.get_order(order_id=gtd.order_id)
    one = await maker.cancel_order(order_id=gtd.order_id)
    again = await maker.cancel_order(order_id=gtd.order_id)
    signed = [
        await maker.create_limit_order(asset_id=yes, price=tick, size=str(size), side="BUY")
        for size in range(10, 16)
    ]
    batch = [each.order_id for each in await maker.post_orders(signed)]
    two = await maker.cancel_orders(order_ids=batch[:2])
    of_market = await maker.cancel_market_orders(market=desk.condition)
    last = await maker.place_limit_order(asset_id=yes, price=tick, size="10", side="BUY")
    rest = await maker.cancel_all()
    left = await maker.list_open_orders().first_page()
    told = await desk.heard_maker.until({("order", "CANCELLATION", last.order_id)})
    return {
        "order_type": dated.order_type,
        "expires_at": dated.expires_at.timestamp(),
        "expiration": until,
        "gtd": gtd.order_id,
        "one": list(one.canceled),
        "again": again.not_canceled,
        "batch": batch,
        "two": sorted(two.canceled),
        "of_market": sorted(of_market.canceled),
        "last": last.order_id,
        "rest": list(rest.canceled),
        "left": len(left.items),
        "told": [words for words in told if words[:2] == ("order", "CANCELLATION")],
    }


async def _holdings(client: AsyncSecureClient, tokens: list[str]) -> list[int]:
    """Dollars, YES and NO in millionths."""
    dollars = await client.get_balance_allowance(asset_type="COLLATERAL")
    shares = [
        await client.get_balance_allowance(asset_type="CONDITIONAL", asset_id=token)
        for token in tokens
    ]
    return [each.balance for each in (dollars, *shares)]


async def _sets(desk: Desk, which: str) -> dict[str, Any]:
    """Split collateral into sets and merge some of them again, over the relayer."""
    condition, tokens = desk.task[which]["condition"], desk.task[which]["tokens"]
    before = await _holdings(desk.maker, tokens)
    split = await (await desk.maker.split_position(condition_id=condition, amount=SPLIT)).wait()
    between = await _holdings(desk.maker, tokens)
    merge = await (await desk.maker.merge_positions(condition_id=condition, amount=MERGED)).wait()
    after = await _holdings(desk.maker, tokens)
    return {
        "before": before,
        "between": between,
        "after": after,
        "hashes": [split.transaction_hash, merge.transaction_hash],
    }


async def _merge_all(desk: Desk) -> dict[str, Any]:
    """What is left of the sets of both markets, in one transaction of two calls."""
    markets = [desk.task[which] for which in ("plain", "neg_risk")]
    before = [await _holdings(desk.maker, market["tokens"]) for market in markets]
    merging = await desk.maker.merge_multiple_positions(
        positions=[{"condition_id": market["condition"]} for market in markets]
    )
    await merging.wait()
    after = [await _holdings(desk.maker, market["tokens"]) for market in markets]
    return {"before": before, "after": after}


async def _approvals(desk: Desk) -> dict[str, Any]:
    """All that trading needs is approved; a second look at the chain finds nothing to send."""
    await (await desk.maker.setup_trading_approvals()).wait()
    again = await desk.maker.setup_trading_approvals()
    return {"sent": again.transaction_id}


async def _neg_risk(desk: Desk) -> dict[str, Any]:
    """An order of a negative-risk market is signed for another contract."""
    yes = desk.task["neg_risk"]["tokens"][0]
    book = await desk.maker.get_order_book(asset_id=yes)
    order = await desk.maker.place_limit_order(
        asset_id=yes, price=book.tick_size, size="10", side="BUY"
    )
    gone = await desk.maker.cancel_order(order_id=order.order_id)
    return {"neg_risk": book.neg_risk, "status": order.status, "gone": len(gone.canceled)}


async def _accounts(desk: Desk) -> dict[str, Any]:
    """What the Data API says of the maker."""
    positions = await desk.maker.list_positions(condition_id=desk.condition).first_page()
    trades = await desk.maker.list_trades(
        condition_id=desk.condition, taker_only=False
    ).first_page()
    value = await desk.maker.get_portfolio_value()
    activity = await desk.maker.list_activity(condition_id=desk.condition).first_page()
    return {
        "activity": sorted({each.type for each in activity.items}),
        "positions": {
            each.asset_id: [each.current_size, each.outcome_index, each.mergeable]
            for each in positions.items
        },
        "trades": [(each.side, each.size, each.price) for each in trades.items],
        "value": value.value,
    }


async def _beat(desk: Desk) -> dict[str, Any]:
    """Heartbeats last: from the first one on, orders live only as long as they go on."""
    first = await desk.taker.send_order_heartbeat()
    second = await desk.taker.send_order_heartbeat(heartbeat_id=first.heartbeat_id)
    try:
        await desk.taker.send_order_heartbeat(heartbeat_id="1")
    except OrderHeartbeatMismatchError as mismatch:
        expected = mismatch.heartbeat_id
    else:
        expected = ""
    return {"ids": [first.heartbeat_id, second.heartbeat_id], "expected": expected}


PARTS = (_kill, _cancel, _neg_risk, _beat)


async def _everything(task: dict[str, Any]) -> dict[str, Any]:
    limits: list[Any] = []
    async with AsyncExitStack() as stack:
        clients = [
            await stack.enter_async_context(
                await AsyncSecureClient.create(
                    **login(task, number), on_rate_limit_update=limits.append
                )
            )
            for number in range(2)
        ]
        heard = [Heard(), Heard(), Heard()]
        specs = [
            (clients[0], UserSpec()),
            (clients[1], UserSpec(markets=[task["plain"]["condition"]])),
            (
                clients[0],
                MarketSpec(asset_ids=task["plain"]["tokens"], custom_feature_enabled=True),
            ),
        ]
        async with asyncio.TaskGroup() as listeners:
            listening = []
            for each, (client, spec) in zip(heard, specs, strict=True):
                handle = await stack.enter_async_context(await client.subscribe(spec))
                listening.append(listeners.create_task(each.listen(handle)))
            desk = Desk(task, *clients, *heard)
            limits.clear()
            results: dict[str, Any] = {"dump": await desk.heard_market.until({("book",)})}
            results |= {"keys": await _keys(desk), "rest": await _rest(desk)}
            results["match"] = await _match(desk, results["rest"]["price"])
            for part in PARTS:
                results[part.__name__.lstrip("_")] = await part(desk)
            for which in ("plain", "neg_risk"):
                results[f"sets_{which}"] = await _sets(desk, which)
            if "data" in task:
                results["accounts"] = await _accounts(desk)
            results["merge_all"] = await _merge_all(desk)
            results["approvals"] = await _approvals(desk)
            for listener in listening:
                listener.cancel()
        results["limits"] = [(each.remaining, each.tier, each.warning) for each in limits]
        return results


def _work(task: dict[str, Any]) -> dict[str, Any]:
    return asyncio.run(_everything(task))


if __name__ == "__main__":
    perform(_work)
