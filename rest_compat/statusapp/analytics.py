"""StatusApp's routes of figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPMethod, HTTPStatus
from types import MappingProxyType
from typing import Any, Final, TypeAlias
from uuid import UUID

import asyncpg
import msgspec

from core.access.permission import require
from core.access.principal import TokenPermission, TokenScope
from core.access.rights import QUERIES
from core.access.sight import Sight, sight_of
from core.db.database import Connection
from core.ids import Prefix, encode_id
from core.incidents.reading import incident_counts
from core.issues import Issues
from core.monitors.finding import find_monitor
from core.scheduling.region_reading import all_regions
from core.statistics.period import window_of
from core.statistics.reading import check_counts, latencies, latencies_by_region, uptimes
from core.statistics.uptime import uptime_ratio
from core.statistics.workspace_figures import WorkspaceFigures, workspace_figures
from rest_compat.reading import choice, choice_parameter
from rest_compat.route import Call, Route

Row: TypeAlias = asyncpg.Record | Mapping[str, Any]

DEFAULT_PERIOD: Final = "24h"

_LENGTHS: Mapping[str, timedelta] = MappingProxyType(
    {
        "1h": timedelta(hours=1),
        "24h": timedelta(days=1),
        "7d": timedelta(days=7),
        "30d": timedelta(days=30),
    }
)
_PERIODS: Final = tuple(_LENGTHS)
_PERCENT: Final = 100.0


class MonitorTotals(msgspec.Struct, frozen=True, kw_only=True):
    """The monitors by what they are at the moment; those that are paused are neither up nor down."""

    total: int
    active: int
    paused: int
    up: int
    down: int
    degraded: int


class IncidentTotals(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The incidents; `avgMttr` are the seconds that the outages of the last 30 days lasted."""

    open: int
    resolved_today: int
    resolved_this_week: int
    avg_mttr: int | None


