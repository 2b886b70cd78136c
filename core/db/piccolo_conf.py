"""Piccolo's configuration: one engine whose pool `Database` lends it."""

from __future__ import annotations

from piccolo.conf.apps import AppRegistry
from piccolo.engine.postgres import PostgresEngine


class LentPoolEngine(PostgresEngine):
    """An engine that never connects by itself: it runs on the pool that it is lent."""

    async def check_version(self) -> None:
        """Do nothing: making the engine must not connect; the version is checked when a pool opens."""


DB = LentPoolEngine(config={}, extensions=())

APP_REGISTRY = AppRegistry(apps=["core.db.piccolo_app"])
