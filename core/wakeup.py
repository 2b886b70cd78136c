"""A wake-up call for a loop that otherwise polls: many calls while it works count as one."""

from __future__ import annotations

import asyncio


class Wakeup:
    """Set by whoever made work, awaited by whoever does it."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def set(self) -> None:
        """Wake the loop now, or keep it from sleeping next time."""
        self._event.set()

    async def wait(self, timeout_seconds: float) -> bool:
        """Sleep until woken or until the time is up; return whether it was woken."""
        try:
            # Not wait_for: until Python 3.12 it forgets a cancellation that meets the event.
            async with asyncio.timeout(timeout_seconds):
                await self._event.wait()
        except TimeoutError:
            return False
        self._event.clear()
        return True
