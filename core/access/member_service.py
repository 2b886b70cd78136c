"""Changes and removes members."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from core.access.confinement import confine, confined_to, require_projects
from core.access.member_rules import (
    confining_projects,
    keep_confinement,
    require_may_change,
    require_may_make,
    role_of,
)
from core.access.member_view import member_view
from core.access.permission import require, require_grant
from core.access.presence import lock_place
from core.access.principal import Principal, Role, TokenPermission, TokenScope
from core.access.reading import fitting_allowance_of
from core.access.standing import Caches, Known, end_standing, tell_anew
from core.audit.action import AuditAction
from core.audit.change import deleted, updated
from core.audit.recording import record
from core.clock import Clock
from core.db.database import Connection, Database
from core.db.named_sql import named_sql
from core.db.tables import Member
from core.errors import Conflict, NotFound
from core.ids import Prefix, decode_id, encode_id
from core.issues import Issues
from core.unset import UNSET, Unset

_SQL = named_sql("members")


@dataclass(frozen=True, kw_only=True, slots=True)
class UpdateMember:
    """What to change of a member, named by his public id; without projects he is not confined any more."""

    id: str
    role: Role | Unset | None = UNSET
    project_ids: Sequence[str] | Unset | None = UNSET


@dataclass(frozen=True, kw_only=True, slots=True)
class RemovedMember:
    """Who was removed, and whether he did it himself."""

    id: UUID
    is_self: bool


class MemberService:
    """Permission, validation, storage. What changes is known here at once, and elsewhere as soon as it is heard."""

    def __init__(self, *, database: Database, clock: Clock, caches: Caches) -> None:
        self._database = database
        self._clock = clock
        self._caches = caches

    async def update(self, principal: Principal, wanted: UpdateMember) -> UUID:
        """Change a member's role or projects, invited or not, and return his id.

        Raises WriteLocked, NotFound, InvalidInput, SharedAccountWriteForbidden where it takes an OWNER, TokenScopeDenied
        where he could then do more than the token that changes him, or Conflict for the last owner.
        """
        require(principal, TokenScope.TEAM, TokenPermission.WRITE)

        async def update(connection: Connection) -> tuple[UUID, Known]:
            now = self._clock.now()
            actor = await lock_place(connection, principal, now)
            require(actor, TokenScope.TEAM, TokenPermission.WRITE)
            await fitting_allowance_of(connection, actor.workspace_id, now)
            row = await _hold(connection, actor, wanted.id)
            require_may_change(actor, Role(row["role"]), "id")
            return row["id"], await _change(connection, actor, row, wanted, now)

        member_id, known = await self._database.in_transaction(update)
        self._caches.forget(known)
        return member_id

    async def remove(self, principal: Principal, member_id: str) -> RemovedMember:
        """Remove a member or whom nobody has accepted yet; for oneself no role is needed.

        His tokens and sessions of the workspace end. Raises NotFound, SharedAccountWriteForbidden where it takes an
        OWNER, or Conflict for the last one.
        """
        require_grant(principal, TokenScope.TEAM, TokenPermission.DELETE)

        async def remove(connection: Connection) -> tuple[RemovedMember, Known]:
            now = self._clock.now()
            actor = await lock_place(connection, principal, now)
            row = await _found(connection, actor, member_id)
            is_self = row is not None and row["user_id"] is not None and row["user_id"] == actor.user_id
            if not is_self:
                require(actor, TokenScope.TEAM, TokenPermission.DELETE)
            held = _known(row)
            require_may_change(actor, Role(held["role"]), "id")
            known = await _remove(connection, actor, held, now)
            return RemovedMember(id=held["id"], is_self=is_self), known

        removed, known = await self._database.in_transaction(remove)
        self._caches.forget(known)
        return removed


async def _change(
    connection: Connection, actor: Principal, row: asyncpg.Record, wanted: UpdateMember, now: datetime
) -> Known:
    """Store what changes; raise InvalidInput with all that is wrong."""
    issues = Issues()
    present = Role(row["role"])
    role = role_of(wanted.role, present, issues)
    is_to_be_confined = row["is_confined"] if wanted.project_ids is UNSET else wanted.project_ids is not None
    require_may_make(actor, role, is_confined=is_to_be_confined)
    before = await confined_to(connection, row["id"]) if row["is_confined"] else None
    if wanted.project_ids is UNSET:
        after = before
        if before is not None:
            keep_confinement(role, issues)
    else:
        places = confining_projects(role, wanted.project_ids, issues)
        await require_projects(connection, actor.workspace_id, places, issues)
        after = None if places is None else set(places)
    issues.raise_if_any()
    if (role, after) == (present, before):
        return Known()
    if role is not present:
        await _hand_over(connection, actor, row, now, "role")
    await (
        Member.update({Member.role: role.value, Member.is_confined: after is not None})
        .where(Member.workspace_id == actor.workspace_id)
        .where(Member.id == row["id"])
    )
    await confine(connection, row["id"], after)
    views = member_view(present, before), member_view(role, after)
    await record(connection, actor, updated(AuditAction.MEMBER_UPDATED, row["id"], *views), now)
    return await tell_anew(connection, actor.workspace_id, row["user_id"])


async def _remove(connection: Connection, actor: Principal, row: asyncpg.Record, now: datetime) -> Known:
    await _hand_over(connection, actor, row, now, "id")
    projects = await confined_to(connection, row["id"]) if row["is_confined"] else None
    view = member_view(Role(row["role"]), projects, email=row["email"])
    await connection.execute(_SQL["delete_member"], actor.workspace_id, row["id"])
    await record(connection, actor, deleted(AuditAction.MEMBER_REMOVED, row["id"], view), now)
    return await end_standing(connection, actor.workspace_id, row["user_id"], now)


async def _hand_over(
    connection: Connection, actor: Principal, row: asyncpg.Record, now: datetime, field: str
) -> None:
    """Let another OWNER answer for the workspace when one ceases to be one; raise Conflict if there is no other."""
    if Role(row["role"]) is not Role.OWNER or row["accepted_at"] is None:
        return
    workspace_id = actor.workspace_id
    heir = await connection.fetchval(_SQL["longest_other_owner"], workspace_id, row["id"])
    if heir is None:
        raise Conflict("the workspace has no other OWNER: make somebody OWNER first", path=(field,))
    if await connection.fetchval(_SQL["hand_workspace_over"], workspace_id, row["user_id"], heir):
        views = [{"ownerId": encode_id(Prefix.USER, each)} for each in (row["user_id"], heir)]
        change = updated(AuditAction.WORKSPACE_HANDED_OVER, workspace_id, *views)
        await record(connection, actor, change, now)


async def _hold(connection: Connection, actor: Principal, public_id: str) -> asyncpg.Record:
    return _known(await _found(connection, actor, public_id))


async def _found(connection: Connection, actor: Principal, public_id: str) -> asyncpg.Record | None:
    member_id = decode_id(Prefix.MEMBER, public_id)
    return await connection.fetchrow(_SQL["hold_member"], actor.workspace_id, member_id)


def _known(row: asyncpg.Record | None) -> asyncpg.Record:
    if row is None:
        raise NotFound("member not found", path=("id",))
    return row
