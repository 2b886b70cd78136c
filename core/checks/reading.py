"""Reads checks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias
from uuid import UUID

import asyncpg

from core.access.sight import Sight
from core.db.database import Connection
from core.db.listing import SortType, narrowed, ordered_by
from core.db.named_sql import named_sql
from core.ids import made_at_ms
from plugins.api.outcome import CheckStatus

_SQL = named_sql("read_checks")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST_MS = 253_402_300_799_999  # the end of the year 9999: later ids carry no moment that Python knows

CHECKS = _SQL["checks"]
MONITOR_OF_CHECK = "monitor_id"
CHECKS_OF_INCIDENTS = _SQL["checks_of_incidents"]
INCIDENT_OF_CHECK = "incident_id"
LATEST_FIRST = ordered_by("checks -slot", "slot", SortType.MOMENT, is_descending=True)

CheckKey: TypeAlias = tuple[UUID, datetime, int]


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckFilter:
    """Which checks a list shows: slots from `since` up to but not at `until`; None filters nothing."""

    since: datetime | None = None
    until: datetime | None = None
    status: CheckStatus | None = None

    def arguments(self, sight: Sight) -> tuple[Any, ...]:
        """Return the arguments of the list CHECKS."""
        return (sight.workspace_id, sight.since_or_later(self.since), self.until, self.status)


def key_of(row: asyncpg.Record) -> CheckKey:
    """Return what tells a check apart: monitor, slot, region."""
    return row["monitor_id"], row["slot"], row["region_id"]


async def last_checks(
    connection: Connection,
    sight: Sight,
    monitors: Sequence[UUID],
    columns: tuple[str, ...] | None = None,
) -> dict[UUID, asyncpg.Record]:
    """Return the latest check in sight of each monitor that has any: those of its columns, None for all."""
    sql = narrowed(_SQL["last_checks"], columns, (MONITOR_OF_CHECK,))
    rows = await connection.fetch(sql, sight.workspace_id, monitors, sight.since)
    return {row["monitor_id"]: row for row in rows}


async def checks_by_id(
    connection: Connection, sight: Sight, ids: Sequence[UUID]
) -> dict[UUID, asyncpg.Record]:
    """Return checks in sight by id, if their monitor exists."""
    moments = {check_id: made_at_ms(check_id) for check_id in ids}
    known = [check_id for check_id in ids if moments[check_id] < _LATEST_MS]
    slots = [_EPOCH + timedelta(milliseconds=moments[check_id]) for check_id in known]
    rows = await connection.fetch(
        _SQL["checks_by_id"], sight.workspace_id, sight.project_ids, sight.since, known, slots
    )
    return {row["id"]: row for row in rows}


async def check_details(
    connection: Connection, sight: Sight, keys: Sequence[CheckKey]
) -> dict[CheckKey, asyncpg.Record]:
    """Return `assertions` and `evidence` of those checks of which they were written down."""
    monitors, slots, regions = zip(*keys, strict=True)
    rows = await connection.fetch(_SQL["check_details"], sight.workspace_id, monitors, slots, regions)
    return {key_of(row): row for row in rows}
