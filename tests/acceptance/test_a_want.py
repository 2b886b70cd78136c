"""A worker lacks what it needs to look at anything: that time is UNKNOWN, and nobody is told."""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import signal
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from core.access.sight import Sight
from core.clock import MeasuredClock
from core.db.database import Database
from core.ids import new_id
from core.statistics.period import Window
from core.statistics.reading import uptimes
from tests.core.engine_world import UNKNOWN, UP, EngineWorld
from tests.network_namespace import change_namespace, in_namespace

PORT = 8080
# A web server on another machine, and a wire to it.
SETUP = f"""
    unshare -n {sys.executable} -m http.server {PORT} --bind 0.0.0.0 --directory $SITE &
    site=$!
    until [ "$(readlink /proc/$site/ns/net)" != "$(readlink /proc/self/ns/net)" ]; do sleep 0.01; done
    until nsenter -t $site -n grep -q ':{PORT:04X} .* 0A ' /proc/net/tcp; do sleep 0.05; done
    ip link set lo up
    ip link add near type veth peer name far netns $site
    ip addr add 198.51.100.1/24 dev near
    ip link set near up
    nsenter -t $site -n ip addr add 198.51.100.2/24 dev far
    nsenter -t $site -n ip link set far up
"""
ENOUGH_LOOKS = 3


@dataclass(kw_only=True)
class Lacking:
    """A worker in a network of its own, and the file by which it finds names."""

    pid: int
    hosts: Path

    @contextlib.contextmanager
    def network(self) -> Iterator[str]:
        change_namespace(self.pid, "ip", "link", "set", "near", "down")
        yield "this machine has no route to the network"
        change_namespace(self.pid, "ip", "link", "set", "near", "up")

    @contextlib.contextmanager
    def descriptors(self) -> Iterator[str]:
        limits = resource.prlimit(self.pid, resource.RLIMIT_NOFILE)
        resource.prlimit(self.pid, resource.RLIMIT_NOFILE, (0, limits[1]))
        yield "this process has no file descriptors left"
        resource.prlimit(self.pid, resource.RLIMIT_NOFILE, limits)

    @contextlib.contextmanager
    def resolver(self) -> Iterator[str]:
        pinned = self.hosts.read_text()
        self.hosts.write_text("")
        yield "no answer from the resolver at 127.0.0.1 port 53"
        self.hosts.write_text(pinned)


@pytest.fixture
async def world(database: Database) -> EngineWorld:
    clock: Any = MeasuredClock()
    await database.measure(clock)
    made = EngineWorld(database=database, clock=clock)
    await made.prepare()
    return made


@pytest.fixture
async def lacking(database_dsn: str, world: EngineWorld, tmp_path: Path, until) -> AsyncIterator[Lacking]:
    """A worker, and beside it a web server called shop.example; its resolver is a port where nobody is."""
    hosts, resolver = tmp_path / "hosts", tmp_path / "resolv.conf"
    hosts.write_text("198.51.100.2 shop.example\n")
    resolver.write_text("nameserver 127.0.0.1\n")
    (tmp_path / "site").mkdir()
    words = ("-m", "core.cli", "worker", "--region", "region-1", "--data-dir", str(tmp_path / "data"))
    with (tmp_path / "worker.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *in_namespace(
                (sys.executable, *words),
                setup=SETUP,
                places={Path("/etc/hosts"): hosts, Path("/etc/resolv.conf"): resolver},
            ),
            env={
                **os.environ,
                "TOCSIN_DATABASE_URL": database_dsn,
                "TOCSIN_CONNECTIVITY_TARGETS": "none",
                "SITE": str(tmp_path / "site"),
            },
            stdin=asyncio.subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        await until(lambda: world.value("SELECT count(*) FROM workers"), "the worker")
        yield Lacking(pid=process.pid, hosts=hosts)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
        sys.stdout.write((tmp_path / "worker.log").read_text())


@pytest.mark.netns
@pytest.mark.parametrize(
    "want", [Lacking.network, Lacking.descriptors, Lacking.resolver], ids=lambda w: w.__name__
)
async def test_nobody_is_told_of_what_a_worker_lacks_and_uptime_leaves_it_out(
    world: EngineWorld,
    lacking: Lacking,
    until,
    want: Callable[[Lacking], contextlib.AbstractContextManager[str]],
) -> None:
    await add_webhook(world)
    monitor_id = await world.monitor(
        kind="http",
        config={"url": f"http://shop.example:{PORT}/"},
        interval_seconds=1,
        timeout_seconds=5,
        failures_to_open=1,
    )

    async def looks(status: int) -> int:
        return int(await world.value("SELECT count(*) FROM checks WHERE status = $1", status))

    await until(lambda: looks(UP), "the first look")
    with want(lacking) as reason:

        async def enough_failed() -> bool:
            return await looks(UNKNOWN) >= ENOUGH_LOOKS

        await until(enough_failed, "looks that cannot be made")
    seen_before = await looks(UP)

    async def sees_again() -> bool:
        return await looks(UP) > seen_before and await world.status(monitor_id) == UP

    await until(sees_again, "a look that can")
    await expect_a_gap(world, monitor_id, reason)


async def add_webhook(world: EngineWorld) -> None:
    await world.fetch(
        """INSERT INTO webhooks (id, workspace_id, name, url, events, created_at)
        VALUES ($1, $2, 'receiver', 'http://127.0.0.1:1/', '{MONITOR_DOWN,MONITOR_UP,INCIDENT_CREATED}', $3)""",
        new_id(world.clock.now()),
        world.workspace_id,
        world.clock.now(),
    )


async def expect_a_gap(world: EngineWorld, monitor_id: UUID, reason: str) -> None:
    """Expect that exactly the time from the first look that could not be made to the next that could is UNKNOWN."""
    async with world.database.transaction() as connection:
        await connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        checks = await connection.fetch(
            "SELECT status, (extract(epoch FROM slot) * 1000)::bigint AS at_ms, error FROM checks ORDER BY slot"
        )
        unknown = await connection.fetch(
            "SELECT from_ms, to_ms FROM status_intervals WHERE status = $1 ORDER BY from_ms", UNKNOWN
        )
        now = world.clock.now()
        window = Window(start=now - timedelta(hours=1), end=now)
        sight = Sight(workspace_id=world.workspace_id, project_ids=None, since=window.start)
        parts = (await uptimes(connection, sight, [monitor_id], window))[monitor_id]
        for table in ("incidents", "transitions", "deliveries"):
            assert await connection.fetchval(f"SELECT count(*) FROM {table}") == 0
    starts = [next(run) for _, run in groupby(checks, key=lambda check: check["status"])]
    gaps = [
        (start["at_ms"], following["at_ms"])
        for start, following in pairwise(starts)
        if start["status"] == UNKNOWN
    ]
    assert gaps
    assert [tuple(row) for row in unknown] == gaps
    assert parts["unknown_ms"] == sum(to_ms - from_ms for from_ms, to_ms in gaps)
    assert parts["down_ms"] == 0
    assert {check["status"] for check in checks} == {UP, UNKNOWN}
    said = {check["error"].partition(" (")[0] for check in checks if check["status"] == UNKNOWN}
    assert said == {reason}
