"""One finished check on its way to the recorder."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from plugins.api.outcome import Outcome

# The region of passive kinds: nobody looked from anywhere.
NO_REGION = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """What was found for one slot of one monitor in one region.

    `slot` is when the check was due, `checked_at` when it began. `config_revision` is that of the
    configuration looked with.
    """

    monitor_id: UUID
    region_id: int
    slot: datetime
    checked_at: datetime
    config_revision: int
    outcome: Outcome
