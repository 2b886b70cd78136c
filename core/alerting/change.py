"""A change of an incident, as the alert engine takes it from its inbox."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from core.incidents.transition import TransitionDetails, TransitionKind


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """One transition. `at` is when it was judged; the details are the world as it was then."""

    transition_id: UUID
    workspace_id: UUID
    monitor_id: UUID
    incident_id: UUID
    kind: TransitionKind
    at: datetime
    details: TransitionDetails
