"""What is owed is sent, at least once, in order, and marked: on real sockets and a real PostgreSQL."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from typing import NoReturn

import pytest

from core.db.database import Database
from core.deliveries import dispatch as dispatch_module
from core.deliveries.outbox import lease_deliveries
from core.ids import new_id
from core.plugin_registry import registry_of
from plugins.notifiers import webhook
from tests.core.alerting.receiver import Answer, Receiver
from tests.core.alerting.world import World, full_registry

FOUR = ["monitor.down", "incident.created", "incident.resolved", "monitor.up"]


async def test_a_webhook_gets_its_four_events_once_each_and_in_order(
    world: World, receiver: Receiver
) -> None:
    webhook_id = await world.add_webhook(receiver.url)
    incident_id = await world.fail()
    await world.recover(incident_id)

    await world.tell()

    assert receiver.events() == FOUR
    assert {(status, attempts) for _, _, status, attempts in await world.deliveries()} == {("DELIVERED", 1)}
    assert await world.rows("SELECT id, last_status, last_triggered_at FROM webhooks") == [
        (webhook_id, 200, world.clock.now())
    ]
    outcomes = [outcome for step, outcome, _ in await world.decisions(incident_id) if step == "DELIVERY"]
    assert outcomes == ["DELIVERED"] * 4


async def test_a_webhook_that_fails_gets_everything_in_order_when_it_is_back(
    world: World, receiver: Receiver
) -> None:
    await world.add_webhook(receiver.url)
    receiver.otherwise = Answer(status=503)
    await world.recover(await world.fail())
    await world.tell()
    assert receiver.events() == ["monitor.down"]

    for delay in (5, 10, 20):
        world.advance(delay)
        await world.tell()
    receiver.otherwise = Answer()
    world.advance(40)
    await world.tell()

    assert receiver.events() == ["monitor.down"] * 4 + FOUR
    assert len({each.headers["x-webhook-id"] for each in receiver.requests}) == 4
    assert len({each.body for each in receiver.requests[:5]}) == 1
    assert [attempts for *_, attempts in await world.deliveries()] == [5, 1, 1, 1]


async def test_an_attempt_that_fails_says_what_was_wrong_and_when_it_is_made_again(
    world: World, receiver: Receiver
) -> None:
    await world.add_webhook(receiver.url, events=["MONITOR_DOWN"])
    receiver.otherwise = Answer(status=500, headers={"Retry-After": "120"})
    await world.fail()

    await world.tell()

    row = await world.row("SELECT *, next_attempt_at - created_at AS pause FROM deliveries")
    assert (row["status"], row["status_code"], row["error"]) == ("PENDING", 500, "answered with HTTP 500")
    assert row["pause"].total_seconds() == 120
    assert row["leased_until"] is None
    assert row["may_be_received"] is False


@pytest.mark.parametrize("status", [400, 401, 410, 413, 422])
async def test_a_permanent_refusal_ends_at_once_and_the_next_message_follows(
    world: World, receiver: Receiver, status: int
) -> None:
    await world.add_webhook(receiver.url)
    receiver.answers.append(Answer(status=status))
    incident_id = await world.fail()

    await world.tell()

    assert [(event, end) for event, _, end, _ in await world.deliveries()] == [
        ("MONITOR_DOWN", "FAILED"),
        ("INCIDENT_CREATED", "DELIVERED"),
    ]
    failed = [reason for _, outcome, reason in await world.decisions(incident_id) if outcome == "FAILED"]
    assert failed == [f"gave up after attempt 1: answered with HTTP {status}"]


async def test_an_address_that_is_not_known_is_given_up_after_an_hour(
    world: World, receiver: Receiver
) -> None:
    await world.add_webhook(receiver.url, events=["MONITOR_DOWN"])
    receiver.otherwise = Answer(status=404)
    await world.fail()
    await world.tell()

    world.advance(3599)
    await world.send()
    assert (await world.deliveries())[0][2:] == ("PENDING", 2)
    world.advance(1)
    await world.send()
    assert (await world.deliveries())[0][2:] == ("FAILED", 3)


async def test_nobody_listening_is_given_up_after_a_day(world: World, receiver: Receiver) -> None:
    await world.add_webhook("http://127.0.0.1:1/in", events=["MONITOR_DOWN"])
    await world.fail()
    await world.route()

    for _ in range(200):
        await world.send()
        world.advance(1800)

    ((_, _, status, attempts),) = await world.deliveries()
    assert status == "FAILED"
    assert 20 < attempts < 80
    error = (await world.rows("SELECT error FROM deliveries"))[0][0]
    assert "connection refused" in error


async def test_redirects_are_not_followed(world: World, receiver: Receiver) -> None:
    await world.add_webhook(receiver.url, events=["MONITOR_DOWN"])
    receiver.otherwise = Answer(status=302, headers={"Location": f"{receiver.url}/elsewhere"})
    await world.fail()

    await world.tell()

    assert [each.path for each in receiver.requests] == ["/"]
    assert (await world.rows("SELECT error FROM deliveries"))[0][0] == (
        "answered with HTTP 302, and redirects are not followed"
    )


async def test_a_crash_between_sending_and_marking_sends_again_under_the_same_id(
    world: World, receiver: Receiver
) -> None:
    await world.add_webhook(receiver.url, events=["MONITOR_DOWN"])
    await world.fail()
    await world.route()
    receiver.may_answer.clear()
    await world.dispatcher.step()
    await receiver.arrived.wait()
    # The process is gone: nobody marks, and the receiver has the message.
    for task in list(world.dispatcher._under_way):
        task.cancel()
    await world.dispatcher.settle()
    receiver.may_answer.set()

    world.use(full_registry())
    await world.send()
    assert len(receiver.requests) == 1
    world.advance(31)
    await world.send()

    first, second = receiver.requests
    assert first.headers["x-webhook-id"] == second.headers["x-webhook-id"]
    assert first.body == second.body
    assert await world.deliveries() == [("MONITOR_DOWN", receiver.url, "DELIVERED", 2)]


async def test_what_was_sent_while_the_database_went_away_is_marked_when_it_is_back_and_not_sent_again(
    world: World, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatch_module, "MARK_AGAIN_AFTER_SECONDS", 0.01)
    await world.add_webhook(receiver.url, events=["MONITOR_DOWN"])
    await world.fail()
    await world.route()
    receiver.may_answer.clear()
    await world.dispatcher.step()
    await receiver.arrived.wait()
    acquire, attempts = world.database.acquire, 0

    def away() -> NoReturn:
        nonlocal attempts
        attempts += 1
        raise ConnectionRefusedError("nobody listens")

    monkeypatch.setattr(world.database, "acquire", away)
    receiver.may_answer.set()
    async with asyncio.timeout(30):
        while attempts < 3:
            await asyncio.sleep(0.01)
    monkeypatch.setattr(world.database, "acquire", acquire)
    world.advance(31)
    assert await world.dispatcher.step() == 0, "its lease has run out, and it is not marked yet"
    await world.dispatcher.settle()
    await world.send()

    assert len(receiver.requests) == 1
    assert await world.deliveries() == [("MONITOR_DOWN", receiver.url, "DELIVERED", 1)]


async def test_what_was_sent_while_others_held_its_row_is_marked_when_they_let_go_and_not_sent_again(
    world: World, receiver: Receiver, impatient_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatch_module, "MARK_AGAIN_AFTER_SECONDS", 0.01)
    await world.add_webhook(receiver.url, events=["MONITOR_DOWN"])
    await world.fail()
    await world.route()
    receiver.may_answer.clear()
    patient, world.database = world.database, impatient_database
    dispatcher = world.new_dispatcher()
    await dispatcher.step()
    await receiver.arrived.wait()
    async with patient.acquire() as holder, holder.transaction():
        await holder.execute("SELECT FROM deliveries FOR UPDATE")
        receiver.may_answer.set()
        async with asyncio.timeout(30):
            while not dispatcher._dispatch.unmarked:
                await asyncio.sleep(0.01)
    await dispatcher.settle()
    world.advance(31)
    await world.send()

    assert len(receiver.requests) == 1
    assert await world.deliveries() == [("MONITOR_DOWN", receiver.url, "DELIVERED", 1)]


async def test_two_dispatchers_never_send_the_same_message(world: World, receiver: Receiver) -> None:
    await world.add_webhook(receiver.url, events=["MONITOR_DOWN"])
    for number in range(40):
        monitor_id = new_id(world.clock.now())
        await world.add_monitor(monitor_id, f"Shop {number}")
        await world.fail(monitor_id=monitor_id, name=f"Shop {number}")
    await world.route()
    dispatchers = [world.new_dispatcher(at_once=5) for _ in range(3)]

    while any(await asyncio.gather(*(each.work_once() for each in dispatchers))):
        pass

    names = [each.json["monitor"]["name"] for each in receiver.requests]
    assert sorted(names) == sorted(f"Shop {number}" for number in range(40))


async def test_one_destination_that_hangs_does_not_keep_the_others_waiting(
    world: World, receiver: Receiver
) -> None:
    await world.add_webhook("http://127.0.0.1:1", events=["MONITOR_DOWN"], name="Dead")
    await world.add_webhook(receiver.url, events=["MONITOR_DOWN"], name="Alive")
    for number in range(30):
        monitor_id = new_id(world.clock.now())
        await world.add_monitor(monitor_id)
        await world.fail(monitor_id=monitor_id, name=f"Shop {number}")
    await world.route()

    async with world.database.acquire() as connection:
        leased = await lease_deliveries(connection, now=world.clock.now(), limit=20, share=8, busy=[])
        recipients = [each.recipient for each in leased]
        busy = [each.webhook_id for each in leased if each.recipient == "http://127.0.0.1:1"][:1]
        more = await lease_deliveries(connection, now=world.clock.now(), limit=20, share=8, busy=busy)

    assert recipients.count("http://127.0.0.1:1") == recipients.count(receiver.url) == 8
    assert {each.recipient for each in more} == {receiver.url}


async def test_people_get_the_reference_of_the_first_message_with_the_recovery(
    world: World, receiver: Receiver
) -> None:
    await world.add_pager(receiver.url, "ann", "bob")
    incident_id = await world.fail()
    await world.tell()
    world.advance(125)
    await world.recover(incident_id)
    await world.tell()

    told = sorted(
        (each.json for each in receiver.requests), key=lambda each: (each["recipient"], each["event"])
    )
    assert [(each["recipient"], each["event"], each["reference"]) for each in told] == [
        ("ann", "MONITOR_DOWN", None),
        ("ann", "MONITOR_UP", "thread of ann"),
        ("bob", "MONITOR_DOWN", None),
        ("bob", "MONITOR_UP", "thread of bob"),
    ]
    assert told[0]["summary"] == "Shop is down: HTTP 500 (INC-2026-0001)"
    assert told[1]["summary"] == "Shop is up again after 2 min 5 s (INC-2026-0001)"


async def test_a_failure_that_waits_for_its_retry_when_it_is_over_is_not_told_to_people(
    world: World, receiver: Receiver
) -> None:
    await world.add_pager(receiver.url, "ann")
    receiver.answers.append(Answer(status=500))
    incident_id = await world.fail()
    await world.tell()
    await world.recover(incident_id)
    # The alert engine has not seen the recovery yet: the dispatcher is faster.
    world.advance(60)
    await world.send()
    world.advance(1)
    await world.tell()

    assert [each.json["event"] for each in receiver.requests] == ["MONITOR_DOWN"]
    assert await world.deliveries() == [("MONITOR_DOWN", "ann", "SUPPRESSED", 1)]
    superseded = "superseded: the failure was over before its message was delivered"
    assert (await world.decisions(incident_id))[1:] == [
        ("DELIVERY", "DROP", superseded),
        ("ROUTE", "DROP", "ann: was not told of the failure"),
    ]


async def test_a_failure_under_way_when_it_is_over_is_followed_by_its_recovery(
    world: World, receiver: Receiver
) -> None:
    await world.add_pager(receiver.url, "ann")
    receiver.may_answer.clear()
    incident_id = await world.fail()
    await world.route()
    await world.dispatcher.step()
    await receiver.arrived.wait()
    await world.recover(incident_id)
    await world.route()
    receiver.may_answer.set()
    await world.dispatcher.settle()
    await world.send()

    assert [each.json["event"] for each in receiver.requests] == ["MONITOR_DOWN", "MONITOR_UP"]


async def test_a_failure_under_way_that_is_refused_takes_its_recovery_with_it(
    world: World, receiver: Receiver
) -> None:
    await world.add_pager(receiver.url, "ann")
    receiver.may_answer.clear()
    receiver.answers.append(Answer(status=503))
    incident_id = await world.fail()
    await world.route()
    await world.dispatcher.step()
    await receiver.arrived.wait()
    await world.recover(incident_id)
    await world.route()
    receiver.may_answer.set()
    await world.dispatcher.settle()
    world.advance(60)
    await world.send()

    assert [each.json["event"] for each in receiver.requests] == ["MONITOR_DOWN"]
    assert await world.deliveries() == [
        ("MONITOR_DOWN", "ann", "SUPPRESSED", 1),
        ("MONITOR_UP", "ann", "SUPPRESSED", 0),
    ]


async def test_a_webhook_that_was_switched_off_gets_nothing_more(world: World, receiver: Receiver) -> None:
    await world.add_webhook(receiver.url)
    incident_id = await world.fail()
    await world.route()
    await world.execute("UPDATE webhooks SET is_active = false")

    world.advance(1)
    await world.send()

    assert receiver.requests == []
    assert {status for _, _, status, _ in await world.deliveries()} == {"SUPPRESSED"}
    assert (await world.decisions(incident_id))[-1] == ("DELIVERY", "DROP", "its destination is not active")


async def test_a_deleted_channel_gets_nothing_more(world: World, receiver: Receiver) -> None:
    await world.add_channel("webhook", {"url": receiver.url, "headers": []})
    await world.fail()
    await world.route()
    await world.execute("UPDATE channels SET deleted_at = created_at")

    await world.send()

    assert receiver.requests == []
    assert [status for _, _, status, _ in await world.deliveries()] == ["SUPPRESSED"]


async def test_a_kind_that_is_not_loaded_loses_nothing(world: World, receiver: Receiver) -> None:
    await world.add_pager(receiver.url, "ann", "bob")
    await world.add_channel("webhook", {"url": f"{receiver.url}/machine", "headers": []})
    world.use(registry_of(webhook))
    incident_id = await world.fail()
    await world.tell()
    for _ in range(3 * 24):
        world.advance(3600)
        await world.send()

    row = await world.row("SELECT * FROM deliveries WHERE recipient = ''")
    assert (row["status"], row["attempts"], row["error"]) == (
        "PENDING",
        0,
        "notifier kind pager is not loaded",
    )
    assert receiver.events() == ["monitor.down"]

    world.use(full_registry())
    world.advance(301)
    await world.send()
    world.advance(1)
    await world.recover(incident_id)
    await world.tell()

    told = [
        (each["recipient"], each["event"])
        for each in (r.json for r in receiver.requests)
        if "recipient" in each
    ]
    assert sorted(told) == [
        ("ann", "MONITOR_DOWN"),
        ("ann", "MONITOR_UP"),
        ("bob", "MONITOR_DOWN"),
        ("bob", "MONITOR_UP"),
    ]


async def test_what_a_notifier_raises_is_a_passing_failure_that_may_have_been_received(
    world: World, receiver: Receiver
) -> None:
    await world.add_pager(receiver.url, "no such\npath")
    await world.fail()

    await world.tell()

    row = await world.row("SELECT status, error, may_be_received FROM deliveries")
    assert row["status"] == "PENDING"
    assert "InvalidURL" in row["error"]
    assert row["may_be_received"] is True


@pytest.fixture
async def resetting_url() -> AsyncIterator[str]:
    """A server that reads each request and resets the connection instead of answering."""

    async def reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.transport.abort()

    server = await asyncio.start_server(reset, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


@pytest.mark.parametrize("destination", ["channel", "webhook"])
async def test_a_message_whose_connection_broke_after_it_was_sent_may_have_been_received(
    world: World, resetting_url: str, destination: str
) -> None:
    if destination == "channel":
        await world.add_pager(resetting_url, "ann")
    else:
        await world.add_webhook(resetting_url, events=["MONITOR_DOWN"])
    await world.fail()

    await world.tell()

    row = await world.row("SELECT status, error, may_be_received FROM deliveries")
    assert tuple(row)[0::2] == ("PENDING", True)
    assert "connection" in row["error"]


async def test_a_message_that_nobody_listened_for_was_not_received(world: World) -> None:
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        await world.add_pager(f"http://127.0.0.1:{unheard.getsockname()[1]}", "ann")
        await world.fail()

        await world.tell()

    row = await world.row("SELECT status, error, may_be_received FROM deliveries")
    assert tuple(row)[0::2] == ("PENDING", False)
    assert "connection refused" in row["error"]


async def test_sends_under_way_are_finished_at_a_stop(world: World, receiver: Receiver) -> None:
    await world.add_webhook(receiver.url, events=["MONITOR_DOWN"])
    await world.fail()
    await world.route()
    receiver.may_answer.clear()
    stopping = asyncio.Event()
    running = asyncio.create_task(world.dispatcher.run(stopping))
    await receiver.arrived.wait()
    stopping.set()
    receiver.may_answer.set()
    async with asyncio.timeout(10):
        await running

    assert [status for _, _, status, _ in await world.deliveries()] == ["DELIVERED"]


async def test_sends_that_take_too_long_at_a_stop_are_given_back(world: World, receiver: Receiver) -> None:
    await world.add_webhook(receiver.url, events=["MONITOR_DOWN"])
    await world.fail()
    await world.route()
    receiver.may_answer.clear()
    stopping = asyncio.Event()
    dispatcher = world.new_dispatcher(stop_within_seconds=0.05)
    running = asyncio.create_task(dispatcher.run(stopping))
    await receiver.arrived.wait()
    stopping.set()
    async with asyncio.timeout(10):
        await running
    row = await world.row("SELECT status, leased_until, may_be_received, attempts FROM deliveries")
    assert tuple(row) == ("PENDING", None, True, 0)

    receiver.may_answer.set()
    await world.send()
    assert [status for _, _, status, _ in await world.deliveries()] == ["DELIVERED"]
