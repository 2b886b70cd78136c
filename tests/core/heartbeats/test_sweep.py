"""Silence: missed once, never while no door was open, and never before all that came in is known."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from core.clock import ManualClock
from core.heartbeats.doors import Doors
from core.heartbeats.judging import SignalJudge
from core.heartbeats.ping import PingKind
from core.heartbeats.sweep import Sweep
from core.monitors.status import MonitorStatus
from core.plugin_registry import registry_of
from plugins.api.outbound import Outbound

UP = MonitorStatus.UP
DOWN = MonitorStatus.DOWN
UNKNOWN = MonitorStatus.UNKNOWN
PENDING = MonitorStatus.PENDING


async def test_a_job_that_never_pinged_is_pending_however_long_it_takes(post, job) -> None:
    await post.advance(1_000_000)
    await post.work()

    assert await post.status(job) is PENDING


@pytest.mark.parametrize(("seconds", "status"), [(660, UP), (664.9, UP), (665, DOWN)])
async def test_a_deadline_is_missed_five_seconds_after_it(post, job, seconds, status) -> None:
    await post.ping(job)
    await post.work()
    await post.advance(seconds)
    await post.work()

    assert await post.status(job) is status


async def test_a_missed_deadline_is_told_once_as_of_the_deadline(post, job, clock) -> None:
    pinged_at = clock.now()
    await post.ping(job)
    await post.work()
    for _ in range(3):
        await post.advance(1_000)
        await post.work()

    deadline = pinged_at + timedelta(seconds=660)
    assert await post.checks(job) == [
        (pinged_at, 1, None),
        (deadline, 3, f"no ping since {pinged_at:%Y-%m-%d %H:%M:%S} UTC"),
    ]
    (incident,) = await post.incidents(job)
    assert (incident["started_at"], incident["status"]) == (deadline, "OPEN")
    state = await post.state(job)
    assert (state["missed_at"], state["deadline_at"]) == (deadline, None)
    assert state["expected_by"] == pinged_at + timedelta(seconds=600)


async def test_the_return_of_a_silent_job_ends_the_incident_and_makes_the_next_deadline(
    post, job, clock
) -> None:
    await post.ping(job)
    await post.work()
    await post.advance(1_000)
    await post.work()
    await post.ping(job)
    await post.work()

    assert await post.status(job) is UP
    (incident,) = await post.incidents(job)
    assert (incident["resolved_at"], incident["resolution"]) == (clock.now(), "RECOVERED")
    assert (await post.state(job))["deadline_at"] == clock.now() + timedelta(seconds=660)


async def test_a_failure_is_followed_by_the_next_deadline_but_not_by_another_incident(post, job) -> None:
    await post.ping(job, PingKind.FAIL)
    await post.work()
    await post.advance(1_000)
    await post.work()

    assert [status for _, status, _ in await post.checks(job)] == [3, 3]
    assert len(await post.incidents(job)) == 1


async def test_a_ping_in_the_inbox_keeps_the_sweep_from_judging(post, job, clock) -> None:
    await post.ping(job)
    await post.work()
    await post.advance(650)
    await post.ping(job)
    await post.advance(100)

    assert await post.sweep.step() == 0
    await post.work()
    assert await post.status(job) is UP
    assert len(await post.checks(job)) == 2


async def test_several_sweeps_at_once_record_a_miss_once(post, make_job, database, clock, judge) -> None:
    jobs = [await make_job() for _ in range(20)]
    await asyncio.gather(*(post.ping(job) for job in jobs))
    await post.work()
    await post.advance(1_000)

    await asyncio.gather(*(Sweep(database=database, clock=clock, judge=judge).step() for _ in range(4)))
    await post.work()

    for job in jobs:
        assert len(await post.incidents(job)) == 1
        assert [status for _, status, _ in await post.checks(job)] == [1, 3]


async def test_nothing_is_missed_while_no_door_is_known_to_be_open(post, job, clock) -> None:
    await post.ping(job)
    await post.work()
    clock.advance(1_000)
    await post.work()

    assert await post.status(job) is UP


async def test_a_deadline_that_passed_while_the_doors_were_closed_is_the_reopening_and_its_grace(
    post, job, clock
) -> None:
    await post.ping(job)
    await post.work()
    clock.advance(1_000)
    await post.doors.step()
    await post.work()
    assert (await post.state(job))["deadline_at"] == clock.now() + timedelta(seconds=60)
    assert await post.status(job) is UP

    await post.advance(66)
    await post.work()

    assert await post.status(job) is DOWN


async def test_a_deadline_that_is_later_than_the_reopening_and_its_grace_stays(post, job, clock) -> None:
    await post.ping(job)
    await post.work()
    deadline = (await post.state(job))["deadline_at"]
    clock.advance(30)
    await post.doors.step()

    assert (await post.state(job))["deadline_at"] == deadline


async def test_a_deadline_missed_before_the_doors_closed_is_missed(post, job, clock) -> None:
    await post.ping(job)
    await post.work()
    await post.advance(700)
    clock.advance(1_000)
    await post.doors.step()
    await post.work()

    assert await post.status(job) is DOWN


async def test_a_short_silence_of_the_doors_extends_nothing(post, job, clock) -> None:
    await post.ping(job)
    await post.work()
    await post.advance(659)
    deadline = (await post.state(job))["deadline_at"]
    for _ in range(3):
        clock.advance(2)
        await post.doors.step()
    await post.work()

    assert (await post.state(job))["missed_at"] == deadline
    assert await post.status(job) is DOWN


async def test_of_several_doors_that_open_at_once_one_extends_the_deadlines(
    post, job, database, clock
) -> None:
    await post.ping(job)
    await post.work()
    clock.advance(1_000)

    await asyncio.gather(*(Doors(database=database, clock=clock).step() for _ in range(5)))

    assert (await post.state(job))["deadline_at"] == clock.now() + timedelta(seconds=60)


async def test_a_ping_that_finds_the_doors_just_reopened_is_not_taken_for_late(post, job, clock) -> None:
    await post.ping(job)
    await post.work()
    clock.advance(1_000)
    await post.ping(job)
    await post.work()

    assert await post.status(job) is UP
    assert await post.incidents(job) == []


async def test_a_monitor_whose_kind_is_not_loaded_becomes_unknown_and_loses_nothing(
    post, job, database, clock
) -> None:
    await post.ping(job)
    await post.work()
    nothing = SignalJudge(registry=registry_of(), outbound=Outbound(), run_blocking=asyncio.to_thread)
    poor = Sweep(database=database, clock=clock, judge=nothing)
    await post.advance(1)
    await poor.step()
    await post.advance(1_000)
    await poor.step()
    assert await post.status(job) is UNKNOWN
    assert (await post.checks(job))[-1][2] == "the probe kind heartbeat is not loaded"
    assert len(await post.checks(job)) == 2
    assert await post.incidents(job) == []

    await post.ping(job)
    await post.work()

    assert await post.status(job) is UP


async def test_workers_that_sweep_at_once_say_once_that_a_kind_is_not_loaded(
    post, job, database, clock
) -> None:
    nothing = SignalJudge(registry=registry_of(), outbound=Outbound(), run_blocking=asyncio.to_thread)
    clocks = [ManualClock(clock.now() + timedelta(milliseconds=number)) for number in range(4)]
    sweeps = [Sweep(database=database, clock=each, judge=nothing) for each in clocks]

    await asyncio.gather(*(sweep.step() for sweep in sweeps))

    assert len(await post.checks(job)) == 1


async def test_one_monitor_whose_miss_cannot_be_stored_stops_no_other(post, make_job, database) -> None:
    jobs = [await make_job() for _ in range(5)]
    await asyncio.gather(*(post.ping(job) for job in jobs))
    await post.work()
    async with database.acquire() as connection:
        await connection.execute(
            f"ALTER TABLE checks ADD CONSTRAINT picky CHECK (monitor_id <> '{jobs[1].monitor_id}' OR status <> 3)"
        )
    await post.advance(1_000)
    await post.work()

    assert [await post.status(job) for job in jobs] == [DOWN, UNKNOWN, DOWN, DOWN, DOWN]
