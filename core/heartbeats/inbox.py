"""Applies pings: what jobs reported becomes checks, statuses and new deadlines, in the order of its arrival.

One round, in one transaction:

1. Lock the heartbeats whose pings wait and which no other worker holds.
2. Read, in new statements, where they stand and their pings.
3. Work out what the pings come to, and have the probe judge each report.
4. Record the findings, store where the heartbeats stand, and take the pings out of the inbox.

A worker that dies in between leaves everything as it was.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from core.checks.finding import Finding
from core.checks.recorder import Recorded, record_findings
from core.clock import Clock
from core.db.database import Connection, Database
from core.db.named_sql import named_sql
from core.heartbeats.deadlines import Application, InboxPing, apply_pings
from core.heartbeats.judging import SignalJudge, finding_of, not_stored
from core.heartbeats.parts import work_in_parts
from core.heartbeats.watched import (
    AppliedPing,
    Watched,
    mark_applied,
    read_doors_open_until,
    read_inbox,
    read_watched,
    store_states,
)
from core.incidents.listeners import NOBODY, Listeners
from core.incidents.voiding import void_outage
from core.wakeup import Wakeup
from core.work_loop import work_in_rounds

_SQL = named_sql("heartbeats")

MONITORS_A_ROUND = 500
PINGS_A_ROUND = 2_000

_BEFORE_ALL = UUID(int=0)
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Applied:
    """A heartbeat with what its pings come to, and what was found."""

    watched: Watched
    pings: Sequence[InboxPing]
    application: Application
    findings: Sequence[Finding]


class Inbox:
    """Applies pings, shared by any number of workers. `wakeup` is set when pings came in."""

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
        self._after = _BEFORE_ALL

    async def run(self, stopping: asyncio.Event) -> None:
        """Apply pings until `stopping` is set; a round under way is finished."""
        await work_in_rounds(self.step, name="inbox", wakeup=self.wakeup, stopping=stopping)

    async def step(self) -> int:
        """Do one round; return how many pings left the inbox."""
        async with self._database.acquire() as connection:
            rows = await connection.fetch(_SQL["waiting_monitors"], self._after, MONITORS_A_ROUND)
        waiting = [row["monitor_id"] for row in rows]
        # The next round goes on where this one ends, so that no monitor waits for the others for ever.
        self._after = waiting[-1] if len(waiting) == MONITORS_A_ROUND else _BEFORE_ALL
        return await work_in_parts(waiting, self._apply)

    async def _apply(self, monitor_ids: Sequence[UUID], *, is_poisoned: bool) -> int:
        async def apply(connection: Connection) -> tuple[int, Recorded]:
            now = self._clock.now()
            rows = await connection.fetch(_SQL["lock_heartbeats"], monitor_ids)
            locked = [row["monitor_id"] for row in rows]
            if len(locked) < len(monitor_ids):
                await connection.execute(_SQL["drop_orphaned_pings"], monitor_ids)
            applied = await self._work_out(connection, locked)
            if is_poisoned:
                applied = [_without_results(each, now) for each in applied]
            recorded = await self._store(connection, applied, now)
            return sum(len(each.pings) for each in applied), recorded

        count, recorded = await self._database.in_transaction(apply)
        self._listeners.tell(recorded)
        return count

    async def _work_out(self, connection: Connection, locked: Sequence[UUID]) -> list[_Applied]:
        """Read the locked heartbeats and their pings, and judge them. Pings of kinds not loaded stay in the inbox."""
        doors_open_until = await read_doors_open_until(connection) or _NEVER
        watched = [each for each in await read_watched(connection, locked) if self._judge.knows(each.kind)]
        pings = await read_inbox(connection, [each.monitor_id for each in watched], limit=PINGS_A_ROUND)
        return [
            await self._judged(each, pings[each.monitor_id], doors_open_until)
            for each in watched
            if each.monitor_id in pings
        ]

    async def _judged(
        self, watched: Watched, pings: Sequence[InboxPing], doors_open_until: datetime
    ) -> _Applied:
        expect = self._judge.expect_of(watched)
        application = apply_pings(
            watched.state,
            pings,
            expect=expect,
            doors_open_until=doors_open_until,
            is_paused=watched.is_paused,
        )
        findings = await self._judge.findings(watched, application.signals)
        return _Applied(watched=watched, pings=pings, application=application, findings=findings)

    async def _store(self, connection: Connection, applied: Sequence[_Applied], now: datetime) -> Recorded:
        recorded = Recorded()
        findings: list[Finding] = []
        for each in applied:
            taken_back = await _take_back(connection, each, now)
            recorded += taken_back or Recorded()
            findings += each.findings if taken_back is not None else _after_miss(each)
        recorded += await record_findings(connection, findings, now=now)
        await store_states(connection, {each.watched.monitor_id: each.application.state for each in applied})
        await mark_applied(connection, [ping for each in applied for ping in _out_of_inbox(each)])
        return recorded


async def _take_back(connection: Connection, applied: _Applied, now: datetime) -> Recorded | None:
    """Void the outage of a missed deadline that a ping refutes; None if it is refuted, but cannot be voided."""
    refutation = applied.application.refutation
    if refutation is None:
        return Recorded()
    judged = await void_outage(
        connection,
        applied.watched.workspace_id,
        applied.watched.monitor_id,
        missed_at=refutation.missed_at,
        arrived_at=refutation.arrived_at,
        now=now,
    )
    return None if judged is None else Recorded(transitions=judged.transitions, events=judged.events)


def _after_miss(applied: _Applied) -> list[Finding]:
    """The outage is older than the missed deadline. The success ends it; as of its arrival it would be outdated."""
    refutation = applied.application.refutation
    return [
        replace(finding, slot=refutation.missed_at + timedelta(microseconds=1))
        if refutation and finding.slot == refutation.arrived_at
        else finding
        for finding in applied.findings
    ]


def _out_of_inbox(applied: _Applied) -> list[AppliedPing]:
    return [
        AppliedPing(monitor_id=applied.watched.monitor_id, ping=ping, duration_ms=duration_ms)
        for ping, duration_ms in zip(applied.pings, applied.application.durations_ms, strict=True)
    ]


def _without_results(applied: _Applied, now: datetime) -> _Applied:
    """What the database refuses is recorded as not known; the deadlines that follow from the pings stand."""
    return replace(applied, findings=[finding_of(applied.watched, now, not_stored())])
