"""Dashmon's routes of tags."""

from __future__ import annotations

import enum
from http import HTTPMethod, HTTPStatus
from typing import Annotated

import msgspec

from core.access.permission import require
from core.access.plans import Capability
from core.access.principal import TokenPermission, TokenScope
from core.access.rights import MUTATIONS, QUERIES
from core.ids import Prefix, encode_id, encode_ids
from core.monitors.monitor_input import SetTags
from core.monitors.tag_reading import all_tags, monitor_counts, tags_of_monitors
from plugins.api.config import Config, Meta
from rest_compat.dashmon.device_shapes import DEVICE_ID
from rest_compat.dashmon.reads import reads
from rest_compat.reading import json_object, parsed
from rest_compat.renaming import Names, renamed
from rest_compat.route import Call, Route

_NAMES: Names = {
    ("monitorIds",): ("deviceIds",),
    ("replace",): ("tags",),
    ("add",): ("tags",),
    ("remove",): ("tags",),
}


class Tag(msgspec.Struct, frozen=True, kw_only=True):
    """A tag, and how many devices wear it."""

    id: str
    name: str
    count: int


class Tags(msgspec.Struct, frozen=True, kw_only=True):
    """All tags, by name."""

    tags: list[Tag]


class DeviceTags(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The tags of a device, by name."""

    device_id: str
    tags: list[str]


class Tagged(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The devices that were named."""

    devices: int
    device_ids: list[str]


class TagsBody(Config):
    """All tags of a device from now on."""

    tags: Annotated[tuple[str, ...], Meta(description="By name, at most 50; none takes all from it")]


class BulkAction(enum.StrEnum):
    """What to do with the tags."""

    ADD = "add"
    REMOVE = "remove"
    REPLACE = "replace"


class BulkTagsBody(Config):
    """Tags for several devices: all are changed, or none."""

    device_ids: Annotated[tuple[str, ...], Meta(description="The devices, at least one")]
    action: Annotated[
        BulkAction,
        Meta(description="add beside those that they wear, remove from them, or replace all that they wear"),
    ]
    tags: Annotated[tuple[str, ...], Meta(description="By name, at most 50")]


async def _list(call: Call) -> Tags:
    require(call.principal, TokenScope.UPTIME_CHECKS, TokenPermission.READ)
    async with reads(call) as read:
        rows = await all_tags(read.connection, read.sight)
        counts = await monitor_counts(read.connection, read.sight, [row["id"] for row in rows])
    return Tags(
        tags=[
            Tag(id=encode_id(Prefix.TAG, row["id"]), name=row["name"], count=counts.get(row["id"], 0))
            for row in rows
        ]
    )


async def _replace(call: Call) -> DeviceTags:
    body = parsed(TagsBody, json_object(call.body))
    wanted = SetTags(monitor_ids=[call.path["deviceId"]], replace=body.tags)
    with renamed(_NAMES):
        (device_id,) = await call.services.bulk.set_tags(call.principal, wanted)
    async with reads(call) as read:
        found = await tags_of_monitors(read.connection, read.sight, [device_id])
    return DeviceTags(
        device_id=encode_id(Prefix.MONITOR, device_id), tags=[row["name"] for row in found[device_id]]
    )


async def _bulk(call: Call) -> Tagged:
    body = parsed(BulkTagsBody, json_object(call.body))
    wanted = SetTags(monitor_ids=body.device_ids, **{body.action.value: body.tags})
    with renamed(_NAMES):
        found = await call.services.bulk.set_tags(call.principal, wanted)
    return Tagged(devices=len(found), device_ids=encode_ids(Prefix.MONITOR, found))


ROUTES = (
    Route(
        method=HTTPMethod.GET,
        path="/api/tags",
        name="listTags",
        summary="All tags, and how many devices wear each",
        right=QUERIES["tags"],
        answer=_list,
        result=Tags,
        example={"tags": [{"id": "tag_01m81q4vb2ex285gqsh83acwyg", "name": "shop", "count": 1}]},
    ),
    Route(
        method=HTTPMethod.PUT,
        path="/api/devices/{deviceId}/tags",
        name="replaceDeviceTags",
        summary="Replace the tags of a device",
        right=MUTATIONS["setTags"],
        answer=_replace,
        body=TagsBody,
        body_example={"tags": ["shop"]},
        result=DeviceTags,
        example={"deviceId": DEVICE_ID, "tags": ["shop"]},
        refusals=(HTTPStatus.NOT_FOUND,),
    ),
    Route(
        method=HTTPMethod.POST,
        path="/api/devices/tags/bulk",
        name="tagDevices",
        summary="Add, remove or replace tags of several devices",
        right=MUTATIONS["setTags"],
        capability=Capability.BULK_TAGS,
        answer=_bulk,
        body=BulkTagsBody,
        body_example={"deviceIds": [DEVICE_ID], "action": "add", "tags": ["shop"]},
        result=Tagged,
        example={"devices": 1, "deviceIds": [DEVICE_ID]},
        refusals=(HTTPStatus.NOT_FOUND,),
    ),
)
