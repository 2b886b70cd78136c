"""Tags of monitors."""

from __future__ import annotations

from uuid import UUID

import asyncpg
import strawberry

from core.ids import Prefix, encode_id
from core.monitors.tag_reading import monitor_counts
from graphql_schema.context import Info
from graphql_schema.described import field
from graphql_schema.nodes import Node


@strawberry.type(description="A word given to monitors, to find them by")
class Tag(Node):
    """A row of core.monitors.tag_reading."""

    key: strawberry.Private[UUID]
    name: str

    @field("How many monitors have it")
    async def monitor_count(self, info: Info) -> int:
        """Count its monitors."""
        return await info.context.reads.load(monitor_counts, self.key) or 0

    @classmethod
    def of(cls, row: asyncpg.Record) -> Tag:
        """Return the object that stands for a row."""
        return cls(id=strawberry.ID(encode_id(Prefix.TAG, row["id"])), key=row["id"], name=row["name"])
