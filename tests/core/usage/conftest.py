"""Several API processes, as far as they count requests: each with a pool and a memory of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from uuid import UUID

import pytest

from core.clock import ManualClock
from core.db.database import Database, PoolUse
from core.ids import new_id
from core.usage.request_quota import RequestQuota


@pytest.fixture
def workspace_id(clock: ManualClock) -> UUID:
    """A workspace: what counts requests knows nothing else of it."""
    return new_id(clock.now())


@pytest.fixture
def quota(database: Database, clock: ManualClock) -> RequestQuota:
    """One process."""
    return RequestQuota(database=database, clock=clock)


class CountingDatabase(Database):
    """A pool that counts how often a connection is asked of it."""

    def __init__(self, pool) -> None:
        super().__init__(pool)
        self.asked = 0

    def acquire(self):
        """Give a connection."""
        self.asked += 1
        return super().acquire()


@pytest.fixture
async def processes(database_dsn: str, clock: ManualClock) -> AsyncIterator[Callable[[int], Awaitable[list]]]:
    """`await processes(4)`: quotas, each with a pool of its own, and those pools."""
    opened: list[CountingDatabase] = []

    async def make(count: int) -> list[tuple[RequestQuota, CountingDatabase]]:
        made = []
        for _ in range(count):
            database = await Database.connect(database_dsn, use=PoolUse.FACES, max_size=4)
            counting = CountingDatabase(database.pool)
            opened.append(counting)
            made.append((RequestQuota(database=counting, clock=clock), counting))
        return made

    yield make
    for database in opened:
        await database.close()


async def rows(database: Database, sql: str, *arguments):
    """Return rows as tuples."""
    async with database.acquire() as connection:
        return [tuple(row) for row in await connection.fetch(sql, *arguments)]
