"""The lock of a workspace: whoever deletes or tags its monitors takes it before any other."""

from __future__ import annotations

from uuid import UUID

from core.access.presence import hold_workspace
from core.db.database import Connection
from core.errors import NotFound


async def lock_workspace(connection: Connection, workspace_id: UUID) -> None:
    """Wait for the workspace's lock, held until the transaction ends; raise NotFound if it is deleted."""
    if not await hold_workspace(connection, workspace_id):
        raise NotFound("workspace not found")
