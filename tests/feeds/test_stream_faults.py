"""F-01 to F-06, F-08, F-09, F-12: what the market channel may do, over real sockets."""

import asyncio
import json

import pytest

from razor.domain.feed import RecordKind
from razor.domain.feed_event import (
    ConnectionLost,
    ConnectionOpened,
    FeedStale,
    FrameRefused,
    LostCause,
    MappingMismatch,
    TokenChanged,
    TokenPhase,
)

from .clock import drive, drive_for, settle, until
from .venue import Venue
from .world import World, running, world


def _all_hydrated(at: World) -> bool:
    return all(at.engine.hydrated(token) for token in at.venue.tokens())


def test_f01_frozen_shard_is_replaced_while_pong_answers_and_others_flow() -> None:
    async def run() -> None:
        async with world(Venue(2), shard_tokens=2) as at, running(at.stream().run()):
            await until(lambda: _all_hydrated(at))
            first, second = (market.tokens[0] for market in at.venue.markets)
            for size in range(1, 9):
                await at.venue.change(first, size=str(size))
                await at.venue.change(second, size=str(size))
                await drive_for(at.clock, 2_000)
            at.venue.mute.add(first)

            async def flow(happened: str) -> None:
                async with asyncio.timeout(20):
                    size = 10
                    while not [
                        e for e in at.log.of(FeedStale) if e.is_open == (happened == "open")
                    ]:
                        size += 1
                        await at.venue.change(first, size=str(size))
                        await at.venue.change(second, size=str(size))
                        await drive_for(at.clock, 1_000)

            await flow("open")
            stale = at.log.of(FeedStale)[0]
            assert stale.conn == "market-0"
            assert not at.engine.hydrated(first)
            assert at.engine.hydrated(second)
            at.venue.mute.clear()
            await flow("closed")
            assert at.engine.hydrated(first)
            closed = at.log.of(FeedStale)[-1]
            assert closed.epoch_after > closed.epoch_before
            words = [gap.cause.split()[1] for gap in at.engine.gaps("FEED_STALE")]
            assert words == ["open", "closed"]
            lost = at.log.of(ConnectionLost)
            assert {event.conn for event in lost} == {"market-0"}
            assert lost[0].cause is LostCause.FEED_STALE

    asyncio.run(run())


def test_f01_single_frozen_shard_is_replaced_when_rest_shows_movement() -> None:
    async def run() -> None:
        async with world(Venue(1)) as at, running(at.stream().run()):
            await until(lambda: _all_hydrated(at))
            token = at.venue.markets[0].tokens[0]
            at.venue.is_frozen = True
            await drive(at.clock, lambda: len(at.venue.requested("/books")) >= 1)
            await at.venue.change(token, size="77")
            await drive(at.clock, lambda: at.log.of(FeedStale), step_ms=500)
            at.venue.is_frozen = False
            await drive(at.clock, lambda: _all_hydrated(at))

    asyncio.run(run())


def test_f01_quiet_market_is_not_called_stale() -> None:
    async def run() -> None:
        async with world(Venue(1)) as at, running(at.stream().run()):
            await until(lambda: _all_hydrated(at))
            await drive_for(at.clock, 110_000, step_ms=500)
            assert at.log.of(FeedStale) == []
            assert len(at.log.of(ConnectionOpened)) == 1
            assert at.venue.requested("/books"), "silence is checked against REST"

    asyncio.run(run())


def test_f01_quiet_connection_is_renewed_after_the_quiet_limit() -> None:
    async def run() -> None:
        async with world(Venue(1), shard_quiet_ms=60_000) as at, running(at.stream().run()):
            await until(lambda: _all_hydrated(at))
            await drive(at.clock, lambda: len(at.log.of(ConnectionOpened)) == 2)
            await until(lambda: _all_hydrated(at))
            assert at.log.of(FeedStale) == []

    asyncio.run(run())


def test_f02_silent_token_is_checked_and_moved_to_a_new_connection() -> None:
    async def run() -> None:
        venue = Venue(2)
        token = venue.markets[0].tokens[1]
        venue.mute.add(token)
        async with world(venue) as at, running(at.stream().run()):
            await until(lambda: at.engine.hydrated(venue.markets[0].tokens[0]))
            await drive(at.clock, lambda: venue.requested("/books"))
            venue.mute.clear()
            await drive(at.clock, lambda: at.engine.hydrated(token))
            (home,) = venue.home(token)
            assert list(home.tokens) == [token]
            phases = [e.phase for e in at.log.of(TokenChanged) if e.token_id == token]
            assert phases[:2] == [TokenPhase.SILENT, TokenPhase.MOVED]
            assert at.engine.of(RecordKind.WS, "market-1")

    asyncio.run(run())


