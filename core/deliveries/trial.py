"""One test message, sent now and kept nowhere, to see whether a destination works."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import dataclass
from uuid import UUID

import asyncpg

from core.audit.action import AuditAction
from core.audit.change import done
from core.audit.recording import Actor, record
from core.clock import Clock
from core.db.database import Connection, Database
from core.db.named_sql import named_sql
from core.deliveries.attempt import Attempt, attempt_delivery
from core.deliveries.channel_message import trial_message
from core.deliveries.delivery_event import DeliveryEvent
from core.deliveries.loaded_channel import ChannelUnusable, LoadedChannel, load_channel
from core.deliveries.sender import Sender
from core.deliveries.webhook_message import webhook_test_message
from core.errors import NotFound
from core.ids import Prefix, encode_id, new_id
from core.plugin_registry import PluginRegistry
from plugins.api.mail import Mailer
from plugins.api.notifier import Receipt
from plugins.api.outbound import Outbound

_SQL = named_sql("deliveries")
_DESTINATIONS = {
    AuditAction.CHANNEL_TESTED: ("channel", "channel_to_try"),
    AuditAction.WEBHOOK_TESTED: ("webhook", "webhook_to_try"),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class TestResult:
    """What became of a test message; of several recipients, the first at which it failed."""

    __test__ = False  # a value of ours, nothing for pytest to collect

    success: bool
    status_code: int | None = None
    response_time_ms: float | None = None
    error: str | None = None


class Trials:
    """Sends test messages, each written down before it is. Whether the caller may do so is the caller's to check."""

    def __init__(
        self,
        *,
        database: Database,
        registry: PluginRegistry,
        outbound: Outbound,
        mailer: Mailer | None = None,
        clock: Clock,
    ) -> None:
        self._database = database
        self._registry = registry
        self._sender = Sender(outbound, mailer=mailer)
        self._clock = clock

    async def test_channel(self, actor: Actor, channel_id: UUID) -> TestResult:
        """Send a test message to each recipient of a channel; raise NotFound."""
        row = await self._begin(actor, AuditAction.CHANNEL_TESTED, channel_id)
        try:
            channel = load_channel(self._registry, row["kind"], row["config"])
            recipients = channel.recipients()
        except ChannelUnusable as error:
            return TestResult(success=False, error=str(error))
        result = TestResult(success=False, error="the channel names no recipient")
        for recipient in recipients:
            result = await self._try(
                self._to_recipient(channel, recipient, row["name"], row["workspace_name"])
            )
            if not result.success:
                break
        return result

    async def test_webhook(self, actor: Actor, webhook_id: UUID) -> TestResult:
        """Send a test payload to a webhook, signed if it has a secret; raise NotFound."""
        row = await self._begin(actor, AuditAction.WEBHOOK_TESTED, webhook_id)
        sending = self._sender.to_webhook(
            row["url"],
            secret=row["secret"],
            event=DeliveryEvent.TEST,
            delivery_id=self._fresh_delivery_id(),
            body=webhook_test_message(self._clock.now()),
        )
        return await self._try(sending)

    async def _begin(self, actor: Actor, action: AuditAction, destination_id: UUID) -> asyncpg.Record:
        """Write down that a destination is tried, and return its row; raise NotFound."""
        noun, query = _DESTINATIONS[action]

        async def begin(connection: Connection) -> asyncpg.Record:
            row = await connection.fetchrow(_SQL[query], actor.workspace_id, destination_id)
            if row is None:
                raise NotFound(f"{noun} not found", path=("id",))
            await record(connection, actor, done(action, destination_id), self._clock.now())
            return row

        return await self._database.in_transaction(begin)

    def _to_recipient(
        self, channel: LoadedChannel, recipient: str, name: str, workspace: str
    ) -> Awaitable[Receipt]:
        message = trial_message(
            workspace=workspace,
            channel=name,
            idempotency_key=self._fresh_delivery_id(),
            recipient=recipient,
            at=self._clock.now(),
        )
        return self._sender.to_channel(channel, message)

    async def _try(self, sending: Awaitable[Receipt]) -> TestResult:
        return _result(await attempt_delivery(sending, timeout_seconds=self._sender.timeout_seconds))

    def _fresh_delivery_id(self) -> str:
        return encode_id(Prefix.DELIVERY, new_id(self._clock.now()))


def _result(attempt: Attempt) -> TestResult:
    return TestResult(
        success=attempt.error is None,
        status_code=attempt.status_code,
        response_time_ms=attempt.response_time_ms,
        error=attempt.error_text,
    )
