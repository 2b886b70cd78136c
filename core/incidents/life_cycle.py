"""What a monitor's beginning, pause, change and end do to its status, intervals, incidents and leases.

Each function works inside the caller's transaction, and takes its locks in the order monitors, region
states, monitor states, incidents: the caller may have locked monitors, and nothing of the others. Region states
are locked once: one that a recorder has stored since belongs to a recorder that may wait for our monitor states.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from core.db.database import Connection
from core.db.named_sql import named_sql
from core.db.notifications import NotifyChannel, notify
from core.ids import to_unix_ms
from core.incidents.change_store import Judged, Sentence, store_changes
from core.incidents.changes import Changes, Ending, StatusChange, at_ms, next_interval_start
from core.incidents.judgement import changes_of, judge
from core.incidents.subject import Subject, lock_subjects
from core.incidents.transition import Resolution
from core.monitors.status import MonitorStatus
from core.scheduling.leases import schedule_monitors, unschedule_monitors
from plugins.api.outcome import IncidentKind

_SQL = named_sql("life_cycle")
_JUDGEMENT = named_sql("judgement")


async def begin_monitor(
    connection: Connection, workspace_id: UUID, monitor_id: UUID, *, now: datetime
) -> None:
    """Make a stored monitor PENDING and, if it is active and not paused, due at once.

    Its row, and those of monitor_regions for an active kind, are already there.
    """
    since_ms = to_unix_ms(now)
    await connection.execute(_SQL["begin_states"], workspace_id, monitor_id, since_ms)
    await connection.execute(_SQL["begin_interval"], workspace_id, monitor_id, since_ms)
    await schedule_monitors(connection, workspace_id, [monitor_id], now=now)


async def pause_monitors(
    connection: Connection, workspace_id: UUID, monitor_ids: Collection[UUID], *, now: datetime
) -> frozenset[UUID]:
    """Pause monitors and return those that ran until now.

    `paused_at` is set, and both revisions move; incidents stay open but a REGRESSION, which compares with a time that
    is over, and what is on its way counts no more. What nobody saw until now is not part of the pause.
    """
    regions = await _lock_regions(connection, workspace_id, sorted(monitor_ids))
    await _settle_blindness(connection, monitor_ids, now)
    rows = await connection.fetch(_SQL["pause"], workspace_id, sorted(monitor_ids), now)
    paused = [row["id"] for row in rows]
    subjects = await _carry_over(connection, workspace_id, paused, regions, now)
    await _turn(connection, subjects, is_paused=True, now=now)
    await _store(
        connection, [_without_regression(each, "the monitor was paused", now) for each in subjects], now
    )
    await unschedule_monitors(connection, workspace_id, paused)
    return frozenset(paused)


async def resume_monitors(
    connection: Connection, workspace_id: UUID, monitor_ids: Collection[UUID], *, now: datetime
) -> frozenset[UUID]:
    """Resume monitors and return those that were paused.

    What their regions thought last is judged by the policy and the regions of now, and stands until the next check,
    which is due at once; streaks begin anew.
    """
    rows = await connection.fetch(_SQL["resume"], workspace_id, sorted(monitor_ids), now)
    resumed = [row["id"] for row in rows]
    regions = await _lock_regions(connection, workspace_id, resumed)
    subjects = await _carry_over(connection, workspace_id, resumed, regions, now)
    sentences = [Sentence(subject=each, changes=changes_of(each, now, not_before=now)) for each in subjects]
    # A status that changes begins an interval of its own.
    kept = [each.subject for each in sentences if each.changes.ground is None]
    await _turn(connection, kept, is_paused=False, now=now)
    await _store(connection, sentences, now)
    await schedule_monitors(connection, workspace_id, resumed, now=now)
    return frozenset(resumed)


async def restart_monitor(
    connection: Connection, workspace_id: UUID, monitor_id: UUID, *, now: datetime
) -> Judged:
    """Begin anew after a change of target, configuration or kind, whose row is already stored.

    The configuration's revision moves; the monitor becomes PENDING, its incidents end as CHANGED, and it is due
    at once unless it is paused or passive.
    """
    await _lock_regions(connection, workspace_id, [monitor_id])
    await _settle_blindness(connection, [monitor_id], now)
    await connection.execute(_SQL["outdate"], workspace_id, monitor_id, now)
    await connection.execute(_SQL["forget_facts"], workspace_id, monitor_id)
    subjects = await lock_subjects(connection, [monitor_id])
    sentences = [
        Sentence(
            subject=subject,
            changes=Changes(
                statuses=_to_pending(subject, now),
                endings=_endings(subject, Resolution.CHANGED, "the configuration changed", now),
            ),
        )
        for subject in subjects
    ]
    judged = await _store(connection, sentences, now)
    await unschedule_monitors(connection, workspace_id, [monitor_id])
    await schedule_monitors(connection, workspace_id, [monitor_id], now=now)
    return judged


async def end_regressions(
    connection: Connection, monitor_ids: Collection[UUID], message: str, *, now: datetime
) -> Judged:
    """End what cannot be compared any more: an open REGRESSION, as CHANGED with that message."""
    subjects = await lock_subjects(connection, monitor_ids)
    return await _store(connection, [_without_regression(each, message, now) for each in subjects], now)


async def forget_regression(
    connection: Connection, monitor_id: UUID, message: str, *, now: datetime
) -> Judged:
    """Do the same for a monitor that nobody wants to compare: what was resolved by hand may open again, too."""
    sentences = []
    for subject in await lock_subjects(connection, [monitor_id]):
        ending = _without_regression(subject, message, now)
        dismissed = ending.changes.dismissed - {IncidentKind.REGRESSION}
        sentences.append(replace(ending, changes=replace(ending.changes, dismissed=dismissed)))
    return await _store(connection, sentences, now)


async def end_monitors(
    connection: Connection, workspace_id: UUID, monitor_ids: Collection[UUID], *, now: datetime
) -> Judged:
    """Delete monitors that are not deleted yet: `deleted_at` is set, incidents end as DELETED, leases end."""
    wanted = sorted(monitor_ids)
    await _lock_regions(connection, workspace_id, wanted)
    subjects = [s for s in await lock_subjects(connection, wanted) if s.workspace_id == workspace_id]
    sentences = [
        Sentence(
            subject=subject,
            changes=Changes(
                endings=_endings(subject, Resolution.DELETED, "the monitor was deleted", now),
                dismissed=subject.standing.dismissed,
            ),
        )
        for subject in subjects
    ]
    judged = await _store(connection, sentences, now)
    await connection.execute(
        _JUDGEMENT["close_intervals"],
        [subject.monitor_id for subject in subjects],
        [subject.workspace_id for subject in subjects],
        [next_interval_start(subject.standing.interval_from_ms, now) for subject in subjects],
    )
    await connection.execute(_SQL["delete"], workspace_id, wanted, now)
    await unschedule_monitors(connection, workspace_id, wanted)
    return judged


async def _carry_over(
    connection: Connection,
    workspace_id: UUID,
    monitor_ids: Sequence[UUID],
    regions: Sequence[tuple[UUID, int]],
    now: datetime,
) -> list[Subject]:
    """End streaks, and return the monitors with what their regions still think.

    `regions` are the region states that are locked, as monitor and region.
    """
    if not monitor_ids:
        return []
    monitors_of_regions = [monitor for monitor, _ in regions]
    numbers_of_regions = [region for _, region in regions]
    await connection.execute(
        _SQL["carry_opinions"], workspace_id, monitors_of_regions, numbers_of_regions, now
    )
    return await lock_subjects(connection, monitor_ids)


async def _turn(
    connection: Connection, subjects: Sequence[Subject], *, is_paused: bool, now: datetime
) -> None:
    """End the open intervals, and begin intervals of the same status, paused or not."""
    if not subjects:
        return
    monitors = [subject.monitor_id for subject in subjects]
    workspaces = [subject.workspace_id for subject in subjects]
    starts = [next_interval_start(subject.standing.interval_from_ms, now) for subject in subjects]
    statuses = [subject.standing.status for subject in subjects]
    await connection.execute(_JUDGEMENT["close_intervals"], monitors, workspaces, starts)
    await connection.execute(
        _JUDGEMENT["open_intervals"],
        monitors,
        workspaces,
        starts,
        [None] * len(subjects),
        statuses,
        [is_paused] * len(subjects),
    )


async def _settle_blindness(connection: Connection, monitor_ids: Collection[UUID], now: datetime) -> None:
    """Write down what the next look would have: it will not be reckoned with what is known now."""
    await judge(connection, monitor_ids, now=now)


async def _lock_regions(
    connection: Connection, workspace_id: UUID, monitor_ids: Sequence[UUID]
) -> Sequence[tuple[UUID, int]]:
    """Return which region states are locked, as monitor and region."""
    rows = await connection.fetch(_SQL["lock_region_states"], workspace_id, monitor_ids)
    return [(row["monitor_id"], row["region_id"]) for row in rows]


async def _store(connection: Connection, sentences: Sequence[Sentence], now: datetime) -> Judged:
    """Store changes asked for by people, and wake the alert engine, which may live in another process."""
    judged = await store_changes(connection, sentences, now=now)
    if judged.transitions:
        await notify(connection, NotifyChannel.TRANSITIONS)
    return judged


def _to_pending(subject: Subject, now: datetime) -> tuple[StatusChange, ...]:
    standing = subject.standing
    if standing.status is MonitorStatus.PENDING:
        return ()
    from_ms = next_interval_start(standing.interval_from_ms, now)
    return (StatusChange(previous=standing.status, status=MonitorStatus.PENDING, from_ms=from_ms),)


def _without_regression(subject: Subject, message: str, now: datetime) -> Sentence:
    endings = _endings(subject, Resolution.CHANGED, message, now)
    ending = tuple(each for each in endings if each.incident.kind is IncidentKind.REGRESSION)
    return Sentence(subject=subject, changes=Changes(endings=ending, dismissed=subject.standing.dismissed))


def _endings(subject: Subject, resolution: Resolution, message: str, now: datetime) -> tuple[Ending, ...]:
    """End every incident at `now`, to the millisecond as all incidents do."""
    moment = at_ms(to_unix_ms(now))
    return tuple(
        Ending(
            incident=incident,
            resolved_at=max(moment, incident.started_at),
            resolution=resolution,
            message=message,
        )
        for incident in subject.incidents
    )
