"""The address of a heartbeat over its life."""

from __future__ import annotations

import hashlib

import pytest

from core.errors import NotFound
from core.heartbeats.ping import PingKind, PingVerdict
from core.heartbeats.tokens import (
    end_heartbeat,
    ping_url,
    resume_heartbeat,
    rotate_heartbeat,
    suspend_heartbeat,
)
from core.ids import new_id
from plugins.api.probe import Expectation


@pytest.mark.parametrize("public_url", ["https://example.org", "https://example.org/"])
def test_the_address_to_ping_is_below_the_public_url(public_url: str) -> None:
    assert ping_url(public_url, "abc") == "https://example.org/api/v1/heartbeat/abc"


async def test_a_token_is_long_readable_again_and_looked_up_by_its_digest(post, make_job) -> None:
    job, other = await make_job(), await make_job()

    row = await post.state(job)

    assert row["token"] == job.token
    assert row["token_sha256"] == hashlib.sha256(job.token.encode()).digest()
    assert len(job.token) >= 43
    assert job.token != other.token


async def test_a_rotated_address_is_known_and_the_old_one_is_not(post, job, database) -> None:
    async with database.transaction() as connection:
        token = await rotate_heartbeat(connection, workspace_id=job.workspace_id, monitor_id=job.monitor_id)

    assert await _verdict(post, token) is PingVerdict.ACCEPTED
    assert await _verdict(post, job.token) is PingVerdict.UNKNOWN


async def test_a_stranger_rotates_nothing(post, job, database, clock) -> None:
    with pytest.raises(NotFound):
        async with database.transaction() as connection:
            await rotate_heartbeat(connection, workspace_id=new_id(clock.now()), monitor_id=job.monitor_id)

    assert await _verdict(post, job.token) is PingVerdict.ACCEPTED


async def test_a_deleted_monitors_address_is_unknown_and_its_last_pings_trouble_nobody(
    post, job, database
) -> None:
    await post.ping(job)
    async with database.transaction() as connection:
        await end_heartbeat(connection, workspace_id=job.workspace_id, monitor_id=job.monitor_id)

    assert await _verdict(post, job.token) is PingVerdict.UNKNOWN
    await post.work()
    assert [ping["is_applied"] for ping in await post.pings(job)] == [True]


async def test_nothing_is_expected_of_a_suspended_heartbeat(post, job, database) -> None:
    await post.ping(job)
    await post.work()
    async with database.transaction() as connection:
        await suspend_heartbeat(connection, workspace_id=job.workspace_id, monitor_id=job.monitor_id)

    row = await post.state(job)
    assert (row["expected_by"], row["deadline_at"]) == (None, None)


async def test_a_resumed_heartbeat_is_expected_anew(post, job, database, clock) -> None:
    await post.ping(job)
    await post.work()
    expectation = Expectation(due_at=clock.advance(500), grace_seconds=30)
    async with database.transaction() as connection:
        await resume_heartbeat(
            connection, workspace_id=job.workspace_id, monitor_id=job.monitor_id, expectation=expectation
        )

    row = await post.state(job)
    assert row["expected_by"] == expectation.due_at
    assert row["deadline_at"] == clock.advance(30)


async def test_a_heartbeat_that_was_never_pinged_is_not_expected_after_a_pause_either(
    post, job, database, clock
) -> None:
    async with database.transaction() as connection:
        await resume_heartbeat(
            connection,
            workspace_id=job.workspace_id,
            monitor_id=job.monitor_id,
            expectation=Expectation(due_at=clock.now(), grace_seconds=0),
        )

    assert (await post.state(job))["deadline_at"] is None


async def _verdict(post, token: str) -> PingVerdict:
    return (await post.receiver.receive(token, PingKind.SUCCESS)).verdict
