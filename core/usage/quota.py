"""How many requests a workspace may make in an hour of the clock: pure rules."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

HOUR = timedelta(hours=1)
# No process holds more than this part of an hour's requests, so that what it holds unspent is little.
_PARTS_OF_LIMIT = 50
# Towards the end, every process takes a small part of what is left, so that all of it is spent.
_PARTS_OF_REST = 8


@dataclass(frozen=True, kw_only=True, slots=True)
class Quota:
    """What is left of a limit, as far as one process knows: of a workspace's requests, or of an address's pings."""

    limit: int
    remaining: int
    resets_at: datetime

    @property
    def used(self) -> int:
        """How many requests were made, or are held ready by other processes."""
        return self.limit - self.remaining


def hour_of(now: datetime) -> datetime:
    """Return the beginning of the hour in which requests are counted together."""
    return now.replace(minute=0, second=0, microsecond=0)


def chunk(limit: int, leased: int) -> int:
    """Return how many requests a process takes at once while `leased` are taken; 0 if none are left."""
    if leased >= limit:
        return 0
    return max(1, min(limit // _PARTS_OF_LIMIT, (limit - leased) // _PARTS_OF_REST))
