"""The heartbeats that a worker has locked: read under the lock, and stored again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from core.db.database import Connection
from core.db.named_sql import named_sql
from core.heartbeats.deadlines import HeartbeatState, InboxPing
from core.heartbeats.ping import PingKind

_SQL = named_sql("heartbeats")
_STATE_FIELDS = tuple(field.name for field in fields(HeartbeatState))


@dataclass(frozen=True, kw_only=True, slots=True)
class Watched:
    """A heartbeat, where it stands, and what it takes to judge what is heard of it.

    `is_pinged`: pings of it are waiting in the inbox.
    """

    monitor_id: UUID
    workspace_id: UUID
    kind: str
    config: Any
    config_revision: int
    is_paused: bool
    is_pinged: bool
    facts: Mapping[str, Any] | None
    state: HeartbeatState


@dataclass(frozen=True, kw_only=True, slots=True)
class AppliedPing:
    """A ping that leaves the inbox, and how long the run took that it ended."""

    monitor_id: UUID
    ping: InboxPing
    duration_ms: float | None


async def read_watched(connection: Connection, locked: Sequence[UUID]) -> list[Watched]:
    """Read the locked heartbeats, in the order of their ids; those of deleted monitors are left out."""
    return [_watched(row) for row in await connection.fetch(_SQL["read_heartbeats"], locked)]


async def read_inbox(
    connection: Connection, monitor_ids: Sequence[UUID], *, limit: int
) -> dict[UUID, list[InboxPing]]:
    """Read the pings to apply, in order of their arrival for each monitor."""
    pings: defaultdict[UUID, list[InboxPing]] = defaultdict(list)
    for row in await connection.fetch(_SQL["read_inbox"], monitor_ids, limit):
        pings[row["monitor_id"]].append(_ping(row))
    return pings


async def read_doors_open_until(connection: Connection) -> datetime | None:
    """Return up to when all that came in is known; None before any door was open."""
    open_until: datetime | None = await connection.fetchval(_SQL["doors_open_until"])
    return open_until


async def store_states(connection: Connection, states: Mapping[UUID, HeartbeatState]) -> None:
    """Store where the locked heartbeats stand now."""
    if states:
        rows = [
            (monitor_id, *(getattr(state, name) for name in _STATE_FIELDS))
            for monitor_id, state in states.items()
        ]
        await connection.execute(_SQL["store_heartbeats"], *zip(*rows, strict=True))


async def mark_applied(connection: Connection, applied: Sequence[AppliedPing]) -> None:
    """Take pings out of the inbox; they stay as history."""
    if applied:
        rows = [(each.monitor_id, each.ping.arrived_at, each.ping.id, each.duration_ms) for each in applied]
        await connection.execute(_SQL["mark_applied"], *zip(*rows, strict=True))


def _watched(row: asyncpg.Record) -> Watched:
    return Watched(
        monitor_id=row["monitor_id"],
        workspace_id=row["workspace_id"],
        kind=row["kind"],
        config=row["config"],
        config_revision=row["config_revision"],
        is_paused=row["is_paused"],
        is_pinged=row["is_pinged"],
        facts=row["facts"],
        state=HeartbeatState(**{name: row[name] for name in _STATE_FIELDS}),
    )


def _ping(row: asyncpg.Record) -> InboxPing:
    return InboxPing(
        id=row["id"],
        arrived_at=row["arrived_at"],
        kind=PingKind(row["kind"]),
        message=row["message"],
        exit_code=row["exit_code"],
        run_id=row["run_id"],
        run_began_at=row["run_began_at"],
    )
