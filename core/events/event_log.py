"""Reads numbered events. A page and the position that it was read at belong to one snapshot."""

from __future__ import annotations

import enum
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from core.db.database import Connection
from core.db.named_sql import named_sql
from core.errors import CursorExpired
from core.events.cursor import EventCursor
from core.events.sequencer import is_event_waiting, number_events
from core.monitors.status import MonitorStatus

PAGE_SIZE = 500

_SQL = named_sql("read_events")


class EventSubject(enum.StrEnum):
    """What changed."""

    MONITOR = "MONITOR"
    INCIDENT = "INCIDENT"


class ChangeKind(enum.StrEnum):
    """How it changed."""

    CREATED = "CREATED"
    UPDATED = "UPDATED"
    STATUS = "STATUS"
    DELETED = "DELETED"


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """One numbered change. Status and projects are those of its moment; an incident's change has neither."""

    sequence: int
    workspace_id: UUID
    subject: EventSubject
    subject_id: UUID
    change: ChangeKind
    at: datetime
    status: MonitorStatus | None
    previous_status: MonitorStatus | None
    project_ids: Sequence[UUID]


@dataclass(frozen=True, kw_only=True, slots=True)
class LogPosition:
    """How far the log goes. Cursors before `purged_through` have expired.

    `kept_through` says up to which number the epoch that was asked about still holds; None: not at all.
    """

    epoch: UUID
    last_sequence: int
    purged_through: int
    kept_through: int | None

    def require_present(self, cursor: EventCursor, workspace_id: UUID) -> None:
        """Raise CursorExpired unless everything after the cursor, whose epoch was asked about, is still here."""
        reached = self.last_sequence if cursor.epoch == self.epoch else self.kept_through
        if cursor.workspace_id != workspace_id or reached is None or cursor.sequence > reached:
            raise CursorExpired
        if cursor.sequence < self.purged_through:
            raise CursorExpired


@dataclass(frozen=True, kw_only=True, slots=True)
class EventPage:
    """Events in order; `reached` is the number up to which nothing is missing after them."""

    position: LogPosition
    events: Sequence[Event]
    is_last: bool

    @property
    def reached(self) -> int:
        """The number up to which the page tells everything."""
        return self.position.last_sequence if self.is_last else self.events[-1].sequence


async def present_position(
    connection: Connection, now: datetime, *, epoch: UUID | None = None
) -> LogPosition:
    """Return where the log ends, after numbering what is committed by now. `epoch` is asked about."""
    row = await connection.fetchrow(_SQL["event_position"], epoch)
    if row is None or await is_event_waiting(connection):
        await number_events(connection, now)
        row = await connection.fetchrow(_SQL["event_position"], epoch)
    if row is None:
        raise RuntimeError("the counter of events vanished")
    return _position(row)


async def events_of_all(
    connection: Connection, workspaces: Collection[UUID], *, after: int, epoch: UUID | None
) -> EventPage:
    """Return the next page of what several workspaces are told together."""
    return await _page(connection, "feed_events", epoch, after, list(workspaces))


async def missed_events(
    connection: Connection, workspace_id: UUID, *, after: int, epoch: UUID | None
) -> EventPage:
    """Return the next page of what one workspace is told."""
    return await _page(connection, "missed_events", epoch, after, workspace_id)


async def _page(
    connection: Connection, name: str, epoch: UUID | None, after: int, whose: UUID | list[UUID]
) -> EventPage:
    rows = await connection.fetch(_SQL[name], epoch, after, whose, PAGE_SIZE)
    events = [_event(row) for row in rows if row["sequence"] is not None]
    return EventPage(position=_position(rows[0]), events=events, is_last=len(events) < PAGE_SIZE)


def _position(row: asyncpg.Record) -> LogPosition:
    return LogPosition(
        epoch=row["epoch"],
        last_sequence=row["last_sequence"],
        purged_through=row["purged_through"],
        kept_through=row["kept_through"],
    )


def _event(row: asyncpg.Record) -> Event:
    return Event(
        sequence=row["sequence"],
        workspace_id=row["workspace_id"],
        subject=EventSubject(row["subject"]),
        subject_id=row["subject_id"],
        change=ChangeKind(row["change"]),
        at=row["at"],
        status=_status(row["status"]),
        previous_status=_status(row["previous_status"]),
        project_ids=row["project_ids"] or (),
    )


def _status(number: int | None) -> MonitorStatus | None:
    return None if number is None else MonitorStatus(number)
