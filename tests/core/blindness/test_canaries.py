"""Canaries are asked all at once, over real sockets, and one that answers is enough."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from core.blindness.canaries import Canaries
from core.blindness.canary_targets import canary_targets
from core.blindness.connectivity import Connectivity
from core.blindness.known_up import KnownUp
from core.blindness.known_up_reading import learn_known_up
from core.clock import ManualClock
from core.db.database import Database
from plugins.api.outbound import Outbound, Resolver
from plugins.api.outcome import CheckStatus, Outcome
from tests.core.blindness.conftest import Site
from tests.core.engine_world import EngineWorld

HOSTS = [f"site-{number}.example" for number in range(6)]


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    made = Site()
    made.open()
    await made.is_open()
    yield made
    await made.is_open()
    made.shut()


@pytest.fixture
async def silence() -> AsyncIterator[int]:
    """A port that takes connections and never says anything."""
    over = asyncio.Event()

    async def hang(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await over.wait()
        writer.close()

    server = await asyncio.start_server(hang, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1]
    over.set()
    server.close()
    await server.wait_closed()


def canaries(text: str) -> Canaries:
    resolver = Resolver(hosts=Path("/dev/null"), servers=[])
    return Canaries(canary_targets(text), Outbound(resolver=resolver))


async def test_one_that_answers_is_enough_and_the_others_are_not_waited_for(site: Site, silence: int) -> None:
    asked = canaries(f"nowhere.example:1,http://127.0.0.1:{silence}/,127.0.0.1:{site.port}")

    assert await asked.any_answers()


async def test_a_page_answers_whatever_its_status(site: Site) -> None:
    assert await canaries(f"http://127.0.0.1:{site.port}/").any_answers()


async def test_none_that_answers_is_no_answer(
    site: Site, silence: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.blindness.canaries.ANSWER_WITHIN_SECONDS", 0.2)
    site.shut()

    asked = canaries(f"127.0.0.1:{site.port},http://127.0.0.1:{silence}/,169.254.169.254:80")
    assert not await asked.any_answers()


async def never(_monitor_id: UUID) -> Outcome | None:
    return None


async def up(_monitor_id: UUID) -> Outcome | None:
    return Outcome(status=CheckStatus.UP)


def all_up() -> tuple[KnownUp, list[UUID]]:
    known, monitors = KnownUp(), [uuid4() for _ in HOSTS]
    for monitor_id, host in zip(monitors, HOSTS, strict=True):
        known.reached(monitor_id, host)
    return known, monitors


async def test_what_is_held_at_the_end_stands(silence: int) -> None:
    known, monitors = all_up()
    connectivity = Connectivity(canaries(f"http://127.0.0.1:{silence}/"), known_up=known)
    stopping = asyncio.Event()
    running = asyncio.create_task(connectivity.run(stopping))
    await asyncio.sleep(0)
    held = asyncio.ensure_future(connectivity.is_ours(monitors[0], HOSTS[0], 0.0, never))
    await asyncio.sleep(0)

    stopping.set()
    await running

    assert await held is False
    assert await connectivity.is_ours(monitors[1], HOSTS[1], 0.0, never) is False


async def test_a_failure_that_cannot_be_judged_stands(site: Site) -> None:
    site.shut()
    known, monitors = all_up()
    connectivity = Connectivity(canaries(f"127.0.0.1:{site.port}"), known_up=known)
    stopping = asyncio.Event()
    running = asyncio.create_task(connectivity.run(stopping))
    await asyncio.sleep(0)

    async def breaks(_monitor_id: UUID) -> Outcome | None:
        raise RuntimeError("a plugin's")

    assert await connectivity.is_ours(monitors[0], HOSTS[0], 0.0, breaks) is False
    assert monitors[0] not in known
    stopping.set()
    await running


async def test_where_others_cannot_be_looked_at_their_own_looks_are_waited_for(site: Site) -> None:
    site.shut()
    known, monitors = all_up()
    connectivity = Connectivity(canaries(f"127.0.0.1:{site.port}"), known_up=known)
    stopping = asyncio.Event()
    running = asyncio.create_task(connectivity.run(stopping))
    await asyncio.sleep(0)
    held = asyncio.ensure_future(connectivity.is_ours(monitors[0], HOSTS[0], 0.0, never))
    for monitor_id, host in list(zip(monitors, HOSTS, strict=True))[1:]:
        await asyncio.sleep(0.01)
        connectivity.reached(monitor_id, host)

    assert await held is False
    stopping.set()
    await running


async def test_what_was_up_is_read_at_the_start_but_not_what_is_on_this_machine(
    database: Database, clock: ManualClock
) -> None:
    world = EngineWorld(database=database, clock=clock)
    await world.prepare()
    known = KnownUp()
    hosts = ["shop.example", "localhost", "gone.example", "paused.example"]
    monitors = {host: await world.monitor() for host in hosts}
    for host, monitor_id in monitors.items():
        await world.fetch("UPDATE monitors SET host = $2 WHERE id = $1", monitor_id, host)
        status = CheckStatus.DOWN if host == "gone.example" else CheckStatus.UP
        await world.look(monitor_id, status)
    await world.fetch(
        "UPDATE monitors SET paused_at = $2 WHERE id = $1", monitors["paused.example"], world.clock.now()
    )

    await learn_known_up(world.database, 1, known)

    assert [host for host, monitor_id in monitors.items() if monitor_id in known] == ["shop.example"]


async def test_a_worker_starts_without_that_knowledge_if_the_database_is_away(database: Database) -> None:
    known = KnownUp()
    await database.close()

    await learn_known_up(database, 1, known)

    assert known.hosts_but() == 0
