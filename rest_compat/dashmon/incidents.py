"""Dashmon's route of incidents."""

from __future__ import annotations

from http import HTTPMethod, HTTPStatus
from uuid import UUID

import asyncpg
import msgspec

from core.access.permission import may, require
from core.access.principal import TokenPermission, TokenScope
from core.access.rights import QUERIES
from core.db.listing import count_rows, read_stretch
from core.ids import Prefix, encode_id
from core.incidents.reading import INCIDENTS, STARTED_DESCENDING, IncidentFilter
from core.incidents.transition import incident_number
from core.issues import Issues
from core.moments import write_moment
from core.monitors.reading import monitors_by_id
from rest_compat.dashmon.device_shapes import DEVICE_ID
from rest_compat.dashmon.reads import PAGE, Reads, limit_parameter, moment_or_none, reads, stretch_of
from rest_compat.reading import choice, choice_parameter
from rest_compat.route import Call, Route

DEFAULT_LIMIT, MOST = 50, 100
# What lasts is open, whether somebody looks after it or not.
UNRESOLVED = ("OPEN", "ACKNOWLEDGED")
STATUSES = {"open": UNRESOLVED, "acknowledged": ("ACKNOWLEDGED",), "resolved": ("RESOLVED",)}


class Incident(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """From a confirmed failure to the recovery. `deviceId` is null once the device is deleted, or may not be seen."""

    id: str
    number: str
    kind: str
    status: str
    severity: str
    device_id: str | None
    device_name: str
    started_at: str
    acknowledged_at: str | None
    resolved_at: str | None
    duration_seconds: float | None
    root_cause: str
    root_cause_detail: str | None


class Incidents(msgspec.Struct, frozen=True, kw_only=True):
    """A page of the incidents, the latest first; `total` counts all of that status."""

    incidents: list[Incident]
    page: int
    limit: int
    total: int


async def _list(call: Call) -> Incidents:
    require(call.principal, TokenScope.INCIDENTS, TokenPermission.READ)
    issues = Issues()
    status = choice(call.query, "status", list(STATUSES), issues)
    wanted = stretch_of(call.query, issues, default=DEFAULT_LIMIT, most=MOST)
    issues.raise_if_any()
    chosen = IncidentFilter(statuses=None if status is None else STATUSES[status])
    async with reads(call) as read:
        arguments = chosen.arguments(read.sight)
        total = await count_rows(read.connection, INCIDENTS, arguments)
        rows = await read_stretch(
            read.connection,
            INCIDENTS,
            arguments,
            STARTED_DESCENDING,
            skipped=wanted.skipped,
            size=wanted.limit,
        )
        devices = await _devices(call, read, rows)
    shown = [_incident(row, devices) for row in rows]
    return Incidents(incidents=shown, page=wanted.page, limit=wanted.limit, total=total)


async def _devices(call: Call, read: Reads, rows: list[asyncpg.Record]) -> set[UUID]:
    """Return which of the incidents' devices are there and may be seen."""
    if not may(call.principal, TokenScope.UPTIME_CHECKS, TokenPermission.READ):
        return set()
    return set(await monitors_by_id(read.connection, read.sight, [row["monitor_id"] for row in rows]))


def _incident(row: asyncpg.Record, devices: set[UUID]) -> Incident:
    started_at, resolved_at, device = row["started_at"], row["resolved_at"], row["monitor_id"]
    return Incident(
        id=encode_id(Prefix.INCIDENT, row["id"]),
        number=incident_number(row["year"], row["number"]),
        kind=row["kind"].lower(),
        status=row["status"].lower(),
        severity=row["severity"].lower(),
        device_id=encode_id(Prefix.MONITOR, device) if device in devices else None,
        device_name=row["monitor_name"],
        started_at=write_moment(started_at),
        acknowledged_at=moment_or_none(row["acknowledged_at"]),
        resolved_at=moment_or_none(resolved_at),
        duration_seconds=None if resolved_at is None else (resolved_at - started_at).total_seconds(),
        root_cause=row["root_cause"].lower(),
        root_cause_detail=row["root_cause_detail"],
    )


ROUTES = (
    Route(
        method=HTTPMethod.GET,
        path="/api/incidents",
        name="listIncidents",
        summary="Incidents, the latest first",
        right=QUERIES["incidents"],
        answer=_list,
        result=Incidents,
        query=(
            choice_parameter(
                "status", "open: all that last, acknowledged ones too; absent: all", list(STATUSES)
            ),
            PAGE,
            limit_parameter("Incidents", default=DEFAULT_LIMIT, most=MOST),
        ),
        example={
            "incidents": [
                {
                    "id": "inc_01m81q4vb2ex285gqsh83acwyg",
                    "number": "INC-2026-0042",
                    "kind": "outage",
                    "status": "open",
                    "severity": "high",
                    "deviceId": DEVICE_ID,
                    "deviceName": "The shop",
                    "startedAt": "2026-02-16T11:23:00.000Z",
                    "acknowledgedAt": None,
                    "resolvedAt": None,
                    "durationSeconds": None,
                    "rootCause": "network_timeout",
                    "rootCauseDetail": "no answer within 30 s",
                }
            ],
            "page": 1,
            "limit": DEFAULT_LIMIT,
            "total": 1,
        },
        refusals=(HTTPStatus.BAD_REQUEST,),
    ),
)
