"""A PostgreSQL as it is in earnest, with every commit on the disk, on the cores of whoever starts it."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from core.db.database import Database, PoolUse
from core.db.embedded import dsn, find_binaries, initialise, server_command
from core.db.migrations import migrate

_START_SECONDS = 30
_STOP_SECONDS = 20
_SETTINGS = {"jit": "off", "log_min_messages": "fatal", "timezone": "UTC"}


@dataclass(frozen=True, kw_only=True, slots=True)
class DurablePostgres:
    """A server: the address of its database, and the process that all its others are children of."""

    url: str
    pid: int


@contextlib.contextmanager
def running_postgres() -> Iterator[DurablePostgres]:
    """Give a server with a fresh, migrated database."""
    with tempfile.TemporaryDirectory(prefix="tcb") as name:
        folder = Path(name)
        binaries = find_binaries()
        initialise(binaries, folder / "pg")
        command = server_command(binaries, folder / "pg", folder, _SETTINGS)
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
            try:
                asyncio.run(_migrate_when_ready(dsn(folder)))
                yield DurablePostgres(url=dsn(folder), pid=server.pid)
            finally:
                server.send_signal(signal.SIGINT)
                server.wait(_STOP_SECONDS)


@contextlib.contextmanager
def durable_postgres() -> Iterator[str]:
    """Give the address of a fresh, migrated database."""
    with running_postgres() as server:
        yield server.url


async def _migrate_when_ready(url: str) -> None:
    async with asyncio.timeout(_START_SECONDS):
        while not await _takes_connections(url):
            await asyncio.sleep(0.05)
    database = await Database.connect(url, use=PoolUse.ENGINE, max_size=2)
    await migrate(database)
    await database.close()


async def _takes_connections(url: str) -> bool:
    try:
        connection = await asyncpg.connect(url)
    except (OSError, asyncpg.CannotConnectNowError):
        return False
    await connection.close()
    return True
