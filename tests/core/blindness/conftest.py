"""A whole worker on a real database, with websites under names of their own, canaries, and a receiver of webhooks."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from core.blindness.canary_targets import CanaryTarget
from core.clock import MeasuredClock
from core.db.database import Database
from core.ids import new_id
from core.mail import mailer_for
from core.plugin_registry import load_plugins
from core.scheduling.leases import Claimant
from core.scheduling.presence import Presence
from core.settings import Settings
from core.stages import run_stages
from core.worker_stages import Surroundings, worker_stages
from plugins.api.outbound import Outbound, Resolver
from tests.core.engine_world import EngineWorld

PATIENCE_SECONDS = 60
_OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


@dataclass
class Site:
    """A web server that can be shut and opened again at the same port; `calls` counts connections."""

    port: int = 0
    calls: int = 0
    _serving: asyncio.Future[asyncio.Server] | None = None

    def open(self) -> None:
        """Take connections from this very moment; they are answered in the course of the loop."""
        listener = socket.create_server(("127.0.0.1", self.port), backlog=128)
        self.port = listener.getsockname()[1]
        self._serving = asyncio.ensure_future(asyncio.start_server(self._answer, sock=listener))

    async def is_open(self) -> None:
        if self._serving is not None:
            await self._serving

    def shut(self) -> None:
        """Refuse connections from this very moment."""
        if self._serving is not None:
            self._serving.result().close()
            self._serving = None

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.calls += 1
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            for line in head.lower().split(b"\r\n"):
                if line.startswith(b"content-length:"):
                    await reader.readexactly(int(line.partition(b":")[2]))
            writer.write(_OK)
            await writer.drain()
        writer.close()


@dataclass
class Network:
    """Sites that a worker watches, each on a host of its own, one canary, and a receiver of webhooks."""

    world: EngineWorld
    hosts: Path
    canary: Site = field(default_factory=Site)
    receiver: Site = field(default_factory=Site)
    sites: dict[str, Site] = field(default_factory=dict)
    monitors: dict[str, UUID] = field(default_factory=dict)

    async def watch(self, count: int, **monitor: Any) -> None:
        """Open sites, and have each watched every two seconds; one failure is enough to be DOWN."""
        for number in range(count):
            host = f"site-{number}.example"
            site = self.sites[host] = Site()
            site.open()
            await site.is_open()
            self.monitors[host] = await self.world.monitor(
                kind="http",
                config={"url": f"http://{host}:{site.port}/"},
                interval_seconds=2,
                failures_to_open=1,
                **monitor,
            )
            await self.world.fetch("UPDATE monitors SET host = $2 WHERE id = $1", self.monitors[host], host)
        self.hosts.write_text("".join(f"127.0.0.1 {host}\n" for host in self.sites))
        await self.world.fetch(
            """INSERT INTO webhooks (id, workspace_id, name, url, events, created_at)
            VALUES ($1, $2, 'receiver', $3, '{MONITOR_DOWN,INCIDENT_CREATED}', $4)""",
            new_id(self.world.clock.now()),
            self.world.workspace_id,
            f"http://127.0.0.1:{self.receiver.port}/",
            self.world.clock.now(),
        )

    @contextlib.asynccontextmanager
    async def worker(self) -> AsyncIterator[None]:
        """Run a whole worker of region 1."""
        database = self.world.database
        clock = MeasuredClock()
        await database.measure(clock)
        claimant = Claimant(region_id=1, worker_id=new_id(clock.now()))
        presence = Presence(database=database, clock=clock, claimant=claimant)
        around = Surroundings(
            database=database,
            clock=clock,
            registry=load_plugins(),
            outbound=Outbound(resolver=Resolver(hosts=self.hosts, servers=[])),
            mailer=mailer_for(Settings()),
            region_key="region-1",
            claimant=claimant,
            canaries=[CanaryTarget(host="127.0.0.1", port=self.canary.port)],
        )
        await presence.arrive()
        stopping = asyncio.Event()
        running = asyncio.create_task(run_stages(worker_stages(around, presence), stopping))
        try:
            yield
        finally:
            stopping.set()
            await running

    def shut(self, count: int) -> list[str]:
        """Shut that many sites, all at one moment; return their hosts."""
        hosts = list(self.sites)[:count]
        for host in hosts:
            self.sites[host].shut()
        return hosts

    async def until(self, condition: Callable[[], Awaitable[Any]]) -> None:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not await condition():
                await asyncio.sleep(0.05)

    async def until_status(self, hosts: list[str], status: int) -> None:
        """Wait until the monitors of the hosts have the status."""
        wanted = [self.monitors[host] for host in hosts]

        async def all_have_it() -> bool:
            count = await self.world.value(
                "SELECT count(*) FROM monitor_states WHERE monitor_id = ANY($1) AND status = $2",
                wanted,
                status,
            )
            return bool(count == len(wanted))

        await self.until(all_have_it)

    async def count(self, query: str) -> int:
        return int(await self.world.value(f"SELECT count(*) FROM {query}"))


@pytest.fixture
async def network(database: Database, tmp_path: Path) -> AsyncIterator[Network]:
    """A network with a canary and a receiver that answer, and no sites yet."""
    clock: Any = MeasuredClock()
    await database.measure(clock)
    world = EngineWorld(database=database, clock=clock)
    await world.prepare()
    made = Network(world=world, hosts=tmp_path / "hosts")
    for site in (made.canary, made.receiver):
        site.open()
        await site.is_open()
    yield made
    for site in (made.canary, made.receiver, *made.sites.values()):
        await site.is_open()
        site.shut()
