"""Takes pings at the door: those that arrive together are stored by one statement, and answered after it.

1. A ping waits in memory with the others that arrived while a statement runs.
2. A writer takes them all (up to a bound) and stores them by one statement, which also asks the rate limit.
3. After the commit each ping is answered, and the worker is told that its inbox holds something.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

import asyncpg

from core.clock import Clock
from core.db.absence import CONNECTION_ERRORS
from core.db.contention import CONTENTION
from core.db.database import Database
from core.db.named_sql import named_sql
from core.db.notifications import NotifyChannel, notify
from core.errors import Unavailable
from core.heartbeats.ping import (
    LONGEST_MESSAGE_BYTES,
    LONGEST_RUN_ID_BYTES,
    Ping,
    PingAnswer,
    PingKind,
    PingVerdict,
    storable_text,
)
from core.ids import new_id
from core.log import get_logger
from core.secret_text import digest_of
from core.usage.quota import Quota

log = get_logger(__name__)

_SQL = named_sql("heartbeats")

MOST_WRITERS = 2
MOST_PINGS_IN_STATEMENT = 250
PINGS_WORTH_A_STATEMENT = 32
MOST_WAITING = 20_000
# A short absence of the database is waited out; whoever waits longer is better off trying again.
LONGEST_WAIT_SECONDS = 5.0
ANNOUNCE_AFTER_SECONDS = 0.02

_MINUTE_US = 60_000_000
_FIRST_PAUSE_SECONDS = 0.05
_LONGEST_PAUSE_SECONDS = 0.5

_REPEATED = (*CONNECTION_ERRORS, *CONTENTION)
# A ValueError is an argument that asyncpg cannot encode.
_POISONED = (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError, ValueError)


@dataclass(frozen=True, kw_only=True, slots=True)
class PingLimit:
    """A bucket that holds `burst` pings and lets one out every `spacing`."""

    burst: int
    spacing: timedelta

    @classmethod
    def per_minute(cls, pings: int) -> PingLimit:
        """Return the limit of that many pings a minute."""
        return cls(burst=pings, spacing=timedelta(microseconds=_MINUTE_US // pings))

    def retry_after_seconds(self, drained_at: datetime, at: datetime) -> float:
        """Return the seconds from `at` until a bucket that is empty at `drained_at` takes one more ping."""
        has_room_at = drained_at - (self.burst - 1) * self.spacing
        return max(0.0, (has_room_at - at).total_seconds())

    def quota(self, drained_at: datetime, at: datetime) -> Quota:
        """Return what such a bucket takes at once, and when it is empty."""
        room = self.burst + (at - drained_at) // self.spacing
        return Quota(limit=self.burst, remaining=max(0, min(self.burst, room)), resets_at=drained_at)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Waiting:
    """A ping, where its answer goes, and until when the loop's time it waits for a database that is away."""

    ping: Ping
    answer: asyncio.Future[PingAnswer]
    give_up_at: float


