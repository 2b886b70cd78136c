"""Counts what requests were made, in memory; stored in batches, beside them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TypeAlias
from uuid import UUID

from core.db.database import Database
from core.db.named_sql import named_sql
from core.wakeup import Wakeup
from core.work_loop import work_in_rounds

_SQL = named_sql("request_usage")

STORED_EVERY_SECONDS = 5.0
MOST_ROWS_IN_STATEMENT = 1_000
# Beyond this a database is away for long: what is counted from then on keeps its hour alone.
MOST_COUNTS = 50_000
# How long what was counted is kept by the minute, and by the hour.
MINUTES_KEPT = timedelta(days=1, hours=1)
HOURS_KEPT = timedelta(days=30, hours=1)
PING = "ping"
OTHER = "other"

_MINUTE_SECONDS = 60
_HOUR_SECONDS = 3600

# Workspace, the Unix time at which the minute begins, operation.
_Count: TypeAlias = tuple[UUID, int, str]


class UsageLog:
    """Counts by workspace, minute and operation."""

    def __init__(self, *, database: Database) -> None:
        self._database = database
        self._counts: dict[_Count, int] = {}
        self._storing = asyncio.Lock()

    def note(self, workspace_id: UUID, operation: str, now: datetime, requests: int = 1) -> None:
        """Count requests. `operation` is one of few names of ours, never a caller's text."""
        seconds = int(now.timestamp())
        self._add((workspace_id, seconds - seconds % _MINUTE_SECONDS, operation), requests)

    def _add(self, count: _Count, requests: int) -> None:
        counts = self._counts
        if count not in counts and len(counts) >= MOST_COUNTS:
            workspace_id, minute, _ = count
            count = (workspace_id, minute - minute % _HOUR_SECONDS, OTHER)
        counts[count] = counts.get(count, 0) + requests

    async def store(self) -> int:
        """Store what was counted and return how many rows that made; what could not be stored is kept."""
        async with self._storing:
            stored = 0
            while self._counts:
                batch = self._taken()
                try:
                    await self._store(batch)
                except BaseException:
                    for count, requests in batch.items():
                        self._add(count, requests)
                    raise
                stored += len(batch)
            return stored

    def _taken(self) -> dict[_Count, int]:
        if len(self._counts) <= MOST_ROWS_IN_STATEMENT:
            batch, self._counts = self._counts, {}
            return batch
        counts = [self._counts.popitem() for _ in range(MOST_ROWS_IN_STATEMENT)]
        return dict(counts)

    async def _store(self, batch: Mapping[_Count, int]) -> None:
        workspaces, minutes, operations = zip(*batch, strict=True)
        moments = [datetime.fromtimestamp(minute, UTC) for minute in minutes]
        async with self._database.acquire() as connection:
            await connection.execute(
                _SQL["store_usage"], workspaces, moments, operations, list(batch.values()), PING
            )

    async def run(self, stopping: asyncio.Event) -> None:
        """Store now and then until `stopping` is set, and once more at the end."""

        async def step() -> int:
            await self.store()
            return 0

        await work_in_rounds(
            step, name="usage", wakeup=Wakeup(), stopping=stopping, poll_seconds=STORED_EVERY_SECONDS
        )
        if not self._database.reach.is_lost:
            await self.store()
