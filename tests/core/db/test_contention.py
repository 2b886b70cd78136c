"""Transactions that PostgreSQL gave up, on a real one: what is repeated, how often, and what is not."""

from __future__ import annotations

import asyncpg
import pytest

from core.db.contention import MOST_TRIES
from core.db.database import Connection, Database
from core.errors import Contended
from tests.core.deadlock import Deadlock, Row


@pytest.fixture
async def table(database: Database) -> None:
    """Three rows with a counter each."""
    async with database.acquire() as connection:
        await connection.execute("CREATE TABLE rows (name text PRIMARY KEY, changes int NOT NULL DEFAULT 0)")
        await connection.execute("INSERT INTO rows VALUES ('a'), ('b'), ('c')")


pytestmark = pytest.mark.usefixtures("table")
IN_A_CIRCLE = Deadlock(
    first=Row("rows", "name", "a"),
    gate=Row("rows", "name", "b"),
    last=Row("rows", "name", "c"),
    rival="UPDATE rows SET changes = changes + 10",
)


class Change:
    """Counts up the three rows in the order of their names, and its own tries."""

    def __init__(self) -> None:
        self.tries = 0

    async def __call__(self, connection: Connection) -> int:
        self.tries += 1
        for name in "abc":
            await connection.execute("UPDATE rows SET changes = changes + 1 WHERE name = $1", name)
        return self.tries


async def changes(database: Database) -> list[int]:
    async with database.acquire() as connection:
        return [row["changes"] for row in await connection.fetch("SELECT changes FROM rows ORDER BY name")]


async def test_a_deadlocks_victim_is_repeated_as_a_whole(database: Database, database_dsn: str) -> None:
    change = Change()

    result = await IN_A_CIRCLE.strike(database, database_dsn, lambda: database.in_transaction(change))

    assert result == change.tries == 2
    assert await changes(database) == [11, 11, 11]


async def test_control_a_transaction_on_its_own_is_the_victim(database: Database, database_dsn: str) -> None:
    async def once() -> None:
        async with database.transaction() as connection:
            await Change()(connection)

    with pytest.raises(asyncpg.DeadlockDetectedError):
        await IN_A_CIRCLE.strike(database, database_dsn, once)

    assert await changes(database) == [10, 10, 10]


async def test_what_cannot_be_serialised_is_repeated(database: Database) -> None:
    change = Change()

    async def overtaken(connection: Connection) -> int:
        await connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        await connection.fetch("SELECT * FROM rows")
        if change.tries == 0:
            async with database.acquire() as other:
                await other.execute("UPDATE rows SET changes = changes + 10")
        return await change(connection)

    assert await database.in_transaction(overtaken) == 2
    assert await changes(database) == [11, 11, 11]


async def test_a_commit_that_fails_for_others_sake_is_repeated(database: Database) -> None:
    async with database.acquire() as connection:
        await connection.execute("CREATE SEQUENCE commits")
        await connection.execute(
            "CREATE FUNCTION stumble() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            " IF nextval('commits') = 1 THEN RAISE 'overtaken' USING ERRCODE = '40001'; END IF; RETURN NULL; END $$"
        )
        await connection.execute(
            "CREATE CONSTRAINT TRIGGER late AFTER UPDATE ON rows DEFERRABLE INITIALLY DEFERRED"
            " FOR EACH ROW EXECUTE FUNCTION stumble()"
        )

    assert await database.in_transaction(Change()) == 2
    assert await changes(database) == [1, 1, 1]


async def test_a_lock_that_is_not_to_be_had_is_told_of_after_the_last_try(database: Database) -> None:
    change = Change()

    async def impatient(connection: Connection) -> int:
        await connection.execute("SET LOCAL lock_timeout = '1ms'")
        return await change(connection)

    async with database.acquire() as holder, holder.transaction():
        await holder.execute("SELECT FROM rows WHERE name = 'c' FOR UPDATE")
        with pytest.raises(Contended) as told:
            await database.in_transaction(impatient)

    assert isinstance(told.value.__cause__, asyncpg.LockNotAvailableError)
    assert 1 < change.tries <= MOST_TRIES
    assert await changes(database) == [0, 0, 0]


@pytest.mark.parametrize(
    "fault",
    [
        "INSERT INTO rows VALUES ('a')",
        "SELECT 1 / 0",
        "SELECT pg_terminate_backend(pg_backend_pid())",
        "SELECT pg_cancel_backend(pg_backend_pid())",
    ],
)
async def test_nothing_else_is_repeated(database: Database, fault: str) -> None:
    change = Change()

    async def fail(connection: Connection) -> None:
        await change(connection)
        await connection.execute(fault)

    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError)):
        await database.in_transaction(fail)

    assert change.tries == 1
    assert await changes(database) == [0, 0, 0]
