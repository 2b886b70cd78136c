"""The recorder: takes findings as they come, and records them in batches.

1. A finding waits in a bounded queue; whoever submits to a full one waits too.
2. A batch leaves at 500 findings, or 50 ms after its first; where more wait by then, they go along.
3. A batch that PostgreSQL could not take at the moment is repeated until it can.
4. One that it will never take is halved until the guilty finding is alone; that one is stored as UNKNOWN.
5. After the commit those who wait for its consequences are told.
"""

from __future__ import annotations

import asyncio
import itertools
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace

from core.checks.finding import Finding
from core.checks.recording import Recorded, Unconfirmed, record_findings, rounds
from core.clock import Clock
from core.db.absence import CONNECTION_ERRORS
from core.db.contention import CONTENTION
from core.db.database import Database
from core.incidents.listeners import NOBODY, Listeners
from core.log import get_logger
from core.scheduling.slots import believable_slot
from core.wakeup import Wakeup
from core.work_loop import POLL_SECONDS, tell_of_repeat
from plugins.api.outcome import CheckStatus, Outcome

__all__ = ["Recorded", "Recorder", "Unconfirmed", "record_findings"]

BATCH_SIZE = 500
MOST_A_BATCH = 1000
FLUSH_SECONDS = 0.05
CAPACITY = 20_000

_FIRST_PAUSE_SECONDS = 0.05
_LONGEST_PAUSE_SECONDS = 2.0
# The findings are not to blame: the same batch may pass the next time.
_PASSING = (*CONNECTION_ERRORS, *CONTENTION)
_FAILING = (CheckStatus.DEGRADED, CheckStatus.DOWN)
_UNSTORABLE = Outcome(status=CheckStatus.UNKNOWN, message="result could not be stored")

log = get_logger(__name__)


def _tell_nobody_of(_unconfirmed: Sequence[Unconfirmed]) -> None:
    pass


class Recorder:
    """Records what is submitted. Stop it after those who submit.

    `listeners` and `on_unconfirmed` are told after the commit, and must not wait.
    """

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        listeners: Listeners = NOBODY,
        on_unconfirmed: Callable[[Sequence[Unconfirmed]], None] = _tell_nobody_of,
        capacity: int = CAPACITY,
    ) -> None:
        self.wakeup = Wakeup()
        self._database = database
        self._clock = clock
        self._listeners = listeners
        self._on_unconfirmed = on_unconfirmed
        self._waiting: deque[Finding] = deque()
        self._full_batch = Wakeup()
        self._capacity = capacity
        self._room = asyncio.Event()

    async def submit(self, finding: Finding) -> None:
        """Leave a finding to be recorded; wait while the queue is full.

        Its slot is held near the moment of the look now, and kept however long the database is away.
        """
        slot = believable_slot(finding.slot, finding.checked_at)
        while len(self._waiting) >= self._capacity:
            self._room.clear()
            await self._room.wait()
        self._waiting.append(finding if slot is finding.slot else replace(finding, slot=slot))
        if len(self._waiting) == 1:
            self.wakeup.set()
        elif len(self._waiting) == BATCH_SIZE:
            self._full_batch.set()

    async def run(self, stopping: asyncio.Event) -> None:
        """Record until `stopping` is set and nothing waits any more."""
        hurrying = asyncio.ensure_future(self._hurry(stopping))
        try:
            while self._waiting or not stopping.is_set():
                await self.step()
        finally:
            hurrying.cancel()
            if self._waiting:
                log.error("recorder.findings_lost", count=len(self._waiting))

    async def step(self) -> int:
        """Record one batch, when it is full or its first finding has waited long enough; return its size."""
        if not self._waiting:
            await self.wakeup.wait(POLL_SECONDS)
        if not self._waiting:
            return 0
        if len(self._waiting) < BATCH_SIZE:
            await self._full_batch.wait(FLUSH_SECONDS)
        batch = list(itertools.islice(self._waiting, MOST_A_BATCH))
        await self._record(batch)
        for _ in batch:
            self._waiting.popleft()
        self._room.set()
        return len(batch)

    async def _hurry(self, stopping: asyncio.Event) -> None:
        await stopping.wait()
        self.wakeup.set()
        self._full_batch.set()

    async def _record(self, batch: Sequence[Finding]) -> None:
        """Record a batch, and halves of it where it cannot be recorded as a whole.

        A transaction is one round: a second one would lock states while it holds the counters of the first.
        """
        parts = list(reversed(rounds(batch)))
        while parts:
            part = parts.pop()
            try:
                await self._record_when_possible(part)
            except Exception as error:  # whatever a finding breaks, the others are recorded
                parts += self._smaller(part, error)

    def _smaller(self, part: Sequence[Finding], error: Exception) -> list[Sequence[Finding]]:
        """Return what to try instead of a part that cannot be recorded, in the reverse of its order."""
        if len(part) > 1:
            middle = len(part) // 2
            return [part[middle:], part[:middle]]
        [finding] = part
        if finding.outcome is _UNSTORABLE:
            log.exception("recorder.finding_dropped", monitor=str(finding.monitor_id), error=str(error))
            return []
        log.exception("recorder.finding_unstorable", monitor=str(finding.monitor_id), error=str(error))
        return [[replace(finding, outcome=_UNSTORABLE)]]

    async def _record_when_possible(self, part: Sequence[Finding]) -> None:
        pause = _FIRST_PAUSE_SECONDS
        may_be_recorded = False
        while True:
            try:
                recorded = await self._commit(part)
            except _PASSING as error:
                if isinstance(error, ValueError):  # asyncpg could not even encode an argument
                    raise
                tell_of_repeat("recorder.repeats", error, count=len(part))
                may_be_recorded |= not isinstance(error, CONTENTION)
            else:
                break
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)
        self._tell(_all_that_may_follow(recorded, part) if may_be_recorded else recorded)

    async def _commit(self, part: Sequence[Finding]) -> Recorded:
        async with self._database.transaction() as connection:
            return await record_findings(connection, part, now=self._clock.now())

    def _tell(self, recorded: Recorded) -> None:
        self._listeners.tell(recorded)
        if recorded.unconfirmed:
            self._on_unconfirmed(recorded.unconfirmed)


def _all_that_may_follow(recorded: Recorded, part: Sequence[Finding]) -> Recorded:
    """Return what a commit led to of which only the answer may have been lost: the second one led to nothing."""
    failing = tuple(
        Unconfirmed(monitor_id=finding.monitor_id, region_id=finding.region_id, slot=finding.slot)
        for finding in part
        if finding.outcome.status in _FAILING
    )
    return replace(recorded, unconfirmed=failing, transitions=1, events=1)
