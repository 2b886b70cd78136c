"""Notices regions that nobody works for any more, or again, and has their monitors judged without or with them.

Whether a region takes part is written down and not reckoned anew by each judgement, so that all judge alike. What
it thought when it left is not thought any more when it comes back: it looks at everything first.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import datetime
from uuid import UUID

from core.clock import Clock
from core.db.database import Connection, Database
from core.db.named_sql import named_sql
from core.incidents.judgement import Judged, judge
from core.incidents.listeners import NOBODY, Listeners
from core.log import get_logger
from core.scheduling.attendance import WORKER_ALIVE_FOR, Attendance, Turn, Watch
from core.wakeup import Wakeup
from core.work_loop import work_in_rounds

_SQL = named_sql("region_watch")
# A number of our own, so that the lock meets no other program's.
_LOCK = 0x746F6372
_EVERY_SECONDS = 5.0
_FIRST = UUID(int=0)
MONITORS_AT_ONCE = 200

log = get_logger(__name__)


class RegionWatch:
    """One of it works at a time, over all workers; another takes over when that one ends."""

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        listeners: Listeners = NOBODY,
    ) -> None:
        self._database = database
        self._clock = clock
        self._listeners = listeners
        self._watch = Watch()

    async def run(self, stopping: asyncio.Event) -> None:
        """Watch until `stopping` is set."""
        await work_in_rounds(
            self.step, name="region_watch", wakeup=Wakeup(), stopping=stopping, poll_seconds=_EVERY_SECONDS
        )

    async def step(self) -> int:
        """Look once; return how many regions went or came back."""
        async with self._database.acquire() as connection:
            now = self._clock.now()
            seen = await _attendances(connection, now)
            turning = _turning(seen, now=now, watched_since=self._watch.look(now))
            if not turning and all(region.is_settled for region in seen):
                return 0
            async with _alone(connection) as is_ours:
                if not is_ours:
                    return 0
                for region, turn in turning:
                    await _turn(connection, region, turn, now)
                for region in await _attendances(connection, now):
                    if not region.is_settled:
                        await self._settle(connection, region)
        return len(turning)

    async def _settle(self, connection: Connection, region: Attendance) -> None:
        """Judge every monitor of a region; who is cut off in between is followed by one who begins again."""
        last = _FIRST
        while rows := await connection.fetch(
            _SQL["monitors_of_region"], region.region_id, last, MONITORS_AT_ONCE
        ):
            monitors = [row["monitor_id"] for row in rows]
            last = monitors[-1]
            if region.absent_since is not None:
                await connection.execute(
                    _SQL["make_due_on_return"], region.region_id, monitors, region.absent_since
                )
            await self._judge(region, monitors)
        await connection.execute(_SQL["settle_region"], region.region_id, region.absent_since)

    async def _judge(self, region: Attendance, monitors: list[UUID]) -> None:
        async def judge_anew(connection: Connection) -> Judged:
            now = self._clock.now()
            await connection.execute(_SQL["hold_opinions"], monitors)
            await connection.execute(_SQL["keep_what_was_seen"], monitors)
            if region.absent_since is not None:
                await connection.execute(_SQL["forget_opinions"], region.region_id, monitors)
            return await judge(connection, monitors, now=now, not_before=now)

        self._listeners.tell(await self._database.in_transaction(judge_anew))


def _turning(
    seen: Iterable[Attendance], *, now: datetime, watched_since: datetime
) -> list[tuple[Attendance, Turn]]:
    turns = ((region, region.turn(now=now, watched_since=watched_since)) for region in seen)
    return [(region, turn) for region, turn in turns if turn is not None]


async def _attendances(connection: Connection, now: datetime) -> list[Attendance]:
    rows = await connection.fetch(_SQL["attendances"], now - WORKER_ALIVE_FOR)
    return [
        Attendance(
            region_id=row["id"],
            key=row["key"],
            workers=row["workers"],
            seen_at=row["seen_at"],
            absent_since=row["absent_since"],
            is_settled=row["is_settled"],
        )
        for row in rows
    ]


@asynccontextmanager
async def _alone(connection: Connection) -> AsyncIterator[bool]:
    """Give whether nobody else is at it. The lock outlives transactions, and ends with the connection."""
    is_ours: bool = await connection.fetchval(_SQL["lock_region_watch"], _LOCK)
    try:
        yield is_ours
    finally:
        if is_ours:
            await connection.execute(_SQL["unlock_region_watch"], _LOCK)


async def _turn(connection: Connection, region: Attendance, turn: Turn, now: datetime) -> None:
    absent_since = now if turn is Turn.LEFT else None
    turned = await connection.fetchrow(
        _SQL["turn_region"], region.region_id, region.absent_since, absent_since
    )
    if turned is None:
        return
    if turn is Turn.LEFT:
        log.warning(
            "region.without_worker",
            region=region.key,
            monitors=turned["monitors"],
            last_seen=None if region.seen_at is None else region.seen_at.isoformat(timespec="seconds"),
        )
    else:
        log.info("region.has_a_worker_again", region=region.key, monitors=turned["monitors"])
