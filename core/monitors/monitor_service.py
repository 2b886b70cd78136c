"""Creates, changes, pauses and deletes monitors, one at a time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from uuid import UUID

import asyncpg

from core.access.permission import require
from core.access.plans import LEAST_INTERVAL_SECONDS, Plan
from core.access.principal import Principal, TokenPermission, TokenScope
from core.clock import Clock
from core.db.database import Connection, Database
from core.db.named_sql import named_sql
from core.errors import Conflict, NotFound
from core.heartbeats.tokens import rotate_heartbeat
from core.ids import Prefix, decode_id
from core.monitors.definition import DefinitionRules, definition_of
from core.monitors.monitor_input import CreateMonitor, UpdateMonitor
from core.monitors.monitor_life import MonitorLife, tell_change
from core.monitors.monitor_update import MonitorUpdate, begin_accepted
from core.monitors.reception import Reception, present_monitor
from core.monitors.workspace_lock import lock_workspace, workspace_plan
from core.plugin_registry import PluginRegistry
from core.revision import require_revision
from core.unset import UNSET

_SQL = named_sql("monitors")
_SCOPE = TokenScope.UPTIME_CHECKS


class MonitorService:
    """Permission, validation, storage; each method returns the id of the monitor it changed."""

    def __init__(
        self, *, database: Database, registry: PluginRegistry, life: MonitorLife, clock: Clock
    ) -> None:
        self._database = database
        self._registry = registry
        self._life = life
        self._clock = clock

    async def create(self, principal: Principal, wanted: CreateMonitor) -> UUID:
        """Make a monitor, due at once; raise InvalidInput with all that is wrong with the input."""
        require(principal, _SCOPE, TokenPermission.WRITE)

        async def create(connection: Connection) -> UUID:
            now = self._clock.now()
            reception = await self._reception(connection, principal, wanted)
            accepted = await reception.of_new(wanted)
            return await begin_accepted(connection, principal.workspace_id, accepted, self._life, now)

        return await self._database.in_transaction(create)

    async def update(self, principal: Principal, wanted: UpdateMonitor) -> UUID:
        """Change a monitor; raise NotFound, Conflict of a stale revision, or InvalidInput.

        A change of the probe's kind or configuration begins the monitor anew. What changes nothing stores nothing.
        """
        require(principal, _SCOPE, TokenPermission.WRITE)

        async def update(connection: Connection) -> UUID:
            reception = await self._reception(connection, principal, wanted)
            row = await _lock(connection, principal, wanted.id)
            require_revision(wanted.revision, row["revision"])
            present = await present_monitor(connection, row)
            change = MonitorUpdate(
                connection=connection,
                present=present,
                accepted=await reception.of_update(wanted, present),
                now=self._clock.now(),
            )
            await change.store(self._life)
            monitor_id: UUID = row["id"]
            return monitor_id

        return await self._database.in_transaction(update)

    async def delete(self, principal: Principal, monitor_id: str) -> UUID:
        """Delete a monitor: its incidents end, its leases, heartbeat and pending deliveries too."""
        require(principal, _SCOPE, TokenPermission.DELETE)

        async def delete(connection: Connection) -> UUID:
            await lock_workspace(connection, principal.workspace_id)
            row = await _lock(connection, principal, monitor_id)
            await self._life.end(connection, principal.workspace_id, [row["id"]], self._clock.now())
            deleted_id: UUID = row["id"]
            return deleted_id

        return await self._database.in_transaction(delete)

    async def pause(self, principal: Principal, monitor_id: str) -> UUID:
        """Pause a monitor; one that is paused stays as it is."""

        async def pause(connection: Connection, row: asyncpg.Record) -> None:
            if row["paused_at"] is None:
                await self._life.pause(connection, row, self._clock.now())

        return await self._with_locked(principal, monitor_id, pause)

    async def resume(self, principal: Principal, monitor_id: str) -> UUID:
        """Resume a monitor, due at once; one that runs stays as it is."""

        async def resume(connection: Connection, row: asyncpg.Record) -> None:
            if row["paused_at"] is not None:
                probe = definition_of(row).probe
                await self._life.resume(connection, row, probe, self._clock.now())

        return await self._with_locked(principal, monitor_id, resume)

    async def rotate_heartbeat_url(self, principal: Principal, monitor_id: str) -> UUID:
        """Give a heartbeat a new address; raise Conflict if the monitor's kind is not PASSIVE."""

        async def rotate(connection: Connection, row: asyncpg.Record) -> None:
            if not row["is_passive"]:
                raise Conflict("the monitor is not pinged: it has no heartbeat url", path=("id",))
            now = self._clock.now()
            workspace_id = principal.workspace_id
            await rotate_heartbeat(connection, workspace_id=workspace_id, monitor_id=row["id"])
            await connection.execute(_SQL["touch_monitors"], workspace_id, [row["id"]], now)
            await tell_change(connection, workspace_id, [row["id"]], "UPDATED", now)

        return await self._with_locked(principal, monitor_id, rotate)

    async def _with_locked(
        self,
        principal: Principal,
        monitor_id: str,
        change: Callable[[Connection, asyncpg.Record], Awaitable[None]],
    ) -> UUID:
        require(principal, _SCOPE, TokenPermission.WRITE)

        async def lock_and_change(connection: Connection) -> UUID:
            row = await _lock(connection, principal, monitor_id)
            await change(connection, row)
            changed_id: UUID = row["id"]
            return changed_id

        return await self._database.in_transaction(lock_and_change)

    async def _reception(
        self, connection: Connection, principal: Principal, wanted: CreateMonitor | UpdateMonitor
    ) -> Reception:
        """Return what judges the input; whoever changes tags or project holds the workspace first of all."""
        is_alone = wanted.tags is UNSET and wanted.project_id is UNSET
        read_plan = workspace_plan if is_alone else lock_workspace
        plan = Plan(await read_plan(connection, principal.workspace_id))
        rules = DefinitionRules(registry=self._registry, least_interval_seconds=LEAST_INTERVAL_SECONDS[plan])
        return Reception(connection=connection, workspace_id=principal.workspace_id, rules=rules)


async def _lock(connection: Connection, principal: Principal, public_id: str) -> asyncpg.Record:
    monitor_id = decode_id(Prefix.MONITOR, public_id)
    row = await connection.fetchrow(_SQL["lock_monitor"], principal.workspace_id, monitor_id)
    if row is None:
        raise NotFound("monitor not found", path=("id",))
    return row
