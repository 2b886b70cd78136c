"""Reads tags."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import asyncpg

from core.access.sight import Sight
from core.db.database import Connection
from core.db.listing import read_by_ids
from core.db.named_sql import named_sql

_SQL = named_sql("read_tags")

TAGS = _SQL["tags"]


async def all_tags(connection: Connection, sight: Sight) -> list[asyncpg.Record]:
    """Return all tags in sight, by name."""
    rows = await connection.fetch(TAGS, sight.workspace_id, sight.project_ids)
    return sorted(rows, key=lambda row: row["name_key"])


async def tags_by_id(connection: Connection, sight: Sight, ids: Sequence[UUID]) -> dict[UUID, asyncpg.Record]:
    """Return the rows of TAGS by id."""
    return await read_by_ids(connection, TAGS, (sight.workspace_id, sight.project_ids), ids)


async def tags_of_monitors(
    connection: Connection, sight: Sight, monitors: Sequence[UUID]
) -> dict[UUID, list[asyncpg.Record]]:
    """Return `id` and `name` of the tags of each monitor, by name."""
    found: dict[UUID, list[asyncpg.Record]] = {monitor: [] for monitor in monitors}
    for row in await connection.fetch(_SQL["tags_of_monitors"], sight.workspace_id, monitors):
        for monitor in row["monitors"]:
            found[monitor].append(row)
    return found


async def monitor_counts(connection: Connection, sight: Sight, tags: Sequence[UUID]) -> dict[UUID, int]:
    """Return how many monitors in sight have each of the tags that any has."""
    rows = await connection.fetch(_SQL["monitor_counts"], sight.workspace_id, sight.project_ids, tags)
    return {row["tag_id"]: row["monitors"] for row in rows}
