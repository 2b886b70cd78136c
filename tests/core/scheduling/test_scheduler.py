"""The scheduler with a real database, runner and recorder, and a probe that the test decides."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence

import pytest

from core.checks.recorder import Recorder, Unconfirmed
from core.checks.runner import CheckRunner
from core.ids import new_id
from core.monitors.status import MonitorStatus
from core.scheduling.leases import SPARE_SECONDS, Claimant, check_now
from core.scheduling.scheduler import Scheduler
from plugins.api.outbound import Outbound
from plugins.api.outcome import CheckStatus, Outcome
from plugins.api.probe import ProbeContext
from tests.core.engine_world import UP, EngineWorld, assert_sound
from tests.core.probe_plugin import Bell, BellConfig

PATIENCE_SECONDS = 10


class Worker:
    """A scheduler, its runner and its recorder, wired as in the worker process."""

    def __init__(self, world: EngineWorld, *, most_at_once: int = 100) -> None:
        self.world = world
        self.bell = Bell()
        self.recorder = Recorder(
            database=world.database,
            clock=world.clock,
            on_unconfirmed=self._look_again_soon,
        )
        self.runner = CheckRunner(
            registry=self.bell.registry(),
            outbound=Outbound(),
            clock=world.clock,
            submit=self.recorder.submit,
            most_at_once=most_at_once,
        )
        self.scheduler = Scheduler(
            database=world.database,
            clock=world.clock,
            runner=self.runner,
            claimant=Claimant(region_id=1, worker_id=new_id(world.clock.now())),
            finish_seconds=0.05,
        )

    def _look_again_soon(self, unconfirmed: Sequence[Unconfirmed]) -> None:
        self.scheduler.look_again_soon(unconfirmed)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run both, and stop them in the order in which work flows."""
        stop_scheduler, stop_recorder = asyncio.Event(), asyncio.Event()
        scheduling = asyncio.create_task(self.scheduler.run(stop_scheduler))
        recording = asyncio.create_task(self.recorder.run(stop_recorder))
        try:
            yield
        finally:
            stop_scheduler.set()
            await scheduling
            stop_recorder.set()
            await recording

    def hangs(self) -> None:
        async def look(_config: BellConfig, _context: ProbeContext) -> Outcome:
            await asyncio.Event().wait()
            return Outcome(status=CheckStatus.UP)

        self.bell.look = look

    async def until_checked(self, times: int) -> None:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while await self.world.value("SELECT count(*) FROM checks") < times:
                await asyncio.sleep(0.01)


@pytest.fixture
async def worker(world: EngineWorld) -> AsyncIterator[Worker]:
    made = Worker(world)
    yield made
    await made.runner.finish(0)


async def test_a_monitor_is_looked_at_at_once_and_found_up(world: EngineWorld, worker: Worker) -> None:
    monitor = await world.monitor(kind="bell")

    async with worker.running():
        await worker.until_checked(1)

    assert await world.status(monitor) is MonitorStatus.UP
    [check] = await world.fetch("SELECT slot, checked_at FROM checks")
    assert check["slot"] == check["checked_at"]


async def test_a_slot_claimed_ahead_is_looked_at_at_its_moment(world: EngineWorld, worker: Worker) -> None:
    await world.monitor(kind="bell")
    await world.fetch("UPDATE leases SET due_at = $1", world.clock.now().replace(microsecond=500_000))

    await worker.scheduler.step()
    assert worker.scheduler.start_due() == 0.5
    assert worker.runner.under_way == ()

    world.clock.advance(0.5)
    worker.scheduler.start_due()
    assert len(worker.runner.under_way) == 1


async def test_a_first_failure_is_looked_at_again_after_the_recheck_seconds_and_confirmed(
    world: EngineWorld, worker: Worker
) -> None:
    async def look(_config: BellConfig, _context: ProbeContext) -> Outcome:
        return Outcome(status=CheckStatus.DOWN, message="silent")

    worker.bell.look = look
    monitor = await world.monitor(kind="bell", interval_seconds=3600)

    async with worker.running():
        await worker.until_checked(1)
        async with asyncio.timeout(PATIENCE_SECONDS):
            while await world.value("SELECT due_at - slot > interval '20 seconds' FROM leases"):
                await asyncio.sleep(0.01)
        world.clock.advance(20)
        worker.scheduler.wakeup.set()
        await worker.until_checked(2)

    assert await world.status(monitor) is MonitorStatus.DOWN
    await assert_sound(world.database)


