"""Piccolo's one engine, whose pool `Database` lends it.

Apart from Piccolo's configuration, which imports its migrations and, with them, a code formatter.
"""

from __future__ import annotations

from piccolo.engine.postgres import PostgresEngine


class LentPoolEngine(PostgresEngine):
    """An engine that never connects by itself: it runs on the pool that it is lent."""

    async def check_version(self) -> None:
        """Do nothing: making the engine must not connect; the version is checked when a pool opens."""


DB = LentPoolEngine(config={}, extensions=())
