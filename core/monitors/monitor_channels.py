"""Which channels monitors have: the workspace's that they name, and those that were made for them.

All works inside the caller's transaction, which holds the monitors' rows. After these come the channels' own, then
what monitors say of them and what they are owed: whoever changes or deletes a channel takes them in the same order.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from core.audit.action import AuditAction
from core.audit.change import AuditedChange, created, deleted, updated
from core.audit.recording import Actor, record_all
from core.db.database import Connection
from core.db.named_sql import named_sql
from core.db.tables import Channel
from core.deliveries.delivery_event import FAILURES
from core.deliveries.notifier_choice import channel_view
from core.ids import new_id
from core.plugin_registry import PluginRegistry

_SQL = named_sql("monitor_channels")


@dataclass(frozen=True, kw_only=True, slots=True)
class ChannelLink:
    """A channel that a monitor has, and whether it is told of the monitor."""

    channel_id: UUID
    is_enabled: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class ChannelToMake:
    """A channel for the monitor alone. `present` is the row of the one that becomes it; None: it is a new one."""

    name: str
    kind: str
    config: dict[str, Any] = field(repr=False)
    present: asyncpg.Record | None = field(repr=False)

    @property
    def columns(self) -> dict[str, Any]:
        """The columns of its row that are chosen."""
        return {"name": self.name, "kind": self.kind, "config": self.config}


@dataclass(frozen=True, kw_only=True, slots=True)
class AcceptedChannel:
    """A channel that a monitor shall have: one that there is, by its id, or one to make."""

    channel: UUID | ChannelToMake
    is_enabled: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class AcceptedChannels:
    """All channels that a monitor shall have, in order, and the rows of those made for it that it lets go of."""

    wanted: tuple[AcceptedChannel, ...]
    ended: tuple[asyncpg.Record, ...] = field(default=(), repr=False)


async def links_of(
    connection: Connection, workspace_id: UUID, monitor_ids: Sequence[UUID]
) -> Mapping[UUID, tuple[ChannelLink, ...]]:
    """Return the channels of each monitor in their order; of a monitor without any, none."""
    found: defaultdict[UUID, tuple[ChannelLink, ...]] = defaultdict(tuple)
    for row in await connection.fetch(_SQL["channels_of_monitors"], workspace_id, monitor_ids):
        link = ChannelLink(channel_id=row["channel_id"], is_enabled=row["is_enabled"])
        found[row["monitor_id"]] += (link,)
    return found


async def hold_channels(
    connection: Connection, workspace_id: UUID, channel_ids: Collection[UUID]
) -> frozenset[UUID]:
    """Return those of the ids that are channels of the workspace, and keep these from being deleted."""
    rows = await connection.fetch(_SQL["hold_channels"], workspace_id, sorted(channel_ids))
    return frozenset(row["id"] for row in rows)


async def lock_own_channels(
    connection: Connection, workspace_id: UUID, monitor_ids: Sequence[UUID]
) -> Mapping[UUID, asyncpg.Record]:
    """Return the rows of the channels that were made for monitors, by id, and lock them."""
    rows = await connection.fetch(_SQL["lock_own_channels"], workspace_id, monitor_ids)
    return {row["id"]: row for row in rows}


async def retire_channels(
    connection: Connection, workspace_id: UUID, channel_ids: Sequence[UUID], now: datetime
) -> None:
    """End channels that were made for monitors; they are told of nothing but the recoveries that they are owed."""
    await connection.execute(_SQL["retire_channels"], workspace_id, channel_ids, now)


@dataclass(frozen=True, kw_only=True, slots=True)
class ChannelStore:
    """Stores the channels of one monitor, and writes down what becomes of those that are its own."""

    connection: Connection
    registry: PluginRegistry
    actor: Actor
    monitor_id: UUID
    now: datetime

    async def store(
        self, accepted: AcceptedChannels, present: tuple[ChannelLink, ...]
    ) -> tuple[ChannelLink, ...]:
        """Leave the monitor with exactly these channels, and return what it has then."""
        changes: list[AuditedChange] = []
        links = tuple([await self._link(each, changes) for each in accepted.wanted])
        if links != present:
            await self._replace(links)
        await self._end([row["id"] for row in accepted.ended])
        changes += endings(self.registry, accepted.ended)
        await record_all(self.connection, self.actor, changes, self.now)
        return links

    async def _link(self, wanted: AcceptedChannel, changes: list[AuditedChange]) -> ChannelLink:
        """Make or change the channel where that is wanted, and note it."""
        channel = wanted.channel
        if isinstance(channel, UUID):
            return ChannelLink(channel_id=channel, is_enabled=wanted.is_enabled)
        made_id = (
            await self._make(channel, changes)
            if channel.present is None
            else await self._change(channel, channel.present, changes)
        )
        return ChannelLink(channel_id=made_id, is_enabled=wanted.is_enabled)

    async def _make(self, channel: ChannelToMake, changes: list[AuditedChange]) -> UUID:
        row = Channel(
            id=new_id(self.now),
            workspace_id=self.actor.workspace_id,
            monitor_id=self.monitor_id,
            created_at=self.now,
            **channel.columns,
        )
        await Channel.insert(row)
        view = channel_view(self.registry, row.to_dict())
        changes.append(created(AuditAction.CHANNEL_CREATED, row.id, view))
        made_id: UUID = row.id
        return made_id

    async def _change(
        self, channel: ChannelToMake, present: asyncpg.Record, changes: list[AuditedChange]
    ) -> UUID:
        channel_id: UUID = present["id"]
        changed = {name: value for name, value in channel.columns.items() if value != present[name]}
        if changed:
            await (
                Channel.update(revision=present["revision"] + 1, **changed)
                .where(Channel.workspace_id == self.actor.workspace_id)
                .where(Channel.id == channel_id)
            )
            before = channel_view(self.registry, dict(present))
            after = channel_view(self.registry, {**present, **changed})
            changes.append(updated(AuditAction.CHANNEL_UPDATED, channel_id, before, after))
        return channel_id

    async def _replace(self, links: Sequence[ChannelLink]) -> None:
        key = self.actor.workspace_id, self.monitor_id
        await self.connection.execute(_SQL["clear_channels"], *key)
        await self.connection.execute(
            _SQL["add_channels"],
            *key,
            [link.channel_id for link in links],
            [link.is_enabled for link in links],
        )

    async def _end(self, channel_ids: Sequence[UUID]) -> None:
        if channel_ids:
            workspace_id = self.actor.workspace_id
            await retire_channels(self.connection, workspace_id, channel_ids, self.now)
            await self.connection.execute(
                _SQL["suppress_retired_failures"], workspace_id, channel_ids, sorted(FAILURES)
            )


def endings(registry: PluginRegistry, rows: Collection[asyncpg.Record]) -> list[AuditedChange]:
    """Return what is written down of channels that end with their monitor, or that it lets go of."""
    return [
        deleted(AuditAction.CHANNEL_DELETED, row["id"], channel_view(registry, dict(row))) for row in rows
    ]
