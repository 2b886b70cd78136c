"""Figures of many monitors at once, straight from their checks and status intervals.

Windows begin within sight: `window_of` sees to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from core.access.sight import Sight
from core.db.database import Connection
from core.db.named_sql import named_sql
from core.ids import to_unix_ms
from core.statistics.period import Period, Window
from core.statistics.uptime import Uptime

_SQL = named_sql("read_statistics")
_PARTS = tuple(field.name for field in fields(Uptime))


def window_of(period: Period, sight: Sight, now: datetime) -> Window:
    """Return the stretch that a period means, as far as it is in sight."""
    return period.window(now, sight.since)


async def uptimes(
    connection: Connection, sight: Sight, monitors: Sequence[UUID], window: Window
) -> dict[UUID, Any]:
    """Return `monitor_id` and each monitor's parts of the window since it was made, named as in uptime.Uptime.

    Of a monitor that is gone by now no part is known.
    """
    rows = await connection.fetch(
        _SQL["uptimes"], sight.workspace_id, monitors, to_unix_ms(window.start), to_unix_ms(window.end)
    )
    found: dict[UUID, Any] = {row["monitor_id"]: row for row in rows}
    for monitor in monitors:
        if monitor not in found:
            found[monitor] = {**dict.fromkeys(_PARTS, 0), "monitor_id": monitor}
    return found


async def check_counts(
    connection: Connection,
    sight: Sight,
    monitors: Sequence[UUID],
    window: Window | None = None,
) -> dict[UUID, asyncpg.Record]:
    """Return `total`, `up` (degraded included) and `down` of each monitor that had any check then; None: in sight."""
    start, end = (sight.after, None) if window is None else (window.start, window.end)
    rows = await connection.fetch(_SQL["check_counts"], sight.workspace_id, monitors, start, end)
    return {row["monitor_id"]: row for row in rows}


async def latencies(
    connection: Connection, sight: Sight, monitors: Sequence[UUID], window: Window
) -> dict[UUID, asyncpg.Record]:
    """Return `average_ms`, `min_ms`, `max_ms` and `percentiles_ms` (50, 95, 99) of each monitor that has any."""
    rows = await connection.fetch(_SQL["latency"], sight.workspace_id, monitors, window.start, window.end)
    return {row["monitor_id"]: row for row in rows}


async def latencies_by_region(
    connection: Connection, sight: Sight, monitors: Sequence[UUID], window: Window
) -> dict[UUID, list[asyncpg.Record]]:
    """Return `region_id`, `average_ms` and `p95_ms` for each region of each monitor."""
    found: dict[UUID, list[asyncpg.Record]] = {monitor: [] for monitor in monitors}
    for row in await connection.fetch(
        _SQL["latency_by_region"], sight.workspace_id, monitors, window.start, window.end
    ):
        found[row["monitor_id"]].append(row)
    return found


async def latency_series(
    connection: Connection,
    sight: Sight,
    monitors: Sequence[UUID],
    window: Window,
    parts: int,
) -> dict[UUID, dict[int, asyncpg.Record]]:
    """Return, for each monitor, `checks`, `checks_down`, `average_ms` and `p95_ms` by part, numbered from 1."""
    found: dict[UUID, dict[int, asyncpg.Record]] = {monitor: {} for monitor in monitors}
    for row in await connection.fetch(
        _SQL["latency_series"], sight.workspace_id, monitors, window.start, window.end, parts
    ):
        found[row["monitor_id"]][row["part"]] = row
    return found
