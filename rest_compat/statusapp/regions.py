"""StatusApp's route of worker regions, and the regions that its clients name."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPMethod
from typing import Any, Final

import asyncpg
import msgspec

from core.access.permission import require
from core.access.principal import TokenPermission, TokenScope
from core.access.rights import QUERIES
from core.ids import Prefix, decode_id, encode_id
from core.issues import Issues
from core.scheduling.region_reading import all_regions
from rest_compat.route import Call, Route

_FIELD: Final = "enabledWorkerRegionIds"


class ShownRegion(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Where checks can run from; null what the operator did not say. It is active while a worker of it is alive."""

    id: str
    city: str | None
    country: str | None
    country_code: str | None
    latitude: float | None
    longitude: float | None
    is_active: bool


class RegionList(msgspec.Struct, frozen=True, kw_only=True):
    """All regions."""

    regions: list[ShownRegion]


def shown_region(row: asyncpg.Record) -> ShownRegion:
    """Return a row of core.scheduling.region_reading."""
    return ShownRegion(
        id=region_id(row),
        city=row["city"],
        country=row["country"],
        country_code=row["country_code"],
        latitude=row["latitude"],
        longitude=row["longitude"],
        is_active=row["workers"] > 0,
    )


def region_id(row: asyncpg.Record) -> str:
    """Return the public id of a region."""
    return encode_id(Prefix.REGION, row["public_id"])


async def region_keys(call: Call, ids: Sequence[Any], issues: Issues) -> list[str]:
    """Return the keys of the regions that a body names; note each id that names none."""
    async with call.services.database.acquire() as connection:
        rows = (await all_regions(connection, call.services.clock.now())).values()
    keys = {row["public_id"]: row["key"] for row in rows}
    found = []
    for place, text in enumerate(ids):
        identifier = decode_id(Prefix.REGION, text)
        if identifier in keys:
            found.append(keys[identifier])
        else:
            issues.refuse_value((_FIELD, str(place)), "unknown", "names no region", text)
    return found


async def _list(call: Call) -> RegionList:
    require(call.principal, TokenScope.UPTIME_CHECKS, TokenPermission.READ)
    async with call.services.database.acquire() as connection:
        rows = await all_regions(connection, call.services.clock.now())
    return RegionList(regions=[shown_region(row) for row in rows.values()])


EXAMPLE: Final = {
    "id": "reg_01m81q4vb2ex285gqsh83acwyg",
    "city": "Virginia",
    "country": "United States",
    "countryCode": "US",
    "latitude": 37.926868,
    "longitude": -78.024902,
    "isActive": True,
}

ROUTES = (
    Route(
        method=HTTPMethod.GET,
        path="/api/v1/worker-regions",
        name="listWorkerRegions",
        summary="List available regions",
        right=QUERIES["regions"],
        answer=_list,
        result=RegionList,
        example={"regions": [EXAMPLE]},
    ),
)
