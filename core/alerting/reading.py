"""Reads the decisions to tell someone or not to, and who is told at all."""

from __future__ import annotations

import asyncpg

from core.access.sight import Sight
from core.db.database import Connection
from core.db.listing import SortType, ordered_by
from core.db.named_sql import named_sql

_SQL = named_sql("read_alerting")

DECISIONS = _SQL["decisions"]
INCIDENT_OF_DECISION = "incident_id"
EARLIEST_FIRST = ordered_by("decisions at", "at", SortType.MOMENT)


async def monitors_told(connection: Connection, sight: Sight) -> asyncpg.Record:
    """Return how many `monitors` there are in sight, and of how many an active channel is `told`."""
    row = await connection.fetchrow(_SQL["monitors_told"], sight.workspace_id, sight.project_ids)
    if row is None:
        raise AssertionError("counts are always told")
    return row
