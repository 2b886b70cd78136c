"""Dashmon's routes of projects."""

from __future__ import annotations

from http import HTTPMethod, HTTPStatus
from typing import Annotated
from uuid import UUID

import asyncpg
import msgspec
from msgspec.structs import asdict

from core.access.permission import require
from core.access.principal import TokenPermission, TokenScope
from core.access.rights import MUTATIONS, QUERIES
from core.db.listing import count_rows, count_rows_of, read_stretch, read_stretches
from core.errors import Conflict
from core.ids import Prefix, encode_id
from core.issues import Issues
from core.moments import write_moment
from core.monitors.project_reading import (
    CREATED,
    PROJECTS,
    listed_projects,
    project_statuses,
    projects_by_id,
)
from core.monitors.project_service import CreateProject, DeleteProject, UpdateProject
from core.monitors.reading import CREATED as MONITORS_CREATED
from core.monitors.reading import EVERY_MONITOR, MONITORS, PROJECT_OF_MONITOR
from core.monitors.status import MonitorStatus
from plugins.api.config import Config, Meta
from rest_compat.dashmon.device_shapes import (
    PROJECT_ID,
    SUMMARY_COLUMNS,
    SUMMARY_EXAMPLE,
    DeviceSummary,
    summaries,
)
from rest_compat.dashmon.reads import PAGE, Reads, Stretch, limit_parameter, reads, stretch_of
from rest_compat.reading import (
    FURTHEST_PAGE,
    choice,
    choice_parameter,
    json_object,
    number_parameter,
    parsed,
    whole_number,
)
from rest_compat.route import Call, Route

MOST_PROJECTS = 100
DEFAULT_DEVICES, MOST_DEVICES = 100, 500
_YES_OR_NO = ("true", "false")


