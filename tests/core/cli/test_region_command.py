"""`tocsin region`: what an operator is shown, and what he may tell."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import pytest

from core.cli import main
from core.clock import ManualClock
from core.db.database import Database
from core.ids import new_id
from core.scheduling.leases import Claimant
from core.scheduling.presence import Presence, ensure_region
from tests.core.engine_world import EngineWorld

Command = Callable[..., Awaitable[tuple[int, list[str]]]]


@pytest.fixture
def region(database_dsn: str, capsys: pytest.CaptureFixture[str]) -> Command:
    """`await region("list")`: the exit code, and the lines on standard output and error."""

    async def run(*words: str) -> tuple[int, list[str]]:
        code = await asyncio.to_thread(main, ["region", *words, "--database-url", database_dsn])
        told = capsys.readouterr()
        return code, (told.out + told.err).splitlines()

    return run


async def test_without_a_region_it_says_how_to_get_one(region: Command) -> None:
    assert await region("list") == (0, ["there is no region yet: start a worker"])


async def test_each_region_is_shown_with_its_workers_monitors_and_place(
    region: Command, database: Database
) -> None:
    clock = ManualClock(datetime.now(UTC))
    world = EngineWorld(database=database, clock=clock)
    for key in ("eu", "local", "us"):
        async with database.acquire() as connection:
            region_id = await ensure_region(connection, key, clock)
        for _ in range({"eu": 2}.get(key, 1)):
            claimant = Claimant(region_id=region_id, worker_id=new_id(clock.now()))
            await Presence(database=database, clock=clock, claimant=claimant).arrive()
    await world.monitor(regions=(1, 3))
    await world.monitor(regions=(1,))
    last_seen = datetime(2026, 11, 21, 8, tzinfo=UTC)
    await world.fetch("UPDATE workers SET seen_at = $1 WHERE region_id <> 1", last_seen)
    await world.fetch("UPDATE regions SET absent_since = $1 WHERE id = 3", last_seen)

    assert await region(
        *("set", "eu", "--city", "Frankfurt", "--country", "Germany", "--country-code", "de"),
        *("--latitude", "50.11", "--longitude", "-8.68"),
    ) == (0, ["eu: Frankfurt, Germany (DE), 50.11, -8.68"])
    assert await region("list") == (
        0,
        [
            "eu: 2 workers, 2 monitors; Frankfurt, Germany (DE), 50.11, -8.68",
            "local: no worker since 2026-11-21 08:00:00 UTC, 0 monitors",
            "us: no worker since 2026-11-21 08:00:00 UTC (takes no part), 1 monitor",
        ],
    )


async def test_a_region_may_be_described_before_its_first_worker(region: Command) -> None:
    assert await region("set", "eu") == (0, ["eu: somewhere"])
    assert await region("set", "eu", "--country-code", "FR") == (0, ["eu: FR"])
    assert await region("list") == (0, ["eu: no worker (takes no part), 0 monitors; FR"])


async def test_everything_wrong_is_told_and_nothing_is_stored(region: Command) -> None:
    assert await region("set", "EU", "--country-code", "Germany", "--latitude", "91") == (
        2,
        [
            "tocsin: KEY must be 1 to 40 lower-case letters, digits and inner hyphens",
            "tocsin: --country-code must be two letters of ISO 3166-1, such as DE",
            "tocsin: --latitude must be a number of degrees from -90 to 90",
        ],
    )
    assert await region("list") == (0, ["there is no region yet: start a worker"])
