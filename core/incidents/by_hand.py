"""What a person's word ends: an incident resolved by hand."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from core.db.database import Connection
from core.db.named_sql import named_sql
from core.db.notifications import NotifyChannel, notify
from core.errors import Conflict, NotFound
from core.ids import to_unix_ms
from core.incidents.change_store import Judged, Sentence, store_changes
from core.incidents.changes import Changes, Ending, OpenIncident, at_ms
from core.incidents.subject import Subject, lock_subjects
from core.incidents.transition import Resolution
from core.monitors.status import MonitorStatus
from plugins.api.outcome import IncidentKind

_SQL = named_sql("life_cycle")


async def resolve_by_hand(
    connection: Connection, workspace_id: UUID, incident_id: UUID, *, actor_id: UUID | None, now: datetime
) -> Judged:
    """Resolve an incident in the caller's transaction, which must not have locked the incident before.

    NotFound: the workspace has no such incident. Conflict: it is resolved already, or an OUTAGE of a monitor
    that is DOWN. Other kinds open again only after their condition was absent once.
    """
    monitor_id = await connection.fetchval(_SQL["monitor_of_incident"], workspace_id, incident_id)
    if monitor_id is None:
        raise NotFound("incident not found")
    subjects = await lock_subjects(connection, [monitor_id])
    subject, incident = _open_incident(subjects, incident_id)
    if incident.kind is IncidentKind.OUTAGE and subject.standing.status is MonitorStatus.DOWN:
        raise Conflict("the monitor is still down: acknowledge the incident instead")
    dismissed = subject.standing.dismissed
    if incident.kind is not IncidentKind.OUTAGE:
        dismissed |= {incident.kind}
    ending = Ending(
        incident=incident,
        resolved_at=max(at_ms(to_unix_ms(now)), incident.started_at),
        resolution=Resolution.BY_HAND,
        message="resolved by hand",
    )
    sentence = Sentence(
        subject=subject, changes=Changes(endings=(ending,), dismissed=dismissed), actor_id=actor_id
    )
    judged = await store_changes(connection, [sentence], now=now)
    await notify(connection, NotifyChannel.TRANSITIONS)
    await notify(connection, NotifyChannel.CHANGES)
    return judged


def _open_incident(subjects: list[Subject], incident_id: UUID) -> tuple[Subject, OpenIncident]:
    for subject in subjects:
        for incident in subject.incidents:
            if incident.id == incident_id:
                return subject, incident
    raise Conflict("the incident is already resolved")
