"""The scheduler of a worker: claims slots ahead of time, and starts each look at its moment.

Two loops, so that a slow database does not make looks late: one claims, in rounds; one starts what is due
from a heap.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from core.checks.recording import Unconfirmed
from core.checks.runner import CheckRunner
from core.clock import Clock
from core.db.absence import CONNECTION_ERRORS
from core.db.database import Connection, Database
from core.log import get_logger
from core.scheduling.leases import (
    SPARE_SECONDS,
    Claim,
    Claimant,
    bring_forward,
    claim_due,
    give_back,
    renew,
    take_over,
)
from core.wakeup import Wakeup
from core.work_loop import POLL_SECONDS, work_in_rounds

AHEAD = timedelta(seconds=2)
CLAIMS_AT_ONCE = 500
MOST_HELD = 20_000
MOST_BEHIND = timedelta(seconds=1)
KEEP_EVERY = timedelta(seconds=5)
TAKE_OVER_EVERY = timedelta(seconds=10)
FINISH_SECONDS = 4.0

log = get_logger(__name__)


class Scheduler:
    """Claims for one region and starts looks. Any number of schedulers may claim for the same region.

    `wakeup` is set when slots of the region became due. Stop it before the recorder.
    """

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        runner: CheckRunner,
        claimant: Claimant,
        finish_seconds: float = FINISH_SECONDS,
    ) -> None:
        self.wakeup = Wakeup()
        self._database = database
        self._clock = clock
        self._runner = runner
        self._claimant = claimant
        self._finish_seconds = finish_seconds
        self._heap: list[tuple[datetime, int, Claim]] = []
        self._order = itertools.count()
        self._startable = Wakeup()
        self._is_held_up = False
        self._is_full = False
        self._unconfirmed: list[Unconfirmed] = []
        self._kept_at = self._took_over_at = datetime.min.replace(tzinfo=clock.now().tzinfo)
        runner.on_finished = self._make_room

    @property
    def waiting(self) -> tuple[Claim, ...]:
        """The claims whose moment has not come."""
        return tuple(claim for _, _, claim in self._heap)

    def look_again_soon(self, unconfirmed: Sequence[Unconfirmed]) -> None:
        """Take note of streaks to be confirmed; their next slots are brought forward in the next round."""
        self._unconfirmed += unconfirmed
        self.wakeup.set()

    async def run(self, stopping: asyncio.Event) -> None:
        """Claim and start looks until `stopping` is set; then finish some, and give back the others."""
        starting = asyncio.ensure_future(self._start_for_ever())
        try:
            await work_in_rounds(self.step, name="scheduler", wakeup=self.wakeup, stopping=stopping)
        finally:
            starting.cancel()
            await asyncio.gather(starting, return_exceptions=True)
        await self._give_back((*self.waiting, *await self._runner.finish(self._finish_seconds)))
        self._heap.clear()

    async def step(self) -> int:
        """Do one round with the database; return how much was claimed if more may be due, else zero."""
        await self._runner.abandon_overdue()
        await self._clock.settled()
        now = self._clock.now()
        at_most = self._capacity(now)
        async with self._database.acquire() as connection:
            await self._bring_forward(connection)
            await self._keep(connection, now)
            claims = await self._take_over(connection, now, at_most)
            if at_most > len(claims):
                claims += await claim_due(
                    connection, self._claimant, now=now, ahead=AHEAD, at_most=at_most - len(claims)
                )
        self._hold(claims)
        return len(claims) if len(claims) >= at_most > 0 else 0

    def start_due(self) -> float:
        """Start the looks whose moment has come; return the seconds until the next.

        Those whose lease ran out while this process stood still are left to whoever has them now.
        """
        now = self._clock.now()
        while self._heap and self._heap[0][0] <= now:
            if self._heap[0][2].lease_until <= now:
                claim = heapq.heappop(self._heap)[2]
                log.warning(
                    "scheduler.slot_missed", monitor=str(claim.monitor_id), slot=claim.slot.isoformat()
                )
                continue
            if self._runner.room <= 0:
                self._is_full = True
                return POLL_SECONDS
            self._runner.start(heapq.heappop(self._heap)[2])
        if self._is_held_up:
            self.wakeup.set()
        return (self._heap[0][0] - now).total_seconds() if self._heap else POLL_SECONDS

    async def _start_for_ever(self) -> None:
        while True:
            await self._startable.wait(self.start_due())

    def _make_room(self) -> None:
        if self._is_full:
            self._is_full = False
            self._startable.set()

    def _capacity(self, now: datetime) -> int:
        """Return how many slots may be claimed: none while the runner does not keep up with those held."""
        is_behind = bool(self._heap) and now - self._heap[0][0] > MOST_BEHIND
        self._is_held_up = is_behind and self._runner.room <= 0
        return 0 if self._is_held_up else min(CLAIMS_AT_ONCE, MOST_HELD - len(self._heap))

    def _hold(self, claims: Iterable[Claim]) -> None:
        for claim in claims:
            heapq.heappush(self._heap, (claim.slot, next(self._order), claim))
        self._startable.set()

    async def _bring_forward(self, connection: Connection) -> None:
        unconfirmed = tuple(self._unconfirmed)
        if unconfirmed:
            await bring_forward(connection, unconfirmed)
            del self._unconfirmed[: len(unconfirmed)]

    async def _keep(self, connection: Connection, now: datetime) -> None:
        """Renew the leases that end soon of looks that have not."""
        if now - self._kept_at < KEEP_EVERY:
            return
        self._kept_at = now
        ending = [claim for claim in self._held() if claim.lease_until - now < 2 * KEEP_EVERY]
        if ending:
            until = now + timedelta(seconds=SPARE_SECONDS + max(claim.timeout_seconds for claim in ending))
            await renew(connection, self._claimant, ending, until=until)
            self._note_renewed({id(claim) for claim in ending}, until)

    def _note_renewed(self, renewed: Collection[int], until: datetime) -> None:
        self._heap = [
            (slot, order, replace(claim, lease_until=until) if id(claim) in renewed else claim)
            for slot, order, claim in self._heap
        ]

    async def _take_over(self, connection: Connection, now: datetime, at_most: int) -> list[Claim]:
        if at_most <= 0 or now - self._took_over_at < TAKE_OVER_EVERY:
            return []
        self._took_over_at = now
        held: set[tuple[UUID, datetime]] = {(claim.monitor_id, claim.slot) for claim in self._held()}
        claims = await take_over(connection, self._claimant, now=now, at_most=at_most)
        return [claim for claim in claims if (claim.monitor_id, claim.slot) not in held]

    def _held(self) -> tuple[Claim, ...]:
        return (*self.waiting, *self._runner.under_way)

    async def _give_back(self, claims: Sequence[Claim]) -> None:
        if not claims:
            return
        try:
            async with self._database.acquire() as connection:
                await give_back(connection, self._claimant, claims)
        except CONNECTION_ERRORS as error:
            # Others take them over when their leases end.
            log.warning("scheduler.claims_kept", count=len(claims), error=str(error))
