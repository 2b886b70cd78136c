"""Monitors: single things that are watched."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias
from uuid import UUID

import asyncpg
import strawberry

from core.access.principal import TokenScope
from core.checks.reading import CHECKS, LATEST_FIRST, MONITOR_OF_CHECK, CheckFilter, last_checks
from core.deliveries.reading import channels_of_monitors
from core.heartbeats.reading import heartbeats_of_monitors
from core.ids import Prefix
from core.incidents.reading import gravest_open_incidents, incident_counts
from core.monitors.reading import regions_of_monitors, status_since
from core.monitors.status import MonitorStatus
from core.monitors.tag_reading import tags_of_monitors
from core.statistics.period import Period
from core.statistics.reading import check_counts, latencies, uptimes
from graphql_schema.arguments import After, First
from graphql_schema.asked_columns import columns_asked
from graphql_schema.checks.types import Check
from graphql_schema.context import Info
from graphql_schema.described import ListSize, field
from graphql_schema.heartbeats.types import Heartbeat
from graphql_schema.incidents.types import Incident
from graphql_schema.monitors.channels import MonitorChannel
from graphql_schema.nodes import Node
from graphql_schema.pagination import Connection, Listed, PageArguments, connect_below
from graphql_schema.plugin_types import ProbeConfig
from graphql_schema.regions.types import Region, regions_numbered
from graphql_schema.row_backed import RowBacked, all_stored, derived, public_id, stored
from graphql_schema.statistics.types import (
    DEFAULT_POINTS,
    MOST_POINTS,
    Latency,
    LatencyPoint,
    Uptime,
    latency_points,
)
from graphql_schema.stored_configs import grace_seconds, probe_config
from graphql_schema.tags.types import Tag
from graphql_schema.together import together
from graphql_schema.written import written
from plugins.api.outcome import CheckStatus

if TYPE_CHECKING:
    from graphql_schema.projects.types import Project

LazyProject: TypeAlias = Annotated["Project", strawberry.lazy("graphql_schema.projects.types")]

OfPeriod: TypeAlias = Annotated[Period, strawberry.argument(description="Which time, ending now")]

strawberry.enum(
    MonitorStatus,
    description="PENDING: no check yet. UNKNOWN: Tocsin itself could not look. "
    "Paused and in-maintenance are said beside the status, never instead of it.",
)


@strawberry.type(
    description="After a first failure the monitor is checked every recheckSeconds until the failure is confirmed "
    "or refuted. A missed or failed heartbeat is confirmed by its grace alone."
)
class ConfirmationPolicy:
    """When a failure is believed."""

    failures_to_open: int = strawberry.field(description="How many failures in a row make it so")
    successes_to_close: int = strawberry.field(description="How many successes in a row end it")
    regions_to_agree: int = strawberry.field(
        description="How many regions must see the failure; at most the live ones"
    )
    recheck_seconds: int = strawberry.field(
        description="Seconds between the checks that confirm or refute a first failure"
    )


@strawberry.type(
    description="While it is enabled, a REGRESSION incident opens when the response times of the last half hour are "
    "above the baseline by more than the threshold. The status stays as it is"
)
class RegressionPolicy:
    """When a monitor counts as slower than before."""

    enabled: bool = strawberry.field(description="Whether it is watched for regressions")
    threshold_percent: int = strawberry.field(
        description="How much slower than the baseline it must be, in percent of it"
    )
    period_days: int = strawberry.field(description="From how many days the baseline is reckoned")
    baseline_ms: float | None = strawberry.field(
        description="The usual response time in milliseconds; null while it is not enabled, is paused, or has been "
        "looked at too rarely"
    )
    baseline_at: datetime | None = strawberry.field(description="When the baseline was reckoned")


async def _projects(monitors: Sequence[Monitor], info: Info) -> list[Any]:
    return await info.context.find_all(Prefix.PROJECT, [monitor.row["project_id"] for monitor in monitors])


async def _tags(monitors: Sequence[Monitor], info: Info) -> list[list[Tag]]:
    found = await info.context.reads.load_all(tags_of_monitors, [monitor.row["id"] for monitor in monitors])
    return Tag.of_each([rows or () for rows in found])


async def _last_checks(monitors: Sequence[Monitor], info: Info) -> list[Check | None]:
    keys, columns = [monitor.row["id"] for monitor in monitors], columns_asked(info, Check)
    rows = await info.context.reads.load_all(last_checks, keys, columns)
    return [None if row is None else Check.of(row) for row in rows]


async def _uptimes(monitors: Sequence[Monitor], info: Info, period: OfPeriod) -> list[Uptime]:
    window = info.context.window(period)
    keys = [monitor.row["id"] for monitor in monitors]
    rows = await info.context.reads.load_all(uptimes, keys, window)
    return [Uptime.within(window, row) for row in rows]


@strawberry.type(description="One thing that is watched: a probe kind, its configuration, an interval")
class Monitor(RowBacked, Node):
    """A row of core.monitors.reading."""

    COLUMNS = MappingProxyType(
        {
            "id": public_id(Prefix.MONITOR),
            "key": stored("id"),
            "status_since": derived(status_since, "since_ms", "created_at"),
            "flapping": stored("is_flapping"),
            "paused": stored("is_paused"),
            **all_stored("name", "kind", "target", "interval_seconds", "timeout_seconds", "status"),
            **all_stored("created_at", "updated_at", "revision"),
        }
    )

    row: strawberry.Private[asyncpg.Record]
    key: strawberry.Private[UUID]
    name: str = strawberry.field(description="What people call it; need not be unique")
    kind: str = strawberry.field(
        description="The probe plugin's key: http, dns, tls, port, ping, heartbeat, domain, or a third party's"
    )
    target: str = strawberry.field(
        description="What is watched, secrets redacted; for a heartbeat its schedule in words, never its URL"
    )
    interval_seconds: int | None = strawberry.field(
        description="Null for a heartbeat on a cron schedule; for other heartbeats, the interval at which a ping "
        "is expected"
    )
    timeout_seconds: int = strawberry.field(
        description="Seconds that a check may take before it counts as failed"
    )
    status: MonitorStatus = strawberry.field(description="What the checks of all regions together say")
    status_since: datetime = strawberry.field(
        description="When the status began; before the first check, when the monitor was made"
    )
    flapping: bool = strawberry.field(
        description="Whether it alternates so often that nobody is told each time"
    )
    paused: bool = strawberry.field(description="Whether it rests: nothing is looked at, and nobody is told")
    created_at: datetime = strawberry.field(description="When it was made")
    updated_at: datetime = strawberry.field(description="When its settings last changed; checks do not count")
    revision: int = strawberry.field(description="Give it to an update, and a stale one is a CONFLICT")

    @field("Its probe's configuration, without secrets")
    def probe(self, info: Info) -> ProbeConfig:
        """Return the configuration."""
        return probe_config(info.context.services.registry, self.row)  # type: ignore[return-value]  # its source

    @field("The project it belongs to")
    @together(_projects, columns=("project_id",))
    async def project(self, info: Info) -> LazyProject:
        """Return the project."""
        project: Project = (await _projects([self], info))[0]
        return project

    @field("Its tags, by name")
    @together(_tags, columns=("id",))
    async def tags(self, info: Info) -> list[Tag]:
        """Return the tags."""
        return (await _tags([self], info))[0]

    @field("Where it is checked from; none for a heartbeat")
    async def regions(self, info: Info) -> list[Region]:
        """Return the regions."""
        numbers = await info.context.reads.load(regions_of_monitors, self.key) or []
        return await regions_numbered(info.context, numbers)

    @field("When a failure is believed")
    def confirmation(self) -> ConfirmationPolicy:
        """Return the policy."""
        return ConfirmationPolicy(
            failures_to_open=self.row["failures_to_open"],
            successes_to_close=self.row["successes_to_close"],
            regions_to_agree=self.row["regions_to_agree"],
            recheck_seconds=self.row["recheck_seconds"],
        )

    @field("When it counts as slower than before")
    def regression(self) -> RegressionPolicy:
        """Return the policy, and what is usual as far as that is known."""
        usual_us: float | None = self.row["usual_us"]
        return RegressionPolicy(
            enabled=self.row["regression_enabled"],
            threshold_percent=self.row["regression_threshold_percent"],
            period_days=self.row["regression_period_days"],
            baseline_ms=None if usual_us is None else usual_us / 1000,
            baseline_at=None if usual_us is None else self.row["reckoned_at"],
        )

    @field("The latest check, from whatever region")
    @together(_last_checks, columns=("id",))
    async def last_check(self, info: Info) -> Check | None:
        """Return the check."""
        return (await _last_checks([self], info))[0]

    @field("Its checks, latest first; `since` is within, `until` is not")
    async def checks(
        self,
        info: Info,
        *,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        since: Annotated[
            datetime | None, strawberry.argument(description="Only those that began then or later")
        ] = strawberry.UNSET,
        until: Annotated[
            datetime | None, strawberry.argument(description="Only those that began before then")
        ] = strawberry.UNSET,
        status: Annotated[
            CheckStatus | None, strawberry.argument(description="Only those that found this; null: all")
        ] = strawberry.UNSET,
    ) -> Connection[Check]:
        """Return a page of checks."""
        wanted = CheckFilter(since=written(since), until=written(until), status=written(status))
        listed = Listed(
            select=CHECKS,
            arguments=wanted.arguments(info.context.sight),
            show=Check.of,
            parent_column=MONITOR_OF_CHECK,
            columns=columns_asked(info, Check),
        )
        request = PageArguments(first=first, after=after).request(LATEST_FIRST)
        return await connect_below(info.context, self.key, listed, request)

    @field("How many checks are kept of it")
    async def check_count(self, info: Info) -> int:
        """Count its checks."""
        counts = await info.context.reads.load(check_counts, self.key)
        return 0 if counts is None else counts["total"]

    @field("How many incidents it has had")
    async def incident_count(self, info: Info) -> int:
        """Count its incidents."""
        return await info.context.reads.load(incident_counts, self.key) or 0

    @field("How long it was in which status, looking no further back than the plan's days of history")
    @together(_uptimes, columns=("id",))
    async def uptime(self, info: Info, period: OfPeriod) -> Uptime:
        """Return the parts of the period, since the monitor was made."""
        return (await _uptimes([self], info, period))[0]

    @field("How long its target took to answer, within the plan's days of history")
    async def latency(self, info: Info, period: OfPeriod) -> Latency:
        """Return the figures of the period."""
        window = info.context.window(period)
        return Latency.of(self.key, window, await info.context.reads.load(latencies, self.key, window))

    @field(
        "The same over time: the period cut into equal parts, earliest first",
        size=ListSize(most=MOST_POINTS, argument="points", unsaid=DEFAULT_POINTS),
    )
    async def latency_series(
        self,
        info: Info,
        period: OfPeriod,
        points: Annotated[
            int, strawberry.argument(description=f"Into how many parts: 1..{MOST_POINTS:,}")
        ] = DEFAULT_POINTS,
    ) -> list[LatencyPoint]:
        """Return the parts."""
        return await latency_points(info.context, self.key, info.context.window(period), points)

    @field("The gravest open incident")
    async def open_incident(self, info: Info) -> Incident | None:
        """Return the incident; it needs the scope of incidents."""
        info.context.require_read(TokenScope.INCIDENTS)
        row = await info.context.reads.load(gravest_open_incidents, self.key)
        return None if row is None else Incident.of(row)

    @field("Channels of its own, told beside those of the project's policy, in the order of their list")
    async def channels(self, info: Info) -> list[MonitorChannel] | None:
        """Return the channels; it needs the scope of notifications."""
        info.context.require_read(TokenScope.NOTIFICATIONS)
        rows = await info.context.reads.load(channels_of_monitors, self.key)
        return [MonitorChannel.of(row) for row in rows or ()]

    @field("Null unless the kind is PASSIVE")
    async def heartbeat(self, info: Info) -> Heartbeat | None:
        """Return what is waited for."""
        if not self.row["is_passive"]:
            return None
        row = await info.context.reads.load(heartbeats_of_monitors, self.key)
        if row is None:
            return None
        grace = grace_seconds(info.context.services.registry, self.row, info.context.now)
        return Heartbeat(
            row=row,
            last_ping_at=row["last_ping_at"],
            expected_by=row["expected_by"],
            grace_seconds=grace,
        )
