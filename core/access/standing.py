"""What is known everywhere of a person's place in a workspace: told anew when it changes, ended when he leaves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from core.access.session_authentication import SessionAuthentication
from core.access.token_authentication import TokenAuthentication
from core.db.database import Connection
from core.db.named_sql import named_sql
from core.db.notifications import NotifyChannel, notify_each

_SQL = named_sql("members")


@dataclass(frozen=True, kw_only=True, slots=True)
class Known:
    """The digests in hex by which caches know a person in a workspace."""

    tokens: Sequence[str] = ()
    sessions: Sequence[str] = ()


async def tell_anew(connection: Connection, workspace_id: UUID, user_id: UUID | None) -> Known:
    """Let all processes look again at what a person may do with his tokens and sessions in a workspace."""
    tokens = await connection.fetch(_SQL["tokens_of_member"], workspace_id, user_id)
    sessions = await connection.fetch(_SQL["sessions_of_member"], workspace_id, user_id)
    return await _told(connection, tokens, sessions)


async def end_standing(
    connection: Connection, workspace_id: UUID, user_id: UUID | None, now: datetime
) -> Known:
    """Revoke the tokens that a person made in a workspace, and end the sessions that work in it."""
    tokens = await connection.fetch(_SQL["revoke_tokens_of_member"], workspace_id, user_id, now)
    sessions = await connection.fetch(_SQL["end_sessions_of_member"], workspace_id, user_id)
    return await _told(connection, tokens, sessions)


async def _told(
    connection: Connection, tokens: Sequence[asyncpg.Record], sessions: Sequence[asyncpg.Record]
) -> Known:
    known = Known(tokens=[row["digest"] for row in tokens], sessions=[row["digest"] for row in sessions])
    await notify_each(connection, NotifyChannel.TOKENS, known.tokens)
    await notify_each(connection, NotifyChannel.SESSIONS, known.sessions)
    return known


@dataclass(frozen=True, kw_only=True, slots=True)
class Caches:
    """Those of this process."""

    tokens: TokenAuthentication
    sessions: SessionAuthentication

    def forget(self, known: Known) -> None:
        """Forget here at once what the other processes hear of."""
        for digest in known.tokens:
            self.tokens.forget(digest)
        self.sessions.forget_each(known.sessions)
