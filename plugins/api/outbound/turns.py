"""Work of milliseconds that takes turns, so that however many want to do it, the event loop keeps turning."""

from __future__ import annotations

import asyncio
from collections import deque
from time import perf_counter

# What of each turn of the loop such work may take, as long as nothing takes longer by itself.
SECONDS_A_TURN = 0.005
_RELEASED_A_TURN = 4


class Turns:
    """Lets pieces of work begin, in the order in which they came, until the turn of the loop is used up.

    Serves one event loop.
    """

    __slots__ = ("_began", "_waiting")

    def __init__(self) -> None:
        self._began: float | None = None
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def take(self) -> None:
        """Wait until a piece of work may begin; what comes next must do it without waiting."""
        if not self._waiting and self._has_time():
            return
        ready = asyncio.get_running_loop().create_future()
        self._waiting.append(ready)
        await ready  # who stops waiting has cancelled it, and is passed over

    def _has_time(self) -> bool:
        now = perf_counter()
        if self._began is None:
            self._began = now
            asyncio.get_running_loop().call_soon(self._turn)
        return now - self._began < SECONDS_A_TURN

    def _turn(self) -> None:
        """Begin a turn. Who waits goes first, a few at a time, as nobody knows how long each takes."""
        self._began = None
        released = 0
        while self._waiting and released < _RELEASED_A_TURN:
            ready = self._waiting.popleft()
            if not ready.done():
                ready.set_result(None)
                released += 1
        if released:
            self._began = perf_counter()
            asyncio.get_running_loop().call_soon(self._turn)
