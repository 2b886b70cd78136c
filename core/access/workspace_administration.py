"""What the operator sees and changes of workspaces, whoever owns them."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import asyncpg

from core.access.plans import Allowance, Plan
from core.access.reading import allowance_of
from core.audit.action import AuditAction
from core.audit.change import updated
from core.audit.recording import Operator, record
from core.db.database import Connection
from core.db.named_sql import named_sql
from core.db.notifications import NotifyChannel, notify
from core.errors import NotFound
from core.usage.request_quota import give_up_leases

_SQL = named_sql("workspaces")


async def all_workspaces(connection: Connection) -> list[asyncpg.Record]:
    """Return `id`, `name`, `plan`, `owner_email` and `monitors` of each workspace, the first made first."""
    return await connection.fetch(_SQL["listed_workspaces"])


async def set_plan(connection: Connection, workspace_id: UUID | None, plan: Plan, now: datetime) -> Allowance:
    """Book a plan, in the caller's transaction; raise NotFound. Whoever asks is held to it from the commit on."""
    before = None if workspace_id is None else await connection.fetchval(_SQL["set_plan"], workspace_id, plan)
    if workspace_id is None or before is None:
        raise NotFound("workspace not found")
    if before != plan:
        change = updated(AuditAction.WORKSPACE_PLAN_SET, workspace_id, {"plan": before}, {"plan": plan.value})
        await record(connection, Operator(workspace_id=workspace_id), change, now)
        await give_up_leases(connection, workspace_id, now)
    # The processes that know tokens and sessions know the plan with them: they forget what they know.
    await notify(connection, NotifyChannel.TOKENS)
    await notify(connection, NotifyChannel.SESSIONS)
    return await allowance_of(connection, workspace_id, now)
