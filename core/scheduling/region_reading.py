"""Reads the regions that checks run from. They are few and belong to no workspace: all of them are read at once."""

from __future__ import annotations

from datetime import datetime

import asyncpg

from core.db.database import Connection
from core.db.named_sql import named_sql
from core.scheduling.attendance import WORKER_ALIVE_FOR

_SQL = named_sql("read_regions")


async def all_regions(connection: Connection, now: datetime) -> dict[int, asyncpg.Record]:
    """Return the regions by number, in the order of their keys; `workers` counts those that live."""
    rows = await connection.fetch(_SQL["regions"], now - WORKER_ALIVE_FOR)
    return {row["id"]: row for row in rows}


async def regions_with_duties(connection: Connection, now: datetime) -> list[asyncpg.Record]:
    """Return the same in a list, with how many monitors each looks at and when a worker was last seen."""
    return list(await connection.fetch(_SQL["regions_with_duties"], now - WORKER_ALIVE_FOR))