class Performance(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Milliseconds of the last hour's answers, and per cent of the last 24 hours."""

    avg_response_time: int | None
    p95_response_time: int | None
    overall_uptime: float | None


class Dashboard(msgspec.Struct, frozen=True, kw_only=True):
    """How the workspace is doing. Days and weeks begin in UTC, weeks on Monday."""

    monitors: MonitorTotals
    incidents: IncidentTotals
    performance: Performance


class MonitorAnalytics(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """How a monitor has been doing: per cent of the time that is known of, and milliseconds; null without any."""

    monitor_id: str
    period: str
    uptime: float | None
    avg_response_time: int | None
    p50_response_time: int | None
    p95_response_time: int | None
    p99_response_time: int | None
    total_checks: int
    checks_up: int
    checks_down: int
    incidents: int
    response_time_by_region: dict[str, int]


async def _dashboard(call: Call) -> Dashboard:
    require(call.principal, TokenScope.ANALYTICS, TokenPermission.READ)
    now = call.services.clock.now()
    async with call.services.database.acquire() as connection:
        figures = await workspace_figures(connection, sight_of(call.principal, now), now)
    return _shown_dashboard(figures)


def _shown_dashboard(figures: WorkspaceFigures) -> Dashboard:
    return Dashboard(
        monitors=MonitorTotals(
            total=figures.monitors_total,
            active=figures.monitors_active,
            paused=figures.monitors_paused,
            up=figures.monitors_up,
            down=figures.monitors_down,
            degraded=figures.monitors_degraded,
        ),
        incidents=IncidentTotals(
            open=figures.incidents_open,
            resolved_today=figures.incidents_resolved_today,
            resolved_this_week=figures.incidents_resolved_this_week,
            avg_mttr=_whole(figures.average_time_to_recovery_seconds),
        ),
        performance=Performance(
            avg_response_time=_whole(figures.average_response_time_ms),
            p95_response_time=_whole(figures.p95_response_time_ms),
            overall_uptime=_per_cent(figures.overall_uptime),
        ),
    )


async def _of_monitor(call: Call) -> MonitorAnalytics:
    require(call.principal, TokenScope.ANALYTICS, TokenPermission.READ)
    issues = Issues()
    period = choice(call.query, "period", _PERIODS, issues) or DEFAULT_PERIOD
    issues.raise_if_any()
    sight = sight_of(call.principal, call.services.clock.now())
    async with call.services.database.acquire() as connection:
        row = await find_monitor(connection, sight, call.path["monitorId"])
        figures = await _figures(call, connection, sight, row["id"], period)
    return _shown_analytics(row["id"], period, figures)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Figures:
    """What is read of a monitor; by region, the key and the milliseconds."""

    uptime: Row
    checks: Row
    incidents: int
    latency: Row
    by_region: Sequence[tuple[str, float]]


_NO_CHECKS: Final = {"total": 0, "up": 0, "down": 0}
_NO_ANSWERS: Final = {"average_ms": None, "percentiles_ms": (None, None, None)}


async def _figures(
    call: Call, connection: Connection, sight: Sight, monitor_id: UUID, period: str
) -> _Figures:
    now = call.services.clock.now()
    window, ids = window_of(_LENGTHS[period], now, sight.since), [monitor_id]
    regions: Mapping[int, asyncpg.Record] = await all_regions(connection, now)
    checks = await check_counts(connection, sight, ids, window)
    latency = await latencies(connection, sight, ids, window)
    by_region = await latencies_by_region(connection, sight, ids, window)
    return _Figures(
        uptime=(await uptimes(connection, sight, ids, window))[monitor_id],
        checks=checks.get(monitor_id, _NO_CHECKS),
        incidents=(await incident_counts(connection, sight, ids, window.start)).get(monitor_id, 0),
        latency=latency.get(monitor_id, _NO_ANSWERS),
        by_region=[
            (regions[each["region_id"]]["key"], each["average_ms"])
            for each in by_region[monitor_id]
            if each["region_id"] in regions
        ],
    )


def _shown_analytics(monitor_id: UUID, period: str, figures: _Figures) -> MonitorAnalytics:
    uptime, checks, latency = figures.uptime, figures.checks, figures.latency
    p50_ms, p95_ms, p99_ms = latency["percentiles_ms"]
    return MonitorAnalytics(
        monitor_id=encode_id(Prefix.MONITOR, monitor_id),
        period=period,
        uptime=_per_cent(uptime_ratio(uptime["up_ms"] + uptime["degraded_ms"], uptime["down_ms"])),
        avg_response_time=_whole(latency["average_ms"]),
        p50_response_time=_whole(p50_ms),
        p95_response_time=_whole(p95_ms),
        p99_response_time=_whole(p99_ms),
        total_checks=checks["total"],
        checks_up=checks["up"],
        checks_down=checks["down"],
        incidents=figures.incidents,
        response_time_by_region={key: round(average_ms) for key, average_ms in figures.by_region},
    )


def _whole(number: float | None) -> int | None:
    return None if number is None else round(number)


def _per_cent(ratio: float | None) -> float | None:
    return None if ratio is None else ratio * _PERCENT


ROUTES = (
    Route(
        method=HTTPMethod.GET,
        path="/api/v1/analytics",
        name="dashboardAnalytics",
        summary="Get figures over all monitors",
        right=QUERIES["analytics"],
        answer=_dashboard,
        result=Dashboard,
        example={
            "monitors": {"total": 25, "active": 23, "paused": 2, "up": 22, "down": 1, "degraded": 0},
            "incidents": {"open": 1, "resolvedToday": 3, "resolvedThisWeek": 12, "avgMttr": 845},
            "performance": {"avgResponseTime": 245, "p95ResponseTime": 520, "overallUptime": 99.95},
        },
    ),
    Route(
        method=HTTPMethod.GET,
        path="/api/v1/analytics/monitors/{monitorId}",
        name="monitorAnalytics",
        summary="Get the figures of a monitor",
        right=QUERIES["analytics"],
        answer=_of_monitor,
        result=MonitorAnalytics,
        query=(choice_parameter("period", "Which time, ending now", _PERIODS, default=DEFAULT_PERIOD),),
        example={
            "monitorId": "mon_01m81q4vb2ex285gqsh83acwyg",
            "period": "7d",
            "uptime": 99.95,
            "avgResponseTime": 245,
            "p50ResponseTime": 180,
            "p95ResponseTime": 520,
            "p99ResponseTime": 890,
            "totalChecks": 2016,
            "checksUp": 2015,
            "checksDown": 1,
            "incidents": 1,
            "responseTimeByRegion": {"us-east-1": 180, "eu-west-1": 245, "ap-southeast-1": 380},
        },
        refusals=(HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND),
    ),
)
