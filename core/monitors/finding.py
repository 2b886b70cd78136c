"""Finds a project or a monitor by its public id, for whoever sees it."""

from __future__ import annotations

import asyncpg

from core.access.in_sight import row_in_sight
from core.access.sight import Sight
from core.db.database import Connection
from core.errors import DeviceScopeForbidden, ProjectScopeForbidden
from core.ids import Prefix, decode_id
from core.monitors.project_reading import projects_by_id
from core.monitors.reading import monitors_by_id


async def find_project(connection: Connection, sight: Sight, public_id: str) -> asyncpg.Record:
    """Return the row of a project; raise NotFound, or ProjectScopeForbidden where it is out of sight alone."""
    project_id = decode_id(Prefix.PROJECT, public_id)
    return await row_in_sight(
        connection, sight, projects_by_id, project_id, name="project", beyond=ProjectScopeForbidden
    )


async def find_monitor(connection: Connection, sight: Sight, public_id: str) -> asyncpg.Record:
    """Return the row of a monitor; raise NotFound, or DeviceScopeForbidden where it is out of sight alone."""
    monitor_id = decode_id(Prefix.MONITOR, public_id)
    return await row_in_sight(
        connection, sight, monitors_by_id, monitor_id, name="monitor", beyond=DeviceScopeForbidden
    )
