"""Tags of monitors."""

from __future__ import annotations

from types import MappingProxyType
from uuid import UUID

import asyncpg
import strawberry

from core.ids import Prefix
from core.monitors.tag_reading import monitor_counts
from graphql_schema.context import Info
from graphql_schema.described import field
from graphql_schema.nodes import Node
from graphql_schema.row_backed import RowBacked, public_id, stored


@strawberry.type(description="A word given to monitors, to find them by")
class Tag(RowBacked, Node):
    """A row of core.monitors.tag_reading."""

    COLUMNS = MappingProxyType({"id": public_id(Prefix.TAG), "key": stored("id"), "name": stored("name")})

    row: strawberry.Private[asyncpg.Record]
    key: strawberry.Private[UUID]
    name: str = strawberry.field(
        description="The word itself: unique in the workspace whatever its case, at most 100 characters"
    )

    @field("How many monitors have it")
    async def monitor_count(self, info: Info) -> int:
        """Count its monitors."""
        return await info.context.reads.load(monitor_counts, self.key) or 0
