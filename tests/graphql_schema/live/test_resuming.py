"""A client that is cut off again and again, while transactions commit out of order, sees each change once, in order."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from core.ids import Prefix, encode_id, new_id

CUTS = 100
EVENTS = 200
DOCUMENT = "subscription ($after: String!) { monitorChanged(after: $after) { cursor monitorId } }"


@asynccontextmanager
async def _by_socket(api, secret, after) -> AsyncIterator[object]:
    async with api.socket(secret) as socket:
        await socket.subscribe(DOCUMENT, after=after)
        yield socket
        socket.connection.transport.abort()


@asynccontextmanager
async def _by_events(api, secret, after) -> AsyncIterator[object]:
    async with api.events(secret, DOCUMENT, after=after) as events:
        yield events


async def _write(connection, tenant, written: list[str]) -> None:
    monitor_id = new_id(tenant.now)
    await connection.execute(
        "INSERT INTO events (workspace_id, subject, subject_id, change, at, status)"
        " VALUES ($1, 'MONITOR', $2, 'STATUS', $3, 1)",
        tenant.workspace_id,
        monitor_id,
        tenant.now,
    )
    written.append(monitor_id)


async def _write_out_of_order(tenant, api, written: list) -> None:
    """Commit quick transactions while two slow ones hold events with lower ids back, in turns."""
    async with tenant.database.acquire() as first, tenant.database.acquire() as second:
        slow = []
        for round_number in range(EVENTS // 4):
            for connection in (first, second):
                if round_number % 5 == (0 if connection is first else 2):
                    transaction = connection.transaction()
                    await transaction.start()
                    slow.append(transaction)
                await _write(connection, tenant, written)
            async with tenant.database.acquire() as quick:
                for _ in range(2):
                    await _write(quick, tenant, written)
            if len(slow) > 1:
                await slow.pop(0).commit()
            await asyncio.sleep(0)
        for transaction in slow:
            await transaction.commit()


@pytest.mark.parametrize("connect", [_by_socket, _by_events])
async def test_each_change_is_seen_once_and_in_order(start_api, owner, connect) -> None:
    apis = [await start_api(), await start_api()]
    after = (await owner.data("{ eventCursor }"))["eventCursor"]
    written: list = []
    writing = asyncio.create_task(_write_out_of_order(owner, apis[0], written))
    choice = random.Random(7)
    seen: list[str] = []
    cuts = 0
    async with asyncio.timeout(120):
        while cuts < CUTS or len(seen) < EVENTS:
            async with connect(choice.choice(apis), owner.secret, after) as client:
                for _ in range(min(choice.randrange(4), EVENTS - len(seen))):
                    change = await client.next()
                    seen.append(change["monitorId"])
                    after = change["cursor"]
            cuts += 1
        await writing

    assert len(seen) == len(set(seen)) == EVENTS
    rows = await owner.fetch(
        "SELECT subject_id FROM events WHERE workspace_id = $1 ORDER BY sequence", owner.workspace_id
    )
    assert seen == [encode_id(Prefix.MONITOR, row["subject_id"]) for row in rows]
    assert {row["subject_id"] for row in rows} == set(written)
