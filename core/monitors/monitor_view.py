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
from core.monitors.monitor_channels import ChannelLink, endings, links_of, lock_own_channels
from core.monitors.reception import regions_of
from core.plugin_registry import PluginRegistry


@dataclass(frozen=True, kw_only=True, slots=True)
class MonitorViews:
    """Shows monitors of the kinds that are loaded."""

    registry: PluginRegistry

    def of(
        self,
        columns: Mapping[str, Any],
        regions: Iterable[str],
        tags: Iterable[str],
        channels: Iterable[ChannelLink],
    ) -> View:
        """Return the view of a monitor's row, with the keys of its regions, the names of its tags, and its channels."""
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
            "channels": [_channel_view(channel) for channel in channels],
            **paused_view(is_paused=columns["paused_at"] is not None),
        }

    async def deletions(
        self, connection: Connection, workspace_id: UUID, rows: Sequence[asyncpg.Record]
    ) -> list[AuditedChange]:
        """Return what is written down of monitors that are about to be deleted, and of the channels that end with them.

        The monitors' rows are locked, with `tags`; the channels' are locked from now on.
        """
        monitor_ids = [row["id"] for row in rows]
        own = await lock_own_channels(connection, workspace_id, monitor_ids)
        regions = await regions_of(connection, workspace_id, monitor_ids)
        channels = await links_of(connection, workspace_id, monitor_ids)
        return [
            *endings(self.registry, own.values()),
            *(
                deleted(
                    AuditAction.MONITOR_DELETED,
                    row["id"],
                    self.of(dict(row), regions[row["id"]].values(), row["tags"], channels[row["id"]]),
                )
                for row in rows
            ),
        ]


def _channel_view(link: ChannelLink) -> View:
    return {"channelId": encode_id(Prefix.CHANNEL, link.channel_id), "enabled": link.is_enabled}


def tags_view(names: Iterable[str]) -> View:
    """Return the part of the view that shows tags."""
    return {"tags": sorted(names, key=str.lower)}


def paused_view(*, is_paused: bool) -> View:
    """Return the part of the view that shows whether the monitor is paused."""
    return {"paused": is_paused}
