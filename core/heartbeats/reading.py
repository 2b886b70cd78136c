"""Reads heartbeats and what was reported to them."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import asyncpg

from core.access.sight import Sight
from core.db.database import Connection
from core.db.listing import SortType, ordered_by
from core.db.named_sql import named_sql

_SQL = named_sql("read_heartbeats")

PINGS = _SQL["pings"]
MONITOR_OF_PING = "monitor_id"
LATEST_FIRST = ordered_by("pings -arrived", "arrived_at", SortType.MOMENT, is_descending=True)


async def heartbeats_of_monitors(
    connection: Connection, sight: Sight, monitors: Sequence[UUID]
) -> dict[UUID, asyncpg.Record]:
    """Return `token`, `last_ping_at` and `expected_by` of each monitor that has a heartbeat."""
    rows = await connection.fetch(_SQL["heartbeats"], sight.workspace_id, monitors)
    return {row["monitor_id"]: row for row in rows}
