"""Transitions become decisions and deliveries, in order, once, and in spite of each other's faults."""

from __future__ import annotations

import asyncio
import logging

import pytest

from core.alerting.engine import AlertEngine
from core.alerting.inbox import lease_transitions
from core.clock import ManualClock
from core.db.database import Database
from core.ids import new_id
from core.incidents.transition import Resolution
from plugins.api.outcome import IncidentKind
from tests.core.alerting.world import World
from tests.core.deadlock import Deadlock, Row


async def test_a_failure_is_owed_to_every_destination_and_each_has_a_decision(world: World) -> None:
    await world.add_pager("http://pager.example", "ann", "bob")
    await world.add_webhook("https://hook.example/in?key=secret", events=["MONITOR_DOWN"])
    incident_id = await world.fail()

    await world.route()

    assert await world.deliveries() == [
        ("MONITOR_DOWN", "ann", "PENDING", 0),
        ("MONITOR_DOWN", "bob", "PENDING", 0),
        ("MONITOR_DOWN", "https://hook.example/in", "PENDING", 0),
    ]
    assert await world.decisions(incident_id) == [
        ("ROUTE", "NOTIFY", "ann: every active channel is told: the project has no alert policy"),
        ("ROUTE", "NOTIFY", "bob: every active channel is told: the project has no alert policy"),
        ("ROUTE", "NOTIFY", "the webhook subscribes to monitor.down"),
        ("ROUTE", "DROP", "the webhook does not subscribe to incident.created"),
    ]
    assert await world.rows("SELECT kind, message FROM incident_events ORDER BY id") == [
        ("NOTIFIED", "channel Pager"),
        ("NOTIFIED", "webhook Hook"),
    ]


async def test_every_wanted_decision_names_its_delivery(world: World) -> None:
    await world.add_pager("http://pager.example", "ann", "bob")
    await world.add_webhook("https://hook.example")
    await world.fail()

    await world.route()

    named = await world.rows("SELECT delivery_id FROM alert_decisions ORDER BY delivery_id")
    assert named == await world.rows("SELECT id FROM deliveries ORDER BY id")


async def test_lists_by_id_show_the_messages_of_a_change_in_their_order(world: World) -> None:
    await world.add_webhook("https://hook.example")
    incident_id = await world.fail()
    await world.route()
    world.advance(1)
    await world.recover(incident_id)
    await world.route()

    assert await world.rows("SELECT event FROM deliveries ORDER BY id") == [
        ("MONITOR_DOWN",),
        ("INCIDENT_CREATED",),
        ("INCIDENT_RESOLVED",),
        ("MONITOR_UP",),
    ]
    assert await world.rows("SELECT id FROM deliveries ORDER BY id") == await world.rows(
        "SELECT id FROM deliveries ORDER BY position"
    )


async def test_a_round_takes_only_the_earliest_transition_of_each_monitor(world: World) -> None:
    other = new_id(world.clock.now())
    await world.add_monitor(other, "Blog")
    await world.recover(await world.fail())
    await world.fail(monitor_id=other)

    assert await world.engine.step() == 2
    assert await world.rows("SELECT kind, done_at IS NULL FROM transitions ORDER BY position") == [
        ("OPENED", False),
        ("RESOLVED", True),
        ("OPENED", False),
    ]
    assert await world.engine.step() == 1
    assert await world.engine.step() == 0


async def test_a_transition_leased_by_an_engine_that_died_is_taken_when_the_lease_is_over(
    world: World,
) -> None:
    await world.add_webhook("https://hook.example")
    await world.fail()
    async with world.database.acquire() as connection:
        assert len(await lease_transitions(connection, now=world.clock.now(), limit=10)) == 1

    assert await world.engine.step() == 0
    world.advance(16)
    assert await world.engine.step() == 1
    assert len(await world.deliveries()) == 2


async def test_the_same_transition_routed_by_two_engines_is_told_once(world: World) -> None:
    await world.add_webhook("https://hook.example")
    await world.fail()
    async with world.database.acquire() as connection:
        (leased,) = await lease_transitions(connection, now=world.clock.now(), limit=10)
    engines = [
        AlertEngine(database=world.database, registry=world.registry, clock=world.clock) for _ in range(4)
    ]

    await asyncio.gather(*(engine._route(leased) for engine in engines))

    assert len(await world.deliveries()) == 2
    assert await world.rows("SELECT count(*) FROM alert_decisions") == [(2,)]


async def test_a_change_routed_again_after_its_mark_was_lost_adds_nothing(world: World) -> None:
    await world.add_pager("http://pager.example", "ann")
    await world.add_webhook("https://hook.example")
    await world.fail()
    await world.route()
    before = await world.deliveries()
    await world.execute("UPDATE transitions SET done_at = NULL")

    await world.route()

    assert await world.deliveries() == before


