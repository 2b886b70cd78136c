"""StatusApp's monitors: made, read, changed, paused and deleted, and the same in GraphQL."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from core.access.principal import Grant, TokenPermission, TokenScope
from core.ids import Prefix, encode_id, new_id
from tests.graphql_schema.conftest import PUBLIC_URL, Tenant
from tests.rest_compat.statusapp.asking import ask, become_known, field_errors, told

API = {
    "name": "My API Monitor",
    "url": "https://api.example.com/health",
    "type": "API",
    "interval": 300,
    "timeout": 30,
    "expectedStatusCode": 204,
    "httpMethod": "POST",
    "requestHeaders": '{"X-Key": "s3cret", "Accept": "text/plain"}',
    "requestBody": "ping",
}
GRAPHQL = """
query ($id: ID!) { monitor(id: $id) {
  id name kind intervalSeconds timeoutSeconds status paused createdAt updatedAt checkCount incidentCount
  regions { id key } heartbeat { pingUrl graceSeconds }
  probe { kind secretsSet
    ... on HttpProbeConfig { url method body acceptedStatuses presentation headers { name } followRedirects maxRedirects }
    ... on HeartbeatProbeConfig { intervalSeconds graceSeconds } }
} }
"""


async def in_graphql(tenant: Tenant, monitor_id: str) -> dict[str, Any]:
    found: dict[str, Any] = (await tenant.data(GRAPHQL, id=monitor_id))["monitor"]
    return found


async def stored_headers(owner: Tenant) -> dict[str, str]:
    (row,) = await owner.fetch("SELECT config FROM monitors WHERE kind = 'http'")
    return {header["name"]: header["value"] for header in row["config"]["headers"]}


async def test_a_monitor_that_is_made_is_the_same_in_graphql(owner) -> None:
    made = await told(owner, "POST", "/monitors", 201, json=API)

    seen = await in_graphql(owner, made["id"])
    assert made == await told(owner, "GET", f"/monitors/{made['id']}")
    assert {name: made[name] for name in API if name != "requestHeaders"} == {
        name: API[name] for name in API if name != "requestHeaders"
    }
    # A header's value is a secret: null stands for it.
    assert json.loads(made["requestHeaders"]) == {"X-Key": None, "Accept": None}
    assert (made["id"], made["createdAt"], made["updatedAt"]) == (
        seen["id"],
        seen["createdAt"],
        seen["updatedAt"],
    )
    assert made["status"] == seen["status"] == "PENDING"
    assert made["enabledWorkerRegionIds"] == [region["id"] for region in seen["regions"]]
    assert seen["probe"] == {
        "kind": "http",
        "secretsSet": ["headers.X-Key.value", "headers.Accept.value"],
        "url": API["url"],
        "method": "POST",
        "body": "ping",
        "acceptedStatuses": ["204"],
        "presentation": "API",
        "headers": [{"name": "X-Key"}, {"name": "Accept"}],
        "followRedirects": True,
        "maxRedirects": 10,
    }
    assert await stored_headers(owner) == {"X-Key": "s3cret", "Accept": "text/plain"}
    assert "s3cret" not in json.dumps(made)


async def test_without_a_type_it_is_a_website_with_the_defaults_of_the_page(owner) -> None:
    made = await told(owner, "POST", "/monitors", 201, json={"name": "Shop", "url": "https://example.org/"})

    assert (made["type"], made["interval"], made["timeout"]) == ("WEBSITE", 300, 30)
    assert (made["httpMethod"], made["expectedStatusCode"], made["requestHeaders"]) == ("GET", None, None)
    assert (made["performanceTimings"], made["heartbeatUrl"], made["gracePeriod"]) == (True, None, None)


async def test_a_job_gets_an_address_of_its_own_to_ping(owner) -> None:
    body = {"name": "backup", "url": "https://job.example.org", "type": "CRON", "interval": 3600}
    made = await told(owner, "POST", "/monitors", 201, json={**body, "gracePeriod": 600})
    bare = await told(owner, "POST", "/monitors", 201, json={"name": "job", "type": "CRON"})

    seen = await in_graphql(owner, made["id"])
    assert made["heartbeatUrl"] == seen["heartbeat"]["pingUrl"]
    assert made["heartbeatUrl"].startswith(f"{PUBLIC_URL}/api/v1/heartbeat/")
    assert (made["type"], made["interval"], made["gracePeriod"]) == ("CRON", 3600, 600)
    assert (seen["probe"]["intervalSeconds"], seen["probe"]["graceSeconds"]) == (3600, 600)
    assert made["url"] == "every hour, 10 minutes of grace"
    assert (bare["interval"], bare["gracePeriod"]) == (300, 300)
    ping = await owner.client.post(made["heartbeatUrl"].removeprefix(PUBLIC_URL), json={"message": "done"})
    assert (ping.status_code, ping.json()) == (200, {"message": "OK"})
    reader = await owner.add_token(Grant(scope=TokenScope.UPTIME_CHECKS, permission=TokenPermission.READ))
    assert (await told(reader, "GET", f"/monitors/{made['id']}"))["heartbeatUrl"] is None


async def test_only_what_is_given_changes(owner) -> None:
    made = await told(owner, "POST", "/monitors", 201, json=API)
    path = f"/monitors/{made['id']}"
    config = 'mutation ($id: ID!) { updateMonitor(input: {id: $id, probe: {http: {url: "https://api.example.com/health",'
    config += (
        ' followRedirects: false, headers: [{name: "X-Key"}, {name: "Accept"}], method: POST, body: "ping",'
    )
    config += ' acceptedStatuses: ["204"], presentation: API}}}) { userErrors { message } } }'
    assert (await owner.data(config, id=made["id"]))["updateMonitor"]["userErrors"] == []
    before = await told(owner, "GET", path)

    renamed = await told(owner, "PUT", path, json={"name": "Renamed"})
    moved = await told(owner, "PUT", path, json={"url": "https://other.example.com/", "timeout": None})
    slower = await told(owner, "PUT", path, json={"interval": 600, "expectedStatusCode": None})

    changing = ("updatedAt", "name")
    assert {name: renamed[name] for name in renamed if name not in changing} == {
        name: before[name] for name in before if name not in changing
    }
    assert (renamed["name"], moved["url"]) == ("Renamed", "https://other.example.com/")
    assert (slower["interval"], slower["expectedStatusCode"], slower["httpMethod"]) == (600, None, "POST")
    seen = await in_graphql(owner, made["id"])
    # What only GraphQL can say stays, and the values of headers do.
    assert (seen["probe"]["followRedirects"], seen["probe"]["acceptedStatuses"]) == (False, ["200-299"])
    assert await stored_headers(owner) == {"X-Key": "s3cret", "Accept": "text/plain"}


async def test_a_header_whose_value_is_null_keeps_what_is_stored(owner) -> None:
    path = f"/monitors/{(await told(owner, 'POST', '/monitors', 201, json=API))['id']}"

    await told(owner, "PUT", path, json={"requestHeaders": '{"X-Key": null, "X-New": "n"}'})
    assert await stored_headers(owner) == {"X-Key": "s3cret", "X-New": "n"}

    cleared = await told(owner, "PUT", path, json={"requestHeaders": None})
    assert (cleared["requestHeaders"], await stored_headers(owner)) == (None, {})


async def test_a_monitor_becomes_another_type_and_is_looked_at_as_often(owner) -> None:
    body = {"name": "m", "url": "https://example.org/", "interval": 900}
    path = f"/monitors/{(await told(owner, 'POST', '/monitors', 201, json=body))['id']}"

    api = await told(owner, "PUT", path, json={"type": "API"})
    job = await told(owner, "PUT", path, json={"type": "CRON", "gracePeriod": 120})
    sooner = await told(owner, "PUT", path, json={"interval": 60})
    lacking = await ask(owner, "PUT", path, json={"type": "WEBSITE"})
    site = await told(owner, "PUT", path, json={"type": "WEBSITE", "url": "https://example.org/b"})

    assert (api["type"], api["url"], api["interval"]) == ("API", "https://example.org/", 900)
    assert (job["type"], job["interval"], job["gracePeriod"]) == ("CRON", 900, 120)
    assert (sooner["interval"], sooner["gracePeriod"]) == (60, 120)
    assert field_errors(lacking) == [("invalid_type", ["url"])]
    assert (site["type"], site["url"], site["interval"]) == ("WEBSITE", "https://example.org/b", 60)
    assert site["heartbeatUrl"] is None


async def test_regions_are_named_by_their_ids(owner) -> None:
    await owner.insert("regions", id=2, public_id=new_id(owner.now), key="far", created_at=owner.now)
    regions = (await told(owner, "GET", "/worker-regions"))["regions"]
    ids = sorted(region["id"] for region in regions)

    made = await told(owner, "POST", "/monitors", 201, json={**API, "enabledWorkerRegionIds": ids})
    unknown = await ask(
        owner, "PUT", f"/monitors/{made['id']}", json={"enabledWorkerRegionIds": [ids[0], "region_us_east"]}
    )

    assert sorted(made["enabledWorkerRegionIds"]) == ids
    assert field_errors(unknown) == [("custom", ["enabledWorkerRegionIds", 1])]


async def test_a_pause_is_a_toggle_that_graphql_sees(owner, database) -> None:
    monitor_id = encode_id(Prefix.MONITOR, await owner.add_monitor("m"))
    path = f"/monitors/{monitor_id}/pause"

    assert await told(owner, "POST", path) == {"id": monitor_id, "isPaused": True}
    assert (await in_graphql(owner, monitor_id))["paused"] is True
    assert (await told(owner, "GET", f"/monitors/{monitor_id}"))["isActive"] is False
    assert await told(owner, "POST", path) == {"id": monitor_id, "isPaused": False}

    both = await asyncio.gather(*(told(owner, "POST", path) for _ in range(4)))
    assert sorted(each["isPaused"] for each in both) == [False, False, True, True]
    assert (await in_graphql(owner, monitor_id))["paused"] is False


async def test_what_is_deleted_is_gone_everywhere(owner) -> None:
    monitor_id = encode_id(Prefix.MONITOR, await owner.add_monitor("m"))

    gone = await told(owner, "DELETE", f"/monitors/{monitor_id}")

    assert gone == {"success": True, "message": "Monitor deleted successfully"}
    assert (await owner.data("query ($id: ID!) { monitor(id: $id) { id } }", id=monitor_id))[
        "monitor"
    ] is None
    assert (await ask(owner, "GET", f"/monitors/{monitor_id}")).status_code == 404


async def test_a_change_in_graphql_is_seen_here(owner) -> None:
    monitor_id = encode_id(Prefix.MONITOR, await owner.add_monitor("m"))
    change = 'mutation ($id: ID!) { updateMonitor(input: {id: $id, name: "new", probe: {http: {url: "https://b.example",'
    change += ' acceptedStatuses: ["301", "400-499"]}}}) { userErrors { message } } }'

    assert (await owner.data(change, id=monitor_id))["updateMonitor"]["userErrors"] == []

    shown = await told(owner, "GET", f"/monitors/{monitor_id}")
    # Several good statuses have no place in the dialect.
    assert (shown["name"], shown["url"], shown["expectedStatusCode"]) == ("new", "https://b.example", None)


@pytest.mark.parametrize("name", ["PING", "PORT", "DNS", "SSL_CERT", "DOMAIN"])
async def test_a_type_without_its_probe_is_refused_by_name(owner, contents, name) -> None:
    await become_known(owner)
    before = await contents()

    refused = await ask(owner, "POST", "/monitors", json={"name": "m", "url": "example.org", "type": name})

    assert field_errors(refused) == [("invalid_enum_value", ["type"])]
    assert f"the probe kind of {name} is not installed" in refused.json()["error"][0]["message"]
    assert await contents() == before


@pytest.mark.parametrize(
    ("type_name", "foreign"),
    [
        (
            "WEBSITE",
            {
                "port": 443,
                "protocol": "TCP",
                "dnsRecord": "A",
                "expectedIp": "192.0.2.1",
                "gracePeriod": 60,
                "sslCertExpiryDays": 30,
                "domainExpiryDays": 31,
                "domainMonitorDns": False,
                "domainMonitorBlacklist": False,
                "domainMonitorWhois": False,
                "performanceTimings": False,
            },
        ),
        (
            "CRON",
            {
                "expectedStatusCode": 200,
                "httpMethod": "POST",
                "requestHeaders": "{}",
                "requestBody": "x",
                "port": 22,
                "performanceTimings": True,
                "enabledWorkerRegionIds": ["reg_1"],
            },
        ),
    ],
)
async def test_a_field_of_other_types_is_told_and_not_swallowed(owner, contents, type_name, foreign) -> None:
    body = {"name": "m", "url": "https://example.org/", "type": type_name}
    await become_known(owner)
    before = await contents()

    refused = await ask(owner, "POST", "/monitors", json={**body, **foreign})

    assert {path[0] for _, path in field_errors(refused)} == set(foreign)
    assert await contents() == before


async def test_what_the_page_has_as_default_says_nothing_whatever_the_type(owner) -> None:
    idle = {
        "domainExpiryDays": 30,
        "domainMonitorDns": True,
        "domainMonitorBlacklist": True,
        "domainMonitorWhois": True,
        "port": None,
        "protocol": None,
        "gracePeriod": None,
        "httpMethod": "GET",
    }

    made = await told(
        owner, "POST", "/monitors", 201, json={"name": "m", "url": "https://example.org/", **idle}
    )
    assert (made["port"], made["domainExpiryDays"], made["domainMonitorDns"]) == (None, None, None)
    await told(
        owner, "POST", "/monitors", 201, json={"name": "job", "type": "CRON", **idle, "gracePeriod": 60}
    )


async def test_all_that_is_wrong_is_told_at_once_in_the_names_of_the_page(owner, contents) -> None:
    await become_known(owner)
    before = await contents()

    shapes = await ask(
        owner,
        "POST",
        "/monitors",
        json={
            "url": 7,
            "type": "SITE",
            "interval": 59,
            "timeout": 301,
            "port": 65536,
            "expectedStatusCode": 99,
            "gracePeriod": 59,
            "sslCertExpiryDays": 91,
            "intervall": 60,
        },
    )
    rules = await ask(
        owner,
        "POST",
        "/monitors",
        json={
            "name": " ",
            "url": "ftp://example.org",
            "interval": 60,
            "timeout": 90,
            "requestHeaders": '{"bad name": "x", "Host": 3}',
        },
    )

    assert field_errors(shapes) == [
        ("unrecognized_keys", []),
        ("invalid_enum_value", ["type"]),
        ("too_small", ["interval"]),
        ("too_big", ["timeout"]),
        ("too_big", ["port"]),
        ("too_small", ["expectedStatusCode"]),
        ("too_small", ["gracePeriod"]),
        ("too_big", ["sslCertExpiryDays"]),
        ("invalid_type", ["name"]),
        ("invalid_type", ["url"]),
    ]
    assert shapes.json()["error"][0]["keys"] == ["intervall"]
    assert "did you mean interval?" in shapes.json()["error"][0]["message"]
    assert field_errors(rules) == [
        ("too_small", ["name"]),
        ("invalid_string", ["url"]),
        ("custom", ["requestHeaders", "bad name"]),
        ("invalid_type", ["requestHeaders", "Host"]),
        ("too_big", ["timeout"]),
    ]
    assert await contents() == before


async def test_a_name_that_is_missing_is_told_exactly_as_the_page_does(owner) -> None:
    refused = await ask(owner, "POST", "/monitors", json={"url": "https://example.org/"})

    assert refused.status_code == 400
    assert refused.json() == {
        "error": [
            {
                "code": "invalid_type",
                "expected": "string",
                "received": "undefined",
                "path": ["name"],
                "message": "Required",
            }
        ]
    }


@pytest.mark.parametrize("text", ["[]", "no json", '"text"', "{"])
async def test_headers_are_an_object_as_text(owner, text) -> None:
    refused = await ask(owner, "POST", "/monitors", json={**API, "requestHeaders": text})

    assert field_errors(refused) == [("custom", ["requestHeaders"])]


@pytest.mark.parametrize(
    ("method", "suffix", "body"),
    [
        ("GET", "", None),
        ("PUT", "", {"name": "x"}),
        ("DELETE", "", None),
        ("POST", "/pause", None),
    ],
)
async def test_another_workspaces_id_is_like_an_unknown_and_a_malformed_one(
    owner, stranger, contents, method, suffix, body
) -> None:
    theirs = encode_id(Prefix.MONITOR, await stranger.add_monitor("theirs"))
    unknown = encode_id(Prefix.MONITOR, new_id(owner.now))
    await become_known(owner)
    before = await contents()

    answers = [
        await ask(owner, method, f"/monitors/{each}{suffix}", json=body)
        for each in (theirs, unknown, "mon_1", "x", "prj_" + unknown[4:], "%00")
    ]

    assert {each.status_code for each in answers} == {404}
    assert {each.text for each in answers} == {'{"error":"monitor not found","code":"NOT_FOUND"}'}
    assert await contents() == before


async def test_whoever_is_confined_is_refused_what_is_out_of_sight(owner) -> None:
    project_id = await owner.add_project("his")
    confined = await owner.add_token(confined_to=[project_id])
    his = encode_id(Prefix.MONITOR, await owner.add_monitor("his", project_id=project_id))
    others = encode_id(Prefix.MONITOR, await owner.add_monitor("others"))

    assert (await told(confined, "GET", f"/monitors/{his}"))["name"] == "his"
    for method, body in (("GET", None), ("PUT", {"name": "x"}), ("DELETE", None)):
        refused = await ask(confined, method, f"/monitors/{others}", json=body)
        assert (refused.status_code, refused.json()["details"]) == (403, "DEVICE_SCOPE_FORBIDDEN")
    assert [each["name"] for each in (await told(confined, "GET", "/monitors"))["monitors"]] == ["his"]


AUTHENTICATIONS = [
    {"type": "bearer", "token": "s3cret"},
    {"type": "basic", "username": "ada", "password": "s3cret"},
    {"type": "api_key", "apiKey": "s3cret", "apiKeyHeader": "X-Own", "apiKeyLocation": "header"},
    {"type": "api_key", "apiKey": "s3cret", "apiKeyName": "key", "apiKeyLocation": "query"},
    {
        "type": "oauth2",
        "oauth2TokenUrl": "https://auth.example.com/token",
        "oauth2ClientId": "tocsin",
        "oauth2ClientSecret": "s3cret",
        "oauth2Scope": "read",
        "oauth2GrantType": "client_credentials",
    },
    {"type": "jwt", "jwtToken": "s3cret", "jwtHeader": "X-Jwt", "jwtPrefix": "JWT"},
]
SECRETS = frozenset({"token", "password", "apiKey", "oauth2ClientSecret", "jwtToken"})
IN_GRAPHQL = """
query ($id: ID!) { monitor(id: $id) { probe { secretsSet ... on HttpProbeConfig { auth {
  bearer { __typename } basic { username } apiKey { name location }
  oauth2 { tokenUrl clientId scope grantType } jwt { header prefix } } } } } }