class Project(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A project without its devices. `status` is that of its gravest device; paused ones say nothing."""

    id: str
    name: str
    is_default: bool
    status: str
    device_count: int
    created_at: str


class ListedProject(Project, frozen=True, kw_only=True, rename="camel"):
    """A project with a page of its devices; `deviceCount` counts them all."""

    devices: list[DeviceSummary]


class Projects(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A page of the projects; `total` counts them all."""

    projects: list[ListedProject]
    page: int
    limit: int
    total: int
    device_page: int
    device_limit: int


class DeletedProject(msgspec.Struct, frozen=True, kw_only=True):
    """A project that is no more."""

    id: str
    deleted: bool = True


class ProjectBody(Config):
    """What people call a project."""

    name: Annotated[str, Meta(description="1 to 200 characters; need not be unique")]


async def _list(call: Call) -> Projects:
    require(call.principal, TokenScope.UPTIME_CHECKS, TokenPermission.READ)
    issues = Issues()
    wanted = stretch_of(call.query, issues, default=MOST_PROJECTS, most=MOST_PROJECTS)
    below = _devices_wanted(call, issues)
    issues.raise_if_any()
    async with reads(call) as read:
        arguments = listed_projects(read.sight)
        total = await count_rows(read.connection, PROJECTS, arguments)
        rows = await read_stretch(
            read.connection, PROJECTS, arguments, CREATED, skipped=wanted.skipped, size=wanted.limit
        )
        shown = await _with_devices(read, rows, below)
    return Projects(
        projects=shown,
        page=wanted.page,
        limit=wanted.limit,
        total=total,
        device_page=below.page,
        device_limit=below.limit,
    )


def _devices_wanted(call: Call, issues: Issues) -> Stretch:
    page = whole_number(call.query, "devicePage", default=1, most=FURTHEST_PAGE, issues=issues)
    limit = whole_number(call.query, "deviceLimit", default=DEFAULT_DEVICES, most=MOST_DEVICES, issues=issues)
    return Stretch(page=page, limit=limit)


async def _with_devices(read: Reads, rows: list[asyncpg.Record], below: Stretch) -> list[ListedProject]:
    ids = [row["id"] for row in rows]
    arguments = EVERY_MONITOR.arguments(read.sight)
    devices = await read_stretches(
        read.connection,
        MONITORS,
        arguments,
        MONITORS_CREATED,
        skipped=below.skipped,
        size=below.limit,
        parent_column=PROJECT_OF_MONITOR,
        parents=ids,
        columns=SUMMARY_COLUMNS,
    )
    shown = await summaries(read, devices)
    return [
        ListedProject(**asdict(project), devices=shown[row["id"]])
        for row, project in zip(rows, await _shown(read, rows), strict=True)
    ]


async def _shown(read: Reads, rows: list[asyncpg.Record]) -> list[Project]:
    ids = [row["id"] for row in rows]
    statuses = await project_statuses(read.connection, read.sight, ids)
    counts = await count_rows_of(
        read.connection,
        MONITORS,
        EVERY_MONITOR.arguments(read.sight),
        parent_column=PROJECT_OF_MONITOR,
        parents=ids,
    )
    return [_project(row, statuses[row["id"]], counts[row["id"]]) for row in rows]


def _project(row: asyncpg.Record, status: MonitorStatus, device_count: int) -> Project:
    return Project(
        id=encode_id(Prefix.PROJECT, row["id"]),
        name=row["name"],
        is_default=row["is_default"],
        status=status.name.lower(),
        device_count=device_count,
        created_at=write_moment(row["created_at"]),
    )


async def _answer(call: Call, project_id: UUID) -> Project:
    async with reads(call) as read:
        found = await projects_by_id(read.connection, read.sight, [project_id])
        (project,) = await _shown(read, list(found.values()))
    return project


async def _create(call: Call) -> Project:
    body = parsed(ProjectBody, json_object(call.body))
    made = await call.services.projects.create(call.principal, CreateProject(name=body.name))
    return await _answer(call, made)


async def _update(call: Call) -> Project:
    body = parsed(ProjectBody, json_object(call.body))
    update = UpdateProject(id=call.path["id"], name=body.name)
    return await _answer(call, await call.services.projects.update(call.principal, update))


async def _delete(call: Call) -> DeletedProject:
    issues = Issues()
    with_devices = choice(call.query, "deleteDevices", _YES_OR_NO, issues) == "true"
    issues.raise_if_any()
    unwanted = DeleteProject(id=call.path["id"], delete_monitors=with_devices)
    try:
        deleted = await call.services.projects.delete(call.principal, unwanted)
    except Conflict as refusal:
        if refusal.path != ("deleteMonitors",):
            raise
        cause = "the project still holds devices: move or delete them, or ask with ?deleteDevices=true"
        raise Conflict(cause) from refusal
    return DeletedProject(id=encode_id(Prefix.PROJECT, deleted))


_EXAMPLE = {
    "id": PROJECT_ID,
    "name": "Default",
    "isDefault": True,
    "status": "up",
    "deviceCount": 1,
    "createdAt": "2026-02-01T09:00:00.000Z",
}

ROUTES = (
    Route(
        method=HTTPMethod.GET,
        path="/api/projects",
        name="listProjects",
        summary="List projects with summaries of their devices",
        right=QUERIES["projects"],
        answer=_list,
        result=Projects,
        query=(
            PAGE,
            limit_parameter("Projects", default=MOST_PROJECTS, most=MOST_PROJECTS),
            number_parameter(
                "devicePage", "Which page of each project's devices", default=1, most=FURTHEST_PAGE
            ),
            number_parameter(
                "deviceLimit", "Devices of each project", default=DEFAULT_DEVICES, most=MOST_DEVICES
            ),
        ),
        example={
            "projects": [{**_EXAMPLE, "devices": [SUMMARY_EXAMPLE]}],
            "page": 1,
            "limit": MOST_PROJECTS,
            "total": 1,
            "devicePage": 1,
            "deviceLimit": DEFAULT_DEVICES,
        },
        refusals=(HTTPStatus.BAD_REQUEST,),
    ),
    Route(
        method=HTTPMethod.POST,
        path="/api/projects",
        name="createProject",
        summary="Create a project",
        right=MUTATIONS["createProject"],
        answer=_create,
        status=HTTPStatus.CREATED,
        body=ProjectBody,
        body_example={"name": "Default"},
        result=Project,
        example=_EXAMPLE,
    ),
    Route(
        method=HTTPMethod.PUT,
        path="/api/projects/{id}",
        name="updateProject",
        summary="Update a project",
        right=MUTATIONS["updateProject"],
        answer=_update,
        body=ProjectBody,
        body_example={"name": "Default"},
        result=Project,
        example=_EXAMPLE,
        refusals=(HTTPStatus.NOT_FOUND,),
    ),
    Route(
        method=HTTPMethod.DELETE,
        path="/api/projects/{id}",
        name="deleteProject",
        summary="Delete a project: an empty one, unless its devices are to go with it; never the default one",
        right=MUTATIONS["deleteProject"],
        answer=_delete,
        query=(
            choice_parameter("deleteDevices", "Whether its devices go with it", _YES_OR_NO, default="false"),
        ),
        result=DeletedProject,
        example={"id": PROJECT_ID, "deleted": True},
        refusals=(HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT),
    ),
)
