"""Brings a database's schema to this release, one process at a time."""

from __future__ import annotations

import contextlib
import io
import os

from piccolo.apps.migrations.commands.forwards import ForwardsMigrationManager

from core.db.database import Database, read_clock
from core.db.partitions import make_partitions
from core.db.schema_version import require_schema
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
            await require_schema(connection)
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
