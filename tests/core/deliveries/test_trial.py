"""Test messages: sent at once, kept nowhere."""

from __future__ import annotations

import pytest

from core.audit.recording import Operator
from core.deliveries.trial import Trials
from core.errors import NotFound
from core.ids import new_id
from core.plugin_registry import registry_of
from tests.core.alerting.receiver import Answer, Receiver
from tests.core.alerting.world import World


def trials(world: World) -> Trials:
    return Trials(
        database=world.database, registry=world.registry, outbound=world.outbound, clock=world.clock
    )


async def test_a_webhook_is_sent_a_signed_test_of_the_usual_shape(world: World, receiver: Receiver) -> None:
    webhook_id = await world.add_webhook(receiver.url, secret="a secret")

    result = await trials(world).test_webhook(Operator(workspace_id=world.workspace_id), webhook_id)

    assert (result.success, result.status_code, result.error) == (True, 200, None)
    assert result.response_time_ms is not None
    (request,) = receiver.requests
    assert request.headers["x-webhook-event"] == request.json["event"] == "test"
    assert request.headers["x-webhook-signature"]
    assert set(request.json) == {"event", "timestamp", "monitor", "incident", "check"}
    assert await world.deliveries() == []


async def test_a_webhook_that_refuses_is_said_to(world: World, receiver: Receiver) -> None:
    webhook_id = await world.add_webhook(receiver.url)
    receiver.otherwise = Answer(status=418)

    result = await trials(world).test_webhook(Operator(workspace_id=world.workspace_id), webhook_id)

    assert (result.success, result.status_code, result.error) == (False, 418, "answered with HTTP 418")


async def test_each_recipient_of_a_channel_gets_a_test(world: World, receiver: Receiver) -> None:
    channel_id = await world.add_pager(receiver.url, "ann", "bob")

    result = await trials(world).test_channel(Operator(workspace_id=world.workspace_id), channel_id)

    assert (result.success, result.status_code) == (True, 200)
    assert [(each.path, each.json["event"]) for each in receiver.requests] == [
        ("/ann", "TEST"),
        ("/bob", "TEST"),
    ]
    assert receiver.requests[0].json["summary"] == "This is a test of the channel Pager"


async def test_a_channel_is_said_to_fail_with_the_first_recipient_that_does(
    world: World, receiver: Receiver
) -> None:
    channel_id = await world.add_pager(receiver.url, "ann", "bob")
    receiver.answers.append(Answer(status=500))

    result = await trials(world).test_channel(Operator(workspace_id=world.workspace_id), channel_id)

    assert (result.success, result.status_code) == (False, 500)
    assert len(receiver.requests) == 1


async def test_a_channel_whose_kind_is_not_loaded_says_so(world: World, receiver: Receiver) -> None:
    channel_id = await world.add_pager(receiver.url)
    world.use(registry_of())

    result = await trials(world).test_channel(Operator(workspace_id=world.workspace_id), channel_id)

    assert (result.success, result.error) == (False, "notifier kind pager is not loaded")


async def test_what_another_workspace_has_does_not_exist(world: World, receiver: Receiver) -> None:
    webhook_id = await world.add_webhook(receiver.url)
    channel_id = await world.add_pager(receiver.url)
    stranger = Operator(workspace_id=new_id(world.clock.now()))

    with pytest.raises(NotFound):
        await trials(world).test_webhook(stranger, webhook_id)
    with pytest.raises(NotFound):
        await trials(world).test_channel(stranger, channel_id)
    assert receiver.requests == []
