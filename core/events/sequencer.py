"""Numbers events after their commit, so that the order is total and nothing waits for a long transaction.

1. Whoever commits events wakes its process's sequencer; a sweep each second covers a process that died between.
2. Under a transaction lock, and in a new statement, the events without a number get the next ones by id.
3. The same transaction notifies the readers: theirs is the only NOTIFY about events.
"""

from __future__ import annotations

import asyncio
import contextlib

from core.clock import Clock
from core.db.absence import CONNECTION_ERRORS
from core.db.database import Database
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
    """Gives committed events their numbers."""

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
        async with self._database.acquire() as connection, connection.transaction():
            await connection.execute(_SQL["lock_sequence"], _LOCK)
            await connection.execute(_SQL["start_sequence"], new_id(self._clock.now()))
            numbered: int = await connection.fetchval(_SQL["sequence_events"], _MOST_AT_ONCE)
            if numbered:
                await notify(connection, NotifyChannel.EVENTS)
        return numbered
