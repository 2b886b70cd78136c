"""The one clock: the database's time, carried forward by this machine's monotonic time.

No SQL statement asks PostgreSQL for the time; each takes it from here, so that workers whose wall
clocks disagree record the same times, and a test can move the clock.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """What tells the time."""

    def now(self) -> datetime:
        """Return the present moment, aware, in UTC."""
        ...


class MeasuredClock:
    """The database's clock as last measured, advanced by monotonic time.

    Before the first measurement it is this machine's wall clock.
    """

    def __init__(self) -> None:
        self._anchor = datetime.now(UTC)
        self._anchor_monotonic = time.monotonic()

    def now(self) -> datetime:
        """Return the database's present moment as far as it is known here."""
        return self._anchor + timedelta(seconds=time.monotonic() - self._anchor_monotonic)

    def measured(self, database_now: datetime, asked_at: float, answered_at: float) -> None:
        """Take a measurement: what the database said, and the monotonic times around the question.

        The answer is taken to belong to the middle of the round trip.
        """
        self._anchor = database_now
        self._anchor_monotonic = (asked_at + answered_at) / 2


class ManualClock:
    """A clock that stands still until it is moved."""

    def __init__(self, start: datetime) -> None:
        self._now = start

    def now(self) -> datetime:
        """Return the moment it stands at."""
        return self._now

    def advance(self, seconds: float) -> datetime:
        """Move forward and return the new moment."""
        self._now += timedelta(seconds=seconds)
        return self._now
