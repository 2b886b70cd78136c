"""The engine's world."""

from __future__ import annotations

import pytest

from core.clock import ManualClock
from core.db.database import Database
from tests.core.engine_world import EngineWorld


@pytest.fixture
async def world(database: Database, clock: ManualClock) -> EngineWorld:
    """Three regions and an empty workspace, at a moment that the test moves."""
    made = EngineWorld(database=database, clock=clock)
    await made.prepare()
    return made
