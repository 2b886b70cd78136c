"""StatusApp's routes of incidents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPMethod, HTTPStatus
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

import asyncpg
import msgspec

from core.access.in_sight import row_in_sight
from core.access.permission import require
from core.access.principal import TokenPermission, TokenScope
from core.access.rights import QUERIES
from core.access.sight import sight_of
from core.checks.reading import CHECKS_OF_INCIDENTS, INCIDENT_OF_CHECK, LATEST_FIRST
from core.db.database import Connection
from core.db.listing import PageRequest, read_pages
from core.errors import DeviceScopeForbidden
from core.ids import Prefix, decode_id
from core.incidents import reading
from core.issues import Issues
from core.scheduling.region_reading import all_regions
from rest_compat.reading import choice, choice_parameter
from rest_compat.route import Call, Parameter, Route
from rest_compat.statusapp.check_shapes import shown_check, worker_regions
from rest_compat.statusapp.incident_shapes import (
    EXAMPLE,
    EXAMPLE_IN_FULL,
    ShownIncident,
    WholeIncident,
    shown_incident,
    whole_incident,
)
from rest_compat.statusapp.paging import (
    Pagination,
    Sorting,
    page_wanted,
    paging_parameters,
    read_wanted,
)

MOST_BELOW: Final = 100

_SCOPE: Final = TokenScope.INCIDENTS
# Somebody looks after an acknowledged incident, and it lasts.
_STATUSES: Mapping[str, Sequence[str]] = MappingProxyType(
    {"open": ("OPEN", "ACKNOWLEDGED"), "resolved": ("RESOLVED",)}
)
_SORTING: Final = Sorting(
    orders={
        "startedAt": (reading.STARTED, reading.STARTED_DESCENDING),
        "resolvedAt": (reading.RESOLVED, reading.RESOLVED_DESCENDING),
    }
)
# Stands for an id that is malformed: it is nobody's, as one that is unknown.
_NOBODY: Final = UUID(int=0)


class IncidentList(msgspec.Struct, frozen=True, kw_only=True):
    """A page of incidents."""

    incidents: list[ShownIncident]
    pagination: Pagination


async def _list(call: Call) -> IncidentList:
    require(call.principal, _SCOPE, TokenPermission.READ)
    issues = Issues()
    wanted = page_wanted(call.query, _SORTING, issues)
    which = _filter(call.query, issues)
    issues.raise_if_any()
    now = call.services.clock.now()
    sight = sight_of(call.principal, now)
    async with call.services.database.acquire() as connection:
        rows, pagination = await read_wanted(connection, reading.INCIDENTS, which.arguments(sight), wanted)
        counts = await reading.check_counts(connection, sight, _lasting(rows))
        regions = await all_regions(connection, now)
    return IncidentList(
        incidents=[shown_incident(row, counts.get(row["id"]), regions) for row in rows],
        pagination=pagination,
    )


async def _get(call: Call) -> WholeIncident:
    require(call.principal, _SCOPE, TokenPermission.READ)
    now = call.services.clock.now()
    sight = sight_of(call.principal, now)
    async with call.services.database.acquire() as connection:
        row = await row_in_sight(
            connection,
            sight,
            reading.incidents_by_id,
            decode_id(Prefix.INCIDENT, call.path["incidentId"]),
            name="incident",
            beyond=DeviceScopeForbidden,
        )
        counts = await reading.check_counts(connection, sight, _lasting([row]))
        regions = await all_regions(connection, now)
        updates = await _below(
            connection,
            row,
            reading.TIMELINE,
            reading.EARLIEST_FIRST,
            reading.INCIDENT_OF_EVENT,
            sight.workspace_id,
        )
        checks = await _below(
            connection,
            row,
            CHECKS_OF_INCIDENTS,
            LATEST_FIRST,
            INCIDENT_OF_CHECK,
            sight.workspace_id,
            sight.since,
        )
    places = worker_regions(regions)
    return whole_incident(
        shown_incident(row, counts.get(row["id"]), regions),
        row,
        updates=updates,
        checks=[shown_check(each, places) for each in checks],
        regions=regions,
    )


async def _below(
    connection: Connection,
    row: asyncpg.Record,
    select: str,
    ordering: Any,
    parent_column: str,
    *arguments: Any,
) -> Sequence[asyncpg.Record]:
    """Return the first rows of a list below an incident."""
    pages = await read_pages(
        connection,
        select,
        arguments,
        PageRequest(ordering=ordering, size=MOST_BELOW),
        parent_column=parent_column,
        parents=[row["id"]],
    )
    return pages[row["id"]].rows


def _filter(query: Mapping[str, str], issues: Issues) -> reading.IncidentFilter:
    status = choice(query, "status", list(_STATUSES), issues)
    monitor_id = query.get("monitorId")
    return reading.IncidentFilter(
        statuses=None if status is None else _STATUSES[status],
        monitor_id=None if monitor_id is None else decode_id(Prefix.MONITOR, monitor_id) or _NOBODY,
    )


def _lasting(rows: Sequence[asyncpg.Record]) -> list[UUID]:
    """Return the incidents whose checks are not counted for good yet."""
    return [row["id"] for row in rows if row["checks_total"] is None or row["checks_failed"] is None]


ROUTES = (
    Route(
        method=HTTPMethod.GET,
        path="/api/v1/incidents",
        name="listIncidents",
        summary="List incidents",
        right=QUERIES["incidents"],
        answer=_list,
        result=IncidentList,
        query=(
            *paging_parameters(_SORTING),
            Parameter(name="monitorId", description="Only those of this monitor"),
            choice_parameter("status", "Only those that last, or those that ended", list(_STATUSES)),
        ),
        example={
            "incidents": [EXAMPLE],
            "pagination": {"total": 42, "page": 1, "limit": 50, "totalPages": 1},
        },
        refusals=(HTTPStatus.BAD_REQUEST,),
    ),
    Route(
        method=HTTPMethod.GET,
        path="/api/v1/incidents/{incidentId}",
        name="getIncident",
        summary="Get an incident with its updates and checks, 100 of each at most",
        right=QUERIES["incident"],
        answer=_get,
        result=WholeIncident,
        example=EXAMPLE_IN_FULL,
        refusals=(HTTPStatus.NOT_FOUND,),
    ),
)
