"""Creates, changes, pauses and deletes monitors, one at a time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from uuid import UUID

import asyncpg

from core.access.permission import require
from core.access.plans import Allowance, Capability
from core.access.principal import Principal, TokenPermission, TokenScope
from core.access.project_scope import require_device
from core.access.reading import allowance_of, fitting_allowance_of
from core.audit.action import AuditAction
from core.audit.change import AuditedChange, updated
from core.audit.recording import record, record_all
from core.audit.redaction import Hidden
from core.clock import Clock
from core.db.database import Connection, Database
from core.db.named_sql import named_sql
from core.errors import Conflict, NotFound
from core.heartbeats.tokens import rotate_heartbeat
from core.ids import Prefix, decode_id
from core.monitors.definition import DefinitionRules, MonitorDefinition, definition_of
from core.monitors.monitor_input import CreateMonitor, UpdateMonitor
from core.monitors.monitor_life import MonitorLife, tell_change
from core.monitors.monitor_update import MonitorUpdate, begin_accepted
from core.monitors.monitor_view import MonitorViews, paused_view
from core.monitors.reception import AcceptedMonitor, Reception, present_monitor
from core.monitors.workspace_lock import lock_workspace
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
        self._views = MonitorViews(registry=registry)
        self._life = life
        self._clock = clock

    async def create(self, principal: Principal, wanted: CreateMonitor) -> UUID:
        """Make a monitor, due at once; raise InvalidInput with all that is wrong with the input.

        Raises ProjectScopeForbidden for a project that is not in sight, and WriteLocked, OverLimit or PremiumRequired where the plan does not allow it.
        """
        require(principal, _SCOPE, TokenPermission.WRITE)

        async def create(connection: Connection) -> UUID:
            now = self._clock.now()
            # Held until the commit: of two who make the last monitor at once, the second counts the first's.
            await lock_workspace(connection, principal.workspace_id)
            allowance = await fitting_allowance_of(connection, principal.workspace_id, now)
            accepted = await self._reception(connection, principal).of_new(wanted)
            allowance.require_one_more_monitor()
            _require_definition(allowance, accepted, None)
            return await begin_accepted(
                connection, principal, accepted, life=self._life, views=self._views, now=now
            )

        return await self._database.in_transaction(create)

    async def update(self, principal: Principal, wanted: UpdateMonitor) -> UUID:
        """Change a monitor; raise NotFound, Conflict of a stale revision or of no address to rotate, or InvalidInput.

        A change of the probe's kind or configuration begins the monitor anew. What changes nothing stores nothing.
        Raises WriteLocked, OverLimit or PremiumRequired where the plan does not allow it; a workspace that is
        locked may still look less often. What is not in sight is a DeviceScopeForbidden, and a project to move to
        a ProjectScopeForbidden.
        """
        require(principal, _SCOPE, TokenPermission.WRITE)

        async def update(connection: Connection) -> UUID:
            # Whoever changes tags or project holds the workspace first of all.
            if wanted.tags is not UNSET or wanted.project_id is not UNSET:
                await lock_workspace(connection, principal.workspace_id)
            allowance = await allowance_of(connection, principal.workspace_id, self._clock.now())
            row = await _lock(connection, principal, wanted.id)
            require_revision(wanted.revision, row["revision"])
            if not _only_slows_down(wanted, row):
                allowance.require_fit()
            present = await present_monitor(connection, row)
            accepted = await self._reception(connection, principal).of_update(wanted, present)
            _require_definition(allowance, accepted, present.definition)
            if wanted.rotates_heartbeat_url:
                # Before what follows from the rest: heartbeats are locked before statuses.
                await self._rotate(connection, principal, row)
            now = self._clock.now()
            change = MonitorUpdate(
                connection=connection, actor=principal, present=present, accepted=accepted, now=now
            )
            await change.store(self._life, self._views)
            return present.id

        return await self._database.in_transaction(update)

    async def delete(self, principal: Principal, monitor_id: str) -> UUID:
        """Delete a monitor: its incidents end, its leases, heartbeat and pending deliveries too."""
        require(principal, _SCOPE, TokenPermission.DELETE)

        async def delete(connection: Connection) -> UUID:
            await lock_workspace(connection, principal.workspace_id)
            now = self._clock.now()
            row = await _lock(connection, principal, monitor_id)
            changes = await self._views.deletions(connection, principal.workspace_id, [row])
            await self._life.end(connection, principal.workspace_id, [row["id"]], now)
            await record_all(connection, principal, changes, now)
            deleted_id: UUID = row["id"]
            return deleted_id

        return await self._database.in_transaction(delete)

    async def pause(self, principal: Principal, monitor_id: str) -> UUID:
        """Pause a monitor; one that is paused stays as it is."""

        async def pause(connection: Connection, row: asyncpg.Record) -> None:
            if row["paused_at"] is None:
                await self._pause(connection, principal, row)

        return await self._with_locked(principal, monitor_id, pause)

    async def resume(self, principal: Principal, monitor_id: str) -> UUID:
        """Resume a monitor, due at once; one that runs stays as it is.

        Raises WriteLocked, or OverLimit if the plan does not allow to look as often by now.
        """

        async def resume(connection: Connection, row: asyncpg.Record) -> None:
            if row["paused_at"] is not None:
                await self._resume(connection, principal, row)

        return await self._with_locked(principal, monitor_id, resume)

    async def toggle_pause(self, principal: Principal, monitor_id: str) -> bool:
        """Pause a monitor that runs, resume one that is paused; return whether it is paused now.

        Of two who ask at once, the second undoes what the first did. Raises what `resume` does.
        """
        is_paused = False

        async def toggle(connection: Connection, row: asyncpg.Record) -> None:
            nonlocal is_paused
            is_paused = row["paused_at"] is None
            change = self._pause if is_paused else self._resume
            await change(connection, principal, row)

        await self._with_locked(principal, monitor_id, toggle)
        return is_paused

    async def rotate_heartbeat_url(self, principal: Principal, monitor_id: str) -> UUID:
        """Give a heartbeat a new address; raise Conflict if the monitor's kind is not PASSIVE."""

        async def rotate(connection: Connection, row: asyncpg.Record) -> None:
            await self._rotate(connection, principal, row)

        return await self._with_locked(principal, monitor_id, rotate)

    async def _rotate(self, connection: Connection, principal: Principal, row: asyncpg.Record) -> None:
        if not row["is_passive"]:
            raise Conflict("the monitor is not pinged: it has no heartbeat url", path=("id",))
        now = self._clock.now()
        workspace_id = principal.workspace_id
        await rotate_heartbeat(connection, workspace_id=workspace_id, monitor_id=row["id"])
        await connection.execute(_SQL["touch_monitors"], workspace_id, [row["id"]], now)
        await tell_change(connection, workspace_id, [row["id"]], "UPDATED", now)
        await record(connection, principal, _rotated(row), now)

    async def _pause(self, connection: Connection, principal: Principal, row: asyncpg.Record) -> None:
        now = self._clock.now()
        await self._life.pause(connection, row, now)
        await record(connection, principal, _paused(AuditAction.MONITOR_PAUSED, row, is_paused=True), now)

    async def _resume(self, connection: Connection, principal: Principal, row: asyncpg.Record) -> None:
        now = self._clock.now()
        allowance = await fitting_allowance_of(connection, principal.workspace_id, now)
        probe = definition_of(row).probe
        if not probe.is_passive:
            allowance.require_interval(row["interval_seconds"])
        await self._life.resume(connection, row, probe, now)
        await record(connection, principal, _paused(AuditAction.MONITOR_RESUMED, row, is_paused=False), now)

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

    def _reception(self, connection: Connection, principal: Principal) -> Reception:
        rules = DefinitionRules(registry=self._registry)
        return Reception(connection=connection, principal=principal, rules=rules)


