"""Reads monitors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg

from core.access.sight import Sight
from core.db.database import Connection
from core.db.listing import Ordering, SortType, ordered_by, read_by_ids
from core.db.named_sql import named_sql
from core.monitors.status import MonitorStatus

_SQL = named_sql("read_monitors")

MONITORS = _SQL["monitors"]
PROJECT_OF_MONITOR = "project_id"

CREATED = Ordering(name="monitors created")
CREATED_DESCENDING = Ordering(name="monitors -created", is_descending=True)
NAME = ordered_by("monitors name", "name_key", SortType.TEXT)
NAME_DESCENDING = ordered_by("monitors -name", "name_key", SortType.TEXT, is_descending=True)
UPDATED = ordered_by("monitors updated", "updated_at", SortType.MOMENT)
UPDATED_DESCENDING = ordered_by("monitors -updated", "updated_at", SortType.MOMENT, is_descending=True)
STATUS = ordered_by("monitors status", "gravity", SortType.INTEGER)
STATUS_DESCENDING = ordered_by("monitors -status", "gravity", SortType.INTEGER, is_descending=True)
INTERVAL = ordered_by("monitors interval", "interval_key", SortType.INTEGER)
INTERVAL_DESCENDING = ordered_by("monitors -interval", "interval_key", SortType.INTEGER, is_descending=True)
STATUS_SINCE_DESCENDING = ordered_by("monitors -since", "since_key", SortType.INTEGER, is_descending=True)


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True, slots=True)
class MonitorFilter:
    """Which monitors a list shows; None filters nothing. `tag` is a name, `search` part of a name or target.

    `has_config` are values that the stored configuration has, and `lacks_config` values of which it has not all.
    """

    project_id: UUID | None = None
    statuses: Sequence[MonitorStatus] | None = None
    kinds: Sequence[str] | None = None
    tag: str | None = None
    search: str | None = None
    is_paused: bool | None = None
    has_config: Mapping[str, Any] | None = None
    lacks_config: Mapping[str, Any] | None = None

    def arguments(self, sight: Sight) -> tuple[Any, ...]:
        """Return the arguments of the list MONITORS."""
        return (
            sight.workspace_id,
            sight.project_ids,
            self.project_id,
            self.statuses,
            self.kinds,
            self.tag,
            self.search,
            self.is_paused,
            self.has_config,
            self.lacks_config,
        )


EVERY_MONITOR = MonitorFilter()


async def monitors_by_id(
    connection: Connection, sight: Sight, ids: Sequence[UUID]
) -> dict[UUID, asyncpg.Record]:
    """Return the rows of MONITORS by id."""
    return await read_by_ids(connection, MONITORS, EVERY_MONITOR.arguments(sight), ids)


def status_since(row: asyncpg.Record) -> datetime:
    """Return when a monitor's status began: before its first check, when it was made."""
    since_ms: int | None = row["since_ms"]
    created_at: datetime = row["created_at"]
    return created_at if since_ms is None else _EPOCH + timedelta(milliseconds=since_ms)


async def regions_of_monitors(
    connection: Connection, sight: Sight, monitors: Sequence[UUID]
) -> dict[UUID, list[int]]:
    """Return the numbers of the regions that look at each monitor."""
    found: dict[UUID, list[int]] = {monitor: [] for monitor in monitors}
    for row in await connection.fetch(_SQL["regions_of_monitors"], sight.workspace_id, monitors):
        found[row["monitor_id"]].append(row["region_id"])
    return found
