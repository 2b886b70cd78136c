"""The lock of a workspace: whoever deletes or tags its monitors takes it before any other."""

from __future__ import annotations

from uuid import UUID

from core.db.database import Connection
from core.db.named_sql import named_sql
from core.errors import NotFound

_SQL = named_sql("monitors")


async def lock_workspace(connection: Connection, workspace_id: UUID) -> str:
    """Wait for the workspace's lock, held until the transaction ends, and return the plan."""
    return _found(await connection.fetchval(_SQL["lock_workspace"], workspace_id))


async def workspace_plan(connection: Connection, workspace_id: UUID) -> str:
    """Return the workspace's plan without a lock."""
    return _found(await connection.fetchval(_SQL["workspace_plan"], workspace_id))


def _found(plan: str | None) -> str:
    if plan is None:
        raise NotFound("workspace not found")
    return plan
