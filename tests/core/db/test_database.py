"""Pools, transactions and the measured clock, on a real PostgreSQL."""

from __future__ import annotations

import asyncpg
import pytest

from core.clock import MeasuredClock
from core.db.database import Database, PoolUse
from core.db.tables import Project
from core.ids import new_id


async def test_piccolo_joins_the_transaction_and_is_rolled_back_with_it(database: Database, clock) -> None:
    project_id = new_id(clock.now())
    with pytest.raises(ZeroDivisionError):
        async with database.transaction() as connection:
            await Project.insert(
                Project(id=project_id, workspace_id=project_id, name="kept?", created_at=clock.now())
            )
            assert await connection.fetchval("SELECT count(*) FROM projects") == 1
            raise ZeroDivisionError

    assert await Project.count() == 0


async def test_the_clock_follows_the_database(database: Database) -> None:
    measured = MeasuredClock()

    said = await database.measure(measured)

    assert abs((measured.now() - said).total_seconds()) < 1


async def test_jsonb_comes_and_goes_as_plain_values(database: Database) -> None:
    async with database.acquire() as connection:
        assert await connection.fetchval("SELECT $1::jsonb", {"a": [1, None]}) == {"a": [1, None]}


async def test_a_transaction_whose_connection_is_lost_leaves_nothing_behind(database_dsn: str) -> None:
    narrow = await Database.connect(database_dsn, use=PoolUse.ENGINE, max_size=1)
    for _ in range(3):
        with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError)):
            async with narrow.transaction() as connection:
                await connection.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    async with narrow.transaction() as connection:
        assert await connection.fetchval("SELECT 1") == 1
    await narrow.close()


async def test_a_transaction_within_a_transaction_is_a_mistake(database: Database) -> None:
    async with database.transaction():
        with pytest.raises(RuntimeError, match="open already"):
            async with database.transaction():
                pass
