"""When a socket has something to read."""

from __future__ import annotations

import asyncio
import socket


class Readiness:
    """Says when a socket is readable. Close it before the socket.

    On uvloop the socket stays watched from one wait to the next, since to watch it anew costs more than the wait.
    asyncio's own loop polls once more before whoever was woken can read, and would tell of the same data twice.
    """

    __slots__ = ("_descriptor", "_is_watched", "_loop", "_stays_watched", "_waiting")

    def __init__(self, connection: socket.socket) -> None:
        self._loop = asyncio.get_running_loop()
        self._descriptor = connection.fileno()
        self._is_watched = False
        self._stays_watched = not isinstance(self._loop, asyncio.SelectorEventLoop)
        self._waiting: asyncio.Future[None] | None = None

    async def wait(self) -> None:
        """Wait until the socket has data, or its connection ended. It may have neither all the same."""
        self._waiting = self._loop.create_future()
        if not self._is_watched:
            self._loop.add_reader(self._descriptor, self._tell)
            self._is_watched = True
        try:
            await self._waiting
        finally:
            self._waiting = None
            if not self._stays_watched:
                self.close()

    def close(self) -> None:
        """Watch no more; again does nothing."""
        if self._is_watched:
            self._loop.remove_reader(self._descriptor)
            self._is_watched = False

    def _tell(self) -> None:
        if self._waiting is None:
            # Data that nobody reads yet would be told in every turn of the loop.
            self.close()
        elif not self._waiting.done():
            self._waiting.set_result(None)
