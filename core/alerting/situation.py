"""What routing needs to know, read from the database: destinations, ledger, flapping."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import UUID

import asyncpg

from core.alerting.change import Change
from core.alerting.flapping import FLAPPING_WINDOW, FlappingPhase, flapping_phase
from core.alerting.inbox import LockedTransition
from core.alerting.ledger import LedgerEntry
from core.alerting.policy import Bond, ChannelDestination, Policy, WebhookDestination
from core.alerting.timer import TimerKind
from core.db.database import Connection
from core.db.named_sql import named_sql
from core.deliveries.delivery_event import DeliveryEvent
from core.deliveries.delivery_status import DeliveryStatus
from core.deliveries.loaded_channel import UNKNOWN_RECIPIENT, ChannelUnusable, load_channel
from core.deliveries.webhook_event import WebhookEvent
from core.log import get_logger
from core.plugin_registry import PluginRegistry
from plugins.api.notifier import Audience
from plugins.api.outcome import IncidentKind

_SQL = named_sql("alerting")
_TIMERS = named_sql("timers")

log = get_logger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Surroundings:
    """What a message says beside its change. `monitor_config` is None once the monitor is purged."""

    workspace_name: str
    monitor_config: Any


@dataclass(frozen=True, kw_only=True, slots=True)
class Flapping:
    """A monitor's flapping as a change finds it; `since` is None if it did not flap before the change."""

    phase: FlappingPhase
    since: datetime | None


async def read_policy(
    connection: Connection, registry: PluginRegistry, change: Change, entries: Iterable[LedgerEntry]
) -> Policy:
    """Return the destinations of a change's monitor; `entries` are the messages that bear on the change."""
    told = list({entry.destination_id for entry in entries})
    channels = await connection.fetch(_SQL["channels_to_tell"], change.workspace_id, change.monitor_id, told)
    webhooks = await connection.fetch(_SQL["webhooks_to_tell"], change.workspace_id)
    return Policy(
        channels=tuple(_channel(registry, row) for row in channels),
        webhooks=tuple(_webhook(row) for row in webhooks),
    )


async def read_flapping(connection: Connection, locked: LockedTransition) -> Flapping:
    """Return what the change means for its monitor's flapping, and keep that from ending meanwhile."""
    change = locked.change
    if change.details.incident.kind is not IncidentKind.OUTAGE:
        return Flapping(phase=FlappingPhase.STEADY, since=None)
    since = await _lock_flapping(connection, change)
    outages = await _count_outages(connection, locked)
    return Flapping(phase=flapping_phase(change, outages=outages, is_flapping=since is not None), since=since)


async def read_entries(
    connection: Connection, workspace_id: UUID, incident_id: UUID, monitor_id: UUID, since: datetime | None
) -> tuple[LedgerEntry, ...]:
    """Return and lock the deliveries of an incident, and of the monitor's incidents since a moment."""
    rows = await connection.fetch(_SQL["lock_ledger"], workspace_id, incident_id, monitor_id, since)
    return tuple(_entry(row) for row in rows)


async def read_surroundings(connection: Connection, change: Change) -> Surroundings:
    """Return what else a message of the change says."""
    row = await connection.fetchrow(_SQL["surroundings"], change.workspace_id, change.monitor_id)
    if row is None:
        return Surroundings(workspace_name="", monitor_config=None)
    return Surroundings(workspace_name=row["workspace_name"], monitor_config=row["monitor_config"])


async def _lock_flapping(connection: Connection, change: Change) -> datetime | None:
    """Return since when the monitor flaps, and keep its timer from firing; None if it does not flap."""
    row = await connection.fetchrow(
        _TIMERS["lock_timer"], change.workspace_id, TimerKind.FLAPPING.value, change.monitor_id
    )
    return None if row is None else datetime.fromisoformat(row["details"]["since"])


async def _count_outages(connection: Connection, locked: LockedTransition) -> int:
    change = locked.change
    outages: int = await connection.fetchval(
        _SQL["count_outages"],
        change.workspace_id,
        change.monitor_id,
        change.at - FLAPPING_WINDOW,
        locked.position,
    )
    return outages


def _channel(registry: PluginRegistry, row: asyncpg.Record) -> ChannelDestination:
    """Return the channel; of one that cannot be used at the moment nothing is lost: its recipients are found later."""
    try:
        loaded = load_channel(registry, row["kind"], row["config"])
        audience, recipients = loaded.notifier.audience, loaded.recipients()
    except ChannelUnusable as error:
        log.warning("channel.unusable", channel=str(row["id"]), reason=str(error))
        audience, recipients = Audience.MACHINES, (UNKNOWN_RECIPIENT,)
    return ChannelDestination(
        id=row["id"],
        name=row["name"],
        is_active=row["is_active"],
        audience=audience,
        recipients=recipients,
        bond=_bond(row),
    )


def _bond(row: asyncpg.Record) -> Bond:
    if row["is_retired"]:
        return Bond.RETIRED
    if row["is_enabled_by_monitor"] is False:
        return Bond.SWITCHED_OFF
    if row["is_own"]:
        return Bond.OWN
    return Bond.SHARED if row["is_enabled_by_monitor"] is None else Bond.NAMED


def _webhook(row: asyncpg.Record) -> WebhookDestination:
    return WebhookDestination(
        id=row["id"],
        name=row["name"],
        is_active=row["is_active"],
        recipient=shown_address(row["url"]),
        events=frozenset(WebhookEvent(event) for event in row["events"]),
    )


def shown_address(url: str) -> str:
    """Return the address without what often is a secret: user, query and fragment."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def _entry(row: asyncpg.Record) -> LedgerEntry:
    return LedgerEntry(
        delivery_id=row["id"],
        incident_id=row["incident_id"],
        destination_id=row["destination_id"],
        recipient=row["recipient"],
        event=DeliveryEvent(row["event"]),
        status=DeliveryStatus(row["status"]),
        may_be_received=row["may_be_received"],
        position=row["position"],
    )
