"""The lock of a workspace: whoever deletes or tags its monitors takes it before any other."""

from __future__ import annotations

from uuid import UUID

from core.db.database import Connection
from core.db.named_sql import named_sql
from core.errors import NotFound

_SQL = named_sql("monitors")


async def lock_workspace(connection: Connection, workspace_id: UUID) -> None:
    """Wait for the workspace's lock, held until the transaction ends; raise NotFound if it is deleted."""
    if await connection.fetchval(_SQL["lock_workspace"], workspace_id) is None:
        raise NotFound("workspace not found")
