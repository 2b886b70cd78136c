"""Dashmon's routes of devices: what Tocsin calls monitors."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from http import HTTPMethod, HTTPStatus
from typing import Annotated, Any
from uuid import UUID

import msgspec

from core.access.permission import require
from core.access.principal import TokenPermission, TokenScope
from core.access.rights import MUTATIONS, QUERIES
from core.errors import InvalidInput, NotFound
from core.ids import Prefix, encode_id
from core.issues import Issues
from core.kind_choice import ConfigChange, KindChoice
from core.monitors.finding import find_monitor, find_project
from core.monitors.monitor_input import CreateMonitor, UpdateMonitor
from core.unset import UNSET, Unset
from plugins.api.config import Config, Meta
from rest_compat.dashmon.device_shapes import DEVICE_EXAMPLE, DEVICE_ID, PROJECT_ID, Device, whole_device
from rest_compat.dashmon.reads import reads
from rest_compat.reading import WHOLE, json_object, parsed
from rest_compat.renaming import Names, renamed
from rest_compat.route import Call, Route


class DeviceType(enum.StrEnum):
    """The kinds of probe that this API can make."""

    HTTP = "http"
    HEARTBEAT = "heartbeat"


# What services call the fields of the bodies below.
NAMES: Names = {
    ("intervalSeconds",): ("interval",),
    ("timeoutSeconds",): ("timeout",),
    ("regionKeys",): ("regions",),
    ("probe", "http"): (),
    ("probe", "http", "acceptedStatuses"): ("expectedStatuses",),
    ("probe", "http", "degradedAboveMs"): ("latencyLimitMs",),
    ("probe", "http", "certificateDaysLeft"): ("tls", "daysLeft"),
    ("probe", "heartbeat"): (),
    ("probe", "heartbeat", "intervalSeconds"): ("interval",),
    ("probe", "heartbeat", "graceSeconds"): ("grace",),
}
_OF_HTTP = frozenset({"url", "timeout", "regions"})
_OF_HEARTBEATS = frozenset({"grace"})

_NAME = "1 to 200 characters; need not be unique"
_URL = "Of a device of type http: the address that is asked"
_INTERVAL = "Seconds between two checks, or between the pings of a heartbeat; http: 300 by default"
_TIMEOUT = "Of a device of type http: seconds that a check may take; 30 by default, and at most the interval"
_GRACE = "Of a heartbeat: seconds that a ping may be late; 300 by default"
_REGIONS = (
    "Of a device of type http: where it is checked from, by key; by default the first region that there is"
)
_TAGS = "Its tags by name, at most 50"


class CreateDeviceBody(Config):
    """A device to make."""

    name: Annotated[str, Meta(description=_NAME)]
    type: Annotated[DeviceType, Meta(description="http, or heartbeat: a job that pings")] = DeviceType.HTTP
    url: Annotated[str, Meta(description=_URL)] | None = None
    interval: Annotated[int, WHOLE, Meta(description=_INTERVAL)] | None = None
    timeout: Annotated[int, WHOLE, Meta(description=_TIMEOUT)] | None = None
    grace: Annotated[int, WHOLE, Meta(description=_GRACE)] | None = None
    regions: Annotated[tuple[str, ...], Meta(description=_REGIONS)] | None = None
    tags: Annotated[tuple[str, ...], Meta(description=_TAGS)] | None = None


class UpdateDeviceBody(Config):
    """What to change of a device: what is absent stays, null is back to the default."""

    name: Annotated[str, Meta(description=_NAME)] | None = None
    project_id: Annotated[str, Meta(description="The project that it moves to")] | None = None
    url: Annotated[str, Meta(description=_URL)] | None = None
    interval: Annotated[int, WHOLE, Meta(description=_INTERVAL)] | None = None
    timeout: Annotated[int, WHOLE, Meta(description=_TIMEOUT)] | None = None
    grace: Annotated[int, WHOLE, Meta(description=_GRACE)] | None = None
    regions: Annotated[tuple[str, ...], Meta(description=_REGIONS)] | None = None
    tags: Annotated[tuple[str, ...], Meta(description=_TAGS)] | None = None


class DeletedDevice(msgspec.Struct, frozen=True, kw_only=True):
    """A device that is no more."""

    id: str
    deleted: bool = True


async def shown_device(call: Call, monitor_id: UUID) -> Device:
    """Return a device that was found or changed, in full and as it is now."""
    async with reads(call) as read:
        row = await find_monitor(read.connection, read.sight, encode_id(Prefix.MONITOR, monitor_id))
        return await whole_device(read, call.services.registry, row)


async def _get(call: Call) -> Device:
    require(call.principal, TokenScope.UPTIME_CHECKS, TokenPermission.READ)
    async with reads(call) as read:
        project = await find_project(read.connection, read.sight, call.path["projectId"])
        row = await find_monitor(read.connection, read.sight, call.path["deviceId"])
        if row["project_id"] != project["id"]:
            raise NotFound("device not found")
        return await whole_device(read, call.services.registry, row)


async def _create(call: Call) -> Device:
    data = json_object(call.body)
    body = parsed(CreateDeviceBody, data)
    _refuse_others(data, body.type)
    is_http = body.type is DeviceType.HTTP
    wanted = CreateMonitor(
        name=body.name,
        probe=KindChoice(kind=body.type.value, config=_config(body.type, data)),
        project_id=call.path["projectId"],
        interval_seconds=_given(data, "interval") if is_http else UNSET,
        timeout_seconds=_given(data, "timeout"),
        region_keys=_given(data, "regions"),
        tags=_given(data, "tags"),
    )
    try:
        with renamed(NAMES):
            made = await call.services.monitors.create(call.principal, wanted)
    except InvalidInput as refusal:
        if any(issue.path == ("projectId",) for issue in refusal.issues):
            raise NotFound("project not found") from refusal
        raise
    return await shown_device(call, made)


async def _update(call: Call) -> Device:
    data = json_object(call.body)
    parsed(UpdateDeviceBody, data)
    kind = await _type_of(call)
    _refuse_others(data, kind)
    config = {} if kind is None else _config(kind, data)
    wanted = UpdateMonitor(
        id=call.path["deviceId"],
        name=_given(data, "name"),
        probe=ConfigChange(kind=kind.value, changes=config) if kind is not None and config else UNSET,
        project_id=_given(data, "projectId"),
        interval_seconds=UNSET if kind is DeviceType.HEARTBEAT else _given(data, "interval"),
        timeout_seconds=_given(data, "timeout"),
        region_keys=_given(data, "regions"),
        tags=_given(data, "tags"),
    )
    with renamed(NAMES):
        return await shown_device(call, await call.services.monitors.update(call.principal, wanted))


async def _delete(call: Call) -> DeletedDevice:
    deleted = await call.services.monitors.delete(call.principal, call.path["deviceId"])
    return DeletedDevice(id=encode_id(Prefix.MONITOR, deleted))


async def _type_of(call: Call) -> DeviceType | None:
    """Return the type of a device, by which its fields are understood; None of a kind that cannot be made here."""
    require(call.principal, TokenScope.UPTIME_CHECKS, TokenPermission.WRITE)
    async with reads(call) as read:
        row = await find_monitor(read.connection, read.sight, call.path["deviceId"])
    return DeviceType(row["kind"]) if row["kind"] in set(DeviceType) else None


def _refuse_others(data: Mapping[str, Any], kind: DeviceType | None) -> None:
    """Raise InvalidInput for fields that devices of that type do not have."""
    issues = Issues()
    foreign = {
        DeviceType.HTTP: _OF_HEARTBEATS,
        DeviceType.HEARTBEAT: _OF_HTTP,
        None: _OF_HEARTBEATS | {"url"},
    }
    for field in sorted(foreign[kind].intersection(data)):
        issues.refuse((field,), "invalid", "is no field of devices of that type")
    issues.raise_if_any()


def _config(kind: DeviceType, data: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a body says of the probe's configuration."""
    names = (
        {"url": "url"}
        if kind is DeviceType.HTTP
        else {"interval": "intervalSeconds", "grace": "graceSeconds"}
    )
    return {of_probe: data[name] for name, of_probe in names.items() if name in data}


