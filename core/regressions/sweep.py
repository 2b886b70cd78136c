"""Notices what became slower than it used to be, and what is as fast as usual again.

Away from the recorder: each minute the last stretch of all watched monitors is read, and once a day what is usual of
them. Nothing is remembered between rounds but how far one has come; another worker goes on at its own next round.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

from core.clock import Clock
from core.db.database import Connection, Database
from core.db.named_sql import named_sql
from core.incidents.change_store import Hint, Judged, Sentence, store_changes
from core.incidents.changes import settle
from core.incidents.life_cycle import end_regressions
from core.incidents.listeners import NOBODY, Listeners
from core.incidents.subject import lock_subjects
from core.log import get_logger
from core.regressions.paces import FIRST, WatchedPace, read_paces
from core.regressions.rule import (
    FEWEST_USUAL_LOOKS,
    INTERVALS_A_STRETCH,
    MOST_USUAL_LOOKS,
    STRETCH,
    Regression,
)
from core.wakeup import Wakeup
from core.work_loop import work_in_rounds

_SQL = named_sql("regressions")
# A number of our own, so that the lock meets no other program's.
_LOCK = 0x746F6367
EVERY = timedelta(minutes=1)
RECKONED_EVERY = timedelta(days=1)
# Where there were too few looks.
TRIED_EVERY = timedelta(hours=1)
# Few, since a cold disk may have to be asked for a thousand pages of each.
BASELINES_A_ROUND = 20
MONITORS_A_ROUND = 500

_INCOMPARABLE = "there is nothing to compare with any more"

log = get_logger(__name__)


class RegressionSweep:
    """One of it works at a time, over all workers; another takes over when that one ends."""

    def __init__(self, *, database: Database, clock: Clock, listeners: Listeners = NOBODY) -> None:
        self._database = database
        self._clock = clock
        self._listeners = listeners
        self._begun_at: datetime | None = None
        self._last: UUID | None = None

    async def run(self, stopping: asyncio.Event) -> None:
        """Sweep until `stopping` is set; a piece under way is finished."""
        await work_in_rounds(
            self.step,
            name="regression_sweep",
            wakeup=Wakeup(),
            stopping=stopping,
            poll_seconds=EVERY.total_seconds(),
        )

    async def step(self) -> int:
        """Do a piece of each kind of work; return how many monitors it was about, zero once the round is over."""
        await self._clock.settled()
        reckoned, judged = await self._database.in_transaction(self._reckon)
        self._listeners.tell(judged)
        return reckoned + await self._judge_next()

    async def _reckon(self, connection: Connection) -> tuple[int, Judged]:
        """Return of how many monitors it was reckoned what is usual, and what followed."""
        if not await connection.fetchval(_SQL["lock_regression_sweep"], _LOCK):
            return 0, Judged()
        now = self._clock.now()
        rows = await connection.fetch(
            _SQL["reckon_baselines"],
            now,
            STRETCH,
            INTERVALS_A_STRETCH,
            now - RECKONED_EVERY,
            now - TRIED_EVERY,
            MOST_USUAL_LOOKS,
            FEWEST_USUAL_LOOKS,
            BASELINES_A_ROUND,
        )
        ending = [row["monitor_id"] for row in rows if row["is_incomparable"]]
        return len(rows), await end_regressions(connection, ending, _INCOMPARABLE, now=now)

    async def _judge_next(self) -> int:
        """Judge the next monitors of the round that is under way, or of a new one if its time has come."""
        now = self._clock.now()
        if self._last is None:
            if self._begun_at is not None and timedelta(0) <= now - self._begun_at < EVERY:
                return 0
            self._begun_at, self._last = now, FIRST
        after = self._last

        async def judge(connection: Connection) -> tuple[list[WatchedPace], Judged]:
            return await self._judge(connection, after)

        seen, judged = await self._database.in_transaction(judge)
        self._last = seen[-1].monitor_id if len(seen) == MONITORS_A_ROUND else None
        self._listeners.tell(judged)
        if judged.transitions:
            log.info("regressions.changed", incidents=judged.transitions)
        return len(seen)

    async def _judge(self, connection: Connection, after: UUID) -> tuple[list[WatchedPace], Judged]:
        """Return the monitors that were looked at, and what followed."""
        if not await connection.fetchval(_SQL["lock_regression_sweep"], _LOCK):
            return [], Judged()
        now = self._clock.now()
        seen = await read_paces(connection, now, after=after, most=MONITORS_A_ROUND)
        changing = [watched.monitor_id for watched in seen if watched.may_change]
        return seen, await judge_regressions(connection, changing, now=now)


async def judge_regressions(connection: Connection, monitor_ids: list[UUID], *, now: datetime) -> Judged:
    """Lock monitors, read again how fast they were and how they are watched, and store what that changes."""
    subjects = await lock_subjects(connection, monitor_ids)
    held = [subject.monitor_id for subject in subjects]
    seen = await read_paces(connection, now, after=FIRST, most=len(held), only=held)
    regressions = {each.monitor_id: each.regression for each in seen if each.regression is not None}
    sentences = [
        Sentence(
            subject=subject,
            changes=settle(subject.standing, [regressions[subject.monitor_id].condition]),
        )
        for subject in subjects
        if subject.monitor_id in regressions
    ]
    return await store_changes(connection, sentences, now=now, hints=_hints(regressions))


def _hints(regressions: Mapping[UUID, Regression]) -> dict[UUID, Hint]:
    return {
        monitor_id: Hint(root_cause=None, detail=regression.detail)
        for monitor_id, regression in regressions.items()
    }
