"""What is done with one leased delivery: send it and mark how that ended, or say why it is not sent."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

from core.clock import Clock
from core.db.absence import CONNECTION_ERRORS, is_absence
from core.db.contention import CONTENTION
from core.db.database import Connection, Database
from core.deliveries import outbox
from core.deliveries.attempt import Attempt, attempt_delivery
from core.deliveries.channel_message import addressed
from core.deliveries.disposition import Circumstances, reason_not_to_send
from core.deliveries.loaded_channel import UNKNOWN_RECIPIENT, ChannelUnusable, LoadedChannel, load_channel
from core.deliveries.outbox import LeasedDelivery
from core.deliveries.retry import FailedAttempt, next_attempt
from core.deliveries.sender import Sender
from core.log import get_logger
from core.plugin_registry import PluginRegistry
from plugins.api.notifier import Audience, Receipt

# A kind comes back with the next start of this process, or never.
ASK_FOR_KIND_AGAIN_AFTER = timedelta(minutes=5)
MARK_AGAIN_AFTER_SECONDS = 0.5

log = get_logger(__name__)


class Dispatch:
    """Deals with leased deliveries, one at each call. `jitter` returns a random number from 0 to 1.

    `unmarked` counts those that were delivered and wait for the database to be told so.
    """

    def __init__(
        self,
        *,
        database: Database,
        registry: PluginRegistry,
        sender: Sender,
        clock: Clock,
        jitter: Callable[[], float],
    ) -> None:
        self._database = database
        self._registry = registry
        self._sender = sender
        self._clock = clock
        self._jitter = jitter
        self.unmarked = 0

    async def __call__(self, delivery: LeasedDelivery) -> None:
        """Send the message unless its time is over."""
        try:
            channel = self._channel(delivery)
        except ChannelUnusable as error:
            await self._send_or_suppress(delivery, None, unusable=str(error))
        else:
            await self._send_or_suppress(delivery, channel)

    async def give_back(self, delivery: LeasedDelivery) -> None:
        """Leave a message whose sending was cut to whoever comes next."""
        async with self._database.acquire() as connection:
            await outbox.give_back(connection, delivery)

    def _channel(self, delivery: LeasedDelivery) -> LoadedChannel | None:
        if delivery.channel_kind is None:
            return None
        return load_channel(self._registry, delivery.channel_kind, delivery.channel_config)

    async def _send_or_suppress(
        self, delivery: LeasedDelivery, channel: LoadedChannel | None, *, unusable: str | None = None
    ) -> None:
        audience = Audience.MACHINES if channel is None else channel.notifier.audience
        reason = reason_not_to_send(_circumstances(delivery, audience))
        if reason is not None:
            await self._suppress(delivery, reason)
        elif unusable is not None:
            await self._wait_for_kind(delivery, unusable)
        elif channel is not None and delivery.recipient == UNKNOWN_RECIPIENT:
            await self._address(delivery, channel)
        else:
            await self._send(delivery, channel)

    async def _suppress(self, delivery: LeasedDelivery, reason: str) -> None:
        async with self._database.acquire() as connection:
            await outbox.mark_suppressed(connection, delivery, reason, now=self._clock.now())

    async def _wait_for_kind(self, delivery: LeasedDelivery, reason: str) -> None:
        """Keep a message that cannot be sent by this process, however long it takes."""
        log.warning("delivery.waits_for_kind", delivery=delivery.public_id, reason=reason)
        due = self._clock.now() + ASK_FOR_KIND_AGAIN_AFTER
        async with self._database.acquire() as connection:
            await outbox.put_off(connection, delivery, reason, next_attempt_at=due)

    async def _address(self, delivery: LeasedDelivery, channel: LoadedChannel) -> None:
        """Make out whom a message is for that was owed while its kind was not loaded."""
        try:
            recipients = channel.recipients()
        except ChannelUnusable as error:
            await self._wait_for_kind(delivery, str(error))
            return
        if not recipients:
            await self._suppress(delivery, "the channel names no recipient")
            return

        async def address(connection: Connection) -> None:
            await outbox.address_to(connection, delivery, recipients, now=self._clock.now())

        await self._database.in_transaction(address)

    async def _send(self, delivery: LeasedDelivery, channel: LoadedChannel | None) -> None:
        sending = self._to_webhook(delivery) if channel is None else self._to_channel(delivery, channel)
        attempt = await attempt_delivery(sending, timeout_seconds=self._sender.timeout_seconds)
        if attempt.receipt is None:
            await self._retry(delivery, attempt)
        else:
            await self._mark_delivered(delivery, attempt)
        if delivery.webhook_id is not None:
            # On its own: whoever deletes a webhook locks it before its deliveries.
            async with self._database.acquire() as connection:
                await outbox.note_webhook_attempt(connection, delivery, attempt, now=self._clock.now())

    async def _mark_delivered(self, delivery: LeasedDelivery, attempt: Attempt) -> None:
        """Say that it was delivered, however long the database is away or busy: else it would be sent again."""
        is_unmarked = False
        try:
            while True:
                try:
                    async with self._database.acquire() as connection:
                        await outbox.mark_delivered(connection, delivery, attempt, now=self._clock.now())
                except (*CONNECTION_ERRORS, *CONTENTION) as error:
                    if not (is_absence(error) or isinstance(error, CONTENTION)):
                        raise
                else:
                    return
                self.unmarked += not is_unmarked
                is_unmarked = True
                await asyncio.sleep(MARK_AGAIN_AFTER_SECONDS)
        finally:
            self.unmarked -= is_unmarked

    def _to_webhook(self, delivery: LeasedDelivery) -> Awaitable[Receipt]:
        return self._sender.to_webhook(
            delivery.webhook_url or "",
            secret=delivery.webhook_secret,
            event=delivery.event,
            delivery_id=delivery.public_id,
            body=delivery.body.encode(),
        )

    def _to_channel(self, delivery: LeasedDelivery, channel: LoadedChannel) -> Awaitable[Receipt]:
        message = addressed(
            delivery.body,
            idempotency_key=delivery.public_id,
            recipient=delivery.recipient,
            reference=delivery.reference,
        )
        return self._sender.to_channel(channel, message)

    async def _retry(self, delivery: LeasedDelivery, attempt: Attempt) -> None:
        """Schedule the next attempt, or give up."""
        now = self._clock.now()
        due = next_attempt(_failed(delivery, attempt), now, self._jitter())
        async with self._database.acquire() as connection:
            if due is None:
                log.warning("delivery.failed", delivery=delivery.public_id, error=attempt.error_text)
                await outbox.mark_failed(connection, delivery, attempt, now=now)
            else:
                await outbox.mark_for_retry(connection, delivery, attempt, next_attempt_at=due)


def _circumstances(delivery: LeasedDelivery, audience: Audience) -> Circumstances:
    return Circumstances(
        event=delivery.event,
        audience=audience,
        destination_is_deleted=delivery.destination_is_deleted,
        destination_is_active=delivery.destination_is_active,
        incident_has_ended=delivery.incident_has_ended,
        may_be_received=delivery.may_be_received,
        was_told_of_failure=delivery.was_told_of_failure,
        was_asked_for_by_hand=delivery.transition_id is None,
    )


def _failed(delivery: LeasedDelivery, attempt: Attempt) -> FailedAttempt:
    error = attempt.error
    return FailedAttempt(
        attempts=delivery.attempts,
        owed_since=delivery.created_at,
        is_permanent=error is not None and error.permanent,
        retry_for_seconds=None if error is None else error.retry_for_seconds,
        retry_after_seconds=None if error is None else error.retry_after_seconds,
    )
