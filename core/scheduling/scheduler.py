"""The scheduler of a worker: claims slots ahead of time, and starts each look at its moment.

Two loops, so that a slow database does not make looks late: one claims, in rounds; one starts what is due,
some in each turn of the event loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from core.checks.recording import Unconfirmed
from core.checks.runner import CheckRunner
from core.clock import Clock
from core.db.absence import CONNECTION_ERRORS
from core.db.database import Connection, Database
from core.log import get_logger
from core.scheduling.agenda import Agenda
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
# Starting one takes a fraction of a millisecond, and what those under way do takes its share of each turn.
STARTS_A_TURN = 20
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
        self._agenda = Agenda()
        self._startable = Wakeup()
        self._is_held_up = False
        self._is_full = False
        self._unconfirmed: list[Unconfirmed] = []
        self._kept_at = self._took_over_at = datetime.min.replace(tzinfo=clock.now().tzinfo)
        runner.on_finished = self._make_room

    @property
    def waiting(self) -> tuple[Claim, ...]:
        """The claims that have not been begun."""
        return self._agenda.claims

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
        self._agenda.clear()

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
        """Start looks whose moment has come, and no more than this turn of the loop can bear.

        Returns the seconds until the next. Those whose lease ran out while this process stood still are left
        to whoever has them now.
        """
        now = self._clock.now()
        for _ in range(STARTS_A_TURN):
            if self._runner.room <= 0:
                self._is_full = True
                return POLL_SECONDS
            claim = self._agenda.take(now)
            if claim is None:
                break
            if claim.lease_until > now:
                self._runner.start(claim)
            else:
                log.warning(
                    "scheduler.slot_missed", monitor=str(claim.monitor_id), slot=claim.slot.isoformat()
                )
        if self._is_held_up:
            self.wakeup.set()
        first = self._agenda.first_moment
        return POLL_SECONDS if first is None else max(0.0, (first - now).total_seconds())

    async def _start_for_ever(self) -> None:
        while True:
            pause = self.start_due()
            if pause:
                await self._startable.wait(pause)
            else:
                await asyncio.sleep(0)

    def _make_room(self) -> None:
        if self._is_full:
            self._is_full = False
            self._startable.set()

    def _capacity(self, now: datetime) -> int:
        """Return how many slots may be claimed: none while the runner does not keep up with those held."""
        first = self._agenda.first_moment
        is_behind = first is not None and now - first > MOST_BEHIND
        self._is_held_up = is_behind and self._runner.room <= 0
        return 0 if self._is_held_up else min(CLAIMS_AT_ONCE, MOST_HELD - len(self._agenda))

    def _hold(self, claims: Iterable[Claim]) -> None:
        for claim in claims:
            self._agenda.add(claim)
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
            self._agenda.renew({id(claim) for claim in ending}, until)

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
