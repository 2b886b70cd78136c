"""A report that had arrived in time and was stored too late takes the outage back."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from core.incidents.change_store import Judged
from core.incidents.life_cycle import pause_monitors
from core.incidents.voiding import void_outage
from core.monitors.status import MonitorStatus
from tests.core.engine_world import DOWN, NO_REGION, UP, EngineWorld, assert_sound

S = MonitorStatus


async def void(world: EngineWorld, monitor: UUID, missed_at: datetime) -> Judged | None:
    async with world.database.transaction() as connection:
        return await void_outage(
            connection,
            world.workspace_id,
            monitor,
            missed_at=missed_at,
            arrived_at=missed_at,
            now=world.clock.now(),
        )


async def test_the_outage_is_void_and_the_monitor_was_up_all_the_time(world: EngineWorld) -> None:
    monitor = await world.monitor(is_passive=True)
    slots = await world.look(monitor, UP, DOWN, region_id=NO_REGION)

    assert await void(world, monitor, slots[1]) == Judged(transitions=1, events=2)

    assert [interval[0] for interval in await world.intervals(monitor)] == [S.PENDING, S.UP]
    [incident] = await world.incidents(monitor)
    assert (incident["resolution"], incident["resolved_at"]) == ("VOID", incident["started_at"])
    [_, resolved] = await world.transitions(monitor)
    assert resolved["details"]["monitor"]["status"] == "UP"
    assert await world.value("SELECT count(*) FROM checks") == 1
    await world.record(world.finding(monitor, UP, slot=slots[1], region_id=NO_REGION))
    await assert_sound(world.database)


async def test_a_report_of_failure_that_was_in_time_replaces_the_miss(world: EngineWorld) -> None:
    monitor = await world.monitor(is_passive=True)
    slots = await world.look(monitor, UP, DOWN, region_id=NO_REGION)
    await void(world, monitor, slots[1])

    await world.record(
        world.finding(monitor, DOWN, slot=slots[1], region_id=NO_REGION, message="exit code 1")
    )

    assert [(row["resolution"], row["root_cause_detail"]) for row in await world.incidents(monitor)] == [
        ("VOID", "nobody opens"),
        (None, "exit code 1"),
    ]
    await assert_sound(world.database)


async def test_a_first_report_that_was_in_time_makes_the_missed_time_up(world: EngineWorld) -> None:
    monitor = await world.monitor(is_passive=True)
    [missed_at] = await world.look(monitor, DOWN, region_id=NO_REGION)

    await void(world, monitor, missed_at)
    await world.record(world.finding(monitor, UP, slot=missed_at, region_id=NO_REGION))

    assert [interval[0] for interval in await world.intervals(monitor)] == [S.PENDING, S.UP]
    await assert_sound(world.database)


async def test_the_next_miss_opens_a_new_outage(world: EngineWorld) -> None:
    monitor = await world.monitor(is_passive=True)
    slots = await world.look(monitor, UP, DOWN, region_id=NO_REGION)
    await void(world, monitor, slots[1])

    await world.look(monitor, DOWN, region_id=NO_REGION)

    assert [row["status"] for row in await world.incidents(monitor)] == ["RESOLVED", "OPEN"]
    await assert_sound(world.database)


async def test_nothing_is_void_once_something_came_after_or_the_monitor_is_paused(world: EngineWorld) -> None:
    monitor, paused = await world.monitor(is_passive=True), await world.monitor(is_passive=True)
    slots = await world.look(monitor, UP, DOWN, UP, region_id=NO_REGION)
    [_, missed_at] = await world.look(paused, UP, DOWN, region_id=NO_REGION)
    async with world.database.transaction() as connection:
        await pause_monitors(connection, world.workspace_id, [paused], now=world.clock.now())

    assert await void(world, monitor, slots[1]) is None
    assert await void(world, paused, missed_at) is None

    assert [row["resolution"] for row in await world.incidents(monitor)] == ["RECOVERED"]
