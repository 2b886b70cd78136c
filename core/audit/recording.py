"""Writes changes down, in the transaction that makes them: both are stored, or neither is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

import msgspec

from core.audit.bounding import bounded_view
from core.audit.change import AuditedChange
from core.db.database import Connection
from core.db.named_sql import named_sql
from core.ids import new_id

_SQL = named_sql("audit")


class Actor(Protocol):
    """Who changes something in a workspace: a principal, or the operator."""

    @property
    def workspace_id(self) -> UUID:
        """Where."""

    @property
    def user_id(self) -> UUID | None:
        """The person, if it is one."""

    @property
    def token_id(self) -> UUID | None:
        """The API token that speaks for him, if one does."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Operator:
    """Whoever runs the server, at its command line."""

    workspace_id: UUID
    user_id: None = None
    token_id: None = None


async def record(connection: Connection, actor: Actor, change: AuditedChange, now: datetime) -> None:
    """Write a change down, inside the caller's transaction."""
    await record_all(connection, actor, [change], now)


async def record_all(
    connection: Connection, actor: Actor, changes: Sequence[AuditedChange], now: datetime
) -> None:
    """Write changes down in one statement, inside the caller's transaction; the last one is listed first."""
    if changes:
        await connection.execute(
            _SQL["record"],
            actor.workspace_id,
            now,
            actor.user_id,
            actor.token_id,
            sorted(new_id(now) for _ in changes),
            [change.action.value for change in changes],
            [change.action.subject.value for change in changes],
            [change.subject_id for change in changes],
            [_json(change.before) for change in changes],
            [_json(change.after) for change in changes],
        )


def _json(view: dict[str, Any] | None) -> str | None:
    return None if view is None else msgspec.json.encode(bounded_view(view)).decode()
