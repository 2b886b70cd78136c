"""Where checks run from."""

from __future__ import annotations

import asyncpg
import strawberry

from core.ids import Prefix, encode_id
from core.scheduling.region_reading import all_regions
from graphql_schema.context import Context
from graphql_schema.nodes import Node


@strawberry.type(description="Where checks run from")
class Region(Node):
    """A row of core.scheduling.region_reading."""

    key: str = strawberry.field(description="Its name in settings and inputs")
    city: str | None = strawberry.field(description="Where that is; null if the operator did not say")
    country: str | None = strawberry.field(
        description="The country by name; null if the operator did not say"
    )
    country_code: str | None = strawberry.field(description="ISO 3166-1, two letters")
    latitude: float | None = strawberry.field(description="Degrees north; null if the operator did not say")
    longitude: float | None = strawberry.field(description="Degrees east; null if the operator did not say")
    is_active: bool = strawberry.field(description="Whether a worker of it is alive")
    workers: int = strawberry.field(description="How many of its workers are alive")

    @classmethod
    def of(cls, row: asyncpg.Record) -> Region:
        """Return the object that stands for a row."""
        return cls(
            id=strawberry.ID(encode_id(Prefix.REGION, row["public_id"])),
            key=row["key"],
            city=row["city"],
            country=row["country"],
            country_code=row["country_code"],
            latitude=row["latitude"],
            longitude=row["longitude"],
            is_active=row["workers"] > 0,
            workers=row["workers"],
        )


async def regions_by_number(context: Context) -> dict[int, asyncpg.Record]:
    """Return the rows of all regions; they are few, and read once a request."""
    return await context.reads.once(all_regions, context.now)


async def regions_numbered(context: Context, numbers: list[int]) -> list[Region]:
    """Return those of the regions that are known, in the order of the numbers."""
    known = await regions_by_number(context)
    return [Region.of(known[number]) for number in numbers if number in known]
