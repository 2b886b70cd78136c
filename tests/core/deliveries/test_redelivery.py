"""A message is sent once more because somebody asks for it."""

from __future__ import annotations

from uuid import UUID

import pytest

from core.deliveries.redelivery import redeliver
from core.errors import Conflict, NotFound
from core.ids import new_id
from tests.core.alerting.receiver import Receiver
from tests.core.alerting.world import World


async def ask(world: World, delivery_id: UUID, workspace_id: UUID | None = None) -> UUID:
    async with world.database.transaction() as connection:
        return await redeliver(connection, workspace_id or world.workspace_id, delivery_id, world.clock.now())


async def first_delivery(world: World) -> UUID:
    return (await world.rows("SELECT id FROM deliveries ORDER BY position LIMIT 1"))[0][0]


async def test_the_same_bytes_are_sent_under_a_new_id(world: World, receiver: Receiver) -> None:
    await world.add_webhook(receiver.url, events=["MONITOR_DOWN"], secret="a secret")
    await world.fail()
    await world.tell()

    repeated_id = await ask(world, await first_delivery(world))
    await world.send()

    first, second = receiver.requests
    assert first.body == second.body
    assert first.headers["x-webhook-signature"] == second.headers["x-webhook-signature"]
    assert first.headers["x-webhook-id"] != second.headers["x-webhook-id"]
    assert (await world.rows("SELECT status, attempts FROM deliveries WHERE id = $1", repeated_id)) == [
        ("DELIVERED", 1)
    ]


async def test_a_failure_that_is_over_is_sent_to_people_all_the_same(
    world: World, receiver: Receiver
) -> None:
    await world.add_pager(receiver.url)
    incident_id = await world.fail()
    await world.tell()
    await world.recover(incident_id)
    await world.tell()

    await ask(world, await first_delivery(world))
    await world.send()

    assert [each.json["event"] for each in receiver.requests] == [
        "MONITOR_DOWN",
        "MONITOR_UP",
        "MONITOR_DOWN",
    ]


async def test_a_pending_delivery_is_not_doubled(world: World, receiver: Receiver) -> None:
    await world.add_webhook(receiver.url, events=["MONITOR_DOWN"])
    await world.fail()
    await world.route()

    with pytest.raises(Conflict, match="still pending"):
        await ask(world, await first_delivery(world))
    assert len(await world.deliveries()) == 1


@pytest.mark.parametrize(
    ("change", "reason"), [("deleted_at = created_at", "was deleted"), ("is_active = false", "is not active")]
)
async def test_a_destination_that_is_gone_is_said(
    world: World, receiver: Receiver, change: str, reason: str
) -> None:
    await world.add_webhook(receiver.url, events=["MONITOR_DOWN"])
    await world.fail()
    await world.tell()
    await world.execute(f"UPDATE webhooks SET {change}")

    with pytest.raises(Conflict, match=reason):
        await ask(world, await first_delivery(world))


async def test_another_workspaces_delivery_does_not_exist(world: World, receiver: Receiver) -> None:
    await world.add_webhook(receiver.url, events=["MONITOR_DOWN"])
    await world.fail()
    await world.tell()

    with pytest.raises(NotFound):
        await ask(world, await first_delivery(world), new_id(world.clock.now()))
    assert len(await world.deliveries()) == 1
