"""How Dashmon shows a workspace, and what a principal is in it."""

from __future__ import annotations

import asyncpg
import msgspec

from core.access.plans import TERMS, Plan, is_premium
from core.access.principal import Principal
from core.access.reading import allowance_of, own_workspace
from core.errors import NotFound
from core.ids import Prefix, encode_id
from rest_compat.dashmon.errors import in_own_words
from rest_compat.dashmon.reads import Reads


class Workspace(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A workspace, and who answers for it."""

    id: str
    name: str
    owner_user_id: str


class Limits(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What the plan allows; 2147483647 where it sets no limit."""

    devices: int
    members: int
    min_interval_seconds: int
    requests_per_hour: int
    retention_days: int


class Standing(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A workspace with its plan. While it is write-locked it takes no changes; `lockReason` says why."""

    workspace: Workspace
    plan: str
    is_premium: bool
    write_locked: bool
    lock_reason: str | None
    limits: Limits


def shown_workspace(row: asyncpg.Record) -> Workspace:
    """Return a workspace from its row."""
    return Workspace(
        id=encode_id(Prefix.WORKSPACE, row["id"]),
        name=row["name"],
        owner_user_id=encode_id(Prefix.USER, row["owner_id"]),
    )


async def standing_of(read: Reads, principal: Principal) -> Standing:
    """Return the principal's workspace with its plan; raise NotFound if it is deleted."""
    found = await own_workspace(read.connection, read.sight, [principal.workspace_id])
    if not found:
        raise NotFound("workspace not found")
    allowance = await allowance_of(read.connection, principal.workspace_id, read.now)
    return Standing(
        workspace=shown_workspace(found[principal.workspace_id]),
        plan=allowance.plan.value.lower(),
        is_premium=is_premium(allowance.plan),
        write_locked=allowance.excess is not None,
        lock_reason=None if allowance.excess is None else in_own_words(allowance.excess),
        limits=_limits(allowance.plan),
    )


def _limits(plan: Plan) -> Limits:
    terms = TERMS[plan]
    return Limits(
        devices=terms.monitors,
        members=terms.members,
        min_interval_seconds=terms.min_interval_seconds,
        requests_per_hour=terms.requests_per_hour,
        retention_days=terms.retention_days,
    )


WORKSPACE_EXAMPLE = {
    "id": "ws_01m81q4vb2ex285gqsh83acwyg",
    "name": "Acme",
    "ownerUserId": "usr_01m81q4vb2ex285gqsh83acwyg",
}
STANDING_EXAMPLE = {
    "workspace": WORKSPACE_EXAMPLE,
    "plan": "business",
    "isPremium": True,
    "writeLocked": False,
    "lockReason": None,
    "limits": {
        "devices": 1000,
        "members": 50,
        "minIntervalSeconds": 10,
        "requestsPerHour": 10000,
        "retentionDays": 365,
    },
}
