"""The page is served by the same API process that subscriptions are."""

from __future__ import annotations

from tests.graphql_schema.live.conftest import api, start_api

__all__ = ["api", "start_api"]
