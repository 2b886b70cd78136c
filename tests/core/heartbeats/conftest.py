"""Jobs to wait for, and all that waits for them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from core.clock import ManualClock
from core.db.database import Database
from core.heartbeats.deadlines import deadline_of
from core.heartbeats.doors import Doors
from core.heartbeats.inbox import Inbox
from core.heartbeats.judging import SignalJudge
from core.heartbeats.ping import PingKind, PingVerdict
from core.heartbeats.receiver import PingReceiver
from core.heartbeats.sweep import Sweep
from core.heartbeats.tokens import create_heartbeat
from core.ids import new_id
from core.incidents.life_cycle import begin_monitor
from core.monitors.status import MonitorStatus
from core.plugin_registry import PluginRegistry, registry_of
from plugins.api.config import to_json
from plugins.api.outbound import AddressPolicy, Outbound
from plugins.probes import heartbeat
from plugins.probes.heartbeat import HeartbeatConfig

INTERVAL_SECONDS = 600
GRACE_SECONDS = 60


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """A monitor that waits for a job, and the token the job pings."""

    workspace_id: UUID
    monitor_id: UUID
    token: str


MakeJob = Callable[..., Awaitable[Job]]


@pytest.fixture
def make_job(database: Database, clock: ManualClock, tenants: Any) -> MakeJob:
    """Makes a heartbeat every ten minutes with a minute of grace."""

    async def make(*, kind: str = "heartbeat", config: dict[str, Any] | None = None) -> Job:
        workspace_id, monitor_id = tenants.owner.workspace_id, new_id(clock.now())
        stored = config or to_json(
            HeartbeatConfig(interval_seconds=INTERVAL_SECONDS, grace_seconds=GRACE_SECONDS)
        )
        async with database.transaction() as connection:
            await connection.execute(
                "INSERT INTO monitors (id, workspace_id, project_id, name, kind, is_passive, config, target,"
                " timeout_seconds, created_at, updated_at) VALUES ($1, $2, $3, 'job', $4, true, $5, '-', 30, $6, $6)",
                monitor_id,
                workspace_id,
                tenants.default_project_id,
                kind,
                stored,
                clock.now(),
            )
            await begin_monitor(connection, workspace_id, monitor_id, now=clock.now())
            token = await create_heartbeat(connection, workspace_id=workspace_id, monitor_id=monitor_id)
        return Job(workspace_id=workspace_id, monitor_id=monitor_id, token=token)

    return make


@pytest.fixture
async def job(make_job: MakeJob) -> Job:
    """A heartbeat every ten minutes with a minute of grace."""
    return await make_job()


@pytest.fixture(scope="session")
def heartbeats() -> PluginRegistry:
    """A registry with the heartbeat kind."""
    return registry_of(heartbeat)


@dataclass(frozen=True, kw_only=True, slots=True)
class Post:
    """The doors, the inbox and the sweep of one process each, on one database and one clock."""

    database: Database
    clock: ManualClock
    receiver: PingReceiver
    doors: Doors
    inbox: Inbox
    sweep: Sweep

    async def ping(self, job: Job, kind: PingKind = PingKind.SUCCESS, **said: Any) -> None:
        """Have the job ping, and the ping accepted."""
        answer = await self.receiver.receive(job.token, kind, **said)
        assert answer.verdict is PingVerdict.ACCEPTED

    async def advance(self, seconds: float) -> None:
        """Let time pass with the doors open."""
        self.clock.advance(seconds)
        async with self.database.acquire() as connection:
            await connection.execute("UPDATE ping_doors SET open_until = $1", self.clock.now())

    async def work(self) -> None:
        """Let the worker do all there is to do."""
        while await self.inbox.step() + await self.sweep.step():
            pass

    async def status(self, job: Job) -> MonitorStatus:
        """Return the monitor's status."""
        async with self.database.acquire() as connection:
            status = await connection.fetchval(
                "SELECT status FROM monitor_states WHERE monitor_id = $1", job.monitor_id
            )
        return MonitorStatus(status)

    async def state(self, job: Job) -> asyncpg.Record:
        """Return the row of the heartbeat."""
        return await self._row("SELECT * FROM heartbeats WHERE monitor_id = $1", job)

    async def checks(self, job: Job) -> list[tuple[datetime, int, str | None]]:
        """Return slot, status and error of the monitor's checks, in order."""
        rows = await self._rows(
            "SELECT slot, status, error FROM checks WHERE monitor_id = $1 ORDER BY slot", job
        )
        return [tuple(row) for row in rows]

    async def incidents(self, job: Job) -> list[asyncpg.Record]:
        """Return the rows of the monitor's incidents, in order."""
        return await self._rows("SELECT * FROM incidents WHERE monitor_id = $1 ORDER BY id", job)

    async def pings(self, job: Job) -> list[asyncpg.Record]:
        """Return the rows of the monitor's pings, in order of their arrival."""
        return await self._rows("SELECT * FROM pings WHERE monitor_id = $1 ORDER BY arrived_at", job)

    async def _rows(self, query: str, job: Job) -> list[asyncpg.Record]:
        async with self.database.acquire() as connection:
            return await connection.fetch(query, job.monitor_id)

    async def _row(self, query: str, job: Job) -> asyncpg.Record:
        (row,) = await self._rows(query, job)
        return row


@pytest.fixture
def judge(heartbeats: PluginRegistry) -> SignalJudge:
    """Judges with the heartbeat kind."""
    return SignalJudge(
        registry=heartbeats, outbound=Outbound(AddressPolicy()), run_blocking=asyncio.to_thread
    )


@pytest.fixture
async def post(database: Database, clock: ManualClock, judge: SignalJudge) -> Post:
    """A post office whose doors are open."""
    made = Post(
        database=database,
        clock=clock,
        receiver=PingReceiver(database=database, clock=clock, pings_per_minute=1_000),
        doors=Doors(database=database, clock=clock),
        inbox=Inbox(database=database, clock=clock, judge=judge),
        sweep=Sweep(database=database, clock=clock, judge=judge),
    )
    await made.doors.step()
    return made


def deadline_after(moment: datetime) -> datetime:
    """Return the deadline of a job that reported at the given moment."""
    config = HeartbeatConfig(interval_seconds=INTERVAL_SECONDS, grace_seconds=GRACE_SECONDS)
    return deadline_of(heartbeat.expect(config, moment))


def seconds(count: float) -> timedelta:
    """Return a time span."""
    return timedelta(seconds=count)
