"""What lives longer than a request: counted, looked after, and ended with the process.

Whoever holds a connection open is asked for his credentials again: at once when a token is revoked, else now and then.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Hashable
from typing import Protocol

from core.errors import OverLimit, Unavailable
from core.wakeup import Wakeup
from core.work_loop import work_in_rounds

MOST_CONNECTIONS = 10_000
MOST_CONNECTIONS_EACH = 2_000
MOST_GUESTS = 1_000
BEAT_SECONDS = 30.0


class LiveConnection(Protocol):
    """A connection that stays open."""

    async def renew(self) -> None:
        """Look at the credentials again, and end what may not go on."""
        ...

    def beat(self) -> None:
        """Ask for a sign of life, so that nothing between closes the connection; end it if the last was not given."""
        ...

    def go_away(self) -> None:
        """Begin to end, since the process ends."""
        ...


class LiveConnections:
    """Those of one process. `wakeup` is set when credentials may have lost their force."""

    def __init__(self) -> None:
        self.wakeup = Wakeup()
        self._open: dict[LiveConnection, Hashable] = {}
        self._guests: set[LiveConnection] = set()
        self._each: Counter[Hashable] = Counter()
        self._beaten_at = time.monotonic()
        self._is_ending = False

    async def run(self, stopping: asyncio.Event) -> None:
        """Look after all connections until `stopping` is set; then let them go."""
        await work_in_rounds(
            self._step, name="live", wakeup=self.wakeup, stopping=stopping, poll_seconds=BEAT_SECONDS
        )
        self._is_ending = True
        for connection in (*self._open, *self._guests):
            connection.go_away()

    def admit(self, guest: LiveConnection) -> None:
        """Let in somebody who is to say who he is, and is looked after only from then on; raise Unavailable."""
        if self._is_ending:
            raise Unavailable("the server is going away")
        if len(self._guests) >= MOST_GUESTS:
            raise Unavailable(f"{MOST_GUESTS} connections wait to be initialised: try again later")
        self._guests.add(guest)

    def add(self, connection: LiveConnection, owner: Hashable) -> None:
        """Begin to look after a connection of an owner; raise OverLimit where he has too many, or Unavailable."""
        if self._is_ending:
            raise Unavailable("the server is going away")
        if len(self._open) >= MOST_CONNECTIONS:
            raise Unavailable(f"{MOST_CONNECTIONS} connections are open already: try again later")
        if self._each[owner] >= MOST_CONNECTIONS_EACH:
            raise OverLimit(f"at most {MOST_CONNECTIONS_EACH} connections may be open at once")
        self._guests.discard(connection)
        self._open[connection] = owner
        self._each[owner] += 1

    def discard(self, connection: LiveConnection) -> None:
        """Look after it no more."""
        self._guests.discard(connection)
        owner = self._open.pop(connection, None)
        if owner is not None:
            self._each[owner] -= 1
            if not self._each[owner]:
                del self._each[owner]

    async def _step(self) -> int:
        is_due = time.monotonic() - self._beaten_at >= BEAT_SECONDS
        if is_due:
            self._beaten_at = time.monotonic()
            for connection in tuple(self._open):
                connection.beat()
        for connection in tuple(self._open):
            if connection in self._open:
                await connection.renew()
        return 0
