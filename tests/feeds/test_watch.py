"""The judge of liveness as a pure function: each deadline on both of its sides."""

from dataclasses import dataclass, field

from razor.adapters.polymarket.books import Sight
from razor.adapters.polymarket.watch import (
    Check,
    Fresh,
    Move,
    Renew,
    ShardView,
    Stale,
    Turned,
    Verdict,
    Watch,
)
from razor.application.ports import LivenessView, TokenLiveness
from razor.domain.feed import FeedSettings

_S = 1_000_000_000
_SETTINGS = FeedSettings()


@dataclass(slots=True, kw_only=True)
class Scene:
    """Shards and tokens as the watch is shown them; times in whole seconds."""

    watch: Watch = field(default_factory=lambda: Watch(settings=_SETTINGS, owners={}))
    shards: dict[str, tuple[int, int, tuple[str, ...]]] = field(default_factory=dict)
    last: dict[str, int] = field(default_factory=dict)
    dry: set[str] = field(default_factory=set)

    def view(self) -> LivenessView:
        tokens = {
            token: TokenLiveness(
                hydrated=token not in self.dry, last_recv_ns=at * _S, last_venue_ms=0
            )
            for token, at in self.last.items()
        }
        return LivenessView(tokens=tokens, conns={})

    def step(self, now: int) -> list[Verdict]:
        views = [
            ShardView(conn=conn, epoch=epoch, connected_ns=connected * _S, tokens=tokens)
            for conn, (epoch, connected, tokens) in self.shards.items()
        ]
        found = self.watch.step(now * _S, views, self.view())
        return [verdict for verdict in found if not isinstance(verdict, Turned)]

    def flow(self, now: int, *tokens: str) -> list[Verdict]:
        self.last |= dict.fromkeys(tokens, now)
        return self.step(now)


def _two_flowing() -> Scene:
    """Two shards with data every second from 101 to 110."""
    scene = Scene(shards={"a": (1, 100, ("x",)), "b": (1, 100, ("y",))})
    for now in range(101, 111):
        assert scene.flow(now, "x", "y") == []
    return scene


def test_shard_is_stale_at_its_limit_and_not_before() -> None:
    scene = _two_flowing()
    for now in range(111, 130):
        assert scene.flow(now, "y") == []
    assert scene.flow(130, "y") == [Stale(conn="a", last_data_ns=110 * _S)]
    assert scene.flow(131, "y") == [], "one silence is one verdict"


def test_all_shards_silent_together_are_checked_and_not_called_stale() -> None:
    scene = _two_flowing()
    found = [verdict for now in range(111, 135) for verdict in scene.step(now)]
    assert {type(verdict) for verdict in found} == {Check}


def test_shard_that_never_flowed_is_not_stale_because_others_flow() -> None:
    scene = Scene(shards={"a": (1, 100, ("x",)), "b": (1, 100, ("y",))})
    scene.flow(101, "x", "y")
    found = [verdict for now in range(102, 200) for verdict in scene.flow(now, "y")]
    assert {type(verdict) for verdict in found} == {Check}


def test_rest_movement_makes_a_silent_shard_stale() -> None:
    scene = Scene(shards={"a": (1, 100, ("x",))})
    scene.flow(101, "x")
    assert scene.step(125) == [Check(tokens=("x",))]
    assert scene.watch.saw(126 * _S, {"x": Sight.MOVED}, scene.view()) == ()
    assert scene.step(127) == [Stale(conn="a", last_data_ns=101 * _S)]


def test_rest_without_movement_changes_nothing() -> None:
    for sight in (Sight.SAME, Sight.NEW, Sight.GHOST, Sight.MISSING, Sight.UNKNOWN):
        scene = Scene(shards={"a": (1, 100, ("x",))})
        scene.flow(101, "x")
        scene.step(125)
        assert scene.watch.saw(126 * _S, {"x": sight}, scene.view()) == ()
        assert scene.step(127) == []


def test_connection_without_any_event_is_stale_after_the_first_event_limit() -> None:
    scene = Scene(shards={"a": (1, 100, ("x",))})
    assert scene.step(114) == []
    assert scene.step(115)[0] == Stale(conn="a", last_data_ns=0)


