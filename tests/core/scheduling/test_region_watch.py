"""Regions that lose their last worker, and get one again, on a real PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from uuid import UUID

import asyncpg
import pytest

from core.ids import new_id, to_unix_ms
from core.incidents.listeners import Listeners
from core.monitors.status import MonitorStatus
from core.scheduling import region_watch
from core.scheduling.leases import Claimant, claim_due, take_over
from core.scheduling.presence import Presence
from core.scheduling.region_watch import RegionWatch
from tests.core.engine_world import DEGRADED, DOWN, UP, EngineWorld, assert_sound, seconds

S = MonitorStatus


class Installation:
    """A world with a watch, and workers that come and go."""

    def __init__(self, world: EngineWorld) -> None:
        self.world = world
        self.told: list[str] = []
        self.watch = self.new_watch()
        self.workers: dict[int, Presence] = {}

    def new_watch(self) -> RegionWatch:
        return RegionWatch(
            database=self.world.database,
            clock=self.world.clock,
            listeners=Listeners(
                on_transitions=lambda: self.told.append("transitions"),
                on_events=lambda: self.told.append("events"),
            ),
        )

    async def start(self, region_id: int) -> None:
        presence = Presence(
            database=self.world.database,
            clock=self.world.clock,
            claimant=Claimant(region_id=region_id, worker_id=new_id(self.world.clock.now())),
        )
        await presence.arrive()
        self.workers[region_id] = presence

    def kill(self, region_id: int) -> None:
        del self.workers[region_id]

    async def stop(self, region_id: int) -> None:
        await self.workers.pop(region_id).leave()

    async def pass_time(self, duration: float, *, is_watched: bool = True) -> None:
        """Let the living workers say so, and the watch look, every five seconds."""
        for _ in range(int(duration // 5)):
            self.world.clock.advance(5)
            for presence in self.workers.values():
                await presence._note()
            if is_watched:
                await self.watch.step()

    async def absent(self) -> dict[int, datetime]:
        rows = await self.world.fetch(
            "SELECT id, absent_since FROM regions WHERE absent_since IS NOT NULL ORDER BY id"
        )
        return dict(map(tuple, rows))


@pytest.fixture
async def here(world: EngineWorld) -> Installation:
    """Regions 1 and 2 with a worker each; region 3, which nobody works for, has left already."""
    made = Installation(world)
    await made.start(1)
    await made.start(2)
    await made.pass_time(40)
    assert list(await made.absent()) == [3]
    made.told.clear()
    return made


@contextmanager
def logged(caplog: pytest.LogCaptureFixture, *events: str) -> Iterator[None]:
    caplog.clear()
    caplog.set_level("INFO", logger=region_watch.__name__)
    yield
    assert [record.getMessage() for record in caplog.records] == list(events)


@pytest.mark.parametrize("ending", ["killed", "stopped in order"])
async def test_a_region_without_a_worker_is_told_and_takes_no_part(
    here: Installation, caplog: pytest.LogCaptureFixture, ending: str
) -> None:
    await here.world.monitor(regions=(1, 2))
    with logged(caplog, "region.without_worker"):
        if ending == "killed":
            here.kill(2)
        else:
            await here.stop(2)
        await here.pass_time(30)
        assert list(await here.absent()) == [3]
        await here.pass_time(60)

    assert list(await here.absent()) == [2, 3]
    told = caplog.records[0].fields
    assert (told["region"], told["monitors"]) == ("region-2", 1)

    with logged(caplog, "region.has_a_worker_again"):
        await here.start(2)
        await here.pass_time(10)
    assert list(await here.absent()) == [3]


async def test_a_worker_replaced_within_half_a_minute_changes_nothing(here: Installation) -> None:
    await here.stop(2)
    await here.pass_time(25)
    await here.start(2)
    await here.pass_time(60)

    assert list(await here.absent()) == [3]


async def test_one_of_two_workers_is_enough(here: Installation) -> None:
    await here.start(2)  # the first one dies by being forgotten
    await here.pass_time(120)

    assert list(await here.absent()) == [3]


async def test_after_everything_was_away_no_region_leaves_that_comes_back_in_time(here: Installation) -> None:
    here.world.clock.advance(3600)
    here.kill(2)
    await here.watch.step()  # the first worker that can look again
    await here.pass_time(20)
    assert list(await here.absent()) == [3]
    await here.start(2)
    await here.pass_time(60)
    assert list(await here.absent()) == [3]


async def test_a_watch_that_has_just_begun_declares_nobody_absent(here: Installation) -> None:
    here.kill(2)
    await here.pass_time(300, is_watched=False)
    here.watch = here.new_watch()
    await here.watch.step()
    await here.pass_time(25)
    assert list(await here.absent()) == [3]
    await here.pass_time(10)
    assert list(await here.absent()) == [2, 3]


async def test_a_failure_that_only_a_lost_region_saw_ends_when_it_leaves(here: Installation) -> None:
    world = here.world
    monitor = await world.monitor(regions=(1, 2))
    await world.look(monitor, UP, region_id=1)
    await world.look(monitor, UP, DOWN, DOWN, region_id=2)
    await world.look(monitor, UP, region_id=1)
    assert await world.status(monitor) is S.DOWN

    here.kill(2)
    await here.pass_time(60)

    left_ms = to_unix_ms((await here.absent())[2])
    assert await world.status(monitor) is S.UP
    assert (await world.intervals(monitor))[-1] == (S.UP, left_ms, None, False)
    [incident] = await world.incidents(monitor)
    assert to_unix_ms(incident["resolved_at"]) == left_ms
    assert set(here.told) == {"transitions", "events"}
    await assert_sound(world.database)


async def test_a_failure_that_a_lost_region_denied_counts_from_when_it_left(here: Installation) -> None:
    world = here.world
    monitor = await world.monitor(regions=(1, 2), regions_to_agree=2)
    await world.look(monitor, UP, region_id=2)
    await world.look(monitor, UP, DOWN, DOWN, DOWN, region_id=1)
    assert await world.status(monitor) is S.UP

    here.kill(2)
    await here.pass_time(60)

    assert await world.status(monitor) is S.DOWN
    [incident] = await world.incidents(monitor)
    assert incident["started_at"] == (await here.absent())[2]
    await assert_sound(world.database)


async def test_a_region_that_is_back_looks_before_it_is_heard(here: Installation) -> None:
    world = here.world
    monitor = await world.monitor(regions=(1, 2), regions_to_agree=1, interval_seconds=3600)
    await world.look(monitor, UP, region_id=1)
    await world.look(monitor, UP, DOWN, DOWN, region_id=2)
    here.kill(2)
    await here.pass_time(60)
    assert await world.status(monitor) is S.UP

    await here.start(2)
    await here.pass_time(10)
    assert await world.status(monitor) is S.UP
    async with world.database.acquire() as connection:
        claimant = Claimant(region_id=2, worker_id=new_id(world.clock.now()))
        assert await take_over(connection, claimant, now=world.clock.now(), at_most=9) == []
        [claim] = await claim_due(connection, claimant, now=world.clock.now(), ahead=seconds(0), at_most=9)
    assert claim.monitor_id == monitor

    await world.look(monitor, DOWN, region_id=2)
    assert await world.status(monitor) is S.UP
    await world.look(monitor, DOWN, region_id=2)
    assert await world.status(monitor) is S.DOWN
    await assert_sound(world.database)


async def test_a_region_that_is_back_agrees_again(here: Installation) -> None:
    world = here.world
    monitor = await world.monitor(regions=(1, 2), regions_to_agree=2, interval_seconds=600)
    await world.look(monitor, UP, region_id=2)
    await world.look(monitor, UP, DEGRADED, DEGRADED, region_id=1)
    here.kill(2)
    await here.pass_time(60)
    assert await world.status(monitor) is S.DEGRADED

    await here.start(2)
    await here.pass_time(10)
    assert await world.status(monitor) is S.DEGRADED
    await world.look(monitor, UP, region_id=2)
    assert await world.status(monitor) is S.UP
    await assert_sound(world.database)


async def test_whoever_takes_the_watch_over_judges_what_was_left(
    here: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = here.world
    monkeypatch.setattr(region_watch, "MONITORS_AT_ONCE", 2)
    monitors = sorted([await world.monitor(regions=(1, 2), regions_to_agree=2) for _ in range(5)])
    for monitor in monitors:
        await world.record(world.finding(monitor, UP, region_id=2))
    for _ in range(3):
        world.clock.advance(1)
        await world.record(*(world.finding(monitor, DOWN, region_id=1) for monitor in monitors))
    here.kill(2)
    await here.pass_time(25)

    # The watch is cut off after the first two monitors: somebody holds the third.
    async with world.database.acquire() as holder, holder.transaction():
        await holder.execute("SELECT FROM monitor_states WHERE monitor_id = $1 FOR UPDATE", monitors[2])
        world.clock.advance(5)
        settling = asyncio.create_task(here.watch.step())
        async with asyncio.timeout(10):
            while await statuses(world, monitors) != [S.DOWN, S.DOWN, S.UP, S.UP, S.UP]:
                await asyncio.sleep(0.01)
        settling.cancel()
        await asyncio.gather(settling, return_exceptions=True)

    assert await here.new_watch().step() == 0
    assert await statuses(world, monitors) == [S.DOWN] * 5
    assert await world.value("SELECT bool_and(is_settled) FROM regions")


async def statuses(world: EngineWorld, monitors: list[UUID]) -> list[MonitorStatus]:
    return [await world.status(monitor) for monitor in monitors]


async def test_only_one_watches_at_a_time(here: Installation, database_dsn: str) -> None:
    here.kill(2)
    holder = await asyncpg.connect(database_dsn)
    await holder.execute("SELECT pg_advisory_lock($1)", region_watch._LOCK)
    await here.pass_time(60)
    assert list(await here.absent()) == [3]

    await holder.close()
    async with asyncio.timeout(10):
        while 2 not in await here.absent():
            await here.watch.step()
