"""The message that a notifier gets, as it is kept in the outbox."""

from __future__ import annotations

import dataclasses
from datetime import datetime

import msgspec

from core.deliveries.delivery_event import DeliveryEvent
from core.incidents.transition import TransitionDetails
from plugins.api.notifier import Message, MessageCheck, MessageEvent, MessageIncident, MessageMonitor


def channel_message(
    event: DeliveryEvent,
    details: TransitionDetails,
    *,
    monitor_type: str,
    summary: str,
    workspace: str,
    at: datetime,
) -> str:
    """Return the JSON of a message that is not addressed yet."""
    message = Message(
        event=event.message_event,
        idempotency_key="",
        recipient="",
        at=at,
        summary=summary,
        workspace=workspace,
        monitor=_monitor(details, monitor_type),
        incident=_incident(details),
        check=_check(details),
    )
    return msgspec.json.encode(message).decode()


def addressed(body: str, *, idempotency_key: str, recipient: str, reference: str | None) -> Message:
    """Return the message of the outbox for one recipient."""
    message = msgspec.json.decode(body, type=Message)
    return dataclasses.replace(
        message, idempotency_key=idempotency_key, recipient=recipient, reference=reference
    )


def trial_message(
    *, workspace: str, channel: str, idempotency_key: str, recipient: str, at: datetime
) -> Message:
    """Return a message that stands for nothing."""
    return Message(
        event=MessageEvent.TEST,
        idempotency_key=idempotency_key,
        recipient=recipient,
        at=at,
        summary=f"This is a test of the channel {channel}",
        workspace=workspace,
    )


def _monitor(details: TransitionDetails, monitor_type: str) -> MessageMonitor:
    monitor = details.monitor
    return MessageMonitor(
        id=monitor.id,
        name=monitor.name,
        kind=monitor.kind,
        type=monitor_type,
        target=monitor.target,
        status=monitor.status,
    )


def _incident(details: TransitionDetails) -> MessageIncident:
    incident = details.incident
    return MessageIncident(
        id=incident.id,
        number=incident.number,
        kind=incident.kind,
        severity=incident.severity,
        started_at=incident.started_at,
        resolved_at=incident.resolved_at,
    )


def _check(details: TransitionDetails) -> MessageCheck | None:
    check = details.check
    if check is None:
        return None
    return MessageCheck(
        status_code=check.status_code,
        response_time_ms=check.response_time_ms,
        error=check.error,
        region=check.region,
    )
