"""Changes, as subscribers are told of them."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import strawberry

from core.errors import DeviceScopeForbidden
from core.events.cursor import EventCursor
from core.events.event_log import ChangeKind, Event
from core.ids import Prefix, encode_id
from core.monitors.status import MonitorStatus
from graphql_schema.context import Info
from graphql_schema.described import field
from graphql_schema.incidents.types import Incident
from graphql_schema.monitors.types import Monitor

CURSOR_HELP = "Where this change is in the order of all: give it as `after` to go on behind it"

strawberry.enum(
    ChangeKind, description="How it changed. STATUS: a monitor's verdict, or an incident's OPEN … RESOLVED"
)


async def _in_sight(info: Info, prefix: Prefix, identifier: UUID) -> Any:
    """Return what changed, or None: that it has gone out of sight is what the change tells."""
    try:
        return await info.context.find_granted(prefix, identifier)
    except DeviceScopeForbidden:
        return None


@strawberry.type(description="That a monitor changed, and how")
class MonitorChange:
    """An event about a monitor."""

    monitor_uuid: strawberry.Private[UUID]
    cursor: str = strawberry.field(description=CURSOR_HELP)
    at: datetime = strawberry.field(description="When it happened")
    change: ChangeKind = strawberry.field(description="How the monitor changed")
    monitor_id: strawberry.ID = strawberry.field(
        description="Which monitor it is; known even after its deletion"
    )
    status: MonitorStatus = strawberry.field(description="That of the moment of the change")
    previous_status: MonitorStatus | None = strawberry.field(description="Null unless the status changed")

    @field(
        "The monitor as it is when this is delivered; null once it is deleted, or has left the projects that you are "
        "confined to"
    )
    async def monitor(self, info: Info) -> Monitor | None:
        """Return the monitor."""
        monitor: Monitor | None = await _in_sight(info, Prefix.MONITOR, self.monitor_uuid)
        return monitor

    @classmethod
    def of(cls, cursor: EventCursor, event: Event) -> MonitorChange:
        """Return the object that stands for an event."""
        return cls(
            monitor_uuid=event.subject_id,
            cursor=cursor.text,
            at=event.at,
            change=event.change,
            monitor_id=strawberry.ID(encode_id(Prefix.MONITOR, event.subject_id)),
            status=MonitorStatus.PENDING if event.status is None else event.status,
            previous_status=event.previous_status,
        )


@strawberry.type(description="That an incident changed, and how")
class IncidentChange:
    """An event about an incident."""

    incident_uuid: strawberry.Private[UUID]
    cursor: str = strawberry.field(description=CURSOR_HELP)
    at: datetime = strawberry.field(description="When it happened")
    change: ChangeKind = strawberry.field(description="How the incident changed")
    incident_id: strawberry.ID = strawberry.field(
        description="Which incident it is; known even after its deletion"
    )

    @field("The incident as it is when this is delivered")
    async def incident(self, info: Info) -> Incident | None:
        """Return the incident."""
        incident: Incident | None = await _in_sight(info, Prefix.INCIDENT, self.incident_uuid)
        return incident

    @classmethod
    def of(cls, cursor: EventCursor, event: Event) -> IncidentChange:
        """Return the object that stands for an event."""
        return cls(
            incident_uuid=event.subject_id,
            cursor=cursor.text,
            at=event.at,
            change=event.change,
            incident_id=strawberry.ID(encode_id(Prefix.INCIDENT, event.subject_id)),
        )
