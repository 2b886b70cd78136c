"""Knows until when the doors were open at which pings come in.

Every API process says each second that it is able to take pings; the saying needs what a ping needs. After a
time in which none did, jobs may have reported in vain: then every deadline is the later of itself and the
reopening and its grace, in the transaction that opens the doors again.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

from core.clock import Clock
from core.db.database import Connection, Database
from core.db.named_sql import named_sql
from core.heartbeats.deadlines import TOLERANCE
from core.log import get_logger
from core.wakeup import Wakeup
from core.work_loop import work_in_rounds

log = get_logger(__name__)

_SQL = named_sql("heartbeats")

SAID_EVERY_SECONDS = 1.0
# A silence longer than this is a time without an open door.
LONGEST_SILENCE = timedelta(seconds=3)

_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


class Doors:
    """Keeps the doors open. Belongs into every process that takes pings, beside its PingReceiver."""

    def __init__(self, *, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def run(self, stopping: asyncio.Event) -> None:
        """Say that pings can be taken, until `stopping` is set."""
        await work_in_rounds(
            self.step,
            name="doors",
            wakeup=Wakeup(),
            stopping=stopping,
            poll_seconds=SAID_EVERY_SECONDS,
        )

    async def step(self) -> int:
        """Say it once; return 0, as nothing is left to do until the next time."""
        now = self._clock.now()
        async with self._database.acquire() as connection:
            was_open = await connection.fetchval(_SQL["keep_doors_open"], now, now - LONGEST_SILENCE)
        if was_open is None:
            await self._reopen()
        return 0

    async def _reopen(self) -> None:
        async def reopen(connection: Connection) -> tuple[datetime, int] | None:
            now = self._clock.now()
            await connection.execute(_SQL["build_doors"], _NEVER)
            closed_at: datetime = await connection.fetchval(_SQL["lock_doors"])
            if closed_at >= now - LONGEST_SILENCE:
                return None  # another process was faster
            extended = await connection.execute(_SQL["extend_deadlines"], now, closed_at - TOLERANCE)
            await connection.execute(_SQL["keep_doors_open"], now, closed_at)
            return closed_at, int(extended.split()[-1])

        reopened = await self._database.in_transaction(reopen)
        if reopened is not None:
            log.info("doors.reopened", closed_at=reopened[0].isoformat(), extended=reopened[1])
