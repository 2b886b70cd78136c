"""Several regions look at one monitor: which of them count, and how many must agree."""

from __future__ import annotations

from uuid import UUID

from core.incidents.judgement import judge
from core.monitors.status import MonitorStatus
from tests.core.engine_world import DOWN, UP, EngineWorld, assert_sound

S = MonitorStatus


async def leave(world: EngineWorld, region_id: int) -> None:
    await world.fetch("UPDATE regions SET absent_since = $2 WHERE id = $1", region_id, world.clock.now())


async def come_back(world: EngineWorld, region_id: int) -> None:
    await world.fetch("UPDATE regions SET absent_since = NULL WHERE id = $1", region_id)


async def judge_anew(world: EngineWorld, monitor: UUID) -> None:
    async with world.database.transaction() as connection:
        await judge(connection, [monitor], now=world.clock.now())


async def test_a_region_that_takes_no_part_neither_agrees_nor_has_to(world: EngineWorld) -> None:
    monitor = await world.monitor(regions=(1, 2), regions_to_agree=2)
    await world.look(monitor, UP, region_id=2)
    await world.look(monitor, UP, DOWN, DOWN, region_id=1)
    assert await world.status(monitor) is S.UP

    await leave(world, 2)
    await world.look(monitor, UP, DOWN, DOWN, region_id=1)
    assert await world.status(monitor) is S.DOWN

    await come_back(world, 2)
    await world.look(monitor, UP, region_id=2)
    await judge_anew(world, monitor)
    assert await world.status(monitor) is S.UP
    await assert_sound(world.database)


async def test_a_region_that_has_not_looked_yet_is_waited_for(world: EngineWorld) -> None:
    monitor = await world.monitor(regions=(1, 2), regions_to_agree=2)

    await world.look(monitor, DOWN, DOWN, DOWN, region_id=1)
    assert await world.status(monitor) is S.PENDING

    await world.look(monitor, DOWN, DOWN, region_id=2)
    assert await world.status(monitor) is S.DOWN


async def test_without_any_region_nothing_is_judged(world: EngineWorld) -> None:
    monitor = await world.monitor(regions=(1, 2))
    await world.look(monitor, UP, region_id=1)
    await leave(world, 1)
    await leave(world, 2)

    await world.look(monitor, DOWN, DOWN, DOWN, region_id=1)
    await judge_anew(world, monitor)

    assert await world.status(monitor) is S.UP
    assert await world.incidents(monitor) == []


async def test_a_late_look_of_a_region_that_is_no_longer_the_monitors_counts_no_more(
    world: EngineWorld,
) -> None:
    monitor = await world.monitor(regions=(1,))
    await world.look(monitor, UP, region_id=1)

    await world.look(monitor, DOWN, DOWN, DOWN, region_id=2)

    assert await world.status(monitor) is S.UP
