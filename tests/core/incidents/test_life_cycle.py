"""A monitor's beginning, pause, change and end, on a real PostgreSQL."""

from __future__ import annotations

import random
from datetime import datetime
from uuid import UUID

import pytest

from core.errors import Conflict, NotFound
from core.ids import new_id, to_unix_ms
from core.incidents.by_hand import resolve_by_hand
from core.incidents.judgement import judge
from core.incidents.life_cycle import end_monitors, pause_monitors, restart_monitor, resume_monitors
from core.monitors.status import MonitorStatus
from tests.core.engine_world import DEGRADED, DOWN, UNKNOWN, UP, EngineWorld, assert_sound

S = MonitorStatus


async def pause(world: EngineWorld, *monitors: UUID) -> frozenset[UUID]:
    async with world.database.transaction() as connection:
        return await pause_monitors(connection, world.workspace_id, monitors, now=world.clock.now())


async def resume(world: EngineWorld, *monitors: UUID) -> frozenset[UUID]:
    async with world.database.transaction() as connection:
        return await resume_monitors(connection, world.workspace_id, monitors, now=world.clock.now())


async def restart(world: EngineWorld, monitor: UUID) -> None:
    async with world.database.transaction() as connection:
        await restart_monitor(connection, world.workspace_id, monitor, now=world.clock.now())


async def end(world: EngineWorld, *monitors: UUID) -> None:
    async with world.database.transaction() as connection:
        await end_monitors(connection, world.workspace_id, monitors, now=world.clock.now())


async def resolve(world: EngineWorld, incident_id: UUID, workspace_id: UUID | None = None) -> None:
    async with world.database.transaction() as connection:
        await resolve_by_hand(
            connection, workspace_id or world.workspace_id, incident_id, actor_id=None, now=world.clock.now()
        )


async def revision(world: EngineWorld, monitor: UUID) -> int:
    found: int = await world.value("SELECT config_revision FROM monitors WHERE id = $1", monitor)
    return found


def ms(moment: datetime) -> int:
    return to_unix_ms(moment)


async def test_a_new_monitor_is_pending_and_due_at_once(world: EngineWorld) -> None:
    monitor = await world.monitor(regions=(1, 3))

    assert await world.intervals(monitor) == [(S.PENDING, ms(world.clock.now()), None, False)]
    leases = await world.fetch("SELECT region_id, due_at FROM leases ORDER BY region_id")
    assert [tuple(row) for row in leases] == [(1, world.clock.now()), (3, world.clock.now())]


@pytest.mark.parametrize("quality", [{"is_passive": True}, {"is_paused": True}])
async def test_a_passive_or_paused_monitor_is_never_due(world: EngineWorld, quality: dict[str, bool]) -> None:
    await world.monitor(**quality)

    assert await world.fetch("SELECT * FROM leases") == []


async def test_a_pause_keeps_the_status_and_the_incident_and_ends_the_leases(world: EngineWorld) -> None:
    monitor = await world.monitor()
    slots = await world.look(monitor, UP, DOWN, DOWN)
    paused_at = world.clock.advance(5)

    assert await pause(world, monitor) == {monitor}

    assert (await world.intervals(monitor))[-2:] == [
        (S.DOWN, ms(slots[1]), ms(paused_at), False),
        (S.DOWN, ms(paused_at), None, True),
    ]
    assert (await world.incidents(monitor))[0]["status"] == "OPEN"
    assert await world.fetch("SELECT * FROM leases") == []
    assert await pause(world, monitor) == frozenset()


async def test_a_resumed_monitor_keeps_its_status_and_recovers_with_the_next_success(
    world: EngineWorld,
) -> None:
    monitor = await world.monitor()
    await world.look(monitor, UP, DOWN, DOWN)
    await pause(world, monitor)
    resumed_at = world.clock.advance(100)

    assert await resume(world, monitor) == {monitor}

    assert (await world.intervals(monitor))[-1] == (S.DOWN, ms(resumed_at), None, False)
    assert await world.value("SELECT due_at FROM leases") == resumed_at
    [recovered_at] = await world.look(monitor, UP, revision=await revision(world, monitor))
    assert (await world.incidents(monitor))[0]["resolved_at"] == recovered_at
    await assert_sound(world.database)


async def agree(world: EngineWorld, monitor: UUID, regions_to_agree: int) -> None:
    """Change the policy as the service does."""
    async with world.database.transaction() as connection:
        await connection.execute(
            "UPDATE monitors SET regions_to_agree = $2 WHERE id = $1", monitor, regions_to_agree
        )
        await judge(connection, [monitor], now=world.clock.now())


async def seen_down_by_the_first_of_three(world: EngineWorld, regions_to_agree: int) -> UUID:
    monitor = await world.monitor(regions=(1, 2, 3), failures_to_open=1, regions_to_agree=regions_to_agree)
    for region in (2, 3):
        await world.look(monitor, UP, region_id=region)
    await world.look(monitor, UP, DOWN, region_id=1)
    return monitor


