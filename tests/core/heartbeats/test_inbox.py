"""What pings come to: checks, a status, incidents, deadlines; each ping once, whatever happens to the worker."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from core.db.database import Database, PoolUse
from core.heartbeats.inbox import Inbox
from core.heartbeats.judging import SignalJudge
from core.heartbeats.ping import PingKind
from core.heartbeats.receiver import PingReceiver
from core.incidents.life_cycle import pause_monitors
from core.incidents.listeners import Listeners
from core.monitors.status import MonitorStatus
from core.plugin_registry import registry_of
from plugins.api.outbound import Outbound
from tests.core.deadlock import Deadlock, Row

UP = MonitorStatus.UP
DOWN = MonitorStatus.DOWN
UNKNOWN = MonitorStatus.UNKNOWN
PENDING = MonitorStatus.PENDING


async def test_the_first_success_makes_a_pending_monitor_up(post, job, clock) -> None:
    arrived_at = clock.now()
    await post.ping(job)
    assert await post.status(job) is PENDING

    await post.work()

    assert await post.status(job) is UP
    assert await post.checks(job) == [(arrived_at, 1, None)]
    state = await post.state(job)
    assert state["last_ping_at"] == arrived_at
    assert state["expected_by"] == arrived_at + timedelta(seconds=600)
    assert state["deadline_at"] == arrived_at + timedelta(seconds=660)


async def test_a_failure_is_an_incident_at_once_and_the_next_success_ends_it(post, job, clock) -> None:
    await post.ping(job)
    failed_at = clock.advance(10)
    await post.ping(job, PingKind.FAIL, message="disk full\nat /dev/sda", exit_code=3)
    await post.work()

    assert await post.status(job) is DOWN
    (incident,) = await post.incidents(job)
    assert (incident["kind"], incident["started_at"]) == ("OUTAGE", failed_at)
    assert (await post.checks(job))[-1] == (failed_at, 3, "exit code 3: disk full")

    recovered_at = clock.advance(10)
    await post.ping(job)
    await post.work()

    assert await post.status(job) is UP
    (incident,) = await post.incidents(job)
    assert (incident["resolved_at"], incident["resolution"]) == (recovered_at, "RECOVERED")


async def test_a_backlog_is_applied_in_the_order_of_arrival(post, job, clock) -> None:
    for kind in (PingKind.FAIL, PingKind.SUCCESS, PingKind.FAIL, PingKind.SUCCESS):
        await post.ping(job, kind)
        clock.advance(60)
    await post.work()

    assert await post.status(job) is UP
    assert [status for _, status, _ in await post.checks(job)] == [3, 1, 3, 1]
    assert [incident["resolution"] for incident in await post.incidents(job)] == ["RECOVERED", "RECOVERED"]


async def test_a_start_tells_how_long_the_run_takes_and_changes_no_status(post, job, clock) -> None:
    started_at = clock.now()
    await post.ping(job, PingKind.START)
    await post.work()
    assert await post.status(job) is PENDING
    assert await post.checks(job) == []
    assert (await post.state(job))["run_started_at"] == started_at

    clock.advance(2.5)
    await post.ping(job)
    await post.work()

    assert [ping["duration_ms"] for ping in await post.pings(job)] == [None, 2500.0]
    assert (await post.state(job))["run_started_at"] is None


async def test_runs_that_overlap_are_told_apart_by_their_ids(post, job, clock) -> None:
    for run_id in ("a", "b"):
        await post.ping(job, PingKind.START, run_id=run_id)
        clock.advance(1)
    await post.work()
    for run_id in ("a", "b", "c"):
        await post.ping(job, run_id=run_id)
        clock.advance(10)
    await post.work()

    durations = [ping["duration_ms"] for ping in await post.pings(job)]
    assert durations == [None, None, 2000.0, 11000.0, None]


async def test_a_job_that_hangs_in_its_first_run_is_noticed(post, job) -> None:
    await post.ping(job, PingKind.START)
    await post.work()
    await post.advance(666)
    await post.work()

    assert await post.status(job) is DOWN


async def test_a_remark_is_kept_and_changes_nothing(post, job) -> None:
    before = await post.state(job)

    await post.ping(job, PingKind.LOG, message="batch 5 of 10")
    await post.work()

    assert await post.state(job) == before
    assert [(ping["kind"], ping["is_applied"]) for ping in await post.pings(job)] == [("LOG", True)]
    assert await post.checks(job) == []


async def test_pings_of_a_paused_monitor_are_kept_without_effect(post, job, database, clock) -> None:
    async with database.transaction() as connection:
        await pause_monitors(connection, job.workspace_id, [job.monitor_id], now=clock.now())
    await post.ping(job, PingKind.FAIL)
    await post.work()

    assert await post.status(job) is PENDING
    assert await post.checks(job) == []
    assert [ping["is_applied"] for ping in await post.pings(job)] == [True]
    state = await post.state(job)
    assert (state["last_ping_at"], state["deadline_at"]) == (clock.now(), None)


async def test_a_deadline_missed_while_no_worker_was_there_is_found_before_the_later_ping(
    post, job, clock
) -> None:
    first_at = clock.now()
    await post.ping(job)
    await post.work()
    await post.advance(10_000)
    await post.ping(job)
    await post.inbox.step()

    assert await post.status(job) is UP
    missed_at = first_at + timedelta(seconds=660)
    since = f"no ping since {first_at:%Y-%m-%d %H:%M:%S} UTC"
    assert await post.checks(job) == [
        (first_at, 1, None),
        (missed_at, 3, since),
        (first_at + timedelta(seconds=10_000), 1, None),
    ]
    (incident,) = await post.incidents(job)
    assert (incident["started_at"], incident["resolution"]) == (missed_at, "RECOVERED")


async def test_a_ping_stored_after_the_miss_but_arrived_before_it_voids_the_incident(
    post, job, database, clock
) -> None:
    await post.ping(job)
    await post.work()
    late = PingReceiver(database=database, clock=clock, pings_per_minute=5)
    await post.advance(659)
    async with database.acquire() as blocker, blocker.transaction():
        await blocker.execute("SELECT 1 FROM ping_buckets FOR UPDATE")
        asked = asyncio.create_task(late.receive(job.token, PingKind.SUCCESS))
        await _until_blocked(database)
        await post.advance(10)
        await post.work()
        assert await post.status(job) is DOWN
    await asked
    await post.work()

    assert await post.status(job) is UP
    (incident,) = await post.incidents(job)
    assert incident["resolution"] == "VOID"
    assert [status for _, status, _ in await post.checks(job)] == [1, 1]
    async with database.acquire() as connection:
        down = await connection.fetchval("SELECT count(*) FROM status_intervals WHERE status = 3")
    assert down == 0


async def test_a_late_success_does_not_void_the_failure_before_the_missed_deadline(
    post, job, database, clock
) -> None:
    await post.ping(job, PingKind.FAIL)
    await post.work()
    await post.advance(659)
    arrived_at = clock.now()
    await post.advance(10)
    await post.work()
    await _insert_ping(database, job, arrived_at)
    await post.work()

    assert await post.status(job) is UP
    (incident,) = await post.incidents(job)
    assert incident["resolution"] == "RECOVERED"
    assert incident["resolved_at"] > incident["started_at"] + timedelta(seconds=659)


async def test_a_ping_that_was_overtaken_does_not_move_the_deadline_back(post, job, database, clock) -> None:
    earlier = clock.now()
    clock.advance(30)
    await post.ping(job)
    await post.work()
    before = await post.state(job)
    await _insert_ping(database, job, earlier)
    await post.work()

    assert await post.state(job) == before
    assert await post.status(job) is UP


async def test_a_worker_killed_in_the_middle_of_its_commit_loses_and_doubles_nothing(
    post, job, database, database_dsn, clock, judge
) -> None:
    await post.ping(job)
    await post.ping(job, PingKind.FAIL)
    other_pool = await Database.connect(database_dsn, use=PoolUse.ENGINE, max_size=2)
    doomed = Inbox(database=other_pool, clock=clock, judge=judge)
    async with database.acquire() as blocker, blocker.transaction():
        await blocker.execute("LOCK TABLE transitions IN SHARE MODE")
        round_of_the_doomed = asyncio.create_task(doomed.step())
        backend = await _until_blocked(database)
        await blocker.execute("SELECT pg_terminate_backend($1)", backend)
        with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError)):
            await round_of_the_doomed
    await other_pool.close()
    database.use_for_piccolo()
    assert await post.checks(job) == []
    assert [ping["is_applied"] for ping in await post.pings(job)] == [False, False]

    await post.work()

    assert [status for _, status, _ in await post.checks(job)] == [1, 3]
    assert len(await post.incidents(job)) == 1
    assert await post.status(job) is DOWN


async def test_a_round_that_meets_a_deadlock_applies_each_ping_once(
    post, make_job, database, database_dsn
) -> None:
    job, other = await make_job(), await make_job()
    await post.ping(other, PingKind.FAIL)
    await post.work()
    await post.ping(job, PingKind.FAIL)
    in_a_circle = Deadlock(
        first=Row("heartbeats", "monitor_id", job.monitor_id),
        gate=Row("monitor_states", "monitor_id", job.monitor_id),
        last=Row("incident_counters", "workspace_id", job.workspace_id),
    )

    applied = await in_a_circle.strike(database, database_dsn, post.inbox.step)

    assert applied == 1
    assert [status for _, status, _ in await post.checks(job)] == [3]
    assert [incident["number"] for incident in await post.incidents(job)] == [2]


async def test_two_workers_share_the_inbox_and_apply_each_ping_once(
    post, make_job, database, clock, judge
) -> None:
    jobs = [await make_job() for _ in range(30)]
    for kind in (PingKind.FAIL, PingKind.SUCCESS, PingKind.FAIL):
        await asyncio.gather(*(post.ping(job, kind) for job in jobs))
        clock.advance(60)
    workers = [Inbox(database=database, clock=clock, judge=judge) for _ in range(3)]

    async def work(worker: Inbox) -> int:
        return sum([await worker.step() for _ in range(4)])

    assert sum(await asyncio.gather(*map(work, workers))) == 90
    for job in jobs:
        assert [status for _, status, _ in await post.checks(job)] == [3, 1, 3]
        assert len(await post.incidents(job)) == 2
        assert await post.status(job) is DOWN


async def test_one_monitor_whose_results_cannot_be_stored_stops_no_other(post, make_job, database) -> None:
    jobs = [await make_job() for _ in range(5)]
    async with database.acquire() as connection:
        await connection.execute("ALTER TABLE checks ADD CONSTRAINT picky CHECK (error NOT LIKE '%poison%')")
    for number, job in enumerate(jobs):
        await post.ping(job, PingKind.FAIL, message="poison" if number == 2 else "broken")
    await post.work()

    assert [await post.status(job) for job in jobs] == [DOWN, DOWN, UNKNOWN, DOWN, DOWN]
    assert (await post.checks(jobs[2]))[0][2] == "the result could not be stored"
    assert [ping["is_applied"] for job in jobs for ping in await post.pings(job)] == [True] * 5


async def test_pings_of_a_kind_that_is_not_loaded_wait_until_it_is(post, job, database, clock) -> None:
    nothing = SignalJudge(registry=registry_of(), outbound=Outbound(), run_blocking=asyncio.to_thread)
    await post.ping(job)
    poor = Inbox(database=database, clock=clock, judge=nothing)
    assert await poor.step() == 0
    assert [ping["is_applied"] for ping in await post.pings(job)] == [False]

    await post.work()

    assert await post.status(job) is UP


async def test_listeners_are_told_after_the_commit_of_what_was_written(
    post, job, database, clock, judge
) -> None:
    told = []
    inbox = Inbox(
        database=database,
        clock=clock,
        judge=judge,
        listeners=Listeners(
            on_transitions=lambda: told.append("transitions"),
            on_events=lambda: told.append("events"),
        ),
    )
    await post.ping(job)
    await inbox.step()
    assert told == ["events"]

    await post.ping(job, PingKind.FAIL)
    await inbox.step()
    assert told == ["events", "transitions", "events"]

    await post.ping(job, PingKind.FAIL)
    await inbox.step()
    assert len(told) == 3


async def _insert_ping(database: Database, job: Any, arrived_at: datetime) -> None:
    async with database.acquire() as connection:
        await connection.execute(
            "INSERT INTO pings (monitor_id, arrived_at, id, workspace_id, kind) VALUES ($1, $2, $3, $4, 'SUCCESS')",
            job.monitor_id,
            arrived_at,
            UUID(int=1),
            job.workspace_id,
        )


async def _until_blocked(database: Database) -> int:
    """Wait until a backend waits for a lock, and return its process id."""
    async with asyncio.timeout(10), database.acquire() as watcher:
        while True:
            backend = await watcher.fetchval(
                "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
            )
            if backend is not None:
                return int(backend)
