"""The reads of one request: batched, in order, and told of every failure."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import asyncpg
import pytest

from core.access.sight import Sight
from core.db.database import Connection, Database
from core.ids import new_id
from graphql_schema.loaders import Reads


@pytest.fixture
def sight(clock) -> Sight:
    return Sight(workspace_id=new_id(clock.now()), project_ids=None, since=clock.now())


@pytest.fixture
def reads(database, sight) -> Reads:
    return Reads(database, sight)


class Squares:
    """A read that notes which keys it was asked for."""

    def __init__(self) -> None:
        self.calls: list[list[int]] = []

    async def __call__(
        self, connection: Connection, _sight: Sight, keys: Sequence[int], factor: int = 1
    ) -> dict[int, int]:
        self.calls.append(list(keys))
        rows = await connection.fetch(
            "SELECT k, k * k * $2 AS square FROM unnest($1::int[]) AS k", keys, factor
        )
        return {row["k"]: row["square"] for row in rows if row["k"] >= 0}


async def test_what_is_asked_together_is_read_together_and_each_key_once(reads):
    squares = Squares()

    async def deep(key: int) -> int | None:
        for _ in range(5):  # as resolvers that wait for others before they come to their own question
            await asyncio.sleep(0)
        return await reads.load(squares, key)

    answers = await asyncio.gather(*(deep(key) for key in (1, 2, 3, 2)), reads.load(squares, 4))

    assert answers == [1, 4, 9, 4, 16]
    assert len(squares.calls) == 1
    assert sorted(squares.calls[0]) == [1, 2, 3, 4]


async def test_questions_with_other_arguments_are_read_apart(reads):
    squares = Squares()

    assert await asyncio.gather(
        reads.load(squares, 3, 10), reads.load(squares, 3, factor=10), reads.load(squares, 3)
    ) == [
        90,
        90,
        9,
    ]
    assert squares.calls == [[3], [3], [3]]


async def test_a_key_that_is_not_found_is_none(reads):
    assert await reads.load(Squares(), -1) is None


async def test_a_failing_read_is_told_to_all_who_wait_and_the_next_read_works(reads):
    async def broken(connection: Connection, _sight: Sight, _keys: Sequence[int]) -> dict[int, int]:
        await connection.fetch("SELECT 1 / 0")
        return {}

    first, second, other = reads.load(broken, 1), reads.load(broken, 2), reads.load(Squares(), 3)

    for failing in (first, second):
        with pytest.raises(asyncpg.DivisionByZeroError):
            await failing
    assert await other == 9


async def test_a_database_that_is_away_is_told_to_all_who_wait(database, sight):
    opened = await asyncpg.create_pool(database.pool._connect_args[0], min_size=0)
    await opened.close()
    reads = Reads(Database(opened), sight)
    squares = Squares()

    waiting = [reads.load(squares, 1), reads.load(squares, 2), reads.load(Squares(), 3)]

    for each in waiting:
        with pytest.raises(asyncpg.InterfaceError):
            await each


async def test_who_gives_up_leaves_the_others_their_answers(reads):
    squares = Squares()
    first, second = asyncio.ensure_future(reads.load(squares, 1)), reads.load(squares, 2)

    first.cancel()

    assert await second == 4


async def test_what_is_read_once_is_kept_until_something_changes(reads):
    calls = []

    async def count(connection: Connection, step: int) -> int:
        calls.append(step)
        return int(await connection.fetchval("SELECT 40 + $1::int", step))

    assert [await reads.once(count, 2), await reads.once(count, 2)] == [42, 42]
    assert calls == [2]
    reads.forget()
    assert await reads.once(count, 2) == 42
    assert calls == [2, 2]


async def test_the_connection_is_given_back_when_nothing_more_is_asked(reads, database):
    await reads.load(Squares(), 1)

    async with asyncio.timeout(5):
        while database.pool.get_idle_size() < database.pool.get_size():
            await asyncio.sleep(0)


async def test_questions_of_a_request_that_has_ended_are_not_asked(reads):
    squares = Squares()
    before = reads.load(squares, 1)
    reads.end()
    after = reads.load(squares, 2)

    for abandoned in (before, after):
        with pytest.raises(asyncio.CancelledError):
            await abandoned
    assert squares.calls == []