def test_unconnected_shard_is_not_judged() -> None:
    scene = Scene(shards={"a": (1, 0, ("x",))})
    assert scene.step(10_000) == []


def test_young_connection_is_not_replaced() -> None:
    scene = _two_flowing()
    scene.shards["a"] = (2, 125, ("x",))
    for now in range(126, 135):
        assert not any(isinstance(v, Stale | Renew) for v in scene.flow(now, "y"))


def test_dwell_time_outweighs_a_proof_of_silence() -> None:
    settings = FeedSettings(min_dwell_ms=60_000)
    scene = Scene(watch=Watch(settings=settings, owners={}), shards={"a": (1, 100, ("x",))})
    found = [
        now for now in range(101, 170) if scene.step(now)[:1] == [Stale(conn="a", last_data_ns=0)]
    ]
    assert found == [160]


def test_data_on_the_new_connection_closes_the_stale_period() -> None:
    scene = _two_flowing()
    for now in range(111, 131):
        scene.flow(now, "y")
    scene.shards["a"] = (2, 132, ("x",))
    assert scene.step(133) == []
    assert scene.flow(134, "x") == [Fresh(conn="a", last_data_ns=134 * _S)]
    assert scene.flow(135, "x") == []


def test_dead_new_connection_is_renewed_ever_more_rarely() -> None:
    scene = Scene(shards={"a": (1, 100, ("x",))})
    assert any(isinstance(verdict, Stale) for verdict in scene.step(115))
    connected, waits = 116, []
    for _ in range(7):
        scene.shards["a"] = (2, connected, ("x",))
        now = connected
        while not any(isinstance(verdict, Renew) for verdict in scene.step(now)):
            now += 1
        waits.append(now - connected)
        connected = now
    assert waits == [15, 30, 60, 120, 240, 480, 480]


def test_quiet_shard_is_renewed_at_its_limit() -> None:
    scene = Scene(shards={"a": (1, 100, ("x",))})
    scene.flow(101, "x")
    renewed = [now for now in range(102, 222) if Renew(conn="a") in scene.step(now)]
    assert renewed == [221]


def test_token_without_snapshot_is_late_at_its_limit_and_not_before() -> None:
    scene = Scene(shards={"a": (1, 100, ("x", "y"))}, dry={"y"})
    scene.flow(101, "x", "y")
    assert scene.flow(114, "x") == []
    assert scene.flow(115, "x") == [Check(tokens=("y",))]
    assert scene.flow(129, "x") == [], "the same token is not checked again at once"
    assert scene.flow(130, "x") == [Check(tokens=("y",))]


def test_late_token_with_a_rest_book_moves_and_each_move_doubles_the_wait() -> None:
    scene = Scene(shards={"a": (1, 100, ("x", "y"))}, dry={"y"})
    scene.flow(101, "x", "y")
    scene.flow(115, "x")
    moved = [
        now
        for now in range(116, 400)
        if scene.watch.saw(now * _S, {"y": Sight.SAME}, scene.view())
        and scene.flow(now, "x") is not None
    ]
    assert moved == [116, 146, 206, 326]


def test_hydrated_token_does_not_move_without_movement() -> None:
    scene = Scene(shards={"a": (1, 100, ("x",))})
    scene.flow(101, "x")
    assert scene.watch.saw(102 * _S, {"x": Sight.SAME}, scene.view()) == ()
    assert Move(tokens=("x",)) in scene.watch.saw(103 * _S, {"x": Sight.MOVED}, scene.view())


def test_canaries_are_the_most_active_tokens() -> None:
    tokens = tuple("abcdefgh")
    scene = Scene(shards={"a": (1, 100, tokens)})
    scene.flow(101, *tokens)
    for now in range(102, 112):
        scene.flow(now, "c", "f", "h")
    assert scene.watch.canaries() == ("c", "f", "h")


def test_forgotten_token_is_not_judged() -> None:
    scene = Scene(shards={"a": (1, 100, ("x",))})
    scene.flow(101, "x")
    scene.watch.forget(["x"])
    assert scene.watch.saw(103 * _S, {"x": Sight.MOVED}, scene.view()) == ()
