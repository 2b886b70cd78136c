"""Reads what was written down of changes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import asyncpg

from core.access.permission import require, require_administrator
from core.access.principal import Principal, TokenPermission, TokenScope
from core.access.sight import Sight
from core.db.database import Connection
from core.db.listing import Ordering, read_by_ids
from core.db.named_sql import named_sql

_SQL = named_sql("audit")

ENTRIES = _SQL["entries"]
LATEST_FIRST = Ordering(name="audit -at", is_descending=True)
KEPT = timedelta(days=90)


def require_audit_log(principal: Principal) -> None:
    """Raise TokenScopeDenied or Forbidden unless the principal may see who changed what."""
    require(principal, TokenScope.ACCOUNT, TokenPermission.READ)
    require_administrator(principal)


def entries_arguments(workspace_id: UUID, now: datetime) -> tuple[UUID, datetime]:
    """Return the arguments of the list ENTRIES: what housekeeping has not removed yet is not shown any more."""
    return workspace_id, now - KEPT


async def entries_by_id(
    connection: Connection, sight: Sight, ids: Sequence[UUID], now: datetime
) -> dict[UUID, asyncpg.Record]:
    """Return the rows of ENTRIES by id."""
    return await read_by_ids(connection, ENTRIES, entries_arguments(sight.workspace_id, now), ids)
