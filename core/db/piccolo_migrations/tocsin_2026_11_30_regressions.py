"""Monitors that become slower: the policy, and what is usual."""

from __future__ import annotations

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from core.db.migration_script import run_script

ID = "2026-11-30T10:00:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "what becomes slower than it used to be"
OLDEST_VERSION = "0.1.0"


async def forwards() -> MigrationManager:
    """Return what Piccolo runs."""
    manager = MigrationManager(migration_id=ID, app_name="tocsin", description=DESCRIPTION)

    async def run() -> None:
        await run_script("regressions", oldest_version=OLDEST_VERSION)

    manager.add_raw(run)
    return manager
