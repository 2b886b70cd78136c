"""Finds one thing by its id, and tells what is out of sight from what is not there."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeAlias
from uuid import UUID

import asyncpg

from core.access.sight import Sight
from core.db.database import Connection
from core.errors import Forbidden, NotFound

ReadByIds: TypeAlias = Callable[[Connection, Sight, Sequence[UUID]], Awaitable[Mapping[UUID, asyncpg.Record]]]


async def row_in_sight(
    connection: Connection,
    sight: Sight,
    read: ReadByIds,
    identifier: UUID | None,
    *,
    name: str,
    beyond: type[Forbidden],
) -> asyncpg.Record:
    """Return the row of an id, None being malformed; raise NotFound, or `beyond` for what is in projects out of sight."""
    wanted = [] if identifier is None else [identifier]
    for row in (await read(connection, sight, wanted)).values():
        return row
    if sight.is_confined and await read(connection, sight.unconfined, wanted):
        raise beyond
    raise NotFound(f"{name} not found")
