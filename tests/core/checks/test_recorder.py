"""The recorder's batches: nothing poisoned stops them, nothing passing loses them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

import asyncpg
import pytest

from core.checks.recorder import BATCH_SIZE, MOST_A_BATCH, Recorder, Unconfirmed
from core.db.database import Connection, Database
from core.incidents.listeners import Listeners
from plugins.api.outcome import Outcome
from tests.core.engine_world import DOWN, UNKNOWN, UP, EngineWorld, assert_sound


@contextlib.asynccontextmanager
async def running(recorder: Recorder) -> AsyncIterator[None]:
    """Run the recorder; at the end all that was submitted is recorded."""
    stopping = asyncio.Event()
    task = asyncio.create_task(recorder.run(stopping))
    try:
        yield
    finally:
        stopping.set()
        await task


async def test_what_is_submitted_is_recorded_before_the_recorder_ends(world: EngineWorld) -> None:
    monitors = [await world.monitor() for _ in range(20)]
    recorder = Recorder(database=world.database, clock=world.clock)

    async with running(recorder):
        for number in range(BATCH_SIZE * 2):
            slot = world.clock.advance(0.01)
            await recorder.submit(world.finding(monitors[number % 20], UP, slot=slot))

    assert await world.value("SELECT count(*) FROM checks") == BATCH_SIZE * 2
    await assert_sound(world.database)


async def test_what_waits_leaves_together_up_to_a_bound(world: EngineWorld) -> None:
    monitor = await world.monitor()
    recorder = Recorder(database=world.database, clock=world.clock)
    for _ in range(MOST_A_BATCH + 1):
        await recorder.submit(world.finding(monitor, UP, slot=world.clock.advance(0.01)))

    assert [await recorder.step(), await recorder.step()] == [MOST_A_BATCH, 1]


@pytest.mark.parametrize(
    "poison",
    [
        {"message": "nul \x00 in a text"},
        {"message": "a lone \ud800 surrogate"},
        {"status_code": 100_000},
        {"evidence": {"body": "nul \x00 in json"}, "message": "x"},
        {"evidence": {"when": object()}, "message": "x"},
    ],
    ids=["nul", "surrogate", "number", "json", "object"],
)
async def test_a_poisoned_finding_is_stored_as_unknown_and_the_others_as_they_are(
    world: EngineWorld, poison: dict[str, object]
) -> None:
    monitors = [await world.monitor(failures_to_open=1) for _ in range(9)]
    recorder = Recorder(database=world.database, clock=world.clock)
    for number, monitor in enumerate(monitors):
        finding = world.finding(monitor, DOWN)
        await recorder.submit(
            replace(finding, outcome=Outcome(status=DOWN, **poison)) if number == 4 else finding  # type: ignore[arg-type]  # poison
        )

    await recorder.step()

    rows = await world.fetch("SELECT monitor_id, status, error FROM checks")
    stored = {row["monitor_id"]: (row["status"], row["error"]) for row in rows}
    assert stored.pop(monitors[4]) == (UNKNOWN, "result could not be stored")
    assert set(stored.values()) == {(DOWN, "nobody opens")}
    assert len(stored) == 8
    assert await world.value("SELECT count(*) FROM incidents") == 8


async def test_a_finding_that_cannot_even_be_stored_as_unknown_is_dropped(world: EngineWorld) -> None:
    good, bad = await world.monitor(), await world.monitor()
    recorder = Recorder(database=world.database, clock=world.clock)
    await recorder.submit(replace(world.finding(bad, UP), region_id=10**6))
    await recorder.submit(world.finding(good, UP))

    await recorder.step()

    assert [row[0] for row in await world.fetch("SELECT monitor_id FROM checks")] == [good]


async def test_a_slot_that_cannot_be_believed_is_held_near_the_look(world: EngineWorld) -> None:
    monitor = await world.monitor()
    recorder = Recorder(database=world.database, clock=world.clock)
    now = world.clock.now()
    await recorder.submit(replace(world.finding(monitor, UP), slot=now.replace(year=2001)))

    await recorder.step()

    slot = await world.value("SELECT slot FROM checks")
    assert (now - slot).total_seconds() == 3600


class _Interrupted(Database):
    """A database whose first transactions fail at their commit."""

    def __init__(self, database: Database, *errors: Exception) -> None:
        super().__init__(database.pool)
        self.errors = list(errors)

    @contextlib.asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        async with super().transaction() as connection:
            yield connection
            if self.errors:
                raise self.errors.pop()


@pytest.mark.parametrize(
    "error",
    [
        asyncpg.DeadlockDetectedError("x"),
        asyncpg.SerializationError("x"),
        asyncpg.ConnectionDoesNotExistError("x"),
        asyncpg.InterfaceError("connection is closed"),
        asyncpg.InternalClientError("cannot switch to state 15; another operation (2) is in progress"),
        asyncpg.ReadOnlySQLTransactionError("x"),
        asyncpg.AdminShutdownError("x"),
        asyncpg.DiskFullError("x"),
        ConnectionRefusedError("x"),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_a_passing_fault_loses_nothing_and_spoils_nothing(world: EngineWorld, error: Exception) -> None:
    monitor = await world.monitor()
    recorder = Recorder(database=_Interrupted(world.database, error), clock=world.clock)
    await recorder.submit(world.finding(monitor, DOWN, message="as it was"))

    await recorder.step()

    assert [row[0] for row in await world.fetch("SELECT error FROM checks")] == ["as it was"]


class _Forgetful(_Interrupted):
    """A database whose first transactions are committed, and whose answers to that are lost."""

    @contextlib.asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        async with Database.transaction(self) as connection:
            yield connection
        if self.errors:
            raise self.errors.pop()


async def test_what_follows_from_a_commit_is_not_lost_with_the_answer_to_it(world: EngineWorld) -> None:
    monitor, healthy = await world.monitor(), await world.monitor()
    streaks: list[Unconfirmed] = []
    told: list[str] = []
    recorder = Recorder(
        database=_Forgetful(world.database, asyncpg.ConnectionDoesNotExistError("x")),
        clock=world.clock,
        listeners=Listeners(
            on_transitions=lambda: told.append("transitions"), on_events=lambda: told.append("events")
        ),
        on_unconfirmed=streaks.extend,
    )
    failing = world.finding(monitor, DOWN)
    await recorder.submit(failing)
    await recorder.submit(world.finding(healthy, UP))

    await recorder.step()

    assert streaks == [Unconfirmed(monitor_id=monitor, region_id=1, slot=failing.slot)]
    assert told == ["transitions", "events"]
    assert await world.value("SELECT count(*) FROM checks") == 2
    assert await world.value("SELECT down_streak FROM region_states WHERE monitor_id = $1", monitor) == 1


async def test_a_finding_that_waits_for_hours_keeps_its_slot(world: EngineWorld) -> None:
    monitor = await world.monitor()
    recorder = Recorder(database=world.database, clock=world.clock)
    finding = world.finding(monitor, UP)
    await recorder.submit(finding)
    world.clock.advance(5 * 3600)

    await recorder.step()

    assert await world.value("SELECT slot FROM checks") == finding.slot


async def test_a_lost_connection_is_waited_out(world: EngineWorld) -> None:
    monitor = await world.monitor()
    recorder = Recorder(database=world.database, clock=world.clock)
    async with running(recorder):
        await recorder.submit(world.finding(monitor, UP))
        async with world.database.acquire() as connection:
            await connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        await recorder.submit(world.finding(monitor, UP, slot=world.clock.advance(1)))

    assert await world.value("SELECT count(*) FROM checks") == 2


async def test_a_full_queue_makes_those_who_submit_wait(world: EngineWorld) -> None:
    monitor = await world.monitor()
    recorder = Recorder(database=world.database, clock=world.clock, capacity=1)
    await recorder.submit(world.finding(monitor, UP))
    waiting = asyncio.create_task(recorder.submit(world.finding(monitor, UP, slot=world.clock.advance(1))))
    await asyncio.sleep(0)
    assert not waiting.done()

    await recorder.step()

    await waiting
    assert await recorder.step() == 1


async def test_those_who_wait_for_consequences_are_told_after_the_commit(world: EngineWorld) -> None:
    monitor = await world.monitor()
    told: list[str] = []
    streaks: list[Unconfirmed] = []

    def look_again(unconfirmed: Sequence[Unconfirmed]) -> None:
        told.append("unconfirmed")
        streaks.extend(unconfirmed)

    recorder = Recorder(
        database=world.database,
        clock=world.clock,
        listeners=Listeners(
            on_transitions=lambda: told.append("transitions"), on_events=lambda: told.append("events")
        ),
        on_unconfirmed=look_again,
    )
    expected = (["events"], ["unconfirmed"], ["transitions", "events"], [])
    for status, words in zip((UP, DOWN, DOWN, DOWN), expected, strict=True):
        told.clear()
        await recorder.submit(world.finding(monitor, status, slot=world.clock.advance(20)))
        await recorder.step()
        assert told == words

    assert [streak.monitor_id for streak in streaks] == [monitor]
