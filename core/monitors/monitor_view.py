"""A monitor as the audit log shows it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg

from core.audit.action import AuditAction
from core.audit.change import AuditedChange, deleted
from core.audit.config_view import config_view
from core.audit.redaction import View
from core.db.database import Connection
from core.ids import Prefix, encode_id
from core.monitors.reception import regions_of
from core.plugin_registry import PluginRegistry


@dataclass(frozen=True, kw_only=True, slots=True)
class MonitorViews:
    """Shows monitors of the kinds that are loaded."""

    registry: PluginRegistry

    def of(self, columns: Mapping[str, Any], regions: Iterable[str], tags: Iterable[str]) -> View:
        """Return the view of a monitor's row, with the keys of its regions and the names of its tags."""
        loaded = self.registry.probe(columns["kind"])
        return {
            "name": columns["name"],
            "projectId": encode_id(Prefix.PROJECT, columns["project_id"]),
            "kind": columns["kind"],
            "probe": config_view(None if loaded is None else loaded.probe.config, columns["config"]),
            "intervalSeconds": columns["interval_seconds"],
            "timeoutSeconds": columns["timeout_seconds"],
            "confirmation": {
                "failuresToOpen": columns["failures_to_open"],
                "successesToClose": columns["successes_to_close"],
                "regionsToAgree": columns["regions_to_agree"],
                "recheckSeconds": columns["recheck_seconds"],
            },
            "regression": {
                "enabled": columns["regression_enabled"],
                "thresholdPercent": columns["regression_threshold_percent"],
                "periodDays": columns["regression_period_days"],
            },
            "regionKeys": sorted(regions),
            **tags_view(tags),
            **paused_view(is_paused=columns["paused_at"] is not None),
        }

    async def deletions(
        self, connection: Connection, workspace_id: UUID, rows: Sequence[asyncpg.Record]
    ) -> list[AuditedChange]:
        """Return what is written down of monitors that are about to be deleted; their rows are locked, with `tags`."""
        regions = await regions_of(connection, workspace_id, [row["id"] for row in rows])
        return [
            deleted(
                AuditAction.MONITOR_DELETED,
                row["id"],
                self.of(dict(row), regions[row["id"]].values(), row["tags"]),
            )
            for row in rows
        ]


def tags_view(names: Iterable[str]) -> View:
    """Return the part of the view that shows tags."""
    return {"tags": sorted(names, key=str.lower)}


def paused_view(*, is_paused: bool) -> View:
    """Return the part of the view that shows whether the monitor is paused."""
    return {"paused": is_paused}
