"""Finds a project or a monitor by its public id, for whoever sees it."""

from __future__ import annotations

from uuid import UUID

import asyncpg

from core.access.sight import Sight
from core.db.database import Connection
from core.errors import DeviceScopeForbidden, NotFound, ProjectScopeForbidden
from core.ids import Prefix, decode_id
from core.monitors.project_reading import projects_by_id
from core.monitors.reading import monitors_by_id


async def find_project(connection: Connection, sight: Sight, public_id: str) -> asyncpg.Record:
    """Return the row of a project; raise NotFound, or ProjectScopeForbidden where it is out of sight alone."""
    project_id = decode_id(Prefix.PROJECT, public_id)
    row = None if project_id is None else await _project(connection, sight, project_id)
    if row is None:
        raise NotFound("project not found")
    return row


async def find_monitor(connection: Connection, sight: Sight, public_id: str) -> asyncpg.Record:
    """Return the row of a monitor; raise NotFound, or DeviceScopeForbidden where it is out of sight alone."""
    monitor_id = decode_id(Prefix.MONITOR, public_id)
    row = None if monitor_id is None else await _monitor(connection, sight, monitor_id)
    if row is None:
        raise NotFound("monitor not found")
    return row


async def _project(connection: Connection, sight: Sight, project_id: UUID) -> asyncpg.Record | None:
    found = (await projects_by_id(connection, sight, [project_id])).get(project_id)
    if (
        found is None
        and sight.is_confined
        and await projects_by_id(connection, sight.unconfined, [project_id])
    ):
        raise ProjectScopeForbidden
    return found


async def _monitor(connection: Connection, sight: Sight, monitor_id: UUID) -> asyncpg.Record | None:
    found = (await monitors_by_id(connection, sight, [monitor_id])).get(monitor_id)
    if (
        found is None
        and sight.is_confined
        and await monitors_by_id(connection, sight.unconfined, [monitor_id])
    ):
        raise DeviceScopeForbidden
    return found
