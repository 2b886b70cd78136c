"""Pause, resume, rotation and end of monitors, on a real PostgreSQL."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from core.errors import Conflict, NotFound
from core.ids import Prefix, decode_id, new_id


async def fetch(database, sql: str, *arguments):
    async with database.acquire() as connection:
        return [tuple(row) for row in await connection.fetch(sql, *arguments)]


async def test_a_paused_monitor_has_no_lease_until_it_is_resumed(
    monitors, tenants, door_id, database, clock
) -> None:
    paused_at = clock.advance(10)
    await monitors.pause(tenants.owner, door_id)
    assert await fetch(database, "SELECT paused_at, revision, config_revision FROM monitors") == [
        (paused_at, 2, 2)
    ]
    assert await fetch(database, "SELECT count(*) FROM leases") == [(0,)]

    resumed_at = clock.advance(10)
    await monitors.resume(tenants.owner, door_id)
    assert await fetch(database, "SELECT paused_at, revision FROM monitors") == [(None, 3)]
    assert await fetch(database, "SELECT due_at FROM leases") == [(resumed_at,)]
    assert await fetch(database, "SELECT is_paused FROM status_intervals ORDER BY from_ms") == [
        (False,),
        (True,),
        (False,),
    ]
    assert await fetch(database, "SELECT change FROM events ORDER BY id") == [
        ("CREATED",),
        ("UPDATED",),
        ("UPDATED",),
    ]


async def test_pausing_and_resuming_twice_is_once(monitors, tenants, door_id, contents, clock) -> None:
    await monitors.pause(tenants.owner, door_id)
    before = await contents()
    clock.advance(10)
    await monitors.pause(tenants.owner, door_id)
    assert await contents() == before

    await monitors.resume(tenants.owner, door_id)
    before = await contents()
    clock.advance(10)
    await monitors.resume(tenants.owner, door_id)
    assert await contents() == before


async def test_a_toggle_pauses_what_runs_and_resumes_what_is_paused(
    monitors, tenants, door_id, database, clock
) -> None:
    paused_at = clock.advance(10)
    assert await monitors.toggle_pause(tenants.owner, door_id) is True
    assert await fetch(database, "SELECT paused_at FROM monitors") == [(paused_at,)]
    assert await monitors.toggle_pause(tenants.owner, door_id) is False
    assert await fetch(database, "SELECT paused_at FROM monitors") == [(None,)]
    assert await fetch(database, "SELECT action FROM audit_entries ORDER BY action") == [
        ("monitor.created",),
        ("monitor.paused",),
        ("monitor.resumed",),
    ]


async def test_of_two_toggles_at_once_the_second_undoes_the_first(
    monitors, tenants, door_id, database
) -> None:
    told = await asyncio.gather(*(monitors.toggle_pause(tenants.owner, door_id) for _ in range(2)))

    assert sorted(told) == [False, True]
    assert await fetch(database, "SELECT paused_at, revision FROM monitors") == [(None, 3)]


async def test_a_resumed_heartbeat_expects_its_next_ping_from_then_on(
    monitors, tenants, postman_id, database, clock
) -> None:
    async with database.acquire() as connection:
        await connection.execute(
            "UPDATE heartbeats SET last_ping_at = $1, expected_by = $1, deadline_at = $1, grace_seconds = 60",
            clock.now(),
        )
    await monitors.pause(tenants.owner, postman_id)
    assert await fetch(database, "SELECT expected_by, deadline_at FROM heartbeats") == [(None, None)]

    now = clock.advance(7_200)
    await monitors.resume(tenants.owner, postman_id)

    hour = now + timedelta(hours=1)
    assert await fetch(database, "SELECT expected_by, deadline_at FROM heartbeats") == [
        (hour, hour + timedelta(seconds=60))
    ]


async def test_a_rotated_heartbeat_forgets_its_old_address(monitors, tenants, postman_id, database) -> None:
    [(old,)] = await fetch(database, "SELECT token FROM heartbeats")

    await monitors.rotate_heartbeat_url(tenants.owner, postman_id)

    [(new,)] = await fetch(database, "SELECT token FROM heartbeats")
    assert new != old
    assert await fetch(database, "SELECT revision FROM monitors") == [(2,)]


async def test_an_active_monitor_has_no_address_to_rotate(monitors, tenants, door_id, contents) -> None:
    before = await contents()

    with pytest.raises(Conflict, match="no heartbeat url"):
        await monitors.rotate_heartbeat_url(tenants.owner, door_id)

    assert await contents() == before


async def test_a_deleted_monitor_takes_all_that_hangs_on_it(
    monitors, tenants, door_id, postman_id, database, clock
) -> None:
    monitor_id = decode_id(Prefix.MONITOR, door_id)
    async with database.acquire() as connection:
        await connection.execute(
            "INSERT INTO deliveries (id, workspace_id, event, webhook_id, recipient, monitor_id, status, body,"
            " created_at, next_attempt_at) VALUES ($1, $2, 'MONITOR_DOWN', $1, 'x', $3, 'PENDING', '', $4, $4)",
            new_id(clock.now()),
            tenants.owner.workspace_id,
            monitor_id,
            clock.now(),
        )
    clock.advance(10)

    assert await monitors.delete(tenants.owner, door_id) == monitor_id
    await monitors.delete(tenants.owner, postman_id)

    for public_id in (door_id, postman_id):
        with pytest.raises(NotFound):
            await monitors.delete(tenants.owner, public_id)
    assert await fetch(
        database,
        "SELECT (SELECT count(*) FROM leases), (SELECT count(*) FROM heartbeats), (SELECT count(*) FROM tags),"
        " (SELECT count(*) FROM monitor_tags), (SELECT count(*) FROM status_intervals WHERE to_ms IS NULL)",
    ) == [(0, 0, 0, 0, 0)]
    assert await fetch(database, "SELECT status FROM deliveries") == [("SUPPRESSED",)]
    assert await fetch(
        database, "SELECT change FROM events WHERE subject_id = $1 ORDER BY id", monitor_id
    ) == [
        ("CREATED",),
        ("DELETED",),
    ]
