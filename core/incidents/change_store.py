"""Stores what judgements change: intervals, statuses, incidents, their timelines, transitions and events.

The order of the statements is that of the locks; the counters of incident numbers come last.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise, zip_longest
from types import MappingProxyType
from typing import Any
from uuid import UUID

import asyncpg

from core.db.database import Connection
from core.db.named_sql import named_sql
from core.ids import Prefix, encode_id, new_id
from core.incidents.changes import Changes, Ending, Opening
from core.incidents.subject import RecordedIncident, Subject
from core.incidents.transition import (
    CheckSnapshot,
    IncidentSnapshot,
    MonitorSnapshot,
    TransitionDetails,
    TransitionKind,
    incident_number,
)
from core.monitors.status import MonitorStatus
from plugins.api.outcome import CheckStatus, IncidentKind, RootCause

_SQL = named_sql("judgement")
_OPENED_MESSAGE = {
    IncidentKind.OUTAGE: "the monitor is down",
    IncidentKind.DEGRADED: "the monitor is degraded",
    IncidentKind.EXPIRY: "the end of its validity is near",
    IncidentKind.REGRESSION: "the monitor became slower",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Hint:
    """What the deciding finding says of the cause of an incident."""

    root_cause: RootCause | None
    detail: str | None


NO_HINTS: Mapping[UUID, Hint] = MappingProxyType({})
_NO_HINT = Hint(root_cause=None, detail=None)


@dataclass(frozen=True, kw_only=True, slots=True)
class Judged:
    """How many transitions and events a judgement has written."""

    transitions: int = 0
    events: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Sentence:
    """A monitor, what changes of it, and whose deed that is (None: the engine's)."""

    subject: Subject
    changes: Changes
    actor_id: UUID | None = None

    @property
    def status(self) -> MonitorStatus:
        """The status after the change."""
        ground = self.changes.ground
        return ground.status if ground else self.subject.standing.status

    @property
    def steps(self) -> list[tuple[MonitorStatus, MonitorStatus]]:
        """From which status to which, one step after the other, for those who watch."""
        statuses = [self.subject.standing.status]
        if self.changes.taken_back:
            statuses.append(self.changes.taken_back.status)
        statuses += [change.status for change in self.changes.statuses]
        return [] if statuses[0] is statuses[-1] is MonitorStatus.UNKNOWN else list(pairwise(statuses))


@dataclass(frozen=True, kw_only=True, slots=True)
class _Opened:
    """An incident about to be written."""

    id: UUID
    sentence: Sentence
    opening: Opening
    hint: Hint

    @property
    def year(self) -> int:
        return self.opening.started_at.astimezone(UTC).year


async def store_changes(
    connection: Connection,
    sentences: Sequence[Sentence],
    *,
    now: datetime,
    hints: Mapping[UUID, Hint] = NO_HINTS,
) -> Judged:
    """Store the changes of monitors whose states are locked; return what was written for others to read."""
    endings = [(s, ending) for s in sentences for ending in s.changes.endings]
    opened = [
        _Opened(id=new_id(now), sentence=s, opening=o, hint=hints.get(s.subject.monitor_id, _NO_HINT))
        for s in sentences
        for o in s.changes.openings
    ]
    checks = await _deciding_checks(
        connection,
        {s.subject.monitor_id for s, _ in endings} | {o.sentence.subject.monitor_id for o in opened},
    )
    await _take_back(connection, [s for s in sentences if s.changes.taken_back])
    await _store_statuses(connection, [s for s in sentences if s.changes.statuses])
    await _store_dismissals(connection, sentences)
    await _resolve(connection, endings, checks, now)
    events = [
        *(_status_event(s.subject, step, now) for s in sentences for step in s.steps),
        *(_incident_event(s.subject, ending.incident.id, "STATUS", now) for s, ending in endings),
        *(_incident_event(o.sentence.subject, o.id, "CREATED", now) for o in opened),
    ]
    if events:
        await connection.execute(_SQL["write_events"], *zip(*events, strict=True))
    await _open(connection, opened, checks, now)
    return Judged(transitions=len(endings) + len(opened), events=len(events))


async def _deciding_checks(connection: Connection, monitor_ids: set[UUID]) -> dict[UUID, CheckSnapshot]:
    if not monitor_ids:
        return {}
    rows = await connection.fetch(_SQL["read_deciding_checks"], sorted(monitor_ids))
    return {row["monitor_id"]: _check_snapshot(row) for row in rows}


def _check_snapshot(row: asyncpg.Record) -> CheckSnapshot:
    response_us: int | None = row["response_us"]
    return CheckSnapshot(
        slot=row["slot"],
        status=CheckStatus(row["status"]).name,
        status_code=row["status_code"],
        response_time_ms=None if response_us is None else response_us / 1000,
        error=row["error"],
        region=row["region"],
    )


async def _take_back(connection: Connection, sentences: Sequence[Sentence]) -> None:
    """Remove intervals that never were UNKNOWN, and let those before them go on."""
    grounds = [(s.subject, ground) for s in sentences if (ground := s.changes.taken_back)]
    if not grounds:
        return
    monitors = [subject.monitor_id for subject, _ in grounds]
    workspaces = [subject.workspace_id for subject, _ in grounds]
    starts = [ground.from_ms for _, ground in grounds]
    statuses = [ground.status for _, ground in grounds]
    await connection.execute(_SQL["take_back_intervals"], monitors, workspaces)
    await connection.execute(_SQL["reopen_intervals"], monitors, workspaces, starts)
    await connection.execute(_SQL["set_statuses"], monitors, workspaces, starts, statuses)


async def _store_statuses(connection: Connection, sentences: Sequence[Sentence]) -> None:
    if not sentences:
        return
    changes = [(s.subject, s.changes.statuses) for s in sentences]
    monitors = [subject.monitor_id for subject, _ in changes]
    workspaces = [subject.workspace_id for subject, _ in changes]
    await connection.execute(
        _SQL["close_intervals"], monitors, workspaces, [statuses[0].from_ms for _, statuses in changes]
    )
    intervals = [
        (
            subject.monitor_id,
            subject.workspace_id,
            change.from_ms,
            following.from_ms if following else None,
            change.status,
            subject.is_paused,
        )
        for subject, statuses in changes
        for change, following in zip_longest(statuses, statuses[1:])
    ]
    await connection.execute(_SQL["open_intervals"], *zip(*intervals, strict=True))
    await connection.execute(
        _SQL["set_statuses"],
        monitors,
        workspaces,
        [statuses[-1].from_ms for _, statuses in changes],
        [statuses[-1].status for _, statuses in changes],
    )


async def _store_dismissals(connection: Connection, sentences: Iterable[Sentence]) -> None:
    for sentence in sentences:
        subject = sentence.subject
        if sentence.changes.dismissed != subject.standing.dismissed:
            dismissed = sorted(kind.value for kind in sentence.changes.dismissed)
            await connection.execute(
                _SQL["set_dismissed"], subject.monitor_id, subject.workspace_id, dismissed
            )


async def _resolve(
    connection: Connection,
    endings: Sequence[tuple[Sentence, Ending]],
    checks: Mapping[UUID, CheckSnapshot],
    now: datetime,
) -> None:
    if not endings:
        return
    await connection.execute(
        _SQL["resolve_incidents"],
        [ending.incident.id for _, ending in endings],
        [s.subject.workspace_id for s, _ in endings],
        [ending.resolved_at for _, ending in endings],
        [ending.resolution.value for _, ending in endings],
    )
    timeline = [
        (new_id(now), s.subject.workspace_id, ending.incident.id, now, "RESOLVED", ending.message, s.actor_id)
        for s, ending in endings
    ]
    await connection.executemany(_SQL["write_incident_event"], timeline)
    transitions = [
        _transition(
            s,
            TransitionKind.RESOLVED,
            (ending.incident.id, _ended(s, ending)),
            checks.get(s.subject.monitor_id),
            now,
        )
        for s, ending in endings
    ]
    await connection.executemany(_SQL["write_transition"], transitions)


def _ended(sentence: Sentence, ending: Ending) -> IncidentSnapshot:
    incident = _recorded(sentence.subject, ending.incident.id)
    return IncidentSnapshot(
        id=encode_id(Prefix.INCIDENT, incident.id),
        number=incident_number(incident.year, incident.number),
        kind=incident.kind,
        severity=incident.severity,
        started_at=incident.started_at,
        resolved_at=ending.resolved_at,
        resolution=ending.resolution,
    )


def _recorded(subject: Subject, incident_id: UUID) -> RecordedIncident:
    return next(incident for incident in subject.incidents if incident.id == incident_id)


async def _open(
    connection: Connection, opened: Sequence[_Opened], checks: Mapping[UUID, CheckSnapshot], now: datetime
) -> None:
    if not opened:
        return
    numbers = await _take_numbers(connection, opened)
    await connection.executemany(_SQL["open_incident"], [_incident_row(o, numbers[o.id]) for o in opened])
    timeline = [
        (new_id(now), o.sentence.subject.workspace_id, o.id, now, "OPENED", _opened_message(o), None)
        for o in opened
    ]
    await connection.executemany(_SQL["write_incident_event"], timeline)
    transitions = [
        _transition(
            o.sentence,
            TransitionKind.OPENED,
            (o.id, _begun(o, numbers[o.id])),
            checks.get(o.sentence.subject.monitor_id),
            now,
        )
        for o in opened
    ]
    await connection.executemany(_SQL["write_transition"], transitions)


async def _take_numbers(connection: Connection, opened: Sequence[_Opened]) -> dict[UUID, int]:
    """Return the number of each incident: without gaps for each workspace and year, in the order given."""
    wanted = Counter((o.sentence.subject.workspace_id, o.year) for o in opened)
    rows = await connection.fetch(
        _SQL["take_numbers"],
        [workspace_id for workspace_id, _ in wanted],
        [year for _, year in wanted],
        list(wanted.values()),
    )
    last = {(row["workspace_id"], row["year"]): row["last_number"] for row in rows}
    numbers = {}
    for o in opened:
        series = (o.sentence.subject.workspace_id, o.year)
        numbers[o.id] = last[series] - wanted[series] + 1
        wanted[series] -= 1
    return numbers


def _incident_row(opened: _Opened, number: int) -> tuple[Any, ...]:
    subject, opening = opened.sentence.subject, opened.opening
    return (
        opened.id,
        subject.workspace_id,
        subject.project_id,
        subject.monitor_id,
        subject.name,
        opening.kind.value,
        opened.year,
        number,
        opening.severity.value,
        opening.started_at,
        (opened.hint.root_cause or RootCause.UNKNOWN).value,
        opened.hint.detail,
        list(opening.region_ids),
    )


def _opened_message(opened: _Opened) -> str:
    message = _OPENED_MESSAGE[opened.opening.kind]
    return f"{message}: {opened.hint.detail}" if opened.hint.detail else message


def _begun(opened: _Opened, number: int) -> IncidentSnapshot:
    return IncidentSnapshot(
        id=encode_id(Prefix.INCIDENT, opened.id),
        number=incident_number(opened.year, number),
        kind=opened.opening.kind,
        severity=opened.opening.severity,
        started_at=opened.opening.started_at,
        detail=opened.hint.detail,
    )


def _transition(
    sentence: Sentence,
    kind: TransitionKind,
    incident: tuple[UUID, IncidentSnapshot],
    check: CheckSnapshot | None,
    now: datetime,
) -> tuple[Any, ...]:
    incident_id, snapshot = incident
    subject = sentence.subject
    details = TransitionDetails(
        monitor=MonitorSnapshot(
            id=encode_id(Prefix.MONITOR, subject.monitor_id),
            name=subject.name,
            kind=subject.kind,
            target=subject.target,
            status=sentence.status.name,
        ),
        incident=snapshot,
        check=check,
    )
    return (
        new_id(now),
        subject.workspace_id,
        subject.project_id,
        subject.monitor_id,
        incident_id,
        kind.value,
        now,
        details,
    )


def _status_event(
    subject: Subject, step: tuple[MonitorStatus, MonitorStatus], now: datetime
) -> tuple[Any, ...]:
    previous, status = step
    return (
        subject.workspace_id,
        "MONITOR",
        subject.monitor_id,
        "STATUS",
        now,
        status,
        previous,
        subject.project_id,
    )


def _incident_event(subject: Subject, incident_id: UUID, change: str, now: datetime) -> tuple[Any, ...]:
    return (subject.workspace_id, "INCIDENT", incident_id, change, now, None, None, subject.project_id)
