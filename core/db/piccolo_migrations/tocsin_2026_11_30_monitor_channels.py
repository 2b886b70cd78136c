"""A monitor may have channels of its own."""

from __future__ import annotations

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from core.db.migration_script import run_script

ID = "2026-11-30T11:00:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "a monitor may have channels of its own"
OLDEST_VERSION = "0.1.0"


async def forwards() -> MigrationManager:
    """Return what Piccolo runs."""
    manager = MigrationManager(migration_id=ID, app_name="tocsin", description=DESCRIPTION)

    async def run() -> None:
        await run_script("monitor_channels", oldest_version=OLDEST_VERSION)

    manager.add_raw(run)
    return manager
