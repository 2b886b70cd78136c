"""The exact bytes of a signed webhook, made once when the event is routed and kept over all attempts."""

from __future__ import annotations

import math
from datetime import UTC, datetime

from core.deliveries.canonical_json import GREATEST_SAFE_INTEGER, JsonValue, canonical_json
from core.deliveries.delivery_event import DeliveryEvent
from core.incidents.transition import CheckSnapshot, TransitionDetails

_TEST_ID = "0" * 26


def webhook_message(
    event: DeliveryEvent, details: TransitionDetails, *, monitor_type: str, at: datetime
) -> bytes:
    """Return the payload of an event. `monitor_type` is the kind's name in the StatusApp dialect."""
    monitor, incident = details.monitor, details.incident
    return canonical_json(
        {
            "event": event.dotted,
            "timestamp": _seconds_text(at),
            "monitor": {
                "id": monitor.id,
                "name": monitor.name,
                "url": monitor.target,
                "type": monitor_type,
                "status": monitor.status,
            },
            "incident": {
                "id": incident.id,
                "incidentNumber": incident.number,
                "startedAt": _seconds_text(incident.started_at),
                "severity": incident.severity.lower(),
            },
            "check": _check(details.check),
        }
    )


def webhook_test_message(at: datetime) -> bytes:
    """Return a payload of the same shape that stands for nothing."""
    return canonical_json(
        {
            "event": DeliveryEvent.TEST.dotted,
            "timestamp": _seconds_text(at),
            "monitor": {
                "id": f"mon_{_TEST_ID}",
                "name": "Test monitor",
                "url": "https://example.com",
                "type": "WEBSITE",
                "status": "UP",
            },
            "incident": {
                "id": f"inc_{_TEST_ID}",
                "incidentNumber": f"INC-{at.year}-0000",
                "startedAt": _seconds_text(at),
                "severity": "low",
            },
            "check": {"statusCode": 200, "responseTime": 0, "error": None, "region": None},
        }
    )


def _check(check: CheckSnapshot | None) -> JsonValue:
    """Return the deciding check; the members are there, and null, where no check decided."""
    return {
        "statusCode": None if check is None else check.status_code,
        "responseTime": None if check is None else _whole(check.response_time_ms),
        "error": None if check is None else check.error,
        "region": None if check is None else check.region,
    }


def _whole(milliseconds: float | None) -> int | None:
    if milliseconds is None or not math.isfinite(milliseconds):
        return None
    return min(round(milliseconds), GREATEST_SAFE_INTEGER)


def _seconds_text(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