async def test_a_change_that_meets_a_deadlock_is_routed_once_and_at_once(
    world: World, database_dsn: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    await world.add_webhook("http://127.0.0.1:1/in")
    incident_id = await world.fail()
    await world.route()
    await world.recover(incident_id)
    [(resolved,)] = await world.rows("SELECT id FROM transitions WHERE done_at IS NULL")
    (down,), (created,) = await world.rows("SELECT id FROM deliveries ORDER BY position")
    in_a_circle = Deadlock(
        first=Row("transitions", "id", resolved),
        gate=Row("deliveries", "id", down),
        last=Row("deliveries", "id", created),
    )

    taken = await in_a_circle.strike(world.database, database_dsn, world.engine.step)

    assert taken == 1
    assert await world.rows("SELECT id FROM transitions WHERE done_at IS NULL") == []
    owed = [event for event, *_ in await world.deliveries()]
    assert owed == ["MONITOR_DOWN", "INCIDENT_CREATED", "INCIDENT_RESOLVED", "MONITOR_UP"]
    assert "transaction.repeats" in {record.message for record in caplog.records}


async def test_a_poisoned_transition_stalls_its_own_monitor_and_nobody_else(
    world: World, database: Database, clock: ManualClock
) -> None:
    other = World(database, clock)
    await other.build()
    await other.add_webhook("https://other.example")
    await world.add_webhook("https://hook.example")
    await world.fail()
    await world.execute("UPDATE transitions SET details = '{}'")
    await world.fail(IncidentKind.DEGRADED)
    await other.fail()

    await world.route()

    assert await world.rows("SELECT recipient FROM deliveries") == [("https://other.example",)] * 2
    assert await world.rows(
        "SELECT done_at IS NULL FROM transitions WHERE workspace_id = $1", world.workspace_id
    ) == [
        (True,),
        (True,),
    ]


async def test_a_poisoned_transition_is_tried_again_ever_more_rarely(world: World) -> None:
    await world.fail()
    await world.execute("UPDATE transitions SET details = '{}'")
    rounds = []
    for _ in range(600):
        rounds.append(await world.engine.step())
        world.advance(1)

    assert 5 <= sum(rounds) <= 12


async def test_a_workspace_whose_webhook_is_poisoned_is_served_once_it_is_mended(world: World) -> None:
    webhook_id = await world.add_webhook("https://hook.example")
    await world.execute("UPDATE webhooks SET events = ARRAY['NEVER_HEARD_OF']")
    await world.fail()
    await world.route()
    assert await world.deliveries() == []

    await world.execute("UPDATE webhooks SET events = ARRAY['MONITOR_DOWN'] WHERE id = $1", webhook_id)
    world.advance(2)
    await world.route()

    assert [event for event, *_ in await world.deliveries()] == ["MONITOR_DOWN"]


async def test_a_channel_whose_kind_is_not_loaded_is_owed_the_message_all_the_same(world: World) -> None:
    await world.add_channel("carrierPigeon", {})
    incident_id = await world.fail()

    await world.route()

    assert await world.deliveries() == [("MONITOR_DOWN", "", "PENDING", 0)]
    assert [outcome for _, outcome, _ in await world.decisions(incident_id)] == ["NOTIFY"]


async def test_a_recovery_before_the_failure_was_sent_supersedes_it_for_people(world: World) -> None:
    await world.add_pager("http://pager.example", "ann")
    incident_id = await world.fail()
    await world.route()
    world.advance(1)
    await world.recover(incident_id)

    await world.route()

    assert await world.deliveries() == [("MONITOR_DOWN", "ann", "SUPPRESSED", 0)]
    reason = "ann: superseded: the failure was over before its message was delivered"
    assert (await world.decisions(incident_id))[-1] == ("ROUTE", "DROP", reason)
    assert (await world.rows("SELECT kind FROM incident_events ORDER BY at, id"))[-1] == ("WITHHELD",)


async def test_it_works_until_it_is_stopped(world: World) -> None:
    await world.add_webhook("https://hook.example")
    stopping = asyncio.Event()
    running = asyncio.create_task(world.engine.run(stopping))
    await world.fail()
    world.engine.wakeup.set()

    async with asyncio.timeout(10):
        while len(await world.deliveries()) < 2:
            await asyncio.sleep(0.01)
        stopping.set()
        await running


async def test_a_database_that_is_away_is_waited_out(world: World) -> None:
    await world.add_webhook("https://hook.example")
    stopping = asyncio.Event()
    running = asyncio.create_task(world.engine.run(stopping))
    async with world.database.acquire() as connection:
        await connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    await world.fail()
    world.engine.wakeup.set()

    async with asyncio.timeout(10):
        while len(await world.deliveries()) < 2:
            await asyncio.sleep(0.01)
        stopping.set()
        await running


@pytest.mark.parametrize("resolution", [Resolution.DELETED, Resolution.CHANGED])
async def test_an_incident_that_ends_with_its_monitor_is_told_to_whom_was_told_of_it(
    world: World, resolution: Resolution
) -> None:
    await world.add_pager("http://pager.example", "ann")
    incident_id = await world.fail()
    await world.route()
    await world.execute("UPDATE deliveries SET status = 'DELIVERED'")
    await world.add_pager("http://late.example", "cyd")
    await world.recover(incident_id, resolution)

    await world.route()

    assert [(event, recipient) for event, recipient, _, _ in await world.deliveries()] == [
        ("MONITOR_DOWN", "ann"),
        ("MONITOR_UP", "ann"),
    ]
    body = (await world.rows("SELECT body FROM deliveries ORDER BY position DESC LIMIT 1"))[0][0]
    assert "Shop: incident closed, the monitor was" in body
