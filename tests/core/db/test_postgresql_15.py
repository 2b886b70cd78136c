"""The oldest PostgreSQL that Tocsin promises to live with takes the schema and every named statement."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from core.db.database import Database, PoolUse
from core.db.embedded import dsn, initialise, server_command
from core.db.migrations import migrate
from core.db.named_sql import named_sql, topics
from core.db.postmaster import read_note

BINARIES = Path("/usr/lib/postgresql/15/bin")


@pytest.fixture
def server_15() -> Iterator[Path]:
    """The socket folder of a PostgreSQL 15 of its own."""
    with tempfile.TemporaryDirectory(prefix="tc15") as folder:
        cluster = Path(folder) / "pg"
        initialise(BINARIES, cluster)
        with subprocess.Popen(
            server_command(BINARIES, cluster, cluster, {"fsync": "off"}), stderr=subprocess.DEVNULL
        ) as server:
            while (note := read_note(cluster)) is None or not note.is_ready:
                assert server.poll() is None
            yield cluster
            server.terminate()


@pytest.mark.postgres15
async def test_it_migrates_and_accepts_every_named_statement(server_15: Path) -> None:
    database = await Database.connect(dsn(server_15), use=PoolUse.ENGINE, max_size=3)
    refused = {}
    await migrate(database)
    async with database.acquire() as connection:
        for topic in topics():
            for name, statement in named_sql(topic).items():
                try:
                    await connection.prepare(statement)
                except asyncpg.PostgresError as error:
                    refused[topic, name] = str(error)
    await database.close()

    assert refused == {}
