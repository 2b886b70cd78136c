"""Sends test messages, and messages once more."""

from __future__ import annotations

from uuid import UUID

from core.access.permission import may, require, require_any
from core.access.principal import Principal, TokenPermission, TokenScope
from core.access.sight import sight_of
from core.audit.action import AuditAction
from core.audit.change import created
from core.audit.recording import record
from core.clock import Clock
from core.db.database import Connection, Database
from core.db.named_sql import named_sql
from core.deliveries.redelivery import redeliver
from core.deliveries.trial import TestResult, Trials
from core.errors import NotFound
from core.ids import Prefix, decode_id, encode_id

_SQL = named_sql("redelivery")


class DeliveryService:
    """Permission, then the deed."""

    def __init__(self, *, database: Database, trials: Trials, clock: Clock) -> None:
        self._database = database
        self._trials = trials
        self._clock = clock

    async def test_channel(self, principal: Principal, channel_id: str) -> TestResult:
        """Send a test message to each recipient of a channel; raise NotFound."""
        require(principal, TokenScope.NOTIFICATIONS, TokenPermission.WRITE)
        return await self._trials.test_channel(principal, _decoded(Prefix.CHANNEL, channel_id, "channel"))

    async def test_webhook(self, principal: Principal, webhook_id: str) -> TestResult:
        """Send a test payload to a webhook; raise NotFound."""
        require(principal, TokenScope.WEBHOOKS, TokenPermission.WRITE)
        return await self._trials.test_webhook(principal, _decoded(Prefix.WEBHOOK, webhook_id, "webhook"))

    async def redeliver(self, principal: Principal, delivery_id: str) -> UUID:
        """Owe a message once more and return the new delivery's id; raise NotFound, or Conflict if it cannot be.

        The right that counts is that to what the message goes to: a channel, or a webhook. Without it, a delivery is
        like none.
        """
        require_any(principal, (TokenScope.NOTIFICATIONS, TokenScope.WEBHOOKS), TokenPermission.WRITE)
        repeated_id = _decoded(Prefix.DELIVERY, delivery_id, "delivery")

        async def owe(connection: Connection) -> UUID:
            now = self._clock.now()
            sight = sight_of(principal, now)
            is_webhook = await connection.fetchval(
                _SQL["goes_to_webhook"], sight.workspace_id, repeated_id, sight.since
            )
            scope = TokenScope.WEBHOOKS if is_webhook else TokenScope.NOTIFICATIONS
            if is_webhook is None or not may(principal, scope, TokenPermission.WRITE):
                raise NotFound("delivery not found", path=("id",))
            owed_id = await redeliver(connection, principal.workspace_id, repeated_id, now)
            view = {"deliveryId": encode_id(Prefix.DELIVERY, owed_id)}
            await record(
                connection, principal, created(AuditAction.DELIVERY_REPEATED, repeated_id, view), now
            )
            return owed_id

        return await self._database.in_transaction(owe)


def _decoded(prefix: Prefix, public_id: str, noun: str) -> UUID:
    decoded = decode_id(prefix, public_id)
    if decoded is None:
        raise NotFound(f"{noun} not found", path=("id",))
    return decoded
