"""What must happen later: the values of a row in `timers`."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID


class TimerKind(enum.StrEnum):
    """What a timer is for. Its subject is named in the comment."""

    FLAPPING = "FLAPPING"  # a monitor: it has been calm for long enough


@dataclass(frozen=True, kw_only=True, slots=True)
class WantedTimer:
    """A timer to set, or to move if its subject has one already; `since` is kept from the first time."""

    kind: TimerKind
    subject_id: UUID
    due_at: datetime
    since: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class DueTimer:
    """A timer whose time has come."""

    id: UUID
    workspace_id: UUID
    kind: str
    subject_id: UUID
    details: Mapping[str, Any]
