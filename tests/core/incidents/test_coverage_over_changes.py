"""A monitor that is paused, changed, checked at once or left by its regions: what is covered, and what is not."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from core.ids import to_unix_ms
from core.incidents.coverage_sweep import CoverageSweep
from core.incidents.judgement import judge
from core.incidents.life_cycle import pause_monitors, restart_monitor, resume_monitors
from core.monitors.status import MonitorStatus
from core.scheduling.attendance import WORKER_ALIVE_FOR
from core.scheduling.leases import schedule_monitors
from core.scheduling.region_watch import RegionWatch
from tests.core.engine_world import DOWN, UP, EngineWorld, assert_sound

S = MonitorStatus
REACH_SECONDS = 75
HOUR = 3600


@pytest.fixture
def sweep(world: EngineWorld) -> CoverageSweep:
    return CoverageSweep(database=world.database, clock=world.clock)


async def wait(world: EngineWorld, sweep: CoverageSweep, seconds: float) -> None:
    """Let time pass in which a worker sweeps."""
    for _ in range(4):
        world.clock.advance(5)
        await sweep.step()
    world.clock.advance(seconds - 20)
    for _ in range(4):
        await sweep.step()
        world.clock.advance(5)
    await assert_sound(world.database)


async def turn(world: EngineWorld, monitor: UUID, change: str) -> int:
    """Pause, resume or restart the monitor; return the Unix milliseconds of it."""
    changes = {"pause": pause_monitors, "resume": resume_monitors}
    async with world.database.transaction() as connection:
        if change == "restart":
            await restart_monitor(connection, world.workspace_id, monitor, now=world.clock.now())
        else:
            await changes[change](connection, world.workspace_id, [monitor], now=world.clock.now())
    return to_unix_ms(world.clock.now())


async def revision(world: EngineWorld, monitor: UUID) -> int:
    found: int = await world.value("SELECT config_revision FROM monitors WHERE id = $1", monitor)
    return found


async def begins(world: EngineWorld, monitor: UUID) -> list[tuple[MonitorStatus, int, bool]]:
    return [(status, since, paused) for status, since, _, paused in (await world.intervals(monitor))[1:]]


async def test_a_paused_monitor_is_never_unknown_and_a_resumed_one_not_for_the_pause(
    world: EngineWorld, sweep: CoverageSweep
) -> None:
    monitor = await world.monitor()
    [last] = await world.look(monitor, UP)
    world.clock.advance(5)
    paused_ms = await turn(world, monitor, "pause")
    await wait(world, sweep, HOUR)
    resumed_ms = await turn(world, monitor, "resume")
    await wait(world, sweep, 20)

    await world.look(monitor, UP, revision=await revision(world, monitor))

    expected = [(S.UP, to_unix_ms(last), False), (S.UP, paused_ms, True), (S.UP, resumed_ms, False)]
    assert await begins(world, monitor) == expected


async def test_a_resumed_monitor_that_nobody_looks_at_becomes_unknown_from_where_a_look_would_have_reached(
    world: EngineWorld, sweep: CoverageSweep
) -> None:
    monitor = await world.monitor()
    await world.look(monitor, UP)
    await turn(world, monitor, "pause")
    await wait(world, sweep, HOUR)
    resumed_ms = await turn(world, monitor, "resume")

    await wait(world, sweep, HOUR)

    expected = (S.UNKNOWN, resumed_ms + REACH_SECONDS * 1000, False)
    assert (await begins(world, monitor))[-1] == expected


async def test_what_nobody_saw_before_a_pause_is_unknown_and_stays_so_after_it_until_a_look(
    world: EngineWorld, sweep: CoverageSweep
) -> None:
    monitor = await world.monitor()
    [last] = await world.look(monitor, UP)
    world.clock.advance(HOUR)
    paused_ms = await turn(world, monitor, "pause")
    world.clock.advance(HOUR)
    resumed_ms = await turn(world, monitor, "resume")

    [_, first] = await world.look(monitor, DOWN, UP, revision=await revision(world, monitor))

    blind_ms = to_unix_ms(last) + REACH_SECONDS * 1000
    assert await begins(world, monitor) == [
        (S.UP, to_unix_ms(last), False),
        (S.UNKNOWN, blind_ms, False),
        (S.UNKNOWN, paused_ms, True),
        (S.UNKNOWN, resumed_ms, False),
        (S.UP, to_unix_ms(first), False),
    ]
    await assert_sound(world.database)


async def test_what_nobody_saw_before_a_new_configuration_is_unknown_and_after_it_pending(
    world: EngineWorld, sweep: CoverageSweep
) -> None:
    monitor = await world.monitor()
    [last] = await world.look(monitor, UP)
    world.clock.advance(HOUR)
    changed_ms = await turn(world, monitor, "restart")
    await wait(world, sweep, HOUR)

    [first] = await world.look(monitor, UP, revision=await revision(world, monitor))

    assert await begins(world, monitor) == [
        (S.UP, to_unix_ms(last), False),
        (S.UNKNOWN, to_unix_ms(last) + REACH_SECONDS * 1000, False),
        (S.PENDING, changed_ms, False),
        (S.UP, to_unix_ms(first), False),
    ]


@pytest.mark.parametrize(("before", "after", "reach"), [(3600, 60, 75), (60, 3600, 70)])
async def test_a_new_interval_shortens_what_is_covered_and_does_not_lengthen_it_before_a_look(
    world: EngineWorld, sweep: CoverageSweep, before: int, after: int, reach: int
) -> None:
    monitor = await world.monitor(interval_seconds=before)
    await world.look(monitor, UP)
    changed_at = world.clock.advance(5)
    async with world.database.transaction() as connection:
        await connection.execute("UPDATE monitors SET interval_seconds = $1", after)
        await schedule_monitors(connection, world.workspace_id, [monitor], now=changed_at)

    await wait(world, sweep, 2 * HOUR)

    expected = (S.UNKNOWN, to_unix_ms(changed_at) + reach * 1000, False)
    assert (await begins(world, monitor))[-1] == expected


async def test_a_new_interval_hides_no_time_that_nobody_saw(world: EngineWorld) -> None:
    monitor = await world.monitor()
    [last] = await world.look(monitor, UP)
    world.clock.advance(HOUR)
    async with world.database.transaction() as connection:
        await connection.execute("UPDATE monitors SET interval_seconds = 86400")
        await schedule_monitors(connection, world.workspace_id, [monitor], now=world.clock.now())

    await world.look(monitor, UP)

    blind_ms = to_unix_ms(last) + REACH_SECONDS * 1000
    assert (await begins(world, monitor))[1] == (S.UNKNOWN, blind_ms, False)


async def test_a_check_asked_for_now_covers_like_any_other(world: EngineWorld, sweep: CoverageSweep) -> None:
    monitor = await world.monitor()
    await world.look(monitor, UP)
    asked_at = world.clock.advance(7)
    await world.record(world.finding(monitor, UP, slot=asked_at))

    await wait(world, sweep, HOUR)

    expected = (S.UNKNOWN, to_unix_ms(asked_at) + REACH_SECONDS * 1000, False)
    assert (await begins(world, monitor))[-1] == expected


async def test_a_region_that_is_no_longer_the_monitors_leaves_no_blindness_behind(
    world: EngineWorld, sweep: CoverageSweep
) -> None:
    monitor = await world.monitor(regions=(1, 2), regions_to_agree=2)
    began_ms = to_unix_ms(world.clock.advance(5))
    for region in (1, 2):
        await world.record(world.finding(monitor, UP, region_id=region))
    async with world.database.transaction() as connection:
        await connection.execute("DELETE FROM monitor_regions WHERE region_id = 2")
        await schedule_monitors(connection, world.workspace_id, [monitor], now=world.clock.now())
    for _ in range(5):
        world.clock.advance(40)
        await sweep.step()
        await world.look(monitor, UP, region_id=1)

    async with world.database.transaction() as connection:
        await connection.execute(
            "INSERT INTO monitor_regions (monitor_id, region_id, workspace_id) VALUES ($1, 2, $2)",
            monitor,
            world.workspace_id,
        )
        await schedule_monitors(connection, world.workspace_id, [monitor], now=world.clock.now())
    await world.look(monitor, UP, region_id=2)
    await world.look(monitor, UP, region_id=1)

    assert await begins(world, monitor) == [(S.UP, began_ms, False)]


class Workers:
    """A worker in each of the given regions, of which some are seen."""

    def __init__(self, world: EngineWorld) -> None:
        self.world = world
        self.watch = RegionWatch(database=world.database, clock=world.clock)
        self.sweep = CoverageSweep(database=world.database, clock=world.clock)

    async def live(self, *regions: int, seconds: float, monitor: UUID) -> None:
        """Let time pass, five seconds at a time, in which only these regions' workers live and look each minute."""
        for second in range(0, int(seconds), 5):
            self.world.clock.advance(5)
            for region in regions:
                await self._seen(region)
                if second % 60 == 0:
                    await self.world.record(self.world.finding(monitor, UP, region_id=region))
            await self.watch.step()
            await self.sweep.step()

    async def _seen(self, region: int) -> None:
        await self.world.fetch(
            "INSERT INTO workers (id, region_id, started_at, seen_at) VALUES ($1, $2, $3, $3)"
            " ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at",
            UUID(int=region),
            region,
            self.world.clock.now(),
        )


