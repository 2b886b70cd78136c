"""What of the outbox Dashmon tells: counts of the last day, and the latest failures."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import asyncpg
import msgspec

from core.access.permission import may
from core.access.principal import Principal, TokenPermission, TokenScope
from core.access.sight import Sight
from core.db.listing import count_rows_by, read_stretch
from core.deliveries.delivery_status import DeliveryStatus
from core.deliveries.reading import DELIVERIES, LATEST_FIRST, DeliveryFilter
from core.ids import Prefix, encode_id
from core.moments import write_moment
from rest_compat.dashmon.reads import Reads

_RECENT = timedelta(hours=24)
MOST_FAILURES = 5


class DeliveryCounts(msgspec.Struct, frozen=True, kw_only=True):
    """Messages of the last 24 hours by what became of them; of those whose destinations may be seen."""

    pending: int
    delivered: int
    failed: int
    suppressed: int


class FailedDelivery(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A message that did not arrive."""

    id: str
    event: str
    destination: str
    attempts: int
    status_code: int | None
    error: str | None
    created_at: str


async def delivery_counts(read: Reads, principal: Principal) -> DeliveryCounts | None:
    """Return the counts; None to who may see no destination."""
    chosen = _filter(principal)
    if chosen is None:
        return None
    rows = await count_rows_by(read.connection, DELIVERIES, chosen.arguments(_recent(read)), ("status",))
    totals = {row["status"]: row["total"] for row in rows}
    return DeliveryCounts(**{status.value.lower(): totals.get(status.value, 0) for status in DeliveryStatus})


async def latest_failures(read: Reads, principal: Principal) -> list[FailedDelivery]:
    """Return the latest failures of the last 24 hours, of the destinations that may be seen."""
    chosen = _filter(principal)
    if chosen is None:
        return []
    failed = replace(chosen, statuses=[DeliveryStatus.FAILED])
    rows = await read_stretch(
        read.connection,
        DELIVERIES,
        failed.arguments(_recent(read)),
        LATEST_FIRST,
        skipped=0,
        size=MOST_FAILURES,
    )
    return [_shown(row) for row in rows]


def _filter(principal: Principal) -> DeliveryFilter | None:
    to_channels = may(principal, TokenScope.NOTIFICATIONS, TokenPermission.READ)
    to_webhooks = may(principal, TokenScope.WEBHOOKS, TokenPermission.READ)
    if not (to_channels or to_webhooks):
        return None
    return DeliveryFilter(to_channels=to_channels, to_webhooks=to_webhooks)


def _recent(read: Reads) -> Sight:
    return replace(read.sight, since=read.sight.since_or_later(read.now - _RECENT))


def _shown(row: asyncpg.Record) -> FailedDelivery:
    return FailedDelivery(
        id=encode_id(Prefix.DELIVERY, row["id"]),
        event=row["event"].lower(),
        destination="webhook" if row["channel_id"] is None else "channel",
        attempts=row["attempts"],
        status_code=row["status_code"],
        error=row["error"],
        created_at=write_moment(row["created_at"]),
    )


COUNTS_EXAMPLE = {"pending": 0, "delivered": 12, "failed": 1, "suppressed": 0}
FAILURE_EXAMPLE = {
    "id": "wd_01m81q4vb2ex285gqsh83acwyg",
    "event": "monitor_down",
    "destination": "webhook",
    "attempts": 8,
    "statusCode": 503,
    "error": "503 Service Unavailable",
    "createdAt": "2026-02-16T11:23:00.000Z",
}
