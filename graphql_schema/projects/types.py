"""Projects: groups of monitors."""

from __future__ import annotations

from datetime import datetime
from types import MappingProxyType
from uuid import UUID

import asyncpg
import strawberry

from core.ids import Prefix
from core.monitors.project_reading import project_statuses
from core.monitors.reading import CREATED, EVERY_MONITOR, MONITORS, PROJECT_OF_MONITOR
from core.monitors.status import MonitorStatus
from graphql_schema.arguments import After, First
from graphql_schema.asked_columns import columns_asked
from graphql_schema.context import Info
from graphql_schema.described import field
from graphql_schema.monitors.types import Monitor
from graphql_schema.nodes import Node
from graphql_schema.pagination import Connection, Listed, PageArguments, connect_below
from graphql_schema.row_backed import RowBacked, all_stored, public_id, stored


@strawberry.type(description="A group of monitors; each workspace has a default one, which cannot be deleted")
class Project(RowBacked, Node):
    """A row of core.monitors.project_reading."""

    COLUMNS = MappingProxyType(
        {
            "id": public_id(Prefix.PROJECT),
            "key": stored("id"),
            **all_stored("name", "is_default", "created_at", "revision"),
        }
    )

    row: strawberry.Private[asyncpg.Record]
    key: strawberry.Private[UUID]
    name: str = strawberry.field(description="What people call it; need not be unique")
    is_default: bool = strawberry.field(description="Whether it takes the monitors that name no project")
    created_at: datetime = strawberry.field(description="When it was made")
    revision: int = strawberry.field(description="Give it to an update, and a stale one is a CONFLICT")

    @field("That of its gravest monitor; paused ones say nothing")
    async def status(self, info: Info) -> MonitorStatus:
        """Return the status, PENDING if nothing is watched."""
        return await info.context.reads.load(project_statuses, self.key) or MonitorStatus.PENDING

    @field("Its monitors, in the order of their making")
    async def monitors(
        self, info: Info, first: First = strawberry.UNSET, after: After = strawberry.UNSET
    ) -> Connection[Monitor]:
        """Return a page of monitors."""
        listed = Listed(
            select=MONITORS,
            arguments=EVERY_MONITOR.arguments(info.context.sight),
            show=Monitor.of,
            parent_column=PROJECT_OF_MONITOR,
            columns=columns_asked(info, Monitor),
        )
        request = PageArguments(first=first, after=after).request(CREATED)
        return await connect_below(info.context, self.key, listed, request)
