"""What every face does with a request: hold it to its workspace's plan, and count it."""

from __future__ import annotations

import asyncio
from uuid import UUID

import asyncpg

from core.access.plans import TERMS, Plan
from core.access.principal import Principal
from core.clock import Clock
from core.db.absence import CONNECTION_ERRORS
from core.db.database import Database
from core.usage.quota import HOUR, Quota, hour_of
from core.usage.request_quota import RequestQuota
from core.usage.usage_log import PING, UsageLog
from core.work_loop import tell_of_repeat


class Requests:
    """One for each API process; the quota holds over all of them."""

    def __init__(self, *, database: Database, clock: Clock) -> None:
        self._clock = clock
        self._log = UsageLog(database=database)
        self.quota = RequestQuota(database=database, clock=clock)

    async def admit(self, principal: Principal) -> Quota:
        """Take one request from the principal's workspace and return what is left; raise QuotaExhausted."""
        return await self.quota.spend(principal.workspace_id, TERMS[principal.plan].requests_per_hour)

    def standing(self, principal: Principal | None) -> Quota:
        """Return what is left, as far as this process has heard, and take nothing; of nobody, what the least plan has."""
        limit = TERMS[Plan.FREE if principal is None else principal.plan].requests_per_hour
        if principal is None:
            return Quota(limit=limit, remaining=limit, resets_at=hour_of(self._clock.now()) + HOUR)
        return self.quota.standing(principal.workspace_id, limit)

    def note(self, principal: Principal, operation: str) -> None:
        """Count a request that was admitted: an operation of ours, or the template of a route."""
        self._log.note(principal.workspace_id, operation, self._clock.now())

    def note_ping(self, workspace_id: UUID) -> None:
        """Count a ping, which is never refused for quota but counts in it."""
        self._log.note(workspace_id, PING, self._clock.now())

    async def settle(self) -> None:
        """Store what this process has counted, so that a reading holds it; without a database, go on."""
        try:
            await self._log.store()
        except (asyncpg.PostgresError, *CONNECTION_ERRORS) as error:
            tell_of_repeat("usage.not_stored", error)

    async def run(self, stopping: asyncio.Event) -> None:
        """Store what is counted until `stopping` is set."""
        await self._log.run(stopping)
