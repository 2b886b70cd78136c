"""A server on which anybody may sign up."""

from __future__ import annotations

import pytest

from core.clock import ManualClock
from core.outbound_policy import outbound_for
from core.plugin_registry import PluginRegistry
from core.services import Services, build_services
from core.settings import Settings, SignUpRule
from tests.graphql_schema.conftest import PUBLIC_URL, WatchedDatabase


@pytest.fixture
def services(watched: WatchedDatabase, clock: ManualClock, installed: PluginRegistry) -> Services:
    """All services, on the test's database and clock."""
    settings = Settings(public_url=PUBLIC_URL, sign_up=SignUpRule.OPEN)
    return build_services(
        settings=settings,
        database=watched,
        registry=installed,
        clock=clock,
        outbound=outbound_for(settings),
    )
