"""A regression is told to people and to webhooks, from the sweep to the message, and so is its end."""

from __future__ import annotations

import pytest

from core.db.database import Database
from core.ids import Prefix, encode_id
from core.incidents.by_hand import resolve_by_hand
from core.incidents.listeners import Listeners
from core.incidents.transition import incident_number
from core.regressions.sweep import RegressionSweep
from tests.core.alerting.receiver import receiving
from tests.core.alerting.world import World
from tests.core.regressions.conftest import USUAL_MS, Track

SLOWER = "a door has become slower: 200 ms instead of 100 ms"


@pytest.fixture
async def teller(track: Track, database: Database) -> World:
    """The alert engine and the dispatcher of the monitors' workspace."""
    made = World(database, track.world.clock)
    made.workspace_id = track.world.workspace_id
    await made.execute(
        "INSERT INTO workspaces (id, name, owner_id, plan, created_at) VALUES ($1, 'Acme', $1, 'FREE', $2)",
        made.workspace_id,
        track.world.clock.now(),
    )
    return made


async def test_people_and_webhooks_are_told_of_a_regression_and_of_its_end(
    track: Track, teller: World
) -> None:
    async with receiving() as receiver:
        await teller.add_pager(f"{receiver.url}/pager", "ann")
        await teller.add_webhook(f"{receiver.url}/hook")
        monitor = await track.monitor(kind="site", config={"url": "https://shop.example"})
        await track.usual(monitor)
        await track.each(monitor, 7, 200)
        await teller.tell()
        await track.each(monitor, 7, USUAL_MS)
        await teller.tell()

    assert [(each.path, each.json["event"]) for each in receiver.requests] == [
        ("/pager/ann", "REGRESSION"),
        ("/hook", "incident.created"),
        ("/pager/ann", "RECOVERED"),
        ("/hook", "incident.resolved"),
    ]
    told, hooked, ended, _ = (each.json for each in receiver.requests)
    [incident] = await track.world.incidents(monitor)
    number = incident_number(incident["year"], incident["number"])
    assert told["summary"] == f"{SLOWER} ({number})"
    assert ended["summary"] == f"a door has recovered after 35 min ({number})"
    assert hooked["monitor"]["status"] == "UP"
    assert hooked["monitor"]["id"] == encode_id(Prefix.MONITOR, monitor)


async def test_who_was_told_is_told_why_it_was_closed(track: Track, teller: World) -> None:
    async with receiving() as receiver:
        await teller.add_pager(f"{receiver.url}/pager", "ann")
        monitor = await track.monitor(kind="site", config={"url": "https://shop.example"})
        await track.usual(monitor)
        await track.each(monitor, 7, 200)
        await teller.tell()
        [incident] = await track.world.incidents(monitor)
        async with track.world.database.transaction() as connection:
            await resolve_by_hand(
                connection,
                track.world.workspace_id,
                incident["id"],
                actor_id=None,
                now=track.world.clock.now(),
            )
        await teller.tell()

    assert receiver.requests[-1].json["summary"].startswith("a door: incident closed, resolved by hand")


async def test_a_sweep_wakes_whoever_tells_of_what_it_found(track: Track) -> None:
    woken: list[str] = []
    listeners = Listeners(
        on_transitions=lambda: woken.append("alerts"), on_events=lambda: woken.append("events")
    )
    monitor = await track.monitor()
    await track.usual(monitor)
    await track.looks(monitor, 7, 200)
    sweep = RegressionSweep(database=track.world.database, clock=track.world.clock, listeners=listeners)

    await sweep.step()
    await sweep.step()

    assert woken == ["alerts", "events"]
