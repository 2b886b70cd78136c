"""Channels and webhooks, and what they are owed."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, TypeAlias
from uuid import UUID

import asyncpg
import strawberry

from core.deliveries.delivery_event import DeliveryEvent
from core.deliveries.delivery_status import DeliveryStatus
from core.deliveries.reading import (
    CHANNEL_OF_DELIVERY,
    DELIVERIES,
    EVERY_DELIVERY,
    LATEST_FIRST,
    WEBHOOK_OF_DELIVERY,
)
from core.deliveries.webhook_event import WebhookEvent
from core.ids import Prefix, encode_id
from graphql_schema.arguments import After, First
from graphql_schema.context import Context, Info
from graphql_schema.described import field
from graphql_schema.nodes import Node
from graphql_schema.pagination import Connection, Listed, PageArguments, connect_below
from graphql_schema.plugin_types import NotifierConfig
from graphql_schema.stored_configs import notifier_config

if TYPE_CHECKING:
    from graphql_schema.incidents.types import Incident
    from graphql_schema.monitors.types import Monitor

LazyMonitor: TypeAlias = Annotated["Monitor", strawberry.lazy("graphql_schema.monitors.types")]
LazyIncident: TypeAlias = Annotated["Incident", strawberry.lazy("graphql_schema.incidents.types")]

strawberry.enum(DeliveryEvent, description="Why a message is owed")
strawberry.enum(DeliveryStatus, description="What became of a message; SUPPRESSED: not owed any more")
strawberry.enum(WebhookEvent, description="What a webhook may be told of")


@strawberry.type(description="One message owed to one recipient of a channel, or to one webhook")
class Delivery(Node):
    """A row of core.deliveries.reading."""

    row: strawberry.Private[asyncpg.Record]
    event: DeliveryEvent = strawberry.field(description="Why it is owed")
    recipient: str = strawberry.field(
        description="Whom it is for: an address, a number or a room; empty until the channel's notifier has "
        "named one"
    )
    status: DeliveryStatus = strawberry.field(description="What has become of it by now")
    attempts: int = strawberry.field(description="How often it was tried to send it; 0 before the first time")
    status_code: int | None = strawberry.field(
        description="The status of the latest answer; null if there was none, or where none is given"
    )
    response_time_ms: float | None = strawberry.field(
        description="How long the latest answer took, in milliseconds; null if there was none"
    )
    error: str | None = strawberry.field(
        description="Why the latest attempt failed, or why it is not owed any more; null if neither happened"
    )
    created_at: datetime = strawberry.field(description="When it began to be owed")
    next_attempt_at: datetime | None = strawberry.field(
        description="When it is due next; null once nothing more is tried"
    )
    delivered_at: datetime | None = strawberry.field(
        description="When the recipient took it; null until then"
    )

    @field("The channel that it goes through")
    async def channel(self, info: Info) -> Channel | None:
        """Return the channel; it needs its own scope."""
        channel: Channel | None = await info.context.find_granted(Prefix.CHANNEL, self.row["channel_id"])
        return channel

    @field("The webhook that it goes to")
    async def webhook(self, info: Info) -> Webhook | None:
        """Return the webhook; it needs its own scope."""
        webhook: Webhook | None = await info.context.find_granted(Prefix.WEBHOOK, self.row["webhook_id"])
        return webhook

    @field("What it is about; null for a test")
    async def incident(self, info: Info) -> LazyIncident | None:
        """Return the incident; it needs its own scope."""
        incident: Incident | None = await info.context.find_granted(Prefix.INCIDENT, self.row["incident_id"])
        return incident

    @classmethod
    def of(cls, row: asyncpg.Record) -> Delivery:
        """Return the object that stands for a row."""
        return cls(
            id=strawberry.ID(encode_id(Prefix.DELIVERY, row["id"])),
            row=row,
            event=row["event"],
            recipient=row["recipient"],
            status=row["status"],
            attempts=row["attempts"],
            status_code=row["status_code"],
            response_time_ms=row["response_time_ms"],
            error=row["error"],
            created_at=row["created_at"],
            next_attempt_at=row["next_attempt_at"],
            delivered_at=row["delivered_at"],
        )


def _deliveries(context: Context, parent_column: str) -> Listed[Delivery]:
    return Listed(
        select=DELIVERIES,
        arguments=EVERY_DELIVERY.arguments(context.sight),
        show=Delivery.of,
        parent_column=parent_column,
    )


@strawberry.type(description="A notifier with a configuration")
class Channel(Node):
    """A row of core.deliveries.reading."""

    row: strawberry.Private[asyncpg.Record]
    key: strawberry.Private[UUID]
    name: str = strawberry.field(description="What people call it; need not be unique")
    kind: str = strawberry.field(description="The notifier plugin's key")
    is_active: bool = strawberry.field(description="Whether it is told of anything")
    created_at: datetime = strawberry.field(description="When it was made")
    revision: int = strawberry.field(description="Give it to an update, and a stale one is a CONFLICT")

    @field("Its configuration, without secrets")
    def config(self, info: Info) -> NotifierConfig:
        """Return the configuration."""
        return notifier_config(info.context.services.registry, self.row)  # type: ignore[return-value]  # its source

    @field("The monitor that it was made for, and is told of alone; null: it is the workspace's")
    async def monitor(self, info: Info) -> LazyMonitor | None:
        """Return the monitor; it needs its own scope."""
        monitor: Monitor | None = await info.context.find_granted(Prefix.MONITOR, self.row["monitor_id"])
        return monitor

    @field("What it was told or is owed, latest first")
    async def deliveries(
        self, info: Info, first: First = strawberry.UNSET, after: After = strawberry.UNSET
    ) -> Connection[Delivery]:
        """Return a page of deliveries."""
        request = PageArguments(first=first, after=after).request(LATEST_FIRST)
        listed = _deliveries(info.context, CHANNEL_OF_DELIVERY)
        return await connect_below(info.context, self.key, listed, request)

    @classmethod
    def of(cls, row: asyncpg.Record) -> Channel:
        """Return the object that stands for a row."""
        return cls(
            id=strawberry.ID(encode_id(Prefix.CHANNEL, row["id"])),
            row=row,
            key=row["id"],
            name=row["name"],
            kind=row["kind"],
            is_active=row["is_active"],
            created_at=row["created_at"],
            revision=row["revision"],
        )


@strawberry.type(description="An address that is told of events by signed requests")
class Webhook(Node):
    """A row of core.deliveries.reading."""

    key: strawberry.Private[UUID]
    name: str = strawberry.field(description="What people call it; need not be unique")
    url: str = strawberry.field(description="The address that is told, by POST")
    events: list[WebhookEvent] = strawberry.field(description="What it is told of")
    has_secret: bool = strawberry.field(description="Whether its requests are signed")
    is_active: bool = strawberry.field(description="Whether it is told of anything")
    last_status: int | None = strawberry.field(description="The status code of the latest answer")
    last_triggered_at: datetime | None = strawberry.field(
        description="When a request was last sent to it; null if none ever was"
    )
    created_at: datetime = strawberry.field(description="When it was made")
    revision: int = strawberry.field(description="Give it to an update, and a stale one is a CONFLICT")

    @field("What it was told or is owed, latest first")
    async def deliveries(
        self, info: Info, first: First = strawberry.UNSET, after: After = strawberry.UNSET
    ) -> Connection[Delivery]:
        """Return a page of deliveries."""
        request = PageArguments(first=first, after=after).request(LATEST_FIRST)
        listed = _deliveries(info.context, WEBHOOK_OF_DELIVERY)
        return await connect_below(info.context, self.key, listed, request)

    @classmethod
    def of(cls, row: asyncpg.Record) -> Webhook:
        """Return the object that stands for a row."""
        return cls(
            id=strawberry.ID(encode_id(Prefix.WEBHOOK, row["id"])),
            key=row["id"],
            name=row["name"],
            url=row["url"],
            events=row["events"],
            has_secret=row["has_secret"],
            is_active=row["is_active"],
            last_status=row["last_status"],
            last_triggered_at=row["last_triggered_at"],
            created_at=row["created_at"],
            revision=row["revision"],
        )
