"""What a transition row carries: the change, and the world as it was at that moment."""

from __future__ import annotations

import enum
from datetime import datetime

import msgspec

from plugins.api.outcome import IncidentKind


class TransitionKind(enum.StrEnum):
    """What happened to an incident."""

    OPENED = "OPENED"
    RESOLVED = "RESOLVED"


class Severity(enum.StrEnum):
    """How grave an incident is."""

    LOW = "LOW"
    MEDIUM = "MEDIUM"
    HIGH = "HIGH"
    CRITICAL = "CRITICAL"


class Resolution(enum.StrEnum):
    """Why an incident ended."""

    RECOVERED = "RECOVERED"
    WORSENED = "WORSENED"  # it became an outage, which is an incident of its own
    DELETED = "DELETED"
    CHANGED = "CHANGED"
    BY_HAND = "BY_HAND"
    VOID = "VOID"


class MonitorSnapshot(msgspec.Struct, frozen=True, kw_only=True):
    """The monitor as it was. `id` is the public form; `status` a MonitorStatus by name."""

    id: str
    name: str
    kind: str
    target: str
    status: str


class IncidentSnapshot(msgspec.Struct, frozen=True, kw_only=True):
    """The incident as it was. `id` is the public form; `number` such as INC-2026-0042; `detail` why it opened."""

    id: str
    number: str
    kind: IncidentKind
    severity: Severity
    started_at: datetime
    resolved_at: datetime | None = None
    resolution: Resolution | None = None
    detail: str | None = None


class CheckSnapshot(msgspec.Struct, frozen=True, kw_only=True):
    """The check that decided. `region` is a region's key; None for passive kinds."""

    slot: datetime
    status: str
    status_code: int | None = None
    response_time_ms: float | None = None
    error: str | None = None
    region: str | None = None


class TransitionDetails(msgspec.Struct, frozen=True, kw_only=True):
    """The JSON in `transitions.details`."""

    monitor: MonitorSnapshot
    incident: IncidentSnapshot
    check: CheckSnapshot | None = None


def incident_number(year: int, number: int) -> str:
    """Return the public number, counted for each workspace and UTC year of the start: INC-2026-0042."""
    return f"INC-{year}-{number:04d}"
