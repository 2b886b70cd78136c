"""The stretches of time over which a workspace's requests are told."""

from __future__ import annotations

import enum
from datetime import datetime, timedelta


class UsagePeriod(enum.StrEnum):
    """Rolling, ending now: 1 hour, 1, 7, 30 days."""

    HOUR = "HOUR"
    DAY = "DAY"
    WEEK = "WEEK"
    MONTH = "MONTH"

    @property
    def is_by_minutes(self) -> bool:
        """Whether requests so long ago are still known by the minute; else they are by the hour."""
        return _LENGTHS[self] <= timedelta(days=1)

    def since(self, now: datetime) -> datetime:
        """Return the beginning of the period."""
        return now - _LENGTHS[self]


_LENGTHS = {
    UsagePeriod.HOUR: timedelta(hours=1),
    UsagePeriod.DAY: timedelta(days=1),
    UsagePeriod.WEEK: timedelta(days=7),
    UsagePeriod.MONTH: timedelta(days=30),
}
