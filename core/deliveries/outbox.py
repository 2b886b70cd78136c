"""The outbox: deliveries leased, and what became of them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg

from core.db.database import Connection
from core.db.named_sql import named_sql
from core.deliveries.attempt import Attempt
from core.deliveries.delivery_event import FAILURES, DeliveryEvent
from core.deliveries.delivery_status import DeliveryStatus
from core.ids import Prefix, encode_id, new_id

LEASE = timedelta(seconds=30)

_SQL = named_sql("deliveries")
_FAILURE_NAMES = sorted(FAILURES)


@dataclass(frozen=True, kw_only=True, slots=True)
class LeasedDelivery:
    """A delivery to be sent by whoever leased it, and all that bears on it at the moment of the lease.

    `attempts` counts the one to come. `may_be_received` and `reference` are of earlier messages.
    `lease` is the moment at which it ends, and the proof of holding it.
    """

    id: UUID
    lease: datetime
    workspace_id: UUID
    transition_id: UUID | None
    event: DeliveryEvent
    channel_id: UUID | None
    webhook_id: UUID | None
    recipient: str
    incident_id: UUID | None
    attempts: int
    body: str
    created_at: datetime
    may_be_received: bool
    channel_kind: str | None
    channel_config: Any
    webhook_url: str | None
    webhook_secret: str | None = field(repr=False)
    destination_is_active: bool
    destination_is_deleted: bool
    incident_has_ended: bool
    was_told_of_failure: bool
    reference: str | None

    @property
    def public_id(self) -> str:
        """The idempotency key, the same over all attempts."""
        return encode_id(Prefix.DELIVERY, self.id)

    @property
    def destination_id(self) -> UUID:
        """The channel or the webhook."""
        destination = self.channel_id or self.webhook_id
        if destination is None:
            raise ValueError("a delivery has a destination")
        return destination


async def lease_deliveries(
    connection: Connection, *, now: datetime, limit: int, share: int, busy: Collection[UUID]
) -> tuple[LeasedDelivery, ...]:
    """Lease up to `limit` due deliveries, at most `share` of a destination, and none of the busy ones."""
    lease = now + LEASE
    rows = await connection.fetch(
        _SQL["lease_deliveries"], now, lease, limit, share, list(busy), _FAILURE_NAMES
    )
    return tuple(_leased(row, lease) for row in rows)


async def mark_delivered(
    connection: Connection, delivery: LeasedDelivery, attempt: Attempt, *, now: datetime
) -> None:
    """Say that the message was delivered, whoever holds the lease by now."""
    answer = f"HTTP {attempt.status_code} after" if attempt.status_code is not None else "accepted after"
    reason = f"{answer} {attempt.response_time_ms:.0f} ms, attempt {delivery.attempts}"
    await _end(connection, delivery, DeliveryStatus.DELIVERED, "DELIVERED", reason, now=now, attempt=attempt)


async def mark_failed(
    connection: Connection, delivery: LeasedDelivery, attempt: Attempt, *, now: datetime
) -> None:
    """Give up for good."""
    reason = f"gave up after attempt {delivery.attempts}: {attempt.error_text}"
    await _end(connection, delivery, DeliveryStatus.FAILED, "FAILED", reason, now=now, attempt=attempt)


async def mark_suppressed(
    connection: Connection, delivery: LeasedDelivery, reason: str, *, now: datetime
) -> None:
    """Say that the message is not to be sent any more; the attempt that the lease counted was none."""
    await _end(connection, delivery, DeliveryStatus.SUPPRESSED, "DROP", reason, now=now, attempt=None)


async def mark_for_retry(
    connection: Connection, delivery: LeasedDelivery, attempt: Attempt, *, next_attempt_at: datetime
) -> None:
    """Schedule the next attempt."""
    await _schedule(
        connection,
        delivery,
        next_attempt_at,
        error=attempt.error_text,
        status_code=attempt.status_code,
        response_time_ms=attempt.response_time_ms,
        may_be_received=attempt.may_be_received,
    )


async def put_off(
    connection: Connection, delivery: LeasedDelivery, reason: str, *, next_attempt_at: datetime
) -> None:
    """Let a message wait that nobody tried to send."""
    await _schedule(connection, delivery, next_attempt_at, error=reason, attempts_undone=1)


async def give_back(connection: Connection, delivery: LeasedDelivery) -> None:
    """End the lease of a message whose sending was cut: somebody else is to send it."""
    await connection.execute(_SQL["give_back_delivery"], delivery.workspace_id, delivery.id, delivery.lease)


async def address_to(
    connection: Connection, delivery: LeasedDelivery, recipients: Sequence[str], *, now: datetime
) -> None:
    """Make a message to a recipient that was not known into one for each of the recipients, all due at once.

    Runs in the caller's transaction.
    """
    first, *others = recipients
    addressed = await connection.fetchval(
        _SQL["address_delivery"], delivery.workspace_id, delivery.id, delivery.lease, first
    )
    if addressed is not None and others:
        ids = [new_id(now) for _ in others]
        await connection.execute(_SQL["copy_to_recipients"], delivery.workspace_id, delivery.id, ids, others)


async def note_webhook_attempt(
    connection: Connection, delivery: LeasedDelivery, attempt: Attempt, *, now: datetime
) -> None:
    """Show on the webhook what its last request was answered with."""
    await connection.execute(
        _SQL["note_webhook_attempt"], delivery.workspace_id, delivery.webhook_id, attempt.status_code, now
    )


async def _schedule(
    connection: Connection,
    delivery: LeasedDelivery,
    next_attempt_at: datetime,
    *,
    error: str | None,
    status_code: int | None = None,
    response_time_ms: float | None = None,
    may_be_received: bool = False,
    attempts_undone: int = 0,
) -> None:
    await connection.execute(
        _SQL["retry_delivery"],
        delivery.workspace_id,
        delivery.id,
        delivery.lease,
        next_attempt_at,
        status_code,
        response_time_ms,
        error,
        delivery.may_be_received or may_be_received,
        attempts_undone,
    )


async def _end(
    connection: Connection,
    delivery: LeasedDelivery,
    status: DeliveryStatus,
    outcome: str,
    reason: str,
    *,
    now: datetime,
    attempt: Attempt | None,
) -> None:
    is_delivered = status is DeliveryStatus.DELIVERED
    unsure = delivery.may_be_received or (attempt is not None and attempt.may_be_received)
    await connection.fetchval(
        _SQL["end_delivery"],
        delivery.workspace_id,
        delivery.id,
        delivery.lease,
        now,
        status.value,
        None if attempt is None else attempt.status_code,
        None if attempt is None else attempt.response_time_ms,
        None if attempt is None or attempt.receipt is None else attempt.receipt.reference,
        None if is_delivered else reason if attempt is None else attempt.error_text,
        unsure and not is_delivered,
        1 if attempt is None else 0,
        new_id(now),
        outcome,
        reason,
    )


def _leased(row: asyncpg.Record, lease: datetime) -> LeasedDelivery:
    return LeasedDelivery(**{**row, "event": DeliveryEvent(row["event"])}, lease=lease)
