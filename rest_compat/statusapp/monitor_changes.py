"""What StatusApp's clients want of monitors, as the services take it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import asyncpg

from core.issues import Issues
from core.kind_choice import ConfigChange, KindChoice
from core.monitors.monitor_input import CreateMonitor, UpdateMonitor
from core.unset import UNSET, Unset
from rest_compat.reading import json_object, parsed
from rest_compat.renaming import Names
from rest_compat.route import Call
from rest_compat.statusapp.monitor_bodies import (
    DEFAULT_INTERVAL_SECONDS,
    CreateMonitorBody,
    UpdateMonitorBody,
    refuse_foreign_fields,
    require_timings,
)
from rest_compat.statusapp.monitor_notifications import channels_after, new_channels
from rest_compat.statusapp.monitor_probe import SETTING_NAMES, WantedProbe, heartbeat_probe, http_probe
from rest_compat.statusapp.monitor_types import HEARTBEAT, HTTP, MonitorType, kind_of_type, type_of
from rest_compat.statusapp.regions import region_keys
from rest_compat.statusapp.regression_shapes import wanted_regression

ChangeT = TypeVar("ChangeT", CreateMonitor, UpdateMonitor)


@dataclass(frozen=True, kw_only=True, slots=True)
class WantedChange(Generic[ChangeT]):
    """A change, and where the dialect has what services may have against it."""

    change: ChangeT
    names: Names


async def wanted_monitor(call: Call) -> WantedChange[CreateMonitor]:
    """Return the monitor to make; raise InvalidInput."""
    data = _said(json_object(call.body))
    body = parsed(CreateMonitorBody, data)
    issues = Issues()
    wanted_type = body.type or MonitorType.WEBSITE
    kind = kind_of_type(wanted_type, issues)
    is_pinged = kind == HEARTBEAT
    probe = (
        heartbeat_probe(data, interval_seconds=DEFAULT_INTERVAL_SECONDS)
        if is_pinged
        else http_probe(data, issues)
    )
    interval = UNSET if is_pinged else data.get("interval", UNSET)
    settings = await _settings(call, data, wanted_type, issues)
    told = new_channels(call.services.registry, data, body.name, issues)
    issues.raise_if_any()
    monitor = CreateMonitor(
        name=body.name,
        probe=probe.choice,
        interval_seconds=interval,
        channels=told.channels,
        **settings,
    )
    return WantedChange(change=monitor, names={**probe.names, **told.names})


async def wanted_update(call: Call, row: asyncpg.Record) -> WantedChange[UpdateMonitor]:
    """Return the change of a monitor, with its row as it is; raise InvalidInput."""
    data = _said(json_object(call.body))
    body = parsed(UpdateMonitorBody, data)
    issues = Issues()
    type_name = body.type or type_of(call.services.registry, row["kind"], row["config"])
    kind = row["kind"] if body.type is None else kind_of_type(body.type, issues)
    probe = _probe_after(data, row, kind, issues)
    settings = await _settings(call, data, type_name, issues)
    told = channels_after(call.services.registry, data, body.name or row["name"], issues)
    issues.raise_if_any()
    update = UpdateMonitor(
        id=call.path["monitorId"],
        name=data.get("name", UNSET),
        probe=_choice_after(probe, row),
        interval_seconds=_interval_after(data, row, kind),
        channels=told.channels,
        **settings,
    )
    names = SETTING_NAMES if probe is None else probe.names
    return WantedChange(change=update, names={**names, **told.names})


def _said(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the members of a body that say something: a type that is null is none."""
    return {name: value for name, value in data.items() if not (name == "type" and value is None)}


def _probe_after(
    data: Mapping[str, Any], row: asyncpg.Record, kind: str | None, issues: Issues
) -> WantedProbe | None:
    """Return what a change says of the probe; None of a kind that the dialect has no words for."""
    if kind == HTTP:
        return http_probe(data, issues)
    if kind == HEARTBEAT:
        stored = row["interval_seconds"] or DEFAULT_INTERVAL_SECONDS
        return heartbeat_probe(data, interval_seconds=None if row["kind"] == HEARTBEAT else stored)
    return None


def _choice_after(probe: WantedProbe | None, row: asyncpg.Record) -> KindChoice | ConfigChange | Unset:
    """Return the same as services take it: what differs where the kind stays, else the whole."""
    if probe is None:
        return UNSET
    return probe.change if probe.choice.kind == row["kind"] else probe.choice


def _interval_after(data: Mapping[str, Any], row: asyncpg.Record, kind: str | None) -> int | Unset | None:
    """Return how often to look after a change: as often as before where it says nothing of it."""
    if kind == HEARTBEAT:
        return UNSET
    if "interval" not in data and kind != row["kind"]:
        stored: int | None = row["interval_seconds"]
        return stored
    interval: int | Unset | None = data.get("interval", UNSET)
    return interval


async def _settings(call: Call, data: Mapping[str, Any], type_name: str, issues: Issues) -> dict[str, Any]:
    """Return what has no place in the probe; note what does not go with the type."""
    refuse_foreign_fields(data, type_name, issues)
    require_timings(data, type_name, issues)
    ids = data.get("enabledWorkerRegionIds")
    keys = await region_keys(call, ids, issues) if ids else data.get("enabledWorkerRegionIds", UNSET)
    return {
        "timeout_seconds": data.get("timeout", UNSET),
        "region_keys": keys,
        "regression": wanted_regression(data),
    }
