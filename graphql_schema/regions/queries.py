"""Queries of regions."""

from __future__ import annotations

import strawberry

from core.access.principal import TokenScope
from graphql_schema.context import Info
from graphql_schema.described import field
from graphql_schema.regions.types import Region, regions_by_number


@strawberry.type
class RegionQueries:
    """The part of Query about regions."""

    @field("Where checks can run from")
    async def regions(self, info: Info) -> list[Region] | None:
        """Return all regions."""
        info.context.require_read(TokenScope.UPTIME_CHECKS)
        return [Region.of(row) for row in (await regions_by_number(info.context)).values()]
