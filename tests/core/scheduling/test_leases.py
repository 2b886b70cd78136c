"""Leases on a real PostgreSQL: each slot is claimed once, and none is lost."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from uuid import UUID

import asyncpg

from core.checks.recorder import Unconfirmed
from core.db.database import Database
from core.db.notifications import NotifyChannel
from core.ids import new_id
from core.incidents.life_cycle import end_monitors
from core.scheduling.leases import (
    SPARE_SECONDS,
    Claim,
    Claimant,
    bring_forward,
    check_now,
    claim_due,
    give_back,
    renew,
    schedule_monitors,
    take_over,
)
from core.scheduling.slots import claimed_slot, recheck_at, slot_after
from tests.core.engine_world import DOWN, UP, EngineWorld, seconds

AHEAD = seconds(2)


def claimant(world: EngineWorld, region_id: int = 1) -> Claimant:
    return Claimant(region_id=region_id, worker_id=new_id(world.clock.now()))


async def claim(world: EngineWorld, who: Claimant | None = None, at_most: int = 100) -> list[Claim]:
    async with world.database.acquire() as connection:
        return await claim_due(
            connection, who or claimant(world), now=world.clock.now(), ahead=AHEAD, at_most=at_most
        )


async def taken_over(world: EngineWorld, who: Claimant | None = None) -> list[Claim]:
    async with world.database.acquire() as connection:
        return await take_over(connection, who or claimant(world), now=world.clock.now(), at_most=100)


async def hasten(world: EngineWorld, *monitors: UUID) -> None:
    async with world.database.transaction() as connection:
        await check_now(connection, world.workspace_id, monitors, now=world.clock.now())


async def put_off_next_slots(world: EngineWorld) -> None:
    """Let no next slot be due meanwhile: a grid may have one at any moment."""
    await world.fetch("UPDATE leases SET due_at = $1", world.clock.now() + seconds(3600))


async def test_a_claim_says_all_that_a_look_needs(world: EngineWorld) -> None:
    monitor = await world.monitor(config={"address": "1"}, timeout_seconds=7)
    await world.look(monitor, UP, facts={"serial": 4})

    assert await claim(world) == [
        Claim(
            monitor_id=monitor,
            region_id=1,
            slot=claimed_slot(monitor, 60, world.clock.now() - seconds(20), world.clock.now()),
            lease_until=world.clock.now() + seconds(7 + SPARE_SECONDS),
            kind="door",
            config={"address": "1"},
            config_revision=1,
            timeout_seconds=7,
            previous_facts={"serial": 4},
        )
    ]


async def test_each_slot_is_claimed_once_and_the_next_lies_on_the_monitors_grid(world: EngineWorld) -> None:
    monitors = [await world.monitor(interval_seconds=interval) for interval in (1, 7, 60, 3600, 86_400)]
    due = {monitor: world.clock.now() for monitor in monitors}
    intervals = dict(zip(monitors, (1, 7, 60, 3600, 86_400), strict=True))
    for step in (0, 0.5, 3, 61.25, 4000, 100_000):
        now = world.clock.advance(step)
        expected = {m: claimed_slot(m, intervals[m], at, now) for m, at in due.items() if at <= now + AHEAD}

        claims = await claim(world)

        assert {c.monitor_id: c.slot for c in claims} == expected
        due |= {m: slot_after(m, intervals[m], slot) for m, slot in expected.items()}
        rows = await world.fetch("SELECT monitor_id, due_at FROM leases")
        assert {row["monitor_id"]: row["due_at"] for row in rows} == due


async def test_only_the_claimants_region_is_claimed(world: EngineWorld) -> None:
    monitor = await world.monitor(regions=(1, 2))

    assert [c.region_id for c in await claim(world, claimant(world, 2))] == [2]
    assert [c.monitor_id for c in await claim(world, claimant(world, 1))] == [monitor]
    assert await claim(world, claimant(world, 3)) == []


async def test_workers_that_claim_at_once_share_the_slots(world: EngineWorld) -> None:
    monitors = {await world.monitor() for _ in range(60)}

    claims = await asyncio.gather(*(claim(world, at_most=11) for _ in range(8)))

    claimed = [(c.monitor_id, c.slot) for part in claims for c in part]
    assert len(claimed) == len(set(claimed))
    assert {monitor for monitor, _ in claimed} == monitors


async def test_what_a_dead_worker_claimed_and_did_not_record_is_taken_over(world: EngineWorld) -> None:
    lost, recorded = await world.monitor(), await world.monitor()
    claims = {c.monitor_id: c for c in await claim(world)}
    await put_off_next_slots(world)
    await world.record(world.finding(recorded, UP, slot=claims[recorded].slot))
    world.clock.advance(10 + SPARE_SECONDS)
    assert await taken_over(world) == []
    world.clock.advance(1)

    assert [(c.monitor_id, c.slot) for c in await taken_over(world)] == [(lost, claims[lost].slot)]
    assert await taken_over(world) == []


async def test_a_lost_slot_is_left_where_the_next_one_is_due_too(world: EngineWorld) -> None:
    await world.monitor()
    await claim(world)
    world.clock.advance(3600)

    assert await taken_over(world) == []
    assert len(await claim(world)) == 1


async def test_a_renewed_lease_is_not_taken_over(world: EngineWorld) -> None:
    await world.monitor()
    who = claimant(world)
    claims = await claim(world, who)
    await put_off_next_slots(world)
    world.clock.advance(20)
    async with world.database.acquire() as connection:
        await renew(connection, who, claims, until=world.clock.now() + seconds(30))
    world.clock.advance(25)

    assert await taken_over(world) == []


async def test_what_is_given_back_is_due_again_at_its_slot(world: EngineWorld) -> None:
    await world.monitor()
    who = claimant(world)
    claims = await claim(world, who)
    async with world.database.acquire() as connection:
        await put_off_next_slots(world)
        await give_back(connection, claimant(world), claims)
        assert await claim(world) == []
        await give_back(connection, who, claims)

    assert [c.slot for c in await claim(world)] == [c.slot for c in claims]


async def test_an_unconfirmed_failure_is_looked_at_again_after_the_recheck_seconds(
    world: EngineWorld,
) -> None:
    monitor = await world.monitor(interval_seconds=3600)
    [claimed] = await claim(world)
    recorded = await world.record(world.finding(monitor, DOWN, slot=claimed.slot))

    async with world.database.acquire() as connection:
        await bring_forward(connection, recorded.unconfirmed)
        await bring_forward(connection, recorded.unconfirmed)

    assert await world.value("SELECT due_at FROM leases") == recheck_at(claimed.slot, 20)


async def test_a_slot_that_is_due_sooner_is_never_put_off(world: EngineWorld) -> None:
    monitor = await world.monitor()
    streak = Unconfirmed(monitor_id=monitor, region_id=1, slot=world.clock.now() + seconds(1000))

    async with world.database.acquire() as connection:
        await bring_forward(connection, [streak])

    assert await world.value("SELECT due_at FROM leases") == world.clock.now()


async def test_check_now_asked_twice_runs_once(world: EngineWorld) -> None:
    monitor = await world.monitor(interval_seconds=3600)
    [first] = await claim(world)
    await world.record(world.finding(monitor, UP, slot=first.slot))
    asked_at = world.clock.advance(5)

    await hasten(world, monitor)
    world.clock.advance(1)
    await hasten(world, monitor)
    [claimed] = await claim(world)
    await hasten(world, monitor)

    assert claimed.slot == asked_at
    assert await claim(world) == []
    await world.record(world.finding(monitor, UP, slot=claimed.slot))
    world.clock.advance(1)
    await hasten(world, monitor)
    assert len(await claim(world)) == 1


async def test_check_now_wakes_the_region(world: EngineWorld, database_dsn: str) -> None:
    monitor = await world.monitor(regions=(1, 2))
    heard: list[str] = []
    listener = await asyncpg.connect(database_dsn)
    await listener.add_listener(NotifyChannel.LEASES.value, lambda *notice: heard.append(notice[-1]))

    await hasten(world, monitor)

    await listener.fetchval("SELECT 1")
    await listener.close()
    assert sorted(heard) == ["region-1", "region-2"]


async def test_check_now_leaves_other_workspaces_alone(world: EngineWorld) -> None:
    theirs = await world.monitor(workspace_id=new_id(world.clock.now()), interval_seconds=3600)
    await claim(world)
    world.clock.advance(60)

    await hasten(world, theirs)

    assert await claim(world) == []


async def test_a_changed_set_of_regions_changes_the_leases_and_forgets_what_others_thought(
    world: EngineWorld,
) -> None:
    monitor = await world.monitor(regions=(1, 2))
    await world.look(monitor, UP, region_id=2)
    await world.fetch("UPDATE monitor_regions SET region_id = 3 WHERE region_id = 2")

    async with world.database.transaction() as connection:
        await schedule_monitors(connection, world.workspace_id, [monitor], now=world.clock.now())

    assert [row[0] for row in await world.fetch("SELECT region_id FROM leases ORDER BY 1")] == [1, 3]
    assert await world.region_states() == {}


async def test_claims_go_on_while_monitors_come_and_go(world: EngineWorld) -> None:
    monitors = [await world.monitor(interval_seconds=1) for _ in range(20)]
    claimed: list[tuple[UUID, object]] = []

    async def work(database: Database) -> None:
        who = claimant(world)
        for _ in range(15):
            async with database.acquire() as connection:
                claims = await claim_due(
                    connection, who, now=world.clock.now(), ahead=timedelta(0), at_most=7
                )
            claimed.extend((c.monitor_id, c.slot) for c in claims)
            world.clock.advance(0.3)

    async def delete() -> None:
        for monitor in monitors[:10]:
            async with world.database.transaction() as connection:
                await end_monitors(connection, world.workspace_id, [monitor], now=world.clock.now())

    await asyncio.gather(work(world.database), work(world.database), work(world.database), delete())

    assert len(claimed) == len(set(claimed))
    assert await world.value("SELECT count(*) FROM leases") == 10