async def test_a_resumed_monitor_is_judged_by_the_policy_of_now_and_recovers_by_it(
    world: EngineWorld,
) -> None:
    monitor = await seen_down_by_the_first_of_three(world, regions_to_agree=1)
    assert await world.status(monitor) is S.DOWN
    paused_at = world.clock.advance(5)
    await pause(world, monitor)
    await agree(world, monitor, 2)
    assert await world.status(monitor) is S.DOWN
    resumed_at = world.clock.advance(100)

    await resume(world, monitor)

    assert (await world.intervals(monitor))[-2:] == [
        (S.DOWN, ms(paused_at), ms(resumed_at), True),
        (S.UP, ms(resumed_at), None, False),
    ]
    [incident] = await world.incidents(monitor)
    assert (incident["resolution"], incident["resolved_at"]) == ("RECOVERED", resumed_at)
    assert [row["kind"] for row in await world.transitions(monitor)] == ["OPENED", "RESOLVED"]
    await assert_sound(world.database)


async def test_a_resumed_monitor_is_judged_by_the_policy_of_now_and_fails_by_it_from_then_on(
    world: EngineWorld,
) -> None:
    monitor = await seen_down_by_the_first_of_three(world, regions_to_agree=2)
    assert await world.status(monitor) is S.UP
    await pause(world, monitor)
    await agree(world, monitor, 1)
    resumed_at = world.clock.advance(100)

    await resume(world, monitor)

    assert (await world.intervals(monitor))[-1] == (S.DOWN, ms(resumed_at), None, False)
    assert [incident["started_at"] for incident in await world.incidents(monitor)] == [resumed_at]
    await assert_sound(world.database)


async def test_a_region_taken_away_in_a_pause_is_not_heard_after_it(world: EngineWorld) -> None:
    monitor = await seen_down_by_the_first_of_three(world, regions_to_agree=1)
    await pause(world, monitor)
    await world.fetch("DELETE FROM monitor_regions WHERE monitor_id = $1 AND region_id = 1", monitor)
    resumed_at = world.clock.advance(100)

    await resume(world, monitor)

    assert (await world.intervals(monitor))[-1] == (S.UP, ms(resumed_at), None, False)
    assert [incident["status"] for incident in await world.incidents(monitor)] == ["RESOLVED"]


async def test_a_failing_streak_does_not_reach_over_a_pause(world: EngineWorld) -> None:
    monitor = await world.monitor()
    await world.look(monitor, UP, DOWN)
    await pause(world, monitor)
    world.clock.advance(100)
    await resume(world, monitor)

    [first] = await world.look(monitor, DOWN, revision=await revision(world, monitor))
    assert await world.status(monitor) is S.UP
    await world.look(monitor, DOWN, revision=await revision(world, monitor))

    [incident] = await world.incidents(monitor)
    assert incident["started_at"] == first


async def test_what_was_on_its_way_at_a_pause_is_stored_and_changes_nothing(world: EngineWorld) -> None:
    monitor = await world.monitor()
    await world.look(monitor, UP, DOWN)
    await pause(world, monitor)
    await world.look(monitor, DOWN)
    await resume(world, monitor)

    await world.look(monitor, DOWN)

    assert await world.status(monitor) is S.UP
    assert await world.value("SELECT count(*) FROM checks") == 4


async def test_a_changed_configuration_makes_the_monitor_pending_and_ends_its_incidents(
    world: EngineWorld,
) -> None:
    monitor = await world.monitor()
    await world.look(monitor, UP, facts={"serial": 1})
    await world.look(monitor, DOWN, DOWN, asks_expiry=True)
    changed_at = world.clock.advance(5)

    await restart(world, monitor)

    assert (await world.intervals(monitor))[-1] == (S.PENDING, ms(changed_at), None, False)
    incidents = await world.incidents(monitor)
    assert {(row["kind"], row["resolution"], row["resolved_at"]) for row in incidents} == {
        ("OUTAGE", "CHANGED", changed_at),
        ("EXPIRY", "CHANGED", changed_at),
    }
    assert await world.value("SELECT count(*) FROM probe_facts") == 0
    assert await world.value("SELECT due_at FROM leases") == changed_at


async def test_a_look_at_the_target_of_before_says_nothing_of_the_new_one(world: EngineWorld) -> None:
    monitor = await world.monitor(failures_to_open=1)
    await world.look(monitor, UP)
    await restart(world, monitor)

    await world.look(monitor, DOWN)
    assert await world.status(monitor) is S.PENDING

    await world.look(monitor, UP, revision=2)
    assert await world.status(monitor) is S.UP
    await assert_sound(world.database)


