"""An hour's requests, spent by several processes on one PostgreSQL."""

from __future__ import annotations

import asyncio
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.db.named_sql import named_sql
from core.errors import QuotaExhausted
from core.usage.quota import HOUR, chunk, hour_of
from core.usage.request_quota import RequestQuota, give_up_leases
from core.usage.usage_log import UsageLog
from tests.core.usage.conftest import rows


async def spend(quota: RequestQuota, workspace_id, limit: int, requests: int) -> int:
    """Ask so many times; return how often it was allowed."""
    allowed = 0
    for number in range(requests):
        try:
            await quota.spend(workspace_id, limit)
            allowed += 1
        except QuotaExhausted:
            pass
        if number % 7 == 0:
            await asyncio.sleep(0)
    return allowed


@pytest.mark.parametrize(("limit", "most_statements"), [(3_000, 0.05), (100, 0.15), (1, 0.05)])
async def test_processes_that_race_for_an_hour_spend_exactly_its_limit(
    processes, workspace_id, limit: int, most_statements: float
) -> None:
    made = await processes(4)
    asks = max(limit // 2, 100)

    allowed = await asyncio.gather(
        *(spend(quota, workspace_id, limit, asks) for quota, _ in made for _ in range(2))
    )

    assert sum(allowed) == limit
    assert sum(database.asked for _, database in made) <= most_statements * 8 * asks


async def test_a_process_that_ends_costs_the_others_a_fiftieth_at_most(processes, workspace_id) -> None:
    limit = 1_000
    (first, _), (second, _) = await processes(2)

    await first.spend(workspace_id, limit)
    allowed = await spend(second, workspace_id, limit, limit)

    assert 0.98 * limit <= allowed + 1 <= limit


async def test_what_is_left_is_told_with_each_request(quota, workspace_id, clock) -> None:
    limit = 100
    for number in range(1, limit + 1):
        left = await quota.spend(workspace_id, limit)
        assert (left.limit, left.remaining, left.used) == (limit, limit - number, number)
        assert left.resets_at == hour_of(clock.now()) + HOUR


async def test_whoever_is_refused_is_told_when_to_come_back_and_asks_the_database_no_more(
    processes, workspace_id, clock
) -> None:
    ((quota, database),) = await processes(1)
    await spend(quota, workspace_id, 10, 11)
    asked = database.asked

    with pytest.raises(QuotaExhausted) as refused:
        await quota.spend(workspace_id, 10)

    ends_at = hour_of(clock.now()) + HOUR
    assert (refused.value.limit, refused.value.resets_at) == (10, ends_at)
    assert refused.value.retry_after_seconds == (ends_at - clock.now()).total_seconds()
    assert refused.value.code == "RATE_LIMITED"
    assert database.asked == asked


async def test_the_next_hour_begins_anew(quota, workspace_id, clock) -> None:
    assert await spend(quota, workspace_id, 10, 20) == 10

    clock.advance(HOUR.total_seconds())

    assert await spend(quota, workspace_id, 10, 20) == 10


async def test_workspaces_have_hours_of_their_own(quota, workspace_id) -> None:
    assert await spend(quota, workspace_id, 10, 20) == 10
    assert await spend(quota, UUID(int=7), 10, 20) == 10


async def test_a_larger_plan_opens_the_rest_of_the_hour_and_a_smaller_one_closes_it(
    quota, workspace_id
) -> None:
    assert await spend(quota, workspace_id, 10, 20) == 10
    assert await spend(quota, workspace_id, 50, 60) == 40
    assert await spend(quota, workspace_id, 10, 5) == 0


async def test_under_a_smaller_plan_only_what_was_made_of_the_hour_counts(
    processes, workspace_id, database, clock
) -> None:
    (first, _), (second, _) = await processes(2)
    log = UsageLog(database=database)
    for quota in (first, second):
        await quota.spend(workspace_id, 100_000)  # of which each holds 2,000 ready
        log.note(workspace_id, "monitors", clock.now())
    await log.store()

    async with database.acquire() as connection:
        await give_up_leases(connection, workspace_id, clock.now())

    assert await spend(first, workspace_id, 1_000, 1_100) == 998


async def test_those_who_ask_at_once_for_the_first_chunk_take_one(processes, workspace_id) -> None:
    ((quota, database),) = await processes(1)

    await asyncio.gather(*(quota.spend(workspace_id, 5_000) for _ in range(100)))

    assert database.asked == 1


async def test_while_the_database_is_away_nobody_is_refused_and_all_is_taken_later(
    quota, database, workspace_id
) -> None:
    limit = 100
    async with database.acquire() as connection:
        await connection.execute("ALTER TABLE request_quotas RENAME TO elsewhere")
    assert await spend(quota, workspace_id, limit, 150) == 150
    async with database.acquire() as connection:
        await connection.execute("ALTER TABLE elsewhere RENAME TO request_quotas")

    assert await spend(quota, workspace_id, limit, 10) == 0
    assert await rows(database, "SELECT leased FROM request_quotas") == [(150,)]


async def test_a_database_known_to_be_away_is_not_asked(processes, workspace_id) -> None:
    ((quota, database),) = await processes(1)
    database.reach.failed(ConnectionRefusedError("away"))

    assert await spend(quota, workspace_id, 100, 150) == 150
    assert database.asked == 0


async def test_a_reading_counts_what_this_process_holds_unspent_as_left(
    quota, database, workspace_id
) -> None:
    left = [await quota.spend(workspace_id, 1_000) for _ in range(3)][-1]
    ((leased,),) = await rows(database, "SELECT leased FROM request_quotas")

    assert quota.standing(workspace_id, 1_000, leased) == left
    assert quota.standing(workspace_id, 500, leased).remaining == 500 - leased
    assert quota.standing(workspace_id, 1_000) == left
    assert quota.standing(workspace_id, 500).remaining == 500


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(limit=st.integers(1, 200_000), leased=st.integers(0, 250_000), owed=st.integers(0, 5_000))
async def test_the_database_grants_what_the_rule_says(database, limit, leased, owed) -> None:
    sql = named_sql("request_usage")["take_requests"]
    workspace_id = UUID(int=1)
    async with database.acquire() as connection:
        moment = await connection.fetchval("SELECT timestamptz '2026-03-01 10:00Z'")
        await connection.execute("DELETE FROM request_quotas")
        first = await connection.fetchrow(sql, workspace_id, moment, limit, owed)
        await connection.execute("UPDATE request_quotas SET leased = $1", leased)
        second = await connection.fetchrow(sql, workspace_id, moment, limit, owed)

    granted = chunk(limit, owed)
    assert tuple(first) == (owed + granted, granted)
    granted = chunk(limit, leased + owed)
    assert tuple(second) == (leased + owed + granted, granted)
