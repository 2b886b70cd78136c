"""A monitor's beginning, change, pause and end, with all that hangs on it: regions, heartbeat, status, deliveries.

Every method works inside the caller's transaction, which holds the monitor's row. What touches the heartbeat
comes before what touches the status: the worker that applies pings locks them in this order.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

import asyncpg

from core.db.database import Connection
from core.db.named_sql import named_sql
from core.db.notifications import NotifyChannel, notify
from core.deliveries.ending import end_monitor_failures
from core.heartbeats.tokens import create_heartbeat, end_heartbeat, resume_heartbeat, suspend_heartbeat
from core.incidents.judgement import judge
from core.incidents.life_cycle import (
    begin_monitor,
    end_monitors,
    pause_monitors,
    restart_monitor,
    resume_monitors,
)
from core.monitors.monitor_channels import lock_own_channels, retire_channels
from core.monitors.monitor_tags import drop_tags
from core.monitors.probe_choice import ChosenProbe, expectation_of
from core.plugin_registry import PluginRegistry
from core.scheduling.leases import schedule_monitors

_SQL = named_sql("monitors")


class MonitorLife:
    """The steps of a monitor's life, in one workspace each."""

    def __init__(self, *, registry: PluginRegistry) -> None:
        self._registry = registry

    async def begin(
        self, connection: Connection, workspace_id: UUID, monitor_id: UUID, *, is_passive: bool, now: datetime
    ) -> None:
        """Begin the life of a monitor whose row and regions are stored."""
        if is_passive:
            await create_heartbeat(connection, workspace_id=workspace_id, monitor_id=monitor_id)
        await begin_monitor(connection, workspace_id, monitor_id, now=now)
        await tell_change(connection, workspace_id, [monitor_id], "CREATED", now)

    async def restart(
        self, connection: Connection, row: asyncpg.Record, probe: ChosenProbe, now: datetime
    ) -> None:
        """Begin anew with another probe, which is stored; `row` is the monitor's row before."""
        workspace_id, monitor_id = row["workspace_id"], row["id"]
        if row["is_passive"] and not probe.is_passive:
            await end_heartbeat(connection, workspace_id=workspace_id, monitor_id=monitor_id)
        elif probe.is_passive and not row["is_passive"]:
            await create_heartbeat(connection, workspace_id=workspace_id, monitor_id=monitor_id)
        elif probe.is_passive and row["paused_at"] is None:
            await self._expect_anew(connection, workspace_id, monitor_id, probe, now)
        await restart_monitor(connection, workspace_id, monitor_id, now=now)

    async def pause(self, connection: Connection, row: asyncpg.Record, now: datetime) -> None:
        """Pause a monitor that runs."""
        workspace_id = row["workspace_id"]
        if row["is_passive"]:
            await suspend_heartbeat(connection, workspace_id=workspace_id, monitor_id=row["id"])
        await pause_monitors(connection, workspace_id, [row["id"]], now=now)
        await tell_change(connection, workspace_id, [row["id"]], "UPDATED", now)

    async def resume(
        self, connection: Connection, row: asyncpg.Record, probe: ChosenProbe, now: datetime
    ) -> None:
        """Resume a monitor that is paused."""
        workspace_id = row["workspace_id"]
        if row["is_passive"]:
            await self._expect_anew(connection, workspace_id, row["id"], probe, now)
        await resume_monitors(connection, workspace_id, [row["id"]], now=now)
        await tell_change(connection, workspace_id, [row["id"]], "UPDATED", now)

    async def end(
        self, connection: Connection, workspace_id: UUID, monitor_ids: Sequence[UUID], now: datetime
    ) -> None:
        """Delete monitors; the caller holds the workspace's lock too, since their tags may go with them."""
        own_channels = await lock_own_channels(connection, workspace_id, monitor_ids)
        await retire_channels(connection, workspace_id, list(own_channels), now)
        for monitor_id in monitor_ids:
            await end_heartbeat(connection, workspace_id=workspace_id, monitor_id=monitor_id)
            await end_monitor_failures(connection, workspace_id, monitor_id)
        await drop_tags(connection, workspace_id, monitor_ids)
        await end_monitors(connection, workspace_id, monitor_ids, now=now)
        await tell_change(connection, workspace_id, monitor_ids, "DELETED", now)

    async def _expect_anew(
        self, connection: Connection, workspace_id: UUID, monitor_id: UUID, probe: ChosenProbe, now: datetime
    ) -> None:
        expectation = expectation_of(probe, self._registry, now)
        if expectation is not None:
            await resume_heartbeat(
                connection, workspace_id=workspace_id, monitor_id=monitor_id, expectation=expectation
            )


async def store_regions(
    connection: Connection, workspace_id: UUID, monitor_id: UUID, region_ids: Collection[int]
) -> None:
    """Let exactly these regions look at a monitor; its leases follow with the next step."""
    await connection.execute(
        _SQL["remove_other_monitor_regions"], workspace_id, monitor_id, sorted(region_ids)
    )
    await connection.execute(_SQL["add_monitor_regions"], workspace_id, monitor_id, sorted(region_ids))


async def reschedule(connection: Connection, workspace_id: UUID, monitor_id: UUID, now: datetime) -> None:
    """Look from the monitor's regions and at its interval, as they are now."""
    await schedule_monitors(connection, workspace_id, [monitor_id], now=now)


async def judge_anew(connection: Connection, monitor_id: UUID, now: datetime) -> None:
    """Reach the verdict by the monitor's regions and policy, as they are now."""
    judged = await judge(connection, [monitor_id], now=now)
    if judged.transitions:
        await notify(connection, NotifyChannel.TRANSITIONS)


async def tell_change(
    connection: Connection,
    workspace_id: UUID,
    monitor_ids: Sequence[UUID],
    change: str,
    now: datetime,
    *,
    left_project_id: UUID | None = None,
) -> None:
    """Tell subscribers that monitors were CREATED, UPDATED (and moved to another project) or DELETED."""
    await connection.execute(
        _SQL["insert_monitor_events"], workspace_id, monitor_ids, change, now, left_project_id
    )
    await notify(connection, NotifyChannel.CHANGES)
