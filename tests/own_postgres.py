"""A PostgreSQL of a test's own that can go away in every way, and a network in front of it that can fall silent."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import socket
import subprocess
from pathlib import Path

import asyncpg

from core.db.embedded import find_binaries, server_command, unprivileged

PATIENCE_SECONDS = 60
_FAST = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off", "max_connections": "100"}


def free_port() -> int:
    """Return a port on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port


class OwnPostgres:
    """One server on a cluster of its own, reached by TCP on loopback."""

    def __init__(self, cluster: Path, port: int | None = None) -> None:
        self.cluster = cluster
        self.port = port or free_port()
        self.settings: dict[str, str] = {}
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        """Where it listens: host and port."""
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        """The address of its database."""
        return url_of(self.address)

    @property
    def postmaster(self) -> int:
        """The number of its first process, which replaced what started it."""
        assert self._process is not None
        return self._process.pid

    async def start(self) -> None:
        """Start it and wait until it takes connections."""
        self.launch()
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                with contextlib.suppress(OSError, asyncpg.PostgresError):
                    await (await asyncpg.connect(self.url, timeout=5)).close()
                    return
                await asyncio.sleep(0.05)

    def launch(self) -> None:
        """Start it without waiting."""
        network = {"listen_addresses": "127.0.0.1", "port": str(self.port)}
        command = server_command(
            find_binaries(self.cluster), self.cluster, self.cluster, {**_FAST, **network, **self.settings}
        )
        with (self.cluster.parent / f"{self.cluster.name}.log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)

    async def recovers(self) -> None:
        """Wait until a standby follows, whether it lets anybody in or not."""
        note = self.cluster / "postmaster.pid"
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not (note.exists() and {"standby", "ready"} & set(note.read_text().split())):
                await asyncio.sleep(0.02)

    def promote(self) -> None:
        """Let a standby become a primary."""
        (self.cluster / "promote").touch()
        os.kill(self.postmaster, signal.SIGUSR1)

    def stop(self, order: signal.Signals = signal.SIGINT) -> None:
        """Stop it: SIGINT is a fast shutdown, SIGQUIT an immediate one, SIGKILL none at all. Harmless twice."""
        process = self._process
        if process is None:
            return
        if order is signal.SIGKILL:
            for pid in self._all_pids():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, order)
        else:
            self.thaw()
            os.kill(self.postmaster, order)
        process.wait(PATIENCE_SECONDS)
        self._process = None

    def freeze(self) -> None:
        """Stand still: connections stay open, new ones are taken by the kernel, and nobody answers."""
        for pid in self._all_pids():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Go on after a freeze."""
        for pid in self._all_pids():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)

    def copy_to(self, cluster: Path) -> OwnPostgres:
        """Make a standby of this server, which runs, that follows it once it is started."""
        command = unprivileged(
            (cluster,),
            find_binaries(self.cluster) / "pg_basebackup",
            *("-h", "127.0.0.1", "-p", str(self.port), "-U", "tocsin", "-D", str(cluster)),
            *("-R", "-X", "stream", "-c", "fast"),
        )
        cluster.mkdir(mode=0o700)
        subprocess.run(command, check=True, capture_output=True)
        return OwnPostgres(cluster)

    async def execute(self, statement: str) -> object:
        """Run a statement as somebody else than Tocsin; return the first value of the first row."""
        connection = await asyncpg.connect(self.url)
        try:
            return await connection.fetchval(statement)
        finally:
            await connection.close()

    def _all_pids(self) -> list[int]:
        parents: dict[int, int] = {}
        for stat in Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError):
                parents[int(stat.parent.name)] = int(stat.read_text().rpartition(")")[2].split()[1])
        postmaster = self.postmaster
        return [postmaster, *(pid for pid, parent in parents.items() if parent == postmaster)]


def url_of(*addresses: str) -> str:
    """Return the URL of the database `tocsin` that one of the addresses, each host and port, has."""
    return f"postgresql://tocsin@{','.join(addresses)}/tocsin"


def copy_cluster(template: Path, cluster: Path) -> OwnPostgres:
    """Return a server, not started, on a copy of a stopped cluster."""
    shutil.copytree(template, cluster)
    return OwnPostgres(cluster)


class Network:
    """A way to a server that can fall silent, as a network does that is cut: no reset, no end, nothing."""

    def __init__(self, target: OwnPostgres) -> None:
        self.target = target
        self.port = 0
        self._passes = asyncio.Event()
        self._passes.set()
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    @property
    def address(self) -> str:
        """Where it takes connections: host and port."""
        return f"127.0.0.1:{self.port}"

    async def open(self) -> None:
        """Begin to take connections."""
        self._server = await asyncio.start_server(self._carry, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Refuse connections, and end those there are."""
        assert self._server is not None
        self._server.close()
        for writer in tuple(self._writers):
            writer.transport.abort()
        await asyncio.sleep(0)

    def cut(self) -> None:
        """Carry nothing any more: connections made from here on are swallowed, too."""
        self._passes.clear()

    def mend(self, *, keeping_connections: bool = True) -> None:
        """Carry again; what was swallowed meanwhile is lost where connections are not kept."""
        if not keeping_connections:
            for writer in tuple(self._writers):
                writer.transport.abort()
        self._passes.set()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        with contextlib.suppress(OSError, asyncio.CancelledError):
            await self._passes.wait()
            there, back = await asyncio.open_connection("127.0.0.1", self.target.port)
            self._writers.add(back)
            await asyncio.wait(
                [
                    asyncio.create_task(self._pass_on(reader, back)),
                    asyncio.create_task(self._pass_on(there, writer)),
                ],
                return_when=asyncio.FIRST_COMPLETED,
            )
            back.transport.abort()
            self._writers.discard(back)
        writer.transport.abort()
        self._writers.discard(writer)

    async def _pass_on(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await source.read(65536):
                await self._passes.wait()
                sink.write(data)
                await sink.drain()
            await self._passes.wait()
