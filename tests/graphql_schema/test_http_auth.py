"""Monitors whose requests come on somebody's behalf, through GraphQL: written, read back, and changed."""

from __future__ import annotations

import json
from typing import Any

from tests.graphql_schema.conftest import Tenant

PROBE = """
probe { secretsSet ... on HttpProbeConfig {
  url bodyContains bodyLacks certificateDaysLeft json { path operator value }
  auth { bearer { secretsSet } basic { username secretsSet } apiKey { name location secretsSet }
    oauth2 { tokenUrl clientId scope grantType username secretsSet } jwt { header prefix secretsSet } } } }
userErrors { path rule }
""".replace("userErrors", "} userErrors")
CREATE = f"mutation ($input: CreateMonitorInput!) {{ done: createMonitor(input: $input) {{ monitor {{ id {PROBE} }} }}"
UPDATE = f"mutation ($input: UpdateMonitorInput!) {{ done: updateMonitor(input: $input) {{ monitor {{ id {PROBE} }} }}"
URL = "https://api.example.org/"
SECRET = "an-open-s3cret"
OAUTH2 = {"tokenUrl": "https://id.example.org/token", "clientId": "tocsin", "clientSecret": SECRET}

WAYS: dict[str, tuple[dict[str, Any], dict[str, Any], list[str]]] = {
    "bearer": ({"token": SECRET}, {}, ["token"]),
    "basic": ({"username": "me", "password": SECRET}, {"username": "me"}, ["password"]),
    "apiKey": (
        {"name": "k", "location": "QUERY", "key": SECRET},
        {"name": "k", "location": "QUERY"},
        ["key"],
    ),
    "oauth2": (
        OAUTH2 | {"grantType": "password", "username": "me", "password": SECRET},
        {
            "tokenUrl": OAUTH2["tokenUrl"],
            "clientId": "tocsin",
            "scope": None,
            "grantType": "password",
            "username": "me",
        },
        ["clientSecret", "password"],
    ),
    "jwt": ({"token": SECRET}, {"header": "Authorization", "prefix": "Bearer"}, ["token"]),
}


async def write(owner: Tenant, document: str, **wanted: Any) -> dict[str, Any]:
    answer: dict[str, Any] = (await owner.data(document, input=wanted))["done"]
    assert SECRET not in json.dumps(answer)
    return answer


async def stored_auth(owner: Tenant, way: str) -> dict[str, Any]:
    (row,) = await owner.fetch("SELECT config FROM monitors WHERE name = $1", way)
    config = row["config"] if isinstance(row["config"], dict) else json.loads(row["config"])
    found: dict[str, Any] = config["auth"][way]
    return found


async def test_each_way_is_written_read_back_without_its_secrets_and_keeps_those_that_are_omitted(
    owner: Tenant,
) -> None:
    for way, (wanted, shown, secrets) in WAYS.items():
        made = await write(owner, CREATE, name=way, probe={"http": {"url": URL, "auth": {way: wanted}}})
        assert made["userErrors"] == []
        probe, paths = made["monitor"]["probe"], [f"auth.{way}.{secret}" for secret in secrets]
        assert probe["secretsSet"] == paths
        others = dict.fromkeys(WAYS.keys() - {way})
        assert probe["auth"] == others | {way: shown | {"secretsSet": secrets}}

        before = await stored_auth(owner, way)
        rest = {name: value for name, value in wanted.items() if name not in secrets}
        changed = {"url": f"{URL}other", "auth": {way: rest}}
        kept = await write(owner, UPDATE, id=made["monitor"]["id"], probe={"http": changed})
        assert kept["userErrors"] == []
        assert kept["monitor"]["probe"]["secretsSet"] == paths
        assert await stored_auth(owner, way) == before

        cleared = {"url": URL, "auth": {way: rest | dict.fromkeys(secrets)}}
        refused = await write(owner, UPDATE, id=made["monitor"]["id"], probe={"http": cleared})
        assert {error["rule"] for error in refused["userErrors"]} == {"required"}
        assert await stored_auth(owner, way) == before

        without = await write(owner, UPDATE, id=made["monitor"]["id"], probe={"http": {"url": URL}})
        assert without["monitor"]["probe"]["secretsSet"] == []
        assert without["monitor"]["probe"]["auth"] is None


async def test_expectations_are_written_and_read_back_and_every_issue_has_its_path(owner: Tenant) -> None:
    json_wanted = [
        {"path": "$.status", "operator": "EQUALS", "value": "ok"},
        {"path": "$.at", "operator": "EXISTS"},
    ]
    wanted = {"bodyContains": "ok", "bodyLacks": "error", "certificateDaysLeft": 14, "json": json_wanted}

    made = await write(owner, CREATE, name="API", probe={"http": {"url": URL, **wanted}})

    assert made["monitor"]["probe"] == {
        "secretsSet": [],
        "url": URL,
        "auth": None,
        **wanted,
        "json": [json_wanted[0], {**json_wanted[1], "value": None}],
    }

    bad = {
        "url": URL,
        "auth": {"oauth2": OAUTH2 | {"grantType": "implicit"}},
        "certificateDaysLeft": 0,
        "json": [{"path": "$..a", "operator": "EXISTS"}, {"path": "$", "operator": "MATCHES", "value": "("}],
    }
    refused = await write(owner, CREATE, name="Bad", probe={"http": bad})

    assert refused["monitor"] is None
    assert sorted((".".join(error["path"]), error["rule"]) for error in refused["userErrors"]) == [
        ("probe.http.auth.oauth2.grantType", "enum"),
        ("probe.http.certificateDaysLeft", "minimum"),
        ("probe.http.json.0.path", "invalid"),
        ("probe.http.json.1.value", "pattern"),
    ]
    assert [row["name"] for row in await owner.fetch("SELECT name FROM monitors")] == ["API"]


async def test_exactly_one_way_is_given(owner: Tenant) -> None:
    both = {"bearer": {"token": SECRET}, "jwt": {"token": SECRET}}

    answer = await owner.ask(CREATE, input={"name": "API", "probe": {"http": {"url": URL, "auth": both}}})

    assert answer.codes == ["INVALID_INPUT"]
    assert await owner.fetch("SELECT name FROM monitors") == []
