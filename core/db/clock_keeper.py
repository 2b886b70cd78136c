"""Keeps the one clock true: asks the database for its time, again and again."""

from __future__ import annotations

import asyncio
import contextlib

import asyncpg

from core.clock import MeasuredClock
from core.db.database import Database
from core.log import get_logger

log = get_logger(__name__)

_EVERY_SECONDS = 5.0


class ClockKeeper:
    """Measures the database's clock every five seconds; an unreachable database leaves it running on."""

    def __init__(self, *, database: Database, clock: MeasuredClock) -> None:
        self._database = database
        self._clock = clock

    async def run(self, stopping: asyncio.Event) -> None:
        """Measure until `stopping` is set."""
        while not stopping.is_set():
            try:
                await self._database.measure(self._clock)
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                log.warning("clock.not_measured", error=str(error) or type(error).__name__)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), _EVERY_SECONDS)
