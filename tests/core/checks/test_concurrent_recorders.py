"""Several recorders on one PostgreSQL: interleavings forced one by one, and processes left to themselves."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from core.alerting.engine import AlertEngine
from core.checks import recording
from core.clock import MeasuredClock
from core.db.database import Connection
from core.ids import new_id
from core.incidents import judgement, subject
from core.incidents.judgement import judge
from core.incidents.life_cycle import end_monitors, pause_monitors, restart_monitor, resume_monitors
from core.monitors.status import MonitorStatus
from core.plugin_registry import registry_of
from core.scheduling.attendance import Attendance
from core.scheduling.region_watch import RegionWatch
from plugins.notifiers import webhook
from tests.core.deadlock import until_waiting
from tests.core.engine_world import DOWN, UP, EngineWorld, assert_sound, seconds

CHILD = Path(__file__).parent / "recording_process.py"
PATIENCE_SECONDS = 60


# ---- interleavings ------------------------------------------------------------------------------


@contextlib.asynccontextmanager
async def held(world: EngineWorld, query: str, *arguments: Any) -> AsyncIterator[None]:
    """Hold rows while the block runs."""
    async with world.database.acquire() as connection, connection.transaction():
        await connection.execute(f"{query} FOR UPDATE", *arguments)
        yield


async def fail_in_both_regions_at_once(world: EngineWorld) -> UUID:
    """Let two recorders find their region DOWN, and reach the monitor's verdict one after the other."""
    monitor = await world.monitor(regions=(1, 2), regions_to_agree=2, failures_to_open=1)
    for region in (1, 2):
        await world.look(monitor, UP, region_id=region)
    slot = world.clock.advance(20)
    async with held(world, "SELECT FROM monitor_states WHERE monitor_id = $1", monitor):
        recorders = [
            asyncio.create_task(world.record(world.finding(monitor, DOWN, slot=slot, region_id=region)))
            for region in (1, 2)
        ]
        await until_waiting(world.database, 2)
    await asyncio.gather(*recorders)
    return monitor


async def test_two_regions_that_fail_at_the_same_moment_open_the_incident(world: EngineWorld) -> None:
    monitor = await fail_in_both_regions_at_once(world)

    assert await world.status(monitor) is MonitorStatus.DOWN
    assert len(await world.incidents(monitor)) == 1
    await assert_sound(world.database)


