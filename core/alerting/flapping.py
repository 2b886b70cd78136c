"""When a monitor that goes down again and again is told of once instead of each time."""

from __future__ import annotations

import enum
from datetime import timedelta

from core.alerting.change import Change
from core.incidents.transition import TransitionKind
from plugins.api.outcome import IncidentKind

OUTAGES_TO_FLAP = 4
FLAPPING_WINDOW = timedelta(minutes=60)
CALM_AFTER = timedelta(minutes=15)


class FlappingPhase(enum.Enum):
    """What a change means for its monitor's flapping."""

    STEADY = enum.auto()
    BEGINS = enum.auto()
    GOES_ON = enum.auto()


def flapping_phase(change: Change, *, outages: int, is_flapping: bool) -> FlappingPhase:
    """Judge one change. `outages` opened within the window that ends with it, itself included.

    Only outages flap: the other kinds of incident are not urgent enough to wear anybody out.
    """
    if change.details.incident.kind is not IncidentKind.OUTAGE:
        return FlappingPhase.STEADY
    if is_flapping:
        return FlappingPhase.GOES_ON
    if change.kind is TransitionKind.OPENED and outages >= OUTAGES_TO_FLAP:
        return FlappingPhase.BEGINS
    return FlappingPhase.STEADY
