"""The listener hears what its channels are told, and after a lost connection lets everyone catch up."""

from __future__ import annotations

import asyncio
from collections import defaultdict

import pytest

from core.db.listener import Listener
from core.db.notifications import NotifyChannel, notify


@pytest.fixture
async def heard(database):
    """What each channel's handler was called with; a listener runs meanwhile."""
    payloads: defaultdict[NotifyChannel, list[str]] = defaultdict(list)
    listener = Listener(
        database=database,
        handlers={
            channel: payloads[channel].append for channel in (NotifyChannel.LEASES, NotifyChannel.TOKENS)
        },
    )
    stopping = asyncio.Event()
    running = asyncio.create_task(listener.run(stopping))
    yield payloads
    stopping.set()
    await asyncio.wait_for(running, 5)


async def _until(payloads, channel: NotifyChannel, expected: list[str]) -> None:
    async with asyncio.timeout(20):
        while payloads[channel] != expected:
            await asyncio.sleep(0.01)


async def test_a_notification_reaches_the_handler_of_its_channel(heard, database) -> None:
    await _until(heard, NotifyChannel.LEASES, [""])

    async with database.acquire() as connection:
        await notify(connection, NotifyChannel.LEASES, "local")

    await _until(heard, NotifyChannel.LEASES, ["", "local"])
    assert heard[NotifyChannel.TOKENS] == [""]


async def test_after_a_lost_connection_every_handler_is_told_that_it_may_have_missed_something(
    heard, database
) -> None:
    await _until(heard, NotifyChannel.TOKENS, [""])

    async with database.acquire() as connection:
        await connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'tocsin-listener' "
            "AND datname = current_database()"
        )
        await _until(heard, NotifyChannel.TOKENS, ["", ""])
        await notify(connection, NotifyChannel.TOKENS, "abc")

    await _until(heard, NotifyChannel.TOKENS, ["", "", "abc"])