def _given(data: Mapping[str, Any], name: str) -> Any | Unset:
    """Return a field of a body that was parsed already; UNSET where it is absent."""
    return data.get(name, UNSET)


ROUTES = (
    Route(
        method=HTTPMethod.GET,
        path="/api/projects/{projectId}/devices/{deviceId}",
        name="getDevice",
        summary="A device in full, with its tags",
        right=QUERIES["monitor"],
        answer=_get,
        result=Device,
        example=DEVICE_EXAMPLE,
        refusals=(HTTPStatus.NOT_FOUND,),
    ),
    Route(
        method=HTTPMethod.POST,
        path="/api/projects/{projectId}/devices",
        name="createDevice",
        summary="Create a device inside a project",
        right=MUTATIONS["createMonitor"],
        answer=_create,
        status=HTTPStatus.CREATED,
        body=CreateDeviceBody,
        body_example={
            "name": "The shop",
            "type": "http",
            "url": "https://shop.example.org/",
            "interval": 60,
            "tags": ["shop"],
        },
        result=Device,
        example=DEVICE_EXAMPLE,
        refusals=(HTTPStatus.NOT_FOUND,),
    ),
    Route(
        method=HTTPMethod.PUT,
        path="/api/devices/{deviceId}",
        name="updateDevice",
        summary="Update a device; another address begins it anew",
        right=MUTATIONS["updateMonitor"],
        answer=_update,
        body=UpdateDeviceBody,
        body_example={"name": "The shop", "projectId": PROJECT_ID, "interval": 60},
        result=Device,
        example=DEVICE_EXAMPLE,
        refusals=(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT),
    ),
    Route(
        method=HTTPMethod.DELETE,
        path="/api/devices/{deviceId}",
        name="deleteDevice",
        summary="Delete a device; its open incidents resolve",
        right=MUTATIONS["deleteMonitor"],
        answer=_delete,
        result=DeletedDevice,
        example={"id": DEVICE_ID, "deleted": True},
        refusals=(HTTPStatus.NOT_FOUND,),
    ),
)
