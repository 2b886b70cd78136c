"""Deliveries that end because what they are about is gone."""

from __future__ import annotations

from uuid import UUID

from core.db.database import Connection
from core.db.named_sql import named_sql
from core.deliveries.delivery_event import FAILURES

_SQL = named_sql("deliveries")


async def end_monitor_failures(connection: Connection, workspace_id: UUID, monitor_id: UUID) -> None:
    """Suppress the failure messages of a monitor that is being deleted, in the deleter's transaction.

    Those on their way stay, and so do recoveries: they are owed to whoever was told of the failure.
    """
    await connection.execute(_SQL["suppress_monitor_failures"], workspace_id, monitor_id, sorted(FAILURES))
