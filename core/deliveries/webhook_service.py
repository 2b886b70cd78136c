"""Creates, changes and deletes webhooks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import asyncpg

from core.access.permission import require
from core.access.principal import Principal, TokenPermission, TokenScope
from core.access.reading import fitting_allowance_of
from core.audit.action import AuditAction
from core.audit.change import created, deleted, updated
from core.audit.recording import record
from core.audit.redaction import View, hidden
from core.clock import Clock
from core.db.database import Connection, Database
from core.db.named_sql import named_sql
from core.db.tables import Webhook
from core.deliveries.webhook_event import WebhookEvent
from core.errors import NotFound
from core.ids import Prefix, decode_id, new_id
from core.issues import Issues
from core.revision import require_revision
from core.text_rules import name_of, secret_of
from core.unset import UNSET, Unset, given
from core.web_address import web_address

_SQL = named_sql("webhooks")


@dataclass(frozen=True, kw_only=True, slots=True)
class CreateWebhook:
    """A webhook to make. Without a secret its requests are not signed."""

    name: str
    url: str
    events: Sequence[WebhookEvent]
    secret: str | None = field(default=None, repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class UpdateWebhook:
    """What to change of a webhook, named by its public id. A null secret clears it."""

    id: str
    name: str | Unset | None = UNSET
    url: str | Unset | None = UNSET
    events: Sequence[WebhookEvent] | Unset | None = UNSET
    secret: str | Unset | None = field(default=UNSET, repr=False)
    is_active: bool | Unset | None = UNSET
    revision: int | Unset | None = UNSET


class WebhookService:
    """Permission, validation, storage; each method returns the id of the webhook it changed."""

    def __init__(self, *, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def create(self, principal: Principal, wanted: CreateWebhook) -> UUID:
        """Make a webhook; raise WriteLocked or InvalidInput."""
        require(principal, TokenScope.WEBHOOKS, TokenPermission.WRITE)
        issues = Issues()
        now = self._clock.now()
        webhook = Webhook(
            id=new_id(now),
            workspace_id=principal.workspace_id,
            name=name_of(wanted.name, ("name",), issues),
            url=web_address(wanted.url, ("url",), issues),
            events=_events(wanted.events, issues),
            secret=_secret(wanted.secret, issues),
            created_at=now,
        )
        issues.raise_if_any()

        async def create(connection: Connection) -> UUID:
            await fitting_allowance_of(connection, principal.workspace_id, now)
            await Webhook.insert(webhook)
            change = created(AuditAction.WEBHOOK_CREATED, webhook.id, _view(webhook.to_dict()))
            await record(connection, principal, change, now)
            return webhook.id

        return await self._database.in_transaction(create)

    async def update(self, principal: Principal, wanted: UpdateWebhook) -> UUID:
        """Change a webhook; raise WriteLocked, NotFound, Conflict of a stale revision, or InvalidInput."""
        require(principal, TokenScope.WEBHOOKS, TokenPermission.WRITE)

        async def update(connection: Connection) -> UUID:
            await fitting_allowance_of(connection, principal.workspace_id, self._clock.now())
            row = await _lock(connection, principal, wanted.id)
            require_revision(wanted.revision, row["revision"])
            changes = _changes(wanted, row)
            if changes:
                await (
                    Webhook.update(revision=row["revision"] + 1, **changes)
                    .where(Webhook.workspace_id == principal.workspace_id)
                    .where(Webhook.id == row["id"])
                )
                before, after = _view(dict(row)), _view({**row, **changes})
                change = updated(AuditAction.WEBHOOK_UPDATED, row["id"], before, after)
                await record(connection, principal, change, self._clock.now())
            webhook_id: UUID = row["id"]
            return webhook_id

        return await self._database.in_transaction(update)

    async def delete(self, principal: Principal, webhook_id: str) -> UUID:
        """Delete a webhook; what it was still owed is suppressed."""
        require(principal, TokenScope.WEBHOOKS, TokenPermission.DELETE)

        async def delete(connection: Connection) -> UUID:
            now = self._clock.now()
            row = await _lock(connection, principal, webhook_id)
            await (
                Webhook.update({Webhook.deleted_at: now})
                .where(Webhook.workspace_id == principal.workspace_id)
                .where(Webhook.id == row["id"])
            )
            await connection.execute(_SQL["suppress_webhook_deliveries"], principal.workspace_id, row["id"])
            await record(
                connection, principal, deleted(AuditAction.WEBHOOK_DELETED, row["id"], _view(dict(row))), now
            )
            deleted_id: UUID = row["id"]
            return deleted_id

        return await self._database.in_transaction(delete)


def _changes(wanted: UpdateWebhook, row: asyncpg.Record) -> dict[str, Any]:
    """Return the columns that the update changes."""
    issues = Issues()
    changed: dict[str, Any] = {"is_active": given(wanted.is_active, row["is_active"], default=True)}
    if wanted.name is not UNSET:
        changed["name"] = name_of(wanted.name, ("name",), issues)
    if wanted.url is not UNSET:
        changed["url"] = web_address(wanted.url, ("url",), issues)
    if wanted.events is not UNSET:
        changed["events"] = _events(wanted.events, issues)
    if wanted.secret is not UNSET:
        changed["secret"] = _secret(wanted.secret, issues)
    issues.raise_if_any()
    return {column: value for column, value in changed.items() if value != row[column]}


def _view(row: Mapping[str, Any]) -> View:
    """Return a webhook as it is written down."""
    return {
        "name": row["name"],
        "url": row["url"],
        "events": row["events"],
        "secret": hidden(row["secret"]),
        "isActive": row["is_active"],
    }


def _events(events: Sequence[WebhookEvent] | None, issues: Issues) -> list[str]:
    """Return the names of the events, each once, in the order of the enum."""
    if not events:
        issues.refuse(("events",), "min_length", "must name at least 1 event", expected="1")
    return [event.value for event in WebhookEvent if event in (events or ())]


def _secret(secret: str | None, issues: Issues) -> str | None:
    return None if secret is None else secret_of(secret, ("secret",), issues)


async def _lock(connection: Connection, principal: Principal, public_id: str) -> asyncpg.Record:
    webhook_id = decode_id(Prefix.WEBHOOK, public_id)
    row = await connection.fetchrow(_SQL["lock_webhook"], principal.workspace_id, webhook_id)
    if row is None:
        raise NotFound("webhook not found", path=("id",))
    return row
