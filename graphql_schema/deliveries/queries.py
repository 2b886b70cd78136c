"""Queries of channels, webhooks and deliveries."""

from __future__ import annotations

from typing import Annotated

import strawberry

from core.access.permission import may
from core.access.principal import TokenPermission, TokenScope
from core.deliveries import reading
from core.deliveries.delivery_status import DeliveryStatus
from core.ids import Prefix
from graphql_schema.arguments import WHICH, After, First
from graphql_schema.context import Context, Info
from graphql_schema.deliveries.types import Channel, Delivery, Webhook
from graphql_schema.described import field
from graphql_schema.identifiers import filter_id, frozen_list
from graphql_schema.pagination import Connection, Listed, PageArguments, connect


@strawberry.input(description="Which deliveries to list; what is absent or null filters nothing")
class DeliveryFilter:
    """All conditions must hold."""

    status: list[DeliveryStatus] | None = strawberry.field(
        default=strawberry.UNSET, description="Any of these"
    )
    channel_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="Only those through this channel; an unknown id matches nothing"
    )
    webhook_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="Only those to this webhook; an unknown id matches nothing"
    )
    incident_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="Only those about this incident; an unknown id matches nothing"
    )


def _granted_deliveries(context: Context, wanted: DeliveryFilter) -> reading.DeliveryFilter:
    """Return the filter that the core knows: only deliveries to destinations that the principal may read."""
    to_channels = may(context.principal, TokenScope.NOTIFICATIONS, TokenPermission.READ)
    to_webhooks = may(context.principal, TokenScope.WEBHOOKS, TokenPermission.READ)
    if not to_channels and not to_webhooks:
        context.require_read(TokenScope.NOTIFICATIONS)
    return reading.DeliveryFilter(
        statuses=frozen_list(wanted.status),
        channel_id=filter_id(Prefix.CHANNEL, wanted.channel_id),
        webhook_id=filter_id(Prefix.WEBHOOK, wanted.webhook_id),
        incident_id=filter_id(Prefix.INCIDENT, wanted.incident_id),
        to_channels=to_channels,
        to_webhooks=to_webhooks,
    )


@strawberry.type
class DeliveryQueries:
    """The part of Query about who is told."""

    @field("The channels of the workspace, in the order of their making")
    async def channels(
        self, info: Info, first: First = strawberry.UNSET, after: After = strawberry.UNSET
    ) -> Connection[Channel] | None:
        """Return a page of channels."""
        context = info.context
        context.require_read(TokenScope.NOTIFICATIONS)
        listed = Listed(
            select=reading.CHANNELS, arguments=reading.channels_in(context.sight), show=Channel.of
        )
        request = PageArguments(first=first, after=after).request(reading.CHANNELS_CREATED)
        return await connect(context, listed, request)

    @field("The webhooks of the workspace, in the order of their making")
    async def webhooks(
        self, info: Info, first: First = strawberry.UNSET, after: After = strawberry.UNSET
    ) -> Connection[Webhook] | None:
        """Return a page of webhooks."""
        context = info.context
        context.require_read(TokenScope.WEBHOOKS)
        listed = Listed(select=reading.WEBHOOKS, arguments=(context.workspace_id,), show=Webhook.of)
        request = PageArguments(first=first, after=after).request(reading.WEBHOOKS_CREATED)
        return await connect(context, listed, request)

    @field("What was told or is owed, latest first")
    async def deliveries(
        self,
        info: Info,
        *,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        filter: Annotated[DeliveryFilter | None, WHICH] = strawberry.UNSET,  # noqa: A002  (the contract's name)
    ) -> Connection[Delivery] | None:
        """Return a page of deliveries."""
        context = info.context
        wanted = _granted_deliveries(context, filter or DeliveryFilter())
        listed = Listed(
            select=reading.DELIVERIES, arguments=wanted.arguments(context.sight), show=Delivery.of
        )
        request = PageArguments(first=first, after=after).request(reading.LATEST_FIRST)
        return await connect(context, listed, request)