def test_f02_token_behind_its_sibling_is_moved_when_rest_moved() -> None:
    async def run() -> None:
        async with world(Venue(1)) as at, running(at.stream().run()):
            await until(lambda: _all_hydrated(at))
            yes, no = at.venue.markets[0].tokens
            at.venue.mute.add(no)
            size = 0
            async with asyncio.timeout(20):
                while len(at.venue.sessions) < 2:
                    size += 1
                    await at.venue.change(yes, size=str(size))
                    await at.venue.change(no, size=str(size))
                    await drive_for(at.clock, 1_000)
            at.venue.mute.clear()
            await drive(at.clock, lambda: at.engine.hydrated(no))
            assert [list(s.tokens) for s in at.venue.home(no)] == [[no]]

    asyncio.run(run())


def test_f02_token_without_a_book_is_not_moved_for_ever() -> None:
    async def run() -> None:
        venue = Venue(1)
        token = venue.markets[0].tokens[1]
        venue.no_book.add(token)
        async with world(venue) as at, running(at.stream().run()):
            await drive_for(at.clock, 90_000, step_ms=500)
            assert len(venue.sessions) == 1
            phases = [e.phase for e in at.log.of(TokenChanged) if e.token_id == token]
            assert phases == [TokenPhase.SILENT, TokenPhase.NO_BOOK]

    asyncio.run(run())


def test_f02_moves_of_one_token_are_bounded() -> None:
    async def run() -> None:
        venue = Venue(1)
        token = venue.markets[0].tokens[1]
        venue.mute.add(token)
        async with world(venue, token_moves=2) as at, running(at.stream().run()):
            await drive_for(at.clock, 400_000, step_ms=1_000)
            moves = [e for e in at.log.of(TokenChanged) if e.phase is TokenPhase.MOVED]
            assert len(moves) == 2

    asyncio.run(run())


def test_f03_delta_without_snapshot_is_recorded_and_never_applied() -> None:
    async def run() -> None:
        venue = Venue(1)
        token = venue.markets[0].tokens[0]
        venue.no_dump.add(token)
        async with world(venue) as at, running(at.stream().run()):
            await until(lambda: venue.home(token))
            await venue.change(token, size="3")
            await until(lambda: at.engine.no_snapshot[token] == 1)
            assert token not in at.engine.levels
            assert not at.engine.hydrated(token)
            assert b'"3"' in at.engine.of(RecordKind.WS)[-1].payload
            await drive(
                at.clock, lambda: [e for e in at.log.of(TokenChanged) if e.token_id == token]
            )
            found = [e.phase for e in at.log.of(TokenChanged) if e.token_id == token]
            assert found[0] is TokenPhase.NO_SNAPSHOT

    asyncio.run(run())


def test_f03_shards_stay_under_the_venues_dump_limit() -> None:
    async def run() -> None:
        venue = Venue(225)
        async with world(venue) as at, running(at.stream().run()):
            await until(lambda: _all_hydrated(at))
            assert sorted(len(s.tokens) for s in venue.sessions) == [50, 200, 200]

    asyncio.run(run())


def test_f04_reconnect_is_a_new_epoch_with_a_full_subscription_and_a_gap() -> None:
    async def run() -> None:
        async with world(Venue(1)) as at, running(at.stream().run()):
            await until(lambda: _all_hydrated(at))
            at.clock.advance(5_000)
            at.venue.sessions[0].socket.transport.abort()
            await until(lambda: at.log.of(ConnectionLost))
            assert not any(at.engine.hydrated(token) for token in at.venue.tokens())
            await drive(at.clock, lambda: _all_hydrated(at))
            rows = at.engine.of(RecordKind.WS)
            assert [row.epoch for row in rows] == [1, 2]
            assert list(at.venue.sessions[1].tokens) == at.venue.tokens()
            opened, closed = at.engine.gaps("DISCONNECTED")
            assert opened.from_ns == closed.from_ns == rows[0].recv_ns
            assert closed.to_ns == rows[1].recv_ns
            order = [row.kind for row in at.engine.rows]
            assert order == [RecordKind.WS, RecordKind.GAP, RecordKind.GAP, RecordKind.WS]

    asyncio.run(run())


