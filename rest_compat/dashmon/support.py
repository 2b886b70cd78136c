"""Dashmon's route for dashboards and runbooks: how the workspace is, in a few figures."""

from __future__ import annotations

from http import HTTPMethod
from importlib import metadata

import msgspec
from msgspec.structs import asdict

from core.access.permission import may
from core.access.principal import TokenPermission, TokenScope
from core.access.rights import QUERIES
from core.db.listing import count_rows_by
from core.incidents.reading import INCIDENTS, IncidentFilter
from core.moments import write_moment
from core.monitors.reading import EVERY_MONITOR, MONITORS
from core.monitors.status import MonitorStatus
from rest_compat.dashmon.deliveries import (
    COUNTS_EXAMPLE,
    FAILURE_EXAMPLE,
    DeliveryCounts,
    FailedDelivery,
    delivery_counts,
    latest_failures,
)
from rest_compat.dashmon.incidents import UNRESOLVED
from rest_compat.dashmon.reads import Reads, reads
from rest_compat.dashmon.workspace_shapes import (
    STANDING_EXAMPLE,
    Standing,
    standing_of,
)
from rest_compat.route import Call, Route


class DeviceCounts(msgspec.Struct, frozen=True, kw_only=True):
    """Devices by their status; `paused` ones are in none of the others."""

    total: int
    up: int
    degraded: int
    down: int
    unknown: int
    pending: int
    paused: int


class OpenIncidents(msgspec.Struct, frozen=True, kw_only=True):
    """Incidents that last: `open` are all, `acknowledged` those that somebody looks after."""

    open: int
    acknowledged: int


class DeliverySummary(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Messages of the last 24 hours, and the latest of them that did not arrive."""

    last_24_hours: DeliveryCounts = msgspec.field(name="last24Hours")
    latest_failures: list[FailedDelivery]


class SupportSummary(Standing, frozen=True, kw_only=True, rename="camel"):
    """How the workspace is now. What the one who asks may not see is null."""

    generated_at: str
    server_version: str
    devices: DeviceCounts | None
    incidents: OpenIncidents | None
    deliveries: DeliverySummary | None


async def _summary(call: Call) -> SupportSummary:
    async with reads(call) as read:
        return SupportSummary(
            generated_at=write_moment(read.now),
            server_version=metadata.version("tocsin"),
            devices=await _devices(read) if _sees(call, TokenScope.UPTIME_CHECKS) else None,
            incidents=await _incidents(read) if _sees(call, TokenScope.INCIDENTS) else None,
            deliveries=await _deliveries(call, read),
            **asdict(await standing_of(read, call.principal)),
        )


def _sees(call: Call, scope: TokenScope) -> bool:
    return may(call.principal, scope, TokenPermission.READ)


async def _devices(read: Reads) -> DeviceCounts:
    rows = await count_rows_by(
        read.connection, MONITORS, EVERY_MONITOR.arguments(read.sight), ("status", "is_paused")
    )
    active = {MonitorStatus(row["status"]): row["total"] for row in rows if not row["is_paused"]}
    return DeviceCounts(
        total=sum(row["total"] for row in rows),
        paused=sum(row["total"] for row in rows if row["is_paused"]),
        **{status.name.lower(): active.get(status, 0) for status in MonitorStatus},
    )


async def _incidents(read: Reads) -> OpenIncidents:
    chosen = IncidentFilter(statuses=UNRESOLVED)
    rows = await count_rows_by(read.connection, INCIDENTS, chosen.arguments(read.sight), ("status",))
    totals = {row["status"]: row["total"] for row in rows}
    return OpenIncidents(open=sum(totals.values()), acknowledged=totals.get("ACKNOWLEDGED", 0))


async def _deliveries(call: Call, read: Reads) -> DeliverySummary | None:
    counts = await delivery_counts(read, call.principal)
    if counts is None:
        return None
    failures = await latest_failures(read, call.principal)
    return DeliverySummary(last_24_hours=counts, latest_failures=failures)


ROUTES = (
    Route(
        method=HTTPMethod.GET,
        path="/api/support/summary",
        name="supportSummary",
        summary="An operational snapshot, as far as whoever asks may see it",
        right=QUERIES["viewer"],
        answer=_summary,
        result=SupportSummary,
        example={
            "generatedAt": "2026-02-16T11:23:00.000Z",
            "serverVersion": "0.1.0",
            "devices": {
                "total": 12,
                "up": 9,
                "degraded": 0,
                "down": 1,
                "unknown": 0,
                "pending": 1,
                "paused": 1,
            },
            "incidents": {"open": 1, "acknowledged": 0},
            "deliveries": {"last24Hours": COUNTS_EXAMPLE, "latestFailures": [FAILURE_EXAMPLE]},
            **STANDING_EXAMPLE,
        },
    ),
)
