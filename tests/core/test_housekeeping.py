"""Housekeeping makes partitions ahead, and removes what is old or deleted in small batches."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from core.access.session_life import ABSOLUTE, IDLE
from core.clock import ManualClock
from core.db.partitions import month_start
from core.housekeeping import DELETED_KEPT, EVENTS_KEPT, WORKERS_KEPT, Housekeeping
from core.ids import new_id


@pytest.fixture
def housekeeping(database, clock) -> Housekeeping:
    return Housekeeping(database=database, clock=clock)


async def _partitions(connection, table: str) -> set[str]:
    rows = await connection.fetch(
        "SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = $1::text::regclass", table
    )
    return {row["name"] for row in rows}


async def test_partitions_are_made_as_months_go_by(database, clock: ManualClock, housekeeping) -> None:
    async with database.acquire() as connection:
        before = await _partitions(connection, "checks")
        clock.advance(timedelta(days=62).total_seconds())
        await housekeeping.step()
        ahead = month_start(clock.now().date(), 2)

        for table in ("checks", "check_details", "pings"):
            assert f"{table}_{ahead:%Y_%m}" in await _partitions(connection, table)
        assert before < await _partitions(connection, "checks")


async def test_one_housekeeper_works_at_a_time(database, clock, housekeeping) -> None:
    async with database.acquire() as connection, connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock($1)", 0x746F6368)
        await _insert_worker(connection, clock.now() - WORKERS_KEPT * 2)
    async with database.acquire() as holder, holder.transaction():
        await holder.execute("SELECT pg_advisory_xact_lock($1)", 0x746F6368)

        assert await housekeeping.step() == 0
    assert await housekeeping.step() == 1


async def _insert_worker(connection, seen_at: datetime) -> None:
    await connection.execute(
        "INSERT INTO workers (id, region_id, started_at, seen_at) VALUES ($1, 1, $2, $2)",
        new_id(seen_at),
        seen_at,
    )


async def test_events_too_old_to_resume_from_are_removed_and_those_without_a_number_stay(
    database, clock, housekeeping
) -> None:
    old = clock.now() - EVENTS_KEPT - timedelta(seconds=1)
    async with database.acquire() as connection:
        for sequence, at in ((1, old), (2, clock.now()), (None, old)):
            await connection.execute(
                "INSERT INTO events (workspace_id, subject, subject_id, change, at, sequence) "
                "VALUES ($1, 'MONITOR', $1, 'CREATED', $2, $3)",
                new_id(at),
                at,
                sequence,
            )

        await housekeeping.step()

        kept = await connection.fetch("SELECT sequence FROM events ORDER BY id")
        assert [row["sequence"] for row in kept] == [2, None]


async def _insert_monitor(connection, now: datetime, deleted_at: datetime | None) -> object:
    monitor_id = new_id(now)
    await connection.execute(
        "INSERT INTO monitors (id, workspace_id, project_id, name, kind, is_passive, config, target, timeout_seconds, "
        "created_at, updated_at, deleted_at) VALUES ($1, $1, $1, 'm', 'http', false, $4, 't', 30, $2, $2, $3)",
        monitor_id,
        now,
        deleted_at,
        {},
    )
    for number in range(3):
        await connection.execute(
            "INSERT INTO checks (monitor_id, slot, region_id, id, workspace_id, status, checked_at) "
            "VALUES ($1, $2, 1, $3, $1, 1, $2)",
            monitor_id,
            now + timedelta(seconds=number),
            new_id(now),
        )
    await connection.execute(
        "INSERT INTO monitor_states (monitor_id, workspace_id, status, since_ms) VALUES ($1, $1, 1, 0)",
        monitor_id,
    )
    await connection.execute(
        "INSERT INTO monitor_channels (monitor_id, channel_id, workspace_id, place, is_enabled)"
        " VALUES ($1, $2, $1, 1, true)",
        monitor_id,
        new_id(now),
    )
    return monitor_id


async def test_a_deleted_monitor_goes_with_its_rows_and_others_stay(database, clock, housekeeping) -> None:
    now = clock.now()
    async with database.acquire() as connection:
        deleted = await _insert_monitor(connection, now, now - DELETED_KEPT - timedelta(seconds=1))
        just_deleted = await _insert_monitor(connection, now, now)
        kept = await _insert_monitor(connection, now, None)

        while await housekeeping.step():
            pass

        monitors = {row["id"] for row in await connection.fetch("SELECT id FROM monitors")}
        checks = {row["monitor_id"] for row in await connection.fetch("SELECT monitor_id FROM checks")}
        states = {
            row["monitor_id"] for row in await connection.fetch("SELECT monitor_id FROM monitor_states")
        }
        links = {
            row["monitor_id"] for row in await connection.fetch("SELECT monitor_id FROM monitor_channels")
        }
    assert monitors == checks == states == links == {just_deleted, kept}
    assert deleted not in monitors


async def test_a_deleted_monitor_stays_while_somebody_is_still_to_be_told(
    database, clock, housekeeping
) -> None:
    now = clock.now()
    async with database.acquire() as connection:
        monitor_id = await _insert_monitor(connection, now, now - DELETED_KEPT * 2)
        await connection.execute(
            "INSERT INTO transitions (id, workspace_id, project_id, monitor_id, incident_id, kind, at, details) "
            "VALUES ($1, $1, $1, $2, $1, 'RESOLVED', $3, $4)",
            new_id(now),
            monitor_id,
            now,
            {},
        )

        assert await housekeeping.step() == 0
        await connection.execute("UPDATE transitions SET done_at = $1", now)
        assert await housekeeping.step() > 0


async def test_what_let_people_in_goes_a_day_after_it_expired(
    database, clock: ManualClock, housekeeping
) -> None:
    now, day, second = clock.now(), timedelta(days=1), timedelta(seconds=1)
    kept = [(now - ABSOLUTE - day + second, now), (now - IDLE - day + second, now - IDLE - day + second)]
    gone = [(now - ABSOLUTE - day - second, now), (now - IDLE - day - second, now - IDLE - day - second)]
    async with database.acquire() as connection:
        for number, (created_at, last_seen_at) in enumerate([*kept, *gone]):
            await connection.execute(
                "INSERT INTO sessions (id, user_id, workspace_id, secret_sha256, created_at, last_seen_at)"
                " VALUES ($1, $1, $1, $2, $3, $4)",
                new_id(now),
                bytes([number]),
                created_at,
                last_seen_at,
            )
        for number, expires_at in enumerate([now - day + second, now - day - second]):
            await connection.execute(
                "INSERT INTO password_resets (secret_sha256, created_at, expires_at) VALUES ($1, $2, $2)",
                bytes([number]),
                expires_at,
            )
            await connection.execute(
                "INSERT INTO attempts (key, drained_at) VALUES ($1, $2)",
                bytes([number]),
                now + second if number == 0 else now - second,
            )

    assert await housekeeping.step() == 4

    async with database.acquire() as connection:
        assert await connection.fetchval("SELECT array_agg(secret_sha256 ORDER BY 1) FROM sessions") == [
            bytes([0]),
            bytes([1]),
        ]
        assert await connection.fetchval("SELECT array_agg(secret_sha256) FROM password_resets") == [
            bytes([0])
        ]
        assert await connection.fetchval("SELECT array_agg(key) FROM attempts") == [bytes([0])]
