"""Finds what a path names by its id."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeAlias
from uuid import UUID

import asyncpg

from core.access.sight import Sight, sight_of
from core.db.database import Connection
from core.errors import NotFound
from rest_compat.route import Call

ReadByIds: TypeAlias = Callable[[Connection, Sight, Sequence[UUID]], Awaitable[Mapping[UUID, asyncpg.Record]]]


async def found_row(call: Call, read: ReadByIds, identifier: UUID | None, noun: str) -> asyncpg.Record:
    """Return the row of an id; raise NotFound, alike for what is malformed (None), unknown and out of sight."""
    sight = sight_of(call.principal, call.services.clock.now())
    async with call.services.database.acquire() as connection:
        found = await read(connection, sight, [] if identifier is None else [identifier])
    if not found:
        raise NotFound(f"{noun} not found")
    (row,) = found.values()
    return row
