"""Whatever must happen later happens here: timers whose time has come, each in a transaction of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta

import asyncpg

from core.alerting.timer import DueTimer
from core.clock import Clock
from core.db.absence import CONNECTION_ERRORS
from core.db.database import Connection, Database
from core.db.named_sql import named_sql
from core.errors import Contended
from core.log import get_logger
from core.wakeup import Wakeup
from core.work_loop import work_in_rounds

# Takes the transaction's connection, the timer and now; returns whether the timer is done with.
TimerHandler = Callable[[Connection, DueTimer, datetime], Awaitable[bool]]

TRY_AGAIN_AFTER = timedelta(seconds=5)
TRY_AGAIN_AFTER_FAULT = timedelta(minutes=1)

_SQL = named_sql("timers")

log = get_logger(__name__)


class Timers:
    """Fires due timers of the kinds that have a handler. Any number of processes may work on one database.

    `wakeup` is there to be set; `deliveries` is set here after a timer fired.
    """

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        handlers: Mapping[str, TimerHandler],
        deliveries: Wakeup | None = None,
    ) -> None:
        self.wakeup = Wakeup()
        self._database = database
        self._clock = clock
        self._handlers = dict(handlers)
        self._deliveries = Wakeup() if deliveries is None else deliveries

    async def run(self, stopping: asyncio.Event) -> None:
        """Work until `stopping` is set; a timer being fired is finished."""
        await work_in_rounds(self.step, name="timers", wakeup=self.wakeup, stopping=stopping)

    async def step(self) -> int:
        """Fire one due timer; return how many were taken."""
        await self._clock.settled()
        now = self._clock.now()
        timer: DueTimer | None = None

        async def fire(connection: Connection) -> None:
            nonlocal timer
            row = await connection.fetchrow(_SQL["take_due_timer"], now, list(self._handlers))
            timer = None if row is None else _due_timer(row)
            if timer is not None:
                await self._fire(connection, timer, now)

        try:
            await self._database.in_transaction(fire)
        except (*CONNECTION_ERRORS, Contended):
            raise
        except Exception:
            if timer is None:
                raise
            await self._put_off(timer, now)
        if timer is None:
            return 0
        self._deliveries.set()
        return 1

    async def _fire(self, connection: Connection, timer: DueTimer, now: datetime) -> None:
        is_done = await self._handlers[timer.kind](connection, timer, now)
        if is_done:
            await connection.execute(_SQL["remove_timer"], timer.workspace_id, timer.id)
        else:
            await connection.execute(_SQL["move_timer"], timer.workspace_id, timer.id, now + TRY_AGAIN_AFTER)

    async def _put_off(self, timer: DueTimer, now: datetime) -> None:
        """Let a timer that cannot be fired wait, so that it does not keep the others."""
        log.exception("timer.failed", kind=timer.kind, subject=str(timer.subject_id))
        async with self._database.acquire() as connection:
            await connection.execute(
                _SQL["move_timer"], timer.workspace_id, timer.id, now + TRY_AGAIN_AFTER_FAULT
            )


def _due_timer(row: asyncpg.Record) -> DueTimer:
    return DueTimer(
        id=row["id"],
        workspace_id=row["workspace_id"],
        kind=row["kind"],
        subject_id=row["subject_id"],
        details=row["details"],
    )
