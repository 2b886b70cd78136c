"""How Dashmon shows what Tocsin calls a monitor: a device, in short and in full."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import asyncpg
import msgspec
from msgspec.structs import asdict

from core.checks.reading import last_checks
from core.ids import Prefix, encode_id
from core.moments import write_moment
from core.monitors.reading import regions_of_monitors, status_since
from core.monitors.status import MonitorStatus
from core.monitors.tag_reading import tags_of_monitors
from core.plugin_registry import PluginRegistry
from core.scheduling.region_reading import all_regions
from rest_compat.dashmon.device_settings import SYNTHETIC_EXAMPLE, Synthetic, settings_of
from rest_compat.dashmon.reads import Reads, milliseconds, moment_or_none

# What of a monitor's row is shown in short, beside its id.
SUMMARY_COLUMNS = ("name", "kind", "target", "status", "is_paused", "interval_seconds")


class DeviceSummary(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A device in a list. `status` is pending, up, degraded, down or unknown; `interval` is in seconds."""

    id: str
    name: str
    type: str
    target: str
    status: str
    paused: bool
    interval: int | None
    last_checked_at: str | None
    response_time_ms: float | None


class Device(DeviceSummary, frozen=True, kw_only=True, rename="camel"):
    """A device with its tags; `interval`, `timeout` and `grace` are seconds.

    `url` and `synthetic` belong to the type http, `grace` to heartbeats: null elsewhere. `config` is null for these
    two; for other types, which cannot be made here, it is how they are looked at, without secrets.
    """

    project_id: str
    url: str | None
    grace: int | None
    synthetic: Synthetic | None
    config: dict[str, Any] | None
    status_since: str
    flapping: bool
    timeout: int
    regions: list[str]
    tags: list[str]
    last_error: str | None
    created_at: str
    updated_at: str


def shown_status(number: int) -> str:
    """Return a status in Dashmon's words."""
    return MonitorStatus(number).name.lower()


def device_summary(row: asyncpg.Record, last: asyncpg.Record | None) -> DeviceSummary:
    """Return a device in short, from its row and that of its latest check."""
    return DeviceSummary(
        id=encode_id(Prefix.MONITOR, row["id"]),
        name=row["name"],
        type=row["kind"],
        target=row["target"],
        status=shown_status(row["status"]),
        paused=row["is_paused"],
        interval=row["interval_seconds"],
        last_checked_at=None if last is None else moment_or_none(last["checked_at"]),
        response_time_ms=None if last is None else milliseconds(last["response_us"]),
    )


async def whole_device(read: Reads, registry: PluginRegistry, row: asyncpg.Record) -> Device:
    """Return a device in full, from its row and what is read beside it."""
    key = row["id"]
    last = (await last_checks(read.connection, read.sight, [key])).get(key)
    tags = await tags_of_monitors(read.connection, read.sight, [key])
    return Device(
        **asdict(device_summary(row, last)),
        project_id=encode_id(Prefix.PROJECT, row["project_id"]),
        **asdict(settings_of(registry, row)),
        status_since=write_moment(status_since(row)),
        flapping=row["is_flapping"],
        timeout=row["timeout_seconds"],
        regions=await _region_keys(read, row),
        tags=[tag["name"] for tag in tags[key]],
        last_error=None if last is None else last["error"],
        created_at=write_moment(row["created_at"]),
        updated_at=write_moment(row["updated_at"]),
    )


async def summaries(
    read: Reads, by_parent: Mapping[Any, Sequence[asyncpg.Record]]
) -> dict[Any, list[DeviceSummary]]:
    """Return devices in short below their parents, the latest checks of all read at once."""
    keys = [row["id"] for rows in by_parent.values() for row in rows]
    last = await last_checks(read.connection, read.sight, keys, ("checked_at", "response_us"))
    return {
        parent: [device_summary(row, last.get(row["id"])) for row in rows]
        for parent, rows in by_parent.items()
    }


async def _region_keys(read: Reads, row: asyncpg.Record) -> list[str]:
    numbers = (await regions_of_monitors(read.connection, read.sight, [row["id"]]))[row["id"]]
    known = await all_regions(read.connection, read.now)
    return [known[number]["key"] for number in numbers if number in known]


DEVICE_ID = "mon_01m81q4vb2ex285gqsh83acwyg"
PROJECT_ID = "prj_01m81q4vb2ex285gqsh83acwyg"
SUMMARY_EXAMPLE = {
    "id": DEVICE_ID,
    "name": "The shop",
    "type": "http",
    "target": "https://shop.example.org/",
    "status": "up",
    "paused": False,
    "interval": 60,
    "lastCheckedAt": "2026-02-16T11:23:00.000Z",
    "responseTimeMs": 41.7,
}
DEVICE_EXAMPLE = {
    **SUMMARY_EXAMPLE,
    "projectId": PROJECT_ID,
    "url": "https://shop.example.org/",
    "grace": None,
    "synthetic": SYNTHETIC_EXAMPLE,
    "config": None,
    "statusSince": "2026-02-15T08:00:00.000Z",
    "flapping": False,
    "timeout": 30,
    "regions": ["local"],
    "tags": ["shop"],
    "lastError": None,
    "createdAt": "2026-02-01T09:00:00.000Z",
    "updatedAt": "2026-02-01T09:00:00.000Z",
}
