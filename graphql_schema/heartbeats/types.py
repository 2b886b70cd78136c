"""Heartbeats: monitors that wait to be pinged."""

from __future__ import annotations

from datetime import datetime

import asyncpg
import strawberry

from core.access.permission import may
from core.access.principal import TokenPermission, TokenScope
from core.heartbeats.ping import PingKind
from core.heartbeats.reading import LATEST_FIRST, MONITOR_OF_PING, PINGS
from core.heartbeats.tokens import ping_url
from core.ids import Prefix, encode_id
from graphql_schema.arguments import After, First
from graphql_schema.context import Info
from graphql_schema.described import field
from graphql_schema.pagination import Connection, Listed, PageArguments, connect_below

strawberry.enum(PingKind, name="HeartbeatEventKind", description="What a job reported")


@strawberry.type(description="One report of a job")
class HeartbeatEvent:
    """A row of core.heartbeats.reading."""

    id: strawberry.ID = strawberry.field(description="Opaque and unique; nothing is found by it")
    kind: PingKind = strawberry.field(description="What the job reported")
    at: datetime = strawberry.field(description="When it arrived")
    message: str | None = strawberry.field(description="What the job sent along")
    duration_ms: float | None = strawberry.field(description="The time since the run's START")
    exit_code: int | None = strawberry.field(description="What the job ended with; null if it did not say")
    run_id: str | None = strawberry.field(description="Tells overlapping runs apart")

    @classmethod
    def of(cls, row: asyncpg.Record) -> HeartbeatEvent:
        """Return the object that stands for a row."""
        return cls(
            id=strawberry.ID(encode_id(Prefix.PING, row["id"])),
            kind=row["kind"],
            at=row["arrived_at"],
            message=row["message"],
            duration_ms=row["duration_ms"],
            exit_code=row["exit_code"],
            run_id=row["run_id"],
        )


@strawberry.type(description="What a PASSIVE monitor waits for")
class Heartbeat:
    """A row of core.heartbeats.reading, and the grace of the monitor's configuration."""

    row: strawberry.Private[asyncpg.Record]
    last_ping_at: datetime | None = strawberry.field(
        description="When the latest report arrived; null if none ever did"
    )
    expected_by: datetime | None = strawberry.field(
        description="When the next report is due; null until the first, and while paused"
    )
    grace_seconds: int = strawberry.field(description="How long after that it is still in time")

    @field(
        "The address to ping; null to those who may not write the monitor: to know it is to be able "
        "to fake a success"
    )
    def ping_url(self, info: Info) -> str | None:
        """Return the address."""
        context = info.context
        if not may(context.principal, TokenScope.UPTIME_CHECKS, TokenPermission.WRITE):
            return None
        return ping_url(context.public_url, self.row["token"])

    @field("What was reported, latest first")
    async def events(
        self, info: Info, first: First = strawberry.UNSET, after: After = strawberry.UNSET
    ) -> Connection[HeartbeatEvent]:
        """Return a page of reports."""
        listed = Listed(
            select=PINGS,
            arguments=(info.context.workspace_id, info.context.sight.since),
            show=HeartbeatEvent.of,
            parent_column=MONITOR_OF_PING,
        )
        request = PageArguments(first=first, after=after).request(LATEST_FIRST)
        return await connect_below(info.context, self.row["monitor_id"], listed, request)
