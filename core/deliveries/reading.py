"""Reads channels, webhooks, and what they are owed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg

from core.access.sight import Sight
from core.db.database import Connection
from core.db.listing import Ordering, read_by_ids
from core.db.named_sql import named_sql
from core.deliveries.delivery_status import DeliveryStatus

_SQL = named_sql("read_deliveries")

DELIVERIES = _SQL["deliveries"]
CHANNEL_OF_DELIVERY = "channel_id"
WEBHOOK_OF_DELIVERY = "webhook_id"
CHANNELS = _SQL["channels"]
WEBHOOKS = _SQL["webhooks"]
CHANNELS_CREATED = Ordering(name="channels created")
WEBHOOKS_CREATED = Ordering(name="webhooks created")
LATEST_FIRST = Ordering(name="deliveries -created", is_descending=True)


@dataclass(frozen=True, kw_only=True, slots=True)
class DeliveryFilter:
    """Which deliveries a list shows; None filters nothing. `to_channels` and `to_webhooks`: whether at all."""

    statuses: Sequence[DeliveryStatus] | None = None
    channel_id: UUID | None = None
    webhook_id: UUID | None = None
    incident_id: UUID | None = None
    to_channels: bool = True
    to_webhooks: bool = True

    def arguments(self, sight: Sight) -> tuple[Any, ...]:
        """Return the arguments of the list DELIVERIES."""
        return (
            sight.workspace_id,
            sight.project_ids,
            sight.since,
            self.statuses,
            self.channel_id,
            self.webhook_id,
            self.incident_id,
            self.to_channels,
            self.to_webhooks,
        )


EVERY_DELIVERY = DeliveryFilter()


def channels_in(sight: Sight) -> tuple[Any, ...]:
    """Return the arguments of the list CHANNELS."""
    return (sight.workspace_id, sight.project_ids)


async def deliveries_by_id(
    connection: Connection, sight: Sight, ids: Sequence[UUID]
) -> dict[UUID, asyncpg.Record]:
    """Return the rows of DELIVERIES by id."""
    return await read_by_ids(connection, DELIVERIES, EVERY_DELIVERY.arguments(sight), ids)


async def channels_by_id(
    connection: Connection, sight: Sight, ids: Sequence[UUID]
) -> dict[UUID, asyncpg.Record]:
    """Return the rows of CHANNELS by id."""
    return await read_by_ids(connection, CHANNELS, channels_in(sight), ids)


async def channels_of_monitors(
    connection: Connection, sight: Sight, monitors: Sequence[UUID]
) -> dict[UUID, list[asyncpg.Record]]:
    """Return the rows of CHANNELS that each monitor has, in its order, each with `is_enabled`."""
    found: dict[UUID, list[asyncpg.Record]] = {monitor: [] for monitor in monitors}
    for row in await connection.fetch(_SQL["channels_of_monitors"], sight.workspace_id, monitors):
        found[row["of_monitor"]].append(row)
    return found


async def webhooks_by_id(
    connection: Connection, sight: Sight, ids: Sequence[UUID]
) -> dict[UUID, asyncpg.Record]:
    """Return the rows of WEBHOOKS by id."""
    return await read_by_ids(connection, WEBHOOKS, (sight.workspace_id,), ids)
