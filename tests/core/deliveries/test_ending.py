"""What is still owed when a monitor is deleted."""

from __future__ import annotations

from core.deliveries.ending import end_monitor_failures
from core.incidents.transition import Resolution
from tests.core.alerting.receiver import Receiver
from tests.core.alerting.world import World


async def delete_monitor(world: World) -> None:
    async with world.database.transaction() as connection:
        await end_monitor_failures(connection, world.workspace_id, world.monitor_id)


async def test_a_failure_that_nobody_was_told_of_ends_with_its_monitor(
    world: World, receiver: Receiver
) -> None:
    await world.add_webhook(receiver.url)
    incident_id = await world.fail()
    await world.route()
    await delete_monitor(world)
    await world.recover(incident_id, Resolution.DELETED)
    await world.tell()

    assert receiver.requests == []
    assert {status for _, _, status, _ in await world.deliveries()} == {"SUPPRESSED"}


async def test_who_was_told_of_the_failure_is_told_of_its_end(world: World, receiver: Receiver) -> None:
    await world.add_webhook(receiver.url)
    incident_id = await world.fail()
    await world.tell()
    await delete_monitor(world)
    await world.recover(incident_id, Resolution.DELETED)
    await world.tell()

    assert receiver.events() == ["monitor.down", "incident.created", "incident.resolved", "monitor.up"]
