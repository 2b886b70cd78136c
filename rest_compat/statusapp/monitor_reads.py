"""Reads what StatusApp shows of monitors: a fixed number of statements, however many there are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg

from core.access.permission import may
from core.access.principal import Principal, TokenPermission, TokenScope
from core.access.sight import Sight, sight_of
from core.checks.reading import last_checks
from core.db.database import Connection
from core.deliveries.reading import channels_of_monitors
from core.heartbeats.reading import heartbeats_of_monitors
from core.ids import Prefix, encode_id
from core.incidents.reading import incident_counts
from core.monitors.finding import find_monitor
from core.monitors.reading import MONITORS, MonitorFilter, regions_of_monitors
from core.scheduling.region_reading import all_regions
from core.services import Services
from core.statistics.reading import check_counts
from rest_compat.route import Call
from rest_compat.statusapp.check_shapes import CHECK_COLUMNS, shown_check, worker_regions
from rest_compat.statusapp.monitor_notifications import ShownNotification, shown_notification
from rest_compat.statusapp.monitor_shapes import (
    LIST_COLUMNS,
    Counts,
    ListedMonitor,
    MonitorParts,
    ShownMonitor,
    heartbeat_address,
    listed_monitor,
    shown_monitor,
)
from rest_compat.statusapp.paging import PageWanted, Pagination, read_wanted


async def monitor_page(
    call: Call, wanted: PageWanted, which: MonitorFilter
) -> tuple[list[ListedMonitor], Pagination]:
    """Return the monitors of a page, each with its last check."""
    async with call.services.database.acquire() as connection:
        reads = _Reads.of(call, connection)
        arguments = which.arguments(reads.sight)
        rows, pagination = await read_wanted(connection, MONITORS, arguments, wanted, LIST_COLUMNS)
        parts = await reads.parts([row["id"] for row in rows])
    registry = call.services.registry
    return [listed_monitor(row, parts[row["id"]], registry) for row in rows], pagination


async def one_monitor(call: Call, public_id: str) -> ShownMonitor:
    """Return a monitor with all its settings; raise NotFound, or DeviceScopeForbidden."""
    async with call.services.database.acquire() as connection:
        reads = _Reads.of(call, connection)
        row = await find_monitor(connection, reads.sight, public_id)
        parts = await reads.all_parts(row["id"])
    return shown_monitor(row, parts, call.services.registry)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Reads:
    """Reads for one request, on one connection."""

    connection: Connection
    services: Services
    principal: Principal
    sight: Sight

    @classmethod
    def of(cls, call: Call, connection: Connection) -> _Reads:
        return cls(
            connection=connection,
            services=call.services,
            principal=call.principal,
            sight=sight_of(call.principal, call.services.clock.now()),
        )

    async def parts(self, ids: Sequence[UUID]) -> dict[UUID, MonitorParts]:
        """Return what lists show beside the row of each monitor."""
        return self._parts_of(ids, await self._regions(), **await self._read(ids))

    async def all_parts(self, monitor_id: UUID) -> MonitorParts:
        """Return all that is shown beside the row of a monitor."""
        ids = [monitor_id]
        regions = await self._regions()
        common = self._parts_of(ids, regions, **await self._read(ids))[monitor_id]
        numbers = (await regions_of_monitors(self.connection, self.sight, ids))[monitor_id]
        heartbeats = await heartbeats_of_monitors(self.connection, self.sight, ids)
        is_told = may(self.principal, TokenScope.UPTIME_CHECKS, TokenPermission.WRITE)
        notifications = await self._notifications(monitor_id)
        return MonitorParts(
            checks=common.checks,
            counts=common.counts,
            regions=[
                encode_id(Prefix.REGION, regions[each]["public_id"]) for each in numbers if each in regions
            ],
            heartbeat_url=heartbeat_address(
                self.services.settings.public_url or "", heartbeats.get(monitor_id), is_told=is_told
            ),
            notifications=notifications,
        )

    async def _notifications(self, monitor_id: UUID) -> list[ShownNotification] | None:
        """Return the channels of a monitor; None where they may not be read."""
        if not may(self.principal, TokenScope.NOTIFICATIONS, TokenPermission.READ):
            return None
        rows = await channels_of_monitors(self.connection, self.sight, [monitor_id])
        return [shown_notification(row, self.services.registry) for row in rows[monitor_id]]

    async def _regions(self) -> dict[int, asyncpg.Record]:
        return await all_regions(self.connection, self.services.clock.now())

    async def _read(self, ids: Sequence[UUID]) -> dict[str, dict[UUID, Any]]:
        return {
            "latest": await last_checks(self.connection, self.sight, ids, CHECK_COLUMNS),
            "checks": await check_counts(self.connection, self.sight, ids),
            "incidents": await incident_counts(self.connection, self.sight, ids),
        }

    @staticmethod
    def _parts_of(
        ids: Sequence[UUID],
        regions: dict[int, asyncpg.Record],
        *,
        latest: dict[UUID, asyncpg.Record],
        checks: dict[UUID, asyncpg.Record],
        incidents: dict[UUID, int],
    ) -> dict[UUID, MonitorParts]:
        places = worker_regions(regions)
        return {
            each: MonitorParts(
                checks=[shown_check(latest[each], places)] if each in latest else [],
                counts=Counts(
                    checks=checks[each]["total"] if each in checks else 0,
                    incidents=incidents.get(each, 0),
                ),
            )
            for each in ids
        }
