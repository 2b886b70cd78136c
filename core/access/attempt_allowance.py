"""How often something may be attempted, as a bucket that drains: each attempt fills it by one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, kw_only=True, slots=True)
class AttemptAllowance:
    """How many attempts an empty bucket takes at once, and how long it takes to drain one of them."""

    at_once: int
    drains_one_in: timedelta

    @property
    def drains_full_in(self) -> timedelta:
        """How long a full bucket takes to drain."""
        return self.at_once * self.drains_one_in


def taken(allowance: AttemptAllowance, drained_at: datetime | None, now: datetime) -> datetime | None:
    """Return when a bucket will be empty after one more attempt, or None if it is full; the SQL does the same."""
    after = (now if drained_at is None else max(drained_at, now)) + allowance.drains_one_in
    return after if after <= now + allowance.drains_full_in else None


def wait_seconds(allowance: AttemptAllowance, drained_at: datetime, now: datetime) -> float:
    """Return in how many seconds a full bucket takes the next attempt; 0 if it does already."""
    free_at = drained_at + allowance.drains_one_in - allowance.drains_full_in
    return max(0.0, (free_at - now).total_seconds())
