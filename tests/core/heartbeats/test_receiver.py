"""Pings at the door: stored in groups, limited over all processes, and never acknowledged before the commit."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.clock import ManualClock
from core.db.database import Database, PoolUse
from core.db.notifications import NotifyChannel
from core.errors import Unavailable
from core.heartbeats import receiver as receiver_module
from core.heartbeats.ping import LONGEST_MESSAGE_BYTES, PingAnswer, PingKind, PingVerdict, storable_text
from core.heartbeats.receiver import MOST_PINGS_IN_STATEMENT, PingLimit, PingReceiver
from core.heartbeats.tokens import create_heartbeat
from core.ids import new_id
from core.usage.quota import Quota
from tests.own_postgres import Network, OwnPostgres, url_of

ACCEPTED = PingVerdict.ACCEPTED
LIMITED = PingVerdict.LIMITED
UNKNOWN = PingVerdict.UNKNOWN


@pytest.fixture
def door(database: Database, clock: ManualClock) -> PingReceiver:
    """A door with the limit that the page documents."""
    return PingReceiver(database=database, clock=clock, pings_per_minute=5)


async def _ping_often(
    door: PingReceiver, token: str, times: int, kind: PingKind = PingKind.SUCCESS
) -> list[str]:
    answers = await asyncio.gather(*(door.receive(token, kind) for _ in range(times)))
    return [answer.verdict.name for answer in answers]


async def test_a_ping_is_stored_with_all_that_it_says(door, job, post, clock) -> None:
    answer = await door.receive(job.token, PingKind.FAIL, message="disk full", exit_code=3, run_id="run-1")

    emptied_at = clock.now() + timedelta(seconds=12)
    assert answer == PingAnswer(verdict=ACCEPTED, quota=Quota(limit=5, remaining=4, resets_at=emptied_at))
    (ping,) = await post.pings(job)
    assert ping["arrived_at"] == clock.now()
    assert (ping["kind"], ping["message"], ping["exit_code"], ping["run_id"]) == (
        "FAIL",
        "disk full",
        3,
        "run-1",
    )
    assert (ping["workspace_id"], ping["is_applied"]) == (job.workspace_id, False)


@pytest.mark.parametrize("token", ["", "nobody's", "%", "\0", "\ud800", "x" * 100_000])
async def test_a_token_that_nobody_has_is_unknown_whatever_it_looks_like(door, job, token) -> None:
    assert (await door.receive(token, PingKind.SUCCESS)).verdict is UNKNOWN


async def test_pings_that_arrive_together_are_each_answered_for_themselves(door, make_job, post) -> None:
    jobs = [await make_job() for _ in range(20)]

    answers = await asyncio.gather(
        *(door.receive(job.token, PingKind.SUCCESS, message=str(job.monitor_id)) for job in jobs),
        *(door.receive(f"not {job.token}", PingKind.SUCCESS) for job in jobs),
    )

    assert [answer.verdict for answer in answers] == [ACCEPTED] * 20 + [UNKNOWN] * 20
    for job in jobs:
        assert [ping["message"] for ping in await post.pings(job)] == [str(job.monitor_id)]


async def test_the_sixth_ping_of_a_minute_is_limited_and_told_when_to_come_back(
    door, job, clock, post
) -> None:
    assert await _ping_often(door, job.token, 5) == ["ACCEPTED"] * 5

    answer = await door.receive(job.token, PingKind.SUCCESS)

    assert answer.verdict is LIMITED
    assert answer.retry_after_seconds == pytest.approx(12, abs=0.01)
    assert len(await post.pings(job)) == 5
    clock.advance(12.001)
    assert await _ping_often(door, job.token, 2) == ["ACCEPTED", "LIMITED"]


async def test_failures_have_a_bucket_of_their_own(door, job) -> None:
    await _ping_often(door, job.token, 9)

    assert await _ping_often(door, job.token, 6, PingKind.FAIL) == ["ACCEPTED"] * 5 + ["LIMITED"]


async def test_one_jobs_eagerness_limits_nobody_else(door, make_job) -> None:
    eager, modest = await make_job(), await make_job()

    crowd, alone = await asyncio.gather(
        _ping_often(door, eager.token, 30), _ping_often(door, modest.token, 1)
    )

    assert crowd.count("ACCEPTED") == 5
    assert alone == ["ACCEPTED"]


async def test_the_limit_holds_over_several_processes_at_once(database, clock, make_job, post) -> None:
    doors = [PingReceiver(database=database, clock=clock, pings_per_minute=5) for _ in range(4)]
    jobs = [await make_job() for _ in range(10)]

    await asyncio.gather(*(_ping_often(door, job.token, 4) for door in doors for job in jobs))

    for job in jobs:
        assert len(await post.pings(job)) == 5


class _Bucket:
    """The oracle: a bucket of `burst` that empties by one every `spacing`."""

    def __init__(self, limit: PingLimit) -> None:
        self._limit = limit
        self._drained_at_us = 0

    def admit(self, at_us: int, wanted: int) -> int:
        spacing = self._limit.spacing // timedelta(microseconds=1)
        full_for = max(self._drained_at_us - at_us, 0)
        admitted = max(min(wanted, self._limit.burst - -(-full_for // spacing)), 0)
        self._drained_at_us = max(self._drained_at_us, at_us) + admitted * spacing
        return admitted


@settings(
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    print_blob=True,
)
@given(
    per_minute=st.sampled_from([1, 2, 5, 7, 60, 1000]),
    steps=st.lists(
        st.tuples(st.integers(0, 90_000_000), st.integers(1, 9), st.booleans()), min_size=1, max_size=12
    ),
)
async def test_the_bucket_in_sql_is_the_bucket_on_paper(database, clock, make_job, per_minute, steps) -> None:
    job = await make_job()
    limit = PingLimit.per_minute(per_minute)
    buckets = {PingKind.FAIL: _Bucket(limit), PingKind.SUCCESS: _Bucket(limit)}
    at_us = 1_000_000_000
    for wait_us, count, is_failure in steps:
        # Arrivals of one statement differ by microseconds; the bucket reckons with the last of them.
        at_us += wait_us + count
        clock.advance((wait_us + count) / 1e6)
        kind = PingKind.FAIL if is_failure else PingKind.SUCCESS
        door = PingReceiver(database=database, clock=clock, pings_per_minute=per_minute)
        verdicts = await _ping_often(door, job.token, count, kind)
        admitted = buckets[kind].admit(at_us + count - 1, count)
        assert verdicts == ["ACCEPTED"] * admitted + ["LIMITED"] * (count - admitted)


async def test_nothing_is_acknowledged_before_the_commit(door, job, database, database_dsn, post) -> None:
    async with database.acquire() as blocker, blocker.transaction():
        await blocker.execute("LOCK TABLE pings IN SHARE MODE")
        asked = asyncio.create_task(door.receive(job.token, PingKind.SUCCESS))
        await _until_blocked(database_dsn)
        assert not asked.done()
    assert (await asked).verdict is ACCEPTED
    assert len(await post.pings(job)) == 1


async def test_pings_that_come_while_a_statement_runs_are_stored_by_the_next_one(
    door, make_job, database, database_dsn, post
) -> None:
    jobs = [await make_job() for _ in range(50)]
    async with database.acquire() as blocker, blocker.transaction():
        await blocker.execute("LOCK TABLE pings IN SHARE MODE")
        first = asyncio.create_task(door.receive(jobs[0].token, PingKind.SUCCESS))
        await _until_blocked(database_dsn)
        rest = [asyncio.create_task(door.receive(job.token, PingKind.SUCCESS)) for job in jobs[1:]]
    answers = await asyncio.gather(first, *rest)

    assert {answer.verdict for answer in answers} == {ACCEPTED}
    async with database.acquire() as connection:
        statements = await connection.fetchval("SELECT count(DISTINCT xmin::text) FROM pings")
    assert statements == 2


async def test_a_lost_database_is_never_answered_with_success(job, database_dsn, clock, monkeypatch) -> None:
    monkeypatch.setattr(receiver_module, "LONGEST_WAIT_SECONDS", 0.2)
    pool = await Database.connect(database_dsn, use=PoolUse.FACES, max_size=2)
    door = PingReceiver(database=pool, clock=clock, pings_per_minute=5)
    await pool.pool.close()

    with pytest.raises(Unavailable):
        await door.receive(job.token, PingKind.SUCCESS)


async def test_a_connection_cut_in_the_middle_of_a_commit_loses_and_doubles_nothing(
    door, job, database, database_dsn, post
) -> None:
    async with database.acquire() as blocker, blocker.transaction():
        await blocker.execute("LOCK TABLE pings IN SHARE MODE")
        asked = asyncio.create_task(door.receive(job.token, PingKind.SUCCESS, message="once"))
        backend = await _until_blocked(database_dsn)
        await blocker.execute("SELECT pg_terminate_backend($1)", backend)

    assert (await asked).verdict is ACCEPTED
    assert [ping["message"] for ping in await post.pings(job)] == ["once"]


async def test_a_ping_stored_twice_for_a_lost_answer_is_one_ping(
    door, job, database, post, monkeypatch
) -> None:
    stored = door._store
    answers_lost = iter([True, False])

    async def store_and_lose_the_answer(pings):
        answers = await stored(pings)
        if next(answers_lost):
            raise asyncpg.ConnectionDoesNotExistError("the answer to the commit was lost")
        return answers

    monkeypatch.setattr(door, "_store", store_and_lose_the_answer)

    assert (await door.receive(job.token, PingKind.SUCCESS)).verdict is ACCEPTED
    assert len(await post.pings(job)) == 1


async def test_a_poisoned_ping_loses_its_words_and_stops_nobody(door, make_job, database, post) -> None:
    jobs = [await make_job() for _ in range(9)]
    async with database.acquire() as connection:
        await connection.execute("ALTER TABLE pings ADD CONSTRAINT picky CHECK (message <> 'poison')")

    answers = await asyncio.gather(
        *(
            door.receive(job.token, PingKind.SUCCESS, message="poison" if number == 4 else "fine")
            for number, job in enumerate(jobs)
        )
    )

    assert {answer.verdict for answer in answers} == {ACCEPTED}
    messages = [(await post.pings(job))[0]["message"] for job in jobs]
    assert messages == ["fine"] * 4 + [None] + ["fine"] * 4


async def test_an_asker_who_leaves_does_not_disturb_the_others(
    door, make_job, database, database_dsn, post
) -> None:
    gone, stays = await make_job(), await make_job()
    async with database.acquire() as blocker, blocker.transaction():
        await blocker.execute("LOCK TABLE pings IN SHARE MODE")
        leaving = asyncio.create_task(door.receive(gone.token, PingKind.SUCCESS))
        staying = asyncio.create_task(door.receive(stays.token, PingKind.SUCCESS))
        await _until_blocked(database_dsn)
        leaving.cancel()
    assert (await staying).verdict is ACCEPTED
    assert len(await post.pings(gone)) == 1


async def test_pings_wait_for_a_lock_that_others_hold_longer_than_a_statement_may(
    job, database, impatient_database, clock, post, monkeypatch
) -> None:
    door = PingReceiver(database=impatient_database, clock=clock, pings_per_minute=5)
    stored, refusals = door._store, 0

    async def store(pings):
        nonlocal refusals
        try:
            return await stored(pings)
        except asyncpg.LockNotAvailableError:
            refusals += 1
            raise

    monkeypatch.setattr(door, "_store", store)
    async with database.acquire() as blocker, blocker.transaction():
        await blocker.execute("LOCK TABLE pings IN SHARE MODE")
        asked = asyncio.create_task(door.receive(job.token, PingKind.SUCCESS))
        async with asyncio.timeout(30):
            while not refusals:
                await asyncio.sleep(0.01)
    assert (await asked).verdict is ACCEPTED
    assert len(await post.pings(job)) == 1


async def test_too_many_waiting_pings_are_refused_rather_than_held(door, job, monkeypatch) -> None:
    monkeypatch.setattr(receiver_module, "MOST_WAITING", 3)

    answers = await asyncio.gather(
        *(door.receive(job.token, PingKind.SUCCESS) for _ in range(5)), return_exceptions=True
    )

    assert [isinstance(answer, Unavailable) for answer in answers] == [False] * 3 + [True] * 2


async def test_pings_of_one_door_keep_their_order_even_if_the_clock_stands_still(door, job, post) -> None:
    for message in "abc":
        await door.receive(job.token, PingKind.LOG, message=message)

    assert [ping["message"] for ping in await post.pings(job)] == ["a", "b", "c"]


async def test_workers_are_told_of_pings(door, job, database_dsn) -> None:
    heard = asyncio.Event()
    listener = await asyncpg.connect(database_dsn)
    await listener.add_listener(NotifyChannel.PINGS.value, lambda *_: heard.set())

    await door.receive(job.token, PingKind.SUCCESS)

    await asyncio.wait_for(heard.wait(), 5)
    await listener.close()


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        (None, None),
        ("", None),
        ("\0", None),
        ("a\0b\ud800c", "abc"),
        ("é" * LONGEST_MESSAGE_BYTES, "é" * (LONGEST_MESSAGE_BYTES // 2)),
        ("a" + "é" * LONGEST_MESSAGE_BYTES, "a" + "é" * ((LONGEST_MESSAGE_BYTES - 1) // 2)),
    ],
)
def test_texts_are_made_fit_to_be_stored(text: str | None, stored: str | None) -> None:
    assert storable_text(text, LONGEST_MESSAGE_BYTES) == stored


async def _until_blocked(database_dsn: str) -> int:
    """Wait until a backend waits for a lock, and return its process id."""
    watcher = await asyncpg.connect(database_dsn)
    try:
        async with asyncio.timeout(10):
            while True:
                backend = await watcher.fetchval(
                    "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
                )
                if backend is not None:
                    return int(backend)
    finally:
        await watcher.close()


@pytest.fixture
async def far_door(
    own_postgres: OwnPostgres, clock: ManualClock
) -> AsyncIterator[tuple[PingReceiver, Network, str]]:
    """A door whose database lies behind a network that can be cut, and the token of a heartbeat."""
    network = Network(own_postgres)
    await network.open()
    faces = await Database.connect(url_of(network.address), use=PoolUse.FACES, max_size=2)
    workspace_id, monitor_id = new_id(clock.now()), new_id(clock.now())
    async with faces.acquire() as connection:
        token = await create_heartbeat(connection, workspace_id=workspace_id, monitor_id=monitor_id)
    yield PingReceiver(database=faces, clock=clock, pings_per_minute=5), network, token
    network.mend(keeping_connections=False)
    await faces.close()
    await network.close()


async def test_a_short_absence_of_the_database_is_waited_out(far_door) -> None:
    door, network, token = far_door
    await network.close()
    asked = asyncio.create_task(door.receive(token, PingKind.SUCCESS))
    async with asyncio.timeout(30):
        while not door._database.reach.is_lost:
            await asyncio.sleep(0.01)
    await network.open()

    assert (await asked).verdict is ACCEPTED


async def test_in_a_silent_network_every_ping_is_refused_soon_however_many_there_are(
    far_door, monkeypatch
) -> None:
    monkeypatch.setattr(receiver_module, "LONGEST_WAIT_SECONDS", 1.0)
    door, network, token = far_door
    network.cut()

    async with asyncio.timeout(30):
        # Several statements' worth: those behind the first do not wait for it and then for themselves.
        answers = await asyncio.gather(
            *(door.receive(token, PingKind.SUCCESS) for _ in range(MOST_PINGS_IN_STATEMENT * 20)),
            return_exceptions=True,
        )

    assert {type(answer) for answer in answers} == {Unavailable}