def test_f04_backoff_grows_with_refusals_and_resets_after_a_healthy_connection() -> None:
    async def run() -> None:
        venue = Venue(1)
        venue.refuse_sockets = 6
        async with world(venue) as at, running(at.stream(jitter=lambda step: step).run()):
            await drive(at.clock, lambda: _all_hydrated(at))
            waits = [event.retry_in_ms for event in at.log.of(ConnectionLost)]
            assert waits == [250, 500, 1_000, 2_000, 4_000, 8_000]
            await drive_for(at.clock, 61_000)
            venue.sessions[-1].socket.transport.abort()
            await until(lambda: len(at.log.of(ConnectionLost)) == 7)
            assert at.log.of(ConnectionLost)[-1].retry_in_ms == 250

    asyncio.run(run())


@pytest.mark.parametrize(
    "payload",
    [
        b"\xff\xfe\x00",
        b"{",
        b'"text"',
        b"[1,2]",
        b"[" * 5_000,
        b"NaN and nothing",
    ],
)
def test_f05_garbage_is_refused_the_connection_stays_and_books_start_anew(payload: bytes) -> None:
    async def run() -> None:
        async with world(Venue(1)) as at, running(at.stream().run()):
            await until(lambda: _all_hydrated(at))
            await at.venue.sessions[0].socket.send(payload, text=True)
            await until(lambda: at.log.of(FrameRefused))
            refused = at.log.of(FrameRefused)[0]
            assert refused.length == len(payload)
            assert at.engine.of(RecordKind.WS)[-1].payload == payload
            await until(lambda: _all_hydrated(at))
            assert len(at.venue.sessions) == 1
            assert at.engine.of(RecordKind.WS)[-1].epoch == 2
            assert len(at.engine.gaps("PARSE_REJECT")) == 1

    asyncio.run(run())


def test_f05_flood_of_garbage_replaces_the_connection() -> None:
    async def run() -> None:
        async with world(Venue(1), rejects_per_min=5) as at, running(at.stream().run()):
            await until(lambda: _all_hydrated(at))
            for _ in range(6):
                await at.venue.sessions[0].send("{")
            await until(lambda: at.log.of(ConnectionLost))
            assert at.log.of(ConnectionLost)[0].cause is LostCause.PARSE_REJECTS
            await drive(at.clock, lambda: _all_hydrated(at))

    asyncio.run(run())


def test_f05_frame_above_the_cap_is_not_read_and_ends_the_connection() -> None:
    async def run() -> None:
        async with world(Venue(1), frame_max_bytes=10_000) as at, running(at.stream().run()):
            await until(lambda: _all_hydrated(at))
            await at.venue.sessions[0].send("x" * 10_001)
            await until(lambda: at.log.of(ConnectionLost))
            assert at.log.of(ConnectionLost)[0].cause is LostCause.OVERSIZE
            assert all(len(row.payload) <= 10_000 for row in at.engine.of(RecordKind.WS))

    asyncio.run(run())


def test_f05_frame_at_the_cap_is_recorded() -> None:
    async def run() -> None:
        async with world(Venue(1), frame_max_bytes=10_000) as at, running(at.stream().run()):
            await until(lambda: _all_hydrated(at))
            await at.venue.sessions[0].send('"' + "x" * 9_998 + '"')
            await until(lambda: len(at.engine.of(RecordKind.WS)[-1].payload) == 10_000)
            assert at.log.of(ConnectionLost) == []

    asyncio.run(run())


def test_f06_tick_change_asks_for_a_fresh_snapshot_of_that_token_only() -> None:
    async def run() -> None:
        async with world(Venue(1)) as at, running(at.stream().run()):
            await until(lambda: _all_hydrated(at))
            yes, no = at.venue.markets[0].tokens
            message = {
                "event_type": "tick_size_change",
                "market": at.venue.markets[0].condition_id,
                "asset_id": yes,
                "old_tick_size": "0.01",
                "new_tick_size": "0.001",
                "timestamp": "1800000000999",
            }
            await at.venue.sessions[0].send(message)
            await until(lambda: len(at.venue.sessions[0].received) >= 4)
            await until(lambda: _all_hydrated(at))
            drop, add = (json.loads(text) for text in at.venue.sessions[0].received[2:4])
            assert (drop["operation"], drop["assets_ids"]) == ("unsubscribe", [yes])
            assert (add["operation"], add["assets_ids"]) == ("subscribe", [yes])
            assert [row.epoch for row in at.engine.of(RecordKind.WS)] == [1, 1, 1]
            assert at.engine.hydrated(no)

    asyncio.run(run())


