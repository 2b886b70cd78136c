"""Stores monitors that were accepted, and lets follow what must."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from core.audit.action import AuditAction
from core.audit.change import created, updated
from core.audit.recording import Actor, record
from core.db.database import Connection
from core.db.named_sql import named_sql
from core.db.tables import Monitor
from core.ids import new_id
from core.incidents.life_cycle import forget_regression
from core.monitors.monitor_channels import ChannelLink, ChannelStore
from core.monitors.monitor_life import MonitorLife, judge_anew, reschedule, store_regions, tell_change
from core.monitors.monitor_tags import TagChanges, replace_tags
from core.monitors.monitor_view import MonitorViews
from core.monitors.reception import AcceptedMonitor, PresentMonitor

_NOT_WATCHED = "regressions are not watched for any more"
_REGRESSIONS = named_sql("regressions")
_JUDGING = frozenset({"failures_to_open", "successes_to_close", "regions_to_agree"})


async def begin_accepted(
    connection: Connection,
    actor: Actor,
    accepted: AcceptedMonitor,
    *,
    life: MonitorLife,
    views: MonitorViews,
    now: datetime,
) -> UUID:
    """Store a new monitor, begin its life, write that down and return its id."""
    monitor_id, workspace_id = new_id(now), actor.workspace_id
    row = Monitor(
        id=monitor_id, workspace_id=workspace_id, created_at=now, updated_at=now, **accepted.columns()
    )
    await Monitor.insert(row)
    await store_regions(connection, workspace_id, monitor_id, accepted.regions)
    worn = TagChanges()
    if accepted.tags:
        worn = await replace_tags(connection, workspace_id, [monitor_id], accepted.tags, now)
    links: tuple[ChannelLink, ...] = ()
    if accepted.channels is not None:
        store = ChannelStore(
            connection=connection, registry=views.registry, actor=actor, monitor_id=monitor_id, now=now
        )
        links = await store.store(accepted.channels, links)
    is_passive = accepted.definition.probe.is_passive
    await life.begin(connection, workspace_id, monitor_id, is_passive=is_passive, now=now)
    view = views.of(row.to_dict(), accepted.regions.values(), worn.after(monitor_id, ()), links)
    await record(connection, actor, created(AuditAction.MONITOR_CREATED, monitor_id, view), now)
    return monitor_id


@dataclass(frozen=True, kw_only=True, slots=True)
class MonitorUpdate:
    """A monitor as it is and as it shall be, inside the caller's transaction."""

    connection: Connection
    actor: Actor
    present: PresentMonitor
    accepted: AcceptedMonitor
    now: datetime

    async def store(self, life: MonitorLife, views: MonitorViews) -> None:
        """Store what differs, and write it down; where nothing does, leave the monitor untouched."""
        row, workspace_id = self.present.row, self.present.workspace_id
        changed = {column: value for column, value in self.accepted.columns().items() if value != row[column]}
        tags = await self._store_tags()
        channels = await self._store_channels(views)
        is_same = channels == self.present.channels and not self._are_regions_new
        if is_same and not (changed or tags.monitor_ids):
            return
        await (
            Monitor.update(revision=row["revision"] + 1, updated_at=self.now, **changed)
            .where(Monitor.workspace_id == workspace_id)
            .where(Monitor.id == self.present.id)
        )
        if self._are_regions_new:
            await store_regions(self.connection, workspace_id, self.present.id, self.accepted.regions)
        await self._follow(life, changed.keys())
        await tell_change(
            self.connection,
            workspace_id,
            [self.present.id],
            "UPDATED",
            self.now,
            left_project_id=row["project_id"] if "project_id" in changed else None,
        )
        before = views.of(dict(row), self.present.regions.values(), row["tags"], self.present.channels)
        after = views.of(
            {**row, **changed},
            self.accepted.regions.values(),
            tags.after(self.present.id, row["tags"]),
            channels,
        )
        change = updated(AuditAction.MONITOR_UPDATED, self.present.id, before, after)
        await record(self.connection, self.actor, change, self.now)

    @property
    def _are_regions_new(self) -> bool:
        return self.accepted.regions.keys() != self.present.regions.keys()

    async def _store_tags(self) -> TagChanges:
        """Store the tags and return which are others than before."""
        tags = self.accepted.tags
        if tags is None:
            return TagChanges()
        workspace_id = self.present.workspace_id
        return await replace_tags(self.connection, workspace_id, [self.present.id], tags, self.now)

    async def _store_channels(self, views: MonitorViews) -> tuple[ChannelLink, ...]:
        """Store the channels and return those that the monitor has then."""
        channels, present = self.accepted.channels, self.present
        if channels is None:
            return present.channels
        store = ChannelStore(
            connection=self.connection,
            registry=views.registry,
            actor=self.actor,
            monitor_id=present.id,
            now=self.now,
        )
        return await store.store(channels, present.channels)

    async def _follow(self, life: MonitorLife, changed: Collection[str]) -> None:
        workspace_id, monitor_id = self.present.workspace_id, self.present.id
        probe = self.accepted.definition.probe
        if not probe.looks_as(self.present.definition.probe):
            await life.restart(self.connection, self.present.row, probe, self.now)
            return
        if self._are_regions_new or "interval_seconds" in changed:
            await reschedule(self.connection, workspace_id, monitor_id, self.now)
        if "regression_enabled" in changed and not self.accepted.definition.regression.is_enabled:
            await forget_regression(self.connection, monitor_id, _NOT_WATCHED, now=self.now)
        if self._are_regions_new:
            await self.connection.execute(_REGRESSIONS["forget_baseline"], workspace_id, monitor_id)
        if self._are_regions_new or not _JUDGING.isdisjoint(changed):
            await judge_anew(self.connection, monitor_id, self.now)