class PingReceiver:
    """Stores pings in groups. One for each API process; the rate limit holds over all of them.

    `note_ping` is told the workspace of each ping of a known token, whether the limit admits it or not.
    """

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        pings_per_minute: int,
        note_ping: Callable[[UUID], None] = lambda _workspace_id: None,
    ) -> None:
        self._database = database
        self._clock = clock
        self._note_ping = note_ping
        self._limit = PingLimit.per_minute(pings_per_minute)
        self._waiting: deque[_Waiting] = deque()
        self._writers: set[asyncio.Task[None]] = set()  # held, or the loop may drop them
        self._writing = 0
        self._announcement: asyncio.Task[None] | None = None
        self._latest_arrival: datetime | None = None

    def untouched(self) -> Quota:
        """Return what an address has left that was not pinged of late, or that there is not."""
        now = self._clock.now()
        return self._limit.quota(now, now)

    async def receive(
        self,
        token: str,
        kind: PingKind,
        *,
        message: str | None = None,
        exit_code: int | None = None,
        run_id: str | None = None,
    ) -> PingAnswer:
        """Take a ping and return its answer once it is committed, or known to be refused.

        `token` is the last part of the heartbeat's address, well-formed or not. Raises Unavailable if the
        database cannot be reached: the ping is then not known to be stored.
        """
        if len(self._waiting) >= MOST_WAITING:
            raise Unavailable("too many pings are waiting to be stored")
        arrived_at = self._next_arrival()
        ping = Ping(
            token_sha256=digest_of(token),
            arrived_at=arrived_at,
            id=new_id(arrived_at),
            kind=kind,
            message=storable_text(message, LONGEST_MESSAGE_BYTES),
            exit_code=exit_code,
            run_id=storable_text(run_id, LONGEST_RUN_ID_BYTES),
        )
        loop = asyncio.get_running_loop()
        waiting = _Waiting(
            ping=ping, answer=loop.create_future(), give_up_at=loop.time() + LONGEST_WAIT_SECONDS
        )
        self._waiting.append(waiting)
        self._ensure_writer()
        return await waiting.answer

    def _next_arrival(self) -> datetime:
        """Return now, later than any arrival before: a heartbeat's pings have an order."""
        now = self._clock.now()
        if self._latest_arrival is not None and now <= self._latest_arrival:
            now = self._latest_arrival + timedelta(microseconds=1)
        self._latest_arrival = now
        return now

    def _ensure_writer(self) -> None:
        """A writer begins at once when none is at work; a further one when a group worth a statement waits."""
        wanted = min(MOST_WRITERS, 1 + len(self._waiting) // PINGS_WORTH_A_STATEMENT)
        if self._writing < wanted:
            self._writing += 1
            writer = asyncio.create_task(self._write_all())
            self._writers.add(writer)
            writer.add_done_callback(self._writers.discard)

    async def _write_all(self) -> None:
        try:
            while self._waiting:
                count = min(len(self._waiting), MOST_PINGS_IN_STATEMENT)
                await self._write([self._waiting.popleft() for _ in range(count)])
        finally:
            # In the same breath as the look at an empty queue: whoever comes next begins a new writer.
            self._writing -= 1

    async def _write(self, batch: Sequence[_Waiting]) -> None:
        """Store a batch and answer it; what cannot be stored is found by halves and does not stop the rest."""
        try:
            async with asyncio.timeout_at(self._give_up_at(batch)):
                answers = await self._stored([waiting.ping for waiting in batch])
        except _POISONED as error:
            await self._write_apart(batch, error)
        except (asyncpg.PostgresError, *CONNECTION_ERRORS) as error:
            if isinstance(error, TimeoutError):
                self._database.reach.failed(TimeoutError(f"no answer within {LONGEST_WAIT_SECONDS:.0f} s"))
            tell = log.debug if self._database.reach.is_lost else log.warning
            tell("pings.unavailable", pings=len(batch), error=repr(error))
            _refuse(batch, lambda: Unavailable("the ping could not be stored, try again"))
        except BaseException:
            _refuse(batch, lambda: Unavailable("the server is shutting down"))
            raise
        else:
            for waiting, answer in zip(batch, answers, strict=True):
                if not waiting.answer.done():  # whoever asked may be gone
                    waiting.answer.set_result(answer)
            self._announce()

    def _give_up_at(self, batch: Sequence[_Waiting]) -> float:
        """Return until when a batch is tried: while the database is away, none has longer than from its arrival."""
        if self._database.reach.is_lost:
            return batch[0].give_up_at
        return asyncio.get_running_loop().time() + LONGEST_WAIT_SECONDS

    async def _write_apart(self, batch: Sequence[_Waiting], error: Exception) -> None:
        if len(batch) > 1:
            middle = len(batch) // 2
            await self._write(batch[:middle])
            await self._write(batch[middle:])
            return
        (poisoned,) = batch
        log.error("ping.poisoned", ping=str(poisoned.ping.id), error=repr(error))
        if poisoned.ping.message is None and poisoned.ping.run_id is None:
            _refuse(batch, lambda: Unavailable("the ping could not be stored"))
        else:
            # That the job reported matters more than its words.
            await self._write([replace(poisoned, ping=replace(poisoned.ping, message=None, run_id=None))])

    async def _stored(self, pings: Sequence[Ping]) -> list[PingAnswer]:
        """Store pings, again and again until the database takes them or refuses them for good."""
        pause = _FIRST_PAUSE_SECONDS
        while True:
            try:
                return await self._store(pings)
            except _REPEATED as error:
                if isinstance(error, _POISONED):
                    raise
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)

    async def _store(self, pings: Sequence[Ping]) -> list[PingAnswer]:
        """Store the pings by one statement; return their answers in their order."""
        rows = [
            (
                ping.token_sha256,
                ping.arrived_at,
                ping.id,
                ping.kind,
                ping.kind is PingKind.FAIL,
                ping.message,
                ping.exit_code,
                ping.run_id,
            )
            for ping in pings
        ]
        columns = zip(*rows, strict=True)
        async with self._database.acquire() as connection:
            known = await connection.fetch(
                _SQL["receive_pings"], *columns, self._limit.spacing, self._limit.burst
            )
        answers = [PingAnswer(verdict=PingVerdict.UNKNOWN, quota=self.untouched())] * len(pings)
        for ordinal, is_admitted, drained_at, workspace_id in known:
            place = ordinal - 1
            self._note_ping(workspace_id)
            answer = self._accepted if is_admitted else self._limited
            answers[place] = answer(drained_at, pings[place].arrived_at)
        return answers

    def _accepted(self, drained_at: datetime, arrived_at: datetime) -> PingAnswer:
        return PingAnswer(verdict=PingVerdict.ACCEPTED, quota=self._limit.quota(drained_at, arrived_at))

    def _limited(self, drained_at: datetime, arrived_at: datetime) -> PingAnswer:
        seconds = self._limit.retry_after_seconds(drained_at, arrived_at)
        resets_at = arrived_at + timedelta(seconds=seconds)
        return PingAnswer(
            verdict=PingVerdict.LIMITED,
            quota=Quota(limit=self._limit.burst, remaining=0, resets_at=resets_at),
            retry_after_seconds=seconds,
        )

    def _announce(self) -> None:
        if self._announcement is None:
            self._announcement = asyncio.create_task(self._announce_soon())

    async def _announce_soon(self) -> None:
        """Tell the workers of the pings of the last moment, once for them all: a NOTIFY serialises commits."""
        await asyncio.sleep(ANNOUNCE_AFTER_SECONDS)
        self._announcement = None  # what is committed from here on is told of by the next one
        try:
            async with self._database.acquire() as connection:
                await notify(connection, NotifyChannel.PINGS)
        except (asyncpg.PostgresError, *CONNECTION_ERRORS) as error:
            log.debug("pings.unannounced", error=repr(error))


def _refuse(batch: Sequence[_Waiting], error: Callable[[], Exception]) -> None:
    for waiting in batch:
        if not waiting.answer.done():
            waiting.answer.set_exception(error())