def test_f09_message_for_another_market_is_reported_with_its_token() -> None:
    async def run() -> None:
        async with world(Venue(2)) as at, running(at.stream().run()):
            await until(lambda: _all_hydrated(at))
            token = at.venue.markets[0].tokens[0]
            message = at.venue.price_change(token, "0.41", "5")
            message["market"] = at.venue.markets[1].condition_id
            await at.venue.sessions[0].send(message)
            await until(lambda: at.log.of(MappingMismatch))
            assert at.log.of(MappingMismatch)[0].token_ids == (token,)

    asyncio.run(run())


def test_f12_burst_is_recorded_whole_and_in_order() -> None:
    async def run() -> None:
        count = 20_000
        async with world(Venue(1), frame_queue=16) as at, running(at.stream().run()):
            await until(lambda: _all_hydrated(at))
            token = at.venue.markets[0].tokens[0]
            for number in range(count):
                message = at.venue.price_change(token, "0.41", str(number))
                await at.venue.sessions[0].send(message)
            await until(lambda: len(at.engine.of(RecordKind.WS)) == count + 1)
            sizes = [
                json.loads(row.payload)["price_changes"][0]["size"]
                for row in at.engine.of(RecordKind.WS)[1:]
            ]
            assert sizes == [str(number) for number in range(count)]
            stamps = [row.recv_ns for row in at.engine.of(RecordKind.WS)]
            assert stamps == sorted(stamps)
            assert at.log.of(ConnectionLost) == []

    asyncio.run(run())


def test_message_is_stamped_when_its_last_fragment_arrives() -> None:
    async def run() -> None:
        async with world(Venue(1)) as at, running(at.stream().run()):
            await until(lambda: _all_hydrated(at))
            token = at.venue.tokens()[0]
            for number in range(3):
                text = json.dumps(at.venue.price_change(token, "0.41", str(number)))
                parts = [text[:10], text[10:20], text[20:]]
                at.clock.advance(1_000)
                await at.venue.sessions[0].socket.send(parts)
                await until(lambda: at.engine.rows[-1].payload.decode() == text)  # noqa: B023
                row = at.engine.rows[-1]
                assert (row.payload.decode(), row.recv_ns) == (text, at.clock.now_ns())

    asyncio.run(run())


def test_half_open_connection_is_dropped_when_pong_stays_away() -> None:
    async def run() -> None:
        venue = Venue(1)
        venue.answers_ping = False
        async with world(venue) as at, running(at.stream().run()):
            await until(lambda: _all_hydrated(at))
            await drive(at.clock, lambda: at.log.of(ConnectionLost))
            assert at.log.of(ConnectionLost)[0].cause is LostCause.PONG_TIMEOUT

    asyncio.run(run())


def test_ping_is_sent_at_once_and_every_ten_seconds_and_pong_is_not_recorded() -> None:
    async def run() -> None:
        async with world(Venue(1)) as at, running(at.stream().run()):
            await until(lambda: _all_hydrated(at))
            await drive_for(at.clock, 30_500)
            assert at.venue.sessions[0].received.count("PING") == 4
            await at.venue.sessions[0].send("NO NEW ASSETS")
            await settle()
            assert len(at.engine.of(RecordKind.WS)) == 1

    asyncio.run(run())


def test_first_frame_asks_as_the_protocol_says() -> None:
    async def run() -> None:
        async with world(Venue(1)) as at, running(at.stream().run()):
            await until(lambda: _all_hydrated(at))
            assert json.loads(at.venue.sessions[0].received[0]) == {
                "type": "market",
                "assets_ids": at.venue.tokens(),
                "initial_dump": True,
                "level": 2,
                "custom_feature_enabled": True,
            }

    asyncio.run(run())


def test_tokens_can_be_added_and_dropped_while_running() -> None:
    async def run() -> None:
        venue = Venue(2)
        extra = list(venue.markets[1].tokens)
        async with world(venue) as at:
            stream = at.stream()
            stream.unsubscribe(extra)
            async with running(stream.run()):
                await until(lambda: at.engine.hydrated(venue.tokens()[0]))
                assert not venue.home(extra[0])
                stream.subscribe(extra)
                await until(lambda: _all_hydrated(at))
                stream.unsubscribe(extra)
                await until(lambda: not venue.home(extra[0]))
                assert len(venue.sessions) == 1

    asyncio.run(run())


def test_shard_without_tokens_closes_its_connection_without_a_gap() -> None:
    async def run() -> None:
        async with world(Venue(1)) as at:
            stream = at.stream()
            async with running(stream.run()):
                await until(lambda: _all_hydrated(at))
                stream.unsubscribe(at.venue.tokens())
                await until(lambda: not at.venue.sessions[0].is_open)
                await settle()
                assert at.engine.of(RecordKind.GAP) == []

    asyncio.run(run())
