"""A workspace to tell of, and somebody to tell."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from core.clock import ManualClock
from core.db.database import Database
from tests.core.alerting.receiver import Receiver, receiving
from tests.core.alerting.world import World


@pytest.fixture
async def world(database: Database, clock: ManualClock) -> World:
    """A workspace with a monitor called Shop, and no destination yet."""
    built = World(database, clock)
    await built.build()
    return built


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """An HTTP server that answers 200 until it is told otherwise."""
    async with receiving() as listening:
        yield listening
