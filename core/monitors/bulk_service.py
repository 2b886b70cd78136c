"""What is asked of several monitors at once: to be looked at now, and to wear tags."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import asyncpg

from core.access.permission import require
from core.access.plans import Capability
from core.access.principal import Principal, TokenPermission, TokenScope
from core.access.project_scope import require_device
from core.access.reading import fitting_allowance_of
from core.audit.action import AuditAction
from core.audit.change import AuditedChange, done, updated
from core.audit.recording import record_all
from core.clock import Clock
from core.db.database import Connection, Database
from core.db.named_sql import named_sql
from core.errors import Conflict, NotFound, RateLimited
from core.ids import Prefix, decode_id
from core.issues import Issues
from core.monitors.monitor_input import CheckNow, SetTags
from core.monitors.monitor_life import tell_change
from core.monitors.monitor_tags import TagChanges, add_tags, remove_tags, replace_tags
from core.monitors.monitor_view import tags_view
from core.monitors.tag_names import tag_names
from core.monitors.workspace_lock import lock_workspace
from core.scheduling.leases import check_now

CHECK_OF_ALL_EVERY = timedelta(minutes=1)

_SQL = named_sql("monitors")


class BulkService:
    """Permission, validation, storage; each method returns the ids of the monitors it was asked for."""

    def __init__(self, *, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def check_now(self, principal: Principal, wanted: CheckNow) -> tuple[UUID, ...]:
        """Make monitors due at once.

        Of the named ones a paused or PASSIVE one is a Conflict. Without names all but these are meant, at most
        once a minute a workspace: then RateLimited. Whoever is confined to projects means those in sight, and takes
        the workspace's turn all the same. Raises WriteLocked, or PremiumRequired where the plan lacks it.
        """
        require(principal, TokenScope.UPTIME_CHECKS, TokenPermission.WRITE)

        async def make_due(connection: Connection) -> tuple[UUID, ...]:
            now = self._clock.now()
            allowance = await fitting_allowance_of(connection, principal.workspace_id, now)
            is_for_all = wanted.monitor_ids is None
            allowance.require_capability(Capability.CHECK_ALL if is_for_all else Capability.CHECK_NOW)
            if wanted.monitor_ids is None:
                monitor_ids = await _all_to_check(connection, principal, now)
            else:
                monitor_ids = await _named_to_check(connection, principal, wanted.monitor_ids)
            await check_now(connection, principal.workspace_id, monitor_ids, now=now)
            checked = done(AuditAction.WORKSPACE_CHECKED, principal.workspace_id)
            named = [done(AuditAction.MONITOR_CHECKED, monitor_id) for monitor_id in monitor_ids]
            await record_all(connection, principal, [checked] if is_for_all else named, now)
            return monitor_ids

        return await self._database.in_transaction(make_due)

    async def set_tags(self, principal: Principal, wanted: SetTags) -> tuple[UUID, ...]:
        """Give monitors tags and take others: all of them, or none.

        Raises NotFound or DeviceScopeForbidden for the first id that is unknown or not in sight.
        """
        require(principal, TokenScope.UPTIME_CHECKS, TokenPermission.WRITE)
        issues = Issues()
        monitor_ids = _decoded(wanted.monitor_ids, issues)
        tags = _tags_of(wanted, issues)
        issues.raise_if_any()
        workspace_id = principal.workspace_id

        async def change_tags(connection: Connection) -> tuple[UUID, ...]:
            now = self._clock.now()
            await lock_workspace(connection, workspace_id)
            allowance = await fitting_allowance_of(connection, workspace_id, now)
            if len(monitor_ids) > 1:
                allowance.require_capability(Capability.BULK_TAGS, "monitorIds")
            rows = await connection.fetch(_SQL["lock_monitors"], workspace_id, list(monitor_ids.values()))
            _require_in_sight(principal, monitor_ids, {row["id"]: row for row in rows})
            found = list(monitor_ids.values())
            changes = await _change_tags(connection, workspace_id, found, tags, now)
            changed = changes.monitor_ids
            await connection.execute(_SQL["touch_monitors"], workspace_id, changed, now)
            await tell_change(connection, workspace_id, changed, "UPDATED", now)
            await record_all(connection, principal, _tagged(rows, changes), now)
            return tuple(found)

        return await self._database.in_transaction(change_tags)


def _decoded(public_ids: Sequence[str], issues: Issues) -> dict[int, UUID]:
    """Return the ids by their place in the input, each id once."""
    if not public_ids:
        issues.refuse(("monitorIds",), "min_length", "must name at least 1 monitor", expected="1")
    places: dict[UUID, int] = {}
    for place, public_id in enumerate(public_ids):
        monitor_id = decode_id(Prefix.MONITOR, public_id)
        if monitor_id is None:
            raise _not_found(place)
        places.setdefault(monitor_id, place)
    return {place: monitor_id for monitor_id, place in places.items()}


def _require_in_sight(
    principal: Principal, monitor_ids: dict[int, UUID], found: Mapping[UUID, asyncpg.Record]
) -> None:
    for place, monitor_id in monitor_ids.items():
        if monitor_id not in found:
            raise _not_found(place)
        require_device(principal, found[monitor_id]["project_id"], "monitorIds", str(place))


def _not_found(place: int) -> NotFound:
    return NotFound("monitor not found", path=("monitorIds", str(place)))


@dataclass(frozen=True, kw_only=True, slots=True)
class _WantedTags:
    """What replaces the tags, if anything does, and what is added and removed."""

    replace: list[str] | None
    add: list[str]
    remove: list[str]


def _tags_of(wanted: SetTags, issues: Issues) -> _WantedTags:
    if wanted.replace is not None and (wanted.add is not None or wanted.remove is not None):
        issues.refuse(("replace",), "one_of", "must stand alone, without add and remove")
    if wanted.replace is None and wanted.add is None and wanted.remove is None:
        issues.refuse(("replace",), "required", "is required, or add or remove")
    return _WantedTags(
        replace=None if wanted.replace is None else tag_names(wanted.replace, ("replace",), issues),
        add=tag_names(wanted.add or (), ("add",), issues),
        remove=tag_names(wanted.remove or (), ("remove",), issues),
    )


async def _change_tags(
    connection: Connection,
    workspace_id: UUID,
    monitor_ids: Sequence[UUID],
    wanted: _WantedTags,
    now: datetime,
) -> TagChanges:
    if wanted.replace is not None:
        return await replace_tags(connection, workspace_id, monitor_ids, wanted.replace, now)
    added = await add_tags(connection, workspace_id, monitor_ids, wanted.add, now)
    return added.then(await remove_tags(connection, workspace_id, monitor_ids, wanted.remove))


def _tagged(rows: Iterable[asyncpg.Record], changes: TagChanges) -> list[AuditedChange]:
    """Return what is written down of the monitors that changed; their rows are those before."""
    changed = set(changes.monitor_ids)
    return [
        updated(
            AuditAction.MONITOR_TAGGED,
            row["id"],
            tags_view(row["tags"]),
            tags_view(changes.after(row["id"], row["tags"])),
        )
        for row in rows
        if row["id"] in changed
    ]


async def _named_to_check(
    connection: Connection, principal: Principal, public_ids: Sequence[str]
) -> tuple[UUID, ...]:
    issues = Issues()
    monitor_ids = _decoded(public_ids, issues)
    issues.raise_if_any()
    rows = await connection.fetch(_SQL["named_monitors"], principal.workspace_id, list(monitor_ids.values()))
    found = {row["id"]: row for row in rows}
    _require_in_sight(principal, monitor_ids, found)
    for place, monitor_id in monitor_ids.items():
        path = ("monitorIds", str(place))
        if found[monitor_id]["is_paused"]:
            raise Conflict("the monitor is paused", path=path)
        if found[monitor_id]["is_passive"]:
            raise Conflict("the monitor waits to be pinged: there is nothing to look at", path=path)
    return tuple(monitor_ids.values())


async def _all_to_check(connection: Connection, principal: Principal, now: datetime) -> tuple[UUID, ...]:
    workspace_id = principal.workspace_id
    claimed = await connection.fetchval(
        _SQL["claim_check_of_all"], workspace_id, now, now - CHECK_OF_ALL_EVERY
    )
    if claimed is None:
        last: datetime = await connection.fetchval(_SQL["checked_all_at"], workspace_id)
        seconds = (last + CHECK_OF_ALL_EVERY - now).total_seconds()
        message = f"all monitors are checked at most once a minute: wait {math.ceil(seconds)} s"
        raise RateLimited(message, retry_after_seconds=seconds)
    rows = await connection.fetch(_SQL["monitors_to_check"], workspace_id, principal.project_ids)
    return tuple(row["id"] for row in rows)
