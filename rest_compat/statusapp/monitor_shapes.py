"""Monitors as StatusApp shows them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg
import msgspec

from core.heartbeats.tokens import ping_url
from core.ids import Prefix, encode_id
from core.moments import write_moment
from core.monitors.status import MonitorStatus
from core.plugin_registry import PluginRegistry
from rest_compat.statusapp.api_auth import ShownAuth, shown_auth
from rest_compat.statusapp.check_shapes import ShownCheck
from rest_compat.statusapp.monitor_notifications import ShownNotification
from rest_compat.statusapp.monitor_types import HEARTBEAT, HTTP, type_of

LIST_COLUMNS = (
    "id",
    "name",
    "kind",
    "config",
    "target",
    "interval_seconds",
    "status",
    "is_paused",
    "created_at",
    "updated_at",
)

_STATUSES: Mapping[int, str] = {int(status): status.name for status in MonitorStatus}
_DEFAULT_STATUSES = ["200-299"]


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """How many checks and incidents of a monitor are kept."""

    checks: int
    incidents: int


class ListedMonitor(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A monitor in a list, with its last check."""

    id: str
    name: str
    url: str
    type: str
    interval: int | None
    status: str
    is_paused: bool
    is_active: bool
    created_at: str
    updated_at: str
    checks: list[ShownCheck]
    counts: Counts = msgspec.field(name="_count")


class ShownMonitor(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A monitor with all its settings; null what belongs to other types.

    `monitorNotifications` are null to whoever may not read who can be told.
    """

    id: str
    name: str
    url: str
    type: str
    interval: int | None
    timeout: int
    status: str
    is_paused: bool
    is_active: bool
    created_at: str
    updated_at: str
    port: int | None = None
    protocol: str | None = None
    expected_status_code: int | None
    http_method: str | None
    request_headers: str | None
    request_body: str | None
    dns_record: str | None = None
    expected_ip: str | None = None
    grace_period: int | None
    ssl_cert_expiry_days: int | None = None
    enabled_worker_region_ids: list[str]
    regression_enabled: bool
    regression_threshold: int
    regression_period: int
    performance_timings: bool
    api_auth_config: ShownAuth | None
    domain_expiry_days: int | None = None
    domain_monitor_dns: bool | None = None
    domain_monitor_blacklist: bool | None = None
    domain_monitor_whois: bool | None = None
    heartbeat_url: str | None
    monitor_notifications: list[ShownNotification] | None
    checks: list[ShownCheck]
    counts: Counts = msgspec.field(name="_count")


@dataclass(frozen=True, kw_only=True, slots=True)
class MonitorParts:
    """What is read of a monitor beside its row; `regions` are public ids."""

    checks: Sequence[ShownCheck]
    counts: Counts
    regions: Sequence[str] = ()
    heartbeat_url: str | None = None
    notifications: Sequence[ShownNotification] | None = None


def listed_monitor(row: asyncpg.Record, parts: MonitorParts, registry: PluginRegistry) -> ListedMonitor:
    """Return a row of core.monitors.reading, at least its LIST_COLUMNS, as lists show it."""
    return ListedMonitor(**_summary(row, parts, registry))


def shown_monitor(row: asyncpg.Record, parts: MonitorParts, registry: PluginRegistry) -> ShownMonitor:
    """Return a row of core.monitors.reading with all that there is to be shown of it."""
    config = row["config"]
    is_http = row["kind"] == HTTP
    return ShownMonitor(
        **_summary(row, parts, registry),
        timeout=row["timeout_seconds"],
        expected_status_code=_expected_status(config) if is_http else None,
        http_method=config.get("method", "GET") if is_http else None,
        request_headers=_header_text(config) if is_http else None,
        request_body=config.get("body") if is_http else None,
        grace_period=config.get("graceSeconds") if row["kind"] == HEARTBEAT else None,
        enabled_worker_region_ids=list(parts.regions),
        regression_enabled=row["regression_enabled"],
        regression_threshold=row["regression_threshold_percent"],
        regression_period=row["regression_period_days"],
        performance_timings=is_http,
        api_auth_config=shown_auth(config.get("auth")) if is_http else None,
        heartbeat_url=parts.heartbeat_url,
        monitor_notifications=None if parts.notifications is None else list(parts.notifications),
    )


def heartbeat_address(public_url: str, row: asyncpg.Record | None, *, is_told: bool) -> str | None:
    """Return where a job pings, for those who may know; None of a monitor that is not pinged."""
    return ping_url(public_url, row["token"]) if row is not None and is_told else None


def _summary(row: asyncpg.Record, parts: MonitorParts, registry: PluginRegistry) -> dict[str, Any]:
    is_paused = row["is_paused"]
    return {
        "id": encode_id(Prefix.MONITOR, row["id"]),
        "name": row["name"],
        "url": url_of(row),
        "type": type_of(registry, row["kind"], row["config"]),
        "interval": row["interval_seconds"],
        "status": _STATUSES[row["status"]],
        "is_paused": is_paused,
        "is_active": not is_paused,
        "created_at": write_moment(row["created_at"]),
        "updated_at": write_moment(row["updated_at"]),
        "checks": list(parts.checks),
        "counts": parts.counts,
    }


def url_of(row: asyncpg.Record) -> str:
    """Return the address of a website or an API as it was written; of other kinds what is watched, in words."""
    url: str = row["config"].get("url", row["target"]) if row["kind"] == HTTP else row["target"]
    return url


def _expected_status(config: Mapping[str, Any]) -> int | None:
    """Return the one good status; None where ranges, or several, are good."""
    statuses = config.get("acceptedStatuses", _DEFAULT_STATUSES)
    return int(statuses[0]) if len(statuses) == 1 and statuses[0].isdigit() else None


def _header_text(config: Mapping[str, Any]) -> str | None:
    """Return the headers without their values, which are secrets: null stands for each."""
    names = [header["name"] for header in config.get("headers") or ()]
    return msgspec.json.encode(dict.fromkeys(names)).decode() if names else None
