"""What a webhook may be told of."""

from __future__ import annotations

import enum


class WebhookEvent(enum.StrEnum):
    """The events, by their names in GraphQL and in the database."""

    MONITOR_DOWN = "MONITOR_DOWN"
    MONITOR_UP = "MONITOR_UP"
    INCIDENT_CREATED = "INCIDENT_CREATED"
    INCIDENT_RESOLVED = "INCIDENT_RESOLVED"
