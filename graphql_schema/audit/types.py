"""What was written down of a change."""

from __future__ import annotations

from datetime import datetime

import asyncpg
import strawberry
from strawberry.scalars import JSON

from core.ids import Prefix, encode_id
from graphql_schema.access.types import ApiToken, User, person_behind
from graphql_schema.context import Info
from graphql_schema.described import field
from graphql_schema.nodes import Node


@strawberry.type(description="A change that somebody made; kept for 90 days, for owners and admins")
class AuditEntry(Node):
    """A row of core.audit.reading."""

    row: strawberry.Private[asyncpg.Record]
    at: datetime = strawberry.field(description="When it was made")
    action: str = strawberry.field(
        description="What was done, such as monitor.updated; each is explained in the reference of the audit log"
    )
    subject_id: strawberry.ID | None = strawberry.field(
        description="What it was done to, be it there still or not"
    )
    before: JSON | None = strawberry.field(
        description="What was there before, of an update what differs; null of what was made. Secrets are never shown"
    )
    after: JSON | None = strawberry.field(
        description="What was there after, of an update what differs; null of what was deleted. Secrets are never shown"
    )

    @field("Who made it; null for the operator at the server's command line. It needs TEAM")
    async def actor(self, info: Info) -> User | None:
        """Return the person, who may have left the workspace."""
        return await person_behind(info.context, self.row["user_id"])

    @field("The API token that spoke for the actor; null for a person who signed in")
    async def token(self, info: Info) -> ApiToken | None:
        """Return the token; it needs its own scope."""
        token: ApiToken | None = await info.context.find_granted(Prefix.TOKEN, self.row["token_id"])
        return token

    @classmethod
    def of(cls, row: asyncpg.Record) -> AuditEntry:
        """Return the object that stands for a row."""
        return cls(
            id=strawberry.ID(encode_id(Prefix.AUDIT_ENTRY, row["id"])),
            row=row,
            at=row["at"],
            action=row["action"],
            subject_id=strawberry.ID(encode_id(Prefix(row["subject"]), row["subject_id"])),
            before=row["before"],
            after=row["after"],
        )
