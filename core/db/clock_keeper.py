"""Keeps the one clock true: asks the database for its time, again and again."""

from __future__ import annotations

import asyncio

from core.clock import MeasuredClock
from core.db.database import Database
from core.wakeup import Wakeup
from core.work_loop import work_in_rounds

_EVERY_SECONDS = 5.0


class ClockKeeper:
    """Measures the database's clock every five seconds, and at once when it is in doubt.

    An unreachable database leaves it running on.
    """

    def __init__(self, *, database: Database, clock: MeasuredClock) -> None:
        self._database = database
        self._clock = clock
        self._wakeup = Wakeup()
        clock.on_doubt = self._wakeup.set

    async def run(self, stopping: asyncio.Event) -> None:
        """Measure until `stopping` is set."""
        await work_in_rounds(
            self._measure, name="clock", wakeup=self._wakeup, stopping=stopping, poll_seconds=_EVERY_SECONDS
        )

    async def _measure(self) -> int:
        await self._database.measure(self._clock)
        return 0
