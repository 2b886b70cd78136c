"""Joins people to workspaces by invitation, inside the transactions of whoever lets them in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from core.access.presence import hold_workspace
from core.audit.action import AuditAction
from core.audit.change import created
from core.audit.recording import record
from core.db.database import Connection
from core.db.named_sql import named_sql
from core.errors import Conflict, NotFound
from core.secret_text import digest_of

_SQL = named_sql("invitations")
# Where whoever comes in gives the token of his invitation.
INVITATION_FIELD = ("invitationToken",)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Newcomer:
    """Who joins, as it is written down."""

    workspace_id: UUID
    user_id: UUID
    token_id: None = None


async def require_invitation(
    connection: Connection, token: str, email: str, now: datetime, *, path: tuple[str, ...]
) -> UUID:
    """Return the workspace that an address is invited to; raise NotFound, the same whatever is wrong with the token."""
    workspace_id: UUID | None = await connection.fetchval(
        _SQL["inviting_workspace"], digest_of(token.strip()), email, now
    )
    if workspace_id is None:
        raise _no_invitation(path)
    return workspace_id


async def join(
    connection: Connection, user_id: UUID, token: str, now: datetime, *, path: tuple[str, ...]
) -> UUID:
    """Let a person accept an invitation, and return the workspace; `path` is the field that the token came in.

    Raises NotFound of a token that is unknown, used, cancelled, expired or another address's, and Conflict where he
    belongs to the workspace already.
    """
    digest = digest_of(token.strip())
    workspace_id: UUID | None = await connection.fetchval(_SQL["invited_to"], digest)
    if workspace_id is not None:
        await hold_workspace(connection, workspace_id)
    row = await connection.fetchrow(_SQL["invited_member"], digest, user_id, now)
    if row is None or workspace_id is None:
        raise _no_invitation(path)
    if row["belongs_already"]:
        raise Conflict("you belong to that workspace already", path=path)
    await connection.execute(_SQL["accept_invitation"], row["member_id"], user_id, now)
    view = {"email": row["email"], "role": row["role"]}
    change = created(AuditAction.MEMBER_JOINED, row["member_id"], view)
    await record(connection, _Newcomer(workspace_id=workspace_id, user_id=user_id), change, now)
    return workspace_id


def _no_invitation(path: tuple[str, ...]) -> NotFound:
    return NotFound(f"{path[-1]} is no open invitation of this e-mail address", path=path)
