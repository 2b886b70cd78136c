"""The one clock: the database's time, carried forward by this machine's steady time.

No SQL statement asks PostgreSQL for the time; each takes it from here, so that workers whose wall
clocks disagree record the same times, and a test can move the clock.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol

from core.blindness.machine_clocks import read_clocks, steady_seconds
from core.blindness.standstill import Reading, time_lost

# Whoever waits tries again: the database may be away.
_LONGEST_DOUBT_SECONDS = 1.0


class Clock(Protocol):
    """What tells the time."""

    def now(self) -> datetime:
        """Return the present moment, aware, in UTC."""
        ...

    async def settled(self) -> None:
        """Wait until `now` may be relied on. Whatever is judged by time asks first. Raises TimeoutError."""
        ...


class MeasuredClock:
    """The database's clock as last measured, advanced by this machine's steady time.

    Before the first measurement it is this machine's wall clock. After a sleep of this machine, or a jump
    of its clock, it is not relied on until it has been measured again; `on_doubt` is called then.
    """

    def __init__(self, read: Callable[[], Reading] = read_clocks) -> None:
        self.on_doubt: Callable[[], None] = lambda: None
        self._read = read
        self._reading = read()
        self._anchor = datetime.now(UTC)
        self._anchor_seconds = self._reading.boot
        self.is_measured = False
        self._settled = asyncio.Event()
        self._settled.set()

    def now(self) -> datetime:
        """Return the database's present moment as far as it is known here."""
        return self._at(steady_seconds())

    def measured(self, database_now: datetime, asked_at: float, answered_at: float) -> None:
        """Take a measurement: what the database said, and the steady times around the question.

        The answer is taken to belong to the middle of the round trip, unless what this clock says itself is
        possible too: an answer that took long, or was held up by a standstill, says less than the last one.
        """
        middle = (asked_at + answered_at) / 2
        if not self.is_measured or not self._allows(database_now, asked_at, answered_at):
            self._anchor, self._anchor_seconds = database_now, middle
        self.is_measured = True
        self._reading = self._read()
        self._settled.set()

    def doubt(self) -> None:
        """Rely on the clock again only after its next measurement."""
        self._settled.clear()
        self.on_doubt()

    async def settled(self) -> None:
        """Wait for the next measurement if this machine slept or its clock jumped since the last."""
        if self._settled.is_set() and time_lost(self._reading, self._read()) is not None:
            self.doubt()
        if not self._settled.is_set():
            async with asyncio.timeout(_LONGEST_DOUBT_SECONDS):
                await self._settled.wait()

    def _at(self, seconds: float) -> datetime:
        return self._anchor + timedelta(seconds=seconds - self._anchor_seconds)

    def _allows(self, database_now: datetime, asked_at: float, answered_at: float) -> bool:
        return self._at(asked_at) <= database_now <= self._at(answered_at)


class ManualClock:
    """A clock that stands still until it is moved."""

    def __init__(self, start: datetime) -> None:
        self._now = start

    def now(self) -> datetime:
        """Return the moment it stands at."""
        return self._now

    async def settled(self) -> None:
        """Return at once: nothing moves it but its owner."""

    def advance(self, seconds: float) -> datetime:
        """Move forward and return the new moment."""
        self._now += timedelta(seconds=seconds)
        return self._now