def _paused(action: AuditAction, row: asyncpg.Record, *, is_paused: bool) -> AuditedChange:
    return updated(action, row["id"], paused_view(is_paused=not is_paused), paused_view(is_paused=is_paused))


def _rotated(row: asyncpg.Record) -> AuditedChange:
    """Return that there is another address: which it was, and is, is nobody's business here."""
    before, after = ({"heartbeat": {"pingUrl": Hidden(age)}} for age in ("old", "new"))
    return updated(AuditAction.MONITOR_HEARTBEAT_URL_ROTATED, row["id"], before, after)


def _only_slows_down(wanted: UpdateMonitor, row: asyncpg.Record) -> bool:
    """Tell whether all that is wanted is a longer interval."""
    interval = wanted.interval_seconds
    if not isinstance(interval, int) or row["interval_seconds"] is None:
        return False
    slower = UpdateMonitor(id=wanted.id, interval_seconds=interval, revision=wanted.revision)
    return wanted == slower and interval > row["interval_seconds"]


def _require_definition(
    allowance: Allowance, accepted: AcceptedMonitor, present: MonitorDefinition | None
) -> None:
    """Raise OverLimit or PremiumRequired for what the plan does not allow; what is there already may stay."""
    wanted, before = accepted.definition, None if present is None else present.probe
    interval = wanted.timing.interval_seconds
    for field in wanted.probe.newly_asserts(before):
        allowance.require_capability(Capability.ASSERTIONS, "probe", wanted.probe.kind, field)
    if wanted.probe.is_passive:
        if before is None or not before.is_passive:
            allowance.require_capability(Capability.HEARTBEATS, "probe")
    elif (
        present is None or before is None or before.is_passive or interval != present.timing.interval_seconds
    ):
        allowance.require_interval(interval)


async def _lock(connection: Connection, principal: Principal, public_id: str) -> asyncpg.Record:
    monitor_id = decode_id(Prefix.MONITOR, public_id)
    row = await connection.fetchrow(_SQL["lock_monitor"], principal.workspace_id, monitor_id)
    if row is None:
        raise NotFound("monitor not found", path=("id",))
    require_device(principal, row["project_id"], "id")
    return row
