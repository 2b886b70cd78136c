"""Reads people, workspaces and what they have of their plans, and tokens."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import asyncpg

from core.access.plans import TERMS, UNLIMITED, Allowance, Load, Plan
from core.access.sight import Sight
from core.db.database import Connection
from core.db.listing import Ordering, read_by_ids
from core.db.named_sql import named_sql
from core.errors import NotFound

_SQL = named_sql("read_access")
_LIMITED_PLANS = (
    [plan.value for plan in Plan],
    [None if TERMS[plan].monitors == UNLIMITED else TERMS[plan].monitors for plan in Plan],
    [None if TERMS[plan].members == UNLIMITED else TERMS[plan].members for plan in Plan],
    [TERMS[plan].min_interval_seconds for plan in Plan],
)

TOKENS = _SQL["tokens"]
TOKENS_CREATED = Ordering(name="tokens created")


async def users_by_id(
    connection: Connection, _sight: Sight, ids: Sequence[UUID]
) -> dict[UUID, asyncpg.Record]:
    """Return people whom a row of the workspace names, whether they still belong to it or not."""
    return {row["id"]: row for row in await connection.fetch(_SQL["users"], ids)}


async def members_by_user_id(
    connection: Connection, sight: Sight, ids: Sequence[UUID]
) -> dict[UUID, asyncpg.Record]:
    """Return those of the people who belong to the workspace."""
    return {
        row["id"]: row
        for row in await connection.fetch(_SQL["members_of_workspace"], sight.workspace_id, ids)
    }


async def own_workspace(
    connection: Connection, sight: Sight, ids: Sequence[UUID]
) -> dict[UUID, asyncpg.Record]:
    """Return the workspace, if it is among the ids: no other is ever seen."""
    own_id = sight.workspace_id
    row = await connection.fetchrow(_SQL["workspace"], own_id)
    return {own_id: row} if row is not None and own_id in ids else {}


async def workspaces_of_user(connection: Connection, user_id: UUID) -> list[asyncpg.Record]:
    """Return the workspaces that a person belongs to, in the order of joining."""
    return await connection.fetch(_SQL["workspaces_of_user"], user_id)


async def tokens_by_id(
    connection: Connection, sight: Sight, ids: Sequence[UUID]
) -> dict[UUID, asyncpg.Record]:
    """Return the rows of TOKENS by id."""
    return await read_by_ids(connection, TOKENS, (sight.workspace_id, None, None), ids)


async def kept_tokens(
    connection: Connection, workspace_id: UUID, *, skipped: int, most: int
) -> tuple[list[asyncpg.Record], int]:
    """Return a stretch of the tokens that nobody has revoked, in the order of their making, and how many there are."""
    total: int = await connection.fetchval(_SQL["kept_tokens_count"], workspace_id)
    return await connection.fetch(_SQL["kept_tokens"], workspace_id, skipped, most), total


async def kept_token(
    connection: Connection, workspace_id: UUID, token_id: UUID | None
) -> asyncpg.Record | None:
    """Return one of them; None if there is none with that id."""
    return await connection.fetchrow(_SQL["kept_token"], workspace_id, token_id)


async def allowances_by_id(
    connection: Connection, _sight: Sight, ids: Sequence[UUID], now: datetime
) -> dict[UUID, Allowance]:
    """Return what workspaces have of their plans. Whoever asks may see them."""
    return await _allowances(connection, ids, now)


async def _allowances(connection: Connection, ids: Sequence[UUID], now: datetime) -> dict[UUID, Allowance]:
    rows = await connection.fetch(_SQL["workspace_loads"], ids, *_LIMITED_PLANS, now)
    return {
        row["id"]: Allowance(
            plan=Plan(row["plan"]),
            load=Load(
                monitors=row["monitors"], members=row["members"], frequent_monitors=row["frequent_monitors"]
            ),
        )
        for row in rows
    }


async def allowance_of(connection: Connection, workspace_id: UUID, now: datetime) -> Allowance:
    """Return what the workspace has of its plan by now; raise NotFound if it is deleted."""
    allowance = (await _allowances(connection, [workspace_id], now)).get(workspace_id)
    if allowance is None:
        raise NotFound("workspace not found")
    return allowance


async def fitting_allowance_of(connection: Connection, workspace_id: UUID, now: datetime) -> Allowance:
    """Return the same; raise WriteLocked if the workspace has more than its plan allows."""
    allowance = await allowance_of(connection, workspace_id, now)
    allowance.require_fit()
    return allowance
