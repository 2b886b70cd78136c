"""Reads people, workspaces and tokens."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import asyncpg

from core.db.database import Connection
from core.db.listing import read_by_ids
from core.db.named_sql import named_sql

_SQL = named_sql("read_access")


async def users_by_id(
    connection: Connection, _workspace_id: UUID, ids: Sequence[UUID]
) -> dict[UUID, asyncpg.Record]:
    """Return people whom a row of the workspace names, whether they still belong to it or not."""
    return {row["id"]: row for row in await connection.fetch(_SQL["users"], ids)}


async def members_by_user_id(
    connection: Connection, workspace_id: UUID, ids: Sequence[UUID]
) -> dict[UUID, asyncpg.Record]:
    """Return those of the people who belong to the workspace."""
    return {row["id"]: row for row in await connection.fetch(_SQL["members_of_workspace"], workspace_id, ids)}


async def own_workspace(
    connection: Connection, workspace_id: UUID, ids: Sequence[UUID]
) -> dict[UUID, asyncpg.Record]:
    """Return the workspace, if it is among the ids: no other is ever seen."""
    row = await connection.fetchrow(_SQL["workspace"], workspace_id)
    return {workspace_id: row} if row is not None and workspace_id in ids else {}


async def workspaces_of_user(connection: Connection, user_id: UUID) -> list[asyncpg.Record]:
    """Return the workspaces that a person belongs to, in the order of joining."""
    return await connection.fetch(_SQL["workspaces_of_user"], user_id)


async def tokens_by_id(
    connection: Connection, workspace_id: UUID, ids: Sequence[UUID]
) -> dict[UUID, asyncpg.Record]:
    """Return the API tokens of the workspace by id."""
    return await read_by_ids(connection, _SQL["tokens"], (workspace_id,), ids)
