"""What stands between frames and their readers: who is told, who is cut, and in which order."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field

from razor.adapters.sandbox.streams import Channel, Frame, Subscriber
from tests.sandbox.test_streams import events, joined, market, unframed
from tests.sandbox.trader import Place, Trader

PLAIN, GROUP = 0, 2


@dataclass(slots=True)
class Echo:
    """Tells every frame so many times, and keeps them."""

    times: int = 1
    frames: list[Frame] = field(default_factory=list[Frame])

    def told(self, frame: Frame) -> Sequence[bytes]:
        """What goes out instead of a frame."""
        self.frames.append(frame)
        return [frame.text] * self.times


def echoing(times: int = 1) -> tuple[Place, Echo]:
    """A venue whose frames pass an echo."""
    place, echo = Place(), Echo(times)
    place.sandbox.hub.faults = echo
    return place, echo


def user(place: Place, trader: Trader, *conditions: str) -> Subscriber:
    """A reader of a user stream, of some markets or of all."""
    auth = {name: trader.credentials[name] for name in ("apiKey", "secret", "passphrase")}
    return joined(place, Channel.USER, {"type": "user", "auth": auth, "markets": list(conditions)})


def test_frames_that_nobody_reads_do_not_pass() -> None:
    place, echo = echoing()
    place.trader(0).post(place.token(PLAIN), "BUY", 40, 10)
    assert echo.frames == []


def test_every_kind_of_frame_passes_with_what_it_is() -> None:
    place, echo = echoing()
    trader = place.trader(0)
    market(place, place.token(PLAIN), custom_feature_enabled=True)
    user(place, trader)
    trader.post(place.token(PLAIN), "BUY", 40, 10)
    place.sandbox.venue.exchange.resolve(place.clock.now_ns, PLAIN, "yes")
    place.sandbox.venue.publish()
    kinds = [(it.channel, it.reader is not None, it.market, it.is_custom) for it in echo.frames]
    assert (Channel.MARKET, True, None, False) in kinds
    assert (Channel.MARKET, False, PLAIN, False) in kinds
    assert (Channel.MARKET, False, PLAIN, True) in kinds
    assert (Channel.USER, False, None, False) in kinds
    keys = {it.key for it in echo.frames if it.channel is Channel.USER}
    assert keys == {trader.credentials["apiKey"]}
    assert {it.condition_id for it in echo.frames if it.key} == {place.condition(PLAIN)}


def test_what_goes_out_is_what_the_fault_says() -> None:
    for times in (0, 1, 3):
        place, _ = echoing(times)
        reader = market(place, place.token(PLAIN))
        place.trader(0).post(place.token(PLAIN), "BUY", 40, 10)
        assert len(unframed(reader.outbox)) == 2 * times


def test_answers_to_a_subscriber_are_no_frames_of_the_venue() -> None:
    place, echo = echoing(0)
    reader = market(place, place.token(PLAIN))
    place.sandbox.hub.take(reader, "PING")
    again = {"operation": "subscribe", "assets_ids": [place.token(PLAIN)]}
    place.sandbox.hub.take(reader, json.dumps(again))
    assert unframed(reader.outbox) == ["PONG", "NO NEW ASSETS"]
    assert len(echo.frames) == 1


def test_a_frame_is_told_to_those_who_read_it_when_it_is_told() -> None:
    place, echo = echoing(0)
    early = market(place, place.token(PLAIN), initial_dump=False)
    place.trader(0).post(place.token(PLAIN), "BUY", 40, 10)
    (frame,) = echo.frames
    late = market(place, place.token(PLAIN), initial_dump=False)
    other = market(place, place.token(GROUP), initial_dump=False)
    place.sandbox.hub.tell(frame, b'{"late":true}')
    assert events(early) == events(late) == [{"late": True}]
    assert events(other) == []
    place.sandbox.hub.leave(early)
    place.sandbox.hub.tell(frame, b"{}")
    assert (early.outbox, len(events(late))) == ([], 1)


def test_a_snapshot_goes_to_its_reader_while_it_is_there() -> None:
    place, echo = echoing(0)
    reader, other = market(place, place.token(PLAIN)), market(place, place.token(PLAIN))
    first = echo.frames[0]
    place.sandbox.hub.tell(first, first.text)
    assert (len(events(reader)), events(other)) == (1, [])
    place.sandbox.hub.leave(reader)
    place.sandbox.hub.tell(first, first.text)
    assert reader.outbox == []


def test_users_hear_of_their_markets_and_are_cut_by_their_key() -> None:
    place = Place()
    first, second = place.trader(0), place.trader(1)
    every = user(place, first)
    narrow = user(place, first, place.condition(GROUP))
    foreign = user(place, second)
    first.post(place.token(PLAIN), "BUY", 40, 10)
    assert (len(events(every)), events(narrow), events(foreign)) == (1, [], [])
    place.sandbox.hub.cut_key(first.credentials["apiKey"])
    assert [it.is_cut for it in (every, narrow, foreign)] == [True, True, False]


def test_cutting_a_frame_ends_those_who_read_it_alone() -> None:
    place, echo = echoing()
    reader = market(place, place.token(PLAIN))
    sibling = market(place, place.token(PLAIN, 1))
    other = market(place, place.token(GROUP))
    place.trader(0).post(place.token(PLAIN), "BUY", 40, 10)
    place.sandbox.hub.cut(echo.frames[-1])
    assert [it.is_cut for it in (reader, sibling, other)] == [True, True, False]


def test_new_markets_are_told_to_all_with_custom_features() -> None:
    place, echo = echoing(2)
    plain = market(place, place.token(PLAIN))
    custom = market(place, place.token(GROUP), custom_feature_enabled=True)
    events(plain)
    events(custom)
    place.sandbox.venue.list_market(place.sandbox.venue.catalogue.at(GROUP))
    assert [it["event_type"] for it in events(custom)] == ["new_market"] * 2
    assert events(plain) == []
    assert echo.frames[-1].market is None
