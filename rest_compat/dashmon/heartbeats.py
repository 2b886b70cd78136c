"""Dashmon's routes of heartbeats: their settings, and the address that jobs ping."""

from __future__ import annotations

from http import HTTPMethod, HTTPStatus
from typing import Annotated

import asyncpg
import msgspec

from core.access.permission import may, require
from core.access.plans import Capability
from core.access.principal import TokenPermission, TokenScope
from core.access.rights import MUTATIONS, QUERIES, Asker, Right
from core.errors import Conflict
from core.heartbeats.ping import PingKind
from core.heartbeats.reading import heartbeats_of_monitors
from core.ids import Prefix, encode_id
from core.kind_choice import ConfigChange
from core.monitors.finding import find_monitor
from core.monitors.monitor_input import UpdateMonitor
from plugins.api.config import Config, Meta
from rest_compat.dashmon.device_settings import settings_of
from rest_compat.dashmon.device_shapes import DEVICE_ID
from rest_compat.dashmon.devices import NAMES
from rest_compat.dashmon.reads import moment_or_none, reads
from rest_compat.pinging import take_ping
from rest_compat.reading import WHOLE, json_object, parsed
from rest_compat.renaming import renamed
from rest_compat.route import Call, Route

RECEIVER = "/api/incoming/heartbeat/"
_KIND = "heartbeat"
_FIELDS = {"interval": "intervalSeconds", "grace": "graceSeconds"}


class HeartbeatConfig(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """When a job is expected to ping, and where. `token` and `webhookUrl` are told only to who may write the device.

    `interval` and `grace` are seconds; `interval` is null where pings do not come at a constant one.
    """

    device_id: str
    interval: int | None
    grace: int
    token: str | None
    webhook_url: str | None
    last_ping_at: str | None
    expected_by: str | None


class HeartbeatBody(Config):
    """What to change; what is absent stays. Another token makes the old address unknown."""

    interval: Annotated[int, WHOLE, Meta(description="Seconds between two pings")] | None = None
    grace: Annotated[int, WHOLE, Meta(description="Seconds that a ping may be late; null: 300")] | None = None
    regenerate_token: Annotated[bool, Meta(description="Whether the address is to be another one")] = False


class Received(msgspec.Struct, frozen=True, kw_only=True):
    """A ping that is stored."""

    received: bool = True


async def _get(call: Call) -> HeartbeatConfig:
    require(call.principal, TokenScope.UPTIME_CHECKS, TokenPermission.READ)
    async with reads(call) as read:
        device = await find_monitor(read.connection, read.sight, call.path["deviceId"])
        found = await heartbeats_of_monitors(read.connection, read.sight, [device["id"]])
    heartbeat = found.get(device["id"])
    if heartbeat is None:
        raise Conflict("the device is no heartbeat: it does not wait to be pinged")
    return _shown(call, device, heartbeat)


def _shown(call: Call, device: asyncpg.Record, heartbeat: asyncpg.Record) -> HeartbeatConfig:
    is_told = may(call.principal, TokenScope.UPTIME_CHECKS, TokenPermission.WRITE)
    server = (call.services.settings.public_url or "").rstrip("/")
    return HeartbeatConfig(
        device_id=encode_id(Prefix.MONITOR, device["id"]),
        interval=device["interval_seconds"],
        grace=settings_of(call.services.registry, device).grace or 0,
        token=heartbeat["token"] if is_told else None,
        webhook_url=f"{server}{RECEIVER}{heartbeat['token']}" if is_told else None,
        last_ping_at=moment_or_none(heartbeat["last_ping_at"]),
        expected_by=moment_or_none(heartbeat["expected_by"]),
    )


async def _put(call: Call) -> HeartbeatConfig:
    data = json_object(call.body)
    body = parsed(HeartbeatBody, data)
    changes = {of_probe: data[name] for name, of_probe in _FIELDS.items() if name in data}
    device_id, monitors = call.path["deviceId"], call.services.monitors
    update = UpdateMonitor(
        id=device_id,
        probe=ConfigChange(kind=_KIND, changes=changes),
        rotates_heartbeat_url=body.regenerate_token,
    )
    if body.regenerate_token and not changes:
        # As elsewhere: a workspace that takes no other changes may still make an address that leaked another one.
        await monitors.rotate_heartbeat_url(call.principal, device_id)
    else:
        with renamed(NAMES):
            await monitors.update(call.principal, update)
    return await _get(call)


async def _receive(call: Call) -> Received:
    await take_ping(call, call.path["token"], PingKind.SUCCESS)
    return Received()


_EXAMPLE = {
    "deviceId": DEVICE_ID,
    "interval": 600,
    "grace": 300,
    "token": "s3cr3t",
    "webhookUrl": f"https://tocsin.example.org{RECEIVER}s3cr3t",
    "lastPingAt": "2026-02-16T11:20:00.000Z",
    "expectedBy": "2026-02-16T11:30:00.000Z",
}

ROUTES = (
    Route(
        method=HTTPMethod.GET,
        path="/api/devices/{deviceId}/heartbeat-config",
        name="getHeartbeatConfig",
        summary="The settings of a heartbeat, and the address to ping",
        right=QUERIES["monitor"],
        capability=Capability.HEARTBEATS,
        answer=_get,
        result=HeartbeatConfig,
        example=_EXAMPLE,
        refusals=(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT),
    ),
    Route(
        method=HTTPMethod.PUT,
        path="/api/devices/{deviceId}/heartbeat-config",
        name="saveHeartbeatConfig",
        summary="Save interval and grace of a heartbeat, and make its address another one",
        right=MUTATIONS["updateMonitor"],
        capability=Capability.HEARTBEATS,
        answer=_put,
        body=HeartbeatBody,
        body_example={"interval": 600, "grace": 300, "regenerateToken": True},
        result=HeartbeatConfig,
        example=_EXAMPLE,
        refusals=(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT),
    ),
    Route(
        method=HTTPMethod.POST,
        path=RECEIVER + "{token}",
        name="receiveHeartbeat",
        summary="Ping a heartbeat, whatever the body says",
        right=Right(asker=Asker.ANYBODY),
        answer=_receive,
        result=Received,
        example={"received": True},
        refusals=(
            HTTPStatus.NOT_FOUND,
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            HTTPStatus.TOO_MANY_REQUESTS,
        ),
    ),
)
