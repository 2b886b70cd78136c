"""Dashmon's routes of what devices were found to be: history, percentiles, and checks at once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from http import HTTPMethod, HTTPStatus
from types import MappingProxyType

import asyncpg
import msgspec

from core.access.permission import require
from core.access.plans import Capability
from core.access.principal import TokenPermission, TokenScope
from core.access.rights import MUTATIONS, QUERIES
from core.checks.reading import CHECKS, LATEST_FIRST, MONITOR_OF_CHECK, CheckFilter
from core.db.listing import PageRequest, read_pages
from core.ids import Prefix, encode_id
from core.issues import Issues
from core.moments import write_moment
from core.monitors.finding import find_monitor
from core.monitors.monitor_input import CheckNow
from core.scheduling.region_reading import all_regions
from core.statistics.period import window_of
from core.statistics.reading import latencies
from plugins.api.outcome import CheckStatus
from rest_compat.dashmon.device_shapes import DEVICE_ID
from rest_compat.dashmon.reads import Reads, milliseconds, reads
from rest_compat.reading import choice, choice_parameter, number_parameter, whole_number
from rest_compat.route import Call, Route

DEFAULT_SAMPLES, MOST_SAMPLES = 60, 500
WINDOWS: Mapping[str, timedelta] = MappingProxyType(
    {
        "1h": timedelta(hours=1),
        "24h": timedelta(days=1),
        "7d": timedelta(days=7),
        "30d": timedelta(days=30),
    }
)
_DEFAULT_WINDOW = "24h"


class Sample(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One check. `region` is null for what a job reported, or did not; `responseTimeMs` where there was no answer."""

    time: str
    status: str
    response_time_ms: float | None
    region: str | None
    status_code: int | None
    error: str | None


