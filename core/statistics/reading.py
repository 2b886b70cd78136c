"""Figures of many monitors at once, straight from their checks and status intervals."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import asyncpg

from core.db.database import Connection
from core.db.named_sql import named_sql
from core.ids import to_unix_ms
from core.monitors.status import MonitorStatus
from core.statistics.period import Window
from core.statistics.uptime import StatusInterval

_SQL = named_sql("read_statistics")


async def status_intervals(
    connection: Connection, workspace_id: UUID, monitors: Sequence[UUID], window: Window
) -> dict[UUID, list[StatusInterval]]:
    """Return each monitor's intervals that reach into the window, in order."""
    found: dict[UUID, list[StatusInterval]] = {monitor: [] for monitor in monitors}
    rows = await connection.fetch(
        _SQL["intervals"], workspace_id, monitors, to_unix_ms(window.start), to_unix_ms(window.end)
    )
    for row in rows:
        interval = StatusInterval(
            from_ms=row["from_ms"],
            to_ms=row["to_ms"],
            status=MonitorStatus(row["status"]),
            is_paused=row["is_paused"],
        )
        found[row["monitor_id"]].append(interval)
    return found


async def check_counts(
    connection: Connection,
    workspace_id: UUID,
    monitors: Sequence[UUID],
    window: Window | None = None,
) -> dict[UUID, asyncpg.Record]:
    """Return `total`, `up` (degraded included) and `down` of each monitor that had any check, then or ever."""
    start, end = (None, None) if window is None else (window.start, window.end)
    rows = await connection.fetch(_SQL["check_counts"], workspace_id, monitors, start, end)
    return {row["monitor_id"]: row for row in rows}


async def latencies(
    connection: Connection, workspace_id: UUID, monitors: Sequence[UUID], window: Window
) -> dict[UUID, asyncpg.Record]:
    """Return `average_ms`, `min_ms`, `max_ms` and `percentiles_ms` (50, 95, 99) of each monitor that has any."""
    rows = await connection.fetch(_SQL["latency"], workspace_id, monitors, window.start, window.end)
    return {row["monitor_id"]: row for row in rows}


async def latencies_by_region(
    connection: Connection, workspace_id: UUID, monitors: Sequence[UUID], window: Window
) -> dict[UUID, list[asyncpg.Record]]:
    """Return `region_id`, `average_ms` and `p95_ms` for each region of each monitor."""
    found: dict[UUID, list[asyncpg.Record]] = {monitor: [] for monitor in monitors}
    for row in await connection.fetch(
        _SQL["latency_by_region"], workspace_id, monitors, window.start, window.end
    ):
        found[row["monitor_id"]].append(row)
    return found


async def latency_series(
    connection: Connection,
    workspace_id: UUID,
    monitors: Sequence[UUID],
    window: Window,
    parts: int,
) -> dict[UUID, dict[int, asyncpg.Record]]:
    """Return, for each monitor, `checks`, `checks_down`, `average_ms` and `p95_ms` by part, numbered from 1."""
    found: dict[UUID, dict[int, asyncpg.Record]] = {monitor: {} for monitor in monitors}
    for row in await connection.fetch(
        _SQL["latency_series"], workspace_id, monitors, window.start, window.end, parts
    ):
        found[row["monitor_id"]][row["part"]] = row
    return found
