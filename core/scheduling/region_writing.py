"""Stores what an operator tells of a region."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import astuple
from datetime import datetime

from core.db.database import Connection
from core.db.named_sql import named_sql
from core.ids import new_id
from core.scheduling.region_description import DESCRIBED, RegionDescription, describe

_SQL = named_sql("regions")


async def describe_region(
    connection: Connection, key: str, told: Mapping[str, str], now: datetime
) -> RegionDescription:
    """Describe the region of that key, made if it is new, in the caller's transaction; return how it is described.

    A new one takes no part before its first worker. Raises InvalidInput with everything that is wrong.
    """
    row = await connection.fetchrow(_SQL["lock_region"], key)
    present = RegionDescription(**{name: row[name] for name in DESCRIBED}) if row else RegionDescription()
    after = describe(key, told, present)
    if row is None:
        await connection.execute(_SQL["plan_region"], new_id(now), key, now)
    await connection.execute(_SQL["describe_region"], key, *astuple(after))
    return after
