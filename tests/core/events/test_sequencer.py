"""Events get their numbers after their commit: the order is total, and no number is given twice."""

from __future__ import annotations

import asyncio

import asyncpg
import pytest

from core.db.notifications import NotifyChannel
from core.events.sequencer import Sequencer
from core.ids import new_id


@pytest.fixture
def sequencer(database, clock) -> Sequencer:
    return Sequencer(database=database, clock=clock)


async def _commit_event(connection, clock) -> None:
    identifier = new_id(clock.now())
    await connection.execute(
        "INSERT INTO events (workspace_id, subject, subject_id, change, at) VALUES ($1, 'MONITOR', $1, 'CREATED', $2)",
        identifier,
        clock.now(),
    )


async def _sequences(connection) -> list[int]:
    return [row["sequence"] for row in await connection.fetch("SELECT sequence FROM events ORDER BY id")]


async def test_committed_events_are_numbered_in_the_order_of_their_ids(database, clock, sequencer) -> None:
    async with database.acquire() as connection:
        for _ in range(3):
            await _commit_event(connection, clock)

        assert await sequencer.step() == 3
        assert await sequencer.step() == 0
        assert await _sequences(connection) == [1, 2, 3]


async def test_an_event_that_commits_late_gets_a_later_number_than_one_that_was_seen(
    database, clock, sequencer
) -> None:
    async with database.acquire() as slow, database.acquire() as fast:
        transaction = slow.transaction()
        await transaction.start()
        await _commit_event(slow, clock)
        await _commit_event(fast, clock)

        assert await sequencer.step() == 1
        await transaction.commit()
        assert await sequencer.step() == 1

        assert await _sequences(fast) == [2, 1]


async def test_several_sequencers_number_every_event_once(database, clock) -> None:
    sequencers = [Sequencer(database=database, clock=clock) for _ in range(4)]
    async with database.acquire() as connection:
        for _ in range(40):
            await _commit_event(connection, clock)
            await asyncio.gather(*(each.step() for each in sequencers))

        assert await _sequences(connection) == list(range(1, 41))
        assert await connection.fetchval("SELECT count(*) FROM event_sequence") == 1


async def test_readers_are_notified_of_numbers_only(database, database_dsn, clock, sequencer) -> None:
    heard = asyncio.Event()
    listener = await asyncpg.connect(database_dsn)
    await listener.add_listener(NotifyChannel.EVENTS.value, lambda *_: heard.set())
    async with database.acquire() as connection:
        await sequencer.step()
        await listener.execute("SELECT 1")
        assert not heard.is_set()

        await _commit_event(connection, clock)
        await sequencer.step()
        await asyncio.wait_for(heard.wait(), 5)
    await listener.close()


async def test_a_wakeup_is_worked_off_without_waiting_for_the_sweep(database, clock, sequencer) -> None:
    stopping = asyncio.Event()
    running = asyncio.create_task(sequencer.run(stopping))
    async with database.acquire() as connection:
        await _commit_event(connection, clock)
        sequencer.wakeup.set()
        async with asyncio.timeout(10):
            while await _sequences(connection) != [1]:
                await asyncio.sleep(0.01)
    stopping.set()
    await asyncio.wait_for(running, 5)
