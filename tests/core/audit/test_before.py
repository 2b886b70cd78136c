"""What was there before is what was there under the lock, and not what somebody saw who had to wait."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any

import asyncpg
import pytest

from core.deliveries.channel_service import CreateChannel, UpdateChannel
from core.ids import Prefix, encode_id
from core.kind_choice import KindChoice
from core.monitors.monitor_input import CreateMonitor, SetTags, UpdateMonitor
from core.services import Services
from tests.core.audit.conftest import Entries
from tests.core.deadlock import PATIENCE_SECONDS, until_waiting

DOOR = KindChoice(kind="door", config={"address": "Front"})
PIGEON = KindChoice(kind="pigeon", config={"dovecote": "north"})


class Rival:
    """Somebody who changes the same a moment earlier."""

    def __init__(self, services: Services, dsn: str) -> None:
        self._services = services
        self._dsn = dsn

    async def goes_first(self, sql: str, *arguments: Any, change: Awaitable[Any]) -> None:
        """Let a change begin while the rival holds what it wants, and the rival commit."""
        connection = await asyncpg.connect(self._dsn)
        try:
            await connection.execute("BEGIN")
            await connection.execute(sql, *arguments)
            waiting = asyncio.ensure_future(change)
            await until_waiting(self._services.database, 1)
            await connection.execute("COMMIT")
            async with asyncio.timeout(PATIENCE_SECONDS):
                await waiting
        finally:
            await connection.close()


@pytest.fixture
def rival(services: Services, database_dsn: str) -> Rival:
    return Rival(services, database_dsn)


async def test_of_a_channel(services: Services, tenants, entries: Entries, rival: Rival) -> None:
    channel_id = await services.channels.create(tenants.owner, CreateChannel(name="Birds", notifier=PIGEON))
    await entries()

    update = UpdateChannel(id=encode_id(Prefix.CHANNEL, channel_id), name="Doves")
    await rival.goes_first(
        "UPDATE channels SET name = 'Crows' WHERE id = $1",
        channel_id,
        change=services.channels.update(tenants.owner, update),
    )

    [entry] = await entries()
    assert (entry.before, entry.after) == ({"name": "Crows"}, {"name": "Doves"})


async def test_of_a_monitors_regions(services: Services, tenants, entries: Entries, rival: Rival) -> None:
    monitor_id = await services.monitors.create(
        tenants.owner, CreateMonitor(name="Front", probe=DOOR, region_keys=["local"])
    )
    await entries()

    update = UpdateMonitor(id=encode_id(Prefix.MONITOR, monitor_id), region_keys=["local"])
    await rival.goes_first(
        "WITH held AS (UPDATE monitors SET name = name WHERE id = $1) UPDATE monitor_regions"
        " SET region_id = (SELECT id FROM regions WHERE key = 'moon') WHERE monitor_id = $1",
        monitor_id,
        change=services.monitors.update(tenants.owner, update),
    )

    [entry] = await entries()
    assert (entry.before, entry.after) == ({"regionKeys": ["moon"]}, {"regionKeys": ["local"]})


@pytest.mark.parametrize("way", ["bulk", "update", "delete"])
async def test_of_a_monitors_tags(services: Services, tenants, entries: Entries, rival: Rival, way) -> None:
    owner = tenants.owner
    monitor_id = await services.monitors.create(
        owner, CreateMonitor(name="Front", probe=DOOR, tags=["wood", "glass"])
    )
    await entries()
    public_id = encode_id(Prefix.MONITOR, monitor_id)
    changes = {
        "bulk": lambda: services.bulk.set_tags(owner, SetTags(monitor_ids=[public_id], replace=["iron"])),
        "update": lambda: services.monitors.update(owner, UpdateMonitor(id=public_id, tags=["iron"])),
        "delete": lambda: services.monitors.delete(owner, public_id),
    }

    # As every change of tags does, the rival holds the workspace.
    await rival.goes_first(
        "WITH held AS (SELECT id FROM workspaces WHERE id = $1 FOR UPDATE) DELETE FROM monitor_tags"
        " USING held, tags WHERE tags.id = monitor_tags.tag_id AND tags.name = 'glass'",
        owner.workspace_id,
        change=changes[way](),
    )

    [entry] = await entries()
    assert entry.before["tags"] == ["wood"]
