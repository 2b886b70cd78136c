"""Incidents: from a confirmed failure to the recovery."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

import asyncpg
import strawberry

from core.access.principal import TokenScope
from core.alerting.decision import AlertOutcome, AlertStep
from core.alerting.reading import DECISIONS, INCIDENT_OF_DECISION
from core.alerting.reading import EARLIEST_FIRST as DECISIONS_IN_ORDER
from core.checks.reading import CHECKS_OF_INCIDENTS, INCIDENT_OF_CHECK, LATEST_FIRST
from core.ids import Prefix, encode_id
from core.incidents.reading import EARLIEST_FIRST, INCIDENT_OF_EVENT, TIMELINE, check_counts
from core.incidents.transition import Severity, incident_number
from graphql_schema.access.types import User, person_behind
from graphql_schema.arguments import After, First
from graphql_schema.checks.types import Check, LazyMonitor
from graphql_schema.context import Context, Info
from graphql_schema.deliveries.types import Channel, Delivery
from graphql_schema.described import field
from graphql_schema.nodes import Node
from graphql_schema.pagination import Connection, Listed, PageArguments, connect_below
from graphql_schema.regions.types import Region, regions_numbered
from plugins.api.outcome import IncidentKind, RootCause

if TYPE_CHECKING:
    from graphql_schema.monitors.types import Monitor

strawberry.enum(
    IncidentKind, description="One open at a time for each monitor and kind; only OUTAGE is downtime"
)
strawberry.enum(Severity, description="How grave an incident is")
strawberry.enum(RootCause, description="Why it happened")
strawberry.enum(AlertStep, description="Which rule decided")
strawberry.enum(AlertOutcome, description="What was decided, or what became of it")


@strawberry.enum(description="Whether an incident lasts, and whether somebody looks after it")
class IncidentStatus(enum.StrEnum):
    """By the names in the database."""

    OPEN = "OPEN"
    ACKNOWLEDGED = "ACKNOWLEDGED"
    RESOLVED = "RESOLVED"


@strawberry.enum(
    description="What happened to an incident. NOTIFIED: a message is owed and was put into the outbox; whether"
    " it arrived, `alertDecisions` and `deliveries` tell. WITHHELD: by a rule no message is sent, or not yet;"
    " the line says why."
)
class IncidentEventKind(enum.StrEnum):
    """By the names in the database."""

    OPENED = "OPENED"
    ACKNOWLEDGED = "ACKNOWLEDGED"
    NOTE = "NOTE"
    SEVERITY_CHANGED = "SEVERITY_CHANGED"
    ROOT_CAUSE_SET = "ROOT_CAUSE_SET"
    NOTIFIED = "NOTIFIED"
    WITHHELD = "WITHHELD"
    REOPENED = "REOPENED"
    RESOLVED = "RESOLVED"


@strawberry.type(description="One line of an incident's timeline")
class IncidentEvent:
    """A row of the list TIMELINE."""

    row: strawberry.Private[asyncpg.Record]
    id: strawberry.ID = strawberry.field(description="Opaque and unique; nothing is found by it")
    at: datetime = strawberry.field(description="When it happened")
    kind: IncidentEventKind = strawberry.field(description="What happened")
    message: str = strawberry.field(
        description="What happened, in words: a note as it was written, else one line"
    )

    @field("Who did it; null for what Tocsin did. It needs TEAM")
    async def actor(self, info: Info) -> User | None:
        """Return the person."""
        return await person_behind(info.context, self.row["actor_id"])

    @classmethod
    def of(cls, row: asyncpg.Record) -> IncidentEvent:
        """Return the object that stands for a row."""
        return cls(
            row=row,
            id=strawberry.ID(encode_id(Prefix.INCIDENT_EVENT, row["id"])),
            at=row["at"],
            kind=row["kind"],
            message=row["message"],
        )


@strawberry.type(description="A decision to tell someone or not to, and why")
class AlertDecision:
    """A row of the list DECISIONS."""

    row: strawberry.Private[asyncpg.Record]
    at: datetime = strawberry.field(description="When it was decided")
    step: AlertStep = strawberry.field(description="Which rule decided")
    outcome: AlertOutcome = strawberry.field(description="What was decided, or what became of it")
    reason: str = strawberry.field(description="Why, in one line")

    @field("The channel that it is about")
    async def channel(self, info: Info) -> Channel | None:
        """Return the channel; it needs its own scope."""
        channel: Channel | None = await info.context.find_granted(Prefix.CHANNEL, self.row["channel_id"])
        return channel

    @field("The delivery that it made or ended")
    async def delivery(self, info: Info) -> Delivery | None:
        """Return the delivery; it needs its destination's scope."""
        delivery: Delivery | None = await info.context.find_granted(Prefix.DELIVERY, self.row["delivery_id"])
        return delivery

    @classmethod
    def of(cls, row: asyncpg.Record) -> AlertDecision:
        """Return the object that stands for a row."""
        return cls(row=row, at=row["at"], step=row["step"], outcome=row["outcome"], reason=row["reason"])


