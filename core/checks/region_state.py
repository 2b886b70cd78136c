"""What one region thinks of one monitor: streaks of looks, and the opinion they have confirmed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from core.monitors.status import MonitorStatus
from plugins.api.outcome import CheckStatus


@dataclass(frozen=True, kw_only=True, slots=True)
class Streak:
    """Consecutive looks of which something holds; `since` is the slot of the first, None if there is none."""

    length: int = 0
    since: datetime | None = None

    def advanced(self, holds: bool, slot: datetime) -> Streak:
        """Return the streak after one more look, of which the thing holds or not."""
        if not holds:
            return NO_STREAK
        return Streak(length=self.length + 1, since=self.since or slot)


NO_STREAK = Streak()


@dataclass(frozen=True, kw_only=True, slots=True)
class RegionState:
    """The looks of one region folded together.

    `impaired` counts DOWN and DEGRADED, `clear` what is not DOWN, `asking` the looks that ask for an EXPIRY
    incident. `opinion_slot` is the slot of the look at which the opinion or `is_expiring` last flipped, or that
    showed the region to see again. It is covered until `covered_until` (None: nothing is promised). `blind_from` is
    where coverage ended, known of a blind region and of the look after that; see core/checks/coverage.py.
    """

    config_revision: int
    last_slot: datetime
    last_status: CheckStatus
    down: Streak = NO_STREAK
    impaired: Streak = NO_STREAK
    clear: Streak = NO_STREAK
    up: Streak = NO_STREAK
    asking: Streak = NO_STREAK
    opinion: MonitorStatus = MonitorStatus.PENDING
    opinion_slot: datetime | None = None
    is_expiring: bool = False
    covered_until: datetime | None = None
    blind_from: datetime | None = None
