"""Changes the workspace in which a person works."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from core.access.principal import Principal
from core.access.session_authentication import SessionAuthentication
from core.access.sessions import MovedSession, move_session
from core.db.database import Connection, Database
from core.db.named_sql import named_sql
from core.errors import Forbidden
from core.ids import Prefix, decode_id

_SQL = named_sql("people")


@dataclass(frozen=True, kw_only=True, slots=True)
class SwitchWorkspace:
    """Where to work from now on: in a workspace by its public id, or in the first that a user answers for.

    `field` is the name of the input's field.
    """

    workspace_id: str | None = None
    owner_id: str | None = None
    field: str = "workspaceId"


class SwitchService:
    """A session works in one workspace at a time; a token always in its own."""

    def __init__(self, *, database: Database, sessions: SessionAuthentication) -> None:
        self._database = database
        self._sessions = sessions

    async def switch(self, principal: Principal, wanted: SwitchWorkspace) -> Principal:
        """Return the person as he is in the workspace in which his session works now.

        Raises Forbidden for a token, and AccountContextForbidden for a workspace in which he has no place, which is
        the same as none.
        """
        user_id, session_id = principal.user_id, principal.session_id
        if user_id is None or session_id is None:
            raise Forbidden("the workspace is switched by the person who signed in")

        async def switch(connection: Connection) -> MovedSession:
            workspace_id = await _workspace_id(connection, user_id, wanted)
            return await move_session(connection, session_id, user_id, workspace_id, path=(wanted.field,))

        moved = await self._database.in_transaction(switch)
        self._sessions.forget_each(moved.digests)
        return moved.principal


async def _workspace_id(connection: Connection, user_id: UUID, wanted: SwitchWorkspace) -> UUID | None:
    if wanted.workspace_id is not None:
        return decode_id(Prefix.WORKSPACE, wanted.workspace_id)
    owner_id = decode_id(Prefix.USER, wanted.owner_id or "")
    found: UUID | None = await connection.fetchval(_SQL["workspace_of_owner"], user_id, owner_id)
    return found
