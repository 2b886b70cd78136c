"""One line that says what happened, ready to show."""

from __future__ import annotations

from core.alerting.change import Change
from core.deliveries.delivery_event import DeliveryEvent
from core.incidents.transition import Resolution
from plugins.api.durations import duration_text

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
    if event is DeliveryEvent.REGRESSION:
        # Its last look went well: no check says why.
        return f": {incident.detail}" if incident.detail else ""
    return f": {check.error}" if check is not None and check.error else ""