async def test_control_without_the_lock_before_the_reading_they_open_none(
    world: EngineWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The case above is only won by reading the regions after the lock: read before, both see one failure."""

    class ReadsBefore:
        """A connection that answers the regions' states from before the lock."""

        def __init__(self, connection: Connection, early: list[asyncpg.Record]) -> None:
            self._connection = connection
            self._early = early

        async def fetch(self, query: str, *arguments: Any) -> list[asyncpg.Record]:
            is_early = query == subject._SQL["read_region_states"]
            return self._early if is_early else await self._connection.fetch(query, *arguments)

    async def lock_too_late(connection: Connection, monitors: Any) -> list[subject.Subject]:
        early = await connection.fetch(subject._SQL["read_region_states"], sorted(monitors))
        return await subject.lock_subjects(ReadsBefore(connection, early), monitors)  # type: ignore[arg-type]

    monkeypatch.setattr(judgement, "lock_subjects", lock_too_late)
    monitor = await fail_in_both_regions_at_once(world)

    assert await world.status(monitor) is MonitorStatus.UP


async def record_in_opposite_orders(world: EngineWorld) -> None:
    """Let two workers of a region record the same monitors, one from the first to the last, one the other way."""
    monitors = sorted([await world.monitor() for _ in range(2)])
    for monitor in monitors:
        await world.look(monitor, UP)
    slot = world.clock.advance(20)

    async def work(looked_at: list[UUID]) -> None:
        findings = [world.finding(monitor, UP, slot=slot) for monitor in looked_at]
        await world.record(
            *(replace(each, checked_at=slot + seconds(number)) for number, each in enumerate(findings))
        )

    async with held(world, "SELECT FROM region_states WHERE monitor_id = $1", monitors[0]):
        first = asyncio.create_task(work(monitors))
        await until_waiting(world.database, 1)
        second = asyncio.create_task(work(monitors[::-1]))
        await until_waiting(world.database, 2)
    await asyncio.gather(first, second)


async def test_workers_that_record_the_same_monitors_do_not_deadlock(world: EngineWorld) -> None:
    await record_in_opposite_orders(world)
    await assert_sound(world.database)


async def test_control_in_the_order_of_their_looks_they_do(
    world: EngineWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    sorted_by_key = "ORDER BY f.monitor_id, f.region_id"
    assert sorted_by_key in recording._SQL["record"]
    as_looked = recording._SQL["record"].replace(sorted_by_key, "ORDER BY f.checked_us")
    monkeypatch.setattr(recording, "_SQL", MappingProxyType({**recording._SQL, "record": as_looked}))

    with pytest.raises(asyncpg.DeadlockDetectedError):
        await record_in_opposite_orders(world)


# ---- processes left to themselves ---------------------------------------------------------------

SLOTS = 30
MONITORS = 40
# Two workers share each of the regions 1 and 2.
WORKERS = (1, 1, 2, 2, 3)
SEEDS = (20261122, 3)


class Crowd:
    """Recorders in processes of their own, and people who change things meanwhile."""

    def __init__(self, world: EngineWorld, dsn: str, seed: int) -> None:
        self.world = world
        self.dsn = dsn
        self.seed = seed
        self.chance = random.Random(seed)
        self.begin = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=50)
        self.monitors: list[UUID] = []
        self.deleted: set[UUID] = set()
        self.watch = RegionWatch(database=world.database, clock=world.clock)

    async def prepare(self) -> None:
        self.world.clock.advance((self.begin - self.world.clock.now()).total_seconds())
        for number in range(MONITORS):
            self.monitors.append(
                await self.world.monitor(
                    regions=(1, 2, 3),
                    regions_to_agree=number % 3 + 1,
                    failures_to_open=number % 2 + 1,
                    successes_to_close=self.chance.choice((1, 2)),
                )
            )
        for name in ("one", "two"):
            await self.world.fetch(
                "INSERT INTO webhooks (id, workspace_id, name, url, events, secret, created_at) VALUES ($1, $2, $3,"
                " 'http://192.0.2.1', '{MONITOR_DOWN,MONITOR_UP,INCIDENT_CREATED,INCIDENT_RESOLVED}', 'x', $4)",
                new_id(self.world.clock.now()),
                self.world.workspace_id,
                name,
                self.world.clock.now(),
            )

    async def run(self) -> set[tuple[UUID, datetime, int]]:
        """Let everybody work to the end; return the looks that were submitted."""
        children = [await self._child(number, region) for number, region in enumerate(WORKERS)]
        ends = asyncio.gather(*(child.communicate() for child in children))
        try:
            while not ends.done():
                await self._change_something()
        except BaseException:
            for child in children:
                child.kill()
            raise
        submitted: set[tuple[UUID, datetime, int]] = set()
        for child, region, (told, _) in zip(children, WORKERS, await ends, strict=True):
            assert child.returncode == 0
            submitted |= {(UUID(m), datetime.fromisoformat(slot), region) for m, slot in json.loads(told)}
        return submitted

    async def _child(self, number: int, region: int) -> asyncio.subprocess.Process:
        job = {
            "dsn": self.dsn,
            "seed": self.seed * 100 + number,
            "region_id": region,
            "begin": self.begin.isoformat(),
            "slots": SLOTS,
            "monitors": [str(monitor) for monitor in self.monitors],
        }
        return await asyncio.create_subprocess_exec(sys.executable, str(CHILD), json.dumps(job), stdout=PIPE)

    async def _change_something(self) -> None:
        """Change a monitor or a region at the moment that the recorders have come to."""
        latest = await self.world.value("SELECT max(slot) FROM checks") or self.begin
        self.world.clock.advance(max((latest - self.world.clock.now()).total_seconds(), 0.001))
        changes = (
            [self._policy] * 6 + [self._pause_or_resume] * 3 + [self._restart, self._delete, self._region]
        )
        change = self.chance.choice(changes)
        await change()
        await asyncio.sleep(self.chance.random() * 0.1)

    @property
    def _paused_at_times(self) -> list[UUID]:
        """Monitors that are paused at times."""
        return self.monitors[::4]

    def _one_of(self, monitors: list[UUID]) -> UUID:
        return self.chance.choice([monitor for monitor in monitors if monitor not in self.deleted])

    async def _policy(self) -> None:
        monitor = self._one_of(self.monitors)
        regions, failures = self.chance.randint(1, 3), self.chance.randint(1, 3)

        async def work(connection: Connection) -> None:
            await connection.execute(
                "UPDATE monitors SET regions_to_agree = $2, failures_to_open = $3 WHERE id = $1",
                monitor,
                regions,
                failures,
            )
            await judge(connection, [monitor], now=self.world.clock.now())

        await self.world.database.in_transaction(work)

    async def _pause_or_resume(self) -> None:
        monitor = self._one_of(self._paused_at_times)
        change = self.chance.choice((pause_monitors, resume_monitors))

        async def work(connection: Connection) -> None:
            await change(connection, self.world.workspace_id, [monitor], now=self.world.clock.now())

        await self.world.database.in_transaction(work)

    async def _restart(self) -> None:
        monitor = self._one_of(self.monitors)

        async def work(connection: Connection) -> None:
            await connection.execute("SELECT FROM monitors WHERE id = $1 FOR UPDATE", monitor)
            await restart_monitor(connection, self.world.workspace_id, monitor, now=self.world.clock.now())

        await self.world.database.in_transaction(work)

    async def _delete(self) -> None:
        if len(self.deleted) == MONITORS // 5:
            return
        monitor = self._one_of(self.monitors)
        self.deleted.add(monitor)

        async def work(connection: Connection) -> None:
            await end_monitors(connection, self.world.workspace_id, [monitor], now=self.world.clock.now())

        await self.world.database.in_transaction(work)

    async def _region(self) -> None:
        """Let the third region leave or come back, and have the watch settle that."""
        async with self.world.database.acquire() as connection:
            absent_since = await connection.fetchval(
                "UPDATE regions SET is_settled = false,"
                " absent_since = CASE WHEN absent_since IS NULL THEN $1::timestamptz END"
                " WHERE id = 3 RETURNING absent_since",
                self.world.clock.now(),
            )
            region = Attendance(
                region_id=3, key="", workers=0, seen_at=None, absent_since=absent_since, is_settled=False
            )
            await self.watch._settle(connection, region)


@pytest.mark.parametrize("seed", SEEDS)
async def test_recorders_in_processes_of_their_own_leave_everything_sound(
    world: EngineWorld, database_dsn: str, seed: int
) -> None:
    crowd = Crowd(world, database_dsn, seed)
    await crowd.prepare()
    submitted = await crowd.run()

    await route_what_is_left(world)
    await assert_sound(world.database)
    await assert_every_look_of_a_living_monitor_is_stored_once(crowd, submitted)
    await assert_each_incident_is_told_once_to_each(world)
    for monitor in crowd.monitors:
        await assert_judged_already(world, monitor)


async def assert_every_look_of_a_living_monitor_is_stored_once(
    crowd: Crowd, submitted: set[tuple[UUID, datetime, int]]
) -> None:
    assert len(submitted) > 4 * SLOTS * MONITORS * 0.6
    rows = await crowd.world.fetch("SELECT monitor_id, slot, region_id FROM checks")
    stored = {tuple(row) for row in rows}
    assert stored <= submitted
    assert {look for look in submitted - stored if look[0] not in crowd.deleted} == set()


async def route_what_is_left(world: EngineWorld) -> None:
    """Route what people's last changes led to, after all processes have ended."""
    engine = AlertEngine(database=world.database, registry=registry_of(webhook), clock=MeasuredClock())
    async with asyncio.timeout(PATIENCE_SECONDS):
        while await world.value("SELECT count(*) FROM transitions WHERE done_at IS NULL"):
            await engine.step()


async def assert_each_incident_is_told_once_to_each(world: EngineWorld) -> None:
    rows = await world.fetch(
        "SELECT i.id, w.id AS webhook, count(d.id) AS messages, count(DISTINCT d.event) AS events, i.status"
        " FROM incidents AS i JOIN monitors AS m ON m.id = i.monitor_id AND m.deleted_at IS NULL"
        " CROSS JOIN webhooks AS w"
        " LEFT JOIN deliveries AS d ON d.incident_id = i.id AND d.webhook_id = w.id"
        " WHERE i.kind = 'OUTAGE' GROUP BY i.id, w.id"
    )
    assert len(rows) > 5
    assert [row for row in rows if row["messages"] != (4 if row["status"] == "RESOLVED" else 2)] == []
    assert [row for row in rows if row["messages"] != row["events"]] == []


async def assert_judged_already(world: EngineWorld, monitor: UUID) -> None:
    """Judge again: what is judged already changes nothing."""
    before = await world.intervals(monitor)
    async with world.database.transaction() as connection:
        await judge(connection, [monitor], now=world.clock.now() + seconds(1))
    assert await world.intervals(monitor) == before
