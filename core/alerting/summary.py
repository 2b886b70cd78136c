"""One line that says what happened, ready to show."""

from __future__ import annotations

from datetime import timedelta

from core.alerting.change import Change
from core.deliveries.delivery_event import DeliveryEvent
from core.incidents.transition import Resolution

_BECAUSE = {
    Resolution.WORSENED: "the monitor went down",
    Resolution.DELETED: "the monitor was deleted",
    Resolution.CHANGED: "the monitor was changed",
    Resolution.BY_HAND: "resolved by hand",
    Resolution.VOID: "the failure turned out to be none",
}
_VERBS = {
    DeliveryEvent.MONITOR_DOWN: "is down",
    DeliveryEvent.MONITOR_UP: "is up again",
    DeliveryEvent.DEGRADED: "is degraded",
    DeliveryEvent.EXPIRY: "is about to expire",
    DeliveryEvent.REGRESSION: "has become slower",
    DeliveryEvent.RECOVERED: "has recovered",
}


def summary_line(change: Change, event: DeliveryEvent, *, is_flapping: bool = False) -> str:
    """Return the line for one event of a change: "Shop is down: HTTP 500 (INC-2026-0042)"."""
    incident = change.details.incident
    resolution = incident.resolution
    if incident.resolved_at is not None and resolution not in (None, Resolution.RECOVERED):
        what = f"{change.details.monitor.name}: incident closed, {_BECAUSE[resolution]}"
    else:
        what = (
            f"{change.details.monitor.name} {_state(event, is_flapping=is_flapping)}{_detail(change, event)}"
        )
    return f"{what} ({incident.number})"


def _state(event: DeliveryEvent, *, is_flapping: bool) -> str:
    verb = _VERBS[event]
    return f"is flapping and {verb}" if is_flapping else verb


def _detail(change: Change, event: DeliveryEvent) -> str:
    incident, check = change.details.incident, change.details.check
    if event in (DeliveryEvent.MONITOR_UP, DeliveryEvent.RECOVERED):
        ended = incident.resolved_at
        return f" after {duration_text(ended - incident.started_at)}" if ended else ""
    return f": {check.error}" if check is not None and check.error else ""


def duration_text(duration: timedelta) -> str:
    """Return the duration in its two largest units: "2 h 5 min"."""
    seconds = max(0, round(duration.total_seconds()))
    days, hours, minutes = seconds // 86_400, seconds // 3_600 % 24, seconds // 60 % 60
    parts = [(days, "d"), (hours, "h"), (minutes, "min"), (seconds % 60, "s")]
    first = next((place for place, (count, _) in enumerate(parts) if count), len(parts) - 1)
    return " ".join(f"{count} {unit}" for count, unit in parts[first : first + 2] if count) or "0 s"
