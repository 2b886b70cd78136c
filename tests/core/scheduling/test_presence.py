"""A worker's row says where it works and when it was last there."""

from __future__ import annotations

import asyncio

from core.ids import new_id
from core.scheduling.leases import Claimant
from core.scheduling.presence import Presence, ensure_region


async def test_a_region_is_made_once_by_whoever_names_it_first(database, clock) -> None:
    async def ensure(key: str) -> int:
        async with database.acquire() as connection:
            return await ensure_region(connection, key, clock)

    ids = await asyncio.gather(ensure("local"), ensure("local"), ensure("elsewhere"))

    assert ids[0] == ids[1] != ids[2]
    assert 0 not in ids


async def test_a_worker_arrives_is_seen_and_leaves(database, clock) -> None:
    claimant = Claimant(region_id=1, worker_id=new_id(clock.now()))
    presence = Presence(database=database, clock=clock, claimant=claimant)
    async with database.acquire() as connection:
        await presence.arrive()
        started_at = clock.now()
        clock.advance(5)
        stopping = asyncio.Event()
        noting = asyncio.create_task(presence.run(stopping))
        async with asyncio.timeout(10):
            while await connection.fetchval("SELECT seen_at FROM workers") != clock.now():
                await asyncio.sleep(0.01)
        stopping.set()
        await noting
        clock.advance(5)
        await presence.leave()

        row = await connection.fetchrow("SELECT * FROM workers")
    assert (row["id"], row["started_at"]) == (claimant.worker_id, started_at)
    assert row["stopped_at"] == clock.now()
