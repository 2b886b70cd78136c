"""Creates, changes and deletes channels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg

from core.access.permission import require
from core.access.principal import Principal, TokenPermission, TokenScope
from core.access.reading import fitting_allowance_of
from core.audit.action import AuditAction
from core.audit.change import created, deleted, updated
from core.audit.recording import record
from core.clock import Clock
from core.db.database import Connection, Database
from core.db.named_sql import named_sql
from core.db.tables import Channel
from core.deliveries.notifier_choice import channel_view, choose_notifier
from core.errors import NotFound
from core.ids import Prefix, decode_id, new_id
from core.issues import Issues
from core.kind_choice import KindChoice
from core.plugin_registry import PluginRegistry
from core.revision import require_revision
from core.text_rules import name_of
from core.unset import UNSET, Unset, given

_SQL = named_sql("channels")
_NOTIFIER = ("notifier",)


@dataclass(frozen=True, kw_only=True, slots=True)
class CreateChannel:
    """A channel to make."""

    name: str
    notifier: KindChoice


@dataclass(frozen=True, kw_only=True, slots=True)
class UpdateChannel:
    """What to change of a channel, named by its public id."""

    id: str
    name: str | Unset | None = UNSET
    notifier: KindChoice | Unset | None = UNSET
    is_active: bool | Unset | None = UNSET
    revision: int | Unset | None = UNSET


class ChannelService:
    """Permission, validation, storage; each method returns the id of the channel it changed."""

    def __init__(self, *, database: Database, registry: PluginRegistry, clock: Clock) -> None:
        self._database = database
        self._registry = registry
        self._clock = clock

    async def create(self, principal: Principal, wanted: CreateChannel) -> UUID:
        """Make a channel; raise WriteLocked or InvalidInput with paths such as ("notifier", "webhook", "url")."""
        require(principal, TokenScope.NOTIFICATIONS, TokenPermission.WRITE)
        issues = Issues()
        name = name_of(wanted.name, ("name",), issues)
        config = choose_notifier(wanted.notifier, self._registry, _NOTIFIER, issues)
        issues.raise_if_any()
        now = self._clock.now()
        channel = Channel(
            id=new_id(now),
            workspace_id=principal.workspace_id,
            name=name,
            kind=wanted.notifier.kind,
            config=config,
            created_at=now,
        )

        async def create(connection: Connection) -> UUID:
            await fitting_allowance_of(connection, principal.workspace_id, now)
            await Channel.insert(channel)
            change = created(
                AuditAction.CHANNEL_CREATED, channel.id, channel_view(self._registry, channel.to_dict())
            )
            await record(connection, principal, change, now)
            return channel.id

        return await self._database.in_transaction(create)

    async def update(self, principal: Principal, wanted: UpdateChannel) -> UUID:
        """Change a channel; raise WriteLocked, NotFound, Conflict of a stale revision, or InvalidInput."""
        require(principal, TokenScope.NOTIFICATIONS, TokenPermission.WRITE)

        async def update(connection: Connection) -> UUID:
            await fitting_allowance_of(connection, principal.workspace_id, self._clock.now())
            row = await _lock(connection, principal, wanted.id)
            require_revision(wanted.revision, row["revision"])
            changes = self._changes(wanted, row)
            if changes:
                await (
                    Channel.update(revision=row["revision"] + 1, **changes)
                    .where(Channel.workspace_id == principal.workspace_id)
                    .where(Channel.id == row["id"])
                )
                before, after = (
                    channel_view(self._registry, dict(row)),
                    channel_view(self._registry, {**row, **changes}),
                )
                change = updated(AuditAction.CHANNEL_UPDATED, row["id"], before, after)
                await record(connection, principal, change, self._clock.now())
            channel_id: UUID = row["id"]
            return channel_id

        return await self._database.in_transaction(update)

    async def delete(self, principal: Principal, channel_id: str) -> UUID:
        """Delete a channel, also from the monitors that name it; what it was still owed is suppressed."""
        require(principal, TokenScope.NOTIFICATIONS, TokenPermission.DELETE)

        async def delete(connection: Connection) -> UUID:
            now = self._clock.now()
            row = await _lock(connection, principal, channel_id)
            await (
                Channel.update({Channel.deleted_at: now})
                .where(Channel.workspace_id == principal.workspace_id)
                .where(Channel.id == row["id"])
            )
            await connection.execute(_SQL["forget_channel"], principal.workspace_id, row["id"])
            await connection.execute(_SQL["suppress_channel_deliveries"], principal.workspace_id, row["id"])
            change = deleted(AuditAction.CHANNEL_DELETED, row["id"], channel_view(self._registry, dict(row)))
            await record(connection, principal, change, now)
            deleted_id: UUID = row["id"]
            return deleted_id

        return await self._database.in_transaction(delete)

    def _changes(self, wanted: UpdateChannel, row: asyncpg.Record) -> dict[str, Any]:
        """Return the columns that the update changes."""
        issues = Issues()
        changed = {"is_active": given(wanted.is_active, row["is_active"], default=True)}
        if wanted.name is not UNSET:
            changed["name"] = name_of(wanted.name, ("name",), issues)
        if wanted.notifier is None:
            issues.refuse(("notifier",), "required", "is required")
        elif wanted.notifier is not UNSET:
            changed["kind"] = wanted.notifier.kind
            changed["config"] = choose_notifier(
                wanted.notifier, self._registry, _NOTIFIER, issues, replaced=row
            )
        issues.raise_if_any()
        return {column: value for column, value in changed.items() if value != row[column]}


async def _lock(connection: Connection, principal: Principal, public_id: str) -> asyncpg.Record:
    channel_id = decode_id(Prefix.CHANNEL, public_id)
    row = await connection.fetchrow(_SQL["lock_channel"], principal.workspace_id, channel_id)
    if row is None:
        raise NotFound("channel not found", path=("id",))
    return row
