"""Sends one message: a signed request to a webhook, or through a channel's notifier."""

from __future__ import annotations

import functools
import hashlib
import hmac
from importlib import metadata

import httpx

from core.deliveries.delivery_event import DeliveryEvent
from core.deliveries.loaded_channel import LoadedChannel
from plugins.api.http_delivery import deliver
from plugins.api.mail import Mailer
from plugins.api.notifier import DeliveryError, Message, Receipt, SendContext
from plugins.api.outbound import Outbound

SEND_TIMEOUT_SECONDS = 10.0


class Sender:
    """Sends messages through the guarded network. Every method returns a receipt or raises DeliveryError."""

    def __init__(
        self,
        outbound: Outbound,
        *,
        mailer: Mailer | None = None,
        timeout_seconds: float = SEND_TIMEOUT_SECONDS,
    ) -> None:
        self.timeout_seconds = timeout_seconds
        self._outbound = outbound
        self._mailer = mailer

    async def to_webhook(
        self, url: str, *, secret: str | None, event: DeliveryEvent, delivery_id: str, body: bytes
    ) -> Receipt:
        """Post the exact bytes, signed if the webhook has a secret. `delivery_id` is the public form."""
        try:
            request = webhook_request(url, secret=secret, event=event, delivery_id=delivery_id, body=body)
        except (httpx.InvalidURL, ValueError) as error:
            raise DeliveryError(f"the webhook's address cannot be used: {error}", permanent=True) from error
        return await deliver(self._outbound, request, timeout_seconds=self.timeout_seconds)

    async def to_channel(self, channel: LoadedChannel, message: Message) -> Receipt:
        """Hand the message to the channel's notifier. What else than DeliveryError it raises comes through."""
        context = SendContext(
            timeout_seconds=self.timeout_seconds, outbound=self._outbound, mailer=self._mailer
        )
        return await channel.notifier.send(channel.config, message, context)


def webhook_request(
    url: str, *, secret: str | None, event: DeliveryEvent, delivery_id: str, body: bytes
) -> httpx.Request:
    """Return the request that carries the body to a webhook."""
    headers = {
        "Content-Type": "application/json",
        "User-Agent": user_agent(),
        "X-Webhook-Event": event.dotted,
        "X-Webhook-Id": delivery_id,
    }
    if secret:
        headers["X-Webhook-Signature"] = signature(secret, body)
    return httpx.Request("POST", url, headers=headers, content=body)


def signature(secret: str, body: bytes) -> str:
    """Return the hex HMAC-SHA256 of the bytes under the secret."""
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


@functools.cache
def user_agent() -> str:
    """Return how Tocsin names itself to receivers."""
    return f"Tocsin/{metadata.version('tocsin')}"
