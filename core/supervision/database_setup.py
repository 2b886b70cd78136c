"""The child that makes the database ready, and ends: server tried, schema migrated, first owner made."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Sequence

from core.access.first_owner import ensure_first_owner
from core.access.owner_note import show_owner
from core.db.database import Database, PoolUse
from core.db.migrations import migrate
from core.db.preflight import check_server
from core.name_ownership import require_own_names
from core.settings import Settings
from core.supervision.child_work import run_child
from core.supervision.lifeline import Lifeline


async def set_up(url: str, settings: Settings) -> None:
    """Bring the database to this release and see to its first owner; raises StartupError if it cannot be."""
    await check_server(url)
    database = await Database.connect(url, use=PoolUse.MIGRATIONS, max_size=3)
    try:
        await migrate(database)
        await ensure_first_owner(
            database, settings, functools.partial(show_owner, data_dir=settings.data_dir)
        )
    finally:
        await database.close()


async def _work(settings: Settings, lifeline: Lifeline) -> None:
    require_own_names()
    await lifeline.wait_to_go()
    assert settings.database_url is not None  # noqa: S101  (the supervisor names it always)
    await set_up(settings.database_url, settings)
    lifeline.say_ready()


def main(_words: Sequence[str]) -> int:
    """Run as the supervisor's child; return the exit code."""
    return run_child(_work, asyncio.run)
