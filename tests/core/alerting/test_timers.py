"""Timers fire once their time has come, each on its own."""

from __future__ import annotations

import asyncio

from core.alerting.timers import Timers
from core.ids import new_id
from tests.core.alerting.world import World


async def set_timer(world: World, kind: str, seconds: float) -> None:
    now = world.clock.now()
    await world.execute(
        "INSERT INTO timers (id, workspace_id, kind, subject_id, due_at, details)"
        " VALUES ($1, $2, $3, $1, $4::timestamptz + make_interval(secs => $5), '{}')",
        new_id(now),
        world.workspace_id,
        kind,
        now,
        seconds,
    )


def timers_of(world: World, **handlers) -> Timers:
    return Timers(database=world.database, clock=world.clock, handlers=handlers)


async def test_a_timer_fires_when_it_is_due_and_is_gone(world: World) -> None:
    fired = []

    async def ring(_connection, timer, _now) -> bool:
        fired.append(timer.kind)
        return True

    await set_timer(world, "RING", 10)
    timers = timers_of(world, RING=ring)

    assert await timers.step() == 0
    world.advance(10)
    assert await timers.step() == 1
    assert await timers.step() == 0
    assert fired == ["RING"]
    assert await world.rows("SELECT count(*) FROM timers") == [(0,)]


async def test_a_timer_that_breaks_undoes_what_it_wrote_and_lets_the_others_pass(world: World) -> None:
    fired = []

    async def shatter(connection, _timer, _now) -> bool:
        await connection.execute("DELETE FROM monitors")
        raise ZeroDivisionError

    async def ring(_connection, _timer, _now) -> bool:
        fired.append(True)
        return True

    await set_timer(world, "SHATTER", 0)
    await set_timer(world, "RING", 1)
    world.advance(2)
    timers = timers_of(world, SHATTER=shatter, RING=ring)

    while await timers.step():
        pass

    assert fired == [True]
    assert await world.rows("SELECT kind FROM timers") == [("SHATTER",)]
    assert await world.rows("SELECT count(*) FROM monitors") == [(1,)]


async def test_a_kind_that_nobody_knows_here_is_left_for_another_process(world: World) -> None:
    await set_timer(world, "FROM_THE_FUTURE", 0)

    assert await timers_of(world).step() == 0
    assert await world.rows("SELECT kind FROM timers") == [("FROM_THE_FUTURE",)]


async def test_two_processes_fire_a_timer_once(world: World) -> None:
    fired = []

    async def ring(connection, timer, _now) -> bool:
        await connection.execute("SELECT pg_sleep(0.05)")
        fired.append(timer.id)
        return True

    for _ in range(5):
        await set_timer(world, "RING", 0)
    await asyncio.gather(*(timers_of(world, RING=ring).step() for _ in range(4)))
    while await timers_of(world, RING=ring).step():
        pass

    assert len(fired) == len(set(fired)) == 5
