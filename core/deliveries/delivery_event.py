"""Why a message is owed, and which of them announce a failure or its end."""

from __future__ import annotations

import enum

from core.deliveries.webhook_event import WebhookEvent
from plugins.api.notifier import MessageEvent
from plugins.api.outcome import IncidentKind


class DeliveryEvent(enum.StrEnum):
    """The events, by their names in GraphQL and in the database."""

    MONITOR_DOWN = "MONITOR_DOWN"
    MONITOR_UP = "MONITOR_UP"
    INCIDENT_CREATED = "INCIDENT_CREATED"
    INCIDENT_RESOLVED = "INCIDENT_RESOLVED"
    DEGRADED = "DEGRADED"
    EXPIRY = "EXPIRY"
    REGRESSION = "REGRESSION"
    RECOVERED = "RECOVERED"
    REMINDER = "REMINDER"
    TEST = "TEST"

    @property
    def dotted(self) -> str:
        """The name in a webhook's payload and header: `monitor.down`."""
        return self.value.lower().replace("_", ".")

    @property
    def message_event(self) -> MessageEvent:
        """The same event for a notifier; raise ValueError for one that only webhooks know."""
        return MessageEvent(self.value)


FAILURES = frozenset(
    {
        DeliveryEvent.MONITOR_DOWN,
        DeliveryEvent.INCIDENT_CREATED,
        DeliveryEvent.DEGRADED,
        DeliveryEvent.EXPIRY,
        DeliveryEvent.REGRESSION,
    }
)
RECOVERIES = frozenset({DeliveryEvent.MONITOR_UP, DeliveryEvent.INCIDENT_RESOLVED, DeliveryEvent.RECOVERED})

# What a webhook must have been told for the second event of the pair to make sense to it.
FAILURE_BEFORE = {
    WebhookEvent.MONITOR_UP: WebhookEvent.MONITOR_DOWN,
    WebhookEvent.INCIDENT_RESOLVED: WebhookEvent.INCIDENT_CREATED,
}


def channel_failure(kind: IncidentKind) -> DeliveryEvent:
    """Return what a channel is told when an incident of the kind opens."""
    return DeliveryEvent.MONITOR_DOWN if kind is IncidentKind.OUTAGE else DeliveryEvent(kind.value)


def channel_recovery(kind: IncidentKind) -> DeliveryEvent:
    """Return what a channel is told when an incident of the kind ends."""
    return DeliveryEvent.MONITOR_UP if kind is IncidentKind.OUTAGE else DeliveryEvent.RECOVERED


def webhook_failures(kind: IncidentKind) -> tuple[WebhookEvent, ...]:
    """Return what a webhook is told when an incident opens, in order. Only an outage is a monitor's."""
    if kind is IncidentKind.OUTAGE:
        return (WebhookEvent.MONITOR_DOWN, WebhookEvent.INCIDENT_CREATED)
    return (WebhookEvent.INCIDENT_CREATED,)


def webhook_recoveries(kind: IncidentKind) -> tuple[WebhookEvent, ...]:
    """Return what a webhook is told when an incident ends, in order."""
    if kind is IncidentKind.OUTAGE:
        return (WebhookEvent.INCIDENT_RESOLVED, WebhookEvent.MONITOR_UP)
    return (WebhookEvent.INCIDENT_RESOLVED,)
