"""A real PostgreSQL for the whole run, a migrated template, and a clone of it for each test."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import shutil
import signal
import subprocess
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from hypothesis import settings

from core.clock import ManualClock
from core.db.database import Database, PoolUse, prepare_connection
from core.db.embedded import dsn, find_binaries, initialise, server_command
from core.db.migrations import migrate
from tests.network_namespace import namespaces_can_be_made
from tests.own_postgres import OwnPostgres, copy_cluster

for _name in [name for name in os.environ if name.startswith("TOCSIN_")]:
    del os.environ[_name]

# How long an example takes says nothing on a machine that is shared.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

_numbers = itertools.count(1)

# What each marked suite needs beyond the Python registry, and whether it is here.
_SUITES = {
    "node": ("Node.js", lambda: shutil.which("node")),
    "go": ("a Go toolchain", lambda: shutil.which("go")),
    "browser": (
        "Chromium and its driver",
        lambda: (
            shutil.which("chromedriver") and (shutil.which("chromium") or shutil.which("chromium-browser"))
        ),
    ),
    "compiler": ("a C compiler", lambda: shutil.which("cc")),
    "rival": ("blackbox_exporter", lambda: shutil.which("blackbox_exporter")),
    "netns": ("network namespaces", namespaces_can_be_made),
    "schemathesis": ("schemathesis", lambda: find_spec("schemathesis")),
    "postgres15": ("PostgreSQL 15", lambda: Path("/usr/lib/postgresql/15/bin/postgres").exists()),
}
_ROOM_BYTES = 4 * 2**30
_NOT_RUN = "not run, for want of "


def pytest_addoption(parser: pytest.Parser) -> None:
    """Say what another PostgreSQL, or another Python, is to be tried with."""
    parser.addoption("--postgres", type=Path, help="the folder of the PostgreSQL binaries to test on")
    parser.addoption(
        "--storage", action="store_true", help="run only what touches PostgreSQL, in one process"
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skip the suites whose tool is absent."""
    if config.getoption("--storage"):
        items[:] = [item for item in items if "postgres_socket" in getattr(item, "fixturenames", ())]
    for mark, (tool, is_here) in _SUITES.items():
        marked = [item for item in items if item.get_closest_marker(mark)]
        if marked and not is_here():
            for item in marked:
                item.add_marker(pytest.mark.skip(reason=_NOT_RUN + tool))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say at the end which suites were not run."""
    reasons = Counter(str(report.longrepr[2]) for report in terminalreporter.getreports("skipped"))
    for reason, count in reasons.items():
        if _NOT_RUN in reason:
            terminalreporter.write_line(f"{count} tests {reason.removeprefix('Skipped: ')}", yellow=True)


@pytest.fixture(scope="session")
def postgres_socket(pytestconfig: pytest.Config) -> Iterator[Path]:
    """The socket folder of a PostgreSQL that lives as long as the test run. Short, as a socket's path must be."""
    folder = Path(tempfile.mkdtemp(prefix="tcs", dir=_memory()))
    binaries = pytestconfig.getoption("--postgres") or find_binaries()
    initialise(binaries, folder / "pg")
    fast = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off", "max_connections": "200"}
    log = (folder / "log").open("wb")
    server = subprocess.Popen(server_command(binaries, folder / "pg", folder, fast), stdout=log, stderr=log)
    try:
        asyncio.run(_make_template(folder))
        yield folder
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(10)
        log.close()
        shutil.rmtree(folder)


def _memory() -> Path | None:
    """Return a folder in memory, where making a database costs a tenth; None where there is none with room."""
    shared = Path("/dev/shm")
    is_roomy = shared.is_dir() and shutil.disk_usage(shared).free > _ROOM_BYTES and os.access(shared, os.W_OK)
    return shared if is_roomy else None


async def _make_template(folder: Path) -> None:
    connection = await _connect_when_ready(folder)
    await connection.execute("CREATE DATABASE template_tocsin")
    await connection.close()
    database = await Database.connect(dsn(folder, "template_tocsin"), use=PoolUse.ENGINE, max_size=3)
    await migrate(database)
    await database.close()


async def _connect_when_ready(folder: Path) -> asyncpg.Connection[asyncpg.Record]:
    async with asyncio.timeout(20):
        while True:
            try:
                return await asyncpg.connect(dsn(folder, "postgres"))
            except (OSError, asyncpg.CannotConnectNowError):
                await asyncio.sleep(0.02)


@pytest.fixture
async def database_dsn(postgres_socket: Path) -> AsyncIterator[str]:
    """The address of a fresh, migrated database."""
    name = f"test_{next(_numbers)}"
    connection = await asyncpg.connect(dsn(postgres_socket, "postgres"))
    await connection.execute(f"CREATE DATABASE {name} TEMPLATE template_tocsin STRATEGY FILE_COPY")
    try:
        yield dsn(postgres_socket, name)
    finally:
        with contextlib.suppress(asyncpg.PostgresError):
            await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
        await connection.close()


@pytest.fixture
async def database(database_dsn: str) -> AsyncIterator[Database]:
    """A pool on a fresh, migrated database; Piccolo's queries run on it too."""
    opened = await Database.connect(database_dsn, use=PoolUse.ENGINE, max_size=10)
    opened.use_for_piccolo()
    yield opened
    await opened.close()


@pytest.fixture
async def impatient_database(database_dsn: str) -> AsyncIterator[Database]:
    """A further pool on the same database, whose users give up at once where others hold a lock."""
    async with asyncpg.create_pool(
        database_dsn, init=prepare_connection, server_settings={"lock_timeout": "1ms"}, min_size=0, max_size=4
    ) as pool:
        yield Database(pool)


@pytest.fixture
def clock() -> ManualClock:
    """A clock that the test moves. It starts today, inside the partitions."""
    return ManualClock(datetime.now(UTC).replace(microsecond=0))


@pytest.fixture(scope="session")
def stopped_cluster(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated cluster on which no server runs, to be copied."""
    server = OwnPostgres(tmp_path_factory.mktemp("cluster") / "pg")
    initialise(find_binaries(), server.cluster)

    async def migrate_it() -> None:
        await server.start()
        database = await Database.connect(server.url, use=PoolUse.MIGRATIONS, max_size=3)
        await migrate(database)
        await database.close()

    asyncio.run(migrate_it())
    server.stop()
    return server.cluster


@pytest.fixture
async def own_postgres(stopped_cluster: Path, tmp_path: Path) -> AsyncIterator[OwnPostgres]:
    """A server of the test's own, running, with a migrated database; stopped at the end, however it was left."""
    server = copy_cluster(stopped_cluster, tmp_path / "pg")
    await server.start()
    yield server
    server.stop(signal.SIGKILL)


@pytest.fixture
def contents(database: Database) -> Callable[[], Awaitable[dict[str, list[Any]]]]:
    """Reads every row of every table, to show that a refused change left no trace."""

    async def read() -> dict[str, list[Any]]:
        async with database.acquire() as connection:
            tables = await connection.fetch(
                "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename"
            )
            return {
                table["tablename"]: [
                    row["content"]
                    for row in await connection.fetch(
                        f'SELECT to_jsonb(t) AS content FROM "{table["tablename"]}" AS t ORDER BY to_jsonb(t)::text'
                    )
                ]
                for table in tables
            }

    return read
