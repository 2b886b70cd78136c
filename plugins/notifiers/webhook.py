"""Posts each message as JSON to an address of the user's."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib import metadata
from typing import Annotated, Any
from urllib.parse import urlsplit, urlunsplit

import httpx

from plugins.api.config import Config, Meta, Secret, check_with
from plugins.api.hookspecs import hookimpl
from plugins.api.http_delivery import deliver
from plugins.api.http_headers import LONGEST_NAME, LONGEST_VALUE, require_header_name, require_header_value
from plugins.api.notifier import (
    Audience,
    Message,
    MessageCheck,
    MessageEvent,
    MessageIncident,
    MessageMonitor,
    Notifier,
    Receipt,
    SendContext,
)
from plugins.api.web_address import require_web_address

LONGEST_ADDRESS = 2_048
MOST_HEADERS = 50

_MONITOR_EVENTS = {MessageEvent.MONITOR_DOWN: "monitor.down", MessageEvent.MONITOR_UP: "monitor.up"}


class Header(Config):
    """A header sent with every message."""

    name: Annotated[
        str,
        Meta(min_length=1, max_length=LONGEST_NAME, description="What the header is called, in any case"),
        check_with(require_header_name),
    ]
    value: Annotated[
        Secret,
        Meta(max_length=LONGEST_VALUE, description="What it says"),
        check_with(require_header_value),
    ]


class WebhookConfig(Config):
    """Where messages are posted."""

    url: Annotated[
        str,
        Meta(max_length=LONGEST_ADDRESS, description="An http or https address"),
        check_with(require_web_address),
    ]
    headers: Annotated[
        tuple[Header, ...], Meta(max_length=MOST_HEADERS, description="Sent with every message")
    ] = ()


async def send(config: WebhookConfig, message: Message, context: SendContext) -> Receipt:
    """Post one message; raise DeliveryError unless it is answered with a status from 200 to 299."""
    headers = httpx.Headers({"User-Agent": _user_agent()})
    headers.update({header.name: header.value for header in config.headers})
    headers.update(
        {
            "Content-Type": "application/json",
            "X-Webhook-Id": message.idempotency_key,
            "X-Webhook-Event": event_name(message.event),
        }
    )
    body = json.dumps(payload(message), ensure_ascii=False, separators=(",", ":")).encode()
    request = httpx.Request("POST", config.url, headers=headers, content=body)
    return await deliver(context.outbound, request, timeout_seconds=context.timeout_seconds)


def recipients(config: WebhookConfig) -> Sequence[str]:
    """Return the address as it may be shown: without what often is a secret."""
    parts = urlsplit(config.url)
    return (urlunsplit((parts.scheme, parts.netloc, parts.path, "", "")),)


def payload(message: Message) -> Mapping[str, Any]:
    """Return what is posted: the shape of the signed webhooks, with a summary. A test has no monitor."""
    return {
        "event": event_name(message.event),
        "timestamp": _seconds_text(message.at),
        "summary": message.summary,
        "workspace": message.workspace,
        "link": message.link,
        "monitor": _monitor(message.monitor),
        "incident": _incident(message.incident),
        "check": _check(message.check),
    }


def event_name(event: MessageEvent) -> str:
    """Return the event as the payload names it: "monitor.down", "recovered"."""
    return _MONITOR_EVENTS.get(event, event.lower())


def _monitor(monitor: MessageMonitor | None) -> Mapping[str, Any] | None:
    if monitor is None:
        return None
    return {
        "id": monitor.id,
        "name": monitor.name,
        "url": monitor.target,
        "type": monitor.type,
        "status": monitor.status,
    }


def _incident(incident: MessageIncident | None) -> Mapping[str, Any] | None:
    if incident is None:
        return None
    return {
        "id": incident.id,
        "incidentNumber": incident.number,
        "kind": incident.kind,
        "severity": incident.severity.lower(),
        "startedAt": _seconds_text(incident.started_at),
        "resolvedAt": _seconds_text(incident.resolved_at) if incident.resolved_at else None,
    }


def _check(check: MessageCheck | None) -> Mapping[str, Any]:
    check = check or MessageCheck()
    milliseconds = check.response_time_ms
    return {
        "statusCode": check.status_code,
        "responseTime": None if milliseconds is None else round(milliseconds),
        "error": check.error,
        "region": check.region,
    }


def _seconds_text(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@functools.cache
def _user_agent() -> str:
    return f"Tocsin/{metadata.version('tocsin')}"


@hookimpl
def register_notifiers() -> Sequence[Notifier[WebhookConfig]]:
    """Register the kind."""
    return (
        Notifier(
            key="webhook",
            title="Webhook",
            description="Posts each message as JSON to an address of yours",
            config=WebhookConfig,
            send=send,
            recipients=recipients,
            audience=Audience.MACHINES,
        ),
    )
