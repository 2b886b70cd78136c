"""Piccolo's configuration, which its migrations look for by name."""

from __future__ import annotations

from piccolo.conf.apps import AppRegistry

from core.db.lent_pool_engine import DB

__all__ = ["APP_REGISTRY", "DB"]

APP_REGISTRY = AppRegistry(apps=["core.db.piccolo_app"])
