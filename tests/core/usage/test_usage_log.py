"""Requests counted in memory, stored in batches, told by operation, and forgotten in time."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg
import pytest

from core.access.sight import Sight
from core.db.database import Database
from core.housekeeping import Housekeeping
from core.usage import usage_log
from core.usage.quota import hour_of
from core.usage.reading import request_usages
from core.usage.usage_log import PING, UsageLog
from core.usage.usage_period import UsagePeriod
from tests.core.usage.conftest import rows


@pytest.fixture
def log(database: Database) -> UsageLog:
    return UsageLog(database=database)


async def usage(database: Database, workspace_id, period: UsagePeriod, now: datetime):
    async with database.acquire() as connection:
        sight = Sight(workspace_id=workspace_id, project_ids=None, since=now)
        found = await request_usages(connection, sight, [workspace_id], period, now)
    return found[workspace_id]


async def test_requests_are_told_by_operation_the_most_frequent_first(
    log, database, workspace_id, clock
) -> None:
    for operation in ("monitors", "createMonitor", "monitors"):
        log.note(workspace_id, operation, clock.now())
    await log.store()

    for period in UsagePeriod:
        counted = await usage(database, workspace_id, period, clock.now())
        assert counted.by_operation == (("monitors", 2), ("createMonitor", 1))
        assert counted.total == 3


async def test_another_workspace_than_the_one_in_sight_is_not_told_of(
    log, database, workspace_id, clock
) -> None:
    other = UUID(int=7)
    log.note(workspace_id, "monitors", clock.now())
    await log.store()

    async with database.acquire() as connection:
        sight = Sight(workspace_id=other, project_ids=None, since=clock.now())
        found = await request_usages(connection, sight, [workspace_id, other], UsagePeriod.HOUR, clock.now())

    assert {each: usage.total for each, usage in found.items()} == {other: 0}


async def test_periods_reach_back_as_far_as_they_say(log, database, workspace_id) -> None:
    now = datetime(2026, 3, 31, 12, 30, 30, tzinfo=UTC)
    for back in (timedelta(), timedelta(hours=2), timedelta(days=2), timedelta(days=10), timedelta(days=40)):
        log.note(workspace_id, "monitors", now - back)
    await log.store()

    totals = [(await usage(database, workspace_id, period, now)).total for period in UsagePeriod]

    assert totals == [1, 2, 3, 4]


async def test_processes_that_count_the_same_add_up(log, database, workspace_id, clock) -> None:
    others = [log, UsageLog(database=database), UsageLog(database=database)]
    for _ in range(20):
        for each in others:
            for operation in ("a", "b", "c"):
                each.note(workspace_id, operation, clock.now())
        await asyncio.gather(*(each.store() for each in others))

    assert (await usage(database, workspace_id, UsagePeriod.DAY, clock.now())).by_operation == (
        ("a", 60),
        ("b", 60),
        ("c", 60),
    )


async def test_another_workspaces_requests_are_not_told(log, database, workspace_id, clock) -> None:
    log.note(UUID(int=9), "monitors", clock.now())
    await log.store()

    assert (await usage(database, workspace_id, UsagePeriod.DAY, clock.now())).by_operation == ()


async def test_pings_count_in_the_hour(log, database, workspace_id, clock) -> None:
    log.note(workspace_id, PING, clock.now(), 40)
    log.note(workspace_id, "monitors", clock.now(), 3)
    await log.store()
    log.note(workspace_id, PING, clock.now(), 2)
    await log.store()

    stored = await rows(database, "SELECT workspace_id, hour, leased FROM request_quotas")
    assert stored == [(workspace_id, hour_of(clock.now()), 42)]


async def test_what_could_not_be_stored_is_stored_later(log, database, workspace_id, clock) -> None:
    log.note(workspace_id, "monitors", clock.now())
    async with database.acquire() as connection:
        await connection.execute("ALTER TABLE request_hours RENAME TO elsewhere")
    with pytest.raises(asyncpg.UndefinedTableError):
        await log.store()
    log.note(workspace_id, "monitors", clock.now())
    async with database.acquire() as connection:
        await connection.execute("ALTER TABLE elsewhere RENAME TO request_hours")

    await log.store()

    assert (await usage(database, workspace_id, UsagePeriod.DAY, clock.now())).total == 2


async def test_much_is_stored_in_several_statements(log, database, workspace_id, clock) -> None:
    for number in range(usage_log.MOST_ROWS_IN_STATEMENT + 5):
        log.note(workspace_id, f"operation {number}", clock.now())

    assert await log.store() == usage_log.MOST_ROWS_IN_STATEMENT + 5
    counted = await usage(database, workspace_id, UsagePeriod.DAY, clock.now())
    assert counted.total == usage_log.MOST_ROWS_IN_STATEMENT + 5


async def test_over_a_long_absence_memory_is_bounded_and_no_request_is_lost(
    log, database, workspace_id, clock, monkeypatch
) -> None:
    monkeypatch.setattr(usage_log, "MOST_COUNTS", 10)
    for number in range(50):
        log.note(workspace_id, f"operation {number}", clock.now())

    assert await log.store() == 11
    counted = await usage(database, workspace_id, UsagePeriod.MONTH, clock.now() + timedelta(hours=1))
    assert (counted.total, counted.by_operation[0]) == (50, ("other", 40))


async def test_what_is_counted_is_stored_when_the_process_ends(log, database, workspace_id, clock) -> None:
    log.note(workspace_id, "monitors", clock.now())
    stopping = asyncio.Event()
    stopping.set()

    await log.run(stopping)

    assert (await usage(database, workspace_id, UsagePeriod.DAY, clock.now())).total == 1


async def test_counts_are_kept_by_the_minute_for_a_day_and_by_the_hour_for_a_month(
    log, database, workspace_id, clock
) -> None:
    for back in (timedelta(), timedelta(hours=23), timedelta(days=2), timedelta(days=29), timedelta(days=31)):
        log.note(workspace_id, PING, clock.now() - back)
    await log.store()

    await Housekeeping(database=database, clock=clock).step()

    assert await rows(database, "SELECT count(*) FROM request_minutes") == [(2,)]
    assert await rows(database, "SELECT count(*) FROM request_hours") == [(4,)]
    assert await rows(database, "SELECT count(*) FROM request_quotas") == [(1,)]
