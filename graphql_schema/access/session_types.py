"""The sessions of a person."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import asyncpg
import strawberry

from core.access.session_life import expires_at
from core.ids import Prefix, encode_id


@strawberry.type(description="A browser in which a person is signed in")
class Session:
    """A row of core.access.sessions."""

    id: strawberry.ID = strawberry.field(description="Opaque; for revokeSession")
    created_at: datetime = strawberry.field(description="When the person signed in")
    last_seen_at: datetime = strawberry.field(description="When it was last used, to the minute")
    expires_at: datetime = strawberry.field(
        description="When it ends unless it is used before, and in any case after 90 days"
    )
    user_agent: str | None = strawberry.field(description="What the browser called itself at the sign-in")
    current: bool = strawberry.field(description="Whether this is the session that asks")

    @classmethod
    def of(cls, row: asyncpg.Record, present: UUID | None) -> Session:
        """Return the object that stands for a row."""
        return cls(
            id=strawberry.ID(encode_id(Prefix.SESSION, row["id"])),
            created_at=row["created_at"],
            last_seen_at=row["last_seen_at"],
            expires_at=expires_at(created_at=row["created_at"], last_seen_at=row["last_seen_at"]),
            user_agent=row["user_agent"],
            current=row["id"] == present,
        )
