"""Spends an hour's requests: taken from the database in chunks, and handed out here without asking it.

What a process that ends held unspent is lost to the others until the hour is over: a fiftieth at most.
"""

from __future__ import annotations

import asyncio
from datetime import datetime
from uuid import UUID

import asyncpg

from core.clock import Clock
from core.db.absence import CONNECTION_ERRORS
from core.db.database import Connection, Database
from core.db.named_sql import named_sql
from core.errors import QuotaExhausted
from core.usage.quota import HOUR, Quota, chunk, hour_of
from core.work_loop import tell_of_repeat

_SQL = named_sql("request_usage")
# A database that is slow or away must not hold up a request.
_LONGEST_WAIT_SECONDS = 1.0


async def give_up_leases(connection: Connection, workspace_id: UUID, now: datetime) -> None:
    """Take of this hour only what was made in it, inside the transaction that changes the workspace's plan.

    What processes hold unspent was measured by the plan before: of a larger one it may be more than the new one has.
    Each of them gives it up when it hears of the new plan.
    """
    await connection.execute(_SQL["take_only_what_was_made"], workspace_id, hour_of(now))


class _Lease:
    """What this process holds of one workspace's hour.

    `leased` is what all processes have taken, as last heard; `owed`, what was handed out while the database was
    away, and is still to be taken there.
    """

    __slots__ = ("is_exhausted", "leased", "left", "limit", "lock", "owed")

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.left = self.leased = self.owed = 0
        self.is_exhausted = False
        self.lock = asyncio.Lock()


class RequestQuota:
    """The quotas of all workspaces, as one process spends them."""

    def __init__(self, *, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._hour = hour_of(clock.now())
        self._ends_at = self._hour + HOUR
        self._leases: dict[UUID, _Lease] = {}

    async def spend(self, workspace_id: UUID, limit: int) -> Quota:
        """Take one request and return what is left; raise QuotaExhausted if nothing is.

        Nobody is refused for a database that is away: requests are counted here and taken there later.
        """
        lease = self._lease(workspace_id, limit)
        while not lease.left and not lease.is_exhausted:
            async with lease.lock:
                if not lease.left and not lease.is_exhausted:
                    await self._refill(workspace_id, lease)
        if not lease.left:
            raise self._exhausted(limit)
        lease.left -= 1
        return _quota(lease, lease.leased, self._ends_at)

    def standing(self, workspace_id: UUID, limit: int, leased: int | None = None) -> Quota:
        """Return what a workspace has left, if `leased` is what all processes have taken; spend nothing.

        None is what this process last heard of it.
        """
        lease = self._leases.get(workspace_id)
        now = self._clock.now()
        is_current = lease is not None and lease.limit == limit and self._hour <= now < self._ends_at
        held = lease if is_current and lease is not None else _Lease(limit)
        return _quota(held, held.leased if leased is None else leased, hour_of(now) + HOUR)

    def _lease(self, workspace_id: UUID, limit: int) -> _Lease:
        """Return this hour's lease; with another limit, what was taken under the old one is given up."""
        now = self._clock.now()
        if not self._hour <= now < self._ends_at:
            self._hour = hour_of(now)
            self._ends_at = self._hour + HOUR
            self._leases.clear()
        lease = self._leases.get(workspace_id)
        if lease is None or lease.limit != limit:
            lease = self._leases[workspace_id] = _Lease(limit)
        return lease

    async def _refill(self, workspace_id: UUID, lease: _Lease) -> None:
        if not self._database.reach.is_lost:
            try:
                async with asyncio.timeout(_LONGEST_WAIT_SECONDS):
                    await self._take(workspace_id, lease, self._hour)
                    return
            except (asyncpg.PostgresError, *CONNECTION_ERRORS) as error:
                tell_of_repeat("quota.not_taken", error, workspace=str(workspace_id))
        lease.left = chunk(lease.limit, 0)
        lease.owed += lease.left

    async def _take(self, workspace_id: UUID, lease: _Lease, hour: datetime) -> None:
        owed = lease.owed
        async with self._database.acquire() as connection:
            row = await connection.fetchrow(_SQL["take_requests"], workspace_id, hour, lease.limit, owed)
        if row is None:
            raise AssertionError("an upsert returns its row")
        lease.owed -= owed
        lease.leased, lease.left = row["leased"], row["granted"]
        lease.is_exhausted = not lease.left

    def _exhausted(self, limit: int) -> QuotaExhausted:
        wait_seconds = (self._ends_at - self._clock.now()).total_seconds()
        return QuotaExhausted(limit=limit, resets_at=self._ends_at, retry_after_seconds=wait_seconds)


def _quota(lease: _Lease, leased: int, resets_at: datetime) -> Quota:
    remaining = max(0, lease.limit - leased - lease.owed) + lease.left
    return Quota(limit=lease.limit, remaining=min(lease.limit, remaining), resets_at=resets_at)
