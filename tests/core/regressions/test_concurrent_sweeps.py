"""Several workers sweep, and one may die of it: there is one incident."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest

from core.db.absence import CONNECTION_ERRORS
from core.db.database import Database, PoolUse
from core.regressions.sweep import RegressionSweep
from tests.core.deadlock import until_waiting
from tests.core.engine_world import assert_sound
from tests.core.regressions.conftest import Track


@pytest.fixture
async def other_database(database_dsn: str) -> AsyncIterator[Database]:
    """The pool of another worker."""
    opened = await Database.connect(database_dsn, use=PoolUse.ENGINE, max_size=4)
    yield opened
    await opened.close()


async def test_whoever_sweeps_and_however_often_one_incident_opens(
    track: Track, other_database: Database
) -> None:
    world, monitor = track.world, await track.monitor()
    await track.usual(monitor)
    await track.looks(monitor, 7, 200)
    rivals = [
        RegressionSweep(database=base, clock=world.clock) for base in (world.database, other_database) * 4
    ]

    await asyncio.gather(*(rival.step() for rival in rivals))
    world.clock.advance(60)
    await asyncio.gather(*(rival.step() for rival in rivals))

    assert await track.kinds(monitor) == [("REGRESSION", "OPEN", None)]
    await assert_sound(world.database)


async def test_what_a_worker_that_dies_has_begun_another_one_does_from_the_start(
    track: Track, other_database: Database, database_dsn: str
) -> None:
    world, monitor = track.world, await track.monitor()
    await track.usual(monitor)
    await track.looks(monitor, 7, 200)
    holder = await asyncpg.connect(database_dsn)
    await holder.execute("BEGIN")
    await holder.execute("LOCK TABLE incident_counters")  # the last lock that the sweep comes to
    dying = asyncio.create_task(RegressionSweep(database=other_database, clock=world.clock).step())
    await until_waiting(world.database, 1)

    await holder.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        " AND datname = current_database()"
    )
    with pytest.raises(CONNECTION_ERRORS):
        await dying
    await holder.execute("ROLLBACK")
    await holder.close()
    assert await track.kinds(monitor) == []

    await track.round()

    assert await track.kinds(monitor) == [("REGRESSION", "OPEN", None)]
    await assert_sound(world.database)


async def test_a_watch_that_ends_while_the_sweep_waits_opens_nothing(track: Track, database_dsn: str) -> None:
    world, monitor = track.world, await track.monitor()
    await track.usual(monitor)
    await track.looks(monitor, 7, 200)
    changing = await asyncpg.connect(database_dsn)
    await changing.execute("BEGIN")
    await changing.execute("UPDATE monitors SET regression_enabled = false WHERE id = $1", monitor)
    await changing.execute("SELECT FROM monitor_states WHERE monitor_id = $1 FOR UPDATE", monitor)

    sweeping = asyncio.create_task(track.sweep.step())
    await until_waiting(world.database, 1)
    await changing.execute("COMMIT")
    await changing.close()
    await sweeping

    assert await track.kinds(monitor) == []
