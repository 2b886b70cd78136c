"""A pool of connections, and transactions that raw SQL and Piccolo share."""

from __future__ import annotations

import asyncio
import enum
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

import asyncpg
import msgspec
from asyncpg.pool import PoolConnectionProxy

from core.blindness.standstill import steady_seconds
from core.clock import MeasuredClock
from core.db.lent_pool_engine import DB

# Subscripted for the type checker only: asyncpg's classes are not generic at run time.
Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]"


class PoolUse(enum.Enum):
    """Who uses a pool: a migration waits for as long as it takes, the engine for a while, a face hardly."""

    MIGRATIONS = {"statement_timeout": "0", "lock_timeout": "0"}  # noqa: RUF012
    ENGINE = {"statement_timeout": "60s", "lock_timeout": "20s"}  # noqa: RUF012
    FACES = {"statement_timeout": "5s", "lock_timeout": "1s"}  # noqa: RUF012


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


class Database:
    """One pool. `acquire` gives a connection, `transaction` one inside a transaction."""

    def __init__(self, pool: asyncpg.Pool[asyncpg.Record]) -> None:
        self.pool = pool

    @classmethod
    async def connect(cls, dsn: str, *, use: PoolUse, max_size: int = 8) -> Database:
        """Open a pool on the database that `dsn` names."""
        database = cls.unopened(dsn, use=use, max_size=max_size)
        await database.open()
        return database

    @classmethod
    def unopened(cls, dsn: str, *, use: PoolUse, max_size: int = 8) -> Database:
        """Return a database to build on while the server that `dsn` names is still starting."""
        pool = asyncpg.create_pool(
            dsn,
            min_size=1,
            max_size=max_size,
            init=prepare_connection,
            server_settings={
                "application_name": f"tocsin-{use.name.lower()}",
                "timezone": "UTC",
                **use.value,
            },
        )
        return cls(pool)

    async def open(self) -> None:
        """Connect the pool."""
        await self.pool

    async def close(self) -> None:
        """Close the pool; connections still in use are cut after two seconds."""
        try:
            await asyncio.wait_for(self.pool.close(), 2)
        except TimeoutError:
            self.pool.terminate()

    @asynccontextmanager
    async def acquire(self) -> AsyncIterator[Connection]:
        """Give a connection of the pool."""
        async with self.pool.acquire() as connection:
            yield connection

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """Give a connection inside a transaction; Piccolo's queries within the block join it.

        Never gather or create a task inside: both would run outside the transaction, or on a busy connection.
        """
        self.use_for_piccolo()
        if DB.current_transaction.get() is not None:
            raise RuntimeError("a transaction is open already")
        async with self.pool.acquire() as connection, connection.transaction():
            joining = JoinedTransaction(connection=connection)
            joined = DB.current_transaction.set(joining)  # type: ignore[arg-type]  # only its connection is read
            try:
                yield connection
            finally:
                DB.current_transaction.reset(joined)

    def use_for_piccolo(self) -> None:
        """Make this the pool on which Piccolo's queries run in this process."""
        DB.pool = self.pool

    async def measure(self, clock: MeasuredClock) -> datetime:
        """Measure the database's clock and return what it said."""
        async with self.acquire() as connection:
            asked_at = steady_seconds()
            database_now = await read_clock(connection)
            clock.measured(database_now, asked_at, steady_seconds())
        return database_now
