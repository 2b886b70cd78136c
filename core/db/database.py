"""A pool of connections, and transactions that raw SQL and Piccolo share."""

from __future__ import annotations

import asyncio
import contextlib
import enum
import math
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeAlias, TypeVar

import asyncpg
import msgspec
from asyncpg.pool import PoolConnectionProxy
from asyncpg.transaction import Transaction

from core.blindness.machine_clocks import steady_seconds
from core.clock import MeasuredClock
from core.db.absence import CONNECTION_ERRORS, is_absence
from core.db.connector import Connector, Direct
from core.db.contention import repeated
from core.db.lent_pool_engine import DB
from core.db.reach import Reach
from core.log import get_logger

log = get_logger(__name__)

# Subscripted for the type checker only: asyncpg's classes are not generic at run time.
Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]"

ResultT = TypeVar("ResultT")

# How long a connection that is given back may take to come to rest.
_REST_SECONDS = 1.0
_CLOSE_SECONDS = 2.0
# Servers that take over from one another are never quite agreed on the time.
_WORTH_TELLING = timedelta(seconds=1)

# Kept by the server's side too: a client that vanished, or stands still inside a transaction, must not hold
# its locks for hours, and what forwards packets must not forget a connection that is idle.
_KEPT_ALIVE = {"tcp_keepalives_idle": "30", "tcp_keepalives_interval": "10", "tcp_keepalives_count": "3"}
# The engine looks a batch of rows up by their keys. At PostgreSQL's default, which is that of disks that turn, it
# reads all the leases of a region instead, for each 500 that are claimed.
_LOOKED_UP_BY_KEY = {"random_page_cost": "1.1"}
_IDLE_IN_TRANSACTION = {"idle_in_transaction_session_timeout": "30s"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Patience:
    """How long a pool's users wait: for the server, for an answer of any sort, and for a connection to be free."""

    server_settings: dict[str, str]
    answer_seconds: float | None = None
    acquire_seconds: float | None = None


class PoolUse(enum.Enum):
    """Who uses a pool: a migration waits for as long as it takes, the engine for a while, a face hardly.

    The server gives up first, so that an answer that is still missing then will not come at all.
    """

    MIGRATIONS = Patience(server_settings={"statement_timeout": "0", "lock_timeout": "0"})
    ENGINE = Patience(
        server_settings={
            "statement_timeout": "60s",
            "lock_timeout": "20s",
            **_LOOKED_UP_BY_KEY,
            **_IDLE_IN_TRANSACTION,
        },
        answer_seconds=65.0,
    )
    FACES = Patience(
        server_settings={"statement_timeout": "5s", "lock_timeout": "1s", **_IDLE_IN_TRANSACTION},
        answer_seconds=6.0,
        acquire_seconds=5.0,
    )


def _json_text(value: Any) -> str:
    """Return JSON for a jsonb parameter; text is taken to be JSON already, as Piccolo hands it over."""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


async def prepare_connection(connection: Connection) -> None:
    """Let jsonb columns come and go as plain Python values."""
    await connection.set_type_codec(
        "jsonb", schema="pg_catalog", encoder=_json_text, decoder=msgspec.json.decode
    )


async def read_clock(connection: Connection) -> datetime:
    """Return the database's time: the one statement that asks for it."""
    now: datetime = await connection.fetchval("SELECT clock_timestamp()")
    return now


@dataclass(frozen=True, kw_only=True, slots=True)
class JoinedTransaction:
    """What Piccolo's queries look for to join a transaction.

    Piccolo's own, when its connection is lost, forgets to give the connection back and never ends.
    """

    connection: Connection


async def _leave_as_it_is(_connection: Connection) -> None:
    """Nothing of ours outlives its transaction on a pool's connection, which spares a round trip."""


class Database:
    """One pool. `acquire` gives a connection, `in_transaction` does work inside a transaction.

    `reach` knows whether the server can be reached.
    """

    def __init__(
        self,
        pool: asyncpg.Pool[asyncpg.Record],
        *,
        connector: Connector | None = None,
        reach: Reach | None = None,
        acquire_seconds: float | None = None,
    ) -> None:
        self.pool = pool
        self.reach = reach or Reach()
        self._connector = connector or Connector("")
        self._acquire_seconds = acquire_seconds

    @classmethod
    async def connect(cls, dsn: str, *, use: PoolUse, max_size: int = 8) -> Database:
        """Open a pool on the database that `dsn` names, and try it."""
        database = cls.unopened(dsn, use=use, max_size=max_size)
        await database.open()
        try:
            async with database.acquire():
                return database
        except BaseException:
            database.pool.terminate()
            raise

    @classmethod
    def unopened(cls, dsn: str, *, use: PoolUse, max_size: int = 8) -> Database:
        """Return a database to build on while the server that `dsn` names is still starting."""
        reach = Reach()
        connector = Connector(dsn, reach)
        pool = asyncpg.create_pool(
            dsn,
            # None is made before it is needed, nor kept: the pool opens while the database is away, too.
            min_size=0,
            max_size=max_size,
            connect=connector.connect,
            init=prepare_connection,
            reset=None if use is PoolUse.MIGRATIONS else _leave_as_it_is,
            command_timeout=use.value.answer_seconds,
            server_settings={
                "application_name": f"tocsin-{use.name.lower()}",
                "timezone": "UTC",
                **_KEPT_ALIVE,
                **use.value.server_settings,
            },
        )
        return cls(pool, connector=connector, reach=reach, acquire_seconds=use.value.acquire_seconds)

    async def open(self) -> None:
        """Open the pool, which connects when it is first used."""
        await self.pool

    async def close(self) -> None:
        """Close the pool; connections still in use are cut after two seconds, at once if the server is away."""
        if self.reach.is_lost:
            self.cut()
        try:
            await asyncio.wait_for(self.pool.close(), _CLOSE_SECONDS)
        except TimeoutError:
            self.pool.terminate()

    def cut(self, opened_before: float = math.inf) -> None:
        """End every connection made before a moment of `time.monotonic`: who waits on one gets an error."""
        self._connector.cut(opened_before)

    async def connect_directly(self, **options: Any) -> Direct:
        """Return a connection outside the pool, to the same server; whoever asked closes it."""
        return await self._connector.connect(**options)

    @asynccontextmanager
    async def acquire(self) -> AsyncIterator[Connection]:
        """Give a connection of the pool.

        Raises one of CONNECTION_ERRORS if there is none to be had, or when it is lost within the block.
        """
        connection = await self.pool.acquire(timeout=self._acquire_seconds)
        try:
            yield connection
        except BaseException as error:
            if isinstance(error, asyncpg.InternalClientError):
                _end(connection)  # asyncpg has lost track of it
            self._note(error)
            raise
        else:
            self.reach.answered()
        finally:
            # What was done within is done, whatever becomes of the connection.
            with contextlib.suppress(*CONNECTION_ERRORS):
                await self.pool.release(connection, timeout=_REST_SECONDS)

    async def answers(self, seconds: float) -> bool:
        """Return whether the server answers within so many seconds."""
        try:
            async with asyncio.timeout(seconds), self.acquire() as connection:
                await connection.execute("SELECT 1")
        except CONNECTION_ERRORS:
            return False
        return True

    async def in_transaction(self, work: Callable[[Connection], Awaitable[ResultT]]) -> ResultT:
        """Do work in a transaction and return its result after the commit; Piccolo's queries join it.

        What PostgreSQL gives up as a deadlock's victim, or for a lock that is not to be had, is done again as a
        whole, a few times: work changes nothing but the database, and reads there whatever it builds on. Others
        are told after the commit. Raises Contended after the last time, and whatever the work raises.
        """

        async def attempt() -> ResultT:
            async with self.transaction() as connection:
                return await work(connection)

        return await repeated(attempt)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """Give a connection inside a transaction that is not repeated; Piccolo's queries within the block join it.

        Never gather or create a task inside: both would run outside the transaction, or on a busy connection.
        """
        self.use_for_piccolo()
        if DB.current_transaction.get() is not None:
            raise RuntimeError("a transaction is open already")
        async with self.acquire() as connection:
            transaction = connection.transaction()
            await transaction.start()
            joining = JoinedTransaction(connection=connection)
            joined = DB.current_transaction.set(joining)  # type: ignore[arg-type]  # only its connection is read
            try:
                yield connection
            except BaseException:
                await _roll_back(connection, transaction)
                raise
            else:
                await transaction.commit()
            finally:
                DB.current_transaction.reset(joined)

    def _note(self, error: BaseException) -> None:
        if isinstance(error, asyncpg.ReadOnlySQLTransactionError):
            # The server was demoted, and with it every connection; anew, we ask for one that can be written to.
            self.cut()
        if is_absence(error):
            self.reach.failed(error)

    def use_for_piccolo(self) -> None:
        """Make this the pool on which Piccolo's queries run in this process."""
        DB.pool = self.pool

    async def measure(self, clock: MeasuredClock) -> datetime:
        """Measure the database's clock and return what it said."""
        async with self.acquire() as connection:
            asked_at = steady_seconds()
            database_now = await read_clock(connection)
            answered_at = steady_seconds()
        was_measured, expected = clock.is_measured, clock.now()
        clock.measured(database_now, asked_at, answered_at)
        jump = clock.now() - expected
        if was_measured and abs(jump) >= _WORTH_TELLING:
            log.warning("clock.jumped", seconds=round(jump.total_seconds(), 3))
        return database_now


async def _roll_back(connection: Connection, transaction: Transaction) -> None:
    """Roll back; a connection on which that fails is cut, whereupon the server rolls back by itself.

    Never raises, as the error that led here is the one to be told.
    """
    try:
        async with asyncio.timeout(_REST_SECONDS):
            await transaction.rollback()
    except Exception:  # a transaction that is open must not get back into the pool, whatever kept it
        _end(connection)


def _end(connection: Connection) -> None:
    with contextlib.suppress(asyncpg.InterfaceError):  # given back already
        connection.terminate()
