"""Brings a database's schema to this release, one process at a time."""

from __future__ import annotations

import importlib
import re
from importlib import resources

from core.db.database import Connection, Database, read_clock
from core.db.partitions import make_partitions
from core.db.schema_version import require_schema

# A number of our own, so that the lock meets no other program's.
_MIGRATION_LOCK = 0x746F6373
_ID = re.compile(r'^ID = "([^"]+)"$', re.MULTILINE)


async def migrate(database: Database) -> None:
    """Run the migrations that have not run, under an advisory lock; then make the partitions ahead.

    Raises StartupError if a migration fails, or if a newer release's schema cannot live with this one.
    """
    async with database.acquire() as connection:
        await connection.execute("SELECT pg_advisory_lock($1)", _MIGRATION_LOCK)
        try:
            if known_migrations() - await _applied_migrations(connection):
                await importlib.import_module("core.db.schema_changes").run_migrations(database)
            await require_schema(connection)
            await make_partitions(connection, await read_clock(connection))
        finally:
            await connection.execute("SELECT pg_advisory_unlock($1)", _MIGRATION_LOCK)


def known_migrations() -> set[str]:
    """Return the identifiers of this release's migrations, from their source: importing them takes long."""
    folder = resources.files("core.db") / "piccolo_migrations"
    sources = (path.read_text(encoding="utf-8") for path in folder.iterdir() if path.name.endswith(".py"))
    return {identifier for source in sources for identifier in _ID.findall(source)}


async def _applied_migrations(connection: Connection) -> set[str]:
    """Return the identifiers that Piccolo has noted, in the table that its first migration makes."""
    if not await connection.fetchval("SELECT to_regclass('migration') IS NOT NULL"):
        return set()
    rows = await connection.fetch("SELECT name FROM migration WHERE app_name = 'tocsin'")
    return {row["name"] for row in rows}
