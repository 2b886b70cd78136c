"""Sessions are tried on whole API processes, as subscriptions are."""

from __future__ import annotations

from tests.graphql_schema.live.conftest import start_api

__all__ = ["start_api"]
