"""The pure rule of which regions take part: those that somebody works for, or did until a moment ago."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime, timedelta

# A worker says every five seconds that it lives.
WORKER_ALIVE_FOR = timedelta(seconds=30)
# Whoever did not look for longer than this may have missed a worker.
LONGEST_BLINK = timedelta(seconds=15)


class Turn(enum.Enum):
    """What becomes of a region."""

    LEFT = "left"
    CAME_BACK = "came back"


@dataclass(frozen=True, kw_only=True, slots=True)
class Attendance:
    """A region, how many of its workers live, and when the last of them, living or not, was seen."""

    region_id: int
    key: str
    workers: int
    seen_at: datetime | None
    absent_since: datetime | None
    is_settled: bool

    def turn(self, *, now: datetime, watched_since: datetime) -> Turn | None:
        """Return what changes, if anything does, for somebody who has watched without a break since then.

        A region leaves when none of its workers was seen for a while in which it could have been: after a time
        in which the database, or all of Tocsin, was away, every region has that while again. A worker that ended
        in order counts as seen until then, so that one may be replaced by another.
        """
        if self.absent_since is not None:
            return Turn.CAME_BACK if self.workers > 0 else None
        unseen_since = watched_since if self.seen_at is None else max(self.seen_at, watched_since)
        return Turn.LEFT if now - unseen_since > WORKER_ALIVE_FOR else None


class Watch:
    """How long somebody has been looking without a break."""

    def __init__(self) -> None:
        self._since: datetime | None = None
        self._looked_at: datetime | None = None

    def look(self, now: datetime) -> datetime:
        """Note a look at `now` and return since when there was no break: a gap, or a clock that was put back."""
        is_unbroken = self._looked_at is not None and timedelta(0) <= now - self._looked_at <= LONGEST_BLINK
        self._looked_at = now
        if self._since is None or not is_unbroken:
            self._since = now
        return self._since
