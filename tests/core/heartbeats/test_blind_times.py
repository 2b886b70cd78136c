"""Times in which Tocsin, or a part of it, was not there: no job is taken for silent that could not be heard."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.db.notifications import NotifyChannel, notify
from core.heartbeats.doors import Doors
from core.heartbeats.ping import PingKind
from core.ids import new_id
from core.monitors.status import MonitorStatus
from tests.core.heartbeats.conftest import GRACE_SECONDS, INTERVAL_SECONDS, Job, Post

UP, DOWN = MonitorStatus.UP, MonitorStatus.DOWN
HOUR = 3600
GRACE = timedelta(seconds=GRACE_SECONDS)


async def reported(post: Post, job: Job) -> None:
    await post.ping(job)
    await post.work()


async def seconds_pass(post: Post, seconds: int) -> None:
    """Let time pass in which everything is there: each second the doors say so and the worker works."""
    for _ in range(seconds):
        post.clock.advance(1)
        await post.doors.step()
        await post.work()


async def test_a_server_that_was_off_for_an_hour_gives_every_job_its_grace_again(
    post, make_job, clock
) -> None:
    jobs = [await make_job() for _ in range(3)]
    for job in jobs:
        await reported(post, job)
    clock.advance(HOUR)
    await post.work()  # the worker is there before the doors
    reopened_at = clock.now()
    await post.doors.step()

    await seconds_pass(post, GRACE_SECONDS)
    for job in jobs:
        assert (await post.state(job))["deadline_at"] == reopened_at + GRACE
        assert (await post.status(job), await post.incidents(job)) == (UP, [])

    await post.ping(jobs[0])
    await seconds_pass(post, 10)
    assert [await post.status(job) for job in jobs] == [UP, DOWN, DOWN]


@pytest.mark.parametrize("absence", [60, HOUR])
async def test_a_worker_that_was_away_alone_finds_in_the_inbox_what_came_in_meanwhile(
    post, job, clock, absence
) -> None:
    await reported(post, job)
    for second in range(absence):
        clock.advance(1)
        await post.doors.step()
        if second % 50 == 0:
            await post.ping(job)

    await post.work()

    assert (await post.status(job), await post.incidents(job)) == (UP, [])
    assert {row["is_applied"] for row in await post.pings(job)} == {True}


async def test_doors_that_stood_still_between_asking_the_time_and_saying_so_claim_nothing_of_it(
    post, job, database, clock
) -> None:
    """As a SIGSTOP does it: the statement that was about to run runs a minute later, with its old time."""
    await reported(post, job)
    await seconds_pass(post, INTERVAL_SECONDS + GRACE_SECONDS - 10)
    stopped_at = clock.now()
    clock.advance(60)

    late = Doors(database=database, clock=_Stopped(stopped_at))
    await late.step()
    await post.work()
    assert (await post.status(job), await post.incidents(job)) == (UP, [])

    await post.doors.step()
    assert (await post.state(job))["deadline_at"] == clock.now() + GRACE


async def test_a_reopening_that_stood_still_half_way_is_followed_by_another(
    post, job, database, clock
) -> None:
    await reported(post, job)
    clock.advance(HOUR)
    stopped_at = clock.now()
    clock.advance(2 * GRACE_SECONDS)

    await Doors(database=database, clock=_Stopped(stopped_at)).step()
    await post.work()
    assert await post.incidents(job) == []
    await post.doors.step()

    assert (await post.state(job))["deadline_at"] == clock.now() + GRACE


async def test_a_database_that_was_away_counts_as_closed_doors(post, job, clock) -> None:
    await reported(post, job)
    await seconds_pass(post, INTERVAL_SECONDS + GRACE_SECONDS - 5)
    clock.advance(300)  # no door could write that it is open
    await post.doors.step()
    await post.work()

    assert (await post.status(job), await post.incidents(job)) == (UP, [])
    assert (await post.state(job))["deadline_at"] == clock.now() + GRACE


async def test_a_ping_that_was_taken_before_a_standstill_and_stored_after_it_was_in_time(
    post, job, database, clock
) -> None:
    await reported(post, job)
    deadline = (await post.state(job))["deadline_at"]
    await seconds_pass(post, INTERVAL_SECONDS + GRACE_SECONDS - 1)
    arrived_at = clock.now()
    await seconds_pass(post, 30)  # the process that took it stands still; another's doors are open
    assert await post.status(job) is DOWN

    async with database.acquire() as connection:
        await connection.execute(
            "INSERT INTO pings (monitor_id, arrived_at, id, workspace_id, kind) VALUES ($1, $2, $3, $4, $5)",
            job.monitor_id,
            arrived_at,
            new_id(arrived_at),
            job.workspace_id,
            PingKind.SUCCESS,
        )
        await notify(connection, NotifyChannel.PINGS)
    await post.work()

    assert arrived_at < deadline
    [incident] = await post.incidents(job)
    assert (await post.status(job), incident["resolution"]) == (UP, "VOID")


class _Stopped:
    """The clock of a process that asked for the time and was stopped before it used it."""

    def __init__(self, moment) -> None:
        self._moment = moment

    def now(self):
        return self._moment
