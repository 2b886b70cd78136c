"""Many jobs that report at the same moment, while the process that hears them is killed."""

from __future__ import annotations

import asyncio

import httpx
import pytest

HEARTBEATS = 40
CREATE = """
mutation ($name: String!) { createMonitor(input: {name: $name, probe: {heartbeat: {intervalSeconds: 600}}})
  { monitor { id heartbeat { pingUrl } } userErrors { path message } } }
"""
STORED = "SELECT count(DISTINCT monitor_id) FROM pings"


async def _ping(url: str, under_way: asyncio.Semaphore) -> int:
    """Ping over a connection of one's own until the answer is OK, as `curl --retry` does; return the tries."""
    tries = 0
    while True:
        tries += 1
        try:
            async with httpx.AsyncClient(timeout=60) as client:
                under_way.release()
                if (await client.post(url)).status_code == 200:
                    return tries
        except httpx.HTTPError:
            await asyncio.sleep(0.1)


@pytest.mark.parametrize("is_cut", [False, True], ids=["left alone", "with the API process killed"])
async def test_all_pings_of_a_burst_are_answered_and_stored(tocsin, is_cut) -> None:
    made = [await tocsin.graphql(CREATE, name=f"job {number}") for number in range(HEARTBEATS)]
    urls = [each["createMonitor"]["monitor"]["heartbeat"]["pingUrl"] for each in made]
    under_way = asyncio.Semaphore(0)

    pings = [asyncio.create_task(_ping(url, under_way)) for url in urls]
    for _ in range(HEARTBEATS // 2):
        await under_way.acquire()
    if is_cut:
        tocsin.kill("api")
    async with asyncio.timeout(120):
        tries = await asyncio.gather(*pings)

    assert all(tries)
    async with tocsin.database() as connection:
        assert await connection.fetchval(STORED) == HEARTBEATS