async def test_a_region_whose_workers_die_and_come_back_is_missed_by_nobody_where_another_looks(
    world: EngineWorld,
) -> None:
    monitor = await world.monitor(regions=(1, 2), regions_to_agree=2)
    workers = Workers(world)
    await workers.live(1, 2, 3, seconds=65, monitor=monitor)
    await workers.live(1, 3, seconds=600, monitor=monitor)
    assert await world.value("SELECT absent_since IS NOT NULL FROM regions WHERE id = 2")
    await workers.live(1, 2, 3, seconds=120, monitor=monitor)

    assert [status for status, *_ in await begins(world, monitor)] == [S.UP]
    await assert_sound(world.database)


async def test_when_all_regions_of_a_monitor_are_without_workers_it_is_unknown_and_never_down(
    world: EngineWorld,
) -> None:
    monitor = await world.monitor(regions=(1, 2), regions_to_agree=2)
    workers = Workers(world)
    await workers.live(1, 2, 3, seconds=60, monitor=monitor)
    last_ms = to_unix_ms(world.clock.now() - timedelta(seconds=55))
    await workers.live(3, seconds=2 * WORKER_ALIVE_FOR.total_seconds() + 300, monitor=monitor)
    assert (await begins(world, monitor))[-1] == (S.UNKNOWN, last_ms + REACH_SECONDS * 1000, False)

    back_ms = to_unix_ms(world.clock.now() + timedelta(seconds=5))
    await workers.live(1, 2, 3, seconds=120, monitor=monitor)

    assert [status for status, *_ in await begins(world, monitor)] == [S.UP, S.UNKNOWN, S.UP]
    assert (await begins(world, monitor))[-1] == (S.UP, back_ms, False)
    assert await world.transitions(monitor) == []
    await assert_sound(world.database)


