"""Finds heartbeats past their deadline, and passive monitors that nobody here can judge.

A deadline counts as missed once some door is known to have been open beyond it: while none is, a job that
reports is not heard. It is missed once. A monitor that stays silent is DOWN with one incident and no further
checks; its next report makes the next deadline.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from core.checks.finding import NO_REGION, Finding
from core.checks.recorder import Recorded, record_findings
from core.clock import Clock
from core.db.database import Connection, Database
from core.db.named_sql import named_sql
from core.heartbeats.deadlines import TOLERANCE, HeartbeatState, is_missed, miss
from core.heartbeats.judging import SignalJudge, finding_of, not_loaded, not_stored
from core.heartbeats.parts import work_in_parts
from core.heartbeats.watched import read_doors_open_until, read_watched, store_states
from core.incidents.listeners import NOBODY, Listeners
from core.wakeup import Wakeup
from core.work_loop import work_in_rounds

_SQL = named_sql("heartbeats")

# A number of our own, so that the lock meets no other program's.
_LOCK = 0x746F6375
MONITORS_A_ROUND = 500
UNJUDGED_EVERY = timedelta(minutes=1)


class Sweep:
    """Records missed deadlines, shared by any number of workers."""

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        judge: SignalJudge,
        listeners: Listeners = NOBODY,
    ) -> None:
        self.wakeup = Wakeup()
        self._database = database
        self._clock = clock
        self._judge = judge
        self._listeners = listeners
        self._unjudged_at: datetime | None = None

    async def run(self, stopping: asyncio.Event) -> None:
        """Sweep until `stopping` is set; a round under way is finished."""
        await work_in_rounds(self.step, name="sweep", wakeup=self.wakeup, stopping=stopping)

    async def step(self) -> int:
        """Do one round; return how many monitors were found."""
        await self._clock.settled()
        return await self._miss_deadlines() + await self._admit_ignorance()

    async def _miss_deadlines(self) -> int:
        async with self._database.acquire() as connection:
            open_until = await read_doors_open_until(connection)
            if open_until is None:
                return 0
            latest = open_until - TOLERANCE
            rows = await connection.fetch(
                _SQL["overdue_heartbeats"], latest, self._judge.kinds, MONITORS_A_ROUND
            )
        return await work_in_parts([row["monitor_id"] for row in rows], self._record_missed)

    async def _record_missed(self, monitor_ids: Sequence[UUID], *, is_poisoned: bool) -> int:
        """Lock, read again, and record the deadlines that are still missed."""

        async def record(connection: Connection) -> tuple[int, Recorded]:
            now = self._clock.now()
            findings: list[Finding] = []
            states: dict[UUID, HeartbeatState] = {}
            rows = await connection.fetch(_SQL["lock_heartbeats"], monitor_ids)
            open_until = await read_doors_open_until(connection) or now
            for watched in await read_watched(connection, [row["monitor_id"] for row in rows]):
                if watched.is_pinged or not is_missed(watched.state, open_until):
                    continue
                states[watched.monitor_id], signal = miss(watched.state)
                findings += (
                    [finding_of(watched, now, not_stored())]
                    if is_poisoned
                    else await self._judge.findings(watched, [signal])
                )
            await store_states(connection, states)
            return len(states), await record_findings(connection, findings, now=now)

        missed, recorded = await self._database.in_transaction(record)
        self._listeners.tell(recorded)
        return missed

    async def _admit_ignorance(self) -> int:
        """Make monitors UNKNOWN whose kind no plugin brings; their pings wait in the inbox until one does."""
        now = self._clock.now()
        if self._unjudged_at is not None and now - self._unjudged_at < UNJUDGED_EVERY:
            return 0
        admitted = await self._database.in_transaction(self._admit)
        if admitted is None:
            return 0
        count, recorded = admitted
        if count < MONITORS_A_ROUND:
            self._unjudged_at = now
        self._listeners.tell(recorded)
        return count

    async def _admit(self, connection: Connection) -> tuple[int, Recorded] | None:
        """Return how many monitors nobody here can judge, and what followed; None if another worker is at it."""
        if not await connection.fetchval(_SQL["lock_unjudged"], _LOCK):
            return None
        now = self._clock.now()
        rows = await connection.fetch(_SQL["unjudged_monitors"], self._judge.kinds, MONITORS_A_ROUND)
        findings = [
            Finding(
                monitor_id=row["id"],
                region_id=NO_REGION,
                slot=now,
                checked_at=now,
                config_revision=row["config_revision"],
                outcome=not_loaded(row["kind"]),
            )
            for row in rows
        ]
        return len(rows), await record_findings(connection, findings, now=now)
