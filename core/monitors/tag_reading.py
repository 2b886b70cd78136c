"""Reads tags."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import asyncpg

from core.db.database import Connection
from core.db.listing import read_by_ids
from core.db.named_sql import named_sql

_SQL = named_sql("read_tags")

TAGS = _SQL["tags"]


async def all_tags(connection: Connection, workspace_id: UUID) -> list[asyncpg.Record]:
    """Return all tags of the workspace, by name."""
    return sorted(await connection.fetch(TAGS, workspace_id), key=lambda row: row["name_key"])


async def tags_by_id(
    connection: Connection, workspace_id: UUID, ids: Sequence[UUID]
) -> dict[UUID, asyncpg.Record]:
    """Return the rows of TAGS by id."""
    return await read_by_ids(connection, TAGS, (workspace_id,), ids)


async def tags_of_monitors(
    connection: Connection, workspace_id: UUID, monitors: Sequence[UUID]
) -> dict[UUID, list[asyncpg.Record]]:
    """Return `id` and `name` of the tags of each monitor, by name."""
    found: dict[UUID, list[asyncpg.Record]] = {monitor: [] for monitor in monitors}
    for row in await connection.fetch(_SQL["tags_of_monitors"], workspace_id, monitors):
        for monitor in row["monitors"]:
            found[monitor].append(row)
    return found


async def monitor_counts(connection: Connection, workspace_id: UUID, tags: Sequence[UUID]) -> dict[UUID, int]:
    """Return how many monitors have each of the tags that any has."""
    rows = await connection.fetch(_SQL["monitor_counts"], workspace_id, tags)
    return {row["tag_id"]: row["monitors"] for row in rows}
