"""Numbers events after their commit, so that the order is total and nothing waits for a long transaction.

1. Whoever commits events wakes a sequencer; a sweep each second covers a process that died between.
2. Under a transaction lock, and in a new statement, the events without a number get the next ones by id.
3. The same transaction notifies the readers.

Numbers are told in cursors, so a database that comes back with fewer of them must not give the lost ones again
under the same name: each start of a server begins an epoch (see ADR 0013).
"""

from __future__ import annotations

import asyncio
import contextlib
from datetime import datetime

import asyncpg

from core.clock import Clock
from core.db.absence import CONNECTION_ERRORS
from core.db.database import Connection, Database
from core.db.named_sql import named_sql
from core.db.notifications import NotifyChannel, notify
from core.ids import new_id
from core.wakeup import Wakeup
from core.work_loop import work_in_rounds

_SQL = named_sql("event_sequence")
# A number of our own, so that the lock meets no other program's.
_LOCK = 0x746F6365
_MOST_AT_ONCE = 5000


class Sequencer:
    """Gives committed events their numbers. Several may run: they wait for each other."""

    def __init__(self, *, database: Database, clock: Clock) -> None:
        self.wakeup = Wakeup()
        self._database = database
        self._clock = clock

    async def run(self, stopping: asyncio.Event) -> None:
        """Number events until `stopping` is set, and once more then."""
        await work_in_rounds(self.step, name="sequencer", wakeup=self.wakeup, stopping=stopping)
        with contextlib.suppress(*CONNECTION_ERRORS):  # the next sequencer numbers them
            await self.step()

    async def step(self) -> int:
        """Number what is there, up to a bound; return how many events that were."""
        async with self._database.acquire() as connection:
            if not await is_event_waiting(connection):
                return 0
            return await number_events(connection, self._clock.now())


async def is_event_waiting(connection: Connection) -> bool:
    """Return whether a committed event has no number yet."""
    is_waiting: bool = await connection.fetchval(_SQL["is_event_waiting"])
    return is_waiting


async def number_events(connection: Connection, now: datetime) -> int:
    """Number what is committed, up to a bound, in a transaction of its own; return how many events that were."""
    async with connection.transaction():
        await connection.execute(_SQL["lock_sequence"], _LOCK)
        await _begin_epoch_if_due(connection, now)
        numbered: int = await connection.fetchval(_SQL["sequence_events"], _MOST_AT_ONCE)
        if numbered:
            await notify(connection, NotifyChannel.EVENTS)
    return numbered


async def _begin_epoch_if_due(connection: Connection, now: datetime) -> None:
    """Begin an epoch where the server is not the one that gave the last number."""
    [row] = await connection.fetch(_SQL["read_origin"])
    origin = (row["system_identifier"], row["database_oid"], row["server_started_at"])
    if row["epoch"] is None:
        await connection.execute(_SQL["start_sequence"], new_id(now), *origin)
    elif row["is_unclaimed"]:  # of a release that knew one epoch only
        await connection.execute(_SQL["begin_epoch"], row["epoch"], *origin)
    elif not row["is_same_database"]:
        await connection.execute(_SQL["forget_epochs"])
        await connection.execute(_SQL["begin_epoch"], new_id(now), *origin)
    elif not row["is_same_start"]:
        await _continue(connection, row, now)


async def _continue(connection: Connection, row: asyncpg.Record, now: datetime) -> None:
    """Begin an epoch after one of which what is here was not lost."""
    await connection.execute(_SQL["keep_epoch"], row["epoch"], row["last_sequence"])
    origin = (row["system_identifier"], row["database_oid"], row["server_started_at"])
    await connection.execute(_SQL["begin_epoch"], new_id(now), *origin)
