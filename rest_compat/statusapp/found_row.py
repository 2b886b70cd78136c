"""Finds what a path names by its id."""

from __future__ import annotations

from uuid import UUID

import asyncpg

from core.access.in_sight import ReadByIds
from core.access.sight import sight_of
from core.errors import NotFound
from rest_compat.route import Call


async def found_row(call: Call, read: ReadByIds, identifier: UUID | None, noun: str) -> asyncpg.Record:
    """Return the row of an id; raise NotFound, alike for what is malformed (None), unknown and out of sight."""
    sight = sight_of(call.principal, call.services.clock.now())
    async with call.services.database.acquire() as connection:
        found = await read(connection, sight, [] if identifier is None else [identifier])
    if not found:
        raise NotFound(f"{noun} not found")
    (row,) = found.values()
    return row
