"""Invites people to a workspace, and takes invitations back; whoever accepts one joins."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import asyncpg

from core.access.account_rules import email_of
from core.access.attempts import Attempt, Attempts, Door
from core.access.confinement import confine, require_projects
from core.access.invitation_letter import InvitationLetter
from core.access.joining import join
from core.access.member_rules import (
    INVITATION_LASTS,
    MOST_MEMBERS,
    confining_projects,
    require_may_change,
    require_may_make,
)
from core.access.member_view import member_view
from core.access.permission import require
from core.access.presence import lock_place
from core.access.principal import Principal, Role, TokenPermission, TokenScope
from core.access.reading import fitting_allowance_of
from core.access.session_authentication import SessionAuthentication
from core.access.sessions import MovedSession, move_session
from core.audit.action import AuditAction
from core.audit.change import created, deleted
from core.audit.recording import record
from core.clock import Clock
from core.db.database import Connection, Database
from core.db.named_sql import named_sql
from core.errors import Conflict, Forbidden, NotFound, OverLimit, RateLimited, TocsinError
from core.ids import Prefix, decode_id, new_id
from core.issues import Issues
from core.secret_text import digest_of, new_secret
from core.text_rules import name_of

_SQL = named_sql("invitations")
_MEMBERS = named_sql("members")


@dataclass(frozen=True, kw_only=True, slots=True)
class InviteMember:
    """Whom to invite as what; without projects he is not confined."""

    email: str
    role: Role
    name: str | None = None
    project_ids: Sequence[str] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Invited:
    """An invitation and the member whom it is for. The token is told where no letter can be sent."""

    id: UUID
    member_id: UUID
    token: str | None = field(repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Offer:
    """What was asked for, as it is stored."""

    email: str
    role: Role
    name: str | None
    places: Mapping[UUID, int] | None


class InvitationService:
    """Permission, validation, storage, and a letter."""

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        attempts: Attempts,
        sessions: SessionAuthentication,
        post: Callable[[InvitationLetter], None] | None,
    ) -> None:
        """`post` sends a letter by and by, without a wait; None where no mail server is set up."""
        self._database = database
        self._clock = clock
        self._attempts = attempts
        self._sessions = sessions
        self._post = post

    async def invite(self, principal: Principal, wanted: InviteMember) -> Invited:
        """Make a member who has not accepted yet, and an invitation for seven days; renew one that has expired.

        Raises InvalidInput, SharedAccountWriteForbidden where it takes an OWNER, TokenScopeDenied of who could do more
        than the token with which he is invited, WriteLocked, OverLimit, Conflict of an address that is there already,
        or RateLimited of too many letters.
        """
        require(principal, TokenScope.TEAM, TokenPermission.WRITE)
        attempts = [] if self._post is None else _letters(principal, wanted.email)
        await self._take(attempts)
        secret = new_secret()

        async def invite(connection: Connection) -> tuple[Invited, InvitationLetter]:
            now = self._clock.now()
            actor = await lock_place(connection, principal, now)
            require(actor, TokenScope.TEAM, TokenPermission.WRITE)
            offer = await _offer(connection, actor, wanted)
            member_id = await _invited_member(connection, actor, offer, now)
            letter = await _letter(connection, actor, offer, secret, now)
            invitation_id = await _store(connection, actor, member_id, letter)
            view = member_view(offer.role, offer.places, email=offer.email, name=offer.name)
            await record(connection, actor, created(AuditAction.MEMBER_INVITED, member_id, view), now)
            token = secret if self._post is None else None
            return Invited(id=invitation_id, member_id=member_id, token=token), letter

        try:
            invited, letter = await self._database.in_transaction(invite)
        except TocsinError:
            for attempt in attempts:  # no letter goes out
                await self._attempts.give_back(attempt)
            raise
        if self._post is not None:
            self._post(letter)
        return invited

    async def cancel(self, principal: Principal, invitation_id: str) -> UUID:
        """Take an invitation back, and the member with it, and return its id.

        Raises NotFound, or SharedAccountWriteForbidden where it takes an OWNER.
        """
        require(principal, TokenScope.TEAM, TokenPermission.DELETE)
        identifier = decode_id(Prefix.INVITATION, invitation_id)

        async def cancel(connection: Connection) -> UUID:
            now = self._clock.now()
            actor = await lock_place(connection, principal, now)
            require(actor, TokenScope.TEAM, TokenPermission.DELETE)
            row = await connection.fetchrow(_SQL["hold_invitation"], actor.workspace_id, identifier)
            if row is None:
                raise NotFound("invitation not found", path=("id",))
            require_may_change(actor, Role(row["role"]), "id")
            await connection.execute(_MEMBERS["delete_member"], actor.workspace_id, row["member_id"])
            view = {"email": row["email"], "role": row["role"]}
            await record(connection, actor, deleted(AuditAction.INVITATION_CANCELLED, row["id"], view), now)
            cancelled: UUID = row["id"]
            return cancelled

        return await self._database.in_transaction(cancel)

    async def accept(self, principal: Principal, token: str) -> Principal:
        """Join by an invitation, and return the person as he is in the workspace, in which his session works now.

        Raises Forbidden for a token, NotFound of an invitation that is not open to him, or Conflict if he belongs to
        the workspace already.
        """
        user_id, session_id = principal.user_id, principal.session_id
        if user_id is None or session_id is None:
            raise Forbidden("an invitation is accepted by the person who signed in")

        async def accept(connection: Connection) -> MovedSession:
            now = self._clock.now()
            joined = await join(connection, user_id, token, now, path=("token",))
            return await move_session(connection, session_id, user_id, joined, path=("token",))

        moved = await self._database.in_transaction(accept)
        self._sessions.forget_each(moved.digests)
        return moved.principal

    async def _take(self, attempts: Sequence[Attempt]) -> None:
        """Count all attempts or none; raise RateLimited."""
        for place, attempt in enumerate(attempts):
            try:
                await self._attempts.take(attempt)
            except RateLimited:
                for taken in attempts[:place]:
                    await self._attempts.give_back(taken)
                raise


def _letters(principal: Principal, address: str) -> Sequence[Attempt]:
    """Return what counts a letter: so many a workspace may send, and so many may come to an address."""
    return (
        Attempt(door=Door.INVITATION, account=str(principal.workspace_id)),
        Attempt(door=Door.INVITATION_TO_ADDRESS, account=address.strip().lower()),
    )


async def _offer(connection: Connection, actor: Principal, wanted: InviteMember) -> _Offer:
    """Return what was asked for, if the actor may offer it; raise InvalidInput with all that is wrong."""
    require_may_make(actor, wanted.role, is_confined=wanted.project_ids is not None)
    issues = Issues()
    offer = _Offer(
        email=email_of(wanted.email, ("email",), issues),
        role=wanted.role,
        name=None if wanted.name is None else name_of(wanted.name, ("name",), issues),
        places=confining_projects(wanted.role, wanted.project_ids, issues),
    )
    await require_projects(connection, actor.workspace_id, offer.places, issues)
    issues.raise_if_any()
    return offer


async def _invited_member(connection: Connection, actor: Principal, offer: _Offer, now: datetime) -> UUID:
    """Store whom the offer is for, and return his id: a new one, or the one whose invitation has expired."""
    allowance = await fitting_allowance_of(connection, actor.workspace_id, now)
    row = await connection.fetchrow(_MEMBERS["member_of_address"], actor.workspace_id, offer.email)
    if row is None:
        if await connection.fetchval(_MEMBERS["count_members"], actor.workspace_id) >= MOST_MEMBERS:
            raise OverLimit(f"a workspace has at most {MOST_MEMBERS} members")
        member_id = new_id(now)
    else:
        _require_expired(row, now)
        require_may_change(actor, Role(row["role"]), "email")
        member_id = row["id"]
    allowance.require_one_more_member()
    await connection.execute(
        _MEMBERS["store_invited_member"],
        member_id,
        actor.workspace_id,
        offer.email,
        offer.name,
        offer.role.value,
        offer.places is not None,
        now,
    )
    await confine(connection, member_id, offer.places)
    return member_id


def _require_expired(row: asyncpg.Record, now: datetime) -> None:
    """Raise Conflict where an address belongs to somebody who has accepted, or still may."""
    if row["accepted_at"] is not None:
        raise Conflict("email belongs to a member already", path=("email",))
    if row["expires_at"] is not None and row["expires_at"] > now:
        raise Conflict("email is invited already: cancel that invitation first", path=("email",))


async def _store(connection: Connection, actor: Principal, member_id: UUID, letter: InvitationLetter) -> UUID:
    invitation_id: UUID = await connection.fetchval(
        _SQL["store_invitation"],
        new_id(letter.at),
        actor.workspace_id,
        member_id,
        digest_of(letter.token),
        actor.user_id,
        letter.at,
        letter.expires_at,
    )
    return invitation_id


async def _letter(
    connection: Connection, actor: Principal, offer: _Offer, secret: str, now: datetime
) -> InvitationLetter:
    heading = await connection.fetchrow(_SQL["heading"], actor.workspace_id, actor.user_id)
    if heading is None:
        raise NotFound("workspace not found")
    return InvitationLetter(
        recipient=offer.email,
        token=secret,
        inviter=heading["inviter"],
        workspace=heading["workspace"],
        role=offer.role,
        at=now,
        expires_at=now + INVITATION_LASTS,
    )
