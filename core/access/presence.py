"""What a principal is by now: looked at again in the transaction that acts for him."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from core.access.principal import Principal, Role
from core.access.project_scope import project_ids_of
from core.db.database import Connection
from core.db.named_sql import named_sql
from core.errors import TokenExpired, TokenRevoked, Unauthenticated

_SQL = named_sql("presence")


async def lock_place(connection: Connection, principal: Principal, now: datetime) -> Principal:
    """Wait for the lock of the principal's workspace, and return him with the role and scope that he has now.

    Whoever changes members takes that lock before any other, so that nothing of this changes until the transaction
    ends. Raises Unauthenticated, TokenExpired or TokenRevoked for who may not act any more.
    """
    await hold_workspace(connection, principal.workspace_id)
    row = await connection.fetchrow(
        _SQL["present_place"], principal.workspace_id, principal.user_id, principal.token_id
    )
    if row is None:
        raise Unauthenticated("you are no member of the workspace any more")
    if row["revoked_at"] is not None:
        raise TokenRevoked
    if row["expires_at"] is not None and row["expires_at"] <= now:
        raise TokenExpired
    return replace(principal, role=Role(row["role"]), project_ids=project_ids_of(row))


async def hold_workspace(connection: Connection, workspace_id: UUID) -> bool:
    """Wait for the workspace's lock, held until the transaction ends; return whether there is such a workspace."""
    return await connection.fetchval(_SQL["hold_workspace"], workspace_id) is not None
