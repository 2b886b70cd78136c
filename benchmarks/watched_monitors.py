"""Monitors and heartbeats by the thousand, as the service would have made them."""

from __future__ import annotations

import itertools
import secrets
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
from core.secret_text import digest_of
from core.settings import Settings

REGION_KEY = Settings().region
HEARTBEAT_INTERVAL_SECONDS = 3_600

_Row = Mapping[str, Any]


async def make_monitors(
    url: str, count: int, *, kind: str, config: Mapping[str, Any], interval_seconds: int
) -> Sequence[UUID]:
    """Store active monitors of one workspace and return their ids; a worker finds all of them due."""
    clock = MeasuredClock()
    now = clock.now()
    connection = await asyncpg.connect(url)
    await prepare_connection(connection)
    try:
        region_id = await ensure_region(connection, REGION_KEY, clock)
        kept = {"kind": kind, "config": config, "is_passive": False, "interval_seconds": interval_seconds}
        owned = await _make(connection, count, kept, now)
        await _insert(connection, "monitor_regions", [{**each, "region_id": region_id} for each in owned])
        ids = [each["monitor_id"] for each in owned]
        for some in _batches(ids):
            await schedule_monitors(connection, owned[0]["workspace_id"], some, now=now)
        await connection.execute("VACUUM (ANALYZE)")
    finally:
        await connection.close()
    return ids


async def make_heartbeats(url: str, count: int) -> Sequence[str]:
    """Store heartbeats of one workspace, none of which was ever pinged; return their tokens."""
    connection = await asyncpg.connect(url)
    await prepare_connection(connection)
    kept = {
        "kind": "heartbeat",
        "config": {"intervalSeconds": HEARTBEAT_INTERVAL_SECONDS},
        "is_passive": True,
    }
    tokens = [secrets.token_urlsafe(32) for _ in range(count)]
    try:
        owned = await _make(connection, count, kept, MeasuredClock().now())
        waiting = [
            {**each, "token": token, "token_sha256": digest_of(token)}
            for each, token in zip(owned, tokens, strict=True)
        ]
        await _insert(connection, "heartbeats", waiting)
        await connection.execute("VACUUM (ANALYZE)")
    finally:
        await connection.close()
    return tokens


async def _make(connection: asyncpg.Connection[Any], count: int, kept: _Row, now: datetime) -> Sequence[_Row]:
    """Store PENDING monitors; return the columns by which all their other rows are theirs."""
    workspace_id, project_id = new_id(now), new_id(now)
    ids = [new_id(now + timedelta(milliseconds=place)) for place in range(count)]
    monitor = {
        "workspace_id": workspace_id,
        "project_id": project_id,
        "target": "the target",
        "timeout_seconds": 10,
        "created_at": now,
        "updated_at": now,
        **kept,
    }
    await _insert(connection, "monitors", [{"id": each, "name": str(each), **monitor} for each in ids])
    owned = [{"monitor_id": each, "workspace_id": workspace_id} for each in ids]
    pending, since_ms = {"status": MonitorStatus.PENDING}, to_unix_ms(now)
    await _insert(connection, "monitor_states", [{**each, **pending, "since_ms": since_ms} for each in owned])
    await _insert(
        connection, "status_intervals", [{**each, **pending, "from_ms": since_ms} for each in owned]
    )
    return owned


async def _insert(connection: asyncpg.Connection[Any], table: str, rows: Sequence[_Row]) -> None:
    columns = tuple(rows[0])
    places = ", ".join(f"${place}" for place in range(1, len(columns) + 1))
    statement = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({places})"
    await connection.executemany(statement, [tuple(row[column] for column in columns) for row in rows])


def _batches(ids: Sequence[UUID], size: int = 1_000) -> Iterator[Sequence[UUID]]:
    remaining = iter(ids)
    while batch := list(itertools.islice(remaining, size)):
        yield batch
