"""A worker's place: its region, and the row by which others know that it lives."""

from __future__ import annotations

import asyncio

from core.clock import Clock
from core.db.database import Connection, Database
from core.db.named_sql import named_sql
from core.ids import new_id
from core.scheduling.leases import Claimant
from core.wakeup import Wakeup
from core.work_loop import work_in_rounds

_SQL = named_sql("workers")
_EVERY_SECONDS = 5.0


async def ensure_region(connection: Connection, key: str, clock: Clock) -> int:
    """Return the small id of the region with that key, made if it is new."""
    now = clock.now()
    await connection.execute(_SQL["create_region"], new_id(now), key, now)
    region_id: int = await connection.fetchval(_SQL["region_by_key"], key)
    return region_id


class Presence:
    """Says every five seconds that this worker lives, and at its end that it is gone."""

    def __init__(self, *, database: Database, clock: Clock, claimant: Claimant) -> None:
        self._database = database
        self._clock = clock
        self._claimant = claimant

    async def arrive(self) -> None:
        """Register the worker."""
        async with self._database.acquire() as connection:
            await connection.execute(
                _SQL["register_worker"], self._claimant.worker_id, self._claimant.region_id, self._clock.now()
            )

    async def run(self, stopping: asyncio.Event) -> None:
        """Note the worker's presence until `stopping` is set."""
        await work_in_rounds(
            self._note, name="presence", wakeup=Wakeup(), stopping=stopping, poll_seconds=_EVERY_SECONDS
        )

    async def leave(self) -> None:
        """Note that the worker has ended in order."""
        async with self._database.acquire() as connection:
            await connection.execute(_SQL["note_departure"], self._claimant.worker_id, self._clock.now())

    async def _note(self) -> int:
        async with self._database.acquire() as connection:
            await connection.execute(
                _SQL["note_presence"], self._claimant.worker_id, self._claimant.region_id, self._clock.now()
            )
        return 0
