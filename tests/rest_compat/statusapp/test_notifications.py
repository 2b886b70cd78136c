"""StatusApp's notification channels, beside those of GraphQL."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from core.access.principal import Role
from core.ids import Prefix, encode_id
from tests.graphql_schema.conftest import Tenant
from tests.rest_compat.statusapp.answers import ask, places, told

WEBHOOK = {
    "name": "Custom Webhook",
    "type": "WEBHOOK",
    "config": {"url": "https://api.example.com/webhook", "headers": {"Authorization": "Bearer token"}},
}
EMAIL = {
    "name": "Team Email",
    "type": "EMAIL",
    "config": {"emails": ["team@example.com", "oncall@example.com"]},
}
IN_GRAPHQL = """{ channels { nodes { id name kind isActive createdAt config {
  ... on EmailNotifierConfig { emails }
  ... on WebhookNotifierConfig { url headers { name secretsSet } } } } } }"""


async def in_graphql(owner: Tenant) -> list[dict[str, Any]]:
    """Return the channels as GraphQL has them, in the words of StatusApp."""
    return [_translated(node) for node in (await owner.data(IN_GRAPHQL))["channels"]["nodes"]]


def _translated(node: dict[str, Any]) -> dict[str, Any]:
    kind, headers = node.pop("kind"), node["config"].pop("headers", None)
    if headers is not None:
        node["config"]["headers"] = {each["name"]: None for each in headers}
    secrets = [f"headers.{each['name']}" for each in headers or () if each["secretsSet"] == ["value"]]
    return {**node, "type": kind.upper(), "secretsSet": secrets}


async def config_of(owner: Tenant, channel: dict[str, Any]) -> Any:
    rows = await owner.fetch("SELECT config FROM channels WHERE name = $1", channel["name"])
    return rows[0]["config"]


async def test_a_channel_is_the_same_in_both_and_what_one_changes_the_other_shows(owner, clock) -> None:
    made = []
    for body in (WEBHOOK, EMAIL):
        made.append(await told(owner, "POST", "/notifications", json=body, status=201))
        clock.advance(1)

    listed = (await told(owner, "GET", "/notifications"))["channels"]
    alone = [await told(owner, "GET", f"/notifications/{each['id']}") for each in listed]
    assert made == alone
    assert alone == [{name: each[name] for name in alone[0]} for each in await in_graphql(owner)]
    assert [set(each) for each in listed] == [{"id", "name", "type", "isActive", "createdAt"}] * 2
    assert listed == [{name: each[name] for name in listed[0]} for each in alone]
    assert "Bearer token" not in str([made, listed, alone])
    assert alone[0]["secretsSet"] == ["headers.Authorization"]

    path = f"/notifications/{made[1]['id']}"
    changed = await told(owner, "PUT", path, json={"name": "Ours", "isActive": False})
    assert changed in await in_graphql(owner)
    await owner.data(
        "mutation ($id: ID!) { updateChannel(input: {id: $id, notifier: {email: {emails: "
        '["a@example.com"]}}}) { userErrors { code } } }',
        id=made[1]["id"],
    )
    assert (await told(owner, "GET", path))["config"] == {"emails": ["a@example.com"]}

    gone = await told(owner, "DELETE", path)
    assert gone == {"success": True, "message": "Notification channel deleted successfully"}
    assert [each["id"] for each in await in_graphql(owner)] == [made[0]["id"]]


@pytest.mark.parametrize(
    ("change", "headers"),
    [
        ({"name": "Custom Webhook"}, {"Authorization": "Bearer token"}),
        ({"type": "WEBHOOK"}, {"Authorization": "Bearer token"}),
        ({"config": {"url": "https://b.example/"}}, {"Authorization": "Bearer token"}),
        (
            {"config": {"url": "https://b.example/", "headers": {"Authorization": None, "X-Team": "ops"}}},
            {"Authorization": "Bearer token", "X-Team": "ops"},
        ),
        ({"config": {"url": "https://b.example/", "headers": {}}}, {}),
        ({"config": {"url": "https://b.example/", "headers": None}}, {}),
    ],
)
async def test_headers_stay_until_they_are_named(owner, change, headers) -> None:
    made = await told(owner, "POST", "/notifications", json=WEBHOOK, status=201)

    await told(owner, "PUT", f"/notifications/{made['id']}", json=change)

    stored = await config_of(owner, made)
    assert stored["headers"] == [{"name": name, "value": value} for name, value in headers.items()]
    assert stored["url"] == change.get("config", WEBHOOK["config"])["url"]


async def test_what_is_read_can_be_written_back_and_changes_nothing(owner) -> None:
    made = await told(owner, "POST", "/notifications", json=WEBHOOK, status=201)
    before = await config_of(owner, made)

    read = await told(owner, "GET", f"/notifications/{made['id']}")
    body = {name: read[name] for name in ("name", "type", "config", "isActive")}

    assert await told(owner, "PUT", f"/notifications/{made['id']}", json=body) == read
    assert await config_of(owner, made) == before


async def test_a_channel_may_become_one_of_another_type_with_its_config(owner) -> None:
    made = await told(owner, "POST", "/notifications", json=WEBHOOK, status=201)
    path = f"/notifications/{made['id']}"
    other = {"type": "EMAIL", "config": EMAIL["config"]}

    assert places(await ask(owner, "PUT", path, json={"type": "EMAIL"})) == ["config"]
    changed = await told(owner, "PUT", path, json=other)

    assert (changed["type"], changed["config"], changed["secretsSet"]) == ("EMAIL", EMAIL["config"], [])
    assert await config_of(owner, made) == EMAIL["config"]


async def test_of_a_channel_whose_notifier_is_gone_all_but_the_config_can_be_changed(owner) -> None:
    channel_id = await owner.add_channel(kind="slack", config={"webhookUrl": "https://s3cret"})
    path = f"/notifications/{encode_id(Prefix.CHANNEL, channel_id)}"

    shown = await told(owner, "PUT", path, json={"name": "Still here", "type": "SLACK"})

    assert (shown["name"], shown["type"], shown["config"]) == ("Still here", "SLACK", {})
    assert places(await ask(owner, "PUT", path, json={"config": {"channel": "#ops"}})) == ["config"]


async def test_what_is_wrong_with_a_channel_is_told_at_its_place_and_nothing_is_stored(
    owner, contents
) -> None:
    channel_id = encode_id(Prefix.CHANNEL, await owner.add_channel())
    path = f"/notifications/{channel_id}"
    await told(owner, "GET", "/notifications")
    before = await contents()
    url = WEBHOOK["config"]["url"]

    for body, expected in (
        ({}, ["config", "name", "type"]),
        ({"name": 7, "type": None, "config": "emails"}, ["config", "name", "type"]),
        ({**EMAIL, "type": "FAX"}, ["type"]),
        ({**EMAIL, "type": "email"}, ["type"]),
        ({**EMAIL, "isActive": True}, ["isActive"]),
        ({**EMAIL, "name": "", "config": {"emails": []}}, ["config.emails", "name"]),
        ({**EMAIL, "config": {"emails": ["a@b.example", "b"]}}, ["config.emails.1"]),
        ({**EMAIL, "config": {"email": "a@b.example"}}, ["config.email", "config.emails"]),
        ({**WEBHOOK, "config": {}}, ["config.url"]),
        ({**WEBHOOK, "config": {"url": url, "headers": [["A", "b"]]}}, ["config.headers"]),
        (
            {**WEBHOOK, "config": {"url": url, "headers": {"A": 1, "B": None}}},
            ["config.headers.A", "config.headers.B"],
        ),
    ):
        assert places(await ask(owner, "POST", "/notifications", json=body)) == expected, body
    for body, expected in (
        ({"name": None, "type": None, "config": None}, ["config", "type"]),
        ({"name": None}, ["name"]),
        ({"type": "SLACK"}, ["config", "type"]),
        ({"config": {}}, ["config.url"]),
        ({"config": {"url": url, "headers": "x"}}, ["config.headers"]),
        ({"config": {"url": url, "headers": {"New": None}}}, ["config.headers.New"]),
        ({"createdAt": "now"}, ["createdAt"]),
    ):
        assert places(await ask(owner, "PUT", path, json=body)) == expected, body

    assert await contents() == before


async def test_no_secret_is_quoted_when_it_is_refused(owner) -> None:
    config = {"url": "https://x.example/", "headers": {"X-Key": "s3cret\nvalue", "X Key": "s3cret"}}

    answer = await ask(owner, "POST", "/notifications", json={**WEBHOOK, "config": config})

    assert places(answer) == ["config.headers.X Key", "config.headers.X-Key"]
    assert "s3cret" not in answer.text


async def test_every_request_takes_as_many_statements_however_much_there_is(owner, watched) -> None:
    counts: dict[str, set[int]] = {}
    for _ in range(3):
        below = f"/notifications/{encode_id(Prefix.CHANNEL, await owner.add_channel())}"
        for name, path in (("list", "/notifications"), ("one", below)):
            await told(owner, "GET", path)
            watched.statements.clear()
            await told(owner, "GET", path)
            counts.setdefault(name, set()).add(len(watched.statements))

    assert counts == {"list": {1}, "one": {1}}


async def test_what_was_kept_never_brings_back_what_somebody_else_takes_away_meanwhile(owner) -> None:
    made = await told(owner, "POST", "/notifications", json=WEBHOOK, status=201)
    path = f"/notifications/{made['id']}"
    change = {"config": {"url": "https://b.example/"}}

    async with owner.database.acquire() as other, other.transaction():
        await other.execute(
            "UPDATE channels SET revision = revision + 1, config = $1", {**WEBHOOK["config"], "headers": []}
        )
        asking = asyncio.create_task(ask(owner, "PUT", path, json=change))
        async with asyncio.timeout(30):
            while not await owner.fetch(
                "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
            ):
                await asyncio.sleep(0.01)
    answer = await asking

    assert (answer.status_code, answer.json()["code"]) == (409, "CONFLICT")
    assert (await config_of(owner, made))["headers"] == []
    await told(owner, "PUT", path, json=change)


async def test_whoever_is_confined_to_projects_sees_the_same_channels_in_both(owner) -> None:
    of_all, hidden_project = await owner.add_channel("Of all"), await owner.add_project()
    for name, project_id in (("In sight", owner.project_id), ("Out of sight", hidden_project)):
        await owner.add_channel(name, monitor_id=await owner.add_monitor(project_id=project_id))
    confined = await owner.add_token(role=Role.MEMBER, confined_to=[owner.project_id])

    listed = (await told(confined, "GET", "/notifications"))["channels"]

    assert [each["name"] for each in listed] == ["Of all", "In sight"]
    assert [each["id"] for each in listed] == [each["id"] for each in await in_graphql(confined)]
    hidden = (await told(owner, "GET", "/notifications"))["channels"][2]["id"]
    unknown = encode_id(Prefix.CHANNEL, owner.next_id())
    answers = {(await ask(confined, "GET", f"/notifications/{each}")).text for each in (hidden, unknown)}
    assert len(answers) == 1
    path = f"/notifications/{encode_id(Prefix.CHANNEL, of_all)}"
    assert (await ask(confined, "DELETE", path)).status_code == 403
