"""Judges by data, not by pings, whether shards and tokens are alive (F-01, F-02, F-03).

Owns the deadlines and who missed them. It is pure: time and facts go in, verdicts come out, and
the stream carries them out.

Must never call a quiet book stale: silence alone asks the REST book, and only a proof of movement
elsewhere or in REST replaces a connection. A token without snapshot is never trusted.

Rules:
* A shard that flowed and then shows no data for `shard_silent_ms` is stale if canaries of other
  shards still flow, or if REST shows movement. Without any event since its connection it is stale
  after `token_first_event_ms`. A quiet one is renewed every `shard_quiet_ms`.
* A token is late without an event or a snapshot `token_first_event_ms` after it was asked for, or
  when its sibling in the same market is `token_lag_ms` ahead. A late token gets a REST check; if
  the book is there, it moves to a new connection, at most `token_moves` times, ever more rarely.
* A connection younger than `min_dwell_ms` is not replaced (no flapping, F-75).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from razor.adapters.polymarket.books import Sight
from razor.application.ports import LivenessView, TokenLiveness
from razor.domain.feed import NS_PER_MS, FeedSettings
from razor.domain.feed_event import TokenPhase
from razor.domain.universe import MarketMeta

# A shard counts as flowing when its canaries moved in so many of the last looks.
_FLOWING = 3
# Every so many looks all activity counts are halved, so that canaries follow the market.
_HALVING = 64
# The wait for data on a new connection doubles up to this many times.
_RENEWALS_MAX = 5
_SILENT = TokenLiveness(hydrated=False, last_recv_ns=0, last_venue_ms=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardView:
    """A shard as the stream has it; `connected_ns` is 0 while it is not connected."""

    conn: str
    epoch: int
    connected_ns: int
    tokens: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stale:
    """Data stopped: mark the shard, drop the connection, make a new one."""

    conn: str
    last_data_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Fresh:
    """A stale shard delivers again."""

    conn: str
    last_data_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Renew:
    """Replace a connection that was only quiet."""

    conn: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """Read the REST books of these tokens."""

    tokens: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """Give these tokens a new connection."""

    tokens: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Turned:
    """A token's phase changed."""

    token_id: str
    conn: str
    phase: TokenPhase


Verdict = Stale | Fresh | Renew | Check | Move | Turned


@dataclass(slots=True, kw_only=True)
class _Token:
    """Mutable memory of one token; times are `recv_ns`, 0 = never."""

    conn: str = ""
    asked_ns: int = 0
    seen_ns: int = 0
    activity: int = 0
    checked_ns: int = 0
    moves: int = 0
    moved_ns: int = 0
    phase: TokenPhase = TokenPhase.WAITING


@dataclass(slots=True, kw_only=True)
class _Shard:
    """Mutable memory of one shard."""

    view: ShardView
    data_ns: int = 0
    stale_ns: int = 0
    checked_ns: int = 0
    renewals: int = 0
    canaries: tuple[str, ...] = ()
    rest_moved: bool = False