"""


@pytest.mark.parametrize("given", AUTHENTICATIONS, ids=lambda each: f"{each['type']}-{len(each)}")
async def test_requests_are_authenticated_and_the_secret_is_told_to_nobody(owner, given) -> None:
    made = await told(owner, "POST", "/monitors", 201, json={**API, "apiAuthConfig": given})
    path = f"/monitors/{made['id']}"
    without_secret = {name: each for name, each in given.items() if name not in SECRETS}

    renamed = await told(owner, "PUT", path, json={"name": "renamed"})
    kept = await told(owner, "PUT", path, json={"apiAuthConfig": without_secret})

    for shown in (made, renamed, kept, await told(owner, "GET", path)):
        assert shown["apiAuthConfig"] == without_secret
        assert "s3cret" not in json.dumps(shown)
    (row,) = await owner.fetch("SELECT config -> 'auth' AS auth FROM monitors")
    assert "s3cret" in json.dumps(row["auth"])
    probe = (await owner.data(IN_GRAPHQL, id=made["id"]))["monitor"]["probe"]
    ((way, said),) = [each for each in probe["auth"].items() if each[1] is not None]
    assert any(each.startswith(f"auth.{way}.") for each in probe["secretsSet"])
    assert {str(each) for each in said.values()} - {"HttpBearerAuthConfig", "HEADER", "QUERY"} <= set(
        map(str, without_secret.values())
    ) | {said.get("__typename")}

    other = await ask(owner, "PUT", path, json={"apiAuthConfig": {"type": "bearer"}})
    if given["type"] != "bearer":
        assert field_errors(other) == [("invalid_type", ["apiAuthConfig", "token"])]
    cleared = await told(owner, "PUT", path, json={"apiAuthConfig": {"type": "none"}})
    assert cleared["apiAuthConfig"] is None


async def test_what_is_wrong_with_an_authentication_is_told_at_the_pages_names(owner, contents) -> None:
    await become_known(owner)
    before = await contents()

    async def refused(**config: Any) -> list[tuple[str, list[str | int]]]:
        return field_errors(await ask(owner, "POST", "/monitors", json={**API, "apiAuthConfig": config}))

    assert await refused(type="magic") == [("invalid_enum_value", ["apiAuthConfig", "type"])]
    assert await refused(type="none", token="x") == [("custom", ["apiAuthConfig", "token"])]
    assert await refused(type="bearer", token="x", username="ada") == [
        ("custom", ["apiAuthConfig", "username"])
    ]
    assert await refused(type="basic", username="a:b") == [
        ("custom", ["apiAuthConfig", "username"]),
        ("invalid_type", ["apiAuthConfig", "password"]),
    ]
    assert await refused(type="api_key", apiKey="x") == [("invalid_type", ["apiAuthConfig", "apiKeyHeader"])]
    assert await refused(type="api_key", apiKey="x", apiKeyHeader="X", apiKeyName="y") == [
        ("custom", ["apiAuthConfig", "apiKeyName"])
    ]
    assert await refused(type="oauth2", oauth2ClientId="x", oauth2ClientSecret="y") == [
        ("invalid_type", ["apiAuthConfig", "oauth2TokenUrl"])
    ]
    assert await contents() == before


EMAIL = {"type": "EMAIL", "enabled": True, "config": {"emails": ["alerts@example.com"]}}
HOOK = {
    "type": "WEBHOOK",
    "enabled": False,
    "config": {"url": "https://hooks.example.org/", "headers": {"Authorization": "Bearer s3cret"}},
}
CHANNELS = "query ($id: ID!) { monitor(id: $id) { channels { enabled channel { id name kind } } } }"


async def channels_in_graphql(owner: Tenant, monitor_id: str) -> list[tuple[str, str, bool]]:
    found = (await owner.data(CHANNELS, id=monitor_id))["monitor"]["channels"]
    return [(each["channel"]["id"], each["channel"]["kind"].upper(), each["enabled"]) for each in found]


def channels_of(shown: dict[str, Any]) -> list[tuple[str, str, bool]]:
    return [(each["id"], each["type"], each["enabled"]) for each in shown["monitorNotifications"]]


async def test_who_is_told_is_made_with_the_monitor_and_ends_with_it(owner) -> None:
    made = await told(owner, "POST", "/monitors", 201, json={**API, "notifications": [EMAIL, HOOK]})
    path = f"/monitors/{made['id']}"

    assert channels_of(made) == await channels_in_graphql(owner, made["id"])
    assert [(each["type"], each["enabled"]) for each in made["monitorNotifications"]] == [
        ("EMAIL", True),
        ("WEBHOOK", False),
    ]
    email, hook = made["monitorNotifications"]
    assert (email["config"], email["name"]) == (EMAIL["config"], "EMAIL of My API Monitor")
    assert hook["config"]["headers"] == {"Authorization": None}
    assert hook["secretsSet"] == ["headers.Authorization"]
    assert "s3cret" not in json.dumps(made)

    renamed = await told(owner, "PUT", path, json={"name": "renamed"})
    assert channels_of(renamed) == channels_of(made)
    sent_back = [
        {name: each[name] for name in ("type", "enabled", "config")} for each in made["monitorNotifications"]
    ]
    again = await told(owner, "PUT", path, json={"notifications": sent_back})
    assert channels_of(again) == channels_of(made)
    (kept,) = await owner.fetch("SELECT config FROM channels WHERE kind = 'webhook' AND deleted_at IS NULL")
    assert kept["config"]["headers"] == [{"name": "Authorization", "value": "Bearer s3cret"}]

    assert channels_of(await told(owner, "PUT", path, json={"notifications": None})) == []
    assert await channels_in_graphql(owner, made["id"]) == []


async def test_channels_of_the_workspace_that_a_monitor_names_stay(owner) -> None:
    channel_id = encode_id(Prefix.CHANNEL, await owner.add_channel("ours"))
    monitor_id = encode_id(Prefix.MONITOR, await owner.add_monitor("m"))
    change = (
        "mutation ($id: ID!, $channel: ID!) { updateMonitor(input: {id: $id, channels: [{channelId: $channel,"
    )
    change += " enabled: false}]}) { userErrors { message } } }"
    assert (await owner.data(change, id=monitor_id, channel=channel_id))["updateMonitor"]["userErrors"] == []

    shown = await told(owner, "PUT", f"/monitors/{monitor_id}", json={"notifications": [EMAIL]})
    emptied = await told(owner, "PUT", f"/monitors/{monitor_id}", json={"notifications": []})

    assert [kind for _, kind, _ in channels_of(shown)] == ["WEBHOOK", "EMAIL"]
    assert channels_of(emptied) == [(channel_id, "WEBHOOK", False)]


async def test_of_several_who_say_at_once_who_is_told_the_last_one_counts(owner) -> None:
    monitor_id = encode_id(Prefix.MONITOR, await owner.add_monitor("m"))

    await asyncio.gather(
        *(told(owner, "PUT", f"/monitors/{monitor_id}", json={"notifications": [EMAIL]}) for _ in range(6))
    )

    shown = await told(owner, "GET", f"/monitors/{monitor_id}")
    assert [kind for _, kind, _ in channels_of(shown)] == ["EMAIL"]


async def test_who_is_told_takes_the_grant_of_notifications(owner, contents) -> None:
    writer = await owner.add_token(Grant(scope=TokenScope.UPTIME_CHECKS, permission=TokenPermission.WRITE))
    monitor_id = encode_id(Prefix.MONITOR, await owner.add_monitor("m"))
    await become_known(writer)
    before = await contents()

    for method, path in (("POST", "/monitors"), ("PUT", f"/monitors/{monitor_id}")):
        refused = await ask(writer, method, path, json={**API, "notifications": [EMAIL]})
        assert (refused.status_code, refused.json()["details"]) == (403, "API_TOKEN_SCOPE_DENIED")
    assert await contents() == before
    assert (await told(writer, "GET", f"/monitors/{monitor_id}"))["monitorNotifications"] is None


async def test_what_is_wrong_with_who_is_told_has_its_place(owner, contents) -> None:
    await become_known(owner)
    before = await contents()

    shapes = await ask(
        owner, "POST", "/monitors", json={**API, "notifications": [{"enabled": "yes", "config": {}}]}
    )
    kinds = await ask(
        owner,
        "POST",
        "/monitors",
        json={**API, "notifications": [EMAIL, {**EMAIL, "type": "PIGEON"}, {**EMAIL, "type": "SMS"}]},
    )
    rules = await ask(
        owner,
        "POST",
        "/monitors",
        json={
            **API,
            "notifications": [
                {"type": "EMAIL", "config": {"emails": ["nobody"]}},
                {"type": "WEBHOOK", "config": {"url": "x", "headers": {"bad name": "y"}}},
            ],
        },
    )

    assert field_errors(shapes) == [
        ("invalid_type", ["notifications", 0, "type"]),
        ("invalid_type", ["notifications", 0, "enabled"]),
    ]
    assert field_errors(kinds) == [
        ("invalid_enum_value", ["notifications", 1, "type"]),
        ("invalid_enum_value", ["notifications", 2, "type"]),
    ]
    paths = [path for _, path in field_errors(rules)]
    assert paths[0][:4] == ["notifications", 0, "config", "emails"]
    assert ["notifications", 1, "config", "url"] in paths
    assert ["notifications", 1, "config", "headers", "bad name"] in paths
    assert await contents() == before
