"""Reads members and invitations."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import asyncpg

from core.access.sight import Sight
from core.db.database import Connection
from core.db.listing import read_by_ids
from core.db.named_sql import named_sql

_SQL = named_sql("read_access")


async def members_of(connection: Connection, workspace_id: UUID) -> list[asyncpg.Record]:
    """Return the members of a workspace and whoever is invited, the first to come first."""
    return _in_order(await connection.fetch(_SQL["members"], workspace_id))


async def members_by_id(
    connection: Connection, sight: Sight, ids: Sequence[UUID]
) -> dict[UUID, asyncpg.Record]:
    """Return the same by id."""
    return await read_by_ids(connection, _SQL["members"], (sight.workspace_id,), ids)


async def invitations_of(connection: Connection, workspace_id: UUID) -> list[asyncpg.Record]:
    """Return the invitations that nobody has accepted, expired ones too, in the order of their making."""
    return _in_order(await connection.fetch(_SQL["invitations"], workspace_id))


async def invitations_by_id(
    connection: Connection, sight: Sight, ids: Sequence[UUID]
) -> dict[UUID, asyncpg.Record]:
    """Return the same by id."""
    return await read_by_ids(connection, _SQL["invitations"], (sight.workspace_id,), ids)


async def projects_of_members(
    connection: Connection, sight: Sight, member_ids: Sequence[UUID]
) -> dict[UUID, list[asyncpg.Record]]:
    """Return the projects that each member is confined to; of who is not, or to none any more, an empty list."""
    found: dict[UUID, list[asyncpg.Record]] = {member_id: [] for member_id in member_ids}
    for row in await connection.fetch(_SQL["projects_of_members"], sight.workspace_id, member_ids):
        found[row["member_id"]].append(row)
    return found


def _in_order(rows: Sequence[asyncpg.Record]) -> list[asyncpg.Record]:
    return sorted(rows, key=lambda row: row["id"])