class Watch:
    """The judge. One `step` per look; `saw` takes the results of REST checks."""

    def __init__(self, *, settings: FeedSettings, owners: Mapping[str, MarketMeta]) -> None:
        self._settings = settings
        self._silent_ns = settings.shard_silent_ms * NS_PER_MS
        self._quiet_ns = settings.shard_quiet_ms * NS_PER_MS
        self._first_ns = settings.token_first_event_ms * NS_PER_MS
        self._lag_ns = settings.token_lag_ms * NS_PER_MS
        self._dwell_ns = settings.min_dwell_ms * NS_PER_MS
        self._check_ns = settings.token_check_ms * NS_PER_MS
        self._owners = owners
        self._tokens: dict[str, _Token] = {}
        self._shards: dict[str, _Shard] = {}
        self._looks = 0

    def asked(self, tokens: Iterable[str], now_ns: int) -> None:
        """A snapshot of these tokens was asked for; their deadline starts now."""
        for token in tokens:
            self._tokens.setdefault(token, _Token()).asked_ns = now_ns

    def forget(self, tokens: Iterable[str]) -> None:
        """Tokens no longer followed."""
        for token in tokens:
            self._tokens.pop(token, None)

    def canaries(self) -> tuple[str, ...]:
        """The most active tokens of every shard."""
        return tuple(token for shard in self._shards.values() for token in shard.canaries)

    def step(
        self, now_ns: int, shards: Sequence[ShardView], view: LivenessView
    ) -> tuple[Verdict, ...]:
        """One look at everything; verdicts in order of shards, then tokens."""
        self._observe(shards, view)
        verdicts: list[Verdict] = []
        late: list[str] = []
        for shard in self._shards.values():
            if shard.view.connected_ns == 0:
                continue
            verdicts += self._shard_verdicts(now_ns, shard)
            if shard.stale_ns == 0 or shard.renewals > 0:
                turned, found = self._late_tokens(now_ns, shard, view)
                verdicts += turned
                late += found
        return (*verdicts, Check(tokens=tuple(late))) if late else tuple(verdicts)

    def saw(
        self, now_ns: int, sights: Mapping[str, Sight], view: LivenessView
    ) -> tuple[Verdict, ...]:
        """Use the results of a REST check."""
        verdicts: list[Verdict] = []
        moves: list[str] = []
        for token, sight in sights.items():
            memory = self._tokens.get(token)
            if memory is None:
                continue
            live = view.tokens.get(token, _SILENT)
            if sight is Sight.MISSING and not live.hydrated:
                verdicts += _turn(memory, token, TokenPhase.NO_BOOK)
            if sight is Sight.MOVED and self._is_silent(now_ns, memory.conn):
                self._shards[memory.conn].rest_moved = True
            elif self._deserves_move(now_ns, memory, sight, live):
                memory.moves += 1
                memory.moved_ns = now_ns
                verdicts += _turn(memory, token, TokenPhase.MOVED)
                moves.append(token)
        return (*verdicts, Move(tokens=tuple(moves))) if moves else tuple(verdicts)

    def _observe(self, shards: Sequence[ShardView], view: LivenessView) -> None:
        """Bring memory up to date: activity per token, last data and canaries per shard."""
        self._looks += 1
        known = self._shards
        self._shards = {}
        for shard_view in shards:
            shard = known.get(shard_view.conn) or _Shard(view=shard_view)
            if shard.view.epoch != shard_view.epoch:
                shard.checked_ns = 0
            shard.view = shard_view
            before_ns = shard.data_ns
            for token in shard_view.tokens:
                memory = self._tokens.setdefault(token, _Token())
                memory.conn = shard_view.conn
                self._note(memory, view.tokens.get(token, _SILENT))
                shard.data_ns = max(shard.data_ns, memory.seen_ns)
            # What REST saw move has arrived: it is no proof against a later silence.
            shard.rest_moved = shard.rest_moved and shard.data_ns == before_ns
            ranked = sorted(shard_view.tokens, key=lambda token: -self._tokens[token].activity)
            shard.canaries = tuple(ranked[: self._settings.canaries])
            self._shards[shard_view.conn] = shard

    def _note(self, memory: _Token, live: TokenLiveness) -> None:
        if live.last_recv_ns > memory.seen_ns:
            memory.seen_ns = live.last_recv_ns
            memory.activity += 1
        if self._looks % _HALVING == 0:
            memory.activity //= 2

    def _shard_verdicts(self, now_ns: int, shard: _Shard) -> list[Verdict]:
        view = shard.view
        if shard.stale_ns > 0:
            return self._recovery(now_ns, shard)
        age_ns = now_ns - view.connected_ns
        if age_ns < self._dwell_ns or not view.tokens:
            return []
        silent_ns = now_ns - max(shard.data_ns, view.connected_ns)
        never = shard.data_ns < view.connected_ns and silent_ns >= self._first_ns
        if never or (silent_ns >= self._silent_ns and self._is_proven(now_ns, shard)):
            shard.stale_ns = now_ns
            shard.rest_moved = False
            self._calm(shard)
            return [Stale(conn=view.conn, last_data_ns=shard.data_ns)]
        if silent_ns >= self._quiet_ns and age_ns >= self._quiet_ns:
            return [Renew(conn=view.conn)]
        if silent_ns >= self._silent_ns and now_ns - shard.checked_ns >= self._check_ns:
            shard.checked_ns = now_ns
            return [Check(tokens=shard.canaries)]
        return []

    def _recovery(self, now_ns: int, shard: _Shard) -> list[Verdict]:
        """Data on the new connection closes the stale period; without, try ever more rarely."""
        since_ns = max(shard.stale_ns, shard.view.connected_ns)
        if shard.data_ns > since_ns:
            shard.stale_ns = 0
            shard.renewals = 0
            return [Fresh(conn=shard.view.conn, last_data_ns=shard.data_ns)]
        patience_ns = max(self._first_ns, self._dwell_ns) << shard.renewals
        if now_ns - since_ns < patience_ns:
            return []
        shard.renewals = min(shard.renewals + 1, _RENEWALS_MAX)
        return [Renew(conn=shard.view.conn)]

    def _is_proven(self, now_ns: int, shard: _Shard) -> bool:
        """Whether something shows that data should have come."""
        if shard.rest_moved:
            return True
        flowed = sum(self._tokens[token].activity for token in shard.canaries) >= _FLOWING
        return flowed and any(
            now_ns - self._tokens[token].seen_ns < self._silent_ns
            for other in self._shards.values()
            if other is not shard
            for token in other.canaries
        )

    def _calm(self, shard: _Shard) -> None:
        """After a replacement activity is earned anew: a dead market must not flap."""
        for token in shard.view.tokens:
            self._tokens[token].activity = 0

    def _is_silent(self, now_ns: int, conn: str) -> bool:
        shard = self._shards.get(conn)
        return shard is not None and now_ns - shard.data_ns >= self._silent_ns

    def _late_tokens(
        self, now_ns: int, shard: _Shard, view: LivenessView
    ) -> tuple[list[Verdict], list[str]]:
        turned: list[Verdict] = []
        late: list[str] = []
        for token in shard.view.tokens:
            memory = self._tokens[token]
            live = view.tokens.get(token, _SILENT)
            phase = self._phase(now_ns, shard, memory, live, self._sibling_ns(token))
            # What REST said stands until the stream says something else.
            if phase is not TokenPhase.SILENT or memory.phase is not TokenPhase.NO_BOOK:
                turned += _turn(memory, token, phase)
            is_late = phase in {TokenPhase.SILENT, TokenPhase.NO_SNAPSHOT}
            if is_late and now_ns - memory.checked_ns >= self._check_ns:
                memory.checked_ns = now_ns
                late.append(token)
        return turned, late

    def _phase(
        self, now_ns: int, shard: _Shard, memory: _Token, live: TokenLiveness, sibling_ns: int
    ) -> TokenPhase:
        since_ns = max(shard.view.connected_ns, memory.asked_ns)
        has_event = live.last_recv_ns >= since_ns
        if live.hydrated and has_event:
            is_behind = sibling_ns - live.last_recv_ns >= self._lag_ns
            return TokenPhase.SILENT if is_behind else TokenPhase.HYDRATED
        if now_ns - since_ns < self._first_ns:
            return TokenPhase.WAITING
        return TokenPhase.NO_SNAPSHOT if has_event else TokenPhase.SILENT

    def _sibling_ns(self, token: str) -> int:
        """Last event of the other token of the same market, whose book is the mirror."""
        owner = self._owners.get(token)
        pair = owner.token_ids if owner else ()
        seen = (self._tokens[s].seen_ns for s in pair if s != token and s in self._tokens)
        return max(seen, default=0)

    def _deserves_move(
        self, now_ns: int, memory: _Token, sight: Sight, live: TokenLiveness
    ) -> bool:
        match sight:
            case Sight.MOVED:
                is_deaf = True
            case Sight.SAME | Sight.NEW:
                # REST has a book: a token still without snapshot after its deadline lacks ours.
                is_deaf = not live.hydrated and memory.phase in {
                    TokenPhase.SILENT,
                    TokenPhase.NO_SNAPSHOT,
                }
            case Sight.GHOST | Sight.MISSING | Sight.UNKNOWN:
                is_deaf = False
        pause_ns = self._check_ns << memory.moves
        is_due = memory.moved_ns == 0 or now_ns - memory.moved_ns >= pause_ns
        return is_deaf and is_due and memory.moves < self._settings.token_moves


def _turn(memory: _Token, token: str, phase: TokenPhase) -> list[Verdict]:
    if memory.phase is phase:
        return []
    memory.phase = phase
    return [Turned(token_id=token, conn=memory.conn, phase=phase)]
