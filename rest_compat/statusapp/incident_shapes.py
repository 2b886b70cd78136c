"""Incidents as StatusApp shows them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import asyncpg
import msgspec

from core.ids import Prefix, encode_id
from core.incidents.transition import incident_number
from core.moments import write_moment
from rest_compat.statusapp.check_shapes import ShownCheck
from rest_compat.statusapp.regions import EXAMPLE as REGION
from rest_compat.statusapp.regions import ShownRegion, shown_region

RESOLVED: Final = "RESOLVED"


class ShownIncident(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """From a confirmed failure to the recovery. `mttr` are the seconds that it lasted, null while it does.

    An incident that somebody acknowledged is open until it is resolved. `affectedRegions` are the keys of regions.
    """

    id: str
    incident_number: str
    monitor_id: str
    started_at: str
    resolved_at: str | None
    is_resolved: bool
    severity: str
    status: str
    root_cause: str | None
    root_cause_category: str
    affected_regions: list[str]
    checks_failed: int
    checks_total: int
    mttr: int | None


class IncidentUpdate(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One line of what happened to an incident: OPENED, NOTE, NOTIFIED, …"""

    id: str
    type: str
    message: str
    created_at: str


class Analysis(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Why it happened: what the probe saw, unless a person has said otherwise."""

    category: str
    description: str | None


class WholeIncident(ShownIncident, frozen=True, kw_only=True, rename="camel"):
    """An incident with what happened to it, in order, and its checks, latest first."""

    kind: str
    monitor_name: str
    acknowledged_at: str | None
    updates: list[IncidentUpdate]
    checks: list[ShownCheck]
    regions: list[ShownRegion]
    root_cause_analysis: Analysis


def shown_incident(
    row: asyncpg.Record, counts: asyncpg.Record | None, regions: Mapping[int, asyncpg.Record]
) -> ShownIncident:
    """Return a row of core.incidents.reading; `counts` are those of its checks so far, if it lasts."""
    resolved_at = row["resolved_at"]
    is_resolved = row["status"] == RESOLVED
    return ShownIncident(
        id=encode_id(Prefix.INCIDENT, row["id"]),
        incident_number=incident_number(row["year"], row["number"]),
        monitor_id=encode_id(Prefix.MONITOR, row["monitor_id"]),
        started_at=write_moment(row["started_at"]),
        resolved_at=None if resolved_at is None else write_moment(resolved_at),
        is_resolved=is_resolved,
        severity=row["severity"].lower(),
        status="resolved" if is_resolved else "open",
        root_cause=row["root_cause_detail"],
        root_cause_category=row["root_cause"],
        affected_regions=[regions[each]["key"] for each in row["region_ids"] if each in regions],
        checks_failed=_counted(row["checks_failed"], counts, "failed"),
        checks_total=_counted(row["checks_total"], counts, "total"),
        mttr=None if resolved_at is None else round((resolved_at - row["started_at"]).total_seconds()),
    )


def whole_incident(
    shown: ShownIncident,
    row: asyncpg.Record,
    *,
    updates: Sequence[asyncpg.Record],
    checks: list[ShownCheck],
    regions: Mapping[int, asyncpg.Record],
) -> WholeIncident:
    """Return the same with what is below it."""
    acknowledged_at = row["acknowledged_at"]
    return WholeIncident(
        **msgspec.structs.asdict(shown),
        kind=row["kind"],
        monitor_name=row["monitor_name"],
        acknowledged_at=None if acknowledged_at is None else write_moment(acknowledged_at),
        updates=[_update(each) for each in updates],
        checks=checks,
        regions=[shown_region(regions[each]) for each in row["region_ids"] if each in regions],
        root_cause_analysis=Analysis(category=row["root_cause"], description=row["root_cause_detail"]),
    )


def _update(row: asyncpg.Record) -> IncidentUpdate:
    return IncidentUpdate(
        id=encode_id(Prefix.INCIDENT_EVENT, row["id"]),
        type=row["kind"],
        message=row["message"],
        created_at=write_moment(row["at"]),
    )


def _counted(frozen: int | None, counts: asyncpg.Record | None, which: str) -> int:
    if frozen is not None:
        return frozen
    return 0 if counts is None else counts[which]


EXAMPLE: Final = {
    "id": "inc_01m81q4vb2ex285gqsh83acwyg",
    "incidentNumber": "INC-2025-0042",
    "monitorId": "mon_01m81q4vb2ex285gqsh83acwyg",
    "startedAt": "2025-01-21T10:00:00.000Z",
    "resolvedAt": "2025-01-21T10:15:00.000Z",
    "isResolved": True,
    "severity": "high",
    "status": "resolved",
    "rootCause": "Database connection timeout",
    "rootCauseCategory": "DATABASE_ISSUE",
    "affectedRegions": ["us-east-1", "us-west-2"],
    "checksFailed": 3,
    "checksTotal": 3,
    "mttr": 900,
}
EXAMPLE_IN_FULL: Final = {
    **EXAMPLE,
    "kind": "OUTAGE",
    "monitorName": "Production API",
    "acknowledgedAt": None,
    "updates": [
        {
            "id": "iev_01m81q4vb2ex285gqsh83acwyg",
            "type": "OPENED",
            "message": "down: Database connection timeout",
            "createdAt": "2025-01-21T10:00:00.000Z",
        }
    ],
    "checks": [
        {
            "id": "chk_01m81q4vb2ex285gqsh83acwyg",
            "status": "DOWN",
            "responseTime": 1250,
            "statusCode": 500,
            "checkedAt": "2025-01-21T10:00:00.000Z",
            "workerRegion": {"country": "United States", "countryCode": "US", "city": "Virginia"},
        }
    ],
    "regions": [REGION],
    "rootCauseAnalysis": {"category": "DATABASE_ISSUE", "description": "Database connection timeout"},
}
