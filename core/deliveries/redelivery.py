"""Sending a message once more because somebody asks for it."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from core.db.database import Connection
from core.db.named_sql import named_sql
from core.db.notifications import NotifyChannel, notify
from core.deliveries.delivery_status import DeliveryStatus
from core.errors import Conflict, NotFound
from core.ids import new_id

_SQL = named_sql("deliveries")


async def redeliver(connection: Connection, workspace_id: UUID, delivery_id: UUID, now: datetime) -> UUID:
    """Owe the same message, byte for byte, under a new id, and return that; in the caller's transaction.

    Raises NotFound, and Conflict while the delivery is pending or if its destination cannot be told.
    """
    row = await connection.fetchrow(_SQL["delivery_to_repeat"], workspace_id, delivery_id)
    if row is None:
        raise NotFound("delivery not found", path=("id",))
    if row["status"] == DeliveryStatus.PENDING:
        raise Conflict("the delivery is still pending", path=("id",))
    if row["destination_is_active"] is None:
        raise Conflict("the delivery's destination was deleted", path=("id",))
    if not row["destination_is_active"]:
        raise Conflict("the delivery's destination is not active", path=("id",))
    repeated_id = new_id(now)
    await connection.execute(_SQL["repeat_delivery"], workspace_id, delivery_id, repeated_id, now)
    await notify(connection, NotifyChannel.DELIVERIES)
    return repeated_id
