"""Brings a database's schema to this release, one process at a time."""

from __future__ import annotations

import contextlib
import io
import os
from importlib import metadata

from piccolo.apps.migrations.commands.forwards import ForwardsMigrationManager

from core.db.database import Connection, Database, read_clock
from core.db.partitions import make_partitions
from core.errors import StartupError

# A number of our own, so that the lock meets no other program's.
_MIGRATION_LOCK = 0x746F6373


async def migrate(database: Database) -> None:
    """Run the migrations that have not run, under an advisory lock; then make the partitions ahead.

    Raises StartupError if a migration fails, or if a newer release's schema cannot live with this one.
    """
    os.environ.setdefault("PICCOLO_CONF", "core.db.piccolo_conf")
    async with database.acquire() as connection:
        await connection.execute("SELECT pg_advisory_lock($1)", _MIGRATION_LOCK)
        try:
            await _forwards(database)
            await _refuse_newer_schema(connection)
            await make_partitions(connection, await read_clock(connection))
        finally:
            await connection.execute("SELECT pg_advisory_unlock($1)", _MIGRATION_LOCK)


async def _forwards(database: Database) -> None:
    database.use_for_piccolo()
    said = io.StringIO()
    with contextlib.redirect_stdout(said):  # Piccolo speaks to stdout, which carries the ready line only
        result = await ForwardsMigrationManager(app_name="tocsin").run()
    if not result.success:
        raise StartupError(f"migration failed: {result.message or said.getvalue().strip()}")


async def _refuse_newer_schema(connection: Connection) -> None:
    rows = await connection.fetch("SELECT migration, oldest_version FROM schema_versions")
    ours = _numbers(metadata.version("tocsin"))
    for row in rows:
        if _numbers(row["oldest_version"]) > ours:
            raise StartupError(
                f"the database was migrated by a newer release ({row['migration']}): "
                f"install tocsin {row['oldest_version']} or newer"
            )


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())