@strawberry.type(description="From a confirmed failure to the recovery")
class Incident(Node):
    """A row of core.incidents.reading."""

    row: strawberry.Private[asyncpg.Record]
    key: strawberry.Private[UUID]
    number: str = strawberry.field(
        description="INC-2026-0042: counted for each workspace and UTC year of startedAt"
    )
    kind: IncidentKind = strawberry.field(description="What sort of trouble it is")
    monitor_name: str = strawberry.field(description="As it was when the incident opened")
    status: IncidentStatus = strawberry.field(
        description="Whether it lasts, and whether somebody looks after it"
    )
    severity: Severity = strawberry.field(description="How grave it is; by its kind")
    started_at: datetime = strawberry.field(description="The start of the failing streak")
    acknowledged_at: datetime | None = strawberry.field(
        description="When somebody said that he looks after it; null if nobody did"
    )
    resolved_at: datetime | None = strawberry.field(description="The first success of the closing streak")
    root_cause: RootCause = strawberry.field(
        description="Why it happened: what the probe saw, unless a person has said otherwise"
    )
    root_cause_detail: str | None = strawberry.field(
        description="The same in words; null if nothing was said"
    )
    time_to_recovery_seconds: float | None = strawberry.field(description="Null while it lasts")

    @field("What it happened to; null once that is deleted")
    async def monitor(self, info: Info) -> LazyMonitor | None:
        """Return the monitor; it needs its own scope."""
        monitor: Monitor | None = await info.context.find_granted(Prefix.MONITOR, self.row["monitor_id"])
        return monitor

    @field("Who looks after it. It needs TEAM")
    async def acknowledged_by(self, info: Info) -> User | None:
        """Return the person."""
        return await person_behind(info.context, self.row["acknowledged_by"])

    @field("From where the failure was seen")
    async def affected_regions(self, info: Info) -> list[Region]:
        """Return the regions."""
        return await regions_numbered(info.context, self.row["region_ids"])

    @field("How many checks failed while it lasted")
    async def checks_failed(self, info: Info) -> int:
        """Return the number frozen at the end, or count."""
        frozen: int | None = self.row["checks_failed"]
        return await self._count(info.context, "failed") if frozen is None else frozen

    @field("How many checks were made while it lasted")
    async def checks_total(self, info: Info) -> int:
        """Return the number frozen at the end, or count."""
        frozen: int | None = self.row["checks_total"]
        return await self._count(info.context, "total") if frozen is None else frozen

    async def _count(self, context: Context, which: str) -> int:
        counts = await context.reads.load(check_counts, self.key)
        return 0 if counts is None else counts[which]

    @field("The checks made while it lasted, latest first")
    async def checks(
        self, info: Info, first: First = strawberry.UNSET, after: After = strawberry.UNSET
    ) -> Connection[Check]:
        """Return a page of checks."""
        listed = Listed(
            select=CHECKS_OF_INCIDENTS,
            arguments=(info.context.workspace_id, info.context.sight.since),
            show=Check.of,
            parent_column=INCIDENT_OF_CHECK,
        )
        request = PageArguments(first=first, after=after).request(LATEST_FIRST)
        return await connect_below(info.context, self.key, listed, request)

    @field("What happened to it, in order")
    async def timeline(
        self, info: Info, first: First = strawberry.UNSET, after: After = strawberry.UNSET
    ) -> Connection[IncidentEvent]:
        """Return a page of the timeline."""
        listed = Listed(
            select=TIMELINE,
            arguments=(info.context.workspace_id,),
            show=IncidentEvent.of,
            parent_column=INCIDENT_OF_EVENT,
        )
        request = PageArguments(first=first, after=after).request(EARLIEST_FIRST)
        return await connect_below(info.context, self.key, listed, request)

    @field("Every decision to tell someone or not to, with its reason, in order")
    async def alert_decisions(
        self, info: Info, first: First = strawberry.UNSET, after: After = strawberry.UNSET
    ) -> Connection[AlertDecision] | None:
        """Return a page of decisions; it needs the scope of notifications."""
        info.context.require_read(TokenScope.NOTIFICATIONS)
        listed = Listed(
            select=DECISIONS,
            arguments=(info.context.workspace_id,),
            show=AlertDecision.of,
            parent_column=INCIDENT_OF_DECISION,
        )
        request = PageArguments(first=first, after=after).request(DECISIONS_IN_ORDER)
        return await connect_below(info.context, self.key, listed, request)

    @classmethod
    def of(cls, row: asyncpg.Record) -> Incident:
        """Return the object that stands for a row."""
        resolved_at = row["resolved_at"]
        return cls(
            id=strawberry.ID(encode_id(Prefix.INCIDENT, row["id"])),
            row=row,
            key=row["id"],
            number=incident_number(row["year"], row["number"]),
            kind=row["kind"],
            monitor_name=row["monitor_name"],
            status=row["status"],
            severity=row["severity"],
            started_at=row["started_at"],
            acknowledged_at=row["acknowledged_at"],
            resolved_at=resolved_at,
            root_cause=row["root_cause"],
            root_cause_detail=row["root_cause_detail"],
            time_to_recovery_seconds=None
            if resolved_at is None
            else (resolved_at - row["started_at"]).total_seconds(),
        )
