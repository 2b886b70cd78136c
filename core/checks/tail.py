"""Tells a process's subscribers of the checks of the monitors that they follow, as they are recorded.

Recorders tell nobody of a check: that would cost every one of them. So this asks twice a second, and only while
somebody follows, how far each region of those monitors has come, and reads the checks in between.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeAlias
from uuid import UUID

import asyncpg

from core.clock import Clock
from core.db.database import Connection, Database
from core.db.named_sql import named_sql
from core.errors import TooSlow
from core.wakeup import Wakeup
from core.work_loop import work_in_rounds

MOST_WAITING = 1000
POLL_SECONDS = 0.5
_OLDEST_SLOT = timedelta(hours=1)

_SQL = named_sql("read_checks")

# How far a region of a monitor has come.
Place: TypeAlias = tuple[UUID, int]


@dataclass(eq=False, kw_only=True, slots=True)
class _Follower:
    """Who is told of a monitor's checks."""

    waiting: deque[asyncpg.Record] = field(default_factory=deque)
    is_ended: bool = False
    is_cut: bool = False
    news: asyncio.Event = field(default_factory=asyncio.Event)

    def offer(self, check: asyncpg.Record) -> None:
        if len(self.waiting) >= MOST_WAITING:
            self.is_cut = True
            self.waiting.clear()
        if not self.is_cut:
            self.waiting.append(check)
        self.news.set()

    def end(self) -> None:
        self.is_ended = True
        self.news.set()

    async def next(self) -> asyncpg.Record | None:
        while not self.waiting:
            if self.is_cut:
                raise TooSlow(f"more than {MOST_WAITING} checks were waiting")
            if self.is_ended:
                return None
            self.news.clear()
            await self.news.wait()
        return self.waiting.popleft()


class CheckTail:
    """One for each API process."""

    def __init__(self, *, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._wakeup = Wakeup()
        self._followers: dict[UUID, set[_Follower]] = {}
        self._places: dict[Place, datetime] = {}

    async def run(self, stopping: asyncio.Event) -> None:
        """Tell followers of checks until `stopping` is set."""
        # While nobody follows, a round asks nothing.
        await work_in_rounds(
            self.step, name="check_tail", wakeup=self._wakeup, stopping=stopping, poll_seconds=POLL_SECONDS
        )

    async def follow(self, monitor_id: UUID) -> AsyncGenerator[asyncpg.Record, None]:
        """Yield the rows of the monitor's checks from now on, until it is deleted; raise TooSlow.

        A check that is recorded after a later one of its region is not told.
        """
        follower = _Follower()
        async with self._database.acquire() as connection:
            for row in await connection.fetch(_SQL["followed_regions"], [monitor_id]):
                if row["last_slot"] is not None:
                    self._places.setdefault((monitor_id, row["region_id"]), row["last_slot"])
        self._followers.setdefault(monitor_id, set()).add(follower)
        try:
            while (check := await follower.next()) is not None:
                yield check
        finally:
            self._leave(monitor_id, follower)

    async def step(self) -> int:
        """Look once for new checks; always zero, as there is nothing to hurry for."""
        monitors = list(self._followers)
        if not monitors:
            return 0
        async with self._database.acquire() as connection:
            rows = await connection.fetch(_SQL["followed_regions"], monitors)
            for gone in set(monitors).difference(row["monitor_id"] for row in rows):
                for follower in self._followers.get(gone, ()):
                    follower.end()
            for check in await self._new_checks(connection, rows):
                for follower in self._followers.get(check["monitor_id"], ()):
                    follower.offer(check)
        return 0

    async def _new_checks(self, connection: Connection, rows: list[asyncpg.Record]) -> list[asyncpg.Record]:
        ahead = []
        for row in rows:
            place, last_slot = (row["monitor_id"], row["region_id"]), row["last_slot"]
            # A region that looks for the first time: its slot may lie before the first question.
            after = self._places.get(place, self._clock.now() - _OLDEST_SLOT)
            if last_slot is not None and after < last_slot:
                ahead.append((*place, after, last_slot))
        if not ahead:
            return []
        checks = await connection.fetch(_SQL["followed_checks"], *zip(*ahead, strict=True))
        self._places.update({(monitor, region): last_slot for monitor, region, _, last_slot in ahead})
        return checks

    def _leave(self, monitor_id: UUID, follower: _Follower) -> None:
        followers = self._followers[monitor_id]
        followers.discard(follower)
        if not followers:
            del self._followers[monitor_id]
            self._places = {place: slot for place, slot in self._places.items() if place[0] != monitor_id}
