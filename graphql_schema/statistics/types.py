"""Figures of one monitor over a period."""

from __future__ import annotations

from datetime import datetime
from types import MappingProxyType
from typing import Any
from uuid import UUID

import asyncpg
import strawberry

from core.incidents.reading import incident_counts
from core.issues import Issues
from core.statistics.period import Period, Window
from core.statistics.reading import check_counts, latencies_by_region, latency_series
from core.statistics.uptime import uptime_ratio
from graphql_schema.context import Context, Info
from graphql_schema.described import field
from graphql_schema.regions.types import Region, regions_by_number
from graphql_schema.row_backed import ReadColumn, RowBacked, derived, stored

MOST_POINTS = 1_000
DEFAULT_POINTS = 120

strawberry.enum(Period, description="Rolling, ending now")

_PARTS = ("up", "degraded", "down", "unknown", "paused", "pending")


def _seconds(name: str) -> ReadColumn:
    return ReadColumn(columns=(name,), read_all=lambda rows: [row[name] / 1000 for row in rows])


def _ratio(row: Any) -> float | None:
    return uptime_ratio(row["up_ms"] + row["degraded_ms"], row["down_ms"])


@strawberry.type(
    description="Seconds exact to the millisecond; the parts sum to the period's length since the monitor was made"
)
class Uptime(RowBacked):
    """A row of core.statistics.reading.uptimes, and what is counted in its window only when asked for."""

    COLUMNS = MappingProxyType(
        {
            "monitor": stored("monitor_id"),
            "ratio": derived(_ratio, "up_ms", "degraded_ms", "down_ms"),
            "maintenance_seconds": derived(lambda _row: 0.0),
            **{f"{part}_seconds": _seconds(f"{part}_ms") for part in _PARTS},
        }
    )

    row: strawberry.Private[asyncpg.Record]
    monitor: strawberry.Private[UUID]
    window: strawberry.Private[Window]
    ratio: float | None = strawberry.field(
        description="Up and degraded of up, degraded and down; 0 to 1, null if nothing is known"
    )
    up_seconds: float = strawberry.field(description="Confirmed UP")
    degraded_seconds: float = strawberry.field(description="DEGRADED, which counts as available")
    down_seconds: float = strawberry.field(description="Within an OUTAGE")
    unknown_seconds: float = strawberry.field(description="Tocsin itself could not look")
    maintenance_seconds: float = strawberry.field(description="In maintenance, where that does not count")
    paused_seconds: float = strawberry.field(description="Paused by hand: nothing was looked at")
    pending_seconds: float = strawberry.field(description="Before the first check")

    @field("How many incidents began in the period, or lasted into it")
    async def incidents(self, info: Info) -> int:
        """Count the incidents."""
        return await info.context.reads.load(incident_counts, self.monitor, self.window.start) or 0

    @field("How many checks were made")
    async def checks(self, info: Info) -> int:
        """Count the checks."""
        return await self._count(info.context, "total")

    @field("How many of them found it up or degraded")
    async def checks_up(self, info: Info) -> int:
        """Count the good ones."""
        return await self._count(info.context, "up")

    @field("How many of them found it down")
    async def checks_down(self, info: Info) -> int:
        """Count the bad ones."""
        return await self._count(info.context, "down")

    async def _count(self, context: Context, which: str) -> int:
        counts = await context.reads.load(check_counts, self.monitor, self.window)
        return 0 if counts is None else counts[which]

    @classmethod
    def within(cls, window: Window, row: Any) -> Uptime:
        """Return what a row says of a window."""
        uptime = cls.of(row)
        uptime.window = window
        return uptime


@strawberry.type(description="How long the target took to answer, seen from one region")
class RegionLatency:
    """Milliseconds."""

    region: Region = strawberry.field(description="Where the checks ran")
    average_ms: float | None = strawberry.field(
        description="The mean in milliseconds; null if no check had an answer"
    )
    p95_ms: float | None = strawberry.field(
        description="95 of 100 answers were at most so slow, in milliseconds"
    )


@strawberry.type(description="How long the target took to answer; null if it never did")
class Latency:
    """Milliseconds."""

    monitor: strawberry.Private[UUID]
    window: strawberry.Private[Window]
    average_ms: float | None = strawberry.field(default=None, description="The mean in milliseconds")
    min_ms: float | None = strawberry.field(default=None, description="The fastest answer, in milliseconds")
    max_ms: float | None = strawberry.field(default=None, description="The slowest answer, in milliseconds")
    p50_ms: float | None = strawberry.field(
        default=None, description="Half of the answers were at most so slow, in milliseconds"
    )
    p95_ms: float | None = strawberry.field(
        default=None, description="95 of 100 answers were at most so slow, in milliseconds"
    )
    p99_ms: float | None = strawberry.field(
        default=None, description="99 of 100 answers were at most so slow, in milliseconds"
    )

    @field("The same seen from each region")
    async def by_region(self, info: Info) -> list[RegionLatency]:
        """Return a figure for each region that has any."""
        rows = await info.context.reads.load(latencies_by_region, self.monitor, self.window) or []
        regions = await regions_by_number(info.context)
        return [
            RegionLatency(
                region=Region.of(regions[row["region_id"]]),
                average_ms=row["average_ms"],
                p95_ms=row["p95_ms"],
            )
            for row in rows
            if row["region_id"] in regions
        ]

    @classmethod
    def of(cls, monitor: UUID, window: Window, row: asyncpg.Record | None) -> Latency:
        """Return the figures of a row of core.statistics.reading."""
        if row is None:
            return cls(monitor=monitor, window=window)
        p50_ms, p95_ms, p99_ms = row["percentiles_ms"]
        return cls(
            monitor=monitor,
            window=window,
            average_ms=row["average_ms"],
            min_ms=row["min_ms"],
            max_ms=row["max_ms"],
            p50_ms=p50_ms,
            p95_ms=p95_ms,
            p99_ms=p99_ms,
        )


@strawberry.type(description="One of the equal parts into which a period is cut")
class LatencyPoint:
    """A part, whether it had checks or not."""

    at: datetime = strawberry.field(description="When the part begins")
    average_ms: float | None = strawberry.field(
        description="The mean in milliseconds; null if no check of the part had an answer"
    )
    p95_ms: float | None = strawberry.field(
        description="95 of 100 answers were at most so slow, in milliseconds; null without any"
    )
    checks: int = strawberry.field(description="How many checks were made in the part")
    checks_down: int = strawberry.field(description="How many of them found it down")


async def latency_points(context: Context, monitor: UUID, window: Window, points: int) -> list[LatencyPoint]:
    """Return the window cut into so many parts; raise InvalidInput if they are too many or none."""
    _require_bounds(points)
    parts = await context.reads.load(latency_series, monitor, window, points) or {}
    length = (window.end - window.start) / points
    return [_point(window.start + length * place, parts.get(place + 1)) for place in range(points)]


def _require_bounds(points: int) -> None:
    issues = Issues()
    if not 1 <= points <= MOST_POINTS:
        bounds = f"1..{MOST_POINTS}"
        issues.refuse_value(("points",), "bounds", f"must be from {bounds}", points, expected=bounds)
    issues.raise_if_any()


def _point(at: datetime, row: asyncpg.Record | None) -> LatencyPoint:
    if row is None:
        return LatencyPoint(at=at, average_ms=None, p95_ms=None, checks=0, checks_down=0)
    return LatencyPoint(
        at=at,
        average_ms=row["average_ms"],
        p95_ms=row["p95_ms"],
        checks=row["checks"],
        checks_down=row["checks_down"],
    )
