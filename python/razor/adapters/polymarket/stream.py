"""All shards of the market channel under one supervisor, and the hand that carries out verdicts.

Owns which token is on which connection. Shards take at most `shard_tokens`; tokens that a
connection does not serve get a new one; `Watch` decides, this module does.

Must never hold two connections responsible for one token, nor more connections than
`max_connections`.

Invariants: names are `market-<n>`, never used twice in a run; FEED_STALE opens with a gap record
before the connection is replaced and closes with one that covers the whole interval.
"""

import asyncio
from collections.abc import Iterable, Sequence

from razor.adapters.polymarket.backoff import Backoff, Jitter
from razor.adapters.polymarket.books import BookCheck
from razor.adapters.polymarket.shard import Add, Drop, Replace, Shard, ShardWorld
from razor.adapters.polymarket.watch import (
    Check,
    Fresh,
    Move,
    Renew,
    Stale,
    Turned,
    Verdict,
    Watch,
)
from razor.application.ports import FeedPorts
from razor.domain.feed import FeedSettings, Gap
from razor.domain.feed_event import FeedStale, LostCause, TokenChanged
from razor.domain.universe import Universe

WATCH_CONN = "watch-0"


class MarketStream:
    """The stream of one universe."""

    def __init__(
        self,
        *,
        universe: Universe,
        settings: FeedSettings,
        ports: FeedPorts,
        books: BookCheck,
        jitter: Jitter,
    ) -> None:
        self._settings = settings
        self._ports = ports
        self._clock = ports.clock
        self._books = books
        self._jitter = jitter
        self._watch = Watch(settings=settings, owners=universe.owners())
        self._shards: dict[str, Shard] = {}
        self._home: dict[str, str] = {}
        self._stale_since: dict[str, tuple[int, int]] = {}
        self._made = 0
        self._group: asyncio.TaskGroup | None = None
        self._wanted: dict[str, None] = {}
        self._wake = asyncio.Event()
        self.subscribe(universe.tokens())

    async def run(self) -> None:
        """Keep all shards, look after them, until cancelled."""
        async with asyncio.TaskGroup() as group:
            self._group = group
            for shard in self._shards.values():
                self._start(shard)
            group.create_task(self._look(), name="feed-watch")
            group.create_task(self._check(), name="book-check")
            group.create_task(self._spot_check(), name="spot-check")

    def subscribe(self, tokens: Iterable[str]) -> None:
        """Follow tokens: first fill the shards that have room, then open new ones."""
        fresh = [token for token in dict.fromkeys(tokens) if token not in self._home]
        for shard in tuple(self._shards.values()):
            room = self._settings.shard_tokens - len(shard.view().tokens)
            part, fresh = fresh[: max(0, room)], fresh[max(0, room) :]
            if part and not self._place(shard, part):
                fresh = [*part, *fresh]
        self._spread(fresh)

    def unsubscribe(self, tokens: Iterable[str]) -> None:
        """Follow these tokens no longer; a shard without tokens closes."""
        gone = [token for token in tokens if token in self._home]
        self._leave(gone)
        self._watch.forget(gone)
        self._books.forget(gone)

    def replace_all(self, cause: LostCause) -> None:
        """Make every connection anew: after a pause no book is worth anything (F-58)."""
        for shard in self._shards.values():
            shard.order(Replace(cause=cause))

    def lag_ns_max(self) -> int:
        """Longest wait of a frame between socket and recorder over all shards, ns."""
        return max((shard.lag_ns_max for shard in self._shards.values()), default=0)

    def _spread(self, tokens: Sequence[str]) -> None:
        """Put tokens on new connections, on the youngest ones once the bound is reached."""
        size = self._settings.shard_tokens
        for start in range(0, len(tokens), size):
            part = tokens[start : start + size]
            if len(self._shards) < self._settings.max_connections:
                self._open(part)
            else:
                self._place(next(reversed(self._shards.values())), part)

    def _open(self, tokens: Sequence[str]) -> None:
        conn = f"market-{self._made}"
        self._made += 1
        backoff = Backoff(
            first_ms=self._settings.backoff_first_ms,
            max_ms=self._settings.backoff_max_ms,
            jitter=self._jitter,
        )
        world = ShardWorld(settings=self._settings, ports=self._ports, compare=self._want)
        shard = Shard(conn=conn, tokens=tokens, world=world, backoff=backoff)
        self._shards[conn] = shard
        self._home |= dict.fromkeys(tokens, conn)
        self._watch.asked(tokens, self._clock.now_ns())
        self._start(shard)

    def _start(self, shard: Shard) -> None:
        if self._group is not None:
            self._group.create_task(self._keep(shard), name=shard.conn)

    async def _keep(self, shard: Shard) -> None:
        await shard.run()
        # Only an emptied shard ends by itself.
        self._shards.pop(shard.conn, None)
        self._stale_since.pop(shard.conn, None)

    def _place(self, shard: Shard, tokens: Sequence[str]) -> bool:
        if not shard.order(Add(tokens=tuple(tokens))):
            return False
        self._home |= dict.fromkeys(tokens, shard.conn)
        self._watch.asked(tokens, self._clock.now_ns())
        return True

    def _leave(self, tokens: Iterable[str]) -> None:
        """Take tokens off their connections."""
        by_conn: dict[str, list[str]] = {}
        for token in tokens:
            by_conn.setdefault(self._home.pop(token), []).append(token)
        for conn, gone in by_conn.items():
            shard = self._shards.get(conn)
            if shard is not None and not shard.order(Drop(tokens=tuple(gone))):
                # No room for the order: a new connection names only the tokens that are left.
                shard.force_drop(gone)

    async def _look(self) -> None:
        while True:
            await self._clock.sleep(self._settings.watch_interval_ms)
            views = tuple(shard.view() for shard in self._shards.values())
            view = self._ports.liveness.view()
            self._do(self._watch.step(self._clock.now_ns(), views, view))

    def _do(self, verdicts: Iterable[Verdict]) -> None:
        for verdict in verdicts:
            match verdict:
                case Stale(conn=conn, last_data_ns=last_ns):
                    self._open_stale(conn, last_ns)
                case Fresh(conn=conn, last_data_ns=data_ns):
                    self._close_stale(conn, data_ns)
                case Renew(conn=conn):
                    self._shards[conn].order(Replace(cause=LostCause.FEED_STALE))
                case Check(tokens=tokens):
                    self._want(tokens)
                case Move(tokens=tokens):
                    self._move(tokens)
                case Turned(token_id=token, conn=conn, phase=phase):
                    now_ns = self._clock.now_ns()
                    self._ports.log.write(
                        TokenChanged(at_ns=now_ns, token_id=token, conn=conn, phase=phase)
                    )

    def _open_stale(self, conn: str, last_ns: int) -> None:
        shard = self._shards[conn]
        now_ns, epoch = self._clock.now_ns(), shard.view().epoch
        self._stale_since[conn] = (last_ns or now_ns, epoch)
        self._stale_row(conn, now_ns, last_ns, epoch, is_open=True)
        shard.order(Replace(cause=LostCause.FEED_STALE))

    def _close_stale(self, conn: str, data_ns: int) -> None:
        last_ns, _ = self._stale_since.get(conn, (data_ns, 0))
        self._stale_row(conn, data_ns, last_ns, self._shards[conn].view().epoch, is_open=False)
        self._stale_since.pop(conn, None)

    def _stale_row(self, conn: str, at_ns: int, last_ns: int, epoch: int, *, is_open: bool) -> None:
        """Write the gap record and the event of a FEED_STALE edge."""
        word = "open" if is_open else "closed"
        before = self._stale_since[conn][1] if conn in self._stale_since else epoch
        cause = f"FEED_STALE {word} conn={conn} epoch_before={before} epoch_after={epoch}"
        gap = Gap(from_ns=last_ns or at_ns, to_ns=at_ns, cause=cause)
        # The closing row is not written on the shard: its books are fresh again by then.
        self._ports.recorder.gap(conn if is_open else WATCH_CONN, epoch, at_ns, gap)
        self._ports.log.write(
            FeedStale(
                at_ns=at_ns,
                conn=conn,
                is_open=is_open,
                last_data_ns=last_ns,
                epoch_before=before,
                epoch_after=epoch,
            )
        )

    def _move(self, tokens: Sequence[str]) -> None:
        known = [token for token in tokens if token in self._home]
        self._leave(known)
        self._spread(known)

    def _want(self, tokens: Iterable[str]) -> None:
        """Have the REST books of these tokens read as soon as possible."""
        self._wanted |= dict.fromkeys(tokens)
        self._wake.set()

    async def _check(self) -> None:
        """Read the REST books that the watch or a shard asks for, a batch at a time."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            tokens, self._wanted = tuple(self._wanted), {}
            await self._look_at(tokens)

    async def _spot_check(self) -> None:
        """Compare canaries and, in turn, all other tokens with REST."""
        turn = 0
        while True:
            await self._clock.sleep(self._settings.spot_check_ms)
            canaries = dict.fromkeys(self._watch.canaries())
            rest = [token for token in self._home if token not in canaries]
            room = max(0, self._settings.spot_check_tokens - len(canaries))
            start = turn % max(1, len(rest))
            turn = start + room
            await self._look_at((*canaries, *(rest + rest)[start : start + min(room, len(rest))]))

    async def _look_at(self, tokens: Sequence[str]) -> None:
        sights = await self._books.look(tokens)
        view = self._ports.liveness.view()
        self._do(self._watch.saw(self._clock.now_ns(), sights, view))
