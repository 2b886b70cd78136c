"""Shows that monitors are UNKNOWN for want of looks, while there are none.

The look that comes after all writes down the same, to the millisecond: the sweep only saves whoever watches from
waiting for it.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta

from core.clock import Clock
from core.db.database import Connection, Database
from core.db.named_sql import named_sql
from core.incidents.judgement import Judged, judge
from core.incidents.listeners import NOBODY, Listeners
from core.log import get_logger
from core.scheduling.attendance import Watch
from core.wakeup import Wakeup
from core.work_loop import work_in_rounds

_SQL = named_sql("coverage")
# A number of our own, so that the lock meets no other program's.
_LOCK = 0x746F6362
_EVERY_SECONDS = 5.0
REGIONS_A_ROUND = 500
# Findings that waited for the database, and looks of a dead worker that another takes over, come first.
PATIENCE = timedelta(seconds=10)

log = get_logger(__name__)


class CoverageSweep:
    """One of it works at a time, over all workers; another takes over when that one ends."""

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        listeners: Listeners = NOBODY,
    ) -> None:
        self._database = database
        self._clock = clock
        self._listeners = listeners
        self._watch = Watch()

    async def run(self, stopping: asyncio.Event) -> None:
        """Sweep until `stopping` is set."""
        await work_in_rounds(
            self.step,
            name="coverage_sweep",
            wakeup=Wakeup(),
            stopping=stopping,
            poll_seconds=_EVERY_SECONDS,
        )

    async def step(self) -> int:
        """Do one round; return how many regions of monitors were found blind.

        Whoever was away himself, or without the database, is patient at first: others may have seen something.
        """
        found, judged = await self._database.in_transaction(self._sweep)
        self._listeners.tell(judged)
        if found:
            log.info("coverage.ended", regions=found, changes=judged.events)
        return found

    async def _sweep(self, connection: Connection) -> tuple[int, Judged]:
        """Return how many regions of monitors were found blind, and what followed."""
        now = self._clock.now()
        if now - self._watch.look(now) < PATIENCE:
            return 0, Judged()
        if not await connection.fetchval(_SQL["lock_coverage_sweep"], _LOCK):
            return 0, Judged()
        rows = await connection.fetch(_SQL["give_up"], now - PATIENCE, REGIONS_A_ROUND)
        return len(rows), await judge(connection, {row["monitor_id"] for row in rows}, now=now)
