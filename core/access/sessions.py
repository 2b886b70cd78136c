"""Begins, rotates and ends sessions, inside the transactions of whoever changes accounts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import asyncpg

from core.access.plans import Plan
from core.access.principal import Principal, Role
from core.access.project_scope import project_ids_of
from core.access.session_life import ABSOLUTE, IDLE
from core.audit.action import AuditAction
from core.audit.change import AuditedChange, deleted
from core.audit.recording import record_all
from core.db.database import Connection
from core.db.named_sql import named_sql
from core.db.notifications import NotifyChannel, notify
from core.errors import AccountContextForbidden, Forbidden, Unauthenticated
from core.ids import new_id
from core.secret_text import digest_of, new_secret

_SQL = named_sql("sessions")
_PEOPLE = named_sql("people")
MOST_SESSIONS = 50
_LONGEST_USER_AGENT = 300


@dataclass(frozen=True, kw_only=True, slots=True)
class Visit:
    """Where a request comes from. `session_secret` is that of the cookie it brought, valid or not."""

    address: str
    user_agent: str | None = None
    session_secret: str | None = field(default=None, repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class SignedIn:
    """Who came in, the secret that his cookie is to hold, and the digests in hex of what ended with that."""

    principal: Principal
    secret: str = field(repr=False)
    ended: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class MovedSession:
    """Who a session stands for in the workspace that it works in now, and what it is known by."""

    principal: Principal
    digests: Sequence[str]


async def begin_session(
    connection: Connection, user_id: UUID, workspace_id: UUID | None, visit: Visit, now: datetime
) -> SignedIn:
    """Begin a person's session in one of his workspaces; whatever the visitor's cookie opened ends.

    Raises Forbidden where the workspace is None, or none of his: he belongs to none any more.
    """
    place = await _hold_place(connection, user_id, workspace_id)
    if place is None or workspace_id is None:
        raise Forbidden("you belong to no workspace: ask for an invitation")
    ended = await end_session(connection, visit.session_secret)
    secret, session_id = new_secret(), new_id(now)
    await connection.execute(
        _SQL["begin_session"],
        session_id,
        user_id,
        workspace_id,
        digest_of(secret),
        _shown_user_agent(visit.user_agent),
        now,
    )
    surplus = await connection.fetch(_SQL["end_surplus_sessions"], user_id, MOST_SESSIONS)
    ended = [*ended, *await _tell(connection, surplus)]
    principal = session_principal(session_id, user_id, workspace_id, place)
    return SignedIn(principal=principal, secret=secret, ended=ended)


def session_principal(
    session_id: UUID, user_id: UUID, workspace_id: UUID, place: asyncpg.Record
) -> Principal:
    """Return whom a session stands for; `place` has his `role` and scope in the workspace, and its `plan`."""
    return Principal(
        workspace_id=workspace_id,
        user_id=user_id,
        token_id=None,
        role=Role(place["role"]),
        grants=frozenset(),
        plan=Plan(place["plan"]),
        session_id=session_id,
        project_ids=project_ids_of(place),
    )


async def rotate_session(connection: Connection, principal: Principal, now: datetime) -> SignedIn | None:
    """Give the principal's session another secret; None if the session has ended meanwhile."""
    secret = new_secret()
    rows = await connection.fetch(_SQL["rotate_session"], principal.session_id, digest_of(secret), now)
    ended = await _tell(connection, rows)
    return SignedIn(principal=principal, secret=secret, ended=ended) if rows else None


async def move_session(
    connection: Connection,
    session_id: UUID,
    user_id: UUID,
    workspace_id: UUID | None,
    *,
    path: tuple[str, ...],
) -> MovedSession:
    """Let a person's session work in another workspace from now on; `path` is the field that names it.

    Raises AccountContextForbidden if he has no place there, Unauthenticated if the session has ended meanwhile.
    """
    place = await _hold_place(connection, user_id, workspace_id)
    if place is None or workspace_id is None:
        raise AccountContextForbidden(path=path)
    rows = await connection.fetch(_SQL["move_session"], session_id, user_id, workspace_id)
    if not rows:
        raise Unauthenticated("the session has ended: sign in")
    principal = session_principal(session_id, user_id, workspace_id, place)
    return MovedSession(principal=principal, digests=await _tell(connection, rows))


async def _hold_place(
    connection: Connection, user_id: UUID, workspace_id: UUID | None
) -> asyncpg.Record | None:
    """Return what a person is in a workspace; until the transaction ends, that does not change."""
    await connection.execute(_PEOPLE["hold_membership"], user_id, workspace_id)
    return await connection.fetchrow(_PEOPLE["membership"], user_id, workspace_id)


async def end_session(connection: Connection, secret: str | None) -> Sequence[str]:
    """End the session of a secret, if there is one; return its digest in hex."""
    if secret is None:
        return ()
    return await _tell(connection, await connection.fetch(_SQL["end_session_by_digest"], digest_of(secret)))


async def end_own_session(
    connection: Connection, principal: Principal, session_id: UUID | None, now: datetime
) -> Sequence[str]:
    """End one of the person's sessions, if he has it, and write that down; return its digest in hex."""
    rows = await connection.fetch(_SQL["end_own_session"], principal.user_id, session_id)
    await record_all(connection, principal, [_ended(session_id, row) for row in rows if session_id], now)
    return await _tell(connection, rows)


def _ended(session_id: UUID, row: asyncpg.Record) -> AuditedChange:
    view = {
        "createdAt": row["created_at"],
        "lastSeenAt": row["last_seen_at"],
        "userAgent": row["user_agent"],
    }
    return deleted(AuditAction.SESSION_REVOKED, session_id, view)


async def end_other_sessions(connection: Connection, user_id: UUID, kept: UUID | None) -> Sequence[str]:
    """End all sessions of a person but the one to keep; return their digests in hex."""
    return await _tell(connection, await connection.fetch(_SQL["end_other_sessions"], user_id, kept))


async def sessions_of_user(connection: Connection, user_id: UUID, now: datetime) -> list[asyncpg.Record]:
    """Return a person's sessions that have not expired, the last used first."""
    return await connection.fetch(_SQL["sessions_of_user"], user_id, now - ABSOLUTE, now - IDLE)


async def _tell(connection: Connection, ended: Iterable[asyncpg.Record]) -> list[str]:
    digests = [row["digest"] for row in ended]
    for digest in digests:
        await notify(connection, NotifyChannel.SESSIONS, digest)
    return digests


def _shown_user_agent(text: str | None) -> str | None:
    """Return what people will know their browser by: one line that PostgreSQL can hold."""
    shown = "".join(character for character in text or "" if character.isprintable())
    return shown[:_LONGEST_USER_AGENT] or None
