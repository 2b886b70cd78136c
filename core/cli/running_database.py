"""The database that a command joins: the one of the settings, else the embedded one that is running."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from core.clock import MeasuredClock
from core.db.database import Database, PoolUse
from core.db.embedded import dsn
from core.db.postmaster import running_note
from core.db.preflight import check_server
from core.db.schema_version import require_schema
from core.errors import StartupError
from core.settings import Settings
from core.supervision.data_directory import CLUSTER


def database_url(settings: Settings) -> str:
    """Return its address; raises StartupError if none is named and none is running."""
    if settings.database_url:
        return settings.database_url
    data_dir = settings.data_dir.resolve()
    note = running_note(data_dir / CLUSTER)
    if note is None:
        raise StartupError(
            f"no database is running in {data_dir}: start `tocsin serve` there, choose its --data-dir, "
            "or name a server in TOCSIN_DATABASE_URL"
        )
    return dsn(note.socket_folder)


@asynccontextmanager
async def opened_database(url: str) -> AsyncIterator[tuple[Database, MeasuredClock]]:
    """Give a small pool on a database that has our tables, and its clock; raises StartupError."""
    await check_server(url)
    clock = MeasuredClock()
    database = await Database.connect(url, use=PoolUse.FACES, max_size=2)
    try:
        await database.measure(clock)
        async with database.acquire() as connection:
            await require_schema(connection)
        yield database, clock
    finally:
        await database.close()
