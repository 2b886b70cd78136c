"""Notices when the event loop of this process did not run: a stall, a stopped process, a machine that slept."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable

from core.blindness.machine_clocks import read_clocks
from core.blindness.standstill import STALL_SECONDS, Reading, Standstill, standstill_between
from core.log import get_logger

log = get_logger(__name__)

# So often that no stall above the limit hides between two readings.
EVERY_SECONDS = 0.05


def _tell_nobody() -> None:
    pass


class LoopWatch:
    """Reads the clocks from the loop, again and again; a gap between two readings is a standstill.

    `on_shaken` is called where the time must be asked for anew. `seeing_since` is the monotonic time at which the last one ended:
    what began before it was under way while nobody looked. Nothing is noticed unless it runs.
    """

    def __init__(
        self,
        *,
        on_shaken: Callable[[], None] = _tell_nobody,
        read: Callable[[], Reading] = read_clocks,
    ) -> None:
        self.seeing_since = -math.inf
        self.last: Standstill | None = None
        self._on_shaken = on_shaken
        self._read = read
        self._reading: Reading | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._read_at = math.inf  # so that before the first reading no time counts as lost

    async def run(self, stopping: asyncio.Event) -> None:
        """Watch until `stopping` is set."""
        self._keep(self._read())
        self._tick()
        try:
            await stopping.wait()
        finally:
            if self._timer is not None:
                self._timer.cancel()
            self._reading, self._read_at = None, math.inf

    def look(self) -> float:
        """Notice a stall that the next reading would find, as whoever asks may come before it; return the time."""
        now = time.monotonic()
        if now - self._read_at > STALL_SECONDS:
            self.look_closely()
            return max(now, self.seeing_since)
        return now

    def look_closely(self) -> None:
        """Notice whatever time was lost since the last reading."""
        before = self._reading
        if before is None:
            return
        after = self._read()
        self._keep(after)
        standstill = standstill_between(before, after)
        if standstill is not None:
            self.last = standstill
            self.seeing_since = after.monotonic
            log.warning("loop.stood_still", reason=standstill.reason)
            if standstill.shakes_clocks:
                self._on_shaken()

    def _tick(self) -> None:
        self.look_closely()
        self._timer = asyncio.get_running_loop().call_later(EVERY_SECONDS, self._tick)

    def _keep(self, reading: Reading) -> None:
        self._reading = reading
        self._read_at = reading.monotonic
