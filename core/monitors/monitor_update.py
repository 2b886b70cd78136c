"""Stores monitors that were accepted, and lets follow what must."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from core.db.database import Connection
from core.db.tables import Monitor
from core.ids import new_id
from core.monitors.monitor_life import MonitorLife, judge_anew, reschedule, store_regions, tell_change
from core.monitors.monitor_tags import replace_tags
from core.monitors.reception import AcceptedMonitor, PresentMonitor

_RESTARTING = frozenset({"kind", "config"})
_JUDGING = frozenset({"failures_to_open", "successes_to_close", "regions_to_agree"})


async def begin_accepted(
    connection: Connection, workspace_id: UUID, accepted: AcceptedMonitor, life: MonitorLife, now: datetime
) -> UUID:
    """Store a new monitor, begin its life and return its id."""
    monitor_id = new_id(now)
    await Monitor.insert(
        Monitor(
            id=monitor_id,
            workspace_id=workspace_id,
            created_at=now,
            updated_at=now,
            **accepted.columns(),
        )
    )
    await store_regions(connection, workspace_id, monitor_id, accepted.region_ids)
    if accepted.tags:
        await replace_tags(connection, workspace_id, [monitor_id], accepted.tags, now)
    is_passive = accepted.definition.probe.is_passive
    await life.begin(connection, workspace_id, monitor_id, is_passive=is_passive, now=now)
    return monitor_id


@dataclass(frozen=True, kw_only=True, slots=True)
class MonitorUpdate:
    """A monitor as it is and as it shall be, inside the caller's transaction."""

    connection: Connection
    present: PresentMonitor
    accepted: AcceptedMonitor
    now: datetime

    async def store(self, life: MonitorLife) -> None:
        """Store what differs; where nothing does, leave the monitor untouched."""
        row, workspace_id = self.present.row, self.present.workspace_id
        changed = {column: value for column, value in self.accepted.columns().items() if value != row[column]}
        are_tags_new = await self._store_tags()
        if not (changed or are_tags_new or self._are_regions_new):
            return
        await (
            Monitor.update(revision=row["revision"] + 1, updated_at=self.now, **changed)
            .where(Monitor.workspace_id == workspace_id)
            .where(Monitor.id == self.present.id)
        )
        if self._are_regions_new:
            await store_regions(self.connection, workspace_id, self.present.id, self.accepted.region_ids)
        await self._follow(life, changed.keys())
        await tell_change(
            self.connection,
            workspace_id,
            [self.present.id],
            "UPDATED",
            self.now,
            left_project_id=row["project_id"] if "project_id" in changed else None,
        )

    @property
    def _are_regions_new(self) -> bool:
        return self.accepted.region_ids != self.present.region_ids

    async def _store_tags(self) -> bool:
        """Store the tags and return whether they are others than before."""
        tags = self.accepted.tags
        if tags is None:
            return False
        workspace_id = self.present.workspace_id
        return bool(await replace_tags(self.connection, workspace_id, [self.present.id], tags, self.now))

    async def _follow(self, life: MonitorLife, changed: Collection[str]) -> None:
        workspace_id, monitor_id = self.present.workspace_id, self.present.id
        if not _RESTARTING.isdisjoint(changed):
            probe = self.accepted.definition.probe
            await life.restart(self.connection, self.present.row, probe, self.now)
            return
        if self._are_regions_new or "interval_seconds" in changed:
            await reschedule(self.connection, workspace_id, monitor_id, self.now)
        if self._are_regions_new or not _JUDGING.isdisjoint(changed):
            await judge_anew(self.connection, monitor_id, self.now)