async def test_check_now_is_done_at_once_when_the_scheduler_is_woken(
    world: EngineWorld, worker: Worker
) -> None:
    monitor = await world.monitor(kind="bell", interval_seconds=86_400)
    async with worker.running():
        await worker.until_checked(1)
        async with world.database.transaction() as connection:
            await check_now(connection, world.workspace_id, [monitor], now=world.clock.advance(1))
        worker.scheduler.wakeup.set()
        await worker.until_checked(2)


async def test_at_its_end_a_worker_gives_back_what_it_has_not_looked_at(
    world: EngineWorld, worker: Worker
) -> None:
    worker.hangs()
    await world.monitor(kind="bell")
    async with worker.running():
        await worker.bell.rung.wait()

    [lease] = await world.fetch("SELECT * FROM leases")
    assert (lease["slot"], lease["worker_id"], lease["due_at"]) == (None, None, world.clock.now())


async def test_what_a_dead_worker_left_is_looked_at_by_another(world: EngineWorld, worker: Worker) -> None:
    await world.monitor(kind="bell", interval_seconds=3600)
    dead = Worker(world)
    await dead.scheduler.step()
    world.clock.advance(10 + SPARE_SECONDS + 1)

    async with worker.running():
        await worker.until_checked(1)

    assert await world.value("SELECT slot FROM checks") == dead.scheduler.waiting[0].slot
    await dead.runner.finish(0)


async def test_what_a_worker_missed_while_it_stood_still_is_left_to_whoever_has_it_now(
    world: EngineWorld, worker: Worker
) -> None:
    await world.monitor(kind="bell", interval_seconds=3600)
    await worker.scheduler.step()
    other = Worker(world)
    world.clock.advance(10 + SPARE_SECONDS + 1)
    await other.scheduler.step()

    worker.scheduler.start_due()
    other.scheduler.start_due()

    assert (worker.runner.under_way, worker.scheduler.waiting) == ((), ())
    assert len(other.runner.under_way) == 1
    await other.runner.finish(0)


async def test_what_a_worker_holds_by_renewed_leases_it_looks_at_however_late(
    world: EngineWorld, worker: Worker
) -> None:
    await world.monitor(kind="bell", interval_seconds=3600)
    await worker.scheduler.step()
    for _ in range(6):
        world.clock.advance(6)
        await worker.scheduler.step()

    worker.scheduler.start_due()

    assert len(worker.runner.under_way) == 1


async def test_a_look_that_takes_longer_than_its_lease_is_not_done_twice(
    world: EngineWorld, worker: Worker
) -> None:
    worker.hangs()
    await world.monitor(kind="bell", interval_seconds=3600)
    await worker.scheduler.step()
    worker.scheduler.start_due()
    other = Worker(world)
    for _ in range(6):
        world.clock.advance(6)
        await worker.scheduler.step()
        await other.scheduler.step()

    assert other.scheduler.waiting == ()
    await other.runner.finish(0)


async def test_a_worker_that_is_behind_does_all_it_can_at_once_and_no_more_than_it_may(
    world: EngineWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    # In rounds of two, one a second, the test would run out of patience.
    monkeypatch.setattr("core.scheduling.scheduler.CLAIMS_AT_ONCE", 2)
    worker = Worker(world, most_at_once=3)
    three = asyncio.Barrier(3)
    most = running = 0

    async def look(_config: BellConfig, _context: ProbeContext) -> Outcome:
        nonlocal most, running
        running += 1
        most = max(most, running)
        await three.wait()
        running -= 1
        return Outcome(status=CheckStatus.UP)

    worker.bell.look = look
    monitors = [await world.monitor(kind="bell", interval_seconds=3600) for _ in range(39)]
    world.clock.advance(60)

    async with worker.running():
        await worker.until_checked(len(monitors))

    assert most == 3


async def test_monitors_of_a_kind_that_is_not_loaded_become_unknown_and_lose_nothing(
    world: EngineWorld, worker: Worker
) -> None:
    monitor = await world.monitor(kind="whistle")
    await world.look(monitor, UP)
    await world.fetch("UPDATE leases SET due_at = $1", world.clock.advance(20))

    async with worker.running():
        await worker.until_checked(2)

    assert await world.status(monitor) is MonitorStatus.UNKNOWN
    assert await world.value("SELECT max(error) FROM checks") == "the probe kind whistle is not loaded"


async def test_a_database_that_goes_away_is_waited_out(world: EngineWorld, worker: Worker) -> None:
    await world.monitor(kind="bell", interval_seconds=3600)
    async with worker.running():
        await worker.until_checked(1)
        await world.monitor(kind="bell", interval_seconds=3600)
        async with world.database.acquire() as connection:
            await connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        await worker.until_checked(2)
