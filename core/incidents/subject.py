"""The monitors under judgement, read under their locks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from core.checks.region_state import RegionState, Streak
from core.db.database import Connection
from core.db.named_sql import named_sql
from core.incidents.changes import Ground, OpenIncident, Standing
from core.incidents.transition import Severity
from core.monitors.status import MonitorStatus
from plugins.api.outcome import CheckStatus, IncidentKind

_SQL = named_sql("judgement")


@dataclass(frozen=True, kw_only=True, slots=True)
class RecordedIncident(OpenIncident):
    """An open incident, with what its snapshot shows."""

    severity: Severity
    year: int
    number: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Subject:
    """A monitor under judgement: what it is, how it stands, and what its regions think.

    `regions` are those that take part; never must more of them agree than do. `absent_regions` are the others.
    """

    monitor_id: UUID
    workspace_id: UUID
    project_id: UUID
    name: str
    kind: str
    target: str
    is_paused: bool
    regions_to_agree: int
    standing: Standing
    incidents: tuple[RecordedIncident, ...]
    regions: dict[int, RegionState]
    absent_regions: dict[int, RegionState]


async def lock_subjects(connection: Connection, monitor_ids: Collection[UUID]) -> list[Subject]:
    """Lock the states of the monitors, then read them; deleted and unknown monitors are left out.

    The statements after the lock see what those before us in the queue have committed.
    """
    wanted = sorted(monitor_ids)
    states = {row["monitor_id"]: row for row in await connection.fetch(_SQL["lock_states"], wanted)}
    monitors = await connection.fetch(_SQL["read_monitors"], wanted)
    regions: defaultdict[UUID, dict[int, RegionState]] = defaultdict(dict)
    absent: defaultdict[UUID, dict[int, RegionState]] = defaultdict(dict)
    for row in await connection.fetch(_SQL["read_region_states"], wanted):
        part = regions if row["takes_part"] else absent
        part[row["monitor_id"]][row["region_id"]] = region_state(row)
    incidents: defaultdict[UUID, list[RecordedIncident]] = defaultdict(list)
    for row in await connection.fetch(_SQL["read_open_incidents"], wanted):
        incidents[row["monitor_id"]].append(_incident(row))
    return [
        _subject(row, states[row["id"]], incidents[row["id"]], regions[row["id"]], absent[row["id"]])
        for row in monitors
        if row["id"] in states
    ]


def region_state(row: asyncpg.Record) -> RegionState:
    """Return the value of a row of region_states."""
    return RegionState(
        config_revision=row["config_revision"],
        last_slot=row["last_slot"],
        last_status=CheckStatus(row["last_status"]),
        down=Streak(length=row["down_streak"], since=row["down_since"]),
        impaired=Streak(length=row["impaired_streak"], since=row["impaired_since"]),
        clear=Streak(length=row["clear_streak"], since=row["clear_since"]),
        up=Streak(length=row["up_streak"], since=row["up_since"]),
        asking=Streak(length=row["expiring_streak"], since=row["expiring_since"]),
        opinion=MonitorStatus(row["opinion"]),
        opinion_slot=row["opinion_slot"],
        is_expiring=row["expiring"],
        covered_until=row["covered_until"],
        blind_from=row["blind_from"],
    )


def _incident(row: asyncpg.Record) -> RecordedIncident:
    started_at: datetime = row["started_at"]
    return RecordedIncident(
        id=row["id"],
        kind=IncidentKind(row["kind"]),
        started_at=started_at,
        severity=Severity(row["severity"]),
        year=row["year"],
        number=row["number"],
    )


def _subject(
    monitor: asyncpg.Record,
    state: asyncpg.Record,
    incidents: list[RecordedIncident],
    regions: dict[int, RegionState],
    absent_regions: dict[int, RegionState],
) -> Subject:
    return Subject(
        monitor_id=monitor["id"],
        workspace_id=monitor["workspace_id"],
        project_id=monitor["project_id"],
        name=monitor["name"],
        kind=monitor["kind"],
        target=monitor["target"],
        is_paused=monitor["is_paused"],
        regions_to_agree=monitor["regions_to_agree"],
        standing=Standing(
            status=MonitorStatus(state["status"]),
            since_ms=state["since_ms"],
            interval_from_ms=monitor["from_ms"],
            before=None
            if monitor["status_before"] is None
            else Ground(status=MonitorStatus(monitor["status_before"]), from_ms=monitor["from_ms_before"]),
            open_incidents=tuple(incidents),
            dismissed=frozenset(map(IncidentKind, state["dismissed"])),
        ),
        incidents=tuple(incidents),
        regions=regions,
        absent_regions=absent_regions,
    )
