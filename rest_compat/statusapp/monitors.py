"""StatusApp's routes of monitors."""

from __future__ import annotations

from dataclasses import replace
from http import HTTPMethod, HTTPStatus
from typing import Final

import msgspec

from core.access.permission import require
from core.access.principal import TokenPermission, TokenScope
from core.access.rights import MUTATIONS, QUERIES
from core.access.sight import sight_of
from core.ids import Prefix, encode_id
from core.issues import Issues
from core.monitors import reading
from core.monitors.finding import find_monitor
from core.monitors.status import MonitorStatus
from rest_compat.reading import choice, choice_parameter
from rest_compat.renaming import renamed
from rest_compat.route import Call, Parameter, Route
from rest_compat.statusapp.monitor_bodies import CreateMonitorBody, UpdateMonitorBody
from rest_compat.statusapp.monitor_changes import wanted_monitor, wanted_update
from rest_compat.statusapp.monitor_examples import BODY, LISTED, SHOWN
from rest_compat.statusapp.monitor_reads import monitor_page, one_monitor
from rest_compat.statusapp.monitor_shapes import ListedMonitor, ShownMonitor
from rest_compat.statusapp.monitor_types import MonitorType, filter_of_type, known_types
from rest_compat.statusapp.paging import Pagination, Sorting, page_wanted, paging_parameters, searched

_SCOPE: Final = TokenScope.UPTIME_CHECKS
_STATUSES: Final = ("UP", "DOWN", "DEGRADED", "PENDING", "UNKNOWN")
_SORTING: Final = Sorting(
    orders={
        "createdAt": (reading.CREATED, reading.CREATED_DESCENDING),
        "name": (reading.NAME, reading.NAME_DESCENDING),
        "updatedAt": (reading.UPDATED, reading.UPDATED_DESCENDING),
        "status": (reading.STATUS, reading.STATUS_DESCENDING),
        "interval": (reading.INTERVAL, reading.INTERVAL_DESCENDING),
    }
)


class MonitorList(msgspec.Struct, frozen=True, kw_only=True):
    """A page of monitors."""

    monitors: list[ListedMonitor]
    pagination: Pagination


class DeletedMonitor(msgspec.Struct, frozen=True, kw_only=True):
    """A monitor that there is no more."""

    success: bool = True
    message: str = "Monitor deleted successfully"


class PausedMonitor(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Whether a monitor rests by now."""

    id: str
    is_paused: bool


async def _list(call: Call) -> MonitorList:
    require(call.principal, _SCOPE, TokenPermission.READ)
    issues = Issues()
    wanted = page_wanted(call.query, _SORTING, issues)
    which = _filter(call, issues)
    issues.raise_if_any()
    monitors, pagination = await monitor_page(call, wanted, which)
    return MonitorList(monitors=monitors, pagination=pagination)


def _filter(call: Call, issues: Issues) -> reading.MonitorFilter:
    registry = call.services.registry
    status = choice(call.query, "status", _STATUSES, issues)
    type_name = choice(call.query, "type", known_types(registry), issues)
    return replace(
        filter_of_type(registry, type_name),
        statuses=None if status is None else (MonitorStatus[status],),
        search=searched(call.query, "search", issues),
    )


async def _get(call: Call) -> ShownMonitor:
    require(call.principal, _SCOPE, TokenPermission.READ)
    return await one_monitor(call, call.path["monitorId"])


async def _create(call: Call) -> ShownMonitor:
    require(call.principal, _SCOPE, TokenPermission.WRITE)
    wanted = await wanted_monitor(call)
    with renamed(wanted.names):
        made = await call.services.monitors.create(call.principal, wanted.change)
    return await one_monitor(call, encode_id(Prefix.MONITOR, made))


async def _update(call: Call) -> ShownMonitor:
    require(call.principal, _SCOPE, TokenPermission.WRITE)
    sight = sight_of(call.principal, call.services.clock.now())
    async with call.services.database.acquire() as connection:
        row = await find_monitor(connection, sight, call.path["monitorId"])
    wanted = await wanted_update(call, row)
    with renamed(wanted.names):
        await call.services.monitors.update(call.principal, wanted.change)
    return await one_monitor(call, call.path["monitorId"])


async def _delete(call: Call) -> DeletedMonitor:
    await call.services.monitors.delete(call.principal, call.path["monitorId"])
    return DeletedMonitor()


async def _pause(call: Call) -> PausedMonitor:
    monitor_id = call.path["monitorId"]
    is_paused = await call.services.monitors.toggle_pause(call.principal, monitor_id)
    return PausedMonitor(id=monitor_id, is_paused=is_paused)


_PATH: Final = "/api/v1/monitors"
_ONE_PATH: Final = "/api/v1/monitors/{monitorId}"
_MISSING: Final = (HTTPStatus.NOT_FOUND,)

ROUTES = (
    Route(
        method=HTTPMethod.GET,
        path=_PATH,
        name="listMonitors",
        summary="List all monitors",
        right=QUERIES["monitors"],
        answer=_list,
        result=MonitorList,
        query=(
            *paging_parameters(_SORTING),
            choice_parameter("status", "Only those of this status", _STATUSES),
            choice_parameter(
                "type",
                "Only those of this type, or of that of a further kind",
                [each.value for each in MonitorType],
            ),
            Parameter(name="search", description="Part of the name or of what is watched"),
        ),
        example={
            "monitors": [LISTED],
            "pagination": {"total": 25, "page": 1, "limit": 50, "totalPages": 1},
        },
        refusals=(HTTPStatus.BAD_REQUEST,),
    ),
    Route(
        method=HTTPMethod.GET,
        path=_ONE_PATH,
        name="getMonitor",
        summary="Get a monitor",
        right=QUERIES["monitor"],
        answer=_get,
        result=ShownMonitor,
        example=SHOWN,
        refusals=_MISSING,
    ),
    Route(
        method=HTTPMethod.POST,
        path=_PATH,
        name="createMonitor",
        summary="Create a monitor",
        right=MUTATIONS["createMonitor"],
        answer=_create,
        status=HTTPStatus.CREATED,
        body=CreateMonitorBody,
        body_example=BODY,
        result=ShownMonitor,
        example=SHOWN,
    ),
    Route(
        method=HTTPMethod.PUT,
        path=_ONE_PATH,
        name="updateMonitor",
        summary="Update a monitor: what is left out stays as it is",
        right=MUTATIONS["updateMonitor"],
        answer=_update,
        body=UpdateMonitorBody,
        body_example={"name": "My API Monitor", "interval": 60},
        result=ShownMonitor,
        example=SHOWN,
        # Somebody else changed the type meanwhile.
        refusals=(*_MISSING, HTTPStatus.CONFLICT),
    ),
    Route(
        method=HTTPMethod.DELETE,
        path=_ONE_PATH,
        name="deleteMonitor",
        summary="Delete a monitor",
        right=MUTATIONS["deleteMonitor"],
        answer=_delete,
        result=DeletedMonitor,
        example={"success": True, "message": "Monitor deleted successfully"},
        refusals=_MISSING,
    ),
    Route(
        method=HTTPMethod.POST,
        path=f"{_ONE_PATH}/pause",
        name="pauseMonitor",
        summary="Pause a monitor that runs, resume one that is paused",
        right=MUTATIONS["pauseMonitor"],
        answer=_pause,
        result=PausedMonitor,
        example={"id": SHOWN["id"], "isPaused": True},
        refusals=_MISSING,
    ),
)
