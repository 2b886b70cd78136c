"""Runs the migrations that a database lacks.

Apart from what asks whether it lacks any: Piccolo's migrations bring a code formatter and half a second with them.
"""

from __future__ import annotations

import contextlib
import io
import os

from piccolo.apps.migrations.commands.forwards import ForwardsMigrationManager

from core.db.database import Database
from core.errors import StartupError


async def run_migrations(database: Database) -> None:
    """Run what has not run; raises StartupError if a migration fails."""
    os.environ.setdefault("PICCOLO_CONF", "core.db.piccolo_conf")
    database.use_for_piccolo()
    said = io.StringIO()
    with contextlib.redirect_stdout(said):  # Piccolo speaks to stdout, which carries the ready line only
        result = await ForwardsMigrationManager(app_name="tocsin").run()
    if not result.success:
        raise StartupError(f"migration failed: {result.message or said.getvalue().strip()}")
