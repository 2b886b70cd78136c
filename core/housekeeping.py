"""Keeps the database in order: partitions made ahead, and what nobody needs any more removed in small batches."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from core.access.session_life import ABSOLUTE, IDLE
from core.audit.reading import KEPT as AUDIT_KEPT
from core.clock import Clock
from core.db.database import Connection, Database
from core.db.named_sql import named_sql
from core.db.partitions import make_partitions
from core.log import get_logger
from core.usage.quota import HOUR
from core.usage.usage_log import HOURS_KEPT, MINUTES_KEPT
from core.wakeup import Wakeup
from core.work_loop import work_in_rounds

log = get_logger(__name__)

_SQL = named_sql("housekeeping")
# A number of our own, so that the lock meets no other program's.
_LOCK = 0x746F6368
_EVERY_SECONDS = 60.0
_MOST_ROWS = 2000
_PARTITIONS_EVERY = timedelta(hours=1)
EVENTS_KEPT = timedelta(days=14)
WORKERS_KEPT = timedelta(days=7)
# Long enough for whatever was leased or in flight at the deletion.
DELETED_KEPT = timedelta(hours=1)
_REQUESTS_KEPT = {
    "purge_request_minutes": MINUTES_KEPT,
    "purge_request_hours": HOURS_KEPT,
    "purge_request_quotas": 2 * HOUR,
}
# A while in which whoever comes back is told that his session has expired.
SIGNED_OUT_KEPT = timedelta(days=1)
_LARGE_TABLES = ("purge_checks", "purge_check_details", "purge_pings", "purge_status_intervals")


class Housekeeping:
    """One of it works at a time, over all workers; another takes over when that one ends."""

    def __init__(self, *, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._partitions_at: datetime | None = None

    async def run(self, stopping: asyncio.Event) -> None:
        """Keep house until `stopping` is set."""
        await work_in_rounds(
            self.step, name="housekeeping", wakeup=Wakeup(), stopping=stopping, poll_seconds=_EVERY_SECONDS
        )

    async def step(self) -> int:
        """Do one small piece of each kind of work; return how many rows went."""
        rows = 0
        for work in (
            self._partitions,
            self._events,
            self._workers,
            self._requests,
            self._signed_out,
            self._audited,
            self._deleted_monitor,
        ):
            rows += await self._alone(work)
        return rows

    async def _alone(self, work: Callable[[Connection, datetime], Awaitable[int]]) -> int:
        async with self._database.acquire() as connection, connection.transaction():
            if not await connection.fetchval(_SQL["lock_housekeeping"], _LOCK):
                return 0
            return await work(connection, self._clock.now())

    async def _partitions(self, connection: Connection, now: datetime) -> int:
        if self._partitions_at is None or now - self._partitions_at >= _PARTITIONS_EVERY:
            made = await make_partitions(connection, now)
            self._partitions_at = now
            if made:
                log.info("partitions.made", names=made)
        return 0

    async def _events(self, connection: Connection, now: datetime) -> int:
        purged: int = await connection.fetchval(_SQL["purge_events"], now - EVENTS_KEPT, _MOST_ROWS)
        if purged:
            await connection.execute(_SQL["purge_epochs"])
        return purged

    async def _workers(self, connection: Connection, now: datetime) -> int:
        return _count(await connection.execute(_SQL["purge_workers"], now - WORKERS_KEPT))

    async def _requests(self, connection: Connection, now: datetime) -> int:
        """Forget counted requests, each kind a batch."""
        removed = 0
        for name, kept in _REQUESTS_KEPT.items():
            removed += _count(await connection.execute(_SQL[name], now - kept, _MOST_ROWS))
        return removed

    async def _signed_out(self, connection: Connection, now: datetime) -> int:
        """Remove sessions and resets that have expired, and the buckets of attempts long ago."""
        before = now - SIGNED_OUT_KEPT
        expired = before - ABSOLUTE, before - IDLE
        gone = _count(await connection.execute(_SQL["purge_sessions"], *expired, _MOST_ROWS))
        gone += _count(await connection.execute(_SQL["purge_password_resets"], before))
        return gone + _count(await connection.execute(_SQL["purge_attempts"], now, _MOST_ROWS))

    async def _audited(self, connection: Connection, now: datetime) -> int:
        return _count(await connection.execute(_SQL["purge_audit_entries"], now - AUDIT_KEPT, _MOST_ROWS))

    async def _deleted_monitor(self, connection: Connection, now: datetime) -> int:
        """Remove a batch of rows of one deleted monitor: the large tables first, the monitor itself last."""
        monitor = await connection.fetchrow(_SQL["next_deleted_monitor"], now - DELETED_KEPT)
        if monitor is None:
            return 0
        key = monitor["workspace_id"], monitor["id"]
        for name in _LARGE_TABLES:
            removed = _count(await connection.execute(_SQL[name], *key, _MOST_ROWS))
            if removed:
                return removed
        return _count(await connection.execute(_SQL["purge_monitor"], *key))


def _count(command_tag: str) -> int:
    """Return the number of rows of a DELETE, from what the server said of it: `DELETE 12`."""
    return int(command_tag.rpartition(" ")[2])
