"""Reads projects."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import asyncpg

from core.access.sight import Sight
from core.db.database import Connection
from core.db.listing import Ordering, read_by_ids
from core.db.named_sql import named_sql
from core.monitors.status import MonitorStatus

_SQL = named_sql("read_projects")

PROJECTS = _SQL["projects"]
CREATED = Ordering(name="projects created")

# A project is as well as the gravest of its monitors; one that was never checked says nothing.
_GRAVEST_FIRST = (
    MonitorStatus.DOWN,
    MonitorStatus.DEGRADED,
    MonitorStatus.UNKNOWN,
    MonitorStatus.UP,
    MonitorStatus.PENDING,
)


def listed_projects(sight: Sight) -> tuple[Any, ...]:
    """Return the arguments of the list PROJECTS."""
    return (sight.workspace_id, sight.project_ids)


async def projects_by_id(
    connection: Connection, sight: Sight, ids: Sequence[UUID]
) -> dict[UUID, asyncpg.Record]:
    """Return the rows of PROJECTS by id."""
    return await read_by_ids(connection, PROJECTS, listed_projects(sight), ids)


async def project_statuses(
    connection: Connection, sight: Sight, projects: Sequence[UUID]
) -> dict[UUID, MonitorStatus]:
    """Return the status of each project: PENDING if no monitor of it is watched."""
    found: dict[UUID, set[MonitorStatus]] = {project: set() for project in projects}
    for row in await connection.fetch(_SQL["status_counts"], sight.workspace_id, projects):
        found[row["project_id"]].add(MonitorStatus(row["status"]))
    return {project: gravest(statuses) for project, statuses in found.items()}


def gravest(statuses: set[MonitorStatus]) -> MonitorStatus:
    """Return the gravest of the statuses, PENDING if there is none."""
    return next((status for status in _GRAVEST_FIRST if status in statuses), MonitorStatus.PENDING)
