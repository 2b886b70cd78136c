"""What the operator sees and changes of workspaces, whoever owns them."""

from __future__ import annotations

from uuid import UUID

import asyncpg

from core.access.plans import Allowance, Plan
from core.access.reading import allowance_of
from core.db.database import Connection
from core.db.named_sql import named_sql
from core.db.notifications import NotifyChannel, notify
from core.errors import NotFound

_SQL = named_sql("workspaces")


async def all_workspaces(connection: Connection) -> list[asyncpg.Record]:
    """Return `id`, `name`, `plan`, `owner_email` and `monitors` of each workspace, the first made first."""
    return await connection.fetch(_SQL["listed_workspaces"])


async def set_plan(connection: Connection, workspace_id: UUID | None, plan: Plan) -> Allowance:
    """Book a plan, in the caller's transaction; raise NotFound. Whoever asks is held to it from the commit on."""
    if workspace_id is None or not await connection.fetchval(_SQL["set_plan"], workspace_id, plan.value):
        raise NotFound("workspace not found")
    # The processes that know tokens know the plan with them: they forget what they know.
    await notify(connection, NotifyChannel.TOKENS)
    return await allowance_of(connection, workspace_id)
