"""Reads incidents and their timelines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from core.access.sight import Sight
from core.db.database import Connection
from core.db.listing import SortType, ordered_by, read_by_ids
from core.db.named_sql import named_sql
from plugins.api.outcome import IncidentKind

_SQL = named_sql("read_incidents")

INCIDENTS = _SQL["incidents"]
STARTED = ordered_by("incidents started", "started_at", SortType.MOMENT)
STARTED_DESCENDING = ordered_by("incidents -started", "started_at", SortType.MOMENT, is_descending=True)
RESOLVED = ordered_by("incidents resolved", "resolved_key", SortType.MOMENT)
RESOLVED_DESCENDING = ordered_by("incidents -resolved", "resolved_key", SortType.MOMENT, is_descending=True)
SEVERITY_DESCENDING = ordered_by("incidents -severity", "severity_key", SortType.INTEGER, is_descending=True)

TIMELINE = _SQL["timeline"]
INCIDENT_OF_EVENT = "incident_id"
EARLIEST_FIRST = ordered_by("timeline at", "at", SortType.MOMENT)


@dataclass(frozen=True, kw_only=True, slots=True)
class IncidentFilter:
    """Which incidents a list shows; None filters nothing. Statuses by name; `since` bounds the start."""

    statuses: Sequence[str] | None = None
    kinds: Sequence[IncidentKind] | None = None
    monitor_id: UUID | None = None
    project_id: UUID | None = None
    since: datetime | None = None

    def arguments(self, sight: Sight) -> tuple[Any, ...]:
        """Return the arguments of the list INCIDENTS."""
        return (
            sight.workspace_id,
            sight.project_ids,
            sight.since,
            self.statuses,
            self.kinds,
            self.monitor_id,
            sight.within(self.project_id),
            self.since,
        )


EVERY_INCIDENT = IncidentFilter()


async def incidents_by_id(
    connection: Connection, sight: Sight, ids: Sequence[UUID]
) -> dict[UUID, asyncpg.Record]:
    """Return the rows of INCIDENTS by id."""
    return await read_by_ids(connection, INCIDENTS, EVERY_INCIDENT.arguments(sight), ids)


async def gravest_open_incidents(
    connection: Connection, sight: Sight, monitors: Sequence[UUID]
) -> dict[UUID, asyncpg.Record]:
    """Return the gravest open incident of each monitor that has one; among equals the oldest."""
    rows = await connection.fetch(_SQL["open_incidents"], sight.workspace_id, monitors)
    return {row["monitor_id"]: row for row in rows}


async def incident_counts(
    connection: Connection, sight: Sight, monitors: Sequence[UUID], since: datetime | None = None
) -> dict[UUID, int]:
    """Return how many incidents each monitor that had any has had: all in sight, or those reaching past `since`."""
    after = sight.after if since is None else sight.since_or_later(since)
    rows = await connection.fetch(_SQL["incident_counts"], sight.workspace_id, monitors, after)
    return {row["monitor_id"]: row["incidents"] for row in rows}


async def check_counts(
    connection: Connection, sight: Sight, incidents: Sequence[UUID]
) -> dict[UUID, asyncpg.Record]:
    """Return `failed` and `total`, so far, of incidents that last; one without checks is left out."""
    rows = await connection.fetch(_SQL["check_counts"], sight.workspace_id, incidents, sight.since)
    return {row["id"]: row for row in rows}
