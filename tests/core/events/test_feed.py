"""Followers see each event once and in order, or are told that their cursor has expired."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from dataclasses import replace
from datetime import timedelta

import pytest

from core.errors import CursorExpired
from core.events.cursor import EventCursor, read_cursor
from core.events.event_log import PAGE_SIZE, present_position
from core.events.feed import MOST_WAITING, Feed
from core.events.sequencer import Sequencer
from core.housekeeping import EVENTS_KEPT, Housekeeping
from core.ids import new_id

PATIENCE_SECONDS = 30


class Log:
    """The events of a workspace, and what follows them."""

    def __init__(self, database, clock) -> None:
        self.database, self.clock = database, clock
        self.sequencer = Sequencer(database=database, clock=clock)
        self.feed = Feed(database=database, clock=clock)
        self.workspace_id = new_id(clock.now())

    async def write(self, count: int = 1, workspace_id=None) -> None:
        """Commit and number events."""
        workspace_id = workspace_id or self.workspace_id
        async with self.database.acquire() as connection:
            await connection.execute(
                "INSERT INTO events (workspace_id, subject, subject_id, change, at, status)"
                " SELECT $1, 'MONITOR', $1, 'UPDATED', $2, 1 FROM generate_series(1, $3)",
                workspace_id,
                self.clock.now(),
                count,
            )
        while await self.sequencer.step():
            pass

    async def here(self) -> EventCursor:
        async with self.database.acquire() as connection:
            position = await present_position(connection, self.clock.now())
        return EventCursor(
            epoch=position.epoch, workspace_id=self.workspace_id, sequence=position.last_sequence
        )

    def follow(self, after: EventCursor | None = None):
        return aclosing(self.feed.follow(self.workspace_id, lambda _event: True, after))

    async def execute(self, sql: str, *arguments) -> None:
        async with self.database.acquire() as connection:
            await connection.execute(sql, *arguments)


@pytest.fixture
def log(database, clock) -> Log:
    return Log(database, clock)


async def _take(events, count: int) -> list[int]:
    async with asyncio.timeout(PATIENCE_SECONDS):
        return [(await anext(events))[0].sequence for _ in range(count)]


async def _joined(log, events) -> asyncio.Task:
    """Wait for the next event, and return once the follower has joined."""
    waiting = asyncio.create_task(_take(events, 1))
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not log.feed._followers:
            await asyncio.sleep(0.005)
    return waiting


async def test_a_follower_reads_what_it_missed_by_pages_and_goes_on_live(log) -> None:
    beginning = await log.here()
    await log.write(2 * PAGE_SIZE + 3)
    async with log.follow(beginning) as events:
        seen = await _take(events, 2 * PAGE_SIZE + 3)
        waiting = await _joined(log, events)
        await log.write()
        await log.feed.step()
        seen += await waiting

    assert seen == list(range(1, 2 * PAGE_SIZE + 5))


async def test_without_a_cursor_only_what_comes_is_told(log) -> None:
    await log.write(3)
    async with log.follow() as events:
        waiting = await _joined(log, events)
        await log.write()
        await log.feed.step()

        assert await waiting == [4]


async def test_a_follower_that_does_not_keep_up_reads_for_itself_and_misses_nothing(log) -> None:
    async with log.follow() as events:
        waiting = await _joined(log, events)
        await log.write()
        await log.feed.step()
        seen = await waiting
        await log.write(3 * MOST_WAITING)
        while await log.feed.step():
            pass
        [follower] = log.feed._followers[log.workspace_id]
        assert len(follower.waiting) == 0
        seen += await _take(events, 3 * MOST_WAITING)

    assert seen == list(range(1, 3 * MOST_WAITING + 2))
    assert log.feed._followers == {}


async def test_a_workspace_is_told_of_nothing_but_its_own(log, clock) -> None:
    async with log.follow() as events:
        waiting = await _joined(log, events)
        await log.write(5, workspace_id=new_id(clock.now()))
        await log.feed.step()
        await log.write()
        await log.feed.step()

        assert await waiting == [6]


async def test_cursors_that_are_not_of_this_log_have_expired(log, clock) -> None:
    await log.write(2)
    here = await log.here()
    strange = [
        replace(here, sequence=here.sequence + 1),
        replace(here, workspace_id=new_id(clock.now())),
        replace(here, epoch=new_id(clock.now())),
    ]
    for cursor in strange:
        async with log.follow(cursor) as events:
            with pytest.raises(CursorExpired):
                await anext(events)


async def test_a_cursor_older_than_what_is_kept_has_expired(log, clock, database) -> None:
    await log.write(2)
    old = await log.here()
    await log.write(3)
    last_gone = await log.here()
    clock.advance(EVENTS_KEPT.total_seconds() + 1)
    await log.write()
    await Housekeeping(database=database, clock=clock)._alone(
        Housekeeping(database=database, clock=clock)._events
    )

    async with log.follow(old) as events:
        with pytest.raises(CursorExpired):
            await anext(events)
    async with log.follow(last_gone) as events:
        assert await _take(events, 1) == [6]


async def test_a_restart_or_a_failover_expires_only_cursors_of_lost_numbers(log, clock) -> None:
    await log.write(5)
    kept, lost = replace(await log.here(), sequence=3), await log.here()
    # As if the server that is here now had got numbers up to 3 only, and been started at another time.
    await log.execute("DELETE FROM events WHERE sequence > 3")
    await log.execute(
        "UPDATE event_sequence SET last_sequence = 3, server_started_at = $1", clock.now() - timedelta(days=1)
    )
    await log.write(4)

    async with log.follow(kept) as events:
        assert await _take(events, 4) == [4, 5, 6, 7]
    async with log.follow(lost) as events:
        with pytest.raises(CursorExpired):
            await anext(events)


async def test_after_a_restore_into_another_database_every_cursor_has_expired(log) -> None:
    await log.write(2)
    before = await log.here()
    await log.execute("UPDATE event_sequence SET database_oid = 1")
    await log.write()

    async with log.follow(replace(before, sequence=1)) as events:
        with pytest.raises(CursorExpired):
            await anext(events)
    after = await log.here()
    assert after.epoch != before.epoch
    async with log.follow(replace(after, sequence=2)) as events:
        assert await _take(events, 1) == [3]


async def test_a_live_follower_of_numbers_that_are_lost_is_told(log) -> None:
    await log.write(5)
    async with log.follow() as events:
        waiting = await _joined(log, events)
        await log.execute("UPDATE event_sequence SET last_sequence = 3, database_oid = 1")
        await log.execute("DELETE FROM events WHERE sequence > 3")
        await log.write()
        await log.feed.step()

        with pytest.raises(CursorExpired):
            await waiting


async def test_a_follower_that_is_catching_up_when_numbers_are_lost_is_told(log, clock) -> None:
    beginning = await log.here()
    await log.write(PAGE_SIZE + 100)
    async with log.follow(beginning) as events:
        seen = await _take(events, PAGE_SIZE)
        # As if a server took over that had got numbers up to 400 only, which gives the others anew.
        await log.execute("DELETE FROM events WHERE sequence > 400")
        await log.execute(
            "UPDATE event_sequence SET last_sequence = 400, server_started_at = $1",
            clock.now() - timedelta(days=1),
        )
        await log.write(PAGE_SIZE)

        with pytest.raises(CursorExpired):
            await _take(events, 1)
    assert seen == list(range(1, PAGE_SIZE + 1))


async def test_a_follower_that_fell_behind_when_numbers_are_lost_is_told(log, clock) -> None:
    async with log.follow() as events:
        waiting = await _joined(log, events)
        await log.write()
        await log.feed.step()
        await waiting
        await log.write(2 * MOST_WAITING)
        await log.feed.step()
        await log.execute("DELETE FROM events")
        await log.execute(
            "UPDATE event_sequence SET last_sequence = 0, server_started_at = $1",
            clock.now() - timedelta(days=1),
        )
        await log.write(4 * MOST_WAITING)

        with pytest.raises(CursorExpired):
            await _take(events, 1)


async def test_a_follower_that_is_catching_up_goes_on_over_a_restart_without_loss(log, clock) -> None:
    beginning = await log.here()
    await log.write(PAGE_SIZE + 100)
    async with log.follow(beginning) as events:
        seen = await _take(events, PAGE_SIZE)
        await log.execute("UPDATE event_sequence SET server_started_at = $1", clock.now() - timedelta(days=1))
        await log.write(100)
        seen += await _take(events, 200)

    assert seen == list(range(1, PAGE_SIZE + 201))


async def test_a_follower_that_joined_ahead_of_the_others_is_told_when_its_numbers_are_lost(
    log, clock
) -> None:
    beginning = await log.here()
    async with log.follow() as near, log.follow(beginning) as far:
        waiting = await _joined(log, near)
        await log.write(100)
        await _take(far, 100)
        ahead = asyncio.create_task(_take(far, 1))
        async with asyncio.timeout(PATIENCE_SECONDS):
            while len(log.feed._followers[log.workspace_id]) < 2:
                await asyncio.sleep(0.005)
        await log.execute("DELETE FROM events WHERE sequence > 40")
        await log.execute(
            "UPDATE event_sequence SET last_sequence = 40, server_started_at = $1",
            clock.now() - timedelta(days=1),
        )
        await log.write(100)
        await log.feed.step()

        with pytest.raises(CursorExpired):
            await ahead
        assert await waiting + await _take(near, 139) == list(range(1, 141))


async def test_a_loss_is_told_before_the_first_new_number(log) -> None:
    await log.write(5)
    kept = replace(await log.here(), sequence=3)
    async with log.follow() as events, log.follow(kept) as others:
        waiting = await _joined(log, events)
        await log.execute("DELETE FROM events WHERE sequence > 3")
        await log.execute("UPDATE event_sequence SET last_sequence = 3")
        await log.feed.step()

        with pytest.raises(CursorExpired):
            await waiting
        going_on = await _joined(log, others)
        await log.write()
        await log.feed.step()
        assert await going_on == [4]


async def test_a_cursor_reads_back_as_it_was_written_and_nothing_else_does(log) -> None:
    await log.write(2)
    here = await log.here()

    assert read_cursor(here.text) == here
    for text in ("", "x", here.text[:-1], here.text + "AAAA", "ü" * 54, "_" * 54, "\0"):
        assert read_cursor(text) is None
