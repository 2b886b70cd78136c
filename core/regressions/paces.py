"""Reads how fast watched monitors were of late, and what that says of them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from uuid import UUID

import asyncpg

from core.db.database import Connection
from core.db.named_sql import named_sql
from core.regressions.rule import INTERVALS_A_STRETCH, STRETCH, RegionPace, Regression, reach_regression

_SQL = named_sql("regressions")
FIRST = UUID(int=0)


@dataclass(frozen=True, kw_only=True, slots=True)
class WatchedPace:
    """What the last stretch says of a monitor, None for nothing, and how it stands."""

    monitor_id: UUID
    regression: Regression | None
    is_open: bool
    is_dismissed: bool

    @property
    def may_change(self) -> bool:
        """Whether an incident may open or end, or what was resolved by hand is absent by now."""
        if self.regression is None:
            return False
        stands = self.is_open or self.is_dismissed
        return stands is self.regression.condition.is_absent


async def read_paces(
    connection: Connection, now: datetime, *, after: UUID, most: int, only: Collection[UUID] | None = None
) -> list[WatchedPace]:
    """Return up to `most` monitors in the order of their ids, after that one, and of these `only` if they are given."""
    rows = await connection.fetch(_SQL["recent_paces"], now, STRETCH, INTERVALS_A_STRETCH, only, after, most)
    return [_watched(list(group)) for _, group in groupby(rows, key=lambda row: row["monitor_id"])]


def _watched(rows: list[asyncpg.Record]) -> WatchedPace:
    first = rows[0]
    regression = reach_regression(
        [_pace(row) for row in rows if row["region_id"] is not None],
        threshold_percent=first["regression_threshold_percent"],
        regions_to_agree=first["regions_to_agree"],
    )
    return WatchedPace(
        monitor_id=first["monitor_id"],
        regression=regression,
        is_open=first["is_open"],
        is_dismissed=first["is_dismissed"],
    )


def _pace(row: asyncpg.Record) -> RegionPace:
    return RegionPace(
        region_id=row["region_id"],
        usual_us=row["usual_us"],
        parts_us=(row["first_us"], row["second_us"], row["third_us"]),
        looks=row["looks"],
        since=row["since"],
    )
