"""Which tags monitors wear. Tags are made on use and go with their last monitor.

Whoever calls these holds the workspace's lock (`lock_workspace`), so that no tag is dropped while it is given.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from core.db.database import Connection
from core.db.named_sql import named_sql
from core.ids import new_id

_SQL = named_sql("tags")


async def add_tags(
    connection: Connection,
    workspace_id: UUID,
    monitor_ids: Sequence[UUID],
    names: Sequence[str],
    now: datetime,
) -> set[UUID]:
    """Give tags to monitors; return the monitors that had not all of them."""
    await connection.execute(_SQL["create_tags"], workspace_id, [new_id(now) for _ in names], names)
    tag_ids = await _ids(connection, workspace_id, names)
    rows = await connection.fetch(_SQL["attach_tags"], workspace_id, monitor_ids, tag_ids)
    return {row["monitor_id"] for row in rows}


async def remove_tags(
    connection: Connection, workspace_id: UUID, monitor_ids: Sequence[UUID], names: Sequence[str]
) -> set[UUID]:
    """Take tags from monitors; return the monitors that had any of them."""
    tag_ids = await _ids(connection, workspace_id, names)
    rows = await connection.fetch(_SQL["detach_tags"], workspace_id, monitor_ids, tag_ids)
    await connection.execute(_SQL["delete_unused_tags"], workspace_id)
    return {row["monitor_id"] for row in rows}


async def replace_tags(
    connection: Connection,
    workspace_id: UUID,
    monitor_ids: Sequence[UUID],
    names: Sequence[str],
    now: datetime,
) -> set[UUID]:
    """Leave monitors with exactly these tags; return the monitors that wore others."""
    changed = await add_tags(connection, workspace_id, monitor_ids, names, now)
    tag_ids = await _ids(connection, workspace_id, names)
    rows = await connection.fetch(_SQL["detach_other_tags"], workspace_id, monitor_ids, tag_ids)
    await connection.execute(_SQL["delete_unused_tags"], workspace_id)
    return changed | {row["monitor_id"] for row in rows}


async def drop_tags(connection: Connection, workspace_id: UUID, monitor_ids: Sequence[UUID]) -> None:
    """Take every tag from monitors that are deleted."""
    await connection.fetch(_SQL["detach_other_tags"], workspace_id, monitor_ids, [])
    await connection.execute(_SQL["delete_unused_tags"], workspace_id)


async def _ids(connection: Connection, workspace_id: UUID, names: Sequence[str]) -> list[UUID]:
    return [row["id"] for row in await connection.fetch(_SQL["tag_ids"], workspace_id, names)]