class History(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The latest checks of a device, the earliest of them first."""

    device_id: str
    limit: int
    samples: list[Sample]


class Percentiles(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """How long a device took to answer, in milliseconds; null if it never did. `from` is within the plan's history."""

    device_id: str
    window: str
    since: str = msgspec.field(name="from")
    until: str = msgspec.field(name="to")
    p50: float | None = None
    p95: float | None = None
    p99: float | None = None
    average: float | None = None
    min: float | None = None
    max: float | None = None


class Queued(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A device that is checked as soon as a worker of its regions is free."""

    device_id: str
    queued: int = 1


class AllQueued(msgspec.Struct, frozen=True, kw_only=True):
    """How many devices are checked as soon as workers of their regions are free."""

    queued: int


async def _history(call: Call) -> History:
    require(call.principal, TokenScope.UPTIME_CHECKS, TokenPermission.READ)
    issues = Issues()
    limit = whole_number(call.query, "limit", default=DEFAULT_SAMPLES, most=MOST_SAMPLES, issues=issues)
    issues.raise_if_any()
    async with reads(call) as read:
        device = await find_monitor(read.connection, read.sight, call.path["deviceId"])
        rows = await _latest(read, device, limit)
        regions = await all_regions(read.connection, read.now)
    return History(
        device_id=encode_id(Prefix.MONITOR, device["id"]),
        limit=limit,
        samples=[_sample(row, regions) for row in reversed(rows)],
    )


async def _latest(read: Reads, device: asyncpg.Record, limit: int) -> list[asyncpg.Record]:
    pages = await read_pages(
        read.connection,
        CHECKS,
        CheckFilter().arguments(read.sight),
        PageRequest(ordering=LATEST_FIRST, size=limit),
        parent_column=MONITOR_OF_CHECK,
        parents=[device["id"]],
    )
    return list(pages[device["id"]].rows)


def _sample(row: asyncpg.Record, regions: dict[int, asyncpg.Record]) -> Sample:
    region = regions.get(row["region_id"])
    return Sample(
        time=write_moment(row["checked_at"]),
        status=CheckStatus(row["status"]).name.lower(),
        response_time_ms=milliseconds(row["response_us"]),
        region=None if region is None else region["key"],
        status_code=row["status_code"],
        error=row["error"],
    )


async def _percentiles(call: Call) -> Percentiles:
    require(call.principal, TokenScope.UPTIME_CHECKS, TokenPermission.READ)
    issues = Issues()
    named = choice(call.query, "window", list(WINDOWS), issues) or _DEFAULT_WINDOW
    issues.raise_if_any()
    async with reads(call) as read:
        device = await find_monitor(read.connection, read.sight, call.path["id"])
        window = window_of(WINDOWS[named], read.now, read.sight.since)
        found = await latencies(read.connection, read.sight, [device["id"]], window)
    told = Percentiles(
        device_id=encode_id(Prefix.MONITOR, device["id"]),
        window=named,
        since=write_moment(window.start),
        until=write_moment(window.end),
    )
    row = found.get(device["id"])
    return told if row is None else _with_figures(told, row)


def _with_figures(told: Percentiles, row: asyncpg.Record) -> Percentiles:
    p50, p95, p99 = row["percentiles_ms"]
    return msgspec.structs.replace(
        told, p50=p50, p95=p95, p99=p99, average=row["average_ms"], min=row["min_ms"], max=row["max_ms"]
    )


async def _test_now(call: Call) -> Queued:
    wanted = CheckNow(monitor_ids=[call.path["deviceId"]])
    (found,) = await call.services.bulk.check_now(call.principal, wanted)
    return Queued(device_id=encode_id(Prefix.MONITOR, found))


async def _refresh_all(call: Call) -> AllQueued:
    return AllQueued(queued=len(await call.services.bulk.check_now(call.principal, CheckNow())))


ROUTES = (
    Route(
        method=HTTPMethod.GET,
        path="/api/devices/{deviceId}/history",
        name="deviceHistory",
        summary="The latest checks of a device, the earliest of them first: a time series for charts",
        right=QUERIES["monitor"],
        answer=_history,
        result=History,
        query=(
            number_parameter(
                "limit", "How many of the latest checks", default=DEFAULT_SAMPLES, most=MOST_SAMPLES
            ),
        ),
        example={
            "deviceId": DEVICE_ID,
            "limit": DEFAULT_SAMPLES,
            "samples": [
                {
                    "time": "2026-02-16T11:23:00.000Z",
                    "status": "up",
                    "responseTimeMs": 41.7,
                    "region": "local",
                    "statusCode": 200,
                    "error": None,
                }
            ],
        },
        refusals=(HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND),
    ),
    Route(
        method=HTTPMethod.GET,
        path="/api/devices/{id}/latency/percentiles",
        name="latencyPercentiles",
        summary="How long a device took to answer: p50, p95, p99",
        right=QUERIES["monitor"],
        answer=_percentiles,
        result=Percentiles,
        query=(choice_parameter("window", "Which time, ending now", list(WINDOWS), default=_DEFAULT_WINDOW),),
        example={
            "deviceId": DEVICE_ID,
            "window": _DEFAULT_WINDOW,
            "from": "2026-02-15T11:23:00.000Z",
            "to": "2026-02-16T11:23:00.000Z",
            "p50": 41.7,
            "p95": 88.2,
            "p99": 120.4,
            "average": 47.1,
            "min": 30.2,
            "max": 131.9,
        },
        refusals=(HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND),
    ),
    Route(
        method=HTTPMethod.POST,
        path="/api/devices/{deviceId}/test-now",
        name="testDeviceNow",
        summary="Queue an immediate check of a device",
        right=MUTATIONS["checkNow"],
        capability=Capability.CHECK_NOW,
        answer=_test_now,
        status=HTTPStatus.ACCEPTED,
        result=Queued,
        example={"deviceId": DEVICE_ID, "queued": 1},
        refusals=(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT),
    ),
    Route(
        method=HTTPMethod.POST,
        path="/api/devices/refresh-all",
        name="refreshAllDevices",
        summary="Queue checks of all devices that are neither paused nor heartbeats, once a minute",
        right=MUTATIONS["checkNow"],
        capability=Capability.CHECK_ALL,
        answer=_refresh_all,
        status=HTTPStatus.ACCEPTED,
        result=AllQueued,
        example={"queued": 12},
    ),
)
