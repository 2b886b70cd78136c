"""Monitors by the thousand, as the service would have made them, and due at once."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg

from core.clock import MeasuredClock
from core.db.database import prepare_connection
from core.ids import new_id, to_unix_ms
from core.monitors.status import MonitorStatus
from core.scheduling.leases import schedule_monitors
from core.scheduling.presence import ensure_region
from core.settings import Settings

REGION_KEY = Settings().region


async def make_monitors(
    url: str, count: int, *, kind: str, config: Mapping[str, Any], interval_seconds: int
) -> Sequence[UUID]:
    """Store active monitors of one workspace and return their ids; a worker finds all of them due."""
    clock = MeasuredClock()
    now = clock.now()
    workspace_id, project_id = new_id(now), new_id(now)
    ids = [new_id(now + timedelta(milliseconds=place)) for place in range(count)]
    connection = await asyncpg.connect(url)
    await prepare_connection(connection)
    try:
        region_id = await ensure_region(connection, REGION_KEY, clock)
        columns = {
            "workspace_id": workspace_id,
            "project_id": project_id,
            "kind": kind,
            "config": config,
            "interval_seconds": interval_seconds,
        }
        await _insert(connection, "monitors", [_monitor(each, now, **columns) for each in ids])
        owned = [{"monitor_id": each, "workspace_id": workspace_id} for each in ids]
        await _insert(connection, "monitor_regions", [{**each, "region_id": region_id} for each in owned])
        pending = {"status": MonitorStatus.PENDING}
        since_ms = to_unix_ms(now)
        await _insert(
            connection, "monitor_states", [{**each, **pending, "since_ms": since_ms} for each in owned]
        )
        await _insert(
            connection, "status_intervals", [{**each, **pending, "from_ms": since_ms} for each in owned]
        )
        for some in _batches(ids):
            await schedule_monitors(connection, workspace_id, some, now=now)
        await connection.execute("VACUUM (ANALYZE)")
    finally:
        await connection.close()
    return ids


def _monitor(monitor_id: UUID, now: datetime, **columns: Any) -> dict[str, Any]:
    return {
        "id": monitor_id,
        "name": str(monitor_id),
        "is_passive": False,
        "target": "the target",
        "timeout_seconds": 10,
        "created_at": now,
        "updated_at": now,
        **columns,
    }


async def _insert(connection: asyncpg.Connection[Any], table: str, rows: Sequence[Mapping[str, Any]]) -> None:
    columns = tuple(rows[0])
    places = ", ".join(f"${place}" for place in range(1, len(columns) + 1))
    statement = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({places})"
    await connection.executemany(statement, [tuple(row[column] for column in columns) for row in rows])


def _batches(ids: Sequence[UUID], size: int = 1_000) -> Iterator[Sequence[UUID]]:
    remaining = iter(ids)
    while batch := list(itertools.islice(remaining, size)):
        yield batch
