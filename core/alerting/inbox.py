"""The transitions that nobody has been told of yet, taken in order for each monitor."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import asyncpg
import msgspec

from core.alerting.change import Change
from core.db.database import Connection
from core.db.named_sql import named_sql
from core.incidents.transition import TransitionDetails, TransitionKind

LEASE = timedelta(seconds=15)
SHORTEST_PAUSE = timedelta(seconds=1)
LONGEST_PAUSE = timedelta(minutes=10)

_SQL = named_sql("alerting")


@dataclass(frozen=True, kw_only=True, slots=True)
class LeasedTransition:
    """A transition to be routed by whoever leased it."""

    id: UUID
    workspace_id: UUID
    at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class LockedTransition:
    """A transition held until the transaction ends. `position` orders the transitions of a monitor."""

    change: Change
    position: int


async def lease_transitions(
    connection: Connection, *, now: datetime, limit: int
) -> tuple[LeasedTransition, ...]:
    """Lease the earliest undone transition of each of up to `limit` monitors."""
    rows = await connection.fetch(_SQL["lease_transitions"], now, now + LEASE, limit)
    return tuple(LeasedTransition(**row) for row in rows)


async def lock_transition(connection: Connection, leased: LeasedTransition) -> LockedTransition | None:
    """Lock the transition for this transaction; None if it is done already."""
    row = await connection.fetchrow(_SQL["lock_transition"], leased.workspace_id, leased.id)
    return None if row is None else LockedTransition(change=change_of(row), position=row["position"])


async def finish_transition(connection: Connection, change: Change, *, now: datetime) -> None:
    """Mark the transition as done, in the transaction that wrote what it led to."""
    await connection.execute(_SQL["finish_transition"], change.workspace_id, change.transition_id, now)


async def postpone_transition(connection: Connection, leased: LeasedTransition, *, now: datetime) -> datetime:
    """Put off a transition that could not be routed, and return until when. The pause grows with its age."""
    until = now + min(max(now - leased.at, SHORTEST_PAUSE), LONGEST_PAUSE)
    await connection.execute(_SQL["postpone_transition"], leased.workspace_id, leased.id, until)
    return until


def change_of(row: asyncpg.Record) -> Change:
    """Return the change that a row of `transitions` tells of; raise msgspec.ValidationError if it is broken."""
    return Change(
        transition_id=row["id"],
        workspace_id=row["workspace_id"],
        monitor_id=row["monitor_id"],
        incident_id=row["incident_id"],
        kind=TransitionKind(row["kind"]),
        at=row["at"],
        details=msgspec.convert(row["details"], TransitionDetails),
    )
