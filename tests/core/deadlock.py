"""A deadlock of which it is known beforehand whom PostgreSQL chooses as its victim.

1. A rival holds the last row that the victim comes to, and a gate one that it comes to before.
2. The victim takes its first row, and waits at the gate.
3. The rival asks for the victim's first row. It never looks for deadlocks itself.
4. The gate opens: the victim asks for the last row, and finds that the two wait for each other.

Once PostgreSQL has rolled the victim back, the rival goes on and commits.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import asyncpg

from core.db.database import Database

ResultT = TypeVar("ResultT")
PATIENCE_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table, by the column that names it."""

    table: str
    column: str
    value: Any

    async def lock(self, connection: asyncpg.Connection[asyncpg.Record]) -> None:
        query = f"SELECT FROM {self.table} WHERE {self.column} = $1 FOR UPDATE"
        assert await connection.execute(query, self.value) == "SELECT 1"


@dataclass(frozen=True, kw_only=True, slots=True)
class Deadlock:
    """The rows that the victim comes to, in its order, and what the rival does in the end."""

    first: Row
    gate: Row
    last: Row
    rival: str = "SELECT"

    async def strike(
        self, database: Database, database_dsn: str, change: Callable[[], Awaitable[ResultT]]
    ) -> ResultT:
        """Let a change run into the deadlock and return its result; the rival has committed by then."""
        rival, gate = await asyncpg.connect(database_dsn), await asyncpg.connect(database_dsn)
        try:
            return await self._strike(database, rival, gate, change)
        finally:
            await rival.close()
            await gate.close()

    async def _strike(
        self,
        database: Database,
        rival: asyncpg.Connection[asyncpg.Record],
        gate: asyncpg.Connection[asyncpg.Record],
        change: Callable[[], Awaitable[ResultT]],
    ) -> ResultT:
        await rival.execute("SET deadlock_timeout = '1h'")
        await rival.execute("BEGIN")
        await self.last.lock(rival)
        await gate.execute("BEGIN")
        await self.gate.lock(gate)
        victim = asyncio.ensure_future(change())
        await until_waiting(database, 1)
        going_on = asyncio.create_task(self._go_on(rival))
        await until_waiting(database, 2)
        await gate.execute("ROLLBACK")
        async with asyncio.timeout(PATIENCE_SECONDS):
            await asyncio.wait([victim, going_on])
        await going_on
        return await victim

    async def _go_on(self, rival: asyncpg.Connection[asyncpg.Record]) -> None:
        await self.first.lock(rival)
        await rival.execute(self.rival)
        await rival.execute("COMMIT")


async def until_waiting(database: Database, number: int) -> None:
    """Wait until so many transactions wait for a row."""
    async with asyncio.timeout(PATIENCE_SECONDS), database.acquire() as connection:
        while (
            await connection.fetchval(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
            )
            < number
        ):
            await asyncio.sleep(0.005)
