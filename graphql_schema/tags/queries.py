"""Queries of tags."""

from __future__ import annotations

import strawberry

from core.access.principal import TokenScope
from core.monitors.tag_reading import all_tags
from graphql_schema.context import Info
from graphql_schema.described import field
from graphql_schema.tags.types import Tag


@strawberry.type
class TagQueries:
    """The part of Query about tags."""

    @field("The tags in use, by name")
    async def tags(self, info: Info) -> list[Tag] | None:
        """Return all tags in sight."""
        context = info.context
        context.require_read(TokenScope.UPTIME_CHECKS)
        return [Tag.of(row) for row in await context.reads.once(all_tags, context.sight)]
