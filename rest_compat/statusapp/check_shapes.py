"""Checks as StatusApp shows them."""

from __future__ import annotations

from collections.abc import Mapping

import asyncpg
import msgspec

from core.ids import Prefix, encode_id
from core.moments import write_moment
from plugins.api.outcome import CheckStatus

CHECK_COLUMNS = ("id", "status", "response_us", "status_code", "checked_at", "region_id")

_STATUSES: Mapping[int, str] = {int(status): status.name for status in CheckStatus}


class WorkerRegion(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Where a check ran; null what the operator did not say."""

    country: str | None
    country_code: str | None
    city: str | None


class ShownCheck(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One look. `responseTime` is in milliseconds, null without an answer; a heartbeat's has no region."""

    id: str
    status: str
    response_time: int | None
    status_code: int | None
    checked_at: str
    worker_region: WorkerRegion | None


Regions = Mapping[int, asyncpg.Record]


def shown_check(row: asyncpg.Record, regions: Mapping[int, WorkerRegion]) -> ShownCheck:
    """Return a row of core.checks.reading, at least its CHECK_COLUMNS."""
    return ShownCheck(
        id=encode_id(Prefix.CHECK, row["id"]),
        status=_STATUSES[row["status"]],
        response_time=whole_milliseconds(row["response_us"]),
        status_code=row["status_code"],
        checked_at=write_moment(row["checked_at"]),
        worker_region=regions.get(row["region_id"]),
    )


def worker_regions(rows: Regions) -> dict[int, WorkerRegion]:
    """Return where each region is, by its number."""
    return {
        number: WorkerRegion(country=row["country"], country_code=row["country_code"], city=row["city"])
        for number, row in rows.items()
    }


def whole_milliseconds(microseconds: int | None) -> int | None:
    """Return whole milliseconds, as the page has them."""
    return None if microseconds is None else round(microseconds / 1000)
