"""StatusApp's webhooks, beside those of GraphQL."""

from __future__ import annotations

import hashlib
import hmac
from datetime import timedelta
from typing import Any

import pytest

from core.ids import Prefix, encode_id
from tests.core.alerting.receiver import Answer, receiving
from tests.graphql_schema.conftest import Tenant
from tests.rest_compat.statusapp.answers import ask, places, told

BODY = {
    "name": "Production Webhook",
    "url": "https://api.example.com/statusapp-events",
    "events": "monitor.down,monitor.up,incident.created,incident.resolved",
    "secret": "your-webhook-secret",
}
IN_GRAPHQL = """{ webhooks { nodes {
  id name url events hasSecret isActive lastStatus lastTriggeredAt createdAt
  deliveries { nodes { id event statusCode attempts deliveredAt } } } } }"""


async def in_graphql(owner: Tenant) -> list[dict[str, Any]]:
    """Return the webhooks as GraphQL has them, with events in the words of StatusApp."""
    nodes: list[dict[str, Any]] = (await owner.data(IN_GRAPHQL))["webhooks"]["nodes"]
    for node in nodes:
        node["events"] = ",".join(dotted(event) for event in node["events"])
        node["deliveries"] = [
            {**each, "event": dotted(each["event"])} for each in node["deliveries"]["nodes"]
        ]
    return nodes


def dotted(event: str) -> str:
    return event.lower().replace("_", ".")


async def secret_of(owner: Tenant, webhook: dict[str, Any]) -> str | None:
    secrets = await owner.fetch("SELECT secret FROM webhooks WHERE name = $1", webhook["name"])
    return secrets[0]["secret"]


async def test_a_webhook_is_the_same_in_both_and_what_one_changes_the_other_shows(owner) -> None:
    made = await told(owner, "POST", "/webhooks", json=BODY, status=201)
    await owner.fetch("UPDATE webhooks SET last_status = 200, last_triggered_at = $1", owner.now)
    await owner.add_webhook("B", is_active=False, last_status=503)

    in_rest = (await told(owner, "GET", "/webhooks"))["webhooks"]
    alone = [await told(owner, "GET", f"/webhooks/{each['id']}") for each in in_rest]
    expected = await in_graphql(owner)
    assert alone == [{name: each[name] for name in each if name != "deliveries"} for each in expected]
    assert in_rest == [
        {name: each[name] for name in listed} for each, listed in zip(alone, in_rest, strict=True)
    ]
    assert made["events"] == BODY["events"]
    assert BODY["secret"] not in str([made, in_rest, alone])

    changed = await told(owner, "PUT", f"/webhooks/{made['id']}", json={"name": "Ours", "isActive": False})
    assert changed in [{name: each[name] for name in changed} for each in await in_graphql(owner)]
    await owner.data(
        'mutation ($id: ID!) { updateWebhook(input: {id: $id, url: "https://x.example/"}) { userErrors { code } } }',
        id=made["id"],
    )
    assert (await told(owner, "GET", f"/webhooks/{made['id']}"))["url"] == "https://x.example/"

    gone = await told(owner, "DELETE", f"/webhooks/{made['id']}")
    assert gone == {"success": True, "message": "Webhook deleted successfully"}
    assert made["id"] not in [each["id"] for each in await in_graphql(owner)]


async def test_the_secret_stays_until_it_is_named(owner) -> None:
    made = await told(owner, "POST", "/webhooks", json=BODY, status=201)
    path = f"/webhooks/{made['id']}"

    for body, has_secret, secret in (
        ({"isActive": False}, True, BODY["secret"]),
        ({"secret": "another"}, True, "another"),
        ({"secret": None}, False, None),
    ):
        assert (await told(owner, "PUT", path, json=body))["hasSecret"] is has_secret
        assert await secret_of(owner, made) == secret
    unsigned = {name: value for name, value in BODY.items() if name != "secret"}
    assert not (await told(owner, "POST", "/webhooks", json=unsigned, status=201))["hasSecret"]


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("incident.resolved,monitor.down", "monitor.down,incident.resolved"),
        (" monitor.up , monitor.up ", "monitor.up"),
    ],
)
async def test_events_are_told_in_one_order_each_once(owner, given, kept) -> None:
    made = await told(owner, "POST", "/webhooks", json={**BODY, "events": given}, status=201)

    assert made["events"] == kept
    assert (await in_graphql(owner))[0]["events"] == kept