async def test_a_region_that_was_away_before_all_were_off_hides_no_time_that_nobody_saw(
    world: EngineWorld,
) -> None:
    monitor = await world.monitor(regions=(1, 2), regions_to_agree=2)
    workers = Workers(world)
    await workers.live(1, 2, seconds=65, monitor=monitor)
    await workers.live(2, seconds=125, monitor=monitor)
    last_ms = to_unix_ms(world.clock.now())
    world.clock.advance(HOUR)
    await world.fetch("UPDATE regions SET absent_since = NULL")

    await world.look(monitor, UP, UP, region_id=2)
    [enough] = await world.look(monitor, UP, region_id=1)

    expected = [(S.UNKNOWN, last_ms + REACH_SECONDS * 1000, False), (S.UP, to_unix_ms(enough), False)]
    assert (await begins(world, monitor))[1:] == expected
    await assert_sound(world.database)


async def test_a_monitor_changed_while_a_region_was_away_was_not_blind_when_it_is_back(
    world: EngineWorld,
) -> None:
    monitor = await world.monitor(regions=(1, 2), regions_to_agree=2)
    workers = Workers(world)
    await workers.live(1, 2, seconds=65, monitor=monitor)
    await workers.live(1, seconds=65, monitor=monitor)
    async with world.database.transaction() as connection:
        await schedule_monitors(connection, world.workspace_id, [monitor], now=world.clock.now())
    await workers.live(1, seconds=305, monitor=monitor)

    await workers.live(1, 2, seconds=125, monitor=monitor)

    assert [status for status, *_ in await begins(world, monitor)] == [S.UP]


async def test_another_policy_does_not_judge_the_past(world: EngineWorld) -> None:
    monitor = await world.monitor(regions=(1, 2), regions_to_agree=1)
    await world.look(monitor, UP, region_id=1)
    for _ in range(8):
        await world.look(monitor, UP, region_id=2)
    await world.look(monitor, UP, region_id=1)
    before = await world.intervals(monitor)

    async with world.database.transaction() as connection:
        await connection.execute("UPDATE monitors SET regions_to_agree = 2")
        await judge(connection, [monitor], now=world.clock.now())

    assert await world.intervals(monitor) == before
    assert await world.status(monitor) is S.UP