async def test_a_deleted_monitor_ends_its_incidents_its_interval_and_its_leases(world: EngineWorld) -> None:
    monitor, other = await world.monitor(), await world.monitor()
    await world.look(monitor, UP, DOWN, DOWN)
    deleted_at = world.clock.advance(5)

    await end(world, monitor)
    await end(world, monitor)

    assert (await world.intervals(monitor))[-1][2] == ms(deleted_at)
    [opened, resolved] = await world.transitions(monitor)
    assert (opened["kind"], resolved["details"]["incident"]["resolution"]) == ("OPENED", "DELETED")
    assert [row["monitor_id"] for row in await world.fetch("SELECT monitor_id FROM leases")] == [other]
    await assert_sound(world.database)


async def test_another_workspace_cannot_pause_resume_or_delete(world: EngineWorld) -> None:
    theirs = await world.monitor(workspace_id=new_id(world.clock.now()))
    paused = await world.monitor(workspace_id=new_id(world.clock.now()), is_paused=True)

    assert await pause(world, theirs) == frozenset()
    assert await resume(world, paused) == frozenset()
    await end(world, theirs, paused)

    assert await world.value("SELECT count(*) FROM monitors WHERE deleted_at IS NOT NULL") == 0
    assert await world.value("SELECT count(*) FROM status_intervals WHERE to_ms IS NOT NULL") == 0


async def test_an_outage_of_a_monitor_that_is_down_cannot_be_resolved_by_hand(world: EngineWorld) -> None:
    monitor = await world.monitor()
    await world.look(monitor, UP, DOWN, DOWN)
    [incident] = await world.incidents(monitor)

    with pytest.raises(Conflict, match="still down"):
        await resolve(world, incident["id"])

    assert (await world.incidents(monitor))[0]["status"] == "OPEN"


async def test_an_outage_may_be_resolved_by_hand_while_nobody_can_look(world: EngineWorld) -> None:
    monitor = await world.monitor()
    await world.look(monitor, UP, DOWN, DOWN, UNKNOWN)
    [incident] = await world.incidents(monitor)

    await resolve(world, incident["id"])
    with pytest.raises(Conflict, match="already resolved"):
        await resolve(world, incident["id"])

    assert (await world.incidents(monitor))[0]["resolution"] == "BY_HAND"
    await world.look(monitor, DOWN, DOWN)
    assert [row["number"] for row in await world.incidents(monitor)] == [1, 2]


async def test_an_incident_of_another_workspace_is_not_found(world: EngineWorld) -> None:
    monitor = await world.monitor()
    await world.look(monitor, UP, DOWN, DOWN)
    [incident] = await world.incidents(monitor)

    with pytest.raises(NotFound):
        await resolve(world, incident["id"], new_id(world.clock.now()))


async def test_what_was_resolved_by_hand_opens_again_only_after_its_condition_was_absent(
    world: EngineWorld,
) -> None:
    monitor = await world.monitor()
    await world.look(monitor, UP)
    await world.look(monitor, DEGRADED, DEGRADED, asks_expiry=True)
    for incident in await world.incidents(monitor):
        await resolve(world, incident["id"])

    await world.look(monitor, UNKNOWN)
    await world.look(monitor, DEGRADED, DEGRADED, asks_expiry=True)
    assert len(await world.incidents(monitor)) == 2

    await world.look(monitor, UP)
    await world.look(monitor, DEGRADED, DEGRADED, asks_expiry=True)
    assert [row["kind"] for row in await world.incidents(monitor) if row["status"] == "OPEN"] == [
        "DEGRADED",
        "EXPIRY",
    ]
    await assert_sound(world.database)


async def test_random_lives_stay_sound(world: EngineWorld) -> None:
    chance = random.Random(5)
    monitors = [await world.monitor(regions=(1, 2), regions_to_agree=chance.choice((1, 2))) for _ in range(8)]
    for _ in range(100):
        world.clock.advance(chance.choice((0, 0.001, 20)))
        monitor = chance.choice(monitors)
        action = chance.choice(["look"] * 12 + ["pause", "resume", "restart", "resolve", "end"])
        if action == "pause":
            await pause(world, monitor)
        elif action == "resume":
            await resume(world, monitor)
        elif action == "restart":
            await restart(world, monitor)
        elif action == "end" and chance.random() < 0.2:
            await end(world, monitor)
        elif action == "resolve":
            for incident in await world.incidents(monitor):
                if incident["kind"] != "OUTAGE" and incident["status"] == "OPEN":
                    await resolve(world, incident["id"])
        elif action == "look":
            current = await revision(world, monitor)
            await world.record(
                *(
                    world.finding(
                        m,
                        chance.choice((UP, DEGRADED, DOWN, DOWN, UNKNOWN)),
                        region_id=region,
                        asks_expiry=chance.random() < 0.5,
                        revision=chance.choice((current, current, current - 1)),
                    )
                    for m in {monitor, chance.choice(monitors)}
                    for region in (1, 2)
                )
            )
        await assert_sound(world.database)
