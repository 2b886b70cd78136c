"""The figures of a workspace's dashboard, over all monitors in sight."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import asyncpg

from core.access.sight import Sight
from core.db.database import Connection
from core.db.named_sql import named_sql
from core.statistics.period import Window, window_of
from core.statistics.reading import uptimes
from core.statistics.uptime import uptime_ratio

_SQL = named_sql("read_analytics")

# A day's checks of 2,000 monitors would take the database seconds to sort.
LATENCY_LENGTH: Final = timedelta(hours=1)
UPTIME_LENGTH: Final = timedelta(days=1)
RECOVERY_LENGTH: Final = timedelta(days=30)


@dataclass(frozen=True, kw_only=True, slots=True)
class WorkspaceFigures:
    """What there is at the moment, and how it has been going; None is what nothing is known of.

    Today and this week begin in UTC, the week on Monday. Latency is that of the last hour, uptime that of the last
    24 hours, and recovery that of the outages that ended within the last 30 days.
    """

    monitors_total: int
    monitors_active: int
    monitors_paused: int
    monitors_up: int
    monitors_down: int
    monitors_degraded: int
    incidents_open: int
    incidents_resolved_today: int
    incidents_resolved_this_week: int
    average_time_to_recovery_seconds: float | None
    average_response_time_ms: float | None
    p95_response_time_ms: float | None
    overall_uptime: float | None


async def workspace_figures(connection: Connection, sight: Sight, now: datetime) -> WorkspaceFigures:
    """Return the figures: four statements."""
    (monitors,) = await connection.fetch(_SQL["monitor_totals"], sight.workspace_id, sight.project_ids)
    incidents = await _incident_totals(connection, sight, now)
    window = window_of(LATENCY_LENGTH, now, sight.since)
    (latency,) = await connection.fetch(
        _SQL["common_latency"], sight.workspace_id, monitors["ids"], window.start, window.end
    )
    return WorkspaceFigures(
        **{f"monitors_{each}": monitors[each] for each in ("total", "active", "paused")},
        **{f"monitors_{each}": monitors[each] for each in ("up", "down", "degraded")},
        incidents_open=incidents["lasting"],
        incidents_resolved_today=incidents["resolved_today"],
        incidents_resolved_this_week=incidents["resolved_this_week"],
        average_time_to_recovery_seconds=incidents["recovery_seconds"],
        average_response_time_ms=latency["average_ms"],
        p95_response_time_ms=latency["p95_ms"],
        overall_uptime=await _uptime(
            connection, sight, monitors["ids"], window_of(UPTIME_LENGTH, now, sight.since)
        ),
    )


async def _incident_totals(connection: Connection, sight: Sight, now: datetime) -> asyncpg.Record:
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    this_week = today - timedelta(days=today.weekday())
    (row,) = await connection.fetch(
        _SQL["incident_totals"],
        sight.workspace_id,
        sight.project_ids,
        sight.since,
        today,
        this_week,
        now - RECOVERY_LENGTH,
    )
    return row


async def _uptime(connection: Connection, sight: Sight, monitors: list[UUID], window: Window) -> float | None:
    """Return the share of their time that all monitors were up, of all that is known."""
    parts = (await uptimes(connection, sight, monitors, window)).values()
    available_ms = sum(each["up_ms"] + each["degraded_ms"] for each in parts)
    return uptime_ratio(available_ms, sum(each["down_ms"] for each in parts))