async def test_what_is_wrong_with_a_webhook_is_told_at_its_place_and_nothing_is_stored(
    owner, contents
) -> None:
    webhook_id = encode_id(Prefix.WEBHOOK, await owner.add_webhook())
    await told(owner, "GET", "/webhooks")
    before = await contents()

    for body, expected in (
        ({}, ["events", "name", "url"]),
        (
            {"name": 7, "url": None, "events": ["monitor.down"], "secret": {}},
            ["events", "name", "secret", "url"],
        ),
        ({**BODY, "name": "", "url": "ftp://x", "secret": ""}, ["name", "secret", "url"]),
        ({**BODY, "event": "x", "isActive": True}, ["event", "isActive"]),
        ({**BODY, "events": "monitor.down,monitor.sideways,"}, ["events", "events"]),
        ({**BODY, "events": " "}, ["events"]),
        ({**BODY, "name": "x" * 201}, ["name"]),
    ):
        assert places(await ask(owner, "POST", "/webhooks", json=body)) == expected, body
    for body, expected in (
        ({"name": None, "url": None, "events": None}, ["events", "name", "url"]),
        ({"name": [], "isActive": "yes"}, ["isActive", "name"]),
        ({"events": "MONITOR_DOWN"}, ["events"]),
        ({"events": ""}, ["events"]),
        ({"id": webhook_id}, ["id"]),
    ):
        assert places(await ask(owner, "PUT", f"/webhooks/{webhook_id}", json=body)) == expected, body

    assert await contents() == before


async def test_a_test_is_signed_and_says_what_became_of_it(owner) -> None:
    async with receiving() as receiver:
        made = await told(owner, "POST", "/webhooks", json={**BODY, "url": receiver.url}, status=201)
        taken = await told(owner, "POST", f"/webhooks/{made['id']}/test")
        receiver.otherwise = Answer(status=500)
        refused = await told(owner, "POST", f"/webhooks/{made['id']}/test")
    unheard = await told(owner, "POST", f"/webhooks/{made['id']}/test")

    assert (taken["success"], taken["statusCode"]) == (True, 200)
    assert isinstance(taken["responseTime"], int)
    assert set(taken) == {"success", "statusCode", "responseTime"}
    assert (refused["success"], refused["statusCode"], refused["error"]) == (
        False,
        500,
        "answered with HTTP 500",
    )
    assert (unheard["success"], unheard["statusCode"]) == (False, None)
    assert unheard["error"]
    request = receiver.requests[0]
    expected = hmac.new(BODY["secret"].encode(), request.body, hashlib.sha256).hexdigest()
    assert request.headers["x-webhook-signature"] == expected


async def test_what_a_webhook_was_told_is_listed_latest_first_in_pages(owner) -> None:
    webhook_id, other_id = await owner.add_webhook("A"), await owner.add_webhook("B")
    for number in range(3):
        await owner.add_delivery(webhook_id=webhook_id, event="MONITOR_UP", attempts=number + 1)
    await owner.add_delivery(
        webhook_id=webhook_id, status="PENDING", attempts=0, status_code=None, delivered_at=None
    )
    await owner.add_delivery(webhook_id=other_id)
    await owner.add_delivery(channel_id=await owner.add_channel())
    too_old = owner.now - timedelta(days=731)
    await owner.add_delivery(webhook_id=webhook_id, created_at=too_old, event="INCIDENT_CREATED")
    path = f"/webhooks/{encode_id(Prefix.WEBHOOK, webhook_id)}/deliveries"

    whole = (await told(owner, "GET", path))["deliveries"]
    second = (await told(owner, "GET", f"{path}?page=2&limit=3"))["deliveries"]

    assert whole == (await in_graphql(owner))[0]["deliveries"]
    assert [each["attempts"] for each in whole] == [0, 3, 2, 1]
    assert (whole[0]["statusCode"], whole[0]["deliveredAt"]) == (None, None)
    assert second == whole[3:]


async def test_every_request_takes_as_many_statements_however_much_there_is(owner, watched) -> None:
    counts: dict[str, set[int]] = {}
    for _ in range(3):
        webhook_id = await owner.add_webhook()
        for _ in range(2):
            await owner.add_delivery(webhook_id=webhook_id)
        below = f"/webhooks/{encode_id(Prefix.WEBHOOK, webhook_id)}"
        for name, path in (("list", "/webhooks"), ("one", below), ("deliveries", f"{below}/deliveries")):
            await told(owner, "GET", path)
            watched.statements.clear()
            await told(owner, "GET", path)
            counts.setdefault(name, set()).add(len(watched.statements))

    assert counts == {"list": {1}, "one": {1}, "deliveries": {2}}
