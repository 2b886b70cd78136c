"""A monitor that goes down again and again is told to people once, and its final state when it is calm."""

from __future__ import annotations

import pytest

from core.incidents.transition import Resolution
from tests.core.alerting.receiver import Answer, Receiver
from tests.core.alerting.world import World


async def outage(world: World, *, resolution: Resolution = Resolution.RECOVERED) -> None:
    """Let the monitor fail for a minute and be well for a minute, and tell of both."""
    incident_id = await world.fail()
    await world.tell()
    world.advance(60)
    await world.recover(incident_id, resolution)
    await world.tell()
    world.advance(60)


async def calm_down(world: World) -> None:
    world.advance(15 * 60)
    await world.fire_timers()
    await world.tell()


def told(receiver: Receiver) -> list[tuple[str, bool]]:
    """Return each event that a person got, and whether it spoke of flapping."""
    return [(each.json["event"], "flapping" in each.json["summary"]) for each in receiver.requests]


async def is_flapping(world: World) -> bool:
    return (await world.rows("SELECT is_flapping FROM monitor_states"))[0][0]


THREE_PAIRS = [("MONITOR_DOWN", False), ("MONITOR_UP", False)] * 3


async def test_ten_outages_wake_people_for_three_and_then_once_more_and_for_the_end(
    world: World, receiver: Receiver
) -> None:
    await world.add_pager(receiver.url)
    for _ in range(10):
        await outage(world)
    assert await is_flapping(world)
    assert told(receiver) == [*THREE_PAIRS, ("MONITOR_DOWN", True)]

    await calm_down(world)

    assert told(receiver) == [*THREE_PAIRS, ("MONITOR_DOWN", True), ("MONITOR_UP", False)]
    assert not await is_flapping(world)
    assert await world.rows("SELECT count(*) FROM timers") == [(0,)]


async def test_machines_and_webhooks_get_every_message(world: World, receiver: Receiver) -> None:
    await world.add_webhook(receiver.url)
    await world.add_channel("webhook", {"url": f"{receiver.url}/channel", "headers": []})
    for _ in range(6):
        await outage(world)
    await calm_down(world)

    pair = ["monitor.down", "incident.created", "incident.resolved", "monitor.up"]
    assert receiver.events("/") == pair * 6
    assert receiver.events("/channel") == ["monitor.down", "monitor.up"] * 6


async def test_a_monitor_that_stays_down_in_the_end_is_told_as_down_and_later_as_up(
    world: World, receiver: Receiver
) -> None:
    await world.add_pager(receiver.url)
    for _ in range(5):
        await outage(world)
    last = await world.fail()
    await world.tell()
    await calm_down(world)
    assert told(receiver)[6:] == [("MONITOR_DOWN", True), ("MONITOR_DOWN", False)]

    await world.recover(last)
    await world.tell()

    assert told(receiver)[8:] == [("MONITOR_UP", False)]


async def test_who_knows_of_the_outage_that_stays_is_not_told_again(world: World, receiver: Receiver) -> None:
    await world.add_pager(receiver.url)
    for _ in range(3):
        await outage(world)
    last = await world.fail()
    await world.tell()
    await calm_down(world)
    await world.recover(last)
    await world.tell()

    assert told(receiver)[6:] == [("MONITOR_DOWN", True), ("MONITOR_UP", False)]


async def test_the_end_is_put_off_by_each_change(world: World, receiver: Receiver) -> None:
    await world.add_pager(receiver.url)
    for _ in range(5):
        await outage(world)
    world.advance(13 * 60)
    await world.fire_timers()
    assert await is_flapping(world)
    await outage(world)
    world.advance(13 * 60)
    await world.fire_timers()
    assert await is_flapping(world)
    world.advance(60)
    await world.fire_timers()

    assert not await is_flapping(world)


async def test_the_end_waits_for_a_change_that_nobody_has_routed_yet(
    world: World, receiver: Receiver
) -> None:
    await world.add_pager(receiver.url)
    for _ in range(5):
        await outage(world)
    world.advance(15 * 60)
    await world.fail()

    await world.fire_timers()

    assert await is_flapping(world)
    assert await world.rows("SELECT due_at FROM timers") > [(world.clock.now(),)]


async def test_who_missed_the_flapping_message_gets_it_with_the_next_outage(
    world: World, receiver: Receiver
) -> None:
    await world.add_pager(receiver.url)
    for _ in range(3):
        await outage(world)
    receiver.otherwise = Answer(status=503)
    await outage(world)
    receiver.otherwise = Answer()
    received = len(receiver.requests)
    await outage(world)

    assert told(receiver)[received:] == [("MONITOR_DOWN", True)]


async def test_four_outages_in_more_than_an_hour_do_not_flap(world: World, receiver: Receiver) -> None:
    await world.add_pager(receiver.url)
    for _ in range(6):
        await outage(world)
        world.advance(20 * 60)

    assert not await is_flapping(world)
    assert len(receiver.requests) == 12


async def test_a_withheld_message_is_decided_and_shown_in_the_timeline(
    world: World, receiver: Receiver
) -> None:
    await world.add_pager(receiver.url)
    for _ in range(5):
        await outage(world)

    steps = await world.rows("SELECT step, outcome FROM alert_decisions WHERE step <> 'DELIVERY' ORDER BY at")
    assert steps[6:] == [
        ("FLAPPING", "NOTIFY"),
        ("FLAPPING", "HOLD"),
        ("FLAPPING", "DROP"),
        ("ROUTE", "DROP"),
    ]
    shown = await world.rows("SELECT kind FROM incident_events ORDER BY at")
    assert [kind for (kind,) in shown] == [*["NOTIFIED"] * 7, "WITHHELD", "WITHHELD"]


async def test_subscribers_hear_when_flapping_begins_and_ends(world: World, receiver: Receiver) -> None:
    for _ in range(5):
        await outage(world)
    await calm_down(world)

    assert (
        await world.rows("SELECT subject, subject_id, change, status FROM events")
        == [("MONITOR", world.monitor_id, "UPDATED", 1)] * 2
    )


@pytest.mark.parametrize("resolution", [Resolution.DELETED, Resolution.CHANGED])
async def test_a_flapping_monitor_that_is_gone_ends_for_those_who_were_told(
    world: World, receiver: Receiver, resolution: Resolution
) -> None:
    await world.add_pager(receiver.url)
    for _ in range(3):
        await outage(world)
    await outage(world, resolution=resolution)
    await world.execute("UPDATE monitors SET deleted_at = created_at")

    await calm_down(world)

    assert [event for event, _ in told(receiver)[6:]] == ["MONITOR_DOWN", "MONITOR_UP"]
