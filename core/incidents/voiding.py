"""A missed deadline that was not missed: the report had arrived in time, and was stored after the deadline."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from core.db.database import Connection
from core.db.named_sql import named_sql
from core.incidents.change_store import Judged, Sentence, store_changes
from core.incidents.changes import Changes, Ending
from core.incidents.subject import Subject, lock_subjects
from core.incidents.transition import Resolution
from core.monitors.status import MonitorStatus
from plugins.api.outcome import IncidentKind

_SQL = named_sql("voiding")
_JUDGEMENT = named_sql("judgement")


async def void_outage(
    connection: Connection,
    workspace_id: UUID,
    monitor_id: UUID,
    *,
    missed_at: datetime,
    arrived_at: datetime,
    now: datetime,
) -> Judged | None:
    """Take back the finding that a PASSIVE monitor missed its deadline, in the caller's transaction.

    `missed_at` is the slot of that finding, `arrived_at` when the report came in. The finding goes, the DOWN
    interval becomes UP, and the incident ends as VOID. None if the finding is not the monitor's last, or if the
    monitor is paused: then nothing changes. The caller records the report itself after this, at `arrived_at`.
    """
    region = (workspace_id, monitor_id, missed_at)
    if await connection.fetchval(_SQL["void_region_state"], *region, arrived_at) is None:
        return None
    [subject] = await lock_subjects(connection, [monitor_id])
    await connection.execute(_SQL["void_check"], *region)
    await connection.execute(_SQL["void_details"], *region)
    if subject.standing.status is not MonitorStatus.DOWN:
        return Judged()
    await _rewrite_status(connection, workspace_id, monitor_id)
    monitor = (workspace_id, "MONITOR", monitor_id)
    event = (*monitor, "STATUS", now, MonitorStatus.UP, MonitorStatus.DOWN, subject.project_id)
    await connection.execute(_JUDGEMENT["write_events"], *([value] for value in event))
    [subject] = await lock_subjects(connection, [monitor_id])
    changes = Changes(endings=_endings(subject), dismissed=subject.standing.dismissed)
    judged = await store_changes(connection, [Sentence(subject=subject, changes=changes)], now=now)
    return Judged(transitions=judged.transitions, events=judged.events + 1)


async def _rewrite_status(connection: Connection, workspace_id: UUID, monitor_id: UUID) -> None:
    ended_ms = await connection.fetchval(_SQL["drop_open_interval"], workspace_id, monitor_id)
    if ended_ms is None:
        await connection.execute(_SQL["turn_open_interval"], workspace_id, monitor_id)
    else:
        await connection.execute(_SQL["reopen_interval"], workspace_id, monitor_id, ended_ms)
    await connection.execute(_SQL["void_status"], workspace_id, monitor_id)


def _endings(subject: Subject) -> tuple[Ending, ...]:
    return tuple(
        Ending(
            incident=incident,
            resolved_at=incident.started_at,
            resolution=Resolution.VOID,
            message="void: the report had arrived in time",
        )
        for incident in subject.incidents
        if incident.kind is IncidentKind.OUTAGE
    )
